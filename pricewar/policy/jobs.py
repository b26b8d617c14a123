"""Jobs that hang on what a measure does to the number of cars: at makers, suppliers and dealers, as ranges.

The model has no workers. Cars delivered, petrol cars among them, are turned into jobs by two ranges that are
assumed: how many jobs stand behind a thousand cars a year, and what part of them follows output.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import qmc

from .spec import NONE
from .study import PolicyStudy
from .summary import wide

PER_THOUSAND: Final = {"makers": (20.0, 60.0), "suppliers": (60.0, 180.0), "dealers": (20.0, 60.0)}
"""Jobs behind a thousand cars a year, low and high. Assumed, with no source that could be checked: a plant of
10,000 people that makes 250,000 cars a year has 40."""
FOLLOW: Final = (0.3, 1.0)
"""Part of these jobs that comes and goes with output. Assumed: all in the long run."""
DRAWS: Final = 128
"""Points of the ranges that each future meets."""


def jobs(study: PolicyStudy) -> pd.DataFrame:
    """Jobs over those without measures, mean over the months of the study.

    Args:
        study: of any horizon, in a market of cars.

    Returns:
        Nothing where the market sells anything else: then nothing is known of the jobs behind a unit. Columns
        option, where (makers, suppliers, dealers, all), mean, p05 and p95 over futures and the
        assumed ranges together; each future meets `DRAWS` points of a Latin hypercube of the ranges, the
        same for all options.
    """
    columns = ["option", "where", "mean", "p05", "p95"]
    if not study.spec.base.words.cars:
        return pd.DataFrame(columns=columns)
    cars = wide(study, "deliveries") + wide(study, "petrol_cars")
    run = study.spec.scenario(NONE)
    years = run.periods / run.clock.periods_a_year
    unit = qmc.LatinHypercube(len(PER_THOUSAND) + 1, rng=1).random(DRAWS)
    follow = FOLLOW[0] + unit[:, -1] * (FOLLOW[1] - FOLLOW[0])
    intensity = {
        where: follow * (low + unit[:, place] * (high - low))
        for place, (where, (low, high)) in enumerate(PER_THOUSAND.items())
    }
    intensity["all"] = sum(intensity.values(), np.zeros(DRAWS))
    rows = []
    for option in cars:
        more = (cars[option] - cars[NONE]).dropna().to_numpy(float) / years / 1000.0
        for where, per_thousand in intensity.items():
            found = np.outer(more, per_thousand)
            ends = np.quantile(found, [0.05, 0.95]) if found.size else (np.nan, np.nan)
            rows.append((option, where, float(found.mean()) if found.size else np.nan, *map(float, ends)))
    return pd.DataFrame(rows, columns=columns)
