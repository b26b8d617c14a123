"""The site: each page has a place, each public function is described, and all of it works from a disk."""

from __future__ import annotations

import importlib.util
import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pricewar.cli.python_page import DOORS

ROOT = Path(__file__).parents[1]


def prepared() -> ModuleType:
    spec = importlib.util.spec_from_file_location("prepare_site", ROOT / "website" / "prepare.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SITE = prepared()


def public(wanted: Callable[[object], bool]) -> Iterator[tuple[str, Any]]:
    """What the public doors name, of a sort."""
    for door, chosen in DOORS.items():
        module = import_module(door)
        for name in getattr(module, "__all__", chosen):
            if wanted(getattr(module, name)):
                yield f"{door}.{name}", getattr(module, name)


FUNCTIONS = dict(public(inspect.isfunction))
METHODS = {
    f"{name}.{part}": inner
    for name, held in public(inspect.isclass)
    for part, inner in vars(held).items()
    if inspect.isfunction(inner) and inner.__name__ == part and not part.startswith("_")
}


def described(function: Callable[..., Any]) -> set[str] | None:
    """Arguments that the docstring describes; None where it has no such section."""
    section = re.search(r"^Args:\n((?:[ \t]+.*\n?|\n)+)", (inspect.getdoc(function) or "") + "\n", re.M)
    return None if section is None else set(re.findall(r"^ {4}(\w+): \S", section[1], re.M))


def asked(function: Callable[..., Any]) -> set[str]:
    return {name for name in inspect.signature(function).parameters if name not in ("self", "cls")}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_public_function_says_what_it_does_and_what_its_arguments_are(name: str) -> None:
    assert inspect.getdoc(FUNCTIONS[name])
    assert (described(FUNCTIONS[name]) or set()) == asked(FUNCTIONS[name])


@pytest.mark.parametrize("name", METHODS)
def test_each_method_says_what_it_does_and_describes_all_arguments_or_none(name: str) -> None:
    assert inspect.getdoc(METHODS[name])
    assert described(METHODS[name]) in (None, asked(METHODS[name]))


def test_the_check_sees_what_is_missing() -> None:
    def half(first: int, second: int) -> None:
        """Nothing.

        Args:
            first: a number.
        """

    assert described(half) == {"first"}
    assert described(test_the_check_sees_what_is_missing) is None


def test_every_page_has_one_place_and_a_lost_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SITE.prepare(tmp_path / "site")
    pages = tmp_path / "site" / "pages"
    places = list(SITE.leaves(SITE.navigation()))
    assert len(places) == len(set(places))
    assert set(places) == {str(path.relative_to(pages)) for path in pages.rglob("*.md")}
    assert (pages / "source" / "SECURITY.md.txt").is_file()
    docs = tmp_path / "docs"
    SITE.shutil.copytree(SITE.DOCS, docs)
    (docs / "how-to" / "forgotten.md").write_text("# Forgotten\n", encoding="utf-8")
    monkeypatch.setattr(SITE, "DOCS", docs)
    with pytest.raises(ValueError, match=r"how-to/forgotten\.md"):
        SITE.prepare(tmp_path / "site")


def test_each_public_name_has_an_entry() -> None:
    for door, chosen in DOORS.items():
        text = SITE.api_page(door)
        for name in getattr(import_module(door), "__all__", chosen):
            assert f"\n::: {door}.{name}\n" in text


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make site` builds it."""
    pytest.importorskip("zensical")
    pytest.importorskip("mkdocstrings")
    folder = tmp_path_factory.mktemp("built") / "site"
    SITE.prepare(folder)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "-f", str(folder / "mkdocs.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "griffe" not in done.stdout + done.stderr, done.stdout[-3000:]
    return folder / "html"


@pytest.mark.slow
def test_a_strict_build_has_every_function_with_its_source_and_asks_nothing_of_the_network(
    html: Path,
) -> None:
    loads = re.compile(r"<(?:script|link|img|iframe|source)\b[^>]*?(?:src|href)=[\"']?(?:https?:)?//[^>]*>")
    for path in html.rglob("*.html"):
        assert not loads.findall(path.read_text("utf-8")), path.name
    for path in html.rglob("*.css"):
        assert not re.search(r"url\([\"']?(?:https?:)?//|@import", path.read_text("utf-8")), path.name
    page = (html / "api" / "pricewar.html").read_text("utf-8")
    for word in ('id="pricewar.run"', "Source code in", "Raises:", "concurrent.futures"):
        assert word in page
    assert len(list(html.rglob("img/*.png"))) > 20


@pytest.mark.slow
def test_search_answers_from_a_disk_without_a_network(html: Path) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    found = SITE.shutil.which("chromium")
    if found is None:
        pytest.skip("no chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_context(offline=True).new_page()
        failed: list[str] = []
        page.on("requestfailed", lambda request: failed.append(request.url))
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.goto((html / "index.html").as_uri())
        page.keyboard.press("Control+k")
        answer = page.get_by_text(re.compile(r"[1-9]\d* results?"))
        for _ in range(20):  # the box takes words as soon as the index is read
            page.keyboard.press("Control+a")
            page.keyboard.type("elasticity", delay=30)
            page.wait_for_timeout(1000)
            if answer.count():
                break
        assert answer.count()
        assert not failed
        browser.close()


def test_settings_name_no_address() -> None:
    text = (ROOT / "website" / "mkdocs.yml").read_text("utf-8")
    assert "://" not in text
