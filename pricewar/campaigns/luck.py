"""The luck of campaigns: each firm's own, by its name, so that paired runs stay paired."""

from __future__ import annotations

import numpy as np

from pricewar.base.arrays import read_only
from pricewar.base.luck import streams
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
        habit: (F,) of the firms, where it is known; None: drawn.
    """

    def __init__(
        self,
        seed: int,
        firms: tuple[str, ...],
        periods: int,
        name: str = "campaigns",
        habit: Floats | None = None,
    ) -> None:
        def drawn(what: str, shape: tuple[int, ...], name: str = name) -> Floats:
            return np.array([luck.random(shape) for luck in streams(seed, ((name, f, what) for f in firms))])

        normal = streams(seed, ((name, firm, "size") for firm in firms))
        self.size = read_only(np.array([luck.standard_normal(periods) for luck in normal]).T.copy())
        self.habit = read_only(drawn("habit", (), "campaigns")) if habit is None else habit
        rest = drawn("rest", (periods, len(_UNIFORM) + ROUNDS))
        self.rest = read_only(rest.transpose(1, 2, 0).copy())
        """(periods, kinds of draw, F): a month's draws of one kind lie side by side."""

    def of(self, period: int) -> Draws:
        """The draws of one month."""
        rows = self.rest[period]
        named = dict(zip(_UNIFORM, rows, strict=False))
        return Draws(**named, follow=rows[len(_UNIFORM) :], size=self.size[period], habit=self.habit)
