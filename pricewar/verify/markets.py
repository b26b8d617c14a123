"""Several markets in one file: products and draws carry the id of their market, as in pyblp's data.

`market_ids` (N,) says of which market each product is, `agent_market_ids` the same of each draw; without the
second all markets have the same draws. Arrays with N rows are cut by product, those of the draws by draw; a
table whose names are the ids holds one value for each market; everything else is common.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewar.base.errors import bad_input

from .demographics import attributes
from .market import Case
from .nests import own_rho
from .words import SPELLINGS

Mask = NDArray[np.int64]
_SQUARE = (*SPELLINGS["ownership"],)
_DRAWS = ("weights", "agent_weights", "nodes", "integration_nodes", "nodes_", "demographics", "alpha_i")
"""Keys, or beginnings of them, that hold a row for each draw."""


@dataclass(frozen=True)
class Part:
    """One market of a file: its inputs, its outputs, and where its products stand."""

    inputs: dict[str, Any]
    outputs: dict[str, Any]
    market: str | None
    places: Mask

    def tell(self, case: Case) -> Case:
        """The case with its market's id and places."""
        return replace(case, market=self.market, places=self.places)


@dataclass(frozen=True)
class Frame:
    """How the file's rows belong to markets, and which of them this is."""

    ids: list[str]
    products: NDArray[Any]
    draws: NDArray[Any] | None
    attributes: frozenset[str]
    number: int

    @property
    def places(self) -> Mask:
        """Rows of this market's products."""
        return np.flatnonzero(self.products == self.ids[self.number])

    def of_market(self, value: Any) -> Any:
        """The part of a value that is a table by market, else the value."""
        if isinstance(value, dict) and set(value) == set(self.ids):
            return value[self.ids[self.number]]
        return value

    def cut(self, key: str, value: Any) -> Any:
        """The part of an input that belongs to this market."""
        own = self.of_market(value)
        if own is not value or not isinstance(value, list):
            return own
        if key.startswith(_DRAWS) or key in self.attributes:
            if self.draws is None or len(value) != self.draws.size:
                return value
            return [value[i] for i in np.flatnonzero(self.draws == self.ids[self.number])]
        if len(value) != self.products.size:
            return value
        rows = [value[i] for i in self.places]
        return [row[: len(rows)] for row in rows] if key in _SQUARE else rows


def parts(inputs: dict[str, Any], outputs: dict[str, Any]) -> list[Part]:
    """The markets of a file, in the order of their sorted ids, as in pyblp's results."""
    key = next((key for key in SPELLINGS["market_ids"] if inputs.get(key) is not None), None)
    agents = next((key for key in SPELLINGS["agent_market_ids"] if inputs.get(key) is not None), None)
    if key is None:
        return [Part(inputs, outputs, None, np.arange(0))]
    products = _labels(key, inputs[key])
    draws = None if agents is None else _labels(agents, inputs[agents])
    ids = [str(label) for label in np.unique(np.asarray(inputs[key]))]
    if draws is not None and set(draws.tolist()) != set(ids):
        raise bad_input("case", (f"inputs.{agents}", sorted(set(draws.tolist())), f"the markets {ids}"))
    _check_sizes(inputs, ids, products, draws)
    rest = {k: v for k, v in inputs.items() if k not in (key, agents, "J", "R", "I", "T")}
    people = attributes(inputs)
    return [_part(rest, outputs, Frame(ids, products, draws, people, number)) for number in range(len(ids))]


def _labels(key: str, value: Any) -> NDArray[Any]:
    if not isinstance(value, list) or not value or any(isinstance(label, (list, dict)) for label in value):
        raise bad_input("case", (f"inputs.{key}", value, "a list of ids, one for each row"))
    return np.array([str(label) for label in value])


def _check_sizes(
    inputs: dict[str, Any], ids: list[str], products: NDArray[Any], draws: NDArray[Any] | None
) -> None:
    """Hold stated numbers of products, draws and markets against the ids."""
    by_market = [int((products == market).sum()) for market in ids]
    fits: dict[str, list[Any]] = {
        "T": [len(ids)],
        "J": [products.size, by_market, dict(zip(ids, by_market, strict=True))],
    }
    if draws is not None:
        by_draw = [int((draws == market).sum()) for market in ids]
        fits["R"] = fits["I"] = [draws.size, by_draw, by_draw[0] if len(set(by_draw)) == 1 else None]
    if len(set(by_market)) == 1:
        fits["J"].append(by_market[0])
    for name, allowed in fits.items():
        if inputs.get(name) is not None and inputs[name] not in allowed:
            raise bad_input("case", (f"inputs.{name}", inputs[name], f"{allowed[0]}, by the ids"))


def _part(inputs: dict[str, Any], outputs: dict[str, Any], frame: Frame) -> Part:
    own = {key: frame.cut(key, value) for key, value in inputs.items()}
    own["J"] = int(frame.places.size)
    if "R" in inputs and frame.draws is None:
        own["R"] = inputs["R"]
    own_rho(inputs, own)
    given = frame.of_market(outputs)
    sections = {
        name: {k: expected(k, v, frame) for k, v in section.items()} if isinstance(section, dict) else section
        for name, section in ((name, frame.of_market(section)) for name, section in given.items())
    }
    return Part(own, sections, frame.ids[frame.number], frame.places)


def expected(name: str, value: Any, frame: Frame) -> Any:
    """The part of an output that belongs to this market: by id, by market, or by product."""
    own = frame.of_market(value)
    if own is not value or not isinstance(value, list):
        return own
    markets, products = len(frame.ids), frame.products.size
    if len(value) == products:
        rows = [value[i] for i in frame.places]
        matrix = all(isinstance(row, list) for row in rows)
        return [_trimmed(row, len(rows)) for row in rows] if matrix else rows
    if len(value) == markets:
        return value[frame.number]
    return value


def _trimmed(row: list[Any], size: int) -> list[Any]:
    """A row without the fill beyond the market's products."""
    return row[:size] if all(entry is None for entry in row[size:]) else row
