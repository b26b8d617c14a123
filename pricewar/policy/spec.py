"""What a policy team asks: a war, the same market in peace, measures, bundles, and what is not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Final

from pydantic import Field

from pricewar.base.luck import stream
from pricewar.base.rules import make_rule
from pricewar.base.sources import sources
from pricewar.experiment.design import LatinHypercube
from pricewar.experiment.factors import Factor, changes_in, places_in
from pricewar.experiment.spec import drawn_content
from pricewar.files.digest import short_digest
from pricewar.interventions import Intervention
from pricewar.posterior import Draw, Spread, Uncertainty, spread_of
from pricewar.scenario.parts import Table
from pricewar.scenario.tree import Scenario

from .levers import SearchSpec

NONE: Final = "no measure"
"""The option that leaves the war alone."""
PEACE: Final = "peace"
"""The but-for run: the same market without the war."""

Rules = tuple[dict[str, Any], ...]


class PolicySpec(Table):
    """All inputs of a policy study. Immutable.

    Each draw of the parameters and each seed is a future; in every future peace, the war, and the war under
    each measure and each bundle run with the same luck.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)
    title: str = ""
    question: str = ""
    base: Scenario = Field(description="the war: a scenario, the name of a shipped one, or a file")
    but_for: Scenario = Field(description="the peace: the same market without the war")
    changes: dict[str, Any] = Field(default_factory=dict, alias="set", description="path -> value, for all")
    factors: dict[str, Factor] = Field(min_length=1, description="what is not known, with its range")
    draws: int = Field(200, ge=2, le=100_000, description="futures of a Latin hypercube over the factors")
    more: tuple[Annotated[int, Field(ge=1, le=100_000)], ...] = Field(
        (), description="futures added later, block by block, each block a hypercube of its own"
    )
    seeds: int = Field(1, ge=1, le=1000, description="seeds of each draw, its own")
    seed: int = Field(1, ge=0, le=2**62, description="first seed")
    uncertainty: Uncertainty | None = Field(
        None,
        description="what futures draw beside the factors: luck, parameters or both; none: what the base "
        "states, else both; factors win over the draw",
    )
    measures: dict[str, Rules] = Field(min_length=1, description="name -> interventions")
    bundles: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="name -> measures")
    labels: dict[str, str] = Field(default_factory=dict, description="option -> what pages call it, in words")
    discount: float = Field(0.05, ge=0, le=1, description="social discount rate a year, for present values")
    search: SearchSpec = Field(SearchSpec(), description="what `--search` tries, and what it aims at")
    origin: str = Field("", exclude=True, description="how the file was named")

    def but(self, **parts: Any) -> PolicySpec:
        """A copy with parts of the top level replaced.

        Args:
            parts: fields, as a file would state them.

        Raises:
            ValidationError: a part is not allowed.
        """
        own = {name: getattr(self, name) for name in type(self).model_fields if name != "changes"}
        return type(self).model_validate({**own, "set": self.changes, **parts})

    @property
    def options(self) -> tuple[str, ...]:
        """What can be decided: no measure, each measure, each bundle."""
        return (NONE, *self.measures, *self.bundles)

    def said(self, option: str) -> str:
        """What pages call an option: its label, or its name."""
        return self.labels.get(option, option)

    @property
    def blocks(self) -> tuple[int, ...]:
        """Futures of each hypercube: those that the study began with, and those added later."""
        return (self.draws, *self.more)

    @property
    def draws_in_all(self) -> int:
        """Draws of all blocks."""
        return sum(self.blocks)

    def __len__(self) -> int:
        return self.draws_in_all * self.seeds

    @property
    def runs(self) -> int:
        """Runs in all: peace and every option in every future."""
        return len(self) * (1 + len(self.options))

    def rules(self, option: str) -> list[Intervention]:
        """The interventions of an option, those of a bundle in its order."""
        parts = self.bundles.get(option, (option,) if option in self.measures else ())
        tables = [table for part in parts for table in self.measures[part]]
        return [make_rule(table, "pricewar.interventions", Intervention) for table in tables]

    def scenario(self, option: str, future: Mapping[str, Any] | None = None) -> Scenario:
        """An option as a scenario, in the future of a draw or as the file has it.

        Args:
            option: PEACE or one of `options`.
            future: factor -> value.

        Raises:
            InputError: a value does not fit together with the others.
        """
        start = self.but_for if option == PEACE else self.base
        tables = [rule.model_dump() for rule in (*start.interventions, *self.rules(option))]
        scenario = start.but(interventions=tables) if tables else start
        changes = dict(self.changes_in(scenario, future or {}))
        return scenario.but(changes) if changes else scenario

    def changes_in(self, scenario: Scenario, future: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """What a future changes in a scenario, by exact path; what is not there is left alone."""
        places = places_in(scenario.model_dump(), self.changes, self.factors)
        yield from changes_in(places, self.changes, self.factors, future)

    @cached_property
    def futures(self) -> list[dict[str, Any]]:
        """(futures) factor -> value: Latin hypercubes one after the other, the same for all options."""
        named = list(self.factors.items())
        return [
            {name: factor.at(float(u))[0] for (name, factor), u in zip(named, row, strict=True)}
            for place, points in enumerate(self.blocks)
            for row in LatinHypercube(points=points, seed=self._seed_of(place)).quantiles(self.factors)
        ]

    def _seed_of(self, block: int) -> int:
        return int(stream(self.seed, "futures", block).integers(2**62)) if block else self.seed

    @cached_property
    def spread(self) -> Spread:
        """What seeds stand for beside the factors.

        Raises:
            InputError: war and peace name different samples, or one that is not there or not valid.
        """
        return spread_of([self.base, self.but_for], self.uncertainty, usual="both")

    @property
    def drawn(self) -> str:
        """What futures draw beside the factors, whether or not the sample is still there."""
        return (self.uncertainty or self.base.uncertainty or "both") if self.base.posterior else "luck"

    def draw(self, point: int, seed: int) -> Draw:
        """What a future stands for: parameters by its draw, luck by its seed."""
        return self.spread.draw(seed, row=self.seed + point)

    @property
    def sources(self) -> dict[str, str]:
        """Code of one's own that the study names: module -> SHA-256 (`pricewar.base.sources`)."""
        found: dict[str, str] = self.content().get("sources", {})
        return found

    @cached_property
    def digest(self) -> str:
        """Short name of the content."""
        return short_digest(self.content())

    def content(self) -> dict[str, Any]:
        """All that results depend on, as plain values; with the source of rules of one's own."""
        words = {"title", "question", "labels", "uncertainty", "search"}
        tree = self.model_dump(mode="json", by_alias=True, exclude=words | (set() if self.more else {"more"}))
        tree |= drawn_content(tree, ("base", "but_for"), self.spread)
        own = sources(tree)
        return tree | ({"sources": own} if own else {})
