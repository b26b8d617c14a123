"""Demand: logit, nested, mixed, linear (Shubik-Levitan) and Hotelling."""

from .base import Demand, internalisation
from .hotelling import Hotelling
from .inversion import Inversion, invert_shares
from .linear import LinearDemand, shubik_levitan
from .logit import logit, mixed_logit, nested_logit
from .mixed import MixedLogit
from .pyblp_bridge import PyblpMarket, from_pyblp, market_from_pyblp
from .sampling import Nation

__all__ = [
    "Demand",
    "Hotelling",
    "Inversion",
    "LinearDemand",
    "MixedLogit",
    "Nation",
    "PyblpMarket",
    "from_pyblp",
    "internalisation",
    "invert_shares",
    "logit",
    "market_from_pyblp",
    "mixed_logit",
    "nested_logit",
    "shubik_levitan",
]
