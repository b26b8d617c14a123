"""Which numbers of a scenario are money: those whose description says money.

The name of the currency means nothing to the model: a scenario with all its money times k is the same market.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel

_MONEY: Final = re.compile(r"\bmoney\b", re.IGNORECASE)


def money_fields(part: BaseModel, path: str = "") -> Iterator[tuple[str, float, int]]:
    """Every amount in a scenario, or in a part of it, that is stated in money.

    Args:
        part: a scenario, a table or a rule.
        path: dotted path that leads to it.

    Yields:
        (dotted path, amount, power): an amount of power 1 is money, of power -1 is per unit of money.
    """
    for name, field in type(part).model_fields.items():
        power = _power(field.description)
        if name == "table" and getattr(part, "unit", None) == "price":
            power = 1  # `Scripted` says in another field whether its table holds prices
        yield from _within(getattr(part, name), f"{path}.{name}" if path else name, power)


def times_money(part: BaseModel, k: float) -> dict[str, float]:
    """Changes, as `Scenario.but` takes them, that multiply all money by k."""
    return {path: amount * k**power for path, amount, power in money_fields(part)}


def _power(description: str | None) -> int:
    if description is None or not _MONEY.search(description):
        return 0
    return -1 if "per unit of money" in description else 1


def _within(value: Any, path: str, power: int) -> Iterator[tuple[str, float, int]]:
    if isinstance(value, BaseModel):
        yield from money_fields(value, path)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _within(item, f"{path}.{key}", power)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _within(item, f"{path}.{index}", power)
    elif power and isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path, float(value), power
