"""What a start costs: libraries that wait until they are used, and answers that are kept."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import qmc
from typer.testing import CliRunner

from pricewar.cli.app import app
from pricewar.demand.halton import halton
from pricewar.demand.population import Population
from pricewar.files import kept
from pricewar.files.kept import Shelf, source_mark
from pricewar.market import calibrate as calibration
from pricewar.scenario.files import load

SHORT = ("--set", "periods=3", "--set", "consumers.draws=100", "--quiet")
LOADED = """
import sys
sys.argv = ["pricewar", "run", "textbook-duopoly", "--set", "periods=3", "--figures", "none", "--quiet",
            "--out", sys.argv[1]]
from pricewar.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
unused = "matplotlib", "scipy.stats", "scipy.spatial", "networkx.classes"
there = [name for name in unused if name in sys.modules]
assert not there, there
import mesa, networkx
assert networkx.path_graph(3).number_of_edges() == 2
from networkx.utils import misc
from mesa.experimental.devs import ABMSimulator
assert mesa.experimental.devs.ABMSimulator is ABMSimulator
assert type(networkx) is type(mesa) is type(sys)
"""


def test_a_run_without_figures_loads_no_library_that_it_does_not_use_and_later_they_work(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(tmp_path / "out")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_package_that_waits_loads_before_its_modules_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pricewar.base.late import late

    (tmp_path / "slowpack").mkdir()
    (tmp_path / "slowpack" / "__init__.py").write_text(
        "import slowpack\nfrom . import part\nN = part.N + 1\n"
    )
    (tmp_path / "slowpack" / "part.py").write_text("N = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with late("slowpack", "no_such_module"):
        import slowpack  # type: ignore[import-not-found]
    assert "N" not in vars(slowpack)
    assert hasattr(slowpack, "__file__")
    assert "N" not in vars(slowpack)  # who looks for files does not wake it
    from slowpack.part import N  # type: ignore[import-not-found]

    assert (N, slowpack.N) == (1, 2)
    with pytest.raises(AttributeError, match="nothing"):
        _ = slowpack.nothing
    with late("no_such_module"), pytest.raises(ModuleNotFoundError):
        import no_such_module  # type: ignore[import-not-found] # noqa: F401


@pytest.mark.parametrize(
    ("points", "dimensions", "seed"), [(1, 1, 0), (7, 3, 1), (2000, 6, 0), (4001, 23, 9)]
)
def test_halton_points_are_those_of_scipy_to_the_bit(points: int, dimensions: int, seed: int) -> None:
    theirs = qmc.Halton(d=dimensions, scramble=True, seed=seed).random(points)
    assert np.array_equal(halton(points, dimensions, seed), theirs)


# -- what is kept ------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(kept.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def never() -> dict[str, float]:
    raise AssertionError("made again")


def test_an_answer_is_made_once_and_another_key_has_its_own(home: Path) -> None:
    shelf = Shelf("some", most=9, largest=10_000, writes=9)
    assert shelf.get(b"a", lambda: {"x": 0.1}) == {"x": 0.1}
    assert Shelf("some", most=9, largest=10_000, writes=9).get(b"a", never) == {"x": 0.1}
    assert shelf.get(b"b", lambda: {"x": 0.2}) == {"x": 0.2}
    assert not list(home.rglob("*.part"))


@pytest.mark.parametrize("harm", ["cut", "flip", "empty"])
def test_a_damaged_answer_is_made_anew(home: Path, harm: str) -> None:
    shelf = Shelf("some", most=9, largest=10_000, writes=9)
    shelf.get(b"a", lambda: [1.0, 2.0])
    (file,) = home.rglob("*.kept")
    whole = file.read_bytes()
    harmed = {"cut": whole[:-3], "flip": whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:], "empty": b""}
    file.write_bytes(harmed[harm])
    assert shelf.get(b"a", lambda: [3.0]) == [3.0]
    assert shelf.get(b"a", never) == [3.0]


def test_a_file_of_others_calls_nothing(home: Path) -> None:
    shelf = Shelf("some", most=9, largest=10_000, writes=9)
    shelf.get(b"a", lambda: 1.0)
    (file,) = home.rglob("*.kept")

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(home / "called"),)

    import hashlib

    content = pickle.dumps(Evil())
    file.write_bytes(hashlib.sha256(content).digest() + content)
    assert shelf.get(b"a", lambda: 2.0) == 2.0
    assert not (home / "called").exists()


def test_a_shelf_is_bounded_in_files_bytes_and_writes_of_a_process(home: Path) -> None:
    few = Shelf("few", most=2, largest=10_000, writes=9)
    for key in (b"a", b"b", b"c"):
        few.get(key, lambda: 1.0)
    assert len(list(home.rglob("*.kept"))) == 2
    small = Shelf("small", most=9, largest=250, writes=9)
    for key in (b"a", b"b", b"c"):
        small.get(key, lambda: "x" * 100)
    assert sum(file.stat().st_size for file in (home / "small").iterdir()) <= 250
    once = Shelf("once", most=9, largest=10_000, writes=1)
    for key in (b"a", b"b"):
        once.get(key, lambda: 1.0)
    assert len(list((home / "once").iterdir())) == 1


def test_many_at_once_get_whole_answers_of_their_own(home: Path) -> None:
    def ask(i: int) -> bool:
        shelf = Shelf("busy", most=3, largest=1_000_000, writes=100)
        return shelf.get(bytes([i % 7]), lambda: [float(i % 7)] * 5000) == [float(i % 7)] * 5000

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(200)))
    assert len(list(home.rglob("*.kept"))) <= 7


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="modes of POSIX")
def test_nothing_is_kept_where_others_write_or_nobody_can(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "open").mkdir(parents=True)
    (home / "open").chmod(0o777)
    shelf = Shelf("open", most=9, largest=10_000, writes=9)
    assert [shelf.get(b"a", lambda: 1.0), shelf.get(b"a", lambda: 2.0)] == [1.0, 2.0]
    (home / "file").write_text("in the way")
    monkeypatch.setenv(kept.VARIABLE, str(home / "file"))
    assert [shelf.get(b"a", lambda: 1.0), shelf.get(b"a", lambda: 2.0)] == [1.0, 2.0]
    monkeypatch.setenv(kept.VARIABLE, "")
    assert [shelf.get(b"a", lambda: 1.0), shelf.get(b"a", lambda: 2.0)] == [1.0, 2.0]


def test_the_mark_of_a_source_is_another_after_any_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "somepack").mkdir()
    (tmp_path / "somepack" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    marks = set()
    for text in ("a = 1\n", "a = 2\n"):
        (tmp_path / "somepack" / "more.py").write_text(text)
        kept._source_mark.cache_clear()
        marks.add(source_mark(["somepack"]))
    assert len(marks) == 2


def test_a_calibration_read_back_is_the_one_that_was_made(home: Path) -> None:
    scenario = load("textbook-duopoly").but({"consumers.draws": 100})
    fresh = calibration._Work(scenario).result()
    calibration._calibrate.cache_clear()
    calibration.calibrate(scenario)
    calibration._calibrate.cache_clear()
    again = calibration.calibrate(scenario)
    calibration._calibrate.cache_clear()
    for name in ("delta", "share", "unit_cost", "growth", "elasticity", "alpha", "base", "attraction"):
        assert np.asarray(getattr(again, name)).tobytes() == np.asarray(getattr(fresh, name)).tobytes(), name
    assert isinstance(again.population, Population)
    assert not again.delta.flags.writeable
    other = scenario.but({"consumers.shoppers": 1.1 * scenario.consumers.shoppers})
    assert calibration.calibrate(other).share.tobytes() != again.share.tobytes()


# -- figures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "endings"), [((), {".svg", ".json", ".md"}), (("--figures", "none"), set())]
)
def test_run_draws_what_is_asked_for(tmp_path: Path, asked: tuple[str, ...], endings: set[str]) -> None:
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["run", "textbook-duopoly", *SHORT, *asked, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert {path.suffix for path in out.glob("figures/*")} == endings
    report = (out / "report.html").read_text(encoding="utf-8")
    assert ('<h2 id="figures">' in report) == bool(endings) == ("data:image/svg+xml" in report)
    wrong = CliRunner().invoke(app, ["run", "textbook-duopoly", "--figures", "some"])
    assert wrong.exit_code == 2
    assert "few, all, none" in " ".join(wrong.output.split())
