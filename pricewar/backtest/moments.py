"""Campaigns refitted by simulated moments, so that what is launched in a market meets the record.

The likelihood fits what was announced. In a market a campaign that is drawn may not be launched, and other
makers' announcements are answered too, so the draws must be more frequent than what is seen. Four things are
refitted: each maker's intercept of leading (its cut months as leader), one shift of all intercepts of
following (cut months as follower), the effect of a rival's size on following (variance and autocorrelation
of the number of cutters), and the median size of a leader's cut (median announced cut). Everything else
stays as the likelihood or its prior has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from pricewar.base.records import Floats
from pricewar.campaigns.fit import Fit
from pricewar.campaigns.race import expit
from pricewar.campaigns.record import FIRST, MAKERS, MONTHS, USUAL_CUT, Panel, Waves
from pricewar.runs import run
from pricewar.scenario.tree import Scenario

from .wars import Simulated, simulated, sizes

EFFECTS: Final = (0.6, 1.0, 1.4, 1.8)
"""Effects of a rival's size on following that are tried."""
SLACK: Final = 0.1
"""Cut months added to both sides of a ratio: a maker that never leads has one too."""
OTHERS: Final = {"lead_usual": -4.2, "follow_less": 0.7}
"""Makers outside the panel, assumed: leading 1.5% a month (the record has 0.4% of them, a lower bound, and
8% of the six makers), following by a logit of 0.7 less. Ranges -5.2 to -2.9 and 0 to 1.5."""
CENTRE: Final = {"variance": 0.35, "autocorrelation": 0.20}
"""Spreads of the two moments over runs, by which misses are weighed."""


@dataclass(frozen=True)
class Refit:
    """Campaigns as they are in a market.

    Attributes:
        rule: parameters of `QuotaRace` as a scenario states them.
        moments: one a row: `moment`, `record`, `simulated` (mean, or median of the runs), `effect` tried.
        effect: the effect of a rival's size that misses least.
    """

    rule: dict[str, Any]
    moments: pd.DataFrame
    effect: float


def refit(
    fitted: Fit,
    panel: Panel,
    scenario: Scenario,
    seeds: Sequence[int] = tuple(range(1001, 1025)),
    steps: int = 6,
    effects: Sequence[float] = EFFECTS,
    announced: float = USUAL_CUT,
    executor: Executor | None = None,
) -> Refit:
    """Refit by a fixed point of the intercepts for each effect that is tried.

    Args:
        fitted: the likelihood's estimates, from which it starts.
        panel: the record, of all months or some; only its months count in the runs too.
        scenario: the market, from January 2023.
        seeds: luck of the first step; each step takes the next as many.
        steps: of the fixed point.
        effects: of a rival's size, to be tried.
        announced: median announced cut of the record.
        executor: of runs; None: here, one after the other.
    """
    market = _Market(scenario, announced, executor)
    tried = [_fixed_point(fitted, panel, market, seeds, steps, effect) for effect in effects]
    record = Waves.of(panel.cuts)

    def miss(table: pd.DataFrame) -> float:
        values = table.set_index("moment")["simulated"]
        parts = [(values[name] - float(getattr(record, name))) / wide for name, wide in CENTRE.items()]
        return float(np.square(parts).sum())

    best = min(range(len(tried)), key=lambda place: miss(tried[place][1]))
    moments = pd.concat([table for _, table in tried], ignore_index=True)
    return Refit(tried[best][0], moments, effects[best])


@dataclass(frozen=True)
class _Market:
    """Where campaigns are refitted, to which median cut, and who runs it."""

    scenario: Scenario
    announced: float
    executor: Executor | None


def _fixed_point(
    fitted: Fit, panel: Panel, market: _Market, seeds: Sequence[int], steps: int, effect: float
) -> tuple[dict[str, Any], pd.DataFrame]:
    rule = fitted.rule()
    lead = dict(rule["lead"])  # type: ignore[call-overload]
    usual = float(np.mean(list(rule["follow"].values())))  # type: ignore[attr-defined]
    follow = usual + 1.2 - 1.6 * (effect - float(rule["follow_size"]))  # type: ignore[arg-type]
    size = float(rule["lead_size"])  # type: ignore[arg-type]
    wanted = _wanted(fitted, panel)
    for step in range(steps):
        luck = [seed + step * len(seeds) for seed in seeds]
        changed = _changed(rule, lead, follow, effect, size)
        attempt = with_rule(market.scenario, changed)
        results = run(attempt, seeds=luck, executor=market.executor, uncertainty="luck")
        seen = simulated(results.campaigns, luck, FIRST, MONTHS, panel.makers).only(panel.months)
        size_seen = sizes(results, panel.makers, panel.months)
        moments = _moments(seen, panel, size_seen, (market.announced, effect))
        each = seen.leads.sum(axis=(0, 1)) / len(luck)
        step_of = np.clip(np.log((wanted + SLACK) / (each + SLACK)), -1.0, 1.0)
        follows, seen_follows = float(panel.follows.sum()), float(seen.follows.sum()) / len(luck)
        if step < steps - 1:  # the rule that is returned is the one that was simulated last
            lead = {
                maker: lead[maker] + float(move) for maker, move in zip(panel.makers, step_of, strict=True)
            }
            follow += 1.3 * float(np.clip(np.log(follows / max(seen_follows, 1.0)), -0.8, 0.8))
            size *= float(np.clip(market.announced / size_seen["announced"], 0.8, 1.25))
    return changed, moments


def _wanted(fitted: Fit, panel: Panel) -> Floats:
    """(F,) cut months as leader: by the posterior of each maker, in sum those of the record."""
    months = expit(fitted.makers["lead"].to_numpy())
    return np.asarray(months / months.sum() * panel.leads.sum())


def _changed(
    rule: Mapping[str, Any], lead: Mapping[str, float], follow: float, effect: float, size: float
) -> dict[str, Any]:
    return dict(rule) | {
        "lead": {maker: round(value, 2) for maker, value in lead.items()},
        "lead_usual": OTHERS["lead_usual"],
        "follow": dict.fromkeys(lead, round(follow, 2)),
        "follow_usual": round(follow - OTHERS["follow_less"], 2),
        "follow_size": effect,
        "lead_size": round(size, 3),
    }


def with_rule(scenario: Scenario, rule: Mapping[str, Any]) -> Scenario:
    """The scenario with campaigns on and these parameters of its rule."""
    return scenario.but({"campaigns.on": True, **{f"campaigns.rule.{key}": v for key, v in rule.items()}})


def _moments(
    seen: Simulated, panel: Panel, size: Mapping[str, float], tried: tuple[float, float]
) -> pd.DataFrame:
    announced, effect = tried
    record, waves = Waves.of(panel.cuts), seen.waves()
    runs = len(seen.cuts)
    rows = [
        ("cut months as leader", float(panel.leads.sum()), float(seen.leads.sum()) / runs),
        ("cut months as follower", float(panel.follows.sum()), float(seen.follows.sum()) / runs),
        *((name, float(getattr(record, name)), float(np.nanmedian(getattr(waves, name))))
          for name in ("variance", "autocorrelation", "largest_pair")),
        ("median announced", announced, size["announced"]),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["moment", "record", "simulated"]).assign(effect=effect)


__all__ = ["MAKERS", "Refit", "refit", "with_rule"]
