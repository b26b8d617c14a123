"""Campaigns in a run: drawn each month above the prices that firms' rules ask for, launched, renewed, ended.

The order of a month: offers that are over end or are renewed; new editions reset list prices; firms lead;
firms answer, twice; what stands is laid on the prices that the rules ask for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pricewar.base.landscape import Landscape
from pricewar.base.luck import streams
from pricewar.base.months import DAYS_A_MONTH
from pricewar.base.records import Flags, Floats, Ints
from pricewar.base.standing import Standing
from pricewar.base.state import State
from pricewar.campaigns import Board, CampaignRule, Draws, Plan
from pricewar.campaigns.base import LIST, ROUNDS
from pricewar.campaigns.luck import Luck

from .asked import Asked
from .prospects import Market, foremost, lawful


@dataclass(frozen=True)
class Campaign:
    """One campaign as it is reported: at its first month; a renewal is none of its own."""

    period: int
    firm: int
    kind: int
    announced: float
    """Cut of the announced price, as a fraction; what the firm adds to subsidies included."""
    transaction: float
    """Cut of the transaction price, mean over the models named."""
    models: tuple[int, ...]
    coverage: float
    """Share of the own products on sale that it names."""
    trigger: int
    """Firm that is answered; -1 for a leader."""
    lag_months: int
    """Months after the trigger's announcement; -1 for a leader."""
    ended: int = -1
    """First period without it; -1 while it stands."""


class Campaigns:
    """All campaigns of one run."""

    def __init__(self, rule: CampaignRule, landscape: Landscape, seed: int, periods: int) -> None:
        self.rule, self.landscape, self.seed = Asked(rule, landscape.firms), landscape, seed
        self.luck = Luck(seed, landscape.firms, periods)
        self.by_name = np.argsort(np.argsort(np.array(landscape.products), kind="stable"), kind="stable")
        """(J,) place of each product among their ids in order: what breaks ties."""
        firm_of = landscape.firm_of
        self.own = [np.flatnonzero(firm_of == f) for f in range(len(landscape.firms))]
        """Positions of each firm's products."""
        self.lines = [slice(int(own[0]), int(own[-1]) + 1) if len(own) else slice(0, 0) for own in self.own]
        """The same as slices: products are in order of firms."""
        self.towards = landscape.by_firm(landscape.closeness)
        """(J, F) how near each product is to all products of each firm."""
        self.known: list[Campaign] = []
        """All campaigns so far, in the order in which they began."""
        self.reported = True
        """Whether campaigns are noted."""
        self.for_a_time: dict[int, set[int]] = {}
        """Of the offers for a limited time that stand: place in `known` -> the models still in it."""
        lucks = streams(seed, (("edition", name) for name in landscape.products))
        self.edition = np.array([int(luck.integers(12)) for luck in lucks])
        """(J,) calendar month, 0 to 11, in which each model gets its new edition."""

    def warm_up(self, state: State, boards: Sequence[Board], market: Market) -> None:
        """Draw campaigns of months before the start, while the market stands still; none is reported.

        What stands after them is in force at the start, and the prices of the start are prices with it.

        Args:
            state: the market at the start; its `standing` is set.
            boards: what could be seen in those months, but for campaigns.
            market: at the start.
        """
        luck = self.luck
        self.luck = Luck(self.seed, self.landscape.firms, len(boards), "campaigns before", luck.habit)
        self.reported, none = False, np.zeros(len(self.landscape.firms))
        for board in boards:
            standing = state.standing
            seen = board.but(
                in_force=standing.in_force(self.landscape),
                since=board.period - standing.moved,
                announced=standing.announced.max(axis=0),
            )
            self.month(state, seen, none, market)
        state.standing = state.standing.from_now_on(len(boards))
        self.luck, self.reported = luck, True

    def month(self, state: State, board: Board, imposed: Floats, market: Market) -> None:
        """End, renew, and draw the campaigns of a month; `state.standing` is what stands after it.

        Args:
            state: the market before the month's prices.
            board: what can be seen.
            imposed: (F,) cuts that events announce this month, as fractions.
            market: of last month, for the decision to launch.
        """
        draws = self.luck.of(board.period)
        standing = self._ended(state.standing, board, draws)
        standing = self._new_editions(standing, state, board)
        before = standing.announced[0]
        standing = standing.but(announced=np.array([imposed, before]))
        board = board.but(announced=np.maximum(imposed, before))
        standing = self._launch(self.rule.lead_plan(board, draws), standing, state, board, draws, market)
        seen = None
        for answer in range(ROUNDS):
            if seen is not standing:  # the last round may have changed nothing
                seen, told = standing, standing.announced.max(axis=0)
                still = board.able & (standing.moved < board.period)
                now = board.but(able=still, in_force=standing.in_force(self.landscape))
            plan = self.rule.follow_plan(now, draws, told, answer)
            standing = self._launch(plan, standing, state, board, draws, market)
        state.standing = standing

    # -- what stands ---------------------------------------------------------------------------

    def _ended(self, standing: Standing, board: Board, draws: Draws) -> Standing:
        """Offers whose time is over end, or stand for as long again where the firm renews them."""
        over = (standing.ends >= 0) & (standing.ends <= board.period)
        if not over.any():
            return standing
        renewed = over & (self.rule.renews(board, draws) & board.able)[self.landscape.firm_of]
        gone = over & ~renewed
        if gone.any():
            self._close(gone, board.period)
        ends = np.where(renewed, standing.ends + standing.days / DAYS_A_MONTH, standing.ends)
        ends = np.where(gone, -1.0, ends)
        return standing.but(
            offered=np.where(gone, 0.0, standing.offered),
            given=np.where(gone, 0.0, standing.given),
            ends=ends,
        )

    def _close(self, gone: Flags, period: int) -> None:
        """Note the end of campaigns whose last models are out of it: a part may have been offered anew."""
        models = set(gone.nonzero()[0].tolist())
        for k, still in list(self.for_a_time.items()):
            still -= models
            if not still:
                self.known[k] = replace(self.known[k], ended=period)
                del self.for_a_time[k]

    def _new_editions(self, standing: Standing, state: State, board: Board) -> Standing:
        """A model's new edition takes back a part of its lasting cuts, and has no promotion.

        Its list price is what buyers pay then. Without editions cuts would only ever deepen.
        """
        if board.period == 0:
            return standing
        due = (self.edition == int(board.month[5:]) - 1) & state.on_sale & (standing.offered == 0)
        due &= standing.listed < 1.0
        if not due.any():
            return standing
        asked, price = state.asked_list * standing.list_base, state.asked_price * standing.price_base
        paid = np.where(due, 1.0 - self.rule.edition_keeps * (1.0 - standing.paid), standing.paid)
        fresh = np.minimum(price * paid / np.maximum(asked, 1e-9), 1.0)
        return standing.but(listed=np.where(due, fresh, standing.listed), paid=paid)

    # -- new campaigns -------------------------------------------------------------------------

    def _launch(
        self, plan: Plan, standing: Standing, state: State, board: Board, draws: Draws, market: Market
    ) -> Standing:
        """Launch those of the campaigns drawn that their firms find worth it."""
        drawn = plan.drawn.nonzero()[0].tolist()
        if not drawn:
            return standing
        stock = state.stock / np.maximum(state.forecast, 1e-9)
        models = {f: self._models(f, plan, state.on_sale, stock) for f in drawn}
        if market.floor is not None:
            plan = lawful(plan, models, market.price, market.floor)
            models = {f: named for f, named in models.items() if plan.drawn[f]}
        gain, contribution = self._gains(plan, models, board, market)
        launched = plan.drawn & self.rule.willing(board, gain, contribution, draws)
        chosen = {f: models[f] for f in launched.nonzero()[0].tolist()}
        return self._add(chosen, plan, standing, state, board) if chosen else standing

    def _models(self, f: int, plan: Plan, on_sale: Flags, stock: Floats) -> Ints:
        """Positions of the models that a campaign names: most stock and nearest the trigger first."""
        own = self.own[f]
        own = own[on_sale[own]]
        many = max(1, round(float(plan.coverage[f]) * len(own)))
        if many == len(own):
            return own
        rival = int(plan.trigger[f])
        near = self.towards[own, rival].tolist() if rival >= 0 else None
        return own[foremost(many, stock[own].tolist(), near, self.by_name[own].tolist())]

    def _gains(
        self, plan: Plan, models: dict[int, Ints], board: Board, market: Market
    ) -> tuple[Floats, Floats]:
        """(F,) expected gain of each campaign drawn over its life, and (F,) a usual month's contribution.

        Rivals are expected to answer as the rule says, on their mean coverage, with their mean size and bite.
        """
        land, firms = self.landscape, list(models)
        gain = np.zeros(len(land.firms))
        size, bite, days = plan.size.tolist(), plan.bite.tolist(), plan.days.tolist()
        if not firms:
            return gain, land.by_firm(market.margin * market.units)
        answers = self.rule.expected_answers(board, firms, [size[f] for f in firms])
        cuts = answers.take(land.firm_of, axis=1)
        for cut, (f, named) in zip(cuts, models.items(), strict=True):
            cut[self.lines[f]] = 0.0
            cut[named] = size[f] * bite[f]
        changes = market.changes(firms, [self.lines[f] for f in firms], cuts)
        contribution = land.by_firm(market.margin * market.units)
        rule, usually = self.rule, contribution.tolist()
        for f, (monthly, gross, growth) in zip(firms, changes.tolist(), strict=True):
            months, usual = min(days[f] / DAYS_A_MONTH, rule.horizon), usually[f]
            value, later = rule.unit_value(board, f) * gross, rule.later_value(board, f, growth) * abs(usual)
            gain[f] = months * (monthly - usual + value) + later
        return gain, contribution

    def _add(
        self, chosen: dict[int, Ints], plan: Plan, standing: Standing, state: State, board: Board
    ) -> Standing:
        """What stands once these firms have launched theirs, in their order, on these models."""
        names = ("listed", "paid", "offered", "given", "ends", "days", "announced", "moved")
        held = {name: getattr(standing, name).copy() for name in names}
        listed, paid, offered, given, ends, days, announced, moved = held.values()
        at_once = {}
        for f, named in chosen.items():
            size, bite, rival = float(plan.size[f]), float(plan.bite[f]), int(plan.trigger[f])
            if int(plan.kind[f]) == LIST:
                listed[named] *= 1.0 - size
                paid[named] *= 1.0 - size * bite
            else:
                deeper = named[size >= offered[named]]
                offered[deeper], given[deeper] = size, np.maximum(given[deeper], size * bite)
                ends[named] = board.period + float(plan.days[f]) / DAYS_A_MONTH
                days[named] = float(plan.days[f])
            announced[0, f], moved[f] = max(announced[0, f], size), board.period
            at_once[f] = rival >= 0 and bool(announced[0, rival] > 0)
        after = standing.but(**held)
        if self.reported:
            asked = state.asked_price
            cut = 1.0 - after.prices(asked) / standing.prices(asked)
            for f, named in chosen.items():
                paid_cut = float(np.add.reduce(cut[named])) / len(named)
                self._note(f, named, plan, paid_cut, at_once[f], state, board)
        return after

    def _note(
        self, f: int, named: Ints, plan: Plan, paid: float, at_once: bool, state: State, board: Board
    ) -> None:
        """A campaign as it is reported; `at_once` if it answers in the month of its trigger."""
        rival = int(plan.trigger[f])
        campaign = Campaign(
            period=board.period,
            firm=f,
            kind=int(plan.kind[f]),
            announced=float(plan.size[f]),
            transaction=paid,
            models=tuple(named.tolist()),
            coverage=len(named) / max(int(np.count_nonzero(state.on_sale[self.lines[f]])), 1),
            trigger=rival,
            lag_months=-1 if rival < 0 else int(not at_once),
        )
        if campaign.kind != LIST:
            self.for_a_time[len(self.known)] = set(campaign.models)
        self.known.append(campaign)
        state.log.append((board.period, self.landscape.firms[f], _told(campaign, self.landscape)))


def _told(campaign: Campaign, landscape: Landscape) -> str:
    """The line of a campaign in the log."""
    firms, cut = landscape.firms, f"{campaign.announced:.0%} on {len(campaign.models)} models"
    role = "leads" if campaign.trigger < 0 else f"follows {firms[campaign.trigger]}"
    kind = ("cuts list prices", "offers for a limited time", "adds a subsidy")[campaign.kind]
    return f"{firms[campaign.firm]} {role}: {kind}, {cut}"
