"""Markets where everybody buys: known by their sum in every order of rows, without an outside option."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import fsolve
from typer.testing import CliRunner

from pricewar.base.errors import InputError
from pricewar.cli.app import app
from pricewar.screen import Change, Screen, read_market, screen

HEADER = "product,firm,price,share,margin,nest"
ROWS = ("Arc,A,10,0.10,0.4,n", "Bay,B,12,0.20,,s", "Cap,C,9,0.30,,s", "Dot,D,11,0.40,,n")
MERGE = Change(merge=("A", "B"))


def write(folder: Path, rows: tuple[str, ...], header: str = HEADER) -> Path:
    path = folder / "market.csv"
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


def closed(folder: Path, change: Change, rows: tuple[str, ...] = ROWS, **options: Any) -> Screen:
    return screen(read_market(write(folder, rows), outside=False), change, margin_sd=0.0, **options)


@pytest.mark.parametrize(
    "rows",
    [("a,A,1,33.3333,30,", "b,B,1,33.3333,,", "c,C,1,33.3333,,"), ("a,A,1,70,30,", "b,B,1,30.0000001,,")],
)
def test_shares_in_per_cent_that_sum_to_one_but_for_rounding_are_refused(
    tmp_path: Path, rows: tuple[str, ...]
) -> None:
    with pytest.raises(InputError, match="--no-outside"):
        read_market(write(tmp_path, rows, "product,firm,price,share_pct,margin_pct,nest"))


@pytest.mark.parametrize("rows", list(itertools.permutations(ROWS)))
def test_shares_that_sum_to_one_are_refused_in_every_order(tmp_path: Path, rows: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match=r"column share: found a sum of 1; .*--no-outside"):
        read_market(write(tmp_path, rows))


def test_a_merger_without_an_outside_option_is_that_of_the_first_order_conditions(tmp_path: Path) -> None:
    """Right values by scipy's fsolve and the change of the log-sum, computed elsewhere."""
    for rows in itertools.permutations(ROWS):
        found = closed(tmp_path, MERGE, rows)
        change = found.products.set_index("product")["price_change"]
        right = {"Arc": 0.09489082605608502, "Bay": 0.03740902171340421, "Cap": 0.011377068307091065}
        assert change[list(right)].to_list() == pytest.approx(list(right.values()), rel=1e-9)
        assert found.figure("consumer_harm_per_head") == pytest.approx(0.26274684363631495, rel=1e-10)


@pytest.mark.parametrize("rho", [None, 0.5, 0.95])
@pytest.mark.parametrize("change", [MERGE, Change(tax=0.2, unit_tax=0.5), Change(cost={"C": 0.3})])
def test_prices_after_are_a_choice_among_the_products_alone(
    tmp_path: Path, rho: float | None, change: Change
) -> None:
    """Shares written out without an outside option; conditions by differences, solved by scipy."""
    found = closed(tmp_path, change, rho=rho)
    c = found.calibration
    nests = c.market.nests if c.nested else np.zeros(4, dtype=int)
    worth = c.demand.delta - c.demand.delta.mean()

    def shares(price: np.ndarray) -> np.ndarray:
        tall = (worth - c.alpha * (price - c.market.prices.mean())) / (1.0 - c.rho)
        top = np.array(
            [tall[nests == h].max() if (nests == h).any() else 0.0 for h in range(nests.max() + 1)]
        )
        e = np.exp(tall - top[nests])
        inside = np.bincount(nests, e)
        value = np.exp((1.0 - c.rho) * (np.log(inside) + top))
        return e / inside[nests] * (value / value.sum())[nests]

    costs, owners = change.costs(c), change.owners(c.market)

    def conditions(price: np.ndarray) -> np.ndarray:
        step, kept = 1e-6, price / (1.0 + change.tax) - change.unit_tax
        slope = np.array(
            [(shares(price + step * e) - shares(price - step * e)) / (2 * step) for e in np.eye(4)]
        )
        same = owners[:, None] == owners[None, :]
        return shares(price) / (1.0 + change.tax) + (same * slope) @ (kept - costs)

    price = fsolve(conditions, found.products["price_after"].to_numpy() * 1.01, xtol=1e-9)
    np.testing.assert_allclose(found.products["price_after"], price, rtol=1e-6)
    np.testing.assert_allclose(found.products["share_after"], shares(price), rtol=1e-5)


@pytest.mark.parametrize("rise", [0.5, 40.0, 4000.0])
def test_a_rise_of_all_costs_is_passed_on_in_full_and_is_the_harm(tmp_path: Path, rise: float) -> None:
    """Whatever its size: nobody leaves, so all prices rise by it and buyers lose it."""
    found = closed(tmp_path, Change(unit_tax=rise))
    np.testing.assert_allclose(found.products["price_after"] - found.products["price"], rise, rtol=1e-8)
    assert found.figure("consumer_harm_per_head") == pytest.approx(rise, rel=1e-9)
    assert found.figure("welfare_change_per_head") == pytest.approx(0.0, abs=1e-8 * rise)
    assert found.figure("inside_share_change") == 0.0
    assert found.figure("market_elasticity") == 0.0
    assert (found.products["diversion_outside"] == 0.0).all()
    np.testing.assert_allclose(found.products["pass_through_all"], 1.0, rtol=1e-9)


@st.composite
def markets(draw: st.DrawFn) -> tuple[tuple[str, ...], list[int], bool]:
    """Rows of a market with or without an outside option, and another order of them."""
    size = draw(st.integers(3, 7))
    parts = draw(st.lists(st.integers(1, 40), min_size=size, max_size=size))
    open_ = draw(st.booleans())
    whole = sum(parts) + (draw(st.integers(5, 80)) if open_ else 0)
    prices = draw(st.lists(st.integers(50, 200), min_size=size, max_size=size))
    firms = ["A", "B", "C", *draw(st.lists(st.sampled_from("ABCD"), min_size=size - 3, max_size=size - 3))]
    rows = tuple(
        f"p{j},{firms[j]},{prices[j] / 10},{parts[j] / whole!r},{0.3 if j == 0 else ''}," for j in range(size)
    )
    return rows, draw(st.permutations(range(size))), open_


@given(market=markets())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_rows_changes_nothing(
    tmp_path: Path, market: tuple[tuple[str, ...], list[int], bool]
) -> None:
    """Neither the verdict on the sum of shares nor any number."""
    rows, order, open_ = market
    answers = []
    for place in (range(len(rows)), order):
        path = write(tmp_path, tuple(rows[j] for j in place))
        if not open_:
            with pytest.raises(InputError, match="--no-outside"):
                read_market(path)
        found = screen(read_market(path, outside=open_), MERGE, margin_sd=0.0)
        table = found.products.sort_values("product").drop(columns=["product", "firm", "party"])
        answers.append((table.to_numpy(float), found.figures["value"].to_numpy(float)))
    for one, other in zip(*answers, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_rounded_shares_and_quantities_are_scaled_to_the_whole(tmp_path: Path) -> None:
    rounded = read_market(
        write(tmp_path, ("a,A,1,0.333,0.3,", "b,B,1,0.333,,", "c,C,1,0.333,,")), outside=False
    )
    assert rounded.shares.sum() == pytest.approx(1.0, abs=1e-15)
    sold = write(tmp_path, ("a,A,1,30,0.3", "b,B,1,10,"), "product,firm,price,quantity,margin")
    assert read_market(sold, outside=False).shares.tolist() == [0.75, 0.25]
    assert read_market(sold, 40, outside=False).size == 40
    with pytest.raises(InputError, match="a sum of 50"):
        read_market(sold, 50, outside=False)


def test_shares_far_from_one_are_refused_without_an_outside_option(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"found a sum of 0\.6; allowed: a sum of 1"):
        read_market(write(tmp_path, ROWS[:3]), outside=False)


def test_one_firm_alone_has_no_best_price(tmp_path: Path) -> None:
    rows = ("a,A,1,0.5,0.3,", "b,B,1,0.5,,")
    with pytest.raises(InputError, match=r"--merge: found 'A B'; allowed: a firm that stays out"):
        closed(tmp_path, MERGE, rows)
    with pytest.raises(InputError, match="two firms at least"):
        closed(tmp_path, Change(), ("a,A,1,0.5,0.3,", "b,A,1,0.5,,"))


def test_a_tiny_outside_share_is_pointed_out(tmp_path: Path) -> None:
    rows = (*ROWS[:3], "Dot,D,11,0.3998,,n")
    found = screen(read_market(write(tmp_path, rows)), MERGE, margin_sd=0.0)
    assert any(note.startswith("Only 0.0002 of the market buys nothing") for note in found.notes)


def test_the_command_refuses_with_the_remedy_and_takes_it(tmp_path: Path) -> None:
    path = str(write(tmp_path, ROWS))
    words = ["screen", path, "--merge", "A", "B", "--margin-sd", "0"]
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 2
    assert "--no-outside" in refused.output
    done = CliRunner().invoke(app, [*words, "--no-outside"])
    assert done.exit_code == 0
    assert "Nobody can stay away" in done.output
