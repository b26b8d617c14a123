"""Waves of campaigns: who announced a cut first, who answered whom, and when the last offer was over.

A wave is a campaign that answers nobody, or a cut that an event imposes, with all campaigns that answer it or
one of its answers. It is told from the table of campaigns alone; whether prices fell enough for a price war
is another question (`wars.py`).
"""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from pricewar.base.arguments import takes
from pricewar.results.schema import WAVES
from pricewar.results.store import Results

LASTING: Final = 6
"""Months for which a list cut, which has no end, counts as a part of a wave (assumed)."""
RUN: Final = ["scenario", "seed"]


@takes(results=Results)
def waves(results: Results) -> pd.DataFrame:
    """All waves of campaigns of all runs.

    Args:
        results: runs of one or more scenarios.

    Returns:
        One row a wave in order of runs and first months, columns of `schema.WAVES`; no rows where campaigns
        are off.
    """
    table, months = with_wave(results), _months(results)
    rows = [
        {"scenario": scenario, "seed": seed} | _described(wave, months[str(scenario)])
        for (scenario, seed, _), wave in table.groupby([*RUN, "wave"], sort=False)
    ]
    frame = pd.DataFrame(rows, columns=[column.name for column in WAVES])
    return frame.astype({column.name: column.dtype for column in WAVES})


def with_wave(results: Results) -> pd.DataFrame:
    """The table of campaigns with four more columns, one row a campaign.

    `wave` numbers the waves of a run; `starter` is the firm that began it; `began` is the period of that, -1
    for a cut of before the run; `over` is the first period without the campaign, past the end of the run
    where it still stands.
    """
    table = results.campaigns.copy()
    if table.empty:
        return table.assign(wave=0, starter="", began=0, over=0)
    table = table.join(pd.concat([_waves_of(run) for _, run in table.groupby(RUN, sort=False)]))
    table["over"] = _over(table, results)
    return table


def _waves_of(run: pd.DataFrame) -> pd.DataFrame:
    """Wave, starter and first period of each campaign of one run, which are in the order of their launch."""
    known: dict[tuple[str, int], tuple[int, str, int]] = {}
    found, count = [], 0
    for firm, period, trigger, lag in zip(
        run["firm"], run["period"], run["trigger"], run["lag_months"], strict=True
    ):
        answered = (str(trigger), int(period - lag)) if trigger else (str(firm), int(period))
        if not trigger or answered not in known:  # a leader, or the answer to a cut that is no campaign
            known[answered] = (count, *answered)
            count += 1
        known[str(firm), int(period)] = known[answered]
        found.append(known[answered])
    return pd.DataFrame(found, index=run.index, columns=["wave", "starter", "began"])


def _over(table: pd.DataFrame, results: Results) -> pd.Series[Any]:
    """First period without each campaign: its end, that of a list cut by convention, or the firm's exit."""
    firms = results.firms[~results.firms["active"].astype(bool)]
    left = firms.groupby([*RUN, "firm"])["period"].min().rename("left")
    never = 10**9
    gone = table.join(left, on=[*RUN, "firm"])["left"].fillna(never).astype("int64")
    ended = table["ended"].where(table["ended"] >= 0, never)
    ends = ended.where(table["kind"] != "list", table["period"] + LASTING)
    return ends.where(ends < gone, gone).astype("int64")


def _months(results: Results) -> dict[str, list[str]]:
    """Calendar months of each scenario, by period."""
    rows = results.market[["scenario", "period", "month"]].drop_duplicates(["scenario", "period"])
    return {str(name): part["month"].tolist() for name, part in rows.groupby("scenario", sort=False)}


def _described(wave: pd.DataFrame, months: list[str]) -> dict[str, object]:
    starter, began = str(wave["starter"].iloc[0]), max(int(wave["began"].iloc[0]), 0)
    others = wave[wave["firm"] != starter].drop_duplicates("firm")
    lags = [
        f"{firm} +{period - began}" for firm, period in zip(others["firm"], others["period"], strict=True)
    ]
    over = int(wave["over"].max())
    return {
        "start": months[began],
        "end": months[min(over, len(months)) - 1],
        "outcome": "over" if over < len(months) else "open",
        "length": min(over, len(months)) - began,
        "starter": starter,
        "joined": ", ".join(lags),
        "firms": len(others) + 1,
        "campaigns": len(wave),
        "spread": int(wave["period"].max()) - began,
        "announced": float(wave["announced"].max()),
    }


def in_months(campaigns: pd.DataFrame, start: str, end: str) -> dict[str, object]:
    """The widest wave among the campaigns of one run that begin in these months, and how many do.

    Args:
        campaigns: of one run, as `with_wave` gives them.
        start: first month, "2025-05".
        end: last month.

    Returns:
        `starter`, `joined` (ids with the months after the start of the wave) and `campaigns`; empty and 0
        where no campaign begins in these months. Of waves with equally many firms the first counts.
    """
    inside = campaigns[(campaigns["month"] >= start) & (campaigns["month"] <= end)]
    if inside.empty:
        return {"starter": "", "joined": "", "campaigns": 0}
    wave = inside.groupby("wave", sort=True)["firm"].nunique().idxmax()
    chosen = inside[inside["wave"] == wave]
    starter, began = str(chosen["starter"].iloc[0]), int(chosen["began"].iloc[0])
    others = chosen[chosen["firm"] != starter].drop_duplicates("firm")
    lags = [
        f"{firm} +{period - began}" for firm, period in zip(others["firm"], others["period"], strict=True)
    ]
    return {"starter": starter, "joined": ", ".join(lags), "campaigns": len(inside)}
