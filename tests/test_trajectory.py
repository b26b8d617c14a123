"""A run as arrays says what its tables and its books say."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from conftest import ran, tiny

from pricewar.app.books import books_of
from pricewar.base.errors import ResultsError
from pricewar.experiment.metrics import Run
from pricewar.experiment.work import simulate
from pricewar.market.model import PriceWar
from pricewar.market.trajectory import Trajectory
from pricewar.results.schema import columns

CUT = {"kind": "Cut", "month": "2025-02", "until": "2025-04", "firm": "ace", "depth": 0.2}


@pytest.fixture(scope="module")
def model() -> PriceWar:
    return ran(tiny(events=[CUT], periods=4))


@pytest.mark.parametrize("table", ["products", "firms", "market"])
def test_arrays_are_the_columns_of_the_tables_that_bear_their_names(model: PriceWar, table: str) -> None:
    run, frame = Trajectory.of(model), model.tables()[table]
    shared = [name for name in columns(table) if hasattr(run, name)]
    kept = [name for name in shared if getattr(run, name).size == len(frame)]
    assert len(kept) > 8
    for name in kept:
        np.testing.assert_array_equal(getattr(run, name).ravel(), frame[name].to_numpy(), err_msg=name)


def test_months_are_those_of_the_history_and_cannot_be_written_to(model: PriceWar) -> None:
    run = Trajectory.of(model)
    assert run.price.shape == (4, len(run.landscape.products))
    for t, month in enumerate(model.history):
        assert (run.price[t] == month.offers.price).all()
        assert (run.cash[t] == month.accounts.cash).all()
        assert run.shoppers[t] == month.sales.shoppers
    with pytest.raises(ValueError, match="read-only"):
        run.price[0, 0] = 1.0


def test_what_is_derived_works_with_runs_ahead_of_months(model: PriceWar) -> None:
    one, other = Trajectory.of(model), Trajectory.of(ran(tiny(periods=4)))
    names = [field.name for field in fields(one) if field.name not in ("landscape", "vat")]
    both = one.but(**{name: np.stack([getattr(one, name), getattr(other, name)]) for name in names})
    for name in ("net_price", "paid_price", "sold", "share", "price_change", "cut_depth", "depth"):
        found = getattr(both, name)
        np.testing.assert_array_equal(found[0], getattr(one, name), err_msg=name)
        np.testing.assert_array_equal(found[1], getattr(other, name), err_msg=name)


def test_before_the_first_month_arrays_are_as_wide_as_they_will_be() -> None:
    model = PriceWar(tiny(), collect=False)
    run, books = Trajectory.of(model), books_of(model)
    assert run.price.shape == (0, len(run.landscape.products))
    assert books.cash.shape == books.share.shape == (0, len(run.landscape.firms))
    assert books.active.dtype == np.bool_


def test_a_run_read_back_has_no_trajectory() -> None:
    live = simulate(tiny(periods=2), 1)
    assert live.trajectory.price.shape[0] == 2
    with pytest.raises(ResultsError, match="tables only"):
        _ = Run(live.scenario, 1, dict(live.tables)).trajectory
