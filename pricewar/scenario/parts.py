"""The parts of a scenario: market, buyers, products, firms, suppliers, noise.

Units: money, months, units a period; prices incl. VAT unless the name says net.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pricewar.base.book import Settlement
from pricewar.base.calendar_time import Stated
from pricewar.base.fields import Money, Share
from pricewar.base.rules import RuleOf
from pricewar.strategies import Strategy

Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]
"""A seed of luck: tables keep it as a 64-bit integer."""

Segment = Literal["A00", "A0", "A", "B", "C", "D"]
SEGMENTS: tuple[Segment, ...] = ("A00", "A0", "A", "B", "C", "D")
"""Size classes from city car to large, as the trade counts them."""


TEXT = r"^[^\x00-\x1f\x7f<>&\"]*$"
"""Words that go into tables, pages and figures: one line without marks of HTML."""


class Table(BaseModel):
    """A frozen part of a scenario; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)


class MarketSpec(Table):
    """What applies to the whole market."""

    currency: str = Field(
        "",
        max_length=12,
        pattern=TEXT,
        description='name of the money, such as "EUR"; none: amounts are "money"',
    )
    unit: str = Field(
        "units", min_length=1, max_length=40, pattern=TEXT,
        description='what is sold, in the plural, such as "baskets"',
    )  # fmt: skip
    vat: float = Field(0.0, ge=0, lt=1, description="value added tax contained in prices")
    discount_rate: float = Field(0.08, ge=0, le=1, description="a year, for present values (assumed)")
    variable_share: float = Field(
        1.0,
        gt=0,
        le=1,
        description="of unit cost at the start, the part that varies with output; the rest is overhead for "
        "the output of the start, made or not (assumed; range 0.8 to 0.97 where it is stated)",
    )
    pack_price: Money = Field(0.0, description="money per kWh of battery pack before the first period")
    pass_through: Share = Field(
        1.0, description="of a change in unit cost that reaches prices by custom (assumed; range 0.4 to 1)"
    )
    settlement: Settlement = Field(
        "lower",
        description="price that a delivered unit pays: the lower of the order's and the delivery's (cars: as "
        "Aito gave in October 2022 and Li Auto on 22 April 2024); the order's; or the delivery's",
    )
    petrol_price: Money = Field(
        0.0, description="money incl. VAT that a petrol car costs, where the outside option holds some"
    )
    petrol_margin: float = Field(0.0, gt=-1, lt=1, description="gross margin of makers on a petrol car")
    petrol_purchase_tax: Share = Field(0.0, description="of the net price, paid by the buyer of a petrol car")
    deposit: Share = Field(
        0.0, description="share of the price paid with the order, given back in full if it is voided"
    )


class ConsumerSpec(Table):
    """Who shops."""

    shoppers: float = Field(
        gt=0,
        description="people who consider buying in a month, those who buy nothing included: more than the "
        "units sold. A data set brings them; a market from scratch states them",
    )
    draws: int = Field(2000, ge=50, le=1_000_000, description="rows that stand for all shoppers")
    weight: float | None = Field(
        None, gt=0, description="real buyers a row stands for; 1: every buyer makes their own choice"
    )
    petrol_share: Share = Field(
        0.0, description="of those who take the outside option, the part that buys a petrol car"
    )
    income_log_sd: float = Field(0.6, ge=0, le=2, description="standard deviation of log income")
    seed: int = Field(
        0, ge=0, le=2**63 - 1, description="seed of the population, apart from the luck of a run"
    )


class ProductSpec(Table):
    """One model of one firm."""

    firm: str
    name: str
    segment: Segment = "A"
    body: Literal["sedan", "SUV", "hatchback", "MPV"] = "sedan"
    powertrain: Literal["BEV", "PHEV", "EREV", "ICE", "other"] = "other"
    list_price: float = Field(gt=0, description="money incl. VAT")
    promotion: float = Field(
        0, ge=0, description="money incl. VAT off the list price before the first period"
    )
    units: float = Field(0, ge=0, description="units a period before the first period; 0 for a later launch")
    battery_kwh: float = Field(0, ge=0)
    range_km: float = Field(0, ge=0)
    like: str | None = Field(None, description="product whose appeal a later launch shares")
    appeal: float = Field(0, description="utility added to that of the product named by `like`")
    unit_cost: float | None = Field(
        None, gt=0, description="money ex VAT; None: from the firm's gross margin"
    )
    attributes: dict[str, float | str] = Field(
        {}, description="further columns, by name: for tastes and nests; the same ones for all products"
    )

    @property
    def price(self) -> float:
        """Transaction price, money incl. VAT."""
        return self.list_price - self.promotion


class FirmSpec(Table):
    """One firm."""

    name: str
    strategy: Annotated[Strategy, RuleOf("pricewar.strategies", Strategy)]
    gross_margin: float = Field(0.15, gt=-1, lt=1, description="of revenue, before the first period")
    fixed_cost: Money = Field(0, description="money a period: sales, administration, research")
    cash: float | None = Field(
        None,
        description="money the firm can lose before it must leave; None: more than it can lose, 1,000 months "
        "of the whole market's sales at the start",
    )
    external_income: float = Field(0, description="money a period from business outside the market")
    capacity: float | None = Field(
        None,
        gt=0,
        description="units a period; None: more than it can sell, 1,000 times all shoppers at the start",
    )
    payable_days: float = Field(60, ge=0, le=720, description="days until suppliers are paid")
    dealer_stock: float = Field(0, ge=0, description="units in stock before the first period")
    backlog: float = Field(0, ge=0, description="orders in hand before the first period")
    months_to_exit: Annotated[int, Stated.LENGTH] = Field(
        3, ge=1, le=60, description="months without cash until the firm leaves"
    )
    credit_months: Annotated[float, Stated.LENGTH] = Field(
        0.0, ge=0, le=60, description="months of its sales at the start that it can borrow without cash"
    )
    credit_rate: float = Field(0.05, ge=0, le=1, description="interest a year on what it has borrowed")
    petrol_sales_share: Share = Field(
        0.0, description="of all petrol cars sold, the part that this firm makes beside its products here"
    )
    growth: float | None = Field(
        None, description="money a unit by which the firm values volume; None: revealed by its price"
    )


class SupplierSpec(Table):
    """A group of suppliers that serve every firm."""

    name: str
    share: Share = Field(description="of the firms' purchases")
    margin: float = Field(0.06, gt=-1, lt=1, description="of sales, before the first period")
    cash_months: Annotated[float, Stated.LENGTH] = Field(
        3.0, ge=0, le=48, description="months of own cost held as cash, median member"
    )
    cash_spread: float = Field(0.7, ge=0, le=2, description="standard deviation of log cash among members")
    members: int = Field(40, ge=1, le=1000)
    recovery_months: Annotated[float, Stated.LENGTH] = Field(
        12.0, ge=1, le=120, description="until a failed member is replaced"
    )


class SupplyChainSpec(Table):
    """How firms buy and pay."""

    purchased_share: Share = Field(0.8, description="of unit cost bought from suppliers on credit")
    squeeze: Share = Field(0.0, description="of a fall of the net price passed back to suppliers")
    dependence: Share = Field(0.5, description="capacity lost when all suppliers have failed")
    groups: dict[str, SupplierSpec] = Field(default_factory=dict)


class NoiseSpec(Table):
    """What differs from seed to seed. All zero: a run without chance in demand."""

    market_sd: Annotated[float, Stated.SPREAD] = Field(
        0.0, ge=0, le=1, description="monthly log standard deviation of shoppers"
    )
    taste_sd: float = Field(
        0.0, ge=0, le=2, description="standard deviation of passing taste shocks, utility"
    )
    taste_memory: Annotated[float, Stated.KEPT] = Field(
        0.6, ge=0, lt=1, description="autocorrelation of taste shocks a month"
    )
    firm_sd: dict[str, Annotated[float, Field(ge=0, le=2)]] = Field(
        {}, description="firm id -> standard deviation of passing shocks to all its products, utility"
    )
    firm_memory: Annotated[float, Stated.KEPT] = Field(
        0.6, ge=0, lt=1, description="autocorrelation of these shocks a month"
    )
    view_lag: Annotated[int, Stated.LENGTH] = Field(
        0, ge=0, le=12, description="months by which rivals' prices are seen late"
    )
    view_sd: float = Field(0.0, ge=0, le=1, description="log standard deviation of rivals' prices as seen")
