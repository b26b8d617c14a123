"""What is not known of a market: its parameters, a joint sample of them, and what a seed stands for."""

from pricewar.scenario.tree import Uncertainty

from .parameters import PARAMETERS, Parameter, changes_of
from .sample import Posterior, load_posterior, shipped_posteriors
from .spread import MODES, Draw, Spread, drawn, keyed, spread_of

__all__ = [
    "MODES",
    "PARAMETERS",
    "Draw",
    "Parameter",
    "Posterior",
    "Spread",
    "Uncertainty",
    "changes_of",
    "drawn",
    "keyed",
    "load_posterior",
    "shipped_posteriors",
    "spread_of",
]
