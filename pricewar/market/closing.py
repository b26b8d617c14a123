"""The end of a month: accounts carried forward, capacity that is left, firms that leave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pricewar.base.records import Accounts, Flags, Floats
from pricewar.base.state import State, leave
from pricewar.base.together import column

from .production import Flow

if TYPE_CHECKING:
    from .suppliers import Supplier


def books(state: State, accounts: Accounts, made: Flow, inventory: Floats) -> None:
    """Cash, payables and cars at the end of the month."""
    state.cash, state.payables = accounts.cash, accounts.payables
    state.payable_days = accounts.payable_days
    state.stock, state.backlog, state.forecast = made.stock, made.backlog, made.forecast
    state.inventory = inventory
    state.deposits = accounts.deposits
    state.cumulative = state.cumulative + state.landscape.by_firm(made.produced)
    state.months_broke = np.where(state.cash < -state.credit, state.months_broke + 1, 0.0)


def supply(state: State, suppliers: Sequence[Supplier], dependence: float) -> None:
    """Capacity that the suppliers that have not failed can feed."""
    lost = sum(supplier.spec.share * supplier.lost for supplier in suppliers)
    state.supply = np.full(state.active.shape, column(1.0 - dependence * np.minimum(lost, 1.0)))


def exits(state: State, patience: Sequence[int], tired: Flags | None = None) -> Flags:
    """(F,) firms that leave because they have been out of cash for too long; they are taken out.

    Args:
        state: at the end of a month.
        patience: (F,) months without cash until a firm leaves.
        tired: (F,) firms that give up before their cash is gone.
    """
    leaving = state.active & (state.months_broke >= np.array(patience))
    if tired is not None:
        leaving = leaving | (state.active & tired)
    if leaving.any():
        leave(state, leaving)
    return leaving


def tell_exit(
    state: State, period: int, firm: str, name: str, place: int, gone: Flags, tired: Flags | None
) -> None:
    """Put it in the log of each run in which a firm leaves, with its reason.

    Args:
        state: holds the logs.
        period: the month.
        firm: its id.
        name: as people write it.
        place: position of the firm.
        gone: (F,) or (S, F) firms that leave.
        tired: those that give up; None where none can.
    """
    leaves = gone[..., place]
    quits = leaves & (False if tired is None else tired[..., place])
    state.tell(period, firm, f"{name} gives up and leaves", quits)
    state.tell(period, firm, f"{name} runs out of cash and leaves", leaves & ~quits)
