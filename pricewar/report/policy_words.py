"""What a brief says of its method, whatever came out."""

from __future__ import annotations

from typing import Final

METHOD: Final = (
    "Every future is a draw of the uncertain parameters (Latin hypercube). In each, peace, the war, and the "
    "war under every option run with the same luck, so differences are paired. Brackets: 95% intervals of "
    "the mean over futures (Student's t, inside what a number can be)."
)
_ROW: Final = (
    " Each draw also has its own row of the joint sample of the market's parameters, apart from the factors"
)
DRAWN: Final = {
    "luck": " Each future has luck of its own.",
    "both": f"{_ROW}, and luck of its own.",
    "parameters": f"{_ROW}. All futures have the same luck.",
}
"""What is added by what a study draws."""
JOINTLY: Final = "; and, drawn together, what else of the market's parameters is not known"
LIMITS: Final = (
    "Not evidence in a case. Compliance is put in, not explained. Intervals hold the uncertainty of the "
    "named parameters only, not that of the model's form. Firms follow rules; they do not foresee measures. "
    "Costs are calibrated from reported margins. More: docs/explanation/limits-in-court.md."
)
