"""Words beside numbers: thousands and millions, currencies, per cent, and what is counted."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

PER_CENT: Final = 0.01
_SCALES: Final = {
    1e-2: (
        "%", "pct", "percent", "per cent", "prozent", "pour cent", "por ciento", "per cento", "procent",
        "百分比",
    ),
    1e-3: ("‰",),
    1e3: ("k", "千", "thousand", "thousands", "tsd", "tausend", "millier", "milliers", "тыс", "'000", "000s"),
    1e4: ("万", "萬", "ten thousand"),
    1e6: ("百万", "million", "millions", "mio", "mln", "millionen", "millones", "млн"),
    1e7: ("千万",),
    1e8: ("亿", "億"),
    1e9: ("十亿", "bn", "billion", "billions", "mrd", "milliarden", "milliard", "milliards", "млрд"),
}  # fmt: skip
"""Words that may mean a thousand or a million (M, mil, mille) are left out, and so refused."""
_MONEY: Final = {
    "CNY": ("¥", "cny", "rmb", "yuan", "元", "人民币", "人民幣", "元人民币"),
    "USD": ("$", "usd", "us$", "美元", "dollar", "dollars"),
    "EUR": ("€", "eur", "euro", "euros", "欧元"),
    "GBP": ("£", "gbp", "英镑"),
    "JPY": ("jpy", "円", "日元", "yen"),
    "KRW": ("₩", "krw"),
    "INR": ("₹", "inr"),
    "CHF": ("chf",),
}
_COUNTED: Final = (
    "辆", "輛", "台", "units", "unit", "cars", "vehicles", "pcs", "stück", "stk", "unités", "unidades", "шт",
    "in", "of", "per", "each", "每", "单位", "unit:", "of price", "of sales",
)  # fmt: skip
_KIND: Final[dict[str, float | str]] = (
    {word: scale for scale, words in _SCALES.items() for word in words}
    | {word: name for name, words in _MONEY.items() for word in words}
    | dict.fromkeys(_COUNTED, "")
)
_WORDS: Final = sorted(_KIND, key=len, reverse=True)
_WORD: Final = re.compile(
    r"[\s.,/:·]*("
    + "|".join(re.escape(w) + (r"(?![a-zà-ž])" if w[-1].isalpha() and w.isascii() else "") for w in _WORDS)
    + ")"
)
_TITLE: Final = re.compile(
    r"单位|單位|units?\s*:|einheit|unité|\bin\s+(thousands?|millions?|tsd|mio|mln)\b|'000|000s"
)


@dataclass(frozen=True)
class Unit:
    """What the words beside a number say.

    Attributes:
        scale: what the number is to be multiplied by, None where nothing was said of it.
        money: the currency, empty where none was named.
    """

    scale: float | None = None
    money: str = ""


def plain(text: str) -> str:
    """In one width and lower case, blanks of all sorts one blank, signs without a shape left out."""
    if text.isascii() and text.isprintable():  # nearly all cells of a long table
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFKC", text.replace("\u2019", "'")).lower()
    kept = "".join(c for c in folded if unicodedata.category(c) not in ("Cf", "Cc") or c in "\t\n")
    return " ".join(kept.split())


def unit_of(words: str) -> Unit | None:
    """The unit that these words name, None if they are not words of a unit, all of them.

    Two scales (千万 aside, which is one word), and two currencies, are no unit.
    """
    rest, scale, money = plain(words).strip(" .,/:"), None, ""
    while rest:
        match = _WORD.match(rest)
        if match is None:
            return None
        kind, rest = _KIND[match[1]], rest[match.end() :].strip(" .,/:")
        if isinstance(kind, float):
            if scale is not None:
                return None
            scale = kind
        elif kind:
            if money not in ("", kind):
                return None
            money = kind
    return Unit(scale, money)


def names_unit(title: str) -> bool:
    """Whether a line outside the table says in which unit its numbers are."""
    words = plain(title)
    found = _TITLE.search(words)
    return (
        found is not None and re.search(r"[万萬千亿億%‰]|thousand|million|tsd|mio|mln|000", words) is not None
    )
