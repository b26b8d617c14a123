"""Sixty phones on loopback: a class in fifteen markets of four decides at once, round after round.

    python benchmarks/load_class.py --phones 60 --rounds 24

Each phone follows its market as the page does, with a long poll and a kept connection, and decides at a
moment of its own within one second. A desk and a wall follow too. Printed are the times of decisions, the
time from the last decision until a phone has the new month, and the memory of the server after each third of
the rounds. It exits with 1 if a phone got an error, or if a limit is missed. Nothing leaves this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import threading
import time

from load_game import Browser, Player, resident, server, spread

MEDIAN_MS, P95_MS = 100.0, 400.0
"""Limits of a decision's time."""
GROWTH_MIB = 25.0
"""What memory may grow by from the first third of the rounds to the last."""


class Phone(Player):
    """A player who decides within a second."""

    def decide(self, state: dict) -> None:
        time.sleep((self.number * 0.618) % 1.0)
        super().decide(state)


class Room(threading.Thread):
    """A desk or a wall: looks whenever there is something new."""

    def __init__(self, browser: Browser, path: str) -> None:
        super().__init__(daemon=True)
        self.browser, self.path = browser, path
        self.times: list[float] = []

    def run(self) -> None:
        version = ""
        while True:
            begin = time.perf_counter()
            state = self.browser.ask(f"{self.path}?since={version}")
            if str(state["version"]) != version:
                self.times.append(1e3 * (time.perf_counter() - begin))
            version = str(state["version"])
            if state["phase"] == "over":
                return


def play(port: int, pid: int, phones: int, rounds: int) -> dict:
    """One class from the start to the joint debrief."""
    rules = {
        "firms": 4,
        "rounds": rounds,
        "seconds": 600,
        "groups": [{"name": "all", "markets": phones // 4}],
    }
    made = Browser(port).ask("/api/game", rules)
    place, teacher = f"/api/game/{made['code']}", Browser(port, made["token"])
    crowd = [Phone(port, made["code"], number, rounds) for number in range(phones)]
    rooms = [Room(Browser(port, made["token"]), f"{place}/state"), Room(Browser(port), f"{place}/wall")]
    for thread in (*crowd, *rooms):
        thread.start()
    teacher.ask(f"{place}/order", {"do": "start"})
    memory = []
    for third in (1, 2, 3):
        while any(p.is_alive() and len(p.sent) < third * rounds // 3 and not p.failed for p in crowd):
            time.sleep(0.05)
        memory.append(resident(pid))
    for player in crowd:
        player.join(timeout=600)
    begin = time.perf_counter()
    teacher.ask(f"{place}/joint")
    last = {round_: max(p.sent[round_] for p in crowd) for round_ in range(rounds)}
    steps = [1e3 * (p.seen[round_ + 1] - last[round_]) for p in crowd for round_ in range(rounds)]
    return {
        "phones": phones, "markets": phones // 4, "rounds": rounds,
        "errors": [str(p.failed) for p in crowd if p.failed is not None],
        "decide_ms": spread([1e3 * seconds for p in crowd for seconds in p.decided]),
        "step_ms": spread(steps), "memory_mib": memory, "joint_s": time.perf_counter() - begin,
        "desk_and_wall_answers": [len(room.times) for room in rooms],
    }  # fmt: skip


def missed(found: dict) -> list[str]:
    """What was not held."""
    said = [f"error of a phone: {error}" for error in found["errors"][:3]]
    for what, limit in (("median", MEDIAN_MS), ("p95", P95_MS)):
        if found["decide_ms"][what] > limit:
            said.append(f"a decision, {what}: {found['decide_ms'][what]:.0f} ms, wanted {limit:.0f}")
    if (grown := found["memory_mib"][2] - found["memory_mib"][0]) > GROWTH_MIB:
        said.append(f"memory grew by {grown:.0f} MiB, allowed {GROWTH_MIB:.0f}")
    return said


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--phones", type=int, default=60)
    options.add_argument("--rounds", type=int, default=24)
    given = options.parse_args()
    load = os.getloadavg()[0]
    with server() as (port, _, _, pid):
        found = play(port, pid, given.phones, given.rounds)
    machine = {"python": platform.python_version(), "cores": os.cpu_count(), "load_before": load}
    print(json.dumps({"machine": machine, "found": found}, indent=2))
    said = missed(found)
    for one in said:
        print(one, file=sys.stderr)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
