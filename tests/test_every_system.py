"""What Linux forgives and other systems do not: encodings, ends of lines, open files, names, processes."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from synthetic import results
from test_experiment_runs import run_serial, small, table_bytes
from typer.testing import CliRunner

from pricewar.cli.app import app
from pricewar.experiment import run_experiment
from pricewar.experiment.store import Store
from pricewar.files import locks
from pricewar.files.drafts import DRAFT, clear_drafts, desk
from pricewar.files.folders import LOCK, replaced
from pricewar.files.fresh import is_device
from pricewar.from_table.wishes import Wishes
from pricewar.report import write_report
from pricewar.results.store import Results

ROOT = Path(__file__).parents[1]
SOURCES = [*sorted((ROOT / "pricewar").rglob("*.py")), ROOT / "website" / "prepare.py"]


# -- text --------------------------------------------------------------------------------------


def left_to_the_system(source: str) -> Iterator[tuple[int, str]]:
    """Line and reason of each call that writes or reads text as the system of the user has it."""
    for call in ast.walk(ast.parse(source)):
        if not (isinstance(call, ast.Call) and isinstance(call.func, (ast.Attribute, ast.Name))):
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id
        given = {word.arg for word in call.keywords}
        unsaid = "encoding" not in given and (name == "write_text" or (name == "read_text" and not call.args))
        if unsaid:
            yield call.lineno, f"{name} without encoding"
        if name == "write_text" and "newline" not in given:
            yield call.lineno, "write_text without newline"
        if name == "to_csv" and "lineterminator" not in given:
            yield call.lineno, "to_csv without lineterminator"
        if name == "open" and _opens_text(call) and "encoding" not in given:
            yield call.lineno, "open without encoding"


def _opens_text(call: ast.Call) -> bool:
    """Whether it opens a file as text: the function, or a method that is given a mode."""
    modes = [word.value for word in call.keywords if word.arg == "mode"]
    modes += call.args[1:2] if isinstance(call.func, ast.Name) else call.args[:1]
    said = [mode.value for mode in modes if isinstance(mode, ast.Constant) and isinstance(mode.value, str)]
    if isinstance(call.func, ast.Attribute) and not said:
        return False
    return not any("b" in mode for mode in said)


def test_text_is_utf_8_with_ends_of_lines_of_its_own_on_every_system() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {why}"
        for path in SOURCES
        for line, why in left_to_the_system(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("code", "reasons"),
    [
        ("p.write_text(t)", ["write_text without encoding", "write_text without newline"]),
        ("p.write_text(t, encoding='utf-8', newline='\\n')", []),
        ("p.read_text()", ["read_text without encoding"]),
        ("p.read_text('utf-8')", []),
        ("open(p)", ["open without encoding"]),
        ("open(p, 'rb')", []),
        ("p.open('r')", ["open without encoding"]),
        ("Store.open(folder)", []),
        ("t.to_csv(index=False)", ["to_csv without lineterminator"]),
    ],
)
def test_the_check_sees_what_is_left_to_the_system(code: str, reasons: list[str]) -> None:
    assert [why for _, why in left_to_the_system(code)] == reasons


def test_a_terminal_of_plain_ascii_is_no_reason_to_stop(tmp_path: Path) -> None:
    """Names of products are Chinese words too; a C locale has no letter of them."""
    (tmp_path / "own.toml").write_text('extends = "textbook-duopoly"\ntitle = "价格战"\n', encoding="utf-8")
    words = ["run", "own.toml", "--set", "periods=3", "--out", "war", "--figures", "none"]
    for command in (["check", "own.toml"], words, ["report", "war"]):
        done = subprocess.run(
            [sys.executable, "-X", "warn_default_encoding", "-W", "error::EncodingWarning:pricewar",
             "-m", "pricewar", *command],
            cwd=tmp_path, capture_output=True, check=False,
            env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert "价格战" in (tmp_path / "war" / "report.html").read_text(encoding="utf-8")
    assert b"\r" not in (tmp_path / "war" / "run.json").read_bytes()


# -- files that are open -----------------------------------------------------------------------

PROC = Path("/proc/self/fd")
needs_proc = pytest.mark.skipif(not PROC.is_dir(), reason="what is open is told by /proc")


def held() -> set[str]:
    """Files that this process has open, or mapped into memory."""
    found = set()
    for entry in os.listdir(PROC):
        try:
            found.add(os.readlink(PROC / entry))
        except OSError:  # the one by which the folder was listed
            continue
    maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    return found | {line.split(maxsplit=5)[5] for line in maps.splitlines() if line.count("/")}


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rules for files: what is open is neither removed, nor replaced, nor moved with its folder."""

    def ruled(do: Callable[..., Any]) -> Callable[..., Any]:
        def obeying(*paths: Any, dir_fd: int | None = None, **more: Any) -> Any:
            base = os.readlink(PROC / str(dir_fd)) if dir_fd is not None else os.getcwd()
            for path in paths:
                whole = os.path.realpath(os.path.join(base, os.fspath(path)))
                files = [name for name in held() if name == whole or name.startswith(whole + "/")]
                if any(os.path.isfile(name) for name in files):
                    raise PermissionError(13, f"used by another process: {files}", str(path))
            return do(*paths, **({} if dir_fd is None else {"dir_fd": dir_fd}), **more)

        return obeying

    for name in ("replace", "rename", "unlink", "remove"):
        monkeypatch.setattr(os, name, ruled(getattr(os, name)))
    monkeypatch.setattr(locks, "HELD_FILES_GO", False)


@needs_proc
@pytest.mark.usefixtures("windows")
def test_the_rules_of_windows_are_those_that_the_tests_mean(tmp_path: Path) -> None:
    path = tmp_path / "a" / "file"
    path.parent.mkdir()
    with path.open("w", encoding="utf-8"):
        with pytest.raises(PermissionError, match="used by another"):
            path.unlink()
        with pytest.raises(PermissionError, match="used by another"):
            path.parent.rename(tmp_path / "b")
    path.unlink()


@needs_proc
@pytest.mark.usefixtures("windows")
def test_results_are_written_replaced_and_read_where_open_files_stay(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    for seeds in (2, 1):
        made = results(seeds=seeds, periods=6)
        made.save(folder)
        assert len(Results.load(folder).runs) == len(made.runs)
        (folder / "report.html").unlink(missing_ok=True)
        write_report(Results.load(folder), folder)
        assert not list(tmp_path.rglob(f"*{DRAFT}"))
    with pytest.raises(ZeroDivisionError), replaced(folder):
        raise ZeroDivisionError
    assert not list(tmp_path.rglob(f"*{DRAFT}"))


@needs_proc
@pytest.mark.usefixtures("windows")
def test_a_sweep_is_stored_gone_on_with_and_thrown_away_where_open_files_stay(tmp_path: Path) -> None:
    from pricewar.experiment.store import discard
    from pricewar.experiment.work import KEPT

    experiment = small(trajectories=True)
    study = run_serial(experiment, tmp_path / "sweep")
    before = table_bytes(tmp_path / "sweep")
    assert len(run_serial(experiment, tmp_path / "sweep").runs) == len(study.runs)
    assert table_bytes(tmp_path / "sweep") == before
    with closing(Store.open(tmp_path / "sweep", experiment)) as store:
        record = store.plan.record
    discard(tmp_path / "sweep", record, KEPT)
    assert list(tmp_path.iterdir()) == []


@needs_proc
def test_a_lock_goes_with_its_draft_and_stays_with_who_has_it(
    tmp_path: Path, windows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether its file goes before or after it is released: nothing is left, and nobody loses a lock."""
    for held_files_go in (False, True):
        if held_files_go:
            monkeypatch.undo()
        with desk(tmp_path / "out") as draft:
            (draft / "file").touch()
            clear_drafts(tmp_path / "out")  # of another command: it leaves those at work alone
            assert (draft / "file").exists()
        assert list(tmp_path.iterdir()) == []
    mine = locks.Lock.take(tmp_path / LOCK)
    assert mine is not None
    assert locks.Lock.take(tmp_path / LOCK) is None
    mine.remove()
    assert list(tmp_path.iterdir()) == []


# -- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["con", "NUL", "aux.toml", "com1", "lpt9.x.py", "con .txt"])
def test_names_of_devices_are_known(name: str) -> None:
    assert is_device(name)


@pytest.mark.parametrize("name", ["console", "auxiliary.toml", "com", "com10", "market", "my.con"])
def test_names_that_only_look_like_devices_are_free(name: str) -> None:
    assert not is_device(name)


def test_a_file_that_windows_could_not_hold_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["new", "market", "aux"])
    assert done.exit_code == 2
    assert "NAME: found 'aux'; allowed: a name that Windows does not keep" in done.stderr
    assert ("--name", "'nul'") in [problem[:2] for problem in Wishes("nul").problems()]
    assert list(tmp_path.iterdir()) == []


def test_names_of_shipped_files_differ_in_more_than_case() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    names = [name for name in listed.stdout.split("\0") if name]
    assert len({name.casefold() for name in names}) == len(names)
    assert not [name for name in names if any(is_device(part) for part in name.split("/"))]
    assert not [name for name in names if set(name) & set('<>:"\\|?*') or name.endswith((".", " "))]


# -- processes ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("how", ["spawn", "forkserver"])
def test_a_sweep_runs_in_processes_that_inherit_nothing(how: str, tmp_path: Path) -> None:
    """Windows and macOS spawn; forkserver is what Linux has from Python 3.14 on."""
    with ProcessPoolExecutor(2, mp_context=get_context(how)) as pool:
        run_experiment(small(), pool, store=tmp_path / how)
    run_serial(small(), tmp_path / "serial")
    assert table_bytes(tmp_path / how) == table_bytes(tmp_path / "serial")
