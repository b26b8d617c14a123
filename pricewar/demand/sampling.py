"""Sampled choices: of a table of buyer types, and of a whole nation streamed block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pricewar.kernels import luck, sample
from pricewar.kernels.blocks import LANES, block_vector
from pricewar.kernels.exp import BITS

from .base import Floats, Ints, gather, matrix, vector

if TYPE_CHECKING:
    from .mixed import MixedLogit

#: Purposes of the streams of luck (see `kernels.luck.stream`).
CHOICE, TASTE, NEST, INNER_NEST = 0, 1, 2, 3
_CHUNK = 1 << 18


def draw_choices(
    demand: MixedLogit,
    prices: Floats,
    seed: int,
    period: int,
    buyers: ArrayLike | None,
    product_ids: ArrayLike | None,
) -> Ints:
    """Sampled choice of each type (R,), -1 for the outside option; see `MixedLogit.draw`."""
    rows, products = demand.alpha.size, demand.products
    people = _identities("buyers", buyers, rows, np.uint64)
    names = _identities("product_ids", product_ids, products, np.uint32)
    if demand.rhos.size:
        return _draw_nested(demand, prices, luck.stream(seed, period, CHOICE), seed, period, people, names)
    tastes, alpha, _ = demand.blocks32
    choices = np.empty(alpha.shape, dtype=np.int32)
    people = block_vector(people, np.uint64, LANES)
    start = luck.stream(seed, period, CHOICE)
    with np.errstate(over="ignore"):
        sample.draw32(
            tastes, alpha, _single(demand.delta * BITS), _single(prices), start, people, names, choices
        )
    chosen = choices.reshape(-1)[:rows].astype(np.int64)
    return np.where(chosen == products, -1, chosen)


def _draw_nested(
    demand: MixedLogit, prices: Floats, start: np.uint64, seed: int, period: int, people: Any, names: Any
) -> Ints:
    """First the nest, then the product in it, each by a race with its own luck (McFadden 1978).

    Of two levels first the outer nest, then the inner one.
    """
    shares, inside, _ = demand.probabilities(prices)
    clocks = _exponentials(luck.uniform_twin(start, people, names)) / np.maximum(inside, 1e-300)
    codes, tree = demand.nest_codes, demand.tree
    first = codes if tree is None else tree[0][codes]
    nests = np.arange(demand.rhos.size if tree is None else tree[1].size)
    by_nest = luck.uniform_twin(luck.stream(seed, period, NEST), people, np.append(nests, sample.OUTSIDE))
    nest_shares = _sums(shares, first, nests)
    inclusive = np.append(nest_shares, np.maximum(1.0 - nest_shares.sum(axis=1), 1e-300)[:, None], axis=1)
    winner = (_exponentials(by_nest) / np.maximum(inclusive, 1e-300)).argmin(axis=1)
    place = winner
    if tree is not None:
        inner = np.arange(demand.rhos.size)
        rates = np.maximum(_sums(shares, codes, inner), 1e-300)
        race = _exponentials(luck.uniform_twin(luck.stream(seed, period, INNER_NEST), people, inner)) / rates
        place = np.where(tree[0][None, :] != winner[:, None], np.inf, race).argmin(axis=1)
    clocks[codes[None, :] != place[:, None]] = np.inf
    return np.where(winner == nests.size, -1, clocks.argmin(axis=1)).astype(np.int64)


def _sums(shares: Floats, codes: Ints, nests: Ints) -> Floats:
    """Share of each nest (R, H)."""
    return np.stack([shares[:, codes == h].sum(axis=1) for h in nests], axis=1)


def _exponentials(uniforms: Floats) -> Floats:
    return -np.log1p(-uniforms)


def _identities(place: str, values: ArrayLike | None, size: int, dtype: Any) -> Any:
    if values is None:
        return np.arange(size, dtype=dtype)
    array = np.asarray(values)
    wrong = array.shape != (size,) or array.dtype.kind not in "iu" or bool((array < 0).any())
    gather((wrong, place, f"{array.dtype} {array.shape}", f"{size} whole numbers, not negative"))
    return array.astype(dtype)


def _single(values: ArrayLike) -> NDArray[np.float32]:
    return np.ascontiguousarray(values, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Nation:
    """A market whose buyers are made on the fly, each from its own luck: nothing is stored per buyer.

    Buyer i has standard normals nu_ik and z_i of its own, for all periods, tastes sigma_k nu_ik + pi_k z_i,
    log income mean + sigma_y z_i, and price sensitivity alpha0 exp(-income_elasticity sigma_y z_i).

    Args:
        delta: (J,) mean utility without price.
        x: (J, K) characteristics with random coefficients.
        sigma: (K,) standard deviations of the tastes.
        pi: (K,) loading of the tastes on standardised log income.
        alpha0: price sensitivity of the buyer of mean log income, above zero.
        income_elasticity: by how many per cent sensitivity falls when income is one per cent higher.
        sigma_y: standard deviation of log income.
        product_ids: (J,) identities for the luck of (buyer, product); by default 0, 1, 2 ...
        owner: (J,) brand of each product, for loyalty; by default none.
        brands: (F,) shares of brands 0, 1, ... among the cars that buyers drive; the rest drive none of them.
        loyal: utility of the brand that a buyer drives.
    """

    delta: Floats
    x: Floats
    sigma: Floats
    pi: Floats
    alpha0: float
    income_elasticity: float
    sigma_y: float
    product_ids: Any = None
    owner: Any = None
    brands: Any = ()
    loyal: float = 0.0

    def __post_init__(self) -> None:
        put, (products, features) = object.__setattr__, np.shape(self.x)
        put(self, "delta", vector("delta", self.delta, products))
        put(self, "x", matrix("x", self.x, (products, features)))
        put(self, "sigma", vector("sigma", self.sigma, features))
        put(self, "pi", vector("pi", self.pi, features))
        put(self, "product_ids", _identities("product_ids", self.product_ids, products, np.uint32))
        put(self, "owner", _identities("owner", self.owner, products, np.int32))
        put(self, "brands", vector("brands", self.brands, np.size(self.brands)))
        gather(
            (not self.alpha0 > 0, "alpha0", self.alpha0, "price sensitivity above zero"),
            (
                bool((self.sigma < 0).any()),
                "sigma",
                self.sigma.tolist(),
                "standard deviations of at least zero",
            ),
            (not self.sigma_y >= 0, "sigma_y", self.sigma_y, "zero or more"),
            (
                not np.isfinite(self.income_elasticity),
                "income_elasticity",
                self.income_elasticity,
                "a finite number",
            ),
        )

    def sample(
        self,
        prices: ArrayLike,
        buyers: int,
        seed: int,
        period: int,
        *,
        first: int = 0,
        threads: int = 1,
        chunk: int = _CHUNK,
        fall: float = 0.0,
        free: float = 0.0,
        progress: Callable[[int], None] | None = None,
    ) -> tuple[Ints, Floats]:
        """Let buyers first, ..., first + buyers - 1 choose once.

        A share `free` of the outside option waits for a price `fall` that buyers expect, in money; 0: nobody.

        Returns counts (J + 1,), the last one the outside option, and the sums (5,) of the buyers' expected
        surplus (inclusive value / alpha_i) in money, by fifth of the income distribution, the poorest first;
        the hope of a fall is not in it. Neither depends on `threads` nor on `chunk`, to the last bit.
        `progress` is called with the number of buyers done after each chunk. Memory does not grow with
        `buyers`.
        """
        p = vector("prices", prices, self.delta.size)
        gather(
            (buyers < 0 or first < 0, "buyers", (first, buyers), "whole numbers, not negative"),
            (threads < 1 or chunk < 1, "threads, chunk", (threads, chunk), "one or more"),
        )
        streams = luck.stream(seed, 0, TASTE), luck.stream(seed, period, CHOICE)
        market = self._market(p, fall, free)

        def work(span: tuple[int, int]) -> tuple[Ints, Ints, int]:
            counts = np.zeros(p.size + 1, dtype=np.int64)
            with np.errstate(over="ignore"):
                surplus = sample.sample_block(*streams, *span, market, self.product_ids, counts)
            return counts, surplus, span[1] - span[0]

        counts, surplus = np.zeros(p.size + 1, dtype=np.int64), np.zeros(5, dtype=np.int64)
        for found, gained, done in _each(work, _spans(first, first + buyers, chunk), threads):
            counts += found
            surplus += gained
            if progress is not None:
                progress(done)
        return counts, np.asarray(surplus * (sample.SURPLUS_UNIT / self.alpha0), dtype=np.float64)

    def _market(self, prices: Floats, fall: float = 0.0, free: float = 0.0) -> tuple[Any, ...]:
        tastes = _single(self.x), _single(self.sigma), _single(self.pi)
        scalars = np.float32(self.alpha0), np.float32(self.income_elasticity), np.float32(self.sigma_y)
        edges = np.cumsum(self.brands).astype(np.float32)
        habits = self.owner, edges, np.float32(self.loyal), np.float32(fall), np.float32(free)
        return (_single(self.delta), *tastes, *scalars, _single(prices), *habits)


def _spans(first: int, stop: int, chunk: int) -> Iterator[tuple[int, int]]:
    for begin in range(first, stop, chunk):
        yield begin, min(begin + chunk, stop)


def _each(
    work: Callable[[tuple[int, int]], Any], spans: Iterator[tuple[int, int]], threads: int
) -> Iterator[Any]:
    if threads == 1:
        yield from map(work, spans)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(work, spans)
