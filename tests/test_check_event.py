"""The kit for events of one's own: shipped events pass, each kind of fault is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import tiny

from pricewar.base.rules import make_rule
from pricewar.events import Cut, Event
from pricewar.testing.events import check_event

SETTING = tiny(periods=5)
WHEN = {"month": "2025-03"}
SHIPPED: list[tuple[dict[str, Any], bool | None]] = [
    ({"kind": "Cut", "firm": "ace", "depth": 0.2, "until": "2025-04"}, None),
    ({"kind": "CampaignCut", "firm": "bolt", "cuts": {"bolt-small": 5_000.0}}, None),
    ({"kind": "Exit", "firm": "cove"}, None),
    ({"kind": "BrandShock", "firm": "ace", "size": 0.3}, None),
    ({"kind": "CostShock", "change": 0.05, "until": "2025-04"}, None),
    ({"kind": "ChipShock", "firms": ["ace"], "cost": 1_000.0, "capacity_factor": 0.8}, None),
    ({"kind": "CapacityChange", "firm": "bolt", "units": 2_000.0, "until": "2025-04"}, None),
    ({"kind": "Subsidy", "amount": 3_000.0, "until": "2025-04"}, None),
    ({"kind": "DemandShock", "factor": 0.9, "until": "2025-04"}, None),
    ({"kind": "FixedCost", "firm": "ace", "amount": 1e7, "until": "2025-04"}, None),
]  # fmt: skip


@pytest.mark.parametrize(("table", "undone"), SHIPPED, ids=lambda value: str(value)[:30])
def test_shipped_events_pass(table: dict[str, Any], undone: bool | None) -> None:
    check_event(make_rule({**WHEN, **table}, "pricewar.events", Event), SETTING, undone=undone)


def test_the_default_market_is_the_textbook_duopoly() -> None:
    check_event(Cut(month="2025-03", firm="left", depth=0.1))


class Sound(Event):
    """A tenth fewer shoppers, while it lasts."""

    def strike(self, state: Any) -> None:
        state.demand_factor = state.demand_factor * 0.9

    def revoke(self, state: Any) -> None:
        state.demand_factor = state.demand_factor / 0.9


class InPlace(Event):
    def strike(self, state: Any) -> None:
        state.cash[0] -= 1e9


class NotFinite(Event):
    def strike(self, state: Any) -> None:
        state.cost_extra = state.cost_extra * np.nan


class OtherShape(Event):
    def strike(self, state: Any) -> None:
        state.capacity = state.capacity[:1]


class OwnLuck(Event):
    def strike(self, state: Any) -> None:
        state.demand_factor = 1.0 + 0.1 * float(np.random.default_rng().random())


class StaysForGood(Event):
    def strike(self, state: Any) -> None:
        state.demand_factor = 0.9


class NewField(Event):
    def strike(self, state: Any) -> None:
        state.mood = 1.0


class Forgets(Event):
    def impose(self, offers: Any, state: Any, last_period: int) -> Any:
        offers.but(promotion=0.5 * offers.promotion)


class Free(Event):
    def impose(self, offers: Any, state: Any, last_period: int) -> Any:
        return offers.but(promotion=offers.list_price)


class Meddles(Event):
    def impose(self, offers: Any, state: Any, last_period: int) -> Any:
        state.demand_factor = 0.5
        return offers


class TooEarly(Event):
    def lasts(self, start: str, period: int) -> bool:
        return True

    def impose(self, offers: Any, state: Any, last_period: int) -> Any:
        return offers.but(promotion=offers.promotion + 1_000.0)


class Wordy(Event):
    def summary(self) -> str:
        return "word " * 40


class Raises(Event):
    def strike(self, state: Any) -> None:
        raise LookupError("oops")


def test_an_event_of_ones_own_passes() -> None:
    check_event(Sound(month="2025-03"), SETTING)
    check_event(Sound(month="2025-03", until="2025-04"), SETTING)
    check_event(StaysForGood(month="2025-03"), SETTING)
    check_event(StaysForGood(month="2025-03", until="2025-04"), SETTING, undone=False)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (InPlace, "read-only"),
        (NotFinite, "strike leaves numbers in cost_extra that are not finite"),
        (OtherShape, r"strike leaves capacity with shape \(1,\); allowed: numbers of \(3,\)"),
        (OwnLuck, "does not do the same twice"),
        (StaysForGood, "revoke does not undo strike: demand_factor"),
        (NewField, "adds mood to the state"),
        (Forgets, "impose returns NoneType; allowed: Offers"),
        (Free, "prices that are not above 0"),
        (Meddles, "impose changes demand_factor"),
        (TooEarly, "leaves a trace in 2025-01, before its month"),
        (Wordy, "200 characters; allowed: 1 to 80"),
        (Raises, "raises LookupError: oops"),
    ],
)
def test_each_fault_is_named(kind: type[Event], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_event(kind(month="2025-03", until="2025-04"), SETTING)


def test_a_market_without_the_firm_is_told_with_its_place() -> None:
    with pytest.raises(AssertionError, match=r"events.0.firm: found 'byd'; allowed: one of ace, bolt, cove"):
        check_event(Cut(month="2025-03", firm="byd", depth=0.1), SETTING)


def test_a_month_beyond_the_run_is_told() -> None:
    with pytest.raises(AssertionError, match=r"events.0.month: found '?2031-01"):
        check_event(Sound(month="2031-01"), SETTING)
