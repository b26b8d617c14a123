"""Experiments: a scenario, factors, a design, seeds and metrics in; one table of runs out."""

from ..bounds import DIFF
from .files import load_experiment, shipped_experiments
from .metrics import Run
from .spec import Experiment
from .study import Study, run_experiment

__all__ = ["DIFF", "Experiment", "Run", "Study", "load_experiment", "run_experiment", "shipped_experiments"]
