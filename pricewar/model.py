"""The market as a mesa model: the step and nothing but the step.

Each month: events strike -> firms see a View and propose -> imposed cuts and interventions amend the Offers
-> buyers choose, cars are made and delivered (Sales) -> books close, bills are paid (Accounts) -> what buyers
and firms remember is carried over.
"""

from __future__ import annotations

import os
from typing import Any

import mesa
import numpy as np
import pandas as pd

from . import agenda, carry, metrics
from .accrual import Accrual, accrue
from .book import Bookings, Voided, deliver
from .calibrate import Calibration, calibrate
from .costs import CostCurve, cost_lines, draft, pay, squeezed_out
from .crowd import Crowd
from .firm import Firm
from .history import Month, tables
from .market import (
    Choice,
    Conditions,
    choose,
    conditions,
    decided,
    expected_fall,
    feels_cheap,
    shoppers,
    spill,
    surplus,
    waiting,
)
from .production import flow, stock_months, turned_away
from .records import Accounts, Floats, Ints, Landscape, Offers, Sales, View
from .reference import PriceReference
from .regulator import Regulator
from .research import Research
from .scenario import Scenario
from .scenario_file import load
from .state import State
from .supplier import Supplier, close_all
from .views import own_figures, view_of


class PriceWar(mesa.Model):  # type: ignore[misc]
    """A market of firms that set prices month by month.

    Args:
        setting: a Scenario, the name of a shipped one, or a path to a file.
        seed: luck of the run; None: the scenario's own seed. `rng` means the same. (So `mesa.batch_run` needs
            seeds among its parameters: iterations alone repeat the same luck.)
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
        setting: Scenario | str = "baseline",
        seed: int | None = None,
        rng: int | None = None,
        collect: bool = True,
        threads: int | None = None,
        **changes: Any,
    ) -> None:
        base = load(setting)
        self.setting = base.but({k.replace("__", "."): v for k, v in changes.items()}) if changes else base
        given = seed if seed is not None else rng
        self.seed_of_run = self.setting.seed if given is None else int(given)
        super().__init__(rng=self.seed_of_run)
        self.period = 0
        self.calibration: Calibration = calibrate(self.setting)
        self.landscape: Landscape = self.calibration.landscape
        self.cost_curve = CostCurve.of(self.setting, self.calibration)
        self.state: State = carry.start_state(self.setting, self.calibration)
        self._market_luck, self._taste_luck = carry.draw_noise(
            self.setting, self.landscape.products, self.seed_of_run
        )
        weight = self.setting.consumers.weight
        cores = threads or os.cpu_count() or 1
        self.crowd = (
            None if weight is None else Crowd(self.setting, self.calibration, weight, self.seed_of_run, cores)
        )
        self.start_cumulative = self.state.cumulative.copy()
        self.reference = PriceReference(self.setting, self.calibration)
        self.offers: Offers = carry.start_offers(self.state)
        self.sales: Sales | None = None
        self.accounts: Accounts | None = None
        self.price_history: Floats = np.empty((self.setting.periods + 1, len(self.landscape.products)))
        self.price_history[0] = self.offers.price
        settlement = self.setting.market.settlement
        self.found: Conditions = conditions(
            self.state, self.offers, self.calibration, self.setting.dynamics, settlement
        )
        self.chosen: Choice = choose(self.found, self.calibration)  # at rest, before buyers are made
        usual = self.setting.consumers.shoppers
        at_rest = surplus(self.chosen, self.found, self.calibration, usual)
        carry.open_book(
            self.state, self.offers.terms, self.chosen.groups, at_rest, self.setting.market.deposit
        )
        self.opening, self.opening_terms = self.state.book, self.offers.terms
        self._squeezed = np.zeros_like(self.offers.price)
        self.research = self._look_into()
        self.month = self.setting.month(0)
        self.history: list[Month] = []
        self._populate()
        self.datacollector = mesa.DataCollector(_MARKET_REPORTERS, _FIRM_REPORTERS) if collect else None

    def _populate(self) -> None:
        specs = self.setting.firms.items()
        self.firms = [Firm(self, index, key, spec) for index, (key, spec) in enumerate(specs)]
        self.regulator = Regulator(self, self.setting.interventions)
        chain = self.setting.supply_chain
        usual = chain.purchased_share * float(self.calibration.unit_cost @ self.landscape.start_units)
        self.suppliers = [Supplier(self, key, spec, usual) for key, spec in chain.groups.items()]

    def step(self) -> None:
        """One month."""
        if self.period >= self.setting.periods:
            self.running = False
            return
        self._open()
        offers = self._offer()
        sales = self._sell(offers)
        accounts = self._close(sales)
        self._carry(offers, sales, accounts)
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
        """The products, firms, market and log tables of the months run so far."""
        return tables(self)

    # -- the parts of a month ------------------------------------------------------------------

    def _open(self) -> None:
        """Luck, events and this month's unit costs."""
        self.month = self.setting.month(self.period)
        self.state.month_luck = float(self._market_luck[self.period])
        self.state.taste = self._taste_luck[self.period]
        agenda.happen(self.setting, self.state, self.period)
        cut = self.landscape.by_start_units(metrics.cut_depth(self.offers.price, self.reference.own))
        full = self.cost_curve.full_terms(self.state, self.setting, self.start_cumulative)
        self.reference.open(full, self.state.on_sale)
        self._squeezed = squeezed_out(full, cut[self.landscape.firm_of], self.setting.supply_chain)
        self.state.unit_cost = full - self._squeezed

    def _look_into(self) -> Research:
        """Last month's demand, as firms can find it out."""
        return Research(self.calibration, self.found, self.chosen, self.offers.price, self.setting.market.vat)

    def _offer(self) -> Offers:
        """Firms propose, events impose, the regulator amends."""
        self.research = self._look_into()
        self._lines = cost_lines(self.state.unit_cost, self.fixed_a_car())
        self._figures = own_figures(self)
        self.regulator.open()
        for firm in self.firms:
            firm.propose()
        list_price, promotion = self.state.list_price.copy(), self.state.promotion.copy()
        for firm in self.firms:
            if firm.active and firm.proposal is not None:
                list_price[firm.own] = firm.proposal.list_price
                promotion[firm.own] = firm.proposal.promotion
        offers = carry.showroom(self.state, self.period, list_price, promotion)
        offers = agenda.impose(self.setting, offers, self.state, self.period)
        return self.regulator.amend(offers)

    def _sell(self, offers: Offers) -> Sales:
        """Buyers choose; full order books turn buyers to their second choice; cars are delivered."""
        dynamics, calibration = self.setting.dynamics, self.calibration
        settlement = self.setting.market.settlement
        carry.cancel(self.state, dynamics.backlog.cancellation * dynamics.backlog.on)
        self.found = conditions(self.state, offers, calibration, dynamics, settlement)
        self.chosen = self.choose(self.found)
        usual = self.setting.consumers.shoppers
        people = shoppers(self.state, self.chosen, calibration, dynamics, usual)
        free = dynamics.waiting.share if dynamics.waiting.on else 0.0
        share, worth = self.chosen.share, surplus(self.chosen, self.found, calibration, people, free)
        if self.crowd is not None:
            fall = expected_fall(self.state, offers, dynamics, settlement)
            share, sampled = self.crowd.choose(self.found, self.state.fleet, fall, people, self.period)
            worth = worth + sampled - decided(self.chosen, calibration, people)
        orders = people * self._served(share, people)
        self.made = flow(self.state, orders, dynamics)
        bookings = self._deliver(offers, orders, worth)
        waits = waiting(self.found, self.chosen, calibration, people, free)
        petrol = self.setting.consumers.petrol_share * max(people - float(orders.sum()) - waits, 0.0)
        return Sales(
            period=self.period,
            orders=orders,
            units=self.made.units,
            produced=self.made.produced,
            backlog=self.made.backlog,
            stock=self.made.stock,
            shoppers=people,
            waiting=waits,
            surplus=worth,
            bookings=bookings,
            petrol=petrol,
            feels_cheap=feels_cheap(self.chosen, self.found, people),
        )

    def _deliver(self, offers: Offers, orders: Floats, worth: Floats) -> Bookings:
        """Book the month's orders and settle the cars that are delivered, oldest orders first."""
        state, groups = self.state, self.chosen.groups
        a_car = carry.surplus_a_car(worth, groups, orders)
        book = state.book.ordered(self.period, orders, offers.terms, groups, a_car)
        rule = self.setting.market.settlement
        state.book, bookings = deliver(
            book, self.made.units, offers.terms, self.period, rule, orders * offers.price, state.voided
        )
        state.voided = Voided.none(len(orders), len(worth))
        return bookings

    def choose(self, found: Conditions) -> Choice:
        """What buyers choose under the conditions they find."""
        return choose(found, self.calibration)

    def _served(self, share: Floats, people: float) -> Floats:
        """(J,) shares of shoppers after those turned away by a full order book took their second choice."""
        refused = turned_away(self.state, people * share, self.setting.dynamics)
        if not refused.any():
            return share
        return share * (1.0 - refused) + spill(refused, self.found, self.calibration)

    def _close(self, sales: Sales) -> Accounts:
        """Draft the books, let the regulator settle, pay the bills; suppliers close theirs."""
        market = self.setting.market
        drafted, self._inventory = draft(
            self.state, self.made, sales.bookings, self.period, market.vat, market.deposit
        )
        settled = self.regulator.settle(drafted)
        made, first, chain = self.made.produced, self.calibration.first[:-1], self.setting.supply_chain
        made_cost = np.add.reduceat(made * self.state.unit_cost, first)
        given_up = np.add.reduceat(made * self._squeezed, first)
        usual_terms = chain.purchased_share * (made_cost + given_up)
        bought = usual_terms - given_up
        external = np.array([firm.spec.external_income for firm in self.firms]) * self.state.active
        accounts = pay(settled, made_cost, bought, external, self.state.deposits)
        paid = float(accounts.paid_suppliers.sum())
        self._supplied = close_all(self.suppliers, float(bought.sum()), paid, float(usual_terms.sum()))
        return accounts

    def _carry(self, offers: Offers, sales: Sales, accounts: Accounts) -> None:
        """Note the month; buyers and firms remember; firms without cash leave."""
        profit, failed = self._supplied
        self.reference.close(offers, self.period)
        market = self.setting.market
        protected = carry.protection(self.state, sales, accounts)
        self.history.append(
            Month(
                offers=offers,
                sales=sales,
                accounts=accounts,
                unit_cost=self.state.unit_cost,
                reference=self.reference.own,
                cost_index=self.reference.index,
                surplus=sales.surplus + sales.bookings.afterwards + protected,
                petrol_profit=carry.petrol_profit(sales, market),
                petrol_taxes=carry.petrol_taxes(sales, market),
                active=self.state.active.copy(),
                brand=self.state.brand,
                capacity=self.state.capacity * self.state.supply * self.state.active,
                supplier_profit=profit,
                suppliers_failed=failed,
                fiscal_cost=carry.fiscal_cost(sales, accounts, market),
            )
        )
        carry.books(self.state, accounts, self.made, self._inventory)
        carry.buyers(self.state, self.offers, offers, sales, self.reference.own, self.setting)
        carry.trends(self.state, self.setting.dynamics, sales)
        carry.supply(self.state, self.suppliers, self.setting.supply_chain.dependence)
        for index in carry.exits(self.state, [firm.spec.months_to_exit for firm in self.firms]):
            what = f"{self.firms[index].spec.name} runs out of cash and leaves"
            self.state.log.append((self.period, self.firms[index].key, what))
        self.offers, self.sales, self.accounts = offers, sales, accounts
        self.price_history[self.period + 1] = offers.price

    # -- what agents may see -------------------------------------------------------------------

    def view_of(self, firm: Firm) -> View:
        """What one firm knows this month, as the regulator's measures leave it."""
        return self.regulator.see(view_of(self, firm, self._figures))

    def cost_lines(self) -> dict[str, Floats]:
        """(J,) unit cost of each product under each legal cost line, CNY ex VAT."""
        return self._lines

    def accruals(self) -> dict[str, Accrual]:
        """What the order book of the start, "opening", and that of now, "closing", will come to."""
        market, chain, start = self.setting.market, self.setting.supply_chain, self.cost_curve.start
        earned = chain.purchased_share * sum(group.share * group.margin for group in chain.groups.values())
        rule, vat, full = market.settlement, market.vat, self.state.unit_cost + self._squeezed
        return {
            "opening": accrue(self.opening, self.opening_terms, rule, start, start * earned, vat),
            "closing": accrue(
                self.state.book, self.offers.terms, rule, self.state.unit_cost,
                full * earned - self._squeezed, vat,
            ),
        }  # fmt: skip

    def stock_months(self) -> Floats:
        """(J,) stock in months of expected sales."""
        return stock_months(self.state)

    def price_change(self, own: Ints) -> float:
        """Mean price of some products relative to the start, weighted by cars sold at the start."""
        start = self.landscape
        weight = np.maximum(start.start_units[own], 1e-9)
        return float(metrics.price_change(self.offers.price[own], start.start_price[own], weight))

    def fixed_a_car(self) -> Floats:
        """(J,) the firm's fixed cost per car of last month, at half the start's volume or more.

        Auditors spread fixed cost over normal output: a firm that hardly sells is not thereby priced below
        cost.
        """
        first, usual = self.calibration.first[:-1], self.landscape.start_units
        normal = 0.5 * np.add.reduceat(usual, first)
        cars = np.add.reduceat(self.sales.units if self.sales else usual, first)
        return (self.state.fixed_cost / np.maximum(np.maximum(cars, normal), 1.0))[self.landscape.firm_of]

    @property
    def price_index(self) -> float:
        """Fixed-basket price index, start = 100."""
        start = self.landscape
        return float(metrics.price_index(self.offers.price, start.start_price, start.start_units))

    @property
    def war_index(self) -> float:
        """Mean depth of price cuts, percent."""
        start = self.landscape
        return float(metrics.war_index(self.offers.price, self.reference.own, start.start_units))

    @property
    def units(self) -> float:
        """Cars delivered last month."""
        return float(self.sales.units.sum()) if self.sales else float(self.landscape.start_units.sum())

    @property
    def consumer_surplus(self) -> float:
        """Consumer surplus of last month, CNY."""
        return float(self.history[-1].surplus.sum()) if self.history else float("nan")

    @property
    def firms_active(self) -> int:
        """Firms in the market."""
        return int(self.state.active.sum())


_MARKET_REPORTERS = {
    "price_index": "price_index",
    "war_index": "war_index",
    "units": "units",
    "consumer_surplus": "consumer_surplus",
    "firms_active": "firms_active",
}
_FIRM_REPORTERS = {
    "firm": lambda agent: getattr(agent, "key", None),
    "price_change": lambda agent: getattr(agent, "price_change", None),
    "cash": lambda agent: agent.cash if isinstance(agent, Firm) else None,
}
