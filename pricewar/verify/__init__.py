"""Recompute a reference case: read its inputs, compute every output, report relative errors."""

from pricewar.verify.case import Case, read_case
from pricewar.verify.check import Row, Verification, verify_case

__all__ = ["Case", "Row", "Verification", "read_case", "verify_case"]
