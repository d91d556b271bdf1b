"""Attempts: opened at STARTING with all that follows planned, closed by one event at their end, or interrupted."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.tables import Tables
from batchsim.engine.vocabulary import EXITED, KILLED, START_FAILED, START_TIMEOUT, TIMED_OUT
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import JobState, Outcome

End = tuple[int, int, int, int, int, int]
"""How an attempt ends unless something interrupts it: instant, rank, outcome, status and container reason, exit code.

A plain tuple: a named one costs a twentieth of a job.
"""


class Start(NamedTuple):
    """Where attempts start, and when their image is there; the same for all that are placed together."""

    instance: int
    """Row of the instance, NEVER on Fargate."""
    environment: int
    pull_at_ms: int
    pulled_at_ms: int


class Host(Protocol):
    """Capacity that an attempt holds and gives back."""

    def release(self, attempt: int) -> None:
        """Take back what the attempt held."""


class Attempts:
    """Opens and closes attempts. What becomes of the job is the concern of ``settled``, called at each end."""

    def __init__(
        self,
        kernel: Kernel,
        tables: Tables,
        start_failure: float,
    ) -> None:
        self.table = tables.attempts
        self.hosts: list[Host] = []
        """By environment."""
        self.settled: Callable[[int], None] = _nobody
        self._kernel = kernel
        self._tables = tables
        self._jobs = tables.jobs
        self._start_failure = start_failure
        self._start_timeout = tables.container_reasons.code(START_TIMEOUT)

    def open(self, job: int, start: Start, container_start_ms: int) -> int:
        """Start a waiting job: append its next attempt, and set the one event of its end. Return the attempt's row."""
        kernel, jobs, table = self._kernel, self._jobs, self.table
        now = kernel.now_ms
        attempt = jobs.attempts[job] + 1
        running_at = start.pulled_at_ms + container_start_ms
        ends_at, rank, outcome, status_reason, reason, exit_code = self._plan_end(job, attempt, running_at)
        row = len(table.job)
        table.job.append(job)
        table.attempt.append(attempt)
        table.instance.append(start.instance)
        table.environment.append(start.environment)
        table.runnable_at.append(jobs.waiting_since[job])
        table.starting_at.append(now)
        table.pull_at.append(start.pull_at_ms)
        table.pulled_at.append(start.pulled_at_ms)
        table.running_at.append(running_at)
        table.ended_at.append(NEVER)
        table.outcome.append(outcome)
        table.status_reason.append(status_reason)
        table.container_reason.append(reason)
        table.exit_code.append(exit_code)
        jobs.attempts[job] = attempt
        jobs.attempt_row[job] = row
        jobs.state[job] = JobState.STARTING
        jobs.waiting_since[job] = NEVER
        kernel.call_at(ends_at, rank, self._end, row)
        return row

    def interrupt(self, row: int, outcome: Outcome, status_reason: int, exit_code: int) -> None:
        """End an open attempt now, whatever was planned; its own event will find it closed."""
        table = self.table
        table.outcome[row] = outcome
        table.status_reason[row] = status_reason
        table.container_reason[row] = 0
        table.exit_code[row] = exit_code
        self._kernel.background += 1
        self._close(row)

    @property
    def now_ms(self) -> int:
        """The kernel's clock."""
        return self._kernel.now_ms

    def is_running(self, row: int) -> bool:
        """Whether the attempt's container runs at this instant (STARTING→RUNNING comes first in an instant)."""
        return self.table.running_at[row] <= self._kernel.now_ms

    def _end(self, row: int) -> None:
        """The planned end has come; an attempt that was interrupted is past it."""
        if self.table.ended_at[row] == NEVER:
            self._close(row)
        else:
            self._kernel.background -= 1

    def _close(self, row: int) -> None:
        table = self.table
        table.ended_at[row] = self._kernel.now_ms
        self._jobs.attempt_row[table.job[row]] = NEVER
        self.hosts[table.environment[row]].release(row)
        self.settled(row)

    def _plan_end(self, job: int, attempt: int, running_at_ms: int) -> End:
        """Own exit, failure to start or timeout, whichever comes first; an exit beats a timeout of the same instant."""
        jobs = self._jobs
        entry = self._tables.entry(job)
        index = job - entry.first_job
        if entry.start_failures is not None and entry.start_failures.one(index, attempt) < self._start_failure:
            at = max(running_at_ms, self._kernel.now_ms + 1)
            return at, Rank.START_FAILURE, Outcome.START_FAILED, START_FAILED, self._start_timeout, NEVER
        if attempt == 1:
            run_ms, exit_code, reason = jobs.run[job], jobs.exit_code[job], jobs.fail_reason[job]
        else:
            run_ms, exit_code, text = entry.work.attempt(index, attempt)
            reason = self._tables.container_reasons.code(text)
        if entry.timeout_ms != NEVER and run_ms > entry.timeout_ms:
            limit_ms = entry.timeout_ms + entry.timeout_lag.one_ms(index, attempt)
            if run_ms > limit_ms:
                return running_at_ms + limit_ms, Rank.TIMEOUT, Outcome.TIMED_OUT, TIMED_OUT, 0, KILLED
        outcome = Outcome.FAILED if exit_code else Outcome.SUCCEEDED
        return running_at_ms + run_ms, Rank.EXIT, outcome, EXITED, reason, exit_code


def _nobody(_: int) -> None:
    """Nobody listens yet."""
