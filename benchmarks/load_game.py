"""A class on loopback: scripted players play a whole game over HTTP while their times are taken.

    python benchmarks/load_game.py --players 12 --rounds 24 --market textbook
    python benchmarks/load_game.py --flood 80 --rounds 24
    python benchmarks/load_game.py --slow 600 --rounds 24

With --flood: 40 players in four games, who think for up to three seconds, while so many ask for the data of
different runs at once from the same address, and ask again as long as they are refused, for 20 s, twice. The
times are those of requests that players made meanwhile. It exits with 1 if a player got an error or waited
too long, or if the server's memory grew.

With --slow: the same 40 players, while so many connections at once send half a request and no more. Each one
that the server ends is opened anew, for 20 s, twice. With --flood too, both come in together.

A step is what a class waits for: from the moment the last player's decision is sent until a browser has the
new month in its hands, each browser measured by itself. Nothing leaves this machine.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

from attacks import attacks, meanwhile, more_files

P95_MS = 400.0
"""What 95% of players' requests must stay under while others flood."""
GROWTH_MIB = 150.0
"""What the server's memory may grow by in the first flood: runs that are kept."""
AGAIN_MIB = 25.0
"""What it may grow by in the second: nothing is kept any more than before."""
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
        yield port, page, time.perf_counter() - begin, process.pid
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


class Pupil(Player):
    """A player who thinks before deciding, and looks at the state of the game in between."""

    def __init__(self, *given) -> None:
        super().__init__(*given)
        self.luck = random.Random(self.number)
        self.looked: dict[float, float] = {}
        self.took: dict[float, float] = {}
        self.errors: list[str] = []

    def decide(self, state: dict) -> None:
        time.sleep(self.luck.uniform(0.0, 3.0))
        try:
            super().decide(state)
            self.took[self.sent[state["round"]]] = self.decided[-1]
            begin = time.perf_counter()
            self.writing.ask(f"/api/game/{self.code}/state")
            self.looked[begin] = time.perf_counter() - begin
        except Exception as error:
            self.errors.append(str(error)[:200])
            self.writing = Browser(self.watching.port, self.watching.token)


def resident(pid: int) -> float:
    """MiB of memory that a process holds (Linux)."""
    with open(f"/proc/{pid}/statm", encoding="utf-8") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def class_under_flood(port: int, pid: int, rounds: int, times: int, slow: int) -> dict:
    """Four games of ten players while floods come in; times, errors and memory."""
    pupils = []
    for market in ("textbook", "china", "textbook", "china"):
        rules = {"market": market, "firms": 10, "rounds": rounds, "seconds": 6}
        made = Browser(port).ask("/api/game", rules)
        pupils += [Pupil(port, made["code"], number, rounds) for number in range(10)]
        Browser(port, made["token"]).ask(f"/api/game/{made['code']}/order", {"do": "start"})
    before = resident(pid)
    for pupil in pupils:
        pupil.start()
    time.sleep(5)
    floods, memory = [], [before]
    for first in (1_000, 2_000):
        floods += attacks(port, times, slow, first)
        memory.append(resident(pid))
    for pupil in pupils:
        pupil.join(timeout=600)
    memory.append(resident(pid))
    errors = [error for pupil in pupils for error in pupil.errors]
    errors += [str(pupil.failed) for pupil in pupils if pupil.failed is not None]
    decided = meanwhile([pupil.took for pupil in pupils], floods)
    looked = meanwhile([pupil.looked for pupil in pupils], floods)
    for one in floods:
        one["seconds"] = one.pop("end") - one.pop("begin")
    return {
        "players": len(pupils), "decisions": sum(len(pupil.took) for pupil in pupils),
        "decisions_meanwhile": len(decided), "errors": len(errors), "first_errors": errors[:3],
        "decide_ms": spread(decided), "state_ms": spread(looked), "floods": floods,
        "memory_mib": {"before": memory[0], "after_floods": memory[1:3], "after_games": memory[3]},
    }  # fmt: skip


def spread(times: list[float]) -> dict:
    """Median, 95th percentile and maximum; infinite where nobody was answered."""
    if len(times) < 2:
        return dict.fromkeys(("median", "p95", "max"), float("inf"))
    return {
        "median": statistics.median(times),
        "p95": statistics.quantiles(times, n=20, method="inclusive")[-1],
        "max": max(times),
    }


def missed(found: dict) -> list[str]:
    """What was not held of what is promised."""
    said = []
    if found["errors"]:
        said.append(f"{found['errors']} errors of players")
    for what in ("decide_ms", "state_ms"):
        if found[what]["p95"] > P95_MS:
            said.append(f"{what}: 95th percentile {found[what]['p95']:.0f}, wanted {P95_MS:.0f}")
    memory = found["memory_mib"]
    first, second = memory["after_floods"]
    if first - memory["before"] > GROWTH_MIB:
        said.append(f"memory grew by {first - memory['before']:.0f} MiB, allowed {GROWTH_MIB:.0f}")
    if second - first > AGAIN_MIB:
        said.append(f"memory grew again by {second - first:.0f} MiB, allowed {AGAIN_MIB:.0f}")
    return said


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--players", type=int, default=12)
    options.add_argument("--rounds", type=int, default=24)
    options.add_argument("--market", choices=("textbook", "china"), action="append")
    options.add_argument("--flood", type=int, default=0, help="downloads at once, while 40 play")
    options.add_argument("--slow", type=int, default=0, help="half requests at once, while 40 play")
    given = options.parse_args()
    more_files()
    load = os.getloadavg()[0]
    with server() as (port, page, ready, pid):
        if given.flood or given.slow:
            found = class_under_flood(port, pid, given.rounds, given.flood, given.slow)
        else:
            markets = given.market or ("textbook", "china")
            found = [play(port, market, given.players, given.rounds) for market in markets]
    machine = {"python": platform.python_version(), "cores": os.cpu_count(), "load_before": load}
    start = {"page_s": page, "first_run_s": ready}
    print(json.dumps({"machine": machine, "start": start, "found": found}, indent=2))
    said = missed(found) if given.flood or given.slow else []
    for one in said:
        print(one, file=sys.stderr)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
