"""What moves when costs move: pass-through by the implicit function theorem; second-order condition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pricewar.base.arguments import Sort, numbers, takes
from pricewar.demand.base import Floats

from .asked import telling
from .newton import condition_derivative

if TYPE_CHECKING:
    from .solver import Equilibrium

SOLVED = Sort("an Equilibrium, from solve()", lambda value: hasattr(value, "game"))


@takes(equilibrium=SOLVED)
def pass_through(equilibrium: Equilibrium) -> Floats:
    """Return T[j, k] = d price_j / d cost_k at the equilibrium (J, J).

    Prices on a bound do not move: their rows are zero, and the others respond among themselves. Capacity that
    binds is not differentiated through: `InputError` would hide it, so its rows are NaN.

    Args:
        equilibrium: from `solve`.
    """
    game = equilibrium.game
    free = equilibrium.binding == 0
    with telling(game.demand):
        by_price = condition_derivative(game, equilibrium.prices, equilibrium.capacity_price)
        by_cost = -game.internal * game.demand.jacobian(equilibrium.prices).T
    out = np.zeros_like(by_price)
    out[free] = -np.linalg.solve(by_price[np.ix_(free, free)], by_cost[free])
    out[(equilibrium.capacity_price > 0) & free] = np.nan
    return out


def second_order_condition(equilibrium: Equilibrium) -> bool:
    """Whether every firm's profit has a negative definite Hessian in its free prices (a local maximum).

    Capacity that binds pins its price, so such products count as not free.
    """
    if not np.isfinite(equilibrium.prices).all():
        return False
    game = equilibrium.game
    free = (equilibrium.binding == 0) & (equilibrium.capacity_price == 0)
    with telling(game.demand):
        hessian = condition_derivative(game, equilibrium.prices, equilibrium.capacity_price)
    if game.weights is not None:  # rows of one decider on one scale
        hessian = np.diag(game.weights)[:, None] * hessian
    for firm in np.unique(game.firms):
        own = free & (game.firms == firm)
        block = hessian[np.ix_(own, own)]
        if own.any() and np.linalg.eigvalsh((block + block.T) / 2.0)[-1] >= 0.0:
            return False
    return True


@takes(
    equilibrium=SOLVED,
    theta=Sort(
        "(J,) money per unit, or one number", lambda value: np.ndim(value) < 2 and numbers.fits(value)
    ),
)
def profits(equilibrium: Equilibrium, theta: Floats | float = 0.0) -> Floats:
    """Profit per buyer, per product (J,): (keep p - cost - theta) share; `theta` undoes a growth motive.

    Where cost rises with sales it is that of all units sold, not of the last one.

    Args:
        equilibrium: from `solve`.
        theta: (J,) or one number, money a unit.
    """
    game, shares = equilibrium.game, equilibrium.shares
    if game.rising is not None:
        return game.earned(equilibrium.prices, shares) - theta * shares
    return (game.keep * equilibrium.prices - game.costs - theta) * shares
