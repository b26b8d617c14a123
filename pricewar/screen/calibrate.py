"""Price sensitivity, and correlation within nests, from margins: least squares over the pricing conditions.

A firm that sets its prices alone has margins phi_j(rho) / (alpha p_j), with phi from shares only. Of all
alpha, and rho where it is not given, take the pair whose margins are nearest to the known ones: the minimum
distance of the R package antitrust (Taragin and Sandfort). In 1 / alpha the distance is a parabola, so only
rho needs a search.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from scipy.optimize import minimize_scalar

from pricewar.base.arguments import flag, maybe, number, takes
from pricewar.base.errors import bad_input
from pricewar.demand import MixedLogit, logit, nested_logit
from pricewar.demand.base import Floats

from .formulas import Layout, markup_factors, mean_utilities
from .table import Market

GRID: Final = np.linspace(0.0, 0.98, 50)
"""Correlations tried before the search goes between them."""
HIGHEST: Final = 0.995
_SAME: Final = 1e-9


@dataclass(frozen=True, eq=False)
class Calibration:
    """A market with numbers on its demand and costs.

    Attributes:
        market: what was observed.
        layout: its shares by firm and nest; without nests all products are in one, and rho is 0.
        nested: whether the nests count.
        alpha: price sensitivity, above zero, per unit of money.
        rho: correlation within nests, 0 for the plain logit.
        searched: whether rho comes from the margins.
    """

    market: Market
    layout: Layout
    nested: bool
    alpha: float
    rho: float
    searched: bool = False

    @cached_property
    def margins(self) -> Floats:
        """Margins in money (J,) that the pricing conditions imply."""
        return markup_factors(self.layout, self.rho) / self.alpha

    @cached_property
    def costs(self) -> Floats:
        """Marginal costs (J,)."""
        return self.market.prices - self.margins

    @property
    def implied(self) -> Floats:
        """Margins as part of price (J,)."""
        return self.margins / self.market.prices

    @property
    def rmse(self) -> float:
        """Root mean square of implied less observed margins, where these are above zero."""
        known = self.market.fitted
        return float(np.sqrt(np.mean((self.implied - self.market.margins)[known] ** 2)))

    @cached_property
    def demand(self) -> MixedLogit:
        """The demand that has these shares at these prices."""
        delta = mean_utilities(self.layout, self.market.prices, self.alpha, self.rho)
        if not self.nested:
            return logit(delta, self.alpha)
        return nested_logit(delta, self.alpha, self.market.nests, self.rho)

    def lifted(self, rise: float) -> MixedLogit:
        """The demand of a closed market at prices about `rise` higher, as far above the outside option."""
        return self.demand.with_delta(self.demand.delta + self.alpha * rise)


def _layout(market: Market, nested: bool) -> Layout:
    nests = market.nests if nested else np.zeros(market.firms.size, dtype=np.int64)
    return Layout(market.firms, nests, market.shares, market.closed)


@takes(market=Market, nests=flag, rho=maybe(number))
def calibrate(market: Market, nests: bool = False, rho: float | None = None) -> Calibration:
    """Calibrate logit, or nested logit, from shares and one or more margins.

    Args:
        market: shares, prices, margins where known.
        nests: nested logit, by the market's nests.
        rho: correlation within nests in [0, 1); given, it implies `nests`. None: searched for, which needs
            two margins that tell it from the price sensitivity.

    Raises:
        InputError: no nests, rho outside [0, 1), or rho not identified by these margins.
    """
    return calibrate_draws(market, market.margins[market.fitted][None, :], nests, rho)[0]


def calibrate_draws(
    market: Market, margins: Floats, nests: bool = False, rho: float | None = None
) -> list[Calibration]:
    """One calibration for each row of `margins` (N, K), of the K products whose margin it rests on."""
    nested = nests or rho is not None
    _check(market, nested, rho)
    layout, known = _layout(market, nested), market.fitted
    prices = market.prices[known]

    def shape(correlation: float) -> Floats:
        return np.asarray(markup_factors(layout, correlation)[known] / prices)

    if not nested or rho is not None:
        fixed = float(rho or 0.0)
        x = shape(fixed)
        return [Calibration(market, layout, nested, _alpha(x, row), fixed) for row in margins]
    table = np.stack([shape(correlation) for correlation in GRID])
    _check_identified(market, table)
    ends = np.append(GRID, HIGHEST)
    found = []
    for row in margins:
        start = int(_distance(table, row).argmin())
        correlation = _search(shape, row, float(ends[max(start - 1, 0)]), float(ends[start + 1]))
        found.append(Calibration(market, layout, True, _alpha(shape(correlation), row), correlation, True))
    return found


def _alpha(x: Floats, margins: Floats) -> float:
    """Least squares of margins on x / alpha."""
    return float((x @ x) / (margins @ x))


def _distance(table: Floats, margins: Floats) -> Floats:
    """Sum of squares (N,) left when each row of `table` (N, K) is fitted to `margins` (K,)."""
    scale = (table @ margins) / (table * table).sum(axis=1)
    return np.asarray(((margins - scale[:, None] * table) ** 2).sum(axis=1))


def _search(shape: Callable[[float], Floats], margins: Floats, low: float, high: float) -> float:
    """The correlation between `low` and `high`, ends included, that leaves the smallest distance."""

    def distance(rho: float) -> float:
        return float(_distance(shape(rho)[None, :], margins)[0])

    found = minimize_scalar(distance, bounds=(low, high), method="bounded", options={"xatol": 1e-13})
    return min((float(found.x), low, high), key=distance)


def _check(market: Market, nested: bool, rho: float | None) -> None:
    wrong: list[tuple[str, object, str]] = []
    if nested and not market.nest_names:
        wrong.append(("row 1, column nest", "no labels", "a column nest, filled in every row"))
    if market.closed and len(market.firm_names) < 2:
        allowed = "two firms at least where everybody buys (--no-outside): one alone has no best price"
        wrong.append(("column firm", market.firm_names[0], allowed))
    if rho is not None and not 0.0 <= rho < 1.0:
        wrong.append(("rho", rho, "0 or more, below 1"))
    if wrong:
        raise bad_input(market.source, *wrong)


def _check_identified(market: Market, table: Floats) -> None:
    """Refuse a search for rho that these margins cannot end."""
    rows = market.rows[market.fitted].tolist()
    place, way_out = f"rows {rows[:10]}, column margin", "or rho given (--rho)"
    if len(rows) < 2:
        raise bad_input(market.source, (place, "one margin", f"a second margin, {way_out}"))
    direction = table / np.linalg.norm(table, axis=1)[:, None]
    if np.abs(direction - direction[0]).max() > _SAME:
        return
    alone = bool((np.bincount(market.nests)[market.nests[market.fitted]] == 1).all())
    found = "margins that say nothing of rho" + (
        ": each of these products is alone in its nest" if alone else ""
    )
    allowed = f"margins of products that differ in their owner's part of the nest, {way_out}"
    raise bad_input(market.source, (f"{place} and nest", found, allowed))
