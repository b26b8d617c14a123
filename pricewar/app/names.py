"""Names of players: what can be read, and when two names look alike on a projector.

Two names look alike if their skeletons are equal, as in Unicode Technical Standard 39. Its table has some
6,000 entries for all scripts; ours has the letters that a keyboard in a class can produce: Latin, Greek,
Cyrillic, small capitals, and figures. Compatibility forms (full width, mathematical, circled) need no table.
"""

from __future__ import annotations

import re
from typing import Final
from unicodedata import category, combining, normalize

from .game_rules import LONGEST_NAME, GameError

_FIRST: Final = str.maketrans("ΗΜΝΥϹϲ", "HMNYCc")
"""Greek letters that Unicode takes for others, which look different, once case and form are gone."""
_ALIKE: Final = (
    ("авекмнорстухѕіјһԁԛԝӏґгпиьзбч", "abekmhopctyxsljhdqwlrrnub364"),  # Cyrillic
    ("αβγεζηικμνορτυχωϳσ", "abyeznlkuvoptuxwjo"),  # Greek
    ("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢɑɡıȷi", "abcdefghljklmnoprstuvwyzagljl"),  # Latin
    ("01|", "oll"),
    ("’‘`´ʼ′", "'" * 6),
    ("‐‑‒–—−", "-" * 6),
)
_LETTERS: Final = {
    ord(one): ord(as_) for these, those in _ALIKE for one, as_ in zip(these, those, strict=True)
}
_PAIRS: Final = (("rn", "m"), ("vv", "w"))
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
"""Letters, marks and signs that leave nothing, or a gap, on the screen."""
_JOINERS: Final = "\u200c\u200d"
_VARIANTS: Final = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_HIDDEN: Final = re.compile(f"[{_JOINERS}{_VARIANTS}\\s]")
_TONES: Final = "\U0001f3fb-\U0001f3ff"
_JOINED: Final = re.compile(rf"([^\s{_JOINERS}])[{_VARIANTS}{_TONES}]*[{_JOINERS}](?=([^\s]))")
_VARIED: Final = re.compile(f"(.)[{_VARIANTS}]")
_MOST_MARKS: Final = re.compile(r"(?:\w?)([\u0300-\u036f]{3,})")


def clean(name: str) -> str:
    """A name as the class will read it.

    Raises:
        GameError: 422, it is empty, too long, or has something in it that cannot be read.
    """
    return readable(name, LONGEST_NAME, "A name")


def readable(text: str, longest: int, what: str) -> str:
    """A line of text as the class will read it.

    Args:
        text: as it was typed.
        longest: most characters.
        what: what it is called in the refusal.

    Raises:
        GameError: 422, it is empty, too long, or has something in it that cannot be read.
    """
    plain = normalize("NFC", " ".join(text.split()))
    if not 1 <= len(plain) <= longest or not _readable(plain):
        raise GameError(422, f"{what} has 1 to {longest} characters that can be read.")
    return plain


def skeleton(name: str) -> str:
    """What is left of a name if all that looks alike is the same: equal for names that look alike.

    Case, spaces, compatibility forms, marks that stand alone, and letters of other scripts that look like
    Latin ones make no difference. Accents do: José is not Jose.
    """
    plain = normalize("NFKD", _HIDDEN.sub("", name).translate(_FIRST)).translate(_FIRST)
    plain = normalize("NFKD", plain.casefold()).translate(_LETTERS)
    for pair, one in _PAIRS:
        plain = plain.replace(pair, one)
    return "".join(c for c in normalize("NFC", _HIDDEN.sub("", plain)) if not _is_loose(c))


def _is_loose(sign: str) -> bool:
    """Whether it is a mark for Latin, Greek or Cyrillic that made no letter with the one before."""
    return "\u0300" <= sign <= "\u036f" or (combining(sign) != 0 and "\u1ab0" <= sign <= "\u20f0")


def _readable(name: str) -> bool:
    """Whether all of it shows: joiners and variants only where they change what is drawn."""
    joined = {m.end() - 1 for m in _JOINED.finditer(name) if _joins(m[1], m[2])}
    varied = {m.end() - 1 for m in _VARIED.finditer(name) if _has_variants(m[1])}
    shown = all(
        at in varied if _is_variant(c) else (c.isprintable() and c not in _BLANK) or at in joined
        for at, c in enumerate(name)
    )
    return shown and _MOST_MARKS.search(name) is None and any(category(c)[0] in "LNPS" for c in name)


def _is_variant(sign: str) -> bool:
    return "\ufe00" <= sign <= "\ufe0f" or "\U000e0100" <= sign <= "\U000e01ef"


def _joins(left: str, right: str) -> bool:
    """Whether a joiner changes what is drawn: between pictures, and in scripts whose letters join."""
    if category(left) == "So" and category(right) == "So":
        return True
    return all("\u0600" <= c <= "\u0dff" for c in (left, right))


def _has_variants(sign: str) -> bool:
    return category(sign) == "So" or sign in "#*0123456789" or "\u3400" <= sign <= "\U0003ffff"
