"""The step of the wars that firms start: the table of patterns beside the record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pricewar.backtest.patterns import patterns
from pricewar.cli.pool import pool, worker_count
from pricewar.cli.wars import as_markdown
from pricewar.report.numbers import renewed
from pricewar.scenario.files import load

from .step import Place, Step, sources

PAGE: Final = "docs/explanation/campaigns.md"
SMALL: Final[dict[str, Any]] = {
    "runs": 4, "refit_seeds": 2, "steps": 1, "effects": (1.8,), "years": ("2025",)
}  # fmt: skip


def wars_step() -> Step:
    """The table of the page on campaigns."""

    def inputs(place: Place) -> Mapping[str, Any]:
        digests = [load(name).digest for name in ("china-2023", "byd-one-third")]
        return {"scenarios": digests, "code": sources("backtest", "campaigns"), "small": place.small}

    def make(place: Place) -> list[Path]:
        given = SMALL if place.small else {}
        with pool(worker_count(place.workers, 100)) as executor:
            found = patterns(executor=executor, **given)
        page = place.page(PAGE)
        text = renewed(page.read_text(encoding="utf-8"), as_markdown(found).rstrip(), PAGE, "wars")
        page.write_text(text, encoding="utf-8", newline="\n")
        kept = place.kept / "wars.json"
        kept.parent.mkdir(parents=True, exist_ok=True)
        rules = {fold.year: fold.rule for fold in found.folds}
        kept.write_text(json.dumps(rules, indent=1) + "\n", encoding="utf-8", newline="\n")
        return [page]

    return Step("wars", "wars that firms start, beside the record", (PAGE,), inputs, make)
