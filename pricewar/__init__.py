"""pricewar: an open simulator of price wars between makers of differentiated products.

Examples:
    >>> from pricewar import load, run
    >>> results = run(load("baseline").but({"demand.own_elasticity": -3}), seeds=20)

Names are imported when first used, so that checking a file does not wait for the compiler.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._moved import install

if TYPE_CHECKING:
    from pricewar.base.errors import InputError
    from pricewar.experiment import Experiment, load_experiment, run_experiment
    from pricewar.from_table import market_from
    from pricewar.market.model import PriceWar
    from pricewar.results.store import Results
    from pricewar.runs import compare, run
    from pricewar.scenario.files import load
    from pricewar.scenario.tree import Scenario

_HOME = {
    "Experiment": "experiment",
    "InputError": "base.errors",
    "PriceWar": "market.model",
    "Results": "results.store",
    "Scenario": "scenario.tree",
    "compare": "runs",
    "load": "scenario.files",
    "load_experiment": "experiment",
    "market_from": "from_table",
    "run": "runs",
    "run_experiment": "experiment",
}
__all__ = [
    "Experiment",
    "InputError",
    "PriceWar",
    "Results",
    "Scenario",
    "compare",
    "load",
    "load_experiment",
    "market_from",
    "run",
    "run_experiment",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'pricewar' has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


install()
