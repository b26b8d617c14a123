"""Ids of firms, products and attributes: the lower-cased words of the table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .wishes import Wrong


def identifier(name: str, joint: str = "-") -> str:
    """The words of a name in lower case, joined; "7-Eleven (City)" is "7-eleven-city"."""
    words = "".join(c if c.isalnum() else " " for c in name.casefold()).split()
    return joint.join(words)[:60]


def attribute_name(name: str) -> str:
    """The words of a column's name; "Own label" is "own_label"."""
    return identifier(name, "_")


def ids(
    firms: Sequence[str], products: Sequence[str], place: Callable[..., str] | None = None
) -> tuple[tuple[str, ...], tuple[str, ...], list[Wrong]]:
    """Ids of the firms and products of each row, and names that clash.

    A product that several firms have, such as "Standard", carries its firm's id before its own.
    """
    firm_ids = tuple(map(identifier, firms))
    wrong: list[Wrong] = []
    where = place or (lambda column, i: f"row {i}, column {column}")
    first: dict[str, int] = {}
    for i, (name, key) in enumerate(zip(firms, firm_ids, strict=True)):
        earlier = first.setdefault(key, i)
        if name and not key:
            wrong.append((where("firm", i), repr(name), "a name with a letter or a digit"))
        elif name and firms[earlier] != name:
            allowed = f"written as {firms[earlier]!r} above, or a name that differs in a letter or digit"
            wrong.append((where("firm", i), repr(name), allowed))
    bare = [identifier(name) for name in products]
    shared = {key for key in bare if len({f for f, b in zip(firm_ids, bare, strict=True) if b == key}) > 1}
    made = tuple(f"{f}-{b}" if b in shared else b for f, b in zip(firm_ids, bare, strict=True))
    before: dict[str, int] = {}
    for i, (name, key) in enumerate(zip(products, made, strict=True)):
        earlier = before.setdefault(key, i)
        if name and not bare[i]:
            wrong.append((where("product", i), repr(name), "a name with a letter or a digit"))
        elif name and earlier != i:
            allowed = f"a name that differs in a letter or digit from {products[earlier]!r} above"
            wrong.append((where("product", i), repr(name), allowed))
    return firm_ids, made, wrong
