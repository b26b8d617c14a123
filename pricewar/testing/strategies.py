"""Test kits for your own rules: a realistic View, and the tests that every strategy must pass."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, MutableMapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import lambertw

from pricewar.base.arguments import at_least, luck, maybe, numbers, takes
from pricewar.base.errors import PricewarError, bad_input
from pricewar.base.luck import stream
from pricewar.base.months import month_after
from pricewar.base.records import Floats, Landscape, View
from pricewar.base.rules import make_rule
from pricewar.strategies import Strategy

VAT = 0.13
SHOPPERS = 500_000.0
ALPHA = 2.5e-5
"""Logit price coefficient per unit of money: own elasticities from -1.9 (cheapest) to -6.4 (dearest)."""


def example_landscape() -> Landscape:
    """A made-up market: three firms, six cars in two segments, diversion by logit."""
    units = np.array([30_000.0, 18_000.0, 12_000.0, 9_000.0, 14_000.0, 7_000.0])
    share = units / SHOPPERS
    closeness = share / (1.0 - share[:, None])
    np.fill_diagonal(closeness, 0.0)
    return Landscape(
        firms=("alpha", "beta", "gamma"),
        products=("alpha-s", "alpha-m", "alpha-l", "beta-s", "beta-m", "gamma-l"),
        firm_of=np.array([0, 0, 0, 1, 1, 2]),
        segment_of=np.array([0, 1, 1, 0, 1, 1]),
        segments=("small", "large"),
        start_price=np.array([80_000.0, 120_000.0, 210_000.0, 90_000.0, 140_000.0, 260_000.0]),
        start_units=units,
        closeness=closeness,
    )


class LogitRival:
    """One firm in a logit market: its demand, its markup and its best response, all in closed form."""

    def __init__(self, firm: int, landscape: Landscape) -> None:
        share = landscape.start_units / SHOPPERS
        self.own = landscape.own(firm)
        self.delta = np.log(share / (1.0 - share.sum())) + ALPHA * landscape.start_price

    def respond(self, prices: Floats, on_sale: ArrayLike, value: Floats) -> Floats:
        """Profit-maximising own prices, money incl. VAT, against `prices` (J,).

        At the optimum all cars of a firm carry one net markup m with x = ALPHA (1 + VAT) m and
        x = 1 + W(A / D / e), W the Lambert function, A and D the weights of own cars at unit value and of
        everything else.
        """
        weight = np.exp(self.delta - ALPHA * prices) * np.asarray(on_sale)
        rest = 1.0 + np.delete(weight, self.own).sum()
        own = np.exp(self.delta[self.own] - ALPHA * (1.0 + VAT) * value).sum()
        x = 1.0 + lambertw(own / rest / np.e).real
        return np.asarray((1.0 + VAT) * value + x / ALPHA)

    def growth(self, landscape: Landscape, cost: Floats) -> Floats:
        """Growth motive that makes the start prices the best response."""
        share = landscape.start_units[self.own].sum() / SHOPPERS
        markup = 1.0 / (ALPHA * (1.0 + VAT) * (1.0 - share))
        return np.asarray(cost + markup - landscape.start_price[self.own] / (1.0 + VAT))


@takes(period=at_least(0), seed=luck, history=maybe(numbers))
def example_view(
    firm: int | str = 0,
    *,
    period: int = 0,
    history: ArrayLike | None = None,
    memory: MutableMapping[str, Any] | None = None,
    seed: int = 1,
    **changes: Any,
) -> View:
    """What a firm of the example market sees; at rest unless told otherwise.

    Args:
        firm: position or id in `example_landscape`.
        period: months since the run began in May 2025.
        history: prices relative to the start as fractions (-0.1 is a cut of 10%), one row a month up to the
            newest known, broadcast to (months, J). The firm's own last prices are taken from it too.
        memory: the firm's notebook; a new one by default.
        seed: of the firm's luck.
        changes: fields of `View` to replace, for example ``unit_cost=...`` or ``cash=0.0``.
    """
    landscape = example_landscape()
    if not isinstance(firm, (str, int, np.integer)) or firm not in (
        landscape.firms if isinstance(firm, str) else range(len(landscape.firms))
    ):
        raise bad_input("example_view", ("firm", firm, f"a position, or one of {', '.join(landscape.firms)}"))
    shape = () if history is None else np.asarray(history).shape
    if shape[-1:] not in ((), (1,), (6,)) or len(shape) > 2:
        raise bad_input("example_view", ("history", f"shape {shape}", "(months, 6) or (months, 1)"))
    f = landscape.firms.index(firm) if isinstance(firm, str) else firm
    own = landscape.own(f)
    change = np.zeros((1, 1)) if history is None else np.atleast_2d(np.asarray(history, dtype=np.float64))
    seen = landscape.start_price * (1.0 + np.vstack([np.zeros(6), np.broadcast_to(change, (len(change), 6))]))
    start, units = landscape.start_price[own], landscape.start_units[own]
    cost = 0.8 * start / (1.0 + VAT)
    fixed = 0.1 * float(start @ units) / (1.0 + VAT)
    view = View(
        period=period, month=month_after("2025-05", period), firm=f, landscape=landscape, own=own,
        list_price=1.1 * start, promotion=1.1 * start - seen[-1][own], price=seen[-1][own], start_price=start,
        unit_cost=cost, start_cost=cost, variable_cost=cost, full_cost=cost + fixed / units.sum(),
        growth=LogitRival(f, landscape).growth(landscape, cost), orders=units, units=units,
        stock=1.5 * units, start_stock_months=np.full(len(own), 1.5), backlog=np.zeros(len(own)),
        capacity=1.2 * float(units.sum()), cash=5e9, fixed_cost=fixed, seen=seen,
        reference=np.broadcast_to(landscape.start_price, seen.shape), noise=0.0, pass_through=1.0,
        on_sale=np.ones(6, dtype=np.bool_), vat=VAT, memory={} if memory is None else memory,
        luck=lambda: stream(seed, "firm", f, period), respond=lambda value: value,
    )  # fmt: skip
    view = view.but(**changes)
    rival = LogitRival(f, landscape)
    respond = changes.get("respond", lambda value: rival.respond(view.seen[-1], view.on_sale, value))
    return view.but(respond=respond)


@takes(rule=Strategy)
def check_strategy(rule: Strategy, *, rests: bool | None = None) -> None:
    """Put a strategy through the tests that every shipped one passes.

    It must answer one finite positive price per own product in peace and war, with costs up and down, with
    full stock, without cash and without rivals; write to nothing but its notebook, which must pickle; be
    picklable itself; survive the way to a table and back; give the same answer to the same luck; and, at
    rest (nobody has moved, costs and stock as at the start), leave prices where they are.

    Args:
        rule: the strategy, with its parameters.
        rests: False for a rule that is meant to move first (an attack, a leader); None: what its class says.

    Raises:
        AssertionError: naming every check that failed.
    """
    still = rule.rests if rests is None else rests
    problems = [*_frozen(rule), *_answers(rule), *(_moves_at_rest(rule) if still else ())]
    assert not problems, f"{rule.kind}: " + "; ".join(problems)


def _frozen(rule: Strategy) -> Iterator[str]:
    try:
        if pickle.loads(pickle.dumps(rule)) != rule:
            yield "pickling changes it"
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        yield f"it does not pickle: {error}"
    for table in (rule.model_dump(), rule.model_dump(mode="json")):
        try:
            if make_rule(table, "pricewar.strategies", Strategy) != rule:  # type: ignore[type-abstract]
                yield f"its table form makes another rule: {table}"
        except ValueError as error:
            yield f"its table form is refused: {error}"


def _answers(rule: Strategy) -> Iterator[str]:
    for situation, firm in ((name, firm) for name in _SITUATIONS for firm in range(3)):
        memory: dict[str, Any] = {}
        for period in range(6):
            place = f"{situation}, firm {firm}, month {period}"
            before = pickle.dumps(memory)
            found, problems = _once(rule, _situation(situation, firm, period, memory))
            yield from (f"{place}: {problem}" for problem in problems)
            if problems or found is None:
                break
            again, _ = _once(rule, _situation(situation, firm, period, pickle.loads(before)))
            if again is None or not np.array_equal(found, again):
                yield f"{place}: the same View, luck and notebook give another answer"


def _once(rule: Strategy, view: View) -> tuple[Floats | None, list[str]]:
    """Prices (None if there are none) and what was wrong with the way to them."""
    names = [f.name for f in fields(view) if isinstance(getattr(view, f.name), np.ndarray)]
    before = {name: getattr(view, name).copy() for name in names}
    try:
        quote = rule.quote(view)
    except (PricewarError, ValueError, ArithmeticError, LookupError, TypeError, AttributeError) as error:
        return None, [f"raises {type(error).__name__}: {error}"]
    problems = [
        f"writes to view.{name}" for name in names if not np.array_equal(before[name], getattr(view, name))
    ]
    try:
        pickle.dumps(view.memory)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        problems.append(f"its notebook does not pickle: {error}")
    return quote.list_price - quote.promotion, problems


def _moves_at_rest(rule: Strategy) -> Iterator[str]:
    for firm in range(3):
        memory: dict[str, Any] = {}
        for period in range(24):
            view = example_view(firm, period=period, memory=memory, seed=period)
            price, _ = _once(rule, view)
            if price is not None and not np.allclose(price, view.start_price, rtol=1e-9, atol=0.0):
                yield f"at rest, firm {firm}, month {period}: moves prices by {price / view.start_price - 1}"
                break


_SITUATIONS = (
    "peace", "war", "boom", "dear inputs", "cheap inputs", "full yards", "no orders", "broke", "alone",
)  # fmt: skip


def _situation(name: str, firm: int, period: int, memory: dict[str, Any]) -> View:
    peace = example_view(firm, period=period, memory=memory)
    walk = np.linspace(0.0, 0.02 * period, period + 1)[:, None]
    if name in ("war", "boom"):
        sign = -1 if name == "war" else 1
        return example_view(firm, period=period, memory=memory, history=sign * (0.05 + walk))
    owner = peace.landscape.firm_of == firm
    costs = {name: getattr(peace, name) for name in ("unit_cost", "variable_cost", "full_cost")}
    changes: dict[str, dict[str, Any]] = {
        "peace": {},
        "dear inputs": {name: 1.3 * cost for name, cost in costs.items()},
        "cheap inputs": {name: 0.7 * cost for name, cost in costs.items()},
        "full yards": {"stock": 4.0 * peace.stock},
        "no orders": {"orders": 0.0 * peace.orders, "units": 0.0 * peace.units},
        "broke": {"cash": -1e9},
        "alone": {"on_sale": owner},
    }
    return peace.but(**changes[name])
