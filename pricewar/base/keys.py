"""Keys of caches: a content that counts as equal to another with the same mark."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Keyed(Generic[T]):
    """A content, whatever it is, that equals others with the same mark: such as the digest of a scenario."""

    def __init__(self, content: T, mark: Hashable) -> None:
        self.content = content
        self.mark = mark

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Keyed) and self.mark == other.mark

    def __hash__(self) -> int:
        return hash(self.mark)
