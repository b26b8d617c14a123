"""Scrambled Halton points: low-discrepancy draws of buyers.

The sequence of Halton (1960, Numer. Math. 2) with each digit permuted at random (Owen 2017, arXiv
1706.02808), number for number that of `scipy.stats.qmc.Halton(scramble=True)`. It is written here because the
import of scipy.stats took a quarter of the start of a run, which used nothing else of it, and because a
market's buyers must not change with the version of a library.
"""

from __future__ import annotations

import math

import numpy as np

from pricewar.base.arrays import Floats, Ints

BITS = 54
"""Binary digits to which points are permuted; further ones do not fit into a float."""


def halton(points: int, dimensions: int, seed: int) -> Floats:
    """(points, dimensions) numbers in [0, 1): the same for the same arguments, always.

    More points follow those of fewer; more dimensions leave the first ones as they are.

    Args:
        points: how many, from the start of the sequence.
        dimensions: one for each of the first primes.
        seed: of the permutations.
    """
    luck = np.random.default_rng(seed)
    columns = np.empty((points, dimensions))
    for column, base in zip(columns.T, _primes(dimensions), strict=True):
        column[:] = _mirrored(points, base, _permutations(base, luck))
    return columns


def _permutations(base: int, luck: np.random.Generator) -> Ints:
    """(digits, base) one permutation of the digits for each place."""
    places = math.ceil(BITS / math.log2(base)) - 1
    digits = np.repeat(np.arange(base)[None], places, axis=0)
    for place in digits:
        luck.shuffle(place)
    return digits


def _mirrored(points: int, base: int, digits: Ints) -> Floats:
    """0, 1, 2 ... with their permuted digits mirrored at the point."""
    found, left, worth = np.zeros(points), np.arange(points), 1.0 / base
    for permuted in digits:
        found += permuted[left % base] * worth
        worth /= base
        left //= base
    return found


def _primes(many: int) -> list[int]:
    found: list[int] = []
    number = 2
    while len(found) < many:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return found
