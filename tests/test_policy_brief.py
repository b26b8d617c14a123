"""The findings of a brief follow from its numbers, and its two pages hold them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from policy_studies import Gain, made

from pricewar.base.errors import InputError
from pricewar.plots.policy import policy_drawings, rests_on, who_pays
from pricewar.policy import PolicyStudy, policy_from
from pricewar.policy.carriers import carriers
from pricewar.policy.ranges import FEW, PARTIES, gains, outcome, party_gain
from pricewar.policy.summary import RANKED
from pricewar.policy.verdict import SURE, verdict
from pricewar.report.brief import ROWS, brief_pdf, chosen
from pricewar.report.policy_findings import MOST, findings


def about(mean: float, sd: float) -> Gain:
    return lambda known, chance: chance.normal(mean, sd, len(known))


STUDIES: dict[str, dict[str, Gain]] = {
    "clear": {"ban": about(2, 1), "limit": about(30, 3), "levy": about(-5, 1)},
    "several": {"ban": about(20, 3), "limit": about(20, 3), "levy": about(-5, 1)},
    "none": {"ban": about(-2, 0.5), "limit": about(-9, 2), "levy": lambda known, chance: 0.0},
    "unsure": {"ban": about(1, 20), "limit": about(-9, 2), "levy": about(0, 10)},
}
SAYS = {
    "clear": "Limit is clearly best: welfare rises by CNY",
    "several": "Which of them is best we cannot tell",
    "none": "Nothing beats doing nothing. Two of three measures lower welfare",
    "unsure": "We cannot tell whether any measure beats doing nothing",
}


def words(study: PolicyStudy) -> str:
    return " ".join(one.text for one in findings(study))


def pages(pdf: bytes) -> int:
    return int(re.findall(rb"/Type/Pages/Count (\d+)", pdf)[0])


@pytest.mark.parametrize("kind", STUDIES)
def test_the_answer_is_that_of_the_numbers(kind: str) -> None:
    study = made(STUDIES[kind])
    assert verdict(study).kind == kind
    found = findings(study)
    assert SAYS[kind] in found[0].text
    assert 3 <= len(found) <= MOST
    others = [text for name, text in SAYS.items() if name != kind]
    assert not any(text in words(study) for text in others)


@pytest.mark.parametrize("kind", STUDIES)
def test_words_follow_the_names_when_these_are_permuted(kind: str) -> None:
    turned = {"ban": "limit", "limit": "levy", "levy": "ban"}
    renamed = {turned[name]: gain for name, gain in STUDIES[kind].items()}  # the same places, other names
    expected = re.sub(
        r"\b([Bb]an|[Ll]imit|[Ll]evy)\b", lambda m: _like(m[0], turned), words(made(STUDIES[kind]))
    )
    assert words(made(renamed)) == expected


def _like(word: str, turned: dict[str, str]) -> str:
    new = turned[word.lower()]
    return new.capitalize() if word[0].isupper() else new


def test_certain_findings_come_before_larger_doubtful_ones() -> None:
    rest = findings(made(STUDIES["unsure"]))[1:]
    keys = [(one.share < SURE, -one.size) for one in rest]
    assert keys == sorted(keys)


def test_a_measure_that_seldom_gains_but_much_is_an_insurance_and_not_hopeless() -> None:
    rare: dict[str, Gain] = {
        "ban": lambda known, chance: np.where(
            np.arange(len(known)) % 13 == 0, 500.0 + 0.1 * known["elasticity"], -1.0
        )
    }
    found = verdict(made(rare, futures=200))
    assert found.best.worse >= SURE
    assert found.kind == "unsure"
    poor: dict[str, Gain] = {"ban": about(-5, 1)}
    assert findings(made(poor))[0].text.startswith("Nothing beats doing nothing. That is so of ban: CNY −5")


def test_few_futures_are_shown_and_have_no_range() -> None:
    few, enough = (made(STUDIES["clear"], futures=many) for many in (FEW - 1, FEW))
    assert "none of this can be called sure" in findings(few)[0].text
    assert "clearly" not in words(few)
    assert not re.search(r"\(−?[\d.]+ to", words(few))
    assert re.search(r"\(−?[\d.]+ to", words(enough))
    assert np.isnan(outcome(gains(few, "ban", RANKED)).low)
    assert carriers(few, "limit") == []
    lines = who_pays(few, ["limit"]).figure.axes[0].lines
    assert sum(len(line.get_xdata()) == FEW - 1 for line in lines) == len(PARTIES) + 1  # and the sum


def test_ranges_of_40_and_200_futures_agree_within_sampling_error() -> None:
    ends = {}
    for many in (40, 200):
        found = outcome(gains(made(STUDIES["unsure"], futures=many), "ban", RANKED))
        ends[many] = (found.low / 1e9, found.high / 1e9)
        # standard error of a 5% quantile of a normal: sqrt(p (1 - p) / n) over its density
        error = 20 * np.sqrt(0.05 * 0.95 / many) / 0.1031
        assert abs(found.low / 1e9 - (1 - 1.645 * 20)) < 3 * error
        assert abs(found.high / 1e9 - (1 + 1.645 * 20)) < 3 * error
        assert abs(found.mean / 1e9 - 1) < 2 * found.error / 1e9
    width = {many: high - low for many, (low, high) in ends.items()}
    assert 0.6 < width[40] / width[200] < 1.6  # more futures do not narrow it


def test_parties_add_up_to_welfare() -> None:
    study = made(STUDIES["clear"])
    for option in study.spec.options:
        parts = sum(party_gain(study, option, who) for who in PARTIES)
        np.testing.assert_allclose(parts, gains(study, option, RANKED), atol=1.0)


def test_what_the_result_rests_on_is_found_with_its_turn() -> None:
    study = made({"ban": lambda known, chance: 40 * (known["compliance"] - 0.7), "levy": about(-1, 0.1)})
    first = carriers(study, "ban")[0]
    assert (first.name, first.told) == ("compliance", True)
    assert float(first.flip) == pytest.approx(0.7, abs=0.01)
    assert "rests most on compliance" in words(study)
    assert "turns at 0.7" in {t.get_text().split("\n")[-1] for t in _right(study, "ban")}
    steady = made({"ban": lambda known, chance: 40 * known["compliance"]})
    assert carriers(steady, "ban")[0].flip == ""


def _right(study: PolicyStudy, option: str) -> list[Any]:
    figure = rests_on(study, option, carriers(study, option)).figure
    figure.canvas.draw()
    return list(figure.axes[0].child_axes[0].get_yticklabels())


def test_brief_has_two_pages_whatever_the_question() -> None:
    many = {f"measure-{k}": about(float(k), 2) for k in range(9)}
    for question in ("Which?", "Which of the measures helps, and whom? " * 20):
        study = made(many, question=question)
        pdf = brief_pdf(study, findings(study), "pricewar policy made")
        assert pdf.startswith(b"%PDF")
        assert pages(pdf) == 2
    assert pdf == brief_pdf(study, findings(study), "pricewar policy made")  # and the same bytes
    found = verdict(study)
    assert len(chosen(study, findings(study), found)) == ROWS


def test_no_text_of_a_study_is_taken_for_markup() -> None:
    study = made({"#panic(1)": about(1, 1), "*b* $x$": about(-1, 1)}, question='= #read("x") [ ] <a> @b')
    assert pages(brief_pdf(study, findings(study), "pricewar policy made")) == 2


def test_labels_name_options_in_words_and_leave_the_digest() -> None:
    study = made(STUDIES["clear"])
    tree = study.spec.model_dump(by_alias=True) | {"labels": {"limit": "limit of 2% a month"}}
    labelled = policy_from(tree, "made")
    assert labelled.digest == study.spec.digest
    told = words(PolicyStudy(labelled, study.options, study.paths))
    assert told.startswith("Limit of 2% a month is clearly best")
    for labels, allowed in (({"nobody": "x"}, "one of ban"), ({"ban": "x", "levy": "x"}, "no other option")):
        with pytest.raises(InputError) as caught:
            policy_from(tree | {"labels": labels}, "made")
        assert any(allowed in problem.allowed for problem in caught.value.problems)


def test_figures_have_no_empty_panel_and_letters() -> None:
    for drawing in policy_drawings(made(STUDIES["clear"])):
        panels = [axes for axes in drawing.figure.axes if axes.get_label() != "<colorbar>"]
        assert all(axes.lines or axes.patches or axes.containers for axes in panels), drawing.name
        letters = [axes.get_title(loc="left") for axes in panels]
        assert letters == [f"({letter})" for letter in "abcd"[: len(panels)]] or len(panels) == 1
        for letter in letters if len(panels) > 1 else ():
            assert letter in drawing.caption
