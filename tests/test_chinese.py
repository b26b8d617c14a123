"""Two languages: every sentence is translated, none is left in code, and tables are the same in both."""

from __future__ import annotations

import ast
import json
import os
import re
import string
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from synthetic import results

from pricewar.base.chinese import ChineseWords, say_date, words_here
from pricewar.base.errors import InputError
from pricewar.base.speech import catalogue, language, retell, say, say_many, say_name, speaking
from pricewar.base.words import Words
from pricewar.cli.output import Wish, write_all
from pricewar.plots import draw_figures, story
from pricewar.plots.lettering import fill, width
from pricewar.plots.letters import BOLD, FONT
from pricewar.plots.style import number, short, short_month

ROOT: Final = Path(__file__).parents[1]
TREE: Final = {
    "market": {"currency": "CNY", "unit": "cars"},
    "products": {"a": {"units": 900_000.0, "list_price": 150_000.0, "promotion": 20_000.0}},
    "firms": {"x": {}},
}


def few(runs):
    kept = {name: getattr(runs, name) for name in ("firms", "products")}
    log = runs.log.assign(what="BYD cuts all prices by a third")
    names = {"byd": "BYD", "geely": "Geely", "xiaomi": "Xiaomi"}
    tables = {k: f[f["firm"].isin(list(names))] for k, f in kept.items()}
    return runs.but(**tables, names=names, log=log, about={})


@pytest.fixture(scope="module")
def runs():
    return few(results(("baseline", "byd-one-third"), seeds=3, periods=12))


@pytest.fixture(scope="module")
def folders(runs, tmp_path_factory):
    made = {}
    for lang in ("en", "zh"):
        with speaking(lang):
            made[lang] = tmp_path_factory.mktemp("said") / lang
            write_all(runs, made[lang], Wish(figures="few"))
    return made


# -- the catalogue --------------------------------------------------------------------------------


def test_the_catalogue_has_what_the_code_says_and_nothing_else() -> None:
    made = pytest.importorskip("pricewar.publish.catalogue")
    said = {(m.context, m.id) for m in made.extracted() if m.id}
    held = {(m.context, m.id) for m in made.kept("zh_CN") if m.id}
    assert said - held == set(), "python -m pricewar.publish.catalogue"
    assert held - said == set(), "python -m pricewar.publish.catalogue"


def test_every_sentence_is_translated_with_the_same_places() -> None:
    made = pytest.importorskip("pricewar.publish.catalogue")
    for message in made.kept("zh_CN"):
        if not message.id:
            continue
        english = message.id if isinstance(message.id, tuple) else (message.id,)
        chinese = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(chinese), english
        if message.context != "name":
            assert _places(chinese[0]) == _places(english[-1]), english


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_what_programs_read_is_what_the_catalogue_says() -> None:
    made = pytest.importorskip("pricewar.publish.catalogue")
    file = ROOT / "pricewar/locale/zh_CN/LC_MESSAGES/pricewar.mo"
    assert file.read_bytes() == made.compiled(made.kept("zh_CN"))


def test_the_shipped_font_has_all_letters_that_are_said() -> None:
    from fontTools.ttLib import TTFont

    said = {letter for text in catalogue("zh").values() for letter in text if ord(letter) > 0x2E80}
    for font in (FONT, BOLD):
        missing = said - {chr(code) for code in TTFont(font).getBestCmap()}
        assert missing == set(), f"python -m pricewar.publish.han: {font.name}"


def test_a_catalogue_is_to_be_had_as_plain_texts() -> None:
    texts = catalogue("zh")
    assert texts["Consumer surplus"] == "消费者剩余"
    assert texts["{many} seed"] == "{many}个种子"
    assert catalogue("en") == {}
    json.dumps(texts)


# -- strings in code ------------------------------------------------------------------------------

SPEAKERS: Final = {"say", "phrase", "say_many", "phrase_many"}
CHECKED: Final = (
    *(f"plots/{name}.py" for name in (
        "__init__", "breakeven", "campaigns", "data", "firms", "gains", "lettering", "letters", "market",
        "responses", "ribbon", "style",
    )),
    *(f"report/{name}.py" for name in ("__init__", "differences", "findings", "inputs", "sure", "tables")),
    *(f"cli/{name}.py" for name in ("output", "summary")),
)  # fmt: skip
LATER: Final = {
    "plots": {"backtest", "experiment", "experiment_bars", "experiment_lines", "experiment_maps",
              "experiment_regions", "origins", "policy", "posterior", "screen"},
    "report": {"brief", "cards", "experiment", "numbers", "policy", "policy_findings", "policy_words",
               "search", "war_page"},
}  # fmt: skip
"""Figures and reports of other commands, which have no --lang yet; cards, numbers and war_page make pages of
the English documentation."""
NOT_FOR_PEOPLE: Final = {
    "DejaVu Sans": "a font", "Pricewar Han": "a font", "Noto Sans CJK SC": "a font", "Noto Sans SC": "a font",
    "Source Han Sans SC": "a font", "Source Han Sans CN": "a font", "PingFang SC": "a font",
    "Microsoft YaHei": "a font", "WenQuanYi Micro Hei": "a font", "WenQuanYi Zen Hei": "a font",
    "Hiragino Sans GB": "a font", "Arial Unicode MS": "a font",
    "missing from font": "part of a warning of matplotlib", " Plain": "a font",
    "data:image/svg+xml;base64,": "an address",
    "upper left": "a word of matplotlib",
    "axes fraction": "a word of matplotlib", "offset points": "a word of matplotlib",
    "scenario == @scenario and status == 'ok'": "a query", "welfare, open": "a key of a table",
    " (cars: ": "part of a pattern", " million": "English alone: the axis says m",
    '<a href="comparison.csv">comparison.csv</a>': "a file",
}  # fmt: skip
"""What looks like words and is none, and why."""
_WORDS: Final = re.compile(r"[A-Za-z]{2,} |[ ][A-Za-z]{2,}")


@pytest.mark.parametrize("name", CHECKED)
def test_no_sentence_stands_outside_the_catalogue(name: str) -> None:
    tree = ast.parse((ROOT / "pricewar" / name).read_text(encoding="utf-8"))
    skipped = {id(node) for part in ast.walk(tree) for node in _unseen(part)}
    found = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped
    }
    assert {text for text in found if _WORDS.search(text)} - set(NOT_FOR_PEOPLE) == set()


def _unseen(node: ast.AST):
    """Constants within what is said, raised or documented."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node.value
    called = node.func if isinstance(node, ast.Call) else None
    known = (
        called.id
        if isinstance(called, ast.Name)
        else called.attr
        if isinstance(called, ast.Attribute)
        else ""
    )
    if known in SPEAKERS or isinstance(node, ast.Raise) or known in {"bad_input", "compile", "split"}:
        yield from ast.walk(node)


def test_all_figures_and_reports_are_checked_or_named() -> None:
    for folder, later in LATER.items():
        there = {path.stem for path in (ROOT / "pricewar" / folder).glob("*.py")}
        checked = {Path(name).stem for name in CHECKED if name.startswith(folder)}
        assert there == checked | later


def test_the_template_says_all_its_words() -> None:
    text = (ROOT / "pricewar/report/report.html.j2").read_text(encoding="utf-8")
    body = re.sub(r"\{[{%#].*?[}%#]\}", " ", text.partition("<body>")[2], flags=re.S)
    words = re.findall(r"[A-Za-z]{2,}", re.sub(r"<[^>]*>", " ", body))
    assert words == []


# -- what is said ---------------------------------------------------------------------------------


def test_english_stands_as_it_is_and_other_threads_keep_their_language() -> None:
    assert language() == "en"
    assert say("{low} to {high}", low=1, high=2) == "1 to 2"
    assert say_many("{many} seed", "{many} seeds", 1) == "1 seed"
    with speaking("zh"):
        assert say("{low} to {high}", low=1, high=2) == "1至2"
        assert say_many("{many} seed", "{many} seeds", 3) == "3个种子"
        assert say("a sentence that nobody has translated") == "a sentence that nobody has translated"
    assert language() == "en"
    with pytest.raises(InputError, match="one of en, zh"), speaking("fr"):
        pass


def test_names_and_lines_that_were_kept_in_english_are_said_again() -> None:
    assert say_name("BYD") == "BYD"
    with speaking("zh"):
        assert say_name("BYD") == "比亚迪"
        assert say_name("My own firm") == "My own firm"
        assert retell("BYD runs out of cash and leaves") == "比亚迪现金耗尽，退出"
        assert retell("end of: BYD cuts all prices by a third") == "结束：比亚迪全系降价三分之一"
        assert retell("what a user has written") == "what a user has written"


def test_money_and_units_are_in_yi_and_wan() -> None:
    english = Words.of(TREE)
    assert (english.axis(), english.total.size) == ("CNY bn", 1e9)
    assert type(words_here(TREE)) is Words
    with speaking("zh"):
        _check_chinese(words_here(TREE))


def _check_chinese(chinese: Words) -> None:
    assert (chinese.axis(), chinese.total.size) == ("亿元", 1e8)
    assert chinese.amount("10.0") == "10.0亿元"
    assert (chinese.counted, chinese.many.size) == ("万辆", 1e4)
    assert (chinese.of_money(chinese.price), chinese.price.size) == ("万元", 1e4)
    assert chinese.axis(chinese.finer(chinese.total)) == "百万元"
    assert chinese.periods(36) == "36个月"
    assert chinese.prices(128_000.0) == "128,000元"
    assert all(scale.factor == pytest.approx(1 / scale.size) for scale in ChineseWords.scales)


@pytest.mark.parametrize(
    ("moment", "said", "narrow"),
    [
        ("2025-05", "2025年5月", "25年5月"),
        ("2025-W20", "2025年第20周", "25年第20周"),
        ("2025-Q2", "2025年第2季度", "25年第2季度"),
        ("2025-05-12", "2025年5月12日", "25年5月12日"),
    ],
)
def test_dates_are_written_as_in_china(moment: str, said: str, narrow: str) -> None:
    assert say_date(moment) == moment
    with speaking("zh"):
        assert (say_date(moment), short_month(moment)) == (said, narrow)


def test_lines_break_between_chinese_letters_and_not_before_marks() -> None:
    assert width("比亚迪 BYD") == 10
    assert max(width(line) for line in fill("比亚迪成交价下调三分之一，为期半年", 21).split("\n")) <= 22
    assert not any(line.startswith("，") for line in fill("一二三四五六七八九十，一二", 20).split("\n"))
    assert fill("SU7 crash and a long title", 12) == "SU7 crash\nand a long\ntitle"
    assert short("东风（岚图、奕派、纳米）", 17) == "东风"


def test_thousands_have_the_mark_of_the_language() -> None:
    assert number(-12345.6, 0) == "−12\u202f346"
    with speaking("zh"):
        assert number(-12345.6, 0) == "−12,346"


# -- what is written ------------------------------------------------------------------------------

LATIN: Final = re.compile(r"[A-Za-z]{3,}")
ALLOWED: Final = {
    "pricewar", "baseline", "byd", "one", "third", "logit", "HHI", "csv", "comparison", "draws", "SVG",
}  # fmt: skip
"""Names of programs, scenarios, files and formats, and an index and a scale that the trade calls so."""


def test_tables_are_the_same_in_both_languages(folders) -> None:
    english, chinese = folders["en"], folders["zh"]
    for file in english.rglob("*"):
        if file.suffix in {".csv", ".parquet"}:
            assert file.read_bytes() == (chinese / file.relative_to(english)).read_bytes(), file.name
    records = [json.loads((folder / "run.json").read_text("utf-8")) for folder in (english, chinese)]
    words = {"figures/captions.json", "figures/captions.md", "report.html"}
    for record in records:
        files = record.pop("files", {})
        assert {name for name in files if name not in words and not name.endswith(".svg")}
    assert records[0] == records[1]


def test_a_chinese_report_has_no_english_word(folders) -> None:
    page = (folders["zh"] / "report.html").read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in page
    assert "主要结论" in page
    shown = re.sub(r"<(style|code|pre)\b.*?</\1>|<!--.*?-->", " ", page, flags=re.S)
    software = re.sub(r"软件：.*?。", " ", re.sub(r"<[^>]*>", " ", shown))
    assert set(LATIN.findall(software)) - ALLOWED == set()


def test_words_of_figures_are_chinese(folders) -> None:
    words = json.loads((folders["zh"] / "figures/captions.json").read_text("utf-8"))
    for drawing in words.values():
        for text in drawing.values():
            assert set(LATIN.findall(text)) - ALLOWED == set(), text


def test_letters_in_figures_are_chinese_and_have_a_shape(runs, recwarn) -> None:
    from matplotlib.text import Text

    with speaking("zh"):
        for drawing in draw_figures(story(runs)):
            drawing.svg  # noqa: B018
            for text in drawing.figure.findobj(Text):
                assert set(LATIN.findall(text.get_text())) - ALLOWED == set(), (drawing.name, text.get_text())
    assert [str(one.message) for one in recwarn if "font" in str(one.message)] == []


def test_english_is_what_it_was_before_there_was_a_catalogue(folders) -> None:
    """The files of tests/golden were written by the code before sentences went through a catalogue."""
    page = (folders["en"] / "report.html").read_text(encoding="utf-8")
    cut = re.sub(r'base64,[^"]*|<style>.*?</style>|Software:.*?Fingerprints', "", page, flags=re.S)
    golden = ROOT / "tests/golden"
    assert cut == (golden / "said.html").read_text(encoding="utf-8")
    captions = (folders["en"] / "figures/captions.md").read_text(encoding="utf-8")
    assert captions == (golden / "said.md").read_text(encoding="utf-8")


def test_same_language_same_bytes(runs, folders, tmp_path) -> None:
    with speaking("zh"):
        write_all(runs, tmp_path / "again", Wish(figures="few"))
    for file in (folders["zh"]).rglob("*.*"):
        again = tmp_path / "again" / file.relative_to(folders["zh"])
        assert file.read_bytes() == again.read_bytes(), file.name


def test_a_terminal_without_chinese_letters_gets_utf_8(runs, tmp_path) -> None:
    write_all(runs, tmp_path / "kept", Wish(figures="none"))
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    asked = ["report", str(tmp_path / "kept"), "--figures", "none", "--lang", "zh"]
    done = subprocess.run(
        [sys.executable, "-m", "pricewar", *asked],
        capture_output=True,
        env={**os.environ, **plain},
        check=True,
    )
    assert "消费者剩余" in done.stdout.decode("utf-8")
    assert done.stderr.decode("utf-8") == ""


def test_letters_that_no_font_has_are_told_once(runs, monkeypatch) -> None:
    from pricewar.base.errors import FontWarning
    from pricewar.plots import letters

    monkeypatch.setattr(letters, "_chinese", lambda: ())
    with speaking("zh"):
        drawing = draw_figures(story(runs), few=True)[1]
        with pytest.warns(FontWarning, match="字体") as told:
            drawing.svg  # noqa: B018
    assert len(told) == 1
