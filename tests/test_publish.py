"""Making everything anew: the same bytes each time, nothing twice, nothing forgotten, nothing old unseen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pricewar.base.edition import EDITION, mark
from pricewar.base.errors import InputError, ResultsError
from pricewar.experiment.pool import SerialExecutor
from pricewar.publish import (
    MANIFEST,
    PROSE,
    STATIC,
    Place,
    Step,
    all_steps,
    publish,
    read_manifest,
    stale,
    unread,
)
from pricewar.publish import __main__ as command
from pricewar.publish.inventory import unclaimed
from pricewar.publish.manifest import fingerprint
from pricewar.publish.pages import lessons_table
from pricewar.publish.run import chosen
from pricewar.publish.studies import table_step
from pricewar.report.experiment import BEGIN, END
from pricewar.report.numbers import has_numbers, marks, parts, renewed

ROOT = Path(__file__).parents[1]
REPRESENTATIVE = ("demo", "lessons", "card-byd-may-2025", "experiment-02", "experiment-11", "policy")
"""A figure, a table in prose, a card, two experiments with many kinds of figures, a study with a PDF."""


def files(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def told(place: Place, steps: Iterable[Step], only: Iterable[str] = ()) -> list[str]:
    lines: list[str] = []
    publish(place, list(steps), list(only), lines.append)
    return lines


# -- the real steps ----------------------------------------------------------------------------


@pytest.mark.slow
def test_two_empty_folders_get_the_same_bytes_and_the_second_call_has_nothing_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One folder is made by two workers as usual, the other by this process alone."""
    places = [
        Place(tmp_path / name, tmp_path / f"work-{name}", small=True, workers=workers, quiet=True)
        for name, workers in (("a", 2), ("b", 1))
    ]
    told(places[0], all_steps(), REPRESENTATIVE)
    with monkeypatch.context() as alone:
        alone.setattr("pricewar.experiment.study.spawned_pool", lambda workers: SerialExecutor())
        told(places[1], all_steps(), REPRESENTATIVE)
    one, other = (files(place.root) for place in places)
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []
    kinds = {Path(name).suffix for name in one}
    assert kinds == {".md", ".png", ".csv", ".pdf", ".json"}
    lines = told(places[0], all_steps(), REPRESENTATIVE)
    assert len(lines) == len(REPRESENTATIVE)
    assert all(line.endswith(": is done") for line in lines)
    steps = chosen(all_steps(), REPRESENTATIVE)
    assert stale(places[0].root, steps) == []
    for name, content in one.items():
        if name.endswith((".png", ".pdf")):
            assert b"Matplotlib" not in content.partition(b"stream")[0], f"{name} names a version"


def test_every_output_is_there_and_every_page_is_claimed() -> None:
    """What no step makes is named as prose or as resting on something else than the model."""
    assert list(unclaimed(ROOT, all_steps())) == []
    for step in all_steps():
        for pattern in step.outputs:
            assert list(ROOT.glob(pattern)), f"{step.name}: nothing for {pattern}"
    for pattern in (*PROSE, *(name for name in STATIC if name != MANIFEST)):
        assert list(ROOT.glob(pattern)), pattern


def test_no_two_steps_make_one_file_and_names_are_names() -> None:
    steps = all_steps()
    assert len({step.name for step in steps}) == len(steps)
    owners: dict[Path, str] = {}
    for step in steps:
        for path in step.files(ROOT):
            assert owners.setdefault(path, step.name) == step.name, path


def test_a_new_page_without_an_owner_is_seen(tmp_path: Path) -> None:
    for name in ("docs/results/99.md", "docs/img/new.png", "scenarios/mine.md", "docs/adr/0099-new.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    assert sorted(unclaimed(tmp_path, all_steps())) == [
        "docs/img/new.png",
        "docs/results/99.md",
        "scenarios/mine.md",
    ]


def test_the_table_of_experiments_waits_for_their_runs(tmp_path: Path) -> None:
    place = Place(tmp_path / "root", tmp_path / "work", small=True)
    with pytest.raises(ResultsError, match="no finished runs of 01_cut-depth"):
        told(place, [table_step()])
    assert not (tmp_path / "root" / MANIFEST).exists()


def test_the_table_of_lessons_has_the_numbers_that_a_class_sees() -> None:
    from pricewar.app.lessons import LESSONS, run_lesson

    table = lessons_table()
    shown = run_lesson(LESSONS["bertrand"])["table"][0]
    assert f"| {shown['words']}, {shown['unit']} | {shown['values'][0]:,.1f} |" in table
    assert table.count("|---|") == len(LESSONS)


def test_small_results_do_not_go_into_the_repository() -> None:
    with pytest.raises(InputError, match="a --root that is not the repository"):
        publish(Place(ROOT, ROOT / "results", small=True), all_steps())


# -- doing steps -------------------------------------------------------------------------------


def step(name: str = "one", text: str = "numbers", **parts: Any) -> Step:
    """A step that writes a page and a picture."""

    def make(place: Place) -> list[Path]:
        made = []
        for file, content in {f"docs/{name}.md": f"{text}\n{mark()}\n", f"docs/{name}/a.png": text}.items():
            place.path(file).write_text(content, encoding="utf-8")
            made.append(place.path(file))
        return made

    own: dict[str, Any] = {
        "name": name, "what": "a page", "outputs": (f"docs/{name}.md", f"docs/{name}/*"),
        "inputs": lambda place: {"text": text, "small": place.small}, "make": make,
    }  # fmt: skip
    return Step(**(own | parts))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "root").mkdir()
    return Place(tmp_path / "root", tmp_path / "work")


def test_a_step_is_done_once(place: Place) -> None:
    assert [line.split(":")[1].strip()[:4] for line in told(place, [step()])] == ["a pa", "made"]
    assert told(place, [step()]) == ["one: is done"]
    assert set(read_manifest(place.root)) == {"docs/one.md", "docs/one/a.png"}


SPOILERS: dict[str, Callable[[Place], object]] = {
    "a file is gone": lambda place: (place.root / "docs/one/a.png").unlink(),
    "a picture was changed": lambda place: (place.root / "docs/one/a.png").write_text("other"),
    "a page was changed": lambda place: (place.root / "docs/one.md").write_text("other"),
    "the manifest is gone": lambda place: (place.root / MANIFEST).unlink(),
    "the stamp is broken": lambda place: (place.kept / "stamps" / "one.json").write_text("{"),
}


@pytest.mark.parametrize("spoil", SPOILERS)
def test_it_is_done_again_when(place: Place, spoil: str) -> None:
    told(place, [step()])
    SPOILERS[spoil](place)
    assert told(place, [step()])[-1].startswith("one: made in")
    assert told(place, [step()]) == ["one: is done"]


def test_it_is_done_again_with_other_inputs_or_another_edition(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(place, [step()])
    assert told(place, [step(text="other")])[-1].startswith("one: made in")
    assert told(place, [step(text="other")]) == ["one: is done"]
    monkeypatch.setattr("pricewar.publish.step.EDITION", EDITION + 1)
    monkeypatch.setattr("pricewar.publish.run.EDITION", EDITION + 1)
    assert told(place, [step(text="other")])[-1].startswith("one: made in")


def test_what_it_no_longer_makes_is_taken_away(place: Place) -> None:
    told(place, [step()])
    (place.root / "docs/one/old.png").write_text("old", encoding="utf-8")
    told(place, [step(text="other")])
    assert sorted(path.name for path in (place.root / "docs/one").iterdir()) == ["a.png"]


def test_a_step_that_breaks_its_promise_or_fails_is_not_done(place: Place) -> None:
    with pytest.raises(ResultsError, match="beside its outputs"):
        told(place, [step(outputs=("docs/one.md",))])
    with pytest.raises(ResultsError, match=r"nothing for \['docs/two.md'\]"):
        told(place, [step(outputs=("docs/one.md", "docs/one/*", "docs/two.md"))])

    def broken(place: Place) -> list[Path]:
        raise OSError("disk full")

    told(place, [step()])
    with pytest.raises(OSError, match="disk full"):
        told(place, [step(text="other", make=broken)])
    assert told(place, [step()])[-1].startswith("one: made in")  # an attempt undoes the stamp


def test_a_step_that_cannot_be_done_here_says_why(place: Place) -> None:
    lines = told(place, [step(obstacle=lambda: "there is no chromium")])
    assert lines == ["one: left out: there is no chromium"]
    assert not (place.root / "docs").exists()


def test_steps_are_chosen_by_how_their_names_begin() -> None:
    steps = [step("card-a"), step("card-b"), step("demo")]
    assert [one.name for one in chosen(steps, ["card"])] == ["card-a", "card-b"]
    assert len(chosen(steps, [])) == 3
    with pytest.raises(InputError, match="--only: found 'nothing'; allowed: one of card-a, card-b, demo"):
        chosen(steps, ["demo", "nothing"])


def test_the_command_lists_and_checks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import typer

    app = typer.Typer()
    app.command()(command.guarded(command.main))
    listed = CliRunner().invoke(app, ["--list"])
    assert listed.stdout.count("\n") == len(all_steps())
    monkeypatch.setattr(command, "all_steps", lambda: [step()])
    monkeypatch.setattr(command, "PROSE", ())
    made = CliRunner().invoke(app, ["--root", str(tmp_path / "r"), "--work", str(tmp_path / "w")])
    assert made.exit_code == 0, made.output
    assert CliRunner().invoke(app, ["--root", str(tmp_path / "r"), "--check"]).exit_code == 0
    (tmp_path / "r/docs/one.md").write_text("other", encoding="utf-8")
    old = CliRunner().invoke(app, ["--root", str(tmp_path / "r"), "--check"])
    assert old.exit_code == 1
    assert "docs/one.md: changed since it was made" in old.stdout
    assert CliRunner().invoke(app, ["--only", "nothing"]).exit_code == 2


# -- numbers in prose --------------------------------------------------------------------------


def test_numbers_go_between_their_marks_and_nothing_else_moves() -> None:
    page = f"before\n{marks()[0]}\nold\n{marks()[1]}\nafter\n{marks('two')[0]}\n{marks('two')[1]}\n"
    new = renewed(page, "new", "page.md")
    assert new == page.replace("old", f"{mark()}\nnew")
    both = renewed(new, "more", "page.md", "two")
    assert parts(both) == [f"{mark()}\nnew\n", f"{mark()}\nmore\n"]
    assert renewed(both, "more", "page.md", "two") == both


@pytest.mark.parametrize(
    "page", ["no marks", marks()[0], f"{marks()[1]}\n{marks()[0]}", 2 * "\n".join(marks())]
)
def test_a_page_without_its_marks_is_refused_by_name(page: str) -> None:
    with pytest.raises(InputError, match=r"page.md.*\n.*numbers: begin"):
        renewed(page, "new", "page.md")
    assert not has_numbers("no marks")


# -- what is old -------------------------------------------------------------------------------


def results(root: Path, edition: int = EDITION) -> Path:
    """A page of results with a reading, as `make results` writes it."""
    page = root / "docs" / "page.md"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(f"# Page\n{BEGIN}\nWords.\n{END}\n| 1 |\n{mark(edition)}\n", encoding="utf-8")
    return page


def page_step(edition: int = EDITION) -> Step:
    return Step("page", "", ("docs/page.md",), lambda place: {}, lambda place: [results(place.root, edition)])


def test_fresh_results_are_not_stale_and_words_of_people_may_change(place: Place) -> None:
    told(place, [page_step()])
    assert stale(place.root, [page_step()]) == []
    page = place.root / "docs/page.md"
    page.write_text(page.read_text(encoding="utf-8").replace("Words.", "Other words."), encoding="utf-8")
    assert stale(place.root, [page_step()]) == []
    assert told(place, [page_step()]) == ["page: is done"]


def test_an_old_page_an_edited_number_and_a_stray_file_are_seen(place: Place) -> None:
    told(place, [page_step(), step()])
    steps = [page_step(), step()]
    results(place.root, EDITION - 1)
    found = stale(place.root, steps)
    assert any(
        f"docs/page.md: carries edition {EDITION - 1}, this is edition {EDITION}" in one for one in found
    )
    page = results(place.root)
    page.write_text(page.read_text(encoding="utf-8").replace("| 1 |", "| 2 |"), encoding="utf-8")
    assert stale(place.root, steps) == ["docs/page.md: changed since it was made: make results (step page)"]
    results(place.root)
    (place.root / "docs/one/b.png").write_text("new", encoding="utf-8")
    assert [f"docs/one/b.png: not in {MANIFEST}: make results (step one)"] == stale(place.root, steps)
    (place.root / "docs/one/b.png").unlink()
    (place.root / "docs/one/a.png").write_text("by hand", encoding="utf-8")
    assert stale(place.root, steps) == ["docs/one/a.png: changed since it was made: make results (step one)"]


def test_all_of_an_older_edition_is_seen(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    told(place, [page_step(), step()])
    monkeypatch.setattr("pricewar.publish.freshness.EDITION", EDITION + 1)
    found = stale(place.root, [page_step(), step()])
    for name in ("docs/page.md", "docs/one.md", "docs/one/a.png"):
        words = f"{name}: of edition {EDITION} of the model, this is edition {EDITION + 1}"
        assert any(one.startswith(words) for one in found)


def test_missing_outputs_and_files_of_nobody_are_seen(place: Place) -> None:
    assert f"{MANIFEST}: not there: make results" in stale(place.root, [step()])
    told(place, [step(), page_step()])
    (place.root / "docs/one.md").unlink()
    found = stale(place.root, [step()])
    assert "docs/one.md: not there; step one makes it" in found
    assert any(one.startswith("docs/page.md: in docs/results/manifest.json, but no step") for one in found)


def test_a_broken_manifest_is_an_error(place: Place) -> None:
    (place.root / MANIFEST).parent.mkdir(parents=True)
    (place.root / MANIFEST).write_text(json.dumps({"a": {"edition": 2}}), encoding="utf-8")
    with pytest.raises(ResultsError, match=r"manifest.json: not readable"):
        read_manifest(place.root)


def test_the_fingerprint_of_a_page_of_prose_is_that_of_its_numbers(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(renewed(f"a\n{marks()[0]}\n{marks()[1]}\nb\n", "1", "page"), encoding="utf-8")
    before = fingerprint(page)
    page.write_text(page.read_text(encoding="utf-8").replace("a\n", "other words\n", 1), encoding="utf-8")
    assert fingerprint(page) == before
    page.write_text(page.read_text(encoding="utf-8").replace("\n1\n", "\n2\n"), encoding="utf-8")
    assert fingerprint(page) != before


def test_words_that_nobody_has_read_with_this_edition_are_named(place: Place) -> None:
    told(place, [page_step()])
    (place.root / "prose.md").write_text("It falls by 3%.", encoding="utf-8")
    assert [one.partition(": hold")[0] for one in unread(place.root, ["prose.md"], [page_step()])] == [
        "docs/page.md: read never", "prose.md: read never",
    ]  # fmt: skip
    for name, old in (("prose.md", "3%."), ("docs/page.md", "Words.")):
        text = (place.root / name).read_text(encoding="utf-8")
        read = f"{old}\n<!-- read with model edition {EDITION} -->"
        (place.root / name).write_text(text.replace(old, read), encoding="utf-8")
    assert unread(place.root, ["prose.md"], [page_step()]) == []
    assert stale(place.root, [page_step()]) == []
    (place.root / "prose.md").write_text(f"<!-- read with model edition {EDITION - 1} -->", encoding="utf-8")
    assert [one.partition(": hold")[0] for one in unread(place.root, ["prose.md"], [page_step()])] == [
        f"prose.md: read with edition {EDITION - 1}"
    ]


# -- this repository ---------------------------------------------------------------------------


def test_nothing_in_the_repository_is_older_than_the_model() -> None:
    found = stale(ROOT, all_steps())
    assert not found, "\n".join(["make results", *found])


def test_every_sentence_about_numbers_was_read_with_this_edition() -> None:
    found = unread(ROOT, PROSE, all_steps())
    assert not found, "\n".join(found)
