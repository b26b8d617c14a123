"""Growth motives from first-order conditions: what makes the prices of a market a best response."""

from __future__ import annotations

import numpy as np

from pricewar.base.errors import ConvergenceError
from pricewar.demand.base import Demand, Floats, Ints
from pricewar.kernels.zeta import MEMORY, anderson

TOLERANCE = 1e-14
"""Largest move of a margin, as part of the largest margin."""
MOST = 2000


def bertrand_margins(demand: Demand, prices: Floats, firms: Ints, vat: float) -> Floats:
    """(J,) net margins at which prices are each firm's best response; 0 for what is not sold.

    They solve margin_j slope_j = share_j / (1 + vat) + gain_j(margins), whose terms need no J x J matrix
    (`Demand.markup_terms`). The map is a contraction, since of the buyers that a product loses only a part
    goes to products of the same firm; it is mixed over past steps (Anderson 1965).

    Raises:
        ConvergenceError: the margins do not settle.
    """
    margins, filled, slot = np.zeros(len(prices)), 0, 0
    states, images = np.empty((MEMORY, len(prices))), np.empty((MEMORY, len(prices)))
    proposal = np.empty(len(prices))
    best = np.inf
    for iteration in range(MOST):
        share, slope, gain = demand.markup_terms(prices, margins, firms, 0.0)
        sold = (slope > 0) & (share > 0)
        image = np.divide(share / (1.0 + vat) + gain, slope, out=np.zeros_like(slope), where=sold)
        moved = float(np.abs(image - margins).max()) / max(float(np.abs(image).max()), 1e-300)
        if moved <= TOLERANCE or (iteration > 20 and moved <= 1e-12 and moved >= best):
            return image
        best = min(best, moved)
        anderson(margins, image, states, images, filled, proposal)
        states[slot], images[slot] = margins, image
        slot, filled = (slot + 1) % MEMORY, min(filled + 1, MEMORY)
        margins = proposal.copy()
    raise ConvergenceError(f"margins at today's prices: still moving by {moved:.2g} after {MOST} steps")


def growth_motives(demand: Demand, prices: Floats, unit_cost: Floats, firms: Ints, vat: float) -> Floats:
    """(J,) theta, money a unit: unit cost less the net price less the Bertrand margin; 0 if not sold."""
    margins = bertrand_margins(demand, prices, firms, vat)
    theta = unit_cost - (prices / (1.0 + vat) - margins)
    return np.asarray(np.where(margins > 0, theta, 0.0))
