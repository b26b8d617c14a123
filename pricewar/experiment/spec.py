"""An experiment: a scenario, the factors that vary in it, a design, seeds and metrics, as one frozen tree."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import pandas as pd
from pydantic import Field, field_validator, model_validator

from pricewar.base.errors import InputError
from pricewar.base.sources import sources
from pricewar.files.digest import short_digest
from pricewar.posterior import Spread, Uncertainty, spread_of
from pricewar.results.bounds import DIFF
from pricewar.scenario.files import load
from pricewar.scenario.parts import Table
from pricewar.scenario.tree import SEEDS_ONLY, Scenario, forget_usual

from .design import Design, FromFile, Grid
from .factors import Factor, Places, changes_in, places_in
from .manifest import MANIFEST
from .metrics import expand
from .work import KEPT, Item


class FigureSpec(Table):
    """A figure of the experiment's page."""

    kind: Literal[
        "heat", "response", "tornado", "sobol", "morris", "effects", "regret", "survival", "prim", "tree"
    ]
    metric: str = Field("", description="the metric drawn; diff.NAME is its difference from the but-for run")
    x: str = Field("", description="factor on the horizontal axis")
    y: str = Field("", description="factor on the vertical axis, or that tells lines apart")
    factors: tuple[str, ...] = Field((), description="factors shown; all if empty")
    metrics: tuple[str, ...] = Field((), description="metrics of a figure that shows several")
    above: float | None = Field(None, description="what counts as a case or as good enough: at least this")
    below: float | None = Field(None, description="what counts as a case or as good enough: at most this")
    scale: float = Field(1.0, gt=0, description="what the metric is divided by")
    unit: str = Field("", description="unit after division")
    title: str = ""


class Experiment(Table):
    """All inputs of a set of runs. Immutable; reads its scenarios when it is made.

    `base` and `but_for` are scenarios, names of shipped ones, or files.
    """

    record: ClassVar[str] = MANIFEST
    noun: ClassVar[str] = "experiment"

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)
    title: str = ""
    question: str = ""
    base: Scenario
    but_for: Scenario | None = Field(None, description="the same without what is studied; runs are paired")
    changes: dict[str, Any] = Field(default_factory=dict, alias="set", description="path -> value, for both")
    factors: dict[str, Factor] = Field(min_length=1)
    design: Design = Grid()
    replicates: int = Field(1, ge=1, le=100_000, description="seeds at each point, the same at all points")
    seed: int = Field(1, ge=0, le=2**62, description="first seed")
    uncertainty: Uncertainty | None = Field(
        None,
        description="what seeds draw: luck, parameters or both; none: what the base states, else both; "
        "factors win over the draw",
    )
    metrics: tuple[str, ...] = Field(("welfare", "war_index_max"), min_length=1)
    time_limit: float = Field(600.0, ge=1e-3, le=1e7, description="seconds for one run and its but-for run")
    trajectories: bool = Field(False, description="keep the market and firms tables of all runs")
    figures: tuple[FigureSpec, ...] = ()
    origin: Annotated[str, Field(exclude=True)] = Field("", description="how the base was named")

    @field_validator("base", "but_for", mode="before")
    @classmethod
    def _loaded(cls, value: Any) -> Any:
        return load(value) if isinstance(value, (str, Path)) else value

    @model_validator(mode="before")
    @classmethod
    def _origin(cls, tree: Any) -> Any:
        if isinstance(tree, Mapping) and "origin" not in tree:
            return {**tree, "origin": str(getattr(tree.get("base"), "name", tree.get("base", "")))}
        return tree

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        from .checks import inconsistencies

        problems = tuple(inconsistencies(self))
        if problems:
            raise InputError(f"experiment {self.name}", problems)
        return self

    def but(self, **parts: Any) -> Experiment:
        """A copy with parts of the top level replaced.

        Args:
            parts: fields of the experiment, as a file would state them.

        Raises:
            InputError: a part does not fit.
        """
        from .files import experiment_from

        own = {name: getattr(self, name) for name in type(self).model_fields if name != "changes"}
        tree = {**own, "set": self.changes, **parts}
        return experiment_from(tree, f"experiment {self.name}")

    @property
    def measured(self) -> tuple[str, ...]:
        """Names of all metrics, `.*` written out."""
        return expand(self.metrics, self.base)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of metrics in the table of runs: levels, then differences from the but-for run."""
        return self.measured + tuple(f"{DIFF}{name}" for name in self.measured if self.but_for is not None)

    @property
    def kept(self) -> tuple[str, ...]:
        """Tables of runs that are kept."""
        return KEPT if self.trajectories else ()

    def described(self) -> dict[str, Any]:
        """The experiment with its words: titles, labels, figures."""
        return self.model_dump(mode="json", by_alias=True)

    @property
    def base_months(self) -> int:
        """Months of a run, where no factor changes them."""
        return int(self.changes.get("periods", self.base.periods))

    # -- the runs ----------------------------------------------------------------------------

    @property
    def seeds(self) -> range:
        """Seeds at every point: common random numbers."""
        return range(self.seed, self.seed + self.replicates)

    @cached_property
    def spread(self) -> Spread:
        """What seeds stand for, the same at all points.

        Raises:
            InputError: base and but-for name different samples, or one that is not there or not valid.
        """
        pair = [scenario for scenario in (self.base, self.but_for) if scenario is not None]
        return spread_of(pair, self.uncertainty, usual="both")

    @property
    def drawn(self) -> str:
        """What seeds draw, whether or not the sample is still there: luck, parameters or both."""
        return (self.uncertainty or self.base.uncertainty or "both") if self.base.posterior else "luck"

    @cached_property
    def points(self) -> list[dict[str, Any]]:
        """Value of each factor at each point; a factor that is absent stays as the base has it."""
        if isinstance(self.design, FromFile):
            rows = self.design.values(self.factors).to_dict("records")
            return [{str(name): _plain(value) for name, value in row.items()} for row in rows]
        named = list(self.factors.items())
        return [
            {name: factor.at(float(u))[0] for (name, factor), u in zip(named, row, strict=True) if u == u}
            for row in self.design.quantiles(self.factors)
        ]

    @cached_property
    def table(self) -> pd.DataFrame:
        """The design: `point` and, for each factor, what to print for its value; one row a point."""
        rows = [{name: self._shown(name, point) for name in self.factors} for point in self.points]
        frame = pd.DataFrame(rows, columns=list(self.factors))
        for name in frame:
            if frame[name].map(type).nunique() > 1 and not self.factors[str(name)].numeric:
                frame[name] = frame[name].map(str)
        frame.insert(0, "point", range(len(frame)))
        return frame

    def __len__(self) -> int:
        return self.design.count(self.factors) * self.replicates

    def changes_at(self, point: int, scenario: Scenario) -> dict[str, Any]:
        """What to change in a scenario at a point, by exact path; what is not there is left alone.

        Args:
            point: number of a row of the design.
            scenario: the base, or the but-for scenario.
        """
        return dict(changes_in(self._places[id(scenario)], self.changes, self.factors, self.points[point]))

    def item(self, run: int) -> Item:
        """The run of a number: seeds of one point follow each other.

        Args:
            run: number of the run, from 0.
        """
        point, replicate = divmod(run, self.replicates)
        other = {} if self.but_for is None else self.changes_at(point, self.but_for)
        seed = self.seed + replicate
        return Item(run, point, seed, self.changes_at(point, self.base), other, self.spread.draw(seed))

    def command(self, item: Item) -> str:
        """The command line that repeats a run alone.

        Args:
            item: from `item`.
        """
        words = ["pricewar", "run", self.origin or self.base.name]
        for path, value in item.changes.items():
            words += ["--set", f"{path}={as_toml(value)}"]
        words += [] if self.drawn == "luck" else ["--uncertainty", self.drawn]
        return shlex.join([*words, "--seed", str(item.seed)])

    def scenario_at(self, point: int, but_for: bool = False) -> Scenario:
        """The scenario of a point.

        Args:
            point: number of a row of the design.
            but_for: the scenario without the cut, where there is one.

        Raises:
            InputError: a value does not fit together with the others.
        """
        scenario = self.but_for if but_for else self.base
        assert scenario is not None
        changes = self.changes_at(point, scenario)
        return scenario.but(changes) if changes else scenario

    @cached_property
    def _trees(self) -> dict[int, dict[str, Any]]:
        pair = (self.base, self.but_for)
        return {id(scenario): scenario.model_dump() for scenario in pair if scenario is not None}

    @cached_property
    def _places(self) -> dict[int, Places]:
        return {id_: places_in(tree, self.changes, self.factors) for id_, tree in self._trees.items()}

    def tree(self, scenario: Scenario) -> dict[str, Any]:
        """The base or the but-for scenario as plain values.

        Args:
            scenario: the base, or the but-for scenario.
        """
        return self._trees[id(scenario)]

    def _shown(self, name: str, point: Mapping[str, Any]) -> Any:
        factor = self.factors[name]
        if name in point:
            return dict(_pairs(factor)).get(_key(point[name]), point[name])
        if factor.apply != "set":
            return 1.0 if factor.apply == "scale" else 0.0
        held = self._places[id(self.base)][factor.targets[0]][0][1]
        return dict(_pairs(factor)).get(_key(held), held if isinstance(held, (int, float, str)) else "base")

    # -- identity ----------------------------------------------------------------------------

    def content(self) -> dict[str, Any]:
        """All that results depend on, as plain values; with the source of rules and metrics of one's own."""
        left_out = dict.fromkeys(("title", "question", "figures", "time_limit"), True)
        words = {"factors": {"__all__": {"label"}}}
        tree = self.model_dump(mode="json", by_alias=True, exclude={**left_out, **words, "uncertainty": True})
        tree |= drawn_content(tree, ("base", "but_for"), self.spread)
        if isinstance(self.design, FromFile):
            tree["design"] = self.design.values(self.factors).to_dict("list")
        own = sources(tree)
        return tree | ({"sources": own} if own else {})

    @cached_property
    def digest(self) -> str:
        """Short name of the content."""
        return short_digest(self.content())


def drawn_content(tree: Mapping[str, Any], parts: Iterable[str], spread: Spread) -> dict[str, Any]:
    """What seeds stand for as part of the content of a plan; taken out of its scenarios.

    Args:
        tree: the plan as plain values.
        parts: names of its scenarios.
        spread: what its seeds stand for.
    """
    held = {part: dict(tree[part]) for part in parts if tree[part] is not None}
    fixed = {part: one["fixed"] for part, one in held.items()}
    for one in held.values():
        forget_usual(one)
        for name in SEEDS_ONLY:
            del one[name]
    return held | ({"drawn": spread.mark | {"fixed": fixed}} if spread.mark else {})


def as_toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_name(key)} = {as_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _name(key: Any) -> str:
    return str(key) if str(key).replace("-", "").replace("_", "").isalnum() else json.dumps(str(key))


def _pairs(factor: Factor) -> Iterator[tuple[str, Any]]:
    return zip(map(_key, factor.values), factor.shown, strict=True)


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
