"""One change under several forms of demand, side by side: how far the answer hangs on the form."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

from pricewar.base.errors import ConvergenceError, InputError
from pricewar.demand import LinearDemand, MixedLogit
from pricewar.demand.base import Demand, Floats
from pricewar.demand.flexible import LogLinear, Pcaids

from .calibrate import Calibration, calibrate
from .change import Change
from .formulas import market_elasticity
from .table import Market

MOST: Final = 200
"""Products up to which the forms are set side by side: each needs a table of product by product."""
_STEEPEST: Final = 1e4
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)


def forms_table(found: Calibration, change: Change) -> pd.DataFrame:
    """One row for each form of demand; empty where nothing changes or products are too many.

    Columns: form, slopes (what it was calibrated to), mean_price_change and parties_price_change weighted
    by shares before, consumer_harm_per_head (and consumer_harm with a market size), margin_rmse, failed (why
    there is no answer). Consumer harm of forms without utility is the area under demand along a straight way
    from the prices before to those after.

    Args:
        found: the calibration of the screen.
        change: what is done to the market.
    """
    names = ["form", "slopes", "mean_price_change", "parties_price_change", "consumer_harm_per_head"]
    names += ["margin_rmse", "failed"]
    if change.empty or found.market.firms.size > MOST:
        return pd.DataFrame(columns=names)
    with np.errstate(all="ignore"):  # a form that runs off to no finite price has failed, and is told as such
        rows = [_row(found.market, change, *form) for form in _forms(found)]
    table = pd.DataFrame(rows, columns=names)
    if found.market.size is not None:
        table.insert(5, "consumer_harm", table["consumer_harm_per_head"] * found.market.size)
    return table


def _row(
    market: Market, change: Change, form: str, slopes: str, demand: Demand | None, costs: Floats, rmse: float
) -> tuple[str | float, ...]:
    """The answer of one form, or why there is none."""
    failed = (form, slopes, np.nan, np.nan, np.nan, rmse)
    if demand is None:
        return *failed, "slopes that no such demand has"
    before = market.prices
    try:
        after = change.outcome(market, demand, costs).prices
        if isinstance(demand, MixedLogit):
            lost = demand.consumer_surplus(before) - demand.consumer_surplus(after)
        else:
            lost = _area(demand, before, after)
    except (ConvergenceError, InputError):
        return *failed, "no equilibrium within reach"
    if not (np.isfinite(after).all() and np.isfinite(lost)):
        return *failed, "no equilibrium within reach"
    return form, slopes, *_means(market, change, after / before - 1.0), lost, rmse, ""


def _forms(found: Calibration) -> Iterator[tuple[str, str, Demand | None, Floats, float]]:
    """Form, what it was calibrated to, demand if there is one, costs (J,), miss of the margins."""
    market = found.market
    own, margins = "nested logit" if found.nested else "logit", "margins"
    if market.closed:  # sales of all products together are given there, which the others are not made for
        return
    yield own, margins, found.demand, found.costs, found.rmse
    other = _other(found)
    if other is not None:
        yield "logit" if found.nested else "nested logit", margins, other.demand, other.costs, other.rmse
    slopes = found.demand.jacobian(market.prices)
    yield "linear", f"slopes of the {own}", _linear(market, slopes), found.costs, found.rmse
    table = slopes * market.prices / market.shares[:, None]
    steady = LogLinear(market.prices, market.shares, table)
    aids, costs, rmse = _aids(found)
    yield "AIDS", margins, aids, costs, rmse
    yield "log-linear", f"slopes of the {own}", steady, found.costs, found.rmse


def _linear(market: Market, slopes: Floats) -> LinearDemand | None:
    """Linear demand through the point with these slopes (J, J), None where they are too nearly singular."""
    try:
        inverse = np.linalg.inv(-slopes)
        inverse = (inverse + inverse.T) / 2.0
        return LinearDemand(market.prices + inverse @ market.shares, inverse)
    except (np.linalg.LinAlgError, InputError):
        return None


def _other(found: Calibration) -> Calibration | None:
    """Logit beside the nested one; the nested one beside it, where margins tell its correlation."""
    if found.nested:
        return calibrate(found.market)
    if not found.market.nest_names:
        return None
    try:
        return calibrate(found.market, nests=True)
    except InputError:
        return None


def _aids(found: Calibration) -> tuple[Pcaids, Floats, float]:
    """AIDS whose margins are nearest to the known ones, at the market elasticity of the calibration."""
    market = found.market
    whole = market_elasticity(found.layout, market.prices, found.alpha)
    known = market.fitted

    def made(size: float) -> Pcaids:
        return Pcaids(market.prices, market.shares, -float(np.exp(size)), whole)

    def miss(size: float) -> float:
        return float(((_margins(market, made(size)) - market.margins)[known] ** 2).sum())

    best = minimize_scalar(miss, bounds=(-3.0, np.log(_STEEPEST)), method="bounded", options={"xatol": 1e-10})
    aids = made(float(best.x))
    margins = _margins(market, aids)
    return aids, market.prices * (1.0 - margins), float(np.sqrt(best.fun / known.sum()))


def _margins(market: Market, aids: Pcaids) -> Floats:
    """Margins (J,) as parts of price at which no owner would move: sum over own j of e_ji w_j m_j = -w_i."""
    same = market.firms[:, None] == market.firms[None, :]
    table = np.where(same, aids.elasticities_there().T, 0.0)
    return np.asarray(np.linalg.solve(table, -aids.spent) / aids.spent)


def _means(market: Market, change: Change, rise: Floats) -> tuple[float, float]:
    everyone = float(np.average(rise, weights=market.shares))
    if not change.merge:
        return everyone, float("nan")
    party = np.isin(np.asarray(market.firm_names)[market.firms], change.merge)
    return everyone, float(np.average(rise[party], weights=market.shares[party]))


def _area(demand: Demand, before: Floats, after: Floats) -> float:
    """Demand added up along a straight way between two price vectors (J,), per head."""
    move = after - before
    points = before + (0.5 + _NODES[:, None] / 2.0) * move
    return float(sum(w / 2.0 * (demand.expected(p) @ move) for w, p in zip(_WEIGHTS, points, strict=True)))


def spread(forms: pd.DataFrame) -> str:
    """The sentence that comes first: between which answers the form of demand leaves the choice."""
    rows = [row for row in forms.to_dict("records") if not row["failed"]]
    if len(rows) < 2:
        return ""
    merger = forms["parties_price_change"].notna().any()
    column, whose = (
        ("parties_price_change", "the parties' prices") if merger else ("mean_price_change", "prices")
    )
    low, high = (f"{100.0 * row[column]:+.1f}% ({row['form']})" for row in _ends(rows, column))
    harms = _ends(rows, "consumer_harm_per_head")
    least, most = (f"{row['consumer_harm_per_head']:.3g} ({row['form']})" for row in harms)
    return (
        f"The form of demand, which no table of shares tells, leaves the choice: {whose} change by {low} to "
        f"{high}, consumer harm per head is {least} to {most}."
    )


def _ends(rows: list[dict[Hashable, Any]], column: str) -> tuple[dict[Hashable, Any], dict[Hashable, Any]]:
    """The rows with the least and the most of a column."""
    ordered = sorted(rows, key=lambda row: float(row[column]))
    return ordered[0], ordered[-1]
