"""`pricewar list`, `check` and `schema`: looking at inputs without running anything."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from .console import show, tell
from .options import AsJson


def list_shipped(
    strategies: Annotated[bool, typer.Option("--strategies", help="Kinds of pricing rules.")] = False,
    events: Annotated[bool, typer.Option("--events", help="Kinds of events.")] = False,
    interventions: Annotated[bool, typer.Option("--interventions", help="Kinds of measures.")] = False,
    as_json: AsJson = False,
) -> None:
    """List shipped scenarios, experiments and policies, or kinds of strategies, events, interventions."""
    asked = {"strategies": strategies, "events": events, "interventions": interventions}
    found = {sort: kinds(sort) for sort, wanted in asked.items() if wanted} or titles()
    if as_json:
        tell(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for sort, entries in found.items():
        show(sort, ("name", "what it is"), list(entries.items()), text_columns=2)


def titles() -> dict[str, dict[str, str]]:
    """What comes with the package, by sort: names of files and their titles."""
    from pricewar.scenario.files import shipped_directory

    return {
        sort: {path.stem: _title(path) for path in sorted(shipped_directory(sort).glob("*.toml"))}
        for sort in ("scenarios", "experiments", "policies")
    }


def _title(path: Path) -> str:
    return str(tomllib.loads(path.read_text(encoding="utf-8")).get("title", ""))


def kinds(sort: str) -> dict[str, str]:
    """Shipped rules of a sort ("strategies", "events", "interventions") with the first line of their docs."""
    from pricewar.base.rules import Rule, shipped
    from pricewar.events import Event
    from pricewar.interventions import Intervention
    from pricewar.strategies import Strategy

    bases: dict[str, type[Rule]] = {
        "strategies": Strategy,
        "events": Event,
        "interventions": Intervention,
    }
    rules = shipped(f"pricewar.{sort}", bases[sort])
    return {name: (rule.__doc__ or "").strip().splitlines()[0] for name, rule in sorted(rules.items())}


def schema() -> None:
    """Print the JSON Schema of scenario files, for editors and forms."""
    from pricewar.scenario.tree import Scenario

    tell(json.dumps(Scenario.model_json_schema(), indent=2, ensure_ascii=False))
