"""Experiments: a scenario, factors, a design, seeds and metrics in; one table of runs out."""

from pricewar.results.bounds import DIFF

from .files import load_experiment, shipped_experiments
from .metrics import Run, expand, measure
from .spec import Experiment
from .study import Study, run_experiment
from .work import simulate

__all__ = [
    "DIFF",
    "Experiment",
    "Run",
    "Study",
    "expand",
    "load_experiment",
    "measure",
    "run_experiment",
    "shipped_experiments",
    "simulate",
]
