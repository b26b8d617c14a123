"""The edition of the model: a number that rises when the same scenario gives other numbers than before.

A version says which code ran; an edition says which market it computed. Every result carries it. What an
older edition wrote is read with one warning that says what differs; what a newer one wrote is refused.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from typing import Final

from .errors import EditionWarning, ResultsError, bad_input

EDITION: Final[int] = 5
"""The edition of this code."""

EDITIONS: Final[dict[int, str]] = {
    1: "cars were booked at the price of the month of delivery; a cut was measured from the start price; "
    "welfare counted what only feels cheap and left out petrol cars",
    2: "an order keeps its price, or gets the lower one at delivery; a cut is what lies below the maker's "
    "own reference price, moved by its costs; surplus is experience utility, and petrol cars count",
    3: "a market from scratch assumes nothing of cars: what it does not state has no effect; events of one "
    "month have one order; no sum depends on threads. Markets of shipped data give the numbers of edition 2",
    4: "shipped scenarios of 2025 have eight makers in place of the fringe, shocks to firms as measured, and "
    "campaigns that firms start. A market without them gives the numbers of edition 3",
    5: "consumer surplus counts the level of what shopping is worth once for each person, and not again when "
    "they come back or stay away because they moved their purchase; all else is as in edition 4",
}
"""What each edition computes, against the one before it."""

FIRST: Final = 1
"""The edition of what states none: it was written before there were editions."""

_MARK: Final = re.compile(r"<!-- model edition (\d+) -->")


def difference(older: int) -> str:
    """What an older edition computed, and what each later one up to this one changed.

    Raises:
        ValueError: not an older edition.
    """
    if older not in EDITIONS or older >= EDITION:
        raise ValueError(f"edition {older}: older editions are {FIRST} to {EDITION - 1}")
    later = (f"edition {number}: {EDITIONS[number]}" for number in range(older + 1, EDITION + 1))
    return f"edition {older}: {EDITIONS[older]}. Since then, {'; '.join(later)}."


def is_known(found: object) -> bool:
    """Whether this is the number of an edition that this code knows."""
    return isinstance(found, int) and not isinstance(found, bool) and found in EDITIONS


def file_edition(tree: Mapping[str, object], source: str) -> int:
    """The edition that an input file states; without the key, the current one.

    Raises:
        InputError: a newer edition than this code's, or no number of an edition.
    """
    found = tree.get("edition", EDITION)
    if not is_known(found):
        raise bad_input(source, ("edition", found, f"{allowed()}; a newer one needs a newer pricewar"))
    return int(str(found))


def warn_of_files(older: Mapping[str, int]) -> None:
    """One warning for all files of one reading that were written for an older edition (file -> edition)."""
    if older:
        files = ", ".join(older)
        _warn(f"{files}: written for an older model, runs with edition {EDITION}", min(older.values()))


def result_edition(tree: Mapping[str, object], source: str) -> int:
    """The edition that stored results state, 1 if they state none; an older one gives one warning.

    Raises:
        ResultsError: a newer edition than this code's, or no number of an edition.
    """
    found = tree.get("edition", FIRST)
    if not is_known(found):
        raise ResultsError(
            f"{source}: edition: found {found!r}; allowed: {allowed()}; results of a newer edition need a "
            "newer pricewar"
        )
    edition = int(str(found))
    if edition < EDITION:
        _warn(f"{source}: results of an older model, not to be compared with edition {EDITION}", edition)
    return edition


def require_same(tree: Mapping[str, object], source: str) -> None:
    """Refuse to go on with what another edition began.

    Raises:
        InputError: the stored edition, 1 if it states none, is not this code's.
    """
    found = tree.get("edition", FIRST)
    if found != EDITION or isinstance(found, bool):
        what = difference(int(str(found))) if is_known(found) else "written by a newer pricewar."
        wanted = f"{EDITION}, the edition of this pricewar: choose another folder (--out). {what}"
        raise bad_input(f"{source} was begun with another model", ("edition", found, wanted))


def allowed() -> str:
    """The editions that can be read, in words."""
    return f"a whole number from {FIRST} to {EDITION}"


def mark(edition: int = EDITION) -> str:
    """The comment that a written page carries."""
    return f"<!-- model edition {edition} -->"


def marked(text: str) -> int | None:
    """The edition that a page carries; None without a mark.

    A page with several marks is as old as the oldest part of it.
    """
    found = [int(number) for number in _MARK.findall(text)]
    return min(found, default=None)


def oldest(editions: Iterable[int]) -> int:
    """The oldest of several editions; the current one of none."""
    return min((int(edition) for edition in editions), default=EDITION)


def _warn(text: str, older: int) -> None:
    warnings.warn(
        f"{text}. {difference(older)[0].upper()}{difference(older)[1:]}", EditionWarning, stacklevel=3
    )
