"""The laboratory's general engine: any sellers, any timing, one market.

A `Seller` says how one firm decides, a `Protocol` who moves when, who sees what, and what else happens;
`simulate` plays sessions of them. The kernels of `sessions` are faster for the one case of Q-learners that
move together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewar.base.arrays import Floats, Ints
from pricewar.base.errors import bad_input

from .kernels.engine import play
from .learner import free_memory
from .sessions import in_threads

KINDS = ("q", "boltzmann", "ucb", "exp3", "gradient", "rule", "script")
Start = Callable[[np.random.Generator, tuple[int, int, int]], Floats]
Played = tuple[Ints, Ints, Floats, Ints, Floats]
TIMINGS = ("together", "in turn", "clocks")


@dataclass(frozen=True)
class Seller:
    """How one firm decides.

    Args:
        kind: `q` (epsilon-greedy Q-learning; with memory 0, the memoryless learner), `boltzmann`, the bandits
            `ucb` and `exp3`, `gradient` (softmax actor with a critic), `rule` or `script`.
        alpha: learning rate (q, boltzmann, gradient), in (0, 1].
        explore: epsilon, temperature, reach of the bound (money) or share of even play at the start.
        decay: factor on `explore` per period, in (0, 1].
        floor: least value of `explore`.
        rule: `rule(past)` for kind rule: past (memory, n) actions, newest first, to the action.
        script: actions of kind script, repeated.
    """

    kind: str = "q"
    alpha: float = 0.15
    explore: float = 1.0
    decay: float = 1.0
    floor: float = 0.0
    rule: Callable[[Ints], int] | None = None
    script: tuple[int, ...] = ()


@dataclass(frozen=True)
class Protocol:
    """Who moves when, who sees what, what else happens.

    Args:
        delta: discount factor of a period, in [0, 1).
        memory: periods a state remembers.
        lag: age of the newest period a state knows, 0 for last period's.
        rivals_only: states leave out the firm's own actions.
        timing: `together`, `in turn` or `clocks` (each period firm i moves with probability `revise[i]`).
        revise: probability of a move under clocks, one for all or one per firm.
        counterfactual: synchronous updates, every action learns what it would have earned (together only).
        entry, leave: probability per period that an absent firm comes in, a present one goes.
        absent: action that stands for being out (a row of the profit table without sales); None: all stay.
        demand: transition probabilities between the demand states of the profit table.
        demand_seen: firms see the demand state before they move.
    """

    delta: float = 0.95
    memory: int = 1
    lag: int = 0
    rivals_only: bool = False
    timing: str = "together"
    revise: float | tuple[float, ...] = 1.0
    counterfactual: bool = False
    entry: float | tuple[float, ...] = 0.0
    leave: float | tuple[float, ...] = 0.0
    absent: int | None = None
    demand: tuple[tuple[float, ...], ...] = ((1.0,),)
    demand_seen: bool = False


@dataclass(frozen=True, eq=False)
class Plays:
    """The last `keep` periods of every session.

    Args:
        actions: (sessions, keep, n); demand: (sessions, keep); moved: (sessions, keep, n) whether a firm
        moved. profits: (sessions, n) means over those periods.
        values: (sessions, n, states, m) final tables.
    """

    actions: Ints
    demand: Ints
    moved: NDArray[np.bool_]
    profits: Floats
    values: Floats


def states_of(protocol: Protocol, firms: int, choices: int) -> int:
    """Number of states a firm tells apart."""
    seen = len(protocol.demand) if protocol.demand_seen else 1
    per_period: int = choices ** (firms - 1 if protocol.rivals_only else firms)
    return int(per_period**protocol.memory * seen)


def simulate(
    profits: Floats,
    choices: int,
    sellers: Sequence[Seller],
    protocol: Protocol,
    *,
    sessions: int = 1,
    periods: int = 100_000,
    keep: int = 1000,
    seed: int = 0,
    start: Start | None = None,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Plays:
    """Play sessions; session k is the same whatever their number and the number of workers.

    Args:
        profits: (m**n, n), or (demand states, m**n, n).
        choices: m.
        sellers: one per firm.
        protocol: the rest of the rules.
        sessions, periods, keep: how many, how long, how many last periods are returned.
        seed: names the streams together with the session's number.
        start: opening tables of shape (n, states, m) from a generator; zeros if None.
        workers: threads, default the number of cores.
        progress: called with 1 after every session.

    Raises:
        InputError: anything out of range; all at once, before tables are made.
    """
    table = profits[None] if profits.ndim == 2 else profits
    n = len(sellers)
    states = _check(table, choices, sellers, protocol, sessions, periods, keep)
    rules, scripts = _tables(sellers, protocol, n, choices, states)
    shape = (n, states, choices)

    def one(k: int) -> Played:
        return _session(table, shape, sellers, protocol, rules, scripts, periods, keep, seed, k, start)

    rows = in_threads(one, sessions, workers, progress)
    parts: list[Any] = [np.stack(part) for part in zip(*rows, strict=True)]
    return Plays(parts[0], parts[1], parts[3].astype(bool), parts[2], parts[4])


def _session(
    table: Floats,
    shape: tuple[int, int, int],
    sellers: Sequence[Seller],
    protocol: Protocol,
    rules: Ints,
    scripts: Ints,
    periods: int,
    keep: int,
    seed: int,
    session: int,
    start: Start | None,
) -> Played:
    """Play one session: the settings as the arrays the kernel wants."""
    n, _, m = shape
    p = protocol
    rng = np.random.Generator(np.random.Philox(key=[seed, 0xE9], counter=session))
    opening = rng.integers(m, size=(max(p.memory + p.lag, 1), n))
    absent = -1 if p.absent is None else p.absent
    opening = np.where(opening == absent, 0 if absent else 1, opening)
    values = np.ascontiguousarray(start(rng, shape) if start else np.zeros(shape), float)
    kinds = np.array([KINDS.index(s.kind) for s in sellers])
    alpha, explore, decay, floor = (
        np.array([getattr(s, k) for s in sellers], float) for k in ("alpha", "explore", "decay", "floor")
    )
    revise, entry, leave = (np.full(n, getattr(p, k), float) for k in ("revise", "entry", "leave"))
    with np.errstate(over="ignore"):  # only felt without the compiler
        actions, demand, profits, moved = play(
            table,
            np.array(p.demand, float),
            p.demand_seen,
            kinds,
            alpha,
            explore,
            decay,
            floor,
            p.delta,
            p.memory,
            p.lag,
            p.rivals_only,
            TIMINGS.index(p.timing),
            revise,
            p.counterfactual,
            entry,
            leave,
            absent,
            values,
            rules,
            scripts,
            opening,
            seed,
            session,
            periods,
            keep,
        )
    return actions, demand, profits, moved, values


def _tables(sellers: Sequence[Seller], protocol: Protocol, n: int, m: int, states: int) -> tuple[Ints, Ints]:
    """(n, states) actions of rule-based sellers and (n, length) scripts."""
    rules = np.zeros((n, states), np.int64)
    length = int(np.lcm.reduce([max(len(s.script), 1) for s in sellers]))
    scripts = np.zeros((n, length), np.int64)
    levels = len(protocol.demand) if protocol.demand_seen else 1
    for i, seller in enumerate(sellers):
        if seller.script:
            scripts[i] = np.resize(np.array(seller.script), length)
        if seller.rule is not None:
            for s in range(states):
                past = np.array(np.unravel_index(s // levels, (m,) * (n * protocol.memory) or (1,)))
                shape = (protocol.memory, n)
                rules[i, s] = seller.rule(
                    past.reshape(shape) if protocol.memory else np.empty((0, n), np.int64)
                )
    return rules, scripts


def _check(
    table: Floats,
    m: int,
    sellers: Sequence[Seller],
    protocol: Protocol,
    sessions: int,
    periods: int,
    keep: int,
) -> int:
    """Raise every problem at once; return the number of states."""
    n = len(sellers)
    found: list[tuple[str, object, str]] = []
    if m < 2 or n < 1 or table.shape[1:] != (m**n, n):
        found.append(("profits", table.shape, f"(demand states, {m}**{n}, {n}), two choices or more"))
    if not 0 <= protocol.delta < 1:
        found.append(("delta", protocol.delta, "at least 0 and below 1"))
    if protocol.memory < 0 or protocol.lag < 0:
        found.append(("memory, lag", (protocol.memory, protocol.lag), "0 or more"))
    if protocol.timing not in TIMINGS:
        found.append(("timing", protocol.timing, ", ".join(TIMINGS)))
    if protocol.counterfactual and protocol.timing != "together":
        found.append(("counterfactual", True, "only where firms move together"))
    odds = np.array(protocol.demand)
    if odds.shape != (len(table),) * 2 or np.any(odds < 0) or not np.allclose(odds.sum(axis=-1), 1.0):
        found.append(("demand", protocol.demand, f"{len(table)} rows of probabilities"))
    if sessions < 1 or not 0 < keep <= periods:
        found.append(("sessions, periods, keep", (sessions, periods, keep), "positive, keep <= periods"))
    if protocol.absent is not None and not 0 <= protocol.absent < m:
        found.append(("absent", protocol.absent, f"an action, 0 to {m - 1}"))
    for i, seller in enumerate(sellers):
        found += [
            (f"sellers[{i}].{name}", value, allowed) for name, value, allowed in _wrong(seller, protocol, m)
        ]
    if found:
        raise bad_input("simulate", *found)
    states = states_of(protocol, n, m)
    need, free = sessions * n * states * (16 * m + 8), free_memory()
    if need > free / 2:
        raise bad_input(
            "simulate",
            (
                "memory",
                f"{states} states, {need / 2**30:.3g} GiB",
                f"half of the {free / 2**30:.3g} GiB free",
            ),
        )
    return states


def _wrong(seller: Seller, protocol: Protocol, m: int) -> list[tuple[str, object, str]]:
    """Problems of one seller."""
    found: list[tuple[str, object, str]] = []
    if seller.kind not in KINDS:
        found.append(("kind", seller.kind, ", ".join(KINDS)))
    if not 0 < seller.alpha <= 1:
        found.append(("alpha", seller.alpha, "in (0, 1]"))
    if not (0 < seller.decay <= 1 and seller.floor >= 0 and seller.explore >= 0):
        found.append(
            (
                "explore, decay, floor",
                (seller.explore, seller.decay, seller.floor),
                "not negative, decay in (0, 1]",
            )
        )
    if seller.kind in ("boltzmann", "exp3") and max(seller.floor, seller.explore) <= 0:
        found.append(("explore", seller.explore, "positive"))
    if seller.kind == "boltzmann" and seller.floor <= 0 and seller.decay < 1:
        found.append(("floor", seller.floor, "positive: a temperature must not reach zero"))
    if (seller.kind == "rule") != (seller.rule is not None) or (seller.rule and protocol.rivals_only):
        found.append(("rule", seller.rule, "a function for kind rule, whose states hold all firms' actions"))
    if (seller.kind == "script") != bool(seller.script) or any(not 0 <= a < m for a in seller.script):
        found.append(("script", seller.script, f"actions 0 to {m - 1} for kind script"))
    return found
