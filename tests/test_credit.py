"""Credit lines: none changes nothing, a firm lives while it can borrow, and it pays for what it borrowed."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import column, ran, tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from pricewar.base.errors import InputError
from pricewar.market.model import PriceWar
from pricewar.scenario.files import load

RULE = {"kind": "PaymentRule", "days": 30, "months": 1}


def market(**firm: float) -> dict[str, float]:
    return {f"firms.*.{name}": value for name, value in firm.items()}


def test_a_scenario_without_lines_keeps_its_digest_and_its_bytes() -> None:
    assert tiny().but(market(credit_rate=0.2)).digest == tiny().digest
    assert tiny().but(market(credit_months=1.0)).digest != tiny().digest
    assert "credit_months" not in str(load("baseline").digest)
    ample = ran(tiny().but(market(credit_months=1.0)))  # nobody is short of cash here
    plain = ran(tiny())
    assert column(ample, "accounts", "cash").tobytes() == column(plain, "accounts", "cash").tobytes()


def test_a_line_is_months_of_sales_at_the_start() -> None:
    model = PriceWar(tiny().but(market(credit_months=2.0)), collect=False)
    land = model.landscape
    sales = land.by_firm(land.start_units * land.start_price) / (1.0 + model.setting.market.vat)
    np.testing.assert_allclose(model.state.credit, 2.0 * sales)


def short(cash: float, months: float, rate: float = 0.0, rule: bool = True) -> PriceWar:
    """The small market with terms of half a year and so much cash, under a rule of 30 days or without it."""
    changes = market(cash=cash, payable_days=180.0, credit_months=months, credit_rate=rate)
    return ran(tiny(interventions=[RULE] if rule else []).but(changes))


def test_the_rule_alone_ends_firms_without_credit_and_none_with_enough() -> None:
    cash = 1e6
    assert short(cash, 0.0, rule=False).state.active.all()
    assert not short(cash, 0.0).state.active.all()
    assert short(cash, 8.0).state.active.all()


@settings(max_examples=12, deadline=None)
@given(
    cash=st.floats(0.0, 1e9),
    days=st.floats(45.0, 360.0),
    rate=st.floats(0.0, 0.5),
    allowed=st.floats(0.0, 60.0),
)
def test_no_firm_dies_of_the_payment_rule_alone_with_a_line_large_enough(
    cash: float, days: float, rate: float, allowed: float
) -> None:
    """Large enough: what it owed suppliers at most, and the interest on it over the run."""
    changes = market(cash=cash, payable_days=days)
    free = ran(tiny().but(changes))
    owed = column(free, "accounts", "payables").max(axis=0)
    land = free.landscape
    sales = land.by_firm(land.start_units * land.start_price) / (1.0 + free.setting.market.vat)
    growth = (1.0 + rate / 12.0) ** free.setting.periods
    need = float((owed / sales).max() * growth) + 1e-6
    if need > 60.0:
        return
    lines = changes | market(credit_months=need, credit_rate=rate)
    bound = ran(tiny(interventions=[RULE | {"days": allowed}]).but(lines))
    assert (bound.state.active >= free.state.active).all()


def test_interest_is_paid_on_what_was_borrowed_a_month_ago() -> None:
    free, dear = short(1e6, 20.0), short(1e6, 20.0, rate=0.12)
    cash, paid = column(free, "accounts", "cash"), column(dear, "accounts", "cash")
    assert (cash.min(axis=0) < 0).any()
    assert np.array_equal(cash[0], paid[0])
    gap = np.diff(cash - paid, axis=0, prepend=0.0)
    borrowed = np.maximum(-np.vstack([np.full(cash.shape[1], 1e6), paid[:-1]]), 0.0)
    np.testing.assert_allclose(gap, 0.01 * borrowed, rtol=1e-6, atol=1.0)


@pytest.mark.parametrize(
    ("name", "value"), [("credit_months", -1.0), ("credit_months", 61.0), ("credit_rate", 1.5)]
)
def test_what_no_bank_gives_is_refused(name: str, value: float) -> None:
    with pytest.raises(InputError, match=rf"firms\.\w+\.{name}.*found {value}.*allowed"):
        tiny().but(market(**{name: value}))
