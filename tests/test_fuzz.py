"""Thousands of files that nobody should write: each is refused with words, or accepted and run.

The corpus is in `fuzz_corpus` and `hostile`. What must not happen: a traceback, silence, a hang, an error
that names neither file nor field, and a file that `check` accepts and `run` refuses.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import hostile
import pytest
from fuzz_corpus import Input, mutants, outcome

ALL = {"scenario": 7.0, "experiment": 0.9, "policy": 0.05, "case": 0.7, "sheet": 0.8, "actuals": 0.4}
QUICK = {"scenario": 6.0, "experiment": 0.6, "case": 0.5, "sheet": 0.6, "actuals": 0.4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a user's own modules in it, where Python finds them; afterwards all is as before."""
    made = tmp_path_factory.mktemp("fuzz")
    hostile.modules(made)
    before = set(sys.modules)
    sys.path.append(str(made))
    yield made
    sys.path.remove(str(made))
    for name in set(sys.modules) - before:
        if name in hostile.MODULES:
            del sys.modules[name]


def answers(inputs: Iterator[Input], folder: Path) -> tuple[Counter[str], list[str]]:
    """How many were refused and ran, and what went wrong."""
    counts, faults = Counter[str](), list[str]()
    for given in inputs:
        answer, words = outcome(given, folder)
        counts[answer] += 1
        if answer == "fault":
            faults.append(f"{given.name}: {words}")
    return counts, faults


def test_every_input_of_the_curated_table_is_refused(folder: Path) -> None:
    accepted, faults = [], []
    for given in hostile.curated(folder):
        answer, words = outcome(given, folder)
        if answer == "fault":
            faults.append(f"{given.name}: {words}")
        elif answer == "ran":
            accepted.append(given.name)
    assert not faults, "\n".join(faults)
    assert not accepted, "\n".join(accepted)


@pytest.mark.parametrize("name", hostile.HARMLESS)
def test_what_only_looks_bad_runs(name: str, folder: Path) -> None:
    """Else a command that refuses everything would pass."""
    list(hostile.curated(folder))  # writes the files that these extend
    given = Input(name, "scenario", hostile.HARMLESS[name].encode())
    assert outcome(given, folder)[0] == "ran"


def test_mutants_of_what_ships_are_refused_or_run(folder: Path) -> None:
    counts, faults = answers(mutants(20261126, 150, QUICK), folder)
    assert not faults, "\n".join(faults)
    assert counts["refused"] > 60, counts
    assert counts["ran"] > 15, counts


@pytest.mark.slow
def test_two_thousand_mutants_are_refused_or_run(folder: Path) -> None:
    counts, faults = answers(mutants(7, 2000, ALL), folder)
    assert not faults, f"{counts}\n" + "\n".join(faults)
    assert counts["refused"] > 1000, counts
    assert counts["ran"] > 300, counts
