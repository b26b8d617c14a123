"""How often makers lead and follow, fitted to the record by penalised likelihood.

Each maker's intercept is drawn from a common normal, over which the likelihood is integrated
(Gauss-Hermite, 21 nodes), so that the spread of makers is estimated and not only their values. Penalties
are the priors that `PRIORS` states; standard errors are from the curvature of the penalised likelihood at
its maximum. Leading and following are fitted apart: the record says which was which.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from pricewar.base.errors import bad_input
from pricewar.base.records import Flags, Floats
from pricewar.data.history import History

from .base import ROUNDS
from .record import Panel, follow_ratios

NODES: Final = 21
PRIORS: Final = {
    "lead_usual": (-3.0, 1.5),
    "follow_usual": (-2.5, 1.5),
    "follow_size": (0.5, 0.5),
    "quarters.1": (0.0, 0.5),
    "quarters.2": (0.0, 0.5),
    "quarters.3": (0.0, 0.5),
    "quarters.4": (0.0, 0.5),
    "quarter_end": (0.0, 0.5),
    "by_rest": (0.0, 0.5),
    "lead_makers": (0.0, 0.5),
    "follow_makers": (0.0, 0.5),
}
"""Mean and standard deviation of normal priors; of the spreads of makers, half-normal."""
STEP: Final = 1e-4
"""Of finite differences, on parameters of order one."""


@dataclass(frozen=True)
class Fit:
    """What the record says about campaigns.

    Attributes:
        parameters: one a row: `parameter` (as `QuotaRace` names it; spreads of makers end in `_makers`),
            `estimate`, `se`, `prior`, `prior_sd` (NaN without a prior), `cases`.
        makers: one a row: `firm`, `lead`, `lead_sd`, `follow`, `follow_sd`: posterior means and standard
            deviations of their intercepts, given the other parameters.
        log_likelihood: of leads and follows, penalties apart.
    """

    parameters: pd.DataFrame
    makers: pd.DataFrame
    log_likelihood: float

    def value(self, parameter: str) -> float:
        """The estimate of a parameter."""
        return float(self.parameters.set_index("parameter")["estimate"][parameter])

    def rule(self) -> dict[str, object]:
        """Parameters of `QuotaRace`, as a scenario file states them."""
        makers = self.makers.set_index("firm")
        plain = ("lead_usual", "follow_usual", "follow_size", "quarter_end", "by_rest", "lead_size",
                 "lead_spread", "answer_ratio", "answer_spread")  # fmt: skip
        return {name: round(self.value(name), 3) for name in plain} | {
            "lead": {str(firm): round(float(value), 3) for firm, value in makers["lead"].items()},
            "follow": {str(firm): round(float(value), 3) for firm, value in makers["follow"].items()},
            "quarters": tuple(round(self.value(f"quarters.{q}"), 3) for q in range(1, 5)),
            "kinds": tuple(round(self.value(f"kinds.{k}"), 3) for k in ("list", "limited", "subsidy")),
            "cover": tuple(round(self.value(f"cover.{k}"), 2) for k in ("a", "b")),
        }


def fit(panel: Panel, history: History) -> Fit:
    """Fit leading, following and sizes.

    Args:
        panel: firm-months of the record.
        history: the record, for sizes, kinds and models named.

    Raises:
        InputError: nobody leads or nobody follows in the panel.
    """
    if not panel.leads.any() or not panel.follows.any():
        raise bad_input("fit", ("panel", "no lead or no follow", "firm-months with some of both"))
    moved = np.concatenate([np.zeros_like(panel.cuts[:1]), panel.cuts[:-1]])[..., None]
    calendar = np.broadcast_to(_calendar(panel.months), (*panel.leads.shape, 5))
    lead = _Logit(
        panel.leads, np.ones_like(panel.leads), np.concatenate([calendar, moved], axis=-1), "lead", 1,
        ("quarters.1", "quarters.2", "quarters.3", "quarters.4", "quarter_end", "by_rest"),
    )  # fmt: skip
    pull = np.log1p(100.0 * panel.announced)[..., None]
    answering = ~panel.leads & (panel.announced > 0)
    follow = _Logit(panel.follows, answering, pull, "follow", ROUNDS, ("follow_size",))
    rows, likelihood = [], 0.0
    makers = pd.DataFrame({"firm": panel.makers})
    for part in (lead, follow):
        best, errors = part.best()
        likelihood += part.log_likelihood(best)
        for name, estimate, se in zip(part.parameters, best, errors, strict=True):
            rows.append((name, estimate, se, *PRIORS[name], int(part.asked.sum())))
        mean, spread = part.makers(best)
        makers = makers.assign(**{part.name: mean, f"{part.name}_sd": spread})
    rows += _sizes(history)
    columns = ["parameter", "estimate", "se", "prior", "prior_sd", "cases"]
    return Fit(pd.DataFrame(rows, columns=columns), makers, likelihood)


class _Logit:
    """Logits of firm-months, with intercepts of makers that are integrated out."""

    def __init__(
        self, found: Flags, asked: Flags, regressors: Floats, name: str, rounds: int, slopes: tuple[str, ...]
    ) -> None:
        self.found, self.asked, self.regressors = found, asked, regressors
        self.name, self.rounds = name, rounds
        self.parameters = (f"{name}_usual", *slopes, f"{name}_makers")
        nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
        self.nodes, self.log_weights = nodes, np.log(weights / weights.sum())

    def by_node(self, at: Floats) -> Floats:
        """(F, nodes) log likelihood of each maker's months, given its intercept."""
        usual, slopes, spread = at[0], at[1:-1], abs(at[-1])
        fixed = usual + self.regressors @ slopes
        logit = fixed[..., None] + spread * self.nodes
        none = -self.rounds * np.logaddexp(0.0, logit)  # log of nobody moving in any round
        some = np.log(-np.expm1(np.minimum(none, -1e-12)))
        each = np.where(self.found[..., None], some, none) * self.asked[..., None]
        return np.asarray(each.sum(axis=0))

    def log_likelihood(self, at: Floats) -> float:
        """Of all makers, their intercepts integrated out."""
        return float(np.logaddexp.reduce(self.by_node(at) + self.log_weights, axis=1).sum())

    def loss(self, at: Floats) -> float:
        """Minus the penalised log likelihood."""
        priors = np.array([PRIORS[name] for name in self.parameters])
        return -self.log_likelihood(at) + 0.5 * float((((at - priors[:, 0]) / priors[:, 1]) ** 2).sum())

    def best(self) -> tuple[Floats, Floats]:
        """The maximum, and standard errors from the curvature there."""
        from scipy.optimize import minimize  # a run needs no scipy here

        start = np.array([PRIORS[name][0] for name in self.parameters])
        start[-1] = 0.4
        found = minimize(self.loss, start, method="BFGS", options={"gtol": 1e-6})
        best = np.asarray(found.x)
        best[-1] = abs(best[-1])
        return best, np.sqrt(np.diag(np.linalg.inv(curvature(self.loss, best))))

    def makers(self, at: Floats) -> tuple[Floats, Floats]:
        """(F,) posterior mean and standard deviation of each maker's intercept."""
        weight = self.by_node(at) + self.log_weights
        weight = np.exp(weight - np.logaddexp.reduce(weight, axis=1)[:, None])
        mean = weight @ self.nodes
        variance = weight @ self.nodes**2 - mean**2
        return at[0] + at[-1] * mean, at[-1] * np.sqrt(variance)


def curvature(loss: Callable[[Floats], float], at: Floats) -> Floats:
    """(K, K) second derivatives of a loss by central differences."""
    steps = STEP**0.5 * np.eye(len(at))
    found = np.empty((len(at), len(at)))
    for i, one in enumerate(steps):
        for j, other in enumerate(steps[: i + 1]):
            corners = (
                loss(at + one + other)
                - loss(at + one - other)
                - loss(at - one + other)
                + loss(at - one - other)
            )
            found[i, j] = found[j, i] = corners / (4.0 * STEP)
    return found


def _calendar(months: tuple[str, ...]) -> Floats:
    """(T, 1, 5) quarters and the last month of a quarter, as 0 and 1, the same for all makers."""
    place = np.array([int(month[5:]) - 1 for month in months])
    quarters = (place[:, None] // 3) == np.arange(4)
    return np.concatenate([quarters, (place % 3 == 2)[:, None]], axis=1)[:, None, :].astype(np.float64)


def _sizes(history: History) -> list[tuple[str, float, float, float, float, int]]:
    """Sizes, ratios, kinds and coverage of announced cuts: estimate, standard error, no prior, cases."""
    none = np.nan, np.nan
    cuts = history.cuts()
    led = np.log(cuts.loc[(cuts["role"] == "lead") & cuts["size"].notna(), "size"].to_numpy())
    ratio = np.log(follow_ratios(history)["ratio"].to_numpy())
    rows = []
    for median, spread, logs in (("lead_size", "lead_spread", led), ("answer_ratio", "answer_spread", ratio)):
        n, middle = len(logs), float(np.median(logs))
        wide = _robust_spread(logs)
        rows.append((median, float(np.exp(middle)), float(np.exp(middle)) * 1.2533 * wide / n**0.5, *none, n))
        rows.append((spread, wide, 1.17 * wide / n**0.5, *none, n))
    kinds = cuts["kind"].map({"list": "list", "limited-time": "limited", "subsidy": "subsidy"})
    for kind in ("list", "limited", "subsidy"):
        share = float((kinds == kind).mean())
        rows.append((f"kinds.{kind}", share, (share * (1 - share) / len(kinds)) ** 0.5, *none, len(kinds)))
    return rows + _coverage(history, none)


def _robust_spread(logs: Floats) -> float:
    """Standard deviation of the normal with the same quartiles: one move of 40% counts as one."""
    low, high = np.quantile(logs, (0.25, 0.75))
    return float((high - low) / 1.349)


def _coverage(
    history: History, none: tuple[float, float]
) -> list[tuple[str, float, float, float, float, int]]:
    """Beta of the part of its line-up that a maker names on one day, by moments.

    The line-up is that of December 2022; what is said of "all models" or the line-up names all of it.
    """
    cuts = history.cuts()
    lineup = history.models.groupby("firm").size()
    cuts = cuts[cuts["firm"].isin(lineup.index) & cuts["model"].notna()]
    whole = cuts["model"].str.contains(r"lineup|all models", regex=True)
    named = cuts["model"].str.count("/") + 1
    days = pd.DataFrame({"firm": cuts["firm"], "day": cuts["announced"], "whole": whole, "named": named})
    by_day = days.groupby(["firm", "day"]).agg(whole=("whole", "max"), named=("named", "sum")).reset_index()
    part = np.minimum(by_day["named"] / by_day["firm"].map(lineup), 1.0)
    part = np.where(by_day["whole"], 1.0, part)
    mean, variance = float(part.mean()), float(part.var(ddof=1))
    size = max(mean * (1.0 - mean) / variance - 1.0, 0.5)
    n = len(part)
    return [
        (f"cover.{name}", value * size, value * size * (2.0 / n) ** 0.5, *none, n)
        for name, value in (("a", mean), ("b", 1.0 - mean))
    ]
