"""A market as a tree of plain values, each with the word that says where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from pricewar.base.arrays import Floats

from .fit import Fit
from .goods import Goods
from .wishes import ELASTICITY, LENGTH, RHO, START, Wishes

RULE: Final = "BestResponse"
RULE_WORDS: Final = "assumed: each firm sets the prices that are best against those of the others"
PARTS: Final = ("", "market", "consumers", "demand", "dynamics.backlog")


@dataclass
class Lines:
    """Values with their comments, by the table of the file that they stand in ("" is the top)."""

    values: dict[tuple[str, str], tuple[Any, str]] = field(default_factory=dict)

    def put(self, table: str, key: str, value: Any, comment: str) -> None:
        """Say a value and where it comes from."""
        self.values[table, key] = value, comment

    def of(self, table: str) -> dict[str, tuple[Any, str]]:
        """Keys of one table, in the order in which they were said."""
        return {key: said for (part, key), said in self.values.items() if part == table}

    @property
    def tables(self) -> list[str]:
        """Tables in the order in which they were begun."""
        return list(dict.fromkeys(part for part, _ in self.values))

    def tree(self) -> dict[str, Any]:
        """The values alone."""
        made: dict[str, Any] = {}
        for (table, key), (value, _) in self.values.items():
            place = made
            for step in table.split(".") if table else ():
                place = place.setdefault(step, {})
            place[key] = value
        return made


def lines_of(goods: Goods, wishes: Wishes, found: Fit | None) -> Lines:
    """All that the file says; without a fit with a first elasticity and no costs."""
    lines = Lines()
    _head(lines, goods, wishes)
    _demand(lines, wishes, found)
    _firms(lines, goods)
    _products(lines, goods, None if found is None else found.costs)
    return lines


def _head(lines: Lines, goods: Goods, wishes: Wishes) -> None:
    many, firms = len(goods.products), len(set(goods.firm_ids))
    lines.put("", "name", wishes.name, "given")
    lines.put("", "title", f"{wishes.name}: {many} products of {firms} firms, at rest", "")
    lines.put("", "period", wishes.period, _given(wishes.period != "month"))
    lines.put("", "start", wishes.start or START[wishes.period], _given(wishes.start is not None))
    lines.put("", "periods", LENGTH[wishes.period], f"assumed: {wishes.period}s of a run")
    currency = wishes.currency or goods.currency
    lines.put("market", "currency", currency, _given(bool(currency)))
    lines.put("market", "unit", wishes.unit, _given(wishes.unit != "units"))
    lines.put("consumers", "shoppers", goods.shoppers, _size_words(goods, wishes))
    if np.isfinite(goods.capacity).any():
        lines.put("dynamics.backlog", "on", True, "given: the table has capacities")
        lines.put(
            "dynamics.backlog", "longest_months", 0.0,
            "assumed: nobody waits; who finds no room takes their second choice",
        )  # fmt: skip


def _size_words(goods: Goods, wishes: Wishes) -> str:
    stay = 1.0 - float(goods.units.sum()) / goods.shoppers
    if wishes.market_size is not None:
        return f"given as --market-size: {stay:.1%} of them buy nothing"
    if wishes.outside is not None:
        return f"from the outside share of {stay:g}, which is given"
    return f"people who consider buying in a {wishes.period}; assumed: {stay:.1%} of them buy nothing"


def _demand(lines: Lines, wishes: Wishes, found: Fit | None) -> None:
    lines.put("demand", "kind", wishes.kind, _given(wishes.demand is not None or wishes.nests is not None))
    size = ELASTICITY if found is None else found.elasticity
    told = "assumed" if found is None else found.source
    words = {"fitted": "fitted to the costs of the table", "given": "given", "assumed": "assumed"}
    lines.put("demand", "own_elasticity", size, f"{words[told]}: mean over all products, weighted by units")
    if wishes.nests is not None:
        lines.put("demand", "nests", wishes.nests, "given: column of the products")
        rho = RHO if wishes.rho is None else wishes.rho
        lines.put("demand", "rho", rho, f"{_given(wishes.rho is not None)}: correlation within nests")
    if wishes.kind == "MixedLogit":
        lines.put("demand", "income_elasticity", 0.8, "assumed: richer buyers mind prices less")


def _firms(lines: Lines, goods: Goods) -> None:
    names = dict(zip(goods.firm_ids, goods.firms, strict=True))
    ids = np.array(goods.firm_ids)
    for key, name in names.items():
        table = f"firms.{key}"
        lines.put(table, "name", name, "")
        lines.put(table, "strategy", RULE, "")
        capacity = goods.capacity[ids == key]
        if np.isfinite(capacity).all():
            lines.put(table, "capacity", float(capacity.sum()), "given: of all its products together")


def _products(lines: Lines, goods: Goods, costs: Floats | None) -> None:
    twice = {name for name in goods.products if goods.products.count(name) > 1}
    for j, key in enumerate(goods.product_ids):
        table, name = f"products.{key}", goods.products[j]
        lines.put(table, "firm", goods.firm_ids[j], "")
        lines.put(table, "name", f"{goods.firms[j]} {name}" if name in twice else name, "")
        lines.put(table, "list_price", float(goods.prices[j]), "")
        lines.put(table, "units", float(goods.units[j]), "")
        if costs is not None:
            known = np.isfinite(goods.costs[j])
            told = (
                "given as a margin" if goods.from_margin[j] else "given" if known else "implied by the price"
            )
            lines.put(table, "unit_cost", float(costs[j]), told)
        if goods.attributes:
            values = {name: column[j] for name, column in goods.attributes.items()}
            lines.put(table, "attributes", values, "")


def _given(is_so: bool) -> str:
    return "given" if is_so else "assumed"
