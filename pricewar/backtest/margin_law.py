"""The law of errors of gross margins: recorded changes from quarter to quarter, scales of makers pooled.

    change_fq = s_f t_nu,     log s_f ~ N(mu, tau^2),     mu ~ N(log 2.5, 0.5^2),     tau ~ half-normal(0.5)

in percentage points. mu, tau and the scales are integrated over grids, so a draw of the law has the doubt
about its scales in it: makers with a record have scales near their own, the others one of the population.
The error of a margin k quarters after the last one that was printed is the sum of k such changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from pricewar.base.arrays import Floats
from pricewar.base.errors import bad_input
from pricewar.base.months import month_after, months_between
from pricewar.data.history import History

MAKERS: Final = ("byd", "li-auto", "nio", "xiaomi", "xpeng")
"""Makers whose margin of cars is printed each quarter; Tesla prints that of the whole world."""
METRIC: Final = "vehicle_margin_pct"
LAG: Final = 2
"""Months from the end of a quarter until its margin is printed. Fourth quarters take up to three; no origin
lies between."""
TAIL: Final = 3.0
"""Degrees of freedom of a change: chosen among `TAILS` on changes from 2022Q1 to 2025Q1."""
TAILS: Final = (3.0, 4.0, 6.0, 10.0, np.inf)
USUAL: Final = (np.log(2.5), 0.5)
"""Prior of mu: mean and standard deviation. Two and a half points a quarter, assumed."""
SPREAD: Final = 0.5
"""Scale of the half-normal prior of tau, assumed."""
SCALES: Final = np.linspace(np.log(0.2), np.log(25.0), 97)
"""Grid of log scales of makers."""
MIDDLES: Final = np.linspace(np.log(0.6), np.log(9.0), 37)
SPREADS: Final = np.linspace(0.05, 1.5, 30)


def quarter_of(month: str) -> str:
    """The quarter of a month, "2024Q4"."""
    return f"{month[:4]}Q{(int(month[5:]) + 2) // 3}"


def months_in(quarter: str) -> tuple[str, ...]:
    """The three months of a quarter."""
    first = f"{quarter[:4]}-{3 * int(quarter[5]) - 2:02d}"
    return tuple(month_after(first, k) for k in range(3))


def quarters_between(first: str, last: str) -> int:
    """Number of quarters from one to another; negative if the other is the earlier."""
    return months_between(months_in(first)[0], months_in(last)[0]) // 3


def printed(history: History, month: str, metric: str = METRIC) -> pd.DataFrame:
    """Margins by quarter that were printed by the end of a month.

    Returns:
        firm, period ("2024Q3"), value in percent; in the order of firms and quarters.
    """
    table = history.margins
    table = table[(table["metric"] == metric) & table["period"].str.fullmatch(r"\d{4}Q\d")]
    known = [months_between(months_in(str(period))[-1], month) >= LAG for period in table["period"]]
    return table.loc[known, ["firm", "period", "value"]].sort_values(["firm", "period"], ignore_index=True)


def changes_of(margins: pd.DataFrame, makers: tuple[str, ...] = MAKERS) -> dict[str, Floats]:
    """Each maker's changes from one quarter to the next, percentage points; quarters that lack one are left
    out.

    Args:
        margins: as `printed` gives them.
        makers: whose.
    """
    found = {}
    for maker in makers:
        own = margins[margins["firm"] == maker].set_index("period")["value"]
        pairs = zip(own.index[:-1], own.index[1:], strict=True)
        steps = [own[b] - own[a] for a, b in pairs if quarters_between(a, b) == 1]
        found[maker] = np.array(steps, dtype=float)
    return found


@dataclass(frozen=True)
class MarginLaw:
    """A fitted law.

    Attributes:
        makers: those with a record.
        tail: degrees of freedom of a change.
        weight: (I, K) posterior of mu (`MIDDLES`) and tau (`SPREADS`); sums to one.
        likelihood: (F, G) of each maker's scale (`SCALES`), largest 1.
        log_evidence: log marginal likelihood of all changes.
    """

    makers: tuple[str, ...]
    tail: float
    weight: Floats
    likelihood: Floats
    log_evidence: float

    def scales(self) -> dict[str, float]:
        """Posterior median scale of each maker, percentage points a quarter."""
        drawn = self.draw_scales(self.makers, 4000, np.random.default_rng(1))
        return dict(zip(self.makers, map(float, np.median(drawn, axis=0)), strict=True))

    def draw_scales(self, firms: tuple[str, ...], draws: int, rng: np.random.Generator) -> Floats:
        """(draws, F) scales, percentage points a quarter; of firms without a record from the population."""
        at = rng.choice(self.weight.size, draws, p=self.weight.ravel())
        chosen, back = np.unique(at, return_inverse=True)
        density = _population().reshape(-1, len(SCALES))[chosen]
        found = np.empty((draws, len(firms)))
        for place, firm in enumerate(firms):
            likely = self.likelihood[self.makers.index(firm)] if firm in self.makers else 1.0
            heap = (density * likely).cumsum(axis=1)
            rank = rng.random(draws) * heap[back, -1]
            found[:, place] = np.exp(SCALES[(heap[back] < rank[:, None]).sum(axis=1)])
        return found

    def draw(self, scales: Floats, normals: Floats, rng: np.random.Generator) -> Floats:
        """(D, F, Q) changes of Q quarters, percentage points, from (D, F) scales and (D, F, Q) normals."""
        if np.isinf(self.tail):
            return np.asarray(scales[..., None] * normals)
        fat = np.sqrt(self.tail / rng.chisquare(self.tail, normals.shape))
        return np.asarray(scales[..., None] * normals * fat)


def fit_margins(changes: dict[str, Floats], tail: float = TAIL) -> MarginLaw:
    """Fit the law to each maker's changes; of no changes the prior is left.

    Args:
        changes: maker -> changes of its margin from quarter to quarter, percentage points, (any number,).
        tail: degrees of freedom; inf: normal.

    Raises:
        InputError: a change that is not a finite number, or degrees of freedom of zero or less.
    """
    if not all(np.isfinite(steps).all() for steps in changes.values()) or not tail > 0:
        raise bad_input("fit_margins", ("changes, tail", (changes, tail), "finite numbers, tail above 0"))
    from scipy import stats

    logs = np.zeros((len(changes), len(SCALES)))
    for row, steps in enumerate(changes.values()):
        scaled = steps[:, None] / np.exp(SCALES)
        each = stats.norm.logpdf(scaled) if np.isinf(tail) else stats.t.logpdf(scaled, tail)
        logs[row] = (each - SCALES).sum(axis=0)
    top = logs.max(axis=1, keepdims=True)
    likelihood = np.exp(logs - top)
    by_maker = np.log(np.maximum(_population() @ likelihood.T, 1e-300)).sum(axis=-1)
    prior = -0.5 * ((MIDDLES[:, None] - USUAL[0]) / USUAL[1]) ** 2 - 0.5 * (SPREADS / SPREAD) ** 2
    prior = np.exp(prior) / np.exp(prior).sum()
    joint = prior * np.exp(by_maker - by_maker.max())
    evidence = float(np.log(joint.sum()) + by_maker.max() + top.sum())
    return MarginLaw(tuple(changes), tail, joint / joint.sum(), likelihood, evidence)


def _population() -> Floats:
    """(I, K, G) density of log scales given mu and tau, summing to one."""
    gap = (SCALES - MIDDLES[:, None, None]) / SPREADS[:, None]
    density = np.exp(-0.5 * gap**2)
    return np.asarray(density / density.sum(axis=-1, keepdims=True))
