"""Suppliers: at rest their cash stands still; late pay and squeezes break the thin ones."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import AT_REST, column, ran, strategies, tiny

from pricewar.market.model import PriceWar
from pricewar.market.suppliers import close_all

QUIET = {**AT_REST, **strategies("Hold")}
CUT = {"kind": "Cut", "month": "2025-02", "firm": "ace", "depth": 0.35}


def test_at_rest_cash_stands_still_and_ordinary_profit_is_paid_out() -> None:
    model = PriceWar(tiny(QUIET), collect=False)
    before = [supplier.cash.copy() for supplier in model.suppliers]
    model.run_model()
    for supplier, cash in zip(model.suppliers, before, strict=True):
        assert supplier.cash == pytest.approx(cash, abs=1e-9)
        assert supplier.failed == 0
    usual = 0.8 * float(model.calibration.unit_cost @ model.landscape.start_units)
    profit = model.tables()["market"]["supplier_profit"]
    assert profit.to_numpy() == pytest.approx(usual * (0.6 * 0.10 + 0.4 * 0.05), rel=1e-9)


def test_cash_differs_among_members_around_the_median() -> None:
    cells = PriceWar(tiny(), collect=False).suppliers[0]
    assert np.median(cells.cash) == pytest.approx(4.0, rel=0.03)
    assert np.log(cells.cash).std() == pytest.approx(0.7, rel=0.05)


def test_the_squeeze_takes_from_suppliers_what_it_saves_the_firms() -> None:
    squeezed, fair = (
        ran(tiny({**QUIET, "supply_chain.squeeze": s}, events=[CUT])).tables() for s in (0.3, 0.0)
    )
    lost = fair["market"]["supplier_profit"] - squeezed["market"]["supplier_profit"]
    assert lost[:2].to_numpy() == pytest.approx(0.0, abs=1.0)
    assert lost[2] > 0
    made = squeezed["products"].query("period == 2")
    full = fair["products"].query("period == 2")["unit_cost"].to_numpy()
    saved = (made["produced"].to_numpy() * (full - made["unit_cost"].to_numpy())).sum()
    usual = 0.8 * (made["produced"].to_numpy() * full).sum()
    margin = 0.6 * 0.10 + 0.4 * 0.05
    assert squeezed["market"]["supplier_profit"][2] == pytest.approx(usual * margin - saved, rel=1e-6)


def test_a_war_breaks_suppliers_and_capacity_goes_with_them() -> None:
    model = ran(tiny({**QUIET, "supply_chain.squeeze": 0.5}, events=[CUT]))
    assert sum(supplier.failed for supplier in model.suppliers) > 0
    lost = sum(s.spec.share * s.lost for s in model.suppliers)
    assert model.state.supply == pytest.approx(1.0 - 0.5 * lost)
    capacity = np.array([month.capacity for month in model.history])
    assert np.all(capacity[-1] < capacity[0])
    failed = model.tables()["market"]["suppliers_failed"]
    assert failed.sum() == pytest.approx(sum(s.failed for s in model.suppliers) / 80)


def test_longer_terms_break_more_and_the_payment_rule_breaks_none() -> None:
    grow = {"kind": "DemandShock", "month": "2025-02", "factor": 1.6}
    changes = {**QUIET, "supply_chain.groups.parts.cash_months": 0.3, "firms.bolt.capacity": 1e6}
    late = {f"firms.{firm}.payable_days": 240 for firm in ("ace", "bolt", "cove")}
    prompt = {f"firms.{firm}.payable_days": 0 for firm in ("ace", "bolt", "cove")}
    failed = [
        sum(
            s.failed
            for s in ran(tiny({**changes, **terms, "firms.ace.capacity": 1e6}, events=[grow])).suppliers
        )
        for terms in (late, prompt)
    ]
    assert failed[0] > failed[1] == 0


def test_lost_capacity_comes_back_as_members_are_replaced() -> None:
    cells = PriceWar(tiny(), collect=False).suppliers[0]
    cells.lost = 0.6
    usual = cells.usual_sales / cells.spec.share
    cells.close(usual, usual, usual)
    assert cells.lost == pytest.approx(0.6 * (1 - 1 / 12))


def test_a_group_that_sells_nothing_books_nothing() -> None:
    model = PriceWar(tiny({"supply_chain.purchased_share": 0.0, **QUIET}), collect=False)
    model.run_model()
    assert all(supplier.profit == 0 and supplier.failed == 0 for supplier in model.suppliers)
    assert close_all([], 1.0, 1.0, 1.0) == (0, 0.0)


def test_without_groups_nobody_fails() -> None:
    model = ran(tiny({**QUIET, "supply_chain.groups": {}}, events=[CUT]))
    assert np.all(model.state.supply == 1)
    assert np.all(column(model, "accounts", "paid_suppliers") > 0)
