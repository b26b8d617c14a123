"""One repeated game for all timings, memories and kinds of seller.

A firm that moves closes the account of its last move first: discounted profit since then plus what it
expects from here, so simultaneous, alternating and random moves need no case of their own. States remember
joint (or only rivals') actions `lag` periods old, and the state of demand if it is seen.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from .learners import EXP3, GRADIENT, RULE, SCRIPT, UCB, choose, draw, learn_row
from .qlearn_random import stream_key

TOGETHER, IN_TURN, CLOCKS = range(3)


@njit(cache=True)
def encode(
    history: np.ndarray, firm: int, m: int, memory: int, lag: int, rivals_only: bool, demand: int, levels: int
) -> int:
    """State number a firm sees.

    `history` (memory + lag, n) is newest first; `levels` is 1 if demand is unseen.
    """
    state = 0
    for d in range(lag, lag + memory):
        for j in range(history.shape[1]):
            if not (rivals_only and j == firm):
                state = state * m + history[d, j]
    return state * levels + (demand if levels > 1 else 0)


@njit(cache=True)
def close_account(
    kind: int,
    values: np.ndarray,
    counts: np.ndarray,
    critic: np.ndarray,
    odds: np.ndarray,
    state: int,
    action: int,
    then: int,
    earned: float,
    weight: float,
    spell: int,
    alpha: float,
    explore: float,
    span: np.ndarray,
) -> None:
    """Let a firm learn from its last move: profit `earned` over `spell` periods, state `then` after it."""
    row = values[state]
    if kind in (UCB, EXP3):
        mean = earned / spell
        if kind == EXP3:
            mean = (mean - span[0]) / (span[1] - span[0])
        learn_row(kind, row, counts[state], odds, action, alpha, mean, 0.0, explore)
    elif kind == GRADIENT:
        target = earned + weight * critic[then]
        learn_row(kind, row, counts[state], odds, action, alpha, target, critic[state], explore)
        critic[state] += alpha * (target - critic[state])
    else:
        best = values[then, 0]
        for a in range(1, values.shape[1]):
            best = max(best, values[then, a])
        learn_row(kind, row, counts[state], odds, action, alpha, earned + weight * best, 0.0, explore)


@njit(cache=True)
def imagine(
    values: np.ndarray,
    profits: np.ndarray,
    firm: int,
    played: int,
    place: int,
    state: int,
    then: int,
    own_weight: int,
    action: int,
    alpha: float,
    delta: float,
) -> None:
    """Synchronous update: every action learns what it would have earned against what the others did."""
    m = values.shape[1]
    for a in range(m):
        after = then + (a - action) * own_weight
        best = values[after, 0]
        for b in range(1, m):
            best = max(best, values[after, b])
        target = profits[played + (a - action) * place, firm] + delta * best
        values[state, a] += alpha * (target - values[state, a])


@njit(cache=True)
def next_demand(odds: np.ndarray, counter: np.ndarray, key: np.uint64) -> int:
    """Draw the next state of demand from the odds of the present one."""
    u = draw(counter, key)
    for k in range(odds.size - 1):
        u -= odds[k]
        if u < 0.0:
            return k
    return int(odds.size - 1)


@njit(cache=True)
def come_and_go(
    inside: np.ndarray,
    last_state: np.ndarray,
    entry: np.ndarray,
    leave: np.ndarray,
    counter: np.ndarray,
    key: np.uint64,
) -> None:
    """Firms leave and come in; one that does has no open account."""
    for i in range(inside.size):
        was = inside[i]
        if was and leave[i] > 0.0:
            inside[i] = draw(counter, key) >= leave[i]
        elif not was and entry[i] > 0.0:
            inside[i] = draw(counter, key) < entry[i]
        if was != inside[i]:
            last_state[i] = -1


@njit(cache=True)
def who_moves(
    moves: np.ndarray, timing: int, t: int, revise: np.ndarray, counter: np.ndarray, key: np.uint64
) -> None:
    """Mark the firms that may move in period t; in the first all do."""
    for i in range(moves.size):
        turn = timing == IN_TURN and t % moves.size == i
        rings = timing == CLOCKS and draw(counter, key) < revise[i]
        moves[i] = 1 if t == 0 or timing == TOGETHER or turn or rings else 0


@njit(cache=True)
def remember(history: np.ndarray, current: np.ndarray) -> None:
    """Push the actions just played in front."""
    for d in range(history.shape[0] - 1, 0, -1):
        history[d] = history[d - 1]
    history[0] = current


@njit(cache=True, nogil=True)
def play(  # noqa: C901, PLR0915 - the period of a game, start to end
    profits: np.ndarray,
    odds_of_demand: np.ndarray,
    seen: bool,
    kinds: np.ndarray,
    alpha: np.ndarray,
    explore: np.ndarray,
    decay: np.ndarray,
    floor: np.ndarray,
    delta: float,
    memory: int,
    lag: int,
    rivals_only: bool,
    timing: int,
    revise: np.ndarray,
    counterfactual: bool,
    entry: np.ndarray,
    leave: np.ndarray,
    absent: int,
    values: np.ndarray,
    rules: np.ndarray,
    script: np.ndarray,
    opening: np.ndarray,
    seed: int,
    session: int,
    periods: int,
    keep: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Play `periods` periods.

    Args:
        profits: (demand states, m**n, n).
        odds_of_demand: (demand states, demand states) transition probabilities.
        seen: demand is part of the state firms see.
        kinds: (n,) kind of seller.
        alpha, explore, decay, floor: (n,) learning rate; exploration max(floor, explore * decay**t).
        delta: discount factor.
        memory, lag, rivals_only: what a state remembers.
        timing: together, in turn, or clocks, where firm i may move with probability `revise[i]`.
        counterfactual: update all actions of a state at once (moves together only).
        entry, leave: (n,) probabilities of coming back in and of going out; out, a firm plays `absent`.
        absent: action of a firm that is out, or -1 if nobody leaves.
        values: (n, states, m) tables; changed in place.
        rules: (n, states) actions of rule-based sellers; script: (n, length) of scripted ones, repeated.
        opening: (memory + lag or 1, n) actions before the first period, newest first.
        seed, session: name the stream.
        keep: periods at the end whose actions are returned.

    Returns:
        actions (keep, n), demand states (keep,), mean profits over them (n,), moves (keep, n) as 0/1.
    """
    levels_all, _, n = profits.shape
    m = values.shape[2]
    levels = levels_all if seen else 1
    key = stream_key(seed, session)
    counter = np.zeros(1, np.uint64)
    history = opening.copy()
    counts = np.zeros(values.shape)
    critic = np.zeros(values.shape[:2])
    odds = np.full((n, m), 1.0 / m)
    span = np.array([profits.min(), profits.max()])
    current = history[0].copy()
    inside = np.ones(n, np.bool_)
    last_state = np.full(n, -1, np.int64)
    earned = np.zeros(n)
    weight = np.ones(n)
    spell = np.zeros(n, np.int64)
    moves = np.zeros(n, np.int64)
    demand, before, played_before = 0, 0, 0
    actions = np.zeros((keep, n), np.int64)
    demands = np.zeros(keep, np.int64)
    moved = np.zeros((keep, n), np.int64)
    totals = np.zeros(n)
    for t in range(periods):
        before = demand
        if levels_all > 1:
            demand = next_demand(odds_of_demand[demand], counter, key)
        if absent >= 0:
            come_and_go(inside, last_state, entry, leave, counter, key)
        who_moves(moves, timing, t, revise, counter, key)
        for i in range(n):
            if not inside[i]:
                current[i] = absent
                continue
            if moves[i] == 0 and current[i] != absent:
                continue
            state = encode(history, i, m, memory, lag, rivals_only, demand, levels)
            heat = max(floor[i], explore[i] * math.pow(decay[i], t))
            kind = kinds[i]
            if kind == RULE:
                current[i] = rules[i, state]
            elif kind == SCRIPT:
                current[i] = script[i, t % script.shape[1]]
            else:
                last = last_state[i]
                if last >= 0 and counterfactual and kind <= 1:
                    place = m ** (n - 1 - i)
                    own = 0
                    if memory > 0 and lag == 0 and not rivals_only:
                        own = place * (m**n) ** (memory - 1) * levels
                    imagine(
                        values[i],
                        profits[before],
                        i,
                        played_before,
                        place,
                        last,
                        state,
                        own,
                        current[i],
                        alpha[i],
                        delta,
                    )
                elif last >= 0:
                    close_account(
                        kind,
                        values[i],
                        counts[i],
                        critic[i],
                        odds[i],
                        last,
                        current[i],
                        state,
                        earned[i],
                        weight[i],
                        spell[i],
                        alpha[i],
                        heat,
                        span,
                    )
                current[i] = choose(kind, values[i, state], counts[i, state], heat, odds[i], counter, key)
                last_state[i] = state
            earned[i], weight[i], spell[i] = 0.0, 1.0, 0
        played = 0
        for i in range(n):
            played = played * m + current[i]
        played_before = played
        remember(history, current)
        slot = t - (periods - keep)
        for i in range(n):
            profit = profits[demand, played, i]
            earned[i] += weight[i] * profit
            weight[i] *= delta
            spell[i] += 1
            if slot >= 0:
                actions[slot, i] = current[i]
                moved[slot, i] = moves[i]
                totals[i] += profit
        if slot >= 0:
            demands[slot] = demand
    return actions, demands, totals / max(keep, 1), moved
