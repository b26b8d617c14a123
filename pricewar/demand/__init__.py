"""Demand: logit, nested, mixed, linear (Shubik-Levitan) and Hotelling."""

from pricewar.demand.base import Demand, internalisation
from pricewar.demand.hotelling import Hotelling
from pricewar.demand.inversion import Inversion, invert_shares
from pricewar.demand.linear import LinearDemand, shubik_levitan
from pricewar.demand.logit import logit, mixed_logit, nested_logit
from pricewar.demand.mixed import MixedLogit
from pricewar.demand.sampling import Nation

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
