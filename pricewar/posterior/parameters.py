"""The parameters that are drawn together, and what each of them changes in a scenario."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pricewar.base.paths import matches, value_at
from pricewar.scenario.tree import UNCERTAIN, Scenario

Apply = Callable[[float, Any], Any]
"""From the value drawn and what the scenario states to what it states then."""


def _set(drawn: float, stated: Any) -> Any:
    return drawn


def _add(drawn: float, stated: Any) -> Any:
    return float(stated) + drawn


def _scale(drawn: float, stated: Any) -> Any:
    return float(stated) * drawn


def _beta(drawn: float, stated: Any) -> Any:
    """A Beta of this mean, as firm as the one that is stated."""
    firm = float(sum(stated))
    return (firm * drawn, firm * (1.0 - drawn))


@dataclass(frozen=True)
class Parameter:
    """One unknown of a market.

    Attributes:
        name: column of a sample.
        meaning: in one line, with its unit.
        low, high: ends of its prior, which is even between them (of the logarithm where `log` says so).
        basis: source of the range, or "assumed".
        paths: where it acts in a scenario; patterns are allowed.
        apply: how.
        campaigns: whether it means something only where firms run campaigns.
        log: whether the prior is even in the logarithm.
    """

    name: str
    meaning: str
    low: float
    high: float
    basis: str
    paths: tuple[str, ...]
    apply: Apply = _set
    campaigns: bool = False
    log: bool = False

    def at(self, quantile: float) -> float:
        """Value at a quantile of the prior."""
        if self.log:
            return float(self.low * (self.high / self.low) ** quantile)
        return self.low + quantile * (self.high - self.low)

    def quantile(self, value: float) -> float:
        """Quantile of the prior at a value."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


PARAMETERS: Final = (
    Parameter(
        "own_elasticity", "mean own-price elasticity of a model", -6.0, -2.0,
        "published estimates for cars: Berry, Levinsohn and Pakes 1995 (-3 to -6.5); for China's electric "
        "cars -2 to -5 (assumed)",
        ("demand.own_elasticity",),
    ),
    Parameter(
        "income_elasticity", "by how much price sensitivity falls with income, log by log", 0.4, 2.0,
        "assumed; one in Berry, Levinsohn and Pakes 1999, whose buyers weigh price over income",
        ("demand.income_elasticity",),
    ),
    Parameter(
        "variable_share", "share of reported unit cost that varies with output", 0.8, 0.97,
        "depreciation and amortisation over cost of sales of listed makers, 5 to 15% (assumed)",
        ("market.variable_share",),
    ),
    Parameter(
        "pass_through", "share of a change in unit cost that reaches prices by custom", 0.4, 1.0,
        "assumed", ("market.pass_through",),
    ),
    Parameter(
        "learning_rate", "fall of unit cost without battery with each doubling of output", 0.0, 0.12,
        "assumed; within the range of docs/reference/dynamics.md",
        ("dynamics.learning.rate",),
    ),
    Parameter(
        "battery_change", "change of the price of battery packs a year, log", -0.20, -0.026,
        "assumed; within the range of docs/reference/dynamics.md",
        ("dynamics.battery.change_a_year",),
    ),
    Parameter(
        "squeeze", "share of a fall of the net price that is passed back to suppliers", 0.0, 0.4,
        "assumed", ("supply_chain.squeeze",),
    ),
    Parameter(
        "lead_level", "added to all makers' logits of starting a campaign in a month", -1.5, 1.5,
        "flat around the shipped rule, whose level it replaces",
        ("campaigns.rule.lead.*", "campaigns.rule.lead_usual"), _add, campaigns=True,
    ),
    Parameter(
        "follow_level", "added to all makers' logits of answering", -1.5, 1.5,
        "flat around the shipped rule, whose level it replaces",
        ("campaigns.rule.follow.*", "campaigns.rule.follow_usual"), _add, campaigns=True,
    ),
    Parameter(
        "follow_size", "effect of the log of a rival's announced cut on answering", 0.2, 2.4,
        "assumed; 0.51 by likelihood, standard error 0.18, before launches are decided",
        ("campaigns.rule.follow_size",), campaigns=True,
    ),
    Parameter(
        "lead_size", "median announced cut of a leader, fraction of the price", 0.06, 0.16,
        "assumed; 8.6% of announced moves, 2023 to April 2025", ("campaigns.rule.lead_size",), campaigns=True,
    ),
    Parameter(
        "new_money", "mean share of an announced cut that is new money for buyers", 0.2, 0.8,
        "assumed; Xpeng in January 2023: all on one model, nothing on another",
        ("campaigns.rule.new_money",), _beta, campaigns=True,
    ),
    Parameter(
        "patience", "kappa: gain that counts as much as a month's contribution when a launch is decided",
        0.3, 3.0, "assumed", ("campaigns.rule.patience",), campaigns=True, log=True,
    ),
    Parameter(
        "firm_sd", "factor on the measured standard deviations of firms' monthly shocks", 0.4, 1.4,
        "assumed; 1 puts all of the measured scatter of shares down to shocks, none to campaigns",
        ("noise.firm_sd.*",), _scale,
    ),
    Parameter(
        "firm_memory", "autocorrelation of firms' shocks by the month", 0.0, 0.85,
        "by maker 0 to 0.7 of log shares, 2022 to April 2025", ("noise.firm_memory",),
    ),
    Parameter(
        "market_sd", "standard deviation of a month's log number of shoppers", 0.02, 0.10,
        "assumed; total sales of 2023 to April 2025 net of season and trend scatter by 0.05",
        ("noise.market_sd",),
    ),
)  # fmt: skip
"""About what the record of 2022 to April 2025 speaks; ranges are those of the prior."""


def changes_of(
    scenario: Scenario, values: Mapping[str, float], parameters: tuple[Parameter, ...] = PARAMETERS
) -> dict[str, Any]:
    """Path -> value of a draw, for `Scenario.but`; what the scenario holds `fixed` is left as it is.

    Args:
        scenario: those that act on what it has not (campaigns that are off, noise of no firm) change nothing.
        values: name of a parameter -> value drawn; those without a value change nothing.
        parameters: that are looked for.
    """
    tree = scenario.model_dump(include=set(UNCERTAIN))
    held = tuple(_held(tree, scenario.fixed))
    changes = _changes(tree, scenario.campaigns.on, values, parameters)
    return {path: value for path, value in changes if not any(_touches(path, one) for one in held)}


def _held(tree: Mapping[str, Any], fixed: tuple[str, ...]) -> Iterator[str]:
    """The paths that are not drawn, patterns written out."""
    for pattern in fixed:
        yield from matches(tree, pattern) if "*" in pattern else (pattern,)


def _touches(path: str, held: str) -> bool:
    """Whether one of two paths lies in the other."""
    return f"{path}.".startswith(f"{held}.") or f"{held}.".startswith(f"{path}.")


def _changes(
    tree: Mapping[str, Any], campaigns: bool, values: Mapping[str, float], parameters: tuple[Parameter, ...]
) -> Iterator[tuple[str, Any]]:
    for parameter in parameters:
        if parameter.name not in values or (parameter.campaigns and not campaigns):
            continue
        for pattern in parameter.paths:
            for path in matches(tree, pattern):
                yield path, parameter.apply(float(values[parameter.name]), value_at(tree, path))
