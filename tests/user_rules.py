"""Strategies as users write them, for tests that need one that Python can import by name."""

from __future__ import annotations

import numpy as np

from pricewar.base.records import Floats, View
from pricewar.strategies import Strategy


class HalfOff(Strategy):
    """Half the start price from a month on."""

    begin: int = 2

    def price(self, view: View) -> Floats:
        """Start price, then half of it."""
        return view.start_price * (0.5 if view.period >= self.begin else 1.0)


class Broken(Strategy):
    """Answers with NaN from a month on."""

    begin: int = 2

    def price(self, view: View) -> Floats:
        """Start price, then nothing."""
        return view.start_price if view.period < self.begin else np.full(view.n, np.nan)


class Crooked(Strategy):
    """Answers with one price too many."""

    def price(self, view: View) -> Floats:
        """Too long."""
        return np.ones(view.n + 1)
