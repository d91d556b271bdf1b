"""``world.backfill``: jobs start past a head that does not fit, where by estimates they take no room that is promised.

Aggressive (EASY) promises room to the head alone, conservative to every job ahead: on the host and at the instant at
which it would start first, as things are expected to go. Promises are made afresh in each pass.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable
from heapq import heapify, heappop, heapreplace
from typing import NamedTuple

from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.environment import Environment
from batchsim.engine.kernel import Kernel
from batchsim.engine.laned_queue import LanedQueue, Walk
from batchsim.engine.outlook import Estimates, Host, Outlook
from batchsim.engine.overtaking import Blocked, BootingRoom, Overtaking, try_in_order
from batchsim.engine.tables import Tables
from batchsim.policies.backfilling import FOREVER, Profile
from batchsim.records.tables import NEVER

MOST_PROMISES = 100
"""Jobs that conservative backfilling promises room in a pass; nobody starts past more of them."""


class _Plans(NamedTuple):
    """What promises are made from."""

    environments: tuple[Environment, ...]
    tables: Tables
    estimates: Estimates
    outlook: Outlook
    conservative: bool


class Backfill(Overtaking):
    """Serves a queue strictly up to its head, and then starts jobs that delay no one."""

    looks_at_clock = True

    def __init__(
        self,
        environments: tuple[Environment, ...],
        tables: Tables,
        decided: Callable[[str, range], None],
        kernel: Kernel,
        estimates: Estimates,
        outlook: Outlook,
        *,
        conservative: bool,
    ) -> None:
        super().__init__(environments, tables, decided)
        self._kernel = kernel
        self._estimates = estimates
        self._plans = _Plans(environments, tables, estimates, outlook, conservative)
        self._most_promises = MOST_PROMISES if conservative else 1

    def serve(self, queue: LanedQueue, booting_room: BootingRoom) -> Blocked | None:
        """See :class:`Overtaking`."""
        walk = Walk(queue)
        head = self._start_heads(queue, walk, booting_room)
        if head is not None:
            promises = Promises(self._plans, booting_room, self._kernel.now_ms)
            self._pass(queue, walk, head, promises)
        walk.end()
        return head

    def _start_heads(self, queue: LanedQueue, walk: Walk, booting_room: BootingRoom) -> Blocked | None:
        """Start jobs from the head on until one does not fit: it is the walk's next."""
        while (run := walk.next()) is not None:
            low, high = run
            shape = self._tables.shape_code(low)
            while low < high:
                placed, reason, tried = try_in_order(
                    self._environments, queue.environments, shape, (low, high), booting_room
                )
                if not placed:
                    walk.hand_back(low, high)
                    return Blocked(low, reason, tried)
                self._note(queue, low, placed, passes=False)
                low += placed
        return None

    def _pass(self, queue: LanedQueue, walk: Walk, head: Blocked, promises: Promises) -> None:
        """Walk on past the head for as long as there is a lane of which a job may still start."""
        lanes = {name for name, lane in queue.lanes.items() if lane and self._may_start(queue, lane[0][3])}
        while lanes and (run := walk.next()) is not None:
            self._pass_run(queue, walk, run, head.row, promises, lanes)

    def _may_start(self, queue: LanedQueue, row: int) -> bool:
        """Whether a job behind the head has an estimate, and room, be it promised or not."""
        shape = self._tables.shape_code(row)
        has_room = any(self._environments[position].has_room(shape) for position in queue.environments)
        return has_room and self._estimates.run_ms(row) is not None

    def _pass_run(
        self,
        queue: LanedQueue,
        walk: Walk,
        run: tuple[int, int],
        head: int,
        promises: Promises,
        lanes: set[Hashable],
    ) -> None:
        """Start the jobs of a run that delay nobody; promise room to the head, and as a conservative to all others."""
        low, high = run
        while low < high and lanes:
            if low != head and walk.lane in lanes and self._starts(queue, low, promises):
                low += 1
                continue
            if low != head:
                lanes.discard(walk.lane)
            if low != head and self._most_promises == 1:
                walk.keep(low, high)
                walk.close()
                return
            if promises.make(queue, low, walk.lane) == self._most_promises > 1:
                lanes.clear()
            walk.keep(low, low + 1)
            low += 1
        walk.keep(low, high)

    def _starts(self, queue: LanedQueue, row: int, promises: Promises) -> bool:
        """Start a job in the first environment that has room for it which it may take now."""
        for position in queue.environments:
            if position not in promises.shut and self._place(self._environments[position], row, promises):
                self._note(queue, row, 1, passes=True)
                return True
        return False

    def _place(self, environment: Environment, row: int, promises: Promises) -> bool:
        """Place a job on the host that suits it best among those on which it keeps no promise from being kept."""
        if not isinstance(environment, Ec2Environment):
            whole = Host(environment.position, NEVER)
            return promises.spares(row, whole) and self._takes(environment, row, whole, promises)
        shape, hidden, placed = self._tables.shape_code(row), [], False
        while environment.takes(shape) and (host := environment.host_for(shape)) >= 0:
            if promises.spares(row, Host(environment.position, host)):
                placed = self._takes(environment, row, Host(environment.position, host), promises)
                break
            environment.fleet.remove(host)
            hidden.append(host)
        for host in hidden:
            environment.fleet.changed(host)
        return placed

    @staticmethod
    def _takes(environment: Environment, row: int, host: Host, promises: Promises) -> bool:
        """Start a job on the host that its environment chooses."""
        starts = environment.place(row, row + 1) == 1
        if starts:
            promises.placed(row, host)
        return starts


class _Offer(NamedTuple):
    """When a host has room for the jobs of a lane."""

    at_ms: int
    order: int
    """Of the host among those of the queue: no two are equal."""
    changes: int
    """Of the host, when this was worked out."""
    host: Host


class Promises:
    """Room promised to waiting jobs in one pass, on hosts as they are then."""

    def __init__(self, plans: _Plans, booting_room: BootingRoom, now_ms: int) -> None:
        self.shut: set[int] = set()
        """Environments where a job ahead waits for nobody knows what: nothing passes it there."""
        self._plans = plans
        self._booting_room = booting_room
        self._now_ms = now_ms
        self._profiles: dict[Host, Profile] = {}
        """Of the hosts on which something is promised."""
        self._changes: dict[Host, int] = defaultdict(int)
        """How often that changed."""
        self._offers: dict[Hashable, list[_Offer]] = {}
        """By lane: the hosts by when they have room for its jobs, as far as that was looked at: no sooner than that."""
        self._made = 0

    def make(self, queue: LanedQueue, row: int, lane: Hashable) -> int:
        """Promise a job the room in which it is expected to start first; return how many promises there are."""
        places, grows = self._places(queue, row)
        found = self._first(row, lane, places)
        if found is not None:
            self._changes[found.host] += 1
            self._hold(row, found.host, found.at_ms, self._length_ms(row, found.host))
        elif not grows:
            self.shut.update(places)
        self._made += 1
        return self._made

    def spares(self, row: int, host: Host) -> bool:
        """Whether a job that starts on a host now leaves all that is promised there."""
        if host not in self._profiles:
            return True
        until = self._now_ms + self._plans.estimates.length_ms(row, host, self._now_ms)
        return self._profiles[host].has_room_until(self._plans.outlook.size(row, host), until)

    def placed(self, row: int, host: Host) -> None:
        """A job was placed on a host: its room is no longer there to be promised."""
        self._changes[host] += 1
        if host in self._profiles:
            length = self._plans.estimates.length_ms(row, host, self._now_ms)
            self._hold(row, host, self._now_ms, length)

    def _first(self, row: int, lane: Hashable, places: tuple[int, ...]) -> _Offer | None:
        """Return where and when a job can start first."""
        if lane not in self._offers:
            self._offers[lane] = self._base(row, places)
        offers = self._offers[lane]
        while offers and offers[0].changes != self._changes[offers[0].host]:
            _, order, _, host = offers[0]
            profile, size = self._profile(host), self._plans.outlook.size(row, host)
            at_ms = profile.first(size, self._length_ms(row, host))
            if at_ms is None:
                heappop(offers)
            else:
                heapreplace(offers, _Offer(at_ms, order, self._changes[host], host))
        return offers[0] if offers else None

    def _base(self, row: int, places: tuple[int, ...]) -> list[_Offer]:
        """Return when each host would have room if nothing were promised: what is will not make it sooner."""
        outlook = self._plans.outlook
        hosts = [host for position in places for host in outlook.hosts(position)]
        offers = [
            _Offer(at_ms, order, 0, host)
            for order, host in enumerate(hosts)
            if (at_ms := outlook.first(row, host, self._now_ms)) is not None
        ]
        heapify(offers)
        return offers

    def _length_ms(self, row: int, host: Host) -> int:
        """Return for how long a job is promised room: aggressive backfilling only needs to know from when on."""
        return self._plans.estimates.length_ms(row, host, self._now_ms) if self._plans.conservative else FOREVER

    def _hold(self, row: int, host: Host, at_ms: int, length_ms: int) -> None:
        self._profile(host).hold(self._plans.outlook.size(row, host), at_ms, min(FOREVER, at_ms + length_ms))

    def _profile(self, host: Host) -> Profile:
        if host not in self._profiles:
            self._profiles[host] = self._plans.outlook.profile(host, self._now_ms)
        return self._profiles[host]

    def _places(self, queue: LanedQueue, row: int) -> tuple[tuple[int, ...], bool]:
        """Return the environments in which a job may start, up to the one that serves it, and whether that may grow."""
        shape, places = self._plans.tables.shape_code(row), []
        for position in queue.environments:
            environment = self._plans.environments[position]
            if environment.takes(shape):
                places.append(position)
            if environment.serves(shape, self._booting_room(environment)):
                grows = isinstance(environment, Ec2Environment) and environment.may_grow_for(shape)
                return tuple(places), grows
        return tuple(places), False
