"""Models of a month of the history: who sold how many of what, at which price.

A model that is on sale in December 2022 fades along a straight line if April 2025 no longer has it; one
that April 2025 alone has enters with its launch. Registrations of the month come first where they are
known, and the rest of a maker's cars are split by these weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import pandas as pd

from pricewar.data.history import FOLDER, History

from .rows import Figure, found, text
from .totals import COMPOSITE, FIRST, OTHERS, QUARTER, Moment

BODIES = {"suv": "SUV", "hatch": "hatchback", "mpv": "MPV", "sedan": "sedan"}
FIRST_PROMOTION = 0.02
"""Discount off list before the war, assumed, 0 to 5%: dealers' incentives of December 2022 apart."""
PRICE_SPREAD = 0.04
"""Half of the range of a recollected price."""
FRINGE = (
    ("other-compact", "Other compact cars (composite)", "A", "SUV", 120_000.0, 50.0, 420.0),
    ("other-mid", "Other mid-size cars (composite)", "B", "SUV", 200_000.0, 65.0, 480.0),
)
"""What stands for all makers that are not named, where April 2025 has no model of theirs (assumed)."""


@dataclass(frozen=True)
class Model:
    """A model with what is known of it at both ends; NaN where it is not on sale there."""

    firm: str
    texts: Mapping[str, Figure]
    battery_kwh: Figure
    range_km: Figure
    first_price: float
    last_price: float
    price: Figure
    """The better known of its two prices, for source and confidence."""
    first_units: float
    last_units: float
    launch: str
    first_promotion: float
    last_promotion: float
    registrations: str = ""
    moves: str = ""


def models(moment: Moment) -> dict[str, Model]:
    """All models of both ends, by product id; composites of the fringe where no other model stands for it."""
    names = _names()
    catalogue = {}
    table = moment.history.models.merge(names, on=["brand", "model"], validate="one_to_one")
    table = table.assign(list_price_cny=_prices(table))
    last = {str(key): row for key, row in moment.last.products.T.items()}
    for record in table.to_dict("records"):
        row = {str(key): value for key, value in record.items()}
        catalogue[str(row["product"])] = _early(row, last.get(str(row["april"])))
    for product, april in last.items():
        if product not in catalogue:
            catalogue[product] = _late(product, april, moment.last.figures)
    if not any(model.firm == OTHERS and model.launch <= FIRST for model in catalogue.values()):
        catalogue |= {each[0]: _composite(*each) for each in FRINGE}
    return catalogue


def product_rows(moment: Moment, units: Mapping[str, Figure]) -> Iterator[tuple[str, str, Figure]]:
    """Rows of products.csv: every model on sale in the month, firm by firm."""
    catalogue = models(moment)
    for firm, cars in units.items():
        own = {key: model for key, model in catalogue.items() if model.firm == firm and _sells(model, moment)}
        for key, figure in _split(own, cars, moment).items():
            yield from _rows(key, own[key], figure, moment)


def _rows(key: str, model: Model, units: Figure, moment: Moment) -> Iterator[tuple[str, str, Figure]]:
    price = _price(model, moment)
    rate = moment.between(model.first_promotion, model.last_promotion)
    how = "assumed: discount off list, on the line from 2% in December 2022 to that of April 2025"
    values = {
        "firm": text(model.firm, "maker of the model"),
        **model.texts,
        "list_price": price,
        "promotion": Figure(float(round(rate * float(price.value), -2)), how, "assumed", 1.0),
        "units": units,
        "battery_kwh": model.battery_kwh,
        "range_km": model.range_km,
        "launch": text(model.launch, "first month on sale, as in the history"),
    }
    yield from ((key, variable, figure) for variable, figure in values.items())


def _names() -> pd.DataFrame:
    path = files("pricewar.data").joinpath(FOLDER, "names.csv")
    with path.open("r", encoding="utf-8") as handle:
        return pd.read_csv(handle)


def _prices(table: pd.DataFrame) -> pd.Series[float]:
    """What a buyer pays in December 2022; a price that is not known is the median of its class and drive."""
    paid = table["list_price_cny"] - table["subsidy_cny"].where(table["price_basis"] == "before_subsidy", 0.0)
    return paid.fillna(paid.groupby([table["segment"], table["powertrain"]]).transform("median"))


def _early(row: Mapping[str, object], april: pd.Series | None) -> Model:
    source, confidence = found(row["price_source"], row["price_confidence"])
    price = float(str(row["list_price_cny"]))
    classes = "class by size and type of drive"
    return Model(
        firm=COMPOSITE.get(str(row["firm"]), str(row["firm"])),
        texts={
            "name": text(_name(row), "common name"),
            "segment": text(str(row["segment"]), classes),
            "body": text(BODIES[str(row["body"])], classes),
            "powertrain": text(str(row["powertrain"]), classes),
        },
        battery_kwh=Figure(float(str(row["battery_kwh"])), "assumed", "low", 0.1, "recollected"),
        range_km=Figure(float(str(row["range_km"])), "assumed", "low", 0.1, f"cycle {row['range_cycle']}"),
        first_price=price,
        last_price=float(april["list_price"]) if april is not None else np.nan,
        price=Figure(price, source, confidence, PRICE_SPREAD, f"{row['price_trim']} trim, after subsidy"),
        first_units=float(str(row["units_2022q4"])) / QUARTER,
        last_units=float(april["units"]) if april is not None else 0.0,
        launch=_launch(str(row["launch"])),
        first_promotion=FIRST_PROMOTION,
        last_promotion=_rate(april) if april is not None else FIRST_PROMOTION,
        registrations=row["registrations"] if isinstance(row["registrations"], str) else "",
        moves=row["moves"] if isinstance(row["moves"], str) else "",
    )


def _launch(told: str) -> str:
    """First month on sale; of a year alone its January, of a model that is only announced February 2023."""
    if not told.startswith("20"):
        return "2023-02"
    return told[:7] if told[4:5] == "-" else f"{told[:4]}-01"


def _name(row: Mapping[str, object]) -> str:
    brand, model = str(row["brand"]).split(" (")[0], str(row["model"])
    return model if model.startswith(brand.split(" ", maxsplit=1)[0]) else f"{brand} {model}"


def _late(product: str, row: pd.Series, figures: pd.DataFrame) -> Model:
    known = figures[(figures["table"] == "products") & (figures["entity"] == product)]
    known = known.set_index("variable")

    def as_found(variable: str) -> Figure:
        cell = known.loc[variable]
        return Figure(float(str(cell["value"])), "computed: as in April 2025", "computed", 0.1)

    return Model(
        firm=str(row["firm"]),
        texts={
            name: text(str(row[name]), "as in April 2025")
            for name in ("name", "segment", "body", "powertrain")
        },
        battery_kwh=as_found("battery_kwh"),
        range_km=as_found("range_km"),
        first_price=np.nan,
        last_price=float(row["list_price"]),
        price=as_found("list_price"),
        first_units=0.0,
        last_units=float(row["units"]),
        launch=str(row["launch"]),
        first_promotion=_rate(row),
        last_promotion=_rate(row),
    )


def _composite(
    product: str, name: str, segment: str, body: str, price: float, battery: float, reach: float
) -> Model:
    return Model(
        firm=OTHERS,
        texts={
            "name": text(name, "makers without a row of their own"),
            "segment": text(segment, "assumed"),
            "body": text(body, "assumed"),
            "powertrain": text("BEV", "assumed"),
        },
        battery_kwh=Figure(battery, "assumed", "assumed", 0.3),
        range_km=Figure(reach, "assumed", "assumed", 0.3),
        first_price=price,
        last_price=price,
        price=Figure(price, "assumed", "assumed", 0.25),
        first_units=1.0,
        last_units=1.0,
        launch=FIRST,
        first_promotion=FIRST_PROMOTION,
        last_promotion=FIRST_PROMOTION,
    )


def _rate(row: pd.Series) -> float:
    return float(row["promotion"]) / float(row["list_price"])


def _sells(model: Model, moment: Moment) -> bool:
    return model.launch <= moment.month and moment.between(model.first_units, model.last_units) > 0


def _price(model: Model, moment: Moment) -> Figure:
    """The list price: recorded list cuts since December 2022, and the rest of the way on a straight line in
    logs."""
    if np.isnan(model.first_price):
        return Figure(model.last_price, "computed: as in April 2025", "computed", 0.1)
    if moment.month == FIRST:
        return model.price
    done, all_cuts = (_recorded(model, moment.history, end) for end in (moment.month, "9999-12"))
    target = model.last_price if not np.isnan(model.last_price) else model.first_price * np.exp(all_cuts)
    rest = np.log(target / model.first_price) - all_cuts
    price = float(round(model.first_price * np.exp(done + moment.weight * rest), -2))
    how = "computed: December 2022, recorded list cuts, and a straight line to April 2025 for the rest"
    return Figure(price, how, "computed", 0.06)


def _recorded(model: Model, history: History, end: str) -> float:
    """Log change by recorded list cuts after December 2022, up to a month."""
    if not model.moves:
        return 0.0
    cuts = history.cuts()
    own = cuts[(cuts["firm"] == model.firm) & (cuts["kind"] == "list") & cuts["size"].notna()]
    own = own[(own["month"] > FIRST) & (own["month"] <= end)]
    own = own[own["model"].fillna("").str.contains(model.moves, regex=True)]
    return float(np.log1p(-own.groupby("announced")["size"].max()).sum())


def _split(own: Mapping[str, Model], cars: Figure, moment: Moment) -> dict[str, Figure]:
    """Cars a month of each model, whole numbers that add up to the maker's."""
    weight = {key: moment.between(m.first_units, m.last_units) for key, m in own.items()}
    counted = {key: value for key, m in own.items() if (value := _registered(m, moment)) is not None}
    total = float(cars.value)
    if sum(counted.values()) > 0.95 * total or len(counted) == len(
        own
    ):  # registrations hold what the total leaves out
        counted = {}
    left = total - sum(counted.values())
    open_weight = sum(value for key, value in weight.items() if key not in counted)
    share = {
        key: counted.get(key, left * value / open_weight if open_weight > 0 else 0.0)
        for key, value in weight.items()
    }
    whole = _whole(share, round(total))
    plain = "computed: fourth quarter of 2022 over 3, scaled to the maker's total"
    line = "assumed: the rest of the maker's cars by weights between December 2022 and April 2025"
    figures = {}
    for key in own:
        if key in counted and moment.month != FIRST:
            figures[key] = Figure(whole[key], "computed: mean registrations of the quarter", "computed", 0.05)
        elif moment.month == FIRST:
            figures[key] = Figure(whole[key], plain, "computed", 0.25)
        else:
            figures[key] = Figure(whole[key], line, "assumed", 0.5)
    return figures


def _registered(model: Model, moment: Moment) -> float | None:
    if not model.registrations or moment.month == FIRST:
        return None
    entity, name = model.registrations.split(":", maxsplit=1)
    rows = moment.history.monthly
    rows = rows[(rows["entity"] == entity) & (rows["model"] == name) & rows["month"].isin(moment.quarter)]
    return float(rows["value"].mean()) if len(rows) >= QUARTER - 1 else None


def _whole(share: Mapping[str, float], total: int) -> dict[str, float]:
    """Whole numbers with the same sum: the largest remainders are rounded up."""
    low = {key: float(np.floor(value)) for key, value in share.items()}
    short = total - int(sum(low.values()))
    by_rest = sorted(share, key=lambda key: (low[key] - share[key], key))
    return {key: value + (key in by_rest[:short]) for key, value in low.items()}
