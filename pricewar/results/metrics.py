"""Metrics of a market under the names of the field: arrays in, numbers out, nothing else.

Shapes: J products, F firms, T months. `...` are any leading axes (runs, months), kept as they are, so a
whole table is measured in one call. Money in CNY.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pricewar.base.arrays import Floats
from pricewar.base.shares import hhi as hhi
from pricewar.base.shares import ratio
from pricewar.base.sums import times


def _weighted_mean(values: ArrayLike, weights: ArrayLike) -> Floats:
    """Mean over the last axis; NaN where all weights are zero. Values without weight may be NaN."""
    value, weight = np.broadcast_arrays(np.asarray(values, float), np.asarray(weights, float))
    total = weight.sum(axis=-1)
    summed = np.where(weight > 0, value * weight, 0.0).sum(axis=-1)
    return ratio(summed, total)


def _on_sale(weights: ArrayLike, on_sale: ArrayLike | None) -> Floats:
    weight = np.asarray(weights, float)
    return weight if on_sale is None else weight * np.asarray(on_sale, bool)


def price_index(
    price: ArrayLike, start_price: ArrayLike, start_units: ArrayLike, on_sale: ArrayLike | None = None
) -> Floats:
    """Fixed-basket (Laspeyres) price index, 100 at the start.

    Products that are no longer on sale leave both sides of the ratio (matched models), so that an exit is
    not mistaken for a cut; later launches have no start units and never enter.

    Args:
        price: (..., J) transaction prices.
        start_price: (J,) prices at the start.
        start_units: (J,) the basket.
        on_sale: (..., J) flags; all if None.

    Returns:
        (...,) index; NaN where nothing of the basket is on sale.
    """
    start = np.asarray(start_price, float)
    ratio = np.asarray(price, float) / start
    return 100.0 * _weighted_mean(ratio, _on_sale(start * np.asarray(start_units, float), on_sale))


def price_change(price: ArrayLike, start_price: ArrayLike, start_units: ArrayLike) -> Floats:
    """(...,) mean change of price from the start as a fraction, weighted by start units."""
    change = np.asarray(price, float) / np.asarray(start_price, float) - 1.0
    return _weighted_mean(change, start_units)


def discount_depth(promotion: ArrayLike, list_price: ArrayLike, units: ArrayLike) -> Floats:
    """(...,) promotion over list price, weighted by units over the last axis."""
    return _weighted_mean(np.asarray(promotion, float) / np.asarray(list_price, float), units)


def effective_firms(units: ArrayLike) -> Floats:
    """(...,) number of equal firms with the same HHI (Adelman 1969): 10,000 over the HHI."""
    return np.asarray(1e4 / hhi(units))


def lerner_index(net_price: ArrayLike, marginal_cost: ArrayLike) -> Floats:
    """Lerner index (p - c)/p, element by element; price and cost both ex VAT."""
    price = np.asarray(net_price, float)
    return np.asarray((price - np.asarray(marginal_cost, float)) / price)


def reference_price(start_price: ArrayLike, cost_ratio: ArrayLike, pass_through: ArrayLike) -> Floats:
    """(...) price that a maker would charge without any cut: the start price moved with its own unit cost.

    Args:
        start_price: where it began.
        cost_ratio: unit cost over unit cost at the start, both before any squeeze of suppliers.
        pass_through: share of a change in cost that reaches the price.
    """
    moved = np.asarray(pass_through, float) * (np.asarray(cost_ratio, float) - 1.0)
    return np.asarray(np.asarray(start_price, float) * (1.0 + moved))


def cut_depth(price: ArrayLike, reference: ArrayLike) -> Floats:
    """(...) how far a price lies below its reference price, as a fraction; 0 where it does not.

    The one definition of a cut: firms that answer rivals, brands that erode, suppliers that are squeezed,
    `war_index` and price-war episodes all use it, product by product, before anything is averaged, so that
    one maker's rise does not hide another's cut.
    """
    return np.asarray(np.maximum(0.0, 1.0 - np.asarray(price, float) / np.asarray(reference, float)))


def war_index(
    price: ArrayLike, reference: ArrayLike, start_units: ArrayLike, on_sale: ArrayLike | None = None
) -> Floats:
    """Depth of price cuts across the market, percent of the reference price.

    The mean over products on sale, weighted by start units, of `cut_depth`.

    Args:
        price: (..., J) transaction prices.
        reference: (..., J) or (J,) prices without a cut, see `reference_price`.
        start_units: (J,) the basket.
        on_sale: (..., J) flags; all if None.

    Returns:
        (...,) from 0 to 100; NaN where nothing of the basket is on sale.
    """
    return 100.0 * _weighted_mean(cut_depth(price, reference), _on_sale(start_units, on_sale))


def war_breadth(
    price: ArrayLike,
    reference: ArrayLike,
    start_units: ArrayLike,
    on_sale: ArrayLike | None = None,
    threshold: float = 0.03,
) -> Floats:
    """(...,) share of start units whose price is at least `threshold` below its reference price."""
    # a cut of exactly the threshold counts, whatever the last bit of the division says
    return _weighted_mean(cut_depth(price, reference) >= threshold - 1e-12, _on_sale(start_units, on_sale))


def below(net_price: ArrayLike, line: ArrayLike) -> NDArray[np.bool_]:
    """(...,) whether a price lies below a cost line (both ex VAT); False where either is NaN.

    A price that a floor or a ban keeps at the line is not below it, whatever the last bit of a division
    says.
    """
    return np.asarray(np.asarray(net_price, float) < np.asarray(line, float) * (1.0 - 1e-9), bool)


def below_cost_share(net_price: ArrayLike, cost: ArrayLike, units: ArrayLike) -> Floats:
    """(...,) share of units sold at a net price below a cost line (both ex VAT)."""
    return _weighted_mean(below(net_price, cost), units)


def below_cost_months(net_price: ArrayLike, cost: ArrayLike) -> NDArray[np.int64]:
    """(...,) months (last axis) in which a net price lies below a cost line; NaN months do not count."""
    return np.asarray(np.sum(below(net_price, cost), axis=-1), np.int64)


def recovery_half_life(path: ArrayLike, level: float) -> float:
    """Months from the deepest point of a path until half of the fall is made good.

    Args:
        path: (T,) for instance a price index from the start of a war on.
        level: the value before the fall.

    Returns:
        Months; NaN if the path never fell below `level` or has not recovered half by its end.
    """
    values = np.asarray(path, float)
    trough = int(np.nanargmin(values))
    fall = level - values[trough]
    if fall <= 0:
        return float("nan")
    back = np.flatnonzero(values[trough:] >= values[trough] + fall / 2)
    return float(back[0]) if len(back) else float("nan")


class BreakEven(NamedTuple):
    """Periods of break-even, each (...,), NaN for never: the last month of a window of months."""

    lasting: Floats
    """First window from which no window to the end of the run is in the red."""
    first: Floats
    """First window that is not in the red."""


def break_even_month(operating_profit: ArrayLike, window: int = 3) -> BreakEven:
    """When a firm earns money: by moving sums of `window` months, as firms report quarters, not months.

    Args:
        operating_profit: (..., T) a month, CNY; NaN for months in which the firm is not in the market.
        window: months in a sum.
    """
    profit = np.asarray(operating_profit, float)
    never = np.full(profit.shape[:-1], np.nan)
    if profit.shape[-1] < window:
        return BreakEven(never, never.copy())
    sums = np.lib.stride_tricks.sliding_window_view(profit, window, axis=-1).sum(axis=-1)
    black = sums >= 0  # NaN is not
    lasting = np.logical_and.accumulate(black[..., ::-1], axis=-1)[..., ::-1]
    return BreakEven(_first(lasting, window), _first(black, window))


def _first(flags: NDArray[np.bool_], window: int) -> Floats:
    return np.where(flags.any(axis=-1), flags.argmax(axis=-1) + window - 1.0, np.nan)


def present_value(flows: ArrayLike, annual_rate: float, periods_a_year: float = 12.0) -> Floats:
    """(...,) value at the first period of flows (..., T), discounted at (1 + rate)^(-t / periods_a_year)."""
    values = np.asarray(flows, float)
    return times(values, (1.0 + annual_rate) ** (-np.arange(values.shape[-1]) / periods_a_year))


class Predation(NamedTuple):
    """What a firm gave up against the but-for run, and what it got back afterwards; each (...,), CNY."""

    sacrifice: Floats
    recoupment: Floats


def sacrifice_and_recoupment(
    profit: ArrayLike, but_for: ArrayLike, annual_rate: float = 0.0, periods_a_year: float = 12.0
) -> Predation:
    """The two tests of predatory pricing (Ordover and Willig 1981; Brooke Group 1993) on two paths.

    Args:
        profit: (..., T) monthly profit as it went.
        but_for: (..., T) monthly profit in the run without the cut, same seed.
        annual_rate: discount rate a year.
        periods_a_year: how many of the T periods make a year.

    Returns:
        Present values of the months below the but-for path, and of the months above it that come after
        the first month below it. Predation pays if recoupment exceeds sacrifice.
    """
    gain = np.asarray(profit, float) - np.asarray(but_for, float)
    begun: NDArray[Any] = np.logical_or.accumulate(gain < 0, axis=-1)
    return Predation(
        present_value(np.maximum(-gain, 0.0), annual_rate, periods_a_year),
        present_value(np.where(begun, np.maximum(gain, 0.0), 0.0), annual_rate, periods_a_year),
    )


def welfare(
    consumer_surplus: ArrayLike,
    producer_surplus: ArrayLike,
    supplier_profit: ArrayLike,
    fiscal_cost: ArrayLike,
) -> Floats:
    """Total welfare: consumer and producer surplus and supplier profit, less what the state pays."""
    parts = np.asarray(consumer_surplus, float) + np.asarray(producer_surplus, float)
    return np.asarray(parts + np.asarray(supplier_profit, float) - np.asarray(fiscal_cost, float))
