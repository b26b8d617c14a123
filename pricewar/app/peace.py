"""What a run is held against: its peace, and the same run with other luck."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from pricewar.events.cuts import ImposedCut
from pricewar.runs import run
from pricewar.scenario.tree import Scenario

from .frames import frame_of
from .playback import Key

SEEDS: Final = 20
"""Runs with luck of their own that make the band: those with the seeds from 1 on."""
KEPT: Final = 400
"""Runs that are kept as series alone, 30 KiB each: those of five scenarios with their peace, A beside B."""


def peace(scenario: Scenario) -> Scenario:
    """The same market, luck, shocks and measures; but nobody is made to cut, and nobody runs campaigns.

    Firms keep their rules: they may still follow costs, and answer each other.
    """
    kept = [event for event in scenario.events if not isinstance(event, ImposedCut)]
    title = f"{scenario.title}; peace"
    return scenario.but(
        {"events": kept, "campaigns.on": False, "name": f"{scenario.name}-peace", "title": title}
    )


def series(scenario: Scenario) -> dict[str, Any]:
    """The series that the usual charts draw, firms and market, as in `frames.frame_of`."""
    return _series(Key(scenario))


@lru_cache(maxsize=KEPT)
def _series(key: Key) -> dict[str, Any]:
    found = frame_of(key.scenario, run(key.scenario, uncertainty="luck").require_complete())
    drawn = {chart["key"] for chart in found["charts"] if chart["standard"]}
    return {of: {k: values for k, values in found[of].items() if k in drawn} for of in ("firm", "market")}
