"""pricewar: an open simulator of price wars between makers of differentiated products.

>>> from pricewar import load, run
>>> results = run(load("baseline").but({"demand.own_elasticity": -3}), seeds=20)

Names are imported when first used, so that checking a file does not wait for the compiler.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .experiment import Experiment, load_experiment, run_experiment
    from .model import PriceWar
    from .results import Results
    from .runs import compare, run
    from .scenario import Scenario
    from .scenario_file import load

_HOME = {
    "Experiment": "experiment",
    "PriceWar": "model",
    "Results": "results",
    "Scenario": "scenario",
    "compare": "runs",
    "load": "scenario_file",
    "load_experiment": "experiment",
    "run": "runs",
    "run_experiment": "experiment",
}
__all__ = [
    "Experiment",
    "PriceWar",
    "Results",
    "Scenario",
    "compare",
    "load",
    "load_experiment",
    "run",
    "run_experiment",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'pricewar' has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
