"""The frozen views of jobs and queues that the user's own policies are asked about; built only where there are any."""

from __future__ import annotations

from batchsim.engine.job_queue import JobQueue
from batchsim.engine.plan import Plan
from batchsim.engine.tables import Tables
from batchsim.policies.ordering import WaitingJob, WaitingQueue
from batchsim.records.tables import NEVER


class Views:
    """Puts names and units in place of rows and codes."""

    def __init__(self, plan: Plan, tables: Tables) -> None:
        self._plan = plan
        self._tables = tables

    def job(self, row: int, runnable_at_ms: int) -> WaitingJob:
        """A job that joins a line at ``runnable_at_ms``, or has joined it then."""
        tables = self._tables
        jobs, entry, shape, terms = tables.jobs, tables.entry(row), tables.shape(row), tables.terms(row)
        submission = jobs.submission[row]
        return WaitingJob(
            entry=entry.name,
            queue=self._plan.queues[tables.submissions.queue[submission]].name,
            definition=self._plan.definitions.text(terms.definition),
            vcpus=shape.vcpus_milli / 1000,
            memory_mib=shape.memory_mib,
            gpus=shape.gpus,
            timeout_s=None if terms.timeout_ms == NEVER else terms.timeout_ms // 1000,
            attempts=jobs.attempts[row],
            created_at_ms=tables.submissions.created_at[submission],
            first_runnable_at_ms=jobs.runnable_at[row],
            runnable_at_ms=runnable_at_ms,
        )

    def queues(self, queues: list[JobQueue]) -> tuple[WaitingQueue, ...]:
        """All queues, in file order."""
        return tuple(map(self._queue, queues))

    def _queue(self, queue: JobQueue) -> WaitingQueue:
        head = queue.head()
        first = None if head is None else self.job(head[0], self._tables.jobs.waiting_since[head[0]])
        return WaitingQueue(queue.position, queue.name, queue.priority, queue.waiting, first)
