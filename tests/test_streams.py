"""Random streams by name; months as text."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from pricewar.base.luck import stream, streams
from pricewar.base.months import month_after, months_between
from pricewar.market.start import draw_noise

SOME = settings(deadline=None, max_examples=30)
KNOWN = [-1.8706151189186835, 0.040674600222309926]
names = st.lists(st.one_of(st.text(max_size=8), st.integers(-5, 5)), min_size=1, max_size=4).map(tuple)


@SOME
@given(st.integers(0, 2**63), names)
def test_the_same_name_draws_the_same(seed: int, name: tuple[str | int, ...]) -> None:
    assert np.array_equal(stream(seed, *name).random(5), stream(seed, *name).random(5))


@SOME
@given(st.integers(0, 2**63), st.lists(names, max_size=4))
def test_streams_in_turn_draw_what_each_draws_alone(seed: int, many: list[tuple[str | int, ...]]) -> None:
    """Also when the one before was left in the middle of a word or of its buffer."""
    found = [
        (luck.integers(12), luck.integers(5, dtype="u4"), *luck.standard_normal(3))
        for luck in streams(seed, many)
    ]
    for drawn, name in zip(found, many, strict=True):
        luck = stream(seed, *name)
        assert drawn == (luck.integers(12), luck.integers(5, dtype="u4"), *luck.standard_normal(3))


@SOME
@given(names, names)
def test_another_name_or_seed_draws_otherwise(one: tuple[str | int, ...], two: tuple[str | int, ...]) -> None:
    assert not np.array_equal(stream(1, *one).random(5), stream(2, *one).random(5))
    if list(map(str, one)) != list(map(str, two)):
        different = not np.array_equal(stream(1, *one).random(5), stream(1, *two).random(5))
        assert different or "\x1f" in "".join(map(str, (*one, *two)))


def test_streams_are_uniform_and_unrelated() -> None:
    draws = np.array([stream(1, "firm", f"f{k}", 0).random(200) for k in range(50)])
    assert draws.mean() == pytest.approx(0.5, abs=0.01)
    relation = np.corrcoef(draws)[np.triu_indices(50, 1)]
    assert np.abs(relation).max() < 0.35
    assert relation.mean() == pytest.approx(0.0, abs=0.01)


def test_a_known_draw_stays_the_same_from_version_to_version() -> None:
    """Seeds published with results must mean the same luck tomorrow."""
    assert stream(1, "taste", "byd-seagull").standard_normal(2) == pytest.approx(KNOWN, abs=0)


def test_taste_shocks_have_the_stated_size_and_memory() -> None:
    changes = {"noise.taste_sd": 0.1, "noise.taste_memory": 0.6, "noise.market_sd": 0.05}
    scenario = tiny(changes, periods=600)
    market, taste = draw_noise(scenario, [f"p{k}" for k in range(40)], 1)
    assert taste[1:].std() == pytest.approx(0.1, rel=0.03)
    late = taste[50:]
    memory = [np.corrcoef(late[1:, j], late[:-1, j])[0, 1] for j in range(40)]
    assert np.mean(memory) == pytest.approx(0.6, abs=0.02)
    assert np.log(market).std() == pytest.approx(0.05, rel=0.1)


def test_without_noise_there_is_no_luck() -> None:
    market, taste = draw_noise(tiny({"noise.market_sd": 0, "noise.taste_sd": 0}), ["a"], 1)
    assert np.all(market == 1)
    assert np.all(taste == 0)


@SOME
@given(st.integers(1990, 2090), st.integers(1, 12), st.integers(-500, 500))
def test_months_count_forth_and_back(year: int, month: int, periods: int) -> None:
    start = f"{year}-{month:02d}"
    assert months_between(start, month_after(start, periods)) == periods


def test_months_by_hand() -> None:
    assert month_after("2025-11", 3) == "2026-02"
    assert months_between("2025-05", "2024-04") == -13
