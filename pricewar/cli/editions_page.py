"""The page of editions: what an older scenario or result means with this one, made from the code."""

from __future__ import annotations

from typing import Final

from pricewar.base.edition import EDITION, EDITIONS
from pricewar.scenario.former import FORMER

SCENARIOS: Final = {
    1: "It loads and warns. A run has an order book: who ordered before a cut pays the agreed price, or the lower one at delivery. The "
    "old booking is not kept.",
    2: "It loads and warns. With `data` of ours it gives the same numbers. A market from scratch that left mechanisms, taxes or tastes unsaid "
    "got those of cars; now what it does not state has no effect. To have them back, write them in: the values are in "
    "`pricewar/data/china_nev_2025_04/scenario.toml`. `consumers.shoppers` and `PurchaseTax.relief_cap` must be stated.",
    3: "It loads and warns. If it extends a shipped scenario of 2025, firms in it now start campaigns, eight makers stand in place of the "
    'fringe, and shares of firms have luck. `campaigns.on = false` with `data = "china_nev_2025_04"` and `noise.firm_sd = {}` takes '
    "this back. A market that extends none of them gives the same numbers.",
    4: "It loads and warns. Prices, sales, profits, exits and wars are the same; consumer surplus and welfare are others.",
}
"""What a scenario written for an older edition does now."""
RESULTS: Final = {
    1: "Prices of deliveries, depth of cuts, surplus and welfare mean something else. Columns of orders, references and petrol cars are empty.",
    2: "Those of shipped data can be compared up to the last digits; those of a market from scratch cannot.",
    3: "Those without campaigns, on the market with one fringe, can be compared; those of shipped scenarios of 2025 cannot.",
    4: "Everything but consumer surplus and welfare can be compared.",
}
"""What results of an older edition may be used for beside those of this one."""
HEAD: Final = """# Editions of the model

An edition is a number that rises when the same scenario gives other numbers than before. A version says which code ran; an edition says which
market it computed ([why](../adr/0031-editions.md)). This pricewar computes **edition {edition}**. Old numbers stay what they were: to get one again,
take the pricewar that made it.

A file may say for which edition it was written: `edition = {edition}` at its top. Every result carries the number (`run.json`, column `edition` of the
table `runs`, `manifest.json` of a sweep, the last line of a page).

This page is made from the code by `make docs`.
"""
DOORS: Final = """## What happens at each door

| you have | and do | older than {edition} | newer than {edition} |
|---|---|---|---|
| a scenario, experiment or policy file | `check`, `run`, `compare`, `sweep`, `policy`, `load(...)` | one warning that says what differs; it runs with edition {edition} | refused (exit code 2) |
| a file that extends older ones | the same | one warning that names each older file | refused, with the name of the file |
| scenarios of several editions | `compare` | all run with edition {edition}, so they can be compared; one warning | refused |
| a folder of results | `report DIR`, `Results.load` | one warning; columns and tables that it does not have are empty; the report says its edition | refused (exit code 1) |
| inputs that results keep | `load(results.inputs[name])` | runs with edition {edition}; loading the results has warned | the results are refused |
| results of two editions | `pricewar.results.store.concat` | refused: not to be compared | refused |
| the folder of a sweep | `Study.load`, its report | one warning | refused |
| the folder of a sweep, a policy study, a search or a backtest that is not finished | the same command again | refused (exit code 2): nothing in it is changed, choose another `--out` | refused (exit code 2) |
| a folder of results | a new run with the same `--out` | its files are replaced whole, if nobody edited them | the same |
| a classroom's games on disk | `pricewar app` after an update | they are deleted: they would go on with other numbers | the same |

DuckDB, R and pandas read the tables without us and without a warning. Select by the column `edition` of `runs` before you put tables together.
"""
CONVERT: Final = """## Take a file over

1. `pricewar check FILE` tells every key that is not allowed any more, with what took its place, and the difference between the editions.
2. Read below what your scenario means now, and change what you do not want.
3. Write `edition = {edition}` into the file. The warning is gone; the digest of the scenario is the same, since it names inputs and not the model.
"""


def editions_page() -> str:
    """The page, in Markdown."""
    made = [HEAD, DOORS, CONVERT]
    rows = [f"| {n} | {_sentence(EDITIONS[n])} | {SCENARIOS[n]} | {RESULTS[n]} |" for n in SCENARIOS]
    newest = (
        f"| {EDITION} | {_sentence(EDITIONS[EDITION])} | It runs as it was written. | All can be compared. |"
    )
    keys = [f"| `{place}` | {words} |" for place, words in FORMER.items()]
    return "\n".join(
        [
            *(part.format(edition=EDITION) for part in made),
            "## What changed\n",
            "| edition | what it computes, against the one before | a scenario of it, now | results of it, beside new ones |",
            "|--:|---|---|---|",
            *rows,
            newest,
            "",
            "## Keys that are no more\n",
            "A file that still has one of them is refused, and the message says what to write instead.\n",
            "| was | write |",
            "|---|---|",
            *keys,
            "",
        ]
    )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
