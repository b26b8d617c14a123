"""The house: floors hold, looking at a file stays light, and files and functions stay small."""

from __future__ import annotations

import ast
import itertools
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "pricewar").rglob("*.py"))
LONGEST_FILE = 320
LARGEST_FILE = 1_000_000
"""Bytes."""
LONGEST_FUNCTION = {"kernels": 100, "elsewhere": 50}
"""Lines; why kernels may be longer: docs/adr/0009-sizes.md."""


def test_floors_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def test_no_package_of_others_and_no_large_file_is_in_the_repository() -> None:
    """What a tool has fetched beside the sources is easily added with them."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    assert [f.name for f in files if f.suffix in {".whl", ".gz", ".zip", ".tar"}] == []
    assert [f.name for f in files if f.exists() and f.stat().st_size > LARGEST_FILE] == []


def test_checking_a_file_needs_neither_compiler_nor_mesa() -> None:
    code = (
        "import json, sys; from pricewar.cli.app import app\n"
        "try: app(['check', 'baseline'])\n"
        "except SystemExit: pass\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stderr))
    assert "no problem found" in done.stdout
    assert loaded.isdisjoint({"mesa", "numba", "scipy", "matplotlib", "jinja2", "pricewar.market.model"})


def test_public_names_are_found_and_unknown_ones_are_not() -> None:
    import pricewar

    assert all(getattr(pricewar, name) is not None for name in pricewar.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        pricewar.no_such_name  # noqa: B018


@dataclass(frozen=True)
class Source:
    """What one pass over a file finds: all 488 are read once, and not once for each law."""

    lines: int
    names: frozenset[str]
    called: frozenset[str]
    kernels: frozenset[str]
    """What is imported from the kernels, and the modules that it is imported from."""
    functions: tuple[tuple[str, int], ...]
    """Name and number of lines, docstring not counted."""


@cache
def read(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    nodes = list(ast.walk(ast.parse(text)))
    calls = (node.func for node in nodes if isinstance(node, ast.Call))
    kernels = (
        [*(alias.name for alias in node.names), (node.module or "").split(".")[-1]]
        for node in nodes
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pricewar.kernels")
    )
    return Source(
        len(text.splitlines()),
        frozenset(node.id for node in nodes if isinstance(node, ast.Name)),
        frozenset(called.id for called in calls if isinstance(called, ast.Name)),
        frozenset(itertools.chain.from_iterable(kernels)),
        tuple((node.name, length(node)) for node in nodes if isinstance(node, ast.FunctionDef)),
    )


def length(function: ast.FunctionDef) -> int:
    body = function.body
    first = body[1] if ast.get_docstring(function) and len(body) > 1 else body[0]
    return (function.end_lineno or 0) - first.lineno + 1


def test_files_and_functions_are_small() -> None:
    large = []
    for path in SOURCES:
        found, name = read(path), str(path.relative_to(ROOT))
        limit = LONGEST_FUNCTION["kernels" if path.parent.name == "kernels" else "elsewhere"]
        large += [f"{name}: {found.lines} lines"] if found.lines > LONGEST_FILE else []
        large += [
            f"{name}: {function}: {lines} lines" for function, lines in found.functions if lines > limit
        ]
    assert not large, "\n".join(large)


def test_package_prints_nothing() -> None:
    assert [path for path in SOURCES if "print" in read(path).called] == []


def test_half_of_all_functions_have_at_most_five_lines() -> None:
    lines = [lines for path in SOURCES for _, lines in read(path).functions]
    assert len(lines) > 1000
    assert statistics.median(lines) <= 5


def test_what_a_subclass_must_write_is_abstract() -> None:
    """A method that is missing is told when the class is made, not in the middle of a run."""
    assert [path for path in SOURCES if "NotImplementedError" in read(path).names] == []


def test_there_is_one_demand() -> None:
    """What buyers choose is worked out in `demand`, by its kernels, and nowhere else."""
    homes = {"buying", "choice", "nested", "response", "sample", "zeta"}
    for path in SOURCES:
        room = path.relative_to(ROOT / "pricewar").parts[0]
        assert room in ("demand", "equilibrium", "kernels") or not read(path).kernels & homes, path
        assert "StaticMarket" not in path.read_text(encoding="utf-8"), path
    assert not (ROOT / "pricewar" / "kernels" / "market.py").exists()
    from pricewar.market import calibrate

    gone = {"invert", "jacobian", "own_elasticity", "shares"}
    assert gone.isdisjoint(vars(calibrate._Work)), "calibration asks the demand"
