"""The `[campaigns]` table of a scenario: whether firms start campaigns, how, and for which quotas."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pricewar.base.rules import RuleOf
from pricewar.campaigns import CampaignRule, QuotaRace
from pricewar.strategies import Match, Strategy

Positive = Annotated[float, Field(gt=0)]
Year = Annotated[str, Field(pattern=r"^[12][0-9]{3}$")]
FLAT = (1.0,) * 12


class Quota(BaseModel):
    """What a firm has said it will sell in a year: in units, or against what it sold the year before."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    target: Positive | None = Field(None, description="units of the year in this market, as announced")
    ambition: Positive | None = Field(
        None,
        description="target over last year's sales, the market's expected growth taken out; last year's "
        "sales are those of the run, or twelve times those of the month before the start",
    )
    sold: float = Field(
        0.0, ge=0, description="with a target: units sold in that year before the first month"
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.target is None) == (self.ambition is None):
            raise ValueError("either target or ambition, not both")
        if self.ambition is not None and self.sold:
            raise ValueError("sold goes with target: with ambition it is taken from the start")
        return self


class CampaignSpec(BaseModel):
    """Campaigns above the firms' pricing rules. Off, a rule alone sets each price."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    on: bool = False
    rule: Annotated[CampaignRule, RuleOf("pricewar.campaigns", CampaignRule, "QuotaRace")] = QuotaRace()
    quotas: dict[str, dict[Year, Quota]] = Field({}, description="firm id -> year -> announced quota")
    give_up: float = Field(
        0.05,
        ge=0,
        le=1,
        description="a firm with cash for r < 1/2 year of its losses leaves with "
        "probability give_up / r a month, at most 1 (assumed, 0 to 0.1); 0: only when cash is gone",
    )
    warm_up: int = Field(
        0,
        ge=0,
        le=60,
        description="months before the start for which campaigns are drawn while the market stands still: "
        "what stands after them is in force at the start, whose prices are prices with it; 0: nothing is",
    )
    season: Annotated[tuple[Positive, ...], Field(min_length=12, max_length=12)] = Field(
        FLAT, description="relative sales of January to December, the path on which a quota is met"
    )


def unanswered(rule: Strategy) -> Strategy:
    """A pricing rule without its answers to rivals' cuts: campaigns answer, and nobody answers twice.

    `Match` gives way to its own base, also where it is the base of another rule.
    """
    if isinstance(rule, Match):
        return unanswered(rule.base)
    inner = {name: _inner(value) for name, value in rule}
    changed = {name: value for name, value in inner.items() if value is not getattr(rule, name)}
    return rule.model_copy(update=changed) if changed else rule


def _inner(value: Any) -> Any:
    if isinstance(value, Strategy):
        return unanswered(value)
    if isinstance(value, dict) and any(isinstance(held, Strategy) for held in value.values()):
        return {name: _inner(held) for name, held in value.items()}
    return value


__all__ = ["CampaignSpec", "Quota", "unanswered"]
