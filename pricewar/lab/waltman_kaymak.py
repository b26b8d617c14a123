"""Waltman and Kaymak (2008): firms that learn quantities and remember nothing still restrict output."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from pricewar.base.errors import bad_input

from . import figures
from .engine import Protocol, Seller, simulate
from .game import joint_actions
from .report import Comparison, Report, standard_error
from .settings import Value, read_settings

SOURCE = "Waltman, Kaymak (2008), Q-learning agents in a Cournot oligopoly model, JEDC 32(10)"
DEFAULTS: dict[str, Value] = {
    "n": 2,
    "alpha": 0.5,
    "delta": 0.0,
    "memory": 0,
    "size": 40.0,
    "cost": 4.0,
    "most": 40,
    "heat": 1000.0,
    "decay": 0.99999,
    "periods": 1_000_000,
}


def cournot_table(firms: int, most: int, size: float, cost: float) -> np.ndarray:
    """((most + 1)**n, n) profits of whole quantities 0..most at price max(size - total, 0)."""
    quantities = joint_actions(firms, most + 1).astype(float)
    price = np.maximum(size - quantities.sum(axis=1, keepdims=True), 0.0)
    return np.asarray((price - cost) * quantities)


def benchmarks(firms: int, size: float, cost: float) -> tuple[float, float]:
    """Total output in Cournot-Nash and under joint monopoly."""
    return (size - cost) * firms / (firms + 1), (size - cost) / 2


def run(
    given: Mapping[str, Any] | None = None,
    *,
    sessions: int = 50,
    seed: int = 0,
    exact: bool = False,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Let firms learn quantities by logit choice at a falling temperature.

    Raises:
        InputError: settings out of range.
    """
    s = read_settings("waltman-kaymak", DEFAULTS, given or {})
    _check(s)
    seller = Seller("boltzmann", alpha=s["alpha"], explore=s["heat"], decay=s["decay"], floor=1e-9)
    plays = simulate(
        cournot_table(s["n"], s["most"], s["size"], s["cost"]),
        s["most"] + 1,
        [seller] * s["n"],
        Protocol(delta=s["delta"], memory=s["memory"]),
        sessions=sessions,
        periods=s["periods"],
        keep=min(100, s["periods"]),
        seed=seed,
        workers=workers,
        progress=progress,
    )
    totals = plays.actions.sum(axis=2).mean(axis=1)
    nash, monopoly = benchmarks(s["n"], s["size"], s["cost"])
    base = all(s[k] == DEFAULTS[k] for k in DEFAULTS)
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
        settings={**s, "sessions": sessions, "seed": seed},
        comparisons=rows,
        summary={r.quantity: r.reproduced for r in rows},
        tables={"sessions": pd.DataFrame({"total": totals, "profit": plays.profits.mean(axis=1)})},
        figures={"totals": lambda: figures.histogram(totals, "total output", 20.8 if base else None)},
        remarks=("Firms remember nothing, so nobody can punish: low output is mislearning, not collusion.",)
        if s["memory"] == 0
        else (),
    )


def _check(s: Mapping[str, Any]) -> None:
    found: list[tuple[str, object, str]] = []
    if s["n"] < 1:
        found.append(("n", s["n"], "one firm or more"))
    if s["most"] < 1:
        found.append(("most", s["most"], "1 or more"))
    if not 0 <= s["cost"] < s["size"]:
        found.append(("cost", s["cost"], f"0 or more and below size {s['size']}"))
    if s["heat"] <= 0:
        found.append(("heat", s["heat"], "positive"))
    if s["n"] >= 1 and s["most"] >= 1 and (s["most"] + 1) ** s["n"] > 10_000_000:
        found.append(("n, most", (s["n"], s["most"]), "at most ten million joint actions"))
    if found:
        raise bad_input("lab waltman-kaymak", *found)
