"""Settings of the page: small, checked, and written in a link that a class can read.

`scenario=baseline&seed=1&leader=byd&a.cut_depth=30&b.cut_depth=0&a.acts=cut@5:byd:20` stands for two runs,
A and B, with the same luck. An act is what was done by hand in a month of the run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pricewar.base.errors import InputError, Problem
from pricewar.base.words import PLAIN
from pricewar.scenario.files import Tree, load, merge
from pricewar.scenario.tree import Scenario, problems_of

from .happenings import HAPPENINGS, in_range
from .levers import BY_KEY, overlay
from .opened import known_markets, place_of
from .plan import Plan

_ACT = re.compile(r"^([a-z_]{1,20})@([0-9]{1,3}):([A-Za-z0-9_-]{0,40}):([0-9]{1,12}(?:\.[0-9]{1,6})?)$")


class Frozen(BaseModel):
    """Base: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Act(Frozen):
    """Something done by hand in a month of the run."""

    sort: str
    period: int = Field(ge=0, le=599)
    firm: str = ""
    size: float

    @model_validator(mode="after")
    def _in_range(self) -> Self:
        known = HAPPENINGS.get(self.sort)
        if known is None:
            raise ValueError(f"{self.sort}: no such act; there are {', '.join(HAPPENINGS)}")
        if not known.money and (allowed := in_range(self.sort, self.size)):
            raise ValueError(f"{self.sort}: size {allowed}")
        if known.firm != bool(self.firm):
            raise ValueError(f"{self.sort}: needs {'a firm' if known.firm else 'no firm'}")
        return self

    @classmethod
    def read(cls, text: str) -> Act:
        """From `cut@5:byd:20`.

        Raises:
            ValueError: not of that form, or a size out of range.
        """
        found = _ACT.match(text)
        if not found:
            raise ValueError(f"an act is sort@period:firm:size, not {text[:60]!r}")
        return cls(sort=found[1], period=int(found[2]), firm=found[3], size=float(found[4]))

    def __str__(self) -> str:
        size = f"{self.size:.6f}".rstrip("0").rstrip(".")
        return f"{self.sort}@{self.period}:{self.firm}:{size}"

    def overlay(self, scenario: Scenario) -> Tree:
        """The event or measure that it puts into the scenario."""
        return HAPPENINGS[self.sort].overlay(scenario, self.period, self.firm, self.size)


class Side(Frozen):
    """What one of the two runs changes in the scenario."""

    levers: dict[str, float] = {}
    acts: tuple[Act, ...] = Field((), max_length=40)

    @field_validator("levers")
    @classmethod
    def _known_and_in_range(cls, levers: dict[str, float]) -> dict[str, float]:
        for key, value in levers.items():
            lever = BY_KEY.get(key)
            if lever is None:
                raise ValueError(f"{key}: no such lever; there are {', '.join(BY_KEY)}")
            if not lever.low <= value <= lever.high:
                raise ValueError(
                    f"{key}: {value:g} is not in {lever.low:g} to {lever.high:g} {PLAIN.spoken(lever.unit)}"
                )
        return levers


class Settings(Frozen):
    """All that a run of the page depends on."""

    scenario: str = "baseline"
    seed: int = Field(1, ge=0, le=2**31)
    leader: str = ""
    a: Side = Side()
    b: Side | None = None

    @field_validator("scenario")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in known_markets():
            raise ValueError(f"one of {', '.join(known_markets())}")
        return name

    def plan(self, side: Literal["a", "b"]) -> Plan:
        """The scenario of one side and the file that says the same."""
        base = load(place_of(self.scenario))
        chosen = self.a if side == "a" or self.b is None else self.b
        leader = self.leader or first_leader(base)
        tree: Tree = {"name": f"{self.scenario}-{side}", "title": self.title(side), "seed": self.seed}
        tree = merge(tree, overlay(base, leader, chosen.levers))
        for act in chosen.acts:
            tree = merge(tree, act.overlay(base))
        return Plan(place_of(self.scenario), tree)

    def title(self, side: Literal["a", "b"]) -> str:
        """The changes of a side in words."""
        chosen = self.a if side == "a" or self.b is None else self.b
        base = load(place_of(self.scenario))
        moved = [f"{BY_KEY[k].label.lower()} {v:g} {BY_KEY[k].unit}" for k, v in chosen.levers.items()]
        changes = [base.words.spoken(one) for one in moved]
        changes += [f"{act.sort} in {base.words.period} {act.period + 1}" for act in chosen.acts]
        return f"{base.title}; {', '.join(changes) or 'as shipped'}"

    @property
    def query(self) -> dict[str, str]:
        """The settings as the query of a link; `read_settings` reads them back."""
        out = {"scenario": self.scenario, "seed": str(self.seed)} | (
            {"leader": self.leader} if self.leader else {}
        )
        for name, side in (("a", self.a), ("b", self.b)):
            if side is not None:
                out |= {f"{name}.{key}": f"{value:g}" for key, value in side.levers.items()}
                out |= {f"{name}.acts": ",".join(map(str, side.acts))} if side.acts else {}
        return out if self.b is None else {**out, "compare": "1"}


def first_leader(scenario: Scenario) -> str:
    """The firm that sells most at the start."""
    units = dict.fromkeys(scenario.firms, 0.0)
    for product in scenario.products.values():
        units[product.firm] += product.units
    return max(units, key=lambda key: units[key])


def read_settings(query: Mapping[str, str]) -> Settings:
    """Settings from the query of a link.

    Raises:
        InputError: with every problem found.
    """
    tree: dict[str, Any] = {key: query[key] for key in ("scenario", "seed", "leader") if key in query}
    sides: dict[str, dict[str, Any]] = {"a": {"levers": {}}, "b": {"levers": {}}}
    problems = []
    for key, text in query.items():
        side, dot, name = key.partition(".")
        if not dot or side not in sides:
            continue
        try:
            if name == "acts":
                sides[side]["acts"] = [Act.read(part) for part in text.split(",") if part]
            else:
                sides[side]["levers"][name] = float(text)
        except ValueError as error:
            problems.append(Problem(key, repr(text[:80]), str(error).splitlines()[0]))
    tree["a"] = sides["a"]
    if query.get("compare") == "1" or any(key.startswith("b.") for key in query):
        tree["b"] = sides["b"]
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        raise InputError("link", (*problems, *problems_of(error))) from error
    if problems:
        raise InputError("link", tuple(problems))
    _check_market(settings)
    return settings


def _check_market(settings: Settings) -> None:
    """What only the market can tell: its firms, and how much money is much."""
    market = load(place_of(settings.scenario))
    wrong = []
    if settings.leader and settings.leader not in market.firms:
        wrong.append(Problem("leader", repr(settings.leader[:60]), f"one of {', '.join(market.firms)}"))
    for name, side in (("a", settings.a), ("b", settings.b)):
        for act in side.acts if side else ():
            if allowed := in_range(act.sort, act.size, market.words):
                wrong.append(Problem(f"{name}.acts", repr(str(act)), f"{act.sort}: size {allowed}"))
    if wrong:
        raise InputError("link", tuple(wrong))
