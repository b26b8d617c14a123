"""Waltman and Kaymak (2008): firms that learn quantities and remember nothing still restrict output."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from pydantic import Field

from . import figures
from .engine import Protocol, Seller, simulate
from .game import joint_actions
from .report import Comparison, Report, standard_error
from .settings import Misfit, Number, Settings, Sitting, Whole, published_game

SOURCE = "Waltman, Kaymak (2008), Q-learning agents in a Cournot oligopoly model, JEDC 32(10)"


class WaltmanKaymak(Settings):
    """Settings of `waltman-kaymak`."""

    n: Whole = Field(2, ge=1, description="firms")
    alpha: Number = Field(0.5, description="learning rate")
    delta: Number = Field(0.0, description="discount factor")
    memory: Whole = Field(0, description="periods remembered")
    size: Number = Field(40.0, description="demand is size less total output")
    cost: Number = Field(4.0, ge=0, description="unit cost, below size")
    most: Whole = Field(40, ge=1, description="largest quantity")
    heat: Number = Field(1000.0, gt=0, description="temperature of the logit choice at the start")
    decay: Number = Field(0.99999, description="factor of the temperature each period")
    periods: Whole = Field(1_000_000, ge=1, description="periods of learning")

    def misfits(self) -> Iterator[Misfit]:
        """A market that nobody serves, a table that no memory holds."""
        if self.cost >= self.size:
            yield "cost", self.cost, f"below size {self.size}"
        if (self.most + 1) ** self.n > 10_000_000:
            yield "n, most", (self.n, self.most), "at most ten million joint actions"


def cournot_table(firms: int, most: int, size: float, cost: float) -> np.ndarray:
    """((most + 1)**n, n) profits of whole quantities 0..most at price max(size - total, 0)."""
    quantities = joint_actions(firms, most + 1).astype(float)
    price = np.maximum(size - quantities.sum(axis=1, keepdims=True), 0.0)
    return np.asarray((price - cost) * quantities)


def benchmarks(firms: int, size: float, cost: float) -> tuple[float, float]:
    """Total output in Cournot-Nash and under joint monopoly."""
    return (size - cost) * firms / (firms + 1), (size - cost) / 2


@published_game("waltman-kaymak", WaltmanKaymak, sessions=50)
def run(s: WaltmanKaymak, how: Sitting) -> Report:
    """Let firms learn quantities by logit choice at a falling temperature.

    Raises:
        InputError: settings out of range.
    """
    seller = Seller("boltzmann", alpha=s.alpha, explore=s.heat, decay=s.decay, floor=1e-9)
    plays = simulate(
        cournot_table(s.n, s.most, s.size, s.cost),
        s.most + 1,
        [seller] * s.n,
        Protocol(delta=s.delta, memory=s.memory),
        sessions=how.sessions,
        periods=s.periods,
        keep=min(100, s.periods),
        seed=how.seed,
        workers=how.workers,
        progress=how.progress,
    )
    totals = plays.actions.sum(axis=2).mean(axis=1)
    nash, monopoly = benchmarks(s.n, s.size, s.cost)
    base = s.published()
    rows = (
        Comparison(
            "total output",
            20.8 if base else None,
            float(totals.mean()),
            standard_error(totals),
            sessions=len(totals),
        ),
        Comparison("total output, Nash", 24.0 if base else None, nash),
        Comparison("total output, joint monopoly", None, monopoly),
        Comparison(
            "share of sessions below Nash",
            None,
            float((totals < nash).mean()),
            standard_error(totals < nash),
            sessions=len(totals),
        ),
    )
    return Report(
        game="waltman-kaymak",
        source=SOURCE,
        settings={**s.model_dump(), "sessions": how.sessions, "seed": how.seed},
        comparisons=rows,
        summary={r.quantity: r.reproduced for r in rows},
        tables={"sessions": pd.DataFrame({"total": totals, "profit": plays.profits.mean(axis=1)})},
        figures={"totals": lambda: figures.histogram(totals, "total output", 20.8 if base else None)},
        remarks=("Firms remember nothing, so nobody can punish: low output is mislearning, not collusion.",)
        if s.memory == 0
        else (),
    )
