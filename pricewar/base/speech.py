"""What people read, in their language: English sentences are the keys of a catalogue of translations.

Code holds whole English sentences with named places, `say("{firm} leaves", firm="BYD")`. In English they are
said as they stand; in another language the catalogue under pricewar/locale has the same sentence, with the
same places in its own order. Only words for people are said: tables, columns, digests and what a run logs are
the same in all languages. Argued in docs/adr/0119-two-languages.md.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from .errors import bad_input

LOCALES: Final = {"en": "", "zh": "zh_CN"}
"""Language as it is asked for, and the folder of its catalogue; English needs none."""
HTML: Final = {"en": "en", "zh": "zh-CN"}
"""What a page says of its language."""
FOLDER: Final = Path(__file__).resolve().parents[1] / "locale"
"""Where catalogues are."""
NAME: Final = "name"
"""Context of names and texts that data and scenarios hold, such as "BYD"."""
LINE: Final = "line"
"""Context of lines of a log, which is kept in English: patterns that a line can fit."""
_speaking: ContextVar[str] = ContextVar("language", default="en")


def language() -> str:
    """The language that is spoken here: "en" or "zh"."""
    return _speaking.get()


@contextmanager
def speaking(wanted: str) -> Iterator[None]:
    """Speak a language within the block; other threads and tasks keep theirs.

    A process that is to speak it must be told: `language()` is the argument to hand over.

    Args:
        wanted: of `LOCALES`.

    Raises:
        InputError: there is no such language.
    """
    if wanted not in LOCALES:
        raise bad_input("language", ("lang", wanted, f"one of {', '.join(LOCALES)}"))
    token = _speaking.set(wanted)
    try:
        yield
    finally:
        _speaking.reset(token)


def say(text: str, /, **terms: Any) -> str:
    """A sentence in the language spoken here.

    Args:
        text: the English sentence, with a name in braces for each term.
        terms: what the places hold; without any, the sentence stands as it is.
    """
    told = _catalogue(language()).gettext(text) if language() != "en" else text
    return told.format(**terms) if terms else told


def say_many(one: str, more: str, many: int, /, **terms: Any) -> str:
    """A sentence with a number, `{many}`, in the form that the number asks for.

    Args:
        one: the English sentence for the number 1.
        more: for all other numbers.
        many: the number.
        terms: what the other places hold.
    """
    if language() == "en":
        told = one if many == 1 else more
    else:
        told = _catalogue(language()).ngettext(one, more, many)
    return told.format(many=many, **terms)


def phrase(text: str) -> str:
    """A sentence that is said later: it marks a constant for the catalogue and is the text itself."""
    return text


def say_name(text: str) -> str:
    """A name or title that data or a scenario holds, where the catalogue knows it; else as it stands."""
    if language() == "en":
        return text
    return _catalogue(language()).pgettext(NAME, text)


def retell(line: str) -> str:
    """A line that was made in English and kept, said again; as it stands where no pattern fits it.

    What fills the places of a pattern is looked up as a line, then as a name.
    """
    if language() == "en" or not line:
        return line
    for fits, pattern in _patterns(language()):
        if found := fits.fullmatch(line):
            terms = {name: retell(text) for name, text in found.groupdict().items()}
            return _catalogue(language()).pgettext(LINE, pattern).format(**terms)
    return ", ".join(map(say_name, line.split(", "))) if say_name(line) == line else say_name(line)


def catalogue(wanted: str) -> dict[str, str]:
    """English sentence -> sentence, of all that a language says; a page in a browser can do the same with it.

    Names and lines have their context and the character U+0004 before them, as gettext keeps them. Of
    sentences with a number, Chinese has one form, and both English ones lead to it. Empty for English.
    """
    if wanted == "en":
        return {}
    # The standard library has no public list of a catalogue's entries; web frameworks read the same one.
    held: dict[Any, str] = _catalogue(wanted)._catalog  # type: ignore[attr-defined]
    return {key if isinstance(key, str) else key[0]: text for key, text in held.items() if key}


@lru_cache(maxsize=len(LOCALES))
def _catalogue(wanted: str) -> gettext.NullTranslations:
    return gettext.translation("pricewar", FOLDER, [LOCALES[wanted]])


@lru_cache(maxsize=len(LOCALES))
def _patterns(wanted: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Patterns of lines, the longest first: of two that fit, the one that says more."""
    head = f"{LINE}\x04"
    texts = [key.removeprefix(head) for key in catalogue(wanted) if key.startswith(head)]
    return tuple((_as_pattern(text), text) for text in sorted(texts, key=lambda text: (-len(text), text)))


def _as_pattern(text: str) -> re.Pattern[str]:
    """What a sentence with places fits."""
    parts = re.split(r"\{(\w+)\}", text)
    escaped = (re.escape(part) if k % 2 == 0 else f"(?P<{part}>.+?)" for k, part in enumerate(parts))
    return re.compile("".join(escaped))
