"""Luck by name: a random number for (seed, buyer, period, product), in any order, on any thread.

A 64-bit key of (seed, period, buyer) is mixed once per buyer; each product then mixes the key's two halves
with its own number in 32-bit arithmetic, which vectorises. Nothing is drawn in sequence, so adding a product
or a buyer, or splitting the work, changes nobody else's luck. Mixers: Steele, Lea and Flood 2014 (SplitMix64)
and Wellons' two-round 32-bit mixer.

Everything here works on numpy arrays as well as inside compiled loops: the twin of a function is the
function.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_GOLDEN64 = np.uint64(0x9E3779B97F4A7C15)
_MIX64_A, _MIX64_B = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_GOLDEN32, _MIX32_A, _MIX32_B = np.uint32(0x9E3779B9), np.uint32(0x21F0AAAD), np.uint32(0x735A2D97)
_MASK64 = (1 << 64) - 1

_S = np.float32
_HALF_SQRT = np.int32(0x3F3504F3)  # bits of sqrt(1/2): mantissas end up in [sqrt(1/2), sqrt(2))
_NEARLY_ONE = _S(1.0 - 2.0**-24)
_TO_UNIT, _HALF_STEP = _S(2.0**-31), _S(2.0**-32)
_LN2 = _S(0.6931471805599453)


def stream(seed: int, period: int, purpose: int = 0) -> np.uint64:
    """The starting number of a stream of luck: one for each (seed, period, purpose)."""
    value = 0
    for part in (seed, period, purpose):
        value = (value ^ (part & _MASK64)) + 0x9E3779B97F4A7C15 & _MASK64
        value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & _MASK64
        value = (value ^ value >> 27) * 0x94D049BB133111EB & _MASK64
        value ^= value >> 31
    return np.uint64(value)


@njit(cache=True)
def buyer_key(start: Any, buyer: Any) -> Any:
    """64-bit key of a buyer (uint64, scalar or array) in the stream that begins at `start`."""
    key = start + buyer * _GOLDEN64
    key = (key ^ (key >> np.uint64(30))) * _MIX64_A
    key = (key ^ (key >> np.uint64(27))) * _MIX64_B
    return key ^ (key >> np.uint64(31))


@njit(cache=True)
def product_bits(low: np.uint32, high: np.uint32, product: np.uint32) -> np.uint32:
    """32 random bits for a product from the two halves of a buyer's key."""
    x = np.uint32(low + np.uint32(product * _GOLDEN32))
    x = np.uint32(np.uint32(x ^ np.uint32(x >> np.uint32(16))) * _MIX32_A)
    x = np.uint32(x ^ np.uint32(x >> np.uint32(15)) ^ high)
    x = np.uint32(x * _MIX32_B)
    return np.uint32(x ^ np.uint32(x >> np.uint32(15)))


@njit(cache=True, fastmath={"contract"}, forceinline=True)
def minus_log1p_minus(u: np.float32) -> np.float32:
    """-log(1 - u) for u in [0, 1), relative error about 1e-7 also where u is tiny (float32)."""
    u = u if u < _NEARLY_ONE else _NEARLY_ONE
    bits = np.float32(_S(1.0) - u).view(np.int32)
    power = np.int32(np.int32(bits - _HALF_SQRT) >> np.int32(23))
    rest = np.int32(bits - np.int32(power << np.int32(23))).view(np.float32)
    f = np.float32(rest - _S(1.0)) if power != 0 else -u
    p = _S(-0.14032241414702928) + f * _S(0.09049669353689659)
    p = _S(0.14704149643804265) + f * p
    p = _S(-0.1660260626105297) + f * p
    p = _S(0.1998420261144299) + f * p
    p = _S(-0.25000704389460293) + f * p
    p = _S(0.3333341555882707) + f * p
    return -(f + f * f * (_S(-0.5) + f * p) + np.float32(power) * _LN2)


@njit(cache=True, fastmath={"contract"}, forceinline=True)
def exponential(bits: np.uint32) -> np.float32:
    """A standard exponential variate from 32 random bits."""
    return minus_log1p_minus(np.float32(np.int32(bits >> np.uint32(1))) * _TO_UNIT + _HALF_STEP)


@njit(cache=True, fastmath={"contract"}, forceinline=True)
def normal(bits: np.uint32) -> np.float32:
    """A standard normal variate from 32 random bits, sqrt(2) erfinv(x) after Giles 2010; it ends near 5.6."""
    x = np.float32(np.int32(bits)) * _TO_UNIT + _HALF_STEP
    w = minus_log1p_minus(x * x)
    a = w - _S(2.5)
    p = _S(3.43273939e-07) + a * _S(2.81022636e-08)
    p = _S(-3.5233877e-06) + a * p
    p = _S(-4.39150654e-06) + a * p
    p = _S(0.00021858087) + a * p
    p = _S(-0.00125372503) + a * p
    p = _S(-0.00417768164) + a * p
    p = _S(0.246640727) + a * p
    p = _S(1.50140941) + a * p
    t = np.sqrt(w) - _S(3.0)
    q = _S(0.000100950558) + t * _S(-0.000200214257)
    q = _S(0.00134934322) + t * q
    q = _S(-0.00367342844) + t * q
    q = _S(0.00573950773) + t * q
    q = _S(-0.0076224613) + t * q
    q = _S(0.00943887047) + t * q
    q = _S(1.00167406) + t * q
    q = _S(2.83297682) + t * q
    return _S(1.4142135623730951) * x * (p if w < _S(5.0) else q)


def key_halves(key: Any) -> tuple[Any, Any]:
    """Low and high 32 bits of uint64 keys (arrays)."""
    return (key & np.uint64(0xFFFFFFFF)).astype(np.uint32), (key >> np.uint64(32)).astype(np.uint32)


def uniform_twin(start: np.uint64, buyers: Any, products: Any) -> Any:
    """Numpy twin: the uniforms (buyers, products) of which the kernels' variates are functions."""
    return (bits_twin(start, buyers, products) + 0.5) * 2.0**-32


def buyer_keys_twin(start: np.uint64, buyers: Any) -> Any:
    """Numpy twin of `buyer_key` for an array of buyers."""
    key = start + np.asarray(buyers, np.uint64) * _GOLDEN64
    key = (key ^ (key >> np.uint64(30))) * _MIX64_A
    key = (key ^ (key >> np.uint64(27))) * _MIX64_B
    return key ^ (key >> np.uint64(31))


def bits_twin(start: np.uint64, buyers: Any, products: Any) -> Any:
    """Numpy twin of `product_bits`: uint32 (buyers, products)."""
    low, high = key_halves(buyer_keys_twin(start, buyers))
    x = low[:, None] + (np.asarray(products, np.uint32) * _GOLDEN32)[None, :]
    x = (x ^ (x >> np.uint32(16))) * _MIX32_A
    x = (x ^ (x >> np.uint32(15)) ^ high[:, None]) * _MIX32_B
    return x ^ (x >> np.uint32(15))


def normal_twin(start: np.uint64, buyers: Any, names: Any) -> Any:
    """Numpy twin of `normal` in float64 (buyers, names)."""
    x = (bits_twin(start, buyers, names).astype(np.int32) + 0.5) * 2.0**-31
    w = -np.log1p(-x * x)
    centre = np.polyval(_CENTRE, w - 2.5)
    tail = np.polyval(_TAIL, np.sqrt(w) - 3.0)
    return np.sqrt(2.0) * x * np.where(w < 5.0, centre, tail)


#: Giles' coefficients, highest power first.
_CENTRE = (
    *(2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087),
    *(-0.00125372503, -0.00417768164, 0.246640727, 1.50140941),
)
_TAIL = (
    *(-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773),
    *(-0.0076224613, 0.00943887047, 1.00167406, 2.83297682),
)
