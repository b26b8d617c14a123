"""A sheet before it is understood: cells in their rows, whatever file they came from."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        text: what is written in it, without blanks at its ends.
        value: the number in it, where the file holds a number and not a text.
        percent: whether the file shows that number in per cent: it is a fraction already.
        shown: whether the file shows that number divided, as thousands: it is whole already.
        money: the currency in which the file shows that number.
        fault: why it cannot be read, empty if it can.
    """

    text: str = ""
    value: float | None = None
    percent: bool = False
    shown: bool = False
    money: str = ""
    fault: str = ""

    @property
    def filled(self) -> bool:
        """Whether there is anything in it."""
        return bool(self.text or self.fault)


@dataclass(frozen=True)
class Block:
    """Cells merged into one: first and last row, first and last column, rows from 1, columns from 0."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int


@dataclass(frozen=True)
class Raw:
    """One sheet.

    Attributes:
        name: of the sheet, empty for a text file.
        rows: its rows that are not empty, each with its number from 1.
        merged: blocks of merged cells.
        hidden: numbers of rows that the sheet hides.
        visible: whether the sheet itself is shown.
        notes: what was guessed on the way.
        exact: whether each row must have as many cells as the line of names: in a text file, a row with more
            has lost its order.
    """

    name: str
    rows: list[tuple[int, list[Cell]]]
    merged: tuple[Block, ...] = ()
    hidden: frozenset[int] = frozenset()
    visible: bool = True
    notes: tuple[str, ...] = ()
    exact: bool = False
    words: str = field(default="", compare=False)
    """The sheet in a message."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it."""
        return not self.rows
