"""Mean utilities from observed shares: the contraction of Berry, Levinsohn and Pakes (1995), accelerated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pricewar.base.arguments import at_least, number, takes
from pricewar.base.errors import ConvergenceError
from pricewar.kernels.zeta import MEMORY, anderson

from .base import Floats, gather, vector
from .mixed import MixedLogit


@dataclass(frozen=True)
class Inversion:
    """Mean utilities that reproduce shares.

    Attributes:
        delta: (J,) mean utility without price.
        converged: whether the residual went below the tolerance.
        iterations: evaluations of the shares.
        residual: largest |log(observed share / predicted share)|.
    """

    delta: Floats
    converged: bool
    iterations: int
    residual: float

    def require_converged(self) -> Inversion:
        """Return self, or raise `ConvergenceError` with iterations and residual."""
        if not self.converged:
            raise ConvergenceError(
                f"delta inversion: residual {self.residual:.3g} after {self.iterations} iterations"
            )
        return self


@takes(demand=MixedLogit, tol=number, max_iterations=at_least(1))
def invert_shares(
    demand: MixedLogit,
    shares: ArrayLike,
    prices: ArrayLike,
    tol: float = 1e-13,
    max_iterations: int = 10_000,
    start: ArrayLike | None = None,
) -> Inversion:
    """Find delta (J,) such that `demand.with_delta(delta).expected(prices)` equals `shares`.

    The map delta + (1 - rho) (log observed - log predicted), mixed over five past steps (Anderson); when the
    residual grows the past is dropped, so that the plain contraction, which converges from anywhere, is the
    fallback; of two levels rho is the inner one. It starts from `start` (J,), by default the mean utilities
    of the plain logit, or those of one type of buyer with two levels (Berry 1994; Verboven 1996).

    Args:
        demand: whose tastes and price coefficients stay.
        shares: (J,) of all buyers, each above 0, sum below 1.
        prices: (J,) what buyers pay, in the money of the demand.
        tol: largest step that ends it, in utility.
        max_iterations: of the contraction.
        start: (J,) delta to begin with; None: as above.

    Raises:
        InputError: shares not positive, or summing to one or more (or to more than the weights allow).
    """
    p, observed = demand.check_prices(prices), vector("shares", shares, demand.products)
    room = min(1.0, float(np.sum(demand.weights)))  # type: ignore[arg-type]
    gather(
        (bool((observed <= 0).any()), "shares", float(observed.min()), "shares above zero"),
        (
            not observed.sum() < room,
            "shares",
            float(observed.sum()),
            f"a sum below {room:g}: some buy nothing",
        ),
    )
    damping = 1.0 - demand.rhos[demand.nest_codes] if demand.rhos.size else 1.0
    mean_alpha = float(np.average(demand.alpha, weights=demand.weights))
    plain = np.log(observed) - np.log(room - observed.sum()) + mean_alpha * p
    if demand.tree is not None:
        plain -= _of_nests(demand, observed)
    first = plain if start is None else vector("start", start, demand.products)
    return _contract(demand, np.log(observed), p, first, damping, tol, max_iterations)


def _of_nests(demand: MixedLogit, shares: Floats) -> Floats:
    """What nests of two levels take off the mean utilities of the plain logit (J,)."""
    assert demand.tree is not None
    codes, (parents, outer_rho) = demand.nest_codes, demand.tree
    nest = np.bincount(codes, shares)
    part = nest / np.bincount(parents, nest)[parents]
    return np.asarray(
        demand.rhos[codes] * np.log(shares / nest[codes]) + (outer_rho[parents] * np.log(part))[codes]
    )


def _contract(
    demand: MixedLogit,
    target: Floats,
    prices: Floats,
    delta: Floats,
    damping: Floats | float,
    tol: float,
    most: int,
) -> Inversion:
    states, images = np.empty((MEMORY, delta.size)), np.empty((MEMORY, delta.size))
    proposal, filled, slot, before = np.empty(delta.size), 0, 0, np.inf
    residual = np.inf
    for iteration in range(1, most + 1):
        with np.errstate(divide="ignore"):
            gap = target - np.log(demand.expected(prices, delta=delta))
        residual = float(np.abs(gap).max())
        image = delta + damping * gap
        if residual <= tol:
            return Inversion(image, True, iteration, residual)
        if not np.isfinite(residual):
            return Inversion(delta, False, iteration, residual)
        if residual > 1.5 * before:
            filled = 0
        before = residual
        anderson(delta, image, states, images, filled, proposal)
        states[slot], images[slot] = delta, image
        slot, filled = (slot + 1) % MEMORY, min(filled + 1, MEMORY)
        delta = proposal.copy()
    return Inversion(delta, False, most, residual)
