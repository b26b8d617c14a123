"""Recompute a reference case: read its inputs, compute every output, report relative errors."""

from .case import Case, read_case
from .check import Row, Verification, verify_case

__all__ = ["Case", "Row", "Verification", "read_case", "verify_case"]
