"""The scheduling pass: each queue, by priority, goes as far as it can; a head that does not fit holds its own queue.

API, JobQueueDetail.priority; model 2. A pass runs at the first multiple of ``scheduler_cycle`` at or after a change.
After it, nothing that policy would let start can start (the blocked invariant), so a pass looks only at queues with a
new head or an environment where a room or a gate opened; ``thorough`` looks at all, for the test that nobody can tell
the two apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from batchsim.engine.demand import DemandMeter
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.environment import Environment
from batchsim.engine.faults.stalls import Stalls
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.laned_queue import LanedQueue
from batchsim.engine.overtaking import Awaited, Overtaking, Trial, try_in_order, try_past
from batchsim.engine.share_queue import ShareQueue
from batchsim.engine.share_service import ShareService
from batchsim.engine.tables import Tables
from batchsim.engine.timeline import HeadTimeline
from batchsim.engine.views import Views
from batchsim.policies.ordering import QueueOrder, serving_order
from batchsim.policies.scaling import Rooms
from batchsim.records.vocabulary import WaitReason


class Scheduler:
    """Serves the queues. It decides nothing about capacity: ``passed`` hears of each pass and wakes the scalers."""

    def __init__(
        self,
        kernel: Kernel,
        cycle_ms: int,
        queues: list[JobQueue],
        environments: tuple[Environment, ...],
        tables: Tables,
        meter: DemandMeter,
        timeline: HeadTimeline,
        decided: Callable[[str, range], None],
        order: QueueOrder | None,
        views: Views,
        overtaking: Overtaking | None = None,
        *,
        thorough: bool,
    ) -> None:
        """``decided(kind, rows)`` hears of each placement; ``order`` is the user's own, asked in each pass.

        ``overtaking`` serves the queues that let jobs pass a head.
        """
        self._overtaking = overtaking
        self._thorough = thorough or order is not None
        self._order, self._views = order, views
        self.passed: Callable[[Environment], None] = _nobody
        self.stalls: Stalls | None = None
        """When there is no pass, where a fault says so."""
        self._kernel = kernel
        self.cycle_ms = cycle_ms
        self._queues = queues
        self._environments = environments
        self._tables = tables
        self._meter = meter
        self._timeline = timeline
        self._decided = decided
        self._shares = ShareService(kernel, tables, timeline, decided, self.request_pass, thorough=thorough)
        self._pass_at = -1
        self._served: list[JobQueue] = []
        self.reorder()

    def reorder(self) -> None:
        """A priority changed: serve the queues in their new order."""
        order = serving_order([queue.priority for queue in self._queues])
        self._serve_in(self._queues[place].position for place in order)
        for queue in self._queues:
            queue.touched = True

    def _serve_in(self, order: Iterable[int]) -> None:
        """Serve, and measure demand, in this order of positions in the file."""
        queues = {queue.position: queue for queue in self._queues}
        self._served = [queues[position] for position in order]
        self._meter.queues = self._served

    @property
    def overtook(self) -> tuple[int, ...]:
        """Rows of the attempts that started before a head that went on waiting, in order of placement."""
        return tuple(self._overtaking.overtook) if self._overtaking is not None else ()

    def request_pass(self) -> None:
        """Something changed: let a pass run at the next instant of the cycle's grid."""
        now, cycle = self._kernel.now_ms, self.cycle_ms
        at = -(-now // cycle) * cycle if cycle else now
        if self.stalls is not None:
            at = self.stalls.after(at, cycle)
        if at != self._pass_at:
            self._pass_at = at
            self._kernel.call_in_background(at, Rank.PASS, self._pass)

    @property
    def is_at_rest(self) -> bool:
        """Whether no pass is to come, and the next looks only at what was touched, strictly from each head on."""
        return self._pass_at < 0 and not self._thorough and self._overtaking is None and self.stalls is None

    def is_awaited(self) -> bool:
        """Whether a pass is to come that could start a job: a run does not end before."""
        return self._pass_at >= 0 and any(queue.waiting for queue in self._queues)

    def joined(self, queue: JobQueue) -> None:
        """Jobs joined a queue; where it was empty, its head waits for the next pass."""
        if isinstance(queue, ShareQueue):
            self._shares.joined(queue)
        elif self._timeline.reason(queue.position) == WaitReason.EMPTY:
            head = queue.head()
            serving = queue.environments[0]
            self._timeline.write(
                queue.position, self._kernel.now_ms, WaitReason.SCHEDULER_CYCLE, serving, head[0] if head else -1
            )
        self.request_pass()

    def _pass(self, _: None) -> None:
        self._pass_at = -1
        if self._order is not None:
            self._serve_in(queue.position for queue in self._order(self._views.queues(self._queues)))
        touched = {environment.position for environment in self._environments if environment.touched}
        ahead = _Ahead(self._meter)
        for queue in self._served:
            if self._must_look(queue, touched):
                ahead.come_to(queue, self._environments)
                if self._overtaking is not None and isinstance(queue, LanedQueue):
                    self._let_overtake(queue, self._overtaking, ahead)
                else:
                    self._serve(queue, ahead)
                touched.update(queue.environments)
            ahead.add(queue)
        for queue in self._queues:
            queue.touched = False
        for environment in self._environments:
            if environment.position in touched:
                environment.touched = False
                self.passed(environment)

    def _must_look(self, queue: JobQueue, touched: set[int]) -> bool:
        """A new head, or a room or gate that opened; a queue that was looked at touches those behind it."""
        if self._overtaking is not None and self._overtaking.looks_at_clock and queue.waiting:
            return True
        if self._thorough or queue.touched:
            return True
        return bool(queue.waiting) and (queue.is_restless or not touched.isdisjoint(queue.environments))

    def _serve(self, queue: JobQueue, ahead: _Ahead) -> None:
        """Start jobs from the head until it does not fit, and write why."""
        if isinstance(queue, ShareQueue):
            self._serve_shares(queue, ahead)
            return
        while (head := queue.head()) is not None:
            placed, reason, environment = self._try_head(queue, head, ahead)
            if not placed:
                self._timeline.write(queue.position, self._kernel.now_ms, reason, environment, head[0])
                return
            low, high = head
            while low + placed < high:  # no environment before this one has room for an equal job, nor will have
                more = self._environments[environment].place(low + placed, high)
                if not more:
                    break
                placed += more
            queue.take(placed)
            self._decided("placement", range(low, low + placed))
        if self._timeline.reason(queue.position) != WaitReason.EMPTY:
            self._timeline.write(queue.position, self._kernel.now_ms, WaitReason.EMPTY)

    def _serve_shares(self, queue: ShareQueue, ahead: _Ahead) -> None:
        awaited: dict[int, Awaited] | None = None if queue.is_strict else {}
        self._shares.serve(
            queue,
            lambda run: self._try_head(queue, run, ahead, awaited),
            lambda environment: ahead.waits_for(queue, environment),
        )

    def _try_head(
        self, queue: JobQueue, head: tuple[int, int], ahead: _Ahead, awaited: dict[int, Awaited] | None = None
    ) -> Trial:
        """Try the environments in order: (jobs placed, else the reason, and the one that serves or was tried last).

        ``awaited``: what heads of the queue that were passed over wait for.
        """
        shape, places, room = self._tables.shape_code(head[0]), queue.environments, ahead.booting_room
        if awaited is None:
            trial = try_in_order(self._environments, places, shape, head, room)
        else:
            trial = try_past(self._environments, places, shape, self._tables.shapes[shape], head, room, awaited)
        if not trial[0] and ahead.waits_for(queue, trial[2]):
            return 0, WaitReason.HIGHER_QUEUE, trial[2]
        return trial

    def _let_overtake(self, queue: LanedQueue, overtaking: Overtaking, ahead: _Ahead) -> None:
        """Start jobs from the head on and past it, and write why the head that is left waits."""
        head = overtaking.serve(queue, ahead.booting_room)
        if head is not None:
            reason = WaitReason.HIGHER_QUEUE if ahead.waits_for(queue, head.environment) else head.reason
            self._timeline.write(queue.position, self._kernel.now_ms, reason, head.environment, head.row)
        elif self._timeline.reason(queue.position) != WaitReason.EMPTY:
            self._timeline.write(queue.position, self._kernel.now_ms, WaitReason.EMPTY)


class _Ahead:
    """What the queues served before in this pass leave: waiting heads, and booting room after their jobs."""

    def __init__(self, meter: DemandMeter) -> None:
        self._meter = meter
        self._waiting: list[JobQueue] = []
        self._rooms: dict[int, Rooms] = {}

    def add(self, queue: JobQueue) -> None:
        """A queue was served; if jobs of it still wait, they are ahead of those of the queues to come."""
        if queue.waiting:
            self._waiting.append(queue)

    def come_to(self, queue: JobQueue, environments: Sequence[Environment]) -> None:
        """Reckon what is left to a queue before it takes room itself."""
        if self._waiting and queue.waiting:
            self._rooms.clear()
            for position in queue.environments:
                self.booting_room(environments[position])

    def waits_for(self, queue: JobQueue, environment: int) -> bool:
        """Whether a queue of higher priority that is attached to the environment has a waiting head."""
        return any(other.priority > queue.priority and environment in other.environments for other in self._waiting)

    def booting_room(self, environment: Environment) -> Rooms:
        """Return the booting room of an environment after the jobs ahead are packed into it."""
        if not isinstance(environment, Ec2Environment) or not environment.booting:
            return Rooms()
        if not self._waiting:
            return environment.booting_room
        if environment.position not in self._rooms:
            self._rooms[environment.position] = self._meter.booting_room(environment, self._waiting)
        return self._rooms[environment.position]


def _nobody(_: Environment) -> None:
    """Nobody listens yet."""
