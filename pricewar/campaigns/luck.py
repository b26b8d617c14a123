"""The luck of campaigns: each firm's own, by its name, so that paired runs stay paired."""

from __future__ import annotations

import numpy as np

from pricewar.base.luck import stream
from pricewar.base.records import Floats

from .base import ROUNDS, Draws

_UNIFORM = ("lead", "kind", "coverage", "bite", "length", "launch", "renewal")


class Luck:
    """Draws of all campaigns of a run.

    Args:
        seed: of the run.
        firms: their ids.
        periods: months that are drawn.
        name: of the streams; what sort of firm each is (its habit) is the same under every name.
    """

    def __init__(self, seed: int, firms: tuple[str, ...], periods: int, name: str = "campaigns") -> None:
        def drawn(what: str, shape: tuple[int, ...], name: str = name) -> Floats:
            return np.array([stream(seed, name, firm, what).random(shape) for firm in firms])

        normal = [stream(seed, name, firm, "size").standard_normal(periods) for firm in firms]
        self.size = np.array(normal).T
        self.habit = drawn("habit", (), "campaigns")
        self.rest = drawn("rest", (periods, len(_UNIFORM) + ROUNDS))

    def of(self, period: int) -> Draws:
        """The draws of one month."""
        rows = self.rest[:, period].T
        named = dict(zip(_UNIFORM, rows, strict=False))
        return Draws(**named, follow=rows[len(_UNIFORM) :], size=self.size[period], habit=self.habit)
