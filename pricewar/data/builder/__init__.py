"""The market of any quarter's last month from December 2022 to April 2025, made from the history.

`python -m pricewar.data.builder 2022-12 DIR` writes the tables of a market data set. What ships under
`pricewar/data/china_nev_*` for months before April 2025 was made so, and a test makes it again.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from pricewar.base.errors import bad_input
from pricewar.data import load_market_data
from pricewar.data.history import FOLDER, LAST, load_history

from .ambitions import ambitions
from .firms import firm_rows
from .products import product_rows
from .rows import Figure, table
from .totals import FIRST, Moment, firm_units

__all__ = ["SHIPPED", "market_at", "write"]

SHIPPED: Final = ("2022-12", "2023-06", "2023-12", "2024-06", "2024-12")
END: Final = "china_nev_2025_04b"
"""The market of April 2025, the other end of what is known model by model."""
SHOPPERS: Final = 1_950_000 / 1_755_000
"""People who consider a car over cars sold, as in April 2025."""
PACK: Final = {"2022-12": 855.0, "2025-04": 683.0}
"""CNY/kWh of battery pack: 127 USD (China, 2022) and 94 USD (China, 2024)."""
FLEET: Final = {"2022-12": 0.041, "2025-04": 0.09}
"""NEVs among cars on the road: 13.1 of 319 million at the end of 2022 (Ministry of Public Security), and
April 2025."""
VAT: Final = 0.13


def market_at(month: str) -> dict[str, pd.DataFrame]:
    """The tables firms, products and market of a month.

    Args:
        month: last month of a quarter from 2022-12 to 2024-12, "2023-06".

    Raises:
        InputError: another month.
    """
    allowed = f"the last month of a quarter from {FIRST} to 2025-03"
    if not isinstance(month, str) or not (FIRST <= month < LAST and month[5:] in ("03", "06", "09", "12")):
        raise bad_input("market_at", ("month", month, allowed))
    moment = Moment(month, load_history(), load_market_data(END))
    units = firm_units(moment)
    rows = list(product_rows(moment, units))
    have = {str(f.value) for _, variable, f in rows if variable == "firm"}
    units = {firm: cars for firm, cars in units.items() if firm in have}
    products = table(rows)
    firms = table(firm_rows(moment, units, _net_prices(products)))
    return {"firms": firms, "products": products, "market": _totals(moment, units)}


def write(month: str, folder: Path) -> None:
    """Write the data set of a month: three tables and scenario.toml.

    Raises:
        InputError: a month that `market_at` refuses.
    """
    made = market_at(month)
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in made.items():
        frame.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    moment = Moment(month, load_history(), load_market_data(END))
    firms = set(made["firms"]["entity"])
    (folder / "scenario.toml").write_text(_scenario(moment, firms), encoding="utf-8", newline="\n")


def campaign_table(firms: Iterable[str], announced: str = LAST) -> dict[str, Any]:
    """The table `[campaigns]` of a market: the refitted rule, and the makers' quotas as ambitions.

    Args:
        firms: of the market.
        announced: last month of announcements that count.
    """
    path = files("pricewar.data").joinpath(FOLDER, "campaigns.toml")
    rule = tomllib.loads(path.read_text(encoding="utf-8"))
    quotas = {
        firm: {year: {"ambition": value} for year, value in years.items()}
        for firm, years in ambitions(load_history(), announced).items()
        if firm in firms
    }
    return {"rule": {"kind": "QuotaRace", **rule}, "quotas": quotas}


def _net_prices(products: pd.DataFrame) -> Mapping[str, float]:
    """Each maker's mean transaction price, CNY ex VAT."""
    wide = products.pivot(index="entity", columns="variable", values="value")
    numbers = wide[["list_price", "promotion", "units"]].astype(float)
    paid = (numbers["list_price"] - numbers["promotion"]) * numbers["units"] / (1.0 + VAT)
    units = numbers["units"].groupby(wide["firm"]).sum()
    return dict(paid.groupby(wide["firm"]).sum() / units.where(units > 0, np.nan))


def _totals(moment: Moment, units: Mapping[str, Figure]) -> pd.DataFrame:
    sold, retail = sum(float(f.value) for f in units.values()), moment.total("total-passenger")
    last = moment.last.figures[moment.last.figures["table"] == "market"].set_index("variable")
    rows = [
        ("total_retail", Figure(retail, "computed: cars of the quarter over 3", "computed", 0.03)),
        ("nev_retail", Figure(sold, "computed: new-energy retail of the quarter over 3", "computed", 0.03)),
        ("shoppers_per_month",
         Figure(SHOPPERS * retail, "assumed: 1.11 times cars sold, as in April 2025", "assumed", 0.3)),
        ("vat_rate", Figure(VAT, "computed: the rate since April 2019", "computed")),
    ]  # fmt: skip
    for name in ("petrol_share", "petrol_price", "petrol_margin", "petrol_purchase_tax", "income_log_sd"):
        value = float(str(last.loc[name, "value"]))
        rows.append((name, Figure(value, "assumed: as in April 2025", "assumed", 0.2)))
    return table(("market", variable, figure) for variable, figure in rows)


def _scenario(moment: Moment, firms: set[str]) -> str:
    """Tables of the market beside its figures: those of April 2025 but for what is known to differ."""
    import tomli_w

    tree = {key: dict(part) for key, part in moment.last.scenario.items()}
    pack, fleet = (moment.between(known["2022-12"], known["2025-04"]) for known in (PACK, FLEET))
    tree["market"] = tree.get("market", {}) | {"pack_price": round(pack, 1)}
    loyalty = dict(tree["dynamics"]["loyalty"]) | {"nev_fleet_share": round(fleet, 4)}
    tree["dynamics"] = tree["dynamics"] | {"loyalty": loyalty}
    tree["campaigns"] = campaign_table(firms)
    head = (
        f"# What the market of {moment.month} has beside its figures: as in April 2025, but for the\n"
        "# battery pack (CNY/kWh, on a straight line from 855 in 2022 to 683) and NEVs on the road\n"
        "# (0.041 to 0.09). Made by python -m pricewar.data.builder.\n\n"
    )
    return head + tomli_w.dumps(tree)
