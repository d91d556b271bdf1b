"""The scheduling pass: each queue, by priority, goes as far as it can; a head that does not fit holds its own queue.

API, JobQueueDetail.priority; model 2. A pass runs at the first multiple of ``scheduler_cycle`` at or after a change.
After it, nothing that policy would let start can start (the blocked invariant), so a pass looks only at queues with a
new head or an environment where a room or a gate opened; ``thorough`` looks at all, for the test that nobody can tell
the two apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from batchsim.engine.demand import DemandMeter
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.environment import Environment
from batchsim.engine.faults.stalls import Stalls
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.laned_queue import LanedQueue
from batchsim.engine.overtaking import AwaitedHere, Overtaking, Trial, try_in_order, try_past
from batchsim.engine.share_queue import ShareQueue
from batchsim.engine.share_service import ShareService
from batchsim.engine.tables import Tables
from batchsim.engine.timeline import HeadTimeline
from batchsim.engine.views import Views
from batchsim.policies.ordering import QueueOrder, serving_order
from batchsim.policies.scaling import Rooms
from batchsim.records.tables import NEVER
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
        self.shares = ShareService(kernel, tables, timeline, decided, self.request_pass, thorough=thorough)
        self.pass_at = NEVER
        """When the next pass is due, NEVER if nobody asked for one."""
        self.served: list[JobQueue] = []
        """The queues in the order in which they are served."""
        self._blocked: dict[int, tuple[int, WaitReason]] = {}
        """By queue, the head that the last look at it left, and why it waits."""
        self._refused: dict[int, _Refused] = {}
        """By queue, what the last job that found no room was refused for."""
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
        self.served = [queues[position] for position in order]
        self._meter.queues = self.served

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
        if at != self.pass_at:
            self.pass_at = at
            self._kernel.background += 1
            self._kernel.call_at(at, Rank.PASS, self.background_pass)

    @property
    def is_strict(self) -> bool:
        """Whether passes look only at what was touched, strictly from each head on."""
        return not self._thorough and self._overtaking is None

    @property
    def is_at_rest(self) -> bool:
        """Whether no pass is to come, and the next looks only at what was touched, strictly from each head on."""
        return self.pass_at < 0 and self.is_strict and self.stalls is None

    def forget(self) -> None:
        """Heads have been tried by another (``engine/swift_pass.py``): what is known of the last trials is void."""
        self._blocked.clear()
        self._refused.clear()

    def is_awaited(self) -> bool:
        """Whether a pass is to come that could start a job: a run does not end before."""
        return self.pass_at >= 0 and any(queue.waiting for queue in self._queues)

    def joined(self, queue: JobQueue) -> None:
        """Jobs joined a queue; where it was empty, its head waits for the next pass."""
        if isinstance(queue, ShareQueue):
            self.shares.joined(queue)
        elif self._timeline.reason(queue.position) == WaitReason.EMPTY:
            head = queue.head()
            serving = queue.environments[0]
            self._timeline.write(
                queue.position, self._kernel.now_ms, WaitReason.SCHEDULER_CYCLE, serving, head[0] if head else -1
            )
        self.request_pass()

    def background_pass(self, _: None) -> None:
        """As the kernel's own background events, without one more call for each of many passes."""
        self._kernel.background -= 1
        self.run_pass()

    def run_pass(self) -> None:
        """Serve the queues, now."""
        self.pass_at = NEVER
        if self._order is not None:
            self._serve_in(queue.position for queue in self._order(self._views.queues(self._queues)))
        touched = {environment.position for environment in self._environments if environment.touched}
        ahead = _Ahead(self._meter, thorough=self._thorough)
        for queue in self.served:
            if self._must_look(queue, touched):
                if queue.position not in self._blocked or not self._waits_on(queue, ahead):
                    self._look(queue, ahead)
                touched.update(queue.environments)
            ahead.add(queue)
        for queue in self._queues:
            queue.touched = False
        for environment in self._environments:
            if environment.position in touched:
                environment.touched = False
                self.passed(environment)

    def _look(self, queue: JobQueue, ahead: _Ahead) -> None:
        """Start what may start of a queue's jobs."""
        ahead.come_to(queue, self._environments)
        if self._overtaking is not None and isinstance(queue, LanedQueue):
            self._let_overtake(queue, self._overtaking, ahead)
        else:
            self._serve(queue, ahead)

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
        only = self._only_host(queue)
        while (head := queue.head()) is not None:
            if only is not None and (placed := only.place_all(*head)):
                queue.take(placed)
                self._decided("placement", range(head[0], head[0] + placed))
                continue
            placed, reason, environment = self._try_head(queue, head, ahead)
            if not placed:
                self._timeline.write(queue.position, self._kernel.now_ms, reason, environment, head[0])
                if not self._thorough and self._timeline.is_quiet(queue.position, reason, environment, head[0]):
                    self._blocked[queue.position] = head[0], reason
                else:
                    self._blocked.pop(queue.position, None)
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

    def _only_host(self, queue: JobQueue) -> Ec2Environment | None:
        """Return the one environment of a queue, where whatever finds room there starts."""
        if self._thorough or len(queue.environments) > 1:
            return None
        environment = self._environments[queue.environments[0]]
        return environment if type(environment) is Ec2Environment else None

    def _waits_on(self, queue: JobQueue, ahead: _Ahead) -> bool:
        """Whether the head is that of the last pass and waits for the same, and that is to be told to nobody."""
        row, reason = self._blocked[queue.position]
        head, known = queue.head(), self._refused.get(queue.position)
        if head is None or head[0] != row or self._timeline.reason(queue.position) != reason or known is None:
            return False
        is_same = known.reason == reason and known.shape == self._tables.shape_code(row)
        return is_same and self._holds_still(known, hidden=ahead.hides(queue), ahead=ahead)

    def _serve_shares(self, queue: ShareQueue, ahead: _Ahead) -> None:
        awaited = None if queue.is_strict else AwaitedHere(self._environments, ahead.booting_room)
        self.shares.serve(
            queue,
            lambda run: self._try_head(queue, run, ahead, awaited),
            lambda environment: ahead.waits_for(queue, environment),
        )

    def _try_head(
        self, queue: JobQueue, head: tuple[int, int], ahead: _Ahead, awaited: AwaitedHere | None = None
    ) -> Trial:
        """Try the environments in order: (jobs placed, else the reason, and the one that serves or was tried last).

        ``awaited``: what heads of the queue that were passed over wait for.
        """
        shape, places, room = self._tables.shape_code(head[0]), queue.environments, ahead.booting_room
        if awaited is not None:
            trial = try_past(self._environments, places, shape, self._tables.shapes[shape], head, room, awaited)
        elif len(places) == 1 and not self._thorough:
            return self._try_one(queue, shape, head, ahead)
        else:
            trial = try_in_order(self._environments, places, shape, head, room)
        if not trial[0] and ahead.waits_for(queue, trial[2]):
            return 0, WaitReason.HIGHER_QUEUE, trial[2]
        return trial

    def _try_one(self, queue: JobQueue, shape: int, head: tuple[int, int], ahead: _Ahead) -> Trial:
        """The same in the one environment of a queue: why one job found no room, all of its shape find none."""
        position = queue.environments[0]
        environment, hidden = self._environments[position], ahead.hides(queue)
        known = self._refused.get(queue.position)
        if known is not None and known.shape == shape and self._holds_still(known, hidden=hidden, ahead=ahead):
            return 0, known.reason, position
        if hidden:
            placed = environment.place(*head)
            trial = placed, WaitReason.EMPTY if placed else WaitReason.HIGHER_QUEUE, position
        else:
            trial = try_in_order(self._environments, queue.environments, shape, head, ahead.booting_room)
        if not trial[0]:
            self._note_refused(queue, shape, trial[1], environment, ahead, hidden=hidden)
        return trial

    def _note_refused(
        self, queue: JobQueue, shape: int, reason: WaitReason, environment: Environment, ahead: _Ahead, *, hidden: bool
    ) -> None:
        """Note why a job found no room, where that hangs on little."""
        self._refused.pop(queue.position, None)
        if ahead.any_waits and not hidden:
            return
        if type(environment) is Ec2Environment and environment.offers.has_no_gate and environment.fleet.is_indexed:
            standing = ahead.standing(environment)
            self._refused[queue.position] = _Refused(shape, reason, environment, standing, hidden=hidden)

    def _holds_still(self, known: _Refused, *, hidden: bool, ahead: _Ahead) -> bool:
        """Whether a job of the shape would find no room now, for the same reason: nothing but jobs came or went."""
        if hidden != known.hidden or (ahead.any_waits and not hidden):
            return False
        environment = known.environment
        return ahead.standing(environment) == known.standing and environment.host_for(known.shape) < 0

    def _let_overtake(self, queue: LanedQueue, overtaking: Overtaking, ahead: _Ahead) -> None:
        """Start jobs from the head on and past it, and write why the head that is left waits."""
        head = overtaking.serve(queue, ahead.booting_room)
        if head is not None:
            reason = WaitReason.HIGHER_QUEUE if ahead.waits_for(queue, head.environment) else head.reason
            self._timeline.write(queue.position, self._kernel.now_ms, reason, head.environment, head.row)
        elif self._timeline.reason(queue.position) != WaitReason.EMPTY:
            self._timeline.write(queue.position, self._kernel.now_ms, WaitReason.EMPTY)


class _Refused(NamedTuple):
    """Why a job found no room, and all that this hangs on."""

    shape: int
    reason: WaitReason
    environment: Ec2Environment
    standing: tuple[int, ...]
    hidden: bool
    """Whether it waits for higher queues, whatever boots."""


class _Ahead:
    """What the queues served before in this pass leave: waiting heads, and booting room after their jobs."""

    def __init__(self, meter: DemandMeter, *, thorough: bool) -> None:
        """``thorough`` reckons all room of all that boots, for every head."""
        self._meter = meter
        self._thorough = thorough
        self._waiting: list[JobQueue] = []
        self._rooms: dict[int, Rooms] = {}
        self._standing: dict[int, tuple[int, ...]] = {}

    def add(self, queue: JobQueue) -> None:
        """A queue was served; if jobs of it still wait, they are ahead of those of the queues to come."""
        if queue.waiting:
            self._waiting.append(queue)

    @property
    def any_waits(self) -> bool:
        """Whether jobs of any queue served before wait."""
        return bool(self._waiting)

    def come_to(self, queue: JobQueue, environments: Sequence[Environment]) -> None:
        """Reckon what is left to a queue before it takes room itself.

        Not where all that its head can wait for is the queues ahead, in the one environment that it has.
        """
        if self._waiting and queue.waiting:
            self._rooms.clear()
            if self._thorough or not self.hides(queue):
                for position in queue.environments:
                    self.booting_room(environments[position])

    def hides(self, queue: JobQueue) -> bool:
        """Whether a head that finds no room waits for the queues ahead, whatever boots: in its one environment."""
        return len(queue.environments) == 1 and self.waits_for(queue, queue.environments[0])

    def waits_for(self, queue: JobQueue, environment: int) -> bool:
        """Whether a queue of higher priority that is attached to the environment has a waiting head."""
        for other in self._waiting:  # noqa: SIM110 (asked several times a pass: a generator takes twice as long)
            if other.priority > queue.priority and environment in other.environments:
                return True
        return False

    def standing(self, environment: Ec2Environment) -> tuple[int, ...]:
        """Return what :meth:`Ec2Environment.standing` does: in a pass no instance comes or goes."""
        if environment.position not in self._standing:
            self._standing[environment.position] = environment.standing()
        return self._standing[environment.position]

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
