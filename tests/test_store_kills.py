"""A sweep that is stopped at any write ends, once it is gone on with, as if it had never been stopped."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from faults import Faults, Killed, every, faults
from test_experiment_runs import run_serial, small, table_bytes

from pricewar.base.errors import InputError, ResultsError
from pricewar.experiment import Experiment, Study, chunks
from pricewar.experiment.chunks import chunk_files
from pricewar.experiment.store import Store
from pricewar.experiment.work import KEPT, Outcome


def of_runs(*depths: float) -> Experiment:
    """Two runs for each depth, trajectories kept."""
    factors = {"depth": {"path": "events.Cut.depth", "values": depths}}
    return small(factors=factors, but_for=None, trajectories=True)


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    return of_runs(0.1, 0.2)


def outcome(experiment: Experiment, run: int) -> Outcome:
    """A run with its tables, without computing anything."""
    months = pd.DataFrame({"month": ["2025-05", "2025-06"], "price_index": [100.0, 100.0 - run]})
    return Outcome(
        experiment.item(run), {"welfare": float(run)}, seconds=0.5, tables=dict.fromkeys(KEPT, months)
    )


def go_on(folder: Path, experiment: Experiment, size: int) -> None:
    """Do what is not done yet, `size` runs a chunk."""
    store = Store.open(folder, experiment)
    try:
        todo = list(store.todo())
        for start in range(0, len(todo), size):
            store.write([outcome(experiment, run) for run in todo[start : start + size]])
        store.finish()
    finally:
        store.close()


def trajectories(folder: Path) -> dict[str, pd.DataFrame]:
    """All rows of each table as any reader sees them, in order."""
    return {
        table: pd.read_parquet(folder / "trajectories" / table)
        .sort_values(["run", "month"])
        .reset_index(drop=True)
        for table in KEPT
    }


@cache
def _never_stopped(whole: Path) -> dict[str, pd.DataFrame]:
    """The same after every stop: read once."""
    return trajectories(whole)


def assert_same(folder: Path, whole: Path) -> None:
    assert table_bytes(folder) == table_bytes(whole)
    expected = _never_stopped(whole)
    for table, frame in trajectories(folder).items():
        pd.testing.assert_frame_equal(frame, expected[table])
    assert not list(folder.rglob("*.part"))


def stop_at_every_write(folder: Path, experiment: Experiment, kind: str) -> int:
    """Stop at write 1, go on; stop at write 2, go on; ...; returns how many writes there are."""
    go_on(folder / "whole", experiment, len(experiment))

    def stopped(k: int) -> Faults:
        place, stop = folder / str(k), False
        with faults(kind, k) as made:
            try:
                go_on(place, experiment, 1)
            except (Killed, ResultsError, InputError):
                stop = True
        assert stop or made.count < k or kind == "full"  # a folder that is there is made on any disk
        go_on(place, experiment, 3)
        assert_same(place, folder / "whole")
        shutil.rmtree(place)
        return made

    return every(stopped)


@pytest.mark.parametrize("kind", ["killed", "full"])
def test_stopped_at_any_write_it_ends_as_if_never_stopped(
    tmp_path: Path, experiment: Experiment, kind: str
) -> None:
    assert stop_at_every_write(tmp_path, experiment, kind) > 30


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["killed", "full"])
def test_so_it_does_when_chunks_are_merged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(chunks, "_MERGE", 2)
    assert stop_at_every_write(tmp_path, of_runs(0.05, 0.1, 0.15, 0.2), kind) > 70


@pytest.mark.slow
def test_stopped_twice_it_ends_as_if_never_stopped(tmp_path: Path, experiment: Experiment) -> None:
    """The second kill falls into the going on: into what the first one left being taken away."""
    go_on(tmp_path / "whole", experiment, 4)
    for first in (9, 12, 15):
        for second in range(1, 20):
            folder = tmp_path / f"{first}-{second}"
            for at, size in ((first, 1), (second, 3)):
                with faults("killed", at) as made, pytest.raises(Killed):
                    go_on(folder, experiment, size)
                assert made.dead
            go_on(folder, experiment, 2)
            assert_same(folder, tmp_path / "whole")
            shutil.rmtree(folder)


def test_two_chunks_with_each_others_names_are_noticed(tmp_path: Path, experiment: Experiment) -> None:
    go_on(tmp_path, experiment, 2)
    first, second = chunk_files(tmp_path / "chunks")[:2]
    first.rename(tmp_path / "third")
    second.rename(first)
    (tmp_path / "third").rename(second)
    with pytest.raises(ResultsError, match=rf"{first.name}: damaged \(other runs than its name says"):
        go_on(tmp_path, experiment, 2)


@pytest.mark.parametrize("how", ["lost", "edited", "exchanged"])
def test_trajectories_that_are_not_as_written_are_noticed_and_made_anew(
    tmp_path: Path, experiment: Experiment, how: str
) -> None:
    go_on(tmp_path / "whole", experiment, 2)
    shutil.copytree(tmp_path / "whole", tmp_path / "a")
    victim, other = chunk_files(tmp_path / "a" / "trajectories" / "market")[:2]
    if how == "lost":
        victim.unlink()
    elif how == "edited":
        pd.read_parquet(victim).assign(price_index=0.0).to_parquet(victim)
    else:
        shutil.copy(other, victim)
    with pytest.raises(ResultsError, match=rf"(?s){victim.name}: (missing|changed).*Delete .*chunks.*again"):
        go_on(tmp_path / "a", experiment, 2)
    (tmp_path / "a" / "chunks" / victim.name).unlink()
    go_on(tmp_path / "a", experiment, 1)
    assert_same(tmp_path / "a", tmp_path / "whole")


def test_files_of_others_in_a_store_stay(tmp_path: Path, experiment: Experiment) -> None:
    go_on(tmp_path, experiment, 2)
    mine = ["notes.part", "chunks/mine.txt", "trajectories/market/mine.part", "trajectories/readme.md"]
    for name in mine:
        (tmp_path / name).write_text("mine")
    go_on(tmp_path, experiment, 2)
    assert [(tmp_path / name).read_text() for name in mine] == ["mine"] * 4


MUTATIONS: dict[str, list[Any]] = {
    "sessions": [None, {}, "x", [None], [[]]],
    "experiment": [None, [], "x"],
    "content": [None, [], 3],
    "digest": [None, 3],
    "version": [None, 3],
    "runs": ["x", None],
    "compute_seconds": ["x", []],
    "edition": ["x", None],
    "files": [None, [], {"a": 3}, {"../a": "b"}],
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    run_serial(small(), folder)
    return folder


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in MUTATIONS.items() for v in values])
def test_a_manifest_of_a_wrong_type_is_a_clear_error(
    finished: Path, tmp_path: Path, name: str, value: Any
) -> None:
    folder = shutil.copytree(finished, tmp_path / "a")
    tree = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(tree | {name: value}))
    with pytest.raises((ResultsError, InputError), match=r"manifest\.json|edition"):
        Store.open(folder, small())
    if name not in ("files", "edition"):
        with pytest.raises(ResultsError, match=rf"manifest\.json: {name}: found"):
            Study.load(folder)


def test_a_full_disk_while_figures_are_written_is_told(finished: Path, tmp_path: Path) -> None:
    from pricewar.report.experiment import write_study

    folder = shutil.copytree(finished, tmp_path / "a")
    study = Study.load(folder)
    told = list[str]()
    for at in range(1, 9):
        try:
            with faults("full", at):
                write_study(study, folder)
        except ResultsError as error:
            told.append(str(error))
    assert len(told) >= 2
    assert all(os.strerror(28) in error for error in told)
    write_study(study, folder)
    assert json.loads((folder / "manifest.json").read_text())["files"].keys() == {"findings.json"}
    (folder / "findings.json").write_text("my own words")
    with pytest.raises(InputError, match=r"findings\.json: found changed since it was written"):
        run_serial(small(), folder)


@pytest.mark.slow
def test_killed_at_random_moments_it_ends_as_if_never_stopped() -> None:
    """Real processes and SIGKILL; the script says more with more kills, and tries full disks."""
    script = Path(__file__).parents[1] / "benchmarks" / "kill_sweeps.py"
    words = [sys.executable, str(script), "--kills", "3", "--disks", "0"]
    made = subprocess.run(words, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    assert "kills: 3\nruns.parquet identical: 1\nmarket identical: 1\nfirms identical: 1" in made.stdout
