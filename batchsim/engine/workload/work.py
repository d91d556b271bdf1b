"""What each job of an entry does when it runs: its work, and how each attempt would end if nothing interrupted it.

Jobs of an entry are numbered ``occurrence * size + array_index`` from 0; that number keys every draw. The work is drawn
once and every full attempt repeats it; the outcome is drawn for each attempt. Blocks and single look-ups agree to the
millisecond.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from batchsim.engine.laws import Millis, Sampler
from batchsim.engine.workload.failures import Failures

Whole = TypeVar("Whole", np.int16, np.int32, np.int64)


class FirstAttempts(NamedTuple):
    """The first attempts of all jobs of an entry, uninterrupted; shape of each column: (jobs,)."""

    run_ms: Millis
    exit_code: NDArray[np.int16]
    reason: NDArray[np.int32]
    """Codes into :attr:`WorkSource.reasons`."""


class Outcome(NamedTuple):
    """One attempt, uninterrupted."""

    run_ms: int
    exit_code: int
    reason: str


@dataclass(frozen=True, slots=True)
class WorkSource(ABC):
    """Works and outcomes of an entry's jobs. ``reasons`` is the text behind the codes; code 0 is the empty text."""

    jobs: int
    reasons: tuple[str, ...]

    @property
    def repeats_first(self) -> bool:
        """Whether each attempt would do what the first one does, from what was saved on."""
        return False

    @abstractmethod
    def work_ms(self) -> Millis:
        """The work of each job: int64 ms, shape (jobs,), at least 1."""

    @abstractmethod
    def first(self) -> FirstAttempts:
        """What attempt 1 of each job would do."""

    @abstractmethod
    def attempt(self, index: int, attempt: int, saved_ms: int = 0) -> Outcome:
        """What one attempt of a job would do that finds ``saved_ms`` of its work done; attempt 1 equals :meth:`first`.

        A failure strikes part of the way through what is left of the work.
        """


@dataclass(frozen=True, slots=True)
class DrawnWork(WorkSource):
    """Works from a law, or from a table that is repeated over the jobs (a data set's partitions, a trace's rows).

    ``exit_codes`` are a trace's recorded ones: every attempt of the job ends so. They exclude ``failures``.
    """

    source: Sampler | Millis
    failures: Failures | None = None
    exit_codes: NDArray[np.int16] | None = None

    @property
    def repeats_first(self) -> bool:
        """See :class:`WorkSource`."""
        return self.failures is None

    def work_ms(self) -> Millis:
        """See :class:`WorkSource`."""
        return (
            self.source.block_ms(0, self.jobs)
            if isinstance(self.source, Sampler)
            else np.resize(self.source, self.jobs)
        )

    def first(self) -> FirstAttempts:
        """See :class:`WorkSource`."""
        work_ms = self.work_ms()
        if self.failures is not None:
            return self._failing(work_ms, self.failures)
        return FirstAttempts(work_ms, self._exit_codes(), np.zeros(self.jobs, dtype=np.int32))

    def attempt(self, index: int, attempt: int, saved_ms: int = 0) -> Outcome:
        """See :class:`WorkSource`."""
        work_ms = self._one_work_ms(index) - saved_ms
        failure = self.failures.one(index, attempt) if self.failures else None
        if failure is None:
            return Outcome(work_ms, 0 if self.exit_codes is None else int(self.exit_codes[index]), "")
        return Outcome(failure.strike_one_ms(work_ms, index, attempt), failure.exit_code, self.reasons[failure.reason])

    def _one_work_ms(self, index: int) -> int:
        if isinstance(self.source, Sampler):
            return self.source.one_ms(index)
        return int(self.source[index % len(self.source)])

    def _exit_codes(self) -> NDArray[np.int16]:
        return np.zeros(self.jobs, dtype=np.int16) if self.exit_codes is None else self.exit_codes.copy()

    def _failing(self, work_ms: Millis, failures: Failures) -> FirstAttempts:
        result = FirstAttempts(work_ms, self._exit_codes(), np.zeros(self.jobs, dtype=np.int32))
        fails = failures.first(self.jobs)
        for number, failure in enumerate(failures.ways):
            jobs = np.flatnonzero(fails == number)
            result.run_ms[jobs] = failure.strike_ms(work_ms[jobs], jobs)
            result.exit_code[jobs] = failure.exit_code
            result.reason[jobs] = failure.reason
        return result


@dataclass(frozen=True, slots=True)
class ScriptedWork(WorkSource):
    """Scripts: attempt k of a job does step k, the last step repeats, and the last step's run is the work.

    Job i follows script i, and the scripts are repeated over the jobs. A step says how far into the work its attempt
    gets: after a restore it does what is left up to there, or 1 ms.
    """

    scripts: tuple[tuple[Outcome, ...], ...]

    def work_ms(self) -> Millis:
        """See :class:`WorkSource`."""
        return self._over_jobs([script[-1].run_ms for script in self.scripts], np.int64)

    def first(self) -> FirstAttempts:
        """See :class:`WorkSource`."""
        steps = [script[0] for script in self.scripts]
        return FirstAttempts(
            self._over_jobs([step.run_ms for step in steps], np.int64),
            self._over_jobs([step.exit_code for step in steps], np.int16),
            self._over_jobs([self.reasons.index(step.reason) for step in steps], np.int32),
        )

    def attempt(self, index: int, attempt: int, saved_ms: int = 0) -> Outcome:
        """See :class:`WorkSource`."""
        script = self.scripts[index % len(self.scripts)]
        step = script[min(attempt, len(script)) - 1]
        return step._replace(run_ms=max(step.run_ms - saved_ms, 1)) if saved_ms else step

    def _over_jobs(self, values: list[int], kind: type[Whole]) -> NDArray[Whole]:
        return np.resize(np.array(values, dtype=kind), self.jobs)


@dataclass(frozen=True, slots=True, eq=False)
class RecordedWork(WorkSource):
    """Attempts as a trace records them: attempt k of a job does what its k-th did, the last repeats and is the work.

    Call c's are ``first[c]`` to ``first[c] + number[c] - 1``; all children of an array do the same.
    """

    size: int
    first_attempt: NDArray[np.int64]
    number: NDArray[np.int64]
    run_ms: Millis
    exit_code: NDArray[np.int16]

    def work_ms(self) -> Millis:
        """See :class:`WorkSource`."""
        return np.repeat(self.run_ms[self.first_attempt + self.number - 1], self.size)

    def first(self) -> FirstAttempts:
        """See :class:`WorkSource`."""
        run_ms, exit_code = self.run_ms[self.first_attempt], self.exit_code[self.first_attempt]
        no_reason = np.zeros(self.jobs, dtype=np.int32)
        return FirstAttempts(np.repeat(run_ms, self.size), np.repeat(exit_code, self.size), no_reason)

    def attempt(self, index: int, attempt: int, saved_ms: int = 0) -> Outcome:
        """See :class:`WorkSource`."""
        call = index // self.size
        row = int(self.first_attempt[call]) + min(attempt, int(self.number[call])) - 1
        run_ms = int(self.run_ms[row])
        return Outcome(max(run_ms - saved_ms, 1) if saved_ms else run_ms, int(self.exit_code[row]), "")
