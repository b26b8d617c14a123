"""Nests of a case and their correlations: one level or two, of one market or of several in a file."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewar.base.errors import bad_input

from .inputs import Inputs, numbers
from .words import SPELLINGS


def nests_of(inputs: Inputs) -> tuple[NDArray[Any] | None, Any]:
    """Nest of each product (J,), or outer and inner one (J, 2), and rho; neither without the other.

    rho is by sorted nest, or a pair of such, outer and inner.

    Raises:
        InputError: one of them alone, rows that are no pairs, labels that do not fit.
    """
    given, rho = inputs.get("nesting_ids"), inputs.get("rho")
    if given is None and (rho is None or not np.any(numbers("inputs.rho", rho))):
        return None, 0.0
    if given is None or rho is None:
        missing = "nesting_ids" if given is None else "rho"
        raise bad_input("case", (f"inputs.{missing}", None, "nesting_ids and rho, both or neither"))
    nests = _labels(given)
    if nests.ndim == 2:
        return nests, _pair(rho)
    if isinstance(rho, dict):
        labels = [str(label) for label in np.unique(nests)]
        if set(labels) != set(rho):
            raise bad_input("case", ("inputs.rho", f"nests {sorted(rho)}", f"one for each of {labels}"))
        rho = [rho[label] for label in labels]
    return nests, numbers("inputs.rho", rho)


def _labels(given: Any) -> NDArray[Any]:
    """Labels as an array (J,) or (J, 2)."""
    rows = isinstance(given, list) and any(isinstance(row, list) for row in given)
    if rows and not all(isinstance(row, list) and len(row) == 2 for row in given):
        allowed = "a nest for each product, or a pair for each: its outer and its inner nest"
        raise bad_input("case", ("inputs.nesting_ids", given, allowed))
    return np.asarray(given)


def _pair(rho: Any) -> Any:
    """Outer and inner correlations, each one number or one for each nest."""
    if isinstance(rho, (int, float)) and not isinstance(rho, bool):
        return rho
    if not isinstance(rho, list) or len(rho) != 2:
        allowed = "[outer, inner], each one number or one for each sorted nest"
        raise bad_input("case", ("inputs.rho", rho, allowed))
    return tuple(numbers(f"inputs.rho[{level}]", value) for level, value in enumerate(rho))


def own_rho(inputs: dict[str, Any], own: dict[str, Any]) -> None:
    """Put rho of the nests that a market has into `own`, where the file gives one for each of all markets.

    Raises:
        InputError: not one number for each nest of all markets.
    """
    nests = next((key for key in SPELLINGS["nesting_ids"] if key in inputs), None)
    key = next((key for key in SPELLINGS["rho"] if key in inputs), None)
    if nests is None or key is None or not isinstance(inputs[key], (list, dict)):
        return
    every, here = _labels(inputs[nests]), _labels(own[nests])
    if every.ndim == 2:
        if isinstance(inputs[key], list) and len(inputs[key]) == 2:
            sides = zip(inputs[key], (every[:, 0], every), (here[:, 0], here), strict=True)
            own[key] = [_own_level(f"{key}[{n}]", *side) for n, side in enumerate(sides)]
        return
    labels = [str(label) for label in np.unique(every)]
    value = inputs[key]
    table = value if isinstance(value, dict) else dict(zip(labels, value, strict=False))
    if set(table) != set(labels) or len(value) != len(labels):
        raise bad_input("case", (f"inputs.{key}", value, f"one for each of the nests {labels}"))
    own[key] = {label: rho for label, rho in table.items() if label in {str(nest) for nest in own[nests]}}


def _own_level(place: str, value: Any, every: NDArray[Any], here: NDArray[Any]) -> Any:
    """Of a list with one rho for each sorted nest of a level, those of the nests that are here."""
    if not isinstance(value, list):
        return value
    labels = np.unique(every, axis=0).tolist()
    if len(value) != len(labels):
        raise bad_input("case", (f"inputs.{place}", value, f"one for each of the nests {labels}"))
    present = np.unique(here, axis=0).tolist()
    return [rho for label, rho in zip(labels, value, strict=True) if label in present]
