"""A scenario: all inputs of a run as one frozen tree.

`Scenario.but(...)` varies a copy, `Scenario.digest` names its content. Units: CNY, months, cars a month;
prices incl. VAT unless the name says net. Files are read in `scenario_file`.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from .dynamics import Dynamics
from .errors import InputError, Problem
from .events import Event
from .interventions import Intervention
from .months import Month, month_after, months_between
from .preferences import MixedLogit, Preferences
from .rules import RuleOf
from .strategies import Strategy

T = TypeVar("T")
Share = Annotated[float, Field(ge=0, le=1)]
Money = Annotated[float, Field(ge=0)]

Segment = Literal["A00", "A0", "A", "B", "C", "D"]
SEGMENTS: tuple[Segment, ...] = ("A00", "A0", "A", "B", "C", "D")
"""Size classes from city car to large, as the trade counts them."""


class Table(BaseModel):
    """A frozen part of a scenario; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class MarketSpec(Table):
    """What holds for the whole market."""

    vat: float = Field(0.13, ge=0, lt=1, description="value added tax contained in prices")
    discount_rate: float = Field(0.08, ge=0, le=1, description="a year, for present values (assumed)")
    pack_price: Money = Field(680.0, description="CNY per kWh of battery pack before the first month")


class ConsumerSpec(Table):
    """Who shops for a car."""

    shoppers: float = Field(1_950_000, gt=0, description="people in the market a month")
    draws: int = Field(2000, ge=50, le=1_000_000, description="rows that stand for all shoppers")
    weight: float | None = Field(
        None, gt=0, description="real buyers a row stands for; 1: every buyer chooses for himself"
    )
    income_log_sd: float = Field(0.6, ge=0, le=2, description="standard deviation of log income")
    seed: int = Field(0, ge=0, description="seed of the population, apart from the luck of a run")


class ProductSpec(Table):
    """One model of one firm."""

    firm: str
    name: str
    segment: Segment = "A"
    body: Literal["sedan", "SUV", "hatchback", "MPV"] = "sedan"
    powertrain: Literal["BEV", "PHEV", "EREV", "ICE", "other"] = "BEV"
    list_price: float = Field(gt=0, description="CNY incl. VAT")
    promotion: float = Field(0, ge=0, description="CNY incl. VAT off the list price before the first month")
    units: float = Field(0, ge=0, description="cars a month before the first month; 0 for a later launch")
    battery_kwh: float = Field(0, ge=0)
    range_km: float = Field(0, ge=0)
    launch: Month | None = Field(None, description="first month on sale, when that lies in the run")
    like: str | None = Field(None, description="product whose appeal a later launch shares")
    appeal: float = Field(0, description="utility added to that of the product named by `like`")
    unit_cost: float | None = Field(None, gt=0, description="CNY ex VAT; None: from the firm's gross margin")

    @property
    def price(self) -> float:
        """Transaction price, CNY incl. VAT."""
        return self.list_price - self.promotion


class FirmSpec(Table):
    """One maker."""

    name: str
    strategy: Annotated[Strategy, RuleOf("pricewar.strategies", Strategy)]
    gross_margin: float = Field(0.15, gt=-1, lt=1, description="of revenue, before the first month")
    fixed_cost: Money = Field(0, description="CNY a month: sales, administration, research")
    cash: float = Field(1e12, description="CNY the firm can lose before it must leave")
    external_income: float = Field(0, description="CNY a month from business outside the market")
    capacity: float = Field(float(10**9), gt=0, description="cars a month")
    payable_days: float = Field(60, ge=0, le=720, description="days until suppliers are paid")
    dealer_stock: float = Field(0, ge=0, description="cars in stock before the first month")
    backlog: float = Field(0, ge=0, description="orders in hand before the first month")
    months_to_exit: int = Field(3, ge=1, le=60, description="months without cash until the firm leaves")
    growth: float | None = Field(
        None, description="CNY a car by which the firm values volume; None: revealed by its price"
    )


class SupplierSpec(Table):
    """A group of suppliers that serve every firm."""

    name: str
    share: Share = Field(description="of the firms' purchases")
    margin: float = Field(0.06, gt=-1, lt=1, description="of sales, before the first month")
    cash_months: float = Field(3.0, ge=0, le=48, description="months of own cost held as cash, median member")
    cash_spread: float = Field(0.7, ge=0, le=2, description="standard deviation of log cash among members")
    members: int = Field(40, ge=1, le=1000)
    recovery_months: float = Field(12.0, ge=1, le=120, description="until a failed member is replaced")


class SupplyChainSpec(Table):
    """How firms buy and pay."""

    purchased_share: Share = Field(0.8, description="of unit cost bought from suppliers on credit")
    squeeze: Share = Field(0.15, description="of a fall of the net price passed back to suppliers")
    dependence: Share = Field(0.5, description="capacity lost when all suppliers have failed")
    groups: dict[str, SupplierSpec] = Field(default_factory=dict)


class NoiseSpec(Table):
    """What differs from seed to seed. All zero: a run without chance in demand."""

    market_sd: float = Field(0.0, ge=0, le=1, description="monthly log standard deviation of shoppers")
    taste_sd: float = Field(
        0.0, ge=0, le=2, description="standard deviation of passing taste shocks, utility"
    )
    taste_memory: float = Field(0.6, ge=0, lt=1, description="autocorrelation of taste shocks a month")
    view_lag: int = Field(0, ge=0, le=12, description="months by which rivals' prices are seen late")
    view_sd: float = Field(0.0, ge=0, le=1, description="log standard deviation of rivals' prices as seen")


class Scenario(Table):
    """All inputs of a run. Immutable; `but` varies a copy."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)
    title: str = ""
    start: Month = "2025-05"
    periods: int = Field(36, ge=1, le=600, description="months")
    seed: int = Field(1, ge=0)
    market: MarketSpec = MarketSpec()
    consumers: ConsumerSpec = ConsumerSpec()
    demand: Annotated[Preferences, RuleOf("pricewar.preferences", Preferences)] = MixedLogit()
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

        Numbers in a path index lists (`events.0.depth`). Keyword arguments name parts of the top level.

        Raises:
            InputError: a path that leads nowhere, or a value that is not allowed there; all at once.
        """
        tree = self.model_dump()
        wanted = {**(changes or {}), **parts}
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


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def set_path(tree: Any, path: str, value: Any) -> bool:
    """Set a value by dotted path in nested dicts and lists; False if the path leads nowhere."""
    *parents, last = path.split(".")
    node = tree
    for part in parents:
        node = _child(node, part)
        if node is None:
            return False
    if isinstance(node, dict):
        node[last] = copy.deepcopy(value)
        return True
    if (
        isinstance(node, (list, tuple))
        and last.isdigit()
        and int(last) < len(node)
        and isinstance(node, list)
    ):
        node[int(last)] = copy.deepcopy(value)
        return True
    return False


def _child(node: Any, part: str) -> Any:
    if isinstance(node, dict):
        return node.get(part)
    if isinstance(node, (list, tuple)) and part.isdigit() and int(part) < len(node):
        return node[int(part)]
    return None


def inconsistencies(scenario: Scenario) -> Iterator[dict[str, str]]:
    """Everything in a scenario that is well formed but does not fit together."""
    yield from _names(scenario)
    yield from _products(scenario)
    yield from _references(scenario)
    yield from _calendar(scenario)


def _names(scenario: Scenario) -> Iterator[dict[str, str]]:
    seen: dict[str, str] = {}
    for key, firm in scenario.firms.items():
        if firm.name in seen:
            place, other = f"firms.{key}.name", seen[firm.name]
            yield _problem(place, f"{firm.name!r}, the name of firm {other!r} too", "names of their own")
        seen[firm.name] = key
    shares = sum(group.share for group in scenario.supply_chain.groups.values())
    if shares > 1 + 1e-9:
        yield _problem("supply_chain.groups", f"shares that sum to {shares:.3f}", "at most 1")


def _products(scenario: Scenario) -> Iterator[dict[str, str]]:
    for key, product in scenario.products.items():
        if product.firm not in scenario.firms:
            yield _problem(f"products.{key}.firm", repr(product.firm), f"one of {_list(scenario.firms)}")
        if product.price <= 0:
            yield _problem(f"products.{key}.promotion", str(product.promotion), "less than the list price")
        if product.units == 0 and product.like is None:
            yield _problem(
                f"products.{key}.like", "nothing, with units = 0", "a product to take the appeal of"
            )
        if product.like is not None and scenario.products.get(product.like, product).units == 0:
            yield _problem(f"products.{key}.like", repr(product.like), "a product with units above 0")
    total = sum(product.units for product in scenario.products.values())
    if total >= scenario.consumers.shoppers:
        found = f"{scenario.consumers.shoppers:.0f} shoppers for {total:.0f} cars sold"
        yield _problem("consumers.shoppers", found, "more shoppers than cars (share under 1)")
    for key in set(scenario.firms) - {product.firm for product in scenario.products.values()}:
        yield _problem(f"firms.{key}", "no product", "at least one product for each firm")


def _references(scenario: Scenario) -> Iterator[dict[str, str]]:
    sorts: dict[str, Mapping[str, object]] = {
        "firm": scenario.firms,
        "product": scenario.products,
        "segment": dict.fromkeys(SEGMENTS),
    }
    parts: tuple[tuple[str, Sequence[Event | Intervention | None]], ...] = (
        ("events", scenario.events),
        ("interventions", scenario.interventions),
    )
    for part, rules in parts:
        for index, rule in enumerate(rules):
            for where, name in rule.names() if rule is not None else ():
                sort = where.split(".")[0].removesuffix("s")
                table = sorts.get(sort, scenario.products)
                if name not in table:
                    yield _problem(f"{part}.{index}.{where}", repr(name), f"one of {_list(table)}")
    for key, firm in scenario.firms.items():
        rule = getattr(firm, "strategy", None)
        for where, name in rule.names() if isinstance(rule, Strategy) else ():
            table = scenario.products if "product" in where else scenario.firms
            if name not in table:
                yield _problem(f"firms.{key}.strategy.{where}", repr(name), f"one of {_list(table)}")


def _calendar(scenario: Scenario) -> Iterator[dict[str, str]]:
    last = scenario.month(scenario.periods - 1)
    allowed = f"{scenario.start} to {last}, the months of the run"
    for index, event in _given(scenario.events):
        if not 0 <= months_between(scenario.start, event.month) < scenario.periods:
            yield _problem(f"events.{index}.month", repr(event.month), allowed)
        if event.until is not None and event.until < event.month:
            yield _problem(f"events.{index}.until", repr(event.until), f"{event.month} or later")
    for index, measure in _given(scenario.interventions):
        if measure.start is not None and measure.start > last:
            yield _problem(f"interventions.{index}.start", repr(measure.start), f"{last} or earlier")
        if measure.start is not None and measure.end is not None and measure.end < measure.start:
            yield _problem(f"interventions.{index}.end", repr(measure.end), f"{measure.start} or later")


def _given(rules: Sequence[T | None]) -> Iterator[tuple[int, T]]:
    """Rules with their places; one that could not be read is None and was reported before."""
    return ((index, rule) for index, rule in enumerate(rules) if rule is not None)


def _problem(place: str, found: str, allowed: str) -> dict[str, str]:
    return {"place": place, "found": found, "allowed": allowed}


def _list(names: Mapping[str, object]) -> str:
    keys = sorted(names)
    return ", ".join(keys[:20]) + (f", ... ({len(keys)} in all)" if len(keys) > 20 else "")
