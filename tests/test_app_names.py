"""Names of players: what can be read is allowed, and what looks like a name that is taken is refused."""

from __future__ import annotations

import pytest

pytest.importorskip("tomli_w", reason="the extra `app` is not installed")

from pricewar.app.game import Game
from pricewar.app.game_rules import GameError, GameRules
from pricewar.app.names import clean, skeleton

ALIKE = [
    ("Ann", "\uff21\uff4e\uff4e"),  # full width
    ("Ann", "\u0410nn"),  # Cyrillic A
    ("Ann", "\u0391nn"),  # Greek Alpha
    ("Ann", "A\u03b7\u03b7"),  # Greek eta
    ("Hannah", "\u041dannah"),  # Cyrillic En
    ("Hera", "\u0397era"),  # Greek Eta
    ("NANA", "\u039d\u0391\u039d\u0391"),  # Greek throughout
    ("Victor", "\u03bdictor"),  # Greek nu
    ("Ann", "\U0001d400\U0001d427\U0001d427"),  # mathematical bold
    ("Ann", "\u1d00\u0274\u0274"),  # small capitals
    ("Ann", "\u24b6\u24dd\u24dd"),  # circled
    ("Ann", "aNN"),
    ("Ann", "A nn"),
    ("Ann", "Ann\u0336"),  # a mark that makes no letter
    ("Jos\u00e9", "Jose\u0301"),
    ("Stra\u00dfe", "STRASSE"),
    ("Bill", "BiII"),
    ("Team 10", "Team lO"),
    ("O'Neil", "O\u2019Neil"),
    ("Barney", "Bamey"),
    ("\u0417\u043e\u044f", "3o\u044f"),
    ("\u2764\ufe0f", "\u2764"),  # the same heart
]
APART = [
    ("Ann", "Anna"), ("Ann", "Amn"), ("Jos\u00e9", "Jose"),
    ("Team 1", "Team 2"), ("\u674e\u96f7", "\u97e9\u6885"),
    ("\u738b\u5c0f\u660e", "\u738b\u5c0f\u7ea2"), ("\u041e\u043b\u044f", "\u042e\u043b\u044f"),
    ("\U0001f468", "\U0001f469"),
    ("\U0001f44d\U0001f3fb", "\U0001f44d\U0001f3ff"), ("\u0928\u0940\u0932", "\u0928\u0932"),
]  # fmt: skip
ALLOWED = [
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",  # a family
    "\u2764\ufe0f\u200d\U0001f525 Bo",
    "\U0001f3f3\ufe0f\u200d\U0001f308",
    "\U0001f469\U0001f3fd\u200d\U0001f680",  # with the colour of a skin
    "1\ufe0f\u20e3 first",
    "\u738b\u5c0f\u660e",
    "\u845b\U000e0100",  # a form of a character
    "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",  # Persian needs this joiner
    "\u1ecc\u0301la",  # Yoruba: a letter with two marks
    "M\u00fcller-L\u00fcdenscheidt",
    "<b>Ann</b>",
]
REFUSED = [
    "", "   ", "x" * 25, "a\x00b", "a\u202eb", "Ann\u200dB", "An\u200bn",
    "\u200d\U0001f468", "\U0001f468\u200d",
    "Ann\u200d\U0001f468", "Ann\ufe0f", "\u3164", "\u2800", "\u034f", "A\u034fnn", "\u0301",
    "\u00ad", "\u2066Ann",
    "A\u0301\u0302\u0303\u0304nn", "\ue000", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize(("name", "other"), ALIKE, ids=[ascii(other) for _, other in ALIKE])
def test_a_name_that_looks_like_one_that_is_taken_is_refused(name: str, other: str) -> None:
    assert skeleton(name) == skeleton(other)
    for first, second in ((name, other), (other, name)):
        game = Game(GameRules(market="textbook", rounds=3, firms=3))
        game.join(first)
        with pytest.raises(GameError) as found:
            game.join(second)
        assert found.value.status == 409


def test_names_that_differ_may_sit_together() -> None:
    for name, other in APART:
        assert skeleton(clean(name)) != skeleton(clean(other)), (name, other)


@pytest.mark.parametrize("name", ALLOWED, ids=ascii)
def test_names_of_the_world_and_pictures_are_kept_as_they_are(name: str) -> None:
    assert clean(f"  {name} ") == name


@pytest.mark.parametrize("name", REFUSED, ids=ascii)
def test_what_cannot_be_seen_is_refused(name: str) -> None:
    with pytest.raises(GameError) as found:
        clean(name)
    assert found.value.status == 422


def test_letters_of_another_script_count_as_the_latin_ones_that_they_look_like() -> None:
    looks = {
        "a": "\u0430\u03b1\u1d00\uff41",
        "e": "\u0435\u03b5\u1d07\uff45",
        "o": "\u043e\u03bf\u1d0f\uff4f",
    }
    looks |= {
        "p": "\u0440\u03c1\u1d18",
        "c": "\u0441\u03f2\u1d04",
        "x": "\u0445\u03c7",
        "i": "\u0456\u03b9\u0131\u026a",
    }
    for letter, others in looks.items():
        for other in others:
            for form in (other, other.upper()):
                assert skeleton(f"b{form}b") == skeleton(f"b{letter}b"), (letter, ascii(form))
