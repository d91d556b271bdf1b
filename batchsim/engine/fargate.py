"""A FARGATE or FARGATE_SPOT compute environment: a cap on vCPUs, a launch rate, and tasks that share nothing."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil

from batchsim.engine.attempts import Attempts, Start
from batchsim.engine.environment import EnvironmentView
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.plan import EntryRun, FargatePlan, Rules, Shape
from batchsim.engine.tables import Tables
from batchsim.engine.vocabulary import KILLED, TASK_INTERRUPTED
from batchsim.policies.scaling import Rooms
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import Outcome, WaitReason


class TokenBucket:
    """A launch rate: a burst, refilled at a constant rate; exact in integer milliseconds (ECS throttling quotas)."""

    def __init__(self, burst: int, rate_per_s: Fraction) -> None:
        self._burst = burst
        self._rate_per_ms = rate_per_s / 1000
        self._level = Fraction(burst)
        self._at_ms = 0

    def tokens(self, now_ms: int) -> int:
        """Return how many launches the rate permits now."""
        self._level = min(Fraction(self._burst), self._level + (now_ms - self._at_ms) * self._rate_per_ms)
        self._at_ms = now_ms
        return int(self._level)

    def take(self, count: int) -> None:
        """Use up tokens that :meth:`tokens` granted."""
        self._level -= count

    def next_token_ms(self) -> int | None:
        """Return the instant of the next whole token; None where the bucket is never refilled."""
        if not self._rate_per_ms:
            return None
        return self._at_ms + ceil((int(self._level) + 1 - self._level) / self._rate_per_ms)


class FargateCover:
    """What a Fargate environment covers: what maxvCpus leaves."""

    def __init__(self, free_milli: int) -> None:
        self._free_milli = free_milli

    def pack(self, shape: int, want: Shape, count: int) -> int:  # noqa: ARG002 (one signature for all covers)
        """Return how many of ``count`` tasks there is room for."""
        taken = 0 if want.gpus else max(0, min(count, self._free_milli // want.vcpus_milli))
        self._free_milli -= taken * want.vcpus_milli
        return taken

    def grow(self, shape: int, want: Shape, count: int) -> int:  # noqa: ARG002 (one signature for all covers)
        """Fargate does not grow: its room is all there is."""
        return 0

    def keep(self, shape: int, want: Shape, count: int) -> int:  # noqa: ARG002 (one signature for all covers)
        """Fargate does not grow."""
        return 0


class FargateEnvironment:
    """Every job is a task of its own: it is provisioned, pulls its image, runs; billed from the pull."""

    def __init__(
        self,
        position: int,
        plan: FargatePlan,
        tables: Tables,
        bucket: TokenBucket,
        attempts: Attempts,
        kernel: Kernel,
        request_pass: Callable[[], None],
        rules: Rules,
    ) -> None:
        self.position = position
        self.plan = plan
        self.enabled = plan.enabled
        self.max_vcpus = plan.max_vcpus
        self.highest_min_vcpus = 0
        self.used_milli = 0
        self.touched = False
        self.bucket = bucket
        self._tables = tables
        self._attempts = attempts
        self._kernel = kernel
        self._request_pass = request_pass
        self._rules = rules
        self.noticed: Callable[[tuple[int, int]], None] = _nobody
        """Hears of the notice of a task: its attempt, and when it will be interrupted."""
        self._gate_at_ms = NEVER

    def stance(self, shape: int, booting: Rooms) -> WaitReason:  # noqa: ARG002 (Fargate boots nothing)
        """Why a task of this shape does not start here, in order of precedence."""
        want = self._tables.shapes[shape]
        if want.gpus:
            return WaitReason.NOTHING_FITS
        if want.vcpus_milli > self.max_vcpus * 1000:
            return WaitReason.OVER_MAX_RESOURCE
        if not self.enabled:
            return WaitReason.ENVIRONMENT_DISABLED
        if self.used_milli + want.vcpus_milli > self.max_vcpus * 1000:
            return WaitReason.MAX_VCPUS
        return WaitReason.LAUNCH_RATE

    def serves(self, shape: int, booting: Rooms) -> bool:
        """Whether a task of this shape waits here: only the launch rate holds it back."""
        return self.stance(shape, booting) == WaitReason.LAUNCH_RATE

    def refusal(self, shape: int) -> str:
        """Return what RunTask answers: the vCPU quota is used up, or the launch rate (ECS, "API failure reasons")."""
        reason = self.stance(shape, Rooms())
        if reason == WaitReason.LAUNCH_RATE:
            return "ThrottlingException: Rate exceeded"
        if reason == WaitReason.ENVIRONMENT_DISABLED:
            return f"{self.plan.name} is DISABLED"
        return "You've reached the limit on the number of vCPUs you can run concurrently"

    def booting_rooms(self) -> Rooms:
        """Fargate boots nothing."""
        return Rooms()

    def cover(self) -> FargateCover:
        """Return what maxvCpus leaves."""
        return FargateCover(self.max_vcpus * 1000 - self.used_milli if self.enabled else 0)

    def view(self) -> EnvironmentView:
        """Return the vCPUs of its tasks."""
        used = -(-self.used_milli // 1000)
        return EnvironmentView(used, 0, used)

    def place(self, low: int, high: int) -> int:
        """Start as many tasks of a run of equal jobs as maxvCpus and the launch rate permit; return how many."""
        want = self._tables.shape(low)
        if not self.enabled or want.gpus:
            return 0
        room = (self.max_vcpus * 1000 - self.used_milli) // want.vcpus_milli
        wanted, tokens = max(0, min(high - low, room)), self.bucket.tokens(self._kernel.now_ms)
        count = min(wanted, tokens)
        self.bucket.take(count)
        self.used_milli += count * want.vcpus_milli
        entry = self._tables.entry(low)
        for job in range(low, low + count):
            self._start(job, entry)
        if tokens < wanted:
            self._wake_at_next_token()
        return count

    def has_room(self, shape: int) -> bool:
        """Whether a task of this shape would start now."""
        want = self._tables.shapes[shape]
        fits = self.used_milli + want.vcpus_milli <= self.max_vcpus * 1000
        return self.enabled and not want.gpus and fits and self.bucket.tokens(self._kernel.now_ms) > 0

    def release(self, attempt: int) -> None:
        """A task ended."""
        self.used_milli -= self._tables.shape(self._attempts.table.job[attempt]).vcpus_milli
        self.touched = True

    def _start(self, job: int, entry: EntryRun) -> None:
        now, index, attempt = self._kernel.now_ms, job - entry.first_job, self._tables.jobs.attempts[job] + 1
        pull_at = now + entry.provision.one_ms(index, attempt)
        pull_ms = self._pull_ms(entry, index, attempt)
        speed_milli = self._rules.fargate_speed_milli[self._tables.shape(job).architecture == "arm64"]
        row = self._attempts.open(job, Start(NEVER, self.position, pull_at, pull_at + pull_ms, speed_milli), 0)
        if self.plan.spot and entry.task_lifetimes is not None:
            self._interrupt_at(row, now + entry.task_lifetimes.one_ms(index, attempt), entry)

    def _interrupt_at(self, row: int, at_ms: int, entry: EntryRun) -> None:
        """A task will be interrupted; only one that would answer it needs an event for its notice."""
        if entry.course is not None:
            notice_at = max(self._kernel.now_ms, at_ms - self._rules.notice_ms)
            self._kernel.call_in_background(notice_at, Rank.NOTICE, self.noticed, (row, at_ms))
        self._kernel.call_in_background(at_ms, Rank.RECLAIM, self._reclaim, row)

    def _pull_ms(self, entry: EntryRun, index: int, attempt: int) -> int:
        if entry.pull is None:
            return entry.task_pulls.one_ms(index, attempt)
        return entry.pull.fargate_ms

    def _reclaim(self, row: int) -> None:
        if self._attempts.table.is_open(row):
            self._attempts.interrupt(row, Outcome.RECLAIMED, TASK_INTERRUPTED, KILLED)

    def _wake_at_next_token(self) -> None:
        at = self.bucket.next_token_ms()
        if at is not None and at > self._gate_at_ms:
            self._gate_at_ms = at
            self._kernel.call_at(at, Rank.GATE, self._reopen)

    def _reopen(self, _: None) -> None:
        self.touched = True
        self._request_pass()


def _nobody(attempt_and_loss: tuple[int, int]) -> None:
    """Nobody listens yet."""
