"""Wars of history: published figures beside what the package finds, each with its public facts."""

from .facts import Facts, load_facts
from .finding import Finding, Line
from .how import How
from .study import BENCHMARKS, Study, run_benchmarks

__all__ = ["BENCHMARKS", "Facts", "Finding", "How", "Line", "Study", "load_facts", "run_benchmarks"]
