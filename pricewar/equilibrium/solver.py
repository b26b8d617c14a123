"""Bertrand equilibrium of any demand, with imposed prices, bounds, taxes, conduct, growth, capacity."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pricewar.base.arguments import Sort, at_least, flag, number, takes
from pricewar.base.errors import ConvergenceError
from pricewar.demand.base import Demand, Floats

from .asked import check_answers, telling
from .deviate import Verdict, settle
from .game import Costs, Game, check_floor, first_prices, make_game
from .ownership import CONDUCT, OWNERSHIP
from .reach import Reached, reach

_SAME = 1e-6
"""Largest difference of two prices, relative, at which two equilibria are one."""


@dataclass(frozen=True, eq=False)
class Equilibrium:
    """Prices from which no firm gains by changing its own, and how sure that is.

    Attributes:
        prices: (J,) what buyers pay, taxes included.
        converged: whether the residual went below the tolerance and nobody gains by leaving. Look at it.
        iterations: evaluations of the zeta map and of its derivatives, rounds of the other ways included.
        residual: largest move of the last step relative to the largest cost plus 1 / price sensitivity.
        capacity_price: (J,) shadow price of capacity (zero where it does not bind).
        game: the game solved.
        path: what gave the answer: "accelerated", "plain", "markups" or "newton".
        best_response_gain: most that any firm gains by other prices of its own, as part of its profit; NaN
            where nobody looked (`check=False`, or the conditions were not reached), infinite where some
            buyer pays any price.
        deviations: further starts of the search, most of them best responses of firms that would have left.
        reason: why it has not converged, or what to know of the answer; empty where all is well.
        others: further equilibria that were found from `starts`, without those within 1e-6 of one named
            before.
    """

    prices: Floats
    converged: bool
    iterations: int
    residual: float
    capacity_price: Floats
    game: Game = field(repr=False)
    path: str = ""
    best_response_gain: float = float("nan")
    deviations: int = 0
    reason: str = ""
    others: tuple[Equilibrium, ...] = ()

    @cached_property
    def shares(self) -> Floats:
        """Expected shares at these prices (J,)."""
        if not np.isfinite(self.prices).all():
            return np.full(self.prices.size, np.nan)
        with telling(self.game.demand):
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
        """Return self, or raise `ConvergenceError` with the residual or the firm that would leave."""
        if not self.converged:
            raise ConvergenceError(f"equilibrium: {self.reason}")
        return self


def _is_list_of_prices(value: object) -> bool:
    return value is None or (isinstance(value, (Sequence, np.ndarray)) and len(value) > 0)


STARTS = Sort("a list of prices to start from, or None", _is_list_of_prices)


@takes(
    demand=Demand,
    conduct=CONDUCT,
    ownership=OWNERSHIP,
    starts=STARTS,
    tol=number,
    max_iterations=at_least(1),
    accelerate=flag,
    check=flag,
)
def solve(
    demand: Demand,
    costs: Costs,
    firm_ids: ArrayLike | None,
    *,
    fixed: ArrayLike | None = None,
    floor: ArrayLike | None = None,
    cap: ArrayLike | None = None,
    unit_tax: ArrayLike = 0.0,
    ad_valorem_tax: ArrayLike = 0.0,
    conduct: ArrayLike = 0.0,
    ownership: ArrayLike | None = None,
    theta: ArrayLike = 0.0,
    capacity: ArrayLike | None = None,
    start: ArrayLike | None = None,
    starts: Sequence[ArrayLike] | None = None,
    tol: float = 1e-12,
    max_iterations: int = 5000,
    accelerate: bool = True,
    check: bool = True,
) -> Equilibrium:
    """Solve the pricing game of all firms.

    Args:
        demand: any `Demand` of J products.
        costs: (J,) unit cost of the seller; or a function of shares (J,) that gives marginal costs (J,), each
            of its own product's share only (see `Rising`).
        firm_ids: (J,) owner of each product, any labels. A merger is two labels made one; entry and exit are
            another
            `demand` (see `MixedLogit.subset`); joint monopoly is one label for all, or `conduct` 1. None
            where `ownership` (J, J) says it.
        fixed: (J,) imposed prices, NaN where the owner is free to respond; None for all free.
        floor: (J,) or one number: lowest price allowed, -inf for none.
        cap: (J,) or one number: highest price allowed, inf for none.
        unit_tax: money per unit paid by the seller; negative is a subsidy.
        ad_valorem_tax: rate t on the net price: the seller keeps p / (1 + t). Negative is a subsidy.
        conduct: weight on rivals' profit, 0 Nash ... 1 joint profit: one number, one for each firm (F,), or
            for each pair of firms (F, F), row on column, firms in the order of their sorted labels.
        ownership: (J, J) what the decider of the row's price gets of the column's profit, for partial and
            cross holdings; or (F, F) by firm, labels sorted. Products with equal rows (up to scale) and one
            label are decided together.
        theta: growth motive, money per unit by which the firm values a sale beyond its profit.
        capacity: (J,) largest share each product can deliver, inf for no limit; its shadow price is returned.
        start: (J,) prices to start from; by default marginal cost and a first markup.
        starts: further prices (J,) to start from; what they lead to is in `others` unless it is the same.
        tol: largest relative move of a price at which the iteration stops.
        max_iterations: give up after so many (and say so in the result).
        accelerate: Anderson mixing and all that follows where it fails; False for the plain zeta iteration.
        check: search every firm's best response, and go on from there until nobody gains. False where the
            same market is solved again and again: the answer is then one at which conditions hold, no more,
            and Newton's method, whose linear algebra may round differently elsewhere, is left out.

    Raises:
        InputError: wrong shapes, NaN, no owner, floor above cap, a floor above any buyer's value; an error
            that an own demand raises, told with its class, method, file and line.
    """
    with telling(demand):
        game = make_game(
            demand,
            costs,
            firm_ids,
            (fixed, floor, cap),
            (unit_tax, ad_valorem_tax, theta),
            conduct,
            ownership,
            capacity,
        )
        first = first_prices(game, start)
        if check:
            check_answers(demand, first)
        if floor is not None or fixed is not None:
            check_floor(game, first)
        effort = (float(tol), max_iterations, accelerate, check)
        found = _equilibrium(game, first, *effort)
        if starts is None:
            return found
        more = [_equilibrium(game, first_prices(game, prices), *effort) for prices in starts]
        best = next((e for e in (found, *more) if e.converged), found)
        return replace(best, others=_distinct(best, (found, *more)))


def _equilibrium(
    game: Game, start: Floats, tol: float, most: int, accelerate: bool, check: bool
) -> Equilibrium:
    reached = reach(game, start, tol, most, accelerate, finish=check)
    verdict = settle(game, reached, tol, most, accelerate) if check else Verdict(reached)
    last = verdict.reached
    if game.rising is not None and np.isfinite(last.prices).all():
        game = replace(game, costs=game.rising(game.demand.expected(last.prices)))
    if verdict.gain == np.inf and last.converged:
        warnings.warn(verdict.reason, stacklevel=4)
    reason = verdict.reason or _why(last)
    stands = last.converged and verdict.stands
    return Equilibrium(
        last.prices,
        stands,
        last.iterations,
        last.residual,
        last.shadow,
        game,
        last.path,
        verdict.gain,
        verdict.deviations,
        reason,
    )


def _why(reached: Reached) -> str:
    if reached.converged:
        return ""
    return f"residual {reached.residual:.3g} after {reached.iterations} iterations"


def _distinct(best: Equilibrium, found: tuple[Equilibrium, ...]) -> tuple[Equilibrium, ...]:
    """The equilibria that differ from `best` and from each other."""
    kept = [best]
    for one in found:
        new = all(
            np.abs(one.prices - other.prices).max() > _SAME * np.abs(other.prices).max() for other in kept
        )
        if one.converged and new:
            kept.append(one)
    return tuple(kept[1:])
