"""Verdicts from worker processes: a worker that dies or hangs fails the mutant that it was at; the others go on."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from batchsim.crew import Crew, Lost, Piece
from batchsim.fuzz.judge import Verdict, failed
from batchsim.fuzz.worker import Setup, Task, begin, folder_of

HUNG = "hung"
_TASKS_EACH = 3_000
"""After so many a worker is replaced, so that what its libraries keep does not fill its memory."""
_PRELOADED = [f"batchsim.{name}" for name in ("simulation", "analysis.check", "report.terminal", "spec.notes")]
"""What every trial needs: a process is forked off one that has loaded it, in hundredths of a second."""


class Watch:
    """So many workers; a context manager, at whose end none is left."""

    def __init__(self, setup: Setup, workers: int, folder: Path) -> None:
        """``folder`` is theirs to write in."""
        self._folder = folder
        self._crew = Crew(
            partial(begin, setup, folder),
            workers,
            start="forkserver",
            preload=[setup.trial.__module__, *_PRELOADED],
            limit_s=setup.limits.wall_s,
            lives=_TASKS_EACH,
            last_words=signal.SIGXCPU,  # its diary then tells where it hangs
        )

    def __enter__(self) -> Self:
        self._crew.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._crew.__exit__(kind, error, tb)

    def verdicts(self, tasks: Iterator[Task]) -> Iterator[Verdict]:
        """The verdict on each task, in the order in which they are reached; tasks are taken as workers get free."""
        given: dict[int, Task] = {}
        for number, answer in self._crew.answers(_noted(tasks, given)):
            task = given.pop(number)
            yield self._lost(task, answer) if isinstance(answer, Lost) else answer

    def verdict(self, task: Task) -> Verdict:
        """The verdict on one task."""
        return next(self.verdicts(iter([task])))

    def _lost(self, task: Task, lost: Lost) -> Verdict:
        """The failure of a worker that is gone, or that is no longer waited for."""
        diary = ""
        with suppress(OSError):
            diary = (folder_of(self._folder, lost.process) / "diary").read_text(errors="replace")
        why = _sign(lost)
        return failed(task.kind, task.number, why, diary or why)


def _noted(tasks: Iterator[Task], given: dict[int, Task]) -> Iterator[Piece]:
    """A piece for each task, which is noted by its number until it is answered."""
    for number, task in enumerate(tasks):
        given[number] = task
        yield Piece((task,))


def _sign(lost: Lost) -> str:
    """What became of a process, in words that are the same each time."""
    is_late = lost.exitcode is None or lost.exitcode == -signal.SIGXCPU  # by the clock, or of its CPU time
    return HUNG if is_late else f"died: {lost.ended_by}"
