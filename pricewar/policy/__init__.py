"""The policy laboratory: measures against a price war, each alone and in bundles, over many futures."""

from .files import load_policy, policy_from, shipped_policies
from .spec import NONE, PEACE, PolicySpec
from .study import PolicyStudy, grown, run_policy

__all__ = [
    "NONE",
    "PEACE",
    "PolicySpec",
    "PolicyStudy",
    "grown",
    "load_policy",
    "policy_from",
    "run_policy",
    "shipped_policies",
]
