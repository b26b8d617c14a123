"""The schema of the tables: every column with its type, unit, meaning and how it adds up over months.

The single source of what a run writes; the reference page of outputs is printed from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Dtype = Literal["str", "int", "float", "bool"]
Total = Literal["key", "sum", "mean", "end", "none"]
"""How months add up to "total": sum of flows, mean of rates, end value of stocks; a key names the row."""


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    dtype: Dtype
    unit: str
    meaning: str
    total: Total
    level: bool = True
    """Whether a value has a meaning by itself; a surplus has a meaning only as a difference."""


Table = tuple[Column, ...]


def key(name: str, dtype: Dtype, meaning: str) -> Column:
    """A column that names the row."""
    return Column(name, dtype, "", meaning, "key")


def flow(name: str, unit: str, meaning: str) -> Column:
    """A monthly amount: months add up."""
    return Column(name, "float", unit, meaning, "sum")


def gain(name: str, unit: str, meaning: str) -> Column:
    """A monthly amount of which only the difference between two runs means anything."""
    return Column(name, "float", unit, meaning, "sum", level=False)


def rate(name: str, unit: str, meaning: str) -> Column:
    """A price, ratio or index: the total is the mean over the months in which it is defined."""
    return Column(name, "float", unit, meaning, "mean")


def level(name: str, unit: str, meaning: str) -> Column:
    """A stock at the end of the month: the total is the value at the end of the run."""
    return Column(name, "float", unit, meaning, "end")


def note(name: str, dtype: Dtype, unit: str, meaning: str) -> Column:
    """A column that is not compared between scenarios."""
    return Column(name, dtype, unit, meaning, "none")


_RUN: Final = (
    key("scenario", "str", "name of the scenario"),
    key("seed", "int", "seed of the run; runs with one seed share their luck"),
)
_MONTH: Final = (
    *_RUN,
    key("period", "int", "periods since the first one of the run, from 0"),
    key("month", "str", "the period by name: 2025-05, 2025-Q2, 2025-W20 or 2025-05-12"),
)

PRODUCTS: Final[Table] = (
    *_MONTH,
    key("firm", "str", "id of the firm"),
    key("product", "str", "id of the product"),
    note("segment", "str", "", "segment of the product"),
    rate("list_price", "money incl. VAT", "list price"),
    rate("promotion", "money incl. VAT", "rebate on the list price, by firm or dealer"),
    rate("price", "money incl. VAT", "transaction price: list price less promotion"),
    rate("net_price", "money ex VAT", "price OFFERED this month, net of VAT; legal lines are held to it"),
    rate(
        "paid_price", "money incl. VAT", "mean price that the units delivered this month PAID; empty without"
    ),
    rate(
        "reference_price", "money incl. VAT", "price without a cut: the start price moved with the own cost"
    ),
    rate("cost_index", "start = 1", "published for rivals: reference over start price, mean of the segment"),
    flow("units", "units", "units delivered"),
    flow("orders", "units", "units ordered"),
    flow("produced", "units", "units made"),
    flow("voided", "units", "orders cancelled, or voided because the firm left"),
    level("backlog", "units", "orders not yet delivered, end of month"),
    level("stock", "units", "units with dealers and firm, end of month"),
    flow("order_value", "money incl. VAT", "orders taken, at their price"),
    flow(
        "refunds",
        "money incl. VAT",
        "price of the order less price paid, of units delivered; signed",
    ),
    flow("voided_value", "money incl. VAT", "orders cancelled or voided, at their price"),
    flow("protection_paid", "money incl. VAT", "paid back to earlier buyers under a measure"),
    level("book_value", "money incl. VAT", "open orders at their prices, end of month"),
    rate("unit_cost", "money ex VAT", "production cost of one more unit"),
    note("on_sale", "bool", "", "launched, and its firm is in the market"),
    rate("subsidy", "money", "paid by the state to the buyer of a unit"),
)

FIRMS: Final[Table] = (
    *_MONTH,
    key("firm", "str", "id of the firm"),
    note("active", "bool", "", "still in the market"),
    flow("units", "units", "units delivered"),
    flow("orders", "units", "units ordered"),
    rate("share", "fraction", "share of all units delivered by the firms of the market"),
    flow("revenue", "money ex VAT", "sales booked"),
    flow("production_cost", "money ex VAT", "cost of the units delivered"),
    flow("gross_profit", "money", "revenue less production cost"),
    rate("gross_margin", "fraction", "gross profit over revenue; empty without revenue"),
    flow("fixed_cost", "money", "cost that does not depend on the period's output, R&D included"),
    flow("operating_profit", "money", "gross profit less fixed cost, fines and levies"),
    level("cash", "money", "cash, end of month"),
    level("payables", "money", "owed to suppliers, end of month"),
    rate("payable_days", "days", "days until suppliers are paid"),
    level("inventory", "money", "stock at cost, end of month"),
    level("stock", "units", "units in stock, end of month"),
    rate("stock_months", "months", "stock over the month's deliveries"),
    level("backlog", "units", "orders not yet delivered, end of month"),
    rate("capacity", "units a period", "units that the firm can make in a period"),
    level("brand", "utility", "brand equity relative to the start"),
    rate("price_change", "fraction", "price against the start, weighted by units at the start"),
    rate("reference_change", "fraction", "the same of the reference price: what own costs explain"),
    rate("cut_depth", "fraction", "mean depth of cuts below the reference price, weighted by start units"),
    flow("refunds", "money incl. VAT", "given back at delivery to buyers who had ordered at a higher price"),
    level("book_value", "money incl. VAT", "open orders at their prices, end of month"),
    level("deposits", "money", "held of buyers whose units are not delivered, end of month; part of cash"),
    flow("petrol_profit", "money", "gross margin on the firm's petrol cars; not in its profit or cash"),
)

MARKET: Final[Table] = (
    *_MONTH,
    flow("shoppers", "people", "people in the market"),
    flow("arrivals", "people", "who would be in the market if nobody moved a purchase to another month"),
    flow("units", "units", "units delivered"),
    flow("orders", "units", "units ordered"),
    rate("mean_wait", "months", "from order to delivery, mean of units delivered"),
    rate("outside_share", "fraction", "shoppers who take a petrol car or none"),
    rate("waiting", "people", "who put off the purchase, above the usual number; below 0: buyers hurry"),
    rate("mean_price", "money incl. VAT", "transaction price, weighted by units"),
    rate("price_index", "start = 100", "price of the basket of start units, products still on sale"),
    rate("discount_depth", "fraction", "promotion over list price, weighted by units"),
    rate("hhi", "0 to 10,000", "Herfindahl-Hirschman index of units by firm"),
    rate("effective_firms", "firms", "10,000 over the HHI"),
    rate("reference_index", "start = 100", "the same basket at reference prices: what costs explain"),
    rate("war_index", "percent", "mean depth of price cuts below the reference, weighted by start units"),
    rate("below_cost_share", "fraction", "units ORDERED at an offered net price below unit cost"),
    gain(
        "consumer_surplus", "money", "experience utility over the outside option alone, counted at the order"
    ),
    gain("consumer_surplus_1", "money", "consumer surplus of the poorest fifth of buyers"),
    gain("consumer_surplus_2", "money", "consumer surplus of the second fifth"),
    gain("consumer_surplus_3", "money", "consumer surplus of the middle fifth"),
    gain("consumer_surplus_4", "money", "consumer surplus of the fourth fifth"),
    gain("consumer_surplus_5", "money", "consumer surplus of the richest fifth of buyers"),
    flow("feels_cheap", "money", "by which orders feel cheaper than they are; moves choices, not in surplus"),
    flow("refunds", "money incl. VAT", "given back at delivery; in the surplus of those who ordered"),
    flow("state_surprise", "money", "subsidies less taxes at delivery beyond what buyers counted on"),
    flow("producer_surplus", "money", "operating profit of all firms, petrol cars left out"),
    flow("petrol_units", "units", "petrol cars that shoppers take instead"),
    flow("petrol_profit", "money", "gross margin on petrol cars, of all their makers"),
    flow("petrol_taxes", "money", "VAT and purchase tax on petrol cars; in fiscal_cost"),
    flow("supplier_profit", "money", "profit of suppliers"),
    flow("suppliers_failed", "share of suppliers", "suppliers that failed in the month"),
    flow("fiscal_cost", "money", "subsidies less taxes, petrol cars' included, fines and levies"),
    gain("welfare", "money", "consumer and producer surplus, petrol and supplier profit, less fiscal cost"),
    rate("firms_active", "firms", "firms in the market"),
)

OPEN_ORDERS: Final[Table] = (
    *_RUN,
    key("book", "str", "opening: as the run began, on the start's terms; closing: as it ended, on the last"),
    key("firm", "str", "id of the firm"),
    key("product", "str", "id of the product"),
    level("cars", "units", "orders not delivered"),
    level("book_value", "money incl. VAT", "at the prices of the orders"),
    level("refunds", "money incl. VAT", "that their buyers will get at these terms"),
    level("producer_surplus", "money", "margin of the firm net of VAT"),
    level("supplier_profit", "money", "margin of the suppliers"),
    level("fiscal_cost", "money", "subsidies less taxes, VAT included"),
    level("consumer_surplus", "money", "what buyers get beyond what they counted on when they ordered"),
    *(level(f"consumer_surplus_{g}", "money", f"the same of income fifth {g}") for g in range(1, 6)),
    level("welfare", "money", "consumer and producer surplus and supplier profit, less fiscal cost"),
)
"""A run counts closing less opening, because surplus is counted at the order and profit at the delivery."""

LOG: Final[Table] = (
    *_MONTH,
    note("entity", "str", "", "firm, product, or market"),
    note("what", "str", "", "what happened"),
)

CAMPAIGNS: Final[Table] = (
    *_RUN,
    key("period", "int", "month of the run in which it begins, from 0; a renewal is no row"),
    note("month", "str", "", "its calendar month"),
    note("firm", "str", "", "id of the firm"),
    note("role", "str", "", "lead or follow"),
    note("kind", "str", "", "list (for good), limited (a time), subsidy (money of the firm, for a time)"),
    rate("announced", "fraction", "cut of the announced price, subsidies included"),
    rate("transaction", "fraction", "cut of the transaction price, mean over its models"),
    rate("coverage", "fraction", "its models among the firm's own on sale"),
    note("models", "str", "", "ids of its models, with commas"),
    note("trigger", "str", "", "id of the firm that is answered; empty for a leader"),
    note("lag_months", "int", "months", "after the trigger's announcement; -1 for a leader"),
    note("ended", "int", "", "first month of the run without it; -1 while it stands"),
)

RUNS: Final[Table] = (
    *_RUN,
    note("uncertainty", "str", "", "what differs between seeds: luck, parameters or both"),
    note("draw", "int", "", "row of the joint sample of parameters, from 0; -1: parameters as stated"),
    note(
        "digest",
        "str",
        "",
        "fingerprint of all inputs of the scenario, and of the sample drawn from",
    ),
    note("version", "str", "", "version of pricewar"),
    note("edition", "int", "", "edition of the model: results of two editions are not comparable"),
    note("status", "str", "", "ok or failed"),
    note("error", "str", "", "why it failed, else empty"),
    note("seconds", "float", "s", "wall time; stored in run.json only, so that tables keep their bytes"),
)

COMPARISON: Final[Table] = (
    key("scenario", "str", "name of the scenario"),
    key("entity", "str", "market, or id of a firm"),
    key("metric", "str", "a column of the market or firms table"),
    key(
        "period",
        "str",
        "month, total (by the last column of the tables above), open_orders, or total_with_open",
    ),
    rate("mean", "of the metric", "mean over seeds; empty where only differences mean anything (surplus)"),
    rate("lo", "of the metric", "lower end of its 95% interval over seeds; empty where no seed differs"),
    rate("hi", "of the metric", "upper end"),
    rate("diff", "of the metric", "mean over seeds of the difference from the baseline with the same seed"),
    rate("diff_lo", "of the metric", "lower end of its 95% interval over seeds; empty where no seed differs"),
    rate("diff_hi", "of the metric", "upper end"),
    rate("range_lo", "of the metric", "range over seeds: 5% quantile of runs (the least of fewer than 5)"),
    rate("range_hi", "of the metric", "95% quantile of runs (the greatest of fewer than 5): 90% lie between"),
    rate("diff_range_lo", "of the metric", "range over seeds of the difference with the same seed, low end"),
    rate("diff_range_hi", "of the metric", "high end"),
)

EPISODES: Final[Table] = (
    *_RUN,
    key("start", "str", "first month in which prices lie below their level before the war, net of costs"),
    note("end", "str", "", "last month of the war"),
    note("outcome", "str", "", "recovered, settled (half a year without a new low), or still open"),
    rate("length", "months", "months from start to end, both counted"),
    rate(
        "depressed_months", "months", "months from start until half of the fall is made good, else to the end"
    ),
    rate("depth", "fraction", "deepest fall of the price index from its level before the war"),
    rate("breadth", "firms", "firms that cut by the threshold or more, net of their costs"),
    note("leader", "str", "", "the firm that cut first"),
    note("followers", "str", "", "the others, each with its lag in months: geely +1, nio +3"),
    rate("follower_count", "firms", "number of followers"),
    rate("median_lag", "months", "median lag of the followers"),
    rate("recovery_half_life", "months", "from the deepest point until half of the fall is made good"),
    flow(
        "profit_destroyed", "money", "operating profit of all firms below the but-for run, depressed months"
    ),
    flow("consumer_gain", "money", "consumer surplus above the but-for run, depressed months"),
    note("campaigns", "int", "", "campaigns that began in these months; 0 where firms start none"),
    note("starter", "str", "", "of their widest wave: the firm that began it, or whose imposed cut did"),
    note("joined", "str", "", "the others in it, each with its months after the start of the wave"),
)

WAVES: Final[Table] = (
    *_RUN,
    key("start", "str", "month of the first announcement"),
    note("end", "str", "", "last month with one of its campaigns; a list cut counts for six months"),
    note("outcome", "str", "", "over, or still open at the end of the run"),
    rate("length", "months", "months from start to end, both counted"),
    note("starter", "str", "", "the firm that began it, or whose imposed cut did"),
    note("joined", "str", "", "the firms that answered, each with its months after the start: geely +1"),
    rate("firms", "firms", "firms in it, the starter included"),
    rate("campaigns", "campaigns", "campaigns in it; an imposed cut is none"),
    rate("spread", "months", "from the start to the first month of its last campaign"),
    rate("announced", "fraction", "deepest announced cut"),
)

SCHEMA: Final[dict[str, Table]] = {
    "products": PRODUCTS,
    "firms": FIRMS,
    "market": MARKET,
    "open_orders": OPEN_ORDERS,
    "log": LOG,
    "campaigns": CAMPAIGNS,
    "runs": RUNS,
}


def columns(table: str) -> list[str]:
    """Names of the columns of a table, in their fixed order."""
    return [column.name for column in SCHEMA[table]]


def without_level(table: str) -> frozenset[str]:
    """The columns of a table whose values mean something as differences between runs only."""
    return frozenset(c.name for c in SCHEMA[table] if not c.level)


def measures(table: str) -> dict[str, Total]:
    """The columns of a table that scenarios are compared on, each with the way it adds up."""
    return {c.name: c.total for c in SCHEMA[table] if c.total not in ("key", "none")}
