"""Where compiled kernels are kept: a start where neither the installation nor the home can be written."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pricewar.kernels.place import private_folder

ROOT = Path(__file__).parents[1]
posix = pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners and modes of POSIX")
KERNEL = (
    "import numpy as np\nfrom pricewar.kernels.exp import exp64\n"
    "from numba import config\nprint(round(exp64(1.0), 12), config.CACHE_DIR)"
)


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """A copy of the package in which no cache can be written, not even by root: a file is in its place."""
    home = tmp_path / "site"
    unwanted = shutil.ignore_patterns("__pycache__", "china*", "static")
    for part in ("pricewar", "scenarios"):
        shutil.copytree(ROOT / part, home / part, ignore=unwanted)
    for folder in (home / "pricewar").rglob("kernels"):
        (folder / "__pycache__").write_text("in the way")
    return home


def started(home: Path, code: str, temporary: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Python with the locked copy, a home that nobody can make, and a folder for temporary files."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("NUMBA", "XDG", "PYTHON"))
    }
    temporary.mkdir(exist_ok=True)
    found = {**kept, "PYTHONPATH": str(home), "HOME": "/proc/nowhere", "TMPDIR": str(temporary), **more}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=found, cwd=home, check=False
    )


@posix
def test_without_any_place_compiled_code_goes_to_a_private_folder_and_one_line_says_so(
    locked: Path, tmp_path: Path
) -> None:
    temporary = tmp_path / "temporary"
    first = started(locked, KERNEL, temporary)
    assert first.returncode == 0, first.stderr
    value, where = first.stdout.split()
    assert float(value) == pytest.approx(2.718281828459)
    assert Path(where).parent == temporary
    assert stat.S_IMODE(Path(where).stat().st_mode) == 0o700
    assert len(first.stderr.strip().splitlines()) == 1
    assert "NUMBA_CACHE_DIR" in first.stderr
    kept = sorted(Path(where).rglob("*.nbc"))
    assert kept
    again = started(locked, KERNEL, temporary)
    assert again.stdout == first.stdout
    assert sorted(Path(where).rglob("*.nbc")) == kept, "compiled once"


@posix
def test_a_folder_that_is_stated_is_taken_without_a_word(locked: Path, tmp_path: Path) -> None:
    done = started(locked, KERNEL, tmp_path / "t", NUMBA_CACHE_DIR=str(tmp_path / "mine"))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert list((tmp_path / "mine").rglob("*.nbc"))


@posix
def test_a_folder_that_others_can_write_is_never_used(tmp_path: Path) -> None:
    usual = private_folder(tmp_path)
    assert private_folder(tmp_path) == usual
    usual.chmod(0o770)
    assert private_folder(tmp_path) != usual, "a group may write there"
    shutil.rmtree(usual)
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    usual.symlink_to(tmp_path / "elsewhere")
    fresh = private_folder(tmp_path)
    assert fresh not in (usual, tmp_path / "elsewhere"), "a link leads anywhere"
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o700
    usual.unlink()
    usual.write_text("a file")
    assert private_folder(tmp_path).is_dir()


@posix
def test_a_folder_of_another_user_is_never_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = private_folder(tmp_path)
    other = os.getuid() + 1
    monkeypatch.setattr("pricewar.kernels.place._user", lambda: usual.name.rpartition("-")[2])
    monkeypatch.setattr("pricewar.kernels.place.os.getuid", lambda: other)
    assert private_folder(tmp_path) != usual
