"""Demand from what was observed: mean utilities from shares, price sensitivity from a stated elasticity."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewar.base.errors import ConvergenceError

from .base import NOT_ON_SALE, Floats
from .inversion import invert_shares
from .mixed import MixedLogit
from .observed import Observed

LIMIT = 5000
"""Most evaluations of the shares in one inversion."""
ROUGH, EXACT = 1e-9, 1e-13
"""Largest gap in log share while the price sensitivity is sought, and in the end."""
TRIALS = 200


def calibrated_logit(
    observed: Observed,
    relative_alpha: Floats,
    tastes: Floats,
    own_elasticity: float,
    price_sensitivity: float | None = None,
    nests: NDArray[Any] | None = None,
    rho: Any = 0.0,
    gain: Floats | None = None,
) -> MixedLogit:
    """The logit that meets the observed shares and the stated mean own-price elasticity.

    Args:
        observed: the market.
        relative_alpha: (R,) price sensitivities up to a factor.
        tastes: (R, J) utility of each row from the attributes of each product.
        own_elasticity: unit-weighted mean own-price elasticity.
        price_sensitivity: the factor itself, per unit of money, in place of the elasticity.
        nests: (J,) labels of nests, (J, 2) of two levels, None for none.
        rho: correlation within nests; of two levels a pair, outer and inner.
        gain: (J,) mean utility of a later launch over the product that it is like, besides its `appeal`.

    Raises:
        ConvergenceError: no mean utilities reproduce the observed units, or no price sensitivity the
            elasticity.
    """
    sold = observed.on_sale
    whole = MixedLogit(
        np.zeros(len(sold)), relative_alpha, tastes, observed.population.weight, nests, rho,
        brand=observed.brand, owner=observed.firm_of, loyal=observed.loyal, group=observed.population.group,
    )  # fmt: skip
    delta, alpha = _fitted(observed, whole.subset(sold), relative_alpha, own_elasticity, price_sensitivity)
    full = np.full(len(sold), NOT_ON_SALE)
    full[sold] = delta
    extra = observed.appeal if gain is None else observed.appeal + gain
    full = np.where(sold, full, full[observed.like] + extra)
    return whole.with_alpha(alpha).with_delta(full)


def _fitted(
    observed: Observed, market: MixedLogit, relative: Floats, elasticity: float, fixed: float | None
) -> tuple[Floats, Floats]:
    """delta of the products on sale and alpha (R,)."""
    price, share = observed.price[observed.on_sale], observed.share[observed.on_sale]
    scale = fixed or -elasticity / observed.mean(observed.price)
    delta = scale * price - 3.0
    for _ in range(TRIALS):
        market = market.with_alpha(scale * relative)
        delta = _inverted(observed, market, share, price, delta, EXACT if fixed else ROUGH)
        if fixed:
            return delta, market.alpha
        market = market.with_delta(delta)
        own = market.own_slopes(price) * price / share
        ratio = elasticity / float(np.average(own, weights=share))
        if abs(ratio - 1.0) < 1e-8:
            return _inverted(observed, market, share, price, delta, EXACT), market.alpha
        scale *= ratio
    raise ConvergenceError(f"{observed.name}: no price sensitivity gives the elasticity asked for")


def _inverted(
    observed: Observed, market: MixedLogit, share: Floats, price: Floats, start: Floats, tolerance: float
) -> Floats:
    found = invert_shares(market, share, price, tolerance, LIMIT, start)
    if found.converged:
        return found.delta
    cause = "; ".join(observed.causes) or "use fewer or smaller taste spreads"
    raise ConvergenceError(
        f"{observed.name}: mean utilities do not settle after {found.iterations} iterations, "
        f"largest gap {found.residual:.1e} in log share; {cause}"
    )
