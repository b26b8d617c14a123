"""The course notebook runs from top to bottom, and its first figure comes soon."""

from __future__ import annotations

import ast
import json
import sys
import time
import types
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

NOTEBOOK = Path(__file__).parents[1] / "docs" / "tutorial" / "price-war-in-a-course.ipynb"


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A module to run the cells in, so that a class defined in a cell can be found again by its name."""
    mpl.use("Agg")
    module = types.ModuleType("course")
    monkeypatch.setitem(sys.modules, "course", module)
    return module


def cells() -> list[str]:
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def shown(text: str, room: types.ModuleType) -> Any:
    """Run a cell; what its last line shows, as a notebook would."""
    tree = ast.parse(text)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), vars(room))
    return None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), vars(room))


@pytest.mark.slow
def test_the_notebook_runs_and_shows_what_its_text_speaks_of(room: types.ModuleType) -> None:
    begin, first_figure, last = time.perf_counter(), None, {}
    for text in cells():
        out = shown(text, room)
        last[text] = out
        if isinstance(out, Figure) and first_figure is None:
            first_figure = time.perf_counter() - begin
    assert first_figure is not None
    assert first_figure < 120
    outputs = list(last.values())
    assert sum(isinstance(out, Figure) for out in outputs) == 2
    wars = vars(room)["wars"]
    assert set(wars["scenario"]) >= {"byd-one-third"}
    assert (wars[wars["scenario"] == "byd-one-third"]["leader"] == "byd").all()
    depth = vars(room)["by_rate"]["war_index"]
    assert depth.is_monotonic_increasing


def test_the_notebook_is_kept_without_outputs() -> None:
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    assert all(not cell.get("outputs") for cell in notebook["cells"])
    assert notebook["nbformat"] == 4
