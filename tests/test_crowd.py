"""Sampled buyers against expected shares; nothing depends on threads."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from pricewar import PriceWar, load


@pytest.fixture(scope="module")
def scenario():
    return load("byd-one-third").but({"periods": 6, "consumers.draws": 4000})


def orders(scenario, **options):
    tables = PriceWar(scenario, collect=False, **options).run_model().tables()
    return tables["products"], tables["market"]


def test_sampled_orders_agree_with_expected_ones(scenario):
    sampled = scenario.but({"consumers.weight": 10})
    expected_products, expected = orders(scenario)
    products, market = orders(sampled)
    assert np.allclose(market["units"], expected["units"], rtol=0.01)
    assert np.allclose(market["consumer_surplus"], expected["consumer_surplus"], rtol=0.01)
    by_group = [f"consumer_surplus_{g}" for g in range(1, 6)]
    assert np.allclose(market[by_group], expected[by_group], rtol=0.05)
    first = expected_products["period"] == 0
    mean, drawn = expected_products["orders"][first].to_numpy(), products["orders"][first].to_numpy()
    # one buyer for ten: a count n errs by sqrt(10 n); rows err too, most for cars that only the rich buy
    rare = np.where(mean < 3000, 0.2, 0.06)
    assert np.all(np.abs(drawn - mean) <= 6 * np.sqrt(10 * mean) + rare * mean)
    assert np.abs(drawn - mean).sum() < 0.02 * mean.sum()


def test_result_depends_on_neither_threads_nor_company(scenario):
    sampled = scenario.but({"consumers.weight": 100, "periods": 6})
    alone, _ = orders(sampled, threads=1)
    together, _ = orders(sampled, threads=3)
    assert alone.equals(together)
    again, _ = orders(sampled, threads=1, seed=sampled.seed + 1)
    assert not alone["orders"].equals(again["orders"])


def test_orders_are_whole_buyers():
    products, market = orders(load("baseline").but({"periods": 3, "consumers.weight": 1000}))
    buyers = np.round(market["shoppers"].to_numpy() / 1000)
    weight = np.repeat(market["shoppers"].to_numpy() / buyers, products["product"].nunique())
    counts = products["orders"].to_numpy() / weight
    assert np.allclose(counts, np.round(counts), atol=1e-6)


def test_waiting_and_loyalty_reach_the_crowd(scenario):
    """Switched off, the two move sampled orders as they move expected ones."""
    off = {"dynamics.waiting.on": False, "dynamics.loyalty.on": False}
    _, expected_on = orders(scenario)
    _, expected_off = orders(scenario.but(off))
    _, on = orders(scenario.but({"consumers.weight": 10}))
    _, without = orders(scenario.but({"consumers.weight": 10, **off}))
    effect = (on["units"] - without["units"]).to_numpy()[1:]
    expected = (expected_on["units"] - expected_off["units"]).to_numpy()[1:]
    assert np.corrcoef(effect, expected)[0, 1] > 0.9


def crowded(**changes):
    """A market with few sampled buyers after its first month: model, and what its crowd is asked."""
    scenario = load("baseline").but({"consumers.weight": 1000, "consumers.draws": 500, **changes})
    model = PriceWar(scenario, collect=False)
    model.step()
    return model, (model.found, model.state.fleet)


def test_whoever_cannot_wait_does_not_look_at_falling_prices():
    (off, asked), (on, same) = crowded(**{"dynamics.waiting.on": False}), crowded()
    still, falling = (off.crowd.choose(*asked, fall, 2e6, 1)[0] for fall in (0.0, 20_000.0))
    assert np.array_equal(still, falling)
    still, falling = (on.crowd.choose(*same, fall, 2e6, 1)[0] for fall in (0.0, 20_000.0))
    assert falling.sum() < still.sum()


def test_shoppers_of_two_months_never_meet(monkeypatch):
    """Tastes belong to a shopper, so two months with the same shoppers would have the same surplus."""
    model, asked = crowded()
    months = [model.crowd.choose(*asked, 0.0, 2e6, period)[1] for period in (1, 2)]
    assert not np.isclose(*months, rtol=1e-9).any()
    spans = []

    def noted(self, prices, buyers, seed, period, *, first, **_):
        spans.append((first, first + buyers))
        return np.ones(len(prices) + 1), np.ones(5)

    monkeypatch.setattr("pricewar.demand.sampling.Nation.sample", noted)
    for period in range(240):
        model.crowd.choose(*asked, 0.0, 8e12, period)  # with one buyer for 1,000: more than people on Earth
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
