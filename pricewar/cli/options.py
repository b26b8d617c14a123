"""Options that commands share, and how their values are read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from pricewar.base.errors import InputError, bad_input
from pricewar.base.speech import LOCALES
from pricewar.files.toml_text import LARGEST_INTEGER, out_of_bounds, parse

MOST_SEEDS: Final = 100_000
"""Runs of one scenario that one command may ask for; more are an experiment."""

Name = Annotated[str, typer.Argument(metavar="SCENARIO", help="Shipped scenario or TOML file.")]
Names = Annotated[list[str], typer.Argument(metavar="SCENARIO...", help="Shipped scenarios or TOML files.")]
Seed = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=LARGEST_INTEGER,
        help="Seed of the run, or the first of --seeds; default: the scenario's.",
    ),
]
Seeds = Annotated[
    int | None, typer.Option(min=1, max=MOST_SEEDS, help="Number of seeds: 1 to N, or from --seed on.")
]
Out = Annotated[Path | None, typer.Option(help="Directory to write; default results/NAME.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change a scenario by path; may be repeated."),
]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Processes; default: one per core when there are many runs.")
]
Baseline = Annotated[
    str | None, typer.Option(help="Scenario to compare with; default: baseline, else the first.")
]
Focus = Annotated[
    str | None, typer.Option(help="Firm whose break-even month is drawn; default: xiaomi, where it is.")
]
FIGURES: Final = ("few", "all", "none")


def _drawn(value: str) -> str:
    if value not in FIGURES:
        raise typer.BadParameter(f"found {value!r}; allowed: one of {', '.join(FIGURES)}")
    return value


Figures = Annotated[
    str,
    typer.Option(
        metavar="|".join(FIGURES),
        callback=_drawn,
        help="few: figures of the whole market, as SVG; all: each as PNG and SVG; none.",
    ),
]
MODES: Final = ("luck", "parameters", "both")


def _spoken(value: str) -> str:
    if value not in LOCALES:
        raise typer.BadParameter(f"found {value!r}; allowed: one of {', '.join(LOCALES)}")
    return value


def _known(value: str | None) -> str | None:
    if value is not None and value not in MODES:
        raise typer.BadParameter(f"found {value!r}; allowed: one of {', '.join(MODES)}")
    return value


Uncertain = Annotated[
    Any,
    typer.Option(
        "--uncertainty",
        metavar="|".join(MODES),
        parser=str,
        callback=_known,
        help="What seeds draw; default: what the file states, else luck for run and both elsewhere.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print a summary as JSON on stdout, nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress, no summary; errors only.")]


Lang = Annotated[
    str,
    typer.Option(
        metavar="|".join(LOCALES),
        callback=_spoken,
        help="Language of summary, figures and report; tables are the same in all.",
    ),
]
"""Read by `pricewar.cli.app.guarded`, which speaks it for as long as the command runs."""


def read_changes(pairs: list[str] | None) -> dict[str, Any]:
    """Changes by path; each value is read as TOML, or taken as text if it is not TOML.

    Raises:
        InputError: with every pair that is not PATH=VALUE.
    """
    split = [pair.partition("=") for pair in pairs or []]
    bad = [
        ("--set", f"{path}{mark}{text}", "PATH=VALUE, for example demand.own_elasticity=-3")
        for path, mark, text in split
        if not mark or not path.strip()
    ]
    if bad:
        raise bad_input("command line", *bad)
    changes = {path.strip(): toml_value(text.strip()) for path, _, text in split}
    problems = tuple(out_of_bounds(changes))
    if problems:
        raise InputError("command line", problems)
    return changes


def toml_value(text: str) -> Any:
    """`-3` is a number, `true` a truth value, `["byd"]` a list, and `Hold` the text it is."""
    try:
        read = parse(f"value = {text}")
    except ValueError:
        return text
    return read["value"] if read.keys() == {"value"} else text


def seed_list(seed: int | None, seeds: int | None) -> list[int] | None:
    """Seeds to run, or None for the scenario's own.

    Raises:
        InputError: the last of them is more than 64 bits can hold.
    """
    if seeds is None:
        return None if seed is None else [seed]
    first = 1 if seed is None else seed
    if first > LARGEST_INTEGER - seeds:
        raise bad_input("command line", ("--seed", first, f"at most {LARGEST_INTEGER - seeds}, with --seeds"))
    return list(range(first, first + seeds))
