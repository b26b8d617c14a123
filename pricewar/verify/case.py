"""Read a case file: a market or several in the sign convention of pyblp, and the outputs somebody computed.

Arrays are named by what they hold, so that a file explains itself; docs/reference/case-format.md lists the
names. In the file price coefficients are negative; here alpha = -coefficient is positive. A key that nothing
uses is an error: what was not read was not checked.
"""

from __future__ import annotations

import json
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pricewar.base.arguments import maybe, takes, text
from pricewar.base.arguments import path as path_
from pricewar.base.errors import InputError, Problem, bad_input
from pricewar.files.toml_text import out_of_bounds

from .inputs import Inputs, rounding_of, unknown
from .market import Case, build
from .markets import Part, parts
from .words import ALL_WORDS, is_word

#: Tables of inputs whose columns count as inputs (the first two are pyblp's names).
_TABLES = ("product_data", "agent_data", "characteristics")
_NOTES = (
    "made_by",
    "meta",
    "metadata",
    "conventions",
    "version",
    "date",
    "year",
    "notes",
    "note",
    "how",
    "name",
)
"""Parts of a file that say something to its reader: not used, whatever they hold."""


@takes(path=path_, market_id=maybe(text))
def read_case(path: Path, market_id: str | None = None) -> Case:
    """Read and check a case file of one market, or one market of several by its id.

    Args:
        path: a JSON file.
        market_id: of one market; None where there is one only.

    Raises:
        InputError: something is missing, malformed, contradictory or read by nothing; or there are several
            markets and none was named.
    """
    cases = read_cases(path)
    chosen = [case for case in cases if market_id in (None, case.market)]
    if len(chosen) != 1:
        allowed = f"one of {', '.join(str(case.market) for case in cases)}"
        raise bad_input(str(path), ("market_id", market_id, allowed))
    return chosen[0]


@takes(path=path_)
def read_cases(path: Path) -> tuple[Case, ...]:
    """Read and check a case file: one `Case` for each of its markets, by sorted id.

    Args:
        path: a JSON file.
    """
    source = str(path)
    content = _content(source, Path(path))
    inputs: dict[str, Any] = {}
    try:
        inputs, outputs = _flat(_section(content, "inputs")), _outputs(content)
        _check_notes(content)
        rounding = rounding_of(inputs)
        cases = _built(str(content.get("name", path)), parts(inputs, outputs))
        return tuple(replace(case, rounding=rounding) for case in cases)
    except InputError as error:
        raise InputError(source, (*error.problems, *_misspelt(inputs, error))) from error
    except (TypeError, ValueError, KeyError, IndexError, ArithmeticError) as error:
        found = f"{type(error).__name__}: {error}"
        raise bad_input(source, ("inputs", found, "arrays of numbers")) from error


def _misspelt(inputs: dict[str, Any], error: InputError) -> tuple[Problem, ...]:
    """Keys that are almost words of the format: what is missing may be there under a wrong name."""
    told = {problem.place for problem in error.problems}
    keys = [key for key in inputs if not is_word(key) and f"inputs.{key}" not in told]
    near = [key for key in keys if get_close_matches(key, ALL_WORDS, 1, 0.8)]
    return tuple(Problem(*map(str, unknown(f"inputs.{key}", key))) for key in near)


def _content(source: str, path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError) as error:  # ValueError: not UTF-8, not JSON, too many digits
        raise bad_input(source, ("file", str(error), "a readable JSON file")) from error
    except RecursionError:
        raise bad_input(source, ("file", "lists nested too deep", "a readable JSON file")) from None
    problems = tuple(out_of_bounds(content))
    if problems:
        raise InputError(source, problems)
    return content if isinstance(content, dict) else {}


def _section(content: dict[str, Any], name: str) -> dict[str, Any]:
    section = content.get(name)
    if not isinstance(section, dict) or not section:
        raise bad_input("case", (name, section, "a table of named values"))
    return section


def _outputs(content: dict[str, Any]) -> dict[str, Any]:
    """Section -> name -> value; loose ones are those of the base; `states` tells what sections are given."""
    name = "right" if "right" in content and "outputs" not in content else "outputs"
    section = _section(content, name)
    sections = {key: dict(value) for key, value in section.items() if isinstance(value, dict)}
    loose = {key: value for key, value in section.items() if not isinstance(value, dict)}
    if loose:
        sections.setdefault("base", {}).update(loose)
    for state, given in (content.get("states") or {}).items():
        twice = set(given) & set(sections.get(state, {}))
        if state not in sections or twice:
            found = (
                "no outputs of this name" if state not in sections else f"{sorted(twice)} also in the outputs"
            )
            raise bad_input(
                "case", (f"states.{state}", found, "what a section of the outputs is given, said once")
            )
        sections[state].update(given)
    return sections


def _check_notes(content: dict[str, Any]) -> None:
    """Refuse numbers beside inputs and outputs: nothing would read them."""
    known = {"inputs", "outputs", "right", "states", *_NOTES}
    if "outputs" in content and "right" in content:
        raise bad_input("case", ("right", "given beside outputs", "one of the two"))
    lost = [key for key, value in content.items() if key not in known and _holds_number(value)]
    if lost:
        allowed = "numbers in inputs and outputs, or in notes, which nothing reads"
        raise bad_input("case", *((key, "numbers that nothing reads", allowed) for key in lost))


def _holds_number(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_number(inner) for inner in value.values())
    if isinstance(value, list):
        return any(_holds_number(inner) for inner in value)
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _flat(inputs: dict[str, Any]) -> dict[str, Any]:
    """Inputs with the columns of tables beside the rest; ids of the draws' markets get another name."""
    out = {key: value for key, value in inputs.items() if key not in _TABLES or not isinstance(value, dict)}
    for table in _TABLES:
        columns = inputs.get(table)
        if not isinstance(columns, dict):
            continue
        for key, value in columns.items():
            name = "agent_market_ids" if table == "agent_data" and key == "market_ids" else key
            if out.get(name) is not None:
                raise bad_input("case", (f"inputs.{table}.{key}", "also elsewhere", "each input once"))
            out[name] = value
    return out


def _built(name: str, found: list[Part]) -> tuple[Case, ...]:
    read = [Inputs(part.inputs) for part in found]
    cases = tuple(part.tell(build(name, one, part.outputs)) for part, one in zip(found, read, strict=True))
    lost = [problem for one in read for problem in one.unread(other.read for other in read)]
    if lost:
        raise bad_input("case", *dict.fromkeys(lost))
    return cases
