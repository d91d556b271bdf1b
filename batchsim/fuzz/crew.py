"""Worker processes under watch: one that dies or hangs fails its mutant and is replaced; the others go on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Self

from batchsim.fuzz.judge import Verdict, failed
from batchsim.fuzz.worker import STARTED, Setup, Task, serve
from batchsim.processes import born_deaf_to_interrupts

_TICK_S = 0.25
"""How often the clock is looked at while nobody answers."""
_START_S = 120.0
"""A worker that has not come up by then never will."""
_TASKS_EACH = 3_000
"""After so many a worker is replaced, so that what its libraries keep does not fill its memory."""
HUNG = "hung"
_PRELOADED = [f"batchsim.{name}" for name in ("simulation", "analysis.check", "report.terminal", "spec.notes")]
"""What every trial needs: a process is forked off one that has loaded it, in hundredths of a second."""


@dataclass
class _Worker:
    """A process, the pipe to it, and what it is at."""

    process: BaseProcess
    pipe: Connection
    folder: Path
    task: Task | None = None
    since: float = field(default_factory=time.monotonic)
    is_up: bool = False
    done: int = 0


class Crew:
    """So many workers; a context manager, at whose end none is left."""

    def __init__(self, setup: Setup, workers: int, folder: Path) -> None:
        """``folder`` is theirs to write in."""
        self._setup = setup
        self._number = workers
        self._folder = folder
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload([setup.trial.__module__, *_PRELOADED])
        self._workers: list[_Worker] = []
        self._born = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for worker in self._workers:
            self._end(worker)

    def verdicts(self, tasks: Iterator[Task]) -> Iterator[Verdict]:
        """The verdict on each task, in the order in which they are reached; tasks are taken as workers get free."""
        while True:
            self._hand_out(tasks)
            if not any(worker.task for worker in self._workers):
                return
            yield from self._next()

    def verdict(self, task: Task) -> Verdict:
        """The verdict on one task."""
        return next(self.verdicts(iter([task])))

    def _hand_out(self, tasks: Iterator[Task]) -> None:
        """A task for each worker that has none, as long as there are any."""
        idle = [worker for worker in self._workers if worker.task is None]
        while idle or len(self._workers) < self._number:
            task = next(tasks, None)
            if task is None:
                return
            worker = idle.pop() if idle else self._hire()
            worker.task, worker.since = task, time.monotonic()
            if worker.is_up:
                self._send(worker)

    def _next(self) -> Iterator[Verdict]:
        """What comes within a moment: answers, and the ends of those that died or took too long."""
        ready = wait([worker.pipe for worker in self._workers if worker.task], _TICK_S)
        for worker in [each for each in self._workers if each.task]:
            if worker.pipe in ready:
                yield from self._hear(worker)
            elif time.monotonic() - worker.since > (self._setup.limits.wall_s if worker.is_up else _START_S):
                yield self._lost(worker, HUNG)

    def _hear(self, worker: _Worker) -> Iterator[Verdict]:
        try:
            said = worker.pipe.recv()
        except (EOFError, OSError):
            yield self._lost(worker)
            return
        if said == STARTED:
            worker.is_up, worker.since = True, time.monotonic()
            self._send(worker)
            return
        worker.task = None
        worker.done += 1
        if worker.done >= _TASKS_EACH:
            self._dismiss(worker)
        yield said

    def _send(self, worker: _Worker) -> None:
        with suppress(OSError):  # one that just died is heard of by its silence
            worker.pipe.send(worker.task)

    def _hire(self) -> _Worker:
        self._born += 1
        folder = self._folder / f"worker-{self._born}"
        folder.mkdir()
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=serve, args=(theirs, self._setup, folder), daemon=True)
        with born_deaf_to_interrupts():
            process.start()
        theirs.close()
        worker = _Worker(process, ours, folder)
        self._workers.append(worker)
        return worker

    def _lost(self, worker: _Worker, why: str = "") -> Verdict:
        """The failure of a worker that is gone, or that is no longer waited for."""
        if why == HUNG:
            self._ask_for_diary(worker)
        else:
            worker.process.join(_START_S)
        why = why or _end_of(worker.process.exitcode)
        self._dismiss(worker)
        diary = (worker.folder / "diary").read_text(errors="replace")
        task = worker.task
        assert task is not None  # noqa: S101 -- only workers with a task are waited for
        return failed(task.kind, task.number, why, diary or why)

    def _ask_for_diary(self, worker: _Worker) -> None:
        """Let a process that hangs write down where."""
        pid = worker.process.pid
        with suppress(OSError):
            os.kill(pid or 0, signal.SIGXCPU)
        worker.process.join(2.0)

    def _dismiss(self, worker: _Worker) -> None:
        self._end(worker)
        self._workers.remove(worker)

    def _end(self, worker: _Worker) -> None:
        worker.pipe.close()
        worker.process.kill()
        worker.process.join()


def _end_of(exitcode: int | None) -> str:
    """What became of a process, in words."""
    if exitcode is None:
        return HUNG
    if exitcode == -signal.SIGXCPU:
        return HUNG
    if exitcode < 0:
        return f"died: {signal.Signals(-exitcode).name}"
    return f"died: exit code {exitcode}"
