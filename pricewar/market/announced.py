"""The campaigns of runs that step together: each run decides on its own, with what may be seen in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from pricewar.base.landscape import Landscape
from pricewar.base.records import Accounts, Flags, Offers
from pricewar.base.state import State
from pricewar.base.together import each, stacked
from pricewar.scenario.tree import Scenario

from .board import Announcements, Reckoned
from .campaigning import Campaign
from .sight import Sight


class Announced:
    """The announcements of S runs; it answers as those of one run do, with an axis of runs in front."""

    def __init__(self, of_run: Sequence[Announcements]) -> None:
        self.of_run = of_run

    @classmethod
    def of(cls, setting: Scenario, landscape: Landscape, seeds: Sequence[int]) -> Announced | None:
        """Those of runs with these seeds, where the scenario has any."""
        told = [one for one in (Announcements.of(setting, landscape, seed) for seed in seeds) if one]
        return cls(told) if told else None

    @property
    def known(self) -> list[list[Campaign]]:
        """(S) all campaigns of each run so far."""
        return [one.campaigns.known for one in self.of_run]

    def lay_on(self, offers: Offers, state: State, sight: Sight, reckoned: Reckoned) -> Offers:
        """As `Announcements.lay_on`, run by run."""
        markets = [state.run(s) for s in range(len(self.of_run))]

        def laid(part: Offers, s: int) -> Offers:
            return self.of_run[s].lay_on(part, markets[s], sight.run(s), partial(reckoned, s=s))

        found = each(offers, laid, len(markets))
        state.standing = stacked([market.standing for market in markets])
        return found

    def tired(self, state: State, accounts: Accounts, period: int) -> Flags:
        """(S, F) as `Announcements.tired`, run by run."""
        runs = enumerate(self.of_run)
        return np.array([told.tired(state.run(s), accounts.run(s), period) for s, told in runs])
