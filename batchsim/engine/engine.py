"""The engine: builds the rooms of the house, joins them, and moves the clock. It holds no rule of AWS Batch."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from functools import partial

from batchsim.engine.arrivals import Arrivals
from batchsim.engine.attempts import Attempts
from batchsim.engine.backfill import Backfill
from batchsim.engine.blocked import BlockDetector
from batchsim.engine.capacity_errors import CapacityErrors, shortages_of
from batchsim.engine.compile import compile_plan
from batchsim.engine.consumables import (
    Consumables,
    Gatekeeper,
    Ledger,
    Rationed,
    RationedEc2Environment,
    RationedFargateEnvironment,
    RationedRatedEc2Environment,
)
from batchsim.engine.control import CapacityControl, JobControl
from batchsim.engine.decision import Decided
from batchsim.engine.demand import DemandMeter
from batchsim.engine.dependencies import Dependencies
from batchsim.engine.dispatch import RatedEc2Environment
from batchsim.engine.drain import Drain
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.end_of_run import EndOfRun
from batchsim.engine.entries import EntryCompiler
from batchsim.engine.environment import Environment
from batchsim.engine.fargate import FargateEnvironment
from batchsim.engine.fargate_account import FargateAccount
from batchsim.engine.fleet import Fleet
from batchsim.engine.images import ImageCache
from batchsim.engine.interruptions import Interruptions
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.laned_queue import LanedQueue
from batchsim.engine.launch import Launcher
from batchsim.engine.lifecycle import Lifecycle
from batchsim.engine.outlook import Estimates, Outlook
from batchsim.engine.overtaking import Elsewhere, Overtaking, Skipping
from batchsim.engine.plan import Ec2Plan, EnvironmentPlan, QueuePlan
from batchsim.engine.quota import VcpuQuota
from batchsim.engine.randomness import Draws, Stream
from batchsim.engine.rejections import RejectionLog
from batchsim.engine.restraint import Restraint
from batchsim.engine.revisions import Revisions
from batchsim.engine.run_task import RunTaskClients
from batchsim.engine.scale_in import ScaleIn
from batchsim.engine.scale_up import Scaler
from batchsim.engine.scaling_log import ScalingLog
from batchsim.engine.scheduler import Scheduler
from batchsim.engine.share_queue import ShareQueue
from batchsim.engine.share_submission import SubmitJobToShares
from batchsim.engine.spot import SpotMarket
from batchsim.engine.spot_prices import SpotPrices
from batchsim.engine.standing import StandingFleet
from batchsim.engine.stopping import Stops
from batchsim.engine.submit_job import SubmitJob
from batchsim.engine.submitted import SubmittedJobs
from batchsim.engine.tables import Tables
from batchsim.engine.timeline import HeadTimeline
from batchsim.engine.token_bucket import TokenBucket
from batchsim.engine.views import Views
from batchsim.engine.vocabulary import CANCEL_AFTER
from batchsim.engine.workload.plans import EntryPlan, Workload
from batchsim.errors import SimulationError
from batchsim.policies.given import AWS, Policies
from batchsim.records.vocabulary import EndedBy
from batchsim.spec import Scenario
from batchsim.spec.facts import CatalogueFacts


class Engine:
    """One run of one scenario. Instants are integer milliseconds since ``simulation.start``."""

    def __init__(
        self,
        scenario: Scenario,
        facts: CatalogueFacts,
        workload: Workload,
        draws: Draws,
        policies: Policies = AWS,
        *,
        thorough: bool = False,
    ) -> None:
        """``thorough`` takes the plain path wherever there is a fast one; the results are the same."""
        self.kernel = Kernel()
        self.plan = compile_plan(scenario, facts, workload, draws, policies)
        self._shortages = shortages_of(scenario.faults, self.plan.environments, self.plan.zones)
        self.policies = policies
        self.tables = Tables()
        self._views = Views(self.plan, self.tables)
        self.timeline = HeadTimeline(len(self.plan.queues))
        self.log = ScalingLog(self.kernel)
        self.ended_by = EndedBy.DRAINED
        self._decisions: deque[Decided] = deque()
        self._stepping = False
        self._is_amid_an_event = False
        """Still true after an event that raised: what it left undone, nobody knows."""
        self._is_thorough = thorough
        self.images = self._images()
        self._estimates = Estimates(self.tables, self.plan.delays, self.plan.rules, self.images)
        self._compiler = EntryCompiler(self.plan, scenario.world, draws, self.tables)
        self.revisions = Revisions(scenario, self.tables, self._compiler)
        self._build_jobs_side(thorough=thorough)
        self._build_capacity_side(thorough=thorough)
        self._join()
        for entry in workload.entries:
            self._add(entry)
        self._compiler.link(workload.entries)
        self._start()

    # -- building

    def _images(self) -> ImageCache:
        rules = self.plan.rules
        return ImageCache(self.plan.delays, rules.slow_pull_probability, rules.cache_hit_ms, self.plan.images)

    def _build_jobs_side(self, *, thorough: bool) -> None:
        rules, tables = self.plan.rules, self.tables
        self.queues = [
            self._queue(position, queue, thorough=thorough) for position, queue in enumerate(self.plan.queues)
        ]
        self.running = Attempts(self.kernel, tables, rules.start_failure)
        self.lifecycle = Lifecycle(self.kernel, rules, tables, self.queues, self.policies, self._views, self._joined)
        self.dependencies = Dependencies(
            self.kernel,
            tables,
            self.lifecycle,
            wait_for_cancel=rules.cancel_pending_wait,
            fail_delay_ms=rules.dep_fail_delay_ms,
            thorough=thorough,
        )
        self.consumables = self._consumables()
        self.rejections = RejectionLog(tables.submissions, tables.status_reasons)
        self.submit_job = self._submit_job()
        self.arrivals = Arrivals(
            self.kernel, rules, tables, self.queues, self.submit_job.accept, self.submit_job.refuse, self.rejections
        )

    def _build_capacity_side(self, *, thorough: bool) -> None:
        plan, rules = self.plan, self.plan.rules
        accounts = tuple(
            FargateAccount(TokenBucket(rules.fargate_burst, rules.fargate_rate_per_s), quota_milli)
            for quota_milli in rules.fargate_quota_milli
        )
        self.environments: tuple[Environment, ...] = tuple(
            self._environment(position, environment, accounts, thorough=thorough)
            for position, environment in enumerate(plan.environments)
        )
        self.meter = DemandMeter(self.tables, self.environments)
        if self.consumables is not None:
            self.meter.ledger = partial(Ledger, self.consumables)
        self.scheduler = Scheduler(
            self.kernel,
            rules.scheduler_cycle_ms,
            [queue for queue in self.queues if not isinstance(queue, RunTaskClients)],
            self.environments,
            self.tables,
            self.meter,
            self.timeline,
            self._decided,
            self.policies.queue_order,
            self._views,
            self._overtaking(),
            thorough=thorough,
        )
        self.blocked = BlockDetector(self.kernel, plan, self.queues, self.environments, self.tables)
        self.timeline.heard = self.blocked.heard
        instances = self.tables.instances
        self.interruptions = Interruptions(
            self.kernel, rules, self.tables, self.running, self.environments, self._gate_opened
        )
        self.market = SpotMarket(self.kernel, plan.spot, plan.pools, plan.delays, instances, self._reclaimed)
        self.launcher = Launcher(
            self.kernel, plan, instances, self.market, self._became_ready, self._gate_opened, thorough=thorough
        )
        self._build_gates()
        self.scale_in = ScaleIn(
            self.kernel, instances, self.launcher, rules, self.log, self._gate_opened, self._decided
        )
        self.drain = Drain(self.kernel, self.tables, self.queues, rules)
        self._build_growth()
        self.end = EndOfRun(
            self.kernel,
            plan,
            self.queues,
            self.environments,
            self.scalers,
            self.fleets,
            self.scale_in,
            self.launcher,
            self.submit_job,
            self.scheduler,
            self.tables,
            self.prices,
            self.blocked,
        )

    def _build_gates(self) -> None:
        """What keeps launches back: quotas, bids, capacity errors beside the market's; each only where there is any."""
        plan, launcher = self.plan, self.launcher
        launcher.environments = self.environments
        hosts = tuple(each for each in self.environments if isinstance(each, Ec2Environment))
        if plan.quotas:
            launcher.quota = self.meter.quota = VcpuQuota(plan.quotas, plan.pools)
            for environment in hosts:
                launcher.quota.join(environment)
        if self._shortages or plan.rules.ice_probability:
            launcher.errors = CapacityErrors(self._shortages, plan.rules.ice_probability, plan.delays)
        self.prices = SpotPrices(
            self.kernel, plan.spot, plan.delays.stream, hosts, self.market.interrupt, self._gate_opened
        )
        launcher.prices = self.prices if self.prices.steps else None

    def _build_growth(self) -> None:
        """What launches instances: a scaler for each environment that has any, or its fleet where that is listed."""
        plan, rules = self.plan, self.plan.rules
        on_instances = [each for each in self.environments if isinstance(each, Ec2Environment)]
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
                self._restraint(environment),
                self._size_draws(environment),
            )
            for environment in on_instances
            if not environment.plan.fleet
        }
        self.fleets = {
            environment.position: StandingFleet(
                self.kernel,
                environment,
                self.launcher,
                self.tables.instances,
                self.log,
                self._decided,
                initial_ready=rules.initial_ready,
            )
            for environment in on_instances
            if environment.plan.fleet
        }

    def _consumables(self) -> Consumables | None:
        plans = self.plan.consumables
        if not plans:
            return None
        held_by_job = self.plan.rules.consumables_held_by_job
        return Consumables(self.kernel, plans, self.tables, self.queues, held_by_job=held_by_job)

    def _submit_job(self) -> SubmitJob:
        rules = self.plan.rules
        submitted = SubmittedJobs(rules.submitted_limit, rules.scheduler_cycle_ms)
        delay_ms, ended = rules.dep_eval_delay_ms, self._submission_ended
        parts = (self.kernel, self.tables, self.dependencies, submitted, self.rejections, delay_ms, ended)
        if not self._shares_fairly():
            return SubmitJob(*parts)
        return SubmitJobToShares(*parts, self.queues, self._gate_opened)

    def _shares_fairly(self) -> bool:
        return any(isinstance(queue, ShareQueue) for queue in self.queues)

    def _queue(self, position: int, plan: QueuePlan, *, thorough: bool) -> JobQueue:
        rules, overtakers = self.plan.rules.run_task, self.plan.rules.overtaking
        if plan.shares is not None:
            return ShareQueue(position, plan, plan.shares, self.tables, self.kernel, self.timeline, thorough=thorough)
        if not plan.without_queue:
            if overtakers == "nobody":
                return JobQueue(position, plan, self.tables)
            return LanedQueue(position, plan, self.tables, self._lane_of(), overtakers)
        return RunTaskClients(position, plan, self.tables, self.kernel, rules, self.timeline, self._decided)

    def _lane_of(self) -> Callable[[int], Hashable]:
        """Return what tells waiting jobs apart for those who pass a head; ``thorough``: every run is by itself."""
        if self._is_thorough:
            return lambda row: row
        if self.plan.rules.overtaking in ("conservative", "aggressive"):
            return self._estimates.lane_of
        return self.tables.shape_code

    def _overtaking(self) -> Overtaking | None:
        """Return who may start before a head that does not fit; None where nobody may."""
        rules = self.plan.rules
        if rules.overtaking == "nobody":
            return None
        if rules.overtaking in ("all", "elsewhere"):
            kind = Skipping if rules.overtaking == "all" else Elsewhere
            return kind(self.environments, self.tables, self._decided)
        outlook = Outlook(self.tables, self.plan.delays, rules, self._estimates, self.environments)
        return Backfill(
            self.environments,
            self.tables,
            self._decided,
            self.kernel,
            self._estimates,
            outlook,
            conservative=rules.overtaking == "conservative",
        )

    def _environment(
        self, position: int, plan: EnvironmentPlan, accounts: tuple[FargateAccount, ...], *, thorough: bool
    ) -> Environment:
        """``accounts``: what Fargate's environments share, and what Fargate Spot's do."""
        if isinstance(plan, Ec2Plan):
            return self._rationed(self._ec2_environment(position, plan, thorough=thorough))
        of_tasks = FargateEnvironment if self.consumables is None else RationedFargateEnvironment
        parts = (position, plan, self.tables, accounts[plan.spot], self.running, self.kernel)
        return self._rationed(of_tasks(*parts, self._gate_opened, self.plan.rules))

    def _ec2_environment(self, position: int, plan: Ec2Plan, *, thorough: bool) -> Ec2Environment:
        rules, rationed = self.plan.rules, self.consumables is not None
        fleet = Fleet(self.tables.instances, rules.packing, self.policies.packing, indexed=not thorough)
        parts = (position, plan, self.tables, fleet, self.images, self.running, self.kernel)
        if rules.dispatch_rate_per_s is None or plan.without_queue:
            return RationedEc2Environment(*parts) if rationed else Ec2Environment(*parts)
        burst = max(1, int(rules.dispatch_rate_per_s))
        bucket = TokenBucket(burst, rules.dispatch_rate_per_s)
        rated = RationedRatedEc2Environment if rationed else RatedEc2Environment
        return rated(*parts, bucket=bucket, request_pass=self._gate_opened)

    def _rationed(self, environment: Environment) -> Environment:
        """Give an environment its gatekeeper, in runs with consumable resources."""
        if isinstance(environment, Rationed):
            assert self.consumables is not None
            environment.gate = Gatekeeper(self.consumables)
        return environment

    def _size_draws(self, environment: Ec2Environment) -> tuple[Stream, ...]:
        """Return what draws sizes, by zone; none where sizes are not drawn."""
        plan, stream = self.plan, self.plan.delays.stream
        zones = plan.zones if environment.plan.draws_sizes else ()
        return tuple(stream("size", f"{environment.plan.key}|{zone}") for zone in zones)

    def _restraint(self, environment: Ec2Environment) -> Restraint | None:
        """Return one where a policy of the user's own may launch less than AWS Batch would."""
        policies = self.policies
        if policies.scaling is None and not environment.plan.has_own_strategy:
            return None
        moves = environment.plan.spot and self.plan.spot.median_depth not in (None, 0)
        return Restraint(self.kernel, environment, self.launcher.offers, policies.scaling, offers_move=moves)

    def _join(self) -> None:
        """Let the rooms hear of each other."""
        self.running.hosts = list(self.environments)
        self.running.settled = self._attempt_of_a_share_ended if self._shares_fairly() else self._attempt_ended
        self.lifecycle.ended = self.submit_job.job_ended if self.consumables is None else self._job_ended
        self.scheduler.passed = self._passed
        self.launcher.grew = self._grew
        self.blocked.cancel = self._time_limit_reached
        self.market.noticed = self.interruptions.notice
        for environment in self.environments:
            if isinstance(environment, FargateEnvironment):
                environment.noticed = self.interruptions.task_notice
            if isinstance(environment, Ec2Environment):
                environment.became_busy = self.drain.watch
        for queue in self.queues:
            queue.is_restless = queue.is_restless or self.consumables is not None
            if isinstance(queue, ShareQueue):
                queue.hosts = self.environments
            if isinstance(queue, RunTaskClients):
                queue.hosts, queue.give_up = self.environments, self.lifecycle.fail
        stops = Stops(self.kernel, self.plan.rules, self.tables, self.running)
        self.running.timed_out = stops.time_out
        self.control = JobControl(self.tables, self.lifecycle, self.dependencies, self.scheduler, stops)
        self.submit_job.expires = self._cancel_later
        self.submit_job.revise, self.submit_job.revised = self.revisions.apply, self.revisions.jobs
        self.capacity = CapacityControl(
            self.queues,
            self.environments,
            self.tables,
            self.running,
            self.launcher,
            self.scale_in,
            self.scheduler,
            self.log,
            self.interruptions,
        )
        self.capacity.raise_desired = self._raise_desired

    def _raise_desired(self, environment: int, vcpus: int) -> None:
        self.scalers[environment].raise_desired(vcpus)
        self.scheduler.request_pass()

    def _add(self, plan: EntryPlan) -> None:
        self.submit_job.know(plan)
        self.revisions.know(plan)
        self._compiler.add(plan)

    def _start(self) -> None:
        """The world at t = 0: the initial capacity stands, the first calls are on the agenda."""
        self.prices.start()
        for scaler in self.scalers.values():
            plan = scaler.environment.plan
            scaler.fill(max(plan.min_vcpus, plan.desired_vcpus))
        for fleet in self.fleets.values():
            fleet.start()
        self.arrivals.start()

    def submit(self, plan: EntryPlan, parents: list[tuple[int, int]], at_ms: int) -> None:
        """Add an entry from outside; its one call comes at ``at_ms`` and waits for ``parents``, (submission, kind)."""
        self._add(plan)
        submission = self.tables.entries[-1].first_submission
        self.submit_job.wait_for(submission, parents)
        self.arrivals.add(submission, at_ms)

    def position(self, name: str, *, is_queue: bool) -> int:
        """Return the position of a queue or an environment."""
        plans = self.plan.queues if is_queue else self.plan.environments
        return [plan.name for plan in plans].index(name)

    def set_total(self, resource: str, total: int) -> None:
        """UpdateConsumableResource: set a total, now."""
        assert self.consumables is not None
        self.consumables.set_total(self.consumables.names.index(resource), total)
        self.scheduler.request_pass()

    def add_to_total(self, resource: str, change: int) -> None:
        """UpdateConsumableResource: add to a total, or remove from it, now; it never falls below 0."""
        assert self.consumables is not None
        total = self.consumables.totals[self.consumables.names.index(resource)]
        self.set_total(resource, max(0, total + change))

    def highest_min_vcpus(self) -> list[int]:
        """Return the largest minvCpus that each environment had."""
        return [environment.highest_min_vcpus for environment in self.environments]

    # -- what follows from what

    def _joined(self, queue: JobQueue) -> None:
        if not isinstance(queue, RunTaskClients):
            self.scheduler.joined(queue)

    def _gate_opened(self) -> None:
        self.scheduler.request_pass()

    def _reclaimed(self, row: int, replace: bool) -> None:
        self.capacity.reclaim(row, replace=replace)

    def _job_ended(self, job: int) -> None:
        """In runs with consumable resources."""
        assert self.consumables is not None
        self.consumables.job_ended(job)
        self.submit_job.job_ended(job)

    def _cancel_later(self, submission: int, after_ms: int) -> None:
        """An entry's calls are cancelled some time after they were accepted (``cancel_after``)."""
        rows = self.tables.submissions.jobs_of(submission)
        call = partial(self.control.cancel, rows, CANCEL_AFTER)
        self.end.act(self.kernel.now_ms + after_ms, call, Rank.EXPIRY)

    def _submission_ended(self, submission: int) -> None:
        self.arrivals.submission_ended(submission)

    def _attempt_of_a_share_ended(self, attempt: int) -> None:
        """As :meth:`_attempt_ended`, where at least one queue shares fairly."""
        job = self.tables.attempts.job[attempt]
        queue = self.queues[self.tables.submissions.queue[self.tables.jobs.submission[job]]]
        if isinstance(queue, ShareQueue):
            queue.released(job)
        self._attempt_ended(attempt)

    def _attempt_ended(self, attempt: int) -> None:
        self.lifecycle.settle_attempt(attempt)
        environment = self.environments[self.tables.attempts.environment[attempt]]
        if isinstance(environment, Ec2Environment):
            row = self.tables.attempts.instance[attempt]
            if row in environment.idle_since:
                self.scale_in.watch(environment, row)
        self.scheduler.request_pass()

    def _time_limit_reached(self, job: int, reason: str) -> None:
        self.control.cancel(range(job, job + 1), reason)

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
            self._decisions.extend(Decided(kind, self.kernel.now_ms, row) for row in rows)

    # -- moving the clock

    @property
    def is_over(self) -> bool:
        """Whether nothing more would happen: only background events are left, and none of them is awaited."""
        return self.kernel.exhausted and not self.end.is_awaited()

    def run_before(self, at_ms: int) -> None:
        """Process every event before ``at_ms``, and no later than the run's end."""
        self._decisions.clear()
        self._run(min(at_ms, self.end.latest_ms))

    def run_to_decision(self) -> Decided | None:
        """Return the next placement, launch or scale-in, None when there is none to come.

        A pass, a scale-up decision and a check of scale-in are each one event: what they decide together happens
        together, and is handed out one by one.
        """
        if not self._decisions:
            self._stepping = True
            self._run(self.end.latest_ms)
            self._stepping = False
        return self._decisions.popleft() if self._decisions else None

    def _run(self, before_ms: int) -> None:
        if self._is_amid_an_event:
            raise SimulationError("the simulation broke off in the middle of an event and cannot go on: start anew")
        self._is_amid_an_event = True
        self.kernel.advance(before_ms, self._is_paused, self.end.is_awaited)
        self._is_amid_an_event = False

    def _is_paused(self) -> bool:
        return bool(self._decisions)

    def close(self) -> int:
        """Run to the end; return the horizon, and set ``ended_by``."""
        self.run_before(self.end.latest_ms)
        horizon_ms, self.ended_by = self.end.reached()
        return horizon_ms
