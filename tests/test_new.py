"""`pricewar new`: what it writes works, is short and passes its own tests; a user's files stay."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pricewar import load
from pricewar.base.errors import ResultsError
from pricewar.cli import app as commands
from pricewar.cli.new import KINDS, RULES, next_steps, texts
from pricewar.files.fresh import write_new
from pricewar.testing import check_demand, check_event, check_intervention, check_strategy

LONGEST = 29
"""Lines of a file that somebody begins with."""


def call(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(commands.app, list(words))
    return done.exit_code, done.output


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("kind", KINDS)
def test_each_file_passes_check_runs_and_is_short(kind: str, here: Path) -> None:
    name = f"begun_{kind}"
    code, said = call("new", kind, name)
    assert code == 0, said
    written = sorted(path.name for path in here.iterdir())
    assert written == sorted(texts(kind, name))
    assert all(name in said for name in written)
    assert all(path.read_text("utf-8").count("\n") <= LONGEST for path in here.iterdir())
    scenarios = [name for name in written if name.endswith(".toml")]
    code, said = call("check", *scenarios)
    assert code == 0, said
    assert "hint" not in said
    command = next(iter(next_steps(kind, name))).removeprefix("next: pricewar ")
    code, said = call(*command.split(), "--out", "results", "--quiet")
    assert code == 0, said
    assert (here / "results" / "report.html").is_file()


def test_each_rule_passes_its_kit(here: Path) -> None:
    kits = {
        "strategy": check_strategy,
        "event": lambda rule: check_event(rule, load(here / "kit_event.toml")),
        "intervention": check_intervention,
        "demand": check_demand,
    }
    for kind in RULES:
        assert call("new", kind, f"kit_{kind}")[0] == 0
        made = getattr(importlib.import_module(f"kit_{kind}"), f"Kit{kind.capitalize()}")
        rule = load(here / "kit_event.toml").events[-1] if kind == "event" else made()
        assert isinstance(rule, made)
        kits[kind](rule)


def test_the_tests_it_writes_pass_and_fail_when_the_rule_is_spoilt(here: Path) -> None:
    for kind in RULES:
        assert call("new", kind, f"own_{kind}")[0] == 0
    assert pytest_of(here).returncode == 0
    for kind, (was, now) in {
        "strategy": ("self.part *", "0 * self.part *"),
        "event": ("1 - self.part", "1 + self.part"),
        "intervention": ("np.minimum", "np.maximum"),
        "demand": ("(1 - self.substitution)", "(1 + self.substitution)"),
    }.items():
        file = here / f"own_{kind}.py"
        text = file.read_text("utf-8")
        assert was in text
        file.write_text(text.replace(was, now), encoding="utf-8")
    spoilt = pytest_of(here)
    assert spoilt.returncode == 1
    assert all(f"FAILED test_own_{kind}.py" in spoilt.stdout for kind in RULES)


def pytest_of(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_file_that_is_there_stays_and_each_is_named(here: Path) -> None:
    for name in ("mine.py", "test_mine.py"):
        (here / name).write_text("# mine\n", encoding="utf-8")
    (here / "mine.toml").symlink_to("nowhere")
    code, said = call("new", "event", "mine")
    assert code == 2
    assert all(name in said for name in ("mine.py", "mine.toml", "test_mine.py"))
    assert (here / "mine.py").read_text("utf-8") == "# mine\n"
    assert len(list(here.iterdir())) == 3


@pytest.mark.parametrize(
    "name",
    ["Upper", "1st", "two words", "../up", "class", "_", "", "a" * 41, "na-me", "json", "numpy", "pricewar"],
)
def test_a_name_that_would_not_do_is_refused(name: str, here: Path) -> None:
    code, said = call("new", "strategy", name)
    assert code == 2
    assert "NAME" in said
    assert not list(here.iterdir())


def test_kind_and_name_are_refused_at_once() -> None:
    code, said = call("new", "price", "A")
    assert code == 2
    assert "KIND" in said
    assert "NAME" in said
    assert "2 problem(s)" in said


def test_a_full_disk_leaves_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = Path.open

    def full(path: Path, *words: str, **more: str) -> object:
        if path.name == "b":
            raise OSError(28, "No space left on device")
        return usual(path, *words, **more)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(ResultsError, match="Nothing was written"):
        write_new(here, {"a": "1", "b": "2"})
    assert not list(here.iterdir())
