"""How robust a bundle is: in which share of futures it meets the targets; and which bundles none beats."""

from __future__ import annotations

from string import ascii_uppercase
from typing import Any

import numpy as np
import pandas as pd

from pricewar.analysis.interval import clopper_pearson
from pricewar.analysis.surplus import LEAST
from pricewar.base.arrays import Flags, Floats

from .levers import BUYERS, Target
from .spec import NONE, PolicySpec
from .study import PolicyStudy
from .summary import wide


def met(study: PolicyStudy, option: str, target: Target) -> Flags:
    """(futures,) whether an option meets a target.

    Args:
        study: with the option.
        option: its name.
        target: what must hold.
    """
    if target.measure in BUYERS:
        gain = _gain(study, option, target.measure)
        return target.met(gain, np.zeros_like(gain))
    table = wide(study, target.measure)
    return target.met(table[option].to_numpy(float), table[NONE].to_numpy(float))


def _gain(study: PolicyStudy, option: str, who: str) -> Floats:
    """(futures,) per cent of their own surplus, open orders counted; of `LEAST` of that of all buyers, where
    their own is less: a loss of next to nothing still has its sign, and is no huge per cent."""
    group = who.partition(".")[2]
    own, everybody = (_surplus(study, NONE, part) for part in (group, ""))
    money = _surplus(study, option, group) - own
    return np.asarray(100.0 * money / np.maximum(own, LEAST * np.abs(everybody)))


def _surplus(study: PolicyStudy, option: str, group: str) -> Floats:
    name = f"consumer_surplus_{group}" if group else "consumer_surplus"
    return np.asarray((wide(study, f"pv.{name}") + wide(study, f"pv.open.{name}"))[option], float)


def shares(study: PolicyStudy, option: str, targets: tuple[Target, ...]) -> dict[str, float]:
    """Share of futures in which an option meets all targets (`joint`) and each of them (`target.1`, ...).

    Args:
        study: with the option.
        option: its name.
        targets: in order.
    """
    flags = np.array([met(study, option, target) for target in targets])
    single = {f"target.{place}": float(row.mean()) for place, row in enumerate(flags, start=1)}
    return {"joint": float(flags.all(axis=0).mean()), **single}


def front_of(tried: pd.DataFrame, spec: PolicySpec) -> tuple[pd.DataFrame, bool]:
    """The bundles that no other one beats: milder, or meeting all targets in more futures.

    Args:
        tried: from a search.
        spec: the study that is searched.

    Returns:
        At most `front` rows of `tried` with a `name`, mildest first: of the bundles that meet the targets in
        the share of futures wanted, or if there is none, those that come nearest; and whether there is any.
    """
    good = tried[tried["joint"] >= spec.search.share - 1e-12]
    found = len(good) > 0
    kept, best = list[Any](), -1.0
    order = (good if found else tried).sort_values(
        ["heaviness", "joint"], ascending=[True, False], kind="stable"
    )
    for at, joint in order["joint"].items():
        if joint > best:
            kept.append(at)
            best = joint
    whole = tried.loc[kept if found else kept[-spec.search.front :]]
    few = whole.iloc[np.linspace(0, len(whole) - 1, min(spec.search.front, len(whole))).round().astype(int)]
    if (few["heaviness"] == 0).all():  # no measure is no option to study by itself
        rest = tried[tried["heaviness"] > 0].sort_values(["joint", "heaviness"], ascending=[False, True])
        few = pd.concat([few, rest.head(1)])
    named = iter(ascii_uppercase)
    return few.assign(name=[NONE if row == 0 else next(named) for row in few["heaviness"]]), found


def held(front: pd.DataFrame, study: PolicyStudy, spec: PolicySpec) -> pd.DataFrame:
    """The front with what its bundles did in fresh futures.

    Args:
        front: from `front_of`.
        study: its bundles in fresh futures.
        spec: the study that is searched.

    Returns:
        Columns name, words, heaviness, in_search (share of the search's futures in which all targets were
        met), met, met_lo, met_hi (the same in fresh futures, with 95% limits), and each target by itself.
    """
    rows = []
    for row in front.to_dict("records"):
        found = shares(study, row["name"], spec.search.targets)
        low, high = clopper_pearson(found["joint"], study.spec.draws_in_all)
        rows.append(
            {
                "name": row["name"],
                "words": row["words"],
                "heaviness": row["heaviness"],
                "in_search": row["joint"],
                "met": found.pop("joint"),
                "met_lo": float(low),
                "met_hi": float(high),
                **found,
            }
        )
    return pd.DataFrame(rows)
