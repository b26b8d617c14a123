"""Worker processes of our own: spawned, one thread of arithmetic each, gone when their parent is gone."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, Final

from .work import GRACE, Chunk, Outcome, attempt, over_time

_ONE_THREAD: Final = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_START: Final = 120.0
"""Seconds that a process may take to start."""


class SerialExecutor(Executor):
    """Runs each task at once in this process. A run that ends its process ends yours."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """A future that is done."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def spawned_pool(workers: int) -> ProcessPoolExecutor:
    """A pool of fresh processes; forked ones would inherit the compiler's threads and abort."""
    with one_thread(), deaf_to_ctrl_c():
        pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=settle)
        for _ in range(workers):  # start them all while the environment says one thread
            pool.submit(os.getpid)
    return pool


def settle() -> None:
    """At the start of a worker: end at once on Ctrl-C if that is heard, and end when the parent is gone."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)


@contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """Processes started inside hear of Ctrl-C when they are settled, so that they die without a traceback.

    This process hears of it at the end of the block.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # else it is started inside, and lets signals through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def abandon(pool: Executor) -> None:
    """End a pool of processes whose answers nobody waits for; what they are at may take long."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    asked = getattr(getattr(pool, "_call_queue", None), "_reader", None)
    manager = getattr(pool, "_executor_manager_thread", None)  # a pool that was shut down forgets it
    pool.shutdown(wait=False, cancel_futures=True)
    time.sleep(0.05)  # its thread must have dropped what is cancelled before it sees the workers go
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(timeout=10.0)
    if manager is None:
        return
    manager.join(timeout=2.0)  # alive at exit, it would close the line by which the exit wakes it
    if manager.is_alive() and asked is not None:
        asked.close()  # before Python 3.11.5 a thread writes for ever into a pipe that nobody reads
        manager.join(timeout=10.0)


@contextmanager
def one_thread() -> Iterator[None]:
    """Processes started inside use one thread of arithmetic each."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class Isolation:
    """Runs the runs of lost chunks one by one, each answer by itself, in a process of their own.

    A run that takes its process down, or that does not heed its time limit, costs its own row only.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._process: SpawnProcess | None = None
        self._line: Connection | None = None

    def submit(self, chunk: Chunk) -> Future[list[Outcome]]:
        """The future answers of all runs of a chunk."""
        return self._thread.submit(self._all, replace(chunk, own_process=True))

    def close(self) -> None:
        """End the process."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._end()

    def _all(self, chunk: Chunk) -> list[Outcome]:
        return [self._one(replace(chunk, items=(item,))) for item in chunk.items]

    def _one(self, chunk: Chunk) -> Outcome:
        if self._process is None:
            self._start()
        assert self._line is not None
        begin = time.perf_counter()
        try:
            self._line.send(chunk)
            if self._line.poll(chunk.time_limit + 2 * GRACE):
                outcome: Outcome = self._line.recv()
                return outcome
            error = over_time(chunk.time_limit)
        except (EOFError, OSError):
            error = self._why(chunk, time.perf_counter() - begin)
        except Exception as failure:  # a chunk or an answer that cannot be sent
            error = f"{type(failure).__name__}: {failure}"
        self._end()
        return Outcome(chunk.items[0], error=error, seconds=time.perf_counter() - begin)

    def _why(self, chunk: Chunk, seconds: float) -> str:
        if seconds >= chunk.time_limit:
            return over_time(chunk.time_limit)
        assert self._process is not None
        self._process.join(GRACE)
        return f"WorkerDied: its process ended with exit code {self._process.exitcode}"

    def _start(self) -> None:
        context = get_context("spawn")
        self._line, there = context.Pipe()
        with one_thread(), deaf_to_ctrl_c():
            self._process = context.Process(target=_serve, args=(there,), daemon=True)
            self._process.start()
        there.close()
        if self._line.poll(_START):
            self._line.recv()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join(GRACE)
        if self._line is not None:
            self._line.close()
        self._process = self._line = None


def _serve(line: Connection) -> None:
    settle()
    line.send("ready")
    while True:
        try:
            chunk = line.recv()
        except EOFError:
            return
        line.send(attempt(chunk, chunk.items[0]))
