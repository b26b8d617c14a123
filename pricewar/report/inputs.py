"""The inputs of a report: every parameter of every scenario, where it comes from and what it is part of."""

from __future__ import annotations

import csv
import inspect
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import product
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from pricewar.base.errors import InputError
from pricewar.base.speech import phrase, say, say_name
from pricewar.base.words import Words
from pricewar.plots.lettering import listed
from pricewar.results.store import Results
from pricewar.scenario.files import load
from pricewar.scenario.tree import Scenario

DATA: Final = "china_nev_2025_04"
SETS: Final = (DATA, "china_nev_2025_04b")
_DATA_SET: Final = phrase("{data}: scenario.toml of the data set")
"""The market data sets that ship: figures that a scenario takes from them are shown with their source. The
second is laid upon the first and has firms and products of its own."""
_RENAMED: Final = {
    "market.vat": "vat_rate",
    "consumers.shoppers": "shoppers_per_month",
}
"""Figures of the data set's market that have another name in a scenario."""
_WORDS: Final = ("name", "title", "market.currency", "market.unit")
"""Texts that are no inputs of the model."""


class Row(NamedTuple):
    """One parameter."""

    path: str
    value: str
    meaning: str
    source: str
    confidence: str
    part: str
    """Anchor of what it is part of; empty if that is not known."""


@dataclass(frozen=True)
class Inputs:
    """The inputs of one scenario, or how they differ from the baseline's."""

    scenario: str
    differs_from: str
    rows: tuple[Row, ...]
    parts: Mapping[str, tuple[str, str]]
    """Anchor -> what the part is called, and what its documentation says."""


class _Figure(NamedTuple):
    value: str
    unit: str
    source: str
    confidence: str


class _Known(NamedTuple):
    """What the code knows of a parameter."""

    description: str
    default: Any
    owner: type[BaseModel]
    place: str


def inputs(results: Results, baseline: str) -> list[Inputs]:
    """The baseline in full, then what differs from it in the others; nothing if they were not kept."""
    kept = results.inputs
    if baseline not in kept:
        return []
    first = dict(_leaves(kept[baseline]))
    others = (name for name in results.scenarios if name != baseline and name in kept)
    made = [_of(baseline, kept[baseline], {}, "")]
    return made + [_of(name, kept[name], first, baseline) for name in others]


def _of(name: str, tree: Mapping[str, Any], first: Mapping[str, Any], baseline: str) -> Inputs:
    described, words = _known(tree), Words.of(tree)
    leaves = dict(_leaves(tree))
    known = {path: found for path in leaves if (found := _nearest(described, path))}
    rows, parts = list[Row](), dict[str, tuple[str, str]]()
    for path, value in leaves.items():
        same = path in first and first[path] == value
        if same or path in _WORDS or _unsaid(path, value) or _foreign(path, known.get(path), value, words):
            continue
        if not baseline and _left_out(path, value, known.get(path)):
            continue
        row = _row(path, value, known.get(path), words)
        rows.append(row)
        if row.part:
            parts[row.part] = _explained(known[path], words)
    gone = [Row(path, say("not in this scenario"), "", "", "", "") for path in first if path not in leaves]
    return Inputs(name, baseline, tuple(rows + gone), parts)


def _leaves(node: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """(path, value) of every parameter of a tree; lists of plain values are one value."""
    if isinstance(node, Mapping) and node:
        pairs = [(str(key), child) for key, child in node.items() if place or key not in _WORDS]
    elif isinstance(node, (list, tuple)) and any(isinstance(child, Mapping) for child in node):
        pairs = [(str(k), child) for k, child in enumerate(node)]
    else:
        yield place, node
        return
    for key, child in pairs:
        yield from _leaves(child, f"{place}.{key}" if place else key)


def _unsaid(path: str, value: Any) -> bool:
    """Whether it says how time is stated, and says what was always so: by months."""
    by_period = path.endswith((".period", ".until_period")) and path.startswith(("events.", "interventions."))
    return (path, value) == ("period", "month") or (by_period and value is None)


_OF_CARS: Final = re.compile(
    r"market\.(pack_price|petrol_\w+)|consumers\.petrol_share|dynamics\.battery\..*|dynamics\.loyalty\.nev_.*"
    r"|demand\.(electric_sd|size_sd|suv_sd|range_sd|size_income)|firms\.[^.]+\.petrol_sales_share"
    r"|products\.[^.]+\.(segment|body|powertrain|battery_kwh|range_km)"
)
"""Parameters that mean something to cars alone."""


def _foreign(path: str, known: _Known | None, value: Any, words: Words) -> bool:
    """Whether it is a parameter of cars, left at its default, in a market of something else."""
    if words.cars or not _OF_CARS.fullmatch(path):
        return False
    return known is None or bool(value == known.default)


def _left_out(path: str, value: Any, known: _Known | None) -> bool:
    """Whether the value says nothing about a firm or a product: it is the default, and no source is known."""
    if known is None or not path.startswith(("firms.", "products.")):
        return False
    return bool(value == known.default) and _figure(path, value) is None


def _row(path: str, value: Any, known: _Known | None, words: Words) -> Row:
    ours = words.cars and words.currency == "CNY"  # else equal numbers are no figures of the data set
    figure = _figure(path, value) if ours else None
    stated = words.fill(known.description) if known else ""
    text = _meaning(known.description, words) if known else ""
    if figure is not None:
        meaning = listed([part for part in (say_name(figure.unit), text) if part])
        part = _anchor(known) if known else ""
        return Row(path, _shown(value), meaning, figure.source, say_name(figure.confidence), part)
    default = known is not None and value == known.default
    source = say("default of the model") if default else say("scenario")
    if not default and ours and _brought(path, value):
        source = say(_DATA_SET, data=DATA)
    confidence = say_name("assumed") if "assumed" in stated else ""
    return Row(path, _shown(value), text, source, confidence, _anchor(known) if known else "")


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    if isinstance(value, (int, float)):
        return f"{value:,.10g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_shown, value)) or say("none")
    return say("none") if value is None or value == {} else str(value)


def meanings(scenario: Scenario) -> set[str]:
    """What a report says of the fields and parts of a scenario, as the code has it."""
    known = [known for _, known in _described(scenario)]
    return {one.description for one in known} | {inspect.cleandoc(one.owner.__doc__ or "") for one in known}


def units() -> set[str]:
    """Units of the figures of shipped data sets."""
    return {figure.unit for figure in _figures().values()}


# -- what the code knows --------------------------------------------------------------------------


def _known(tree: Mapping[str, Any]) -> dict[str, _Known]:
    """What is known of each path; nothing where a user's own rule is no longer available."""
    with suppress(InputError):
        return dict(_described(load(tree)))
    return {}


def _nearest(known: Mapping[str, _Known], path: str) -> _Known | None:
    """What is known of a path, or of the table that it is an entry of."""
    while path and path not in known:
        path = path.rpartition(".")[0]
    return known.get(path)


def _described(node: Any, place: str = "") -> Iterator[tuple[str, _Known]]:
    if isinstance(node, BaseModel):
        if hasattr(node, "kind"):
            yield f"{place}.kind", _Known(phrase("which rule"), None, type(node), place)
        for name, field in type(node).model_fields.items():
            path, value = f"{place}.{name}" if place else name, getattr(node, name)
            yield path, _Known(field.description or "", field.default, type(node), place)
            yield from _described(value, path)
    elif isinstance(node, Mapping):
        for key, child in node.items():
            yield from _described(child, f"{place}.{key}")
    elif isinstance(node, tuple):
        for k, child in enumerate(node):
            yield from _described(child, f"{place}.{k}")


def _anchor(known: _Known) -> str:
    """Where the page explains what a parameter is part of."""
    return re.sub(r"[^a-z0-9]+", "-", f"part-{known.owner.__module__}-{known.owner.__name__}".lower())


def _explained(known: _Known, words: Words) -> tuple[str, str]:
    owner = known.owner
    title = say("Scenario") if owner is Scenario else f"{owner.__name__} ({_where(known.place)})"
    return title, _meaning(inspect.cleandoc(owner.__doc__ or ""), words)


def _meaning(text: str, words: Words) -> str:
    """What the code says of a field or a part: translated whole, else in the words of the market."""
    told = say_name(text)
    return told if told != text else words.fill(text)


def _where(place: str) -> str:
    """The table of a scenario file, with ID for a name that the file chooses."""
    return re.sub(r"^(firms|products|supply_chain\.groups)\.[^.]+", r"\1.ID", re.sub(r"\.\d+\b", "", place))


# -- what the data set knows ----------------------------------------------------------------------


def _figure(path: str, value: Any) -> _Figure | None:
    """The figure of the data set that a parameter has, if it has its value."""
    table, _, rest = path.partition(".")
    entity, _, variable = rest.partition(".")
    if table in ("market", "consumers"):
        table, entity, variable = "market", "market", _RENAMED.get(path, entity)
    found = _figures().get((table, entity, variable))
    return found if found is not None and _equal(found.value, value) else None


def _equal(text: str, value: Any) -> bool:
    if isinstance(value, str) or value is None:
        return text == value
    try:
        return float(text) == float(value)
    except (TypeError, ValueError):
        return False


def _brought(path: str, value: Any) -> bool:
    """Whether the data set's own scenario.toml states a parameter, with this value."""
    brought = _bringing()
    return path in brought and brought[path] == value


@lru_cache(maxsize=1)
def _bringing() -> dict[str, Any]:
    text = files("pricewar.data").joinpath(DATA, "scenario.toml").read_text(encoding="utf-8")
    return dict(_leaves(tomllib.loads(text)))


@lru_cache(maxsize=1)
def _figures() -> dict[tuple[str, str, str], _Figure]:
    found = dict[tuple[str, str, str], _Figure]()
    for data, table in product(SETS, ("firms", "products", "market")):
        path = files("pricewar.data").joinpath(data, f"{table}.csv")
        if path.is_file():
            with path.open("r", encoding="utf-8") as lines:
                for row in csv.DictReader(lines):
                    source = f"{data}: {row['source']}"
                    figure = _Figure(row["value"], row["unit"], source, row["confidence"])
                    found.setdefault((table, row["entity"], row["variable"]), figure)
    return found
