"""Letting the engine's rooms hear of the faults that strike them; without any they have nobody to ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from batchsim.engine.attempts import Attempts
from batchsim.engine.environment import Environment
from batchsim.engine.fargate import FargateEnvironment
from batchsim.engine.faults.attempts import StruckAttempts
from batchsim.engine.faults.compile import FaultPlan
from batchsim.engine.faults.hosts import HostFaults
from batchsim.engine.faults.jobs import JobFaults, JobTargets
from batchsim.engine.faults.launches import LaunchFaults
from batchsim.engine.faults.log import FaultLog
from batchsim.engine.faults.pulls import Pulls, StruckImageCache
from batchsim.engine.faults.stalls import Stalls
from batchsim.engine.faults.throttles import Throttles
from batchsim.engine.images import ImageCache
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.launch import Launcher
from batchsim.engine.plan import Plan
from batchsim.engine.scheduler import Scheduler
from batchsim.engine.spot import SpotMarket
from batchsim.engine.tables import Tables
from batchsim.records.vocabulary import WhyEnded
from batchsim.spec import Fault

Lose = Callable[[int, WhyEnded, int], None]
"""Takes an instance: its row, why, and the fault."""


class FaultRooms:
    """The faults of one run, what they did, and whom they reach."""

    def __init__(self, kernel: Kernel, faults: Iterable[Fault], plan: Plan, tables: Tables) -> None:
        given = tuple(faults)
        self.plan = FaultPlan(given, plan)
        self.log = FaultLog(kernel, given)
        self._kernel = kernel
        self._world = plan
        self._tables = tables
        self._instances = tables.instances
        self.pulls: Pulls | None = None
        """What faults make of image pulls, where there are any."""
        self._lose: Lose = _nobody

    def images(self) -> ImageCache:
        """Return the image cache, of a kind whose pulls may fail where a fault has it so."""
        world, rules = self._world, self._world.rules
        arguments = (world.delays, rules.slow_pull_probability, rules.cache_hit_ms, world.images)
        if not self.plan.pulls:
            return ImageCache(*arguments)
        self.pulls = Pulls(self.plan.pulls, world.delays, world.images, self.log)
        return StruckImageCache(*arguments, pulls=self.pulls)

    def attempts(self, start_failure: float, images: ImageCache) -> Attempts:
        """Return the attempts, of a kind that faults strike where any does."""
        if not self.plan.exits and self.pulls is None:
            return Attempts(self._kernel, self._tables, start_failure)
        targets = JobTargets(self._world, self._tables)
        faults = JobFaults(self.plan.exits, targets, self._tables, self._world.delays.stream)
        made = StruckAttempts(self._kernel, self._tables, start_failure, faults, self.log)
        made.images, made.tasks = images if isinstance(images, StruckImageCache) else None, self.pulls
        return made

    def join(
        self,
        scheduler: Scheduler,
        launcher: Launcher,
        environments: tuple[Environment, ...],
        market: SpotMarket,
        lose: Lose,
    ) -> None:
        """Join the rooms; ``lose`` takes an instance that has no notice."""
        plan, kernel, delays = self.plan, self._kernel, self._world.delays
        self._lose = lose
        for environment in environments:
            if isinstance(environment, FargateEnvironment):
                environment.pulls = self.pulls
        if plan.stalls:
            scheduler.stalls = Stalls(plan.stalls, self.log)
        if plan.throttles:
            launcher.throttles = Throttles(plan.throttles, delays, self.log)
        if plan.hosts or plan.boots or plan.slow:
            hosts = HostFaults(
                kernel, plan.hosts, self._world.pools, delays, self._instances, environments, market, lose
            )
            launcher.faults = LaunchFaults(
                kernel, plan.boots, plan.slow, hosts, delays, self._instances, self.log, lose
            )

    def fail_instance(self, environment: int, ordinal: int, at_ms: int, fault: int) -> None:
        """Let the ``ordinal``-th instance of an environment fail at an instant, if it is on then."""
        self._kernel.call_in_background(at_ms, Rank.RECLAIM, self._fail, (environment, ordinal, fault))

    def _fail(self, target: tuple[int, int, int]) -> None:
        environment, ordinal, fault = target
        row = self._instances.row_of(environment, ordinal)
        if row is not None and self._instances.is_on(row):
            self._lose(row, WhyEnded.INSTANCE_FAILURE, fault)


def _nobody(_: int, __: WhyEnded, ___: int) -> None:
    """Nobody listens yet."""
