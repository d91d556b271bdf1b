"""Attempts: opened at STARTING with all that follows planned, closed by one event at their end, or interrupted."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from batchsim.engine.columns import taken
from batchsim.engine.courses import Course, Courses, course_of
from batchsim.engine.ends import TURN_MASK
from batchsim.engine.kernel import Kernel, Rank, end_key
from batchsim.engine.plan import EntryRun, sooner
from batchsim.engine.tables import Tables
from batchsim.engine.vocabulary import EXITED, KILLED, START_FAILED, START_TIMEOUT, TASK_RETIRED, TIMED_OUT
from batchsim.engine.workload.progress import SPEED_1, running_ms
from batchsim.records.tables import NEVER, Progress
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
    speed_pico: int = SPEED_1
    """How fast work is done there, in thousandths."""


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
        self.courses = Courses()
        self._on_course = self.courses.open
        self.hosts: list[Host] = []
        """By environment."""
        self.settled: Callable[[int], None] = _nobody
        self.timed_out: Callable[[int], None] = _nobody
        """Hears of each container with a course whose timeout strikes: what it does then is its own."""
        self.stopping: dict[int, tuple[Outcome, int]] = {}
        """(outcome, status reason) of attempts that got SIGTERM and run on: they end so, whatever ends them."""
        self._replans: dict[int, list[tuple[int, int]]] = {}
        """By key, the attempts and the numbers of their plans whose ends were planned anew."""
        self._kernel = kernel
        kernel.ended = self.end
        self._tables = tables
        self._jobs = tables.jobs
        self._residents = tables.instances.residents
        self._revised = tables.revised
        self._start_failure = start_failure
        self._start_timeout = tables.container_reasons.code(START_TIMEOUT)

    def open(self, job: int, start: Start, container_start_ms: int) -> int:
        """Start a waiting job: append its next attempt, and set the one event of its end. Return the attempt's row."""
        kernel, jobs, table = self._kernel, self._jobs, self.table
        now = kernel.now_ms
        attempt = jobs.attempts[job] + 1
        running_at = start.pulled_at_ms + container_start_ms
        row = len(table.job)
        entry = self._tables.entry(job)
        if entry.course is None:
            planned = self._plan_end(entry, job, attempt, running_at, start.speed_pico)
        else:
            planned = self._plan_course(row, entry, job, attempt, running_at, start.speed_pico)
        ends_at, rank, outcome, status_reason, reason, exit_code = planned
        if outcome == Outcome.START_FAILED and running_at < ends_at:
            running_at = ends_at  # a failure takes a millisecond at least, and nothing runs in it
        self._residents.opened(row, start.instance)
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
        kernel.ends.put(end_key(ends_at, rank, row << 1 | 1))
        return row

    def recall(self, row: int) -> None:
        """Write out the course of a container that has one, if it was only implied so far."""
        course = self._implied(row) if self.table.ended_at[row] == NEVER else None
        if course is not None:
            self.courses.begin(row, course)

    def _implied(self, row: int) -> Course | None:
        """Return the course of a container that has one and was not told of."""
        job = self.table.job[row]
        rule = self._tables.entry(job).course
        if rule is None or row in self._on_course:
            return None
        jobs = self._jobs
        own = (jobs.run[job], jobs.exit_code[job], jobs.fail_reason[job])
        return course_of(rule, job, 0, self.table.running_at[row], SPEED_1, own)

    def freeze_courses(self, horizon_ms: int) -> Progress:
        """Return the frozen record of all courses, the implied ones among them."""
        if self.courses.implies:
            for row in self.table.open_rows().tolist():
                self.recall(row)
            self._write_implied()
        return self.courses.freeze(horizon_ms)

    def _write_implied(self) -> None:
        jobs = taken(self.table.job, slice(None))
        is_told = np.zeros(len(jobs), dtype=np.bool_)
        is_told[self.courses.told()] = True
        entry_of = taken(self._tables.submissions.entry, taken(self._jobs.submission, jobs))
        for number, entry in enumerate(self._tables.entries):
            if entry.course is not None:
                rows = np.flatnonzero((entry_of == number) & ~is_told)
                self.courses.add_undisturbed(rows, taken(self._jobs.run, jobs[rows]), entry.course.checkpoint)

    def interrupt(self, row: int, outcome: Outcome, status_reason: int, exit_code: int) -> None:
        """End an open attempt now, whatever was planned; its own event will find it closed."""
        table = self.table
        if row in self.stopping:
            outcome, status_reason = self.stopping[row]
        table.outcome[row] = outcome
        table.status_reason[row] = status_reason
        table.container_reason[row] = 0
        table.exit_code[row] = exit_code
        self._kernel.background += 1
        self._close(row)

    def save_and_go_on(self, row: int) -> None:
        """A container saves its work now, which delays its end."""
        if not self.courses.save(row, self._kernel.now_ms):
            return
        self.courses.answer(row, self._kernel.now_ms)
        course, job, running_at = self._on_course[row], self.table.job[row], self.table.running_at[row]
        entry = self._tables.entry(job)
        run_ms = course.now.begins_ms + course.now.length_ms() - running_at
        own = (run_ms, course.exit_code, course.reason)
        self._replan(row, self._limited(entry, job - entry.first_job, self.table.attempt[row], running_at, own))

    def save_and_exit(self, row: int, outcome: Outcome, status_reason: int, exit_code: int) -> None:
        """A container saves its work now, then exits."""
        now = self._kernel.now_ms
        at = self.courses.saved_at(row, now)
        self.courses.save(row, now)
        self.courses.answer(row, now)
        if at == now:
            self.interrupt(row, outcome, status_reason, exit_code)
        else:
            self._replan(row, (at, Rank.EXIT, outcome, status_reason, 0, exit_code))

    def run_on(self, row: int, kill_at_ms: int, *, zero_succeeds: bool) -> None:
        """A container that is being stopped takes no notice: it works to its own exit, or to SIGKILL.

        ``zero_succeeds``: whether it SUCCEEDED if it exits 0 before.
        """
        outcome, status_reason = self.stopping[row]
        course = self._on_course[row]
        exits_at, code = course.now.begins_ms + course.now.length_ms(), course.exit_code
        if exits_at > kill_at_ms:
            self._replan(row, (kill_at_ms, Rank.TIMEOUT, outcome, status_reason, 0, KILLED))
            return
        if zero_succeeds and not code:
            outcome, status_reason = Outcome.SUCCEEDED, EXITED
        self._replan(row, (exits_at, Rank.EXIT, outcome, status_reason, course.reason, code))

    def _replan(self, row: int, end: End) -> None:
        """Another end than the one planned at the start, whose event finds its plan void."""
        table, course = self.table, self._on_course[row]
        at, rank, table.outcome[row], table.status_reason[row], table.container_reason[row], table.exit_code[row] = end
        course.plan += 1
        self._kernel.background += 1
        key = end_key(at, rank, len(table) << 1)
        self._replans.setdefault(key, []).append((row, course.plan))
        self._kernel.ends.put(key)

    @property
    def now_ms(self) -> int:
        """The kernel's clock."""
        return self._kernel.now_ms

    def is_running(self, row: int) -> bool:
        """Whether the attempt's container runs at this instant (STARTING→RUNNING comes first in an instant)."""
        return self.table.running_at[row] <= self._kernel.now_ms

    def end(self, key: int) -> None:
        """A planned end has come: of an attempt as it was opened, or planned anew."""
        turn = key & TURN_MASK
        row, plan = (turn >> 1, 0) if turn & 1 else self._replanned(key)
        if row in self._on_course:
            self._end_course(row, plan)
        elif self.table.ended_at[row] == NEVER:
            self._close(row)
        else:
            self._kernel.background -= 1  # it was interrupted before

    def _replanned(self, key: int) -> tuple[int, int]:
        """Take the attempt, and the number of its plan, that was planned anew under a key first."""
        plans = self._replans[key]
        first = plans.pop(0)
        if not plans:
            del self._replans[key]
        return first

    def _end_course(self, row: int, plan: int) -> None:
        """The same for a container with a course, whose plan may have been changed since."""
        if self._on_course[row].plan != plan:
            self._kernel.background -= 1
        elif self.table.outcome[row] == Outcome.TIMED_OUT and row not in self.stopping:
            self._kernel.background -= 1  # the plan is void: what comes in its place counts it again
            self.timed_out(row)
        else:
            self._close(row)

    def _close(self, row: int) -> None:
        table, now = self.table, self._kernel.now_ms
        if self.courses.implies or self._on_course:
            self._end_its_course(row, now)
        table.ended_at[row] = now
        self._jobs.attempt_row[table.job[row]] = NEVER
        if self.stopping:
            self.stopping.pop(row, None)
        self.hosts[table.environment[row]].release(row)
        self.settled(row)

    def _end_its_course(self, row: int, now_ms: int) -> None:
        """Keep what it saved; an implied one that comes to its end undisturbed stays so, for the job has succeeded."""
        outcome = self.table.outcome[row]
        if row in self._on_course:
            self.courses.close(row, now_ms, ran=outcome != Outcome.START_FAILED)
        elif outcome != Outcome.SUCCEEDED and (course := self._implied(row)) is not None:
            self.courses.note(row, course, now_ms, ran=True)

    def _plan_end(self, entry: EntryRun, job: int, attempt: int, running_at_ms: int, speed_pico: int) -> End:
        """Own exit, failure to start or timeout, whichever comes first; an exit beats a timeout of the same instant."""
        jobs = self._jobs
        index = job - entry.first_job
        if entry.start_failures is not None and entry.start_failures.one(index, attempt) < self._start_failure:
            return self._failed_start(running_at_ms)
        if attempt == 1:
            run_ms, exit_code, reason = jobs.run[job], jobs.exit_code[job], jobs.fail_reason[job]
        else:
            run_ms, exit_code, reason = self._own_exit(entry, job, attempt, 0)
        if speed_pico != SPEED_1:
            run_ms = running_ms(run_ms, speed_pico)
        limit_ms = self._limit_ms(entry, job) if self._revised else entry.limit_ms
        if limit_ms != NEVER and run_ms > limit_ms:
            return self._limited(entry, index, attempt, running_at_ms, (run_ms, exit_code, reason))
        outcome = Outcome.FAILED if exit_code else Outcome.SUCCEEDED
        return running_at_ms + run_ms, Rank.EXIT, outcome, EXITED, reason, exit_code

    def _plan_course(
        self, row: int, entry: EntryRun, job: int, attempt: int, running_at_ms: int, speed_pico: int
    ) -> End:
        """The same for a container that saves its work, or answers SIGTERM."""
        assert entry.course is not None
        index, saved = job - entry.first_job, self.courses.saved.get(job, 0)
        own = self._own_exit(entry, job, attempt, saved)
        course = course_of(entry.course, job, saved, running_at_ms, speed_pico, own)
        run_ms = self.courses.begin(row, course)
        if entry.start_failures is not None and entry.start_failures.one(index, attempt) < self._start_failure:
            return self._failed_start(running_at_ms)
        return self._limited(entry, index, attempt, running_at_ms, (run_ms, *own[1:]))

    def _own_exit(self, entry: EntryRun, job: int, attempt: int, saved_ms: int) -> tuple[int, int, int]:
        """Return how much work an attempt does, its exit code and its container's reason, if nothing interrupts it."""
        if entry.work.repeats_first:
            jobs = self._jobs
            return jobs.run[job] - saved_ms, jobs.exit_code[job], jobs.fail_reason[job]
        work_ms, exit_code, text = entry.work.attempt(job - entry.first_job, attempt, saved_ms)
        return work_ms, exit_code, self._tables.container_reasons.code(text)

    def _timeout_ms(self, entry: EntryRun, job: int) -> int:
        """Return a job's timeout: its entry's, or that of a later revision of its definition."""
        return self._tables.terms(job).timeout_ms if self._revised else entry.timeout_ms

    def _limit_ms(self, entry: EntryRun, job: int) -> int:
        """Return the RUNNING time beyond which something ends the attempt: a timeout, or Fargate."""
        return sooner(self._timeout_ms(entry, job), entry.retired_after_ms)

    def _failed_start(self, running_at_ms: int) -> End:
        at = max(running_at_ms, self._kernel.now_ms + 1)
        return at, Rank.START_FAILURE, Outcome.START_FAILED, START_FAILED, self._start_timeout, NEVER

    def _limited(self, entry: EntryRun, index: int, attempt: int, running_at_ms: int, own: tuple[int, int, int]) -> End:
        """The own exit (RUNNING time, exit code, reason), or a timeout, or Fargate's limit, that comes before it."""
        run_ms, exit_code, reason = own
        limit_ms, timeout_ms = run_ms, self._timeout_ms(entry, entry.first_job + index)
        if timeout_ms != NEVER and run_ms > timeout_ms:
            limit_ms = min(run_ms, timeout_ms + entry.timeout_lag.one_ms(index, attempt))
        if entry.retired_after_ms != NEVER and entry.retired_after_ms < limit_ms:
            at = running_at_ms + entry.retired_after_ms
            return at, Rank.TIMEOUT, Outcome.FAILED, TASK_RETIRED, 0, KILLED
        if limit_ms < run_ms:
            return running_at_ms + limit_ms, Rank.TIMEOUT, Outcome.TIMED_OUT, TIMED_OUT, 0, KILLED
        outcome = Outcome.FAILED if exit_code else Outcome.SUCCEEDED
        return running_at_ms + run_ms, Rank.EXIT, outcome, EXITED, reason, exit_code


def _nobody(_: int) -> None:
    """Nobody listens yet."""
