"""Influx: single jobs that wait for nothing and nobody, from the call to their place in line in one step.

The fast twin of what a SubmitJob call comes to through ``engine/arrivals.py``, ``submit_job.py``, ``dependencies.py``
and ``lifecycle.py``: a million single jobs are a million calls. Any call of which there is more to say goes that way.
"""

from __future__ import annotations

from batchsim.engine.dependencies import Dependencies
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.kernel import Kernel
from batchsim.engine.plan import EntryRun, Rules
from batchsim.engine.scheduler import Scheduler
from batchsim.engine.submit_job import SubmitJob
from batchsim.engine.tables import Tables
from batchsim.engine.timeline import HeadTimeline
from batchsim.policies.ordering import fifo_key
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import JobState, WaitReason


class Influx:
    """Takes calls where no throttle, no delay and no order of the user's own is between them and their queue."""

    def __init__(
        self,
        kernel: Kernel,
        rules: Rules,
        tables: Tables,
        queues: list[JobQueue],
        submit_job: SubmitJob,
        dependencies: Dependencies,
        scheduler: Scheduler,
        timeline: HeadTimeline,
    ) -> None:
        self._kernel = kernel
        self._order = rules.fifo_order
        self._tables = tables
        self._submissions, self._jobs = tables.submissions, tables.jobs
        self._queues = queues
        self._submit_job = submit_job
        self._dependencies = dependencies
        self._scheduler = scheduler
        self._timeline = timeline
        self.ways: dict[int, JobQueue | None] = {}
        """By entry, the queue of its calls; None where they are not for this room."""

    def takes(self, submission: int) -> bool:
        """Take a call that is due, or leave it as it is."""
        queue = self.way(self._submissions.entry[submission])
        if queue is None or not queue.enabled or self._dependencies.has_cancelled:
            return False
        now = self._kernel.now_ms
        if not self._submit_job.admits_one(submission, now):
            return False
        self._release(submission, queue, now)
        if self._timeline.reason(queue.position) == WaitReason.EMPTY:
            self._scheduler.joined(queue)
        else:
            self._scheduler.request_pass()
        return True

    def way(self, entry: int) -> JobQueue | None:
        """Return the queue of an entry's calls, None where these are not for this room."""
        if entry not in self.ways:
            self.ways[entry] = self._way(self._tables.entries[entry], entry)
        return self.ways[entry]

    def _way(self, entry: EntryRun, number: int) -> JobQueue | None:
        queue = self._queues[self._submissions.queue[entry.first_submission]] if entry.calls else None
        is_single = bool(entry.calls) and not self._submissions.is_array[entry.first_submission]
        is_free = entry.client_rate_per_s is None and entry.cancel_after_ms == NEVER and not entry.sequential
        if not is_single or not is_free or self._submit_job.has_parents(number):
            return None
        return queue if type(queue) is JobQueue else None

    def _release(self, submission: int, queue: JobQueue, now: int) -> None:
        submissions, jobs = self._submissions, self._jobs
        submissions.calls[submission] += 1
        submissions.created_at[submission] = now
        submissions.state[submission] = JobState.PENDING
        row = submissions.first_job[submission]
        jobs.state[row], jobs.runnable_at[row], jobs.waiting_since[row] = JobState.RUNNABLE, now, now
        queue.push(fifo_key(self._order, now, now, row), row + 1)
