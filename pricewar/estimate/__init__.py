"""A joint calibration: what the record of 2022 to April 2025 says of all parameters together."""

from .moments import MOMENTS, moments, moments_of
from .record import TARGETS, recorded

__all__ = ["MOMENTS", "TARGETS", "moments", "moments_of", "recorded"]
