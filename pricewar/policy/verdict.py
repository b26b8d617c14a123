"""Whether any measure beats doing nothing, which one is best, and whether the futures can tell.

The words that a brief says about it are in `pricewar.report.policy_findings`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np

from .ranges import FEW, Outcome, outcome
from .spec import NONE
from .study import PolicyStudy
from .summary import RANKED, SAME, wide

SURE: Final = 0.9
"""Share of futures from which on something is called sure."""
Kind = Literal["clear", "several", "none", "unsure"]


class Standing(NamedTuple):
    """How an option does against no measure."""

    option: str
    better: float
    """Share of futures in which it is better than no measure."""
    worse: float
    gain: Outcome
    """Of the ranked measure, over no measure."""

    @property
    def hopeless(self) -> bool:
        """Whether it loses, or changes nothing, in nearly all futures, or loses in the mean and mostly.

        One that seldom gains, but so much that its mean is above zero, is an insurance and not hopeless.
        """
        error = float(np.nan_to_num(self.gain.error))
        seldom = self.better <= 1.0 - SURE and self.gain.mean - error <= 0.0
        return seldom or (self.gain.mean + error < 0.0 and self.better < self.worse)


@dataclass(frozen=True)
class Verdict:
    """What the futures say of all options by one measure."""

    kind: Kind
    """clear: one is better than no measure and than each other in nearly all futures; several: more than one
    is better than no measure in nearly all futures, and none of them is better than the others in nearly all;
    none: nothing beats doing nothing; unsure: the futures cannot tell."""
    standings: tuple[Standing, ...]
    """Of all options but no measure, the greatest mean gain first; of equals the first of the file."""
    beats: dict[str, float]
    """Option -> share of futures in which the best in the mean is better than it."""
    futures: int

    @property
    def best(self) -> Standing:
        """The greatest gain in the mean."""
        return self.standings[0]

    @property
    def winners(self) -> tuple[Standing, ...]:
        """Better than no measure in nearly all futures."""
        return tuple(one for one in self.standings if one.better >= SURE)

    @property
    def losers(self) -> tuple[Standing, ...]:
        """Worse than no measure in nearly all futures."""
        return tuple(one for one in self.standings if one.worse >= SURE)

    @property
    def few(self) -> bool:
        """Whether there are too few futures to call anything sure."""
        return self.futures < FEW


def verdict(study: PolicyStudy, measure: str = RANKED) -> Verdict:
    """Compare every option with no measure, and the best with the others, future by future.

    Args:
        study: what was run.
        measure: of which more is better.
    """
    table = wide(study, measure)[list(study.spec.options)].dropna()
    slack = (SAME * table.abs().max(axis=1)).to_numpy()
    rows = []
    for option in study.spec.options[1:]:
        gain = (table[option] - table[NONE]).to_numpy(float)
        better, worse = float(np.mean(gain > slack)), float(np.mean(gain < -slack))
        rows.append(Standing(option, better, worse, outcome(np.where(np.abs(gain) <= slack, 0.0, gain))))
    rows.sort(key=lambda one: -one.gain.mean)
    best = table[rows[0].option].to_numpy(float)
    beats = {one.option: float(np.mean(best - table[one.option].to_numpy(float) > slack)) for one in rows[1:]}
    return Verdict(_kind(rows, beats), tuple(rows), beats, len(table))


def _kind(rows: list[Standing], beats: dict[str, float]) -> Kind:
    winners = [one for one in rows if one.better >= SURE]
    if winners and rows[0].better >= SURE and all(share >= SURE for share in beats.values()):
        return "clear"
    if winners:
        return "several"
    return "none" if all(one.hopeless for one in rows) else "unsure"
