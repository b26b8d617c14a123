"""`pricewar data new`: the market of a newer month, as files to be filled in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from pricewar.base.errors import bad_input
from pricewar.files.fresh import write_new

from .console import tell

LIKE: Final = "china_nev_2025_04b"
RULES_OF: Final = "baseline"
"""Shipped scenario whose rules of firms, noise and suppliers a market of the same firms begins with."""
PERIODS: Final = 36
HEAD: Final = f"""\
# Figures are in the tables beside this file. Rules of firms, noise and suppliers are those of the shipped
# scenario `{RULES_OF}`, where their sources are. Launches, plants and new money that have been announced
# are missing: state them as events.
"""
HEAD_PLAIN: Final = """\
# Figures are in the tables beside this file. Nobody moves: give firms rules, and buyers tastes.
"""


def data(
    what: Annotated[str, typer.Argument(metavar="new", help="What to do; there is one thing so far.")],
    month: Annotated[str, typer.Argument(metavar="MONTH", help="Month of the figures, like 2025-12.")],
    like: Annotated[
        str,
        typer.Option(metavar="SET", help="Data set or directory whose firms and products are carried over."),
    ] = LIKE,
    blank: Annotated[
        bool, typer.Option("--blank", help="Another market: one firm and one product, all to be filled in.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Directory to write; default china_nev_YYYY_MM, or market_YYYY_MM.")
    ] = None,
) -> None:
    """Begin the market of a newer month: a folder of tables with the rows that a run needs.

    Names, classes, batteries and ranges are carried over with their sources. Every figure that ages is marked
    FILL IN, with the old one in its note; `pricewar check` names all that are left. The folder also has a
    scenario that runs once they are filled in. Nothing that is there is overwritten.
    """
    from pricewar.data.begun import begun
    from pricewar.data.begun import blank as emptied
    from pricewar.data.schema import FILL_IN

    if what != "new":
        raise bad_input("pricewar data", ("(word)", what, "new"))
    made = emptied(month) if blank else begun(month, like)
    stem = ("market_" if blank else "china_nev_") + month.replace("-", "_")
    folder = out or Path(stem)
    made[f"{stem}.toml"] = _scenario(month, _firms_of(made["firms.csv"]), plain=blank)
    write_new(folder, made)
    marks = sum(FILL_IN in line for text in made.values() for line in text.splitlines())
    tell(f"wrote {folder}: {', '.join(made)}")
    tell(f"{marks} lines are marked {FILL_IN}: put in value, source, confidence and, where needed, a range")
    tell(f"next: pricewar check {folder / stem}.toml")


def _firms_of(table: str) -> list[str]:
    return list(dict.fromkeys(line.split(",")[0] for line in table.splitlines()[1:]))


def _scenario(month: str, firms: Iterable[str], plain: bool) -> str:
    """A scenario that runs on the tables beside it: rules of the shipped one, or everybody at rest."""
    from pricewar.base.months import month_after
    from pricewar.files.toml_text import read_toml
    from pricewar.scenario.files import shipped_scenarios

    known: dict[str, Any] = {} if plain else read_toml(shipped_scenarios()[RULES_OF])
    rule = "Hold" if plain else "CostPlus"
    tree: dict[str, Any] = {
        "title": f"The market of {month}: no cut is imposed",
        "data": ".",
        "start": month_after(month, 1),
        "periods": PERIODS,
    }
    if not plain:
        held = {key: value for key, value in known["market"].items() if key != "pack_price"}
        tree |= {"campaigns": known["campaigns"], "market": held, "noise": known["noise"]}
        tree["supply_chain"] = known["supply_chain"]
        tree["noise"]["firm_sd"] = {f: sd for f, sd in tree["noise"]["firm_sd"].items() if f in set(firms)}
    rules = known.get("firms", {})
    tree["firms"] = {
        firm: {"strategy": rules.get(firm, {}).get("strategy", {"kind": rule})} for firm in firms
    }
    parts = [HEAD_PLAIN if plain else HEAD]
    parts += [f"{key} = {_inline(value)}\n" for key, value in tree.items() if not isinstance(value, dict)]
    parts += [_table(key, value) for key, value in tree.items() if isinstance(value, dict)]
    return "".join(parts)


def _table(name: str, values: Mapping[str, Any]) -> str:
    return f"\n[{name}]\n" + "".join(f"{key} = {_inline(value)}\n" for key, value in values.items())


def _inline(value: Any) -> str:
    """A value as TOML writes it on one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_inline(part)}" for key, part in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
