"""What a teacher chooses for a whole class: the rules of a market, groups that differ, and who sits where."""

from __future__ import annotations

from typing import Any, Final, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from . import names
from .game_rules import GameError, GameRules, Planned
from .settings import Frozen

MOST_MARKETS: Final = 20
MOST_SEATS: Final = 120
KEYS: Final = "ABCDEFGHIJKLMNOPQRST"
"""Names of markets in a class, in their order."""


class GroupRules(Frozen):
    """A treatment: so many markets in which these rules differ from those of the class; None: as there."""

    name: str = Field("", max_length=40, description="what the treatment is called")
    markets: int = Field(1, ge=1, le=MOST_MARKETS, description="markets with this treatment")
    firms: int | None = Field(None, ge=2, le=12, description="firms that may be played in each")
    computer: str | None = Field(None, max_length=20, description="rule of computer firms")
    stop: float | None = Field(None, ge=0, le=0.5, description="chance that the game ends after a round")
    rivals: bool | None = Field(None, description="whether players see rivals' prices")
    board: bool | None = Field(None, description="whether players see everybody's profit")
    chat: bool | None = Field(None, description="whether the players of a market may write to each other")
    cost_gap: float | None = Field(None, ge=0, le=0.5, description="as in `textbook`")
    planned: tuple[Planned, ...] | None = Field(None, max_length=12, description="in place of the class's")

    @field_validator("name")
    @classmethod
    def _readable(cls, name: str) -> str:
        return " ".join(name.split())

    def of(self, rules: GameRules) -> GameRules:
        """The rules of one market with this treatment.

        Raises:
            ValidationError: they do not fit together.
        """
        own = self.model_dump(exclude={"name", "markets", "cost_gap"}, exclude_none=True)
        tree: dict[str, Any] = {**{name: getattr(rules, name) for name in GameRules.model_fields}, **own}
        if self.cost_gap is not None:
            tree["textbook"] = {**rules.textbook.model_dump(), "cost_gap": self.cost_gap}
        return GameRules.model_validate(tree)


class Invited(Frozen):
    """A name on the list of a class."""

    name: str = Field(max_length=200, description="as the class will read it")
    market: str = Field("", max_length=1, description="key of the market; empty: any")


class SessionRules(GameRules):
    """The rules of a class. Without groups it is one market with the rules above."""

    groups: tuple[GroupRules, ...] = Field(
        (), max_length=MOST_MARKETS, description="treatments, in the order of their markets; none: one market"
    )
    assign: Literal["random", "choice"] = Field(
        "random", description="who says in which market a player sits; a list says it for those on it"
    )
    pace: Literal["together", "own"] = Field(
        "together", description="whether all markets close a round together, or each when it is ready"
    )
    roster: tuple[Invited, ...] = Field(
        (), max_length=MOST_SEATS, description="who may join; empty: whoever has the code"
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        try:
            games = self.games()
        except ValidationError as error:
            raise ValueError(f"groups: {error.errors()[0]['msg']}") from error
        seats = sum(game.firms for game in games.values())
        if len(games) > MOST_MARKETS or seats > MOST_SEATS:
            raise ValueError(f"groups: at most {MOST_MARKETS} markets with {MOST_SEATS} firms in all")
        self._check_roster(games)
        return self

    def _check_roster(self, games: dict[str, GameRules]) -> None:
        for key in (one.market for one in self.roster):
            if key and key not in games:
                raise ValueError(f"roster: market {key} is none of {', '.join(games)}")
            if key and sum(one.market == key for one in self.roster) > games[key].firms:
                raise ValueError(f"roster: market {key} has seats for {games[key].firms}")
        try:
            likes = [names.skeleton(names.clean(one.name)) for one in self.roster]
        except GameError as error:
            raise ValueError(f"roster: {error.text}") from error
        if len(set(likes)) < len(likes):
            raise ValueError("roster: two names are the same, or look it")

    def treatments(self) -> dict[str, str]:
        """Key of each market -> name of its treatment."""
        each = [
            group.name or f"Group {i + 1}"
            for i, group in enumerate(self.groups)
            for _ in range(group.markets)
        ]
        return dict(zip(KEYS, each or [""], strict=False))

    def games(self) -> dict[str, GameRules]:
        """Key of each market -> its rules."""
        plain = GameRules.model_validate({name: getattr(self, name) for name in GameRules.model_fields})
        each = [group.of(plain) for group in self.groups for _ in range(group.markets)]
        return dict(zip(KEYS, each or [plain], strict=False))
