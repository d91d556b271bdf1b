"""SubmitJob to fair-share queues: which shares are active by it, and the bound on how many may be.

API, ShareAttributes: a queue has no more than 500 active share identifiers.
"""

from __future__ import annotations

from collections.abc import Callable

from batchsim.engine.dependencies import Dependencies
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.kernel import Kernel
from batchsim.engine.rejections import RejectionLog
from batchsim.engine.share_queue import ShareQueue
from batchsim.engine.submit_job import SubmitJob
from batchsim.engine.submitted import SubmittedJobs
from batchsim.engine.tables import Tables


class SubmitJobToShares(SubmitJob):
    """Takes the calls where at least one queue shares fairly."""

    def __init__(
        self,
        kernel: Kernel,
        tables: Tables,
        dependencies: Dependencies,
        submitted: SubmittedJobs,
        rejections: RejectionLog,
        evaluation_ms: int,
        ended: Callable[[int], None],
        queues: list[JobQueue],
        activated: Callable[[], None],
    ) -> None:
        """``activated()`` hears of each share that becomes active: less is reserved then."""
        super().__init__(kernel, tables, dependencies, submitted, rejections, evaluation_ms, ended)
        self._queues = queues
        self._activated = activated

    def accept(self, submission: int) -> None:
        """As of a FIFO queue, unless the call's share would be one too many."""
        queue, share = self._queue(submission), self._share(submission)
        if isinstance(queue, ShareQueue) and not queue.takes(share):
            most = queue.shares.most_active
            self.refuse(submission, f"Job queue {queue.name} has {most} active share identifiers already")
            return
        super().accept(submission)

    def job_ended(self, job: int) -> None:
        """An accepted job reached its last state."""
        queue = self._queue(self._tables.jobs.submission[job])
        if isinstance(queue, ShareQueue):
            queue.ended(job)
        super().job_ended(job)

    def _admit(self, submission: int, parents: list[tuple[int, int]]) -> None:
        queue = self._queue(submission)
        if isinstance(queue, ShareQueue):
            jobs = self._tables.submissions.size[submission]
            if queue.submitted(self._share(submission), jobs):
                self._activated()
        super()._admit(submission, parents)

    def _queue(self, submission: int) -> JobQueue:
        return self._queues[self._tables.submissions.queue[submission]]

    def _share(self, submission: int) -> int:
        return self._tables.entries[self._tables.submissions.entry[submission]].share
