"""Margins of the backtest: what had been printed, the law of changes, and accounts of one draw."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from test_backtest import FIRMS, certain, made_up, past, small

from pricewar.backtest import Backtest
from pricewar.backtest.as_known import as_printed, fixed_cost, last_margins, law
from pricewar.backtest.margin_law import (
    MAKERS,
    TAIL,
    TAILS,
    changes_of,
    fit_margins,
    months_in,
    printed,
    quarter_of,
    quarters_between,
)
from pricewar.backtest.model_forecast import model_books
from pricewar.backtest.money import DEEPENS, draw_money, editions
from pricewar.backtest.names import BASE
from pricewar.backtest.past import Past
from pricewar.backtest.study import known_figures, the_scenario
from pricewar.base.errors import InputError
from pricewar.data import load_market_data
from pricewar.data.history import load_history

__all__ = ["past", "small"]  # fixtures


def test_quarters_of_months() -> None:
    assert quarter_of("2024-12") == "2024Q4"
    assert months_in("2024Q1") == ("2024-01", "2024-02", "2024-03")
    assert quarters_between("2023Q4", "2024Q2") == 2


def test_a_margin_is_known_two_months_after_its_quarter() -> None:
    """That of the first quarter of 2025 was printed in May: April may not use it."""
    history = load_history()
    assert printed(history, "2025-04")["period"].max() == "2024Q4"
    assert printed(history, "2025-05")["period"].max() == "2025Q1"
    assert last_margins(history, BASE)["byd"].quarter == "2024Q4"
    assert last_margins(history, "2024-12")["nio"].quarter == "2024Q3"
    assert last_margins(history, "2024-02")["geely"].value < 0.15  # the year 2023 was printed in March 2024
    assert the_scenario().firms["xiaomi"].gross_margin == pytest.approx(0.204)


def test_scales_of_made_up_makers_are_found_and_drawn_together() -> None:
    rng = np.random.default_rng(4)
    scales = {"calm": 1.0, "usual": 2.5, "wild": 6.0}
    changes = {name: scale * rng.standard_t(TAIL, 300) for name, scale in scales.items()}
    found = fit_margins(changes).scales()
    for name, scale in scales.items():
        assert found[name] == pytest.approx(scale, rel=0.15)
    few = {name: scales[name] * np.array([1.0, -0.6, 0.8]) for name in scales}
    pooled = fit_margins(few).scales()
    alone = {name: fit_margins({name: steps}).scales()[name] for name, steps in few.items()}
    assert pooled["wild"] / pooled["calm"] < alone["wild"] / alone["calm"] < 6.0


def test_a_maker_without_a_record_has_the_population() -> None:
    rng = np.random.default_rng(5)
    fitted = fit_margins({f"m{k}": 4.0 * rng.standard_t(TAIL, 200) for k in range(8)})
    drawn = fitted.draw_scales(("m0", "new"), 4000, np.random.default_rng(1))
    assert np.median(drawn, axis=0) == pytest.approx([4.0, 4.0], rel=0.2)
    assert drawn[:, 1].std() > drawn[:, 0].std()
    prior = fit_margins({}).draw_scales(("new",), 4000, np.random.default_rng(1))
    assert np.median(prior) == pytest.approx(2.5, rel=0.1)


def test_the_family_was_chosen_on_the_changes_from_2022_to_the_first_quarter_of_2025() -> None:
    changes = changes_of(printed(load_history(), "2025-05"))
    assert sum(map(len, changes.values())) == 51
    evidence = {tail: fit_margins(changes, tail).log_evidence for tail in TAILS}
    assert max(evidence, key=lambda tail: evidence[tail]) == TAIL


def test_changes_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(InputError, match="finite numbers"):
        fit_margins({"one": np.array([1.0, np.nan])})
    with pytest.raises(InputError, match="tail above 0"):
        fit_margins({}, tail=0.0)


def test_changes_skip_a_missing_quarter() -> None:
    margins = pd.DataFrame(
        {"firm": "byd", "period": ["2023Q1", "2023Q2", "2023Q4"], "value": [20.0, 21.5, 25.0]}
    )
    assert changes_of(margins, ("byd",))["byd"].tolist() == [1.5]


def test_the_error_of_a_margin_begins_when_it_was_printed() -> None:
    """Nothing is known of the quarters since: the base month has an error already."""
    start = certain()._replace(age=np.array([0] * 10 + [2] * 5), law=law(load_history(), BASE))
    money = draw_money(start, FIRMS, "2025-04", (4000, 15, 9), np.random.default_rng(1))
    wide = np.quantile(np.abs(money.margin), 0.8, axis=0)
    assert (wide[:10, 0] == 0).all()
    assert (wide[10:, 0] > 0.03).all()
    assert (np.diff(wide[:, [0, 2, 5, 8]], axis=1)[:, 1:] > 0).all()
    assert (money.margin[:, :, 1] == money.margin[:, :, 2]).all()  # May and June are of one quarter
    assert np.corrcoef(money.price[:, 3, 5], money.margin[:, 3, 5])[0, 1] > 0.1


def test_gross_profit_and_margin_are_of_one_draw(past: Past) -> None:
    books = model_books(made_up(), past, certain()._replace(age=np.full(15, 2)), seed=1)
    again = model_books(made_up(), past, certain(), seed=1)
    margin = books.gross / books.revenue
    assert margin[:, :, 0].std(axis=0).min() > 0.02
    assert books.revenue == pytest.approx(again.revenue)
    assert np.median(margin, axis=0) == pytest.approx(np.full((15, 9), 0.15), abs=0.015)


def test_editions_set_discounts_to_zero_and_keep_their_mean() -> None:
    change = editions(np.full(2, 4.0), (6000, 2, 9), np.random.default_rng(2))
    assert (change[:, :, 0] == 0).all()
    assert change.min() >= -1.0
    assert change.mean(axis=0) == pytest.approx(np.zeros((2, 9)), abs=0.11)
    assert (np.diff(change.std(axis=0), axis=1) > 0).all()
    assert (editions(None, (3, 2, 9), np.random.default_rng(2)) == 0).all()
    assert change.max() == pytest.approx(8 * DEEPENS)


def test_an_announced_cut_counts_what_dealers_gave_before(small: Backtest) -> None:
    """BYD's campaign: much was announced, and buyers got the rest of it alone."""
    model = small.forecasts["model"]
    paid, told = (
        model.column("BYD", "2025-06", metric)
        for metric in ("discount_pp_change", "announced_discount_pp_change")
    )
    assert np.median(told) > np.median(paid) + 3.0
    for period, name in (("2025-06", "Nio group"), ("2025-08", "BYD")):
        same = [
            model.column(name, period, metric)
            for metric in ("discount_pp_change", "announced_discount_pp_change")
        ]
        np.testing.assert_allclose(*same, atol=1e-9)


def test_figures_have_the_margin_that_was_printed() -> None:
    data, history = load_market_data(), load_history()
    table = as_printed(data.figures, last_margins(history, BASE)).set_index(["table", "entity", "variable"])
    old = data.figures.set_index(["table", "entity", "variable"])
    assert float(table.loc[("firms", "byd", "gross_margin"), "value"]) == pytest.approx(0.254)
    wall = table.loc[("firms", "great-wall", "gross_margin")]
    assert wall["low"] < float(wall["value"]) < wall["high"]
    moved = table["value"].astype(str) != old["value"].astype(str)
    assert {variable for _, _, variable in table.index[moved]} == {"gross_margin"}
    known = known_figures(data.figures, history).set_index(["table", "entity", "variable"])
    cost = float(known.loc[("firms", "xiaomi", "fixed_cost"), "value"])
    margin = last_margins(history, BASE)["xiaomi"]
    assert cost == pytest.approx(fixed_cost(history, "xiaomi", margin))
    assert cost == pytest.approx((0.204 * 69_697 * 234_600 + 700e6) / 3, rel=1e-9)
    with pytest.raises(InputError, match="one in the record"):
        fixed_cost(history, "changan", margin)
    assert set(MAKERS) <= set(last_margins(history, BASE))
