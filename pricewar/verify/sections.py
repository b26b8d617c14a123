"""What a section of the outputs says of its state, by its name and by its keys; every key must count."""

from __future__ import annotations

import re
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pricewar.base.errors import bad_input

from .inputs import Floats, numbers, unknown
from .state import State
from .terms import Terms, owners
from .words import GIVEN, GIVEN_WORDS

BASE: Final = ("base", "merger_screens")
_SHOCK: Final = re.compile(r"cost_shock_(all|one_firm)_(plus|minus)_([0-9]+(?:\.[0-9]+)?)pct")
_CUT: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)pct_cut")
_CHANGES: Final = (
    "cut",
    "shock",
    "tax",
    "merger",
    "merge",
    "floor",
    "cap",
    "response",
    "exit",
    "entry",
    "subsidy",
)
"""Words in the name of a section that is no longer the base."""


class Section:
    """The given values of a section, looked up by meaning; `used` are the keys that made a difference."""

    def __init__(self, name: str, values: dict[str, Any]) -> None:
        self.name, self.values = name, values
        self.used: set[str] = set()

    def get(self, word: str) -> Any:
        """The value of a word in any of its spellings, now used, or None."""
        keys = [key for key in GIVEN.get(word, (word,)) if self.values.get(key) is not None]
        if len(keys) > 1:
            raise bad_input("case", (keys[1], f"given beside {keys[0]}", "one of the two"))
        self.used.update(keys)
        return self.values[keys[0]] if keys else None

    def array(self, word: str, size: int) -> Floats | None:
        """`get` as one number for each product (one alone is spread), or None."""
        value = self.get(word)
        if value is None:
            return None
        array = numbers(word, value)
        if array.shape not in ((), (size,)):
            raise bad_input("case", (word, f"shape {array.shape}", f"{size} numbers, one for each product"))
        return np.broadcast_to(array, (size,)).copy()

    def need(self, word: str, why: str) -> Any:
        """`get`, or `InputError`."""
        value = self.get(word)
        if value is None:
            raise bad_input("case", (word, None, why))
        return value

    def close(self) -> None:
        """Refuse given values that made no difference."""
        lost = [
            key
            for key in self.values
            if key in GIVEN_WORDS and key not in self.used and self.values[key] is not None
        ]
        if lost:
            raise bad_input("case", *(unknown(key, key, GIVEN_WORDS) for key in lost))


def state_of(name: str, values: dict[str, Any], base: State) -> tuple[State, set[str]]:
    """The state of a section, and the keys of it that are inputs.

    Raises:
        InputError: a given value makes no difference, or the name speaks of a change that nothing describes.
    """
    section = Section(name, values)
    if name in BASE:
        section.used |= {"firm_ids"} if name == "merger_screens" and "firm_ids" in values else set()
        section.close()
        return base, section.used
    firms, terms = base.firm_ids, base.terms
    if section.get("firm_ids") is not None or {"ownership", "conduct"} & _words(values):
        firms, terms = owners(values, firms, terms)
        section.used |= {key for word in ("ownership", "conduct") for key in GIVEN[word] if key in values}
    terms = _taxed(section, terms, firms.size)
    costs, imposed = _costs(section, base), _imposed(section, base)
    state = _state(section, base, firms, terms, costs, imposed)
    section.close()
    changed = bool(section.used) or _SHOCK.search(name) is not None
    if not changed and any(word in re.split(r"[^a-z]+", name.lower()) for word in _CHANGES):
        allowed = f"what the state is given ({', '.join(GIVEN)}, costs, prices where fixed)"
        raise bad_input("case", (f"section {name}", "a change that nothing describes", allowed))
    return state, section.used


def _words(values: dict[str, Any]) -> set[str]:
    return {
        word for word, spellings in GIVEN.items() if any(values.get(key) is not None for key in spellings)
    }


def _state(
    section: Section, base: State, firms: NDArray[Any], terms: Terms, costs: Floats, imposed: Floats | None
) -> State:
    size = firms.size
    floor, cap = section.array("floor", size), section.array("cap", size)
    if "no_response" not in section.name:
        bounds = {"fixed": imposed, "floor": floor, "cap": cap}
        return base.settle(costs, firms, terms, **{k: v for k, v in bounds.items() if v is not None})
    if imposed is None:
        raise bad_input(
            "case", ("fixed", None, "the products whose prices are imposed, or the firm that cuts")
        )
    prices = np.where(np.isnan(imposed), base.prices, imposed)
    lower, upper = -np.inf if floor is None else floor, np.inf if cap is None else cap
    return State(base.demand, firms, terms, costs, np.clip(prices, lower, upper), base, imposed=True)


def _taxed(section: Section, terms: Terms, size: int) -> Terms:
    """Terms with the taxes of the section in the place of those of the inputs."""
    unit, rate = section.array("unit_tax", size), section.array("ad_valorem_tax", size)
    return replace(
        terms,
        unit_tax=terms.unit_tax if unit is None else unit,
        ad_valorem_tax=terms.ad_valorem_tax if rate is None else rate,
    )


def _costs(section: Section, base: State) -> Floats:
    """Costs after the shock that the name speaks of, or as given, or as before."""
    shock = _SHOCK.search(section.name)
    if shock is None:
        given = section.array("costs", base.firm_ids.size)
        return base.bare_costs if given is None else given
    change = float(shock[3]) / 100.0 * (1.0 if shock[2] == "plus" else -1.0)
    hit = np.full(base.bare_costs.size, True)
    if shock[1] == "one_firm":
        hit = _products_of(section, base)
    return np.where(hit, base.bare_costs * (1.0 + change), base.bare_costs)


def _products_of(section: Section, base: State) -> NDArray[np.bool_]:
    """Products of the section's firm."""
    firm = section.need("firm", "the firm that the name speaks of")
    hit = np.asarray(base.firm_ids == firm)
    if not hit.any():
        raise bad_input("case", ("firm", firm, f"one of {np.unique(base.firm_ids).tolist()}"))
    return hit


def _imposed(section: Section, base: State) -> Floats | None:
    """Imposed prices (J,), NaN where free: as given; where they are not, the cut that the name speaks of."""
    percent = _CUT.search(section.name)
    cut = 1.0 / 3.0 if "one_third_cut" in section.name else float(percent[1]) / 100.0 if percent else None
    told = section.get("imposed_prices")
    if told is None and section.get("fixed") is None and cut is None:
        return None
    size, mask = base.prices.size, None
    fixed = section.values.get("fixed")
    if fixed is not None and not set(_entries(fixed)) <= {0, 1}:
        told, fixed = fixed, None
    if fixed is not None:
        mask = numbers("fixed", fixed).astype(bool)
        if mask.shape != (size,):
            raise bad_input("case", ("fixed", f"shape {mask.shape}", f"{size}, one for each product"))
    if told is None and (mask is None or section.values.get("firm") is not None):
        mask = _same(_products_of(section, base), mask)
    return _levels(section, base, mask, told, cut)


def _entries(fixed: Any) -> list[Any]:
    return [entry for entry in fixed if not isinstance(entry, list)] if isinstance(fixed, list) else [fixed]


def _same(firm: NDArray[np.bool_], mask: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    if mask is not None and (mask != firm).any():
        raise bad_input(
            "case", ("fixed", mask.astype(int).tolist(), "the products of firm, or one of the two")
        )
    return firm


def _levels(
    section: Section, base: State, mask: NDArray[np.bool_] | None, told: Any, cut: float | None
) -> Floats:
    size = base.prices.size
    if told is not None:
        level = np.array([np.nan if price is None else price for price in told], dtype=np.float64)
        if level.shape != (size,) or np.isnan(level).all():
            raise bad_input("case", ("imposed_prices", told, f"{size} prices, null where free"))
        return level if mask is None else np.where(mask, level, np.nan)
    given = section.values.get("prices")
    if given is not None:
        level = numbers("prices", given)
        if level.shape != (size,):
            raise bad_input("case", ("prices", f"shape {level.shape}", f"{size} prices"))
    elif cut is not None:
        level = base.prices * (1.0 - cut)
    else:
        raise bad_input("case", ("prices", None, "the prices that are imposed where fixed is 1"))
    return np.where(np.asarray(mask), level, np.nan)


def looks_given(key: str) -> bool:
    """Whether a key that is no output seems to mean something that a state is given."""
    return bool(get_close_matches(key, GIVEN_WORDS, 1, 0.75)) or key.startswith(
        ("sigma", "pi_", "nodes", "beta")
    )
