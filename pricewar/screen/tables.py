"""The tables of a screen, and the notes its reader needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from pricewar.demand.base import Floats, Ints

from .calibrate import HIGHEST, Calibration
from .change import Change
from .formulas import firm_diversion
from .measure import Point, responses
from .table import Market

LEVEL: Final = (2.5, 97.5)
"""Per cent of the draws below the ends of an interval."""
INTERVALS: Final = ("own_elasticity", "upp_gross", "upp", "guppi", "cmcr", "price_after", "price_change")
"""Columns by product that come with _lo and _hi."""
OBSERVED: Final = ("margin_rmse", "hhi", "hhi_change")
"""Figures that come without an interval."""
OTHERS: Final = frozenset(
    ["other", "others", "all others", "rest", "其他", "其它", "其餘", "sonstige", "übrige", "autres", "otros"]
)
"""Names of rows that stand for many products."""
TINY: Final = 5e-3
"""Share of those who buy nothing below which it may be rounding."""
FIRMS: Final = 12
"""Firms in the table of diversion: the parties and the largest others."""


def _interval(values: Sequence[Any]) -> tuple[Any, Any]:
    low, high = np.percentile(np.asarray(values), LEVEL, axis=0)
    return low, high


def products_table(
    found: Calibration, change: Change, point: Point, repeated: list[Point], full: bool
) -> pd.DataFrame:
    """One row for each product, with the intervals of the draws."""
    market = found.market
    columns: dict[str, Any] = {
        "product": market.products,
        "firm": np.asarray(market.firm_names)[market.firms],
    }
    if found.nested:
        columns["nest"] = np.asarray(market.nest_names)[market.nests]
    columns |= {"price": market.prices, "share": market.shares, "margin_observed": market.margins}
    for name, values in (point.products | responses(found, full)).items():
        columns[name] = values
        if repeated and name in INTERVALS:
            ends = _interval([other.products[name] for other in repeated])
            columns[f"{name}_lo"], columns[f"{name}_hi"] = ends
    if change.merge:
        columns["party"] = np.isin(columns["firm"], change.merge)
    return pd.DataFrame(columns)


def figures_table(point: Point, repeated: list[Point]) -> pd.DataFrame:
    """Columns figure, value, lo, hi; the ends are missing without draws, and for what margins do not move."""
    rows = []
    for name, value in point.figures.items():
        drawn = [] if name in OBSERVED else [other.figures[name] for other in repeated]
        low, high = _interval(drawn) if drawn else (np.nan, np.nan)
        rows.append((name, value, float(low), float(high)))
    return pd.DataFrame(rows, columns=["figure", "value", "lo", "hi"])


def fit_table(found: Calibration) -> pd.DataFrame:
    """Known margins, observed and implied, and whether the calibration rests on them."""
    market, known = found.market, found.market.known
    return pd.DataFrame(
        {
            "row": market.rows[known],
            "product": np.asarray(market.products)[known],
            "observed": market.margins[known],
            "implied": found.implied[known],
            "difference": (found.implied - market.margins)[known],
            "fitted": market.fitted[known],
        }
    )


def firms_table(found: Calibration, products: pd.DataFrame) -> pd.DataFrame:
    """Sums and share-weighted means by firm, the largest first."""
    share = products["share"]
    sums = {"share": share, "margin_implied": share * products["margin_implied"]}
    sums["own_elasticity"] = share * products["own_elasticity"]
    if "price_after" in products:
        sums |= {name: products[name] for name in ("share_after", "profit", "profit_after")}
        sums["price_change"] = share * products["price_change"]
    table = pd.DataFrame(sums).groupby(products["firm"], sort=True).sum()
    for name in ("margin_implied", "own_elasticity", "price_change"):
        if name in table:
            table[name] /= table["share"]
    table.insert(0, "products", np.bincount(found.market.firms))
    return table.sort_values("share", ascending=False, kind="stable").reset_index()


def diversion_table(found: Calibration, change: Change) -> pd.DataFrame:
    """Firm by firm, and to the outside option; see `formulas.firm_diversion`."""
    chosen = _leading(found.market, change)
    names = [found.market.firm_names[firm] for firm in chosen]
    table = pd.DataFrame(firm_diversion(found.layout, chosen, found.rho), columns=[*names, "(outside)"])
    table.insert(0, "from", names)
    return table


def _leading(market: Market, change: Change) -> Ints:
    """The parties and the largest other firms."""
    shares = np.bincount(market.firms, market.shares)
    parties = [market.firm_names.index(name) for name in change.merge]
    others = [int(firm) for firm in np.argsort(-shares, kind="stable") if firm not in parties]
    return np.array((parties + others)[: max(FIRMS, len(parties))], dtype=np.int64)


def full_diversion(found: Calibration) -> pd.DataFrame:
    """Product by product, and to the outside option."""
    names = list(found.market.products)
    ratios: Floats = found.demand.diversion(found.market.prices)
    outside = np.diag(ratios).copy()
    np.fill_diagonal(ratios, 0.0)
    table = pd.DataFrame(ratios, columns=names).assign(**{"(outside)": outside})
    table.insert(0, "from", names)
    return table


def notes(found: Calibration, drawn: list[Calibration], sd: float, lost: int) -> tuple[str, ...]:
    """What the reader must know."""
    market, known = found.market, int(found.market.fitted.sum())
    negative = int((found.costs <= 0).sum())
    edge = sum(other.rho < 1e-6 or other.rho > HIGHEST - 1e-6 for other in drawn) if found.searched else 0
    told = [
        (bool(_below(market)), _below(market)),
        (bool(_rest(market)), _rest(market)),
        (known == 1, "One margin fits exactly whatever is true: the fit tests nothing."),
        (known == 2 and found.searched, "Two margins and two parameters: the fit tests little or nothing."),
        (
            0 < sd < found.rmse,
            f"The model misses the margins by {found.rmse:.3f} (root mean square), more than their assumed "
            f"error of {sd:g}: the intervals are too narrow.",
        ),
        (negative > 0, f"{negative} implied costs are not above zero: the model does not fit there."),
        (
            found.searched and (found.rho < 1e-6 or found.rho > HIGHEST - 1e-6),
            f"rho was driven to the end of its range, {found.rho:.3g}: the nests do not explain the margins.",
        ),
        (edge > 0, f"rho sits at the end of its range in {edge} of {len(drawn)} draws."),
        (
            market.closed,
            "Nobody can stay away (--no-outside): sales of the market do not fall when all its prices rise.",
        ),
        (
            not market.closed and market.outside < TINY,
            f"Only {market.outside:.2g} of the market buys nothing: harm and market elasticity hang on that "
            "number. If it is rounding, use --no-outside.",
        ),
        (lost > 0, f"{lost} draws had no equilibrium within reach and are left out."),
        (bool(market.nest_names) and not found.nested, "The column nest was not used (--nests)."),
        (bool(market.unused), f"Columns not used: {', '.join(market.unused)}."),
    ]  # fmt: skip
    return (*market.notes, *(text for said, text in told if said))


def _rest(market: Market) -> str:
    """What is said of rows that stand for all others."""
    rows = [i for i, name in enumerate(market.products) if name.casefold() in OTHERS]
    named = ", ".join(f"{market.products[i]} (row {market.rows[i]})" for i in rows)
    said = (
        "counts as one product of one firm, so HHI is too high; leave it out where its buyers may stay away"
    )
    return f"{named} {said}." if rows else ""


def _below(market: Market) -> str:
    """What is said of margins that are not above zero."""
    lost = np.flatnonzero(market.known & ~market.fitted)
    if not lost.size:
        return ""
    rows = [(market.products[i], market.rows[i], 100.0 * market.margins[i]) for i in lost[:10]]
    named = ", ".join(f"{name} (row {row}, {margin:.1f}%)" for name, row, margin in rows)
    more = f" and {lost.size - 10} more" if lost.size > 10 else ""
    return (
        f"Sold at or below cost: {named}{more}. No firm that sets its price for this month alone "
        "does that, so the calibration rests on the other margins, and what these makers gain from growth "
        "counts as a lower cost. Profits shown are too high by it."
    )
