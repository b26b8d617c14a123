"""What differs between scenarios, in words made from their inputs, and which assumptions carry the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from pricewar.base.chinese import say_date
from pricewar.base.errors import InputError
from pricewar.base.speech import language, phrase, retell, say, say_many, say_name
from pricewar.base.words import Words
from pricewar.plots.lettering import listed
from pricewar.results.store import Results
from pricewar.scenario.files import load

from .inputs import Inputs, Row

LISTS: Final = ("events", "interventions")
"""Parts of a scenario that are told as wholes, one sentence each."""
MOST: Final = 6
"""Changes of single values that are told one by one; more are counted."""
LISTED: Final = 4
"""Entries of a table that are told one by one; of more, their range."""
HIDDEN: Final = ("kind", "label", "note", "turn")
"""Fields of an event or a measure that its own line has said, or that say nothing of it."""
CARRIERS: Final = (
    ("demand.own_elasticity", "docs/reference/demand.md"),
    ("demand.income_elasticity", "docs/reference/demand.md"),
    ("market.pass_through", "docs/reference/dynamics.md"),
    ("market.variable_share", "docs/reference/dynamics.md"),
    ("dynamics.learning.rate", "docs/reference/dynamics.md"),
    ("dynamics.battery.change_a_year", "docs/reference/dynamics.md"),
    ("supply_chain.squeeze", "docs/reference/dynamics.md"),
    ("*.follow_rate", "docs/explanation/strategies-in-china.md"),
    ("campaigns.rule.follow_size", "docs/explanation/campaigns.md"),
    ("consumers.shoppers", "docs/reference/data.md"),
)
"""Assumptions on which comparisons of prices rest, and the page that argues each: a path, or how it ends."""


def differences(results: Results, baseline: str) -> dict[str, list[str]]:
    """Scenario -> sentences: what it has that the baseline has not. Empty where inputs were not kept."""
    kept = results.inputs
    if baseline not in kept:
        return {}
    words = Words.of(kept[baseline])
    others = [name for name in results.scenarios if name != baseline and name in kept]
    return {name: _told(kept[baseline], kept[name], words) for name in others}


def _told(first: Mapping[str, Any], other: Mapping[str, Any], words: Words) -> list[str]:
    sentences = [*_lists(first, other, words)]
    changed = [(path, old, new) for path, old, new in _changed(first, other) if old != new]
    for path, old, new in changed[:MOST]:
        text = phrase("{path} is {new} in place of {old}.")
        sentences.append(say(text, path=path, new=_shown(new), old=_shown(old)))
    if len(changed) > MOST:
        rest = say_many(
            "{many} more value differ; all inputs are at the end.",
            "{many} more values differ; all inputs are at the end.",
            len(changed) - MOST,
        )
        sentences.append(rest)
    return sentences or [say("Nothing but words.")]


def _lists(first: Mapping[str, Any], other: Mapping[str, Any], words: Words) -> Iterator[str]:
    """Events and measures that only one of the two has."""
    with suppress(InputError):
        scenario, base = load(dict(other)), load(dict(first))
        added = {"events": phrase("Event added: {what}."), "interventions": phrase("Measure added: {what}.")}
        for part, text in added.items():
            here, there = getattr(scenario, part), getattr(base, part)
            for one in here:
                if one not in there:
                    yield say(text, what=_line(one, words))
            for one in there:
                if one not in here:
                    yield say("Left out: {what}.", what=_line(one, words))


def _line(one: Any, words: Words) -> str:
    """An event or a measure with all that it states beyond its defaults."""
    tree = one.model_dump(mode="json")
    usual = {name: field.default for name, field in type(one).model_fields.items()}
    stated = {
        name: value
        for name, value in tree.items()
        if name not in HIDDEN and value not in (None, "", [], {}) and value != usual.get(name)
    }
    described = retell(one.describe(words) if "events" in type(one).__module__ else one.describe())
    if not stated:
        return described
    details = [f"{_field(name)} {_shown(value)}" for name, value in stated.items()]
    return say("{described} ({details})", described=described, details=say(", ").join(details))


def _field(name: str) -> str:
    """What a field is called."""
    return name.replace("_", " ") if language() == "en" else say_name(name)


def _changed(first: Any, other: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(path, value there, value here) of what differs outside events and measures."""
    if isinstance(first, Mapping) and isinstance(other, Mapping):
        for key in [*first, *(key for key in other if key not in first)]:
            if place or key not in (*LISTS, "name", "title", "uncertainty", "posterior", "fixed"):
                path = f"{place}.{key}" if place else str(key)
                yield from _changed(first.get(key), other.get(key), path)
    elif first != other:
        yield place, first, other


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: say("yes"), False: say("no"), None: say("none")}[value]
    if isinstance(value, (int, float)):
        return f"{value:,.10g}"
    if isinstance(value, Mapping):
        parts = list(value.values())
        if len(parts) > LISTED and all(isinstance(part, (int, float)) for part in parts):
            text = phrase("of {many}, {low} to {high}")
            return say(text, many=len(parts), low=_shown(min(parts)), high=_shown(max(parts)))
        return listed([f"{key} {_shown(part)}" for key, part in value.items()])
    if isinstance(value, Sequence) and not isinstance(value, str):
        return say(" and ").join(map(_shown, value)) or say("none")
    return say_date(str(value))


def carried_by(inputs: Sequence[Inputs]) -> list[tuple[Row, str]]:
    """Rows of the baseline's inputs that carry the answer, each with the page that argues it.

    Of rules that many firms have alike, the first is shown.
    """
    found = []
    for pattern, page in CARRIERS:
        rows = inputs[0].rows if inputs else ()
        fits = [row for row in rows if row.path == pattern or row.path.endswith(pattern.removeprefix("*"))]
        values = {row.value for row in fits}
        if fits:
            value = fits[0].value
            if len(values) > 1:
                value = say("{value} ({many} values among firms)", value=value, many=len(values))
            found.append((fits[0]._replace(path=_named(fits), value=value), page))
    return found


def _named(rows: Sequence[Row]) -> str:
    """The path, with a star for the firm where several firms have it."""
    first = rows[0].path
    if len(rows) == 1:
        return first
    parts = first.split(".")
    return ".".join(["firms", "*", *parts[2:]]) if parts[0] == "firms" else first
