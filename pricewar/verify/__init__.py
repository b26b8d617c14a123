"""Recompute a reference case: read its inputs, compute every output, report relative errors."""

from .case import read_case, read_cases
from .check import Row, Verification, verify_case
from .market import Case

__all__ = ["Case", "Row", "Verification", "read_case", "read_cases", "verify_case"]
