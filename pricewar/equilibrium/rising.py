"""Marginal cost that depends on what is sold: a function of the product's own share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pricewar.base.errors import bad_input
from pricewar.demand.base import Floats, vector

_STEP = 1e-6
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


class Rising:
    """Marginal costs (J,) as a function of shares (J,), each of its own product's share only.

    Args:
        function: shares (J,) to marginal costs (J,); an attribute `derivative`, shares to d cost / d share
            (J,), is used where there is one, otherwise central differences.
        added: (J,) money per unit on top: unit tax less growth motive.

    Raises:
        InputError: not finite numbers (J,), or a cost that moves with another product's share.
    """

    def __init__(self, function: Callable[[Floats], ArrayLike], added: Floats) -> None:
        self.function: Any = function
        self.added = added
        size = added.size
        base = self(np.full(size, 0.1))
        for j in range(size):
            moved = self(np.where(np.arange(size) == j, 0.2, 0.1)) != base
            moved[j] = False
            if moved.any():
                found = f"that of product {int(moved.argmax())} moves with the share of product {j}"
                raise bad_input("equilibrium", ("costs", found, "a function of each product's own share"))

    def __call__(self, shares: Floats) -> Floats:
        """Marginal costs (J,) at these shares, `added` included."""
        try:
            found = self.function(shares)
        except (TypeError, ValueError, ArithmeticError, LookupError) as error:
            allowed = f"a function of {shares.size} shares that gives as many costs"
            raise bad_input("equilibrium", ("costs", f"{type(error).__name__}: {error}", allowed)) from error
        return vector("costs", found, self.added.size) + self.added

    def slope(self, shares: Floats) -> Floats:
        """d marginal cost / d share (J,)."""
        given = getattr(self.function, "derivative", None)
        if given is not None:
            return vector("costs.derivative", given(shares), self.added.size)
        step = np.minimum(_STEP, 0.5 * shares)
        step = np.where(step > 0.0, step, _STEP)
        return np.asarray((self(shares + step) - self(shares - step)) / (2.0 * step))

    def total(self, shares: Floats) -> Floats:
        """Cost of selling `shares` (J,), the integral from zero, by Gauss and Legendre's rule."""
        points = 0.5 * (_NODES + 1.0)
        parts = [w * self(point * shares) for point, w in zip(points, _WEIGHTS, strict=True)]
        return np.asarray(0.5 * shares * np.sum(parts, axis=0))
