"""The reference of Python: public names, their errors, nothing of this process; tables in docstrings."""

from __future__ import annotations

import inspect
import re
from importlib import import_module

import pytest

import pricewar
from pricewar.cli.python_page import DOORS, python_page
from pricewar.results.schema import SCHEMA, columns
from pricewar.results.store import Results

PAGE = python_page()


def entries() -> list[tuple[str, str]]:
    return [
        (module, name) for module, chosen in DOORS.items() for name in chosen or import_module(module).__all__
    ]


def part(module: str, name: str) -> str:
    begin = PAGE.index(f"\n### {name}\n", PAGE.index(f"\n## {module}\n"))
    return re.split(r"\n##", PAGE[begin + 5 :])[0]


def test_every_public_name_of_the_package_is_there() -> None:
    assert {name for module, name in entries() if module == "pricewar"} == set(pricewar.__all__)


@pytest.mark.parametrize(("module", "name"), entries(), ids=lambda text: text)
def test_each_entry_says_what_it_is_and_which_errors_it_raises(module: str, name: str) -> None:
    held = getattr(import_module(module), name)
    text = part(module, name)
    assert len(text.strip()) > 10
    for error in re.findall(r"^    (\w+(?:Error)): ", inspect.getdoc(held) or "", re.M):
        assert f"raises `{error}" in text, error
    if inspect.isfunction(held):
        shown = re.search(r"```text\n(.*)\n```", text)
        assert shown is not None
        assert all(parameter in shown[1] for parameter in inspect.signature(held).parameters)


def test_the_page_is_the_same_in_every_process() -> None:
    assert not re.search(r"0x[0-9a-f]{6,}|<factory>|<object|/home/|site-packages", PAGE)
    assert python_page() == PAGE


def test_the_docstring_of_results_names_every_table_and_column() -> None:
    text = inspect.getdoc(Results) or ""
    for name in SCHEMA:
        listed = re.search(rf"^{name}: (.*?)(?=^\w+: |\Z)", text, re.M | re.S)
        assert listed is not None, name
        assert [word.strip() for word in listed[1].replace("\n", " ").split(",")] == list(columns(name))
