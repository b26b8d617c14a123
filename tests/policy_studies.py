"""Policy studies made up from wanted gains, without a run of the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from conftest import tiny

from pricewar.policy import NONE, PEACE, PolicyStudy, policy_from
from pricewar.policy.courts import TESTS

Gain = Callable[[Any, Any], Any]
"""From the table of factors and a generator of chance to (futures,) welfare over no measure, bn."""
CUT = {"kind": "Cut", "month": "2025-02", "until": "2025-04", "firm": "ace", "depth": 0.3}
PARTS = ("consumer_surplus", "producer_surplus", "supplier_profit", "petrol_profit")


def made(gains: Mapping[str, Gain], futures: int = 40, question: str = "Which?") -> PolicyStudy:
    """A study in which each measure has the gain that is wanted; buyers pay half of what firms get."""
    spec = policy_from(
        {
            "name": "made",
            "title": "Made up",
            "question": question,
            "base": tiny(events=[CUT]),
            "but_for": tiny(),
            "factors": {
                "elasticity": {
                    "path": "demand.own_elasticity",
                    "distribution": {"kind": "uniform", "low": -4.0, "high": -3.0},
                    "label": "how buyers answer prices",
                },
                "compliance": {
                    "path": "interventions.*.compliance",
                    "distribution": {"kind": "uniform", "low": 0.5, "high": 1.0},
                },
            },
            "draws": futures,
            "measures": {name: [{"kind": "BelowCostBan", "line": "full"}] for name in gains},
        },
        "made",
    )
    chance, known = np.random.default_rng(7), pd.DataFrame(spec.futures)
    tables = [_rows(known, option, gains, chance) for option in (PEACE, *spec.options)]
    return PolicyStudy(spec, pd.concat(tables, ignore_index=True), pd.DataFrame())


def _rows(known: pd.DataFrame, option: str, gains: Mapping[str, Gain], chance: Any) -> pd.DataFrame:
    gain = gains[option](known, chance) if option in gains else 0.0
    gain = 1e9 * np.broadcast_to(gain, len(known)).astype(float)
    moved = 0.0 if option == NONE else 3e9
    parts = {"consumer_surplus": gain / 2 - moved, "producer_surplus": gain / 2 + moved}
    parts |= {"supplier_profit": 0.0, "petrol_profit": 0.0, "fiscal_cost": 0.0}
    numbers: dict[str, Any] = {f"pv.{name}": value for name, value in parts.items()}
    for group in range(1, 6):
        numbers[f"pv.consumer_surplus_{group}"] = 1e10 * group + parts["consumer_surplus"] / 5
    numbers |= {f"pv.open.{name.removeprefix('pv.')}": 0.0 for name in numbers if "petrol" not in name}
    numbers |= {"pv.welfare": gain, "pv.welfare_with_open": gain, "orders": 1e6}
    numbers["rivals_fall"] = {PEACE: 0.0, NONE: 0.05}.get(option, 0.01)
    numbers |= dict.fromkeys(("suppliers_failed", "exits", "hhi_end"), 0.0)
    numbers |= {f"{kind}.{test}": 0.5 for kind in ("missed", "false_alarm") for test in TESTS}
    return known.assign(draw=range(len(known)), seed=1, option=option, **numbers)
