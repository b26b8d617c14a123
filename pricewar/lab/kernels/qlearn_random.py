"""Random numbers of the laboratory kernels: L'Ecuyer's shuffled generator, and a counter generator.

The first is the generator of section 7.1 of Press et al., *Numerical Recipes in Fortran 77*: two
multiplicative congruential sequences, their difference shuffled through a table of 32. Calvano et al.
(2020) drew from it, so the exact kernel must too. Its state is an int64 array of 35: `[first, second,
last, table...]`. Both sequences are advanced by 64-bit products and one remainder.

The second hashes a counter (Steele, Lea and Flood's SplitMix64), so a stream is two uint64 numbers and
sessions never share one.
"""

from __future__ import annotations

import numpy as np
from numba import njit

MODULUS_1, MULTIPLIER_1 = 2147483563, 40014
MODULUS_2, MULTIPLIER_2 = 2147483399, 40692
TABLE = 32
BIN = 1 + (MODULUS_1 - 1) // TABLE
SCALE = 1.0 / MODULUS_1
LARGEST = 1.0 - 1.2e-7

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)
S30, S27, S31, S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
TO_UNIT = 1.0 / 9007199254740992.0


@njit(cache=True)
def shuffled_seed(seed: int) -> np.ndarray:
    """State of the shuffled generator for a positive integer seed; the first eight numbers are thrown
    away."""
    state = np.zeros(3 + TABLE, np.int64)
    first = np.int64(max(seed, 1))
    state[1] = first
    for j in range(TABLE + 7, -1, -1):
        first = (first * MULTIPLIER_1) % MODULUS_1
        if j < TABLE:
            state[3 + j] = first
    state[0] = first
    state[2] = state[3]
    return state


@njit(cache=True, inline="always")
def shuffled(state: np.ndarray) -> float:
    """Next number in (0, 1) of the shuffled generator; advances `state` in place."""
    first = (state[0] * MULTIPLIER_1) % MODULUS_1
    second = (state[1] * MULTIPLIER_2) % MODULUS_2
    slot = 3 + state[2] // BIN
    last = state[slot] - second
    state[slot] = first
    if last < 1:
        last += MODULUS_1 - 1
    state[0] = first
    state[1] = second
    state[2] = last
    return float(min(SCALE * last, LARGEST))


@njit(cache=True, inline="always")
def hashed(key: np.uint64, counter: np.uint64) -> np.uint64:
    """The 64 random bits at place `counter` of stream `key`."""
    z = key + counter * GOLDEN
    z = (z ^ (z >> S30)) * MIX_1
    z = (z ^ (z >> S27)) * MIX_2
    return z ^ (z >> S31)


@njit(cache=True, inline="always")
def unit(bits: np.uint64) -> float:
    """A float in [0, 1) from the upper 53 of 64 bits."""
    return float((bits >> S11) * TO_UNIT)


@njit(cache=True)
def stream_key(seed: int, session: int) -> np.uint64:
    """Key of the stream of one session of one seed: two rounds of hashing keep neighbours apart."""
    outer = hashed(np.uint64(0), np.uint64(seed) + np.uint64(1))
    return hashed(outer, np.uint64(session) + np.uint64(1))
