"""Rules of conduct: how prices are announced and kept, and when suppliers are paid."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from ..records import Accounts, Floats
from .base import Desk
from .restraint import Addressed


class PaymentRule(Addressed):
    """Suppliers are paid within a number of days, reached step by step."""

    days: Annotated[float, Field(ge=0.0)] = 60.0
    """Longest term allowed, days."""
    months: Annotated[int, Field(ge=1)] = 1
    """Months in which a firm comes down to it in equal steps; 1: at once."""

    def settle(self, accounts: Accounts, desk: Desk) -> Accounts:
        """Shorten the terms of complying firms that pay later than allowed."""
        start: Floats = desk.memory.setdefault("days at start", accounts.payable_days)
        share = min(1.0, (desk.elapsed + 1) / self.months)
        cap = start - share * np.maximum(start - self.days, 0.0)
        late = self.complying(desk) & (accounts.payable_days > cap)
        if not late.any():
            return accounts
        return accounts.but(payable_days=np.where(late, cap, accounts.payable_days))
