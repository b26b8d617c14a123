"""Documentation: examples run, links lead somewhere, generated pages are in step with the code."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from pricewar.cli.app import app
from pricewar.cli.lab_page import PAGE, renewed
from pricewar.cli.pages import PAGES

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES_WITH_EXAMPLES = [
    path
    for path in (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))
    if re.search(r"^```(python|console)$", path.read_text(encoding="utf-8"), re.M)
]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
OWN_FILE = re.compile(r"This one, in\s`mylab\.py`")
"""A page that says so has its first Python block in that file."""
FILE = re.compile(r"^# ([\w-]+\.(?:toml|py))\n")
TABLE = re.compile(r"`([\w-]+\.csv)`:\n\n```csv\n(.*?)^```$", re.M | re.S)
"""A table, which cannot hold its own name: it stands before it."""
MEANT_TO_FAIL = {"pricewar compare my-rest my-cut.toml --seeds 3 --out results/first"}
FAILS_AT_FIRST = "pricewar check spring/china_nev_2026_03.toml"
"""It is on its page twice: with marks to fill in, and without."""


class Block(NamedTuple):
    language: str
    text: str
    line: int


def blocks(path: Path) -> Iterator[Block]:
    text = path.read_text(encoding="utf-8")
    for found in BLOCK.finditer(text):
        yield Block(found[1], found[2], text[: found.start(2)].count("\n") + 1)


def commands(text: str) -> list[str]:
    return [line[2:] for line in text.splitlines() if line.startswith("$ pricewar ")]


@pytest.mark.slow
@pytest.mark.parametrize("path", PAGES_WITH_EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_example_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a page run in order, in one namespace and one empty directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("mylab", None)  # of another page
    space = types.ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", space)
    for name, table in TABLE.findall(path.read_text(encoding="utf-8")):
        Path(name).write_text(table, encoding="utf-8")
    own_file = OWN_FILE.search(path.read_text(encoding="utf-8")) is not None
    bad = {*MEANT_TO_FAIL, FAILS_AT_FIRST}
    for block in blocks(path):
        named = FILE.match(block.text)
        if named:
            Path(named[1]).write_text(block.text, encoding="utf-8")
        if block.language == "python" and own_file:
            Path("mylab.py").write_text(block.text, encoding="utf-8")
            importlib.invalidate_caches()
            own_file = False
        elif block.language == "python":
            exec(compile("\n" * (block.line - 1) + block.text, str(path), "exec"), space.__dict__)
        for command in commands(block.text) if block.language == "console" else ():
            done = CliRunner().invoke(app, command.split()[1:])
            assert done.exit_code == (2 if command in bad else 0), f"{command}\n{done.output}"
            bad.discard(FAILS_AT_FIRST if command == FAILS_AT_FIRST else "")


def test_readme_and_guides_have_examples() -> None:
    names = {path.name for path in PAGES_WITH_EXAMPLES}
    assert {"README.md", "first-war.md", "run-from-python.md", "use-with-mesa.md", "read-results.md"} <= names


def test_the_chinese_readme_has_examples_of_the_english_one() -> None:
    english, chinese = ([block.text for block in blocks(ROOT / name) if block.language == "python"]
                        for name in ("README.md", "README.zh.md"))  # fmt: skip
    assert chinese
    assert set(chinese) <= set(english)


def test_settings_of_the_laboratory_are_in_step() -> None:
    page = DOCS / "reference" / PAGE
    assert page.read_text(encoding="utf-8") == renewed(page.read_text(encoding="utf-8")), "run: make docs"


@pytest.mark.parametrize("name", list(PAGES))
def test_generated_pages_are_in_step(name: str) -> None:
    assert (DOCS / "reference" / name).read_text(encoding="utf-8") == PAGES[name](), "make docs"


def test_links_lead_somewhere() -> None:
    lost = []
    for path in (*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "scenarios").glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            if "://" not in target and not (path.parent / target).exists():
                lost.append(f"{path.relative_to(ROOT)}: {target}")
    assert not lost


def test_every_page_can_be_reached_from_the_index() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    pages = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")} - {"index.md"}
    assert not {page for page in pages if page not in index and not page.startswith("adr/0")}


def test_the_odd_page_has_campaigns_wherever_they_act() -> None:
    """Entities, schedule, concepts, start, submodels: a reader of one section must not miss them."""
    parts = re.split(
        r"^## ", (DOCS / "explanation" / "odd.md").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    for name in ("2. Entities", "3. Process", "4. Design", "5. Initialization", "7. Submodels"):
        (part,) = (part for part in parts if part.startswith(name))
        assert "ampaign" in part, name
    concepts = re.findall(r"^\*\*(\w+)\.\*\*(.*?)(?=^\*\*|\Z)", parts[4], flags=re.MULTILINE | re.DOTALL)
    silent = {name for name, text in concepts if "ampaign" not in text}
    assert silent <= {"Adaptation", "Learning", "Interaction", "Collectives"}


def test_text_of_the_project_speaks_of_itself_alone() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    private = re.compile("/wo" + "rk/|/ro" + "ot/|/opt/py" + "pi")
    for name in listed.stdout.splitlines():
        if (
            name.endswith((".md", ".py", ".toml", ".lock", ".csv", "Makefile", ".cff"))
            and (ROOT / name).exists()
        ):
            assert not private.search((ROOT / name).read_text(encoding="utf-8")), name
