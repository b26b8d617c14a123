"""Genuine or spurious: are high prices held up by punishment, or only by poor learning?

Learners without memory can end far above Nash although none of them could punish anybody (Abada, Lambin and
Tchakarov 2024; Asker, Fershtman and Pakes 2024). High prices alone are therefore not called collusion here:
a cut must be answered, the answer must make it unprofitable, and the answer must be possible at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .diagnosis import Diagnosis
from .kernels.diagnose import cycle_from, follow
from .report import clustered_error
from .sessions import Sessions

HIGH_GAIN = 0.3
"""Profit gain from which prices count as high."""


def pair_across(play: Sessions, seed: int = 0) -> NDArray[np.float64]:
    """Profit gain when firms meet strangers: firm i keeps the strategy of another session for each i.

    Strategies that only work against the rival they grew up with lose their gain here. Play starts in a state
    drawn evenly.

    Returns:
        (sessions,) gains.
    """
    rng = np.random.Generator(np.random.Philox(key=[seed, 0xA1]))
    count, states, n = play.strategies.shape
    mixed = np.stack([play.strategies[np.roll(np.arange(count), i), :, i] for i in range(n)], axis=2)
    first: list[int] = rng.integers(states, size=count).tolist()  # type: ignore[assignment]
    profits = []
    for strategy, state in zip(mixed, first, strict=True):
        played, after = follow(np.ascontiguousarray(strategy), play.game.choices, play.learner.memory)
        profits.append(play.game.profits[played[cycle_from(after, state)]].mean(axis=0))
    return play.game.gain(np.stack(profits))


def panel(play: Sessions, found: Diagnosis, seed: int = 0) -> dict[str, Any]:
    """The evidence, by name: what a reader needs to tell collusion from mislearning."""
    return {
        "gain": float(found.gain.mean()),
        "can_punish": play.learner.memory > 0,
        "cut_answered": float(np.mean(found.rival_cut < 0)),
        "cut_error": clustered_error(found.rival_cut, found.deviation_session),
        "mean_cut": float(found.rival_cut.mean()),
        "cut_unprofitable": float(found.unprofitable.mean()),
        "gain_among_strangers": float(pair_across(play, seed).mean()) if len(play) > 1 else float("nan"),
    }


def verdict(checks: Mapping[str, Any]) -> str:
    """One sentence on `panel`."""
    if checks["gain"] < HIGH_GAIN:
        return f"Competitive: the mean profit gain is {checks['gain']:.2f}, near the one-shot equilibrium."
    error = checks["cut_error"] if np.isfinite(checks["cut_error"]) else 0.0
    answered = checks["can_punish"] and checks["mean_cut"] + 2 * error < 0
    if answered and checks["cut_unprofitable"] > 0.5:
        return (
            f"Collusion by reward and punishment: rivals answer a cut by {checks['mean_cut']:.1%} on average "
            f"and {checks['cut_unprofitable']:.0%} of cuts do not pay."
        )
    why = "firms cannot see past prices" if not checks["can_punish"] else "cuts go unanswered or pay"
    return (
        f"Spurious: the profit gain is {checks['gain']:.2f}, but {why}. High prices alone are not collusion."
    )
