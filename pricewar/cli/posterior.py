"""`pricewar calibrate --posterior`: all parameters together, from the record of 2022 to April 2025."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pricewar.base.edition import EDITION

from .console import say, show, tell

if TYPE_CHECKING:
    import pandas as pd

    from pricewar.estimate.study import Estimate, Sizes

NAME: Final = "china_nev"
"""Name of the sample, as scenarios call it."""
FOLDERS: Final = ("first", "second", "again")
TABLES: Final = (
    "parameters", "moments", "matching", "jacobian", "singular", "sensitivity", "calibration", "structures",
)  # fmt: skip


def calibrate_posterior(out: Path | None, as_json: bool) -> None:
    """Calibrate, print, and write the sample, the tables and figures."""
    from pricewar.files.folders import require_ours

    target = out or Path("results/posterior")
    require_ours(target)
    store = target.resolve().with_name(f"{target.resolve().name}-runs")
    found = estimated(store, as_json)
    save(found, target)
    _discard(store)
    if as_json:
        tell(json.dumps(as_tree(found), indent=2, ensure_ascii=False))
        return
    for name in ("parameters", "moments", "matching", "calibration", "structures"):
        table = shown(getattr(found, name))
        show(
            f"posterior: {name}",
            [str(c).replace("_", " ") for c in table.columns],
            cells(table),
            text_columns=1,
        )
    say(f"written: {target}")


def estimated(store: Path, quiet: bool, sizes: Sizes | None = None, workers: int = 2) -> Estimate:
    """A calibration whose runs are kept in a folder, gone on with if some of them are there."""
    from pricewar.estimate.study import Sizes, estimate

    from .sweep import progress_of

    chosen = sizes or Sizes()
    many = 2 * chosen.wave + 5 * chosen.again
    say(f"about {many:,} runs in the market china-2023-costs: half an hour on two cores", quiet)
    with progress_of(chosen.wave, quiet) as tick:
        return estimate(store, chosen, workers=workers, progress=tick, tell=lambda words: say(words, quiet))


def _discard(store: Path) -> None:
    """Runs are not needed once the tables are written."""
    from pricewar.estimate.draws import SEEN, Points
    from pricewar.estimate.structure import STRUCTURES
    from pricewar.experiment.store import discard

    for name in (*FOLDERS, *(f"structure-{place}" for place in range(len(STRUCTURES)))):
        discard(store / name, Points.record, (SEEN,))
    if store.exists() and not any(store.iterdir()):
        store.rmdir()


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """A table without the columns of long words."""
    long = [name for name in ("meaning", "basis", "why", "speaks_to") if name in table]
    return table.drop(columns=long)


def cells(table: pd.DataFrame) -> list[list[str]]:
    """Rows as text, numbers to three digits."""

    def cell(value: Any) -> str:
        if isinstance(value, float):
            return "" if value != value else f"{value:.3g}"
        return str(value)

    return [[cell(value) for value in row] for row in table.itertuples(index=False)]


def sample_text(found: Estimate) -> str:
    """The sample as it ships: words on what it is, then a row a draw."""
    sizes = found.sizes
    lines = [
        "# Parameters of China's market of new-energy cars: rows that are equally likely given the record of",
        "# January 2022 to April 2025 and small growth motives (docs/explanation/what-is-known.md).",
        f"# Made by pricewar calibrate --posterior, model edition {EDITION}, twice {sizes.wave} runs.",
    ]
    return "\n".join(lines) + "\n" + found.sample.to_csv(index=False, lineterminator="\n")


def save(found: Estimate, out: Path) -> None:
    """Write china_nev.csv (the sample), the tables, ranks.csv, without_rule.csv, figures, run.json."""
    import pandas as pd

    from pricewar.files.folders import replaced
    from pricewar.plots import save_figures
    from pricewar.plots.posterior import draw_posterior

    with replaced(out) as draft:
        (draft / f"{NAME}.csv").write_text(sample_text(found), encoding="utf-8", newline="\n")
        for name in TABLES:
            table = getattr(found, name)
            named = table.index.name is not None
            table.to_csv(draft / f"{name}.csv", index=named, lineterminator="\n", float_format="%.6g")
        ranks = pd.DataFrame(found.ranks, columns=list(found.sample.columns))
        ranks.to_csv(draft / "ranks.csv", index=False, lineterminator="\n", float_format="%.4g")
        found.without.to_csv(
            draft / "without_rule.csv", index=False, lineterminator="\n", float_format="%.5g"
        )
        save_figures(draw_posterior(found), draft / "figures")
        (draft / "run.json").write_text(
            json.dumps(about(found), indent=1) + "\n", encoding="utf-8", newline="\n"
        )


def about(found: Estimate) -> dict[str, Any]:
    """What the sample depends on, and its digest."""
    from dataclasses import asdict

    from pricewar.estimate.study import digest_of_markets

    text = sample_text(found)
    return {
        "edition": EDITION,
        "scenarios": digest_of_markets(),
        "sizes": asdict(found.sizes),
        "rows": len(found.sample),
        "digest": hashlib.sha256(text.encode()).hexdigest()[:12],
    }


def as_tree(found: Estimate) -> dict[str, Any]:
    """What was done and found, as plain values."""
    tables = {
        name: json.loads(getattr(found, name).reset_index().to_json(orient="records")) for name in TABLES
    }
    return {**about(found), **tables}
