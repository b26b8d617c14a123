"""The words of a case file and their spellings; names of columns cut out of keys (`nodes_const_price`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

PRICE: Final = ("price", "prices", "p")
CONSTANT: Final = ("const", "constant", "cons", "intercept", "1")

#: Word -> its spellings, the first one being the one we write.
SPELLINGS: Final[dict[str, tuple[str, ...]]] = {
    "J": ("J",),
    "R": ("R", "I"),
    "K": ("K", "K2"),
    "D": ("D",),
    "T": ("T",),
    "firm_ids": ("firm_ids", "firms", "owners", "firm_id"),
    "costs": ("costs", "marginal_costs", "cost", "mc"),
    "prices": ("prices", "observed_prices", "price"),
    "shares": ("shares", "market_shares", "observed_shares"),
    "delta_excluding_price": ("delta_excluding_price", "delta"),
    "delta_including_price": ("delta_including_price",),
    "xi": ("xi",),
    "beta": ("beta",),
    "alpha": ("alpha", "alpha_i"),
    "weights": ("weights", "agent_weights"),
    "nesting_ids": ("nesting_ids", "nests", "nest_ids", "nest"),
    "rho": ("rho", "nesting_parameter"),
    "x1_names": ("x1_names", "X1_names", "x1_columns", "X1_columns", "x1_formulation", "X1_formulation"),
    "x2_names": ("x2_names", "X2_names", "x2_columns", "X2_columns", "x2_formulation", "X2_formulation"),
    "x1": ("X1", "x1"),
    "x2": ("X2", "x2"),
    "nodes": ("nodes", "integration_nodes"),
    "node_names": ("node_names", "nodes_names", "nodes_columns"),
    "demographics": ("demographics",),
    "demographic_names": ("demographic_names", "demographics_names", "demographic_columns"),
    "pi": ("pi",),
    "ownership": ("ownership", "ownership_matrix"),
    "conduct": ("conduct", "kappa"),
    "unit_tax": ("unit_tax", "unit_taxes", "specific_tax"),
    "ad_valorem_tax": ("ad_valorem_tax", "ad_valorem_taxes", "ad_valorem"),
    "cost_form": ("cost_form", "cost_function"),
    "cost_slope": ("cost_slope", "cost_slopes"),
    "cost_exponent": ("cost_exponent",),
    "market_ids": ("market_ids", "markets_ids"),
    "agent_market_ids": ("agent_market_ids", "agents_market_ids"),
}

#: Beginnings of keys that go on with names of columns.
PREFIXES: Final = ("sigma_", "sigma_diag_", "sigma_squared_", "nodes_", "beta_", "pi_", "demographics_")
ALL_WORDS: Final = (*(s for spellings in SPELLINGS.values() for s in spellings), *PREFIXES)

#: Word -> spellings, of what a state is given.
GIVEN: Final[dict[str, tuple[str, ...]]] = {
    "firm": ("firm",),
    "fixed": ("fixed",),
    "imposed_prices": ("imposed_prices", "fixed_prices"),
    "floor": ("floor", "floors"),
    "cap": ("cap", "caps"),
    "firm_ids": ("firm_ids",),
} | {word: SPELLINGS[word] for word in ("ownership", "conduct", "unit_tax", "ad_valorem_tax")}  # fmt: skip
GIVEN_WORDS: Final = tuple(spelling for spellings in GIVEN.values() for spelling in spellings)


def plain(name: str) -> str:
    """One spelling for the price and the constant; other names as they are."""
    bare = name.strip()
    if bare.lower() in PRICE:
        return "price"
    return "const" if bare.lower() in CONSTANT else bare


def cut_names(joined: str, known: Callable[[str], bool]) -> list[str]:
    """Cut `const_price_fuel_use` into names, trying the longest known one first."""
    parts, names = joined.split("_"), list[str]()
    while parts:
        length = next((n for n in range(len(parts), 0, -1) if known("_".join(parts[:n]))), 1)
        names.append("_".join(parts[:length]))
        parts = parts[length:]
    return names


def formula_names(text: str) -> list[str]:
    """Columns of a formula such as `1 + prices + x` or `0 + x`, in pyblp's order: the constant first."""
    terms = [term.strip() for term in re.split(r"[+\s]+", text) if term.strip()]
    constant = [] if "0" in terms else ["1"]
    return constant + [term for term in terms if term not in ("0", "1")]


def row_names(value: str | Iterable[str]) -> list[str]:
    """Names given as a list or as a formula."""
    return formula_names(value) if isinstance(value, str) else [str(name) for name in value]


def is_word(key: str) -> bool:
    """Whether a key is a word of the format, or begins as those do that go on with names."""
    return (
        key in ALL_WORDS
        or key.startswith(PREFIXES)
        or re.fullmatch(r"(nodes|demographics)\d+", key) is not None
    )
