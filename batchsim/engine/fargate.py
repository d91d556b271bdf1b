"""A FARGATE or FARGATE_SPOT compute environment: caps on vCPUs, a launch rate, and tasks that share nothing."""

from __future__ import annotations

from collections.abc import Callable

from batchsim.engine.attempts import Attempts, Start
from batchsim.engine.environment import EnvironmentView
from batchsim.engine.fargate_account import FargateAccount, Outages
from batchsim.engine.faults.pulls import Pulls
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.plan import EntryRun, FargatePlan, Rules, Shape
from batchsim.engine.tables import Tables
from batchsim.engine.token_bucket import TokenGate
from batchsim.engine.vocabulary import KILLED, TASK_INTERRUPTED
from batchsim.policies.scaling import Rooms
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import Outcome, WaitReason


class FargateEnvironment:
    """Every job is a task of its own: it is provisioned, pulls its image, runs; billed from the pull."""

    fill: Callable[[int, int], int] | None = None
    """Opens first attempts many at a time (``engine/task_turnover.py``), and returns the first job that it leaves."""

    def __init__(
        self,
        position: int,
        plan: FargatePlan,
        tables: Tables,
        account: FargateAccount,
        attempts: Attempts,
        kernel: Kernel,
        request_pass: Callable[[], None],
        rules: Rules,
    ) -> None:
        self.position = position
        self.plan = plan
        self.enabled, self.valid = plan.enabled, plan.invalid is None
        self.max_vcpus = plan.max_vcpus
        self.highest_min_vcpus = 0
        self.used_milli = 0
        self.tasks: set[int] | None = None
        """Open attempts, where somebody asks for them (``world.backfill``)."""
        self.touched = False
        self.account = account
        account.environments.append(self)
        self._outages = Outages(plan.outages, rules.backoff_ms) if plan.outages else None
        self._tables = tables
        self._attempts = attempts
        self._kernel = kernel
        self._request_pass = request_pass
        self._rules = rules
        self.noticed: Callable[[tuple[int, int]], None] = _nobody
        """Hears of the notice of a task: its attempt, and when it will be interrupted."""
        self.pulls: Pulls | None = None
        """What faults make of image pulls, where there are any."""
        self._next_token = TokenGate(kernel, account.bucket, self._reopen)
        self._held_until_ms = NEVER

    @property
    def in_service(self) -> bool:
        """Whether it may take jobs: it is ENABLED and not INVALID."""
        return self.enabled and self.valid

    def stance(self, shape: int, booting: Rooms) -> WaitReason:  # noqa: ARG002 (Fargate boots nothing)
        """Why a task of this shape does not start here, in order of precedence."""
        want = self._tables.shapes[shape]
        if not self._suits(want):
            return WaitReason.NOTHING_FITS
        if want.vcpus_milli > self.max_vcpus * 1000:
            return WaitReason.OVER_MAX_RESOURCE
        if not self.in_service:
            return WaitReason.ENVIRONMENT_DISABLED if self.valid else WaitReason.ENVIRONMENT_INVALID
        return self._gate(want)

    def _gate(self, want: Shape) -> WaitReason:
        """What holds a task back that may run here."""
        if self.used_milli + want.vcpus_milli > self.max_vcpus * 1000:
            return WaitReason.MAX_VCPUS
        if want.vcpus_milli > self.account.room_milli():
            return WaitReason.VCPU_QUOTA
        if self._outages is not None and self._outages.holds_back(self._kernel.now_ms):
            return WaitReason.CAPACITY_ERROR
        return WaitReason.LAUNCH_RATE

    def takes(self, shape: int) -> bool:
        """Whether tasks of this shape may start here at all."""
        want = self._tables.shapes[shape]
        return self.in_service and self._suits(want) and want.vcpus_milli <= self.max_vcpus * 1000

    def has_room(self, shape: int, *, holds: bool = False) -> bool:  # noqa: ARG002 (one signature for all environments)
        """Whether maxvCpus and the quota leave room for a task of this shape now."""
        return self.takes(shape) and self._tables.shapes[shape].vcpus_milli <= self.room_milli()

    def serves(self, shape: int, booting: Rooms) -> bool:
        """Whether a task of this shape waits here: only the launch rate holds it back."""
        return self.stance(shape, booting) == WaitReason.LAUNCH_RATE

    def may_grow_for(self, shape: int) -> bool:  # noqa: ARG002 (one signature for all environments)
        """Fargate has no instances."""
        return False

    def is_short(self, shape: int) -> bool:  # noqa: ARG002 (one signature for all environments)
        """No resources are rationed (``engine/consumables.py`` has the other kind)."""
        return False

    def may_free(self, shape: int) -> bool:
        """Whether room may come as tasks end: not for a task above the whole quota."""
        return self.account.may_hold(self._tables.shapes[shape].vcpus_milli)

    def would_hold(self, shape: int) -> bool:  # noqa: ARG002 (one signature for all environments)
        """Fargate has no types."""
        return False

    def refusal(self, shape: int) -> str:
        """Return what RunTask answers: the vCPU quota is used up, or the launch rate (ECS, "API failure reasons")."""
        reason = self.stance(shape, Rooms())
        if reason == WaitReason.LAUNCH_RATE:
            return "ThrottlingException: Rate exceeded"
        if not self.in_service:
            return f"{self.plan.name} is {'DISABLED' if self.valid else 'INVALID'}"
        if reason == WaitReason.CAPACITY_ERROR:
            return "Capacity is unavailable at this time"
        return "You've reached the limit on the number of vCPUs you can run concurrently"

    @property
    def is_simple(self) -> bool:
        """Whether all that a task asks is how many vCPUs maxvCpus leaves."""
        special = self._outages is not None or self.pulls is not None or self.tasks is not None or self.plan.spot
        return type(self) is FargateEnvironment and self.in_service and not special and not self.account.has_quota

    def booting_rooms(self) -> Rooms:
        """Fargate boots nothing."""
        return Rooms()

    def view(self) -> EnvironmentView:
        """Return the vCPUs of its tasks."""
        used = -(-self.used_milli // 1000)
        return EnvironmentView(used, 0, used)

    def place(self, low: int, high: int) -> int:
        """Start as many tasks of a run of equal jobs as the caps and the launch rate permit; return how many.

        Where Fargate Spot has no capacity, the first task tried finds that out, and the environment backs off.
        """
        want = self._tables.shape(low)
        if not self.in_service or not self._suits(want):
            return 0
        wanted = max(0, min(high - low, self.room_milli() // want.vcpus_milli))
        if wanted and self._outages is not None and self._is_refused(self._outages):
            return 0
        bucket = self.account.bucket
        tokens = bucket.tokens(self._kernel.now_ms)
        count = min(wanted, tokens)
        bucket.take(count)
        self.use(count * want.vcpus_milli)
        entry = self._tables.entry(low)
        first = low if self.fill is None else self.fill(low, low + count)
        for job in range(first, low + count):
            self.start(job, entry)
        if tokens < wanted:
            self._next_token.wake()
        return count

    def release(self, attempt: int) -> None:
        """A task ended."""
        if self.tasks is not None:
            self.tasks.discard(attempt)
        self.use(-self._tables.shape(self._attempts.table.job[attempt]).vcpus_milli)
        self.touched = True
        self.account.released()

    def is_held_back(self) -> bool:
        """Whether Fargate Spot had no capacity when last tried, and will be tried again."""
        return self._held_until_ms > self._kernel.now_ms

    def _suits(self, want: Shape) -> bool:
        """Whether tasks of this shape can run here at all: there are no GPUs, and no Windows on Fargate Spot."""
        return not want.gpus and not (want.windows and self.plan.spot)

    def room_milli(self) -> int:
        """What maxvCpus and the account's quota leave."""
        return min(self.max_vcpus * 1000 - self.used_milli, self.account.room_milli())

    def use(self, milli: int) -> None:
        """Tasks take so many thousandths of a vCPU, or give them back."""
        self.used_milli += milli
        self.account.used_milli += milli

    def _is_refused(self, outages: Outages) -> bool:
        """Whether there is no capacity, or was none when last tried; jobs look again when the back-off ends."""
        until = outages.refused_until(self._kernel.now_ms)
        if until is not None and until != self._held_until_ms:
            self._held_until_ms = until
            self._kernel.call_in_background(until, Rank.GATE, self._reopen)
        return until is not None

    def start(self, job: int, entry: EntryRun) -> None:
        """Open a task's attempt; its vCPUs are in use already."""
        now, index, attempt = self._kernel.now_ms, job - entry.first_job, self._tables.jobs.attempts[job] + 1
        pull_at = now + entry.provision.one_ms(index, attempt)
        pull_ms = self._pull_ms(entry, index, attempt)
        if self.pulls is not None:
            image = self._tables.submissions.image[self._tables.jobs.submission[job]]
            where = {"environment": self.position, "attempt": len(self._attempts.table)}
            pull_ms += self.pulls.delay_ms(image, self.position, (entry.stream, index, attempt), pull_at, **where)
        start = Start(NEVER, self.position, pull_at, pull_at + pull_ms, self.speed_pico(job))
        row = self._attempts.open(job, start, 0)
        if self.tasks is not None:
            self.tasks.add(row)
        if self.plan.spot and entry.task_lifetimes is not None:
            self._interrupt_at(row, now + entry.task_lifetimes.one_ms(index, attempt), entry)

    def speed_pico(self, job: int) -> int:
        """Return how fast a job's work is done here, in thousandths."""
        return self._rules.fargate_speed_pico[self._tables.shape(job).architecture == "arm64"]

    def _interrupt_at(self, row: int, at_ms: int, entry: EntryRun) -> None:
        """A task will be interrupted: SIGTERM comes with the notice, SIGKILL ``stop_timeout`` later, or at the loss.

        ECS, "Fargate capacity providers". Only a container that would answer SIGTERM needs an event for it.
        """
        notice_at = max(self._kernel.now_ms, at_ms - self._rules.notice_ms)
        killed_at = min(at_ms, notice_at + self._rules.stop_timeout_ms)
        if entry.course is not None and notice_at < at_ms:
            self._kernel.call_in_background(notice_at, Rank.NOTICE, self.noticed, (row, killed_at))
        self._kernel.call_in_background(killed_at, Rank.RECLAIM, self._reclaim, row)

    def _pull_ms(self, entry: EntryRun, index: int, attempt: int) -> int:
        if entry.pull is None:
            return entry.task_pulls.one_ms(index, attempt)
        return entry.pull.fargate_ms

    def _reclaim(self, row: int) -> None:
        if self._attempts.table.is_open(row):
            self._attempts.interrupt(row, Outcome.RECLAIMED, TASK_INTERRUPTED, KILLED)

    def _reopen(self, _: None) -> None:
        self.touched = True
        self._request_pass()


def _nobody(attempt_and_loss: tuple[int, int]) -> None:
    """Nobody listens yet."""
