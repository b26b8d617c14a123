"""The report of a comparison: one HTML file that opens without a network and prints well."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pricewar.analysis.interval import NO_LUCK
from pricewar.base.arguments import maybe, takes, text
from pricewar.base.arguments import path as path_
from pricewar.base.chinese import say_date
from pricewar.base.edition import mark
from pricewar.base.speech import HTML, language, say, say_name
from pricewar.plots import Drawing, Story, draw_figures, story
from pricewar.plots.lettering import commas, runs_in_words, seeds_in_words
from pricewar.plots.style import PRINT
from pricewar.results.software import software
from pricewar.results.store import Results

from . import tables
from .differences import carried_by, differences
from .findings import findings
from .inputs import inputs
from .sure import sure

__all__ = ["write_report"]


@takes(results=Results, directory=path_, baseline=maybe(text))
def write_report(
    results: Results,
    directory: str | Path,
    baseline: str | None = None,
    told: Story | None = None,
    drawings: Sequence[Drawing] | None = None,
) -> Path:
    """Write report.html.

    Args:
        results: the runs to report.
        directory: where to; made if it is not there.
        baseline: the scenario to compare with; `results.baseline` if None.
        told: the comparison, where it was made already.
        drawings: its figures, where they were drawn already.

    Raises:
        ResultsError: no runs, or no such baseline; nothing is written then.
    """
    told = told or story(results, baseline)
    drawn = draw_figures(told) if drawings is None else drawings
    target = Path(directory)
    target.mkdir(parents=True, exist_ok=True)
    beside = {drawing.name: _beside(target, drawing.name) for drawing in drawn}
    page = _template().render(content(told, drawn) | {"beside": beside})
    draft = target / ".report.html.part"
    draft.write_text(page, encoding="utf-8", newline="\n")
    return draft.replace(target / "report.html")


def content(told: Story, drawings: Sequence[Drawing]) -> dict[str, Any]:
    """Everything that the template prints."""
    results = told.results
    runs, held = results.runs, inputs(results, told.baseline)
    return {
        "words": told.words,
        "scenarios": told.scenarios,
        "baseline": told.baseline,
        "said": {name: told.said(name) for name in told.scenarios},
        "differs": differences(results, told.baseline),
        "carried": carried_by(held),
        "about": {name: say_name(results.about.get(name, "")) for name in told.scenarios},
        "months": (told.month(0), told.month(-1), len(told.months)),
        "cut_short": {name: say_date(month) for name, month in told.cut_short.items()},
        "seeds": results.seeds,
        "luck": told.luck,
        "of_what": results.drawn.of_what,
        "compared": commas([told.said(name) for name in told.others]),
        "numbers": Markup('<a href="comparison.csv">comparison.csv</a>'),
        "drawn": results.drawn,
        "no_luck": say(NO_LUCK),
        "failed": runs[runs["status"] != "ok"].to_dict("records"),
        "findings": findings(told, told.wars),
        "market": [*tables.market(told), *([tables.buyers(told)] if told.others else [])],
        "sure": sure(told),
        "firms": [
            grid for name in told.others for grid in (tables.firms(told, name), tables.books(told, name))
        ],
        "wars": tables.wars(told, told.wars),
        "figures": [(drawing, _embedded(drawing)) for drawing in drawings],
        "command": results.command,
        "edition": results.edition,
        "mark": Markup(mark(results.edition)),
        "versions": sorted(runs["version"].unique()),
        "software": ", ".join(f"{name} {version}" for name, version in software().items()),
        "inputs": held,
        "parts": {anchor: text for one in held for anchor, text in one.parts.items()},
        "digests": runs.drop_duplicates("scenario").set_index("scenario")["digest"].to_dict(),
    }


def _template() -> Any:
    loader = PackageLoader("pricewar.report", "")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.globals |= {"say": _said, "html": HTML[language()]}
    environment.globals |= {"seeds_in_words": seeds_in_words, "runs_in_words": runs_in_words}
    environment.globals["comma"] = commas(("", ""))
    return environment.get_template("report.html.j2")


def _said(text: str, /, **terms: Any) -> Markup:
    """A sentence of the page, which may hold marks of its own; what fills its places may not."""
    told = Markup(say(text))
    return told.format(**terms) if terms else told


def _beside(directory: Path, figure: str) -> list[tuple[str, str]]:
    """The files of a figure that lie beside the report: (ending, address)."""
    paths = [directory / "figures" / f"{figure}.{ending}" for ending in PRINT]
    return [(path.suffix[1:].upper(), f"figures/{path.name}") for path in paths if path.is_file()]


def _embedded(drawing: Drawing) -> str:
    """The figure as a data address: a vector image whose ids cannot clash with those of another figure."""
    return "data:image/svg+xml;base64," + base64.b64encode(drawing.svg).decode("ascii")
