"""Numbers in a page of prose: what is between two marks is made, and the rest is written by people.

<!-- numbers: begin -->          <!-- numbers NAME: begin -->
...                              ...
<!-- numbers: end -->            <!-- numbers NAME: end -->
"""

from __future__ import annotations

import re
from typing import Final

from pricewar.base.edition import mark
from pricewar.base.errors import bad_input

_PART: Final = re.compile(
    r"<!-- numbers(?: [\w-]+)?: begin -->\n(.*?)<!-- numbers(?: [\w-]+)?: end -->", re.S
)


def marks(name: str = "") -> tuple[str, str]:
    """The two marks of a part of a page."""
    part = f"numbers {name}" if name else "numbers"
    return f"<!-- {part}: begin -->", f"<!-- {part}: end -->"


def has_numbers(page: str) -> bool:
    """Whether a page has a part that is made."""
    return _PART.search(page) is not None


def parts(page: str) -> list[str]:
    """The parts of a page that are made, in order."""
    return [found[1] for found in _PART.finditer(page)]


def renewed(page: str, body: str, source: str, name: str = "") -> str:
    """The page with a new body, and the edition of the model, between the marks.

    Args:
        page: the text of the page.
        body: Markdown without a line break at its end.
        source: how errors name the page.
        name: which part; pages with one part give it no name.

    Raises:
        InputError: the marks are not there, once each and in order.
    """
    begin, end = marks(name)
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        raise bad_input(source, ("numbers", "no such part", f"one line {begin}, and below it one line {end}"))
    head, _, rest = page.partition(begin)
    return f"{head}{begin}\n{mark()}\n{body}\n{end}{rest.partition(end)[2]}"
