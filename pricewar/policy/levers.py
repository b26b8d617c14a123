"""What a search may try: measures as levers with strengths, and targets that a bundle must meet.

A bundle is a strength for each lever. Strength 0 leaves the measure out; 1 is its mildest value, and so on to
its strongest one. So a bundle is a row of small whole numbers, and the same bundle is never run twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from pricewar.base.arrays import Flags, Floats
from pricewar.scenario.parts import Table

Bundle = tuple[int, ...]
"""Strength of each lever, 0: the measure is left out."""
BUYERS: Final = ("buyers", *(f"buyers.{group}" for group in range(1, 6)))
"""Targets beside the measures: what buyers, or one income fifth of them, the poorest first, gain over no
measure, per cent of their own surplus without measures, open orders counted."""


class Target(Table):
    """What must hold in a future: a measure, or its change from no measure, ends at a number."""

    measure: str = Field(description="a measure, or buyers, buyers.1 (poorest fifth) to buyers.5")
    change: Literal["level", "difference", "ratio"] = Field(
        "level", description="the measure itself, less that without measures, or divided by it"
    )
    at_most: float | None = None
    at_least: float | None = None

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("allowed: one of at_most and at_least")
        if self.measure in BUYERS and self.change != "level":
            raise ValueError(
                f"allowed: change = level, as {self.measure} is a change from no measure already"
            )
        return self

    def met(self, value: Floats, without: Floats) -> Flags:
        """(N,) in which futures it is met; a value that is not known meets nothing.

        Args:
            value: (N,) the measure of a bundle.
            without: (N,) the measure without measures. Where both are 0, a ratio is met: nothing was there to
                change.
        """
        found = value
        if self.change == "difference":
            found = value - without
        elif self.change == "ratio":
            found = np.divide(value, without, out=np.full_like(value, np.inf), where=without != 0)
        good = found <= self.at_most if self.at_most is not None else found >= (self.at_least or 0.0)
        nothing = (value == 0) & (without == 0) if self.change == "ratio" else np.zeros(len(value), np.bool_)
        return np.asarray((good | nothing) & ~np.isnan(value))

    def told(self) -> str:
        """The target in words."""
        of = {
            "level": "",
            "difference": " less that without measures",
            "ratio": " over that without measures",
        }
        end = f"at most {self.at_most:g}" if self.at_most is not None else f"at least {self.at_least:g}"
        percent = " % of own surplus" if self.measure in BUYERS else ""
        return f"{self.measure}{of[self.change]} {end}{percent}"


USUAL: Final = (
    Target(measure="war_months", change="ratio", at_most=0.5),
    Target(measure="buyers.1", at_least=-2.0),
)
"""War months halved, and the poorest fifth loses less than 2% of its surplus."""


class Lever(Table):
    """A measure whose strength is searched for."""

    field: str = Field("", description="parameter that sets the strength, `1.cut` in the second intervention")
    values: tuple[Any, ...] = Field(
        (), description="what the parameter can be, mildest first; none: as it is"
    )
    weight: float = Field(1.0, gt=0, le=1000, description="how heavy it is at full strength")

    @model_validator(mode="after")
    def _both(self) -> Self:
        if bool(self.field) != bool(self.values):
            raise ValueError("allowed: field with values, or neither (the measure is in force or not)")
        if len({repr(value) for value in self.values}) < len(self.values):
            raise ValueError("allowed: values that differ")
        return self

    @property
    def top(self) -> int:
        """The greatest strength."""
        return max(len(self.values), 1)

    def places(self, rules: tuple[dict[str, Any], ...]) -> list[tuple[int, str]]:
        """Where the parameter is: number of the intervention in the measure, and its name there."""
        head, _, rest = self.field.partition(".")
        if rest and head.isdigit():
            return [(int(head), rest)] if int(head) < len(rules) else []
        return [(place, self.field) for place in range(len(rules))]

    def at(self, strength: int, rules: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        """The interventions of the measure at a strength from 1 on."""
        if not self.values:
            return rules
        made = [dict(rule) for rule in rules]
        for place, name in self.places(rules):
            made[place][name] = self.values[strength - 1]
        return tuple(made)


class SearchSpec(Table):
    """How bundles are searched for. Everything has a default, so that any policy file can be searched."""

    levers: dict[str, Lever] = Field(
        {}, description="measure -> lever; none: each measure as the file has it"
    )
    targets: tuple[Target, ...] = Field(USUAL, min_length=1, max_length=4)
    share: float = Field(0.9, gt=0, le=1, description="of futures in which all targets must be met")
    futures: int = Field(40, ge=2, le=10_000, description="in which each bundle is tried")
    fresh: int = Field(
        200, ge=2, le=100_000, description="futures unknown to the search, for the front alone"
    )
    bundles: int = Field(200, ge=2, le=100_000, description="tried at most")
    population: int = Field(20, ge=4, le=1000, description="bundles tried together")
    front: int = Field(5, ge=1, le=20, description="bundles of the front that are told")
    seed: int = Field(1, ge=0, le=2**31 - 1, description="of the search itself")

    def of(self, measures: Mapping[str, Any]) -> dict[str, Lever]:
        """The levers: those of the file, else each measure as it is."""
        return dict(self.levers) or {name: Lever() for name in measures}

    def heaviness(self, bundle: Bundle, levers: Mapping[str, Lever]) -> float:
        """Sum over levers of weight times strength as a part of the greatest strength."""
        parts = zip(bundle, levers.values(), strict=True)
        return float(sum(lever.weight * strength / lever.top for strength, lever in parts))


def rules_of(
    bundle: Bundle, levers: Mapping[str, Lever], measures: Mapping[str, tuple[dict[str, Any], ...]]
) -> tuple[dict[str, Any], ...]:
    """The interventions of a bundle, in the order of its levers."""
    pairs = zip(bundle, levers.items(), strict=True)
    parts = [lever.at(strength, measures[name]) for strength, (name, lever) in pairs if strength]
    return tuple(rule for part in parts for rule in part)


def words_of(bundle: Bundle, levers: Mapping[str, Lever]) -> str:
    """A bundle in words: each measure with the value of its parameter."""
    return " + ".join(_words(bundle, levers)) or "no measure"


def _words(bundle: Bundle, levers: Mapping[str, Lever]) -> Iterator[str]:
    for strength, (name, lever) in zip(bundle, levers.items(), strict=True):
        if strength:
            value = f" ({lever.field} {lever.values[strength - 1]})" if lever.values else ""
            yield f"{name}{value}"
