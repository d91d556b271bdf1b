"""Fast paths: the rooms that take many events in one step, and where they may. ``thorough`` does without all of them.

Each has a plain twin, which the kernel and the rooms go by themselves; the records are the same, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from batchsim.engine.attempts import Attempts
from batchsim.engine.calm import Calm
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.fargate import FargateEnvironment
from batchsim.engine.flow import Flow
from batchsim.engine.handover import Handover
from batchsim.engine.influx import Influx
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.many_starts import ManyStarts
from batchsim.engine.run_task import RunTaskClients
from batchsim.engine.share_fill import ShareFill
from batchsim.engine.share_queue import ShareQueue
from batchsim.engine.share_turnover import ShareTurnover
from batchsim.engine.submit_job import SubmitJob
from batchsim.engine.swift_deal import SwiftDeal
from batchsim.engine.swift_pass import SwiftPass
from batchsim.engine.task_turnover import TaskTurnover
from batchsim.engine.turnover import Turnover
from batchsim.engine.window import Window

if TYPE_CHECKING:
    from batchsim.engine.engine import Engine


class FastPaths:
    """Builds the fast paths that one engine may take."""

    def __init__(self, engine: Engine, is_stepping: Callable[[], bool]) -> None:
        """``is_stepping``: whether the run goes from decision to decision, each of which somebody waits for."""
        self._engine = engine
        self._is_stepping = is_stepping

    def open(self) -> None:
        """Let the engine take them."""
        engine, influx = self._engine, self._influx()
        engine.arrivals.takes = None if influx is None else influx.takes
        if self._is_ordinary() and any(isinstance(queue, ShareQueue) for queue in engine.queues):
            engine.scheduler.shares.fill = self._share_fill()
            engine.kernel.turnover = self._share_turnover()
        elif self._is_ordinary():
            engine.kernel.turnover = self._task_turnover()
            if engine.kernel.turnover is None:
                self._open_for_instances(influx)

    def _open_for_instances(self, influx: Influx | None) -> None:
        engine, handover = self._engine, self._handover()
        engine.kernel.turnover = self._turnover(handover)
        engine.kernel.flow = self._flow(handover, influx)

    def _is_ordinary(self) -> bool:
        """Whether starts and ends of attempts concern nobody but their jobs, hosts and queues."""
        engine = self._engine
        if engine.consumables is not None or type(engine.running) is not Attempts:
            return False
        return not any(isinstance(queue, RunTaskClients) for queue in engine.queues)

    def _share_turnover(self) -> ShareTurnover:
        engine = self._engine
        return ShareTurnover(
            engine.kernel,
            engine.tables,
            engine.running,
            engine.environments,
            engine.queues,
            engine.lifecycle,
            engine.submit_job,
            engine.dependencies,
            engine.scheduler,
            engine.scale_in,
            self._is_stepping,
        )

    def _share_fill(self) -> ShareFill:
        engine = self._engine
        return ShareFill(
            engine.kernel,
            engine.tables,
            engine.running,
            engine.environments,
            engine.images,
            engine.decided,
        )

    def _influx(self) -> Influx | None:
        """Return what takes single jobs in one step, where nothing is between their calls and their queues."""
        engine, rules = self._engine, self._engine.plan.rules
        if type(engine.submit_job) is not SubmitJob or rules.submit_tps or rules.dep_eval_delay_ms:
            return None
        if engine.policies.job_order is not None:
            return None
        return Influx(
            engine.kernel,
            rules,
            engine.tables,
            engine.queues,
            engine.submit_job,
            engine.dependencies,
            engine.scheduler,
            engine.timeline,
        )

    def _handover(self) -> Handover:
        engine = self._engine
        handover = Handover(engine.kernel, engine.tables, engine.running, engine.images, engine.timeline.tell)
        for environment in engine.environments:
            if isinstance(environment, Ec2Environment):
                environment.fill = handover.fill
        return handover

    def _flow(self, handover: Handover, influx: Influx | None) -> Flow:
        engine = self._engine
        return Flow(
            engine.kernel,
            engine.plan.rules,
            engine.tables,
            engine.running,
            engine.queues,
            engine.environments,
            engine.lifecycle,
            engine.submit_job,
            engine.dependencies,
            engine.arrivals,
            influx,
            engine.scheduler,
            self._swift_pass(handover),
            engine.scale_in,
            engine.timeline,
            self._is_stepping,
        )

    def _swift_pass(self, handover: Handover) -> SwiftPass | None:
        """Return one where all queues are plain ones, of one EC2 environment each."""
        engine = self._engine
        if not engine.scheduler.is_strict or not all(map(self._is_simple, engine.queues)):
            return None
        return SwiftPass(
            engine.kernel,
            engine.tables,
            engine.running,
            engine.images,
            handover,
            engine.scheduler,
            engine.scalers,
            engine.environments,
            engine.meter,
            engine.timeline,
            engine.blocked,
            SwiftDeal(engine.tables, engine.images, self._many_starts()),
        )

    def _many_starts(self) -> ManyStarts:
        return ManyStarts(self._engine.kernel, self._engine.tables, self._engine.running.courses)

    def _is_simple(self, queue: JobQueue) -> bool:
        host = self._engine.environments[queue.environments[0]]
        if type(queue) is not JobQueue or len(queue.environments) > 1 or queue.is_restless:
            return False
        return type(host) is Ec2Environment and host.fleet.is_indexed and host.fleet.fills

    def _turnover(self, handover: Handover) -> Turnover:
        engine, tables = self._engine, self._engine.tables
        return Turnover(
            engine.kernel,
            tables,
            engine.running,
            engine.environments,
            engine.lifecycle,
            engine.submit_job,
            engine.dependencies,
            engine.scheduler,
            engine.scale_in,
            engine.drain,
            self._calm(),
            handover,
            self._window(handover),
            self._is_stepping,
        )

    def _calm(self) -> Calm:
        engine = self._engine
        return Calm(
            engine.scheduler,
            engine.queues,
            engine.environments,
            engine.scalers,
            engine.timeline,
            engine.blocked,
            engine.tables,
        )

    def _window(self, handover: Handover) -> Window:
        engine = self._engine
        return Window(
            engine.kernel,
            engine.tables,
            engine.images,
            engine.dependencies,
            handover,
            engine.running.courses,
            self._many_starts(),
            engine.plan.rules.scheduler_cycle_ms,
        )

    def _task_turnover(self) -> TaskTurnover | None:
        """Return one where all environments are Fargate's."""
        engine = self._engine
        tasks = [each for each in engine.environments if isinstance(each, FargateEnvironment)]
        if len(tasks) < len(engine.environments):
            return None
        return TaskTurnover(
            engine.kernel,
            engine.tables,
            engine.running,
            tasks,
            engine.queues,
            engine.lifecycle,
            engine.submit_job,
            engine.dependencies,
            engine.scheduler,
            engine.timeline,
            self._is_stepping,
        )
