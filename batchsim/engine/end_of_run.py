"""The end of a run (model 1): drained, stuck, or cut.

``until: drained`` ends when no submission is to come, no live job can still be helped by anything but a fault, every
blocked head has been told of (and cancelled, where an action says so), and every environment has scaled in to minvCpus.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from batchsim.engine.blocked import BlockDetector
from batchsim.engine.consumables import Consumables
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.environment import Environment
from batchsim.engine.fargate import FargateEnvironment
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.launch import Launcher
from batchsim.engine.plan import Plan
from batchsim.engine.run_task import RunTaskClients
from batchsim.engine.scale_in import ScaleIn
from batchsim.engine.scale_up import Scaler
from batchsim.engine.scheduler import Scheduler
from batchsim.engine.share_queue import ShareQueue
from batchsim.engine.spot_prices import SpotPrices
from batchsim.engine.standing import StandingFleet
from batchsim.engine.submit_job import SubmitJob
from batchsim.engine.tables import Tables
from batchsim.records.vocabulary import EndedBy


class EndOfRun:
    """Knows which background events still matter: with none of them left, and nothing else to come, the run is over."""

    def __init__(
        self,
        kernel: Kernel,
        plan: Plan,
        queues: list[JobQueue],
        environments: tuple[Environment, ...],
        scalers: dict[int, Scaler],
        fleets: dict[int, StandingFleet],
        scale_in: ScaleIn,
        launcher: Launcher,
        submit_job: SubmitJob,
        scheduler: Scheduler,
        tables: Tables,
        prices: SpotPrices,
        blocked: BlockDetector,
        consumables: Consumables | None,
    ) -> None:
        self._kernel = kernel
        self._plan = plan
        self._queues = queues
        self._environments = environments
        self._scalers = scalers
        self._fleets = fleets
        self._scale_in = scale_in
        self._launcher = launcher
        self._submit_job = submit_job
        self._scheduler = scheduler
        self._tables = tables
        self._prices = prices
        self._blocked = blocked
        self._consumables = consumables
        self._coming_actions = 0

    @property
    def latest_ms(self) -> int:
        """The instant at which the run is cut."""
        limit = self._plan.max_time_ms
        return limit if self._plan.until_ms is None else min(limit, self._plan.until_ms)

    def act(self, at_ms: int, call: Callable[[], None], rank: Rank = Rank.ACTION) -> None:
        """Carry out a timed action at its place in an instant; it keeps a run alive only for live jobs."""
        self._coming_actions += 1
        self._kernel.call_in_background(at_ms, rank, self._act, call)

    def is_awaited(self) -> bool:
        """Whether the run goes on though only background events are left; an instant that began is finished."""
        if self._kernel.is_amid_an_instant:
            return True
        if self._plan.until_ms is not None or (self._coming_actions and self._submit_job.live_jobs):
            return True
        if any(queue.waiting for queue in self._queues if isinstance(queue, RunTaskClients)):
            return True  # each has a call to come
        if self._scheduler.is_awaited() or self._blocked.is_awaited():
            return True
        return any(map(self._is_at_work, self._environments))

    def reached(self) -> tuple[int, EndedBy]:
        """Return the horizon, and what ended the run; to be asked when the kernel has stopped."""
        if self._plan.until_ms is None and self._kernel.exhausted and not self.is_awaited():
            return self._kernel.now_ms, EndedBy.STUCK if self._submit_job.live_jobs else EndedBy.DRAINED
        return self.latest_ms, EndedBy.UNTIL if self.latest_ms == self._plan.until_ms else EndedBy.MAX_TIME

    def _act(self, call: Callable[[], None]) -> None:
        self._coming_actions -= 1
        call()

    def _is_at_work(self, environment: Environment) -> bool:
        """Whether an environment has instances to end, or something to decide or to wait for on behalf of jobs."""
        if isinstance(environment, FargateEnvironment):
            return environment.is_held_back() and self._is_wanted(environment)
        assert isinstance(environment, Ec2Environment)
        scaler, fleet = self._scalers.get(environment.position), self._fleets.get(environment.position)
        if self._scale_in.is_awaited(environment) or (scaler is not None and scaler.is_awaited()):
            return True
        if self._launcher.is_holding_back(environment) or self._prices.may_fall(environment):
            return self._is_wanted(environment)
        return bool(environment.booting or environment.plan.stands) and self._is_in_reach(environment, fleet)

    def _is_wanted(self, environment: Environment) -> bool:
        """Whether a job whose turn it may be could start in an environment at all: others it helps in vain."""
        return any(map(environment.takes, self._shapes_in_turn(environment)))

    def _is_in_reach(self, environment: Ec2Environment, fleet: StandingFleet | None) -> bool:
        """Whether an instance that boots, or of a standing fleet is still to come, can hold a job in turn."""
        rooms = environment.booting_rooms()
        for launch in fleet.coming if fleet is not None else ():
            rooms.add(*environment.plan.offers[launch.offers[0]].size)
        holds = Ec2Environment.serves  # by room alone: where resources are rationed, those that are short wait anywhere
        return any(holds(environment, shape, rooms) for shape in self._shapes_in_turn(environment))

    def _shapes_in_turn(self, environment: Environment) -> Iterator[int]:
        """Yield the shapes of what a pass may try to start in an environment: strict FIFO its head, others anybody.

        Not of jobs that are short of a consumable resource: what may still bring it back keeps a run alive itself.
        """
        for queue in self._queues:
            if not queue.waiting or environment.position not in queue.environments:
                continue
            yield from (shape for shape, row in self._in_turn(queue) if self._may_find_enough(shape, row))

    def _in_turn(self, queue: JobQueue) -> Iterator[tuple[int, int | None]]:
        """Yield (shape, row) of heads, or the shapes of all where a pass may try anybody."""
        if isinstance(queue, ShareQueue):
            yield from ((self._tables.shape_code(row), row) for row in queue.rows_in_turn())
        elif queue.overtakers == "nobody":
            head = queue.head()
            assert head is not None
            yield self._tables.shape_code(head[0]), head[0]
        else:
            yield from ((shape, None) for shape, count in queue.by_shape.items() if count)

    def _may_find_enough(self, shape: int, job: int | None) -> bool:
        """Whether such a job, this one if it is known, has or finds all the consumable resources that it needs."""
        return self._consumables is None or self._consumables.may_suffice(shape, job)
