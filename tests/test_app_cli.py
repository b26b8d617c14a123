"""`pricewar app` as people start it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the extra `app` is not installed")
pytest.importorskip("tomli_w", reason="the extra `app` is not installed")

from pricewar.app.serve import addresses, is_free

WITHIN = 5.0
"""Seconds of the processor from the command to the end: others on the machine do not count."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(port: int) -> tuple[float, int, str]:
    """Seconds of the processor until an interrupt has ended it, exit code, and what it said."""
    begin, before = time.perf_counter(), os.times()
    command = [sys.executable, "-m", "pricewar", "app", "--forget", "--port", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        while time.perf_counter() - begin < 300 and process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                    assert answer.status == 200
                break
            except OSError:
                time.sleep(0.02)
        else:
            raise AssertionError("no page within five minutes")
    finally:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=300)
    after = os.times()
    taken = after.children_user + after.children_system - before.children_user - before.children_system
    return taken, process.returncode, said


def test_the_page_stands_within_seconds_and_an_interrupt_ends_it() -> None:
    taken, code, said = start(free_port())
    assert taken < WITHIN
    assert "pricewar classroom: http://127.0.0.1:" in said
    assert "Traceback" not in said
    assert code in (0, 130)


def test_a_browser_that_waits_for_news_does_not_hold_the_server_up() -> None:
    port = free_port()
    command = [sys.executable, "-m", "pricewar", "app", "--forget", "--port", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        code, token, version = open_a_game(port)
        waiting = threading.Thread(
            target=ask, args=[port, f"/api/game/{code}/state?since={version}", None, token]
        )
        waiting.start()
        time.sleep(0.5)
    finally:
        process.send_signal(signal.SIGINT)
    begin = time.perf_counter()
    _, said = process.communicate(timeout=300)
    waiting.join(timeout=20)
    assert time.perf_counter() - begin < 14  # a poll lasts 15 s
    assert "Traceback" not in said


def ask(port: int, path: str, body: object = None, token: str = "") -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data)
    request.add_header("Authorization", f"Bearer {token}")
    for _ in range(600):
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return {"status": error.code}
        except OSError:
            time.sleep(0.1)
    raise AssertionError("no server")


def open_a_game(port: int) -> tuple[str, str, int]:
    made = ask(port, "/api/game", {})
    return (
        made["code"],
        made["token"],
        ask(port, f"/api/game/{made['code']}/state", None, made["token"])["version"],
    )


def test_a_port_in_use_is_wrong_input() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not is_free("127.0.0.1", port)
        done = subprocess.run(
            [sys.executable, "-m", "pricewar", "app", "--forget", "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert done.returncode == 2
    assert f"found {port}" in done.stderr
    assert "--port" in done.stderr


def test_addresses_name_this_machine() -> None:
    assert addresses("127.0.0.1", 80) == ["http://127.0.0.1:80"]
    assert addresses("0.0.0.0", 81)[0] == "http://127.0.0.1:81"
