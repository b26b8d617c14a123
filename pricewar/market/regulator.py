"""The regulator: a mesa agent that applies the interventions in force, in the order of the scenario."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from pricewar.base.luck import stream
from pricewar.base.own_code import FAILURES, blame, the_same_sort
from pricewar.base.records import Accounts, Offers, View
from pricewar.base.together import Notebooks, each, row
from pricewar.interventions import Desk, Intervention
from pricewar.interventions.restraint import Restraint
from pricewar.interventions.suasion import PublicWarning

from .agents import Agent
from .prospects import Known
from .sight import Sight

if TYPE_CHECKING:
    from .model import PriceWar

R = TypeVar("R", View, Offers, Accounts)


class Regulator(Agent):  # type: ignore[misc]
    """The regulator has the measures and a notebook for each."""

    model: PriceWar

    def __init__(self, model: PriceWar, measures: tuple[Intervention, ...]) -> None:
        super().__init__(model)
        self.measures = measures
        self.notebooks: list[dict[str, Any]] = [{} for _ in measures]
        kinds = [measure.kind for measure in measures]
        self._names = [(kind, kinds[:k].count(kind)) for k, kind in enumerate(kinds)]
        self._of_run: list[list[tuple[Intervention, Desk]]] = [[]]
        """Measures in force with what each of them may see, for each of the runs that step together."""

    def spread(self, many: int) -> None:
        """Be the regulator of each of so many runs, before the first month."""
        self.notebooks = [Notebooks(many) for _ in self.measures]

    def open(self, sight: Sight) -> None:
        """At the start of a month: which measures are in force, and what each of them may see."""
        clock, period = sight.setting.clock, sight.period
        now = [(k, each) for k, each in enumerate(self.measures) if each.active(clock, period)]
        if sight.runs is None or not now:
            parts, books = [sight], [self.notebooks]
        else:
            parts = [sight.run(s) for s in range(sight.runs)]
            books = [[row(book, s) for book in self.notebooks] for s in range(sight.runs)]
        self._of_run = [
            [(measure, self._desk(part, k, measure, book[k])) for k, measure in now]
            for part, book in zip(parts, books, strict=True)
        ]

    def see(self, view: View) -> View:
        """Let each measure rewrite what a firm knows."""
        return self._each("see", view)

    def amend(self, offers: Offers) -> Offers:
        """Let each measure rewrite the offers."""
        return self._each("amend", offers)

    def known(self, offers: Offers, s: int = 0) -> Known:
        """What firms that comply reckon with before they plan a campaign.

        Args:
            offers: as the firms' rules ask for them in one run.
            s: the run, of those that step together.
        """
        floors, warnings = [], []
        for measure, desk in self._of_run[s] if any(self._of_run) else ():
            with self._told(measure, desk, "known"):
                if isinstance(measure, PublicWarning):
                    warnings.append(measure.force(desk.elapsed) * measure.complying(desk))
                elif isinstance(measure, Restraint) and measure.foreseen:
                    floors.append(measure.known(offers, desk))
        quiet = np.zeros(len(self.model.landscape.firms))
        return Known(
            floor=np.max(floors, axis=0) if floors else None,
            warned=np.max([quiet, *warnings], axis=0) if warnings else quiet,
        )

    def settle(self, accounts: Accounts) -> Accounts:
        """Let each measure rewrite the accounts before bills are paid."""
        return self._each("settle", accounts)

    def _each(self, method: str, record: R) -> R:
        """The record as all measures in force leave it; measures are asked run by run."""
        unchanged = getattr(Intervention, method)
        if all(getattr(type(measure), method) is unchanged for measure, _ in self._of_run[0]):
            return record
        if self.model.state.runs is None:
            return self._asked(method, record, 0)
        return each(record, partial(self._asked, method), self.model.state.runs)

    def _asked(self, method: str, record: R, s: int) -> R:
        """The record of one run; an error of a measure is reported with its name."""
        for measure, desk in self._of_run[s]:
            with self._told(measure, desk, method):
                record = the_same_sort(getattr(measure, method)(record, desk), record)
        return record

    @contextmanager
    def _told(self, measure: Intervention, desk: Desk, method: str) -> Iterator[None]:
        """An error of a measure is reported with its name and place."""
        try:
            yield
        except FAILURES as error:
            place = next(k for k, other in enumerate(self.measures) if other is measure)
            blame(error, measure.kind, f"(interventions.{place}, {method}) in {desk.month}")
            raise

    def _desk(self, sight: Sight, k: int, measure: Intervention, notebook: dict[str, Any]) -> Desk:
        return Desk(
            period=sight.period,
            month=sight.month,
            clock=sight.setting.clock,
            elapsed=measure.elapsed(sight.setting.clock, sight.period),
            landscape=sight.landscape,
            before=sight.offers,
            last_sales=sight.sales,
            cost_lines=sight.cost_lines,
            stock_months=sight.stock_months,
            vat=sight.setting.market.vat,
            memory=notebook,
            luck=self._luck(sight, k),
        )

    def _luck(self, sight: Sight, k: int) -> Callable[[], np.random.Generator]:
        return lambda: stream(sight.seeds[0], "regulator", *self._names[k], sight.period)
