"""What comes in at a classroom's server at once: downloads, and requests that never come whole."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

FLOOD_S = 20.0
"""How long those who are refused ask again."""
HALF = b"POST /api/game HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{"
"""A request that never comes whole."""


def flood(port: int, times: int, first: int) -> dict:
    """So many downloads of different runs at once; what became of them."""
    asked, statuses, refused = [0], [], []
    begin = time.perf_counter()

    def get(seed: int) -> None:
        while True:
            asked[0] += 1
            sent = time.perf_counter()
            status = download(port, f"/api/data.zip?scenario=baseline&seed={seed}&compare=1")
            if status not in (429, 503):
                break
            refused.append(time.perf_counter() - sent)
            if time.perf_counter() - begin > FLOOD_S:
                break
            time.sleep(0.5)
        statuses.append(status)

    crowd = [threading.Thread(target=get, args=[first + seed], daemon=True) for seed in range(times)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    return {
        "asked": asked[0], "answered": statuses.count(200),
        "refused": len(refused), "lost": statuses.count(0),
        "slowest_refusal_s": max(refused, default=0.0), "begin": begin, "end": time.perf_counter(),
    }  # fmt: skip


def hang(port: int, times: int) -> dict:
    """So many connections at once that send half a request, each opened anew when it is ended."""
    begin, opened, ended, refused = time.perf_counter(), 0, 0, 0
    lines: list[socket.socket] = []
    while time.perf_counter() - begin < FLOOD_S:
        while len(lines) < times:
            try:
                line = socket.create_connection(("127.0.0.1", port), timeout=5)
                line.sendall(HALF)
            except OSError:
                refused += 1
                break
            line.setblocking(False)
            opened += 1
            lines.append(line)
        held = [line for line in lines if not closed(line)]
        ended += len(lines) - len(held)
        lines = held
        time.sleep(0.05)
    for line in lines:
        line.close()
    return {
        "opened": opened, "ended_by_server": ended, "refused": refused, "held_at_the_end": len(lines),
        "begin": begin, "end": time.perf_counter(),
    }  # fmt: skip


def closed(line: socket.socket) -> bool:
    """Whether the server has ended a connection; if so, it is closed here too."""
    try:
        over = line.recv(4096) == b""
    except BlockingIOError:
        return False
    except OSError:
        over = True
    if over:
        line.close()
    return over


def attacks(port: int, times: int, slow: int, first: int) -> list[dict]:
    """What comes in at once: downloads, slow connections, or both."""
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(flood, port, times, first)] if times else []
        asked += [pool.submit(hang, port, slow)] if slow else []
        return [one.result() for one in asked]


def download(port: int, path: str) -> int:
    """Status of a download that was read to its end; 0 if there was none."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        line.request("GET", path)
        answer = line.getresponse()
        answer.read()
    except OSError:
        return 0
    finally:
        line.close()
    return answer.status


def more_files() -> None:
    """Ask for as many open files as this process may have: each connection is one."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def meanwhile(times: list[dict[float, float]], floods: list[dict]) -> list[float]:
    """Milliseconds of what began while a flood came in."""
    return [
        1e3 * seconds
        for one in times
        for begin, seconds in one.items()
        if any(flood["begin"] <= begin <= flood["end"] for flood in floods)
    ]
