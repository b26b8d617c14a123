"""Kernels against numpy, in long double where the claim is about the last digit."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from numba import config, njit
from oracles import choice_twin as twin
from scipy import stats

from pricewar.demand import MixedLogit, Nation
from pricewar.demand.sampling import CHOICE, TASTE
from pricewar.equilibrium import solve
from pricewar.kernels import luck, sample
from pricewar.kernels.exp import FAST, exp32, exp64, exp_twin
from pricewar.kernels.zeta import anderson

PEOPLE = 2_000 if config.DISABLE_JIT else 20_000
"""Interpreted, each of a few has to take every branch; that many are right is claimed of compiled kernels."""


@njit(fastmath=FAST)
def _exp64_all(x, out):
    for i in range(x.size):
        out[i] = exp64(x[i])


@njit(fastmath=FAST)
def _exp32_all(x, out):
    for i in range(x.size):
        out[i] = exp32(x[i])


@pytest.mark.parametrize(
    ("kernel", "dtype", "low", "high", "bound"),
    [
        (_exp64_all, np.float64, -708.0, 709.0, 4e-16),
        (_exp64_all, np.float64, -5.0, 5.0, 4e-16),
        (_exp32_all, np.float32, -87.0, 88.0, 1e-7),
        (_exp32_all, np.float32, -5.0, 5.0, 1e-7),
    ],
)
def test_exp_is_right_to_the_last_bits(kernel, dtype, low, high, bound):
    x = np.linspace(low, high, 5 * PEOPLE + 3).astype(dtype)
    out = np.empty_like(x)
    kernel(x, out)
    exact = np.exp(x.astype(np.longdouble))
    assert np.max(np.abs(out - exact) / exact) < bound
    assert np.max(np.abs(exp_twin(x) - exact) / exact) < 3 * bound


@pytest.mark.parametrize(("kernel", "dtype"), [(_exp64_all, np.float64), (_exp32_all, np.float32)])
def test_exp_never_overflows(kernel, dtype):
    x = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 0.0], dtype)
    out = np.empty_like(x)
    kernel(x, out)
    assert np.all(np.isfinite(out))
    assert np.all(out > 0)
    assert out[-1] == 1


# --- choice, markup terms and prices against their numpy twins ---


def _market(products, rows, seed=0, nests=False):
    rng = np.random.default_rng(seed)
    labels = np.arange(products) % 3 if nests else None
    return MixedLogit(
        rng.normal(0.0, 1.0, products),
        rng.uniform(0.5, 2.0, rows),
        rng.normal(0.0, 1.0, (rows, products)),
        rng.uniform(0.0, 2.0, rows) / rows,
        labels,
        np.array([0.0, 0.3, 0.8]) if nests else 0.0,
    )


def _twin_arguments(m):
    nests = (m.nest_codes, m.rhos) if m.rhos.size else (None, None)
    return (m.tastes, m.alpha, m.weights, m.delta), nests


@pytest.mark.parametrize("nests", [False, True])
@pytest.mark.parametrize(("products", "rows"), [(3, 1), (7, 5), (12, 64), (5, 129)])
def test_kernels_agree_with_numpy(products, rows, nests):
    m, rng = _market(products, rows, products + rows, nests), np.random.default_rng(1)
    prices, margins = rng.uniform(0.5, 3.0, products), rng.uniform(0.1, 2.0, products)
    firms = rng.integers(0, 3, products)
    _, firms = np.unique(firms, return_inverse=True)
    arrays, nested = _twin_arguments(m)
    np.testing.assert_allclose(m.expected(prices), twin.shares(*arrays, prices, *nested), rtol=1e-12)
    for conduct in (0.0, 0.4, 1.0):
        ours = m.markup_terms(prices, margins, firms, conduct)
        theirs = twin.markup_terms(*arrays, prices, margins, firms, conduct, *nested)
        np.testing.assert_allclose(ours, theirs, rtol=1e-11)
    probabilities = twin.probabilities(m.tastes, m.alpha, m.delta, prices, *nested)
    for a, b in zip(m.probabilities(prices), probabilities, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-300)


def test_float32_shares_are_good_to_six_digits():
    m = _market(40, 500, 3)
    prices = np.linspace(0.5, 3.0, 40)
    np.testing.assert_allclose(m.expected(prices, single=True), m.expected(prices), rtol=2e-6)


@pytest.mark.parametrize("nests", [False, True])
@pytest.mark.parametrize("level", [-2e4, -800.0, 800.0, 2e4])
def test_huge_utilities_neither_overflow_nor_lose_the_winner(level, nests):
    m = _market(6, 9, 4, nests).with_delta(np.full(6, level))
    prices = np.zeros(6)
    shares, _, value = m.probabilities(prices)
    assert np.isfinite(value).all()
    np.testing.assert_allclose(shares.sum(axis=1), float(level > 0), atol=1e-12)
    np.testing.assert_allclose(m.expected(prices).sum(), float(level > 0) * m.weights.sum(), atol=1e-12)


def test_one_price_step_is_the_zeta_map_of_the_first_order_condition():
    """At the fixed point the first-order condition written with the full Jacobian holds."""
    m, firms = _market(8, 33, 5), np.array([0, 0, 1, 1, 1, 2, 2, 3])
    costs = np.linspace(0.5, 1.5, 8)
    found = solve(m, costs, firms)
    own = firms[:, None] == firms[None, :]
    gain = found.shares + (own * m.jacobian(found.prices).T) @ (found.prices - costs)
    np.testing.assert_allclose(gain, 0.0, atol=1e-12)


def test_anderson_finds_the_fixed_point_of_a_linear_map():
    rng = np.random.default_rng(2)
    matrix = 0.9 * np.linalg.qr(rng.normal(size=(4, 4)))[0]
    shift, state = rng.normal(size=4), np.zeros(4)
    states, images, proposal = np.zeros((4, 4)), np.zeros((4, 4)), np.empty(4)
    for step in range(6):
        image = matrix @ state + shift
        anderson(state, image, states, images, min(step, 4), proposal)
        states[step % 4], images[step % 4] = state, image
        state = proposal.copy()
    np.testing.assert_allclose(state, np.linalg.solve(np.eye(4) - matrix, shift), rtol=1e-6)


# --- luck ---


def test_luck_is_uniform_and_unrelated_over_buyers_products_periods_and_seeds():
    u = luck.uniform_twin(luck.stream(3, 5), np.arange(20_000), np.arange(20))
    assert stats.kstest(u.ravel(), "uniform").pvalue > 1e-3
    z = stats.norm.ppf(u)
    bound = 4.5 / np.sqrt(z.shape[0])
    assert np.abs(np.corrcoef(z.T) - np.eye(20)).max() < bound
    for other in (luck.stream(3, 6), luck.stream(4, 5), luck.stream(3, 5, 1)):
        v = stats.norm.ppf(luck.uniform_twin(other, np.arange(20_000), np.arange(20)))
        assert abs((z * v).mean()) < 4.5 / np.sqrt(z.size)
    assert abs((z[1:] * z[:-1]).mean()) < 4.5 / np.sqrt(z.size)


def test_luck_of_a_buyer_is_the_same_alone_and_in_company():
    start = luck.stream(-1, 2**70)
    together = luck.bits_twin(start, np.arange(100), np.arange(7))
    assert luck.bits_twin(start, [42], [3])[0, 0] == together[42, 3]
    key = luck.buyer_keys_twin(start, [42])
    low, high = luck.key_halves(key)
    with np.errstate(over="ignore"):
        assert luck.buyer_key(start, np.uint64(42)) == key[0]
        assert luck.product_bits(low[0], high[0], np.uint32(3)) == together[42, 3]


def test_exponential_and_normal_variates_are_what_their_names_say():
    with np.errstate(over="ignore"):
        for u in np.float32([0.0, 1e-9, 1e-4, 0.2, 0.3, 0.5, 0.9, 0.99999]):
            assert float(luck.minus_log1p_minus(u)) == pytest.approx(-np.log1p(-float(u)), rel=3e-7)
        for bits in np.uint32([1, 5, 2**20, 2**31 - 2**17, 2**31 + 2**18, 3_000_000_000, 2**32 - 2**24]):
            x = (float(np.int32(bits)) + 0.5) * 2.0**-31
            assert float(luck.normal(bits)) == pytest.approx(stats.norm.ppf((x + 1) / 2), rel=2e-5, abs=2e-6)
        assert 5.4 < float(luck.normal(np.uint32(2**31 - 1))) < 5.7  # as far as the tail goes
    z = luck.normal_twin(luck.stream(1, 1), np.arange(50_000), np.arange(2)).ravel()
    assert stats.kstest(z, "norm").pvalue > 1e-3


# --- sampled choices ---


def _nation(products=9, features=3, **habits):
    rng = np.random.default_rng(6)
    return Nation(
        rng.normal(3.0, 1.0, products),
        rng.normal(size=(products, features)),
        np.array([0.5, 0.0, 0.3]),
        np.array([0.2, -0.1, 0.0]),
        0.3,
        0.5,
        0.6,
        **habits,
    )


LOYAL = {"owner": np.repeat([0, 1, 2], 3), "brands": [0.2, 0.1, 0.3], "loyal": 0.7}


@pytest.mark.parametrize(("habits", "hope"), [({}, {}), (LOYAL, {}), (LOYAL, {"fall": 2.0, "free": 0.4})])
def test_streamed_choices_follow_the_float64_twin_buyer_by_buyer(habits, hope):
    nation, prices = _nation(**habits), np.linspace(8.0, 14.0, 9)
    counts, surplus = nation.sample(prices, PEOPLE, seed=7, period=3, first=11, **hope)
    streams = luck.stream(7, 0, TASTE), luck.stream(7, 3, CHOICE)
    market = nation._market(prices, **hope)
    choices, gains = sample.sample_twin(*streams, 11, 11 + PEOPLE, market, nation.product_ids)
    assert np.abs(counts - np.bincount(choices, minlength=10)).sum() <= 4  # ties of float32 rounding
    assert surplus.sum() == pytest.approx(gains.sum(), rel=1e-5)
    income = luck.normal_twin(streams[0], np.arange(11, 11 + PEOPLE), np.array([sample.OUTSIDE]))[:, 0]
    by_fifth = np.bincount(np.searchsorted(sample.FIFTHS, income), weights=gains)
    np.testing.assert_allclose(surplus, by_fifth, rtol=1e-3)


def test_streamed_totals_do_not_depend_on_threads_or_chunks():
    nation, prices, people = _nation(), np.linspace(8.0, 14.0, 9), PEOPLE // 4 + 3
    counts, surplus = nation.sample(prices, people, seed=1, period=2, first=77)
    seen = []
    for threads, chunk in ((1, 37), (2, 500), (3, 128)):
        again, money = nation.sample(
            prices, people, seed=1, period=2, first=77, threads=threads, chunk=chunk, progress=seen.append
        )
        np.testing.assert_array_equal(again, counts)
        np.testing.assert_array_equal(money, surplus)
    assert sum(seen) == 3 * people
    assert counts.sum() == people


def test_streamed_choices_match_expected_shares():
    people = 2 * PEOPLE if config.DISABLE_JIT else 200_000  # interpreted: more error, fewer minutes
    nation, prices = _nation(), np.linspace(8.0, 14.0, 9)
    counts, _ = nation.sample(prices, people, seed=2, period=1)
    normals = luck.normal_twin(luck.stream(99, 0), np.arange(40_000), np.arange(4))
    income = normals[:, 3]
    tastes = (normals[:, :3] * nation.sigma + income[:, None] * nation.pi) @ nation.x.T
    expected = MixedLogit(nation.delta, 0.3 * np.exp(-0.5 * 0.6 * income), tastes).expected(prices)
    assert np.abs(counts[:9] / people - expected).max() < 5e-3 * np.sqrt(200_000 / people)


@pytest.mark.parametrize("nests", [False, True])
def test_sampled_choices_have_the_logit_probabilities(nests):
    m = MixedLogit(
        np.array([1.0, 0.5, 0.0, -0.5]),
        np.ones(2 * PEOPLE),
        nests=np.array([0, 0, 1, 1]) if nests else None,
        rho=0.6 if nests else 0.0,
    )
    prices = np.array([0.5, 0.4, 0.3, 0.2])
    counts = np.bincount(m.draw(prices, seed=1, period=0) + 1, minlength=5)
    shares = np.append(1.0 - m.expected(prices).sum(), m.expected(prices))
    assert stats.chisquare(counts, shares * counts.sum()).pvalue > 1e-3


@pytest.mark.parametrize("nests", [False, True])
def test_a_choice_depends_on_names_not_on_order_or_company(nests):
    m, rng = _market(6, 300, 8, nests), np.random.default_rng(3)
    prices, people, goods = rng.uniform(0.5, 2.0, 6), rng.permutation(300), rng.permutation(6)
    choice = m.draw(prices, 4, 9)
    shuffled = replace(m, alpha=m.alpha[people], tastes=m.tastes[people], weights=m.weights[people])
    np.testing.assert_array_equal(shuffled.draw(prices, 4, 9, buyers=people), choice[people])
    reordered = m.subset(goods).draw(prices[goods], 4, 9, product_ids=goods)
    named = np.where(reordered < 0, -1, goods[reordered])
    np.testing.assert_array_equal(named, choice)
    if not nests:  # whoever bought something that is still on offer buys it still
        left = m.subset([0, 1, 2, 4]).draw(prices[[0, 1, 2, 4]], 4, 9, product_ids=[0, 1, 2, 4])
        kept = np.isin(choice, [-1, 0, 1, 2, 4])
        np.testing.assert_array_equal(np.array([0, 1, 2, 4, -1])[left][kept], choice[kept])


def test_draws_survive_utilities_beyond_float32():
    m = MixedLogit(np.array([300.0, 299.0, -300.0]), np.ones(2_000))
    counts = np.bincount(m.draw(np.zeros(3), 0, 0) + 1, minlength=4)
    assert counts[0] == 0
    assert counts[3] == 0
    assert counts[1] / 2_000 == pytest.approx(1.0 / (1.0 + np.exp(-1.0)), abs=0.04)


@pytest.mark.skipif(config.DISABLE_JIT, reason="runs both ways itself")
def test_kernels_give_the_same_numbers_without_the_compiler():
    program = (
        "import numpy as np\n"
        "from pricewar.demand import MixedLogit, Nation\n"
        "from pricewar.equilibrium import solve\n"
        "rng = np.random.default_rng(0)\n"
        "m = MixedLogit(rng.normal(size=3), rng.uniform(0.5, 1, 4), np.eye(4, 3), None, [0, 1, 1], 0.4)\n"
        "n = Nation(np.ones(2), np.ones((2, 1)), np.ones(1), np.ones(1), 0.5, 0.3, 0.4)\n"
        "print(repr([m.expected(np.ones(3)).tolist(), solve(m, 1.0, [0, 1, 2]).prices.tolist(),\n"
        "    MixedLogit(m.delta, m.alpha, m.tastes).draw(np.ones(3), 1, 1).tolist(),\n"
        "    MixedLogit(m.delta, m.alpha, m.tastes).expected(np.ones(3)).tolist(),\n"
        "    n.sample(np.ones(2), 200, 1, 1)[0].tolist()]))\n"
    )
    results = []
    for flag in ("0", "1"):
        environment = os.environ | {"NUMBA_DISABLE_JIT": flag}
        run = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        results.append(ast.literal_eval(run.stdout))
    for compiled, plain in zip(*results, strict=True):
        np.testing.assert_allclose(compiled, plain, rtol=1e-13)
