"""docs/reference/outputs.md, printed from the schema of the tables."""

from __future__ import annotations

from typing import Final

from .schema import COMPARISON, EPISODES, SCHEMA, WAVES, Table

_RULES: Final = {
    "sum": "sum of months",
    "mean": "mean of months",
    "end": "value at the end",
    "key": "names the row",
    "none": "",
}

_HEAD: Final = """# What comes out

Columns of all tables: name, type, unit, meaning, and how months become one number where a report says
"total". Money is in the market's currency and units are what it sells (`[market] currency`, `unit`); prices
include VAT unless the unit says otherwise. One row is one product, firm or market in one period of one run,
so a table reads in R, Stata or a spreadsheet without reshaping. The column `month` names the period,
whatever its length, and `period` counts it. Names of columns are the same for every market: where nobody
takes petrol cars, columns that begin with `petrol_` are 0, and the column `cars` of `open_orders` holds
units.

| file | what |
|---|---|
| `products.parquet`, `firms.parquet` | a row for each product, firm and month of each run |
| `market.parquet`, `market.csv` | a row for each month of each run |
| `open_orders.parquet`, `open_orders.csv` | what open orders come to, by product and book of each run |
| `campaigns.parquet`, `campaigns.csv` | a row for each campaign of each run; none where campaigns are off |
| `log.parquet`, `log.csv` | what happened: events, exits, interventions |
| `runs.parquet`, `runs.csv` | a row for each run, failed ones with their error |
| `draws.csv` | a row a seed: row of the joint sample and its parameters; only where parameters are drawn |
| `luck.csv` | headline rows of the comparison with luck alone; only where `compare` drew both |
| `run.json` | command, seeds, edition, inputs, versions, times; SHA-256 of tables, own code, all `files` |
| `comparison.csv`, `wars.csv`, `waves.csv` | scenarios against the baseline; price wars; waves of campaigns |
| `figures/` | SVG, with `--figures all` also PNG (300 dpi) and PDF; words in `captions.md` and `.json` |
| `report.html` | all of it on one page, without a network |

A level of consumer surplus or welfare means nothing: it depends on how the price sensitivity of rich buyers
is modelled. Differences between scenarios do; the tables of runs hold the values from which they are taken,
and `comparison.csv` leaves the levels empty. In it, `open_orders` is what the orders open at the end come
to, less those of the start, and `total_with_open` the total with them.

`comparison.csv` tells two spreads, and they answer two questions. `lo` and `hi` (`diff_lo`, `diff_hi`) are
the 95% interval of the mean: the luck of the average, which shrinks with more seeds. `range_lo` and
`range_hi` (`diff_range_lo`, `diff_range_hi`) are the range over seeds: 90% of the runs lie between them,
however many there are. With fewer than five seeds the range is from the least to the greatest run; with one
seed, and where no seed differs, both are empty.

Of what these spreads are, `run.json` says under `drawn`, and each row of `runs` in `uncertainty`: of luck
alone, of the parameters alone, or of both. Only a range over seeds of luck and parameters says how sure a
number is given all that is known: the interval of the mean shrinks with more seeds whatever they draw.

`figures/campaigns-SCENARIO` is drawn for each scenario in which firms start campaigns. It has a row for each
firm: who starts and who follows in the first run, month by month, beside the campaigns a year over all seeds.

The same inputs give the same bytes in every table. Whatever differs between two runs (wall time, command
line, versions) is in `run.json` alone; `runs.seconds` is kept there and joined again on loading.

Results of an older edition of the model are read with a warning that says what differs: columns that it did
not have are empty, tables that it did not have are without rows. Those of a newer edition are refused.

A firm that has left the market keeps its rows: its flows are zero, its margin is empty, its prices are the
last ones. Empty months are left out of means.
"""


def as_markdown() -> str:
    """The reference page of all outputs."""
    pages = SCHEMA | {"comparison": COMPARISON, "wars": EPISODES, "waves": WAVES}
    return "\n\n".join([_HEAD, *(_section(name, table) for name, table in pages.items())]) + "\n"


def _section(name: str, table: Table) -> str:
    head = [f"## {name}", "", "| column | type | unit | meaning | total |", "|---|---|---|---|---|"]
    rows = [f"| `{c.name}` | {c.dtype} | {c.unit} | {c.meaning} | {_RULES[c.total]} |" for c in table]
    return "\n".join(head + rows)
