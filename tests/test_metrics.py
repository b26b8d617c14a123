from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pricewar import equilibrium
from pricewar.results import metrics

POSITIVE = st.floats(0.01, 1e6)
quick = settings(deadline=None, max_examples=50)


def vectors(size: int):
    return arrays(float, size, elements=POSITIVE)


@quick
@given(vectors(6))
def test_hhi_lies_between_equal_firms_and_monopoly(units):
    assert 1e4 / 6 - 1e-6 <= metrics.hhi(units) <= 1e4 + 1e-6
    assert metrics.hhi(units) == pytest.approx(metrics.hhi(units[::-1]))
    assert metrics.hhi(units) == pytest.approx(metrics.hhi(units / units.sum()))


@quick
@given(vectors(6))
def test_there_is_one_hhi(units):
    """A screen and a table of one market print the same number, to the last digit."""
    firms = [0, 1, 1, 2, 0, 3]
    assert equilibrium.hhi(units, firms) == metrics.hhi(np.bincount(firms, units))


def test_hhi_of_known_markets():
    assert metrics.hhi([1.0, 1.0, 1.0, 1.0]) == pytest.approx(2500)
    assert metrics.hhi([30, 30, 20, 20]) == pytest.approx(2600)  # US merger guidelines' own example
    assert metrics.effective_firms([1.0, 1.0, 1.0, 0.0]) == pytest.approx(3)
    assert np.isnan(metrics.hhi([0.0, 0.0]))


@quick
@given(vectors(5), vectors(5), st.floats(0.1, 3))
def test_price_index_is_100_at_the_start_and_homogeneous(price, units, factor):
    assert metrics.price_index(price, price, units) == pytest.approx(100)
    assert metrics.price_index(price * factor, price, units) == pytest.approx(100 * factor)


@quick
@given(vectors(5), vectors(5), vectors(5))
def test_price_index_is_spending_on_the_basket(price, start, units):
    expected = 100 * (price @ units) / (start @ units)
    assert metrics.price_index(price, start, units) == pytest.approx(expected)


def test_exit_of_an_uncut_product_does_not_move_the_index():
    start, units = np.array([100.0, 200.0]), np.array([5.0, 1.0])
    price = np.array([[100.0, 200.0], [100.0, np.nan]])
    on_sale = np.array([[True, True], [True, False]])
    np.testing.assert_allclose(metrics.price_index(price, start, units, on_sale), [100, 100])
    assert np.isnan(metrics.price_index(price, start, units, on_sale * False)).all()


@quick
@given(vectors(5), vectors(5), vectors(5))
def test_war_index_is_bounded_and_never_below_the_net_fall(price, start, units):
    war = metrics.war_index(price, start, units)
    net_fall = -100 * metrics.price_change(price, start, units)
    assert max(0.0, net_fall) - 1e-9 <= war <= 100


def test_rises_do_not_hide_cuts():
    start, units = np.array([100.0, 100.0]), np.array([1.0, 1.0])
    assert metrics.price_change([80, 120], start, units) == pytest.approx(0)
    assert metrics.war_index([80, 120], start, units) == pytest.approx(10)
    assert metrics.war_breadth([80, 120], start, units) == pytest.approx(0.5)
    assert metrics.war_breadth([97, 97.1], start, units) == pytest.approx(0.5)


def test_launches_without_start_units_do_not_count():
    assert metrics.war_index([50.0, 90.0], [100.0, 100.0], [0.0, 7.0]) == pytest.approx(10)


@quick
@given(vectors(4), vectors(4), arrays(float, 4, elements=st.floats(0, 1)))
def test_discount_depth_is_a_weighted_mean(list_price, units, fraction):
    depth = metrics.discount_depth(list_price * fraction, list_price, units)
    assert fraction.min() - 1e-12 <= depth <= fraction.max() + 1e-12


@given(st.floats(1e2, 1e7), st.floats(0.0, 0.3), st.sampled_from((0.01, 7.3, 40.0)))
def test_a_price_held_at_the_line_is_not_below_it(cost, vat, k):
    held = cost * k * (1 + vat) / (1 + vat) / k
    assert not metrics.below(held, cost)
    assert metrics.below(cost * 0.999999, cost)
    assert not metrics.below(np.nan, cost)


def test_lerner_and_below_cost():
    np.testing.assert_allclose(metrics.lerner_index([100.0, 80.0], [75.0, 80.0]), [0.25, 0.0])
    assert metrics.below_cost_share([9.0, 11.0], [10.0, 10.0], [3.0, 1.0]) == pytest.approx(0.75)
    months = metrics.below_cost_months([[9.0, 9.0, np.nan], [11.0, 9.9, 10.0]], 10.0)
    assert months.tolist() == [2, 1]


def test_half_life():
    assert metrics.recovery_half_life([100, 90, 80, 85, 90, 95], 100) == 2
    assert np.isnan(metrics.recovery_half_life([100, 80, 81], 100))
    assert np.isnan(metrics.recovery_half_life([100, 101], 100))


@quick
@given(st.integers(1, 12))
def test_half_life_of_exponential_recovery_is_its_own(months):
    path = 100 - 20 * 0.5 ** (np.arange(40) / months)
    assert metrics.recovery_half_life(path, 100) == pytest.approx(months, abs=1)


def test_break_even_lasting_and_first():
    profit = np.array([-5.0, -3, 2, 4, -9, -9, 3, 3, 3])
    found = metrics.break_even_month(profit)
    assert (found.first, found.lasting) == (3, 8)  # -3+2+4 = 3, then a relapse
    assert np.isnan(metrics.break_even_month(-np.ones(9)).lasting)
    assert metrics.break_even_month(np.ones(9)) == (2, 2)
    assert np.isnan(metrics.break_even_month(np.ones(2)).first)


def test_break_even_of_a_firm_that_left_is_never():
    profit = np.array([[1.0, 1, 1, np.nan, np.nan, np.nan]])
    assert np.isnan(metrics.break_even_month(profit).lasting)
    assert metrics.break_even_month(profit).first == 2


@quick
@given(arrays(float, (3, 10), elements=st.floats(-10, 10)))
def test_lasting_break_even_is_never_before_the_first(profit):
    found = metrics.break_even_month(profit)
    assert (np.isnan(found.lasting) | (found.lasting >= found.first)).all()
    for row, lasting in zip(profit, found.lasting, strict=True):
        if not np.isnan(lasting):
            sums = [row[t - 2 : t + 1].sum() for t in range(int(lasting), 10)]
            assert min(sums) >= 0


def test_present_value():
    assert metrics.present_value([100.0] + [0.0] * 11 + [110.0], 0.10) == pytest.approx(200)
    assert metrics.present_value(np.ones((2, 5)), 0.0).tolist() == [5, 5]


def test_sacrifice_and_recoupment():
    found = metrics.sacrifice_and_recoupment([12.0, 4, 6, 15, 9], [10.0] * 5)
    assert found == (6 + 4 + 1, 5)  # the gain before the first sacrifice is no recoupment


def test_welfare_adds_up():
    assert metrics.welfare(10, 5, 2, 3) == 14
