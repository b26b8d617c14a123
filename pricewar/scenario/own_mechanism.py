"""A user's own mechanisms: what else buyers carry over from month to month.

A scenario names them beside the built-in ones: `[dynamics.NAME] kind = "module:Class"`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from pricewar.base.records import Floats, Offers, Sales
from pricewar.base.rules import Rule, RuleOf
from pricewar.base.state import State

Notebook = dict[str, Any]
"""What a mechanism remembers in a run; empty at the start."""


class OwnMechanism(Rule):
    """Subclass it and write one or more of `appeal`, `burden`, `shoppers`, and `remember`.

    All are at rest at the start: with an empty notebook, the state and the offers of the start, appeal and
    burden are 0 and the factor on shoppers is 1. The state is there to be read. J products.
    """

    on: bool = True

    def appeal(self, state: State, offers: Offers, memory: Notebook) -> Floats:
        """(J,) utility that buyers get from each product on top of all else; it counts as welfare.

        Args:
            state: the market before this month's sales.
            offers: of this month.
            memory: the mechanism's notebook.
        """
        return np.zeros(len(offers.price))

    def burden(self, state: State, offers: Offers, memory: Notebook) -> Floats:
        """(J,) money that buyers weigh on top of each price but do not pay: it changes only choices.

        Args:
            state, offers, memory: as in `appeal`.
        """
        return np.zeros(len(offers.price))

    def shoppers(self, state: State, offers: Offers, memory: Notebook) -> float:
        """Factor on the number of people who come to the market this month.

        Args:
            state, offers, memory: as in `appeal`.
        """
        return 1.0

    def remember(self, state: State, offers: Offers, sales: Sales, memory: Notebook) -> None:
        """Write into the notebook what the next month needs, after this month's sales.

        Args:
            state: the market after the sales, to read only.
            offers, sales: of this month.
            memory: the mechanism's notebook, to write to.
        """


class MechanismOf(RuleOf):
    """Annotation of a user's own mechanism; a table that names no kind is an unknown key."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Refuse what names no kind before the rule is made."""
        inner = super().__get_pydantic_core_schema__(source, handler)
        return core_schema.chain_schema([core_schema.no_info_plain_validator_function(_named), inner])


def _named(value: object) -> object:
    if isinstance(value, (OwnMechanism, str)) or (isinstance(value, Mapping) and "kind" in value):
        return value
    raise PydanticCustomError("extra_forbidden", "unknown key")


__all__ = ["OwnMechanism"]
