"""Heads that block their queue: after ``block_detect`` they are told, and a state time limit may cancel them.

User Guide, "Jobs stuck in a RUNNABLE status" and "Job queue blocked events"; API, JobStateTimeLimitAction. Works on
what the heads' timeline hears in each pass, with one light timer a queue: nothing is done for a job behind the head.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from batchsim.engine.columns import column, frozen, frozen_bools
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.environment import Environment
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.plan import Plan
from batchsim.engine.share_queue import ShareQueue
from batchsim.engine.tables import Tables
from batchsim.policies.blocking import block_message, block_reason, time_limit_message
from batchsim.records.tables import NEVER, BlockedHeads
from batchsim.records.vocabulary import BlockReason, WaitReason

FAR = 1 << 62
"""An instant after everything."""
_WAITS = frozenset(
    (
        WaitReason.EMPTY,
        WaitReason.INSTANCE_BOOTING,
        WaitReason.LAUNCH_RATE,
        WaitReason.SCHEDULER_CYCLE,
        WaitReason.CLIENT_BACKOFF,
        WaitReason.FLEET_FULL,
        WaitReason.CONSUMABLE_RESOURCE,
        WaitReason.FAIR_SHARE_TURN,
        WaitReason.RESERVATION,
    )
)
"""A head with one of these reasons waits for what will come by itself."""
_CAUSES = {
    WaitReason.OVER_MAX_RESOURCE: BlockReason.MAX_RESOURCE,
    WaitReason.CAPACITY_ERROR: BlockReason.INSUFFICIENT_CAPACITY,
    WaitReason.ENVIRONMENT_DISABLED: BlockReason.UNDETERMINED,
    WaitReason.BID: BlockReason.UNDETERMINED,
}


Head = Callable[[], tuple[int, int] | None]
"""What a line's first run is now: first row, and the row behind the last."""


class _Watch:
    """The head of one queue, or of one share; why it is blocked (None: it is not), and since when both are so."""

    __slots__ = ("cause", "head", "job", "limits_ms", "queue", "rings_at_ms", "row", "since_ms", "type")

    def __init__(self, queue: JobQueue, head: Head, limits_ms: dict[BlockReason, int]) -> None:
        self.queue = queue
        self.head = head
        self.limits_ms = limits_ms
        self.job = NEVER
        self.cause: BlockReason | None = None
        self.since_ms = 0
        self.type = ""
        """The instance type that EC2 has no capacity for."""
        self.row = NEVER
        """The row that tells of it, once it is told."""
        self.rings_at_ms = FAR
        """When the timer rings; FAR while none is set."""


class BlockDetector:
    """Hears of each head that a pass left waiting; tells those that are blocked for long, and cancels by limits."""

    def __init__(
        self,
        kernel: Kernel,
        plan: Plan,
        queues: Sequence[JobQueue],
        environments: Sequence[Environment],
        tables: Tables,
    ) -> None:
        self.cancel: Callable[[int, str], None] = _nobody
        """Cancels a job, with a statusReason."""
        self._kernel = kernel
        self._detect_ms = plan.rules.block_detect_ms
        self._environments = environments
        self._tables = tables
        self._queues, self._plans = queues, plan.queues
        self._watches: dict[int, _Watch] = {}
        """By line of the heads' timeline."""
        self._log = _Log()

    def heard(self, line: int, queue: int, share: int, reason: WaitReason, environment: int, job: int) -> None:
        """The head of a line waits for this reason, now; ``environment`` serves it, or was tried last."""
        watch = self._watches.get(line)
        if (watch is None or watch.cause is None) and self._is_plain(reason, environment, job):
            return
        if watch is None:
            if not self._plans[queue].has_detector:
                return
            watch = self._watches[line] = self._watch(queue, share)
        cause = self._cause(watch, reason, job)
        if job == watch.job and cause is watch.cause:
            self._set_timer(watch)
            return
        self._over(watch)
        watch.job, watch.cause, watch.since_ms = job, cause, self._kernel.now_ms
        if cause is not None:
            self._set_timer(watch)

    def is_quiet(self, line: int, reason: WaitReason, environment: int, job: int) -> bool:
        """Whether of this head, and of others of its shape that follow it, only the last needs to be heard of.

        Either :meth:`heard` does nothing for them; or capacity lacks for all, none was told of, and a timer is set.
        """
        watch = self._watches.get(line)
        if watch is None or watch.cause is None:
            return self._is_plain(reason, environment, job)
        is_same = watch.job == job and watch.cause == BlockReason.INSUFFICIENT_CAPACITY
        is_lasting = reason == WaitReason.CAPACITY_ERROR and len(watch.queue.environments) == 1
        return is_same and is_lasting and watch.row == NEVER and watch.rings_at_ms != FAR

    def _watch(self, queue: int, share: int) -> _Watch:
        watched = self._queues[queue]
        head = watched.members[share].head if isinstance(watched, ShareQueue) else watched.head
        return _Watch(watched, head, dict(self._plans[queue].limits_ms))

    def is_awaited(self) -> bool:
        """Whether a head is still to be told of, or to be cancelled: a run does not end before.

        For the telling alone no instance that is on, and billed to the end, is kept longer.
        """
        return any(map(self._is_awaited, self._watches.values()))

    def _is_awaited(self, watch: _Watch) -> bool:
        if self._due_ms(watch) is None:
            return False
        return watch.cause in watch.limits_ms or not any(
            isinstance(environment, Ec2Environment) and environment.on for environment in self._environments
        )

    def freeze(self) -> BlockedHeads:
        """Return the frozen record; of heads that ended since the last pass nobody has heard yet."""
        for watch in self._watches.values():
            if watch.row != NEVER and self._tables.jobs.ended_at[watch.job] != NEVER:
                self._over(watch)
        return self._log.freeze()

    # -- why

    def _is_plain(self, reason: WaitReason, environment: int, job: int) -> bool:
        """Whether a head that was not blocked is not so now either, told without a closer look."""
        if reason == WaitReason.MAX_VCPUS:
            return self._environments[environment].may_free(self._tables.shape_code(job))
        if reason == WaitReason.HIGHER_QUEUE:
            return self._merely_waits(environment, self._tables.shape_code(job))
        if reason == WaitReason.SCALE_UP_DECISION:
            return not _lacks(self._environments[environment], self._tables.shape_code(job))
        return reason in _WAITS

    def _merely_waits(self, position: int, shape: int) -> bool:
        """Whether a head behind a higher queue merely waits in this environment, where no gate is shut."""
        environment = self._environments[position]
        if not isinstance(environment, Ec2Environment) or not environment.offers.has_no_gate:
            return False
        return environment.takes(shape) and environment.may_free(shape) and not environment.offers.lacks(shape)

    def _cause(self, watch: _Watch, reason: WaitReason, job: int) -> BlockReason | None:
        if reason in _WAITS:
            return None
        shape = self._tables.shape_code(job)
        lacked = watch.job == job and watch.cause == BlockReason.INSUFFICIENT_CAPACITY
        environments = [self._environments[position] for position in watch.queue.environments]
        cause = block_reason([self._cause_in(each, shape, lacked=lacked) for each in environments])
        if cause == BlockReason.INSUFFICIENT_CAPACITY:
            watch.type = self._refused_type(environments, shape) or watch.type
        return cause

    def _cause_in(self, environment: Environment, shape: int, *, lacked: bool) -> BlockReason | None:
        """Why a head of this shape is blocked in one environment; None where it merely waits.

        With ``lacked`` capacity lacked before: the next try, which is to come, does not change that.
        """
        if not environment.valid:
            return environment.plan.invalid or BlockReason.ACTION_REQUIRED
        stance = environment.stance(shape, environment.booting_rooms())
        if stance == WaitReason.NOTHING_FITS:
            return BlockReason.UNSUPPORTED_CONFIGURATION if environment.would_hold(shape) else BlockReason.JOB_RESOURCE
        if stance == WaitReason.SCALE_UP_DECISION:
            return BlockReason.INSUFFICIENT_CAPACITY if lacked or _lacks(environment, shape) else None
        if stance in (WaitReason.MAX_VCPUS, WaitReason.VCPU_QUOTA):
            return None if environment.may_free(shape) else BlockReason.UNDETERMINED
        return _CAUSES.get(stance)

    def _refused_type(self, environments: Sequence[Environment], shape: int) -> str:
        """The type that was asked for first in the last refused try, or the first that holds the head."""
        on_hosts = (environment for environment in environments if isinstance(environment, Ec2Environment))
        refused = (offer for environment in on_hosts for offer in environment.offers.refused(shape))
        return next((offer.type_name for offer in refused), "")

    # -- when

    def _due_ms(self, watch: _Watch) -> int | None:
        """When something is to be done about a head; None when nothing is."""
        if watch.cause is None:
            return None
        if watch.row == NEVER:
            return watch.since_ms + self._detect_ms
        limit_ms = watch.limits_ms.get(watch.cause)
        return None if limit_ms is None else watch.since_ms + max(limit_ms, self._detect_ms)

    def _set_timer(self, watch: _Watch) -> None:
        """Let the queue's timer ring when due, if none does so before; one that was set for an earlier head may."""
        due_ms = self._due_ms(watch)
        at_ms = FAR if due_ms is None else max(due_ms, self._kernel.now_ms)
        if at_ms < watch.rings_at_ms:
            watch.rings_at_ms = at_ms
            self._kernel.call_in_background(at_ms, Rank.TIME_LIMIT, self._ring, watch)

    def _ring(self, watch: _Watch) -> None:
        if watch.rings_at_ms <= self._kernel.now_ms:
            watch.rings_at_ms = FAR
        due_ms = self._due_ms(watch)
        if due_ms is not None and due_ms <= self._kernel.now_ms and self._is_head(watch):
            if watch.row == NEVER:
                self._tell(watch)
            else:
                self._cancel(watch)
        if due_ms is not None and self._is_head(watch):
            self._set_timer(watch)

    def _is_head(self, watch: _Watch) -> bool:
        """Whether the head that the last pass left is the head still; what happened since, the next pass will tell."""
        head = watch.head()
        return head is not None and head[0] == watch.job

    # -- what

    def _tell(self, watch: _Watch) -> None:
        """Set the head's statusReason; the event "Batch Job Queue Blocked" is made of the row."""
        assert watch.cause is not None
        text = block_message(watch.cause, watch.type)
        code = self._tables.status_reasons.code(text)
        self._tables.jobs.status_reason[watch.job] = code
        attempt = self._tables.jobs.attempts[watch.job] + 1
        limit_ms = watch.limits_ms.get(watch.cause, NEVER)
        watch.row = self._log.write(watch, attempt, code, self._kernel.now_ms, limit_ms)

    def _cancel(self, watch: _Watch) -> None:
        assert watch.cause is not None
        job, text = watch.job, time_limit_message(watch.cause)
        self._log.cancelled[watch.row] = True
        self._over(watch)
        self.cancel(job, text)

    def _over(self, watch: _Watch) -> None:
        """The head is blocked no longer, or no longer the head: what was said of it is taken back."""
        if watch.row != NEVER:
            jobs = self._tables.jobs
            ended_at = jobs.ended_at[watch.job]
            self._log.until[watch.row] = self._kernel.now_ms if ended_at == NEVER else ended_at
            if ended_at == NEVER:
                jobs.status_reason[watch.job] = 0
        watch.job, watch.cause, watch.row = NEVER, None, NEVER


class _Log:
    """Growable columns, one row a head that was told of."""

    def __init__(self) -> None:
        self.queue = column("h")
        self.job = column("i")
        self.attempt = column("i")
        self.reason = bytearray()
        self.status_reason = column("i")
        self.head_at = column("q")
        self.at = column("q")
        self.until = column("q")
        self.limit = column("q")
        self.cancelled = bytearray()

    def write(self, watch: _Watch, attempt: int, status_reason: int, now_ms: int, limit_ms: int) -> int:
        """Append a row; return its number."""
        assert watch.cause is not None
        self.queue.append(watch.queue.position)
        self.job.append(watch.job)
        self.attempt.append(attempt)
        self.reason.append(watch.cause)
        self.status_reason.append(status_reason)
        self.head_at.append(watch.since_ms)
        self.at.append(now_ms)
        self.until.append(NEVER)
        self.limit.append(limit_ms)
        self.cancelled.append(False)
        return len(self.job) - 1

    def freeze(self) -> BlockedHeads:
        """Return the frozen record."""
        return BlockedHeads(
            queue=frozen(self.queue),
            job=frozen(self.job),
            attempt=frozen(self.attempt),
            reason=frozen(self.reason),
            status_reason=frozen(self.status_reason),
            head_at_ms=frozen(self.head_at),
            at_ms=frozen(self.at),
            until_ms=frozen(self.until),
            limit_ms=frozen(self.limit),
            cancelled=frozen_bools(self.cancelled),
        )


def _lacks(environment: Environment, shape: int) -> bool:
    """Whether EC2 refused all that fits when last asked: a decision that is to come tries once more."""
    return isinstance(environment, Ec2Environment) and environment.offers.lacks(shape)


def _nobody(_: int, __: str) -> None:
    """Nobody listens yet."""
