"""What an experiment says: figures, tables and findings in its folder, and a page of Markdown."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pricewar.base.edition import mark, marked
from pricewar.base.errors import bad_input
from pricewar.experiment import Study
from pricewar.experiment.manifest import MANIFEST
from pricewar.files.folders import added
from pricewar.plots import save_figures
from pricewar.plots.experiment import Exhibit, exhibits
from pricewar.plots.style import count

BEGIN: Final = "<!-- reading: written by hand; kept when the page is made anew -->"
END: Final = "<!-- end of reading -->"
_UNREAD: Final = "_Not read yet._"


def write_study(study: Study, directory: str | Path) -> list[str]:
    """Write `figures/` with captions, `tables/` (CSV) and `findings.json` into the folder of an experiment.

    Returns:
        One sentence for each figure.

    Raises:
        InputError, ResultsError: as `pricewar.files.folders.replaced`.
    """
    made, words = _made(study)
    with added(Path(directory), MANIFEST) as draft:
        save_figures([exhibit.drawing for exhibit in made], draft / "figures")
        for exhibit in made:
            (draft / "tables").mkdir(exist_ok=True)
            exhibit.table.to_csv(
                draft / "tables" / f"{exhibit.drawing.name}.csv", index=False, lineterminator="\n"
            )
        text = json.dumps(words, indent=2, ensure_ascii=False)
        (draft / "findings.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    return words


def require_page(page: Path) -> None:
    """Refuse to write a page over a file that is not ours.

    Raises:
        InputError: there is something there without the mark that our pages carry.
    """
    ours = not page.exists() or (
        page.is_file() and marked(page.read_text(encoding="utf-8", errors="replace")) is not None
    )
    if not ours:
        allowed = "a page that pricewar wrote, to be made anew, or a file that is not there yet"
        raise bad_input("command line", ("--page", str(page), allowed))


def write_page(study: Study, page: str | Path) -> Path:
    """Write an experiment as a page of Markdown, its figures as PNG in a folder of its name.

    What stands between the two marks of the reading is kept: sentences of people about the numbers.
    """
    target = Path(page)
    made, _ = _made(study)
    folder = target.with_suffix("")
    for exhibit in made:
        (png,) = exhibit.drawing.save(folder, ("png",))
        exhibit.table.to_csv(png.with_suffix(".csv"), index=False, lineterminator="\n", float_format="%.6g")
    target.write_text(
        "\n".join(_page(study, made, folder.name, _reading(target))) + "\n", encoding="utf-8", newline="\n"
    )
    return target


def _made(study: Study) -> tuple[list[Exhibit], list[str]]:
    """All figures that can be drawn, and a sentence for each that the file asks for."""
    found = list(exhibits(study))
    words = [one if isinstance(one, str) else one.drawing.finding for one in found]
    return [one for one in found if isinstance(one, Exhibit)], words


def _reading(page: Path) -> str:
    if page.exists():
        found = re.search(
            f"{re.escape(BEGIN)}\n(.*?)\n{re.escape(END)}", page.read_text(encoding="utf-8"), re.S
        )
        if found:
            return found[1]
    return _UNREAD


def _page(study: Study, made: Sequence[Exhibit], folder: str, reading: str) -> list[str]:
    experiment = study.experiment
    lines = [f"# {experiment.title or experiment.name}", "", experiment.question, ""]
    lines += [*_design(study), "", "## What it says", "", BEGIN, reading, END, ""]
    for exhibit in made:
        drawing = exhibit.drawing
        lines += [f"## {drawing.title}", "", f"![{drawing.title}]({folder}/{drawing.name}.png)", ""]
        lines += [f"{drawing.finding}", "", f"_{drawing.caption}_ [Table]({folder}/{drawing.name}.csv)", ""]
    return [*lines, mark(study.edition)]


_DRAWN: Final = {
    "both": " Each seed has its own luck and its own row of the joint sample of parameters.",
    "parameters": " Each seed has its own row of the joint sample of parameters, and all have one luck.",
}
"""Said of seeds that draw more than luck."""


def _design(study: Study) -> list[str]:
    experiment = study.experiment
    kind = experiment.design.kind.replace("-", " ")
    against = f", each paired with {experiment.but_for.name}" if experiment.but_for else ""
    runs = f"{len(experiment.points):,} points ({kind}) with {count(experiment.replicates, 'seed')} each"
    lines = [
        f"Base: {experiment.base.name}{against}; {experiment.base_months} months. {runs}: "
        f"{len(experiment):,} runs, {len(study.failed)} failed.{_DRAWN.get(experiment.drawn, '')} Made by "
        f"`pricewar sweep {experiment.name}`; digest `{experiment.digest}`, "
        f"model edition {study.edition}.",
        "",
        "| factor | path | values |",
        "|---|---|---|",
    ]
    for name, factor in experiment.factors.items():
        paths = ", ".join(f"`{path}`" for path in factor.targets)
        how = {"set": "", "scale": " (times what the base has)", "add": " (added to what the base has)"}
        lines.append(f"| {factor.label or name} | {paths}{how[factor.apply]} | {_values(factor)} |")
    return lines


def _values(factor: Any) -> str:
    if factor.values:
        return ", ".join(map(str, factor.shown))
    tree = factor.distribution.model_dump()
    return f"{tree.pop('kind')}: " + ", ".join(f"{name} {value:g}" for name, value in tree.items())
