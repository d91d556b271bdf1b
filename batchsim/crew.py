"""Pieces of work shared by processes under watch: one that crashes or hangs costs its own piece, and nobody else's.

``multiprocessing`` starts the processes and carries the messages. The pools of the standard library and of loky cannot
be used above it: when one process dies they give up all that waits, and do not say whose work killed it; and none of
them ends a call that hangs. Those that do (pebble) want to know how long a call may take before it begins; here that
grows with how long the others took.
"""

from __future__ import annotations

import os
import pickle
import signal
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Literal, Self

from batchsim.errors import ExperimentError
from batchsim.processes import born_deaf_to_interrupts, end_with_parent, leave_signals_to_parent

Work = Callable[..., Any]
Begin = Callable[[int], Work]
"""Is called once in each process, with its number, from 1; what it returns answers the pieces."""

PATIENCE_S = 600.0
"""No run is taken to hang before that ..."""
PATIENCE_RUNS = 100
"""... nor before it has taken so many times as long as the longest that came to its end."""
_START_S = 600.0
"""A process that has not loaded by then never will; many may load at once."""
_MOST_FAILED_STARTS = 3
"""In a row."""
_GRACE_S = 5.0


@dataclass(frozen=True, slots=True)
class Piece:
    """The arguments of one call, and of how many runs it consists."""

    arguments: tuple[Any, ...]
    runs: int = 1


@dataclass(frozen=True, slots=True)
class Lost:
    """In place of an answer: the process ended before it, or was ended as it took too long."""

    process: int = 0
    """The number of the process; 0 of one that is not ours."""
    exitcode: int | None = None
    """As ``multiprocessing`` has it, -N for signal N; None if it took too long."""
    allowed_s: float = 0.0
    """By the clock, where it took too long."""
    told: str = ""
    """What is known of a process that is not ours."""

    @property
    def ended_by(self) -> str:
        """What ended it: ``exit code 3``, ``SIGSEGV``; empty if it took too long."""
        if self.exitcode is None:
            return ""
        return _signal_name(-self.exitcode) if self.exitcode < 0 else f"exit code {self.exitcode}"

    @property
    def why(self) -> str:
        """The same for people."""
        if self.told:
            return self.told
        if self.exitcode is None:
            return f"it took longer than {self.allowed_s:.0f} s"
        if self.exitcode >= 0:
            return f"its process left with {self.ended_by}"
        why = ", perhaps for want of memory" if self.exitcode == -signal.SIGKILL else ""
        return f"its process was killed by {self.ended_by}{why}"


@dataclass(slots=True, eq=False)
class _Worker:
    """One process, the pipe to it, and what it is at."""

    process: BaseProcess
    pipe: Connection
    number: int
    since_s: float
    """When it was started, or given its piece."""
    task: tuple[int, Piece] | None = None
    is_up: bool = False
    done: int = 0


class Crew:
    """So many processes; a context manager, at whose end none is left."""

    def __init__(
        self,
        begin: Begin,
        workers: int,
        *,
        start: Literal["spawn", "forkserver"] = "spawn",
        preload: Sequence[str] = (),
        limit_s: float | None = None,
        lives: int | None = None,
        last_words: signal.Signals | None = None,
    ) -> None:
        """Nobody is started before there is work.

        Each process is a fresh interpreter, safe beside threads, and does one piece at a time. ``preload``: modules
        that those of a fork server have from the start. ``limit_s`` is the longest that a run may take by the clock on
        the wall; without one it is :data:`PATIENCE_S`, or more where others took long.
        After ``lives`` pieces a process is replaced, so that what its libraries keep does not fill its memory.
        ``last_words`` is sent to one that takes too long, which may then write down where it is.
        """
        self._begin = begin
        self._size = workers
        self._context = _context(start, preload)
        self._limit_s = limit_s
        self._lives = lives
        self._last_words = last_words
        self._workers: list[_Worker] = []
        self._again: deque[tuple[int, Piece]] = deque()
        """Pieces of processes that did not come up."""
        self._born = self._failed_starts = 0
        self._longest_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            _end(worker)
        self._workers.clear()

    def answers(self, pieces: Iterable[Piece]) -> Iterator[tuple[int, Any]]:
        """Number and answer of each piece, or :class:`Lost`, as they come; pieces are taken as processes get free.

        What the work raises is raised here. Raises :class:`ExperimentError` if no process can be started.
        """
        tasks = iter(enumerate(pieces))
        while True:
            self._hand_out(tasks)
            if not any(worker.task for worker in self._workers):
                return
            yield from self._next()

    # -- handing out

    def _hand_out(self, tasks: Iterator[tuple[int, Piece]]) -> None:
        """A piece for each process that has none, as long as there are any."""
        for worker in [each for each in self._workers if each.task is None and each.process.exitcode is not None]:
            self._dismiss(worker)  # it went while nobody asked it anything
        idle = [worker for worker in self._workers if worker.task is None]
        while idle or len(self._workers) < self._size:
            task = self._again.popleft() if self._again else next(tasks, None)
            if task is None:
                return
            worker = idle.pop() if idle else self._hire()
            worker.task, worker.since_s = task, time.monotonic()
            if worker.is_up:
                _send(worker)

    def _hire(self) -> _Worker:
        self._born += 1
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, self._begin, self._born), daemon=True)
        with born_deaf_to_interrupts():
            process.start()
        theirs.close()
        self._workers.append(_Worker(process, ours, self._born, time.monotonic()))
        return self._workers[-1]

    # -- hearing

    def _next(self) -> Iterator[tuple[int, Any]]:
        """Wait for the next messages, or for somebody's time to be up."""
        busy = [worker for worker in self._workers if worker.task]
        rest_s = min(self._due_s(worker) for worker in busy) - time.monotonic()
        ready = wait([worker.pipe for worker in busy], max(0.0, rest_s))
        for worker in busy:
            if worker.pipe in ready:
                yield from self._hear(worker)
            elif self._due_s(worker) <= time.monotonic():
                yield from self._overdue(worker)

    def _hear(self, worker: _Worker) -> Iterator[tuple[int, Any]]:
        try:
            kind, content = worker.pipe.recv()
        except (EOFError, OSError):
            yield from self._gone(worker)
            return
        if kind == "raised":
            raise content
        if kind == "ready":
            worker.is_up, worker.since_s, self._failed_starts = True, time.monotonic(), 0
            _send(worker)
        else:
            yield self._done(worker), content

    def _done(self, worker: _Worker) -> int:
        """Free a process that has answered; return the number of its piece."""
        number, piece = _task(worker)
        self._longest_s = max(self._longest_s, (time.monotonic() - worker.since_s) / piece.runs)
        worker.task = None
        worker.done += 1
        if worker.done == self._lives:
            self._dismiss(worker)
        return number

    def _gone(self, worker: _Worker) -> Iterator[tuple[int, Any]]:
        """A process has ended by itself."""
        worker.process.join(_GRACE_S)
        exitcode = worker.process.exitcode
        lost = Lost(worker.number, 0 if exitcode is None else exitcode)
        yield from self._lost(worker, lost)

    def _overdue(self, worker: _Worker) -> Iterator[tuple[int, Any]]:
        """A process takes too long."""
        if self._last_words is not None and worker.process.pid is not None:
            with suppress(OSError):
                os.kill(worker.process.pid, self._last_words)
            worker.process.join(_GRACE_S)
        yield from self._lost(worker, Lost(worker.number, None, self._allowed_s(worker)))

    def _lost(self, worker: _Worker, lost: Lost) -> Iterator[tuple[int, Any]]:
        """A piece is lost with its process, which never began it if it did not come up."""
        task = _task(worker)
        self._dismiss(worker)
        if worker.is_up:
            yield task[0], lost
            return
        self._again.append(task)
        self._failed_starts += 1
        if self._failed_starts >= _MOST_FAILED_STARTS:
            hint = 'take fewer workers; a script needs `if __name__ == "__main__":`'
            raise ExperimentError(f"no other process can be started: {lost.why} while it loaded; {hint}")

    def _dismiss(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        _end(worker)

    # -- patience

    def _allowed_s(self, worker: _Worker) -> float:
        if not worker.is_up:
            return _START_S
        each_s = max(PATIENCE_S, PATIENCE_RUNS * self._longest_s) if self._limit_s is None else self._limit_s
        return each_s * _task(worker)[1].runs

    def _due_s(self, worker: _Worker) -> float:
        return worker.since_s + self._allowed_s(worker)


def _context(start: Literal["spawn", "forkserver"], preload: Sequence[str]) -> SpawnContext | ForkServerContext:
    if start == "spawn":
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    return context


def _task(worker: _Worker) -> tuple[int, Piece]:
    if worker.task is None:
        raise RuntimeError("only processes with a piece are waited for")
    return worker.task


def _send(worker: _Worker) -> None:
    with suppress(OSError):  # one that is gone is heard of in a moment
        worker.pipe.send(_task(worker)[1].arguments)


def _end(worker: _Worker) -> None:
    worker.process.kill()
    worker.process.join(_GRACE_S)
    worker.pipe.close()


def _signal_name(number: int) -> str:
    return signal.Signals(number).name if number in list(signal.Signals) else f"signal {number}"


# -- in the processes


def _serve(pipe: Connection, begin: Begin, number: int) -> None:
    """What a process does: answer one call after the other, until nobody asks any more."""
    leave_signals_to_parent()
    end_with_parent()
    work = begin(number)
    with suppress(EOFError, ConnectionError):
        pipe.send(("ready", None))
        while True:
            pipe.send(_answer(work, pipe.recv()))


def _answer(work: Work, arguments: tuple[Any, ...]) -> tuple[str, Any]:
    try:
        return "done", work(*arguments)
    except Exception as error:  # noqa: BLE001 -- the parent raises it
        return "raised", that_travels(error)


def that_travels(error: Exception) -> Exception:
    """An error for another process, with where it came from; its words alone if it cannot be sent."""
    error.add_note("".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 -- our own
    except Exception:  # noqa: BLE001 -- whatever its class does
        return ExperimentError(f"{type(error).__name__}: {error}")
    return error
