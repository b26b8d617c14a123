"""What is done to the market: a merger, a cut, floors, taxes, costs. All that is named happens at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite

import numpy as np

from pricewar.base.arguments import Sort, check, flag
from pricewar.base.errors import bad_input
from pricewar.demand.base import Demand, Floats, Ints
from pricewar.equilibrium import Equilibrium, solve

from .calibrate import Calibration
from .table import Market

TOLERANCE = 1e-13
AMOUNT = Sort(
    "a number", lambda value: isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
)
FIRMS = Sort(
    "a tuple of names of firms",
    lambda value: isinstance(value, (tuple, list)) and all(isinstance(name, str) for name in value),
)
AMOUNTS = Sort(
    "a table of names and numbers",
    lambda value: (
        isinstance(value, Mapping)
        and all(isinstance(name, str) and AMOUNT.fits(x) for name, x in value.items())
    ),
)


@dataclass(frozen=True)
class Change:
    """A change of the market; the empty one changes nothing.

    Attributes:
        merge: firms that become one.
        cut: firm -> part of the price by which it lowers all its prices, whatever the others do.
        floor: product -> lowest price allowed.
        cost: firm -> relative change of its marginal costs (0.1: ten per cent more).
        tax: ad valorem rate on the price without it; the seller keeps p / (1 + tax).
        unit_tax: money for each unit, paid by the seller.
        respond: whether the others answer a cut; if not, their prices stay.

    Raises:
        InputError: a value of another sort.
    """

    merge: tuple[str, ...] = ()
    cut: Mapping[str, float] = field(default_factory=dict)
    floor: Mapping[str, float] = field(default_factory=dict)
    cost: Mapping[str, float] = field(default_factory=dict)
    tax: float = 0.0
    unit_tax: float = 0.0
    respond: bool = True

    def __post_init__(self) -> None:
        check(
            "Change",
            merge=(self.merge, FIRMS),
            cut=(self.cut, AMOUNTS),
            floor=(self.floor, AMOUNTS),
            cost=(self.cost, AMOUNTS),
            tax=(self.tax, AMOUNT),
            unit_tax=(self.unit_tax, AMOUNT),
            respond=(self.respond, flag),
        )
        object.__setattr__(self, "merge", tuple(self.merge))

    @property
    def empty(self) -> bool:
        """Whether nothing changes."""
        return replace(self, respond=True) == Change()

    def check(self, market: Market) -> None:
        """Raise `InputError` naming everything that does not fit the market."""
        firms = market.firm_names
        wrong = [("--merge", name, _listed(firms)) for name in self.merge if name not in firms]
        if self.merge and len(set(self.merge)) < 2:
            wrong.append(("--merge", " ".join(self.merge), "two firms or more, each once"))
        if market.closed and self.merge and _one_left(self.merge, firms):
            allowed = "a firm that stays out: everybody buys (--no-outside), and one firm has no best price"
            wrong.append(("--merge", " ".join(self.merge), allowed))
        wrong += _wrong("--cut", self.cut, firms, lambda x: 0 <= x < 1, "a part of the price, 0 to below 1")
        wrong += _wrong("--floor", self.floor, market.products, _positive, "a price above zero")
        wrong += _wrong("--cost", self.cost, firms, lambda x: _positive(1 + x), "more than -100%")
        if not _positive(1 + self.tax):
            wrong.append(("--tax", str(self.tax), "a rate above -1"))
        if not isfinite(self.unit_tax):
            wrong.append(("--unit-tax", str(self.unit_tax), "a number"))
        if not self.respond and not self.cut:
            wrong.append(("--no-response", "no --cut", "a cut that the others do not answer"))
        if wrong:
            raise bad_input(market.source, *wrong)

    def owners(self, market: Market) -> Ints:
        """Firm of each product (J,) after the merger: the parties become the first of them."""
        if not self.merge:
            return market.firms
        codes = [market.firm_names.index(name) for name in self.merge]
        return np.where(np.isin(market.firms, codes), codes[0], market.firms).astype(np.int64)

    def costs(self, found: Calibration) -> Floats:
        """Marginal costs (J,) after the change, taxes left out."""
        return self._raised(found.market, found.costs)

    def _raised(self, market: Market, costs: Floats) -> Floats:
        rise = np.zeros(len(market.firm_names))
        for name, part in self.cost.items():
            rise[market.firm_names.index(name)] = part
        return costs * (1.0 + rise[market.firms])

    def apply(self, found: Calibration) -> Equilibrium:
        """The market after the change, every free price a best response.

        Raises:
            ConvergenceError: no equilibrium was reached.
        """
        market = found.market
        if not market.closed:
            return self.outcome(market, found.demand, found.costs)
        return self.outcome(market, found.lifted(self._rise(found, self._floors(market))), found.costs)

    def outcome(self, market: Market, demand: Demand, costs: Floats) -> Equilibrium:
        """The same under another demand (J products) with other costs (J,) before the change.

        Raises:
            ConvergenceError: no equilibrium was reached.
        """
        floor = self._floors(market)
        return solve(
            demand,
            self._raised(market, costs),
            self.owners(market),
            fixed=self._imposed(market, floor),
            floor=floor if self.floor else None,
            unit_tax=self.unit_tax,
            ad_valorem_tax=self.tax,
            start=np.maximum(market.prices, floor),
            tol=TOLERANCE if market.firms.size <= 1000 else 1e-11,
            check=False,  # one type of buyer: where the conditions hold, nobody gains
        ).require_converged()

    def _floors(self, market: Market) -> Floats:
        floor = np.full(market.firms.size, -np.inf)
        for name, price in self.floor.items():
            floor[market.products.index(name)] = price
        return floor

    def _rise(self, found: Calibration, floor: Floats) -> float:
        """About how much dearer the market becomes: costs and taxes passed on, floors kept."""
        charged = (self.costs(found) + self.unit_tax) * (1.0 + self.tax) - found.costs
        level = np.maximum(found.market.prices + charged, floor)
        return float(found.market.shares @ (level - found.market.prices))

    def _imposed(self, market: Market, floor: Floats) -> Floats | None:
        """Prices that nobody chooses (J,), NaN where free."""
        if not self.cut:
            return None
        level = np.full(market.firms.size, np.nan if self.respond else 1.0)
        for name, part in self.cut.items():
            level[market.firms == market.firm_names.index(name)] = 1.0 - part
        return np.maximum(level * market.prices, floor)


def _wrong(
    option: str,
    asked: Mapping[str, float],
    names: tuple[str, ...],
    fits: Callable[[float], bool],
    allowed: str,
) -> list[tuple[str, str, str]]:
    """Names that are not there, and values that do not fit."""
    known = frozenset(names)
    lost = [(option, name, _listed(names)) for name in asked if name not in known]
    return lost + [(option, f"{name}={value:g}", allowed) for name, value in asked.items() if not fits(value)]


def _one_left(merge: tuple[str, ...], firms: tuple[str, ...]) -> bool:
    """Whether the merger leaves nobody out."""
    return set(firms) <= set(merge)


def _positive(value: float) -> bool:
    return isfinite(value) and value > 0


def _listed(names: Iterable[str], most: int = 8) -> str:
    """The first few names, and how many more."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return "one of " + ", ".join(every[:most]) + more
