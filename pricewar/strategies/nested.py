"""Rules inside rules, and the notebook in which a rule keeps a number per product.

A rule that adds something to another one (a cut on top, stickiness around) has it in a field typed `Inner`.
Notes are kept with the products they are about, so a change of the line does not mix them up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, cast

import numpy as np
from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema

from pricewar.base.records import Floats, View, read_only
from pricewar.base.rules import RuleOf, shipped
from pricewar.base.together import Lucks, Notebooks

from .base import Strategy


class InnerRule(RuleOf):
    """`RuleOf` whose JSON Schema stops at the kind: rules nest without end, a schema must not."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        kinds = [{"const": kind} for kind in sorted(shipped(self.package, self.base))]
        kind = {"anyOf": [*kinds, {"type": "string", "pattern": ".+:.+"}]}
        table = {"type": "object", "properties": {"kind": kind}, "required": ["kind"]}
        return {"anyOf": [table, kind]}


Inner = Annotated[Strategy, InnerRule("pricewar.strategies", Strategy)]
"""Type of a field that holds another strategy: a table with `kind`, a bare kind, or a rule."""


def recall(view: View, name: str, default: float | Floats = 0.0) -> Floats:
    """What was noted for each own product, (n,); `default` where nothing was."""
    own, noted = view.memory.get(name, (None, None))
    if own is view.own:  # the usual case: a firm's line does not change within a run
        return cast(Floats, noted)
    filled = np.full(view.price.shape, default) if isinstance(default, float) else np.array(default)
    if own is not None:
        book = dict(zip(own.tolist(), noted.tolist(), strict=True))
        filled = np.array([book.get(j, kept) for j, kept in zip(view.own.tolist(), filled, strict=True)])
    return filled


def note(view: View, name: str, values: Floats) -> None:
    """Keep a number for each own product, (n,)."""
    view.memory[name] = (view.own, read_only(values))


def chances(view: View) -> Floats:
    """(n,) a uniform draw for each own product; the order of firms and products makes no difference."""
    by_name = np.argsort([view.landscape.products[j] for j in view.own], kind="stable")
    draws = np.empty(view.price.shape)
    draws[..., by_name] = uniform(view, view.n)
    return draws


def uniform(view: View, many: int = 1) -> Floats:
    """(many,) uniform draws of the firm's luck, (S, many) of runs that step together."""
    found: Any = view.luck()
    return found.random(many) if view.runs is None else np.array([luck.random(many) for luck in found])


def ask(rule: Strategy, view: View, name: str = "inner", stream: int = 1, **sees: Any) -> Floats:
    """Transaction prices (n,) of a rule inside a rule, which gets a notebook and luck of its own.

    Args:
        rule: the inner rule.
        view: what the outer rule sees.
        name: of the inner rule's notebook within the outer one's.
        stream: which stretch of the firm's luck it draws from; 0 is the outer rule's own.
        sees: what the inner rule sees differently from the outer one.
    """
    if name not in view.memory:
        view.memory[name] = {} if view.runs is None else Notebooks(view.runs)
    quote = rule.quote(view.but(memory=view.memory[name], luck=_jumped(view.luck, stream), **sees))
    return quote.list_price - quote.promotion


def _jumped(luck: Callable[[], Any], stream: int) -> Callable[[], Any]:
    """The same luck in a stretch of its own."""
    if isinstance(luck, Lucks):
        return Lucks(lambda s: _jumped(luck.run(s), stream)(), luck.many)

    def jumped() -> np.random.Generator:
        bits = cast(np.random.Philox, luck().bit_generator)
        return np.random.Generator(bits.jumped(stream))

    return jumped


def peace_price(rule: Strategy, view: View) -> Floats:
    """Prices (n,) that `rule` would set by itself, for an outer rule that puts cuts on top of them.

    The inner rule sees as its own last price what it last said, not the price after the cuts.
    """
    price = ask(rule, view, "base", price=recall(view, "peace", view.price))
    note(view, "peace", price)
    return price


def at_least(floor: float, price: Floats, peace: Floats, view: View) -> Floats:
    """`price`, but not below `floor` times unit cost (incl. VAT), nor raised above the peace price by it."""
    return np.maximum(price, np.minimum(cost_price(view, floor), peace)) if floor else price


def cost_price(view: View, multiple: float) -> Floats:
    """A multiple of own unit cost as a price incl. VAT, (n,) money."""
    return multiple * (1.0 + view.vat) * view.unit_cost
