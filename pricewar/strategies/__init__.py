"""Pricing rules of firms. Each cites where it comes from; add your own with `kind = "module:Class"`."""

from .base import Strategy
from .cycle import EdgeworthCycle
from .learn import Learned, QLearning, freeze
from .predation import Predation
from .punish import GreenPorter, GrimTrigger, RetaliateForgive, TitForTat
from .respond import BestResponse, Match, Undercut
from .simple import CostPlus, Hold, PerSegment, Scripted
from .sticky import Calvo, MenuCost
from .stock import StockClearing

__all__ = [
    "BestResponse",
    "Calvo",
    "CostPlus",
    "EdgeworthCycle",
    "GreenPorter",
    "GrimTrigger",
    "Hold",
    "Learned",
    "Match",
    "MenuCost",
    "PerSegment",
    "Predation",
    "QLearning",
    "RetaliateForgive",
    "Scripted",
    "StockClearing",
    "Strategy",
    "TitForTat",
    "Undercut",
    "freeze",
]
