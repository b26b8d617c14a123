"""The market as a mesa model: only the step of a month is here.

Each month: events begin -> firms see a View and propose -> imposed cuts and interventions amend the Offers
-> buyers choose, cars are made and delivered (Sales) -> accounts close, bills are paid (Accounts) -> what
buyers and firms remember is carried over.
"""

from __future__ import annotations

from typing import Any

import mesa
import numpy as np
import pandas as pd

from pricewar.base.arguments import at_least, check, luck, maybe
from pricewar.base.calendar_time import by_period
from pricewar.base.luck import repetition
from pricewar.base.records import Accounts, Floats, Landscape, Offers, Sales, View
from pricewar.base.state import State
from pricewar.base.sums import dot, total
from pricewar.base.together import PerRun, column, number
from pricewar.results import metrics
from pricewar.scenario.files import Source, load

from . import buyers, calendar, closing, memory, own_mechanisms, settling
from .accrual import Accrual
from .announced import Announced
from .batch import iteration
from .board import Announcements
from .buyers import Choice, Conditions
from .calibrate import Calibration, calibrate
from .costs import CostParts, cost_lines, draft, fixed_a_car, outside_income, pay, purchases, squeezed_out
from .crowd import Crowd
from .firm import Firm, proposed
from .gauges import FIRM_GAUGES, MARKET_GAUGES, Gauges
from .history import tables
from .production import Flow, flow, stock_months, turned_away
from .reference import PriceReference
from .regulator import Regulator
from .reported import Month, month_of
from .research import Research
from .showroom import showroom, start_offers
from .sight import Sight, firm_figures, product_figures
from .start import draw_noise, start_state
from .suppliers import Supplier, close_all
from .views import view_of


class PriceWar(Gauges):
    """A market of firms that set prices month by month.

    Args:
        setting: a Scenario, the name of a shipped one, a file, or all inputs as a tree.
        seed: luck of the run; None: the scenario's own seed, and in iterations of `mesa.batch_run` after the
            first a fresh one that follows from it. `rng` means the same.
        collect: whether mesa's DataCollector gathers figures each month (`datacollector`).
        threads: for sampled buyers (`consumers.weight`); None: as many as there are cores. No result
            depends on it.
        changes: further keyword arguments change the scenario by path, two underscores for a dot:
            `demand__own_elasticity=-3`.

    Raises:
        InputError: the scenario or a change is not valid.
    """

    def __init__(
        self,
        setting: Source = "baseline",
        seed: int | None = None,
        rng: int | None = None,
        collect: bool = True,
        threads: int | None = None,
        **changes: Any,
    ) -> None:
        base = load(setting)
        stated = base.but({k.replace("__", "."): v for k, v in changes.items()}) if changes else base
        self.setting = by_period(stated, stated.clock)  # within a run all time is counted in periods
        given = seed if seed is not None else rng
        check("PriceWar", seed=(given, maybe(luck)), threads=(threads, maybe(at_least(1))))
        self.seed_of_run = repetition(self.setting.seed, iteration()) if given is None else int(given)
        super().__init__(rng=self.seed_of_run)
        self.seeds: tuple[int, ...] = (self.seed_of_run,)
        self.period = 0
        self.calibration: Calibration = calibrate(self.setting)
        self.landscape: Landscape = self.calibration.landscape
        self.cost_parts = CostParts.of(self.setting, self.calibration)
        self.state: State = start_state(self.setting, self.calibration)
        luck_of = self.setting, self.landscape.products, self.seed_of_run
        self._market_luck, self._taste_luck = draw_noise(*luck_of)
        told = Announcements.of(self.setting, self.landscape, self.seed_of_run)
        self.announcements: Announcements | Announced | None = told
        self.crowd = Crowd.of(self.setting, self.calibration, self.seed_of_run, threads)
        self.start_cumulative = self.state.cumulative.copy()
        self.reference = PriceReference(self.setting, self.calibration)
        self.offers: Offers = start_offers(self.state)
        self.sales: Sales | None = None
        self.accounts: Accounts | None = None
        self.price_history: Floats = np.empty((self.setting.periods + 1, len(self.landscape.products)))
        self.price_history[0] = self.offers.announced
        own_mechanisms.require_rest(self.state, self.offers, self.setting.dynamics, self.setting.name)
        weighed = self.state, self.offers, self.calibration, self.setting.dynamics
        self.found: Conditions = buyers.conditions(*weighed, self.setting.market.settlement)
        self.chosen: Choice = buyers.choose(self.found, self.calibration)  # at rest, before buyers are made
        usual, deposit = self.setting.consumers.shoppers, self.setting.market.deposit
        at_rest = buyers.surplus(self.chosen, self.found, self.calibration, usual)
        self.worth_at_rest: Floats = at_rest / usual  # (G,) money a person
        settling.open_book(self.state, self.offers.terms, self.chosen.groups, at_rest, deposit)
        self.opening, self.opening_terms = self.state.book, self.offers.terms
        self.made: Flow | None = None
        self.squeezed = np.zeros_like(self.offers.price)
        self.month = self.setting.month(0)
        self.history: list[Month] = []
        self._populate()
        self.sight = self._look(self._audited())
        self.datacollector = mesa.DataCollector(MARKET_GAUGES, FIRM_GAUGES) if collect else None

    def _populate(self) -> None:
        specs = self.setting.firms.items()
        self.firms = [Firm(self, index, key, spec) for index, (key, spec) in enumerate(specs)]
        self.regulator = Regulator(self, self.setting.interventions)
        chain = self.setting.supply_chain
        usual = chain.purchased_share * dot(self.calibration.unit_cost, self.landscape.start_units)
        self.suppliers = [Supplier(self, key, spec, usual) for key, spec in chain.groups.items()]

    def step(self) -> None:
        """One month."""
        if self.period >= self.setting.periods:
            self.running = False
            return
        self.squeezed = self._open()
        offers = self._offer()
        sales, made = self._sell(offers)
        accounts, inventory, supplied = self._close(sales, made)
        self._note(offers, sales, accounts, supplied)
        closing.books(self.state, accounts, made, inventory)
        self._carry(offers, sales, accounts)
        self.made = made
        if self.datacollector is not None:
            self.datacollector.collect(self)
        self.period += 1
        self.running = self.period < self.setting.periods

    def run_model(self) -> PriceWar:
        """Step to the end of the horizon; returns itself."""
        while self.running:
            self.step()
        return self

    def tables(self) -> dict[str, pd.DataFrame]:
        """The products, firms, market, open_orders and log tables of the months run so far."""
        return tables(self)

    # -- the parts of a month ------------------------------------------------------------------

    def _open(self) -> Floats:
        """Luck, events and this month's unit costs.

        Returns:
            (J,) what suppliers give up on each car, CNY.
        """
        self.month = self.setting.month(self.period)
        self.state.month_luck = number(self._market_luck[self.period])
        self.state.taste = self._taste_luck[self.period]
        calendar.happen(self.setting, self.state, self.period)
        cut = self.landscape.by_start_units(metrics.cut_depth(self.offers.price, self.reference.own))
        full = self.cost_parts.full_terms(self.state, self.setting, self.start_cumulative)
        self.reference.open(full, self.state.on_sale)
        squeezed = squeezed_out(full, self.landscape.by_product(cut), self.setting.supply_chain)
        self.state.unit_cost = full - squeezed
        return squeezed

    def _audited(self) -> dict[str, Floats]:
        """(J,) each legal cost line, from this month's unit cost and last month's sales; CNY ex VAT."""
        return cost_lines(self.state.unit_cost, self.state.overhead, fixed_a_car(self.state, self.sales))

    def _look(self, lines: dict[str, Floats]) -> Sight:
        """What may be seen now, with these cost lines; the regulator passes it to the measures."""
        state, setting, calibration, period = self.state, self.setting, self.calibration, self.period
        sight = Sight(
            setting=setting,
            landscape=self.landscape,
            period=period,
            seeds=self.seeds,
            paid=self.price_history[: period + 1],
            published=self.reference.published[: period + 1],
            offers=self.offers,
            sales=self.sales,
            research=Research(calibration, self.found, self.chosen, self.offers.price, setting.market.vat),
            by_product=product_figures(
                state, self.sales, self.cost_parts.start, calibration.growth, setting.campaigns.on
            ),
            by_firm=firm_figures(state),
            on_sale=state.on_sale,
            cost_lines=lines,
            stock_months=stock_months(state),
        )
        self.regulator.open(sight)
        return sight

    def _offer(self) -> Offers:
        """Firms propose, events impose, the regulator amends."""
        self.sight = self._look(self._audited())
        for firm in self.firms:
            firm.propose()
        offers = showroom(self.state, self.period, *proposed(self.firms, self.state))
        if self.announcements is not None:
            offers = self.announcements.lay_on(offers, self.state, self.sight, self.regulator.known)
        offers = calendar.impose(self.setting, offers, self.state, self.period)
        return self.regulator.amend(offers)

    def _sell(self, offers: Offers) -> tuple[Sales, Flow]:
        """Buyers choose; full order books turn buyers to their second choice; cars are delivered."""
        dynamics, calibration = self.setting.dynamics, self.calibration
        settlement = self.setting.market.settlement
        settling.cancel(self.state, dynamics.backlog.cancellation * dynamics.backlog.on)
        self.found = buyers.conditions(self.state, offers, calibration, dynamics, settlement)
        self.chosen = self.choose(self.found)
        arriving = buyers.arrivals(self.state, offers, dynamics, self.setting.consumers.shoppers)
        people = buyers.shoppers(self.state, self.chosen, calibration, dynamics, arriving)
        free = dynamics.waiting.share if dynamics.waiting.on else 0.0
        share, worth = self.chosen.share, buyers.surplus(self.chosen, self.found, calibration, people, free)
        if self.crowd is not None:
            fall = buyers.expected_fall(self.state, offers, dynamics, settlement)
            share, sampled = self.crowd.choose(self.found, self.state.fleet, fall, people, self.period)
            worth = worth + sampled - buyers.decided(self.chosen, calibration, people)
        orders = column(people) * self._served(share, people)
        made = flow(self.state, orders, dynamics)
        terms = self.setting.market
        bookings = settling.book_month(
            self.state, offers, orders, made.units, self.chosen.groups, worth, terms
        )
        waits = buyers.waiting(self.found, self.chosen, calibration, people, free)
        petrol = self.setting.consumers.petrol_share * np.maximum(people - total(orders) - waits, 0.0)
        sales = Sales(
            period=self.period,
            orders=orders,
            units=made.units,
            produced=made.produced,
            backlog=made.backlog,
            stock=made.stock,
            shoppers=people,
            waiting=waits,
            arrivals=arriving,
            surplus=buyers.once(worth, self.worth_at_rest, people, arriving),
            bookings=bookings,
            petrol=petrol,
            feels_cheap=buyers.feels_cheap(self.chosen, self.found, people),
        )
        return sales, made

    def choose(self, found: Conditions) -> Choice:
        """What buyers choose under the conditions they find."""
        return buyers.choose(found, self.calibration)

    def _served(self, share: Floats, people: PerRun) -> Floats:
        """(J,) shares of shoppers after those turned away by a full order book took their second choice."""
        refused = turned_away(self.state, column(people) * share, self.setting.dynamics)
        if not refused.any():
            return share
        return share * (1.0 - refused) + buyers.spill(refused, self.found, self.calibration)

    def _close(self, sales: Sales, made: Flow) -> tuple[Accounts, Floats, tuple[PerRun, ...]]:
        """Draft the accounts, let the regulator settle, pay the bills; suppliers close their accounts.

        Returns:
            The accounts, the stock's value, profit of suppliers and how many have failed.
        """
        market = self.setting.market
        drafted, inventory = draft(self.state, made, sales.bookings, self.period, market.vat, market.deposit)
        settled = self.regulator.settle(drafted)
        bought = purchases(self.state, made, self.squeezed, self.setting.supply_chain)
        external = outside_income(self.state, self.setting)
        days, deposits = self.setting.clock.days_a_period, self.state.deposits
        accounts = pay(settled, bought.made_cost, bought.paid, external, deposits, days)
        paid = total(accounts.paid_suppliers)
        supplied = close_all(self.suppliers, total(bought.paid), paid, total(bought.usual))
        return accounts, inventory, supplied

    def _note(self, offers: Offers, sales: Sales, accounts: Accounts, supplied: tuple[PerRun, ...]) -> None:
        """The month as it is reported."""
        self.reference.close(offers, self.period)
        protected = settling.protection(self.state, sales, accounts)
        self.history.append(month_of(self, offers, sales, accounts, supplied, protected))

    def _carry(self, offers: Offers, sales: Sales, accounts: Accounts) -> None:
        """Buyers and firms remember; firms without cash leave."""
        memory.buyers(self.state, self.offers, offers, sales, self.reference.own, self.setting)
        own_mechanisms.remember(self.state, offers, sales, self.setting.dynamics)
        memory.trends(self.state, self.setting.dynamics, self.setting.clock)
        closing.supply(self.state, self.suppliers, self.setting.supply_chain.dependence)
        told = self.announcements
        tired = None if told is None else told.tired(self.state, accounts, self.period)
        gone = closing.exits(self.state, [firm.spec.months_to_exit for firm in self.firms], tired)
        for firm in self.firms if gone.any() else ():
            closing.tell_exit(self.state, self.period, firm.key, firm.spec.name, firm.index, gone, tired)
        self.offers, self.sales, self.accounts = offers, sales, accounts
        self.price_history[self.period + 1] = offers.announced

    # -- what agents may see -------------------------------------------------------------------

    def view_of(self, firm: Firm) -> View:
        """What one firm knows this month, as the regulator's measures leave it.

        Between months it is what the firm will decide on in the next month, except for that month's events.
        """
        if self.sight.period != self.period:
            self.sight = self._look(self.cost_lines())
        return self.regulator.see(view_of(self.sight, firm))

    def cost_lines(self) -> dict[str, Floats]:
        """(J,) unit cost of each product under each legal cost line, as audited last; CNY ex VAT."""
        return self.sight.cost_lines

    def accruals(self) -> dict[str, Accrual]:
        """What the order book of the start, "opening", and that of now, "closing", will come to."""
        start = self.opening, self.opening_terms, self.cost_parts.start
        end = self.state.book, self.offers.terms, self.state.unit_cost
        return settling.accruals(self.setting, start, end, self.squeezed, self.state.overhead)
