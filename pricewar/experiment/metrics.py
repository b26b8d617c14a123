"""Metrics of one run: names in, one number each out.

A name is one of
- a column of the market table, `welfare`, added up over months as the schema says;
- a column of the firms table and a firm, `operating_profit.byd`, added up likewise; `.*` means every firm;
- a measure of this module, `war_months`, or with an argument, `break_even.xiaomi`, `rivals_price_fall.6`;
- `module:function`, a function of one's own from a `Run` to a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from pricewar.analysis.panel import total
from pricewar.analysis.wars import Definition, Path, War, find_wars, make_path
from pricewar.base.arrays import Floats
from pricewar.base.errors import ResultsError
from pricewar.base.own_code import FAILURES, blame, check_name, imported, left_out
from pricewar.base.paths import is_place
from pricewar.base.sums import times
from pricewar.market.calibrate import calibrate
from pricewar.market.history import Tables
from pricewar.market.trajectory import Trajectory
from pricewar.results import metrics
from pricewar.results.schema import measures, without_level

from .campaign_metrics import CAMPAIGN_METRICS

if TYPE_CHECKING:
    from pricewar.scenario.tree import Scenario

WITHOUT_LEVEL: Final = without_level("market") | {"surplus_end", "welfare_with_open"}
"""Metrics of which only differences mean anything."""
NEVER: Final = float("nan")


@dataclass(frozen=True)
class Run:
    """One run as a metric sees it: its scenario, its seed and its tables, which are made when asked for."""

    scenario: Scenario
    seed: int
    tables: Mapping[str, pd.DataFrame]

    @property
    def market(self) -> pd.DataFrame:
        """The market table, a row a month."""
        return self.tables["market"]

    @property
    def firms(self) -> pd.DataFrame:
        """The firms table, a row a month and firm."""
        return self.tables["firms"]

    @property
    def products(self) -> pd.DataFrame:
        """The products table, a row a month and product."""
        return self.tables["products"]

    @property
    def log(self) -> pd.DataFrame:
        """What happened."""
        return self.tables["log"]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Ids of the firms, in the order of the tables."""
        return tuple(self.scenario.firms)

    @property
    def trajectory(self) -> Trajectory:
        """The run as arrays over months, products and firms.

        Raises:
            ResultsError: a run that was read back: tables alone do not hold all of it.
        """
        if not isinstance(self.tables, Tables):
            raise ResultsError(
                f"{self.scenario.name}, seed {self.seed}: of a run read back there are tables only"
            )
        return self.tables.run

    def column(self, table: str, name: str) -> Floats:
        """(rows,) a column of numbers, without making the table that it is a column of."""
        held = self.tables.columns(table) if isinstance(self.tables, Tables) else self.tables[table]
        return np.asarray(held[name], float)

    def by_firm(self, column: str) -> Floats:
        """(T, F) a column of the firms table."""
        return self.column("firms", column).reshape(-1, len(self.names))

    def of_firm(self, column: str, firm: str) -> Floats:
        """(T,) a column of the firms table for one firm."""
        return self.by_firm(column)[:, self.names.index(firm)]

    @cached_property
    def start_units(self) -> Floats:
        """(F,) cars a month before the first month."""
        units = dict.fromkeys(self.names, 0.0)
        for product in self.scenario.products.values():
            units[product.firm] += product.units
        return np.array(list(units.values()))

    @cached_property
    def leader(self) -> str:
        """The firm whose cut is imposed first, else the largest."""
        if cuts := [event for event in self.scenario.events if event.kind in ("Cut", "CampaignCut")]:
            first = min(cuts, key=lambda event: event.begins(self.scenario.clock))
            return str(getattr(first, "firm", self.names[0]))
        return self.names[int(np.argmax(self.start_units))]

    @cached_property
    def wars(self) -> list[War]:
        """Price wars by the default definition of `analysis.wars`."""
        return find_wars(self._path(), Definition())

    def _path(self) -> Path:
        index, war = (self.column("market", name) for name in ("price_index", "war_index"))
        change, cut = self.by_firm("price_change"), self.by_firm("cut_depth")
        return make_path(index, war / 100.0, change, cut, self.by_firm("share")[0])


Metric = Callable[[Run], float]


def war_index_max(run: Run) -> float:
    """Deepest month of the war index, percent."""
    return float(np.nanmax(run.column("market", "war_index")))


def price_index_min(run: Run) -> float:
    """Lowest month of the price index, start = 100."""
    return float(np.nanmin(run.column("market", "price_index")))


def war(run: Run) -> float:
    """1 if a price war broke out, else 0."""
    return float(bool(run.wars))


def war_months(run: Run) -> float:
    """Months of depressed prices in all price wars."""
    return float(sum(found.calm - found.before for found in run.wars))


def war_followers(run: Run) -> float:
    """Most firms that joined the leader in one war."""
    return float(max((np.isfinite(found.joined).sum() - 1 for found in run.wars), default=0))


def firms_left(run: Run) -> float:
    """Firms in the market at the end."""
    return float(run.by_firm("active")[-1].sum())


def rivals_price_fall(run: Run, month: str = "6") -> float:
    """Mean depth of the cuts of all firms but the leader, weighted by start units, percent.

    A cut is what lies below a firm's own reference price: a fall that its costs explain is none. `month`
    counts from 1: `rivals_price_fall.6` is the sixth month of the run.
    """
    depth = run.by_firm("cut_depth")
    row = depth[min(int(month), len(depth)) - 1]
    weight = np.where(np.array(run.names) == run.leader, 0.0, run.start_units)
    known = ~np.isnan(row)
    return 100.0 * float(np.average(row[known], weights=weight[known]))


def break_even(run: Run, firm: str) -> float:
    """First month, from 1, from which no three months running are in the red; never: no value."""
    profit = np.where(run.of_firm("active", firm) > 0, run.of_firm("operating_profit", firm), np.nan)
    return float(metrics.break_even_month(profit).lasting) + 1.0


def in_the_black(run: Run, firm: str) -> float:
    """1 if the firm breaks even for good within the run, else 0."""
    return float(np.isfinite(break_even(run, firm)))


def survives(run: Run, firm: str) -> float:
    """1 if the firm is in the market at the end, else 0."""
    return float(run.of_firm("active", firm)[-1] > 0)


def share_end(run: Run, firm: str) -> float:
    """Share of units delivered, mean of the last quarter of a year."""
    return float(run.of_firm("share", firm)[-max(round(run.scenario.clock.a_year / 4), 1) :].mean())


def price_end(run: Run, firm: str) -> float:
    """Price against the start, mean of the last year, percent."""
    return 100.0 * float(run.of_firm("price_change", firm)[-run.scenario.clock.a_year :].mean())


def profit_end(run: Run, firm: str) -> float:
    """Operating profit a period, mean of the last year, money."""
    return float(run.of_firm("operating_profit", firm)[-run.scenario.clock.a_year :].mean())


def aim_end(run: Run, firm: str) -> float:
    """Operating profit and growth motive times units ordered, a period, mean of the last year, money.

    It is what firms are calibrated to want, and what learners are rewarded with, fixed cost apart.
    """
    found, year = calibrate(run.scenario), run.scenario.clock.a_year
    orders = run.column("products", "orders").reshape(-1, len(found.landscape.products))[-year:]
    own = found.landscape.firm_of == found.landscape.firm(firm)
    return profit_end(run, firm) + float(times(orders, np.where(own, found.growth, 0.0)).mean())


def surplus_end(run: Run) -> float:
    """Consumer surplus a period, mean of the last year, money."""
    return float(run.column("market", "consumer_surplus")[-run.scenario.clock.a_year :].mean())


def welfare_with_open(run: Run) -> float:
    """Welfare of the run with what open orders come to: those of the end, less those of the start, CNY.

    Surplus is counted at the order and profit at the delivery, so this can decide the sign.
    """
    book = run.tables["open_orders"]
    sign = np.where(book["book"] == "closing", 1.0, -1.0)
    return float(run.column("market", "welfare").sum() + (book["welfare"] * sign).sum())


PLAIN: Final[dict[str, Metric]] = {
    f.__name__: f
    for f in (
        war_index_max,
        price_index_min,
        war,
        war_months,
        war_followers,
        firms_left,
        surplus_end,
        welfare_with_open,
    )
} | CAMPAIGN_METRICS
WITH_MONTH: Final[dict[str, Callable[[Run, str], float]]] = {"rivals_price_fall": rivals_price_fall}
OF_FIRM: Final[dict[str, Callable[[Run, str], float]]] = {
    f.__name__: f for f in (break_even, in_the_black, survives, share_end, price_end, profit_end, aim_end)
}


def expand(names: Sequence[str], scenario: Scenario) -> tuple[str, ...]:
    """Names with `.*` written out for every firm of the scenario."""
    return tuple(dict.fromkeys(part for name in names for part in _expanded(name, scenario)))


def _expanded(name: str, scenario: Scenario) -> Iterator[str]:
    if name.endswith(".*"):
        yield from (f"{name[:-1]}{firm}" for firm in scenario.firms)
    else:
        yield name


def unknown(name: str, scenario: Scenario) -> str:
    """What would be allowed in place of a name that means nothing; empty for a good name."""
    try:
        for part in _expanded(name, scenario):
            find_metric(part, tuple(scenario.firms))
    except (LookupError, ValueError) as error:
        return str(error.args[0])
    return ""


def find_metric(name: str, firms: Sequence[str]) -> Metric:
    """The function that a name means.

    Raises:
        LookupError, ValueError: it means nothing, or cannot be imported; says what is allowed.
    """
    if ":" in name:
        return _imported(name)
    head, _, argument = name.partition(".")
    market, by_firm = measures("market"), measures("firms")
    if not argument and name in PLAIN:
        return PLAIN[name]
    if head in WITH_MONTH and (not argument or (is_place(argument) and int(argument) > 0)):
        return lambda run: WITH_MONTH[head](run, argument or "6")
    if not argument and name in market:
        return lambda run: float(total(run.column("market", name), market[name], 0))
    if argument and (head in OF_FIRM or head in by_firm):
        if argument not in firms:
            raise LookupError(f"{head}. and one of {', '.join(firms)}")
        if head in OF_FIRM:
            return lambda run: OF_FIRM[head](run, argument)
        return lambda run: float(total(run.of_firm(head, argument), by_firm[head], 0))
    of_firm = ", ".join(f"{name}.FIRM" for name in (*OF_FIRM, *by_firm))
    raise LookupError(f"{', '.join((*PLAIN, *WITH_MONTH, *market))}, {of_firm}, or module:function")


def _imported(name: str) -> Metric:
    check_name(name)
    if left_out(name):
        return lambda run: NEVER
    function: Any = imported(name)
    if not callable(function):
        raise ValueError(f"{name!r} is not a function")

    def measured(run: Run) -> float:
        try:
            return float(function(run))
        except FAILURES as error:
            blame(error, "metric", name)
            raise

    return measured


def measure(run: Run, names: Sequence[str]) -> dict[str, float]:
    """All metrics of one run."""
    return {name: find_metric(name, run.names)(run) for name in names}
