"""Chunks that are written beside the runs, and studies that are read by column."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, cast

import pandas as pd
import pytest

from pricewar.base.errors import ResultsError
from pricewar.experiment.store import TABLE, read_runs
from pricewar.experiment.work import Item, Outcome
from pricewar.experiment.writer import AHEAD, Writer


class Slow:
    """A store that writes when it is let."""

    def __init__(self, bad: int = -1) -> None:
        self.written: list[int] = []
        self.bad, self.let = bad, threading.Event()

    def write(self, outcomes: list[Outcome]) -> None:
        assert self.let.wait(30)
        if outcomes[0].item.run == self.bad:
            raise ResultsError("disk full")
        self.written.append(outcomes[0].item.run)


def chunk(run: int) -> list[Outcome]:
    return [Outcome(Item(run, run, 1))]


def put(store: Slow, runs: int, end: type[BaseException] | None = None) -> None:
    with Writer(cast(Any, store)) as writer:
        for run in range(runs):
            writer.put(chunk(run))
        if end is not None:
            raise end


def test_who_hands_out_runs_does_not_wait_for_the_disk_and_nothing_is_lost() -> None:
    store = Slow()
    with Writer(cast(Any, store)) as writer:
        for run in range(AHEAD):
            writer.put(chunk(run))
        assert store.written == []
        store.let.set()
        writer.put(chunk(AHEAD))
    assert store.written == list(range(AHEAD + 1))


def test_a_chunk_that_cannot_be_written_stops_the_runs() -> None:
    store = Slow(bad=1)
    store.let.set()
    with pytest.raises(ResultsError, match="disk full"):
        put(store, 3)
    assert 0 in store.written


def test_after_an_interruption_what_is_done_is_stored_and_the_interruption_is_told() -> None:
    store = Slow()
    store.let.set()
    with pytest.raises(KeyboardInterrupt):
        put(store, 1, KeyboardInterrupt)
    assert store.written == [0]


def test_a_study_is_read_by_column(tmp_path: Path) -> None:
    whole = pd.DataFrame({"run": [0, 1], "point": [0, 1], "seed": [1, 1], "welfare": [0.5, 1.5], "x": [1, 2]})
    whole.assign(status="ok", error="").to_parquet(tmp_path / TABLE)
    found = read_runs(tmp_path, columns=["welfare"])
    assert list(found) == ["run", "point", "seed", "status", "welfare"]
    assert found["welfare"].tolist() == [0.5, 1.5]
    with pytest.raises(ResultsError, match="no column wealth"):
        read_runs(tmp_path, columns=["welfare", "wealth"])
