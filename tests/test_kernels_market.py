"""Each kernel of the market against its numpy twin, compiled, interpreted, and with the JIT switched off."""

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

from pricewar.kernels import market as kernels
from pricewar.kernels import response

SOME = settings(deadline=None, max_examples=25)
Case = tuple[Any, ...]


def random_market(seed: int, rows: int = 40, sizes: tuple[int, ...] = (2, 1, 3)) -> Case:
    """(base, delta, price, alpha, weight, brand, first, loyal, outside) of a random market."""
    draw = np.random.default_rng(seed)
    first = np.concatenate([[0], np.cumsum(sizes)])
    products = int(first[-1])
    delta = draw.normal(0, 2, products)
    delta[draw.random(products) < 0.2] = -1e3
    weight = draw.random(rows)
    return (
        draw.normal(0, 1.5, (rows, products)), delta, draw.uniform(5e4, 3e5, products),
        draw.uniform(1e-6, 6e-5, rows), weight / weight.sum(), draw.integers(0, len(sizes) + 1, rows), first,
        float(draw.uniform(1, 3)), draw.uniform(0.8, 1.5, rows),
    )  # fmt: skip


def python_of(kernel: Any) -> Callable[..., Any]:
    """The function as it was written, without the compiler."""
    return getattr(kernel, "py_func", kernel)


def both(kernel: Any) -> list[Callable[..., Any]]:
    return [kernel, python_of(kernel)]


@SOME
@given(st.integers(0, 10_000))
def test_choices(seed: int) -> None:
    case = random_market(seed)
    group = np.random.default_rng(seed + 1).permutation(np.arange(40) % 5)
    shares, inside = kernels.choices_numpy(*case, group)
    alone, _ = kernels.choices_numpy(*case, np.zeros(40, dtype=np.int64))
    np.testing.assert_allclose(shares.sum(axis=0), alone[0], rtol=1e-12, atol=1e-300)
    for kernel in both(kernels.choices):
        found, sums = np.empty((5, 6)), np.empty(40)
        kernel(*case, group, found, sums)
        np.testing.assert_allclose(found, shares, rtol=1e-12, atol=1e-300)
        np.testing.assert_allclose(sums, inside, rtol=1e-12)


@SOME
@given(st.integers(0, 10_000))
def test_second_choices(seed: int) -> None:
    case = random_market(seed)
    draw = np.random.default_rng(seed + 1)
    refused = np.where(draw.random(6) < 0.5, draw.random(6), 0.0)
    gained = kernels.second_choices_numpy(*case, refused)
    for kernel in both(kernels.second_choices):
        found = np.empty(6)
        kernel(*case, refused, found)
        np.testing.assert_allclose(found, gained, rtol=1e-12, atol=1e-300)


@SOME
@given(st.integers(0, 10_000))
def test_derivatives(seed: int) -> None:
    case = random_market(seed)
    matrix = kernels.derivatives_numpy(*case)
    for kernel in both(kernels.derivatives):
        found = np.empty((6, 6))
        kernel(*case, found)
        np.testing.assert_allclose(found, matrix, rtol=1e-11, atol=1e-18)


def test_derivatives_are_those_of_choices() -> None:
    case = list(random_market(5))
    matrix = kernels.derivatives_numpy(*case)
    for k in range(6):
        step = np.zeros(6)
        step[k] = 1.0
        one = np.zeros(40, dtype=np.int64)
        high, low = (
            kernels.choices_numpy(*case[:2], case[2] + s * step, *case[3:], one)[0][0] for s in (1, -1)
        )
        np.testing.assert_allclose(matrix[:, k], (high - low) / 2, rtol=1e-6, atol=1e-14)


def response_case(seed: int, rows: int = 40, n: int = 3) -> Case:
    """(appeal, rivals, alpha, weight, value, net, vat, low, high) of one firm in a random market."""
    draw = np.random.default_rng(seed)
    weight = draw.random(rows)
    net = draw.uniform(5e4, 3e5, n)
    alpha = draw.uniform(1e-5, 6e-5, rows)
    appeal = np.exp(draw.normal(0, 1, (n, rows)) + np.outer(net, alpha))
    value = net * draw.uniform(0.5, 0.9, n)
    rivals = draw.uniform(1, 20, rows)
    return appeal, rivals, alpha, weight / weight.sum(), value, net, 0.13, 0.3 * net, 3.0 * net


@SOME
@given(st.integers(0, 10_000), st.sampled_from((5, 300)))
def test_best_response(seed: int, limit: int) -> None:
    case = response_case(seed)
    prices, used = response.best_response_numpy(*case, 1e-9, limit)
    for kernel in both(response.best_response):
        mine = [part.copy() if isinstance(part, np.ndarray) else part for part in case]
        assert kernel(*mine, 1e-9, limit) == used
        np.testing.assert_allclose(mine[5], prices, rtol=1e-11)


@SOME
@given(st.integers(0, 10_000))
def test_lure(seed: int) -> None:
    draw = np.random.default_rng(seed)
    rows, products, own = 30, 7, np.array([2, 3, 4])
    base, delta = draw.normal(0, 1, (rows, products)), draw.normal(2, 1, products)
    shift, price = draw.normal(0, 5e3, products), draw.uniform(5e4, 2e5, products)
    alpha, driven = draw.uniform(1e-5, 6e-5, rows), draw.random(rows) < 0.3
    given_ = (base, delta, shift, price, alpha, own, driven, 1.5)
    wanted = response.lure_numpy(*given_)
    for kernel in both(response.lure):
        appeal, total = np.empty((3, rows)), np.empty(rows)
        kernel(*given_, appeal, total)
        np.testing.assert_allclose(appeal, wanted[0], rtol=1e-12)
        np.testing.assert_allclose(total, wanted[1], rtol=1e-12)


def test_best_response_leaves_what_nobody_can_buy_where_it_is() -> None:
    appeal, *rest = response_case(3)
    appeal[1] = 0.0
    for kernel in both(response.best_response):
        mine = [part.copy() if isinstance(part, np.ndarray) else part for part in (appeal, *rest)]
        assert kernel(*mine, 1e-9, 300) > 0
        assert mine[5][1] == rest[4][1]
        prices, _ = response.best_response_numpy(appeal, *rest, 1e-9, 300)
        np.testing.assert_allclose(mine[5], prices, rtol=1e-11)


def test_best_response_keeps_within_bounds() -> None:
    *case, _, _ = response_case(4)
    net = case[5].copy()
    low, high = 1.2 * net, 1.25 * net
    prices, _ = response.best_response_numpy(*case, low, high, 1e-9, 300)
    assert np.all((prices >= low) & (prices <= high))
    assert response.best_response(*case[:5], net, 0.13, low, high, 1e-9, 300) > 0
    np.testing.assert_allclose(net, prices, rtol=1e-11)


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
