"""What campaigns are decided on: quotas and how far behind them firms are, stock, warnings, imposed cuts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from pricewar.base.landscape import Landscape
from pricewar.base.luck import streams
from pricewar.base.months import month_after
from pricewar.base.records import Accounts, Flags, Floats, Offers
from pricewar.base.state import State
from pricewar.campaigns import Board
from pricewar.demand.anchored import Anchored
from pricewar.demand.mixed import MixedLogit
from pricewar.demand.several import shares_at
from pricewar.events.cuts import ImposedCut
from pricewar.scenario.campaigns import CampaignSpec, Quota
from pricewar.scenario.tree import Scenario

from .campaigning import Campaign, Campaigns
from .costs import avoidable
from .prospects import Known, Market, nearness
from .research import Research
from .sight import Sight

Reckoned: TypeAlias = Callable[..., Known]
"""What firms that comply reckon with, given the offers that their rules ask for, and the run (`s`)."""
RUNWAY = 0.5
"""Years of losses that cash covers, below which a firm may give up (assumed)."""


class Quotas:
    """Each firm's announced quota of the year, and what it has sold of it."""

    def __init__(self, spec: CampaignSpec, landscape: Landscape, start: str) -> None:
        self.spec, self.landscape, self.start = spec, landscape, start
        self.targets: dict[str, Floats] = {}
        self.sold: dict[str, Floats] = {}
        season = np.asarray(spec.season)
        self.due = [float(season[:place].sum() / season.sum()) for place in range(12)]
        """Share of a year's sales that is due before each of its months."""
        self.owed = np.zeros(len(landscape.firms))
        """(F,) shortfall with which last year ended."""

    def shortfall(self, month: str) -> Floats:
        """(F,) by how much each firm is behind its quota along the season's path, 0..1.

        In January to March last year's shortfall is carried on.
        """
        year, place = month[:4], int(month[5:])
        target, sold = self._of(year)
        path = target * self.due[place - 1]
        behind = np.divide(path - sold, path, out=np.zeros_like(path), where=path > 0)
        behind = np.maximum(behind, 0.0)
        return np.maximum(behind, self.owed) if place <= 3 else behind

    def book(self, month: str, units: Floats) -> None:
        """Add a month's sales, (F,) units; December settles the year."""
        year = month[:4]
        target, sold = self._of(year)
        self.sold[year] = sold + units
        if month.endswith("-12"):
            left = np.divide(target - self.sold[year], target, out=np.zeros_like(target), where=target > 0)
            self.owed = np.maximum(left, 0.0)

    def _of(self, year: str) -> tuple[Floats, Floats]:
        """(F,) quota of a year, 0 without one, and (F,) what has been sold of it."""
        if year not in self.targets:
            quotas = [self.spec.quotas.get(firm, {}).get(year) for firm in self.landscape.firms]
            first, usual = year == self.start[:4], self.landscape.by_firm(self.landscape.start_units)
            before = (int(self.start[5:]) - 1.0) * usual if first else np.zeros_like(usual)
            last = self.sold.get(str(int(year) - 1), 12.0 * usual)
            self.targets[year] = np.array([_target(q, units) for q, units in zip(quotas, last, strict=True)])
            told = [q.sold if first and q is not None and q.ambition is None else None for q in quotas]
            self.sold[year] = np.array(
                [units if sold is None else sold for sold, units in zip(told, before, strict=True)]
            )
        return self.targets[year], self.sold[year]


def _target(quota: Quota | None, last: float) -> float:
    """Units of a year, given those of the year before."""
    if quota is None:
        return 0.0
    return quota.target if quota.target is not None else float(quota.ambition or 0.0) * last


class Announcements:
    """The campaigns of a run with all that they are decided on."""

    def __init__(self, setting: Scenario, landscape: Landscape, seed: int) -> None:
        self.setting = setting
        self.campaigns = Campaigns(setting.campaigns.rule, landscape, seed, setting.periods)
        self.quotas = Quotas(setting.campaigns, landscape, setting.start)
        self.near = nearness(landscape)
        self.list_price = np.array([setting.products[name].list_price for name in landscape.products])
        self.other_income = np.array([firm.external_income for firm in setting.firms.values()])
        lucks = streams(seed, (("exit", firm) for firm in landscape.firms))
        self.exit_luck = np.array([luck.random(setting.periods) for luck in lucks])

    @classmethod
    def of(cls, setting: Scenario, landscape: Landscape, seed: int) -> Announcements | None:
        """The campaigns of a scenario that has them, else None."""
        return cls(setting, landscape, seed) if setting.campaigns.on else None

    @property
    def known(self) -> list[list[Campaign]]:
        """All campaigns so far, of one run."""
        return [self.campaigns.known]

    def lay_on(self, offers: Offers, state: State, sight: Sight, reckoned: Reckoned) -> Offers:
        """Draw the campaigns of a month and lay what stands on the prices that the firms' rules ask for.

        Args:
            offers: as the rules ask.
            state: the market before the month; its `standing` is moved on.
            sight: what may be seen, for quotas and for the decision to launch.
            reckoned: gives what the regulator's measures mean to firms that comply.
        """
        known = reckoned(offers)
        period, asked_list, asked = offers.period, offers.list_price, offers.price
        if sight.sales is not None:
            units = state.landscape.by_firm(sight.sales.units)
            self.quotas.book(self.setting.month(period - 1), units)
        elif self.setting.campaigns.warm_up:
            self.campaigns.warm_up(state, self.before(state), last_month(state, sight))
        imposed = self.imposed(state.landscape, period)
        board = self.board(state, period, known.warned)
        self.campaigns.month(state, board, imposed, last_month(state, sight, known.floor))
        standing = state.standing
        here = offers.on_sale  # nobody asks anew for what is off the market: it would be cut again each month
        list_price = np.where(here, standing.lists(asked_list, asked), asked_list)
        price = np.where(here, standing.prices(asked), asked)
        state.standing = standing.but(list_lift=list_price / asked_list, price_lift=price / asked)
        headline = np.where(here, standing.headlines(asked_list), asked)
        return offers.but(list_price=list_price, promotion=list_price - price, headline=headline)

    def tired(self, state: State, accounts: Accounts, period: int) -> Flags:
        """(F,) firms that give up: little cash and credit against what they lose, and no luck this month.

        A firm that an event makes cut its prices does not: its loss ends with the cut.

        Args:
            state: with cash at the end of the month.
            accounts: of the month.
            period: the month.
        """
        forced = self.imposed(state.landscape, period, lasting=True) > 0
        loss = np.maximum(-12.0 * (accounts.operating_profit + self.other_income), 0.0)
        runway = np.divide(
            np.maximum(state.cash + state.credit, 0.0), loss, out=np.full_like(loss, np.inf), where=loss > 0
        )
        hazard = np.minimum(self.setting.campaigns.give_up / np.maximum(runway, 1e-9), 1.0)
        return np.asarray(~forced & (runway < RUNWAY) & (self.exit_luck[:, period] < hazard))

    def board(self, state: State, period: int, warned: Floats | None = None) -> Board:
        """What can be seen, with how strongly a warning holds with each firm (F,)."""
        land, standing = state.landscape, state.standing
        month = self.setting.month(period)
        return Board(
            landscape=land,
            period=period,
            month=month,
            able=state.active & land.any_of_firm(state.on_sale),
            in_force=standing.in_force(land),
            since=period - standing.moved,
            shortfall=self.quotas.shortfall(month),
            overstock=overstock(state),
            warned=np.zeros(len(land.firms)) if warned is None else warned,
            announced=standing.announced.max(axis=0),
            nearness=self.near,
        )

    def before(self, state: State) -> list[Board]:
        """What could be seen in the months before the start: the start's figures, the calendar's months."""
        months, start = self.setting.campaigns.warm_up, self.setting.start
        board = self.board(state, 0)
        return [board.but(period=t, month=month_after(start, t - months)) for t in range(months)]

    def imposed(self, landscape: Landscape, period: int, lasting: bool = False) -> Floats:
        """(F,) cuts that events announce this month: mean over the models in them, as a fraction.

        Args:
            landscape: who sells what.
            period: the month.
            lasting: all cuts in force this month, not only those that begin.
        """
        found, start = np.zeros(len(landscape.firms)), self.setting.clock
        for event in self.setting.events:
            if isinstance(event, ImposedCut) and (
                event.lasts(start, period) if lasting else event.strikes(start, period)
            ):
                cut = event.told_cut(landscape, self.list_price)
                firm = landscape.firm(event.firm)
                found[firm] = max(found[firm], float(cut[cut > 0].mean()) if (cut > 0).any() else 0.0)
        return found


def overstock(state: State) -> Floats:
    """(F,) months of stock above what each firm held to be normal at the start, >= 0."""
    by_firm = state.landscape.by_firm
    plan = np.maximum(by_firm(state.forecast), 1e-9)
    normal = by_firm(state.start_stock_months * state.forecast)
    return np.asarray(np.maximum(by_firm(state.stock) - normal, 0.0) / plan)


def last_month(state: State, sight: Sight, floor: Floats | None = None) -> Market:
    """What firms know of demand and law when they decide on a campaign: last month's, at other prices."""
    seen, offers, sales = sight.research, sight.offers, sight.sales
    people = sales.shoppers if sales else sight.setting.consumers.shoppers
    price, vat = offers.price, sight.setting.market.vat
    return Market(
        price=price,
        margin=price / (1.0 + vat) - avoidable(state.unit_cost, state.overhead),
        room=state.capacity * state.supply * state.active,
        vat=vat,
        answer=_answer(seen, price, people),
        floor=floor,
    )


def _answer(seen: Research, paid: Floats, people: float) -> Callable[[Floats, Sequence[slice]], Floats]:
    """`Market.answer` of a month like the last one, in which these prices (J,) were paid."""
    sketch, found = seen.calibration.sketch, seen.found
    felt = found.price + found.shift
    demand: list[MixedLogit | Anchored] = []

    def answer(price: Floats, wanted: Sequence[slice]) -> Floats:
        if not demand:  # made when it is asked for: in many months nobody does
            rows = sketch.rows
            demand.append(sketch.at(found.delta, found.outside[:rows], found.brand[:rows]))
        return shares_at(demand[0], felt + (price - paid), wanted) * people

    return answer
