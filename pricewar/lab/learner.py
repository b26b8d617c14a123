"""What a session needs to know of its learners, checked before anything is allocated."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pricewar.base.errors import bad_input

from .game import StageGame

PER_FIRM = "one number, or one per firm"


@dataclass(frozen=True)
class QLearner:
    """Q-learning firms as in Calvano et al. (2020).

    Args:
        alpha: learning rate in (0, 1], one for all or one per firm.
        beta: rate at which epsilon = exp(-beta t) falls, positive, one for all or one per firm.
        delta: discount factor in [0, 1).
        memory: periods of past prices that make the state, 0 or more.
        patience: periods without a change of strategy after which a session has converged.
        most: periods after which a session is given up.

    Raises:
        InputError: any of these out of its range; all at once.
    """

    alpha: float | tuple[float, ...] = 0.15
    beta: float | tuple[float, ...] = 4e-6
    delta: float = 0.95
    memory: int = 1
    patience: int = 100_000
    most: int = 1_000_000_000

    def __post_init__(self) -> None:
        found: list[tuple[str, object, str]] = []
        if not all(0 < a <= 1 for a in np.atleast_1d(self.alpha)):
            found.append(("alpha", self.alpha, "in (0, 1]"))
        if not all(b > 0 for b in np.atleast_1d(self.beta)):
            found.append(("beta", self.beta, "positive"))
        if not 0 <= self.delta < 1:
            found.append(
                ("delta", self.delta, "at least 0 and below 1: a value of the future must be finite")
            )
        if self.memory < 0:
            found.append(("memory", self.memory, "0 or more periods"))
        if self.patience < 1 or self.most < self.patience:
            found.append(("patience, most", (self.patience, self.most), "1 <= patience <= most"))
        if found:
            raise bad_input("learner", *found)

    def per_firm(self, firms: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(alpha, beta), each (firms,).

        Raises:
            InputError: a list whose length is not the number of firms.
        """
        found = [
            (name, value, f"{PER_FIRM}: {firms}")
            for name, value in (("alpha", self.alpha), ("beta", self.beta))
            if np.size(value) not in (1, firms)
        ]
        if found:
            raise bad_input("learner", *found)
        return np.full(firms, self.alpha, float), np.full(firms, self.beta, float)


def check_memory(
    game: StageGame, memory: int, workers: int, sessions: int = 1, available: int | None = None
) -> None:
    """Raise `InputError` if tables and results do not fit into half of the free memory.

    Args:
        workers: sessions whose tables of values are held at once.
        sessions: sessions whose strategies are kept.
        available: bytes, by default what the system has free.
    """
    free = free_memory() if available is None else available
    states = game.choices ** (game.firms * memory)
    need = states * game.firms * (workers * (8 * game.choices + 32) + sessions * 8)
    if need > free / 2:
        raise bad_input(
            "session",
            (
                "memory, n, m, workers",
                f"{states:.3g} states, {need / 2**30:.3g} GiB of values and strategies",
                f"at most half of the {free / 2**30:.3g} GiB free: fewer periods, prices, firms or workers",
            ),
        )


def free_memory() -> int:
    """Bytes of memory that can be had now; the machine's whole memory where the system does not say."""
    try:
        with open("/proc/meminfo", encoding="utf-8") as lines:
            fields = dict(line.split(":", 1) for line in lines)
        return int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
            return int(os.sysconf("SC_PHYS_PAGES")) * int(os.sysconf("SC_PAGE_SIZE"))
        return 4 * 2**30
