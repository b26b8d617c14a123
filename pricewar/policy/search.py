"""Search for the mildest bundle of measures that meets targets in most futures.

What counts as robust is the share of futures in which all targets are met (the domain criterion, Starr 1963;
in a search of many objectives, Kasprzyk, Nataraj, Reed and Lempert 2013). Bundles are made mild, and each
target met often, at the same time. Each generation of bundles is a policy study in a folder of its own, so
that a search goes on where it was stopped.

The best of many is partly the luckiest (the winner's curse; Smith and Winkler 2006). So the bundles of the
front are run again in futures, and with luck, that the search has not seen, and only those numbers count.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from pricewar.base.arrays import Floats
from pricewar.base.edition import EDITION
from pricewar.base.errors import ResultsError
from pricewar.experiment.manifest import read_manifest, require_content, session
from pricewar.experiment.pool import abandon, spawned_pool
from pricewar.experiment.study import Progress
from pricewar.files.digest import short_digest
from pricewar.files.folders import replaced

from .ask import asker, bundles
from .files import load_policy
from .front import front_of, held, shares
from .levers import Bundle, Lever, rules_of, words_of
from .spec import NONE, PolicySpec
from .study import PolicyStudy, run_policy

RECORD: Final = "search.json"
"""Says what was searched for, and names the tables in the folder."""
FRESH: Final = "front"
"""Folder of the study of the front's bundles in futures that the search has not seen."""
PATIENCE: Final = 20
"""Generations without a new bundle after which a search ends."""


@dataclass(frozen=True)
class Search:
    """A search and what came of it."""

    spec: PolicySpec
    tried: pd.DataFrame
    """A row for each bundle: bundle (its number), generation, words, heaviness, joint and each target (share
    of futures that meet it), and the strength of each lever."""
    front: pd.DataFrame
    """The bundles of the front, mildest first: name, words, heaviness, share of futures that meet all targets
    in the search and in fresh futures (met, with met_lo and met_hi, 95%), and each target in the latter."""
    found: bool
    """Whether any bundle met the targets in the share of the search's futures that is wanted; if none did,
    the front holds those that come nearest."""
    study: PolicyStudy
    """The front's bundles in fresh futures."""
    possible: int
    """Bundles that the levers allow, no measure among them."""

    @property
    def levers(self) -> dict[str, Lever]:
        """The levers by measure."""
        return self.spec.search.of(self.spec.measures)


def run_search(
    source: PolicySpec | str | Path,
    executor: Executor | None = None,
    *,
    store: str | Path,
    workers: int = 2,
    fresh: int | None = None,
    progress: Progress | None = None,
    command: str = "",
) -> Search:
    """Search, or go on with a search; then run the front's bundles in fresh futures.

    Args:
        source: a PolicySpec, a shipped name, or a file; its `search` says what is tried.
        executor: any concurrent.futures executor; None: processes of our own, one thread each.
        store: folder to write, and to go on with.
        workers: processes of our own.
        fresh: fresh futures; None: as the file says. More than before: they are added to those there.
        progress: called with bundles tried, 0, and bundles that may be tried.
        command: the command line, for the record.

    Raises:
        InputError: the file is not valid, the folder holds another search, or pymoo is needed and not there.
        ResultsError: a future failed; the same call tries it again.
    """
    spec, folder = load_policy(source), Path(store)
    _begin(spec, folder, command)
    with _hands(executor, workers) as hands:
        tried = _generations(spec, hands, folder, progress, command)
        front, found = front_of(tried, spec)
        count = spec.search.fresh if fresh is None else fresh
        study = _complete(
            run_policy(fresh_study(spec, front, count), hands, store=folder / FRESH, command=command)
        )
    tops = [lever.top for lever in spec.search.of(spec.measures).values()]
    return Search(spec, tried, held(front, study, spec), found, study, bundles(tops))


def content_of(spec: PolicySpec) -> dict[str, Any]:
    """All that a search depends on, as plain values; fresh futures may be added later."""
    study = {name: part for name, part in spec.content().items() if name not in ("draws", "more")}
    return {"study": study, "search": spec.search.model_dump(mode="json", exclude={"fresh"})}


def _begin(spec: PolicySpec, folder: Path, command: str) -> None:
    """Write or renew the record of the folder."""
    content = json.loads(json.dumps(content_of(spec)))
    asked = {
        "name": spec.name,
        "experiment": spec.model_dump(mode="json", by_alias=True),
        "content": content,
        "digest": short_digest(content),
        "version": version("pricewar"),
        "edition": EDITION,
        "sessions": [],
        "files": {},
    }
    there = (folder / RECORD).exists()
    record = read_manifest(folder, RECORD) if there else asked
    require_content(record, content, str(folder), "search")
    record["sessions"].append(session(command))
    record["experiment"] = asked["experiment"]
    with replaced(folder, RECORD, kept=lambda name: True) as draft:
        text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
        (draft / RECORD).write_text(text + "\n", encoding="utf-8", newline="\n")


@contextmanager
def _hands(executor: Executor | None, workers: int) -> Iterator[Executor]:
    """One pool for all generations: to start one for each would cost more than a generation."""
    if executor is not None:
        yield executor
        return
    pool = spawned_pool(workers)
    try:
        yield pool
    except BaseException:
        abandon(pool)
        raise
    pool.shutdown()


def _generations(
    spec: PolicySpec, hands: Executor, folder: Path, progress: Progress | None, command: str
) -> pd.DataFrame:
    """Every bundle that the search asked for, with its shares."""
    plan, levers = spec.search, spec.search.of(spec.measures)
    nothing = (0,) * len(levers)
    tops = [lever.top for lever in levers.values()]
    most = min(plan.bundles, bundles(tops) - 1)
    who = asker(tops, plan.bundles, plan.population, 1 + len(plan.targets), plan.seed)
    known: dict[Bundle, dict[str, Any]] = {}
    idle = generation = 0
    while idle < PATIENCE and (asked := who.ask()):
        before = max(len(known) - 1, 0)
        new = [one for one in dict.fromkeys(asked) if one not in known and one != nothing]
        new = new[: most - before]
        idle = 0 if new else idle + 1
        if new:
            named = {str(number): bundle for number, bundle in enumerate(new, start=before + 1)}
            place = folder / f"generation-{generation:03}"
            tick = None if progress is None else _inner(progress, before, len(new), most)
            study = generation_study(spec, named)
            done = _complete(run_policy(study, hands, store=place, progress=tick, command=command))
            for name, bundle in (named if known else {NONE: nothing, **named}).items():
                known[bundle] = _row(done, name, bundle, generation, spec)
            generation += 1
        if len(known) > most:
            break
        who.tell(*_losses([known[one] for one in asked], spec))
    return pd.DataFrame(list(known.values()))


def _inner(progress: Progress, before: int, new: int, most: int) -> Progress:
    return lambda done, failed, total: progress(before + new * done // max(total, 1), failed, most)


def generation_study(spec: PolicySpec, named: Mapping[str, Bundle]) -> PolicySpec:
    """The policy study of some bundles, each an option.

    Args:
        spec: the study that is searched.
        named: name of the option -> bundle.
    """
    levers = spec.search.of(spec.measures)
    measures = {name: rules_of(bundle, levers, spec.measures) for name, bundle in named.items()}
    return spec.but(draws=spec.search.futures, more=(), measures=measures, bundles={})


def fresh_study(spec: PolicySpec, front: pd.DataFrame, futures: int) -> PolicySpec:
    """The policy study of the front's bundles, with other parameters and other luck than the search had.

    Args:
        spec: the study that is searched.
        front: from `front_of`.
        futures: how many.
    """
    levers = spec.search.of(spec.measures)
    key = {row["name"]: row["words"] for row in front.to_dict("records") if row["name"] != NONE}
    bundle = {
        row["name"]: tuple(int(row[f"lever.{name}"]) for name in levers) for row in front.to_dict("records")
    }
    measures = {name: rules_of(bundle[name], levers, spec.measures) for name in key}
    told = " ".join(f"{name}: {words}." for name, words in key.items())
    return spec.but(
        name=f"{spec.name[:70]}-front",
        title=f"{spec.title or spec.name}: the mildest bundles",
        question=f"{spec.question} {told}".strip(),
        seed=(spec.seed + max(spec.search.futures, spec.seeds)) % 2**62,
        draws=futures,
        more=(),
        measures=measures,
        bundles={},
    )


def _complete(study: PolicyStudy) -> PolicyStudy:
    """The study, if no future failed: with some missing, the search would take another way.

    Raises:
        ResultsError: some did.
    """
    if study.failed:
        lines = [f"{len(study.failed)} futures failed; the same command tries them again", *study.failed[:5]]
        raise ResultsError("\n".join(lines))
    return study


def _row(
    study: PolicyStudy, option: str, bundle: Bundle, generation: int, spec: PolicySpec
) -> dict[str, Any]:
    levers = spec.search.of(spec.measures)
    return {
        "bundle": 0 if option == NONE else int(option),
        "generation": generation,
        "words": words_of(bundle, levers),
        "heaviness": spec.search.heaviness(bundle, levers),
        **shares(study, option, spec.search.targets),
        **{f"lever.{lever}": strength for lever, strength in zip(levers, bundle, strict=True)},
    }


def _losses(rows: list[dict[str, Any]], spec: PolicySpec) -> tuple[Floats, Floats]:
    """Heaviness and, for each target, the share of futures that miss it; what lacks to the share wanted."""
    targets = [f"target.{place}" for place in range(1, 1 + len(spec.search.targets))]
    losses = [[row["heaviness"], *(1.0 - row[name] for name in targets)] for row in rows]
    return np.array(losses), np.array([spec.search.share - row["joint"] for row in rows])
