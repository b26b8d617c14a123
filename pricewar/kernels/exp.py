"""An exponential that the compiler can vectorise, and its numpy twin.

`math.exp` inside a compiled loop is one library call per value (5-14 ns). The functions here have no branch
and no call: split x = n ln 2 + r with |r| <= ln 2 / 2, a minimax polynomial for exp(r), and n written
straight into the exponent bits of the result. LLVM turns a loop over them into vector instructions.

Arguments are clamped to the range where the result is a normal number, so nothing overflows, and NaN gives
the smallest result: check inputs before the kernel, not in it.

The functions are compiled with the flag `contract` only. Under `reassoc` the compiler may merge the two
halves of ln 2 and lose the low bits of r; the flags of the calling loop do not reach into a callee compiled
by itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

#: Flags of every kernel: fused and reordered sums are fine, but NaN and infinity must stay what they are.
#: A kernel that another one calls says `forceinline=True`: else the linker takes whichever copy of it was
#: loaded first, copies round differently, and a first run would differ from a later one.
FAST = {"contract", "reassoc", "nsz", "arcp"}

#: Utilities are handed to the choice kernels in bits: times 1 / ln 2.
BITS, NATS = 1.4426950408889634, 0.6931471805599453

LOWEST64, HIGHEST64 = -708.0, 709.0
LOWEST32, HIGHEST32 = np.float32(-87.0), np.float32(88.0)

_INV_LN2 = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 0.6931471805582987, 1.6465949582897082e-12
# Added to x / ln 2, this leaves the nearest integer plus the exponent bias in the low bits of the mantissa.
_SHIFT = 1.5 * 2.0**52 + 1023.0
# exp(r) = 1 + r + r^2 q(r): Chebyshev fit of q on |r| <= ln 2 / 2, error 1.3e-17 before rounding.
_Q0, _Q1, _Q2, _Q3, _Q4 = (
    0.5,
    0.16666666666666669,
    0.041666666666624094,
    0.00833333333333006,
    0.0013888888917230724,
)
_Q5, _Q6, _Q7 = 0.00019841269863066696, 2.4801521269532122e-05, 2.7557268439678e-06
_Q8, _Q9 = 2.7620101012098e-07, 2.5100395159429243e-08

_S = np.float32
_INV_LN2_32 = _S(1.4426950408889634)
_LN2_HIGH_32, _LN2_LOW_32 = _S(0.693359375), _S(-0.00021219444)
_SHIFT_32 = _S(1.5 * 2.0**23 + 127.0)
_S0, _S1, _S2 = _S(0.5), _S(0.1666657695378877), _S(0.04166655457234514)
_S3, _S4 = _S(0.008363185031533224), _S(0.0013926191056242137)
_ONE_32 = _S(1.0)


@njit(cache=True, fastmath={"contract"})
def exp64(x: float) -> float:
    """exp(x) in float64, relative error below 4e-16, for use inside compiled loops."""
    x = x if x > LOWEST64 else LOWEST64
    x = x if x < HIGHEST64 else HIGHEST64
    shifted = np.float64(x * _INV_LN2 + _SHIFT)
    n = shifted - _SHIFT
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    q = _Q8 + r * _Q9
    q = _Q7 + r * q
    q = _Q6 + r * q
    q = _Q5 + r * q
    q = _Q4 + r * q
    q = _Q3 + r * q
    q = _Q2 + r * q
    q = _Q1 + r * q
    q = _Q0 + r * q
    q = 1.0 + r * q
    power = np.int64(shifted.view(np.int64) << np.int64(52)).view(np.float64)
    return (1.0 + r * q) * power


@njit(cache=True, fastmath={"contract"}, forceinline=True)
def exp32(x: np.float32) -> np.float32:
    """exp(x) in float32, relative error below 1e-7, for use inside compiled loops."""
    x = x if x > LOWEST32 else LOWEST32
    x = x if x < HIGHEST32 else HIGHEST32
    shifted = np.float32(x * _INV_LN2_32 + _SHIFT_32)
    n = shifted - _SHIFT_32
    r = (x - n * _LN2_HIGH_32) - n * _LN2_LOW_32
    q = _S3 + r * _S4
    q = _S2 + r * q
    q = _S1 + r * q
    q = _S0 + r * q
    q = _ONE_32 + r * q
    power = np.int32(shifted.view(np.int32) << np.int32(23)).view(np.float32)
    return (_ONE_32 + r * q) * power


# 2^r = 1 + r t(r) on |r| <= 1/2, fitted likewise.
_T0 = 0.6931471805599453
_T1 = 0.24022650695910097
_T2 = 0.0555041086648216
_T3 = 0.009618129107606854
_T4 = 0.0013333558146416916
_T5 = 0.00015403530441794136
_T6 = 1.525273382986708e-05
_T7 = 1.3215442552522291e-06
_T8 = 1.0178062426976924e-07
_T9 = 7.072593027878997e-09
_T10 = 4.4549643712692967e-10
_U0 = _S(0.6931471880352003)
_U1 = _S(0.24022650760645808)
_U2 = _S(0.05550357071152507)
_U3 = _S(0.009618082519990467)
_U4 = _S(0.0013390886332106697)
_U5 = _S(0.0001545318282995974)
_SHIFT2, _SHIFT2_32 = 1.5 * 2.0**52, _S(1.5 * 2.0**23)
LOWEST_BITS, HIGHEST_BITS = -1021.0, 1023.0
LOWEST_BITS_32, HIGHEST_BITS_32 = _S(-125.0), _S(127.0)


@njit(cache=True, fastmath={"contract"}, forceinline=True)
def power64(x: float) -> float:
    """2^x in float64, relative error below 4e-16: for kernels whose utilities are measured in bits.

    Cheaper than `exp64` by a fifth: the remainder is exact, and the exponent is added as an integer, which
    leaves the multipliers, the bottleneck, to the polynomial.
    """
    x = x if x > LOWEST_BITS else LOWEST_BITS
    x = x if x < HIGHEST_BITS else HIGHEST_BITS
    shifted = np.float64(x + _SHIFT2)
    r = x - (shifted - _SHIFT2)
    q = _T9 + r * _T10
    q = _T8 + r * q
    q = _T7 + r * q
    q = _T6 + r * q
    q = _T5 + r * q
    q = _T4 + r * q
    q = _T3 + r * q
    q = _T2 + r * q
    q = _T1 + r * q
    q = _T0 + r * q
    q = np.float64(1.0 + r * q)
    return np.int64(q.view(np.int64) + np.int64(shifted.view(np.int64) << np.int64(52))).view(np.float64)


@njit(cache=True, fastmath={"contract"}, forceinline=True)
def power32(x: np.float32) -> np.float32:
    """2^x in float32, relative error below 1e-7."""
    x = x if x > LOWEST_BITS_32 else LOWEST_BITS_32
    x = x if x < HIGHEST_BITS_32 else HIGHEST_BITS_32
    shifted = np.float32(x + _SHIFT2_32)
    r = x - np.float32(shifted - _SHIFT2_32)
    q = _U4 + r * _U5
    q = _U3 + r * q
    q = _U2 + r * q
    q = _U1 + r * q
    q = _U0 + r * q
    q = np.float32(_ONE_32 + r * q)
    return np.int32(q.view(np.int32) + np.int32(shifted.view(np.int32) << np.int32(23))).view(np.float32)


def exp_twin(x: NDArray[Any]) -> NDArray[Any]:
    """Numpy twin of `exp64` and `exp32`: numpy's exp of the clamped argument, in the dtype of `x`."""
    low, high = (LOWEST32, HIGHEST32) if x.dtype == np.float32 else (LOWEST64, HIGHEST64)
    clamped: NDArray[Any] = np.clip(x, low, high)
    return np.asarray(np.exp(clamped))
