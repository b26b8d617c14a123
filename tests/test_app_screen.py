"""The screen on the page: a pasted table, its answer, its refusals, and the code that does the same."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_server import Client, serving

from pricewar.screen import Change, read_market
from pricewar.screen import screen as run_screen

TABLE = "product,firm,price,share,margin\na,x,10,0.2,0.3\nb,y,12,0.1,\nc,z,9,0.15,-0.25\n"
CHINESE = "车型\t厂商\t售价（万元）\t份额(%)\t毛利率\n"
CHINESE += "秦\t比亚迪\t10\t20\t30%\n汉\t小米\t12\t10\t\n合计\t\t\t30\t\n"


@pytest.fixture(scope="module")
def site() -> Iterator[Client]:
    with serving() as client:
        yield client


def test_a_pasted_table_is_screened_as_the_command_does(site: Client) -> None:
    answer = site.post("/api/screen", {"table": TABLE, "merge": ["x", "y"], "market_size": 1000})
    assert answer.status == 200, answer.body
    market = read_market("t", 1000.0, content=TABLE.encode())
    found = run_screen(market, Change(merge=("x", "y")), draws=100)
    assert answer.json["spread"] == found.spread != ""
    assert answer.json["firms"] == ["x", "y", "z"]
    assert any("below cost" in note for note in answer.json["notes"])
    titles = [page["title"] for page in answer.json["pages"]]
    assert "the same change under other forms of demand" in titles
    assert any(title.startswith("guidelines") for title in titles)


def test_without_a_merger_it_is_the_market_as_it_is(site: Client) -> None:
    answer = site.post("/api/screen", {"table": CHINESE})
    assert answer.status == 200, answer.body
    assert answer.json["spread"] == ""
    assert answer.json["firms"] == ["小米", "比亚迪"]
    assert any("Row 4 is a total" in note for note in answer.json["notes"])


def test_what_is_wrong_is_told_with_row_and_column(site: Client) -> None:
    answer = site.post("/api/screen", {"table": TABLE.replace("12", "twelve").replace("0.15", "15")})
    assert answer.status == 422
    assert {one["place"] for one in answer.json["problems"]} == {"row 3, column price", "row 4, column share"}
    assert site.post("/api/screen", {"table": TABLE, "merge": ["x", "q"]}).status == 422
    assert site.post("/api/screen", {"table": TABLE, "unknown": 1}).status == 422
    assert site.post("/api/screen", {"table": "x" * 20_000}).status == 413
    many = "product,firm,price,quantity,margin\n" + "".join(f"p{i},f,1,9,.2\n" for i in range(201))
    assert b"at most 200" in site.post("/api/screen", {"table": many, "market_size": 5000}).body


def test_two_tables_at_once_are_two_answers(site: Client) -> None:
    """Work that is under way is shared by those who ask for the same, and for nothing else."""
    from concurrent.futures import ThreadPoolExecutor

    tables = [TABLE.replace("a,x", f"a,firm {i}") for i in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda table: site.post("/api/screen", {"table": table}).json, tables))
    assert [answer["firms"][0] for answer in answers] == [f"firm {i}" for i in range(4)]


def test_the_code_of_a_run_prints_its_numbers(site: Client, tmp_path: Path) -> None:
    """Whatever is in the table, quotes and ends of texts too, is a text in the code."""
    odd = TABLE.replace("a,x", '"a\'""\\n"")\'\'\'",x')
    answer = site.post("/api/screen", {"table": odd, "merge": ["x", "y"]}).json
    code = tmp_path / "screen.py"
    code.write_text(answer["code"], encoding="utf-8")
    done = subprocess.run([sys.executable, str(code)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(answer["spread"])
    assert "thresholds" in done.stdout


def test_the_page_in_a_browser(site: Client, tmp_path: Path) -> None:
    browser_kit = pytest.importorskip("app_browser")
    with browser_kit.playwright.sync_playwright() as play:
        start = {"executable_path": browser_kit.CHROMIUM, "args": browser_kit.ARGS}
        started = play.chromium.launch(headless=True, **start)
        page = started.new_context(viewport={"width": 390, "height": 844}, accept_downloads=True).new_page()
        watch = browser_kit.Watch(page)
        page.goto(f"{site.base}/screen")
        page.wait_for_selector("#answer section")
        assert "market as it is" in page.inner_text("#spread")
        page.fill("#table", TABLE)
        page.click("#screen")
        page.wait_for_selector("#first option[value=x]", state="attached")
        page.select_option("#first", "x")
        page.select_option("#second", "y")
        page.click("#screen")
        page.wait_for_selector("#spread:has-text('The form of demand')")
        with page.expect_download() as caught:
            page.click("#code")
        saved = tmp_path / "screen.py"
        caught.value.save_as(saved)
        assert "merge=('x', 'y')" in saved.read_text(encoding="utf-8")
        page.screenshot(path=tmp_path / "phone.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert watch.errors == []
        page.fill("#table", TABLE.replace("12", "twelve"))
        page.click("#screen")
        page.wait_for_selector("#answer .error")
        assert "row 3, column price: found 'twelve'" in page.inner_text("#answer .error")
        assert page.is_disabled("#code")
        started.close()
