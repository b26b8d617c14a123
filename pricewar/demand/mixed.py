"""Logit demand in all its forms: plain, nested, mixed, and mixed with nests. One frozen bundle of arrays.

A mixed logit market is a table of R buyer types: price sensitivity, tastes for each product, weight. The
plain logit is one type without tastes; nests add within-nest correlation for every type. Weights need not sum
to one (importance sampling): shares are sum_i w_i s_ij and the outside share is one minus their sum, as in
pyblp (Conlon and Gortmaker 2020).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pricewar.kernels import buying, choice, nested, nested_terms
from pricewar.kernels.exp import BITS

from .base import NOT_ON_SALE, Floats, Ints, gather, indices, matrix, vector
from .buyers import best_response, by_group
from .curvature import logit_curvature, logit_long_run_diversion
from .curvature_two import subnested_curvature
from .nests import read_nests, rho_problems, some_nests
from .sampling import draw_choices
from .tables import RESTS_ON, Tables


@dataclass(frozen=True, eq=False)
class MixedLogit(Tables):
    """Random-coefficients logit over R buyer types, optionally with one or two levels of nests.

    Args:
        delta: (J,) mean utility without the price term.
        alpha: (R,) price sensitivity, utility per unit of money: positive. An estimate of another sign is
            taken with a warning: such buyers want what is dearer, and their surplus has no measure in money.
        tastes: (R, J) each type's deviation from `delta` (x_j'beta_i); None for none.
        weights: (R,) how much of the market each type is; not negative. None: all equal, summing to one.
        nests: (J,) nest label of each product, or (J, 2) those of its outer and of its inner nest; the
            outside option is alone. None for no nests.
        rho: within-nest correlation in [0, 1), one number or one for each sorted nest label; of two levels a
            pair, outer and inner, the inner one at least the outer (see `nests.read_nests`).
        outside: (R,) exponential of the utility of buying nothing; None for 1.
        brand: (R,) the firm whose product each type has, as in `owner`; None for none.
        owner: (J,) the firm of each product; None for none.
        loyal: utility of a product of the firm whose product one has.
        group: (R,) group of each type, 0 to G - 1, by which `by_group` reports; None: all are one group.

    Raises:
        InputError: wrong shapes, NaN, weights negative or all zero, no alpha positive, rho outside [0, 1), an
            inner rho below its outer one.
    """

    delta: Floats
    alpha: Floats
    tastes: Floats | None = None
    weights: Floats | None = None
    nests: NDArray[Any] | None = None
    rho: Any = 0.0
    outside: Floats | None = None
    brand: Ints | None = None
    owner: Ints | None = None
    loyal: float = 0.0
    group: Ints | None = None

    def __post_init__(self) -> None:
        products, rows = np.size(self.delta), np.size(self.alpha)
        gather(
            (products == 0, "delta", "no product", "one or more"), (rows == 0, "alpha", "none", "one or more")
        )
        put = object.__setattr__
        put(self, "delta", vector("delta", self.delta, products))
        put(self, "alpha", vector("alpha", self.alpha, rows))
        put(self, "tastes", matrix("tastes", self._tastes_or_zero(rows, products), (rows, products)))
        equal = np.full(rows, 1.0 / rows)
        put(self, "weights", vector("weights", equal if self.weights is None else self.weights, rows))
        if self.nests is not None:
            codes, correlations = read_nests(self.nests, self.rho, products)
            put(self, "nests", codes)
            put(self, "rho", correlations)
        if self.outside is not None:
            put(self, "outside", vector("outside", self.outside, rows))
        for name, size in (("brand", rows), ("owner", products), ("group", rows)):
            if getattr(self, name) is not None:
                put(self, name, vector(name, getattr(self, name), size).astype(np.int64))
        self._check_values()

    def _tastes_or_zero(self, rows: int, products: int) -> ArrayLike:
        return np.zeros((rows, products)) if self.tastes is None else self.tastes

    def _check_values(self) -> None:
        weights = np.asarray(self.weights)
        gather(
            (bool((self.alpha <= 0).all()), "alpha", float(self.alpha.min()), "price sensitivity above zero"),
            (bool((weights < 0).any()), "weights", float(weights.min()), "weights of at least zero"),
            (bool((weights == 0).all()), "weights", "all zero", "at least one positive weight"),
            *rho_problems(self.nests, self.rho),
            (self.outside is not None and bool(np.min(self.outside) <= 0), "outside", "zero", "above zero"),
            (self.loyal != 0.0 and (self.brand is None or self.owner is None), "loyal", self.loyal,
             "0 where brands and owners are not stated"),
            (self.group is not None and int(np.min(self.group)) < 0, "group", "negative", "0, 1, 2 ..."),
        )  # fmt: skip
        eager = int(((self.alpha <= 0) & (weights > 0)).sum())
        if eager:
            warnings.warn(
                f"{eager} of {self.alpha.size} types of buyers have an alpha of zero or below: their demand"
                " does not fall with price",
                stacklevel=4,
            )

    # --- what buyers do

    def expected(self, prices: ArrayLike, single: bool = False, delta: Floats | None = None) -> Floats:
        """Return expected shares (J,).

        `single` computes in float32 (plain logit only; relative error about 1e-6). `delta` (J,) stands in for
        the market's own mean utilities, for contractions that try many.
        """
        p, shares = self.check_prices(prices), np.empty(self.products)
        d = (self.delta if delta is None else delta) * BITS
        if self.nests is not None:
            nested.nested_shares64(*self.blocks, d, p, self.nest_codes, self.rhos, self.tree, shares)
        elif single:
            choice.shares32(*self.blocks32, d.astype(np.float32), p.astype(np.float32), shares)
        else:
            choice.shares64(*self.blocks, d, p, shares)
        return shares

    def probabilities(self, prices: ArrayLike) -> tuple[Floats, Floats, Floats]:
        """Return each type's probabilities (R, J), within-nest shares (R, J) and inclusive values (R,).

        Without nests the second array is the first; of two levels the inner nests are meant. The inclusive
        value is log(1 + sum of exp utility).
        """
        p = self.check_prices(prices)
        tastes, alpha, _ = self.blocks
        shape, rows = (alpha.size, self.products), self.layout.rows
        out, value = np.empty(shape), np.empty(alpha.size)
        if self.nests is None:
            choice.probabilities64(tastes, alpha, self.delta * BITS, p, out, value)
            found = rows(out)
            return found, found, value[self.layout.place]
        inside = np.empty(shape)
        nested.nested_probabilities64(
            tastes, alpha, self.delta * BITS, p, self.nest_codes, self.rhos, self.tree, out, inside, value
        )
        return rows(out), rows(inside), value[self.layout.place]

    def draw(
        self,
        prices: ArrayLike,
        seed: int,
        period: int,
        buyers: ArrayLike | None = None,
        product_ids: ArrayLike | None = None,
    ) -> Ints:
        """Return one sampled choice per type (R,): the product's index, or -1 for the outside option.

        The luck of (seed, buyer, period, product) is a number of its own: neither the order of buyers or
        products nor what else is on offer changes it. `buyers` (R,) and `product_ids` (J,) are identities,
        not negative; by default 0, 1, 2 ...
        """
        return draw_choices(self, self.check_prices(prices), seed, period, buyers, product_ids)

    # --- derivatives

    def markup_terms(
        self, prices: Floats, margins: Floats, firms: Ints, conduct: float
    ) -> tuple[Floats, Floats, Floats]:
        """Return shares, slope, gain (J,) of the pricing condition in O(R J); see `kernels.choice`."""
        out = np.empty(self.products), np.empty(self.products), np.empty(self.products)
        start = (*self.blocks, self.delta * BITS, prices, margins, firms, conduct)
        if self.nests is None:
            choice.markup_terms64(*start, *out)
        else:
            nests = self.nest_codes, self.rhos, self.pairs(firms), self.firm_tree(firms)
            nested_terms.nested_markup_terms64(*start, *nests, *out)
        return out

    def pairs(self, firms: Ints) -> Ints:
        """Index of each product's (firm, nest) pair (J,); zeros without nests."""
        if self.nests is None:
            return np.zeros(self.products, dtype=np.int64)
        return _numbered(firms * (self.rhos.size + 1) + self.nest_codes)

    def firm_tree(self, firms: Ints) -> tuple[Ints, Floats, Ints] | None:
        """`tree`, and the index of each product's (firm, outer nest) pair (J,); None unless of two levels."""
        if self.tree is None:
            return None
        parents, rho = self.tree
        return parents, rho, _numbered(firms * (rho.size + 1) + parents[self.nest_codes])

    def jacobian(self, prices: ArrayLike) -> Floats:
        """Return J[j, k] = d share_j / d price_k, (J, J); summed in one order, whatever the threads."""
        p, jacobian = self.check_prices(prices), np.empty((self.products, self.products))
        if self.nests is not None:
            nests = self.nest_codes, self.rhos, self.tree
            nested_terms.nested_slopes64(*self.blocks, self.delta * BITS, p, *nests, jacobian)
            return jacobian
        slope, tables = np.empty(self.products), (self.taste_blocks, self.alpha_blocks, self.weight_blocks)
        case = (*tables, self.delta * BITS, p, *self.month)
        buying.cross_slopes64(*case, slope, jacobian)
        jacobian[np.diag_indices_from(jacobian)] -= slope
        return jacobian

    def own_slopes(self, prices: ArrayLike) -> Floats:
        """Return d share_j / d price_j (J,) in O(R J): the pricing condition of firms of one product each."""
        p, alone = self.check_prices(prices), np.arange(self.products)
        _, slope, gain = self.markup_terms(p, np.ones(self.products), alone, 0.0)
        return gain - slope

    def curvature(self, prices: ArrayLike, margins: Floats, internal: Floats) -> Floats:
        """Second derivatives weighted by margins; see `Demand.curvature`."""
        shares, inside, _ = self.probabilities(prices)
        weights = self._weights * self.alpha**2
        if self.tree is not None:
            nests = self.nest_codes, self.rhos, self.tree
            return subnested_curvature(shares, inside, weights, nests, margins, internal)
        return logit_curvature(shares, inside, weights, self.nest_codes, self.rhos, margins, internal)

    def long_run_diversion(self, prices: ArrayLike) -> Floats:
        """Return D[j, k], j's sales that k wins when j leaves; the diagonal is the outside option."""
        shares, inside, _ = self.probabilities(prices)
        nests = self.nest_codes, self.rhos, self.tree
        return logit_long_run_diversion(shares, inside, self._weights, *nests)

    # --- welfare

    def surplus_by_type(self, prices: ArrayLike) -> Floats:
        """Return each type's expected surplus (R,), inclusive value / alpha (Small and Rosen 1981).

        Raises:
            InputError: an alpha of zero or below: utility of such buyers has no measure in money.
        """
        least = float(self.alpha.min())
        gather((least <= 0.0, "alpha", least, "price sensitivity above zero, for surplus in money"))
        value = self.probabilities(prices)[2]
        return np.asarray((value if self.outside is None else value + np.log(self.outside)) / self.alpha)

    def consumer_surplus(self, prices: ArrayLike) -> float:
        """Expected surplus per buyer of the market, sum_i w_i log(1 + sum_j exp V_ij) / alpha_i."""
        return float(np.sum(self._weights * self.surplus_by_type(prices)))

    def compensating_variation(
        self, before: ArrayLike, after: ArrayLike, groups: ArrayLike | None = None
    ) -> Floats:
        """Money per buyer, by group, that makes up for prices going from `before` to `after`.

        Positive is a loss. `groups` (R,) are labels; the result follows their sorted order. Utility is linear
        in money, so this is the difference of surplus. A group's mean is weighted by the buyers' weights.
        """
        loss = self.surplus_by_type(before) - self.surplus_by_type(after)
        labels = np.zeros(self.alpha.size, dtype=np.int64) if groups is None else groups
        codes, names = indices("groups", labels, self.alpha.size)
        size = np.bincount(codes, self._weights, names.size)
        return np.asarray(np.bincount(codes, self._weights * loss, names.size) / size)

    # --- other markets

    def with_delta(self, delta: ArrayLike) -> Self:
        """Return the same buyers with other mean utilities (J,)."""
        return self._vary(delta=vector("delta", delta, self.products))

    def with_alpha(self, alpha: ArrayLike) -> Self:
        """Return the same buyers with other price sensitivities (R,)."""
        return self._vary(alpha=vector("alpha", alpha, self.rows))

    def at(self, delta: Floats, outside: Floats | None = None, brand: Ints | None = None) -> Self:
        """The same buyers in another month; the tables of tastes stay. See `Demand.at`."""
        return self._vary(delta=delta, outside=outside, brand=brand)

    def _vary(self, **changes: Any) -> Self:
        made = object.__new__(type(self))
        held = made.__dict__
        held.update(self.__dict__)
        for name in changes:
            for derived in RESTS_ON.get(name, ()):
                held.pop(derived, None)
        held.update(changes)
        return made

    # --- a month of the market

    def by_group(self, prices: ArrayLike) -> tuple[Floats, Floats]:
        """Return shares (G, J) by group, and each type's sum of exp(utility) over products (R,)."""
        shares, inside = by_group(self, self.check_prices(prices))
        shares[:, self.delta <= NOT_ON_SALE] = 0.0
        return shares, inside

    def second_choices(self, prices: ArrayLike, refused: Floats) -> Floats:
        """Return what each product gains (J,) from those turned away; exact without nests."""
        if self.nests is not None:
            return super().second_choices(prices, refused)
        gained = np.empty(self.products)
        tables = self.taste_blocks, self.alpha_blocks, self.weight_blocks, self.delta * BITS
        case = (*tables, self.check_prices(prices), *self.month)
        buying.second_choices64(*case, np.array(refused), gained)
        return np.where(self.delta <= NOT_ON_SALE, 0.0, gained)

    def best_response(self, *case: Any) -> Floats | None:
        """Return own net prices by the zeta iteration over the firm's own products; None with nests."""
        return None if self.nests is not None else best_response(self, *case)

    def subset(self, keep: ArrayLike) -> Self:
        """Return the market with the products of `keep` (indices or mask) only: exit, or before entry."""
        chosen = np.asarray(keep)
        nests, rho = self.nests, self.rho
        if nests is not None:
            nests, rho = some_nests(nests, rho, chosen)
        owner = None if self.owner is None else self.owner[chosen]
        tastes = self._tastes[:, chosen]
        return replace(self, delta=self.delta[chosen], tastes=tastes, nests=nests, rho=rho, owner=owner)


def _numbered(codes: Ints) -> Ints:
    """Any codes as indices 0, 1, 2 ... in their order."""
    return np.asarray(np.unique(codes, return_inverse=True)[1], dtype=np.int64)
