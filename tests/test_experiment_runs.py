"""Running experiments: any executor gives the same bytes; what goes wrong costs its own rows only."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pricewar.base.errors import InputError, PricewarError, ResultsError
from pricewar.experiment import Experiment, Study, run_experiment
from pricewar.experiment.chunks import chunk_files, compact, read_chunk, span
from pricewar.experiment.files import experiment_from
from pricewar.experiment.manifest import read_manifest
from pricewar.experiment.pool import SerialExecutor
from pricewar.experiment.runner import Pace
from pricewar.experiment.store import Store, read_runs
from pricewar.experiment.work import Outcome

TESTS = Path(__file__).parent
MOODY = {"kind": "experiment_rules:Moody"}


def small(**parts: object) -> Experiment:
    """Six runs of about ten milliseconds, paired with a but-for run."""
    tree = {
        "name": "small",
        "base": "textbook-duopoly",
        "but_for": "textbook-duopoly",
        "set": {"periods": 8},
        "factors": {"depth": {"path": "events.Cut.depth", "values": (0.05, 0.1, 0.2)}},
        "replicates": 2,
        "metrics": ("welfare", "war_index_max", "operating_profit.*"),
    }
    return experiment_from({**tree, **parts}, "test")


def moody(*moods: str, pause: float = 0.0, **parts: object) -> Experiment:
    """One run for each mood of the right firm."""
    from pricewar import load

    base = load("textbook-duopoly").but({"firms.right.strategy": {**MOODY, "pause": pause}, "periods": 6})
    factors = {"mood": {"path": "firms.right.strategy.mood", "values": moods}}
    return small(base=base, but_for=None, set={}, factors=factors, replicates=1, **parts)


def table_bytes(folder: Path) -> bytes:
    return (folder / "runs.parquet").read_bytes()


def environment() -> dict[str, str]:
    """That of this process, with the rules of the tests to be found."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])}


def run_serial(experiment: Experiment, folder: Path) -> Study:
    return run_experiment(experiment, SerialExecutor(), store=folder)


# -- what comes out ------------------------------------------------------------------------------


def test_rows_are_paired_sorted_and_typed(tmp_path: Path) -> None:
    study = run_serial(small(), tmp_path / "a")
    runs = study.runs
    assert runs["run"].tolist() == list(range(6))
    assert runs["seed"].tolist() == [1, 2] * 3
    assert runs["depth"].tolist() == [0.05, 0.05, 0.1, 0.1, 0.2, 0.2]
    assert (runs["status"] == "ok").all()
    assert "seconds" not in runs
    np.testing.assert_array_equal(runs["diff.welfare"], 0.0)  # the but-for has the same factor
    assert study.compute_seconds > 0
    assert Study.load(tmp_path / "a").experiment.digest == study.experiment.digest


def test_differences_are_those_of_runs_with_the_same_seed() -> None:
    from pricewar import load
    from pricewar.experiment.metrics import measure
    from pricewar.experiment.work import simulate

    noisy = load("textbook-duopoly").but({"noise.market_sd": 0.1, "periods": 6})
    quiet = noisy.but({"events": [], "name": "peace"})
    study = run_experiment(small(base=noisy, but_for=quiet, set={}), SerialExecutor())
    row = study.runs.iloc[3]
    seed = int(row["seed"])
    war = measure(simulate(noisy.but({"events.0.depth": row["depth"]}), seed), ("welfare",))["welfare"]
    assert row["welfare"] == war
    assert row["diff.welfare"] == war - measure(simulate(quiet, seed), ("welfare",))["welfare"]
    assert study.runs["welfare"].nunique() == 6


def test_serial_and_processes_give_the_same_bytes(tmp_path: Path) -> None:
    run_serial(small(), tmp_path / "serial")
    seen: list[tuple[int, int, int]] = []
    run_experiment(small(), store=tmp_path / "pool", workers=2, progress=lambda *at: seen.append(at))
    assert table_bytes(tmp_path / "serial") == table_bytes(tmp_path / "pool")
    assert seen[-1] == (6, 0, 6)


def test_trajectories_hold_every_month_of_every_run(tmp_path: Path) -> None:
    run_serial(small(trajectories=True), tmp_path)
    market = pd.read_parquet(tmp_path / "trajectories" / "market")
    firms = pd.read_parquet(tmp_path / "trajectories" / "firms")
    assert market.groupby("run").size().tolist() == [8] * 6
    assert len(firms) == 2 * len(market)
    peak = market.groupby("run")["war_index"].max()
    np.testing.assert_array_equal(peak, Study.load(tmp_path).runs["war_index_max"])


# -- what goes wrong -----------------------------------------------------------------------------


def test_a_run_that_raises_is_a_row_that_says_how_to_repeat_it() -> None:
    study = run_experiment(moody("calm", "raises", "calm"), SerialExecutor())
    assert study.runs["status"].tolist() == ["ok", "failed", "ok"]
    before, error, after = study.runs["error"]
    assert before == after == ""
    said = "RuleError: experiment_rules:Moody of firm 'right' in 2025-01: RuntimeError: out of sorts"
    assert error.startswith(said)
    assert "experiment_rules.py, line 24: raise RuntimeError" in error
    assert "--set 'firms.right.strategy.mood=\"raises\"' --seed 1" in study.runs["repeat"].iloc[1]
    assert np.isnan(study.runs["welfare"].iloc[1])
    with pytest.raises(ResultsError, match="1 of 3 runs failed"):
        study.require_complete()


def test_a_hanging_run_costs_its_own_row() -> None:
    study = run_experiment(moody("calm", "hangs", "calm", time_limit=0.5), SerialExecutor())
    assert study.runs["status"].tolist() == ["ok", "failed", "ok"]
    assert "time limit of 0.5 s" in study.runs["error"].iloc[1]


def test_a_thread_that_hangs_is_interrupted_too() -> None:
    """Dask runs tasks in threads, where no signal arrives: there steps that end are interrupted."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as threads:
        study = run_experiment(moody("calm", pause=0.1, time_limit=0.25), threads)
    assert "time limit" in study.runs["error"].iloc[0]


@pytest.mark.slow
def test_a_worker_that_dies_or_is_deaf_costs_its_own_rows(tmp_path: Path) -> None:
    moods = ("calm", "dies", "calm", "deaf", "calm", "calm")
    study = run_experiment(moody(*moods, time_limit=10.0), store=tmp_path, workers=2)
    assert study.runs["status"].tolist() == ["ok", "failed", "ok", "failed", "ok", "ok"]
    assert "exit code 17" in study.runs["error"].iloc[1]
    assert "time limit" in study.runs["error"].iloc[3]


def test_an_executor_that_broke_is_said_to_be_broken(tmp_path: Path) -> None:
    from pricewar.experiment.pool import spawned_pool

    pool = spawned_pool(1)
    with pool, pytest.raises(PricewarError, match="run again to go on"):
        run_experiment(moody("dies", "calm", "calm"), pool, store=tmp_path, window=1)


# -- going on ------------------------------------------------------------------------------------


def sweep_process(file: Path, folder: Path) -> subprocess.Popen[bytes]:
    code = f"""
        from pricewar.experiment import run_experiment
        if __name__ == "__main__":
            run_experiment({str(file)!r}, store={str(folder)!r}, workers=2)
    """
    script = folder.with_suffix(".py")
    script.write_text(textwrap.dedent(code))
    return subprocess.Popen([sys.executable, str(script)], env=environment(), stderr=subprocess.PIPE)


MANY = """
base = "base.toml"
replicates = 4
metrics = ["welfare", "war_index_max"]
[factors.depth]
path = "events.Cut.depth"
values = [0.04, 0.06, 0.08, 0.10, 0.12, 0.14, 0.16, 0.18, 0.2, 0.22]
"""
SLOW_BASE = """
extends = "textbook-duopoly"
periods = 6
[noise]
market_sd = 0.05
[firms.right]
strategy = { kind = "experiment_rules:Moody", pause = 0.02 }
"""


@pytest.mark.slow
def test_killed_three_times_the_table_is_that_of_an_uninterrupted_run(tmp_path: Path) -> None:
    file = tmp_path / "many.toml"
    file.write_text(MANY)
    (tmp_path / "base.toml").write_text(SLOW_BASE)
    run_experiment(file, SerialExecutor(), store=tmp_path / "whole")
    killed, luck = tmp_path / "killed", random.Random(20250523)
    stored = [0]
    for _ in range(3):
        process = sweep_process(file, killed)
        _wait_for_chunks(killed, stored[-1] + 1, process)
        time.sleep(luck.random())
        process.send_signal(signal.SIGKILL)
        process.communicate()
        stored.append(len(read_runs(killed, partial=True)))
        assert not (killed / "runs.parquet").exists()
    assert 0 < stored[1] < stored[2] < stored[3] < 40
    last = sweep_process(file, killed)
    assert last.wait(120) == 0, last.communicate()
    assert table_bytes(killed) == table_bytes(tmp_path / "whole")
    assert len(read_manifest(killed)["sessions"]) == 4


def _wait_for_chunks(folder: Path, more: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 120
    while sum(span(path)[1] - span(path)[0] for path in chunk_files(folder / "chunks")) < more:
        assert time.monotonic() < end
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


@pytest.mark.slow
def test_ctrl_c_ends_cleanly_and_leaves_no_process(tmp_path: Path) -> None:
    file = tmp_path / "many.toml"
    file.write_text(MANY)
    (tmp_path / "base.toml").write_text(SLOW_BASE)
    process = sweep_process(file, tmp_path / "out")
    _wait_for_chunks(tmp_path / "out", 1, process)
    children = _children(process.pid)
    assert children
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode != 0
    assert b"KeyboardInterrupt" in errors
    assert _gone(children, seconds=10)  # helpers end when they see that their parent has
    assert 0 < len(read_runs(tmp_path / "out", partial=True)) < 40


def _gone(children: list[int], seconds: float) -> bool:
    """Whether all of these processes have ended within some seconds."""
    end = time.monotonic() + seconds
    while any(_alive(pid) for pid in children) and time.monotonic() < end:
        time.sleep(0.05)
    return not any(_alive(pid) for pid in children)


def _children(pid: int) -> list[int]:
    return [
        int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    ]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split()[2] != "Z"
    except OSError:
        return False


def test_a_finished_experiment_computes_nothing_again(tmp_path: Path) -> None:
    run_serial(small(), tmp_path)
    before = {path: path.stat().st_mtime_ns for path in chunk_files(tmp_path / "chunks")}
    run_serial(small(), tmp_path)
    assert {path: path.stat().st_mtime_ns for path in chunk_files(tmp_path / "chunks")} == before


def test_another_experiment_in_the_folder_is_refused_with_the_difference(tmp_path: Path) -> None:
    run_serial(small(), tmp_path)
    with pytest.raises(InputError) as caught:
        run_serial(small(replicates=3, set={"periods": 9}), tmp_path)
    assert {problem.place for problem in caught.value.problems} == {"replicates", "set.periods"}
    assert "2, as stored" in str(caught.value)
    run_serial(small(title="other words", time_limit=5.0), tmp_path)  # changes no result


def test_a_folder_that_is_in_use_is_refused(tmp_path: Path) -> None:
    store = Store.open(tmp_path, small())
    with pytest.raises(ResultsError, match="another command is at work"):
        run_serial(small(), tmp_path)
    store.close()
    run_serial(small(), tmp_path)


# -- disks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["file/out", "/proc/pricewar/out"])
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="a directory that can be written"):
        run_serial(small(), tmp_path / place)


def test_a_full_disk_leaves_what_is_stored_readable(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk: the same error of the same call."""
    code = f"""
        import resource, signal, sys
        sys.path.insert(0, {str(TESTS)!r})
        from test_experiment_runs import SerialExecutor, run_experiment, small
        from pricewar.errors import ResultsError
        from pricewar.experiment.store import Store

        write = Store.write
        def full_after_three(self, outcomes):
            if sum(1 for _ in self.todo()) <= 3:
                resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
            write(self, outcomes)

        Store.write = full_after_three
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            run_experiment(small(), SerialExecutor(), store={str(tmp_path / "out")!r})
        except ResultsError as error:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            print(error)
    """
    made = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert "cannot write: " in made.stdout, made.stderr
    assert "File too large" in made.stdout
    assert len(read_runs(tmp_path / "out", partial=True)) == 3
    with pytest.raises(ResultsError, match="not finished"):
        read_runs(tmp_path / "out")
    run_serial(small(), tmp_path / "out")
    run_serial(small(), tmp_path / "whole")
    assert table_bytes(tmp_path / "out") == table_bytes(tmp_path / "whole")


@pytest.mark.parametrize("how", ["cut", "flip", "empty"])
def test_a_damaged_chunk_is_named_and_the_rest_stays_readable(tmp_path: Path, how: str) -> None:
    run_serial(small(), tmp_path)
    whole = table_bytes(tmp_path)
    (tmp_path / "runs.parquet").unlink()
    victim = chunk_files(tmp_path / "chunks")[0]
    content = bytearray(victim.read_bytes())
    content[len(content) // 3] ^= 0xFF
    victim.write_bytes({"cut": bytes(content[:200]), "flip": bytes(content), "empty": b""}[how])
    with pytest.raises(ResultsError, match=rf"(?s){victim.name}: damaged.*Delete it and run again"):
        run_serial(small(), tmp_path)
    lost = span(victim)[1] - span(victim)[0]
    assert len(read_runs(tmp_path, partial=True)) == 6 - lost
    victim.unlink()
    run_serial(small(), tmp_path)
    assert table_bytes(tmp_path) == whole


@pytest.mark.parametrize("which", ["chunk", "table"])
def test_no_byte_of_a_stored_table_can_change_without_a_word(tmp_path: Path, which: str) -> None:
    run_serial(small(), tmp_path)
    victim = chunk_files(tmp_path / "chunks")[0] if which == "chunk" else tmp_path / "runs.parquet"
    content, whole = victim.read_bytes(), read_chunk(victim).to_pandas()
    told = 0
    for place in range(0, len(content), len(content) // 400):
        changed = bytearray(content)
        changed[place] ^= 0xFF
        victim.write_bytes(changed)
        try:
            found = read_chunk(victim).to_pandas()
        except ResultsError:
            told += 1
        else:
            pd.testing.assert_frame_equal(found, whole, check_exact=True)
    assert told > 300


def test_a_damaged_manifest_is_named(tmp_path: Path) -> None:
    run_serial(small(), tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ResultsError, match=r"manifest\.json: not readable"):
        run_serial(small(), tmp_path)


def test_many_chunks_are_merged_without_losing_a_row(tmp_path: Path) -> None:
    experiment = small(replicates=100)
    store = Store.open(tmp_path, experiment)
    for run in range(300):
        store.write([Outcome(experiment.item(run), {"welfare": float(run)})])
    assert len(chunk_files(store.chunks)) < 260
    compact(store.chunks)
    store.finish()
    store.close()
    frame = read_runs(tmp_path)
    np.testing.assert_array_equal(frame["welfare"], np.arange(300.0))
    assert list(store.todo()) == []


def test_a_kill_while_merging_does_no_harm(tmp_path: Path) -> None:
    run_serial(small(), tmp_path)
    whole = table_bytes(tmp_path)
    parts = {path: path.read_bytes() for path in chunk_files(tmp_path / "chunks")}
    from pricewar.experiment import chunks

    chunks._merge(list(parts))
    for path, content in parts.items():
        path.write_bytes(content)  # as if the process had ended before it removed them
    (tmp_path / "runs.parquet").unlink()
    run_serial(small(), tmp_path)
    assert table_bytes(tmp_path) == whole
    assert len(chunk_files(tmp_path / "chunks")) == 1


def test_chunks_take_about_a_second() -> None:
    pace = Pace()
    assert pace.size == 1
    item = small().item(0)
    pace.note([Outcome(item, seconds=0.125)] * 20)
    assert pace.size == 8
    pace.note([Outcome(item, seconds=3.0)] * 50)
    assert pace.size == 1


# -- Dask ----------------------------------------------------------------------------------------


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers, each a process of its own, on loopback."""
    pytest.importorskip("distributed")
    place = tmp_path / "scheduler.json"
    common = {"env": environment(), "stderr": subprocess.DEVNULL}
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(place)]
    scheduler = subprocess.Popen([*dask, *options], **common)  # type: ignore[call-overload]
    end = time.monotonic() + 60
    while not place.exists() and time.monotonic() < end:
        time.sleep(0.1)
    address = json.loads(place.read_text())["address"]
    worker = [
        sys.executable,
        "-m",
        "distributed.cli.dask_worker",
        address,
        "--nthreads",
        "1",
        "--no-dashboard",
    ]
    local = ["--local-directory", str(tmp_path / "dask"), "--no-nanny"]
    workers = [subprocess.Popen([*worker, *local], **common) for _ in range(2)]  # type: ignore[call-overload]
    yield address, workers
    for process in (*workers, scheduler):
        process.kill()
        process.wait()


@pytest.mark.slow
def test_dask_gives_the_same_bytes_and_outlives_a_worker(
    tmp_path: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    from distributed import Client

    address, workers = cluster
    file = tmp_path / "many.toml"
    file.write_text(MANY)
    (tmp_path / "base.toml").write_text(SLOW_BASE)
    run_experiment(file, SerialExecutor(), store=tmp_path / "whole")

    def kill_one(done: int, failed: int, total: int) -> None:
        if done >= 8:
            workers[0].kill()

    with Client(address) as client:
        client.wait_for_workers(2, timeout=60)
        with client.get_executor(pure=False) as executor:
            run_experiment(file, executor, store=tmp_path / "dask-runs", workers=2, progress=kill_one)
    assert workers[0].wait(10) != 0
    assert table_bytes(tmp_path / "dask-runs") == table_bytes(tmp_path / "whole")


# -- memory --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_parents_memory_does_not_grow_with_the_runs(tmp_path: Path) -> None:
    """Peak resident memory of a process that stores 20,000 rows and finishes, against 2,000 rows."""
    code = """
        import resource, sys
        sys.path.insert(0, {tests!r})
        from test_experiment_runs import small
        from pricewar.experiment.store import Store
        from pricewar.experiment.work import Outcome
        experiment = small(replicates={many})
        store = Store.open({folder!r}, experiment)
        for start in range(0, len(experiment), 300):
            runs = range(start, min(start + 300, len(experiment)))
            store.write([Outcome(experiment.item(run), dict(welfare=1.0)) for run in runs])
        store.finish()
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    """
    peaks = []
    for many in (700, 7000):
        text = textwrap.dedent(code).format(tests=str(TESTS), many=many, folder=str(tmp_path / str(many)))
        made = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
        peaks.append(int(made.stdout) / 1024)
        shutil.rmtree(tmp_path / str(many))
    assert peaks[1] - peaks[0] < 100, peaks
