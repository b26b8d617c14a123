"""Reference pages made from the code: `python -m pricewar.cli.pages docs/reference`."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from pricewar.base.clock import PATTERN
from pricewar.base.rules import Rule, shipped
from pricewar.campaigns import CampaignRule
from pricewar.events import Event
from pricewar.interventions import Intervention
from pricewar.scenario.campaigns import CampaignSpec, Quota
from pricewar.scenario.cost_curves import CostCurve
from pricewar.scenario.mechanisms import Dynamics
from pricewar.scenario.parts import (
    ConsumerSpec,
    FirmSpec,
    MarketSpec,
    NoiseSpec,
    ProductSpec,
    SupplierSpec,
    SupplyChainSpec,
)
from pricewar.scenario.preferences import Preferences, Taste
from pricewar.scenario.tree import Scenario
from pricewar.strategies import Strategy

from .console import tell
from .editions_page import editions_page
from .python_page import python_page

Tree = Mapping[str, Any]
TABLES: Final[dict[str, type[BaseModel]]] = {
    "": Scenario,
    "market": MarketSpec,
    "consumers": ConsumerSpec,
    "firms.ID": FirmSpec,
    "products.ID": ProductSpec,
    "demand.tastes.COLUMN": Taste,
    "supply_chain": SupplyChainSpec,
    "supply_chain.groups.ID": SupplierSpec,
    "noise": NoiseSpec,
    "campaigns": CampaignSpec,
    "campaigns.quotas.ID.YEAR": Quota,
    **{f"dynamics.{name}": type(mechanism) for name, mechanism in Dynamics()},
}
"""Tables of a scenario file by path; ID stands for a name that the file chooses."""

RULES: Final[dict[str, tuple[str, type[Rule], str]]] = {
    "demand": (
        "pricewar.scenario.preferences",
        Preferences,
        "`[demand]`, explained in [write a demand](../how-to/write-a-demand.md)",
    ),
    "cost curves": (
        "pricewar.scenario.cost_curves",
        CostCurve,
        "`[cost]`, explained in [write a cost curve](../how-to/write-a-cost-curve.md)",
    ),
    "campaigns": (
        "pricewar.campaigns",
        CampaignRule,
        "`[campaigns.rule]`, explained in [campaigns](../explanation/campaigns.md)",
    ),
    "strategies": (
        "pricewar.strategies",
        Strategy,
        "`[firms.ID.strategy]`, explained in [strategies](strategies.md)",
    ),
    "events": ("pricewar.events", Event, "`[[events]]`, explained in [events](events.md)"),
    "interventions": (
        "pricewar.interventions",
        Intervention,
        "`[[interventions]]`, explained in [interventions](interventions.md)",
    ),
}
BOUNDS: Final = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "multipleOf": "a multiple of {}",
    "minProperties": "at least {}",
}
MONTH_PATTERN: Final = r"^[12][0-9]{3}-(0[1-9]|1[0-2])$"
DATE_PATTERN: Final = PATTERN

SCENARIO_HEAD: Final = """# Scenario files

A scenario is a TOML file. It says only what it changes: `extends` names another scenario (a shipped one, or
a file) whose tables are merged under this one's, and `data` names a market data set that fills firms and
products. Merging goes key by key; `events` and `interventions` are added to those of the base; a table that
names another `kind` replaces the one below it whole. A rule without parameters can be written as its kind
alone: `strategy = "Hold"`. `kind = "module:Class"` names your own rule, from anywhere Python can
import; the command line looks in the current directory too. Without `name` a scenario is named after its
file.

A file that names modules is code: to run it, and to check it, imports them. `pricewar check --no-code FILE`
imports nothing of them and says what it did not look at ([security](../../SECURITY.md)).

`pricewar check FILE` names every problem of a file with its place; `pricewar schema` prints the JSON Schema
for editors. This page is made from the code by `make docs`. Money is in the market's currency; what is stated
a period is by `period` (a month unless you say otherwise), what is stated in months, days or a year is
converted ([time](../how-to/write-a-scenario.md#time-money-and-units)); prices incl. VAT unless the text says
otherwise. A value without a source is assumed; sources of mechanisms:
[dynamics](dynamics.md).

A digest names the inputs of a scenario. It changes with any value that is not the name, the title, the
seed or what seeds stand for (`uncertainty`, `posterior`, `fixed`), and with the source of your own rules
([what counts](../adr/0041-own-code.md)).
It does not change with the code of shipped rules: the edition of the model and the version of pricewar name
what they do, so give these with a digest. A new parameter with a default is a new input: it changes the
digests of all scenarios, and the changelog then says so. The digest of an experiment or policy study adds its
factors, design, seeds, metrics and measures; words, figures and the time limit do not count.

| key | type | meaning |
|---|---|---|
| `extends` | text | scenario on which this one builds |
| `data` | text | market data set, shipped (`china_nev_2025_04`, `..._04b`) or a folder in the same format |
| `edition` | number | [edition of the model](editions.md) the file is for; absent: the current |
"""
CLI_HEAD: Final = """# Command line

`pricewar COMMAND`, or `python -m pricewar COMMAND`. Progress and errors go to stderr; stdout has the
summary, with `--json` as one JSON document and nothing else. Exit codes: 0 done, 1 failed (or some runs
failed: the others are kept), 2 wrong input and nothing written, 130 interrupted (Ctrl-C) and 143 terminated
(SIGTERM), both with nothing half-written. A strategy that returns something else than one price for each of
its products is wrong input, and so is your own rule if it raises an error in every run: the message
names the firm, the month and the line of its code. This page is made from the code by `make docs`.

`--out` names a new folder, an empty one, or one that the same kind of command wrote. Only files that pricewar
wrote are replaced or removed, those that the folder's `run.json` names; files of yours stay. A folder with
other files and no such record is refused, and so is one in which a file of pricewar's was edited: then choose
another `--out`. [Why](../adr/0040-folders.md).

`--set PATH=VALUE` changes a scenario by a dotted path, numbers index lists: `demand.own_elasticity=-3`,
`firms.byd.strategy=Hold`, `events.0.depth=0.2`. In a pattern `*` stands for any key or any part of one, `**`
for any depth and the name of a `kind` for the members of a list of that kind: `'firms.*.cash=1e10'`,
`'products.byd_*.promotion=5000'`, `events.Cut.depth=0.2`. Quote patterns, so that the shell leaves the star
alone. The value is read as TOML, or taken as text if it is not.
Runs are the same, byte for byte, whatever the number of `--workers`.
"""


def scenario_page() -> str:
    """docs/reference/scenario-file.md."""
    parts = [SCENARIO_HEAD]
    parts += [_section(path, model) for path, model in TABLES.items()]
    for sort, (package, base, where) in RULES.items():
        parts.append(f"## Kinds of {sort}\n\nIn {where}.\n")
        parts += [_kind(name, rule) for name, rule in sorted(shipped(package, base).items())]
    return "\n".join(parts)


def command_page() -> str:
    """docs/reference/cli.md."""
    from typer.main import get_command

    from .app import app

    group = get_command(app)
    commands: dict[str, Any] = getattr(group, "commands", {})
    return "\n".join([CLI_HEAD, *(_command(name, command) for name, command in commands.items())])


def _section(path: str, model: type[BaseModel]) -> str:
    title = f"`[{path}]`" if path else "Top level"
    return f"## {title}\n\n{_doc(model)}\n\n{fields_table(model)}\n"


def _kind(name: str, rule: type[Rule]) -> str:
    return f"### {name}\n\n{_doc(rule).splitlines()[0]}\n\n{fields_table(rule)}\n"


def _doc(model: type) -> str:
    return inspect.cleandoc(model.__doc__ or "")


def fields_table(model: type[BaseModel]) -> str:
    """The fields of a model as a table: key, type, default, what is allowed, meaning."""
    schema = model.model_json_schema()
    rows = list(_rows(schema, schema.get("$defs", {}), schema.get("required", [])))
    if not rows:
        return "No parameters."
    return "\n".join(["| key | type | default | allowed | meaning |", "|---|---|---|---|---|", *rows])


def _rows(schema: Tree, names: Tree, required: list[str]) -> Iterator[str]:
    for key, field in schema.get("properties", {}).items():
        whole = _resolved(field, names)
        default = "required" if key in required else _value(field.get("default"))
        cells = (
            f"`{key}`",
            _type(whole, names),
            default,
            _allowed(whole, names),
            field.get("description", ""),
        )
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in cells)} |"


def _resolved(field: Tree, names: Tree) -> Tree:
    reference = field.get("$ref", "")
    return {**names[reference.rsplit("/", 1)[-1]], **field} if reference else field


def _type(field: Tree, names: Tree) -> str:
    field = _resolved(field, names)
    options = field.get("anyOf", [])
    if any("properties" in option for option in options):
        return "rule"
    if options:
        words = [_type(option, names) for option in options]
        return " or ".join(dict.fromkeys(word for word in words if word != "nothing"))
    if "enum" in field or "const" in field:
        return "choice"
    if field.get("pattern") == MONTH_PATTERN:
        return "month"
    if field.get("pattern") == DATE_PATTERN:
        return "month or date"
    if field.get("type") == "array":
        return f"list of {_type(field['items'], names)}" if "items" in field else "list"
    simple = {"string": "text", "boolean": "true or false", "null": "nothing", "object": "table"}
    return simple.get(str(field.get("type")), str(field.get("type", "any")))


def _allowed(field: Tree, names: Tree) -> str:
    field = _resolved(field, names)
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    options = field.get("anyOf", [])
    if options and not any("properties" in option for option in options):
        parts = (part for option in options for part in _allowed(option, names).split("; "))
        return "; ".join(dict.fromkeys(filter(None, parts)))
    if field.get("type") == "array":
        inner = [_allowed(field["items"], names)] if "items" in field else []
        return "; ".join(filter(None, [*inner, *_limits(field)]))
    return ", ".join(_limits(field))


def _limits(field: Tree) -> list[str]:
    if "minItems" in field and field["minItems"] == field.get("maxItems"):
        return [f"exactly {field['minItems']}"]
    return [text.format(_plain(field[key])) for key, text in BOUNDS.items() if key in field]


def _plain(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _value(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, dict):
        return f"`{value['kind']}`" if "kind" in value else "see its table"
    if value == []:
        return "none"
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _command(name: str, command: Any) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
    usage = " ".join(
        ["pricewar", name, *(_metavar(p) for p in arguments), *(["[OPTIONS]"] if options else [])]
    )
    lines = [f"## {name}", "", inspect.cleandoc(command.help or ""), "", f"    {usage}", ""]
    lines += ["| option | default | meaning |", "|---|---|---|"] if arguments or options else []
    lines += [_row(f"`{_metavar(p)}`", p) for p in arguments]
    lines += [_row(", ".join(f"`{flag}`" for flag in p.opts), p) for p in options]
    return "\n".join(lines) + "\n"


def _metavar(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _row(what: str, parameter: Any) -> str:
    missing = parameter.default in (None, False) or parameter.required
    default = "" if missing else f"`{parameter.default}`"
    return f"| {what} | {default} | {(parameter.help or '').replace('|', chr(92) + '|')} |"


PAGES: Final = {
    "scenario-file.md": scenario_page,
    "cli.md": command_page,
    "python.md": python_page,
    "editions.md": editions_page,
}


def main(folder: str) -> None:
    """Write all pages into a directory."""
    for name, page in PAGES.items():
        (Path(folder) / name).write_text(page(), encoding="utf-8", newline="\n")
        tell(f"{folder}/{name}")
    from .lab_page import PAGE, renew

    renew(Path(folder))
    tell(f"{folder}/{PAGE}")


if __name__ == "__main__":
    main(*sys.argv[1:])
