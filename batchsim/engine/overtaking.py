"""Who may start before a head that does not fit: the what-ifs ``head_of_line: skip`` and ``hol_scope: ce``.

AWS Batch's own rule, nobody, is the scheduler's (``engine/scheduler.py``); backfilling is ``engine/backfill.py``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.ec2_cover import Ec2Cover
from batchsim.engine.environment import Environment, held_by
from batchsim.engine.fargate import FargateEnvironment
from batchsim.engine.fargate_account import FargateAccount
from batchsim.engine.laned_queue import LanedQueue, Walk
from batchsim.engine.plan import Shape
from batchsim.engine.tables import Tables
from batchsim.policies.scaling import Rooms
from batchsim.records.vocabulary import WaitReason

BootingRoom = Callable[[Environment], Rooms]
"""What the queues served before leave of an environment's booting room."""


Trial = tuple[int, WaitReason, int]
"""What came of trying the first jobs of a run: how many were placed; why none was, else EMPTY; and the environment that
took them, that serves them, or that was tried last. A plain tuple, for there is one a placement."""


class Blocked(NamedTuple):
    """A head that waits."""

    row: int
    reason: WaitReason
    environment: int


def try_in_order(
    environments: Sequence[Environment],
    positions: Sequence[int],
    shape: int,
    run: tuple[int, int],
    booting_room: BootingRoom,
) -> Trial:
    """Try the environments in these positions, in turn, until one takes the first jobs of a run, or serves them."""
    low, high = run
    reason, position = WaitReason.ENVIRONMENT_DISABLED, positions[0]
    for position in positions:
        environment = environments[position]
        placed = environment.place(low, high)
        if placed:
            return placed, WaitReason.EMPTY, position
        booting = booting_room(environment)
        reason = environment.stance(shape, booting)
        if environment.serves(shape, booting):
            break
    return 0, reason, position


def try_past(
    environments: Sequence[Environment],
    positions: Sequence[int],
    shape: int,
    want: Shape,
    run: tuple[int, int],
    booting_room: BootingRoom,
    awaited: AwaitedHere,
) -> Trial:
    """As :func:`try_in_order`, behind others that wait: what these wait for, in ``awaited``, is theirs.

    The first job of a run that finds no room waits where that leaves it any, and keeps it from those behind.
    """
    reason, position = WaitReason.ENVIRONMENT_DISABLED, positions[0]
    for position in positions:
        environment = environments[position]
        placed = environment.place(*run)
        if placed:
            return placed, WaitReason.EMPTY, position
        reason = environment.stance(shape, booting_room(environment))
        if environment.is_short(shape):
            break
        if awaited.take(position, shape, want, 1):
            break
    return 0, reason, position


class Overtaking(ABC):
    """Serves a queue in a scheduling pass, each in its own way past a head that waits."""

    looks_at_clock = False
    """Whether the time alone may let a job start, so that every pass must look."""

    def __init__(
        self, environments: Sequence[Environment], tables: Tables, decided: Callable[[str, range], None]
    ) -> None:
        """``decided(kind, rows)`` hears of each placement."""
        self.overtook: list[int] = []
        """Rows of the attempts that started while a job ahead of theirs in line went on waiting."""
        self._environments = environments
        self._tables = tables
        self._decided = decided

    @abstractmethod
    def serve(self, queue: LanedQueue, booting_room: BootingRoom) -> Blocked | None:
        """Start what may start, in the order of the line; return the head that is left."""

    def _note(self, queue: LanedQueue, low: int, count: int, *, passes: bool) -> None:
        """Jobs were placed; ``passes``: before a head that waits."""
        queue.started(low, count)
        if passes:
            self.overtook += self._tables.jobs.attempt_row[low : low + count]
        self._decided("placement", range(low, low + count))


class Skipping(Overtaking):
    """``head_of_line: skip``: every job that fits starts, in the order of the line.

    Each is passed down the queue's environments as demand is: what free, booting and permitted capacity of one covers,
    after the jobs ahead of it, does not go on to the next.
    """

    def serve(self, queue: LanedQueue, booting_room: BootingRoom) -> Blocked | None:
        """See :class:`Overtaking`."""
        walk, head = Walk(queue), None
        awaited = AwaitedHere(self._environments, booting_room)
        last = queue.environments[-1]
        while (run := walk.next()) is not None:
            (low, high), positions = run, iter(queue.environments)
            while low < high:  # who finds no room anywhere waits in the last
                position = next(positions)
                low = self._fill(queue, position, (low, high), head)
                if low == high:
                    break
                is_last = position == last or self._is_short(position, low)
                stays = high - low if is_last else self._waits(awaited, position, low, high)
                keeps = position == last and awaited.keep_quota(position, *self._asked(low), high - low)
                if stays and head is None:
                    head = self._blocked(queue, low, booting_room)
                walk.keep(low, low + stays)
                low += stays
                if is_last and not keeps:  # else those of its shape that stand further behind keep theirs as well
                    walk.close()
        walk.end()
        return head

    def _fill(self, queue: LanedQueue, position: int, run: tuple[int, int], head: Blocked | None) -> int:
        """Start all of a run that an environment has room for; return the row behind."""
        low, high = run
        while low < high and (placed := self._environments[position].place(low, high)):
            self._note(queue, low, placed, passes=head is not None)
            low += placed
        return low

    def _is_short(self, position: int, low: int) -> bool:
        """Whether what was tried last there is short of a consumable resource: it waits for that, and for no room."""
        return self._environments[position].is_short(self._tables.shape_code(low))

    def _waits(self, awaited: AwaitedHere, position: int, low: int, high: int) -> int:
        """Return how many of the jobs that found no room wait in the environment."""
        return awaited.take(position, *self._asked(low), high - low)

    def _asked(self, low: int) -> tuple[int, Shape]:
        shape = self._tables.shape_code(low)
        return shape, self._tables.shapes[shape]

    def _blocked(self, queue: LanedQueue, low: int, booting_room: BootingRoom) -> Blocked:
        """Say of the first job that stays in line why it does, as of any head."""
        reason, position = WaitReason.ENVIRONMENT_DISABLED, queue.environments[0]
        shape = self._tables.shape_code(low)
        for position in queue.environments:
            environment = self._environments[position]
            booting = booting_room(environment)
            reason = environment.stance(shape, booting)
            if environment.serves(shape, booting):
                break
        return Blocked(low, reason, position)


class Elsewhere(Overtaking):
    """``hol_scope: ce``: a job that waits holds the environment that it waits for; those behind go to the others.

    So each environment has a head of its own, and is strict.
    """

    def serve(self, queue: LanedQueue, booting_room: BootingRoom) -> Blocked | None:
        """See :class:`Overtaking`."""
        walk, head = Walk(queue), None
        free = list(queue.environments)
        while free and (run := walk.next()) is not None:
            low, high = run
            shape = self._tables.shape_code(low)
            while low < high and free:
                trial = try_in_order(self._environments, free, shape, (low, high), booting_room)
                if trial[0]:
                    self._note(queue, low, trial[0], passes=head is not None)
                    low += trial[0]
                    continue
                held = self._held(trial, free, queue, low, booting_room)
                head = head or held
                if held.environment in free:
                    free.remove(held.environment)
                    walk.keep(low, low + 1)
                    low += 1
                else:  # it waits behind somebody else's head, and so do all of its shape
                    walk.keep(low, high)
                    walk.close()
                    low = high
            walk.keep(low, high)
        walk.end()
        return head

    def _held(self, trial: Trial, free: list[int], queue: LanedQueue, row: int, booting_room: BootingRoom) -> Blocked:
        """Return what a job waits for: the environment that serves it, else the last in which it may start at all."""
        shape = self._tables.shape_code(row)
        _, reason, tried = trial
        if self._environments[tried].takes(shape):
            return Blocked(row, reason, tried)
        position = held_by(self._environments, free, queue.environments, shape)
        environment = self._environments[position]
        return Blocked(row, environment.stance(shape, booting_room(environment)), position)


class Awaited(Protocol):
    """What jobs wait for in an environment that has no room for them, in the order in which they are asked about."""

    def take(self, shape: int, want: Shape, count: int) -> int:
        """Return how many of ``count`` jobs wait here: the others go on to the next environment."""


class _Instances:
    """Room that boots, and what the environment may still grow by; where there is room, a dispatch rate is shut."""

    def __init__(self, environment: Ec2Environment, booting: Rooms) -> None:
        self._environment = environment
        self._cover = Ec2Cover(environment, booting)

    def take(self, shape: int, want: Shape, count: int) -> int:
        """See :class:`Awaited`."""
        if self._environment.has_room(shape):
            return count
        taken = self._cover.pack(shape, want, count)
        return taken + self._cover.grow(shape, want, count - taken)


class _Tasks:
    """Room under maxvCpus and the quota: for those who wait for it, only Fargate's launch rate is shut.

    Who finds Fargate Spot without capacity waits for none of it. The quota is the account's: what jobs wait for in one
    environment is not there for others in the next.
    """

    def __init__(self, environment: FargateEnvironment, promised_milli: dict[FargateAccount, int]) -> None:
        self._environment = environment
        self._promised_milli = 0
        self._of_account = promised_milli

    def take(self, shape: int, want: Shape, count: int) -> int:
        """See :class:`Awaited`."""
        environment = self._environment
        if environment.is_held_back() or not environment.takes(shape):
            return 0
        taken = min(count, max(0, self._left_milli()) // want.vcpus_milli)
        self._promised_milli += taken * want.vcpus_milli
        self._of_account[environment.account] += taken * want.vcpus_milli
        return taken

    def _left_milli(self) -> int:
        environment, account = self._environment, self._environment.account
        left = environment.max_vcpus * 1000 - environment.used_milli - self._promised_milli
        return min(left, account.room_milli() - self._of_account.setdefault(account, 0))


class AwaitedHere:
    """What the jobs of one queue wait for in one pass, by environment."""

    def __init__(self, environments: Sequence[Environment], booting_room: BootingRoom) -> None:
        self._environments = environments
        self._booting_room = booting_room
        self._by_position: dict[int, Awaited] = {}
        self._promised_milli: dict[FargateAccount, int] = {}

    def take(self, position: int, shape: int, want: Shape, count: int) -> int:
        """Return how many of ``count`` jobs without room wait in an environment; they keep it from those behind."""
        if position not in self._by_position:
            self._by_position[position] = self._awaited_in(self._environments[position])
        return self._by_position[position].take(shape, want, count)

    def keep_quota(self, position: int, shape: int, want: Shape, count: int) -> bool:
        """Jobs stay in the queue's last environment; whether they wait for a quota, which is that of others, too."""
        environment = self._environments[position]
        if not (isinstance(environment, FargateEnvironment) and environment.account.has_quota):
            return False
        self.take(position, shape, want, count)
        return True

    def _awaited_in(self, environment: Environment) -> Awaited:
        if isinstance(environment, FargateEnvironment):
            return _Tasks(environment, self._promised_milli)
        assert isinstance(environment, Ec2Environment)
        return _Instances(environment, self._booting_room(environment).copy())
