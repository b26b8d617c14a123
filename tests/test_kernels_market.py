"""Each kernel of the month against plain numpy, compiled, interpreted, and with the JIT switched off."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import config
from oracles import market_twin as oracles

from pricewar.demand import MixedLogit
from pricewar.demand.several import shares_at
from pricewar.kernels import buying, gains, response
from pricewar.kernels.blocks import Layout
from pricewar.kernels.exp import BITS

SOME = settings(deadline=None, max_examples=5 if config.DISABLE_JIT else 25)
"""Compiled, `both` ways of a kernel meet each example; without the JIT there is one way, to be counted."""
Case = dict[str, Any]


def random_market(seed: int, rows: int = 40, sizes: tuple[int, ...] = (2, 1, 3)) -> Case:
    """A month of a random market with products that are not on sale."""
    draw = np.random.default_rng(seed)
    products = sum(sizes)
    delta = draw.normal(0, 2, products)
    delta[draw.random(products) < 0.2] = -1e3
    weight = draw.random(rows)
    return {
        "tastes": draw.normal(0, 1.5, (rows, products)), "delta": delta,
        "price": draw.uniform(5e4, 3e5, products), "alpha": draw.uniform(1e-6, 6e-5, rows),
        "weight": weight / weight.sum(), "brand": draw.integers(0, len(sizes) + 1, rows),
        "owner": np.repeat(np.arange(len(sizes)), sizes), "loyal": float(draw.uniform(1, 3)),
        "outside": draw.uniform(0.8, 1.5, rows),
    }  # fmt: skip


def demand_of(case: Case, group: Any = None, **more: Any) -> MixedLogit:
    return MixedLogit(
        case["delta"], case["alpha"], case["tastes"], case["weight"], outside=case["outside"],
        brand=case["brand"], owner=case["owner"], loyal=float(np.log(case["loyal"])), group=group, **more,
    )  # fmt: skip


def both(kernel: Any) -> list[Callable[..., Any]]:
    """Compiled, and the function as it was written."""
    return [kernel] if config.DISABLE_JIT else [kernel, kernel.py_func]


@SOME
@given(st.integers(0, 10_000), st.sampled_from([3, 40, 300]))
def test_choices_by_group(seed: int, rows: int) -> None:
    case = random_market(seed, rows)
    group = np.random.default_rng(seed + 1).permutation(np.arange(rows) % 5 % rows)
    shares, inside = oracles.choices(case, group)
    found, sums = demand_of(case, group).by_group(case["price"])
    np.testing.assert_allclose(found, shares, rtol=1e-11, atol=1e-300)
    np.testing.assert_allclose(sums, inside, rtol=1e-11)
    alone, together = demand_of(case), shares.sum(axis=0)
    np.testing.assert_allclose(alone.by_group(case["price"])[0][0], together, rtol=1e-11, atol=1e-300)
    sold = case["delta"] > -1e3
    np.testing.assert_allclose(alone.expected(case["price"])[sold], together[sold], rtol=1e-11)


@SOME
@given(st.integers(0, 10_000), st.booleans())
def test_shares_of_some_products_at_several_prices(seed: int, loyal: bool) -> None:
    case = random_market(seed, 40) | ({} if loyal else {"loyal": 1.0})
    draw = np.random.default_rng(seed + 1)
    demand = demand_of(case, draw.permutation(np.arange(40) % 5))
    prices = case["price"] * draw.uniform(0.7, 1.0, (3, 6))
    wanted = [slice(0, 2), slice(2, 3), slice(0, 6)]
    for row, line, found in zip(prices, wanted, shares_at(demand, prices, wanted), strict=True):
        shares, inside = demand.by_group(row)
        np.testing.assert_allclose(found[line], shares.sum(axis=0)[line], rtol=1e-12)
        assert not np.delete(found, line).any()
        for kernel in both(buying.inside64):
            sums = np.empty(demand.layout.filled.shape)
            tables = demand.taste_blocks, demand.alpha_blocks, demand.delta * BITS, row
            kernel(*tables, *demand.month[1:], sums)
            np.testing.assert_allclose(demand.layout.rows(sums), inside, rtol=1e-12)


def test_shares_at_several_prices_of_a_demand_with_nests() -> None:
    case = random_market(3)
    demand = demand_of(case, nests=np.arange(6) % 2, rho=0.5)
    prices = np.array([case["price"], 0.9 * case["price"]])
    found = shares_at(demand, prices, [slice(0, 2)] * 2)
    for row, shares in zip(prices, found, strict=True):
        assert np.array_equal(shares[:2], demand.by_group(row)[0].sum(axis=0)[:2])


@SOME
@given(st.integers(0, 10_000))
def test_second_choices(seed: int) -> None:
    case = random_market(seed)
    draw = np.random.default_rng(seed + 1)
    refused = np.where(draw.random(6) < 0.5, draw.random(6), 0.0)
    gained = oracles.second_choices(case, refused)
    demand = demand_of(case, np.arange(40) % 5)
    np.testing.assert_allclose(demand.second_choices(case["price"], refused), gained, rtol=1e-11, atol=1e-300)


@SOME
@given(st.integers(0, 10_000))
def test_slopes(seed: int) -> None:
    case = random_market(seed)
    matrix, demand = oracles.derivatives(case), demand_of(case, np.arange(40) % 5)
    np.testing.assert_allclose(demand.jacobian(case["price"]), matrix, rtol=1e-9, atol=1e-18)
    np.testing.assert_allclose(demand.own_slopes(case["price"]), np.diag(matrix), rtol=1e-9, atol=1e-18)


@SOME
@given(st.integers(0, 10_000))
def test_another_month_is_the_same_as_another_market(seed: int) -> None:
    """Tables are kept from month to month; what is left of the month before must show nowhere."""
    case, other = random_market(seed), random_market(seed + 20_000)
    month = {**case, **{name: other[name] for name in ("delta", "brand", "outside")}}
    demand = demand_of(case, np.arange(40) % 5)
    demand.by_group(case["price"]), demand.expected(case["price"]), demand.rough_blocks
    moved = demand.at(month["delta"], month["outside"], month["brand"])
    made = demand_of(month, np.arange(40) % 5)
    for ask in (
        lambda d: d.by_group(case["price"])[0], lambda d: d.expected(case["price"]),
        lambda d: d.jacobian(case["price"]), lambda d: d.rough_blocks[0], lambda d: d.blocks32[0],
        lambda d: d.surplus_by_type(case["price"]),
    ):  # fmt: skip
        assert np.array_equal(ask(moved), ask(made))
    steep = demand.with_alpha(2.0 * case["alpha"])
    twice = demand_of({**case, "alpha": 2.0 * case["alpha"]}, np.arange(40) % 5)
    assert np.array_equal(steep.expected(case["price"]), twice.expected(case["price"]))
    assert np.array_equal(steep.by_group(case["price"])[0], twice.by_group(case["price"])[0])


@given(st.lists(st.integers(0, 4), min_size=1, max_size=400))
def test_every_buyer_stands_in_one_lane_of_a_block_of_their_group(groups: list[int]) -> None:
    group = np.array(groups)
    layout = Layout.of(group)
    assert len(set(layout.place.tolist())) == len(group)
    assert layout.filled.sum() == len(group)
    lanes = layout.filled.shape[1]
    assert np.array_equal(np.repeat(layout.group, lanes)[layout.place], group)
    values = np.arange(len(group)) + 0.5
    assert np.array_equal(layout.rows(layout.vector(values)), values)
    assert np.array_equal(group[layout.order], np.repeat(layout.group, lanes))


def response_case(seed: int, rows: int = 40, n: int = 3) -> tuple[Any, ...]:
    """(appeal, rivals, alpha, weight, value, net, vat, low, high) of one firm in a random market."""
    draw = np.random.default_rng(seed)
    weight = draw.random(rows)
    net = draw.uniform(5e4, 3e5, n)
    alpha = draw.uniform(1e-5, 6e-5, rows)
    appeal = np.exp(draw.normal(0, 1, (n, rows)) + np.outer(net, alpha))
    value = net * draw.uniform(0.5, 0.9, n)
    rivals = draw.uniform(1, 20, rows)
    return appeal, rivals, alpha, weight / weight.sum(), value, net, 0.13, 0.3 * net, 3.0 * net


def in_bits(case: tuple[Any, ...]) -> list[Any]:
    mine = [part.copy() if isinstance(part, np.ndarray) else part for part in case]
    mine[2] *= BITS
    return mine


@SOME
@given(st.integers(0, 10_000), st.sampled_from((5, 300)))
def test_best_response(seed: int, limit: int) -> None:
    case = response_case(seed)
    prices, used = oracles.best_response(*case, 1e-9, limit)
    for kernel in both(response.best_response):
        mine = in_bits(case)
        assert kernel(*mine, 1e-9, limit) == used
        np.testing.assert_allclose(mine[5], prices, rtol=1e-11)


@SOME
@given(st.integers(0, 10_000))
def test_lure(seed: int) -> None:
    case, draw = random_market(seed), np.random.default_rng(seed + 1)
    own, shift = np.array([3, 4, 5]), draw.normal(0, 5e3, 6)
    wanted = oracles.lure(case, shift, own, case["brand"] == 2)
    demand = demand_of(case)
    shape = demand.layout.filled.shape
    for kernel in both(response.lure):
        appeal, total = np.empty((3, *shape)), np.empty(shape)
        kernel(
            demand.taste_blocks, demand.alpha_blocks, demand.delta * BITS, shift, case["price"], own,
            demand.month[1], 2, case["loyal"], appeal, total,
        )  # fmt: skip
        for mine, theirs in zip(appeal, wanted[0], strict=True):
            np.testing.assert_allclose(demand.layout.rows(mine), theirs, rtol=1e-11, atol=1e-300)
        np.testing.assert_allclose(demand.layout.rows(total), wanted[1], rtol=1e-11, atol=1e-300)


def test_best_response_leaves_what_nobody_can_buy_where_it_is() -> None:
    appeal, *rest = response_case(3)
    appeal[1] = 0.0
    for kernel in both(response.best_response):
        mine = in_bits((appeal, *rest))
        assert kernel(*mine, 1e-9, 300) > 0
        assert mine[5][1] == rest[4][1]
        prices, _ = oracles.best_response(appeal, *rest, 1e-9, 300)
        np.testing.assert_allclose(mine[5], prices, rtol=1e-11)


def test_best_response_keeps_within_bounds() -> None:
    *case, _, _ = response_case(4)
    net = case[5].copy()
    low, high = 1.2 * net, 1.25 * net
    prices, _ = oracles.best_response(*case, low, high, 1e-9, 300)
    assert np.all((prices >= low) & (prices <= high))
    mine = in_bits((*case, low, high))
    assert response.best_response(*mine, 1e-9, 300) > 0
    np.testing.assert_allclose(mine[5], prices, rtol=1e-11)


@pytest.mark.slow
def test_all_of_it_without_the_compiler() -> None:
    """Run in a process of its own, where numba compiles nothing: a whole run and the tests above."""
    whole = "from conftest import ran, tiny; print(float(ran(tiny(periods=2)).sales.orders.sum()).hex())"
    found = [
        subprocess.run(
            [sys.executable, "-c", whole], cwd=os.path.dirname(__file__), capture_output=True, text=True,
            env={**os.environ, "NUMBA_DISABLE_JIT": off}, check=True,
        ).stdout
        for off in ("0", "1")
    ]  # fmt: skip
    compiled, plain = (float.fromhex(text.strip()) for text in found)
    assert plain == pytest.approx(compiled, rel=1e-10)


# -- what planned cuts make of a month -----------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 5, 7, 8, 9, 15, 16, 17, 40, 127])
def test_numbers_are_added_up_as_numpy_does(count: int) -> None:
    values = np.random.default_rng(count).normal(size=count + 3) * 1e9
    for add in both(gains.added_up):
        assert add(values, count) == np.add.reduce(values[:count])


def test_months_of_planned_cuts_are_those_of_their_sums() -> None:
    draw = np.random.default_rng(3)
    ends = np.array([[0, 12], [12, 15], [14, 15], [15, 15]])
    price, margin, usual = draw.uniform(1e5, 3e5, 15), draw.uniform(1e3, 4e4, 15), draw.uniform(0, 9e3, 15)
    prices = price * draw.uniform(0.7, 1.0, (4, 15))
    orders, room = usual * draw.uniform(0.8, 2.0, (4, 15)), np.array([1.0, 1e6, 1e6, 1e6])
    for kernel in both(gains.months64):
        found = np.empty((4, 3))
        kernel(price, margin, usual, prices, orders, ends, room, 0.13, found)
        for k, (first, last) in enumerate(ends):
            own = slice(first, last)
            before, wanted = usual[own].sum(), orders[k, own].sum()
            sold = orders[k, own] * min(1.0, max(room[k], before) / max(wanted, 1e-9))
            left = margin[own] - (price[own] - prices[k, own]) / 1.13
            assert found[k, 0] == (left * sold).sum()
            assert found[k, 1] == (price[own] * (sold - usual[own])).sum()
            assert found[k, 2] == max(sold.sum(), 1e-9) / max(before, 1e-9)
        assert found[0, 2] <= 1.0 < found[1, 2], "the first firm has no room for more"
