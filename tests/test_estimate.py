"""The joint calibration: moments, what is cut away, a posterior that knows what it does not know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pricewar import load
from pricewar.base.errors import InputError
from pricewar.campaigns.record import Waves
from pricewar.data.history import load_history
from pricewar.estimate import MOMENTS, TARGETS, moments, recorded
from pricewar.estimate.draws import RULES, measure_points, motives, points, quantiles_at, values_at
from pricewar.estimate.matching import MOTIVE, Emulator, Match, points_left, powers
from pricewar.estimate.moments import Seen, moments_of
from pricewar.estimate.proof import rank_table, ranks
from pricewar.estimate.record import seen_in_record
from pricewar.estimate.regression import Regression
from pricewar.estimate.structure import stacked
from pricewar.posterior import PARAMETERS, changes_of

SHORT = {"events": [], "periods": 9, "consumers.draws": 60}
FEW = {"consumers.draws": 100, "periods": 12}
TOLD = 4
SLOPES = [20.0] * TOLD + [2.0] * (len(TARGETS) - TOLD)
NAMES = [parameter.name for parameter in PARAMETERS]


# -- moments -----------------------------------------------------------------------------------


def seen(months: int = 36, makers: int = 3, seed: int = 0) -> Seen:
    rng = np.random.default_rng(seed)
    flags = rng.random((months, makers)) < 0.2
    share = 0.1 * np.exp(0.2 * rng.standard_normal((months, makers)))
    quarters = months // 3 + 1
    return Seen(
        first=0,
        leads=flags,
        follows=(rng.random((months, makers)) < 0.2) & ~flags,
        announced=np.where(flags, 0.1, 0.0),
        share=share,
        total=np.exp(0.05 * rng.standard_normal(months)),
        margin=10.0 + rng.standard_normal((quarters, makers)),
        cars=1000.0 * np.exp(rng.standard_normal((quarters, makers))),
    )


def test_moments_are_what_they_are_called() -> None:
    one = seen()
    found = moments_of(one)
    assert tuple(found) == MOMENTS
    assert found["leads"] == one.leads.sum()
    assert found["variance"] == pytest.approx(float(Waves.of(one.leads | one.follows).variance))
    assert found["announced"] == pytest.approx(0.1)
    assert found["margin_change"] == pytest.approx(
        float((one.margin[-4:].mean(axis=0) - one.margin[0]).mean())
    )


def test_a_scale_of_shares_is_read_off_and_a_level_is_not() -> None:
    plain = seen()
    twice = plain.but(share=0.3 * (plain.share / 0.1) ** 2)
    gap = moments_of(twice)["share_sd"] - moments_of(plain)["share_sd"]
    assert gap == pytest.approx(np.log(2.0))
    assert moments_of(twice)["share_memory"] == pytest.approx(moments_of(plain)["share_memory"])


def test_a_season_is_no_luck() -> None:
    plain = seen()
    season = np.tile(np.linspace(0.5, 2.0, 12), 3)
    level = moments_of(plain)["total_sd"]
    assert moments_of(plain.but(total=plain.total * season))["total_sd"] == pytest.approx(level)


def test_cells_that_the_record_lacks_are_left_out() -> None:
    plain = seen()
    share = plain.share.copy()
    share[3, 1] = np.nan
    found = moments_of(plain.but(share=share))
    assert all(np.isfinite(value) for value in found.values())


def test_slope_of_margins_on_cars_is_that_of_the_data() -> None:
    plain = seen()
    margin = 10.0 + 4.0 * np.log(plain.cars)
    assert moments_of(plain.but(margin=margin))["margin_on_volume"] == pytest.approx(4.0)


def test_the_record_ends_in_april_2025_and_is_told_in_full() -> None:
    found = recorded()
    assert all(np.isfinite(value) for value in found.values())
    assert found["leads"] + found["follows"] == 34
    assert found["variance"] == pytest.approx(1.80, abs=0.01)
    assert found["largest_pair"] == 8
    months = load_history().monthly["month"].astype(str)
    assert months[months.str.fullmatch(r"\d{4}-\d{2}")].max() == "2025-04"
    assert seen_in_record(load_history()).margin.shape == (10, 6)


def test_moments_of_a_run_are_of_its_seed_alone() -> None:
    market = load("china-2023").but(FEW)
    one, again, other = (moments(market, seed) for seed in (1, 1, 2))
    assert one == again or all(
        a == b or (a != a and b != b) for a, b in zip(one.values(), again.values(), strict=True)
    )
    assert one["share_sd"] != other["share_sd"]


def test_a_market_of_ones_own_has_moments_of_all_firms() -> None:
    found = moments("textbook-duopoly", 1)
    assert found["leads"] == 0
    assert np.isnan(found["announced"])
    with pytest.raises(InputError):
        moments("textbook-duopoly", -1)


# -- the prior and what is left ----------------------------------------------------------------


def test_points_fill_the_prior_and_come_back_as_quantiles() -> None:
    quantiles = points(64, 3)
    values = values_at(quantiles)
    assert list(values.columns) == NAMES
    np.testing.assert_allclose(quantiles_at(values), quantiles, atol=1e-9)
    for parameter in PARAMETERS:
        assert values[parameter.name].between(parameter.low, parameter.high).all()


def test_every_parameter_changes_the_market_of_the_runs() -> None:
    market = load("china-2023-costs")
    for parameter in PARAMETERS:
        changed = changes_of(market, {parameter.name: parameter.at(0.9)})
        assert changed, parameter.name
        assert market.but(changed).digest != market.digest, parameter.name


def test_every_target_speaks_to_parameters_that_there_are() -> None:
    for target in TARGETS:
        assert set(target.speaks_to) <= set(NAMES)
        assert target.error > 0


def test_growth_motives_shrink_along_the_ridge() -> None:
    """A low elasticity fits reported margins if part of cost is overhead and income matters."""
    today = load("baseline").but({"consumers.draws": 200})
    all_varies = motives(today, {"own_elasticity": -4.0, "income_elasticity": 0.8, "variable_share": 1.0})
    less = motives(today, {"own_elasticity": -4.0, "income_elasticity": 2.0, "variable_share": 0.88})
    assert tuple(less) == RULES
    assert less["motive_rms"] < MOTIVE < all_varies["motive_rms"]


def test_powers_of_two_columns() -> None:
    x = np.array([[2.0, 3.0]])
    assert powers(x, 2).tolist() == [[1.0, 2.0, 3.0, 4.0, 6.0, 9.0]]


def test_an_emulator_finds_a_quadratic_and_its_noise() -> None:
    rng = np.random.default_rng(1)
    quantiles = rng.random((2000, 3))
    truth = 1.0 + 2.0 * quantiles[:, 0] - 3.0 * quantiles[:, 1] ** 2
    found = Emulator.fitted(quantiles, truth + 0.1 * rng.standard_normal(2000), 2, range(3))
    assert found.spread == pytest.approx(0.1, rel=0.1)
    np.testing.assert_allclose(found(quantiles), truth, atol=0.05)
    slopes = found.slopes(quantiles[:500])
    np.testing.assert_allclose(slopes, [2.0, -6.0 * quantiles[:500, 1].mean(), 0.0], atol=0.15)


def made(count: int, seed: int) -> tuple[np.ndarray, pd.DataFrame]:
    """Points, and moments made of them by a rule that is known: each of the first is told by one moment, the
    first four well."""
    rng = np.random.default_rng(seed)
    quantiles = rng.random((count, len(PARAMETERS)))
    table = {}
    for place, target in enumerate(TARGETS):
        luck = rng.standard_normal(count)
        table[target.name] = target.error * (SLOPES[place] * quantiles[:, place] + luck)
    return quantiles, pd.DataFrame(table | {RULES[0]: 0.1 * quantiles[:, 0], RULES[1]: quantiles[:, 1]})


def test_what_cannot_have_made_the_record_is_cut_away() -> None:
    quantiles, table = made(1000, 1)
    record = {target.name: slope * target.error * 0.5 for target, slope in zip(TARGETS, SLOPES, strict=True)}
    match = Match.of(quantiles, table, record)
    left = points_left(match, 200, 5)
    assert len(left) == 200
    assert match.left(left).all()
    told = left[:, 1:TOLD]
    assert np.abs(told - 0.5).max() < 0.35
    assert left[:, 0].max() < MOTIVE / 0.1 + 0.03
    untold = left[:, TOLD:]
    assert untold.min() < 0.1
    assert untold.max() > 0.9
    shares = match.table(quantiles).set_index("moment")["alone"]
    assert shares["all, with the rule"] >= shares["all moments"] > 0


# -- the posterior -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def regression() -> Regression:
    pytest.importorskip("sklearn")
    quantiles, table = made(1500, 2)
    return Regression.fitted(quantiles, table, 1)


def test_what_a_moment_tells_is_known_and_nothing_else(regression: Regression) -> None:
    assert (regression.explained[:TOLD] > 0.7).all()
    assert (np.abs(regression.explained[len(TARGETS) :]) < 0.1).all()
    told = {target.name: slope * target.error * 0.3 for target, slope in zip(TARGETS, SLOPES, strict=True)}
    record = pd.DataFrame([told])
    found = regression.posterior(regression.at(record)[0])
    np.testing.assert_allclose(found.mean()[:TOLD], 0.3, atol=0.1)
    even = np.sqrt(1.0 / 12.0)
    assert (found.sd()[:TOLD] < 0.5 * even).all()
    np.testing.assert_allclose(found.sd()[len(TARGETS) :], even, rtol=0.15)


def test_ranks_of_known_parameters_are_even(regression: Regression) -> None:
    found = ranks(regression, 400, 1)
    table = rank_table(found)
    assert table["even"].all(), table
    assert table["covered_90"].between(0.84, 0.96).all()


def test_a_posterior_that_is_too_sure_is_found_out(regression: Regression) -> None:
    """The same test refuses ranks of a posterior of half the width."""
    narrow = 0.5 + np.clip((ranks(regression, 400, 1) - 0.5) * 2.0, -0.5, 0.5)
    assert not rank_table(narrow)["even"].any()


def test_draws_of_equal_weight_are_those_of_the_weights(regression: Regression) -> None:
    found = regression.posterior(regression.summaries[0], without=[0])
    drawn = found.resampled(4000, np.random.default_rng(1))
    np.testing.assert_allclose(drawn.mean(axis=0), found.mean(), atol=0.02)
    assert found.weights.sum() == pytest.approx(1.0)


def test_stacking_takes_the_one_that_is_right_and_mixes_where_neither_is() -> None:
    rng = np.random.default_rng(1)
    record = rng.standard_normal(200)
    right, far = rng.standard_normal((80, 200)), 3.0 + rng.standard_normal((80, 200))
    weights, alone, pool = stacked([right, far], record)
    assert weights[0] > 0.95
    assert pool <= alone.min() + 1e-9
    halves = np.where(np.arange(200) < 100, record, record + 3.0)
    weights, alone, pool = stacked([right, far], halves)
    assert weights == pytest.approx([0.5, 0.5], abs=0.1)
    assert pool < alone.min()


def test_runs_of_points_go_on_where_they_stopped(tmp_path: Path) -> None:
    values = values_at(points(3, 1))
    whole = measure_points(values, tmp_path / "one", workers=1, changes=SHORT)
    assert list(whole.columns) == [*MOMENTS, *RULES]
    again = measure_points(values, tmp_path / "one", workers=1, changes=SHORT)
    pd.testing.assert_frame_equal(whole, again)
    with pytest.raises(InputError):
        measure_points(values * 0.999, tmp_path / "one", workers=1, changes=SHORT)
