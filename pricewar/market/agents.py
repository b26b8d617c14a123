"""Agents' numbers, kept without keeping models.

mesa 3.0 to 3.3.1 count the agents of each model in a table of the class, `Agent._ids`, whose keys are the
models themselves: no model that was ever run is freed (0.7 MB each here). Mended upstream in January 2026
(mesa's pull request 3180), where models count their agents and there is no such table. Here the table forgets
a model that nobody else holds; numbers stay as mesa gives them, for agents of other models too.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

import mesa


class Counters(WeakKeyDictionary[Any, Iterator[int]]):
    """model -> its agents' next number; as mesa's own table, but with weak keys."""

    def __getitem__(self, model: Any) -> Iterator[int]:
        if model not in self:
            self[model] = count(1)
        return super().__getitem__(model)


def forget_models() -> None:
    """Let mesa's table of numbers, where this mesa has one, forget models that are gone."""
    table = getattr(mesa.Agent, "_ids", None)
    if isinstance(table, MutableMapping) and not isinstance(table, WeakKeyDictionary):
        mesa.Agent._ids = Counters(table)


forget_models()

Agent = mesa.Agent
"""The base of firms, suppliers and the regulator."""
