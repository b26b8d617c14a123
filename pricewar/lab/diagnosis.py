"""What learned strategies do: gains, cycles, equilibrium, and what happens to a firm that deviates.

Definitions follow Calvano et al. (2020) and their replication files. States on a session's final cycle
count as on path. A deviation lasts one period and is to the static best reply unless said otherwise. The
rival's cut is its price two periods after, relative to its price in the deviation period. A reaction lasts
until play is back on the cycle that it left, or reaches another cycle and stays on it. Shares of deviations
weigh every (session, state, firm) alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pricewar.base.arrays import Floats, Ints
from pricewar.base.errors import bad_input

from .game import StageGame
from .kernels.diagnose import aftermath, best_replies, cycle_from, follow, true_values
from .sessions import Sessions

EXACT = 1e-12
"""Relative shortfall of a value below the best that still counts as a best reply."""


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """Arrays over sessions (first axis) and, below, over deviations from states on path to the static best
    reply.

    Attributes:
        cycle_length: periods of the final price cycle.
        prices, profits: (sessions, n) means over the cycle.
        gain: profit gain, 0 at Nash, 1 at joint monopoly.
        nash_on_path, nash_off_path: every firm best-replies in all states on (off) the cycle.
        best_reply_share: share of all (state, firm) in which the strategy is a best reply.
        q_loss_on_path, q_loss: relative value forgone by the strategies, mean over states on path and over
        all.
        symmetric: constant price, the same action index for all firms.
        deviation_session: (deviations,) session of each deviation.
        deviation_gain: relative change of the deviator's discounted profit.
        rival_cut: relative change of the rivals' mean price one period after the deviation.
        reaction_length: periods until the reaction is over.
    """

    cycle_length: Ints
    prices: Floats
    profits: Floats
    gain: Floats
    nash_on_path: NDArray[np.bool_]
    nash_off_path: NDArray[np.bool_]
    best_reply_share: Floats
    q_loss_on_path: Floats
    q_loss: Floats
    symmetric: NDArray[np.bool_]
    deviation_session: Ints
    deviation_gain: Floats
    rival_cut: Floats
    reaction_length: Ints

    @property
    def unprofitable(self) -> NDArray[np.bool_]:
        """(deviations,) whether the deviator earns strictly less than by staying."""
        return self.deviation_gain < -EXACT

    @property
    def steadfast(self) -> NDArray[np.bool_]:
        """(sessions,) whether no deviation to the static best reply pays in any state on path."""
        paid = np.bincount(self.deviation_session, weights=~self.unprofitable, minlength=len(self.gain))
        return np.asarray(paid == 0)

    def cycle_shares(self) -> tuple[float, float, float]:
        """Shares of sessions whose cycle has 1, 2, and 3 or more periods."""
        k = self.cycle_length
        return float(np.mean(k == 1)), float(np.mean(k == 2)), float(np.mean(k >= 3))


def diagnose(sessions: Sessions) -> Diagnosis:
    """Measure every session; see `Diagnosis`."""
    game, learner = sessions.game, sessions.learner
    rows = [
        _session(game, learner.memory, learner.delta, strategy, int(state))
        for strategy, state in zip(sessions.strategies, sessions.last_state, strict=True)
    ]
    counts = [len(row[1]) for row in rows]
    deviations = np.concatenate([row[1] for row in rows])
    columns = list(zip(*(row[0] for row in rows), strict=True))
    profits = np.stack(columns[2])
    return Diagnosis(
        cycle_length=np.array(columns[0]),
        prices=np.stack(columns[1]),
        profits=profits,
        gain=game.gain(profits),
        nash_on_path=np.array(columns[3]),
        nash_off_path=np.array(columns[4]),
        best_reply_share=np.array(columns[5]),
        q_loss_on_path=np.array(columns[6]),
        q_loss=np.array(columns[7]),
        symmetric=np.array(columns[8]),
        deviation_session=np.repeat(np.arange(len(rows)), counts),
        deviation_gain=deviations[:, 0],
        rival_cut=deviations[:, 1],
        reaction_length=deviations[:, 2].astype(np.int64),
    )


def _session(game: StageGame, memory: int, delta: float, strategy: Ints, state: int) -> tuple[tuple, Floats]:  # type: ignore[type-arg]
    """(row of session measures, (deviations, 3) measures of deviations) of one session."""
    n, m = game.firms, game.choices
    played, after = follow(strategy, m, memory)
    path = cycle_from(after, state)
    q = true_values(strategy, game.profits, m, memory, delta)
    best = q.max(axis=2)
    own = np.take_along_axis(q, strategy.T[:, :, None], axis=2)[:, :, 0]
    loss = (best - own) / np.abs(best)
    replies = loss <= EXACT
    off = np.ones(len(strategy), bool)
    off[path] = False
    actions = strategy[path]
    row = (
        len(path),
        game.actions[np.arange(n), actions].mean(axis=0),
        game.profits[played[path]].mean(axis=0),
        bool(replies[:, path].all()),
        bool(replies[:, off].all()),
        float(replies.mean()),
        float(loss[:, path].mean()),
        float(loss.mean()),
        bool(len(path) == 1 and (actions == actions[:, :1]).all()),
    )
    static = best_replies(game.profits, played, m)
    return row, np.array(
        [
            _deviation(game, memory, strategy, int(s), i, int(static[s, i]), q, own)
            for s in path
            for i in range(n)
        ]
    )


def _deviation(
    game: StageGame, memory: int, strategy: Ints, state: int, firm: int, action: int, q: Floats, own: Floats
) -> tuple[float, float, float]:
    """(relative gain of the deviator, rivals' relative cut, length of the reaction)."""
    rivals = [j for j in range(game.firms) if j != firm]
    actions, _, length = aftermath(strategy, game.choices, memory, state, firm, action, 2, 1)
    prices = game.actions[rivals, actions[:, rivals]]
    kept = own[firm, state]
    gain = (q[firm, state, action] - kept) / abs(kept)
    cut = float(np.mean((prices[1] - prices[0]) / prices[0])) if rivals else 0.0
    return gain, cut, length


@dataclass(frozen=True, eq=False)
class ImpulseResponse:
    """Mean prices around a deviation; period 0 is the cycle before it, period 1 the deviation.

    Args:
        deviator, rival: (sessions, periods + 1) prices, means over the states on path and over the firms.
    """

    deviator: Floats
    rival: Floats

    def table(self) -> Floats:
        """(periods + 1, 4) mean deviator, mean rival, and the standard error of each."""
        root = np.sqrt(len(self.deviator))
        spread = [
            x.std(axis=0, ddof=1) / root if len(x) > 1 else x[0] * np.nan for x in (self.deviator, self.rival)
        ]
        return np.stack([self.deviator.mean(axis=0), self.rival.mean(axis=0), *spread], axis=1)


def impulse_response(
    sessions: Sessions, deviation: str | int = "best-reply", periods: int = 15, spell: int = 1
) -> ImpulseResponse:
    """Average price paths after a firm leaves the cycle for `spell` periods.

    Args:
        sessions: learned strategies.
        deviation: `best-reply` (to the rivals' prices of that state), `nash`, `monopoly` (nearest on the
            grid), or steps of the grid relative to the firm's own price: -2 is a cut by two steps, +1 a
            rise by one.
        periods: periods shown from the deviation on.
        spell: periods the deviation lasts.

    Raises:
        InputError: an unknown kind of deviation.
    """
    if isinstance(deviation, str) and deviation not in ("best-reply", "nash", "monopoly"):
        raise bad_input(
            "impulse response", ("deviation", deviation, "best-reply, nash, monopoly or a number of steps")
        )
    game, memory = sessions.game, sessions.learner.memory
    paths = [
        _responses(game, memory, strategy, int(state), deviation, periods, spell)
        for strategy, state in zip(sessions.strategies, sessions.last_state, strict=True)
    ]
    stacked = np.stack(paths)
    return ImpulseResponse(deviator=stacked[:, 0], rival=stacked[:, 1])


def _responses(
    game: StageGame, memory: int, strategy: Ints, state: int, deviation: str | int, periods: int, spell: int
) -> Floats:
    """(2, periods + 1) mean deviator's and rivals' prices of one session."""
    n, m = game.firms, game.choices
    played, after = follow(strategy, m, memory)
    path = cycle_from(after, state)
    static = best_replies(game.profits, played, m)
    before = game.actions[np.arange(n), strategy[path]].mean(axis=0)
    out = np.empty((2, len(path) * n, periods + 1))
    row = 0
    for s in path:
        for i in range(n):
            action = _deviant(game, deviation, int(static[s, i]), int(strategy[s, i]), i)
            actions, _, _ = aftermath(strategy, m, memory, int(s), i, action, periods, spell)
            prices = game.actions[np.arange(n), actions]
            rivals = np.arange(n) != i
            out[0, row] = np.append(before[i], prices[:, i])
            out[1, row] = np.append(before[rivals].mean(), prices[:, rivals].mean(axis=1))
            row += 1
    return np.asarray(out.mean(axis=1))


def _deviant(game: StageGame, deviation: str | int, static: int, own: int, firm: int) -> int:
    """Action a firm deviates to."""
    if deviation == "best-reply":
        return static
    if deviation == "nash":
        return int(game.nearest(game.nash)[firm])
    if deviation == "monopoly":
        return int(game.nearest(game.monopoly)[firm])
    return int(np.clip(own + int(deviation), 0, game.choices - 1))
