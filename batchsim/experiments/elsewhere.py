"""Pieces of work shared by an executor of somebody else's: ``concurrent.futures`` is all that is asked of it.

The twin of :class:`~batchsim.crew.Crew`, whose processes are ours: here one that is lost is the executor's to replace,
and one that hangs cannot be ended. What we can do is to ask again, to give up a call that does not answer, and to say
in one sentence when the executor itself is gone.
"""

from __future__ import annotations

import pickle
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from dataclasses import dataclass
from typing import Any, Self

from batchsim.crew import PATIENCE_RUNS, PATIENCE_S, Begin, Lost, Piece
from batchsim.errors import BatchsimError, ExperimentError
from batchsim.experiments.code_version import code_version
from batchsim.experiments.errand import Errand, Kind, Parcel

_DEPTH = 2
"""Calls that are sent for each that can be made at once: a process that is done has the next one there."""
_LOOK_S = 0.5
"""Between looks at the executor's size, and at calls that do not answer."""
NOBODY_S = 600.0
"""An executor that has not had any process for so long will have none."""
_GRACE_S = 10.0
"""For the way there and back, beyond what a run may take."""

_Told = tuple[Kind, Any]
Say = Callable[[str], None]


class ExecutorError(BatchsimError, OSError):
    """The executor of a study cannot be reached, or has gone (exit code 4): E194."""


@dataclass(slots=True, eq=False)
class _Sent:
    """A call on its way."""

    number: int
    piece: Piece
    since_s: float


class Elsewhere:
    """Calls of one work on an executor; a context manager, at whose end none of ours waits there."""

    def __init__(
        self,
        begin: Begin,
        executor: Executor,
        size: Callable[[], int],
        *,
        limit_s: float | None = None,
        is_lost: Callable[[BaseException], bool] = lambda _: False,
        told: str = "the executor",
        say: Say = lambda _: None,
    ) -> None:
        """``size``: how many calls the executor makes at once, now; 0 if it cannot make any at this moment.

        ``limit_s``: the longest that a run may take, by its own clock. ``is_lost``: whether an error of a call says
        that its process was lost. ``told``: what the executor is called. ``say``: takes what a
        person wants to know.
        """
        self._executor, self._size, self._limit_s = executor, size, limit_s
        self._is_lost, self._told, self._say = is_lost, told, say
        self._parcel, self._code = Parcel.of(begin), code_version()
        self._sent: dict[Future[_Told], _Sent] = {}
        self._again: deque[tuple[int, Piece]] = deque()
        """Calls whose process has not got the parcel."""
        self._longest_s = 0.0
        self._nobody_since_s: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for future in self._sent:
            future.cancel()
        self._sent.clear()

    def answers(self, pieces: Iterable[Piece]) -> Iterator[tuple[int, Any]]:
        """Number and answer of each piece, or :class:`Lost`, as they come; pieces are taken as there is room.

        What the work raises is raised here. Raises :class:`ExperimentError` (E197) for a process of another batchsim,
        and :class:`ExecutorError` (E194) if the executor gives up.
        """
        tasks = iter(enumerate(pieces))
        while True:
            self._hand_out(tasks)
            if not self._sent:
                return
            done, _ = wait(self._sent, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
            for future in done:
                yield from self._hear(future, self._sent.pop(future))
            yield from self._overdue()

    # -- handing out

    def _hand_out(self, tasks: Iterator[tuple[int, Piece]]) -> None:
        size = self._size()
        if size:
            self._nobody_since_s = None
        else:
            self._wait_for_somebody()
        while self._again:
            self._send(*self._again.popleft(), self._parcel.content)
        while len(self._sent) < _DEPTH * max(1, size) and (task := next(tasks, None)) is not None:
            self._send(*task, None)

    def _wait_for_somebody(self) -> None:
        """Nobody is there who could be late."""
        now_s = time.monotonic()
        for sent in self._sent.values():
            sent.since_s = now_s
        if self._nobody_since_s is None:
            self._nobody_since_s = now_s
            self._say(f"{self._told} has no worker at this moment: waiting for one")
        if now_s - self._nobody_since_s > NOBODY_S:
            raise ExecutorError(f"{self._told} has had no worker for {NOBODY_S:.0f} s [E194]")

    def _send(self, number: int, piece: Piece, content: bytes | None) -> None:
        limit_s = None if self._limit_s is None else self._limit_s * piece.runs
        try:
            errand = Errand(self._code, self._parcel.digest, content, piece.arguments, limit_s)
            future = self._executor.submit(pickle.loads, pickle.dumps(errand))
        except (RuntimeError, OSError) as error:  # it is broken, or was shut down
            raise self._gone(error) from error
        self._sent[future] = _Sent(number, piece, time.monotonic())

    # -- hearing

    def _hear(self, future: Future[_Told], sent: _Sent) -> Iterator[tuple[int, Any]]:
        try:
            kind, content = future.result()
        except CancelledError:
            told = "it cancelled the runs in flight, as it does when its scheduler, or the way to it, is lost"
            raise ExecutorError(f"{self._told}: {told} [E194]") from None
        except (ImportError, AttributeError) as error:  # it could not unpack the call
            raise self._refused("a process of the executor", f"none, or a very different one ({error})") from error
        except Exception as error:
            if not self._is_lost(error):
                raise self._gone(error) from error
            yield sent.number, Lost(told=f"its worker was lost, again and again ({_line(error)})")
            return
        if kind == "absent":
            self._again.append((sent.number, sent.piece))
        elif kind == "refused":
            raise self._refused(*content)
        elif kind == "raised":
            raise content
        elif kind == "overdue":
            yield sent.number, self._late(sent)
        else:
            took_s, answer = content
            self._longest_s = max(self._longest_s, took_s / sent.piece.runs)
            yield sent.number, answer

    def _overdue(self) -> Iterator[tuple[int, Any]]:
        """Calls that should have answered long ago: their process hangs where nothing reaches it, or is cut off."""
        now_s = time.monotonic()
        for future, sent in list(self._sent.items()):
            if not future.done() and now_s - sent.since_s > _DEPTH * self._allowed_s(sent) + _GRACE_S:
                future.cancel()
                del self._sent[future]
                yield sent.number, self._late(sent)

    def _late(self, sent: _Sent) -> Lost:
        return Lost(allowed_s=self._allowed_s(sent))

    def _allowed_s(self, sent: _Sent) -> float:
        each_s = max(PATIENCE_S, PATIENCE_RUNS * self._longest_s) if self._limit_s is None else self._limit_s
        return each_s * sent.piece.runs

    # -- giving up

    def _gone(self, error: BaseException) -> ExecutorError:
        return ExecutorError(f"{self._told} has given up: {_line(error)} [E194]")

    def _refused(self, where: str, theirs: str) -> ExperimentError:
        return ExperimentError(
            f"{self._told}: another batchsim runs there, and would give other figures: {theirs} in {where}, "
            f"{self._code} here. Install the same on all machines [E197]"
        )


def _line(error: BaseException) -> str:
    """What an error says, on one line of bearable length."""
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said[:200]}" if said else type(error).__name__
