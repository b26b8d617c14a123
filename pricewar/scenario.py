"""A scenario: all inputs of a run as one frozen tree.

`Scenario.but(...)` varies a copy, `Scenario.digest` names its content. Units: CNY, months, cars a month;
prices incl. VAT unless the name says net. Files are read in `scenario_file`.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from .arguments import whole
from .consistency import inconsistencies
from .dynamics import Dynamics
from .errors import InputError, Problem, bad_input, shown
from .events import Event
from .fields import is_place
from .interventions import Intervention
from .months import Month, month_after
from .preferences import MixedLogit, Preferences
from .rules import RuleOf
from .specs import (
    SEGMENTS,
    ConsumerSpec,
    FirmSpec,
    MarketSpec,
    NoiseSpec,
    ProductSpec,
    Seed,
    SupplierSpec,
    SupplyChainSpec,
    Table,
)

__all__ = [
    "SEGMENTS",
    "ConsumerSpec",
    "FirmSpec",
    "MarketSpec",
    "NoiseSpec",
    "ProductSpec",
    "Scenario",
    "SupplierSpec",
    "SupplyChainSpec",
    "problems_of",
    "scenario_from",
    "set_path",
]


class Scenario(Table):
    """All inputs of a run. Immutable; `but` varies a copy."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)
    title: str = ""
    start: Month = "2025-05"
    periods: int = Field(36, ge=1, le=600, description="months")
    seed: Seed = 1
    market: MarketSpec = MarketSpec()
    consumers: ConsumerSpec = ConsumerSpec()
    demand: Annotated[Preferences, RuleOf("pricewar.preferences", Preferences, "MixedLogit")] = MixedLogit()
    dynamics: Dynamics = Dynamics()
    supply_chain: SupplyChainSpec = SupplyChainSpec()
    noise: NoiseSpec = NoiseSpec()
    firms: dict[str, FirmSpec] = Field(min_length=1)
    products: dict[str, ProductSpec] = Field(min_length=1)
    events: tuple[Annotated[Event, RuleOf("pricewar.events", Event)], ...] = ()
    interventions: tuple[Annotated[Intervention, RuleOf("pricewar.interventions", Intervention)], ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = [
            InitErrorDetails(
                type=PydanticCustomError("reference", "found {found}; allowed: {allowed}", {**problem}),
                loc=tuple(problem["place"].split(".")),
                input=problem["found"],
            )
            for problem in inconsistencies(self)
        ]
        if problems:
            raise ValidationError.from_exception_data(type(self).__name__, problems)
        return self

    def but(self, changes: Mapping[str, Any] | None = None, /, **parts: Any) -> Scenario:
        """A copy with changes by dotted path, for example `but({"demand.own_elasticity": -3})`.

        Numbers in a path index lists (`events.0.depth`). A new `kind` comes with its own defaults, whatever
        the order of the changes: parameters of one rule mean nothing to another. Keyword arguments name parts
        of the top level.

        Raises:
            InputError: a path that leads nowhere, or a value that is not allowed there; all at once.
        """
        if (changes is not None and not isinstance(changes, Mapping)) or not all(
            map(_is_text, changes or ())
        ):
            raise bad_input("but", ("changes", changes, "a table: dotted path -> value"))
        tree = {
            key: list(part) if isinstance(part, tuple) else part for key, part in self.model_dump().items()
        }
        wanted = {**(changes or {}), **parts}
        wanted = dict(sorted(wanted.items(), key=lambda change: not change[0].endswith(".kind")))
        lost = [
            Problem(path, "no such field", "a dotted path into the scenario")
            for path, value in wanted.items()
            if not set_path(tree, path, value)
        ]
        if lost:
            raise InputError(f"scenario {self.name}", tuple(lost))
        return scenario_from(tree, source=f"scenario {self.name}")

    @cached_property
    def digest(self) -> str:
        """Short name of the content: changes with any input except the seed and the texts."""
        tree = self.model_dump(mode="json", exclude={"seed", "title", "name"})
        text = json.dumps(tree, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def month(self, period: int) -> str:
        """The calendar month of a period; period 0 is `start`."""
        if not whole.fits(period):
            raise bad_input("month", ("period", period, whole.words))
        return month_after(self.start, period)


def scenario_from(tree: Mapping[str, Any], source: str) -> Scenario:
    """Validate a tree of plain values.

    Raises:
        InputError: with every problem found and its place.
    """
    try:
        return Scenario.model_validate(tree)
    except ValidationError as error:
        raise InputError(source, tuple(problems_of(error))) from error


def problems_of(error: ValidationError) -> Iterator[Problem]:
    """Every problem of a pydantic error, in our words."""
    for detail in error.errors(include_url=False):
        place = ".".join(str(part) for part in detail["loc"]) or "(whole file)"
        context = detail.get("ctx") or {}
        if detail["type"] == "reference":
            yield Problem(place, str(context["found"]), str(context["allowed"]))
        elif detail["type"] == "missing":
            yield Problem(place, "nothing", "a value is required")
        elif detail["type"] == "extra_forbidden":
            yield Problem(place, f"unknown key with value {_short(detail['input'])}", "known keys only")
        else:
            yield Problem(place, _short(detail["input"]), detail["msg"].removeprefix("Value error, "))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _short(value: object) -> str:
    return shown(value, 80)


def set_path(tree: Any, path: str, value: Any) -> bool:
    """Set a value by dotted path in nested dicts and lists; False if the path leads nowhere."""
    *parents, last = path.split(".")
    node = tree
    for part in parents:
        node = _child(node, part)
        if node is None:
            return False
    if isinstance(node, dict):
        if last == "kind" and node.get("kind") != value:
            node.clear()
        node[last] = copy.deepcopy(value)
        return True
    if isinstance(node, list) and is_place(last) and int(last) < len(node):
        node[int(last)] = copy.deepcopy(value)
        return True
    return False


def _child(node: Any, part: str) -> Any:
    if isinstance(node, dict):
        return node.get(part)
    if isinstance(node, (list, tuple)) and is_place(part) and int(part) < len(node):
        return node[int(part)]
    return None
