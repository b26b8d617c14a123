"""What the teacher does to a market: each nudge waits for its month, and can be taken back until then."""

from __future__ import annotations

from dataclasses import dataclass

from pricewar.scenario.files import Tree, merge
from pricewar.scenario.tree import Scenario

from .at_table import IN_A_GAME
from .game_rules import GameError, GameRules
from .happenings import HAPPENINGS


@dataclass(frozen=True)
class Nudge:
    """One event or measure that the teacher has ordered."""

    number: int
    """Its name in this game; they count up."""
    round: int
    """Round in whose month it comes into force."""
    sort: str
    firm: str
    """Firm it happens to; "" if to all."""
    size: float

    @property
    def public(self) -> bool:
        """Whether players read of it before they decide the month."""
        return HAPPENINGS[self.sort].public

    def told(self, market: Scenario) -> str:
        """The nudge in words."""
        return HAPPENINGS[self.sort].told(market, self.firm, self.size)

    def tree(self, market: Scenario) -> Tree:
        """What it lays over the market."""
        return HAPPENINGS[self.sort].overlay(market, self.round, self.firm, self.size)


def _checked(market: Scenario, sort: str, firm: str, size: object) -> float:
    known = HAPPENINGS.get(sort)
    if known is None:
        raise GameError(422, f"One of {', '.join(HAPPENINGS)}.")
    known = known.within(market.words)
    if not isinstance(size, (int, float)) or not known.low <= size <= known.high:
        raise GameError(422, f"{known.label}: from {known.low:g} to {known.high:g} {known.unit}.")
    if known.firm and firm not in market.firms:
        raise GameError(422, f"{known.label}: choose a firm.")
    return float(size)


def added(
    nudges: list[Nudge], market: Scenario, round_: int, sort: str, firm: str, size: object
) -> list[Nudge]:
    """The nudges with one more; a second one of the same sort in the same round takes the first one's place.

    Raises:
        GameError: 422, no such nudge.
    """
    amount = _checked(market, sort, firm, size)
    same = [one for one in nudges if (one.round, one.sort, one.firm) == (round_, sort, firm)]
    number = same[0].number if same else 1 + max((nudge.number for nudge in nudges), default=0)
    kept = [one for one in nudges if one not in same]
    return [*kept, Nudge(number, round_, sort, firm, amount)]


def planned(market: Scenario, rules: GameRules) -> list[Nudge]:
    """The nudges that the rules of a game set before it begins.

    Raises:
        GameError: 422, no such nudge.
    """
    found: list[Nudge] = []
    for one in rules.planned:
        found = added(found, market, one.round - 1, one.sort, one.firm, one.size)
    return found


def taken_back(nudges: list[Nudge], round_: int, number: object) -> list[Nudge]:
    """The nudges without one that waits for its month.

    Raises:
        GameError: 409, its month has been run.
    """
    if not any(nudge.number == number and nudge.round == round_ for nudge in nudges):
        raise GameError(409, "That can no longer be taken back: its month has been run.")
    return [nudge for nudge in nudges if nudge.number != number]


def overlay(nudges: list[Nudge], market: Scenario, persons: dict[str, tuple[str, ...]]) -> Tree:
    """All nudges as one tree of events and measures.

    Args:
        nudges: in the order in which they were given.
        market: the market without them.
        persons: firm -> months in which a person decides for it; measures treat these as `at_table` says.
    """
    tree: Tree = {}
    for nudge in nudges:
        tree = merge(tree, nudge.tree(market))
    measures = [
        {**one, "kind": IN_A_GAME[one["kind"]], "persons": persons} if one["kind"] in IN_A_GAME else one
        for one in tree.get("interventions", ())
    ]
    return {**tree, "interventions": measures} if measures else tree
