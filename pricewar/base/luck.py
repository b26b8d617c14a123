"""Random streams named by who draws, so that one more firm changes nobody else's luck."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, *name: str | int) -> np.random.Generator:
    """A generator that depends on the run's seed and on the drawer's name only.

    Args:
        seed: seed of the run, any integer.
        name: who draws and when, for example ("firm", "byd", 7).
    """
    text = "\x1f".join([str(seed), *map(str, name)])
    key = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "little")
    return np.random.Generator(np.random.Philox(key=key))


def repetition(seed: int, k: int) -> int:
    """Seed of the k-th repetition: for k = 0 the given seed itself, then seeds that are unrelated to it."""
    return seed if k == 0 else int(stream(seed, "repetition", k).integers(2**31))
