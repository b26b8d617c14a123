"""A plan: a base scenario and what is laid over it, as a Scenario and as the file that says the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import tomli_w

from pricewar.base.edition import EDITION
from pricewar.scenario.files import Tree, find, merged, shipped_scenarios
from pricewar.scenario.laying import lay
from pricewar.scenario.tree import Scenario, scenario_from


@dataclass(frozen=True)
class Plan:
    """A base (shipped name or path of a file) and an overlay tree, as `extends` in a file lays it over."""

    base: str
    overlay: Mapping[str, Any]

    @cached_property
    def tree(self) -> Tree:
        """The merged tree of plain values."""
        base = merged(find(self.base))
        return lay(base, self.overlay, self.base, describes=False)

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario.

        Raises:
            InputError: with every problem in it.
        """
        return scenario_from(self.tree, f"settings for {self.base}")

    @property
    def toml(self) -> str:
        """A scenario file: short (`extends`) where the base is shipped, else the whole tree."""
        self.scenario  # noqa: B018  a file that cannot be run is not written
        shipped = self.base in shipped_scenarios()
        tree = {"extends": self.base, **self.overlay} if shipped else self.tree
        return tomli_w.dumps(_tables_last({"edition": EDITION, **tree}))


def game_toml(scenario: Scenario) -> str:
    """A whole scenario as a file: every value in it, none left to defaults."""
    tree = {"edition": EDITION, **_without_none(scenario.model_dump(mode="json"))}
    return tomli_w.dumps(_tables_last(tree))


def _without_none(value: Any) -> Any:
    """TOML has no null: what is None is left out."""
    if isinstance(value, dict):
        return {key: _without_none(part) for key, part in value.items() if part is not None}
    return [_without_none(part) for part in value] if isinstance(value, list) else value


def nest(path: str, value: Any) -> Tree:
    """`nest("a.b", 1)` is `{"a": {"b": 1}}`."""
    head, _, rest = path.partition(".")
    return {head: nest(rest, value) if rest else value}


def _tables_last(tree: Mapping[str, Any]) -> Tree:
    """Plain values before tables, as people write files; None means absent."""
    plain = {key: value for key, value in tree.items() if value is not None and not _is_table(value)}
    return plain | {key: value for key, value in tree.items() if _is_table(value)}


def _is_table(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))
