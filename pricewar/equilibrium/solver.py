"""Bertrand equilibrium of any demand, with imposed prices, bounds, taxes, conduct, growth, capacity."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pricewar.base.arguments import at_least, number, takes
from pricewar.base.errors import ConvergenceError, bad_input
from pricewar.demand.base import Demand, Floats, Ints, indices, internalisation, vector
from pricewar.demand.mixed import MixedLogit
from pricewar.kernels.exp import BITS
from pricewar.kernels.zeta import MEMORY, iterate_prices

from .iterate import iterate_generic


@dataclass(frozen=True, eq=False)
class Game:
    """One pricing game, made by `solve`: who owns what, at which cost, under which constraints; arrays (J,).

    Firm f chooses its prices to maximise sum over its products of (keep_j p_j - cost_j) share_j, with
    keep = 1 / (1 + ad valorem rate) and cost = unit cost + unit tax - growth motive.
    """

    demand: Demand
    firms: Ints
    costs: Floats
    keep: Floats
    low: Floats
    high: Floats
    capacity: Floats
    conduct: float

    def margins(self, prices: Floats, shadow: Floats | None = None) -> Floats:
        """What the objective gains per unit, less the shadow price of capacity."""
        margins = self.keep * prices - self.costs
        return margins if shadow is None or not shadow.size else margins - shadow

    @property
    def internal(self) -> Floats:
        """How much each product's owner cares about each other product (J, J)."""
        return internalisation(self.firms, self.conduct)


@dataclass(frozen=True, eq=False)
class Equilibrium:
    """Prices where no firm gains by a small change of its own prices, and how sure that is.

    Attributes:
        prices: (J,) what buyers pay, taxes included.
        converged: whether the residual went below the tolerance. Look at it.
        iterations: evaluations of the zeta map.
        residual: largest move of the last step relative to the largest cost plus 1 / price sensitivity.
        capacity_price: (J,) shadow price of capacity (zero where it does not bind).
        game: the game solved.
    """

    prices: Floats
    converged: bool
    iterations: int
    residual: float
    capacity_price: Floats
    game: Game = field(repr=False)

    @cached_property
    def shares(self) -> Floats:
        """Expected shares at these prices (J,)."""
        if not np.isfinite(self.prices).all():
            return np.full(self.prices.size, np.nan)
        return self.game.demand.expected(self.prices)

    @cached_property
    def binding(self) -> NDArray[np.int8]:
        """Where a price sits on its bound (J,): -1 floor, +1 cap or imposed, 0 free."""
        game = self.game
        return np.where(self.prices >= game.high, 1, np.where(self.prices <= game.low, -1, 0)).astype(np.int8)

    @cached_property
    def second_order_ok(self) -> bool:
        """Whether each firm's profit is locally concave in its free prices (computed when asked for)."""
        from .passthrough import second_order_condition

        return second_order_condition(self)

    def require_converged(self) -> Equilibrium:
        """Return self, or raise `ConvergenceError` with iterations and residual."""
        if not self.converged:
            raise ConvergenceError(
                f"equilibrium: residual {self.residual:.3g} after {self.iterations} iterations"
            )
        return self


@takes(demand=Demand, conduct=number, tol=number, max_iterations=at_least(1))
def solve(
    demand: Demand,
    costs: ArrayLike,
    firm_ids: ArrayLike,
    *,
    fixed: ArrayLike | None = None,
    floor: ArrayLike | None = None,
    cap: ArrayLike | None = None,
    unit_tax: ArrayLike = 0.0,
    ad_valorem_tax: ArrayLike = 0.0,
    conduct: float = 0.0,
    theta: ArrayLike = 0.0,
    capacity: ArrayLike | None = None,
    start: ArrayLike | None = None,
    tol: float = 1e-12,
    max_iterations: int = 5000,
    accelerate: bool = True,
) -> Equilibrium:
    """Solve the pricing game of all firms.

    Args:
        demand: any `Demand` of J products.
        costs: (J,) unit cost of the seller.
        firm_ids: (J,) owner of each product, any labels. A merger makes two labels one; entry and exit are
            another `demand` (see `MixedLogit.subset`); joint monopoly is one label for all, or `conduct` 1.
        fixed: (J,) imposed prices, NaN where the owner is free to respond; None for all free.
        floor: (J,) or one number: lowest price allowed, -inf for none.
        cap: (J,) or one number: highest price allowed, inf for none.
        unit_tax: money per unit paid by the seller; negative is a subsidy.
        ad_valorem_tax: rate t on the net price: the seller keeps p / (1 + t). Negative is a subsidy.
        conduct: weight on rivals' profit, 0 Nash ... 1 joint profit.
        theta: growth motive, money per unit by which the firm values a sale beyond its profit.
        capacity: (J,) largest share each product can deliver, inf for no limit; its shadow price is returned.
        start: (J,) prices to start from; by default marginal cost and a first markup.
        tol: largest relative move of a price at which the iteration stops.
        max_iterations: give up after so many (and say so in the result).
        accelerate: Anderson mixing; False for the plain zeta iteration.

    Raises:
        InputError: wrong shapes, NaN, floor above cap, a floor above any buyer's value.
    """
    size = demand.products
    game = _game(
        demand, costs, firm_ids, (fixed, floor, cap), (unit_tax, ad_valorem_tax, theta), conduct, capacity
    )
    prices = _start(game, start)
    if floor is not None or fixed is not None:
        _check_floor(game, prices)
    limited = capacity is not None
    state = np.concatenate([prices, np.zeros(size)]) if limited else prices
    memory = MEMORY if accelerate else 0
    iterations, residual = _iterate(game, state, limited, tol, max_iterations, memory)
    prices, shadow = state[:size].copy(), state[size:].copy() if limited else np.zeros(size)
    return Equilibrium(prices, bool(residual <= tol), iterations, float(residual), shadow, game)


def _iterate(
    game: Game, state: Floats, limited: bool, tol: float, most: int, memory: int
) -> tuple[int, float]:
    demand = game.demand
    if not isinstance(demand, MixedLogit):
        return iterate_generic(game, state, limited, tol, most, memory)
    delta = demand.delta * BITS
    market = (*demand.blocks, delta, *demand.rough_blocks, delta.astype(np.float32))
    nested = None if demand.nests is None else (demand.pairs(game.firms), demand.nest_codes, demand.rhos)
    capacity = game.capacity if limited else np.zeros(0)
    terms = (game.costs, game.keep, game.low, game.high, capacity, game.conduct)
    iterations, residual = iterate_prices(market, game.firms, nested, terms, state, tol, most, memory)
    return int(iterations), float(residual)


def _game(
    demand: Demand,
    costs: ArrayLike,
    firm_ids: ArrayLike,
    bounds: tuple[ArrayLike | None, ArrayLike | None, ArrayLike | None],
    money: tuple[ArrayLike, ArrayLike, ArrayLike],
    conduct: float,
    capacity: ArrayLike | None,
) -> Game:
    size = demand.products
    firms, _ = indices("firm_ids", firm_ids, size)
    unit_tax, rate, theta = (
        vector(name, values, size)
        for name, values in zip(("unit_tax", "ad_valorem_tax", "theta"), money, strict=True)
    )
    low, high = _bounds(size, *bounds)
    limit = _extended("capacity", capacity, size, np.inf)
    wrong = [
        (place, found, allowed)
        for bad, place, found, allowed in (
            (float(rate.min()) <= -1.0, "ad_valorem_tax", float(rate.min()), "a rate above -1"),
            (not 0.0 <= conduct <= 1.0, "conduct", conduct, "0 (Nash) to 1 (joint profit)"),
            (float(limit.min()) <= 0.0, "capacity", float(limit.min()), "above zero"),
        )
        if bad
    ]
    if wrong:
        raise bad_input("equilibrium", *wrong)
    effective = vector("costs", costs, size) + (unit_tax - theta)
    return Game(demand, firms, effective, 1.0 / (1.0 + rate), low, high, limit, float(conduct))


def _bounds(
    size: int, fixed: ArrayLike | None, floor: ArrayLike | None, cap: ArrayLike | None
) -> tuple[Floats, Floats]:
    low, high = _extended("floor", floor, size, -np.inf), _extended("cap", cap, size, np.inf)
    if floor is not None and cap is not None and (low > high).any():
        j = int((low - high).argmax())
        raise bad_input("equilibrium", (f"floor[{j}]", float(low[j]), f"at most the cap {high[j]:g}"))
    if fixed is None:
        return low, high
    try:
        imposed = np.asarray(fixed, dtype=float)
    except (TypeError, ValueError) as error:
        raise bad_input("equilibrium", ("fixed", fixed, "prices, NaN where free")) from error
    if imposed.shape != (size,) or np.isinf(imposed).any():
        raise bad_input("equilibrium", ("fixed", f"shape {imposed.shape}", f"{size} prices, NaN where free"))
    free = np.isnan(imposed)
    return np.where(free, low, imposed), np.where(free, high, imposed)


def _extended(place: str, values: ArrayLike | None, size: int, default: float) -> Floats:
    """Like `vector`, but the infinity that means "no bound" is allowed."""
    if values is None:
        return np.full(size, default)
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise bad_input("equilibrium", (place, values, "numbers")) from error
    unbounded = array == default
    checked = vector(place, np.where(unbounded, 0.0, array), size)
    return np.where(np.broadcast_to(unbounded, (size,)), default, checked)


def _start(game: Game, start: ArrayLike | None) -> Floats:
    prices = game.costs / game.keep if start is None else game.demand.check_prices(start)
    return np.minimum(np.maximum(prices, game.low), game.high)


def _check_floor(game: Game, prices: Floats) -> None:
    """A floor that nobody would pay leaves nothing to solve: say so instead of dividing by zero."""
    at_floor = prices <= game.low
    if not at_floor.any():
        return
    unsold = at_floor & ~(game.demand.expected(prices) > 1e-12)
    if unsold.any():
        j = int(np.flatnonzero(unsold)[0])
        allowed = (
            "a price that at least one buyer in 10^12 pays (floor or imposed price above any buyer's value)"
        )
        raise bad_input("equilibrium", (f"price of product {j}", float(prices[j]), allowed))
