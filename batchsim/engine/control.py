"""What is done to a run from outside: cancel, terminate, change a value, reclaim an instance (model 7)."""

from __future__ import annotations

from collections.abc import Callable

from batchsim.engine.attempts import Attempts
from batchsim.engine.dependencies import Dependencies
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.environment import Environment
from batchsim.engine.faults.log import FaultLog
from batchsim.engine.interruptions import Interruptions
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.launch import Launcher
from batchsim.engine.lifecycle import Lifecycle
from batchsim.engine.scale_in import ScaleIn
from batchsim.engine.scaling_log import ScalingLog
from batchsim.engine.scheduler import Scheduler
from batchsim.engine.share_plan import weight_nano
from batchsim.engine.share_queue import ShareQueue
from batchsim.engine.stopping import Stops
from batchsim.engine.tables import Tables
from batchsim.policies.allocation import Offer
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import FaultEffect, JobState, Outcome, ScalingAction, WhyEnded, WhyLaunched


class JobControl:
    """CancelJob and TerminateJob, on single jobs, array children and, by their rows, whole arrays."""

    def __init__(
        self,
        tables: Tables,
        lifecycle: Lifecycle,
        dependencies: Dependencies,
        scheduler: Scheduler,
        stops: Stops,
    ) -> None:
        self._tables = tables
        self._jobs = tables.jobs
        self._stops = stops
        self._lifecycle = lifecycle
        self._dependencies = dependencies
        self._scheduler = scheduler

    def cancel(self, rows: range, reason: str) -> None:
        """Jobs that did not start fail with the caller's reason; those that started, or ended, are left alone."""
        code = self._tables.status_reasons.code(reason)
        for job in rows:
            state = self._jobs.state[job]
            if state == JobState.RUNNABLE:
                self._lifecycle.fail(job, code)
            elif state in (JobState.SUBMITTED, JobState.PENDING):
                self._dependencies.cancel(job, code)
        self._scheduler.request_pass()

    def terminate(self, rows: range, reason: str) -> None:
        """Jobs that hold capacity get SIGTERM, and are not retried; earlier ones are cancelled."""
        code = self._tables.status_reasons.code(reason)
        for job in rows:
            attempt = self._jobs.attempt_row[job]
            if attempt != NEVER:
                self._stops.terminate(attempt, code)
        self.cancel(rows, reason)

    def delete_queue(self, queue: JobQueue) -> None:
        """DeleteJobQueue: it takes no more jobs, and those that it has end, whatever they do (API, DeleteJobQueue)."""
        queue.enabled = False
        submissions = self._tables.submissions
        for submission in range(len(submissions)):
            if submissions.queue[submission] == queue.position and submissions.created_at[submission] != NEVER:
                self.terminate(submissions.jobs_of(submission), "Job queue was deleted")


class CapacityControl:
    """UpdateComputeEnvironment, UpdateJobQueue, and reclaims of Spot instances."""

    def __init__(
        self,
        queues: list[JobQueue],
        environments: tuple[Environment, ...],
        tables: Tables,
        attempts: Attempts,
        launcher: Launcher,
        scale_in: ScaleIn,
        scheduler: Scheduler,
        log: ScalingLog,
        interruptions: Interruptions,
        faults: FaultLog,
    ) -> None:
        self._faults = faults
        self.raise_desired: Callable[[int, int], None] = _nobody
        """Launches what an environment has too little of: ``(position, vcpus)``."""
        self._queues = queues
        self._environments = environments
        self._tables = tables
        self._instances = tables.instances
        self._attempts = attempts
        self._launcher = launcher
        self._scale_in = scale_in
        self._scheduler = scheduler
        self._log = log
        self._interruptions = interruptions

    def set_queue(self, queue: int, field: str, value: int | bool) -> None:
        """Set ``priority`` or ``enabled`` of a queue."""
        setattr(self._queues[queue], field, value)
        self._scheduler.reorder()
        self._scheduler.request_pass()

    def set_weight(self, queue: int, entry: str, weight: float) -> None:
        """Set the weightFactor of an entry of a fair-share queue's ``shareDistribution``; ``KeyError`` without one."""
        changed = self._queues[queue]
        assert isinstance(changed, ShareQueue)
        changed.set_weight(entry, weight_nano(weight))
        self._scheduler.request_pass()

    def set_environment(self, environment: int, field: str, value: int | bool) -> None:
        """Set ``min_vcpus``, ``max_vcpus`` or ``enabled`` of a compute environment, or raise ``desired_vcpus``."""
        changed = self._environments[environment]
        if field == "desired_vcpus":
            self.raise_desired(environment, value)
            return
        setattr(changed, field, value)
        changed.touched = True
        if isinstance(changed, Ec2Environment):
            changed.highest_min_vcpus = max(changed.highest_min_vcpus, changed.min_vcpus)
            self._scale_in.look_again(changed)
            self._log.write(changed, ScalingAction.UPDATE)
        self._scheduler.request_pass()

    def reclaim(self, row: int, *, replace: bool = False, fault: int = NEVER) -> None:
        """EC2 takes a Spot instance: exactly the attempts on it end, whether STARTING or RUNNING.

        ``replace``: an equal instance is launched in the same instant, ready at once, if its zone is there at all.
        """
        if self._instances.notice_at[row] == NEVER:
            self._instances.notice_at[row] = self._attempts.now_ms
        self._take(row, Outcome.RECLAIMED, WhyEnded.SPOT_RECLAIM, ScalingAction.RECLAIM, fault)
        environment = self._host(row)
        offer = self._offer_of(environment, row)
        if replace and not self._launcher.is_out(environment, offer):
            self._launcher.launch(environment, offer, WhyLaunched.REPLACEMENT, ready=True)
            self._log.write(environment, ScalingAction.SCALE_UP, 1, offer.vcpus)
        self._scheduler.request_pass()

    def lose(self, row: int, why: WhyEnded, fault: int) -> None:
        """A fault takes an instance without notice, On-Demand too: what was on it is lost."""
        self._take(row, Outcome.HOST_LOST, why, ScalingAction.LOSS, fault)
        self._scheduler.request_pass()

    def _take(self, row: int, outcome: Outcome, why: WhyEnded, action: ScalingAction, fault: int) -> None:
        environment, lost = self._host(row), self._interruptions.host_lost(row)
        for attempt in sorted(self._instances.residents[row]):
            self._attempts.interrupt(attempt, outcome, lost, NEVER)
        environment.remove(row, why)
        self._launcher.ended(row)
        self._log.write(environment, action, -1, -self._instances.vcpus[row])
        effect = FaultEffect.BOOT_FAILED if why == WhyEnded.BOOT_FAILURE else FaultEffect.INSTANCE_LOST
        self._faults.write(fault, effect, environment.position, row)

    def _host(self, row: int) -> Ec2Environment:
        environment = self._environments[self._instances.environment[row]]
        assert isinstance(environment, Ec2Environment)
        return environment

    def _offer_of(self, environment: Ec2Environment, row: int) -> Offer:
        """Return the pool that an instance came from."""
        pool = self._instances.pool[row]
        return next(offer for offer in environment.plan.offers if offer.pool == pool)


def _nobody(_: int, __: int) -> None:
    """Nobody listens yet."""
