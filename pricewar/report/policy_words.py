"""What a brief says of its method, whatever came out."""

from __future__ import annotations

from typing import Final

METHOD: Final = (
    "Every future is a draw of the uncertain parameters (Latin hypercube). In each, peace, the war, and the "
    "war under every option run with the same luck, so differences are paired. "
    "Brackets: where 90% of the futures lie (5 to 95%), which more futures do not narrow; with fewer than 20 "
    "futures there are none. A mean lies outside where a few futures are extreme. How well the mean is known "
    "is in tables/effects.csv (lo, hi)."
)
BRIEF_METHOD: Final = (
    "A simulated market of {long} from {start}, in {futures} futures. Each future is a draw of what "
    "is not known. In each, peace, the war, and the war under each of {options} options are run with "
    "the same "
    "luck, and differences are taken within the future. Sums are present values at {discount}% a year."
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
    "Not evidence in a case. Compliance is put in, not explained. Ranges hold the uncertainty of the "
    "named parameters only, not that of the model's form. Firms follow rules; they do not foresee measures. "
    "Costs are calibrated from reported margins. More: docs/explanation/limits-in-court.md."
)
