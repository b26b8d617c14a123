"""The four records: frozen, read-only, copied with `but`; what they derive."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest
from conftest import ran, showroom, tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from pricewar.base.errors import ConvergenceError, InputError, Problem, bad_input
from pricewar.base.records import Landscape, Offers, Record, View, read_only
from pricewar.market.model import PriceWar

SOME = settings(deadline=None, max_examples=30)
MODEL = ran(tiny(periods=2))
LAND: Landscape = MODEL.landscape


def every_record() -> list[Any]:
    month = MODEL.history[-1]
    view = MODEL.firms[0].view
    return [
        LAND, MODEL.calibration, MODEL.calibration.population, month, month.offers, month.sales,
        month.accounts, view, MODEL.found, MODEL.chosen, MODEL.made,
    ]  # fmt: skip


@pytest.mark.parametrize("record", every_record(), ids=lambda record: type(record).__name__)
def test_records_can_be_neither_rebound_nor_written_to(record: Record) -> None:
    arrays = {name: value for name, value in record.__dict__.items() if type(value) is np.ndarray}
    assert arrays
    for name, values in arrays.items():
        assert not values.flags.writeable, name
        with pytest.raises(ValueError, match="read-only"):
            values[0] = values[0]
        with pytest.raises(FrozenInstanceError):
            setattr(record, name, values)


def test_the_owner_of_an_array_may_go_on_writing_to_it() -> None:
    mine = np.zeros(2)
    seen = read_only(mine)
    mine[0] = 1.0
    assert seen[0] == 1.0
    assert mine.flags.writeable


def test_but_copies_replaces_and_forgets_what_was_derived() -> None:
    view: View = MODEL.firms[0].view
    assert view.rivals.sum() == 4
    fewer = view.on_sale.copy()
    fewer[2] = False
    other = view.but(on_sale=fewer)
    assert other.rivals.sum() == 3
    assert view.rivals.sum() == 4
    assert other.price is view.price
    assert not other.on_sale.flags.writeable
    with pytest.raises(TypeError, match="View has no field colour, taste"):
        view.but(taste=1, colour=2)


@SOME
@given(st.lists(st.floats(1.0, 1e6), min_size=6, max_size=6))
def test_with_price_gives_exactly_these_prices_and_never_a_negative_promotion(prices: list[float]) -> None:
    offers = showroom(MODEL).with_price(np.array(prices))
    assert offers.price == pytest.approx(prices, rel=1e-9)
    assert np.all(offers.promotion >= 0)
    assert np.all(offers.list_price >= MODEL.offers.list_price)


def test_what_a_buyer_pays_counts_subsidy_and_tax() -> None:
    offers: Offers = showroom(MODEL).but(subsidy=np.full(6, 100.0), tax=np.full(6, 30.0))
    assert offers.buyer_price == pytest.approx(offers.price - 70.0)


def test_a_landscape_finds_by_id_and_says_what_it_knows() -> None:
    assert LAND.own(1).tolist() == [2, 3]
    assert LAND.firm("cove") == 2
    assert LAND.product("bolt-suv") == 3
    assert LAND.firms_in("all").all()
    assert LAND.firms_in(("cove", "ace")).tolist() == [True, False, True]
    assert LAND.firms_in("bolt").tolist() == [False, True, False]
    assert LAND.products_in(("ace", "cove"), segments=("C",)).tolist() == [
        False,
        True,
        False,
        False,
        True,
        True,
    ]
    assert LAND.products_in(products=("ace-small",)).tolist() == [True] + [False] * 5
    for find in (LAND.firm, LAND.product):
        with pytest.raises(InputError, match="tesla"):
            find("tesla")
    with pytest.raises(InputError, match=r"2 problem\(s\)"):
        LAND.products_in(segments=("Z", "Y"))


@given(st.lists(st.integers(0, 4), min_size=1, max_size=40), st.integers(0, 99), st.integers(0, 3))
def test_sums_by_firm_are_those_of_each_month_alone_and_lose_nothing(
    owners: list[int], seed: int, months: int
) -> None:
    """Firm 2 may have products, many or none: a firm without any sums to nothing."""
    firm_of = np.sort(np.array(owners))
    land = replace(LAND, firms=tuple("abcde"), firm_of=firm_of, start_units=np.ones(len(owners)))
    values = np.random.default_rng(seed).normal(size=(2, months, len(owners)))
    found = land.by_firm(values)
    assert found.shape == (2, months, 5)
    for run in range(2):
        for month in range(months):
            alone = [sum((float(x) for x in values[run, month, firm_of == f]), 0.0) for f in range(5)]
            assert found[run, month].tolist() == land.by_firm(values[run, month]).tolist() == alone


@given(st.floats(-0.5, 0.5), st.integers(0, 99))
def test_a_change_of_prices_is_the_mean_of_the_firms_own_products(change: float, seed: int) -> None:
    land = LAND
    even = land.price_change(land.start_price * (1.0 + change))
    assert np.allclose(even, change, atol=1e-12)
    price = land.start_price * np.random.default_rng(seed).uniform(0.5, 1.5, (3, len(land.products)))
    for f in range(len(land.firms)):
        own = land.own(f)
        weight = np.maximum(land.start_units[own], 1e-9)
        mean = (weight * (price[:, own] / land.start_price[own] - 1.0)).sum(axis=1) / weight.sum()
        assert np.allclose(land.price_change(price)[:, f], mean, atol=1e-12)


def test_firms_go_round_in_the_order_of_their_ids() -> None:
    assert LAND.by_name.tolist() == [0, 1, 2]
    assert replace(LAND, firms=("c", "a", "b")).by_name.tolist() == [1, 2, 0]


def test_rival_change_weighs_by_closeness_and_looks_back() -> None:
    view: View = MODEL.firms[0].view
    start = LAND.start_price
    seen = np.array([start, start * np.array([1, 1, 0.8, 1, 1, 1]), start * np.array([1, 1, 0.9, 0.7, 1, 1])])
    known = view.but(seen=seen, reference=np.tile(start, (3, 1)))
    weight = LAND.closeness[0] * known.rivals
    assert known.rival_change(1)[0] == pytest.approx(-0.2 * weight[2] / weight.sum())
    assert known.rival_change()[0] == pytest.approx(-(0.1 * weight[2] + 0.3 * weight[3]) / weight.sum())
    assert known.rival_change(99) == pytest.approx([0.0, 0.0])
    assert np.array_equal(known.rival_cut(), -known.rival_change())
    up = known.but(seen=start * np.array([[1, 1, 0.9, 1.5, 1, 1]]), reference=start[None])
    assert up.rival_cut()[0] == pytest.approx(0.1 * weight[2] / weight.sum()), "a rise hides no cut"
    assert up.rival_rise()[0] == pytest.approx(0.5 * weight[3] / weight.sum())
    assert up.rival_change() == pytest.approx(up.rival_rise() - up.rival_cut())
    blurred = up.but(noise=0.06)
    assert blurred.rival_cut().tolist() == [0.0, 0.0], "what may be an error of sight is none"
    assert blurred.rival_rise() == pytest.approx(up.rival_rise())
    dearer = up.but(reference=1.5 * start[None])
    assert dearer.change()[3] == pytest.approx(0.0), "a rise that costs explain is none"
    alone = known.but(on_sale=LAND.firm_of == 0)
    assert alone.rival_change() == pytest.approx([0.0, 0.0])


def test_stock_in_months_never_divides_by_nothing() -> None:
    view: View = MODEL.firms[0].view
    assert view.stock_months == pytest.approx(view.stock / view.orders)
    assert np.all(np.isfinite(view.but(orders=np.zeros(2)).stock_months))


def test_errors_survive_a_trip_between_processes_and_list_every_problem() -> None:
    error = bad_input("market.toml", ("firms.a", -1, "above 0"), ("periods", "x", "a number"))
    copy = pickle.loads(pickle.dumps(error))
    assert isinstance(copy, InputError)
    assert copy.problems == (Problem("firms.a", "-1", "above 0"), Problem("periods", "'x'", "a number"))
    assert str(copy) == str(error)
    assert str(error).splitlines()[0] == "market.toml: 2 problem(s)"
    assert "firms.a: found -1; allowed: above 0" in str(error)
    assert str(pickle.loads(pickle.dumps(ConvergenceError("no")))) == "no"


def test_the_state_of_one_run_is_not_that_of_another() -> None:
    one, other = (PriceWar(tiny(), collect=False) for _ in range(2))
    one.run_model()
    assert other.state.stock == pytest.approx(PriceWar(tiny(), collect=False).state.stock)
    assert not other.state.log
