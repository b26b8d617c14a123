"""Code of one's own is an input: in digests, in run.json, in manifests; and a change of it is noticed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pricewar import Results, Scenario, load, run
from pricewar.base.errors import InputError
from pricewar.base.sources import NO_SOURCE, sources
from pricewar.experiment import Experiment
from pricewar.experiment.files import experiment_from, load_experiment
from pricewar.experiment.pool import SerialExecutor, spawned_pool
from pricewar.experiment.study import run_experiment
from pricewar.policy import PolicySpec, load_policy, policy_from, run_policy
from pricewar.scenario.campaigns import CampaignSpec
from pricewar.scenario.cost_curves import Constant
from pricewar.scenario.files import shipped_scenarios
from pricewar.scenario.parts import NoiseSpec
from pricewar.scenario.tree import SEEDS_ONLY, forget_usual

LAB = """
from pricewar.strategies import Strategy
from pricewar.interventions import Intervention
from pricewar.events import Event
from lab_helper import FACTOR

class Mine(Strategy):
    inner: dict = {}
    def price(self, view):
        return view.start_price * FACTOR

class Rule(Intervention):
    pass

class Happening(Event):
    pass

def metric(run):
    return 1.0
"""
FILES = {
    "lab.py": LAB,
    "lab_helper.py": "import json\nimport numpy\nfrom lab_pack import deep\nFACTOR = 0.9\n",
    "lab_pack/__init__.py": "",
    "lab_pack/deep.py": "from . import deeper\n",
    "lab_pack/deeper.py": "DEPTH = 1\n",
    "lab_unused.py": "",
    "lab_metrics.py": "def metric(run):\n    return 1.0\n",
    "lab_rules.py": "from pricewar.interventions import Intervention\nclass Rule(Intervention):\n    pass\n",
}
EVERY = {"lab", "lab_helper", "lab_pack", "lab_pack.deep", "lab_pack.deeper"}


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with modules of one's own that can be imported."""
    folder = tmp_path / "lab"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0].startswith("lab_") or name == "lab"]:
        del sys.modules[name]


def changed(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8") + "\n# another thought\n", encoding="utf-8")


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def mine() -> Scenario:
    return load("textbook-duopoly").but({"periods": 3, "firms.left.strategy": "lab:Mine"})


# -- what counts -----------------------------------------------------------------------------------


def test_a_rule_counts_with_its_file_and_all_that_it_imports_of_the_users(lab: Path) -> None:
    files = {name: lab / (name.replace(".", "/") + ".py") for name in EVERY}
    files["lab_pack"] = lab / "lab_pack" / "__init__.py"
    assert mine().sources == {name: sha(path) for name, path in files.items()}


def test_rules_inside_rules_and_bare_kinds_count(lab: Path) -> None:
    tree = {"strategy": {"kind": "Nested", "inner": {"kind": "lab_rules:Rule"}}, "x": ["lab_metrics:metric"]}
    assert set(sources(tree)) == {"lab_rules", "lab_metrics"}


@pytest.mark.parametrize(
    "text", ["BYD:EV", "2025-05", "10:30", "no_such_module:X", "os:system", "http://a:b", "a: b", ":x", "x:"]
)
def test_other_text_is_no_code(text: str) -> None:
    assert sources({"title": text, "list": [text]}) == {}


def test_nothing_is_run_to_find_the_sources(lab: Path) -> None:
    (lab / "lab_trap.py").write_text("import sys\nsys.exit(3)\n")
    (lab / "lab_trapped").mkdir()
    (lab / "lab_trapped" / "__init__.py").write_text("raise RuntimeError\n")
    (lab / "lab_trapped" / "part.py").write_text("")
    found = sources(["lab_trap:X", "lab_trapped.part:Y"])
    assert set(found) == {"lab_trap", "lab_trapped", "lab_trapped.part"}
    assert "lab_trap" not in sys.modules


@pytest.mark.parametrize("text", ["def f(:\n", "\0", "x = '\\ud800'\n"])
def test_a_module_that_cannot_be_parsed_counts_all_the_same(lab: Path, text: str) -> None:
    (lab / "lab_broken.py").write_text(text)
    assert sources("lab_broken:f") == {"lab_broken": sha(lab / "lab_broken.py")}


def test_what_has_no_source_says_so() -> None:
    import types

    sys.modules["lab_dreamt"] = types.ModuleType("lab_dreamt")
    try:
        assert sources("lab_dreamt:X") == {"lab_dreamt": NO_SOURCE}
    finally:
        del sys.modules["lab_dreamt"]


# -- digests ---------------------------------------------------------------------------------------


def _forget_credit(tree: dict[str, Any]) -> None:
    for firm in tree["firms"].values():
        assert firm.pop("credit_months") == 0.0, "what is not stated is not in the digest"
        del firm["credit_rate"]


def test_digests_of_shipped_scenarios_have_no_code_in_them() -> None:
    for name in shipped_scenarios():
        scenario = load(name)
        tree = scenario.model_dump(mode="json", exclude={"seed", "title", "name"})
        for part, usual in (("cost", Constant()), ("campaigns", CampaignSpec())):
            if getattr(scenario, part) == usual:
                del tree[part]
        for shock in ("firm_sd", "firm_memory"):
            if getattr(scenario.noise, shock) == getattr(NoiseSpec(), shock):
                del tree["noise"][shock]
        for event in tree["events"]:
            if event.get("headline", True) is None:
                del event["headline"]
            if event.get("period", True) is None and event.pop("until_period", True) is None:
                del event["period"]
        for measure in tree["interventions"]:
            assert measure.pop("period") is measure.pop("until_period") is None
        for product in tree["products"].values():
            assert product.pop("attributes") == {}
        _forget_credit(tree)
        for name in ("uncertainty", "posterior", "fixed"):
            del tree[name]
        assert tree.pop("period") == "month", "what is not stated is not in the digest"
        del tree["market"]["currency"], tree["market"]["unit"]
        assert tree["market"].pop("variable_share") == 1.0, "what is not stated is not in the digest"
        assert tree["demand"].pop("tastes") == {}, "what is not stated is not in the digest"
        text = json.dumps(tree, sort_keys=True, separators=(",", ":"))
        assert scenario.sources == {}
        assert scenario.digest == hashlib.sha256(text.encode()).hexdigest()[:16]


@pytest.mark.parametrize("plan", [load_experiment("01_cut-depth"), load_policy("anti-involution")], ids=type)
def test_the_content_of_a_plan_leaves_out_of_its_scenarios_what_their_digest_leaves_out(plan: Any) -> None:
    scenario = plan.base.model_dump(mode="json")
    forget_usual(scenario)
    held = plan.content()["base"]
    for part, values in scenario.items():
        if part not in SEEDS_ONLY:
            assert held[part] == values, part
    assert held.keys() <= scenario.keys(), "a field that came later would be another experiment"


@pytest.mark.parametrize("file", ["lab.py", "lab_helper.py", "lab_pack/deeper.py"])
def test_the_digest_of_a_scenario_moves_with_the_code_of_its_rules(lab: Path, file: str) -> None:
    before = mine().digest
    changed(lab / "lab_unused.py")
    assert mine().digest == before
    changed(lab / file)
    assert mine().digest != before


def digest_of(scenario: Scenario) -> tuple[str, str, dict[str, str]]:
    """As a worker finds them: handed over, and for a copy made there."""
    copy = scenario.but({"seed": 7})
    return scenario.digest, copy.digest, copy.sources


def test_workers_find_the_same_digest(lab: Path) -> None:
    scenario = mine()
    with spawned_pool(1) as pool:
        found = pool.submit(digest_of, scenario).result()
        fresh = pool.submit(digest_of, mine()).result()
    assert found == fresh == (scenario.digest, scenario.digest, scenario.sources)


SCRIPT = """
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pricewar import load
from pricewar.strategies import Strategy

class Here(Strategy):
    def price(self, view):
        return view.start_price * {factor}

def told(scenario):
    copy = scenario.but({{"seed": 7}})
    return copy.digest, copy.sources, copy.firms["left"].strategy.kind

if __name__ == "__main__":
    scenario = load("textbook-duopoly").but({{"firms.left.strategy": Here()}})
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        there = pool.submit(told, scenario).result()
    assert there == told(scenario), (there, told(scenario))
    print(*there[1], there[1]["__main__:Here"], there[2], {words!r})
"""


@pytest.mark.slow
def test_a_rule_of_a_script_counts_with_its_own_source_here_and_in_workers(tmp_path: Path) -> None:
    seen = []
    for factor, words in ((0.9, "a"), (0.9, "b"), (0.8, "a")):
        (tmp_path / "script.py").write_text(SCRIPT.format(factor=factor, words=words))
        made = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        name, mark, kind, _ = made.stdout.split()
        assert (name, kind, len(mark)) == ("__main__:Here", "__main__:Here", 64)
        seen.append(mark)
    assert seen[0] == seen[1] != seen[2]


# -- stores ----------------------------------------------------------------------------------------


def test_run_json_names_the_code(lab: Path, tmp_path: Path) -> None:
    made = run(mine(), seeds=1)
    folder = made.save(tmp_path / "r")
    assert json.loads((folder / "run.json").read_text())["sources"] == mine().sources
    assert Results.load(folder).sources == mine().sources
    assert run("textbook-duopoly", seeds=[1]).sources == {}


def experiment(**parts: Any) -> Experiment:
    tree = {
        "name": "own",
        "base": "textbook-duopoly",
        "set": {"periods": 3},
        "factors": {"depth": {"path": "events.Cut.depth", "values": (0.05, 0.1)}},
        "metrics": ("war_months",),
    }
    return experiment_from({**tree, **parts}, "test")


USES: dict[str, tuple[Callable[[], Experiment], str]] = {
    "metric": (lambda: experiment(metrics=("war_months", "lab_metrics:metric")), "lab_metrics"),
    "strategy": (lambda: experiment(base=mine()), "lab"),
    "helper": (lambda: experiment(base=mine()), "lab_helper"),
    "strategy of the but-for run": (lambda: experiment(but_for=mine()), "lab"),
    "strategy in set": (
        lambda: experiment(set={"periods": 3, "firms.left.strategy": "lab:Mine"}),
        "lab_pack.deep",
    ),
    "strategy of a level": (
        lambda: experiment(
            factors={
                "who": {
                    "path": "firms.left.strategy",
                    "values": ("Hold", {"kind": "lab:Mine"}),
                    "names": ("hold", "mine"),
                }
            }
        ),
        "lab",
    ),
    "intervention": (
        lambda: experiment(
            base=load("textbook-duopoly").but({"interventions": [{"kind": "lab_rules:Rule"}]})
        ),
        "lab_rules",
    ),
}


@pytest.mark.parametrize("use", USES)
def test_a_sweep_whose_code_changed_is_refused(lab: Path, tmp_path: Path, use: str) -> None:
    make, module = USES[use]
    out = tmp_path / "out"
    run_experiment(make(), SerialExecutor(), store=out)
    run_experiment(make(), SerialExecutor(), store=out)  # the same code goes on
    file = lab / (module.replace(".", "/") + ".py")
    old, digest = sha(file), make().digest
    changed(file)
    assert make().digest != digest
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(InputError) as caught:
        run_experiment(make(), SerialExecutor(), store=out)
    told = {p.place: (p.found, p.allowed) for p in caught.value.problems}
    found, allowed = told[f"sources.{module}"]
    assert found == repr(sha(file))
    assert old in allowed
    assert "another --out" in allowed
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_a_policy_study_whose_code_changed_is_refused(lab: Path, tmp_path: Path) -> None:
    def spec() -> PolicySpec:
        return policy_from(
            {
                "name": "own",
                "base": load("textbook-duopoly").but({"periods": 3}),
                "but_for": load("textbook-duopoly").but({"periods": 3, "events": []}),
                "factors": {"depth": {"path": "demand.own_elasticity", "values": (-3.0, -2.0)}},
                "draws": 2,
                "measures": {"mine": [{"kind": "lab_rules:Rule"}]},
            },
            "test",
        )

    run_policy(spec(), SerialExecutor(), store=tmp_path / "out")
    run_policy(spec(), SerialExecutor(), store=tmp_path / "out")
    assert json.loads((tmp_path / "out" / "policy.json").read_text())["sources"] == spec().sources
    changed(lab / "lab_rules.py")
    with pytest.raises(InputError, match=r"sources\.lab_rules: found"):
        run_policy(spec(), SerialExecutor(), store=tmp_path / "out")
