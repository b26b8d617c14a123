"""Equilibrium of pricing games, constrained or not; costs from prices; merger screens; pass-through."""

from .game import Game
from .passthrough import pass_through, profits
from .screens import (
    cmcr,
    compensating_costs,
    costs_from_prices,
    first_order_prices,
    gross_upward_pressure,
    guppi,
    hhi,
    hhi_change,
    lerner,
    merge,
    ssnip,
    upp,
)
from .solver import Equilibrium, solve

__all__ = [
    "Equilibrium",
    "Game",
    "cmcr",
    "compensating_costs",
    "costs_from_prices",
    "first_order_prices",
    "gross_upward_pressure",
    "guppi",
    "hhi",
    "hhi_change",
    "lerner",
    "merge",
    "pass_through",
    "profits",
    "solve",
    "ssnip",
    "upp",
]
