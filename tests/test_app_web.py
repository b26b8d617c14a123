"""The server over HTTP: runs equal to `run`, downloads, limits, and what is refused."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from app_server import Client, serving

from pricewar.runs import run
from pricewar.scenario.files import load

LINK = "scenario=byd-one-third&seed=3&b.warning=80&b.below_cost=50&compare=1"
STATIC = Path(__file__).parents[1] / "pricewar" / "app" / "static"


@pytest.fixture(scope="module")
def site() -> Iterator[Client]:
    with serving() as client:
        yield client


def open_game(site: Client, **rules: object) -> tuple[str, str]:
    made = site.post("/api/game", {"rounds": 4, "firms": 3, **rules})
    assert made.status == 201, made.body
    return made.json["code"], made.json["token"]


@pytest.mark.parametrize(
    "path", ["/", "/explore", "/lessons", "/lessons/bertrand", "/screen", "/game", "/game/ABCDE"]
)
def test_every_part_has_its_page(site: Client, path: str) -> None:
    page = site.get(path)
    assert page.status == 200
    assert b"pricewar classroom" in page.body


def test_unknown_pages_and_lessons_are_not_found(site: Client) -> None:
    for path in (
        "/admin",
        "/static/../api.py",
        "/api/lessons/nothing",
        "/api/lessons/nothing/run",
        "/api/none",
    ):
        assert site.get(path).status == 404, path


def test_a_run_of_the_page_is_pricewar_run(site: Client) -> None:
    runs = site.get(f"/api/run?{LINK}").json["runs"]
    assert [one["name"] for one in runs] == ["byd-one-third-a", "byd-one-third-b"]
    again = run("byd-one-third", [3]).require_complete().market
    assert runs[0]["raw"]["price_index"] == list(again["price_index"])
    assert runs[0]["raw"]["producer_surplus"] == list(again["producer_surplus"])
    assert "consumer_surplus" not in runs[0]["raw"], "a level of surplus is told nowhere"
    assert runs[1]["raw"]["price_index"] != runs[0]["raw"]["price_index"]


def test_the_link_of_an_answer_gives_the_same_answer(site: Client) -> None:
    first = site.get(f"/api/run?{LINK}").json
    query = "&".join(f"{key}={value}" for key, value in first["query"].items())
    assert site.get(f"/api/run?{query}").json == first


def test_downloads_hold_tables_and_files_that_run(site: Client, tmp_path: Path) -> None:
    archive = zipfile.ZipFile(io.BytesIO(site.get(f"/api/data.zip?{LINK}").body))
    names = set(archive.namelist())
    assert {"byd-one-third-a-market.csv", "byd-one-third-b-firms.csv", "byd-one-third-b.toml"} <= names
    path = tmp_path / "b.toml"
    path.write_bytes(archive.read("byd-one-third-b.toml"))
    assert path.read_bytes() == site.get(f"/api/scenario.toml?{LINK}&side=b").body
    market = pd.read_csv(io.BytesIO(archive.read("byd-one-third-b-market.csv")))
    again = run(load(path)).market
    assert market["war_index"].to_numpy() == pytest.approx(again["war_index"].to_numpy(), rel=1e-12)


def test_a_wrong_setting_is_named(site: Client) -> None:
    answer = site.get("/api/run?scenario=baseline&a.cut_depth=99&leader=ford")
    assert answer.status == 422
    assert "cut_depth" in answer.json["error"]
    assert site.get("/api/firms/../../etc").status == 404
    assert site.get("/api/firms/nothing").status == 422
    assert site.get("/api/lessons/bertrand/run?value=x").status == 422


def test_nothing_on_the_pages_comes_from_another_host(site: Client) -> None:
    policy = site.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "'unsafe-eval'" not in policy
    assert "http" not in policy
    for path in [*STATIC.glob("*.js"), *STATIC.glob("*.css"), *STATIC.glob("*.html")]:
        found = re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", path.read_text("utf-8"))
        assert [link for link in found if "w3.org" not in link] == [], path.name


def test_text_never_goes_into_the_page_as_markup() -> None:
    for path in STATIC.glob("*.js"):
        text = path.read_text("utf-8")
        for way in ("innerHTML", "outerHTML =", "insertAdjacentHTML", "document.write", "eval("):
            assert way not in text, (path.name, way)


def test_vendored_libraries_are_the_published_ones() -> None:
    import hashlib

    notes = json.loads((STATIC / "vendor" / "vendor.json").read_text("utf-8"))
    assert {note["file"] for note in notes} == {path.name for path in (STATIC / "vendor").glob("*.js")}
    for note in notes:
        path = STATIC / "vendor" / note["file"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == note["sha256"]
        assert (path.parent / note["licence"]).is_file()


# -- the game over HTTP ----------------------------------------------------------------------------------


def test_a_game_from_the_door_to_the_files(site: Client, tmp_path: Path) -> None:
    code, teacher = open_game(site)
    seats = [site.post(f"/api/game/{code}/join", {"name": name}).json for name in ("Ann", "Bo", "Cy")]
    assert site.post(f"/api/game/{code}/order", {"do": "start"}, teacher).status == 200
    for round_ in range(4):
        for i, seat in enumerate(seats):
            price = {"round": round_, "list_price": 180_000 - 8000 * round_ * (i + 1), "promotion": 500}
            assert site.post(f"/api/game/{code}/decide", price, seat["token"]).status == 200
    state = site.get(f"/api/game/{code}/state", seats[0]["token"]).json
    assert state["phase"] == "over"
    assert site.get(f"/api/game/{code}/debrief", seats[0]["token"]).json["first_cut"][0]["player"] == "Cy"
    assert site.get(f"/api/game/{code}/results.csv", seats[0]["token"]).status == 403
    csv = pd.read_csv(io.BytesIO(site.get(f"/api/game/{code}/results.csv", teacher).body))
    path = tmp_path / "game.toml"
    path.write_bytes(site.get(f"/api/game/{code}/scenario.toml", teacher).body)
    again = run(path).require_complete().firms
    assert csv["operating_profit"].to_numpy() == pytest.approx(
        again["operating_profit"].to_numpy(), rel=1e-12
    )


def test_strangers_wrong_codes_and_forged_messages_are_refused(site: Client) -> None:
    code, teacher = open_game(site)
    ann, bo = (site.post(f"/api/game/{code}/join", {"name": name}).json for name in ("Ann", "Bo"))
    site.post(f"/api/game/{code}/order", {"do": "start"}, teacher)
    price = {"round": 0, "list_price": 150_000, "promotion": 0}
    decide = f"/api/game/{code}/decide"
    assert site.post("/api/game/ZZZZZ/join", {"name": "Cy"}).status == 404
    assert site.post(decide, price).status == 401
    assert site.post(decide, price, "not-a-token").status == 401
    assert site.post(decide, price | {"firm": bo["firm"]}, ann["token"]).status == 403
    assert site.post(decide, price | {"list_price": 1}, ann["token"]).status == 422
    assert site.post(decide, price | {"list_price": "much"}, ann["token"]).status == 422
    assert site.post(decide, price | {"cash": 1e12}, ann["token"]).status == 422
    assert site.post(decide, b'{"round": 0, "list_price": NaN, "promotion": 0}', ann["token"]).status == 422
    assert site.post(f"/api/game/{code}/order", {"do": "end"}, ann["token"]).status == 403
    assert site.get(f"/api/game/{code}/state").status == 401
    assert site.get(f"/api/game/{code}/debrief", ann["token"]).status == 409
    seats = site.get(f"/api/game/{code}/state", teacher).json["seats"]
    assert [seat["decided"] for seat in seats] == [False, False, False]


def test_a_page_of_another_origin_and_a_huge_body_are_refused(site: Client) -> None:
    assert site.post("/api/game", {}, Origin="http://elsewhere.test").status == 403
    assert site.post("/api/game", {}, Origin=site.base).status == 201
    assert site.post("/api/game", b"x" * 20_000).status == 413
    assert site.post("/api/game", b"not json").status == 422
    assert site.post("/api/game", {"firms": 40}).status == 422


def test_guessing_codes_is_slowed_down_and_games_are_limited() -> None:
    with serving(games=2) as small:
        for name in ("Ann", "Bo"):  # a game with a player in it gives way to nobody
            code, _ = open_game(small)
            assert small.post(f"/api/game/{code}/join", {"name": name}).status == 201
        assert small.post("/api/game", {}).status == 503
        guesses = [small.get(f"/api/game/AAA{i:02d}/state").status for i in range(40)]
        assert 404 in guesses
        assert guesses[-1] == 429


def test_a_waiting_browser_hears_of_news_at_once(site: Client) -> None:
    import threading
    import time

    code, teacher = open_game(site)
    version = site.get(f"/api/game/{code}/state", teacher).json["version"]
    timer = threading.Timer(0.5, lambda: site.post(f"/api/game/{code}/join", {"name": "Ann"}))
    timer.start()
    begin = time.monotonic()
    state = site.get(f"/api/game/{code}/state?since={version}", teacher).json
    assert state["seats"][0]["player"] == "Ann"
    assert 0.3 < time.monotonic() - begin < 10
