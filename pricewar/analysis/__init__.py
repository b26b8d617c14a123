"""What a set of runs says: comparison of scenarios, price wars, books of single firms."""

from .books import below_cost, break_even, predation
from .compare import compare_table
from .series import price_episodes
from .surplus import gains
from .wars import episodes
from .waves import waves

__all__ = [
    "below_cost", "break_even", "compare_table", "episodes", "gains", "predation", "price_episodes", "waves",
]  # fmt: skip
