"""A policy study as a form of a page fills it in: what it offers, and the policy file that it makes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, Self

import tomli_w
from pydantic import Field, model_validator

import pricewar.interventions as shipped
from pricewar.base.edition import EDITION
from pricewar.interventions import Intervention
from pricewar.policy import PolicySpec, policy_from
from pricewar.policy.assumptions import signature
from pricewar.scenario.files import load, shipped_scenarios

from .settings import Frozen

MOST_FUTURES: Final = 10
MOST_MEASURES: Final = 4
MOST_MONTHS: Final = 36
"""A page should not wait for more: `pricewar policy` runs the same file with as many as you like."""
SMALL: Final = 200
"""Buyers drawn in a study of the page."""
_LEFT_OUT: Final = frozenset({"start", "end", "period", "until_period", "label", "kind"})
UNKNOWN: Final[dict[str, tuple[str, str, float, float]]] = {
    "depth": ("events.Cut.depth", "depth of the cut", 0.15, 0.40),
    "follow": ("firms.*.strategy.**.follow_rate", "share of a rival's cut that is followed", 0.2, 0.9),
    "compliance": ("interventions.*.compliance", "probability that a firm complies", 0.3, 1.0),
    "elasticity": ("demand.own_elasticity", "own-price elasticity", -5.0, -2.5),
}
"""What a future may draw: path, label, low and high. Assumed, as in the shipped study."""
Value = bool | int | float | str


class AskedMeasure(Frozen):
    """A measure with its parameters."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=40)
    kind: str = Field(max_length=40, pattern=r"^[A-Za-z]+$")
    """A shipped one: with a colon it would be code to import, and a page never asks for that."""
    start: str = Field("", max_length=10)
    values: dict[str, Value] = Field({}, max_length=12)

    def table(self) -> dict[str, Any]:
        """The intervention as a file has it."""
        lists = {name: _listed(value) for name, value in self.values.items() if name in ("firms", "segments")}
        return {"kind": self.kind} | ({"start": self.start} if self.start else {}) | self.values | lists


class AskedRange(Frozen):
    """The range of something that nobody knows."""

    low: float
    high: float


class AskedPolicy(Frozen):
    """What the page sends."""

    question: str = Field("", max_length=300)
    war: str = Field(max_length=80)
    peace: str = Field("baseline", max_length=80)
    months: int = Field(24, ge=2, le=MOST_MONTHS)
    futures: int = Field(6, ge=2, le=MOST_FUTURES)
    unknown: dict[str, AskedRange] = Field(min_length=1, max_length=len(UNKNOWN))
    measures: tuple[AskedMeasure, ...] = Field(min_length=1, max_length=MOST_MEASURES)

    @model_validator(mode="after")
    def _named(self) -> Self:
        for name in (self.war, self.peace):
            if name not in shipped_scenarios():
                raise ValueError(
                    f"scenario: found {name!r}; allowed: one of {', '.join(shipped_scenarios())}"
                )
        for name in self.unknown:
            if name not in UNKNOWN:
                raise ValueError(f"unknown: found {name!r}; allowed: one of {', '.join(UNKNOWN)}")
        names = [one.name for one in self.measures]
        if len(set(names)) < len(names):
            raise ValueError(f"measures: found {', '.join(names)}; allowed: names that differ")
        return self

    @property
    def tree(self) -> dict[str, Any]:
        """The policy file as plain values."""
        factors = {
            name: {
                "path": UNKNOWN[name][0],
                "distribution": {"kind": "uniform", "low": span.low, "high": span.high},
                "label": UNKNOWN[name][1],
            }
            for name, span in self.unknown.items()
        }
        return {
            "name": "my-policy",
            "edition": EDITION,
            "question": self.question,
            "base": self.war,
            "but_for": self.peace,
            "draws": self.futures,
            "set": {"campaigns.on": False, "periods": self.months, "consumers.draws": SMALL},
            "factors": factors,
            "measures": {one.name: [one.table()] for one in self.measures},
        }

    def spec(self) -> PolicySpec:
        """The study.

        Raises:
            InputError: with every problem and its place in the file.
        """
        tree = {name: part for name, part in self.tree.items() if name != "edition"}
        return policy_from(tree, "the form")

    def toml(self, spec: PolicySpec) -> str:
        """The file, its list of assumptions signed at the top."""
        head = f"# Made with the form of pricewar. Digest {spec.digest}; assumptions {signature(spec)}.\n"
        more = "# More futures: pricewar policy my-policy.toml --draws 200\n"
        return head + more + tomli_w.dumps(self.tree)


def _listed(value: Value) -> Any:
    """A list out of `byd, geely`; `all` stays a word."""
    words = [word.strip() for word in str(value).split(",") if word.strip()]
    return "all" if words == ["all"] else words


@lru_cache(maxsize=1)
def offered() -> dict[str, Any]:
    """What the form offers: scenarios, measures with their parameters, what can be unknown, limits."""
    scenarios = []
    for name in shipped_scenarios():
        found = load(name)
        if found.period == "month":
            cut = any(event.kind == "Cut" for event in found.events)
            scenarios.append({"name": name, "title": found.title, "start": found.start, "cut": cut})
    unknown = [
        {"name": name, "label": label, "low": low, "high": high}
        for name, (_, label, low, high) in UNKNOWN.items()
    ]
    limits = {"futures": MOST_FUTURES, "measures": MOST_MEASURES, "months": MOST_MONTHS}
    return {"scenarios": scenarios, "measures": _measures(), "unknown": unknown, "limits": limits}


def _measures() -> list[dict[str, Any]]:
    """Every shipped measure: kind, what it does, parameters with type, default, ends and meaning."""
    found = []
    for name in shipped.__all__:
        rule = getattr(shipped, name)
        if not (isinstance(rule, type) and issubclass(rule, Intervention)) or rule is Intervention:
            continue
        schema = rule.model_json_schema()
        fields = [
            _field(key, part, key in schema.get("required", ()))
            for key, part in schema["properties"].items()
            if key not in _LEFT_OUT
        ]
        does = (rule.__doc__ or "").strip().partition("\n")[0]
        found.append({"kind": name, "does": does, "fields": fields})
    return found


def _field(name: str, part: Mapping[str, Any], required: bool) -> dict[str, Any]:
    kinds = [part, *part.get("anyOf", ())]
    one = next((kind for kind in kinds if kind.get("type") in ("number", "integer", "boolean")), kinds[0])
    choices = next((kind["enum"] for kind in kinds if "enum" in kind), None)
    return {
        "name": name,
        "type": "choice" if choices else one.get("type", "text"),
        "choices": choices,
        "default": part.get("default"),
        "required": required,
        "low": one.get("minimum", one.get("exclusiveMinimum")),
        "high": one.get("maximum", one.get("exclusiveMaximum")),
        "meaning": part.get("description", ""),
    }
