"""What is not known of a market: its parameters, what they change in a scenario, a joint sample of them."""

from .parameters import PARAMETERS, Parameter, changes_of
from .sample import Draw, Posterior, load_posterior, shipped_posteriors

__all__ = [
    "PARAMETERS",
    "Draw",
    "Parameter",
    "Posterior",
    "changes_of",
    "load_posterior",
    "shipped_posteriors",
]
