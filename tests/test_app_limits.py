"""What a class keeps while others flood, guess, hang or lie: seats, answers in time, a server."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from app_server import Answer, Client, serving

PRICE = {"round": 0, "list_price": 150_000, "promotion": 0}


@pytest.fixture(scope="module")
def site() -> Iterator[Client]:
    with serving() as client:
        yield client


@pytest.fixture
def fresh() -> Iterator[Client]:
    with serving() as client:
        yield client


def port_of(site: Client) -> int:
    return int(site.base.rpartition(":")[2])


def seated(site: Client, players: int = 2) -> tuple[str, str, list[str]]:
    """Code, the teacher's secret and the players' of a game that has begun."""
    made = site.post("/api/game", {"rounds": 4, "firms": 3}).json
    door = f"/api/game/{made['code']}/join"
    tokens = [site.post(door, {"name": f"Player {n}"}).json["token"] for n in range(players)]
    assert site.post(f"/api/game/{made['code']}/order", {"do": "start"}, made["token"]).status == 200
    return made["code"], made["token"], tokens


def flood(
    site: Client, path: str, times: int, body: object = None, token: str = "", **more: str
) -> list[int]:
    """Statuses of so many requests over one connection that is kept open."""
    line = http.client.HTTPConnection("127.0.0.1", port_of(site), timeout=60)
    found = []
    for i in range(times):
        headers = {"Authorization": f"Bearer {token.format(i)}"} | {k: v.format(i) for k, v in more.items()}
        text = None if body is None else json.dumps(body)
        line.request("GET" if body is None else "POST", path.format(i), text, headers)
        answer = line.getresponse()
        answer.read()
        found.append(answer.status)
    line.close()
    return found


# -- games -----------------------------------------------------------------------------------------------


def test_wrong_codes_shut_nobody_out_but_the_guesser(fresh: Client) -> None:
    code, teacher, (ann, _) = seated(fresh)
    guesses = flood(fresh, "/api/game/AA{:03d}/state", 60)
    assert guesses[:20] == [404] * 20
    assert guesses.count(429) > 30
    assert fresh.get(f"/api/game/{code}/state", ann).status == 200
    assert fresh.post(f"/api/game/{code}/decide", PRICE, ann).status == 200
    assert fresh.post(f"/api/game/{code}/order", {"do": "pause"}, teacher).status == 200
    assert fresh.post(f"/api/game/{code}/join", {"name": "Cy"}).status == 201
    assert fresh.post("/api/game/ZZZZZ/join", {"name": "Cy"}).status == 429


def test_made_up_secrets_use_up_no_seat_of_that_address(fresh: Client) -> None:
    code, teacher, (ann, bo) = seated(fresh)
    for path, body in (("decide", PRICE), ("order", {"do": "end"}), ("state", None), ("debrief", None)):
        refused = flood(fresh, f"/api/game/{code}/{path}", 200, body, "made-up-{}")
        assert set(refused) <= {401, 429}
        assert 429 in refused
    assert fresh.post(f"/api/game/{code}/decide", PRICE, ann).status == 200
    assert fresh.get(f"/api/game/{code}/state", bo).status == 200
    assert fresh.post(f"/api/game/{code}/order", {"do": "pause"}, teacher).status == 200
    assert fresh.post(f"/api/game/{code}/join", {"name": "Cy"}).status == 201
    assert fresh.get(f"/api/game/{code}/state", teacher).json["phase"] == "paused"


def test_a_seat_that_floods_uses_up_its_own_budget_only(fresh: Client) -> None:
    code, teacher, (ann, bo) = seated(fresh)
    assert 429 in flood(fresh, f"/api/game/{code}/decide", 300, PRICE, ann)
    assert 429 in flood(fresh, f"/api/game/{code}/state", 400, None, ann)
    assert fresh.post(f"/api/game/{code}/decide", PRICE, bo).status in (200, 409)
    assert fresh.post(f"/api/game/{code}/order", {"do": "next"}, teacher).status == 200


def test_a_stranger_waits_for_no_news(site: Client) -> None:
    code, teacher, _ = seated(site)
    version = site.get(f"/api/game/{code}/state", teacher).json["version"]
    begin = time.monotonic()
    assert site.get(f"/api/game/{code}/state?since={version}", "made-up").status == 401
    assert time.monotonic() - begin < 14  # a poll lasts 15 s


def test_a_class_behind_one_address_comes_in_within_a_minute(site: Client) -> None:
    begin = time.monotonic()
    for game in range(5):
        code = site.post("/api/game", {"rounds": 4, "firms": 12}).json["code"]
        for n in range(12):
            answer = site.post(f"/api/game/{code}/join", {"name": f"Pupil {game} {n}"})
            assert answer.status == 201, answer.body
    assert time.monotonic() - begin < 60


def test_an_address_that_nobody_vouches_for_is_not_believed() -> None:
    with serving() as site:
        guesses = flood(site, "/api/game/AA{:03d}/state", 40, **{"X-Forwarded-For": "203.0.113.{}"})
        assert 429 in guesses
    with serving(proxies=["127.0.0.1"]) as site:
        assert flood(site, "/api/game/AA{:03d}/state", 40, **{"X-Forwarded-For": "203.0.113.1"})[-1] == 429
        assert flood(site, "/api/game/ZZZZZ/state", 1, **{"X-Forwarded-For": "203.0.113.2"}) == [404]
        lied = {"X-Forwarded-For": "198.51.100.{}, 203.0.113.1"}  # the first is what the caller wrote
        assert flood(site, "/api/game/AA{:03d}/state", 1, **lied) == [429]


def test_a_network_is_one_caller_in_ipv6() -> None:
    from starlette.requests import Request

    from pricewar.app.guard import caller

    def who(host: str) -> str:
        return caller(Request({"type": "http", "client": (host, 1)}))

    assert who("2001:db8::1") == who("2001:db8::ffff:0:0:1") != who("2001:db8:0:1::1")
    assert who("::ffff:192.0.2.1") == who("192.0.2.1") != who("192.0.2.2")


# -- runs ------------------------------------------------------------------------------------------------


def test_work_is_done_once_for_all_who_ask_at_once_and_few_wait() -> None:
    from pricewar.app.kitchen import Busy, Lane

    done: list[str] = []
    gate = threading.Event()

    def work(name: str) -> str:
        gate.wait(10)
        done.append(name)
        if name == "bad":
            raise ValueError(name)
        return name

    async def ask() -> list[Any]:
        lane = Lane(ThreadPoolExecutor(1), 3, threading.Event())
        names = ["a", "b", "a", "bad", "a", "c", "bad"]
        asked = [asyncio.ensure_future(lane.do(name, lambda name=name: work(name))) for name in names]  # type: ignore[misc]
        await asyncio.sleep(0.05)
        asked[2].cancel()  # one who leaves takes nothing from the others
        gate.set()
        answers = await asyncio.gather(*asked, return_exceptions=True)
        return [*answers, await lane.do("c", lambda: work("c"))]

    a, b, left, bad, again, full, bad_too, later = asyncio.run(ask())
    assert (a, b, again, later) == ("a", "b", "a", "c")
    assert isinstance(left, asyncio.CancelledError)
    assert isinstance(full, Busy)
    assert isinstance(bad, ValueError)
    assert isinstance(bad_too, ValueError)
    assert done == ["a", "b", "bad", "c"]


def test_what_waits_is_not_begun_once_the_server_closes() -> None:
    from pricewar.app.kitchen import Busy, Lane

    async def ask() -> None:
        closing = threading.Event()
        closing.set()
        with pytest.raises(Busy):
            await Lane(ThreadPoolExecutor(1), 3, closing).do("a", lambda: 1)

    asyncio.run(ask())


def test_a_run_that_many_ask_for_at_once_is_worked_out_once(
    site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pricewar.app import playback

    ran: list[int] = []
    run = playback.run

    def counted(scenario: Any, **more: Any) -> Any:
        ran.append(scenario.seed)
        return run(scenario, **more)

    monkeypatch.setattr(playback, "run", counted)
    answers = at_once([lambda: site.get("/api/run?scenario=byd-one-third&seed=9001")] * 8)
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert ran == [9001]


def at_once(calls: list[Any]) -> list[Answer]:
    with ThreadPoolExecutor(len(calls)) as crowd:
        return [each.result() for each in [crowd.submit(call) for call in calls]]


def test_a_flood_of_downloads_is_refused_with_words_and_a_game_goes_on(fresh: Client) -> None:
    code, _, (ann, _) = seated(fresh)
    assert fresh.get("/api/run?scenario=baseline").status == 200  # compiled by now
    taken: list[float] = []

    def get(seed: int) -> Answer:
        begin = time.monotonic()
        answer = fresh.get(f"/api/data.zip?scenario=baseline&seed={seed}")
        if answer.status != 200:
            taken.append(time.monotonic() - begin)
        return answer

    with ThreadPoolExecutor(24) as crowd:
        asked = [crowd.submit(get, seed) for seed in range(24)]
        while not all(one.done() for one in asked):
            begin = time.monotonic()
            assert fresh.get(f"/api/game/{code}/state", ann).status == 200
            assert time.monotonic() - begin < 3
            time.sleep(0.1)
        answers = [one.result() for one in asked]
    assert {answer.status for answer in answers} == {200, 503}
    refused = [answer for answer in answers if answer.status == 503]
    assert len(refused) >= 10
    assert "try again" in refused[0].json["error"]
    assert int(refused[0].headers["retry-after"]) > 0
    assert max(taken) < 5
    assert all(fresh.get(f"/api/data.zip?scenario=nothing&seed={n}").status in (422, 429) for n in range(20))
    assert fresh.get("/api/data.zip?scenario=nothing").status == 429


def test_a_value_out_of_range_is_said_to_be(site: Client) -> None:
    for value in ("-1", "inf", "-inf", "nan", "1e308", "x", ""):
        answer = site.get(f"/api/lessons/bertrand/run?value={value}")
        assert answer.status == 422, value
        assert "allowed: " in answer.json["error"]


KEPT = """
from pricewar.app.playback import frame
from pricewar.app.settings import Settings
def resident():
    return int(open('/proc/self/statm').read().split()[1]) * 4096 / 2**20
for seed in range(3): frame(Settings(seed=seed).plan('a').scenario)
before = resident()
for seed in range(100, 150): frame(Settings(seed=seed).plan('a').scenario)
print(resident() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_kept_runs_take_little_memory() -> None:
    done = subprocess.run([sys.executable, "-c", KEPT], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 80  # of 50 runs; the most that are kept take less than twice that


# -- names of the server ---------------------------------------------------------------------------------


def test_a_page_under_another_name_does_not_reach_the_server(site: Client) -> None:
    port = port_of(site)
    for host in (
        "evil.example",
        f"evil.example:{port}",
        "localhost.evil.example",
        "192.0.2.9",
        f"[::2]:{port}",
    ):
        for path, body in (("/", None), ("/api/catalogue", None), ("/api/game", {})):
            origin = {} if body is None else {"Origin": f"http://{host}"}
            assert flood(site, path, 1, body, Host=host, **origin) == [421], (host, path)
    answer = site.get("/api/lessons", Host="evil.example")
    assert "--allow-host" in answer.json["error"]
    page = site.get("/", Host="<b>evil")
    assert page.status == 421
    assert b"<b>evil" not in page.body
    for host in ("127.0.0.1", f"127.0.0.1:{port}", "localhost", f"LocalHost.:{port}"):
        assert site.get("/", Host=host).status == 200, host


@pytest.mark.parametrize(
    ("host", "reached", "names", "may"),
    [
        ("[::1]:8765", "::1", (), True),
        ("[0:0:0:0:0:0:0:1]", "::1", (), True),
        ("[::1]", "127.0.0.1", (), False),
        ("::1", "::1", (), False),  # without brackets it is no host
        ("192.168.1.5:8765", "::ffff:192.168.1.5", (), True),
        ("192.168.1.5", "192.168.1.6", (), False),
        ("[fe80::1]:8765", "fe80::1%eth0", (), True),
        ("class.example", "127.0.0.1", ("class.example",), True),
        ("CLASS.example.:443", "127.0.0.1", ("class.example",), True),
        ("class.example.evil", "127.0.0.1", ("class.example",), False),
        ("203.0.113.7", "10.0.0.2", ("203.0.113.7",), True),
        ("[2001:db8::7]", "10.0.0.2", ("2001:DB8:0::7",), True),
        ("class.example:port", "127.0.0.1", ("class.example",), False),
        ("class.example:443:1", "127.0.0.1", ("class.example",), False),
        ("user@class.example", "127.0.0.1", ("class.example",), False),
        ("", "127.0.0.1", ("class.example",), False),
        (None, "127.0.0.1", ("class.example",), False),
        ("2130706433", "127.0.0.1", (), False),
    ],
)
def test_hosts_are_compared_as_names_and_addresses(
    host: str | None, reached: str, names: tuple[str, ...], may: bool
) -> None:
    from pricewar.app.hosts import allowed

    assert allowed(host, reached, names) is may


def test_a_machine_has_names_of_its_own_on_a_network_only() -> None:
    from pricewar.app.hosts import own_names
    from pricewar.app.serve import addresses

    assert own_names("127.0.0.1") == own_names("::1") == {"localhost"}
    assert own_names("0.0.0.0") >= {"localhost", socket.gethostname().lower()}
    assert own_names("class.example") == {"localhost", "class.example"}
    assert addresses("::1", 8765) == ["http://[::1]:8765"]


def test_names_and_proxies_that_are_none_are_wrong_input() -> None:
    wrong = ["--allow-host", "http://x", "--allow-host", "x:80", "--proxy", "my-proxy"]
    done = subprocess.run(
        [sys.executable, "-m", "pricewar", "app", *wrong], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert all(f"found '{one}'" in done.stderr for one in wrong[1::2])


def test_what_is_not_there_is_told_to_people_as_a_page_and_to_scripts_as_json(site: Client) -> None:
    for path in ("/nosuch", "/static/nosuch.js"):
        page = site.get(path)
        assert page.status == 404
        assert page.headers["content-type"].startswith("text/html")
        assert b'<a href="/">' in page.body
        assert "content-security-policy" in page.headers
    for path in ("/api/none", "/api/lessons/nothing", "/api/"):
        answer = site.get(path)
        assert answer.status == 404
        assert answer.json["error"]
    assert site.post("/api/run", {}).json["error"]


# -- connections -----------------------------------------------------------------------------------------

HALVES = [
    b"",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
    b"POST /api/game HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50\r\n\r\n{",
    b"POST /api/game HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000000\r\n\r\n{",  # refused, and goes on
    b"GET /nosuch HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /",
]


def closed_after(line: socket.socket, begin: float, trickle: bytes = b"") -> float:
    """Seconds until the other side closes; `trickle` is sent again and again meanwhile."""
    line.settimeout(0.2)
    while time.monotonic() - begin < 15:
        try:
            if trickle:
                line.sendall(trickle)
            if line.recv(65536) == b"":
                break
        except TimeoutError:
            continue
        except OSError:
            break
    return time.monotonic() - begin


@pytest.fixture
def hurried(fresh: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A server whose patience is a second."""
    from pricewar.app.connections import Connection

    assert Connection.patience <= 15
    assert Connection.reading <= 60
    monkeypatch.setattr(Connection, "patience", 1.0)
    monkeypatch.setattr(Connection, "reading", 1.0)
    return fresh


def test_half_a_request_is_not_waited_for(hurried: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), ThreadPoolExecutor(10) as crowd:
        kept = http.client.HTTPConnection("127.0.0.1", port_of(hurried), timeout=10)
        kept.request("GET", "/nosuch")
        kept.getresponse().read()
        lines = [socket.create_connection(("127.0.0.1", port_of(hurried))) for _ in HALVES]
        begin = time.monotonic()
        for line, half in zip(lines, HALVES, strict=True):
            line.sendall(half)
        slow = socket.create_connection(("127.0.0.1", port_of(hurried)))
        slow.sendall(HALVES[1])
        asked = [crowd.submit(closed_after, line, begin) for line in lines]
        asked.append(crowd.submit(closed_after, slow, begin, b"x"))
        gone = [one.result() for one in asked]
        assert all(0.5 < seconds < 8 for seconds in gone), gone
        kept.request("GET", "/nosuch")  # a browser that rests between two requests is not in a hurry
        assert kept.getresponse().status == 404
        lines = [socket.create_connection(("127.0.0.1", port_of(hurried))) for _ in range(20)]
        for line in lines:
            line.sendall(HALVES[2])
        time.sleep(0.3)
        for line in lines:
            line.close()
        time.sleep(0.5)
        assert hurried.get("/nosuch").status == 404
    assert caplog.records == []


def test_an_answer_that_nobody_reads_is_given_up(hurried: Client) -> None:
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect(("127.0.0.1", port_of(hurried)))
    once = b"GET /static/vendor/d3.min.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    line.sendall(once * 100)
    time.sleep(3.0)
    line.settimeout(5)
    total = 0
    try:
        while part := line.recv(1 << 20):
            total += len(part)
    except OSError:
        pass
    whole = len(hurried.get("/static/vendor/d3.min.js").body) * 100
    assert 0 < total < whole


def test_players_get_in_while_slow_ones_hang(fresh: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from pricewar.app.connections import Connection

    code, _, (ann, _) = seated(fresh)
    kept = http.client.HTTPConnection("127.0.0.1", port_of(fresh), timeout=10)
    version = fresh.get(f"/api/game/{code}/state", ann).json["version"]
    kept.request("GET", f"/api/game/{code}/state?since={version}", headers={"Authorization": f"Bearer {ann}"})
    time.sleep(0.5)  # it is heard: who has not yet asked for anything may have to make room
    monkeypatch.setattr(Connection, "most", 30)
    lines = [socket.create_connection(("127.0.0.1", port_of(fresh))) for _ in range(600)]
    for n, line in enumerate(lines):
        try:
            line.sendall(HALVES[1 + n % 2])
        except OSError:
            continue  # made room already
    begin = time.monotonic()
    assert fresh.post(f"/api/game/{code}/decide", PRICE, ann).status == 200
    assert kept.getresponse().status == 200, "who waits for news is not thrown out"
    assert time.monotonic() - begin < 14  # a poll lasts 15 s
    for line in lines:
        line.close()


def test_there_is_room_for_a_class_within_the_files_of_a_process() -> None:
    from pricewar.app.connections import SPARE_FILES, room

    resource = pytest.importorskip("resource")
    assert 100 <= room() <= resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_FILES
