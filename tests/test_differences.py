"""What a report says of how scenarios differ follows from their inputs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conftest import tiny
from synthetic import results

from pricewar.report.differences import LISTED, MOST, carried_by, differences
from pricewar.report.differences import _shown as shown
from pricewar.report.inputs import inputs
from pricewar.results.store import Results

CUT = {"kind": "Cut", "month": "2025-02", "until": "2025-04", "firm": "ace", "depth": 0.3}
FLOOR = {"kind": "PriceFloor", "start": "2025-03", "share": 0.95}


def of(other: Any, first: Any = None) -> Results:
    """Results whose inputs are these two scenarios."""
    runs = results(("baseline", "byd-one-third"), seeds=1, periods=5)
    kept = {"baseline": first or tiny(), "byd-one-third": other}
    return runs.but(inputs={name: one.model_dump(mode="json") for name, one in kept.items()})


def told(other: Any, first: Any = None) -> list[str]:
    return differences(of(other, first), "baseline")["byd-one-third"]


def test_an_event_is_told_with_what_it_states() -> None:
    (sentence,) = told(tiny(events=[CUT]))
    assert sentence.startswith("Event added: ")
    for words in ("until 2025-04", "firm ace", "depth 0.3"):
        assert words in sentence
    assert told(tiny(events=[CUT, {**CUT, "firm": "bolt"}]), tiny(events=[CUT]))[0].count("bolt") >= 1
    (gone,) = told(tiny(), tiny(events=[CUT]))
    assert gone.startswith("Left out: ")


def test_a_measure_and_a_value_are_told() -> None:
    sentences = told(tiny({"demand.own_elasticity": -3.25}, interventions=[FLOOR]))
    assert sentences[0].startswith("Measure added: price floor")
    assert "share 0.95" in sentences[0]
    assert any("demand.own_elasticity is -3.25 in place of " in sentence for sentence in sentences)


def test_many_values_are_counted_and_names_are_no_difference() -> None:
    prices = {f"products.{name}.list_price": 123_456 for name in tiny().products}
    prices |= {f"firms.{name}.cash": 7e9 for name in tiny().firms}
    sentences = told(tiny(prices))
    if len(prices) > MOST:
        assert f"{len(prices) - MOST} more value" in sentences[-1]
    assert told(tiny(title="Another")) == ["Nothing but words."]


def test_a_long_table_is_told_by_its_range() -> None:
    few, many = ({f"car-{k}": 1000.0 * k for k in range(1, size + 1)} for size in (LISTED, LISTED + 1))
    assert shown(few).startswith("car-1 1,000; car-2 2,000")
    assert shown(many) == "of 5, 1,000 to 5,000"


def test_without_inputs_nothing_is_said() -> None:
    assert differences(results(seeds=1, periods=5).but(inputs={}), "baseline") == {}


def test_assumptions_carry_value_source_and_page() -> None:
    runs = of(tiny())
    rows = {row.path: (row, page) for row, page in carried_by(inputs(runs, "baseline"))}
    row, page = rows["demand.own_elasticity"]
    assert float(row.value) == tiny().demand.own_elasticity
    assert row.source
    assert page.startswith("docs/")
    assert carried_by([]) == []
    assert carried_by([replace(inputs(runs, "baseline")[0], rows=())]) == []
