"""The step of the gallery: all figures of the documentation on one page, each with the page that reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from pricewar.base.edition import mark

from .step import Place, Step, sources

PAGE: Final = "docs/results/gallery.md"
PAGES: Final = ("docs/results/*.md", "docs/explanation/*.md")
"""Pages whose figures are shown; screenshots of the app are left to the page that explains it."""
_IMAGE: Final = re.compile(r"!\[([^\]]*)\]\(([^)\s]+\.png)\)")
_ACROSS: Final = 2


class Shown(NamedTuple):
    """A figure of a page."""

    title: str
    file: str
    """Path below the root."""
    page: str
    """Path below the root."""
    heading: str
    """Title of the page."""


def gallery_step() -> Step:
    """The page of all figures."""

    def inputs(place: Place) -> Mapping[str, Any]:
        return {"figures": [list(one) for one in figures(place.root)], "code": sources("publish")}

    def make(place: Place) -> list[Path]:
        page = place.path(PAGE)
        page.write_text("\n".join(_lines(list(figures(place.root)))) + "\n", encoding="utf-8", newline="\n")
        return [page]

    return Step("gallery", "a page with all figures", (PAGE,), inputs, make)


def figures(root: Path) -> Iterator[Shown]:
    """Figures of the pages below a root that are there, in the order of pages and of figures on them."""
    for pattern in PAGES:
        for page in sorted(root.glob(pattern)):
            name = page.relative_to(root).as_posix()
            text = page.read_text(encoding="utf-8")
            heading = text.partition("\n")[0].lstrip("# ")
            for title, address in _IMAGE.findall(text) if name != PAGE else ():
                file = (page.parent / address).resolve()
                if file.is_file() and not file.name.startswith("app_"):
                    yield Shown(title, file.relative_to(root.resolve()).as_posix(), name, heading)


def _lines(shown: list[Shown]) -> list[str]:
    lines = ["# All figures", "", f"{len(shown)} figures, by the page that says what they show.", ""]
    for page in dict.fromkeys(one.page for one in shown):
        of_page = [one for one in shown if one.page == page]
        lines += [f"## [{of_page[0].heading}]({_from_here(page)})", "", "| | |", "|---|---|"]
        for first in range(0, len(of_page), _ACROSS):
            cells = [f"![{one.title}]({_from_here(one.file)})" for one in of_page[first : first + _ACROSS]]
            lines.append(f"| {' | '.join(cells + [''] * (_ACROSS - len(cells)))} |")
        lines.append("")
    return [*lines, mark()]


def _from_here(path: str) -> str:
    """Address of a path below the root, from the gallery."""
    inside = path.removeprefix("docs/results/")
    return inside if inside != path else f"../{path.removeprefix('docs/')}"
