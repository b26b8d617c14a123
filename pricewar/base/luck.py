"""Random streams named by who draws, so that one more firm changes nobody else's luck."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np


def stream(seed: int, *name: str | int) -> np.random.Generator:
    """A generator that depends on the run's seed and on the drawer's name only.

    Args:
        seed: seed of the run, any integer.
        name: who draws and when, for example ("firm", "byd", 7).
    """
    return np.random.Generator(np.random.Philox(key=int.from_bytes(_key(seed, name), "little")))


def streams(seed: int, names: Iterable[tuple[str | int, ...]]) -> Iterator[np.random.Generator]:
    """The generator of `stream` for each name in turn: draw from one before you ask for the next.

    It is one generator that is set to each stream: to make one takes four times as long.

    Args:
        seed: seed of the run, any integer.
        names: who draws and when, each as for `stream`.
    """
    source = np.random.Philox(key=0)
    generator, fresh = np.random.Generator(source), source.state
    for name in names:
        fresh["state"]["key"] = np.frombuffer(_key(seed, name), dtype="<u8")
        source.state = fresh
        yield generator


def _key(seed: int, name: tuple[str | int, ...]) -> bytes:
    """16 bytes that stand for a stream."""
    text = "\x1f".join([str(seed), *map(str, name)])
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def repetition(seed: int, k: int) -> int:
    """Seed of the k-th repetition: for k = 0 the given seed itself, then seeds that are unrelated to it."""
    return seed if k == 0 else int(stream(seed, "repetition", k).integers(2**31))
