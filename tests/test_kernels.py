"""Kernels against numpy, in long double where the claim is about the last digit."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from pricewar.kernels.exp import FAST, exp32, exp64, exp_twin


@njit(fastmath=FAST)
def _exp64_all(x, out):
    for i in range(x.size):
        out[i] = exp64(x[i])


@njit(fastmath=FAST)
def _exp32_all(x, out):
    for i in range(x.size):
        out[i] = exp32(x[i])


@pytest.mark.parametrize(
    ("kernel", "dtype", "low", "high", "bound"),
    [
        (_exp64_all, np.float64, -708.0, 709.0, 4e-16),
        (_exp64_all, np.float64, -5.0, 5.0, 4e-16),
        (_exp32_all, np.float32, -87.0, 88.0, 1e-7),
        (_exp32_all, np.float32, -5.0, 5.0, 1e-7),
    ],
)
def test_exp_is_right_to_the_last_bits(kernel, dtype, low, high, bound):
    x = np.linspace(low, high, 100_003).astype(dtype)
    out = np.empty_like(x)
    kernel(x, out)
    exact = np.exp(x.astype(np.longdouble))
    assert np.max(np.abs(out - exact) / exact) < bound
    assert np.max(np.abs(exp_twin(x) - exact) / exact) < 3 * bound


@pytest.mark.parametrize(("kernel", "dtype"), [(_exp64_all, np.float64), (_exp32_all, np.float32)])
def test_exp_never_overflows(kernel, dtype):
    x = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 0.0], dtype)
    out = np.empty_like(x)
    kernel(x, out)
    assert np.all(np.isfinite(out))
    assert np.all(out > 0)
    assert out[-1] == 1
