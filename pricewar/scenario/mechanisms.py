"""What carries over from month to month: each mechanism is a table that a market switches on.

Off, as all are by default, a mechanism leaves no trace. All are at rest at the start: they act on changes
only. A data set says which its market has (the shipped one: all but word of mouth) and brings the amounts of
money and the figures of cars. Values are assumed unless a source is named; ranges are what sweeps should
cover (docs/reference/dynamics.md).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pricewar.base.calendar_time import Stated

from .own_mechanism import MechanismOf, OwnMechanism

Length = Annotated[float, Stated.LENGTH]
"""A duration in months."""
Chance = Annotated[float, Stated.CHANCE]
"""What a month does to a part of the whole."""


class Mechanism(BaseModel):
    """A switchable mechanism."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    on: bool = False


class Waiting(Mechanism):
    """Buyers wait when they expect prices to fall (Coase 1972; Gowrisankaran and Rysman 2012).

    A share of those who buy nothing can wait. Waiting is worth alpha_i times the price fall expected over
    `horizon_months`, extrapolated from the recent trend. A limited-time offer known to end works the other
    way: buyers hurry.
    """

    share: float = Field(0.15, ge=0, le=0.9, description="of the outside option at rest that is waiting")
    horizon_months: Length = Field(3.0, ge=0, le=24)
    learning: Chance = Field(0.4, gt=0, le=1, description="weight of the newest month in the trend")


class ReferencePrice(Mechanism):
    """Prices are judged against a remembered price, losses more than gains.

    Kalyanaram and Winer 1995 (Marketing Science 14); loss aversion about 1.6 for brand choice in
    Neumann and Boeckenholt 2014 (Journal of Retailing 90); here range 1 to 2.5.
    """

    weight: float = Field(0.2, ge=0, le=2, description="extra price response to a gap from the reference")
    loss_aversion: float = Field(1.6, ge=1, le=4)
    memory: Annotated[float, Stated.KEPT] = Field(
        0.8, ge=0, lt=1, description="weight of the past in the reference price a month"
    )


class Brand(Mechanism):
    """Brand equity: shocks and deep cuts lower it, and it recovers with time (Mela, Gupta, Lehmann 1997)."""

    half_life: Length = Field(6.0, gt=0, le=120, description="months until half of a loss is healed")
    erosion: Annotated[float, Stated.SUM] = Field(
        0.03, ge=0, le=1, description="utility lost a month at a price cut of 100 per cent"
    )


class Loyalty(Mechanism):
    """Owners favour the brand they drive (Dubé, Hitsch and Rossi 2010, RAND 41)."""

    strength: float = Field(0.4, ge=0, le=3, description="utility of the brand last bought")
    replacement_months: Length = Field(
        12.0, ge=6, le=360, description="months that what was bought is kept (assumed; cars: 84)"
    )
    nev_fleet_share: float = Field(
        1.0,
        ge=0,
        le=1,
        description="products of this market's brands among all in use at the start (cars: NEVs on the road)",
    )


class PullForward(Mechanism):
    """What is bought today is not bought tomorrow (Mian and Sufi 2012, QJE 127)."""

    window_months: Length = Field(9.0, ge=1, le=60, description="how far ahead a purchase can be moved")
    response: float = Field(0.35, ge=0, le=3, description="d log shoppers / d log-sum of the offers")


class WordOfMouth(Mechanism):
    """More units of a brand in use make it more familiar (Bass 1969)."""

    strength: float = Field(0.1, ge=0, le=2, description="utility per log point of fleet share")


class Backlog(Mechanism):
    """Orders above what can be delivered wait; buyers dislike waiting; full order books turn buyers away."""

    wait_cost: Annotated[float, Stated.SUM] = Field(
        0.0, ge=0, description="money a buyer would pay for one week less (cars: 250)"
    )
    longest_months: Length = Field(
        12.0,
        ge=0,
        le=60,
        description="delivery time at which a firm takes no order; 0: nobody waits, as for seats, and who "
        "finds none turns to a second choice",
    )
    cancellation: Chance = Field(
        0.0,
        ge=0,
        lt=1,
        description="share of open orders cancelled in each month of waiting (assumed 0; range 0 to 0.1)",
    )


class DealerStock(Mechanism):
    """Firms plan production on a forecast and keep dealer stock; off: made to order."""

    forecast_weight: Chance = Field(0.5, gt=0, le=1, description="weight of the newest month's orders")
    adjust_months: Length = Field(3.0, ge=1, le=24, description="time over which a gap in stock is closed")


class Learning(Mechanism):
    """Cost falls with units ever made, c = c0 (E/E0)^-b (Wright 1936; Levitt, List, Syverson 2013).

    The rate is assumed, range 0 to 0.15, because no study of the whole cost was found: defects in an assembly
    plant fell by 19% a doubling (Levitt, List and Syverson 2013), but labour is a small part of cost. What is
    known of the goods of a data set is in its market.csv.
    """

    rate: float = Field(
        0.05,
        ge=0,
        le=0.4,
        description="fall of cost per doubling (cars: battery left out); assumed, 0 to 0.15",
    )
    years_made: float = Field(3.0, gt=0, le=50, description="past output in years of sales at the start")


class Battery(Mechanism):
    """Battery prices follow their own path, the one expected in April 2025.

    The survey of December 2024 (BloombergNEF) found 115 USD/kWh and expected 69 in 2030, 8.2% less each year,
    with 2.6% in 2025; the survey of 2023 expected 7.6% a year, a bank in October 2024 15% to 2026. Range
    -0.2 (the fall of 2024) to 0 (flat, expected of China in January 2025). Sources: market.csv, rows
    `battery_annual_decline` and on.
    """

    change_a_year: float = Field(
        -0.08, ge=-0.5, le=0.5, description="relative change of pack price a year; forecasts, -0.2 to 0"
    )


class Dynamics(BaseModel):
    """All mechanisms; further tables name a user's own mechanism by its kind."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[
        str, Annotated[OwnMechanism, MechanismOf("pricewar.scenario.own_mechanism", OwnMechanism)]
    ]

    waiting: Waiting = Waiting()
    reference_price: ReferencePrice = ReferencePrice()
    brand: Brand = Brand()
    loyalty: Loyalty = Loyalty()
    pull_forward: PullForward = PullForward()
    word_of_mouth: WordOfMouth = WordOfMouth()
    backlog: Backlog = Backlog()
    dealer_stock: DealerStock = DealerStock()
    learning: Learning = Learning()
    battery: Battery = Battery()

    @property
    def own(self) -> dict[str, OwnMechanism]:
        """The user's own mechanisms that are on, in the order of their names."""
        rules = self.__pydantic_extra__ or {}
        return {name: rules[name] for name in sorted(rules) if rules[name].on}
