"""The market for reinforcement learning: a PettingZoo parallel environment, one agent a firm.

Needs the extra `rl`. Each month every agent says by what fraction its prices differ from the start. Firms
that are not agents keep the rules of the scenario. Interface: Terry et al. 2021, PettingZoo (NeurIPS 34).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewar.base.arguments import flag, luck, names, number, takes
from pricewar.base.errors import bad_input
from pricewar.base.luck import repetition
from pricewar.base.records import Floats, View
from pricewar.base.sums import dot
from pricewar.market.firm import Firm
from pricewar.market.model import PriceWar
from pricewar.scenario.files import load
from pricewar.scenario.tree import Scenario
from pricewar.strategies import Strategy

try:
    from gymnasium.spaces import Box
    from pettingzoo import ParallelEnv
except ImportError as missing:
    raise ImportError(
        f"{missing}; the environment needs the extra rl: pip install 'pricewar[rl]'"
    ) from missing

Observation = NDArray[np.float32]
Action = NDArray[np.float32]


class Steered(Strategy):
    """Prices that somebody outside the model has put in the firm's notebook; the start prices until then."""

    def price(self, view: View) -> Floats:
        """The start prices, changed by what is in the notebook."""
        change: float | Floats = view.memory.get("change", 0.0)
        return view.start_price * (1.0 + change)


class MarketEnv(ParallelEnv[str, Observation, Action]):  # type: ignore[misc]
    """A market in which some firms are priced from outside; see `market_env`."""

    metadata: dict[str, Any] = {"name": "pricewar_market_v0", "render_modes": []}  # noqa: RUF012

    def __init__(
        self,
        scenario: Scenario,
        firms: Sequence[str],
        seed: int,
        low: float,
        high: float,
        per_product: bool,
    ) -> None:
        self.scenario = scenario
        self.possible_agents = list(firms)
        self.agents: list[str] = []
        self.render_mode = None
        self._seed = seed
        self._episodes = 0  # begun with this seed
        self._model = PriceWar(scenario, seed=seed, collect=False)
        self._actions: dict[str, Box] = {}
        self._observations: dict[str, Box] = {}
        for firm in map(self._firm, firms):
            many = len(firm.own)
            self._actions[firm.key] = Box(low, high, (many if per_product else 1,), np.float32)
            size = (len(observe(self._view(firm))),)
            self._observations[firm.key] = Box(-np.inf, np.inf, size, np.float32)

    def observation_space(self, agent: str) -> Box:
        """What `observe` gives: unbounded numbers, most of them between -1 and 2."""
        return self._observations[agent]

    def action_space(self, agent: str) -> Box:
        """Change from the start prices as a fraction: one number, or one a product."""
        return self._actions[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Observation], dict[str, dict[str, Any]]]:
        """Begin an episode; `options` are ignored.

        The first has the seed of the environment, or the one given here. Each later one without a seed has
        new luck that follows from it. So the first seed repeats a sequence of episodes, and the `seed` in
        the infos repeats any one of them.
        """
        if seed is not None:
            self._seed, self._episodes = int(seed), 0
        luck = repetition(self._seed, self._episodes)
        self._episodes += 1
        self._model = PriceWar(self.scenario, seed=luck, collect=False)
        self.agents = list(self.possible_agents)
        for key in self.agents:
            self._firm(key).strategy = Steered()
        return self._see(self.agents), {key: self._info(key) for key in self.agents}

    def step(
        self, actions: dict[str, Action]
    ) -> tuple[
        dict[str, Observation],
        dict[str, float],
        dict[str, bool],
        dict[str, bool],
        dict[str, dict[str, Any]],
    ]:
        """One month. Actions beyond the ends are cut off there; a firm without an action keeps its prices.

        Returns:
            Observations, rewards (operating profit over net revenue a month at the start), whether each firm
            ran out of cash and left (terminated), whether the horizon ended (truncated), and infos.

        Raises:
            InputError: an action is not of the shape of its space, or not finite.
        """
        self._set(actions)
        self._model.step()
        asked, over = list(self.agents), not self._model.running
        gone = {key: not self._firm(key).active for key in asked}
        rewards = {key: self._profit(key) / self._start_revenue(key) for key in asked}
        self.agents = [key for key in asked if not (gone[key] or over)]
        infos = {key: self._info(key) for key in asked}
        return self._see(asked), rewards, gone, dict.fromkeys(asked, over), infos

    def _set(self, actions: dict[str, Action]) -> None:
        asked = {key: np.asarray(actions[key], dtype=np.float64) for key in self.agents if key in actions}
        wrong = [
            (key, value.tolist(), f"finite numbers of shape {self._actions[key].shape}")
            for key, value in asked.items()
            if value.shape != self._actions[key].shape or not np.isfinite(value).all()
        ]
        if wrong:
            raise bad_input("actions", *wrong)
        for key, value in asked.items():
            space = self._actions[key]
            self._firm(key).memory["change"] = np.clip(value, space.low.min(), space.high.max())

    def _firm(self, key: str) -> Firm:
        return self._model.firms[self._model.landscape.firm(key)]

    def _view(self, firm: Firm) -> View:
        """What the firm knows before its next move, as the measures in force leave it."""
        return self._model.view_of(firm)

    def _see(self, keys: Sequence[str]) -> dict[str, Observation]:
        return {key: observe(self._view(self._firm(key))) for key in keys}

    def _profit(self, key: str) -> float:
        books = self._model.accounts
        return float(books.operating_profit[self._firm(key).index]) if books is not None else 0.0

    def _start_revenue(self, key: str) -> float:
        start, own = self._model.landscape, self._firm(key).own
        sales = float(dot(start.start_price[own], np.maximum(start.start_units[own], 1.0)))
        return sales / (1.0 + self.scenario.market.vat)

    def _info(self, key: str) -> dict[str, Any]:
        return {
            "months": self._model.period,
            "seed": self._model.seed_of_run,
            "operating_profit": self._profit(key),
            "price_change": self._firm(key).price_change,
        }


@takes(firms=names, seed=luck, low=number, high=number, per_product=flag)
def market_env(
    scenario: Scenario | str | Path = "baseline",
    firms: Sequence[str] = ("xiaomi",),
    seed: int = 1,
    *,
    low: float = -0.3,
    high: float = 0.2,
    per_product: bool = False,
) -> MarketEnv:
    """The market of a scenario with some firms as agents.

    Args:
        scenario: a Scenario, the name of a shipped one, or a path to a file; its `periods` are the horizon.
        firms: ids of the firms that are priced from outside.
        seed: luck of the first episode; later ones have fresh luck that follows from it.
        low: lowest change from the start price, fraction above -1.
        high: highest, above `low`.
        per_product: one action a product instead of one for the whole line.

    Raises:
        InputError: the scenario, a firm or a range is not valid.
    """
    setting = load(scenario)
    known = ", ".join(setting.firms)
    wrong: list[tuple[str, object, str]] = [
        ("firms", name, f"one of {known}") for name in firms if name not in setting.firms
    ]
    if not firms or isinstance(firms, str) or len(set(firms)) < len(firms):
        wrong = [("firms", firms, "a list of different firms, one or more")]
    if not -1.0 < low < high < np.inf:
        wrong.append(("low, high", (low, high), "-1 < low < high"))
    if wrong:
        raise bad_input("market_env", *wrong)
    return MarketEnv(setting, firms, seed, low, high, per_product)


def observe(view: View) -> Observation:
    """(6 n + J + 1,) what an agent is told, from the View of its firm; n own products among J.

    Per own product: price, unit cost (both against the start), orders (over the firm's cars a month at the
    start), stock in months, order backlog (in the same unit as orders), rivals' mean change weighted by
    closeness. Per product of the market: its newest known price against what costs explain; 0 where it is
    not on sale. Last: cash over revenue a month at the start, as log(1 + x) with its sign.
    """
    start = view.landscape
    usual = max(float(start.start_units[view.own].sum()), 1.0)
    revenue = dot(view.start_price, np.maximum(start.start_units[view.own], 1.0)) / (1.0 + view.vat)
    seen = np.where(view.on_sale, view.change(), 0.0)
    cash = view.cash / revenue
    parts = (
        view.price / view.start_price - 1.0,
        view.unit_cost / view.start_cost - 1.0,
        view.orders / usual,
        np.minimum(view.stock_months, 24.0),
        view.backlog / usual,
        view.rival_change(),
        seen,
        [np.sign(cash) * np.log1p(abs(cash))],
    )
    return np.concatenate(parts).astype(np.float32)
