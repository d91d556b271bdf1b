"""Attempts in a run whose plan of faults strikes containers or pulls; runs without such a plan have the plain ones."""

from __future__ import annotations

from batchsim.engine.attempts import Attempts, End, Start
from batchsim.engine.faults.jobs import JobFaults
from batchsim.engine.faults.log import FaultLog
from batchsim.engine.faults.pulls import Pulls, StruckImageCache
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.plan import EntryRun
from batchsim.engine.tables import Tables
from batchsim.engine.vocabulary import CANNOT_PULL, EXITED, START_FAILED
from batchsim.engine.workload.progress import SPEED_1, running_ms
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import FaultEffect, Outcome


class StruckAttempts(Attempts):
    """Plans ends as faults have it; notes a fault when the end comes that it planned."""

    images: StruckImageCache | None = None
    """Which pulls of hosts fail, where any may."""
    tasks: Pulls | None = None
    """Which pulls of Fargate tasks fail, where any may."""

    def __init__(
        self,
        kernel: Kernel,
        tables: Tables,
        start_failure: float,
        faults: JobFaults,
        log: FaultLog,
    ) -> None:
        super().__init__(kernel, tables, start_failure)
        self._faults = faults
        self._log = log
        self._cannot_pull = tables.container_reasons.code(CANNOT_PULL)
        self._start = Start(NEVER, NEVER, 0, 0)
        self._struck: dict[int, tuple[int, FaultEffect]] = {}
        """By attempt, the fault that its planned end is due to."""

    def open(self, job: int, start: Start, container_start_ms: int) -> int:
        """See :class:`Attempts`."""
        self._start = start
        return super().open(job, start, container_start_ms)

    def _plan_end(self, entry: EntryRun, job: int, attempt: int, running_at_ms: int, speed_pico: int) -> End:
        """As the plain one's, without its short cut for first attempts."""
        if (failed := self._failed_pull(entry, job, attempt)) is not None:
            return failed
        index = job - entry.first_job
        if entry.start_failures is not None and entry.start_failures.one(index, attempt) < self._start_failure:
            return self._failed_start(running_at_ms)
        run_ms, exit_code, reason = self._own_exit(entry, job, attempt, 0)
        if speed_pico != SPEED_1:
            run_ms = running_ms(run_ms, speed_pico)
        return self._limited(entry, index, attempt, running_at_ms, (run_ms, exit_code, reason))

    def _plan_course(
        self, row: int, entry: EntryRun, job: int, attempt: int, running_at_ms: int, speed_pico: int
    ) -> End:
        planned = super()._plan_course(row, entry, job, attempt, running_at_ms, speed_pico)
        return self._failed_pull(entry, job, attempt) or planned

    def _own_exit(self, entry: EntryRun, job: int, attempt: int, saved_ms: int) -> tuple[int, int, int]:
        own = super()._own_exit(entry, job, attempt, saved_ms)
        fault = self._faults.struck(job, attempt, self._kernel.now_ms)
        if fault is None or (fault.after_ms is None and own[1]):
            return own
        self._struck[len(self.table)] = (fault.number, FaultEffect.EXIT_FORCED)
        return own[0] if fault.after_ms is None else min(own[0], fault.after_ms), fault.code, 0

    def _failed_pull(self, entry: EntryRun, job: int, attempt: int) -> End | None:
        """The end of an attempt whose image cannot be pulled; None where it can."""
        start, image = self._start, self._tables.submissions.image[self._jobs.submission[job]]
        fault = NEVER
        if start.instance != NEVER and self.images is not None:
            fault = self.images.fault_of(image, start.instance)
        elif start.instance == NEVER and self.tasks is not None:
            draw = (entry.stream, job - entry.first_job, attempt)
            fault = self.tasks.fails(image, start.environment, draw, start.pull_at_ms)
        if fault == NEVER:
            return None
        self._struck[len(self.table)] = (fault, FaultEffect.PULL_FAILED)
        at = max(start.pulled_at_ms, self._kernel.now_ms + 1)
        return at, Rank.START_FAILURE, Outcome.START_FAILED, START_FAILED, self._cannot_pull, NEVER

    def _close(self, row: int) -> None:
        fault, effect = self._struck.pop(row, (NEVER, FaultEffect.EXIT_FORCED))
        if fault != NEVER and self._came_true(row, effect):
            self._log.write(fault, effect, self.table.environment[row], self.table.instance[row], row)
        super()._close(row)

    def _came_true(self, row: int, effect: FaultEffect) -> bool:
        """Whether an attempt ends as its fault planned it: nothing else came first."""
        if effect == FaultEffect.PULL_FAILED:
            return self.table.outcome[row] == Outcome.START_FAILED
        return self.table.outcome[row] == Outcome.FAILED and self.table.status_reason[row] == EXITED
