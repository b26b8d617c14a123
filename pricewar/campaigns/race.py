"""The quota race: firms lead when they fall behind, and follow what is announced near them."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from pydantic import Field

from pricewar.base.arrays import read_only
from pricewar.base.records import Flags, Floats, Ints

from .base import LIMITED, LIST, Board, CampaignRule, Draws, Plan, for_many

Shares = tuple[float, float, float, float]


def expit(logit: Floats) -> Floats:
    """Probability of a logit."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.minimum(np.maximum(logit, -50.0), 50.0))))


@lru_cache(maxsize=64)
def _by_firm(firms: tuple[str, ...], own: tuple[tuple[str, float], ...], usual: float) -> Floats:
    """(F,) each firm's own value, or the usual one; asked for many times a month."""
    given = dict(own)
    return read_only(np.array([given.get(firm, usual) for firm in firms]))


@lru_cache(maxsize=64)
def _bounds(kinds: tuple[float, ...]) -> Floats:
    """Where each kind but the last ends, on a line from 0 to 1."""
    return read_only(np.cumsum(kinds)[:-1] / sum(kinds))


@lru_cache(maxsize=1)
def _betaincinv() -> Any:
    """Quantiles of a Beta."""
    from scipy.special import betaincinv  # checking a file needs no scipy

    return betaincinv


@lru_cache(maxsize=256)
def _bites_and_covers(
    habits: bytes, new_money: tuple[float, float], firmness: float, cover: tuple[float, float]
) -> tuple[Floats, Floats]:
    """(2, F) both weights of each firm's Betas: in the first row of its bite, in the second of its coverage.

    A firm's mean share of new money is a quantile that its habit picks, the same in all months of a run.

    Args:
        habits: (F,) uniforms, as the bytes of an array.
        new_money: weights of the Beta of firms' means.
        firmness: sum of the weights of the Beta of one firm's campaigns.
        cover: weights of the Beta of coverage.
    """
    mean = _betaincinv()(*new_money, np.frombuffer(habits))
    one, other = np.full((2, mean.size), cover[0]), np.full((2, mean.size), cover[1])
    one[0], other[0] = np.maximum(firmness * mean, 1e-6), np.maximum(firmness * (1.0 - mean), 1e-6)
    return read_only(one), read_only(other)


class QuotaRace(CampaignRule):
    """Lead and follow as logits a firm and month, sizes as log-normals, lengths in days.

    LEAD: h = b0_f + quarter + b2 shortfall + b3 overstock + b5 warned + b6 1[moved within a month].
    FOLLOW: q = c0_f + c1 log(1 + 100 A), A the largest announced cut of a rival times its nearness; asked
    twice, so that an answer can set off another within the month. Sizes, kinds and lags are those of 96
    announced moves from October 2022 to April 2025 (`pricewar.data`); what is assumed says so.
    """

    lead: dict[str, float] = Field(default={}, description="b0_f by firm id, logit a month")
    lead_usual: float = Field(-2.9, description="b0 of firms without an entry (assumed; range -4 to -2)")
    follow: dict[str, float] = Field(default={}, description="c0_f by firm id, logit a month")
    follow_usual: float = Field(-2.2, description="c0 of firms without an entry (assumed; range -3.5 to -1)")
    follow_size: float = Field(0.51, description="c1, on log(1 + 100 A); standard error 0.18")
    quarters: Shares = Field((0.0, 0.0, 0.0, 0.0), description="calendar effects on leading, logit")
    quarter_end: float = Field(0.0, description="effect of the last month of a quarter on leading, logit")
    by_shortfall: float = Field(1.0, description="b2, on the shortfall of 0..1 (assumed; range 0 to 2)")
    by_overstock: float = Field(0.2, description="b3, a month of stock too much (assumed; range 0 to 0.5)")
    by_warning: float = Field(
        -1.0, description="b5, on a fresh warning that is heeded (assumed; range -3 to 0)"
    )
    by_rest: float = Field(-0.5, description="b6, in the month after an own move (assumed; -1.5 to 0.5)")
    lead_size: float = Field(0.09, gt=0, lt=1, description="median announced cut of a leader")
    lead_spread: float = Field(0.6, ge=0, le=2, description="its spread, log")
    answer_ratio: float = Field(0.74, gt=0, le=2, description="median of a follower's cut over its trigger's")
    answer_spread: float = Field(0.35, ge=0, le=2, description="its spread, log")
    largest: float = Field(0.35, gt=0, lt=1, description="largest announced cut")
    kinds: tuple[float, float, float] = Field(
        (0.51, 0.32, 0.17), description="shares of list cuts, limited-time offers, subsidies"
    )
    limited_days: tuple[float, float] = Field((30.0, 40.0), description="shortest and longest limited offer")
    subsidy_days: float = Field(60.0, gt=0, description="length of a subsidy (assumed)")
    renewal: float = Field(0.7, ge=0, le=1, description="probability that a limited offer is renewed")
    cover: tuple[float, float] = Field(
        (1.0, 1.0), description="Beta of the share of the own line-up that is named (assumed)"
    )
    new_money: tuple[float, float] = Field(
        (2.0, 2.0), description="Beta of firms' mean share of an announced cut that is new (assumed)"
    )
    new_money_firmness: float = Field(
        6.0, gt=0, description="how close single campaigns are to the firm's mean: sum of the Beta's weights"
    )
    quota_value: float = Field(
        0.1, ge=0, le=1, description="tau: worth of a unit at a full shortfall, share of price (assumed)"
    )
    share_value: float = Field(
        0.1,
        ge=-10,
        le=10,
        description="V: months of contribution that a log point of share is worth after a campaign; "
        "pricewar.backtest.value, range -0.3 to 3",
    )
    patience: float | None = Field(
        1.0, gt=0, description="kappa: gains against a month's contribution; none: all drawn are launched"
    )

    def usual(self, firms: tuple[str, ...]) -> tuple[Floats, Floats]:
        """(F,) intercepts of leading and of following, by firm."""
        return self._own_lead(firms), self._own_follow(firms)

    def _own_lead(self, firms: tuple[str, ...]) -> Floats:
        return _by_firm(firms, tuple(self.lead.items()), self.lead_usual)

    def _own_follow(self, firms: tuple[str, ...]) -> Floats:
        return _by_firm(firms, tuple(self.follow.items()), self.follow_usual)

    def lead_odds(self, board: Board) -> Floats:
        """(F,) logits of leading this month."""
        place = int(board.month[5:]) - 1
        own = self._own_lead(board.landscape.firms)
        calendar = self.quarters[place // 3] + self.quarter_end * (place % 3 == 2)
        return np.asarray(
            own
            + calendar
            + self.by_shortfall * board.shortfall
            + self.by_overstock * board.overstock
            + self.by_warning * board.warned
            + self.by_rest * (board.since <= 1)
        )

    @for_many
    def follow_odds(self, board: Board, pull: Floats) -> Floats:
        """(F,) logits of answering, given the largest announced cut of a rival times its nearness."""
        own = self._own_follow(board.landscape.firms)
        return np.asarray(own + self.follow_size * np.log1p(100.0 * pull) + self.by_warning * board.warned)

    def lead_plan(self, board: Board, draws: Draws) -> Plan:
        """Campaigns that firms start of their own accord."""
        drawn = board.able & (draws.lead < expit(self.lead_odds(board)))
        if not drawn.any():
            return Plan.none(drawn.size)
        size = self.lead_size * np.exp(self.lead_spread * draws.size)
        return self._plan(drawn, size, np.full(drawn.shape, -1), draws)

    def follow_plan(self, board: Board, draws: Draws, announced: Floats, answer: int) -> Plan:
        """Campaigns that answer the nearest announced cut; whose own offer is in force does not answer."""
        pull, rival = board.trigger(announced)
        drawn = board.able & ~board.in_force & (pull > 0)
        drawn &= draws.follow[answer] < expit(self.follow_odds(board, pull))
        if not drawn.any():
            return Plan.none(drawn.size)
        size = self.answer_ratio * announced[rival] * np.exp(self.answer_spread * draws.size)
        return self._plan(drawn, size, rival, draws)

    def _plan(self, drawn: Flags, size: Floats, trigger: Ints, draws: Draws) -> Plan:
        """Kind, bite, coverage and days of what the firms in `drawn` draw up this month."""
        at = drawn.nonzero()[0]
        kinds = _bounds(self.kinds).searchsorted(draws.kind[at], "right")
        first, last = self.limited_days
        limited = first + (last - first) * draws.length[at]
        habits = draws.habit.tobytes()
        one, other = _bites_and_covers(habits, self.new_money, self.new_money_firmness, self.cover)
        said = np.zeros((3, drawn.size))
        said[:2, at] = _betaincinv()(one[:, at], other[:, at], np.array([draws.bite, draws.coverage])[:, at])
        said[2, at] = np.where(
            kinds == LIST, math.inf, np.where(kinds == LIMITED, limited, self.subsidy_days)
        )
        kind = np.zeros(drawn.size, dtype=np.int64)
        kind[at] = kinds
        return Plan(drawn, np.minimum(size, self.largest), said[0], kind, said[1], said[2], trigger)

    def willing(self, gain: Floats, contribution: Floats, draws: Draws) -> Flags:
        """Launched with probability 2 logistic(gain / (kappa x monthly contribution)), at most 1.

        What gains nothing and loses nothing is launched: with a half there, no more than half of the makers
        could answer in a month, and five of six did in April 2024.
        """
        if self.patience is None:
            return np.ones(gain.shape, dtype=np.bool_)
        scale = self.patience * np.maximum(np.abs(contribution), 1e-9)
        return np.asarray(draws.launch < 2.0 * expit(gain / scale))

    @for_many
    def expected_answers(self, board: Board, firm: int | Ints, size: float | Floats) -> Floats:
        """Probability of an answer x mean coverage x ratio x mean new money x the cut.

        (F,) for one firm; (n, F) for n of them, each with its size.
        """
        cut = np.asarray(size)[..., None]
        pull = cut * board.nearness.T[firm]
        chance = np.where(board.able & (pull > 0), expit(self.follow_odds(board, pull)), 0.0)
        cover, new = (a / (a + b) for a, b in (self.cover, self.new_money))
        return np.asarray(chance * cover * new * np.minimum(self.answer_ratio * cut, self.largest))

    def unit_value(self, board: Board, firm: int) -> float:
        """tau x shortfall."""
        return float(self.quota_value * board.shortfall[firm])

    def later_value(self, board: Board, firm: int, growth: float) -> float:
        """V x log growth."""
        return self.share_value * growth

    def renews(self, board: Board, draws: Draws) -> Flags:
        """Renewed with a fixed probability."""
        return np.asarray(draws.renewal < self.renewal)


__all__ = ["QuotaRace"]
