"""`python website/prepare.py FOLDER`: all that the site is built from, in one folder.

docs is copied as it is. Added are navigation, which follows docs/index.md, a page for each public module, and
the files beside docs that pages link to.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from pricewar.cli.python_page import DOORS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
LINK = re.compile(r"\[[^\]]+\]\(([^)#\s]+\.md)(?:#[^)]*)?\)")
BESIDE = re.compile(r"\]\(((?:\.\./)+)(?=(?:pricewar|scenarios|experiments|policies)/|[A-Z]+\.md)([^)#\s]+)")
"""A link from a page to a file of the repository that is not in docs."""
API = "api"
COPIES = "source"
"""Folders of the site that docs does not have."""


def prepare(folder: Path) -> None:
    """Write the folder anew: pages in `pages`, and mkdocs.yml beside it.

    Args:
        folder: it is removed first, if it is there.

    Raises:
        ValueError: a page of docs is in no index, so that it would have no place in the navigation.
    """
    shutil.rmtree(folder, ignore_errors=True)
    pages = folder / "pages"
    shutil.copytree(DOCS, pages)
    for path in sorted(pages.rglob("*.md")):
        lead_beside(path, pages)
    (pages / API).mkdir()
    for door in DOORS:
        (pages / API / f"{door}.md").write_text(api_page(door), encoding="utf-8", newline="\n")
    for name in ("site.css", "iframe-worker.js"):
        shutil.copy(ROOT / "website" / name, pages)
    nav = navigation()
    lost = sorted({str(p.relative_to(DOCS)) for p in DOCS.rglob("*.md")} - set(leaves(nav)))
    if lost:
        raise ValueError(f"docs/index.md and the indexes that it links do not have {', '.join(lost)}")
    settings = (ROOT / "website" / "mkdocs.yml").read_text("utf-8")
    settings = settings.replace("[ROOT]", json.dumps([str(ROOT)]))
    (folder / "mkdocs.yml").write_text(f"{settings}nav: {json.dumps(nav)}\n", encoding="utf-8", newline="\n")


def navigation() -> list[dict[str, Any]]:
    """Sections and their pages: each heading in bold of index.md, and the pages that it links, in order."""
    parts = re.split(r"^\*\*(.+?)\*\*$", (DOCS / "index.md").read_text("utf-8"), flags=re.MULTILINE)
    sections = [{title: list(entries(text))} for title, text in zip(parts[1::2], parts[2::2], strict=True)]
    return [{"Start": "index.md"}, *sections, {"Python": [f"{API}/{door}.md" for door in DOORS]}]


def entries(text: str) -> Iterator[Any]:
    """The pages that a part of the index links; what an index in a folder lists goes below that one."""
    names = list(dict.fromkeys(LINK.findall(text)))
    inside = {page for name in names if name.endswith("README.md") for page in listed(name)}
    for name in names:
        if name.endswith("README.md"):
            yield {title_of(name): [name, *listed(name)]}
        elif name not in inside:
            yield name


def listed(name: str) -> list[str]:
    """The pages of its own folder that an index lists."""
    found = LINK.findall((DOCS / name).read_text("utf-8"))
    return [f"{Path(name).parent}/{page}" for page in dict.fromkeys(found) if "/" not in page]


def title_of(name: str) -> str:
    """The heading of a page."""
    found = re.search(r"^# (.+)$", (DOCS / name).read_text("utf-8"), re.MULTILINE)
    return found[1] if found else name


def leaves(nav: Any) -> Iterator[str]:
    """All pages of a navigation."""
    if isinstance(nav, str):
        yield nav
    else:
        for part in nav.values() if isinstance(nav, dict) else nav:
            yield from leaves(part)


def lead_beside(path: Path, pages: Path) -> None:
    """Lead links of a page to files beside docs to copies in the site."""
    up = "../" * (len(path.relative_to(pages).parts) - 1)

    def copied(found: re.Match[str]) -> str:
        target = pages / COPIES / f"{found[2]}.txt"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / found[2], target)
        return f"]({up}{COPIES}/{found[2]}.txt"

    path.write_text(BESIDE.sub(copied, path.read_text("utf-8")), encoding="utf-8", newline="\n")


def api_page(door: str) -> str:
    """The page of one public module: what it is for, then every public name."""
    names = getattr(import_module(door), "__all__", DOORS[door])
    listed = "".join(f"\n::: {door}.{name}\n" for name in names)
    options = "    options:\n      members: false\n      show_root_heading: false\n"
    return f"# {door}\n\n::: {door}\n{options}{listed}"


if __name__ == "__main__":
    prepare(Path(sys.argv[1]))
