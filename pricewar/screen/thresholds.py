"""Where a merger stands against the figures of three guidelines. They open a discussion and end none.

HHI is that of sales of the products in the table, at the shares before: guidelines add up shares as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from .change import Change
from .table import Market

_US: Final = (
    "US Department of Justice and FTC, Merger Guidelines, 18 December 2023, section 2.1 (Guideline 1)"
)
_EU: Final = "European Commission, Guidelines on horizontal mergers, OJ C 31, 5.2.2004, pp. 5-18, paragraph"
_CN: Final = (
    "SAMR, Guidelines for review of horizontal concentrations, 国市监反执二发〔2024〕113号, 10.12.2024, "
    "as summed up by Zhong Lun (2025); article not checked"
)


@dataclass(frozen=True)
class Concentration:
    """What the guidelines look at: HHI after and its change (0 to 10,000), and the joint share (0 to 1)."""

    hhi: float
    change: float
    share: float


@dataclass(frozen=True)
class Threshold:
    """One figure of a guideline.

    Attributes:
        guideline: US 2023, EU 2004 or China 2024.
        figure: in words.
        met: whether a merger is in the case that the guideline speaks of.
        says: what it says of that case.
        source: document and place in it.
    """

    guideline: str
    figure: str
    met: Callable[[Concentration], bool]
    says: str
    source: str


THRESHOLDS: Final = (
    Threshold(
        "US 2023", "HHI after above 1,800, change above 100", lambda c: c.hhi > 1800 and c.change > 100,
        "presumed to lessen competition; the parties may rebut it", _US,
    ),
    Threshold(
        "US 2023", "joint share above 30%, change above 100", lambda c: c.share > 0.3 and c.change > 100,
        "presumed to lessen competition; the parties may rebut it", _US,
    ),
    Threshold(
        "EU 2004", "joint share of 50% or more", lambda c: c.share >= 0.5,
        "may in itself be evidence of a dominant position", f"{_EU} 17",
    ),
    Threshold(
        "EU 2004", "joint share of 25% or less", lambda c: c.share <= 0.25,
        "a sign that the merger may be allowed", f"{_EU} 18",
    ),
    Threshold(
        "EU 2004", "HHI after below 1,000", lambda c: c.hhi < 1000,
        "concerns unlikely", f"{_EU} 19",
    ),
    Threshold(
        "EU 2004", "HHI after 1,000 to 2,000 and change below 250, or above 2,000 and below 150",
        lambda c: (1000 <= c.hhi <= 2000 and c.change < 250) or (c.hhi > 2000 and c.change < 150),
        "concerns unlikely, special circumstances aside", f"{_EU} 20",
    ),
    Threshold(
        "China 2024", "joint share above 35%", lambda c: c.share > 0.35, "may be looked at more closely", _CN,
    ),
    Threshold(
        "China 2024", "HHI after above 1,000, change above 100", lambda c: c.hhi > 1000 and c.change > 100,
        "may be looked at more closely", _CN,
    ),
)  # fmt: skip
"""US section and EU paragraphs were held against second sources; pages of the US document were not."""


def thresholds_table(market: Market, change: Change, hhi: float, rise: float) -> pd.DataFrame:
    """One row for each threshold: guideline, figure, met, says, hhi_after, hhi_change, joint_share, source.

    Args:
        market: the market before.
        change: with the firms that merge; without, the table is empty.
        hhi: of sales before, 0 to 10,000.
        rise: change of the HHI by the merger, at the shares before.
    """
    columns = ["guideline", "figure", "met", "says", "hhi_after", "hhi_change", "joint_share", "source"]
    if not change.merge:
        return pd.DataFrame(columns=columns)
    party = np.isin(np.asarray(market.firm_names)[market.firms], change.merge)
    share = float(market.shares[party].sum() / market.shares.sum())
    c = Concentration(hhi + rise, rise, share)
    rows = [(t.guideline, t.figure, t.met(c), t.says, c.hhi, c.change, c.share, t.source) for t in THRESHOLDS]
    return pd.DataFrame(rows, columns=columns)
