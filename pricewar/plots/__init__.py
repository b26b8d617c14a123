"""Figures of a comparison, in one house style, as PNG, SVG and PDF with captions."""

from __future__ import annotations

import json
from pathlib import Path

from pricewar.base.arguments import maybe, takes, text
from pricewar.base.arguments import path as path_
from pricewar.base.speech import say
from pricewar.results.store import Results

from .data import Story, story
from .style import DPI, PRINT, Drawing

__all__ = ["Drawing", "Story", "draw_figures", "make_figures", "story"]


def draw_figures(told: Story, focus: str = "xiaomi", few: bool = False) -> list[Drawing]:
    """Figures of a comparison.

    Args:
        told: the results and their comparison, from `story`.
        focus: firm whose break-even is drawn; left out where there is no such firm.
        few: leave out those with a panel for each firm, campaigns and break-even.
    """
    # They import matplotlib, which takes time: not before it draws.
    from . import breakeven, campaigns, firms, gains, market, responses

    drawn = [gains.draw(told), market.consumer_surplus(told)] if told.others else []
    drawn += [market.price_index(told), market.war_index(told)]
    if few:
        return drawn
    drawn += campaigns.draw_all(told)
    drawn += [firms.draw(told, m) for m in (firms.PRICES, firms.SHARES, firms.MARGINS, firms.CASH)]
    if told.others:
        drawn += [responses.draw(told, measure) for measure in (firms.PRICES, firms.MARGINS)]
    return drawn + ([breakeven.draw(told, focus)] if focus in told.firms else [])


@takes(results=Results, out=path_, baseline=maybe(text))
def make_figures(
    results: Results, out: str | Path, baseline: str | None = None, focus: str = "xiaomi"
) -> list[Path]:
    """Draw all figures into a directory, each as PNG, SVG and PDF, and their captions.

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


def captions(drawings: list[Drawing]) -> str:
    """Titles, findings and captions of figures as Markdown, numbered in the order in which they are drawn."""
    parts = [
        say("**Figure {place}. {title}** (`{name}`)", place=place, title=drawing.title, name=drawing.name)
        + f"\n\n{drawing.finding}\n\n_{drawing.caption}_\n"
        for place, drawing in enumerate(drawings, 1)
    ]
    return "\n".join(parts)


def save_figures(drawings: list[Drawing], out: Path, png: bool = True) -> list[Path]:
    """Write drawings, captions.json and captions.md; returns the PNG, or the SVG without `png`."""
    if not drawings:
        return []
    paths = [drawing.save(out, PRINT if png else ("svg",), DPI)[0] for drawing in drawings]
    (out / "captions.md").write_text(captions(drawings), encoding="utf-8", newline="\n")
    words = {d.name: {"title": d.title, "caption": d.caption, "finding": d.finding} for d in drawings}
    (out / "captions.json").write_text(
        json.dumps(words, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n"
    )
    return paths
