"""Measures in a game: a person hears words and obeys rules, and is never overruled by chance.

Computer firms comply as the model has it, by a draw. A person who plays a firm decides alone what a warning
is worth; a ban or a limit binds them always, and their page shows the range it leaves before they decide.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from pricewar.base.clock import Moment
from pricewar.base.records import Flags
from pricewar.interventions import BelowCostBan, Desk, MaximumMonthlyCut, PublicWarning
from pricewar.interventions.restraint import Addressed


class _AtTable(Addressed):
    """A measure that knows in which months a person decides for a firm."""

    persons: dict[str, tuple[Moment, ...]] = Field(
        default_factory=dict, description="firm -> months in which a person decides for it"
    )

    @property
    def kind(self) -> str:
        """Its place, as it is not among the measures that a market chooses from."""
        return f"{type(self).__module__}:{type(self).__name__}"

    def seated(self, desk: Desk) -> Flags:
        """(F,) firms for which a person decides this month."""
        return np.array([desk.month in self.persons.get(firm, ()) for firm in desk.landscape.firms])


class SpokenWarning(_AtTable, PublicWarning):
    """A warning: computer firms may listen by a draw; for a person it is words."""

    def complying(self, desk: Desk) -> Flags:
        """(F,) computer firms that listen."""
        return super().complying(desk) & ~self.seated(desk)


class StrictBan(_AtTable, BelowCostBan):
    """A ban on prices below cost that persons always obey."""

    def complying(self, desk: Desk) -> Flags:
        """(F,) persons, and computer firms that obey."""
        return super().complying(desk) | (self.seated(desk) & self.addressed(desk))


class StrictLimit(_AtTable, MaximumMonthlyCut):
    """A limit on monthly cuts that persons always obey."""

    def complying(self, desk: Desk) -> Flags:
        """(F,) persons, and computer firms that obey."""
        return super().complying(desk) | (self.seated(desk) & self.addressed(desk))


IN_A_GAME = {
    "PublicWarning": f"{__name__}:SpokenWarning",
    "BelowCostBan": f"{__name__}:StrictBan",
    "MaximumMonthlyCut": f"{__name__}:StrictLimit",
}
"""Kind of a measure -> its kind in a game."""
