"""Code of a user's own: what fails in it is told with file and line; nothing is imported unasked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest
from conftest import tiny
from fuzz_corpus import command

from pricewar import load, run, run_experiment
from pricewar.base.errors import InputError, StrategyError
from pricewar.base.own_code import blame, imported, not_imported, place_of, told
from pricewar.verify.shipped import shipped_cases

Lab = Callable[[str], Path]
RULES = """
from pricewar.events import Event
from pricewar.interventions import Intervention
from pricewar.strategies import Strategy

class Raises(Strategy):
    begin: int = 1
    def price(self, view):
        if view.period >= self.begin:
            return view.price / [][view.period]
        return view.price

class Exits(Strategy):
    def price(self, view):
        raise SystemExit(0)

class Struck(Event):
    def strike(self, state):
        state.no_such_thing += 1

class Imposed(Event):
    def impose(self, offers, state, last_period):
        pass

class Measure(Intervention):
    def amend(self, offers, desk):
        raise ValueError("no\\x1b[31m offers")

def metric(run):
    return run.market["no such column"].sum()

def text(run):
    return "three"
"""


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Writes a module `mylab` that can be imported in this test, and nowhere else."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "mylab", raising=False)

    def write(text: str) -> Path:
        path = tmp_path / "mylab.py"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = (\n", r"SyntaxError: '\(' was never closed \(.*mylab\.py, line 1\)"),
        ("\nraise RuntimeError('oops')\n", r"RuntimeError: oops \(.*mylab\.py, line 2: raise RuntimeError"),
        ("import sys\nsys.exit(0)\n", r"SystemExit: the code calls sys.exit\(0\).*mylab\.py, line 2"),
        ("import nowhere_at_all\n", r"No module named 'nowhere_at_all' \(.*mylab\.py, line 1"),
        ("x = 1\n", r"AttributeError: module 'mylab' has no attribute 'Rule'"),
        (
            "class E(Exception):\n  def __str__(self): 1/0\nraise E\n",
            r"cannot be imported: E \(.*mylab\.py, line 3",
        ),
    ],
)
def test_a_module_that_cannot_be_imported_is_told_with_its_line(lab: Lab, text: str, words: str) -> None:
    lab(text)
    with pytest.raises(ValueError, match=words):
        imported("mylab:Rule")
    with pytest.raises(InputError, match=words) as caught:
        load("textbook-duopoly").but({"firms.left.strategy": "mylab:Rule"})
    assert caught.value.problems[0].place == "firms.left.strategy"


def test_an_interrupt_stays_an_interrupt(lab: Lab) -> None:
    lab("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        imported("mylab:Rule")


HALVES = """
from pricewar.campaigns import CampaignRule
from pricewar.events.cuts import ImposedCut
from pricewar.interventions.restraint import Restraint
from pricewar.scenario.cost_curves import CostCurve
from pricewar.scenario.preferences import Preferences
from pricewar.strategies import Strategy

class Rule(CampaignRule):
    def lead_plan(self, board, draws): pass
class Struck(ImposedCut): pass
class Measure(Restraint): pass
class Curve(CostCurve): pass
class Taste(Preferences): pass
class Price(Strategy): pass
"""


@pytest.mark.parametrize(
    ("changes", "name", "method"),
    [
        ({"campaigns.rule": "mylab:Rule"}, "Rule", "follow_plan"),
        ({"events": [{"kind": "mylab:Struck", "month": "2025-02", "firm": "ace"}]}, "Struck", "announced"),
        ({"interventions": ["mylab:Measure"]}, "Measure", "lowest"),
        ({"cost": "mylab:Curve"}, "Curve", "factor"),
        ({"demand": "mylab:Taste"}, "Taste", "calibrated"),
        ({"firms.ace.strategy": "mylab:Price"}, "Price", "price"),
    ],
)
def test_a_class_that_lacks_a_method_is_refused_with_both_names(
    lab: Lab, changes: dict[str, Any], name: str, method: str
) -> None:
    lab(HALVES)
    with pytest.raises(InputError, match=rf"kind 'mylab:{name}' cannot be used: it has no method {method};"):
        tiny(changes)
    with pytest.raises(InputError, match=rf"mylab:{name}: 1 problem.*\n.*found no method {method}; allowed"):
        imported(f"mylab:{name}")()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"firms.ace.strategy": "mylab:Raises"},
            r"RuleError: mylab:Raises of firm 'ace' in 2025-02: IndexError: list index out of range "
            r"\(.*mylab\.py, line 10: return view\.price / \[\]\[view\.period\]\)",
        ),
        (
            {"firms.ace.strategy": {"kind": "Match", "base": {"kind": "mylab:Raises", "begin": 0}}},
            r"RuleError: Match of firm 'ace' in 2025-01: IndexError: .*mylab\.py, line 10",
        ),
        (
            {"firms.ace.strategy": "mylab:Exits"},
            r"of firm 'ace' in 2025-01: SystemExit: .*mylab\.py, line 15",
        ),
        (
            {"events": [{"kind": "mylab:Struck", "month": "2025-03"}]},
            r"RuleError: mylab:Struck \(events\.0\) in 2025-03: AttributeError: .*mylab\.py, line 19",
        ),
        (
            {"events": [{"kind": "mylab:Imposed", "month": "2025-02"}]},
            r"mylab:Imposed \(events\.0\) in 2025-02: TypeError: found None; allowed: a record of .* Offers",
        ),
        (
            {"interventions": ["mylab:Measure"]},
            r"mylab:Measure \(interventions\.0, amend\) in 2025-01: ValueError: no.* offers .*mylab\.py",
        ),
    ],
)
def test_what_a_rule_raises_is_told_with_firm_month_and_line(
    lab: Lab, changes: dict[str, Any], words: str
) -> None:
    lab(RULES)
    errors = run(tiny(changes), 1).runs["error"]
    assert errors.str.contains(words).all(), errors[0]


def test_errors_of_ours_pass_as_they_are() -> None:
    """What is a `PricewarError` already, or arose in no code of a user's, is not blamed on a rule."""
    blame(StrategyError("x"), "mylab:Rule", "of firm 'a'")
    with pytest.raises(KeyError) as caught:
        load("textbook-duopoly").firms["nobody"]
    assert place_of(caught.value).startswith(__file__)
    assert told(KeyboardInterrupt()) == "KeyboardInterrupt"


@pytest.mark.parametrize(("name", "words"), [("metric", "KeyError"), ("text", "could not convert string")])
def test_a_metric_that_fails_costs_its_row_and_says_where(lab: Lab, name: str, words: str) -> None:
    lab(RULES)
    from pricewar.experiment.files import experiment_from

    factors = {"e": {"path": "demand.own_elasticity", "values": [-3.0]}}
    tree = {"name": "x", "base": tiny(periods=1), "metrics": [f"mylab:{name}"], "factors": factors}
    study = run_experiment(experiment_from(tree, "x"), Here())
    assert study.runs["error"].str.contains(f"RuleError: metric mylab:{name}: .*{words}").all()
    assert name == "text" or study.runs["error"].str.contains(r"mylab\.py, line 30").all()


class Here(Executor):
    """Runs in this process, so that modules of this test are found."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def test_run_says_it_and_exits_with_2(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab(RULES)
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "own.toml"
    file.write_text('extends = "textbook-duopoly"\ninterventions = ["mylab:Measure"]\n')
    code, words = command(["run", str(file), "--quiet", "--set", "events=[]", "--set", "periods=1"])
    assert code == 2, words
    assert "mylab:Measure (interventions.0, amend) in 2025-01: ValueError: no\\u001b[31m offers" in words
    assert "\x1b" not in words, "the text of an error must not steer the terminal"


WRITES = """
from pathlib import Path
Path({out!r}).write_text("imported")
from pricewar.strategies import Hold
from pricewar.events import Event
from pricewar.interventions import Intervention
from pricewar.preferences import MixedLogit
class Mine(Hold): pass
class Struck(Event): pass
class Measure(Intervention): pass
class Taste(MixedLogit): pass
def metric(run): return 1.0
"""
OWN = """extends = "textbook-duopoly"
[demand]
kind = "mylab:Taste"
[firms.left.strategy]
kind = "mylab:Mine"
colour = "blue"
[[events]]
kind = "mylab:Struck"
[[interventions]]
kind = "mylab:Measure"
"""
FACTOR = '[factors.e]\npath = "firms.left.strategy"\nvalues = ["mylab:Mine", "Hold"]\n'


def test_no_code_imports_nothing_and_names_what_it_left_out(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = tmp_path / "trace"
    lab(WRITES.format(out=str(trace)))
    monkeypatch.chdir(tmp_path)
    Path("own.toml").write_text(OWN, encoding="utf-8")
    Path("exp.toml").write_text(f'base = "own.toml"\nmetrics = ["mylab:metric"]\n{FACTOR}', encoding="utf-8")
    Path("bad.toml").write_text(OWN.replace("[demand]", "seed = -1\n[demand]"), encoding="utf-8")
    code, words = command(["check", "--no-code", "own.toml", "exp.toml", "bad.toml"])
    assert code == 2, words
    assert not trace.exists()
    assert "mylab" not in sys.modules
    assert words.count("no problem found") == 2
    assert "bad.toml: 1 problem(s)\n  seed: found -1" in words
    for name in ("Taste", "Mine", "Struck", "Measure", "metric"):
        assert f"not looked at: mylab:{name}" in words


def test_check_imports_what_a_file_names_unless_told_not_to(tmp_path: Path) -> None:
    """In processes of their own, as a user would do it with a file of a stranger's."""
    trace = tmp_path / "trace"
    (tmp_path / "mylab.py").write_text(WRITES.format(out=str(trace)))
    (tmp_path / "own.toml").write_text(OWN)
    for options, imports in ((["--no-code"], False), ([], True)):
        line = [sys.executable, "-m", "pricewar", "check", *options, "own.toml"]
        done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == (2 if imports else 0), done.stderr
        assert trace.exists() == imports
    assert "events.1: found {}; allowed: set one of month and period; found none" in done.stderr, (
        "an event without a month, once it is looked at"
    )


def test_not_imported_ends_with_its_block(lab: Lab) -> None:
    lab(RULES)
    with not_imported() as names:
        load("textbook-duopoly").but({"firms.left.strategy": {"kind": "mylab:Raises", "x": 1}})
    assert names == ["mylab:Raises"]
    with pytest.raises(InputError, match=r"firms\.left\.strategy: found .*'x': 1|firms\.left\.strategy\.x"):
        load("textbook-duopoly").but({"firms.left.strategy": {"kind": "mylab:Raises", "x": 1}})


DEMANDS = """
from pricewar.preferences import Logit, MixedLogit, Preferences
class Softer(MixedLogit):
    own_elasticity: float = -2.0
class Nested(MixedLogit):
    rho: float = 0.7
class Expected(Logit):
    def expected(self, prices): return prices
class Even(MixedLogit):
    all_sd: float = 0.5
    @property
    def spreads(self): return (self.all_sd,) * 4
class Linear(Preferences):
    slope: float = 1.0
class Whole(MixedLogit):
    shift: float = 0.0
    def calibrated(self, observed): return super().calibrated(observed)
"""


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("Softer", ""),
        ("Even", ""),
        ("Nested", "demand.rho"),
        ("Expected", "demand.expected"),
        ("Linear", "demand"),
    ],
)
def test_check_refuses_a_demand_that_the_market_would_ignore(lab: Lab, kind: str, place: str) -> None:
    lab(DEMANDS)
    if place:
        with pytest.raises(InputError) as caught:
            tiny({"demand.kind": f"mylab:{kind}"})
        assert [problem.place for problem in caught.value.problems] == [place]
        return
    own, usual = (
        run(tiny({"demand.kind": k}, periods=2)).market["units"] for k in (f"mylab:{kind}", "MixedLogit")
    )
    assert (own != usual).any(), "what is accepted has an effect"


def test_json_stays_json_when_it_holds_what_steers_a_terminal(tmp_path: Path) -> None:
    case = json.loads(shipped_cases()[0].read_text())
    case["name"] = "a\u009b31m\u202e\ud800b"
    file = tmp_path / "case.json"
    file.write_text(json.dumps(case))
    code, words = command(["verify", str(file), "--json"])
    assert code == 0
    assert words.isascii()
    assert json.loads(words)["case"] == case["name"]
