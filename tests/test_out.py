"""The law of `--out`: only files that we wrote are ever replaced or removed, whatever happens in between."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow.parquet as pq
import pytest
from faults import Faults, Killed, every, faults
from typer.main import get_command
from typer.testing import CliRunner

from pricewar import Results, run
from pricewar.base.errors import InputError, ResultsError
from pricewar.cli.app import app
from pricewar.files.drafts import DRAFT, clear_drafts, desk
from pricewar.files.folders import RUN, replaced, require_ours
from pricewar.files.locks import Lock

MARKET = "product,firm,price,share,margin,nest\na,f,10,0.2,0.3,\nb,g,11,0.3,0.3,\n"
TINY = ("--set", "periods=3", "--quiet")
DUO = "textbook-duopoly"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A market for `screen`, and results for `report`."""
    folder = tmp_path_factory.mktemp("inputs")
    (folder / "market.csv").write_text(MARKET)
    from pricewar import load

    run(load(DUO).but({"periods": 3}), seeds=1).save(folder / "results")
    return folder


WORDS: dict[str, Callable[[Path], list[str]]] = {
    "run": lambda inputs: [DUO, *TINY],
    "compare": lambda inputs: [DUO, *TINY],
    "report": lambda inputs: [str(inputs / "results"), "--quiet"],
    "calibrate": lambda inputs: [DUO],
    "screen": lambda inputs: [str(inputs / "market.csv"), "--draws", "20", "--quiet"],
    "lab": lambda inputs: ["rotemberg-saloner"],
    "sweep": lambda inputs: ["01", "--small", "--quiet"],
    "policy": lambda inputs: ["anti-involution", "--quiet"],
    "backtest": lambda inputs: ["--draws", "20", "--quiet"],
    "market": lambda inputs: ["streaming"],
    "benchmarks": lambda inputs: ["petrol", "--quick", "--quiet"],
}
"""What each command with `--out` is asked for besides."""
BEGINS: Final = {"data"}
"""Begin files of a user's own, beside what is there, and write over none: `test_data_new.py`."""


def call(*words: str) -> Any:
    return CliRunner().invoke(app, list(words))


def snapshot(folder: Path) -> dict[str, Any]:
    """Every file, folder and link below a folder, with content and time of change."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mtime_ns,
            os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None,
        )
        for path in sorted(folder.rglob("*"))
    }


def own(folder: Path) -> Path:
    (folder / "figures").mkdir(parents=True)
    (folder / "figures" / "mine.png").write_text("mine")
    (folder / "report.html").write_text("mine")
    return folder


def hidden(folder: Path) -> Path:
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text("mine")
    return folder


def another_record(folder: Path) -> Path:
    """Records of other programs under the names of ours."""
    own(folder)
    for name in ("run.json", "manifest.json", "policy.json"):
        (folder / name).write_text('{"name": "a web page", "draws": 20, "seed": 1, "edition": 2}')
    return folder


def link(folder: Path) -> Path:
    own(folder)
    folder.with_name("link").symlink_to(folder, target_is_directory=True)
    return folder.with_name("link")


def nowhere(folder: Path) -> Path:
    folder.parent.mkdir(exist_ok=True)
    folder.symlink_to(folder.with_name("gone"))
    return folder


def leads_out(folder: Path) -> Path:
    """A record that names a file outside its folder."""
    own(folder)
    folder.with_name("victim").write_text("mine")
    (folder / "run.json").write_text('{"files": {"../victim": "00"}}')
    return folder


STRANGE = (own, hidden, another_record, link, nowhere, leads_out)


def test_every_command_with_out_is_tried() -> None:
    commands: dict[str, Any] = getattr(get_command(app), "commands", {})
    assert {n for n, c in commands.items() if any("--out" in p.opts for p in c.params)} == set(WORDS) | BEGINS


@pytest.mark.parametrize("strange", STRANGE, ids=lambda make: make.__name__)
@pytest.mark.parametrize("command", WORDS)
def test_a_folder_with_files_of_others_stays_as_it_is(
    command: str, strange: Callable[[Path], Path], inputs: Path, tmp_path: Path
) -> None:
    out = strange(tmp_path / "proj")
    before = snapshot(tmp_path)
    done = call(command, *WORDS[command](inputs), "--out", str(out))
    assert snapshot(tmp_path) == before
    assert done.exit_code == 2, done.output
    if strange in (own, hidden, link):
        assert "another --out or an empty folder" in done.output


@pytest.mark.parametrize("command", WORDS)
def test_the_folder_one_is_in_is_no_exception(
    command: str, inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(own(tmp_path / "paper"))
    before = snapshot(tmp_path)
    assert call(command, *WORDS[command](inputs), "--out", ".").exit_code == 2
    assert snapshot(tmp_path) == before


QUICK = ("run", "report", "calibrate", "screen", "lab")


@pytest.mark.parametrize("command", QUICK)
def test_what_a_command_wrote_it_may_write_again_and_files_of_others_stay(
    command: str, inputs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    words = [command, *WORDS[command](inputs), "--out", str(out)]
    assert call(*words).exit_code == 0
    listed = json.loads((out / RUN).read_text())["files"]
    assert {*listed, RUN} == {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    (out / "notes").mkdir()
    mine = [out / "notes" / "a.txt", out / ".hidden", out / "figures" / "mine.png"]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    done = call(*words)
    assert done.exit_code == 0, done.output
    assert [path.read_text() for path in mine] == ["mine"] * 3
    edited = out / sorted(listed)[0]
    edited.write_text("my words")
    before = snapshot(tmp_path)
    done = call(*words)
    assert done.exit_code == 2
    assert f"{sorted(listed)[0]}: found changed since it was written" in done.output
    assert snapshot(tmp_path) == before


# -- replacing, by itself ------------------------------------------------------------------------


def write(out: Path, files: dict[str, str]) -> None:
    """A command that writes these files."""
    with replaced(out) as draft:
        for name, text in files.items():
            (draft / name).parent.mkdir(exist_ok=True)
            (draft / name).write_text(text)


OLD = {"a": "old", "figures/x": "old", "figures/y": "old", "tables/only": "old"}
NEW = {"a": "new", "figures/x": "new", "figures/z": "new", "extra/b": "new"}


def content(out: Path) -> dict[str, str]:
    files = (path for path in out.rglob("*") if path.is_file() and path.name != RUN)
    return {path.relative_to(out).as_posix(): path.read_text() for path in files}


def test_what_the_new_result_does_not_have_is_removed(tmp_path: Path) -> None:
    write(tmp_path / "o", OLD)
    (tmp_path / "o" / "figures" / "mine").write_text("mine")
    write(tmp_path / "o", NEW)
    assert content(tmp_path / "o") == {**NEW, "figures/mine": "mine"}
    assert not (tmp_path / "o" / "tables").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["o"]


@pytest.mark.parametrize(
    ("place", "make"),
    [
        ("extra", lambda path: path.write_text("mine")),
        ("figures/z", lambda path: path.write_text("mine")),
        ("figures/z", lambda path: path.mkdir()),
        ("extra", lambda path: path.symlink_to(path.parent / "figures")),
        ("figures/z", lambda path: path.symlink_to(path.parent / "nowhere")),
    ],
)
def test_a_file_of_others_with_the_name_of_a_new_one_is_in_the_way(
    tmp_path: Path, place: str, make: Callable[[Path], None]
) -> None:
    write(tmp_path / "o", OLD)
    make(tmp_path / "o" / place)
    before = snapshot(tmp_path / "o")
    with pytest.raises(InputError, match="did not write"):
        write(tmp_path / "o", NEW)
    assert {**snapshot(tmp_path / "o")} == before


def state(out: Path) -> str:
    """What a reader takes the folder for: the old result, the new one, or none."""
    if not (out / RUN).exists():
        return "none"
    listed = json.loads((out / RUN).read_text())["files"]
    whole = next(name for name, files in (("old", OLD), ("new", NEW)) if listed.keys() == files.keys())
    assert {k: v for k, v in content(out).items() if k in listed} == (OLD if whole == "old" else NEW)
    return whole


@pytest.mark.parametrize("kind", ["killed", "full"])
@pytest.mark.parametrize("there", [True, False])
def test_stopped_at_any_write_the_folder_is_whole_or_none_and_mended_by_the_next_command(
    tmp_path: Path, kind: str, there: bool
) -> None:
    seen = set()

    def stopped(k: int) -> Faults:
        out = tmp_path / str(k) / "o"
        out.parent.mkdir()
        if there:
            write(out, OLD)
            (out / "figures" / "mine").write_text("mine")
        with faults(kind, k) as made:
            try:
                write(out, NEW)
            except (Killed, ResultsError):
                seen.add(state(out) if out.exists() else "none")
        if out.exists():
            state(out)
        if kind == "full":
            assert [path.name for path in out.parent.iterdir()] in (["o"], [])
            assert not (out / DRAFT).exists()
        write(out, NEW)
        assert content(out) == NEW | ({"figures/mine": "mine"} if there else {})
        assert [path.name for path in out.parent.iterdir()] == ["o"]
        return made

    assert every(stopped) > 8
    assert "none" in seen
    assert ("old" in seen) == there


def test_a_full_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.figure import Figure

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for where, name in ((pq, "write_table"), (pd.DataFrame, "to_csv"), (Figure, "savefig")):
        with monkeypatch.context() as patch:
            patch.setattr(where, name, full)
            done = call("run", DUO, *TINY, "--out", str(tmp_path / "o"))
        assert done.exit_code == 1
        assert done.output.splitlines() == [
            f"{tmp_path / 'o'}: cannot write: {os.strerror(errno.ENOSPC)}. Nothing in it was changed"
        ]
        assert not list(tmp_path.iterdir())


# -- drafts --------------------------------------------------------------------------------------


def dead(place: Path) -> Path:
    """What a killed command leaves."""
    (place / "files").mkdir(parents=True)
    (place / "files" / "half.parquet").write_text("PAR1")
    (place / "lock").write_text("")
    return place


def test_drafts_of_the_dead_go_and_those_of_the_living_stay(tmp_path: Path) -> None:
    write(tmp_path / "o", OLD)
    gone = [dead(tmp_path / f".p{DRAFT}"), dead(tmp_path / f".q{DRAFT}"), dead(tmp_path / "o" / DRAFT)]
    living, other = dead(tmp_path / f".r{DRAFT}"), tmp_path / f".s{DRAFT}"
    other.mkdir()
    (other / "thesis.tex").write_text("mine")
    lock = Lock.take(living / "lock")
    assert lock is not None
    require_ours(tmp_path / "o")
    write(tmp_path / "o", NEW)
    assert not any(place.exists() for place in gone)
    assert (living / "files" / "half.parquet").exists()
    assert (other / "thesis.tex").exists()
    lock.close()
    clear_drafts(tmp_path / "o")
    assert not living.exists()


def test_two_commands_at_once_take_turns(tmp_path: Path) -> None:
    """The second waits for the first, also where the first makes the folder that both want."""
    from threading import Thread

    second = Thread(target=write, args=(tmp_path / "o", NEW))
    with desk(tmp_path / "o") as draft:
        second.start()
        time.sleep(0.2)
        assert second.is_alive()
        (draft / "a").write_text("first")
    second.join(10)
    assert content(tmp_path / "o") == NEW
    assert [path.name for path in tmp_path.iterdir()] == ["o"]


def test_saving_from_python_leaves_other_files_but_takes_no_name_of_theirs(tmp_path: Path) -> None:
    (tmp_path / "market.parquet").write_text("mine")
    with pytest.raises(InputError, match=r"market\.parquet: found a file that pricewar did not write"):
        Results().save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["market.parquet"]


def test_a_page_of_others_is_not_written_over(tmp_path: Path) -> None:
    page = tmp_path / "notes.md"
    page.write_text("# My notes\n")
    for command in ("sweep", "policy"):
        done = call(command, *WORDS[command](tmp_path), "--page", str(page), "--out", str(tmp_path / "o"))
        assert done.exit_code == 2
        assert "--page" in done.output
    assert page.read_text() == "# My notes\n"
    assert [path.name for path in tmp_path.iterdir()] == ["notes.md"]


def test_a_dry_run_names_the_folder_that_it_would_use(tmp_path: Path) -> None:
    for command in ("sweep", "policy"):
        out = tmp_path / command
        done = call(command, *WORDS[command](tmp_path)[:-1], "--dry-run", "--json", "--out", str(out))
        assert json.loads(done.stdout)["out"] == str(out)
        assert not out.exists()


# -- signals -------------------------------------------------------------------------------------

FROZEN = """
import time
from pricewar.cli import main, output
def hang(results, draft, *more):
    print("writing", flush=True)
    time.sleep(600)
output._derive = hang
main()
"""


def frozen(out: Path) -> subprocess.Popen[str]:
    """`pricewar run` that stands still in the middle of writing."""
    words = [sys.executable, "-c", FROZEN, "run", DUO, *TINY, "--out", str(out)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    return process


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_while_writing_nothing_is_left(tmp_path: Path, number: signal.Signals, code: int) -> None:
    process = frozen(tmp_path / "o")
    assert list(tmp_path.iterdir())
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert (process.returncode, len(error.splitlines())) == (code, 1)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_killed_while_writing_the_next_command_clears_up(tmp_path: Path) -> None:
    process = frozen(tmp_path / "o")
    process.kill()
    process.communicate()
    assert [path.name for path in tmp_path.iterdir()] == [f".o{DRAFT}"]
    assert call("run", DUO, *TINY, "--out", str(tmp_path / "p")).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["p"]
    shutil.rmtree(tmp_path / "p")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("seconds", [0.0, 0.3, 1.0])
def test_stopped_while_it_is_loaded_a_command_says_so(
    tmp_path: Path, number: signal.Signals, code: int, seconds: float
) -> None:
    begun = "from pricewar.cli import main; print('begun', flush=True); main()"
    words = [sys.executable, "-c", begun, "compare", "baseline", "byd-one-third", "--seeds", "50"]
    process = subprocess.Popen(
        [*words, "--workers", "2", "--quiet", "--out", str(tmp_path / "o")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.05 + seconds)
    os.killpg(process.pid, number)  # to workers too, as a terminal does
    _, error = process.communicate(timeout=60)
    assert (process.returncode, error.splitlines()) == (code, [{130: "interrupted", 143: "terminated"}[code]])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_while_python_drops_errors_is_not_lost(number: signal.Signals) -> None:
    """An error in `__del__` goes no further; the signal must stop the command all the same."""
    code = f"""
import os, time
from pricewar.cli.signals import clean_up_when_stopped, end_at_once_when_stopped
end_at_once_when_stopped()
clean_up_when_stopped()
class Late:
    def __del__(self):
        os.kill(os.getpid(), {int(number)})
        time.sleep(0.1)
try:
    Late()
    time.sleep(10)
    print("went on")
except KeyboardInterrupt as stopped:
    print(type(stopped).__name__)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == {2: "KeyboardInterrupt", 15: "Terminated"}[int(number)], done.stderr
    assert done.stderr == ""
