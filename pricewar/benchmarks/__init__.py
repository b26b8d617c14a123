"""Wars of history: published figures beside what the package finds, each with its public facts."""

from .facts import Facts, load_facts
from .finding import Finding, Line
from .how import How
from .study import Study, run_benchmarks

__all__ = ["Facts", "Finding", "How", "Line", "Study", "load_facts", "run_benchmarks"]
