"""The life of a job between its states: released, retried, succeeded, failed, cancelled (fact sheet 2.2 to 2.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from batchsim.engine.job_queue import JobQueue, Place
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.plan import Rules
from batchsim.engine.tables import Tables
from batchsim.engine.views import Views
from batchsim.engine.vocabulary import CHILD_FAILED, EXITED
from batchsim.policies import EndedAttempt
from batchsim.policies.given import Policies
from batchsim.policies.ordering import fifo_key, retry_key
from batchsim.policies.retry import evaluate_on_exit
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import JobState, Outcome

RETRIABLE: dict[Outcome, Literal["failed", "start_failed", "reclaimed"]] = {
    Outcome.FAILED: "failed",
    Outcome.START_FAILED: "start_failed",
    Outcome.RECLAIMED: "reclaimed",
    Outcome.HOST_LOST: "reclaimed",
}
"""What is retried at all (User Guide, "Automated job retries" and "Job timeouts")."""


class Lifecycle:
    """Moves jobs between states and in and out of queues. What follows for other jobs is the concern of ``ended``."""

    def __init__(
        self,
        kernel: Kernel,
        rules: Rules,
        tables: Tables,
        queues: list[JobQueue],
        policies: Policies,
        views: Views,
        joined: Callable[[JobQueue], None],
    ) -> None:
        """``joined`` hears of each queue that got jobs."""
        self._order, self._tries_again, self._views = policies.job_order, policies.retry, views
        self.ended: Callable[[int], None] = _nobody
        self._kernel = kernel
        self._rules = rules
        self._tables = tables
        self._submissions, self._jobs, self._attempts = tables.submissions, tables.jobs, tables.attempts
        self._queues = queues
        self._joined = joined
        self._start_failures: dict[int, int] = {}
        """Attempts that do not count, by job, with ``count_start_failures: false``."""

    @property
    def has_own_order(self) -> bool:
        """Whether the user's own order says where jobs stand in line."""
        return self._order is not None

    def release(self, low: int, high: int) -> None:
        """Jobs of one submission, rows ``low`` to ``high - 1``, become RUNNABLE for the first time."""
        now, submission = self._kernel.now_ms, self._jobs.submission[low]
        self._jobs.set_runnable(low, high, now)
        queue = self._queues[self._submissions.queue[submission]]
        queue.push(self._first_place(low, self._submissions.created_at[submission]), high)
        if self._submissions.is_array[submission]:
            self._submissions.state[submission] = JobState.PENDING
        self._joined(queue)

    def settle_attempt(self, attempt: int) -> None:
        """An attempt ended: the job succeeds, fails, or is retried."""
        job, outcome = self._attempts.job[attempt], self._attempts.outcome[attempt]
        if outcome == Outcome.SUCCEEDED:
            self.end(job, JobState.SUCCEEDED, EXITED)
        elif outcome in RETRIABLE and self._is_retried(job, attempt):
            self._jobs.state[job] = JobState.RUNNABLE
            self._kernel.call_at(self._kernel.now_ms + self._rules.retry_delay_ms, Rank.SETTLE, self.retry, job)
        else:
            self.end(job, JobState.FAILED, self._attempts.status_reason[attempt])

    def end(self, job: int, state: JobState, status_reason: int) -> None:
        """A job reaches its last state; its array ends with its last child."""
        submissions, submission = self._submissions, self._jobs.submission[job]
        self._jobs.state[job] = state
        self._jobs.status_reason[job] = status_reason
        self._jobs.ended_at[job] = self._kernel.now_ms
        submissions.left[submission] -= 1
        if state == JobState.FAILED:
            submissions.failed[submission] += 1
        if not submissions.left[submission]:
            self.end_submission(submission, state, status_reason)
        self.ended(job)

    def fail(self, job: int, status_reason: int) -> None:
        """A job that holds no capacity ends FAILED: cancelled, or its dependency failed."""
        if self._jobs.state[job] == JobState.RUNNABLE:
            self._leave_line(job)
        self.end(job, JobState.FAILED, status_reason)

    def _leave_line(self, job: int) -> None:
        """A RUNNABLE job stops waiting; the event of a retry that is still to come no longer keeps the run alive."""
        if self._jobs.waiting_since[job] == NEVER:
            self._kernel.background += 1
        else:
            self._queues[self._submissions.queue[self._jobs.submission[job]]].cancel(job)

    def end_submission(self, submission: int, state: JobState, status_reason: int) -> None:
        """The last job of a call ended, so."""
        submissions = self._submissions
        if submissions.is_array[submission]:
            failed = submissions.failed[submission]
            state, status_reason = (JobState.FAILED, CHILD_FAILED) if failed else (JobState.SUCCEEDED, 0)
        submissions.state[submission] = state
        submissions.status_reason[submission] = status_reason
        submissions.ended_at[submission] = self._kernel.now_ms

    def _is_retried(self, job: int, attempt: int) -> bool:
        """While tries are left, ask the retry policy."""
        table, terms = self._attempts, self._tables.terms(job)
        outcome, exit_code = Outcome(table.outcome[attempt]), table.exit_code[attempt]
        tries_left = terms.attempts_allowed - self._used(job, outcome)
        has_tries = tries_left > 0
        if has_tries and not terms.rules and self._tries_again is evaluate_on_exit:
            return True  # the rule itself, of no rules: of a reclaimed instance dozens of jobs may ask
        return has_tries and self._tries_again(
            EndedAttempt(
                attempt=table.attempt[attempt],
                tries_left=tries_left,
                outcome=RETRIABLE[outcome],
                status_reason=self._tables.status_reasons.text(table.status_reason[attempt]),
                reason=self._tables.container_reasons.text(table.container_reason[attempt]),
                exit_code=None if exit_code == NEVER else exit_code,
                rules=terms.rules,
            )
        )

    def _used(self, job: int, outcome: int) -> int:
        """Attempts used up so far; failures to start may not count (``count_start_failures``)."""
        if outcome == Outcome.START_FAILED and not self._rules.count_start_failures:
            self._start_failures[job] = self._start_failures.get(job, 0) + 1
        return self._jobs.attempts[job] - self._start_failures.get(job, 0)

    def retry(self, job: int) -> None:
        """A retried job is RUNNABLE again and takes its place in line, unless it was cancelled meanwhile."""
        jobs, now = self._jobs, self._kernel.now_ms
        if jobs.state[job] != JobState.RUNNABLE:
            self._kernel.background -= 1
            return
        jobs.waiting_since[job] = now
        submission = jobs.submission[job]
        queue = self._queues[self._submissions.queue[submission]]
        created, first_runnable = self._submissions.created_at[submission], jobs.runnable_at[job]
        if self._order is not None:
            queue.push(self._own_place(job), job + 1)
            self._joined(queue)
            return
        key = fifo_key(self._rules.fifo_order, created, first_runnable, job)
        in_front, key = retry_key(self._rules.retry_position, key, now)
        if in_front:
            queue.push_front(key)
        else:
            queue.push(key, job + 1)
        self._joined(queue)

    def _first_place(self, low: int, created_ms: int) -> Place:
        """Where jobs that are RUNNABLE for the first time stand in line."""
        if self._order is not None:
            return self._own_place(low)
        return fifo_key(self._rules.fifo_order, created_ms, self._kernel.now_ms, low)

    def _own_place(self, job: int) -> Place:
        """Ask the user's own order."""
        assert self._order is not None
        return (self._order(self._views.job(job, self._kernel.now_ms)), 0, job)


def _nobody(_: int) -> None:
    """Nobody listens yet."""
