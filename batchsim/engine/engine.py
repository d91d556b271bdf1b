"""The engine: builds the rooms of the house, joins them, and moves the clock. It holds no rule of AWS Batch."""

from __future__ import annotations

from functools import partial

from batchsim.engine.arrivals import Arrivals
from batchsim.engine.attempts import Attempts
from batchsim.engine.blocked import BlockDetector
from batchsim.engine.calm import Calm
from batchsim.engine.clock import Clock
from batchsim.engine.compile import compile_plan
from batchsim.engine.consumables import Consumables, Ledger
from batchsim.engine.control import CapacityControl, JobControl
from batchsim.engine.decision import Decided
from batchsim.engine.demand import DemandMeter
from batchsim.engine.dependencies import Dependencies
from batchsim.engine.drain import Drain
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.end_of_run import EndOfRun
from batchsim.engine.entries import EntryCompiler
from batchsim.engine.environment import Environment
from batchsim.engine.environment_builder import EnvironmentBuilder
from batchsim.engine.environment_keys import EnvironmentKeys
from batchsim.engine.fargate import FargateEnvironment
from batchsim.engine.faults.wiring import FaultRooms
from batchsim.engine.flow import Flow
from batchsim.engine.gates import build_gates
from batchsim.engine.growth_builder import GrowthBuilder
from batchsim.engine.handover import Handover
from batchsim.engine.images import ImageCache
from batchsim.engine.influx import Influx
from batchsim.engine.interruptions import Interruptions
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.launch import Launcher
from batchsim.engine.lifecycle import Lifecycle
from batchsim.engine.outlook import Estimates
from batchsim.engine.queue_builder import QueueBuilder
from batchsim.engine.randomness import Draws
from batchsim.engine.rejections import RejectionLog
from batchsim.engine.revisions import Revisions
from batchsim.engine.run_task import RunTaskClients
from batchsim.engine.scale_in import ScaleIn
from batchsim.engine.scaling_log import ScalingLog
from batchsim.engine.scheduler import Scheduler
from batchsim.engine.share_queue import ShareQueue
from batchsim.engine.share_submission import SubmitJobToShares
from batchsim.engine.spot import SpotMarket
from batchsim.engine.stopping import Stops
from batchsim.engine.submit_job import SubmitJob
from batchsim.engine.submitted import SubmittedJobs
from batchsim.engine.swift_pass import SwiftPass
from batchsim.engine.tables import Tables
from batchsim.engine.task_turnover import TaskTurnover
from batchsim.engine.timeline import HeadTimeline
from batchsim.engine.turnover import Turnover
from batchsim.engine.views import Views
from batchsim.engine.vocabulary import CANCEL_AFTER
from batchsim.engine.window import Window
from batchsim.engine.workload.plans import EntryPlan, Workload
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
        self._keys = EnvironmentKeys()
        self.plan = compile_plan(scenario, facts, self._keys, draws, policies)
        self.policies = policies
        self.tables = Tables()
        self.faults = FaultRooms(self.kernel, scenario.faults, self.plan, self.tables)
        self._views = Views(self.plan, self.tables)
        self.timeline = HeadTimeline(len(self.plan.queues))
        self.log = ScalingLog(self.kernel)
        self.ended_by = EndedBy.DRAINED
        self._clock = Clock(self.kernel)
        self._decided = self._clock.decided
        self.images = self._images()
        self._estimates = Estimates(self.tables, self.plan.delays, self.plan.rules, self.images)
        self._compiler = EntryCompiler(self.plan, scenario.world, draws, self.tables)
        self.revisions = Revisions(scenario, self.tables, self._compiler)
        self._builder = QueueBuilder(
            self.kernel, self.plan, self.tables, self.timeline, self._estimates, self._decided, thorough=thorough
        )
        self._build_jobs_side(thorough=thorough)
        self._build_capacity_side(thorough=thorough)
        self._join()
        influx = None if thorough else self._influx()
        self.arrivals.takes = None if influx is None else influx.takes
        if not thorough and self.may_turn_over:
            self.kernel.turnover = self._task_turnover()
            if self.kernel.turnover is None:
                handover = self._handover()
                self.kernel.turnover = self._turnover(handover)
                self.kernel.flow = self._flow(handover, influx)
        for entry in workload.entries:
            self._add(entry)
        self._compiler.link(workload.entries)
        self._start()

    # -- building

    def _images(self) -> ImageCache:
        rules = self.plan.rules
        return self.faults.images(self.plan.delays, rules.slow_pull_probability, rules.cache_hit_ms, self.plan.images)

    def _build_jobs_side(self, *, thorough: bool) -> None:
        rules, tables = self.plan.rules, self.tables
        self.queues = self._builder.queues()
        self.running = self.faults.attempts(rules.start_failure, self.images)
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
        self._builder.holds = None if self.consumables is None else self.consumables.holds
        self.rejections = RejectionLog(tables.submissions, tables.status_reasons)
        self.submit_job = self._submit_job()
        self.arrivals = Arrivals(
            self.kernel, rules, tables, self.queues, self.submit_job.accept, self.submit_job.refuse, self.rejections
        )

    def _build_capacity_side(self, *, thorough: bool) -> None:
        self.environments = EnvironmentBuilder(
            self.kernel,
            self.plan,
            self.tables,
            self.running,
            self.images,
            self.policies.packing,
            self.consumables,
            self._gate_opened,
            thorough=thorough,
        ).environments()
        self.meter = DemandMeter(self.tables, self.environments, thorough=thorough)
        if self.consumables is not None:
            self.meter.ledger = partial(Ledger, self.consumables)
        self._build_scheduler(thorough=thorough)
        self._build_launching(thorough=thorough)
        self._build_ends()

    def _build_scheduler(self, *, thorough: bool) -> None:
        """The room of passes, and who watches the heads that they leave."""
        self.scheduler = Scheduler(
            self.kernel,
            self.plan.rules.scheduler_cycle_ms,
            [queue for queue in self.queues if not isinstance(queue, RunTaskClients)],
            self.environments,
            self.tables,
            self.meter,
            self.timeline,
            self._decided,
            self.policies.queue_order,
            self._views,
            self._builder.overtaking(self.environments),
            thorough=thorough,
        )
        self.blocked = BlockDetector(self.kernel, self.plan, self.queues, self.environments, self.tables)
        self.timeline.heard, self.timeline.is_quiet = self.blocked.heard, self.blocked.is_quiet

    def _build_launching(self, *, thorough: bool) -> None:
        """The rooms in which instances come: the market, launches, gates, and what decides on them."""
        plan, instances = self.plan, self.tables.instances
        self.market = SpotMarket(self.kernel, plan.spot, plan.pools, plan.delays, instances, self._reclaimed)
        self.launcher = Launcher(
            self.kernel, plan, instances, self.market, self._became_ready, self._gate_opened, thorough=thorough
        )
        self.prices = build_gates(
            self.kernel,
            plan,
            self.environments,
            self.launcher,
            self.meter,
            self.market,
            self.faults.plan,
            self.faults.log,
            self._gate_opened,
        )
        growth = GrowthBuilder(
            self.kernel, plan, self.tables, self.policies, self.meter, self.launcher, self.log, self._decided
        )
        self.scalers, self.fleets = growth.scalers(self.environments), growth.fleets(self.environments)

    def _build_ends(self) -> None:
        """The rooms in which instances go, and the end of the run."""
        kernel, rules, tables = self.kernel, self.plan.rules, self.tables
        self.interruptions = Interruptions(kernel, rules, tables, self.running, self.environments, self._gate_opened)
        self.scale_in = ScaleIn(
            kernel, tables.instances, self.launcher, rules, self.log, self._gate_opened, self._decided
        )
        self.drain = Drain(kernel, tables, self.queues, rules)
        self.end = EndOfRun(
            kernel,
            self.plan,
            self.queues,
            self.environments,
            self.scalers,
            self.fleets,
            self.scale_in,
            self.launcher,
            self.submit_job,
            self.scheduler,
            tables,
            self.prices,
            self.blocked,
            self.consumables,
        )

    def _consumables(self) -> Consumables | None:
        plans, held_by_job = self.plan.consumables, self.plan.rules.consumables_held_by_job
        return None if not plans else Consumables(self.kernel, plans, self.tables, self.queues, held_by_job=held_by_job)

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
                queue.hosts, queue.holds = self.environments, self._builder.holds
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
            self.faults.log,
        )
        self.faults.join(self.scheduler, self.launcher, self.environments, self.market, self.capacity.lose)
        self.capacity.raise_desired = self._raise_desired

    @property
    def may_turn_over(self) -> bool:
        """Whether all that follows from an attempt's end is what :class:`Turnover` does."""
        if self.consumables is not None or self._shares_fairly() or type(self.running) is not Attempts:
            return False
        return not any(isinstance(queue, RunTaskClients) for queue in self.queues)

    def _handover(self) -> Handover:
        handover = Handover(self.kernel, self.tables, self.running, self.images, self.timeline.tell)
        for environment in self.environments:
            if isinstance(environment, Ec2Environment):
                environment.fill = handover.fill
        return handover

    def _flow(self, handover: Handover, influx: Influx | None) -> Flow:
        return Flow(
            self.kernel,
            self.plan.rules,
            self.tables,
            self.running,
            self.queues,
            self.environments,
            self.lifecycle,
            self.submit_job,
            self.dependencies,
            self.arrivals,
            influx,
            self.scheduler,
            self._swift_pass(handover),
            self.scale_in,
            self.timeline,
            self._clock.is_stepping,
        )

    def _swift_pass(self, handover: Handover) -> SwiftPass | None:
        """Return one where all queues are plain ones, of one EC2 environment each."""
        if not self.scheduler.is_strict or not all(map(self._is_simple, self.queues)):
            return None
        return SwiftPass(
            self.kernel,
            self.tables,
            self.running,
            self.images,
            handover,
            self.scheduler,
            self.scalers,
            self.environments,
            self.meter,
            self.timeline,
            self.blocked,
        )

    def _is_simple(self, queue: JobQueue) -> bool:
        host = self.environments[queue.environments[0]]
        if type(queue) is not JobQueue or len(queue.environments) > 1 or queue.is_restless:
            return False
        return type(host) is Ec2Environment and host.fleet.is_indexed and host.fleet.fills

    def _turnover(self, handover: Handover) -> Turnover:
        return Turnover(
            self.kernel,
            self.tables,
            self.running,
            self.environments,
            self.lifecycle,
            self.submit_job,
            self.dependencies,
            self.scheduler,
            self.scale_in,
            Calm(
                self.scheduler, self.queues, self.environments, self.scalers, self.timeline, self.blocked, self.tables
            ),
            handover,
            Window(
                self.kernel,
                self.tables,
                self.images,
                self.dependencies,
                handover,
                self.running.courses,
                self.plan.rules.scheduler_cycle_ms,
            ),
            self._clock.is_stepping,
        )

    def _influx(self) -> Influx | None:
        """Return what takes single jobs in one step, where nothing is between their calls and their queues."""
        rules = self.plan.rules
        if type(self.submit_job) is not SubmitJob or rules.submit_tps or rules.dep_eval_delay_ms:
            return None
        if self.policies.job_order is not None:
            return None
        return Influx(
            self.kernel,
            rules,
            self.tables,
            self.queues,
            self.submit_job,
            self.dependencies,
            self.scheduler,
            self.timeline,
        )

    def _task_turnover(self) -> TaskTurnover | None:
        """Return one where all environments are Fargate's."""
        tasks = [each for each in self.environments if isinstance(each, FargateEnvironment)]
        if len(tasks) < len(self.environments):
            return None
        return TaskTurnover(
            self.kernel,
            self.tables,
            self.running,
            tasks,
            self.queues,
            self.lifecycle,
            self.submit_job,
            self.dependencies,
            self.scheduler,
            self.timeline,
            self.blocked,
            self._clock.is_stepping,
        )

    def _raise_desired(self, environment: int, vcpus: int) -> None:
        self.scalers[environment].raise_desired(vcpus)
        self.scheduler.request_pass()

    def _add(self, plan: EntryPlan) -> None:
        queue = self.plan.queues[self.position(plan.job.queue, is_queue=True)]
        self._keys.know(plan.stream, queue.environments)
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

    def _reclaimed(self, row: int, replace: bool, fault: int) -> None:
        self.capacity.reclaim(row, replace=replace, fault=fault)

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

    # -- moving the clock

    @property
    def is_over(self) -> bool:
        """Whether nothing more would happen: only background events are left, and none of them is awaited."""
        return self.kernel.exhausted and not self.end.is_awaited()

    def run_before(self, at_ms: int) -> None:
        """Process every event before ``at_ms``, and no later than the run's end."""
        self._clock.run_before(min(at_ms, self.end.latest_ms), self.end.is_awaited)

    def run_to_decision(self) -> Decided | None:
        """Return the next placement, launch or scale-in, None when there is none to come."""
        return self._clock.run_to_decision(self.end.latest_ms, self.end.is_awaited)

    def close(self) -> int:
        """Run to the end; return the horizon, and set ``ended_by``."""
        self.run_before(self.end.latest_ms)
        horizon_ms, self.ended_by = self.end.reached()
        return horizon_ms
