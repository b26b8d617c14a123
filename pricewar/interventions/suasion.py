"""Moral suasion: warnings, summonses and pledges, which bind nobody."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from pricewar.base.calendar_time import Stated
from pricewar.base.fields import Factor, Ids, Share
from pricewar.base.records import Flags, Floats, Offers

from .base import Desk
from .restraint import Addressed, Restraint, chances, raised


class PublicWarning(Restraint):
    """A ministry or an association speaks out in public: firms that listen cut less than they meant to.

    Of a cut below last month's price the share `strength` x 2^(-elapsed / half_life) is not made.
    """

    strength: Share = 1.0
    """Share of a cut that a complying firm gives up in the first month."""
    half_life: Annotated[Factor | None, Stated.LENGTH] = 3.0
    """Months after which the warning has half its force; None: it does not fade."""

    def force(self, elapsed: int) -> float:
        """Share of a cut that is given up `elapsed` months after the warning."""
        fading = 1.0 if self.half_life is None else 0.5 ** (elapsed / self.half_life)
        return self.strength * fading

    def lowest(self, offers: Offers, desk: Desk) -> Floats:
        """(J,) last month's price less what is left of the cut."""
        before = np.where(desk.before.on_sale, desk.before.price, -np.inf)
        cut = np.where(desk.before.on_sale, np.maximum(before - offers.price, 0.0), 0.0)
        return before - (1.0 - self.force(desk.elapsed)) * cut


class Summons(PublicWarning):
    """Named firms are called in and warned: fewer firms, and a stronger effect that fades more slowly."""

    firms: Ids
    """The firms called in."""
    half_life: Annotated[Factor | None, Stated.LENGTH] = 6.0
    """Months after which the summons has half its force; None: it does not fade."""


class Pledge(Addressed):
    """Firms promise each other not to cut, without any sanction; sooner or later each breaks its word.

    A firm that signed (drawn with `compliance`) does not cut below last month's price until it defects.
    Each month it does so with probability 1 - (1 - defection) (1 - contagion)^k, where k others who
    signed have defected before.
    """

    defection: Annotated[Share, Stated.CHANCE] = 0.05
    """Probability a month that a firm breaks its promise although all others keep theirs."""
    contagion: Annotated[float, Field(ge=0.0, le=1.0), Stated.CHANCE] = 0.1
    """Added probability for each firm that has broken its promise before."""

    def amend(self, offers: Offers, desk: Desk) -> Offers:
        """Undo this month's cuts of all firms that still keep their word."""
        keeps = self._keeps(desk)[desk.landscape.firm_of] & desk.before.on_sale & offers.on_sale
        return raised(offers, np.where(keeps, desk.before.price, -np.inf))

    def _keeps(self, desk: Desk) -> Flags:
        signed = self.complying(desk)
        broke: Flags = desk.memory.get("broke", np.zeros_like(signed))
        hazard = 1.0 - (1.0 - self.defection) * (1.0 - self.contagion) ** int(broke.sum())
        broke = broke | (signed & (chances(desk, 2) < hazard))
        desk.memory["broke"] = broke
        return signed & ~broke
