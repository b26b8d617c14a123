"""Compiled best responses and markups against the same search in numpy, and against the conditions."""

from __future__ import annotations

import numpy as np
import pytest
from numba import config

import pricewar.equilibrium.respond
import pricewar.kernels.respond
from pricewar.demand import MixedLogit, logit, nested_logit
from pricewar.equilibrium import costs_from_prices, solve
from pricewar.equilibrium.iterate import zeta_step
from pricewar.equilibrium.reach import logit_nests
from pricewar.equilibrium.respond import _kernel_search, _search
from pricewar.kernels.climb import earn, earn_alone
from pricewar.kernels.exp import BITS
from pricewar.kernels.factors import factor, substitute
from pricewar.kernels.markups import settle_markups
from pricewar.kernels.slopes import map_slopes32, nested_map_slopes64

FIRMS = [0, 0, 1, 1, 2]
TERMS = [
    {},
    {"conduct": 0.4},
    {"ownership": [[1.0, 0.3, 0.0], [0.2, 1.0, 0.0], [0.0, 0.5, 1.0]]},
    {"ad_valorem_tax": [0.1, 0.0, 0.2, 0.0, 0.1], "unit_tax": 0.1},
    {"floor": [2.5, -np.inf, -np.inf, -np.inf, -np.inf], "cap": 9.0},
    {"fixed": [2.0, np.nan, np.nan, 3.0, np.nan]},
]


def market(seed, nests, types=9):
    rng = np.random.default_rng(seed)
    return MixedLogit(
        rng.normal(2.0, 1.0, 5),
        np.exp(rng.normal(0.0, 0.5, types)),
        rng.normal(0.0, 0.7, (types, 5)),
        rng.dirichlet(np.ones(types)),
        [0, 1, 0, 1, 2] if nests else None,
        (0.3, 0.8, 0.0) if nests else 0.0,
    )


@pytest.mark.parametrize("terms", TERMS)
@pytest.mark.parametrize("nests", [False, True])
@pytest.mark.parametrize("types", [1, 9])
def test_best_responses_agree_with_numpy(terms, nests, types):
    """At prices that are no equilibrium, so that every firm has something to gain."""
    demand = market(types, nests, types)
    game = solve(demand, [1.0, 1.2, 0.8, 1.5, 0.9], FIRMS, check=False, max_iterations=1, **terms).game
    prices = np.clip([1.5, 6.0, 2.0, 4.0, 1.0], game.low, game.high)
    answers, found = _kernel_search(game, prices, np.zeros(5))
    theirs, expected = _search(game, prices, np.zeros(5))
    sells = expected[:, 0] != 0.0
    np.testing.assert_allclose(found[sells], expected[sells], rtol=1e-8)
    np.testing.assert_allclose(answers, theirs, rtol=1e-3)
    assert (found[:, 1] >= found[:, 0]).all()
    assert (answers >= game.low).all()
    assert (answers <= game.high).all()


@pytest.mark.parametrize("terms", TERMS)
@pytest.mark.parametrize("nests", [False, True])
@pytest.mark.parametrize("types", [1, 9] if config.DISABLE_JIT else [1, 9, 40])
def test_one_product_moved_alone_earns_what_all_prices_say(monkeypatch, terms, nests, types):
    """Every product of every firm, from a fifth of its price to fifty times it."""
    demand, looked = market(types, nests, types), []
    game = solve(demand, [1.0, 1.2, 0.8, 1.5, 0.9], FIRMS, check=False, max_iterations=1, **terms).game

    def compare(firm, tree, ray, present, best):
        tried = present[:, None] * np.array([0.2, 0.9, 1.0, 1.5, 4.0, 50.0])
        found, whole = np.empty_like(tried), np.empty_like(tried)
        earn_alone(firm, tree, present, tried, found, np.empty_like(present))
        for i, k in np.ndindex(tried.shape):
            prices = present.copy()
            prices[i] = tried[i, k]
            whole[i, k] = earn(firm, tree, prices, np.empty_like(present))
        np.testing.assert_allclose(found, whole, rtol=1e-6, atol=1e-7)
        looked.append(present.size)
        return 0.0, 0.0

    compiled = pricewar.kernels.respond.best_responses
    plain = getattr(compiled, "py_func", compiled)  # without a compiler it is plain already
    monkeypatch.setattr(pricewar.kernels.respond, "_search", compare)
    monkeypatch.setattr(pricewar.equilibrium.respond, "best_responses", plain)
    _kernel_search(game, np.clip([1.5, 6.0, 2.0, 4.0, 1.0], game.low, game.high), np.zeros(5))
    assert sum(looked) == np.count_nonzero(game.low < game.high)


def test_a_firm_that_owns_a_nest_leaves_nothing_of_it():
    """The sum of the others is taken anew where own products make up the nest."""
    demand = nested_logit([3.0, 3.0, 1.0], 1.0, [0, 0, 1], 0.9)
    game = solve(demand, 1.0, [0, 0, 1], check=False, max_iterations=1).game
    ours, theirs = (run(game, np.full(3, 2.0), np.zeros(3)) for run in (_kernel_search, _search))
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-9)


def test_extreme_utilities_are_searched_without_overflow():
    demand = logit([900.0, 1.0], 1.0)
    game = solve(demand, 1.0, [0, 1], check=False, max_iterations=1).game
    _, found = _kernel_search(game, np.array([2.0, 2.0]), np.zeros(2))
    assert np.isfinite(found).all()
    assert found[0, 1] > 800.0


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.99])
def test_markups_satisfy_the_conditions(rho):
    rng = np.random.default_rng(4)
    value, costs, nests = rng.normal(1.0, 1.0, 6), rng.uniform(0.5, 2.0, 6), np.array([0, 0, 0, 1, 1, 1])
    firms, keep, free = (
        np.array([0, 1, 2, 0, 1, 1]),
        np.array([1.0, 0.9, 1.0, 1.0, 0.8, 1.0]),
        np.full(6, np.inf),
    )
    prices, rhos = costs.copy(), np.full(2, rho)
    game = (value, 1.3, nests, rhos, costs, keep, -free, free)
    rounds, move = settle_markups(game, None, firms, prices, 1e-12, 100)
    assert rounds < 20
    assert move <= 1e-12
    demand = nested_logit(value, 1.3, nests, rho)
    tax = 1.0 / keep - 1.0
    found = costs_from_prices(demand, prices, firms, ad_valorem_tax=tax)
    np.testing.assert_allclose(found, costs, rtol=1e-8)


def test_markups_stop_where_they_are_told():
    free = np.full(2, np.inf)
    game = (np.ones(2), 1.0, np.zeros(2, np.int64), np.array([0.5]), np.ones(2), np.ones(2), -free, free)
    rounds, move = settle_markups(game, None, np.array([0, 1]), np.ones(2), 1e-12, 1)
    assert rounds == 1
    assert move > 1e-12


@pytest.mark.parametrize("terms", [TERMS[0], TERMS[1], TERMS[3]])
@pytest.mark.parametrize("nests", [False, True])
@pytest.mark.parametrize("types", [1, 9, 140])
def test_slopes_of_the_price_step_are_its_differences(terms, nests, types):
    demand = market(types, nests, types)
    game = solve(demand, [1.0, 1.2, 0.8, 1.5, 0.9], FIRMS, check=False, max_iterations=1, **terms).game
    prices, step = np.array([1.5, 3.0, 2.0, 4.0, 1.2]), 1e-5
    margins = game.margins(prices)
    shares, slope, gain = demand.markup_terms(prices, margins, game.firms, game.conduct)
    zeta, found = (game.keep * shares + gain) / slope, np.empty((5, 5))
    at = prices, margins, zeta, game.keep, game.firms, game.conduct
    if nests:
        nested_map_slopes64((*demand.blocks, demand.delta * BITS), *at, *logit_nests(demand), found)
    else:
        buyers = *demand.rough_blocks, (demand.delta * BITS).astype(np.float32)
        map_slopes32(buyers, *at, found)
    sides = [[zeta_step(game, prices + s * row)[0] for row in step * np.eye(5)] for s in (1.0, -1.0)]
    differences = (np.array(sides[0]) - np.array(sides[1])).T / (2.0 * step)
    np.testing.assert_allclose(found / (slope * game.keep)[:, None], differences, atol=2e-6)


def test_linear_equations_are_solved_and_singular_ones_told():
    rng = np.random.default_rng(5)
    matrix, right, order = rng.normal(size=(7, 7)), rng.normal(size=7), np.empty(7, np.int64)
    matrix[0, 0] = 0.0  # needs a pivot
    factors, answer = matrix.copy(), right.copy()
    assert factor(factors, order)
    substitute(factors, order, answer)
    np.testing.assert_allclose(matrix @ answer, right, rtol=1e-10)
    assert not factor(np.zeros((3, 3)), np.empty(3, np.int64))
