"""SubmitJob: what is accepted, what is refused, and what an accepted call waits for (fact sheet 3.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sized

from batchsim.engine.dependencies import Dependencies
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.rejections import RejectionLog
from batchsim.engine.submitted import TOO_MANY_SUBMITTED, SubmittedJobs
from batchsim.engine.tables import Tables
from batchsim.engine.workload.plans import DependencyKind, EntryPlan, parent_calls
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import JobState


class SubmitJob:
    """Takes the calls of the workload, and those from outside."""

    def __init__(
        self,
        kernel: Kernel,
        tables: Tables,
        dependencies: Dependencies,
        submitted: SubmittedJobs,
        rejections: RejectionLog,
        evaluation_ms: int,
        ended: Callable[[int], None],
    ) -> None:
        """``evaluation_ms``: how long jobs are SUBMITTED before their dependencies are looked at.

        ``ended(submission)`` hears of each refused call: entries that follow it do not wait for it.
        """
        self.live_jobs = 0
        """Jobs accepted that have not ended."""
        self.expires: Callable[[int, int], None] = _nobody
        """Hears of each accepted call that is cancelled after some time: ``(submission, after_ms)``."""
        self._kernel = kernel
        self._evaluation_ms = evaluation_ms
        self.revise: Callable[[int], str] = lambda _: ""
        """Gives a call the newest revision of its job definition; returns why there is none."""
        self.revised: Sized = ()
        """The entries whose calls take another revision than their first: while there are none, nobody is asked."""
        self._tables = tables
        self._dependencies = dependencies
        self.submitted = submitted
        self._rejections = rejections
        self.ended = ended
        self._plans: list[EntryPlan] = []
        self.own_parents: dict[int, list[tuple[int, int]]] = {}
        """(submission, kind) that calls from outside wait for."""
        self._refused: set[int] = set()

    def know(self, plan: EntryPlan) -> None:
        """Learn of one more entry, in the order of the tables."""
        self._plans.append(plan)

    def wait_for(self, submission: int, parents: list[tuple[int, int]]) -> None:
        """Let a call from outside wait for jobs, (submission, kind)."""
        self.own_parents[submission] = parents

    def accept(self, submission: int) -> None:
        """Let a call's jobs wait for their dependencies, or for capacity.

        Refuse it when a parent was refused, or when too many jobs are SUBMITTED.
        """
        parents = [*self.own_parents.get(submission, ())] if self.own_parents else []
        if self._plans[self._tables.submissions.entry[submission]].dependencies:
            parents += self._parents(submission)
        if self._refused and any(parent in self._refused for parent, _ in parents):
            self.refuse(submission, "dependsOn names a job that was not accepted")
            return
        if self.revised and (why := self.revise(submission)):
            self.refuse(submission, why)
            return
        submissions = self._tables.submissions
        if not self.submitted.add(submissions.size[submission], submissions.created_at[submission]):
            self.refuse(submission, TOO_MANY_SUBMITTED)
            return
        self._admit(submission, parents)

    def has_parents(self, entry: int) -> bool:
        """Whether calls of an entry may wait for others."""
        return bool(self._plans[entry].dependencies)

    def admits_one(self, submission: int, now_ms: int) -> bool:
        """Admit a single job that waits for nobody; False where more is to be asked than how many are SUBMITTED."""
        if self.revised or submission in self.own_parents or not self.submitted.add(1, now_ms):
            return False
        self.live_jobs += 1
        return True

    def _admit(self, submission: int, parents: list[tuple[int, int]]) -> None:
        """A call is accepted."""
        self.live_jobs += self._tables.submissions.size[submission]
        if self._evaluation_ms:
            self._tables.jobs.set_submitted(self._tables.submissions.jobs_of(submission))
            evaluated_at = self._kernel.now_ms + self._evaluation_ms
            self._kernel.call_at(evaluated_at, Rank.SETTLE, self._evaluate, (submission, parents))
        else:
            self._evaluate((submission, parents))
        entry = self._tables.entries[self._tables.submissions.entry[submission]]
        if entry.cancel_after_ms != NEVER:
            self.expires(submission, entry.cancel_after_ms)

    def _evaluate(self, call: tuple[int, list[tuple[int, int]]]) -> None:
        """Look at the dependencies of a call; one of them may have been refused since it was accepted."""
        submission, parents = call
        entry = self._tables.entries[self._tables.submissions.entry[submission]]
        self._dependencies.admit(submission, parents, sequential=entry.sequential)
        if self._evaluation_ms:
            for parent in sorted(self._refused.intersection(parent for parent, _ in parents)):
                self._dependencies.refused(parent)

    def refuse(self, submission: int, why: str) -> None:
        """AWS Batch refuses a call: its jobs never come to be. What it asked for is told as of this instant."""
        if self.revised:
            self.revise(submission)
        submissions = self._tables.submissions
        submissions.created_at[submission], submissions.state[submission] = NEVER, JobState.NOT_SUBMITTED
        submissions.status_reason[submission] = self._tables.status_reasons.code(why)
        self._rejections.write(submission, self._kernel.now_ms, why)
        self._refused.add(submission)
        self._dependencies.refused(submission)
        self.ended(submission)

    def job_ended(self, job: int) -> None:
        """An accepted job reached its last state."""
        self.live_jobs -= 1
        self._dependencies.job_ended(job)
        submission = self._tables.jobs.submission[job]
        if not self._tables.submissions.left[submission]:
            self.ended(submission)

    def _parents(self, submission: int) -> Iterator[tuple[int, int]]:
        """Yield (submission, kind) of the calls that the workload lets this one wait for."""
        submissions, entries = self._tables.submissions, self._tables.entries
        plan = self._plans[submissions.entry[submission]]
        for link in plan.dependencies:
            if link.kind != DependencyKind.SEQUENTIAL:
                first = entries[link.parent].first_submission
                for call in parent_calls(plan, link, self._plans, submissions.occurrence[submission]):
                    yield first + call, int(link.kind)


def _nobody(_: int, __: int) -> None:
    """Nobody listens yet."""
