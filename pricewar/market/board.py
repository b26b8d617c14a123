"""What campaigns are decided on: quotas and how far behind them firms are, stock, warnings, imposed cuts."""

from __future__ import annotations

import numpy as np

from pricewar.base.landscape import Landscape
from pricewar.base.luck import stream
from pricewar.base.months import months_between
from pricewar.base.records import Accounts, Flags, Floats, Offers
from pricewar.base.state import State
from pricewar.campaigns import Board
from pricewar.events.cuts import ImposedCut
from pricewar.interventions.suasion import PublicWarning
from pricewar.scenario.campaigns import CampaignSpec, Quota
from pricewar.scenario.tree import Scenario

from .campaigning import Campaigns, Market, nearness
from .costs import VARIABLE_SHARE
from .sight import Sight

RUNWAY = 0.5
"""Years of losses that cash covers, below which a firm may give up (assumed)."""


class Quotas:
    """Each firm's announced quota of the year, and what it has sold of it."""

    def __init__(self, spec: CampaignSpec, landscape: Landscape, start: str) -> None:
        self.spec, self.landscape, self.start = spec, landscape, start
        self.targets: dict[str, Floats] = {}
        self.sold: dict[str, Floats] = {}
        self.owed = np.zeros(len(landscape.firms))
        """(F,) shortfall with which last year ended."""

    def shortfall(self, month: str) -> Floats:
        """(F,) by how much each firm is behind its quota along the season's path, 0..1.

        In January to March last year's shortfall is carried on.
        """
        year, place = month[:4], int(month[5:])
        season = np.asarray(self.spec.season)
        due = float(season[: place - 1].sum() / season.sum())
        target, sold = self._of(year)
        path = target * due
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
        streams = (stream(seed, "exit", firm) for firm in landscape.firms)
        self.exit_luck = np.array([luck.random(setting.periods) for luck in streams])

    @classmethod
    def of(cls, setting: Scenario, landscape: Landscape, seed: int) -> Announcements | None:
        """The campaigns of a scenario that has them, else None."""
        return cls(setting, landscape, seed) if setting.campaigns.on else None

    def lay_on(self, offers: Offers, state: State, sight: Sight) -> Offers:
        """Draw the campaigns of a month and lay what stands on the prices that the firms' rules ask for.

        Args:
            offers: as the rules ask.
            state: the market before the month; its `standing` is moved on.
            sight: what may be seen, for quotas and for the decision to launch.
        """
        period, asked_list, asked = offers.period, offers.list_price, offers.price
        if sight.sales is not None:
            units = state.landscape.by_firm(sight.sales.units)
            self.quotas.book(self.setting.month(period - 1), units)
        imposed = self.imposed(state.landscape, period)
        self.campaigns.month(state, self.board(state, period), imposed, last_month(state, sight))
        standing = state.standing
        list_price, price = standing.lists(asked_list), standing.prices(asked_list, asked)
        state.standing = standing.but(list_lift=list_price / asked_list, price_lift=price / asked)
        return offers.but(
            list_price=list_price, promotion=list_price - price, headline=standing.headlines(asked_list)
        )

    def tired(self, state: State, accounts: Accounts, period: int) -> Flags:
        """(F,) firms that give up: little cash against what they lose, and no luck this month.

        Args:
            state: with cash at the end of the month.
            accounts: of the month.
            period: the month.
        """
        other = np.array([firm.external_income for firm in self.setting.firms.values()])
        loss = np.maximum(-12.0 * (accounts.operating_profit + other), 0.0)
        runway = np.divide(np.maximum(state.cash, 0.0), loss, out=np.full_like(loss, np.inf), where=loss > 0)
        hazard = np.minimum(self.setting.campaigns.give_up / np.maximum(runway, 1e-9), 1.0)
        return np.asarray((runway < RUNWAY) & (self.exit_luck[:, period] < hazard))

    def board(self, state: State, period: int) -> Board:
        """What can be seen."""
        land, standing = state.landscape, state.standing
        month = self.setting.month(period)
        return Board(
            landscape=land,
            period=period,
            month=month,
            able=state.active & (land.by_firm(state.on_sale) > 0),
            in_force=standing.in_force(land),
            since=period - standing.moved,
            shortfall=self.quotas.shortfall(month),
            overstock=overstock(state),
            warned=self.warned(period, len(land.firms)),
            announced=standing.announced.max(axis=0),
            nearness=self.near,
        )

    def warned(self, period: int, firms: int) -> Flags:
        """(F,) whom a warning or a summons is addressed to this month: all firms."""
        measures = self.setting.interventions
        on = any(isinstance(m, PublicWarning) and m.active(self.setting.start, period) for m in measures)
        return np.full(firms, on)

    def imposed(self, landscape: Landscape, period: int) -> Floats:
        """(F,) cuts that events announce this month: mean over the models in them, as a fraction."""
        found = np.zeros(len(landscape.firms))
        for event in self.setting.events:
            if isinstance(event, ImposedCut) and months_between(self.setting.start, event.month) == period:
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


def last_month(state: State, sight: Sight) -> Market:
    """What firms know of demand when they decide on a campaign: last month's, at other prices."""
    seen, offers, sales = sight.research, sight.offers, sight.sales
    people = sales.shoppers if sales else sight.setting.consumers.shoppers
    vat = sight.setting.market.vat

    sketch, found = seen.calibration.sketch, seen.found
    demand = sketch.at(found.delta, found.outside[: sketch.rows], found.brand[: sketch.rows])

    def answer(price: Floats) -> Floats:
        weighed = found.price + found.shift + (price - offers.price)
        return np.asarray(demand.by_group(weighed)[0].sum(axis=0) * people)

    return Market(
        price=offers.price,
        margin=offers.price / (1.0 + vat) - VARIABLE_SHARE * state.unit_cost,
        units=answer(offers.price),
        room=state.capacity * state.supply * state.active,
        vat=vat,
        answer=answer,
    )
