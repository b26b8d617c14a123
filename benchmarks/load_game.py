"""A class on loopback: scripted players play a whole game over HTTP while their times are taken.

    python benchmarks/load_game.py --players 12 --rounds 24 --market textbook

A step is what a class waits for: from the moment the last player's decision is sent until a browser has the
new month in its hands, each browser measured by itself. Nothing leaves this machine.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

SERVER = "import sys; from pricewar.app.serve import serve; serve('127.0.0.1', int(sys.argv[1]))"


class Browser:
    """One connection that is kept open, as a browser does."""

    def __init__(self, port: int, token: str = "") -> None:
        self.port, self.token = port, token
        self.line = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def ask(self, path: str, body: dict | None = None) -> dict:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        text = None if body is None else json.dumps(body)
        self.line.request("GET" if body is None else "POST", path, text, headers)
        answer = self.line.getresponse()
        said = json.loads(answer.read())
        if answer.status >= 400:
            raise RuntimeError(f"{path}: {answer.status} {said}")
        return said


class Player(threading.Thread):
    """Follows the game as the page does, and decides once in each round."""

    def __init__(self, port: int, code: str, number: int, rounds: int) -> None:
        super().__init__(daemon=True)
        seat = Browser(port).ask(f"/api/game/{code}/join", {"name": f"Team {number}"})
        self.watching, self.writing = Browser(port, seat["token"]), Browser(port, seat["token"])
        self.code, self.number, self.rounds = code, number, rounds
        self.sent: dict[int, float] = {}
        self.decided: list[float] = []
        self.seen: dict[int, float] = {}
        self.failed: Exception | None = None

    def run(self) -> None:
        try:
            self.follow()
        except Exception as error:  # the others would wait for this player for ever
            self.failed = error

    def follow(self) -> None:
        version, done = "", -1
        while True:
            state = self.watching.ask(f"/api/game/{self.code}/state?since={version}")
            version = state["version"]
            self.seen.setdefault(state["round"], time.perf_counter())
            if state["phase"] == "over":
                return
            if state["phase"] == "open" and state["round"] > done:
                done = state["round"]
                self.decide(state)

    def decide(self, state: dict) -> None:
        low, high = state["limits"]["list"]
        price = state["reference"] * (1.0 - 0.01 * ((state["round"] * (self.number + 1)) % 17))
        body = {
            "round": state["round"],
            "list_price": min(max(price, low), high),
            "promotion": 100 * self.number,
        }
        self.sent[state["round"]] = begin = time.perf_counter()
        self.writing.ask(f"/api/game/{self.code}/decide", body)
        self.decided.append(time.perf_counter() - begin)


@contextmanager
def server():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    begin = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(port)])
    try:
        page = until_open(port, begin)
        Browser(port).ask("/api/run?scenario=baseline")
        yield port, page, time.perf_counter() - begin
    finally:
        process.terminate()
        process.wait(timeout=30)


def until_open(port: int, begin: float) -> float:
    """Seconds until the page is served."""
    while time.perf_counter() - begin < 60:
        try:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            line.request("GET", "/")
            if line.getresponse().status == 200:
                return time.perf_counter() - begin
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("the server does not start")


def play(port: int, market: str, players: int, rounds: int) -> dict:
    rules = {"market": market, "firms": players, "rounds": rounds, "seconds": 600}
    made = Browser(port).ask("/api/game", rules)
    code, teacher = made["code"], Browser(port, made["token"])
    crowd = [Player(port, code, number, rounds) for number in range(players)]
    for player in crowd:
        player.start()
    begin = time.perf_counter()
    teacher.ask(f"/api/game/{code}/order", {"do": "start"})
    while any(player.is_alive() for player in crowd):
        crowd[0].join(timeout=0.05)
        for player in crowd:
            if player.failed is not None:
                raise player.failed
    total = time.perf_counter() - begin
    steps = [
        1e3 * (player.seen[round_ + 1] - max(p.sent[round_] for p in crowd))
        for round_ in range(rounds)
        for player in crowd
    ]
    late = [
        1e3 * (player.seen[round_ + 1] - max(p.sent[round_] for p in crowd))
        for round_ in range(rounds - 6, rounds)
        for player in crowd
    ]
    decisions = [1e3 * seconds for player in crowd for seconds in player.decided]
    begin = time.perf_counter()
    teacher.ask(f"/api/game/{code}/debrief")
    return {
        "market": market, "players": players, "rounds": rounds,
        "step_median_ms": statistics.median(steps), "step_p95_ms": statistics.quantiles(steps, n=20)[-1],
        "step_max_ms": max(steps), "last_rounds_median_ms": statistics.median(late),
        "decide_median_ms": statistics.median(decisions), "whole_game_s": total,
        "debrief_s": time.perf_counter() - begin,
    }  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--players", type=int, default=12)
    options.add_argument("--rounds", type=int, default=24)
    options.add_argument("--market", choices=("textbook", "china"), action="append")
    given = options.parse_args()
    with server() as (port, page, ready):
        games = [
            play(port, market, given.players, given.rounds)
            for market in given.market or ("textbook", "china")
        ]
    machine = {"python": platform.python_version(), "cores": os.cpu_count(), "load": os.getloadavg()[0]}
    start = {"page_s": page, "first_run_s": ready}
    print(json.dumps({"machine": machine, "start": start, "games": games}, indent=2))


if __name__ == "__main__":
    main()
