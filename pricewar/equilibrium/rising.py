"""Marginal cost that depends on what is sold: a function of the product's own share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pricewar.base.errors import InputError, PricewarError, Problem, bad_input
from pricewar.base.own_code import FAILURES, told
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
        InputError: not finite numbers (J,), a cost that moves with another product's share, or an error that
            the function or its derivative raises, now or later: told with class, method, file and line.
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
        return vector("costs", self._asked("__call__", shares), self.added.size) + self.added

    def slope(self, shares: Floats) -> Floats:
        """d marginal cost / d share (J,)."""
        if getattr(self.function, "derivative", None) is not None:
            return vector("costs.derivative", self._asked("derivative", shares), self.added.size)
        step = np.minimum(_STEP, 0.5 * shares)
        step = np.where(step > 0.0, step, _STEP)
        return np.asarray((self(shares + step) - self(shares - step)) / (2.0 * step))

    def total(self, shares: Floats) -> Floats:
        """Cost of selling `shares` (J,), the integral from zero, by Gauss and Legendre's rule."""
        points = 0.5 * (_NODES + 1.0)
        parts = [w * self(point * shares) for point, w in zip(points, _WEIGHTS, strict=True)]
        return np.asarray(0.5 * shares * np.sum(parts, axis=0))

    def _asked(self, method: str, shares: Floats) -> Any:
        """What the function, or a method of it, gives; an error in it is told with its place."""
        place = "costs" if method == "__call__" else f"costs.{method}"
        try:
            return self.function(shares) if method == "__call__" else getattr(self.function, method)(shares)
        except PricewarError:
            raise
        except FAILURES as error:
            found = f"an error of {_named(self.function, method)}: {told(error)}"
            allowed = f"a function of {shares.size} shares that gives as many numbers"
            raise InputError("equilibrium", (Problem(place, found, allowed),)) from error


def _named(function: Any, method: str) -> str:
    """Module and name of a function, or of the class of an object that is called, with its method."""
    if hasattr(function, "__qualname__"):
        return f"{function.__module__}:{function.__qualname__}"
    sort = type(function)
    return f"{sort.__module__}:{sort.__qualname__}.{method}"
