"""What simulated wars must show, pattern by pattern, beside the record: one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from pricewar.base.months import month_after
from pricewar.base.records import Flags, Floats
from pricewar.campaigns.record import FIRST, MAKERS, MONTHS, Waves, follow_ratios, panel
from pricewar.data.history import History, load_history
from pricewar.results import Results
from pricewar.runs import run
from pricewar.scenario.files import load
from pricewar.scenario.tree import Scenario

from .left_out import STATISTICS, YEARS, Fold, left_out
from .moments import EFFECTS
from .propensity import near
from .wars import Simulated, simulated

LARGE: Final = frozenset({"byd", "tesla", "geely", "changan", "great-wall", "chery", "saic"})
"""Makers that no war of three years could end; all others are called small."""
SD_BEFORE: Final = 0.07
"""Standard deviation over seeds of byd-one-third's last price index before firms ran campaigns."""
ALL_CARS: Final = {"byd": ("wholesale_incl_export", "nev_sales_incl_export_commercial")}
"""Metrics of makers whose units at home are not known for all months: how they scatter is read off these."""
NAN: Final = float("nan")


class Row(NamedTuple):
    """One pattern: in the record, in the runs, what is asked of it, whether it came out."""

    pattern: str
    record: float = NAN
    low: float = NAN
    middle: float = NAN
    high: float = NAN
    asked: str = ""
    passed: bool | None = None


COLUMNS: Final = Row._fields


@dataclass(frozen=True)
class Patterns:
    """The table, and the folds behind it.

    Attributes:
        table: one row a pattern, columns `COLUMNS`: value in the record, in the runs (low, middle and high:
            10th, 50th and 90th percentile unless `asked` says another), what is asked, whether it came out;
            None where nothing is asked.
        folds: years left out.
    """

    table: pd.DataFrame
    folds: tuple[Fold, ...]


def patterns(
    runs: int = 200,
    refit_seeds: int = 24,
    steps: int = 6,
    effects: Sequence[float] = EFFECTS,
    years: Sequence[str] = YEARS,
    executor: Executor | None = None,
    scenario: str | Scenario = "china-2023",
    tell: Callable[[str], None] = lambda words: None,
) -> Patterns:
    """Simulate and compare.

    Args:
        runs: seeds of each part, from 5001 on; no fit uses them.
        refit_seeds: seeds of each step of a refit, from 1001 on.
        steps: of a refit.
        effects: of a rival's size, tried in each refit.
        years: to be left out.
        executor: of runs.
        scenario: the market from January 2023.
        tell: called with what is done next.
    """
    market, history = load(scenario), load_history()
    record = panel(history, near(market))
    luck = tuple(range(1001, 1001 + refit_seeds)), tuple(range(5001, 5001 + runs))
    folds = []
    for year in years:
        tell(f"{year} left out: fit to the other years, then {runs} runs")
        folds.append(left_out(year, market, history, record, luck, steps, effects, executor))
    tell(f"all years: {runs} runs")
    results = run(market, seeds=list(luck[1]), executor=executor, uncertainty="luck").require_complete()
    seen = simulated(results.campaigns, luck[1], FIRST, MONTHS)
    tell(f"byd-one-third: {min(runs, 60)} runs")
    war = load("byd-one-third")
    cut = run(war, seeds=list(luck[1][:60]), executor=executor, uncertainty="luck").require_complete()
    rows = [
        *_years(folds),
        *_clusters("fit, all years", Waves.of(record.cuts), seen.waves(), STATISTICS),
        *_sizes(results, seen, history, (record.leads, record.follows)),
        *_shares(results, history),
        *_exits(results),
        _spread(cut),
    ]
    return Patterns(pd.DataFrame(rows, columns=list(COLUMNS)), tuple(folds))


def _band(values: Floats, level: float = 0.8) -> tuple[float, float, float]:
    low, middle, high = np.nanquantile(values, [(1 - level) / 2, 0.5, (1 + level) / 2])
    return float(low), float(middle), float(high)


def _inside(pattern: str, record: float, values: Floats, asked: str = "inside 80% of runs") -> Row:
    low, middle, high = _band(values)
    return Row(pattern, record, low, middle, high, asked, low <= record <= high)


def _clusters(what: str, record: Waves, runs: Waves, names: Sequence[str]) -> Iterator[Row]:
    for name in names:
        yield _inside(f"{what}: {name}", float(getattr(record, name)), getattr(runs, name))


def _years(folds: Sequence[Fold]) -> Iterator[Row]:
    rows = []
    for fold in folds:
        rows += list(_clusters(f"{fold.year} left out", fold.record, fold.runs, fold.statistics))
    yield from rows
    many, inside = len(rows), sum(bool(row.passed) for row in rows)
    least = int(np.ceil(8 / 11 * many))
    asked = f"{least} of {many}"
    yield Row("left out: statistics inside", middle=float(inside), asked=asked, passed=inside >= least)
    scores = np.array([fold.scores() for fold in folds])
    for fold, (rule, null) in zip(folds, scores, strict=True):
        words = f"{fold.year} left out: joint log score less that of independent makers"
        yield Row(words, middle=float(rule - null))
    total = float((scores[:, 0] - scores[:, 1]).sum())
    yield Row("left out: sum of these", middle=total, asked="above 0", passed=total > 0)


def followed(leads: Flags, follows: Flags) -> Floats:
    """(...) share of the other makers that answer a month in which one leads, in that month or the next.

    Args:
        leads: (..., T, F) months in which a maker led.
        follows: (..., T, F) months in which it answered.
    """
    later = np.concatenate([follows[..., 1:, :], np.zeros_like(follows[..., :1, :])], axis=-2)
    answers = follows | later
    others = answers.sum(axis=-1)[..., None] - answers
    made, found = leads.sum(axis=(-2, -1)), (others * leads).sum(axis=(-2, -1))
    share = np.divide(found, made, out=np.full(made.shape, np.nan), where=made > 0)
    return np.asarray(share / (leads.shape[-1] - 1))


def _sizes(results: Results, seen: Simulated, history: History, record: tuple[Flags, Flags]) -> Iterator[Row]:
    table = results.campaigns[results.campaigns["firm"].isin(MAKERS)]
    cuts = history.cuts()
    ours = cuts[cuts["firm"].isin(MAKERS)]
    by_run = table.groupby("seed")["announced"].median().to_numpy()
    low, middle, high = _band(by_run)
    fits = 0.06 <= middle <= 0.12
    came = float(ours["size"].median())
    yield Row("median announced cut", came, low, middle, high, "0.06 to 0.12", fits)
    leads = seen.leads.sum(axis=1)
    two = np.isin(seen.makers, ("byd", "tesla"))
    share = leads[:, two].sum(axis=1) / np.maximum(leads.sum(axis=1), 1)
    low, middle, high = _band(share)
    came = float(record[0][:, two].sum() / record[0].sum())
    most = middle > 0.5
    yield Row("share of leads by BYD and Tesla", came, low, middle, high, "above one half", most)
    ratio = _ratios(results.campaigns)
    came = float(follow_ratios(history)["ratio"].median())
    yield _inside("follower's cut over its trigger's, median", came, ratio)
    answers = followed(seen.leads, seen.follows)
    yield _inside("share of makers that answer within two months", float(followed(*record)), answers)


def _ratios(campaigns: pd.DataFrame) -> Floats:
    """(S,) median over a run's answers of the announced cut over that of the firm that was answered."""
    told = campaigns.groupby(["seed", "firm", "period"])["announced"].max()
    asked = campaigns[(campaigns["role"] == "follow") & campaigns["firm"].isin(MAKERS)]
    places = pd.MultiIndex.from_arrays(
        [asked["seed"], asked["trigger"], asked["period"] - asked["lag_months"]], names=told.index.names
    )
    ratio = asked["announced"].to_numpy() / told.reindex(places).to_numpy()
    return np.asarray(pd.Series(ratio, index=asked["seed"]).groupby(level=0).median())


def _shares(results: Results, history: History) -> Iterator[Row]:
    firms = results.firms
    total = history.monthly[history.monthly["entity"] == "total-nev"].groupby("month")["value"].mean()
    months = [month_after(FIRST, t) for t in range(MONTHS)]
    paths, record, scatter = {}, {}, {}
    for maker in MAKERS:
        own = firms[firms["firm"] == maker].pivot(index="seed", columns="period", values="share")
        paths[maker] = own.to_numpy()
        record[maker] = (history.units(maker) / total).reindex(months).to_numpy()
        units = history.units(maker, ALL_CARS[maker]) if maker in ALL_CARS else history.units(maker)
        scatter[maker] = (units / total).reindex(months).to_numpy()
    for maker in ("byd", "tesla"):
        known = ~np.isnan(record[maker][:24])
        low, high = np.nanquantile(paths[maker][:, :24], [0.05, 0.95], axis=0)
        inside = ((record[maker][:24] >= low) & (record[maker][:24] <= high))[known]
        words, part = f"{maker}: months of 2023 and 2024 with the share inside", float(inside.mean())
        asked = f"90% of {len(inside)} months inside 90% of runs"
        yield Row(words, middle=part, asked=asked, passed=part >= 0.9)
    close = []
    for maker in MAKERS:
        runs = np.array([monthly_sd(path) for path in paths[maker]])
        came = monthly_sd(scatter[maker])
        low, middle, high = _band(runs)
        close.append(bool(came / 1.5 <= middle <= came * 1.5))
        words = f"{maker}: sd of the monthly log share"
        yield Row(words, came, low, middle, high, "within a factor 1.5", close[-1])
    near_enough, words = sum(close), "makers whose sd is within a factor 1.5"
    yield Row(words, middle=float(near_enough), asked="5 of 6", passed=near_enough >= 5)


def monthly_sd(share: Floats) -> float:
    """Standard deviation of a log share by the month; slow moves and the pattern of a quarter's months apart.

    Args:
        share: (T,) shares, NaN or 0 where unknown or nobody sells. Slow is the mean of the year around a
            month.
    """
    logs = pd.Series(np.log(np.where(share > 0, share, np.nan)))
    quick = logs - logs.rolling(12, center=True, min_periods=6).mean()
    return float((quick - quick.groupby(np.arange(len(quick)) % 3).transform("mean")).std())


def _exits(results: Results) -> Iterator[Row]:
    last = results.firms[results.firms["period"] == MONTHS - 1]
    small = last[~last["firm"].isin(LARGE)]
    left = (1.0 - small["active"].astype(float)).groupby(small["seed"]).mean()
    low, middle, high = _band(np.asarray(left))
    words, fits = "share of small makers that left by April 2025", 0 < middle < 0.5
    yield Row(words, NAN, low, middle, high, "some, not most", fits)
    large = last[last["firm"].isin(LARGE)]
    gone = float(1.0 - large["active"].astype(float).mean())
    yield Row("share of large makers that left", 0.0, middle=gone, asked="none", passed=gone == 0.0)


def _spread(results: Results) -> Row:
    last = results.market[results.market["period"] == results.market["period"].max()]
    sd, least = float(last["price_index"].std()), 10 * SD_BEFORE
    words = "byd-one-third: sd over seeds of the last price index"
    return Row(words, middle=sd, asked=f"at least {least:g}: ten times {SD_BEFORE:g}", passed=sd >= least)
