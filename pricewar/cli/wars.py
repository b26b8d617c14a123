"""`pricewar backtest --wars`: what simulated wars must show, beside the record of 2023 to April 2025."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pricewar.base.edition import EDITION

from .console import say, show, tell
from .propensity import cells

if TYPE_CHECKING:
    from pricewar.backtest.patterns import Patterns

QUICK: Final = {"runs": 20, "refit_seeds": 6, "steps": 2, "effects": (1.8,)}
"""For a look at the command: the numbers mean little."""


def backtest_wars(out: Path, workers: int | None, quick: bool, as_json: bool, quiet: bool) -> None:
    """Simulate, print the table, write patterns.csv, patterns.md and run.json."""
    from pricewar.files.folders import require_ours

    require_ours(out)
    found = made(workers, quick, quiet or as_json)
    save(found, out, quick)
    if as_json:
        tell(json.dumps(json.loads(found.table.to_json(orient="records")), indent=2, ensure_ascii=False))
    elif not quiet:
        heads = [str(column) for column in found.table.columns]
        show("wars of 2023 to April 2025: record and runs", heads, cells(found.table), text_columns=1)
        say(f"written: {out}")


def made(workers: int | None, quick: bool, quiet: bool) -> Patterns:
    """The table, run now."""
    from pricewar.backtest.patterns import patterns

    from .pool import pool, worker_count

    given: dict[str, Any] = dict(QUICK) if quick else {}
    with pool(worker_count(workers, 100)) as executor:
        return patterns(executor=executor, tell=lambda words: say(words, quiet), **given)


def as_markdown(found: Patterns) -> str:
    """The table as Markdown."""
    heads = [str(column) for column in found.table.columns]
    rule = ["---", *["---:"] * 4, "---", "---"]
    return "".join(f"| {' | '.join(row)} |\n" for row in (heads, rule, *cells(found.table)))


def save(found: Patterns, out: Path, quick: bool) -> None:
    """Write patterns.csv, patterns.md and run.json."""
    from pricewar.files.folders import replaced

    with replaced(out) as draft:
        found.table.to_csv(draft / "patterns.csv", index=False, lineterminator="\n", float_format="%.6g")
        (draft / "patterns.md").write_text(as_markdown(found), encoding="utf-8", newline="\n")
        rules = {fold.year: fold.rule for fold in found.folds}
        tree = {"edition": EDITION, "scenario": "china-2023", "quick": quick, "rules": rules}
        (draft / "run.json").write_text(json.dumps(tree, indent=1) + "\n", encoding="utf-8", newline="\n")
