"""A campaign rule of a user's own: what it answers is checked, and what it raises is told with its place."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from conftest import AT_REST, ran, strategies, tiny

from pricewar import run
from pricewar.base.errors import RuleError, StrategyError
from pricewar.base.records import Flags, Floats
from pricewar.campaigns import Board, CampaignRule, Draws, Plan
from pricewar.market.model import PriceWar
from pricewar.scenario.tree import Scenario

QUIET = {**AT_REST, **strategies("Hold")}
HERE = re.escape(__file__)
GOOD = {"size": 0.1, "bite": 1.0, "kind": 1, "coverage": 1.0, "days": 40.0, "trigger": -1}


class Odd(CampaignRule):
    """The first firm makes a limited offer in the third month, with one thing wrong."""

    wrong: str = ""
    """The method, or field of the plan, that is wrong."""
    value: Any = None
    """What it gives; "raise" for an error, "own" for one of ours."""
    late: bool = False
    """Whether the plan that is wrong is that of an answer."""

    def given(self, name: str, usual: Any) -> Any:
        if name != self.wrong:
            return usual
        if self.value == "raise":
            return {}["nothing"]
        if self.value == "own":
            raise StrategyError("as it is")
        return self.value

    def plan(self, drawn: Flags, spoilt: bool) -> Any:
        fields: dict[str, Any] = {name: np.full(drawn.shape, value) for name, value in GOOD.items()}
        fields["drawn"] = drawn
        if spoilt and self.wrong in fields:
            value = self.given(self.wrong, None)
            fields[self.wrong] = np.full(drawn.shape, value) if np.isscalar(value) else value
        return Plan(**fields)

    def lead_plan(self, board: Board, draws: Draws) -> Any:
        first = np.arange(len(board.able)) == 0
        return self.given("lead_plan", self.plan(first & (board.period == 2), not self.late))

    def follow_plan(self, board: Board, draws: Draws, announced: Floats, answer: int) -> Any:
        second = np.arange(len(board.able)) == 1
        plan = self.plan(second & (announced[0] > 0) & board.able, self.late)
        return self.given("follow_plan", plan)

    def willing(self, gain: Floats, contribution: Floats, draws: Draws) -> Any:
        return self.given("willing", np.ones(gain.shape, dtype=bool))

    def renews(self, board: Board, draws: Draws) -> Any:
        return self.given("renews", np.zeros(board.able.shape, dtype=bool))

    def expected_answers(self, board: Board, firm: int, size: float) -> Any:
        return self.given("expected_answers", np.zeros(board.able.shape))

    def unit_value(self, board: Board, firm: int) -> Any:
        return self.given("unit_value", 0.0)


def market(**rule: Any) -> Scenario:
    return tiny(QUIET).but({"campaigns.on": True, "campaigns.rule": Odd(**rule)})


def refused(**rule: Any) -> str:
    """What the run says, after rule, method and month."""
    with pytest.raises(RuleError) as caught:
        ran(market(**rule))
    head, _, said = str(caught.value).partition(": ")
    assert head.startswith("test_campaigns_own:Odd (campaigns.rule, "), head
    return head.removeprefix("test_campaigns_own:Odd (campaigns.rule, ") + ": " + said


def test_what_is_right_runs_and_may_be_a_list() -> None:
    model = ran(market())
    assert [c.firm for c in model.announcements.campaigns.known[:2]] == [0, 1]  # type: ignore[union-attr]
    told = ran(market(wrong="size", value=[0.1, 0.1, 0.1]))
    assert np.array_equal(told.offers.price, model.offers.price)


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("size", 0.0, "above 0 and below 1"),
        ("size", 1.0, "above 0 and below 1"),
        ("size", np.nan, "above 0 and below 1"),
        ("bite", 1.2, "0 to 1"),
        ("bite", -0.1, "0 to 1"),
        ("coverage", np.inf, "0 to 1"),
        ("kind", 3, "a position in list, limited, subsidy: 0 to 2"),
        ("kind", 0.5, "a position in list, limited, subsidy: 0 to 2"),
        ("days", 0.0, "above 0, and finite unless it is a list cut"),
        ("days", np.inf, "above 0, and finite unless it is a list cut"),
        ("trigger", -2, "the position of another firm, or -1 for a leader"),
        ("trigger", 3, "the position of another firm, or -1 for a leader"),
        ("trigger", 0, "the position of another firm, or -1 for a leader"),
    ],
)
def test_a_plan_out_of_range_names_field_and_firm(field: str, value: Any, allowed: str) -> None:
    said = refused(wrong=field, value=value)
    assert said == f"lead_plan) in 2025-03: {field} of ace: found {value!r}; allowed: {allowed}"


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("size", [0.1, 0.1], "float64 of shape (2,)"),
        ("days", None, "object of shape ()"),
        ("bite", "much", "<U4 of shape (3,)"),
        ("drawn", [0, 1, 0], "int64 of shape (3,)"),
        ("trigger", [[1], [2, 3]], "object of shape ()"),
    ],
)
def test_a_plan_of_another_shape_names_the_field(field: str, value: Any, found: str) -> None:
    words = "3 flags, true or false, one a firm" if field == "drawn" else "3 numbers, one a firm"
    assert refused(wrong=field, value=value).endswith(f"{field}: found {found}; allowed: {words}")


def test_all_faults_of_a_plan_are_told_at_once_and_firms_not_drawn_may_say_anything() -> None:
    class Both(Odd):
        def plan(self, drawn: Flags, spoilt: bool) -> Any:
            return (
                super()
                .plan(drawn, spoilt)
                .but(size=np.array([2.0, np.nan, 0.1]), bite=np.array([0.5, 7.0, 7.0]), days=np.zeros(3))
            )

    with pytest.raises(RuleError) as caught:
        ran(tiny(QUIET).but({"campaigns.on": True, "campaigns.rule": Both()}))
    said = str(caught.value)
    assert "size of ace: found 2.0" in said
    assert "days of ace: found 0.0" in said
    assert "bite" not in said
    assert "bolt" not in said


def test_the_month_and_method_of_an_answer_are_named() -> None:
    said = refused(wrong="size", value=-1.0, late=True)
    assert said.startswith("follow_plan) in 2025-03: size of bolt: found -1.0")


def test_who_cannot_start_a_campaign_is_not_drawn() -> None:
    said = refused(wrong="drawn", value=[True, False, False], late=True)
    assert said.endswith("drawn: found ace; allowed: firms that Board.able says can start one now")


@pytest.mark.parametrize(
    ("method", "value", "allowed"),
    [
        ("lead_plan", [1.0], "a pricewar.campaigns.Plan"),
        ("follow_plan", 3, "a pricewar.campaigns.Plan"),
        ("willing", [1, 1, 1], "3 flags, true or false, one a firm"),
        ("willing", [True], "3 flags, true or false, one a firm"),
        ("renews", 0.5, "3 flags, true or false, one a firm"),
        ("expected_answers", [0.1, 0.1], "3 numbers from 0 to below 1, one a firm"),
        ("expected_answers", [0.0, np.nan, 0.0], "3 numbers from 0 to below 1, one a firm"),
        ("expected_answers", [0.0, 1.0, 0.0], "3 numbers from 0 to below 1, one a firm"),
        ("unit_value", [0.1], "one finite number"),
        ("unit_value", np.nan, "one finite number"),
        ("unit_value", "much", "one finite number"),
    ],
)
def test_every_other_answer_is_checked(method: str, value: Any, allowed: str) -> None:
    said = refused(wrong=method, value=value)
    assert said.startswith(f"{method}) in 2025-0")
    assert said.endswith(f": found {value!r}; allowed: {allowed}")


@pytest.mark.parametrize(
    "method", ["lead_plan", "follow_plan", "willing", "renews", "expected_answers", "unit_value"]
)
def test_an_error_in_a_rule_is_told_with_method_month_and_line(method: str) -> None:
    error = run(market(wrong=method, value="raise"), 1).runs["error"][0]
    words = rf"RuleError: test_campaigns_own:Odd \(campaigns\.rule, {method}\) in 2025-0\d: "
    assert re.fullmatch(words + rf"KeyError: 'nothing' \({HERE}, line \d+: return .*\)", error), error


def test_errors_of_ours_pass_as_they_are() -> None:
    with pytest.raises(StrategyError, match=r"^as it is$"):
        ran(market(wrong="lead_plan", value="own"))
    assert PriceWar(market()).running
