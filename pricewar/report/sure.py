"""How sure the totals of the market are: what luck alone leaves open, and what luck and parameters do."""

from __future__ import annotations

from pricewar.analysis.compare import pick
from pricewar.analysis.luck import luck_of
from pricewar.base.speech import phrase, say
from pricewar.plots.data import Story

from .tables import Grid, change_cell, level_cell, market_rows

_NOTE = phrase(
    "Square brackets: 95% intervals of the mean over seeds, which narrow with more seeds whatever they draw. "
    "Round brackets: ranges over seeds. Luck alone: the same seeds with parameters as they are stated. How "
    "sure a number is, given all that is known, is the range over seeds of luck and parameters: more seeds "
    "do not narrow it."
)


def sure(told: Story) -> list[Grid]:
    """A table for each scenario but the baseline, or for the only one; none where luck alone was not run."""
    alone = luck_of(told.results, told.baseline)
    if alone.empty:
        return []
    return [_grid(told, name) for name in told.others or told.scenarios]


def _grid(told: Story, scenario: str) -> Grid:
    alone = luck_of(told.results, told.baseline)
    held = set(zip(alone["scenario"], alone["entity"], alone["metric"], alone["period"], strict=True))
    cell = change_cell if told.others else level_cell
    rows = []
    for shown in market_rows(told.words):
        keys = (scenario, "market", shown.metric, shown.period)
        if keys not in held or not told.has(shown.metric, shown.period):
            continue
        cells = [cell(shown, pick(table, *keys)) for table in (alone, told.table)]
        if any(cells):
            rows.append((shown.headed, *cells))
    name, baseline = told.said(scenario), told.quoted(told.baseline)
    title = say("How sure: {scenario}", scenario=name)
    if told.others:
        title = say("How sure: {scenario}, difference from {baseline}", scenario=name, baseline=baseline)
    return Grid(title, say(_NOTE), ("", say("luck alone"), say("luck and parameters")), tuple(rows))
