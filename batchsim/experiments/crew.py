"""Pieces of work shared by processes: one that crashes or hangs costs its own piece, and nobody else's."""

from __future__ import annotations

import pickle
import signal
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from batchsim.errors import ExperimentError
from batchsim.processes import born_deaf_to_interrupts, ignore_interrupts

Work = Callable[..., Any]

PATIENCE_S = 600.0
"""No run is taken to hang before that ..."""
PATIENCE_RUNS = 100
"""... nor before it has taken so many times as long as the longest that came to its end."""
_MOST_FAILED_STARTS = 3
_GRACE_S = 5.0


@dataclass(frozen=True, slots=True)
class Lost:
    """In place of an answer: the process ended before it, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Piece:
    """The arguments of one call, and of how many runs it consists."""

    arguments: tuple[Any, ...]
    runs: int = 1


def shared(
    work: Work, pieces: Sequence[Piece], workers: int, limit_s: float | None = None
) -> Iterator[tuple[int, Any]]:
    """Number and answer of each piece, or :class:`Lost`, in the order in which they come.

    Each process is a fresh interpreter, safe beside threads, and does one piece at a time. ``limit_s`` is the longest
    that a run may take by the clock on the wall; without one it is :data:`PATIENCE_S`, or more where others took long.
    What ``work`` raises is raised here. Raises :class:`ExperimentError` if no process can be started.
    """
    crew = _Crew(work, deque(enumerate(pieces)), limit_s)
    try:
        crew.grow(min(workers, len(pieces)))
        while crew.is_busy:
            yield from crew.answers()
    finally:
        crew.dismiss()


@dataclass(slots=True, eq=False)
class _Worker:
    """One process, and what it is at."""

    process: SpawnProcess
    connection: Connection
    loaded: bool = False
    number: int = -1
    """Of its piece; -1 while it has none."""
    runs: int = 1
    since_s: float = 0.0

    def receive(self) -> tuple[str, Any] | None:
        """The next message; None if the process is gone."""
        try:
            message: tuple[str, Any] = self.connection.recv()
        except (EOFError, OSError):
            return None
        return message

    def end(self) -> str:
        """Wait for the end of a process that is gone, and say how it came."""
        self.process.join(_GRACE_S)
        code = self.process.exitcode
        if code is None or code >= 0:
            return f"its process left with exit code {code}"
        name = signal.Signals(-code).name if -code in list(signal.Signals) else f"signal {-code}"
        return f"its process was killed by {name}" + (", perhaps for want of memory" if name == "SIGKILL" else "")


@dataclass(slots=True)
class _Crew:
    """The processes, the pieces that wait for one, and the longest that a run took."""

    work: Work
    waiting: deque[tuple[int, Piece]]
    limit_s: float | None
    workers: list[_Worker] = field(default_factory=list)
    longest_s: float = 0.0
    failed_starts: int = 0

    @property
    def is_busy(self) -> bool:
        return bool(self.waiting) or any(worker.number >= 0 for worker in self.workers)

    def grow(self, count: int) -> None:
        """Start so many processes."""
        context = get_context("spawn")
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, self.work), daemon=True)
            with born_deaf_to_interrupts():
                process.start()
            theirs.close()
            self.workers.append(_Worker(process, ours))

    def answers(self) -> Iterator[tuple[int, Any]]:
        """Wait for the next messages, or for somebody's time to be up."""
        by_connection = {worker.connection: worker for worker in self.workers}
        for connection in wait(list(by_connection), self._rest_s()):
            yield from self._heard(by_connection[connection])  # type: ignore[index]
        now_s = time.monotonic()
        for worker in [each for each in self.workers if each.number >= 0 and self._due_s(each) <= now_s]:
            yield worker.number, Lost(f"it took longer than {self._patience_s() * worker.runs:.0f} s")
            self._replace(worker)

    def dismiss(self) -> None:
        """End all processes, whatever they are at."""
        for worker in self.workers:
            worker.process.kill()
        for worker in self.workers:
            worker.process.join(_GRACE_S)
            worker.connection.close()
        self.workers.clear()

    def _heard(self, worker: _Worker) -> Iterator[tuple[int, Any]]:
        message = worker.receive()
        if message is None:
            if worker.number >= 0:
                yield worker.number, Lost(worker.end())
            elif not worker.loaded:
                self._failed_to_start(worker)
            self._replace(worker)
            return
        kind, content = message
        if kind == "raised":
            raise content
        worker.loaded = True
        if kind == "done":
            self.longest_s = max(self.longest_s, (time.monotonic() - worker.since_s) / worker.runs)
            yield worker.number, content
        self._hand_out(worker)

    def _hand_out(self, worker: _Worker) -> None:
        """The next piece, if there is one."""
        worker.number = -1
        if self.waiting:
            worker.number, piece = self.waiting.popleft()
            worker.runs, worker.since_s = piece.runs, time.monotonic()
            with suppress(OSError):  # one that is gone is heard of in a moment
                worker.connection.send(piece.arguments)

    def _replace(self, worker: _Worker) -> None:
        worker.process.kill()
        worker.process.join(_GRACE_S)
        worker.connection.close()
        self.workers.remove(worker)
        self.grow(1 if self.waiting else 0)

    def _failed_to_start(self, worker: _Worker) -> None:
        self.failed_starts += 1
        if self.failed_starts >= _MOST_FAILED_STARTS:
            hint = 'take fewer workers; a script needs `if __name__ == "__main__":`'
            raise ExperimentError(f"no other process can be started: {worker.end()} while it loaded; {hint}")

    def _patience_s(self) -> float:
        return self.limit_s if self.limit_s is not None else max(PATIENCE_S, PATIENCE_RUNS * self.longest_s)

    def _due_s(self, worker: _Worker) -> float:
        return worker.since_s + self._patience_s() * worker.runs

    def _rest_s(self) -> float | None:
        """Seconds until the first one's time is up."""
        due = [self._due_s(worker) for worker in self.workers if worker.number >= 0]
        return max(0.0, min(due) - time.monotonic()) if due else None


def _serve(connection: Connection, work: Work) -> None:
    """What a process does: answer one call after the other, until nobody asks any more."""
    ignore_interrupts()
    connection.send(("ready", None))
    while True:
        try:
            arguments = connection.recv()
        except (EOFError, OSError):
            return
        try:
            message = ("done", work(*arguments))
        except Exception as error:  # noqa: BLE001 -- the parent raises it
            message = ("raised", _that_travels(error))
        connection.send(message)


def _that_travels(error: Exception) -> Exception:
    """The error, with where it came from; its words alone if it cannot be sent."""
    error.add_note("".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 -- our own
    except Exception:  # noqa: BLE001 -- whatever its class does
        return ExperimentError(f"{type(error).__name__}: {error}")
    return error
