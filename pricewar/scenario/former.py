"""Keys that scenario files had once, and what takes their place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

FORMER: Final[Mapping[str, str]] = {
    "products.*.launch": 'an event: [[events]] with kind = "Launch", the product and the month',
    "interventions.*.end_known": "notice: months before `end` from which buyers reckon with the end",
}
"""Place of a key that is no more -> what to write in its place. A star stands for one name or number."""

_PLACES: Final = {
    re.compile(re.escape(place).replace(r"\*", r"[^.]+")): words for place, words in FORMER.items()
}


def in_place_of(place: str) -> str:
    """What is allowed where an unknown key stands: known keys, or for a former one what took its place.

    Args:
        place: of the key, as in an error: parts joined by dots.
    """
    return next((words for old, words in _PLACES.items() if old.fullmatch(place)), "known keys only")
