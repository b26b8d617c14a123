"""What a brief says of its method, whatever came out."""

from __future__ import annotations

from typing import Final

METHOD: Final = (
    "Every future is a draw of the uncertain parameters (Latin hypercube). In each, peace, the war, and the "
    "war under every option run with the same luck, so differences are paired; all futures have the study's "
    "seeds of luck. Brackets: 95% intervals of the mean over futures (Student's t, inside what a number can "
    "be): of the parameters, not of luck."
)
_ROW: Final = (
    " Each draw also has its own row of the joint sample of the market's parameters, apart from the factors"
)
DRAWN: Final = {
    "both": f"{_ROW}.",
    "parameters": f"{_ROW}.",
}
"""What is added where a study draws from a sample."""
JOINTLY: Final = "; and, drawn together, what else of the market's parameters is not known"
LIMITS: Final = (
    "Not evidence in a case. Compliance is put in, not explained. Intervals hold the uncertainty of the "
    "named parameters only, not that of the model's form. Firms follow rules; they do not foresee measures. "
    "Costs are calibrated from reported margins. More: docs/explanation/limits-in-court.md."
)
