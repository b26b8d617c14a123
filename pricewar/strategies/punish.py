"""Rules of repeated games: peace as long as rivals keep it, punishment when they do not."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from pricewar.base.calendar_time import Stated
from pricewar.base.records import Flags, Floats, View

from .base import Strategy
from .nested import Inner, ask, chances, note, peace_price, recall
from .simple import Hold


class Punisher(Strategy):
    """What the rules of this file share: a peace price, and how they judge rivals' conduct."""

    batched = True

    base: Inner = Field(Hold(), description="rule that sets the price in peace")
    threshold: float = Field(
        0.05, ge=0, lt=1, description="rivals' cut beyond this breaks the peace, fraction"
    )
    lag: int = Field(1, ge=1, le=24, description="months from a rival's move to the own one")
    scope: Literal["product", "line"] = Field(
        "product",
        description="product: each product answers its own close rivals; line: all answer if one is hit",
    )

    def _rivals(self, view: View) -> Floats:
        """(n,) rivals' cut as a change below 0; the worst one for all products if the line answers as one."""
        change = -view.rival_cut(self.lag - 1)
        if self.scope == "product":
            return change
        return np.repeat(change.min(axis=-1, keepdims=True, initial=0.0), view.n, axis=-1)


class RetaliateForgive(Punisher):
    """Answer a cut in kind for some months, then accept the new level of prices.

    L_j = level of rivals' prices that has been accepted, 0 at the start. A cut d_j < L_j - threshold starts
    `months` of p_j = base_j (1 - min(ceiling, -strength d_j)); then L_j := d_j. L_j rises at once with d_j.
    A finite punishment after which past cuts are forgotten: Axelrod 1984 (The Evolution of Cooperation);
    stick and carrot: Abreu 1986 (Journal of Economic Theory 39(1)).
    """

    months: Annotated[int, Stated.LENGTH] = Field(3, ge=1, le=60, description="length of the retaliation")
    strength: float = Field(1.0, ge=0, le=3, description="own cut as a multiple of the rivals'")
    ceiling: float = Field(0.3, ge=0, lt=1, description="deepest own cut, fraction of the base price")

    def price(self, view: View) -> Floats:
        """Base price, less the retaliation while it lasts."""
        peace, change = peace_price(self.base, view), self._rivals(view)
        level = np.maximum(recall(view, "level"), np.minimum(change, 0.0))
        left, cut = recall(view, "left"), recall(view, "cut")
        fresh = (left == 0) & (change < level - self.threshold)
        left = np.where(fresh, self.months, left)
        answer = np.clip(-self.strength * change, 0.0, self.ceiling)
        cut = np.where(left > 0, np.where(fresh, answer, np.maximum(cut, answer)), 0.0)
        over = left == 1
        note(view, "level", np.where(over, np.minimum(change, 0.0), level))
        note(view, "left", np.maximum(left - 1, 0.0))
        note(view, "cut", cut)
        return peace * (1.0 - cut)


class TitForTat(Punisher):
    """Do as rivals did: peace for peace, a cut for a cut.

    Rivals defect in a month if d_j < -threshold. After `patience` such months in a row p_j = base_j (1 -
    depth), else base_j; with probability `generosity` a defection is not answered. Axelrod 1984 (The
    Evolution of Cooperation); patience 2 is tit for two tats (ibid.); generous: Nowak & Sigmund 1992
    (Nature 355).
    """

    depth: float = Field(0.1, ge=0, lt=1, description="own cut that answers a defection, fraction")
    patience: int = Field(1, ge=1, le=24, description="months of defection in a row before the answer")
    generosity: float = Field(0.0, ge=0, le=1, description="chance that an answer is waived, each month")

    def price(self, view: View) -> Floats:
        """Base price, less the cut where rivals have defected long enough."""
        peace = peace_price(self.base, view)
        tats = np.where(self._rivals(view) < -self.threshold, recall(view, "tats") + 1, 0.0)
        note(view, "tats", tats)
        answers = (tats >= self.patience) & ~self._waived(view)
        return np.where(answers, peace * (1.0 - self.depth), peace)

    def _waived(self, view: View) -> Flags:
        if self.generosity == 0:
            return np.zeros(view.price.shape, dtype=np.bool_)
        return chances(view) < self.generosity


class GrimTrigger(Punisher):
    """Keep the peace until it is broken once; then punish for ever.

    p_j = base_j until d_j < -threshold in some month; from then on base_j (1 - depth), or what the rule
    `punishment` says: BestResponse there is the reversion to one-shot Nash prices of Friedman 1971 (Review of
    Economic Studies 38(1)). Where start prices are already one-shot best responses (growth motives are
    calibrated so), that reversion punishes nobody; for this reason the default is a stated depth.
    """

    depth: float = Field(0.15, ge=0, lt=1, description="own cut for ever after, fraction of the base price")
    punishment: Inner | None = Field(None, description="rule for ever after, in place of the cut")

    def price(self, view: View) -> Floats:
        """Base price, or the punishment once triggered."""
        peace = peace_price(self.base, view)
        grim = (recall(view, "grim") > 0) | (self._rivals(view) < -self.threshold)
        note(view, "grim", grim.astype(np.float64))
        return np.where(grim, self._punish(view, peace), peace)

    def _punish(self, view: View, peace: Floats) -> Floats:
        if self.punishment is None:
            return peace * (1.0 - self.depth)
        return ask(self.punishment, view, "punishment", stream=2)


class GreenPorter(Strategy):
    """Punish when own demand falls short, whoever or whatever caused it.

    Rivals' secret cuts cannot be seen, only own orders. If orders < (1 - tolerance) normal: p_j = base_j (1 -
    depth) for `months`, then peace again. Normal starts at the start's orders and moves with them in peace:
    normal += memory_rate (orders - normal). Bad luck alone sets off wars. Green & Porter 1984
    (Econometrica 52(1)); evidence: Porter 1983 (Bell Journal of Economics 14(2)).
    """

    base: Inner = Field(Hold(), description="rule that sets the price in peace")
    tolerance: float = Field(
        0.25, gt=0, lt=1, description="shortfall of the firm's orders that is put up with"
    )
    months: Annotated[int, Stated.LENGTH] = Field(6, ge=1, le=60, description="length of the punishment")
    depth: float = Field(0.1, ge=0, lt=1, description="cut in the punishment, fraction of the base price")
    memory_rate: float = Field(0.1, ge=0, le=1, description="weight of the newest month in normal orders")

    def price(self, view: View) -> Floats:
        """Base price, less the cut in a punishment phase."""
        peace = peace_price(self.base, view)
        left = view.memory.get("left", 0) or self._trigger(view)
        view.memory["left"] = max(left - 1, 0)
        return peace * (1.0 - self.depth) if left else peace

    def _trigger(self, view: View) -> int:
        start, sells = view.landscape.start_units[view.own], view.on_sale[view.own]
        normal = recall(view, "normal", np.where(start > 0, start, view.orders))
        if view.orders[sells].sum() < (1.0 - self.tolerance) * normal[sells].sum():
            return self.months
        note(view, "normal", normal + self.memory_rate * (view.orders - normal))
        return 0
