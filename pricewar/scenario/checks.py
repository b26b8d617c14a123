"""What is well formed in a scenario but does not fit together: names, references, calendar."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from pricewar.base.errors import InputError, printable, shown
from pricewar.base.landscape import Landscape
from pricewar.base.own_code import FAILURES, told
from pricewar.campaigns import QuotaRace
from pricewar.events import Event
from pricewar.events.cuts import ImposedCut
from pricewar.interventions import Intervention
from pricewar.strategies import Strategy

from .columns import attribute_misfits
from .cost_curves import Experience, Output
from .dates import calendar, clock, given, problem
from .parts import SEGMENTS
from .preferences import MixedLogit, unheard

if TYPE_CHECKING:
    from .tree import Scenario

Check = Callable[["Scenario"], Iterator[dict[str, str]]]
LONGEST_ID: Final = 80
NEED_ROWS: Final = ("loyalty", "waiting", "pull_forward")
"""Mechanisms in which buyers differ from one another."""
MOST_BUYERS: Final = 20_000_000
"""Buyers that are simulated one by one in a month: about four seconds of one core."""


def inconsistencies(scenario: Scenario) -> Iterator[dict[str, str]]:
    """Everything in a scenario that is well formed but does not fit together."""
    for check in CHECKS:
        yield from check(scenario)


def _ids(scenario: Scenario) -> Iterator[dict[str, str]]:
    """Dotted paths, patterns and tables name firms, products and suppliers by their ids."""
    parts: tuple[tuple[str, Mapping[str, object]], ...] = (
        ("firms", scenario.firms),
        ("products", scenario.products),
        ("supply_chain.groups", scenario.supply_chain.groups),
    )
    for part, table in parts:
        for name in table:
            if not 0 < len(name.strip()) <= LONGEST_ID or {".", "*"} & set(name) or printable(name) != name:
                allowed = f"1 to {LONGEST_ID} characters that can be printed, no dot, no star"
                yield problem(part, f"the id {shown(name, 80)}", allowed)


def _names(scenario: Scenario) -> Iterator[dict[str, str]]:
    seen: dict[str, str] = {}
    for key, firm in scenario.firms.items():
        if firm.name in seen:
            place, other = f"firms.{key}.name", seen[firm.name]
            yield problem(place, f"{firm.name!r}, the name of firm {other!r} too", "names of their own")
        seen[firm.name] = key
    shares = sum(group.share for group in scenario.supply_chain.groups.values())
    if shares > 1 + 1e-9:
        yield problem("supply_chain.groups", f"shares that sum to {shares:.3f}", "at most 1")


def _products(scenario: Scenario) -> Iterator[dict[str, str]]:
    for key, product in scenario.products.items():
        if product.firm not in scenario.firms:
            yield problem(f"products.{key}.firm", repr(product.firm), f"one of {_list(scenario.firms)}")
        if product.price <= 0 < product.list_price:
            yield problem(
                f"products.{key}.promotion", str(product.promotion), "less than the list price: no price is 0"
            )
        if product.units == 0 and product.like is None:
            yield problem(
                f"products.{key}.like", "nothing, with units = 0", "a product to take the appeal of"
            )
        if product.like is not None and scenario.products.get(product.like, product).units == 0:
            yield problem(f"products.{key}.like", repr(product.like), "a product with units above 0")
    for place, found, allowed in attribute_misfits(scenario.products):
        yield problem(place, found, allowed)


def _totals(scenario: Scenario) -> Iterator[dict[str, str]]:
    total = sum(product.units for product in scenario.products.values())
    if total >= scenario.consumers.shoppers:
        found = f"{scenario.consumers.shoppers:.0f} shoppers for {total:.0f} units sold"
        yield problem("consumers.shoppers", found, "more shoppers than units (share under 1)")
    made = sum(firm.petrol_sales_share for firm in scenario.firms.values())
    if made > 1 + 1e-9:
        yield problem("firms.*.petrol_sales_share", f"shares that sum to {made:.3f}", "at most 1")
    if scenario.consumers.petrol_share > 0 and scenario.market.petrol_price <= 0:
        found = f"0, with consumers.petrol_share = {scenario.consumers.petrol_share:g}"
        yield problem("market.petrol_price", found, "the price of a petrol car, above 0")
    for key in sorted(set(scenario.firms) - {product.firm for product in scenario.products.values()}):
        yield problem(f"firms.{key}", "no product", "at least one product for each firm")


def _buyers(scenario: Scenario) -> Iterator[dict[str, str]]:
    consumers = scenario.consumers
    if consumers.weight is not None and consumers.shoppers / consumers.weight > MOST_BUYERS:
        least = f"{consumers.shoppers / MOST_BUYERS:.3g}"
        allowed = f"at least {least}, so that at most {MOST_BUYERS:,} buyers are made a month"
        yield problem("consumers.weight", f"{consumers.weight:g}", allowed)


def _demand(scenario: Scenario) -> Iterator[dict[str, str]]:
    """A demand that can be calibrated to these products, and no mechanism that it cannot carry."""
    demand = scenario.demand
    if not demand.looked_at:
        return
    for name in unheard(demand):
        found = f"of {demand.kind}, which the market would ignore"
        allowed = (
            f"parameters of MixedLogit, its spreads and loadings or calibrated() defined anew; not {name}"
        )
        yield problem(f"demand.{name}", found, allowed)
    try:
        misfits = [(str(where), str(found), str(allowed)) for where, found, allowed in
                   demand.misfits(scenario.products)]  # fmt: skip
    except FAILURES as error:
        misfits = [("kind", f"an error of {demand.kind}: {told(error)}", "misfits() that gives triples")]
    for where, found, allowed in misfits:
        yield problem(f"demand.{where}", found, allowed)
    yield from _carried(scenario)


def _carried(scenario: Scenario) -> Iterator[dict[str, str]]:
    """What needs rows of buyers, beside a demand that has none; and sampling, beside one that has no draw."""
    demand, kind = scenario.demand, scenario.demand.kind
    if not demand.rows:
        for name in NEED_ROWS:
            if getattr(scenario.dynamics, name).on:
                allowed = f"false: {kind} has no rows of buyers that could differ in it"
                yield problem(f"dynamics.{name}.on", "true", allowed)
    mixed = isinstance(demand, MixedLogit) and type(demand).calibrated is MixedLogit.calibrated
    related = isinstance(demand, MixedLogit) and any(taste.correlation for taste in demand.tastes.values())
    if scenario.consumers.weight is not None and (not mixed or related):
        allowed = "none: buyers are sampled one by one of MixedLogit and Logit without correlated tastes only"
        yield problem("consumers.weight", f"{scenario.consumers.weight:g} with {kind}", allowed)


def _cost(scenario: Scenario) -> Iterator[dict[str, str]]:
    """Learning is a mechanism and a curve: only one may be on. At the start a curve changes no cost."""
    curve = scenario.cost
    if isinstance(curve, Experience) and scenario.dynamics.learning.on:
        yield problem("cost.kind", "'Experience' beside dynamics.learning", "one of the two")
    if not curve.looked_at or not _owners_known(scenario):
        return
    try:
        factors = np.asarray(curve.factor(_at_rest(scenario)), dtype=np.float64)
    except FAILURES as error:
        yield problem("cost", f"an error of {curve.kind}: {told(error)}", "factor() that gives numbers")
        return
    if factors.shape != (len(scenario.products),) or not np.allclose(factors, 1.0, rtol=1e-9, atol=0.0):
        allowed = f"{len(scenario.products)} ones: at the start a curve leaves costs as they are"
        yield problem("cost", f"factors {shown(factors.tolist(), 80)} at the start", allowed)


def _owners_known(scenario: Scenario) -> bool:
    """Whether each product has a firm; one without a firm is reported elsewhere."""
    return all(product.firm in scenario.firms for product in scenario.products.values())


def _at_rest(scenario: Scenario) -> Output:
    land = _bare_landscape(scenario)
    sold = land.by_firm(land.start_units)
    made = np.maximum(sold, 1.0) * 12.0
    return Output(landscape=land, planned=sold, usual=sold, made=made, made_at_start=made)


def _campaigns(scenario: Scenario) -> Iterator[dict[str, str]]:
    """Quotas, propensities and shocks are of firms of the market."""
    rule = scenario.campaigns.rule
    named: dict[str, Iterable[str]] = {
        "campaigns.quotas": scenario.campaigns.quotas,
        "noise.firm_sd": scenario.noise.firm_sd,
    }
    if isinstance(rule, QuotaRace):
        named |= {"campaigns.rule.lead": rule.lead, "campaigns.rule.follow": rule.follow}
    for place, names in named.items():
        for name in names:
            if name not in scenario.firms:
                yield problem(f"{place}.{name}", repr(name), f"one of {_list(scenario.firms)}")


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
            for where, name in _named(rule):
                if not name:
                    yield problem(f"{part}.{index}", where, "names() gives pairs of a field and an id")
                    continue
                sort = where.split(".")[0].removesuffix("s")
                table = sorts.get(sort, scenario.products)
                if name not in table:
                    yield problem(f"{part}.{index}.{where}", repr(name), f"one of {_list(table)}")


def _cuts(scenario: Scenario) -> Iterator[dict[str, str]]:
    """A cut must leave a price, and a firm cuts its own products."""
    for index, event in given(scenario.events):
        if not isinstance(event, ImposedCut) or any(True for _ in _unknown(scenario, event)):
            continue
        try:
            event.effective(_bare_landscape(scenario))
        except InputError as error:
            for p in error.problems:
                yield problem(f"events.{index}: {p.place}", p.found, p.allowed)
        except FAILURES as error:
            yield problem(f"events.{index}", told(error), "a cut that can be worked out")


def _unknown(scenario: Scenario, event: Event) -> Iterator[str]:
    known = {*scenario.firms, *scenario.products}
    return (name for _, name in _named(event) if name not in known)


def _bare_landscape(scenario: Scenario) -> Landscape:
    """Who makes what and at what price, before anything is calibrated."""
    firms = tuple(scenario.firms)
    products = sorted(scenario.products.items(), key=lambda item: firms.index(item[1].firm))
    many = len(products)
    return Landscape(
        firms=firms,
        products=tuple(key for key, _ in products),
        firm_of=np.array([firms.index(product.firm) for _, product in products]),
        segment_of=np.array([SEGMENTS.index(product.segment) for _, product in products]),
        segments=SEGMENTS,
        start_price=np.array([product.price for _, product in products]),
        start_units=np.array([product.units for _, product in products]),
        closeness=np.zeros((many, many)),
    )


def _strategies(scenario: Scenario) -> Iterator[dict[str, str]]:
    for key, firm in scenario.firms.items():
        rule = getattr(firm, "strategy", None)
        if not isinstance(rule, Strategy):
            continue
        own = [name for name, product in scenario.products.items() if product.firm == key]
        try:
            misfits = [
                (str(where), shown(found), str(allowed)) for where, found, allowed in rule.misfits(own)
            ]
        except FAILURES as error:
            misfits = [("kind", f"an error of {rule.kind}: {told(error)}", "misfits() that gives triples")]
        for where, found, allowed in misfits if own else ():
            yield problem(f"firms.{key}.strategy.{where}", found, allowed)
        for where, name in _named(rule):
            if not name:
                yield problem(f"firms.{key}.strategy", where, "names() gives pairs of a field and an id")
                continue
            table = scenario.products if "product" in where else scenario.firms
            if name not in table:
                yield problem(f"firms.{key}.strategy.{where}", repr(name), f"one of {_list(table)}")


def _named(rule: Strategy | Event | Intervention | None) -> list[tuple[str, str]]:
    """What a rule names; a user's own rule may fail at this, which is reported with an empty name."""
    if rule is None:
        return []
    try:
        return [(str(where), str(name)) for where, name in rule.names()]
    except FAILURES as error:
        return [(f"an error of {rule.kind}: {told(error)}", "")]


def _list(names: Mapping[str, object]) -> str:
    keys = sorted(names)
    return ", ".join(keys[:20]) + (f", ... ({len(keys)} in all)" if len(keys) > 20 else "")


CHECKS: tuple[Check, ...] = (
    _ids, _names, _products, _totals, _buyers, _demand, _cost, _campaigns, _references, _strategies, _cuts,
    clock, calendar,
)  # fmt: skip
"""Each checks one aspect, so that a fault in one does not hide another."""
