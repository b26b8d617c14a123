"""A scenario: all inputs of a run as one frozen tree.

`Scenario.but(...)` varies a copy, `Scenario.digest` names its content. Units: money, months, units a period;
prices incl. VAT unless the name says net. Files are read in `scenario_file`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from pricewar.base.arguments import whole
from pricewar.base.clock import Clock, Moment, Unit
from pricewar.base.errors import InputError, Problem, bad_input, shown
from pricewar.base.paths import change
from pricewar.base.rules import RuleOf
from pricewar.base.sources import sources
from pricewar.base.words import Words
from pricewar.events import Event
from pricewar.files.digest import short_digest
from pricewar.interventions import Intervention

from .campaigns import CampaignSpec
from .checks import inconsistencies
from .cost_curves import Constant, CostCurve
from .former import in_place_of
from .mechanisms import Dynamics
from .parts import (
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
from .preferences import Logit, Preferences

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
]


Uncertainty = Literal["luck", "parameters", "both"]
"""What differs between the seeds of a scenario: luck, parameters, or both."""
UNCERTAIN: Final = ("demand", "market", "dynamics", "supply_chain", "campaigns", "noise")
"""Parts of a scenario that hold parameters of which a market knows only a joint sample."""
SEEDS_ONLY: Final = ("uncertainty", "posterior", "fixed")
"""Fields that say what seeds stand for; a run does not depend on them."""

REQUIRED = {
    "consumers.shoppers": "a value is required: people who consider buying in a month, "
    "more than the units sold",
}
"""What a missing value should be, where its name alone does not say it."""
NOT_FREE: Final = (
    "greater than 0: no change is a percentage of a price of 0; leave what is free to the outside option"
)


class Scenario(Table):
    """All inputs of a run. Immutable; `but` varies a copy."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)
    title: str = ""
    period: Unit = Field(
        "month",
        description="step of time: day, week, month or quarter; `start` may be a date where it is a day or a "
        "week",
    )
    start: Moment = "2025-05"
    periods: int = Field(36, ge=1, le=600, description="periods")
    seed: Seed = 1
    uncertainty: Uncertainty | None = Field(
        None,
        description="what seeds draw: luck, parameters, or both; none: what a command takes, luck for run, "
        "both where scenarios are compared",
    )
    posterior: str = Field(
        "",
        max_length=1000,
        description="joint sample of the parameters: a name that ships, or a .csv file, also one beside the "
        "file; none: seeds hold luck alone",
    )
    fixed: tuple[str, ...] = Field(
        (),
        description="paths and patterns that seeds do not draw; what a file changes in the market that it "
        "extends, and what is changed by `--set` or `but`, is added to them",
    )
    market: MarketSpec = MarketSpec()
    consumers: ConsumerSpec
    demand: Annotated[Preferences, RuleOf("pricewar.scenario.preferences", Preferences, "Logit")] = Logit()
    cost: Annotated[CostCurve, RuleOf("pricewar.scenario.cost_curves", CostCurve, "Constant")] = Constant()
    dynamics: Dynamics = Dynamics()
    campaigns: CampaignSpec = CampaignSpec()
    supply_chain: SupplyChainSpec = SupplyChainSpec()
    noise: NoiseSpec = NoiseSpec()
    firms: dict[str, FirmSpec] = Field(min_length=1)
    products: dict[str, ProductSpec] = Field(min_length=1)
    events: tuple[Annotated[Event, RuleOf("pricewar.events", Event)], ...] = ()
    interventions: tuple[Annotated[Intervention, RuleOf("pricewar.interventions", Intervention)], ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _names_what_is_missing(cls, tree: Any) -> Any:
        """Without the table of consumers, it is its `shoppers` that are missing."""
        return {"consumers": {}, **tree} if isinstance(tree, Mapping) else tree

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

        Numbers in a path index lists (`events.0.depth`); patterns change all that they match
        (`firms.*.cash`, `products.byd_*.promotion`, see `pricewar.base.paths`). Changes are made in the order
        given, those of a `kind` first: it comes with its own defaults, since parameters of one rule mean
        nothing to another. Keyword arguments name parts of the top level. Where the scenario names a joint
        sample of its parameters, what is changed is `fixed`: seeds draw it no more.

        Args:
            changes: path to new value.
            parts: parts of the top level, by name.

        Raises:
            InputError: a path that leads nowhere, a pattern that matches nothing, or a value that is not
                allowed there; all at once.
        """
        if (changes is not None and not isinstance(changes, Mapping)) or not all(
            map(_is_text, changes or ())
        ):
            raise bad_input("but", ("changes", changes, "a table: dotted path -> value"))
        wanted = {**(changes or {}), **parts}
        wanted = dict(sorted(wanted.items(), key=lambda change: not change[0].endswith(".kind")))
        tree = self._with_kinds(wanted)
        lost = [Problem(path, *why) for path, value in wanted.items() if (why := change(tree, path, value))]
        if lost:
            raise InputError(f"scenario {self.name}", tuple(lost))
        if self.posterior and "fixed" not in wanted:
            tree["fixed"] = fixed_with(self.fixed, wanted)
        return scenario_from(tree, source=f"scenario {self.name}")

    def _with_kinds(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """This scenario as a tree; with the parameters of new kinds, where patterns are to find them."""
        first = {path: value for path, value in wanted.items() if "*" not in path or path.endswith(".kind")}
        base = self
        if len(first) < len(wanted) and any(path.endswith(".kind") for path in first):
            with suppress(InputError):  # what is wrong is told when all changes are made
                base = self.but(first)
        tree = base.model_dump()
        return {key: list(part) if isinstance(part, tuple) else part for key, part in tree.items()}

    @property
    def sources(self) -> dict[str, str]:
        """The user's own code that the rules name: module -> SHA-256 (`pricewar.base.sources`)."""
        return sources(self.model_dump(mode="json", exclude={"title", "name"}))

    @cached_property
    def digest(self) -> str:
        """Short name of the content: changes with any input of a run except the seed and the texts.

        A user's own rules count with their source. Shipped rules count only with their parameters; what
        they do is named by the edition of the model.
        """
        tree = self.model_dump(mode="json", exclude={"seed", "title", "name", *SEEDS_ONLY})
        forget_usual(tree)
        own = sources(tree)
        tree |= {"sources": own} if own else {}
        return short_digest(tree)

    @cached_property
    def clock(self) -> Clock:
        """Which dates the periods stand for."""
        return Clock(self.start, self.period)

    @cached_property
    def words(self) -> Words:
        """What money, units and periods are called."""
        told = self.model_dump(include={"market", "products", "start", "period"})
        return Words.of({**told, "firms": self.firms})

    def month(self, period: int) -> str:
        """A period as tables name it: its month, quarter, week or day; period 0 is `start`."""
        if not whole.fits(period):
            raise bad_input("month", ("period", period, whole.words))
        return self.clock.label(period)


def forget_usual(tree: dict[str, Any]) -> None:
    """Leave out of a tree what a file does not speak of and older files could not: they keep their digest.

    Args:
        tree: a scenario as plain values, all of them; it is changed.
    """
    usual = {"cost": Constant(), "campaigns": CampaignSpec()}
    for name, default in usual.items():
        if tree[name] == default.model_dump(mode="json"):
            del tree[name]
    for product in tree["products"].values():
        if not product.get("attributes", True):
            del product["attributes"]
    _forget_words_and_periods(tree)
    _forget_credit(tree)
    if not tree["demand"].get("tastes", True):
        del tree["demand"]["tastes"]
    for event in tree["events"]:
        if event.get("headline", True) is None:
            del event["headline"]
    if tree["market"]["variable_share"] == 1.0:
        del tree["market"]["variable_share"]
    quiet = NoiseSpec().model_dump(mode="json")
    for name in ("firm_sd", "firm_memory"):
        if tree["noise"][name] == quiet[name]:
            del tree["noise"][name]


def _forget_credit(tree: dict[str, Any]) -> None:
    """Without a line a rate changes nothing."""
    for firm in tree["firms"].values():
        if firm["credit_months"] == 0.0:
            del firm["credit_months"], firm["credit_rate"]


def _forget_words_and_periods(tree: dict[str, Any]) -> None:
    """Words change nothing in a run; a period was always a month, and dates were always months."""
    for word in ("currency", "unit"):
        del tree["market"][word]
    if tree["period"] == "month":
        del tree["period"]
    for rule in (*tree["events"], *tree["interventions"]):
        for name in ("period", "until_period"):
            if rule.get(name, True) is None:
                del rule[name]


def fixed_with(before: Iterable[str], changed: Iterable[str]) -> tuple[str, ...]:
    """Paths that seeds do not draw: those of before, and of changes those that hold parameters."""
    heads = ((path, path.partition(".")[0]) for path in changed)
    more = (path for path, head in heads if "*" in head or head in UNCERTAIN)
    return tuple(sorted({*before, *more}))


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
            yield Problem(place, "nothing", REQUIRED.get(place, "a value is required"))
        elif detail["type"] == "greater_than" and place.endswith(".list_price"):
            yield Problem(place, _short(detail["input"]), NOT_FREE)
        elif detail["type"] == "extra_forbidden":
            yield Problem(place, f"unknown key with value {_short(detail['input'])}", in_place_of(place))
        else:
            yield Problem(place, _short(detail["input"]), detail["msg"].removeprefix("Value error, "))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _short(value: object) -> str:
    return shown(value, 80)
