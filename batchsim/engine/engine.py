"""The engine: builds the rooms of the house, joins them, and moves the clock. It holds no rule of AWS Batch."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from batchsim.engine.arrivals import Arrivals
from batchsim.engine.attempts import Attempts
from batchsim.engine.compile import compile_plan
from batchsim.engine.control import CapacityControl, JobControl
from batchsim.engine.demand import DemandMeter, Environment
from batchsim.engine.dependencies import Dependencies
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.entries import EntryCompiler
from batchsim.engine.fargate import FargateEnvironment, TokenBucket
from batchsim.engine.fleet import Fleet
from batchsim.engine.images import ImageCache
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.launch import Launcher
from batchsim.engine.lifecycle import Lifecycle
from batchsim.engine.plan import Ec2Plan, EnvironmentPlan
from batchsim.engine.randomness import Draws
from batchsim.engine.scale_in import ScaleIn
from batchsim.engine.scale_up import Scaler
from batchsim.engine.scaling_log import ScalingLog
from batchsim.engine.scheduler import Scheduler
from batchsim.engine.spot import SpotMarket
from batchsim.engine.tables import Tables
from batchsim.engine.timeline import HeadTimeline
from batchsim.engine.workload.plans import DependencyKind, EntryPlan, Workload, parent_calls
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import EndedBy, JobState
from batchsim.spec import Scenario
from batchsim.spec.facts import CatalogueFacts


@dataclass(frozen=True, slots=True)
class Decision:
    """One placement, launch or scale-in: what :meth:`Engine.run_to_decision` hands out."""

    kind: str
    """``placement``, ``launch`` or ``scale_in``."""
    at_ms: int
    row: int
    """The job placed, or the instance launched or ended."""


class Engine:
    """One run of one scenario. Instants are integer milliseconds since ``simulation.start``."""

    def __init__(
        self, scenario: Scenario, facts: CatalogueFacts, workload: Workload, draws: Draws, *, thorough: bool = False
    ) -> None:
        """``thorough`` takes the plain path wherever there is a fast one; the results are the same."""
        self.kernel = Kernel()
        self.plan = compile_plan(scenario, facts, workload, draws)
        self.tables = Tables()
        self.timeline = HeadTimeline(len(self.plan.queues))
        self.log = ScalingLog(self.kernel)
        self.ended_by = EndedBy.DRAINED
        self._decisions: deque[Decision] = deque()
        self._stepping = False
        self._plans: list[EntryPlan] = []
        self.live_jobs = 0
        """Jobs accepted that have not ended."""
        self._coming_actions = 0
        self._refused: set[int] = set()
        """Calls that AWS Batch refused."""
        self._own_parents: dict[int, list[tuple[int, int]]] = {}
        self._compiler = EntryCompiler(self.plan, scenario.world, draws, self.tables)
        self._build_jobs_side()
        self._build_capacity_side(thorough=thorough)
        self._join()
        for entry in workload.entries:
            self._add(entry)
        self._start()

    # -- building

    def _build_jobs_side(self) -> None:
        rules, tables = self.plan.rules, self.tables
        self.queues = [JobQueue(position, queue, tables) for position, queue in enumerate(self.plan.queues)]
        self.running = Attempts(self.kernel, tables, rules.start_failure)
        self.lifecycle = Lifecycle(self.kernel, rules, tables, self.queues, self._joined)
        self.dependencies = Dependencies(self.kernel, tables, self.lifecycle, wait_for_cancel=rules.cancel_pending_wait)
        self.arrivals = Arrivals(self.kernel, rules, tables, self.queues, self._accept, self._refuse)

    def _build_capacity_side(self, *, thorough: bool) -> None:
        plan, rules = self.plan, self.plan.rules
        self.images = ImageCache(plan.delays, rules.slow_pull_probability, plan.images)
        buckets = {spot: TokenBucket(rules.fargate_burst, rules.fargate_rate_per_s) for spot in (False, True)}
        self.environments: tuple[Environment, ...] = tuple(
            self._environment(position, environment, buckets, thorough=thorough)
            for position, environment in enumerate(plan.environments)
        )
        self.meter = DemandMeter(self.tables, self.environments)
        self.scheduler = Scheduler(
            self.kernel,
            rules.scheduler_cycle_ms,
            self.queues,
            self.environments,
            self.tables,
            self.meter,
            self.timeline,
            self._decided,
        )
        self.scheduler.thorough = thorough
        instances = self.tables.instances
        self.market = SpotMarket(self.kernel, plan.spot, plan.pools, plan.delays, instances, self._reclaimed)
        self.launcher = Launcher(self.kernel, plan, instances, self.market, self._became_ready, self._gate_opened)
        self.scale_in = ScaleIn(
            self.kernel, instances, self.launcher, rules, self.log, self._gate_opened, self._decided
        )
        self.scalers = {
            environment.position: Scaler(
                self.kernel,
                environment,
                self.meter,
                self.launcher,
                plan.delays.scale_up(environment.plan.key),
                rules,
                self.log,
                self._decided,
            )
            for environment in self.environments
            if isinstance(environment, Ec2Environment)
        }

    def _environment(
        self, position: int, plan: EnvironmentPlan, buckets: dict[bool, TokenBucket], *, thorough: bool
    ) -> Environment:
        if isinstance(plan, Ec2Plan):
            fleet = Fleet(self.tables.instances, self.plan.rules.packing, indexed=not thorough)
            return Ec2Environment(position, plan, self.tables, fleet, self.images, self.running, self.kernel)
        bucket = buckets[plan.spot]
        return FargateEnvironment(position, plan, self.tables, bucket, self.running, self.kernel, self._gate_opened)

    def _join(self) -> None:
        """Let the rooms hear of each other."""
        self.running.hosts = list(self.environments)
        self.running.settled = self._attempt_ended
        self.lifecycle.ended = self._job_ended
        self.scheduler.passed = self._passed
        self.launcher.grew = self._grew
        self.control = JobControl(self.tables, self.running, self.lifecycle, self.dependencies, self.scheduler)
        self.capacity = CapacityControl(
            self.queues,
            self.environments,
            self.tables,
            self.running,
            self.launcher,
            self.scale_in,
            self.scheduler,
            self.log,
        )

    def _add(self, plan: EntryPlan) -> None:
        self._plans.append(plan)
        self._compiler.add(plan)

    def _start(self) -> None:
        """The world at t = 0: the initial capacity stands, the first calls are on the agenda."""
        for scaler in self.scalers.values():
            plan = scaler.environment.plan
            scaler.fill(max(plan.min_vcpus, plan.desired_vcpus))
        self.arrivals.start()

    def submit(self, plan: EntryPlan, parents: list[tuple[int, int]], at_ms: int) -> None:
        """Add an entry from outside; its one call comes at ``at_ms`` and waits for ``parents``, (submission, kind)."""
        self._add(plan)
        submission = self.tables.entries[-1].first_submission
        self._own_parents[submission] = parents
        self.arrivals.add(submission, at_ms)

    def act(self, at_ms: int, call: Callable[[], None]) -> None:
        """Carry out a timed action at its place in an instant; without live jobs it does not keep the run alive."""
        self._coming_actions += 1
        self.kernel.call_in_background(at_ms, Rank.ACTION, self._act, call)

    def _act(self, call: Callable[[], None]) -> None:
        self._coming_actions -= 1
        call()

    def plan_reclaim(self, environment: int, ordinal: int, at_ms: int, *, replace: bool) -> None:
        """Let EC2 take one instance at an instant, if it is on by then, with the notice before."""
        notice_at = max(self.kernel.now_ms, at_ms - self.plan.spot.notice_ms)

        def notify(_: None) -> None:
            row = self.tables.instances.row_of(environment, ordinal)
            if row is not None and self.tables.instances.is_on(row):
                self.tables.instances.notice_at[row] = self.kernel.now_ms

        def strike(_: None) -> None:
            row = self.tables.instances.row_of(environment, ordinal)
            if row is not None and self.tables.instances.is_on(row):
                self.capacity.reclaim(row, replace=replace)

        self.kernel.call_in_background(notice_at, Rank.NOTICE, notify)
        self.kernel.call_in_background(at_ms, Rank.RECLAIM, strike)

    def position(self, name: str, *, is_queue: bool) -> int:
        """Return the position of a queue or an environment."""
        plans = self.plan.queues if is_queue else self.plan.environments
        return [plan.name for plan in plans].index(name)

    def highest_min_vcpus(self) -> list[int]:
        """Return the largest minvCpus that each environment had."""
        return [environment.highest_min_vcpus for environment in self.environments]

    # -- what follows from what

    def _joined(self, queue: JobQueue) -> None:
        self.scheduler.joined(queue)

    def _gate_opened(self) -> None:
        self.scheduler.request_pass()

    def _reclaimed(self, row: int) -> None:
        self.capacity.reclaim(row)

    def _accept(self, submission: int) -> None:
        """A SubmitJob call was accepted: its jobs wait for their dependencies, or for capacity."""
        entry_number = self.tables.submissions.entry[submission]
        entry, plan = self.tables.entries[entry_number], self._plans[entry_number]
        parents = list(self._own_parents.get(submission, ()))
        for link in plan.dependencies:
            if link.kind != DependencyKind.SEQUENTIAL:
                calls = parent_calls(plan, link, tuple(self._plans), self.tables.submissions.occurrence[submission])
                first = self.tables.entries[link.parent].first_submission
                parents.extend((first + call, int(link.kind)) for call in calls)
        if any(parent in self._refused for parent, _ in parents):
            self._refuse(submission, "dependsOn names a job that was not accepted")
            return
        self.live_jobs += self.tables.submissions.size[submission]
        self.dependencies.admit(submission, parents, sequential=entry.sequential)

    def _refuse(self, submission: int, why: str) -> None:
        """AWS Batch refuses a call: its jobs never come to be, and entries that follow it do not wait for them."""
        submissions = self.tables.submissions
        submissions.created_at[submission], submissions.state[submission] = NEVER, JobState.NOT_SUBMITTED
        submissions.status_reason[submission] = self.tables.status_reasons.code(why)
        self._refused.add(submission)
        self.dependencies.refused(submission)
        self.arrivals.submission_ended(submission)

    def _attempt_ended(self, attempt: int) -> None:
        self.lifecycle.settle_attempt(attempt)
        environment = self.environments[self.tables.attempts.environment[attempt]]
        if isinstance(environment, Ec2Environment):
            row = self.tables.attempts.instance[attempt]
            if row in environment.idle_since:
                self.scale_in.watch(environment, row)
        self.scheduler.request_pass()

    def _job_ended(self, job: int) -> None:
        submission = self.tables.jobs.submission[job]
        self.live_jobs -= 1
        self.dependencies.job_ended(job)
        if not self.tables.submissions.left[submission]:
            self.arrivals.submission_ended(submission)

    def _became_ready(self, environment: Ec2Environment, row: int) -> None:
        self.scale_in.watch(environment, row)
        self.scheduler.request_pass()

    def _grew(self, environment: Ec2Environment) -> None:
        environment.touched = True
        self.scale_in.look_again(environment)
        self.scheduler.request_pass()

    def _passed(self, environment: Environment) -> None:
        scaler = self.scalers.get(environment.position)
        if scaler is not None:
            scaler.consider()

    def _decided(self, kind: str, rows: range) -> None:
        """Note decisions for whoever steps through the run."""
        if self._stepping:
            self._decisions.extend(Decision(kind, self.kernel.now_ms, row) for row in rows)

    # -- moving the clock

    @property
    def end_ms(self) -> int:
        """The instant at which the run is cut at the latest."""
        limit = self.plan.max_time_ms
        return limit if self.plan.until_ms is None else min(limit, self.plan.until_ms)

    def run_before(self, at_ms: int) -> None:
        """Process every event before ``at_ms``, and no later than the run's end."""
        self._decisions.clear()
        self._run(min(at_ms, self.end_ms))

    def run_to_decision(self) -> Decision | None:
        """Return the next placement, launch or scale-in, None when there is none to come.

        A pass, a scale-up decision and a check of scale-in are each one event: what they decide together happens
        together, and is handed out one by one.
        """
        if not self._decisions:
            self._stepping = True
            self._run(self.end_ms)
            self._stepping = False
        return self._decisions.popleft() if self._decisions else None

    def _run(self, before_ms: int) -> None:
        self.kernel.advance(before_ms, self._is_paused, self._is_awaited)

    def _is_paused(self) -> bool:
        return bool(self._decisions)

    def _is_awaited(self) -> bool:
        """Whether a run goes on though only background events are left (model 1, end of a run)."""
        if self.plan.until_ms is not None or (self._coming_actions and self.live_jobs):
            return True
        return any(self._is_at_work(environment) for environment in self.environments)

    def _is_at_work(self, environment: Environment) -> bool:
        """Whether an environment has instances to end, or something to decide or to wait for on behalf of jobs."""
        if not isinstance(environment, Ec2Environment):
            return False
        if self.scale_in.is_awaited(environment) or self.scalers[environment.position].is_awaited():
            return True
        return self.launcher.is_holding_back(environment) and any(
            queue.waiting and environment.position in queue.environments for queue in self.queues
        )

    def close(self) -> int:
        """Run to the end; return the horizon, and set ``ended_by``."""
        self.run_before(self.end_ms)
        if self.plan.until_ms is None and self.kernel.exhausted and not self._is_awaited():
            self.ended_by = EndedBy.STUCK if self.live_jobs else EndedBy.DRAINED
            return self.kernel.now_ms
        self.ended_by = EndedBy.UNTIL if self.end_ms == self.plan.until_ms else EndedBy.MAX_TIME
        return self.end_ms
