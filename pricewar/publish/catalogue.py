"""Catalogues of translations, made from the code: `python -m pricewar.publish.catalogue`.

Sentences are found where they are said; names and meanings where shipped scenarios and the code hold them.
Translations that are there stay; what has none yet is left empty, and a test names it.
"""

from __future__ import annotations

import inspect
import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract
from pydantic import BaseModel

from pricewar.base.edition import EDITION
from pricewar.base.speech import FOLDER, LINE, LOCALES, NAME
from pricewar.report.differences import HIDDEN
from pricewar.report.inputs import meanings, units
from pricewar.scenario.files import load, shipped_scenarios

PACKAGE: Final = FOLDER.parent
KEYWORDS: Final[dict[str, Any]] = {"say": None, "phrase": None, "say_many": (1, 2)}
_SPEAKS: Final = r"base\.speech import|base import speech"
LINES: Final = (
    "end of: {what}",
    "launch of {what}",
    "{firm} enters",
    "{firm} leaves the market",
    "{firm} gives up and leaves",
    "{firm} runs out of cash and leaves",
    "{firm} cuts prices by {size}",
    "{firm} cuts prices of {many} products",
    "{firm} cuts {many} models by up to {top} CNY",
    "{firm} cuts {many} products by up to {top} CNY",
    "{firm} loses {size} of its orders to a brand shock",
    "{firm} gains {size} of its orders to a brand shock",
    "unit cost {change}: {firms}",
    "chip shock: {firms} pay {more} CNY more a car, {left} of capacity left",
    "capacity of {firm} x {factor}",
    "capacity of {firm} + {units} cars a month",
    "subsidy {amount} CNY a car",
    "shoppers x {factor}",
    "fixed cost of {firm} {amount}M CNY a month",
    "fixed cost of {firm} {amount}bn CNY a month",
)
"""What the log of a run can say, by what changes in it."""


def extracted() -> Catalog:
    """All that is said, without translations, in the order of context and sentence."""
    found: dict[tuple[str | None, str], str | tuple[str, ...]] = {}
    for ids in _said():
        found[None, ids if isinstance(ids, str) else ids[0]] = ids
    for place in [*((NAME, text) for text in names()), *((LINE, text) for text in LINES)]:
        found[place] = place[1]
    made = _empty()
    for context, first in sorted(found, key=lambda key: (key[0] or "", key[1])):
        made.add(found[context, first], context=context)
    return made


def _said() -> Iterator[str | tuple[str, ...]]:
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix == ".j2":
            method: Any = babel_extract
        elif path.suffix == ".py" and re.search(_SPEAKS, path.read_text(encoding="utf-8")):
            method = "python"
        else:
            continue
        for _, ids, _, _ in extract_from_file(method, path, KEYWORDS):
            yield ids if isinstance(ids, str) else tuple(ids)


def names() -> set[str]:
    """Names, titles, labels and meanings that shipped scenarios and the code hold."""
    held = {"CNY", "EUR", "USD", "cars", "units", "high", "medium", "low", "assumed"}
    for name in shipped_scenarios():
        scenario = load(name)
        held |= {scenario.title, *(firm.name for firm in scenario.firms.values()), *meanings(scenario)}
        held |= {label for one in scenario.events if (label := one.label)}
        held |= {getattr(one, "label", None) or "" for one in scenario.interventions}
        held |= {one.describe() for one in scenario.interventions}
        held |= {name for one in (*scenario.events, *scenario.interventions) for name in _fields(one)}
    return {inspect.cleandoc(text) for text in held | units() if text}


def _fields(rule: BaseModel) -> Iterator[str]:
    return (name for name in type(rule).model_fields if name not in HIDDEN)


def _empty(**more: Any) -> Catalog:
    began = datetime(2025, 4, 30, tzinfo=UTC)  # a date of today would be another file every day
    return Catalog(
        project="pricewar",
        version=str(EDITION),
        msgid_bugs_address="",
        creation_date=began,
        revision_date=began,
        last_translator="",
        language_team="",
        header_comment="# Sentences of pricewar, made by python -m pricewar.publish.catalogue",
        fuzzy=False,
        **more,
    )


def kept(folder: str) -> Catalog:
    """The catalogue of a language as it is on disk; empty where there is none."""
    path = _file(folder, "po")
    if not path.is_file():
        return _empty(locale=folder)
    with path.open("rb") as file:
        return read_po(file, locale=folder)


def renewed(folder: str) -> Catalog:
    """What is said, with the translations that are on disk."""
    old, made = kept(folder), _empty(locale=folder)
    for message in extracted():
        if message.id:
            known = old.get(message.id if isinstance(message.id, str) else message.id[0], message.context)
            string = known.string if known is not None else None
            made.add(message.id, string, context=message.context)
    return made


def compiled(catalogue: Catalog) -> bytes:
    """What programs read."""
    file = io.BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def _file(folder: str, ending: str) -> Path:
    return FOLDER / folder / "LC_MESSAGES" / f"pricewar.{ending}"


def main() -> int:
    """Renew the catalogues of all languages; 1 where a translation is missing."""
    missing = 0
    for folder in filter(None, LOCALES.values()):
        made = renewed(folder)
        with _file(folder, "po").open("wb") as file:
            write_po(file, made, width=110, omit_header=False)
        _file(folder, "mo").write_bytes(compiled(made))
        missing += sum(not message.string or message.string == ("",) for message in made if message.id)
    sys.stdout.write(f"{missing} without translation\n")
    return int(missing > 0)


if __name__ == "__main__":
    sys.exit(main())
