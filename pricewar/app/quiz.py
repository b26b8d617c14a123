"""Five questions on the rules that players answer before a game, with the numbers of their own firm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pricewar.base.words import Words

from .game import Game
from .game_rules import GameError, GameRules

_PROMOTION: Final = 0.05
"""Of the list price, in the questions."""
_LATE: Final = ("last", "match", "hold")
"""Rules for who is too late, in the order of the answers."""


@dataclass(frozen=True)
class Question:
    """A question with its answers."""

    text: str
    answers: tuple[str, ...]
    right: int
    """Place of the right answer."""
    because: str
    """What is said to who was wrong; it explains, and does not name the answer."""

    def asked(self) -> dict[str, Any]:
        """What a player sees before they answer."""
        return {"text": self.text, "answers": list(self.answers)}


def questions(game: Game, firm: str) -> tuple[Question, ...]:
    """The questions to the player of a firm."""
    words, rules = game.base.words, game.rules
    money = _price(game, firm, words), _margin(game, firm, words)
    return *money, _sight(rules), _late(rules), _end(rules, words)


def _price(game: Game, firm: str, words: Words) -> Question:
    full = words.rounded(game.reference(firm))
    off = words.rounded(_PROMOTION * full)
    return Question(
        f"You set a list price of {words.prices(full)} and a promotion of {words.prices(off)}. "
        "What does a buyer pay?",
        (words.prices(full), words.prices(full - off), words.prices(full + off)),
        1,
        "A promotion is money off the list price.",
    )


def _margin(game: Game, firm: str, words: Words) -> Question:
    vat, paid = game.base.market.vat, words.rounded(game.start_price(firm))
    cost = words.rounded(game.unit_cost(firm))
    net = words.rounded(paid / (1 + vat))
    tax = f" The price holds {100 * vat:g}% VAT, which is not yours." if vat else ""
    return Question(
        f"A buyer pays {words.prices(paid)}, and {words.a_unit} costs you {words.prices(cost)}.{tax} "
        "What does one sale leave you before fixed cost?",
        (words.prices(net), words.prices(net - cost), words.prices(net + cost)),
        1,
        "A sale leaves what the buyer pays, less tax, less what the unit costs.",
    )


def _sight(rules: GameRules) -> Question:
    return Question(
        "What will you know of your rivals while the game goes on?",
        ("Nothing.", "Their prices, but not their profit.", "Their prices and their profit."),
        2 if rules.board else int(rules.rivals),
        "What players see is a rule of this game: read it once more, or ask the teacher.",
    )


def _late(rules: GameRules) -> Question:
    return Question(
        "Time is up and you have not sent a price. What happens?",
        (
            "Your last price stands.",
            "Your price follows those of your rivals.",
            "Your price goes back to where it was at the start.",
        ),
        _LATE.index(rules.default),
        "A rule decides for who is too late; nobody is asked again.",
    )


def _end(rules: GameRules, words: Words) -> Question:
    return Question(
        "When is the game over?",
        (
            f"After {rules.rounds} rounds, and everybody knows it.",
            f"From round {rules.sure} on it may end after any round, by chance.",
            "When one firm has won.",
        ),
        int(rules.stop > 0),
        f"Each round is a {words.period}; whether the last one is known is a rule of this game.",
    )


def told(game: Game) -> list[str]:
    """The rules that the questions ask for, as players read them above the questions."""
    first = "Each round you set a list price and a promotion. Buyers pay the list price less the promotion."
    asked = _sight(game.rules), _late(game.rules), _end(game.rules, game.base.words)
    return [first, *(f"{one.text} {one.answers[one.right]}" for one in asked)]


def answer(game: Game, firm: str, given: Sequence[int]) -> dict[str, Any]:
    """Take a player's answers.

    Returns:
        right: for each question whether the answer is; because: what is said to each, empty where right;
        passed: whether all are, or have been.

    Raises:
        GameError: 409, no questions are asked here now; 422, not one answer for each question.
    """
    if not game.rules.quiz or game.phase == "over":
        raise GameError(409, "No questions are asked here now.")
    asked = questions(game, firm)
    if len(given) != len(asked):
        raise GameError(422, f"Answer all {len(asked)} questions.")
    right = [one.right == place for one, place in zip(asked, given, strict=True)]
    seat = game.seats[firm]
    seat.tries += not seat.passed
    seat.passed = seat.passed or all(right)
    game.version += 1
    because = ["" if ok else one.because for one, ok in zip(asked, right, strict=True)]
    return {"right": right, "because": because, "passed": seat.passed}
