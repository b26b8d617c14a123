"""Demand: logit, nested, mixed, linear (Shubik-Levitan) and Hotelling."""

from .base import Demand, internalisation
from .hotelling import Hotelling
from .inversion import Inversion, invert_shares
from .linear import LinearDemand, shubik_levitan
from .logit import logit, mixed_logit, nested_logit
from .mixed import MixedLogit
from .sampling import Nation

__all__ = [
    "Demand",
    "Hotelling",
    "Inversion",
    "LinearDemand",
    "MixedLogit",
    "Nation",
    "internalisation",
    "invert_shares",
    "logit",
    "mixed_logit",
    "nested_logit",
    "shubik_levitan",
]
