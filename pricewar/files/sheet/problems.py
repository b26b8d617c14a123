"""What is wrong with a table: many places in one error, the first ones by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pricewar.base.errors import InputError, Problem

MOST_PROBLEMS: Final = 20
"""Problems named one by one; more are counted."""
Wrong = tuple[str, str, str]
"""Place, what was found, what is allowed."""


def problems(source: str, wrong: Sequence[Wrong]) -> InputError:
    """An error naming the first problems, and how many more there are."""
    made = [Problem(*one) for one in wrong[:MOST_PROBLEMS]]
    if len(wrong) > MOST_PROBLEMS:
        made.append(Problem("further rows", f"{len(wrong) - MOST_PROBLEMS} more problems", "none"))
    return InputError(source, tuple(made))
