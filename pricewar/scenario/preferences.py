"""How buyers of a market choose: the parameters of demand in a scenario file.

Each kind turns what the market showed before its first month (`pricewar.demand.observed.Observed`) into a
`pricewar.demand.Demand`, which then drives the market. In the logits a buyer i with log income z_i (in
standard deviations) gets from product j
    V_ij = delta_j + sum_k x_jk (sigma_k v_ik + pi_k z_i) - alpha_i price_j,
    alpha_i = alpha exp(-income_elasticity sd_log_income z_i),
and chooses with the outside option (a petrol car, or no car) at V = 0. delta and alpha come from shares of
the month before the start and a stated mean own-price elasticity. The form is that of Berry, Levinsohn and
Pakes (1995, Econometrica 63).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from pricewar.base.rules import Rule

from .columns import attributes, labels, unknown_columns
from .levels import Columns, Correlations, levels, nest_misfits

if TYPE_CHECKING:
    from pricewar.base.arrays import Floats
    from pricewar.demand.base import Demand
    from pricewar.demand.observed import Observed

    from .parts import ProductSpec

TASTES = ("electric", "size", "suv", "range")
"""Attributes of cars whose taste differs between buyers, in the order of the columns of x."""
Misfit = tuple[str, str, str]
"""Place within the demand, what was found there, what is allowed."""
Elasticity: Any = Field(-4.0, lt=-0.5, ge=-15, description="unit-weighted mean own-price elasticity")


class Preferences(Rule):
    """Base of the demand systems that a scenario may name."""

    rows: ClassVar[bool] = False
    """Whether its demand has rows of buyers, who can be loyal, wait and come early."""

    @abstractmethod
    def calibrated(self, observed: Observed) -> Demand:
        """The demand that sells what was observed, at the prices observed.

        Args:
            observed: the market in the month before the first.
        """

    def misfits(self, products: Mapping[str, ProductSpec]) -> Iterator[Misfit]:
        """Why these products cannot be calibrated with these parameters; nothing if they can."""
        yield from ()


class Taste(BaseModel):
    """How buyers differ in what one column of the products is worth to them, in utility.

    A column of numbers counts in its standard deviations from its mean, over the products sold before the
    first month; `column:value` counts 1 for products with that value and 0 for all others.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    mean: float = Field(
        0.0, ge=-20, le=20, description="taste of the average buyer: what a later launch has over its `like`"
    )
    sd: float = Field(0.0, ge=0, le=6, description="spread of the taste between buyers")
    income: float = Field(0.0, ge=-3, le=3, description="rise of the taste per sd of log income")
    correlation: dict[str, float] = Field(
        default_factory=dict, description="with the tastes for other columns, -1 to 1; stated once for a pair"
    )


class MixedLogit(Preferences):
    """Logit with tastes that differ between buyers and with income.

    Spreads are in utility, and 0 unless the market states them, as a data set may.
    """

    rows: ClassVar[bool] = True

    own_elasticity: float = Elasticity
    price_sensitivity: float | None = Field(
        None, gt=0, description="alpha per unit of money of the median buyer; None: from own_elasticity"
    )
    income_elasticity: float = Field(
        0.8,
        ge=0,
        le=2,
        description="by how much price sensitivity falls with income, d log alpha / d log income",
    )
    electric_sd: float = Field(0.0, ge=0, le=6, description="spread of the taste for any NEV against petrol")
    size_sd: float = Field(0.0, ge=0, le=6, description="spread of the taste for one size class more")
    suv_sd: float = Field(0.0, ge=0, le=6, description="spread of the taste for an SUV")
    range_sd: float = Field(0.0, ge=0, le=6, description="spread of the taste for 100 km more range")
    size_income: float = Field(
        0.0, ge=-3, le=3, description="taste for one size class more per sd of log income"
    )
    tastes: dict[str, Taste] = Field(
        default_factory=dict, description="tastes for further columns of the products, by column"
    )

    @property
    def spreads(self) -> tuple[float, ...]:
        """sigma_k, in the order of TASTES."""
        return (self.electric_sd, self.size_sd, self.suv_sd, self.range_sd)

    @property
    def loadings(self) -> tuple[float, ...]:
        """pi_k, in the order of TASTES."""
        return (0.0, self.size_income, 0.0, 0.0)

    @property
    def all_spreads(self) -> tuple[float, ...]:
        """Of the tastes for cars and of those for further columns."""
        return (*self.spreads, *(taste.sd for taste in self.tastes.values()))

    @property
    def all_loadings(self) -> tuple[float, ...]:
        """Likewise, on income."""
        return (*self.loadings, *(taste.income for taste in self.tastes.values()))

    @property
    def correlations(self) -> Floats:
        """(n, n) correlations of the tastes for further columns."""
        names = list(self.tastes)
        matrix = np.eye(len(names))
        for name, taste in self.tastes.items():
            for other, value in taste.correlation.items():
                if other in names and other != name:
                    i, j = names.index(name), names.index(other)
                    matrix[i, j] = matrix[j, i] = value
        return matrix

    def calibrated(self, observed: Observed) -> Demand:
        """The mixed logit with the shares, and the mean elasticity or price sensitivity, that are stated."""
        return self._fitted(observed)

    def _fitted(self, observed: Observed, nests: Any = None, rho: Any = 0.0) -> Demand:
        from pricewar.demand.calibrated import calibrated_logit
        from pricewar.demand.population import correlated, price_sensitivity, taste_utility

        people = correlated(observed.population, len(TASTES), self.correlations)
        x = attributes(observed.columns, tuple(self.tastes), observed.on_sale)
        means = np.array([0.0] * len(TASTES) + [taste.mean for taste in self.tastes.values()])
        return calibrated_logit(
            observed,
            price_sensitivity(people, self.income_elasticity, observed.income_log_sd),
            taste_utility(people, self.all_spreads, self.all_loadings, x),
            self.own_elasticity,
            self.price_sensitivity,
            nests,
            rho,
            ((x - x[observed.like]) * means).sum(axis=1),
        )

    def misfits(self, products: Mapping[str, ProductSpec]) -> Iterator[Misfit]:
        """Columns that do not exist or do not vary, correlations that no buyers can have."""
        yield from unknown_columns(self.tastes, products)
        launches = any(product.units == 0 for product in products.values())
        for name, taste in self.tastes.items():
            if taste.mean and not launches:
                yield (
                    f"tastes.{name}.mean",
                    f"{taste.mean:g}",
                    "0 where nothing is launched: it has no effect",
                )
            if not (taste.sd or taste.income or taste.mean):
                yield f"tastes.{name}", "no sd, no income, no mean", "at least one of them above or below 0"
            for other, value in taste.correlation.items():
                if other not in self.tastes or other == name or not -1 < value < 1:
                    allowed = f"another of {', '.join(self.tastes)}, and a number between -1 and 1"
                    yield f"tastes.{name}.correlation", f"{other} = {value:g}", allowed
                elif not (taste.sd and self.tastes[other].sd):
                    yield f"tastes.{name}.correlation", f"{other} = {value:g}", "tastes that both have an sd"
                elif name in self.tastes[other].correlation and list(self.tastes).index(name) > list(
                    self.tastes
                ).index(other):
                    yield (
                        f"tastes.{name}.correlation",
                        f"{other}, stated there too",
                        "one statement for a pair",
                    )
        if len(self.tastes) > 1 and np.linalg.eigvalsh(self.correlations)[0] <= 1e-9:
            yield "tastes", "correlations that contradict each other", "a positive definite matrix"


class Logit(MixedLogit):
    """Plain logit: all buyers are alike. A market that says nothing about its demand has this one."""

    income_elasticity: float = 0.0


class NestedLogit(MixedLogit):
    """Logit in which products of one nest are closer to each other than to all others (McFadden 1978).

    Two columns make nests within nests (Verboven 1996; Bjoernerstedt and Verboven 2016). Buyers are all alike
    unless tastes or income_elasticity are stated.
    """

    income_elasticity: float = 0.0
    nests: Columns = Field(
        "segment",
        description="column of the products whose values are the nests; of two columns the second divides"
        " the nests of the first",
    )
    rho: Correlations = Field(
        0.5,
        description="correlation within nests, 0 for the plain logit; [outer, inner] for two columns, the"
        " inner one at least the outer",
    )

    def calibrated(self, observed: Observed) -> Demand:
        """The nested logit with the shares, and the mean elasticity or price sensitivity, that are stated."""
        columns = [observed.columns[name] for name in levels(self.nests)]
        nests = columns[0] if len(columns) == 1 else np.column_stack(columns)
        return self._fitted(observed, nests, self.rho)

    def misfits(self, products: Mapping[str, ProductSpec]) -> Iterator[Misfit]:
        """Besides those of tastes: a column that is none, nests of one product each, rho that cannot be."""
        yield from super().misfits(products)
        names = levels(self.nests)
        yield from nest_misfits(names, [labels(name, products) for name in names], levels(self.rho))


class Linear(Preferences):
    """Demand of buyers with quadratic utility (Shubik and Levitan 1980; Singh and Vives 1984).

    All products have the stated own-price elasticity at the start.
    """

    own_elasticity: float = Elasticity
    substitution: float = Field(
        0.5,
        ge=0,
        lt=1,
        description="part of a small product's lost buyers who turn to others; 0: separate monopolies",
    )

    def calibrated(self, observed: Observed) -> Demand:
        """The linear demand with the shares and elasticities that are stated."""
        from pricewar.demand.calibrated_lines import calibrated_linear

        return calibrated_linear(observed, self.own_elasticity, self.substitution)


class Hotelling(Preferences):
    """Two products at the ends of a street (Hotelling 1929), where those live who bought before the start."""

    transport: float = Field(gt=0, description="money, the cost of crossing the whole street")
    surplus: float | None = Field(
        None, gt=0, description="money that the buyer in the middle gains at the start; None: transport"
    )

    def calibrated(self, observed: Observed) -> Demand:
        """The street on which each product sells what it sold."""
        from pricewar.demand.calibrated_lines import calibrated_hotelling

        return calibrated_hotelling(observed, self.transport, self.surplus or self.transport)

    def misfits(self, products: Mapping[str, ProductSpec]) -> Iterator[Misfit]:
        """A street has two ends."""
        if len(products) != 2 or any(product.units == 0 for product in products.values()):
            sold = sum(product.units > 0 for product in products.values())
            found = f"'Hotelling' for {len(products)} products, {sold} of them on sale at the start"
            yield "kind", found, "two products, both on sale"


def unheard(preferences: Preferences) -> tuple[str, ...]:
    """What a logit of one's own says that nobody would ask for: its parameters and methods.

    A subclass of `MixedLogit` that keeps its `calibrated` is asked for its parameters, `spreads` and
    `loadings`. It may give them other defaults and bounds and define the two anew, from further parameters
    too. Anything else would be ignored, and a run that ignores an input is wrong without a word.
    """
    if not isinstance(preferences, MixedLogit) or not preferences.looked_at:
        return ()
    sort = type(preferences)
    own = [
        part for part in sort.__mro__[: sort.__mro__.index(MixedLogit)] if part not in (Logit, NestedLogit)
    ]
    defined = [name for part in own for name, what in vars(part).items() if _is_method(name, what)]
    if "calibrated" in defined:
        return ()
    checks = sort.__pydantic_decorators__
    known = {"spreads", "loadings"}.union(checks.field_validators, checks.model_validators, checks.validators)
    known |= {"misfits"}
    methods = [name for name in defined if name not in known]
    derived = not {"spreads", "loadings"}.isdisjoint(defined)
    shipped = NestedLogit if isinstance(preferences, NestedLogit) else MixedLogit
    fields = [] if derived else [name for name in sort.model_fields if name not in shipped.model_fields]
    return tuple(dict.fromkeys([*fields, *methods]))


def _is_method(name: str, what: object) -> bool:
    is_one = callable(what) or isinstance(what, (property, cached_property, classmethod, staticmethod))
    return is_one and not name.startswith(("_", "model_"))


__all__ = ["Hotelling", "Linear", "Logit", "MixedLogit", "NestedLogit", "Preferences", "Taste", "unheard"]
