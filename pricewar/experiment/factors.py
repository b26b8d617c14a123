"""What an experiment varies: a factor is one input, or many inputs that move together, with its values.

Every factor maps a quantile in [0, 1] to a value, so that all designs are points of the unit cube.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Self

import numpy as np
from pydantic import Field, model_validator
from scipy import stats

from pricewar.base.paths import matches, value_at
from pricewar.scenario.parts import Table

Shown = bool | int | float | str
"""What tables and figures print for a value."""
_INSIDE: Final = 1.0 - 2.0**-53


class Uniform(Table):
    """Equally likely between two ends."""

    kind: Literal["uniform"]
    low: float
    high: float

    def quantile(self, u: float) -> float:
        """The value below which a share u of all lies."""
        return self.low + u * (self.high - self.low)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _check(self.low < self.high, "low below high")
        return self


class LogUniform(Table):
    """Equally likely between two ends on a log scale; both ends above zero."""

    kind: Literal["loguniform"]
    low: float = Field(gt=0)
    high: float = Field(gt=0)

    def quantile(self, u: float) -> float:
        """The value below which a share u of all lies."""
        return float(self.low * (self.high / self.low) ** u)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _check(self.low < self.high, "low below high")
        return self


class Triangular(Table):
    """Most likely at `mode`, impossible at and beyond the ends."""

    kind: Literal["triangular"]
    low: float
    mode: float
    high: float

    def quantile(self, u: float) -> float:
        """The value below which a share u of all lies."""
        width = self.high - self.low
        return float(stats.triang.ppf(u, (self.mode - self.low) / width, self.low, width))

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _check(self.low <= self.mode <= self.high and self.low < self.high, "low, mode, high")
        return self


class Normal(Table):
    """Normal, cut off at two ends."""

    kind: Literal["normal"]
    mean: float
    sd: float = Field(gt=0)
    low: float
    high: float

    def quantile(self, u: float) -> float:
        """The value below which a share u of all lies."""
        ends = (self.low - self.mean) / self.sd, (self.high - self.mean) / self.sd
        return float(stats.truncnorm.ppf(u, *ends, self.mean, self.sd))

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _check(self.low < self.high, "low below high")
        return self


Distribution = Annotated[Uniform | LogUniform | Triangular | Normal, Field(discriminator="kind")]


class Factor(Table):
    """One thing that is varied: where it goes in a scenario, and which values it takes.

    Values are set, or scale or shift what the scenario has: `apply = "scale"` with 0.5 halves it.
    """

    path: str | None = Field(None, description="dotted path into the scenario, or a pattern")
    paths: tuple[str, ...] = Field((), description="several paths or patterns that take the same value")
    apply: Literal["set", "scale", "add"] = "set"
    values: tuple[Any, ...] = Field((), description="what it can be: numbers, texts, lists or tables")
    names: tuple[Shown, ...] = Field((), description="what tables and figures print for each value")
    distribution: Distribution | None = None
    whole: bool = Field(False, description="round what is drawn to a whole number")
    label: str = Field("", description="axis label with unit")

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        _check(bool(self.path) != bool(self.paths), "set exactly one of path and paths")
        _check(bool(self.values) != (self.distribution is not None), "one of values and distribution")
        _check(len(self.names) in (0, len(self.values)), "as many names as values")
        plain = all(isinstance(value, Shown) for value in self.values)
        _check(plain or bool(self.names), "names, where values are lists or tables")
        numbers = all(isinstance(value, (int, float)) for value in self.values)
        _check(numbers or self.apply == "set", "numbers, where apply is not set")
        if self.distribution is not None:
            with np.errstate(all="ignore"):
                ends = [self.distribution.quantile(u) for u in (0.0, 0.5, 1.0)]
            _check(
                all(map(math.isfinite, ends)), "low, high and what lies between as numbers that can be had"
            )
        return self

    @property
    def targets(self) -> tuple[str, ...]:
        """All paths and patterns."""
        return self.paths or (self.path or "",)

    def at(self, u: float) -> tuple[Any, Shown]:
        """The value at a quantile, and what to print for it."""
        if self.values:
            index = int(min(max(u, 0.0), _INSIDE) * len(self.values))
            return self.values[index], self.shown[index]
        assert self.distribution is not None
        value: float = self.distribution.quantile(min(max(u, 0.0), 1.0))
        value = float(round(value)) if self.whole else value
        return (int(value), int(value)) if self.whole else (value, value)

    @property
    def shown(self) -> tuple[Shown, ...]:
        """What to print for each of `values`."""
        return self.names or self.values

    def levels(self) -> list[float]:
        """Quantiles of all values, or of the two ends and the median of a distribution."""
        many = len(self.values)
        return [(i + 0.5) / many for i in range(many)] if many else [0.0, 0.5, 1.0]

    @property
    def numeric(self) -> bool:
        """Whether what is printed is a number that can be an axis."""
        return all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in self.shown)

    def apply_to(self, before: Any, value: Any) -> Any:
        """What the path holds afterwards."""
        if self.apply == "set":
            return value
        after = before * value if self.apply == "scale" else before + value
        if not math.isfinite(after):
            return after
        return round(after) if isinstance(before, int) and not isinstance(before, bool) else after


def _check(good: bool, allowed: str) -> None:
    if not good:
        raise ValueError(f"allowed: {allowed}")


def finite(value: Any) -> bool:
    """Whether a metric is a number at all."""
    return isinstance(value, (int, float)) and math.isfinite(value)


Places = Mapping[str, tuple[tuple[str, Any], ...]]
"""Pattern of paths -> each path that it means in a scenario, with the value there."""


def places_in(tree: dict[str, Any], changes: Iterable[str], factors: Mapping[str, Factor]) -> Places:
    """Where the patterns of changes and factors lead: looked for once a scenario, not once a run.

    Args:
        tree: the scenario as plain values.
        changes: patterns of what is changed in all runs.
        factors: what varies, by name.
    """
    patterns = [*changes, *(pattern for factor in factors.values() for pattern in factor.targets)]
    return {
        pattern: tuple((path, value_at(tree, path)) for path in matches(tree, pattern))
        for pattern in dict.fromkeys(patterns)
    }


def changes_in(
    places: Places, changes: Mapping[str, Any], factors: Mapping[str, Factor], values: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """What to change in a scenario, by exact path; what is not there is left alone.

    Args:
        places: of all patterns in the scenario, from `places_in`.
        changes: pattern of paths -> value, for all runs.
        factors: what varies, by name.
        values: name of a factor -> its value in this run.
    """
    for pattern, value in changes.items():
        yield from ((path, value) for path, _ in places[pattern])
    for name, value in values.items():
        factor = factors[name]
        for pattern in factor.targets:
            for path, held in places[pattern]:
                yield path, factor.apply_to(held, value)
