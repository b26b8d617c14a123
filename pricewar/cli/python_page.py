"""docs/reference/python.md: public names with signature, first paragraph and errors, from docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any, Final

from pydantic import BaseModel

DOORS: Final = {
    "pricewar": (),
    "pricewar.analysis": (),
    "pricewar.experiment": (),
    "pricewar.market.calibration_report": ("fit", "Fit"),
    "pricewar.plots": (),
    "pricewar.report": (),
    "pricewar.base.errors": ("PricewarError", "InputError", "StrategyError", "ResultsError"),
    "pricewar.strategies": ("Strategy",),
    "pricewar.events": ("Event",),
    "pricewar.interventions": ("Intervention", "Desk"),
    "pricewar.base.records": ("View", "Quote", "Offers", "Sales", "Accounts", "Landscape"),
    "pricewar.testing": (
        "check_strategy", "check_demand", "check_cost_curve", "check_mechanism", "check_event",
        "check_intervention", "enforce", "example_view",
        "example_desk", "example_offers", "example_sales", "example_accounts",
    ),
    "pricewar.policy": (),
    "pricewar.backtest": (),
    "pricewar.data": (),
    "pricewar.screen": (),
    "pricewar.demand": (),
    "pricewar.equilibrium": (),
    "pricewar.verify": (),
    "pricewar.campaigns": (),
    "pricewar.estimate": (),
    "pricewar.posterior": (),
    "pricewar.benchmarks": ("Facts", "Finding", "How", "Study", "load_facts", "run_benchmarks"),
}  # fmt: skip
"""Modules that are documented, and which of their names; (): all of `__all__`."""

LONGEST: Final = 300
"""Characters of a constant that are shown."""

HEAD: Final = """# Python

Public functions and classes by module: signature, what they do, which errors they raise. Arguments, shapes
and units are in the docstrings, `help(pricewar.run)`, and on the site that `make site` builds. A `Source` is
a scenario, the name of a shipped one, a file, or all inputs as a tree; `Floats` are numpy arrays of
float64, J products and F firms.

Parameters of scenarios, shipped strategies, events and interventions are in
[scenario files](scenario-file.md), columns of tables in [outputs](outputs.md); how-tos begin at
[run from Python](../how-to/run-from-python.md). The environment for reinforcement learning
(`pricewar.environment`, extra `rl`) has
[a page of its own](../how-to/train-with-reinforcement-learning.md). Names that are not here are internal and
may change. This page is made from the code by `make docs`.
"""


def python_page() -> str:
    """docs/reference/python.md."""
    parts = [HEAD]
    for name, chosen in DOORS.items():
        module = import_module(name)
        names = chosen or tuple(module.__all__)
        parts.append(f"## {name}\n\n{_paragraph(module)}\n")
        parts += [_entry(module, item) for item in names]
    return "\n".join(parts)


def _entry(module: ModuleType, name: str) -> str:
    held = getattr(module, name)
    if inspect.isclass(held):
        return f"### {name}\n\n{_class(held)}\n"
    if callable(held):
        return f"### {name}\n\n{_code(name + _signature(held))}\n\n{_said(held)}\n"
    shown = f"`{held!r}`" if len(repr(held)) <= LONGEST else f"A {type(held).__name__} of {len(held)}."
    return f"### {name}\n\n{shown}\n"


def _class(kind: type) -> str:
    head = _code(kind.__name__ + _signature(kind)) if _is_built_by_hand(kind) else ""
    members = "\n".join(f"- {line}" for line in _members(kind))
    return "\n\n".join(filter(None, (head, _said(kind), members)))


def _is_built_by_hand(kind: type) -> bool:
    """Whether its signature tells something: tables of scenario files have a page, errors and rules none."""
    return not issubclass(kind, (BaseModel, Exception)) and kind.__module__ != "pricewar.base.records"


def _members(kind: type) -> Iterator[str]:
    """Own public methods and properties, in the order of the source."""
    for name, held in vars(kind).items():
        if name.startswith("_") or not inspect.getdoc(held):
            continue
        if isinstance(held, (property,)) or type(held).__name__ == "cached_property":
            yield f"`{name}`: {_paragraph(held)}"
        elif isinstance(held, (FunctionType, classmethod, staticmethod)):
            function = getattr(kind, name)
            yield f"`{name}{_signature(function)}`: {_paragraph(function)}{_inline(function)}"


class _Plain(str):
    """An annotation as it is written in the source, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _signature(function: Any) -> str:
    found = inspect.signature(function)
    kept = [
        p.replace(annotation=_Plain(p.annotation) if isinstance(p.annotation, str) else p.annotation)
        for p in found.parameters.values()
        if p.name not in ("self", "cls")
    ]
    kept = [p.replace(default=_Plain("...")) if len(repr(p.default)) > LONGEST else p for p in kept]
    gives = found.return_annotation
    whole = found.replace(
        parameters=kept, return_annotation=_Plain(gives) if isinstance(gives, str) else gives
    )
    return re.sub(r"<factory>|<(?:object object|function \w+) at 0x[0-9a-f]+>", "...", str(whole))


def _code(text: str) -> str:
    return f"```text\n{text}\n```"


def _said(held: Any) -> str:
    errors = list(_raises(held))
    listed = "".join(f"\n- raises `{name}`: {why}" for name, why in errors)
    return _paragraph(held) + (f"\n{listed}" if listed else "")


def _inline(function: Any) -> str:
    return "".join(f" Raises `{name}`: {why}" for name, why in _raises(function))


def _paragraph(held: Any) -> str:
    text = inspect.getdoc(held) or ""
    return " ".join(text.split("\n\n")[0].split())


def _raises(held: Any) -> Iterator[tuple[str, str]]:
    """(error, when) of the docstring's section."""
    section = re.search(r"^Raises:\n((?:[ \t]+.*\n?|\n)+)", inspect.getdoc(held) or "", re.M)
    text = re.sub(r"\n {8,}", " ", section[1]) if section else ""
    for found in re.finditer(r"^ {4}([\w, ]+): (.+)$", text, re.M):
        yield found[1], " ".join(found[2].split())
