"""Runs for the page, kept for a while: many browsers of a class ask for the same one."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pricewar.results.store import Results
from pricewar.runs import run
from pricewar.scenario.tree import Scenario

from .frames import frame_of

KEPT_RESULTS = 12
"""Results that are kept: 1.7 MiB each in the biggest shipped market."""
KEPT_FRAMES = 64
"""Runs as browsers draw them that are kept: 0.5 MiB each."""


class Key:
    """A scenario by its content, seed and texts."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.key = (scenario.digest, scenario.seed, scenario.name, scenario.title)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def tables(scenario: Scenario) -> Results:
    """The results of a scenario with its own seed, as `pricewar run` gives them.

    Raises:
        ResultsError: the run failed.
    """
    return _tables(Key(scenario))


def frame(scenario: Scenario) -> dict[str, Any]:
    """The same for the browser (`frames.frame_of`)."""
    return _frame(Key(scenario))


@lru_cache(maxsize=KEPT_RESULTS)
def _tables(key: Key) -> Results:
    return run(key.scenario, uncertainty="luck").require_complete()


@lru_cache(maxsize=KEPT_FRAMES)
def _frame(key: Key) -> dict[str, Any]:
    return frame_of(key.scenario, _tables(key))
