"""Many seeds of one market in one step: the same model, with a leading axis of runs in every array.

Runs of a scenario differ in their luck alone. The step of a month is that of `PriceWar`, so the interpreter
is paid once for all of them; each run comes out as it would by itself, to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pricewar.base.together import Notebooks, spread
from pricewar.events import Entry
from pricewar.scenario.tree import Scenario

from .announced import Announced
from .model import PriceWar
from .start import draw_noise

CELLS = 60_000
"""Numbers of the largest array of a block, rows of buyers times runs: about what the second cache holds."""
MOST = 32
"""Most runs of a block: with more of them each gains little."""


class Together(PriceWar):
    """Runs of one scenario, one for each seed, that step together.

    State, offers, sales and accounts have the axis of runs in front: (S, J), (S, F), (S,). The tables are
    those of the runs, one after the other.

    Args:
        setting: a scenario that `fits`.
        seeds: luck of each run.
    """

    def __init__(self, setting: Scenario, seeds: Sequence[int]) -> None:
        super().__init__(setting, seed=seeds[0], collect=False)
        many = len(seeds)
        self.seeds = tuple(seeds)
        lucks = [draw_noise(self.setting, self.landscape.products, seed) for seed in seeds]
        self._market_luck, self._taste_luck = (np.stack(part, axis=1) for part in zip(*lucks, strict=True))
        self.state = self.state.spread(many)
        self.start_cumulative = self.state.cumulative
        self.announcements = Announced.of(self.setting, self.landscape, self.seeds)
        self.offers = self.offers.spread(many)
        self.found, self.chosen = self.found.spread(many), self.chosen.spread(many)
        self.opening, self.opening_terms = self.state.book, self.offers.terms
        self.price_history = spread(self.price_history, many, axis=1)
        self.squeezed = spread(self.squeezed, many)
        self.reference.spread(many)
        self.regulator.spread(many)
        for firm in self.firms:
            firm.memory, firm.view = Notebooks(many), None
        for supplier in self.suppliers:
            supplier.spread(many)
        self.sight = self._look(self._audited())


def fits(scenario: Scenario) -> bool:
    """Whether runs of a scenario can step together.

    Not yet: sampled buyers; markets of one product; firms that come back after they may have left, because
    what they remember would be of months in which they were not there.
    """
    if scenario.consumers.weight is not None or len(scenario.products) < 2:
        return False
    entering = [event.firm for event in scenario.events if isinstance(event, Entry)]
    selling = {product.firm for product in scenario.products.values() if product.units > 0}
    return len(set(entering)) == len(entering) and not selling & set(entering)


def block_size(scenario: Scenario) -> int:
    """How many runs of a scenario step together at most: memory is that of a block, however many seeds."""
    return max(2, min(MOST, CELLS // max(scenario.consumers.draws, 1)))
