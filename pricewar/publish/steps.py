"""All steps, in the order in which they are done: what takes seconds first, what takes hours last."""

from __future__ import annotations

from .benchmarks import benchmarks_step
from .forecast import backtest_step
from .gallery import gallery_step
from .pages import card_steps, demo_step, lessons_step, war_step
from .posterior import posterior_step
from .shots import shots_step
from .step import Step, repository
from .studies import experiment_steps, policy_steps, table_step
from .wars import wars_step


def all_steps() -> list[Step]:
    """The steps of this repository."""
    return [
        posterior_step(),
        demo_step(),
        lessons_step(),
        *card_steps(repository()),
        war_step(),
        shots_step(),
        backtest_step(),
        wars_step(),
        benchmarks_step(),
        *experiment_steps(),
        table_step(),
        *policy_steps(),
        gallery_step(),
    ]
