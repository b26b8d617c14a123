"""How buyers of a market differ: the parameters of demand in a scenario file.

A buyer i with log income z_i (in standard deviations) gets from product j
    V_ij = delta_j + sum_k x_jk (sigma_k v_ik + pi_k z_i) - alpha_i price_j,
    alpha_i = alpha exp(-income_elasticity sd_log_income z_i),
and chooses by logit with the outside option (a petrol car, or no car) at V = 0. delta and alpha come
from `calibrate`: market shares of the month before the start, and a stated mean own-price elasticity.
The form is that of Berry, Levinsohn and Pakes (1995, Econometrica 63).
"""

from __future__ import annotations

from functools import cached_property

from pydantic import Field

from pricewar.base.rules import Rule

TASTES = ("electric", "size", "suv", "range")
"""Attributes whose taste differs between buyers, in the order of the columns of x."""


class Preferences(Rule):
    """Base of the demand systems that a scenario may name."""


class MixedLogit(Preferences):
    """Logit with tastes that differ between buyers and with income.

    Spreads are in utility, and 0 unless the market states them: a data set of cars does.
    """

    own_elasticity: float = Field(
        -4.0, lt=-0.5, ge=-15, description="unit-weighted mean own-price elasticity"
    )
    price_sensitivity: float | None = Field(
        None, gt=0, description="alpha per CNY of the median buyer; None: from own_elasticity"
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

    @property
    def spreads(self) -> tuple[float, ...]:
        """sigma_k, in the order of TASTES."""
        return (self.electric_sd, self.size_sd, self.suv_sd, self.range_sd)

    @property
    def loadings(self) -> tuple[float, ...]:
        """pi_k, in the order of TASTES."""
        return (0.0, self.size_income, 0.0, 0.0)


class Logit(MixedLogit):
    """Plain logit: all buyers are alike. A market that says nothing about its demand has this one."""

    income_elasticity: float = 0.0


def unheard(preferences: Preferences) -> tuple[str, ...]:
    """The parameters and methods of a user's own demand that the market would not use.

    The market asks a `MixedLogit` for its parameters, `spreads` and `loadings`. A subclass may give them
    other defaults and bounds and define the two anew, from further parameters too. Anything else would be
    ignored, and a run that ignores an input is wrong without a warning.
    """
    if not isinstance(preferences, MixedLogit) or not preferences.looked_at:
        return ()
    sort = type(preferences)
    own = [part for part in sort.__mro__[: sort.__mro__.index(MixedLogit)] if part is not Logit]
    defined = [name for part in own for name, what in vars(part).items() if _is_method(name, what)]
    checks = sort.__pydantic_decorators__
    known = {"spreads", "loadings"}.union(checks.field_validators, checks.model_validators, checks.validators)
    methods = [name for name in defined if name not in known]
    derived = not {"spreads", "loadings"}.isdisjoint(defined)
    fields = [] if derived else [name for name in sort.model_fields if name not in MixedLogit.model_fields]
    return tuple(dict.fromkeys([*fields, *methods]))


def _is_method(name: str, what: object) -> bool:
    is_one = callable(what) or isinstance(what, (property, cached_property, classmethod, staticmethod))
    return is_one and not name.startswith(("_", "model_"))


__all__ = ["Logit", "MixedLogit", "Preferences", "unheard"]
