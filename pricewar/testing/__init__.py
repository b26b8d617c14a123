"""Test kits for your own code: the tests that every shipped rule passes, and made-up records."""

from __future__ import annotations

from .costs import check_cost_curve, example_output
from .demand import check_demand, example_observed
from .events import check_event
from .interventions import (
    check_intervention,
    enforce,
    example_accounts,
    example_desk,
    example_market,
    example_offers,
    example_sales,
)
from .mechanisms import check_mechanism
from .strategies import LogitRival, check_strategy, example_landscape, example_view

__all__ = [
    "LogitRival",
    "check_cost_curve",
    "check_demand",
    "check_event",
    "check_intervention",
    "check_mechanism",
    "check_strategy",
    "enforce",
    "example_accounts",
    "example_desk",
    "example_landscape",
    "example_market",
    "example_observed",
    "example_offers",
    "example_output",
    "example_sales",
    "example_view",
]
