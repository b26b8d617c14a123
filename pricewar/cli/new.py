"""`pricewar new`: a small working file of one's own to begin with, a scenario that uses it and its test."""

from __future__ import annotations

import importlib.util
import keyword
import re
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Annotated, Final

import typer

from pricewar.base.errors import bad_input
from pricewar.files.fresh import is_device, write_new

from .console import tell

RULES: Final = ("strategy", "event", "intervention", "demand")
"""Kinds that are a class in a file of one's own."""
OF_A_RULE: Final = {"py": "{}.py", "toml": "{}.toml", "test": "test_{}.py"}
OF_A_MARKET: Final = {"toml": "{}.toml", "cut": "{}-cut.toml"}
"""Template -> name of the file that is made from it."""
KINDS: Final = (*RULES, "market")
WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


def new(
    kind: Annotated[str, typer.Argument(metavar="|".join(KINDS), help="What to begin.")],
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="Lower case, digits and _; it names the files and the class."),
    ],
) -> None:
    """Write a small working file of your own to begin with, into the current directory.

    For a strategy, an event, an intervention or a demand, these are NAME.py with the class, NAME.toml with a
    scenario that uses it, and test_NAME.py with its test. For a market they are NAME.toml with two firms at
    rest, and NAME-cut.toml, in which one of them cuts. A file that is there is never overwritten.
    """
    _require_fitting(kind, name)
    made = write_new(Path(), texts(kind, name))
    tell("wrote " + ", ".join(map(str, made)))
    for line in next_steps(kind, name):
        tell(line)


def texts(kind: str, name: str) -> dict[str, str]:
    """Name and text of each file.

    Args:
        kind: one of `KINDS`.
        name: as `pricewar new` takes it.
    """
    words = {"name": name, "Kind": "".join(part.capitalize() for part in name.split("_"))}
    home = files("pricewar.cli").joinpath("templates")
    return {
        pattern.format(name): Template(home.joinpath(f"{kind}.{part}.txt").read_text("utf-8")).substitute(
            words
        )
        for part, pattern in (OF_A_RULE if kind in RULES else OF_A_MARKET).items()
    }


def next_steps(kind: str, name: str) -> Iterator[str]:
    """The commands to type next."""
    if kind in RULES:
        yield f"next: pricewar run {name}.toml"
        yield f"test: python -m pytest test_{name}.py"
    else:
        yield f"next: pricewar compare {name}.toml {name}-cut.toml --baseline {name}"


def _require_fitting(kind: str, name: str) -> None:
    """Refuse a kind that is not one, and a name that Python could not import or has another file for.

    Raises:
        InputError: with both problems if there are two.
    """
    problems = [] if kind in KINDS else [("KIND", kind, "one of " + ", ".join(KINDS))]
    if WORD.fullmatch(name) is None or keyword.iskeyword(name) or not name.strip("_0123456789"):
        allowed = "a letter, then at most 39 letters, digits and _; lower case; no word of Python itself"
        problems.append(("NAME", name, allowed))
    elif is_device(name):
        problems.append(("NAME", name, "a name that Windows does not keep for a device"))
    elif kind in RULES and _is_of_others(name):
        problems.append(("NAME", name, f"a name that no package has: import {name} finds another file"))
    if problems:
        raise bad_input("pricewar new", *problems)


def _is_of_others(name: str) -> bool:
    """Whether Python finds a module of that name that is not in the current directory."""
    if name in sys.stdlib_module_names:
        return True
    spec = importlib.util.find_spec(name)
    home = None if spec is None or spec.origin is None else Path(spec.origin).resolve()
    return home is not None and home.parent != Path.cwd()
