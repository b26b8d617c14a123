"""The step of the wars of history: the page, its pictures, and the table of the README."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pricewar.benchmarks.page import sections, summary
from pricewar.cli.benchmarks import made
from pricewar.plots.style import Drawing
from pricewar.report.numbers import renewed
from pricewar.scenario.files import load

from .step import Place, Step, sources

PAGE: Final = "docs/explanation/benchmarks.md"
README: Final = "README.md"
PICTURES: Final = "../img/"
"""As the page links to them."""


def benchmarks_step() -> Step:
    """Published and found, side by side."""

    def inputs(place: Place) -> Mapping[str, Any]:
        code = sources("benchmarks", "analysis", "backtest", "campaigns", "equilibrium")
        return {"scenario": load("china-2023").digest, "code": code, "small": place.small}

    def make(place: Place) -> list[Path]:
        study = made(None, place.workers, place.small, place.quiet)
        bodies = {PAGE: sections(study, PICTURES), README: summary(study)}
        written = []
        for name, body in bodies.items():
            page = place.page(name)
            text = renewed(page.read_text(encoding="utf-8"), body, name, "benchmarks")
            page.write_text(text, encoding="utf-8", newline="\n")
            written.append(page)
        for finding in study.findings:
            for name, draw in finding.draw.items():
                written.append(place.picture(Drawing(name, finding.title, "", "", draw())))
        return written

    outputs = (PAGE, README, "docs/img/benchmark_*.png")
    return Step("benchmarks", "wars of history, published and found", outputs, inputs, make)
