"""Settings of laboratory games: read from text, refused all at once, told on the page."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricewar.base.errors import InputError
from pricewar.lab.games import GAMES, game, settings_of
from pricewar.lab.settings import Settings


def problems(name: str, given: dict[str, Any]) -> dict[str, tuple[str, str]]:
    with pytest.raises(InputError) as caught:
        game(name)(given, sessions=1)
    assert str(caught.value).startswith(f"lab {name}: {len(caught.value.problems)} problem(s)")
    return {problem.place: (problem.found, problem.allowed) for problem in caught.value.problems}


@pytest.mark.parametrize("name", GAMES)
def test_the_defaults_are_the_published_settings_and_have_a_meaning(name: str) -> None:
    model = settings_of(name)
    assert issubclass(model, Settings)
    assert model.read(name).published()
    assert all(field.description for field in model.model_fields.values())


@pytest.mark.parametrize("name", GAMES)
def test_an_unknown_setting_is_answered_with_the_known_ones(name: str) -> None:
    (place, (found, allowed)), *rest = problems(name, {"no_such": 1}).items()
    assert (place, rest) == ("no_such", [])
    assert "1" in found
    assert allowed == "one of " + ", ".join(sorted(settings_of(name).model_fields))


def test_every_setting_that_is_wrong_is_named_at_once() -> None:
    told = problems("green-porter", {"alpha": "2", "T": "0.5", "n": 1, "delta": "x", "periods": 3})
    assert set(told) == {"alpha", "T", "n", "delta", "periods"}
    assert told["T"] == ("'0.5'", "a whole number")
    assert told["delta"] == ("'x'", "a number")
    assert told["n"][1].endswith("2")


@pytest.mark.parametrize(
    ("name", "given", "places"),
    [
        ("asker", {"cost": 10}, {"cost"}),
        ("calvano", {"range": "1", "n": 3, "costs": "1,1"}, {"range", "costs"}),
        ("edgeworth", {"capacity": "0.4,-1"}, {"capacity"}),
        ("edgeworth", {"capacity": "0.4", "step": 0.5}, {"capacity", "step"}),
        ("klein", {"k": 7, "last_epsilon": 1}, {"k", "last_epsilon"}),
        ("maskin-tirole", {"steps": 5, "delta": 1}, {"steps", "delta"}),
        ("rotemberg-saloner", {"size": "1,2,3", "cost": 1.5}, {"odds", "size"}),
        ("waltman-kaymak", {"n": 9, "cost": 50}, {"n, most", "cost"}),
    ],
)
def test_what_does_not_go_together_is_refused(name: str, given: dict[str, Any], places: set[str]) -> None:
    assert set(problems(name, given)) == places


@given(st.lists(st.floats(0.01, 5), min_size=1, max_size=4), st.integers(1, 10**9))
def test_text_and_numbers_mean_the_same(values: list[float], patience: int) -> None:
    model = settings_of("calvano")
    listed = {"quality": values, "n": max(len(values), 2), "patience": patience}
    as_text = {
        "quality": ",".join(map(repr, values)),
        "n": str(listed["n"]),
        "patience": f"{patience}.0",
    }
    assert model.read("calvano", as_text) == model.read("calvano", listed)


@pytest.mark.parametrize("value", ["nan", "inf", "", "1,2", None, [1.0]])
def test_what_is_no_number_is_none(value: Any) -> None:
    assert set(problems("asker", {"worth": value, "m": value})) == {"worth", "m"}
