"""All figures are one family: one palette in page, game and report; ticks, labels, panels as readers need."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from policy_studies import made
from synthetic import results

from pricewar.app.frames import PALETTE as PAGE
from pricewar.plots import Drawing, draw_figures, story
from pricewar.plots.policy import FIFTHS, policy_drawings
from pricewar.plots.style import PALETTE, house
from pricewar.publish.gallery import figures

ROOT = Path(__file__).parents[1]
KINDS = {
    "normal": np.eye(3),
    # severity 1, Machado, Oliveira and Fernandes (2009), table 1
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                            [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                              [-0.011820, 0.042940, 0.968881]]),
}  # fmt: skip


def linear(colour: str) -> Any:
    part = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def lab(rgb: Any) -> Any:
    """CIE L*a*b*, white point D65."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(to_xyz) @ np.clip(rgb, 0, 1) / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("palette", [PALETTE, FIFTHS], ids=["palette", "fifths"])
def test_colours_are_told_apart_by_every_reader(kind: str, palette: tuple[str, ...]) -> None:
    seen = [lab(KINDS[kind] @ linear(colour)) for colour in palette]
    assert min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)) > 10.0


def test_page_game_and_report_have_one_palette() -> None:
    text = (ROOT / "pricewar/app/static/board.js").read_text(encoding="utf-8")
    found = re.search(r"const COLOURS = \[([^\]]+)\]", text)
    assert found is not None
    assert tuple(re.findall(r"#[0-9A-F]{6}", found[1])) == PALETTE == PAGE


@pytest.fixture(scope="module")
def drawings() -> list[Drawing]:
    runs = results(seeds=2, periods=12)
    named = [draw_figures(story(runs)), policy_drawings(made({"ban": lambda k, c: c.normal(2, 1, len(k))}))]
    for drawing in (one for part in named for one in part):
        with house():
            FigureCanvasAgg(drawing.figure).draw()
    return [one for part in named for one in part]


def test_ticks_are_unique_and_no_two_labels_of_an_axis_overlap(drawings: list[Drawing]) -> None:
    for drawing in drawings:
        for axes in drawing.figure.axes:
            for axis, side in ((axes.xaxis, 0), (axes.yaxis, 1)):
                shown = [
                    label
                    for label in axis.get_ticklabels()
                    if label.get_text() and label.get_visible() and axes.axison
                ]
                inside = [one for one in shown if _within(axes, one, side)]
                texts = [label.get_text() for label in inside]
                assert len(set(texts)) == len(texts), (drawing.name, texts)
                boxes = sorted((one.get_window_extent().get_points()[:, side] for one in inside), key=tuple)
                for one, other in pairwise(boxes):
                    assert one[1] <= other[0] + 1.0, (drawing.name, texts)


def _within(axes: Any, label: Any, side: int) -> bool:
    low, high = sorted(axes.get_xlim() if side == 0 else axes.get_ylim())
    return bool(low <= label.get_position()[side] <= high)


def test_no_panel_is_empty_and_all_text_is_on_the_page(drawings: list[Drawing]) -> None:
    for drawing in drawings:
        figure = drawing.figure
        width, height = figure.get_size_inches() * figure.dpi
        for axes in figure.axes:
            drawn = axes.lines or axes.patches or axes.collections or axes.texts
            assert drawn or not axes.axison, drawing.name
            for text in axes.texts:
                box = text.get_window_extent()
                if text.get_text() and text.get_visible():
                    assert box.x1 <= width + 3, (drawing.name, text.get_text())
                    assert box.y0 >= -3, (drawing.name, text.get_text())
                    assert box.y1 <= height + 3, (drawing.name, text.get_text())


def test_the_gallery_finds_figures_with_their_titles(tmp_path: Path) -> None:
    folder = tmp_path / "docs" / "results"
    (folder / "01").mkdir(parents=True)
    for name in ("a", "app_b"):
        (folder / "01" / f"{name}.png").write_bytes(b"")
    text = "# Cuts\n\n![How deep](01/a.png) ![The page](01/app_b.png) ![Gone](01/c.png)\n"
    (folder / "01.md").write_text(text, encoding="utf-8")
    (one,) = figures(tmp_path)
    assert (one.title, one.file, one.heading) == ("How deep", "docs/results/01/a.png", "Cuts")
    assert len(list(figures(ROOT))) > 40
