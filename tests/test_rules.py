"""Rules by kind: shipped, of one's own, refused; scenarios as trees of them."""

from __future__ import annotations

import sys
import types
from typing import Any

import numpy as np
import pytest
from conftest import tiny
from pydantic import TypeAdapter, ValidationError

from pricewar.base.errors import InputError
from pricewar.base.records import Floats, View
from pricewar.base.rules import RuleOf, find_rule, make_rule, shipped
from pricewar.events import Event
from pricewar.interventions import Intervention
from pricewar.scenario.preferences import Logit, MixedLogit, Preferences
from pricewar.scenario.tree import Scenario, scenario_from
from pricewar.strategies import Hold, Match, Strategy

PACKAGE = "pricewar.strategies"
SORTS: list[tuple[str, Any]] = [
    (PACKAGE, Strategy),
    ("pricewar.events", Event),
    ("pricewar.interventions", Intervention),
    ("pricewar.scenario.preferences", Preferences),
]


class Mine(Strategy):
    """A rule of a user's own."""

    level: float = 1.0

    def price(self, view: View) -> Floats:
        return self.level * np.asarray(view.start_price)


@pytest.fixture
def mylab(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("mylab")
    module.Mine, module.number = Mine, 3  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mylab", module)


@pytest.mark.parametrize(("package", "base"), SORTS, ids=[package for package, _ in SORTS])
def test_every_kind_is_found_by_its_name_and_documented(package: str, base: Any) -> None:
    kinds = shipped(package, base)
    assert kinds
    for name, kind in kinds.items():
        assert find_rule(name, package, base) is kind
        assert kind.__name__ == name
        assert (kind.__doc__ or "").strip()


def test_a_rule_is_made_of_a_kind_a_table_or_itself() -> None:
    assert make_rule("Hold", PACKAGE, Strategy) == Hold()
    made = make_rule({"kind": "Match", "lag": 2}, PACKAGE, Strategy)
    assert made == Match(lag=2)
    assert make_rule(made, PACKAGE, Strategy) is made


@pytest.mark.usefixtures("mylab")
def test_a_rule_of_ones_own_is_imported_and_written_with_its_place() -> None:
    made = make_rule({"kind": "mylab:Mine", "level": 0.9}, PACKAGE, Strategy)
    assert isinstance(made, Mine)
    assert made.kind == f"{Mine.__module__}:Mine"
    assert made.model_dump() == {"kind": made.kind, "level": 0.9, "instrument": "promotion"}


@pytest.mark.usefixtures("mylab")
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("Hodl", "unknown kind 'Hodl'; known: .*Hold"),
        ({"level": 1}, "needs a table with kind"),
        (7, "needs a table with kind"),
        ({"kind": 7}, "needs a table with kind"),
        ("nowhere:Rule", "cannot be imported"),
        ("mylab:Yours", "cannot be imported"),
        ("mylab:number", "is not a Strategy"),
        ("pricewar.events:Cut", "is not a Strategy"),
        ({"kind": "Match", "lagg": 2}, "lagg"),
        ({"kind": "Match", "lag": 0, "ceiling": 2}, "2 validation errors"),
        ({"kind": "Match", "follow_rate": float("nan")}, "finite number"),
    ],
)
def test_what_is_no_rule_is_refused_with_the_reason(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_rule(value, PACKAGE, Strategy)


def test_a_rule_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Hold().at = "last"  # type: ignore[misc]


@pytest.mark.parametrize(("package", "base"), SORTS, ids=[package for package, _ in SORTS])
def test_the_schema_of_a_field_names_every_kind(package: str, base: Any) -> None:
    from typing import Annotated

    schema = TypeAdapter(Annotated[base, RuleOf(package, base)]).json_schema()
    kinds = {part["properties"]["kind"].get("const") for part in schema["anyOf"]}
    assert kinds - {None} == set(shipped(package, base))


# -- scenarios as trees ----------------------------------------------------------------------------


def test_but_changes_a_copy_by_path() -> None:
    scenario = tiny(events=[{"kind": "DemandShock", "month": "2025-02", "factor": 0.9}])
    other = scenario.but(
        {"events.0.factor": 0.8, "firms.ace.strategy.lag": 3, "noise.taste_sd": 0.0}, periods=5
    )
    assert other.events[0].factor == 0.8  # type: ignore[attr-defined]
    assert other.firms["ace"].strategy.lag == 3  # type: ignore[attr-defined]
    assert other.periods == 5
    assert scenario.periods == 8
    whole = scenario.but({"events.0": {"kind": "Exit", "month": "2025-03", "firm": "ace"}})
    assert whole.events[0].kind == "Exit"
    assert scenario.but() == scenario


def test_another_kind_comes_with_its_own_parameters() -> None:
    """Else a plain logit would inherit the taste spreads of the mixed logit it replaces."""
    assert tiny({"demand.kind": "Logit"}).demand == Logit()
    changes = {"demand.own_elasticity": -3.0, "demand.kind": "Logit"}
    assert tiny(changes).demand == Logit(own_elasticity=-3.0)
    plain = tiny({"demand.kind": "Logit"})
    assert plain.but({"demand.kind": "MixedLogit", "demand.suv_sd": 0.5}).demand == MixedLogit(suv_sd=0.5)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("evnts.0.factor", 1, "no such field"),
        ("events.0.factor", 1, "no such field"),
        ("events.x", 1, "no such field"),
        ("periods.x", 1, "no such field"),
        ("noise.tast_sd", 1, "known keys only"),
        ("firms.ace.strategy", "Hodl", "unknown kind"),
        ("firms.ace.strategy.kind", 3, "needs a table with kind"),
        ("periods", 0, "greater than or equal to 1"),
    ],
)
def test_but_refuses_paths_that_lead_nowhere_and_values_not_allowed(
    path: str, value: Any, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        tiny().but({path: value})


def test_but_reports_all_problems_at_once() -> None:
    with pytest.raises(InputError) as caught:
        tiny().but({"demand.own_elasticity": 4, "firms.ace.capacity": -1, "products.ace-small.firm": "ford"})
    places = {problem.place for problem in caught.value.problems}
    assert {"firms.ace.capacity"} <= places
    assert len(caught.value.problems) >= 2


def test_the_digest_names_the_content_and_nothing_else() -> None:
    scenario = tiny()
    assert scenario.but(seed=77, name="other", title="Other").digest == scenario.digest
    assert scenario.but({"firms.ace.cash": 1.0}).digest != scenario.digest
    again = scenario_from(scenario.model_dump(), "again")
    assert again == scenario
    assert again.digest == scenario.digest
    assert Scenario.model_validate(scenario.model_dump(mode="json")).digest == scenario.digest
