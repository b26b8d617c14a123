"""Test kit for your own interventions: made-up records, and the tests that every measure passes."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Literal

import numpy as np

from pricewar.base.book import Bookings
from pricewar.base.clock import Clock
from pricewar.base.luck import stream
from pricewar.base.records import Accounts, Floats, Landscape, Offers, Record, Sales
from pricewar.base.rules import make_rule
from pricewar.interventions import Desk, Intervention

from .strategies import example_landscape, example_view

FIRST_MONTH = "2025-05"
VAT = 0.13
PATH = (-0.05, -0.12, -0.12, -0.20, -0.10, -0.45, 0.02, -0.30)
"""What firms propose, relative to the start: cuts, a pause, a recovery, a deep cut, a rise, a cut."""

Direction = Literal["rises", "falls"]


def example_market(*firms: str) -> Landscape:
    """The market of `pricewar.testing.strategies` with real size classes; the first firms renamed to `firms`.

    Args:
        firms: ids that the first firms get.

    Raises:
        ValueError: more names than the market has firms (3).
    """
    market = example_landscape()
    if len(firms) > len(market.firms):
        raise ValueError(f"the example market has {len(market.firms)} firms; found {len(firms)} names")
    rest = tuple(name for name in market.firms if name not in firms)
    return market.but(
        firms=(*firms, *rest)[: len(market.firms)],
        segments=("A00", "A0", "A", "B", "C", "D"),
        segment_of=market.segment_of + 2,
    )


def example_offers(change: Any = 0.0, *, period: int = 0, **changes: Any) -> Offers:
    """Offers of the example market: list prices 10% above the start prices, promotions for the rest.

    Args:
        change: transaction prices relative to the start as fractions, one number or (J,).
        period: months since May 2025.
        changes: fields of `Offers` to replace.
    """
    start = example_landscape().start_price
    zero = np.zeros(len(start))
    offers = Offers(
        period=period, list_price=1.1 * start, promotion=1.1 * start - start * (1.0 + np.asarray(change)),
        on_sale=np.ones(len(start), dtype=np.bool_), subsidy=zero, tax=zero, rebate=zero,
        announced_end=np.full(len(start), -1),
    )  # fmt: skip
    return offers.but(**changes)


def example_sales(offers: Offers) -> Sales:
    """Cars sold at these offers: start units moved by a price elasticity of -4.

    Args:
        offers: of the example market.
    """
    market, price = example_landscape(), np.maximum(offers.price, 1.0)
    units = np.where(offers.on_sale, market.start_units * (price / market.start_price) ** -4.0, 0.0)
    zero = np.zeros(len(units))
    return Sales(
        period=offers.period, orders=units, units=units, produced=units, backlog=zero, stock=1.5 * units,
        shoppers=5e5, arrivals=5e5, waiting=0.0, surplus=np.zeros(5),
        bookings=Bookings.at_once(units, offers.price),
    )  # fmt: skip


def example_accounts(offers: Offers, **changes: Any) -> Accounts:
    """Draft books of the example market's three firms after selling at these offers.

    Args:
        offers: of the example market.
        changes: fields of `Accounts` to replace.
    """
    market = example_landscape()
    units = example_sales(offers).units
    by_firm = market.by_firm
    zero = np.zeros(len(market.firms))
    accounts = Accounts(
        period=offers.period, revenue=by_firm(units * offers.price / (1.0 + VAT)),
        production_cost=by_firm(units * 0.8 * market.start_price / (1.0 + VAT)),
        fixed_cost=by_firm(0.1 * market.start_units * market.start_price / (1.0 + VAT)),
        payables=by_firm(4.0 * market.start_units * market.start_price),
        fines=zero, levy=zero, paid_suppliers=zero,
        payable_days=np.array([127.0, 180.0, 45.0]), cash=np.array([1e11, 1e9, 1e8]), inventory=zero,
        deposits=zero, protection=np.zeros(len(units)),
    )  # fmt: skip
    return accounts.but(**changes)


def example_desk(
    *,
    period: int = 0,
    before: Offers | None = None,
    memory: MutableMapping[str, Any] | None = None,
    seed: int = 1,
    measure: Intervention | None = None,
    **changes: Any,
) -> Desk:
    """What a measure may see (its desk) in the example market.

    Args:
        period: months since May 2025.
        before: last month's offers; at rest by default.
        memory: the measure's notebook; a new one by default.
        seed: of the measure's luck.
        measure: whose first month counts for `elapsed`; None: it began with the run.
        changes: fields of `Desk` to replace.
    """
    market = changes.pop("landscape", example_market())
    before = example_offers(period=period - 1) if before is None else before
    cost = 0.8 * market.start_price / (1.0 + VAT)
    lines = {"avc": 0.95, "aac": 1.0, "lraic": 1.05, "atc": 1.125, "full": 1.1}
    desk = Desk(
        period=period, month=Clock(FIRST_MONTH).label(period), clock=Clock(FIRST_MONTH),
        elapsed=period if measure is None else measure.elapsed(FIRST_MONTH, period), landscape=market,
        before=before, last_sales=example_sales(before) if period else None,
        cost_lines={name: factor * cost for name, factor in lines.items()},
        stock_months=np.array([1.0, 1.5, 2.0, 4.0, 1.0, 1.5]), vat=VAT,
        memory={} if memory is None else memory, luck=partial(stream, seed, "measure", period),
    )  # fmt: skip
    return desk.but(**changes)


@dataclass(frozen=True)
class Step:
    """One use of a measure: the record it got and the record it gave back."""

    given: Record
    returned: Record


def enforce(measure: Intervention, *, seed: int = 1, path: tuple[float, ...] = PATH) -> list[Step]:
    """Run a measure through a price war of the example market, as the model would.

    Each month every firm's View, then the Offers, then the Accounts pass through it, if it is in force.

    Args:
        measure: the intervention.
        seed: of its luck.
        path: what firms propose each month, relative to the start prices.

    Returns:
        All uses in order.
    """
    market = example_market(*dict.fromkeys(name for field, name in measure.names() if "product" not in field))
    memory: dict[str, Any] = {}
    before, steps = example_offers(period=-1), list[Step]()
    for period, change in enumerate(path):
        desk = example_desk(
            period=period, before=before, memory=memory, seed=seed, measure=measure, landscape=market
        )
        seen = [
            example_view(f, period=period, history=np.array(path[: period + 1])[:, None] + 0.01)
            for f in range(3)
        ]
        views = [view.but(landscape=market) for view in seen]
        steps += [_use(measure, measure.see, view, desk) for view in views]
        steps.append(_use(measure, measure.amend, example_offers(change, period=period), desk))
        amended = steps[-1].returned
        assert isinstance(amended, Offers), f"amend returned a {type(amended).__name__}; allowed: Offers"
        before = amended
        steps.append(_use(measure, measure.settle, example_accounts(before), desk))
    return steps


def check_intervention(
    measure: Intervention, *, never: Mapping[str, Direction] | None = None, seed: int = 1
) -> None:
    """Put a measure through the tests that every shipped one passes.

    Not in force, it must hand back the very record it got and note nothing. In force, it must give back
    records of the same sort and shape with finite numbers and prices above 0; leave every record, the
    desk and the firms' notebooks as they were, and change nothing but what it returns; keep a notebook
    that pickles; give the same answer to the same luck. It must be frozen, picklable, and survive the way
    to a table and back.

    Args:
        measure: the intervention, with its parameters. It may name up to three firms, of any id.
        never: fields of View, Offers or Accounts (or their properties, as ``price``) that theory says the
            measure never moves in one direction, for example ``{"price": "falls"}``.
        seed: of the measure's luck.

    Raises:
        AssertionError: naming every check that failed.
    """
    problems = [
        *_frozen(measure),
        *_inert(measure),
        *_sound(measure, seed),
        *_never(measure, seed, never or {}),
    ]
    assert not problems, f"{measure.kind}: " + "; ".join(dict.fromkeys(problems))


def _frozen(measure: Intervention) -> Iterator[str]:
    if pickle.loads(pickle.dumps(measure)) != measure:
        yield "it does not survive pickling"
    if make_rule(measure.model_dump(mode="json"), "pricewar.interventions", Intervention) != measure:
        yield "it does not survive the way to a table and back"


def _inert(measure: Intervention) -> Iterator[str]:
    for window in ({"start": "2099-01", "end": None}, {"start": None, "end": "1999-12"}):
        idle = measure.model_copy(update=window)
        if any(step.returned is not step.given for step in enforce(idle)):
            yield f"it acts although it is not in force ({window})"


def _sound(measure: Intervention, seed: int) -> Iterator[str]:
    first, second = enforce(measure, seed=seed), enforce(measure, seed=seed)
    for step, again in zip(first, second, strict=True):
        yield from _same_sort(step.given, step.returned)
        if contents(step.returned) != contents(again.returned):
            yield "the same luck gives another answer"


def _same_sort(given: Record, returned: Record) -> Iterator[str]:
    if type(returned) is not type(given):
        yield f"found a {type(returned).__name__} for a {type(given).__name__}"
        return
    name = type(given).__name__
    for field in fields(given):  # type: ignore[arg-type]
        old, new = getattr(given, field.name), getattr(returned, field.name)
        if isinstance(old, np.ndarray) and (np.shape(new) != old.shape or new.dtype != old.dtype):
            yield f"{name}.{field.name}: found {np.shape(new)}; allowed: {old.dtype} of shape {old.shape}"
        elif isinstance(new, np.ndarray) and not np.all(np.isfinite(new)):
            yield f"{name}.{field.name}: found numbers that are not finite"
    if isinstance(returned, Offers) and not np.all(returned.price > 0):
        yield "Offers.price: found prices that are not above 0"
    fixed = ("period", "month", "firm", "own", "landscape", "memory")
    if any(getattr(given, part, None) is not getattr(returned, part, None) for part in fixed):
        yield f"{name}: it changed who or when the record is about"


def _never(measure: Intervention, seed: int, never: Mapping[str, Direction]) -> Iterator[str]:
    steps = enforce(measure, seed=seed)
    for name, direction in never.items():
        sign = 1.0 if direction == "falls" else -1.0
        met = [step for step in steps if hasattr(step.given, name)]
        if not met:
            yield f"no record has {name!r}"
        for step in met:
            old, new = np.asarray(getattr(step.given, name)), np.asarray(getattr(step.returned, name))
            if np.any(sign * (new - old) < -1e-9 * np.abs(old)):
                yield f"{name} {direction}"


def _use(measure: Intervention, hook: Callable[[Any, Desk], Any], given: Record, desk: Desk) -> Step:
    """Call one hook if the measure is in force, and see that it writes nowhere."""
    if not measure.active(FIRST_MONTH, desk.period):
        return Step(given, given)
    untouched = (given, desk.before, desk.landscape, *([desk.last_sales] if desk.last_sales else []))
    was = [contents(record) for record in untouched] + [_table(desk.cost_lines), measure.model_dump()]
    returned = hook(given, desk)
    now = [contents(record) for record in untouched] + [_table(desk.cost_lines), measure.model_dump()]
    assert now == was, f"{measure.kind}: it wrote into a record, a firm's notebook, the desk or itself"
    pickle.dumps(desk.memory)
    return Step(given, returned)


def contents(record: Record) -> dict[str, object]:
    """The bytes and numbers of a record, without its functions: equal if and only if the records are."""
    values = {field.name: getattr(record, field.name) for field in fields(record)}  # type: ignore[arg-type]
    return {
        name: contents(value) if isinstance(value, Record) else _plain(value)
        for name, value in values.items()
        if not callable(value)
    }


def _plain(value: object) -> object:
    return (value.dtype.str, value.shape, value.tobytes()) if isinstance(value, np.ndarray) else repr(value)


def _table(lines: Mapping[str, Floats]) -> dict[str, bytes]:
    return {name: np.asarray(line).tobytes() for name, line in lines.items()}
