"""`pricewar calibrate --campaigns`: how often makers lead and follow, fitted to the record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pricewar.base.edition import EDITION

from .console import say, show, tell

if TYPE_CHECKING:
    import pandas as pd

    from pricewar.backtest.propensity import Propensity


def calibrate_campaigns(out: Path | None, as_json: bool) -> None:
    """Fit, refit, print, and write tables and the rule as a scenario states it."""
    from pricewar.backtest.propensity import propensities
    from pricewar.files.folders import require_ours

    if out is not None:
        require_ours(out)
    say("fitting in the market china-2023: about two minutes", as_json)
    found = propensities()
    if out is not None:
        save(found, out)
    if as_json:
        tables = {name: json.loads(t.to_json(orient="records")) for name, t in tables_of(found).items()}
        tell(json.dumps({"rule": found.refit.rule, **tables}, indent=2, ensure_ascii=False))
        return
    for name, table in tables_of(found).items():
        show(f"campaigns: {name}", [str(c) for c in table.columns], cells(table), text_columns=1)


def tables_of(found: Propensity) -> dict[str, pd.DataFrame]:
    """What is printed and written, by name."""
    moments = found.refit.moments
    return {
        "parameters": found.fit.parameters,
        "makers": found.fit.makers,
        "moments": moments.assign(chosen=moments["effect"] == found.refit.effect),
        "values": found.values,
    }


def cells(table: pd.DataFrame) -> list[list[str]]:
    """Rows as text, numbers to three digits."""

    def cell(value: Any) -> str:
        if value is None or value != value:
            return ""
        if isinstance(value, bool):
            return "yes" if value else "no"
        return f"{value:.3g}" if isinstance(value, float) else str(value)

    return [[cell(value) for value in row] for row in table.itertuples(index=False)]


def save(found: Propensity, out: Path) -> None:
    """Write parameters.csv, makers.csv, moments.csv, values.csv, campaigns.toml, run.json."""
    from pricewar.files.folders import replaced

    with replaced(out) as draft:
        for name, table in tables_of(found).items():
            table.to_csv(draft / f"{name}.csv", index=False, lineterminator="\n", float_format="%.6g")
        (draft / "campaigns.toml").write_text(as_toml(found.refit.rule), encoding="utf-8", newline="\n")
        tree = {"edition": EDITION, "scenario": "china-2023", "effect": found.refit.effect}
        (draft / "run.json").write_text(json.dumps(tree, indent=1) + "\n", encoding="utf-8", newline="\n")


def as_toml(rule: dict[str, Any]) -> str:
    """Parameters of the rule as a table of a scenario file."""
    lines = [
        "# Parameters of the rule QuotaRace, refitted so that what is launched in a market meets the",
        "# record of 2023 to April 2025 (docs/explanation/campaigns.md).",
        "# Made by pricewar calibrate --campaigns.",
        "",
    ]
    plain = {key: value for key, value in rule.items() if not isinstance(value, dict)}
    lines += [f"{key} = {json.dumps(value)}" for key, value in plain.items()]
    for name in ("lead", "follow"):
        lines += ["", f"[{name}]", *(f"{firm} = {value}" for firm, value in rule[name].items())]
    return "\n".join(lines) + "\n"
