"""Figures of a comparison, in one house style, as PNG and SVG with captions."""

from __future__ import annotations

import json
from pathlib import Path

from pricewar.base.arguments import maybe, takes, text
from pricewar.base.arguments import path as path_
from pricewar.results.store import Results

from .data import Story, story
from .style import Drawing

__all__ = ["Drawing", "Story", "draw_figures", "make_figures", "story"]


def draw_figures(told: Story, focus: str = "xiaomi", few: bool = False) -> list[Drawing]:
    """Figures of a comparison.

    Args:
        told: the results and their comparison, from `story`.
        focus: firm whose break-even is drawn; left out where there is no such firm.
        few: leave out those with a panel for each firm, campaigns and break-even.
    """
    from . import breakeven, campaigns, firms, gains, market  # they import matplotlib: not before it draws

    drawn = [gains.draw(told), market.consumer_surplus(told)] if told.others else []
    drawn += [market.price_index(told), market.war_index(told)]
    if few:
        return drawn
    drawn += campaigns.draw_all(told)
    drawn += [firms.draw(told, m) for m in (firms.PRICES, firms.SHARES, firms.MARGINS, firms.CASH)]
    return drawn + ([breakeven.draw(told, focus)] if focus in told.firms else [])


@takes(results=Results, out=path_, baseline=maybe(text))
def make_figures(
    results: Results, out: str | Path, baseline: str | None = None, focus: str = "xiaomi"
) -> list[Path]:
    """Draw all figures into a directory, each as PNG and SVG, with `captions.json` beside them.

    Args:
        results: the runs to draw.
        out: directory; made if it is not there.
        baseline: scenario to compare with; `results.baseline` if None.
        focus: id of the firm whose break-even month is drawn, where it is in the market.

    Returns:
        Paths of the PNG files, in the order in which a reader wants them.

    Raises:
        ResultsError: no runs, or no such baseline.
    """
    return save_figures(draw_figures(story(results, baseline), focus), Path(out))


def save_figures(drawings: list[Drawing], out: Path, png: bool = True) -> list[Path]:
    """Write drawings and their captions; returns the paths of the PNG, or of the SVG without `png`."""
    paths = [drawing.save(out)[0] if png else drawing.save_svg(out) for drawing in drawings]
    words = {d.name: {"title": d.title, "caption": d.caption, "finding": d.finding} for d in drawings}
    (out / "captions.json").write_text(
        json.dumps(words, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return paths
