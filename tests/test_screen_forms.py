"""Forms of demand side by side, thresholds of guidelines, and margins below zero."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pricewar.demand.base import numerical_jacobian
from pricewar.demand.flexible import LogLinear, Pcaids
from pricewar.equilibrium import costs_from_prices, solve
from pricewar.screen import Change, Market, calibrate, read_market, screen
from pricewar.screen.forms import _forms, _margins
from pricewar.screen.thresholds import THRESHOLDS, Concentration

TABLE = """product,firm,price,share,margin,nest
Atlas,Alpha,12.8,0.060,0.22,sedan
Apex,Alpha,19.5,0.035,0.16,suv
Boreal,Beta,11.2,0.045,,sedan
Bison,Beta,17.9,0.040,,suv
Comet,Gamma,14.6,0.030,0.18,sedan
Canyon,Gamma,22.4,0.025,,suv
"""
MERGE = Change(merge=("Alpha", "Beta"))


def market(text: str = TABLE, **options: float) -> Market:
    return read_market("market.csv", content=text.encode(), **options)


# --- forms


def test_every_form_stands_still_until_something_changes() -> None:
    """Each is calibrated to the market: its prices are best responses at the costs that it implies."""
    found = calibrate(market())
    seen = []
    for form, _, demand, costs, _ in _forms(found):
        assert demand is not None
        seen.append(form)
        np.testing.assert_allclose(demand.expected(found.market.prices), found.market.shares, rtol=1e-9)
        np.testing.assert_allclose(
            costs_from_prices(demand, found.market.prices, found.market.firms), costs, rtol=1e-7
        )
        after = solve(demand, costs, found.market.firms, start=found.market.prices, check=False)
        np.testing.assert_allclose(after.require_converged().prices, found.market.prices, rtol=1e-7)
    assert seen == ["logit", "nested logit", "linear", "AIDS", "log-linear"]


def test_slopes_of_the_new_demands_are_differences_of_their_shares() -> None:
    here = market()
    table = calibrate(here).demand.jacobian(here.prices) * here.prices / here.shares[:, None]
    away = here.prices * np.linspace(0.9, 1.2, here.prices.size)
    for demand in (LogLinear(here.prices, here.shares, table), Pcaids(here.prices, here.shares, -4.0, -1.5)):
        np.testing.assert_allclose(
            demand.jacobian(away), numerical_jacobian(demand, away), rtol=1e-5, atol=1e-9
        )


def test_aids_adds_up_and_its_market_elasticity_is_the_one_given() -> None:
    here = market()
    demand = Pcaids(here.prices, here.shares, -4.0, -1.5)
    np.testing.assert_allclose(demand.moves.sum(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(demand.moves.sum(axis=1), 0.0, atol=1e-12)
    dearer = demand.expected(here.prices * 1.0001).sum() / here.shares.sum() - 1.0
    assert dearer / 0.0001 == pytest.approx(-1.5, rel=1e-3)


def test_aids_has_the_margins_of_epstein_and_rubinfeld() -> None:
    """Single-product firms: the margin is one over the own elasticity, -1 + slope (1 - w) + w (e + 1)."""
    here = market(TABLE.replace("Alpha", "A").replace("Apex,A", "Apex,B").replace("Bison,Beta", "Bison,C"))
    alone = Market(**{**here.__dict__, "firms": np.arange(here.firms.size)})
    demand = Pcaids(here.prices, here.shares, -4.0, -1.5)
    w = demand.spent
    np.testing.assert_allclose(_margins(alone, demand), 1.0 / (1.0 + 4.0 * (1.0 - w) + 0.5 * w), rtol=1e-12)


def test_prices_rise_least_with_linear_and_most_with_log_linear_demand() -> None:
    """The order of Crooke, Froeb, Tschantz and Werden (1999), slopes being the same."""
    found = screen(market(), MERGE, draws=0)
    rise = found.forms.set_index("form")["parties_price_change"]
    assert 0.0 < rise["linear"] < rise["logit"] < rise["log-linear"]
    logit = found.forms.set_index("form").loc["logit"]
    assert logit["consumer_harm_per_head"] == pytest.approx(found.figure("consumer_harm_per_head"), rel=1e-9)
    assert logit["mean_price_change"] == pytest.approx(found.figure("mean_price_change"), rel=1e-12)
    low, high = found.forms["parties_price_change"].min(), found.forms["parties_price_change"].max()
    assert f"{100 * low:+.1f}% (linear)" in found.spread
    assert f"{100 * high:+.1f}%" in found.spread


def test_harm_of_linear_demand_is_the_area_under_the_line() -> None:
    """Between two points of a line the area is the mean of the sales times the rise."""
    found = screen(market(), MERGE, draws=0)
    for form, _, demand, costs, _ in _forms(found.calibration):
        if form == "linear" and demand is not None:
            after = MERGE.outcome(found.calibration.market, demand, costs).prices
            rise = after - found.calibration.market.prices
            mean = (demand.expected(after) + found.calibration.market.shares) / 2.0
            told = found.forms.set_index("form").loc["linear", "consumer_harm_per_head"]
            assert told == pytest.approx(mean @ rise, rel=1e-9)
            return
    pytest.fail("no linear demand")


def test_no_forms_without_a_change_or_an_outside_option() -> None:
    assert len(screen(market(), draws=0).forms) == 0
    assert screen(market(), draws=0).spread == ""
    closed = TABLE.replace("0.060", "0.50").replace("0.025", "0.35")
    assert len(screen(market(closed, outside=False), MERGE, draws=0).forms) == 0


def test_names_of_forms_follow_the_base() -> None:
    found = screen(market(), MERGE, rho=0.4, draws=0)
    assert found.forms["form"].tolist()[:2] == ["nested logit", "logit"]
    assert found.forms["slopes"].tolist()[2] == "slopes of the nested logit"


# --- thresholds


@pytest.mark.parametrize(
    ("hhi", "change", "share", "met"),
    [
        (1801, 101, 0.2, {"US 2023 HHI", "EU 2004 25%", "EU 2004 1,000 to 2,000", "China 2024 HHI"}),
        (1800, 101, 0.2, {"EU 2004 25%", "EU 2004 1,000 to 2,000", "China 2024 HHI"}),
        (1900, 100, 0.31, {"EU 2004 1,000 to 2,000"}),
        (999, 300, 0.31, {"US 2023 share", "EU 2004 below"}),
        (2001, 149, 0.1, {"US 2023 HHI", "EU 2004 25%", "EU 2004 1,000 to 2,000", "China 2024 HHI"}),
        (2001, 150, 0.36, {"US 2023 HHI", "US 2023 share", "China 2024 HHI", "China 2024 share"}),
        (
            5200,
            900,
            0.5,
            {"US 2023 HHI", "US 2023 share", "EU 2004 50%", "China 2024 HHI", "China 2024 share"},
        ),
    ],
)
def test_thresholds_at_their_edges(hhi: float, change: float, share: float, met: set[str]) -> None:
    short = {
        "US 2023 HHI after above 1,800, change above 100": "US 2023 HHI",
        "US 2023 joint share above 30%, change above 100": "US 2023 share",
        "EU 2004 joint share of 50% or more": "EU 2004 50%",
        "EU 2004 joint share of 25% or less": "EU 2004 25%",
        "EU 2004 HHI after below 1,000": "EU 2004 below",
        "EU 2004 HHI after 1,000 to 2,000 and change below 250, or above 2,000 and below 150": (
            "EU 2004 1,000 to 2,000"
        ),
        "China 2024 joint share above 35%": "China 2024 share",
        "China 2024 HHI after above 1,000, change above 100": "China 2024 HHI",
    }
    case = Concentration(hhi, change, share)
    assert {short[f"{t.guideline} {t.figure}"] for t in THRESHOLDS if t.met(case)} == met


def test_a_merger_stands_against_them_and_every_source_is_named() -> None:
    found = screen(market(), MERGE, draws=0)
    row = found.thresholds.iloc[0]
    assert row["joint_share"] == pytest.approx(0.18 / 0.235)
    assert row["hhi_after"] == pytest.approx(found.figure("hhi") + found.figure("hhi_change"))
    assert found.thresholds["source"].str.len().min() > 40
    assert len(screen(market(), Change(cut={"Alpha": 0.1}), draws=0).thresholds) == 0


# --- margins below zero


def test_a_margin_below_zero_is_screened_and_left_out_of_the_fit() -> None:
    below = market(TABLE.replace("14.6,0.030,0.18", "14.6,0.030,-0.18"))
    without = market(TABLE.replace("14.6,0.030,0.18", "14.6,0.030,"))
    found, other = (screen(m, MERGE, draws=30) for m in (below, without))
    assert found.calibration.alpha == other.calibration.alpha
    assert found.products["price_after"].equals(other.products["price_after"])
    assert any("Comet (row 6, -18.0%)" in note and "below cost" in note for note in found.notes)
    assert not any("below cost" in note for note in other.notes)
    assert found.fit.set_index("product")["fitted"].to_dict() == {"Atlas": True, "Apex": True, "Comet": False}
    assert found.fit.set_index("product").loc["Comet", "observed"] == -0.18


def test_upp_comes_gross_and_after_the_saving() -> None:
    found = screen(market(), MERGE, draws=30, efficiency=0.03)
    party = found.products["party"]
    credit = found.products["upp_gross"] - found.products["upp"]
    np.testing.assert_allclose(credit[party], 0.03 * found.products["cost"][party])
    assert (credit[~party] == 0.0).all()
    assert {"upp_gross_lo", "upp_gross_hi", "upp_lo", "upp_hi"} <= set(found.products)


def test_harm_in_money_where_everybody_buys_and_quantities_are_told(tmp_path: Path) -> None:
    text = "product,firm,price (CNY),quantity,margin\na,x,10,200,0.3\nb,y,12,100,\nc,z,11,100,\n"
    here = market(text, outside=False)
    assert (here.size, here.money) == (400.0, "CNY")
    found = screen(here, Change(merge=("x", "y")), draws=0)
    assert found.figure("consumer_harm") == pytest.approx(400.0 * found.figure("consumer_harm_per_head"))


def test_a_row_for_all_others_is_told() -> None:
    found = screen(market(TABLE + "Others,Others,15,0.3,,suv\n"), draws=0)
    assert any(note.startswith("Others (row 8) counts as one product") for note in found.notes)
    assert not any("counts as one product" in note for note in screen(market(), draws=0).notes)
