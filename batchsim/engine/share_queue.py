"""A fair-share queue: the share with the least weighted usage is next, as long as the reservation is not touched.

API, FairsharePolicy; ``policies/fair_share.py`` has the rules. Usage is taken anew at each multiple of
``world.usage_update``, for the shares that wait; between two updates it grows by what is placed, so a placement costs
O(log shares). An array stays a run: as many of it are placed at once as its share's turn lasts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heapify

from batchsim.engine.environment import Environment
from batchsim.engine.job_queue import JobQueue, Place
from batchsim.engine.kernel import Kernel
from batchsim.engine.plan import QueuePlan, SharePlan
from batchsim.engine.share import Share, Turn
from batchsim.engine.share_activity import ShareActivity
from batchsim.engine.share_order import ShareOrder
from batchsim.engine.share_turns import Line, in_turns, turn_length
from batchsim.engine.tables import Tables
from batchsim.engine.timeline import HeadTimeline
from batchsim.engine.usage import usage_of
from batchsim.policies.fair_share import (
    UNIT_WEIGHT_NANO,
    effective_weight,
    jobs_admitted,
    units_per_ms,
    unreserved_milli,
)
from batchsim.records.tables import NEVER
from batchsim.spec.share_ids import entry_for, is_prefix


class ShareQueue(JobQueue):
    """A job queue to the demand meter and the job's life. Whose turn it is, holds from :meth:`update` on."""

    is_restless = True

    def __init__(
        self,
        position: int,
        plan: QueuePlan,
        shares: SharePlan,
        tables: Tables,
        kernel: Kernel,
        timeline: HeadTimeline,
        *,
        thorough: bool,
    ) -> None:
        """``thorough`` sums usage anew at each look."""
        super().__init__(position, plan, tables)
        self.shares = shares
        self.hosts: tuple[Environment, ...] = ()
        """All environments, by position."""
        self.holds: Callable[[int], bool] | None = None
        """Whether a waiting job has its consumable resources from an earlier attempt; None where there are none."""
        self.activity = ShareActivity(shares.window_ms)
        self.members: dict[int, Share] = {}
        """Every share that there ever was, by code."""
        self.arrived: list[Share] = []
        """Those whose wait began since somebody last asked."""
        self.unsettled: dict[int, Share] = {}
        """Those whose wait began or ended since the timeline was written."""
        self._plan = plan
        self._kernel = kernel
        self._timeline = timeline
        self._thorough = thorough
        self._weights = list(shares.weights)
        self._reweighed = 0
        self._has_prefixes = any(map(is_prefix, shares.entries))
        self._used_milli = 0
        """What its jobs hold, from STARTING on."""
        self._waiting: dict[int, Share] = {}
        self._order = ShareOrder(self.members, self.weight_of, self._created, thorough=thorough)
        self._unreserved: tuple[tuple[int, int], int] = ((NEVER, NEVER), 0)

    # -- what a queue does

    def push(self, key: Place, high: int) -> None:
        """Put the rows from ``key[2]`` to ``high - 1``, all of one submission, in line."""
        self._join(key, high, front=False)

    def push_front(self, key: Place) -> None:
        """Put a retried job before all of its share and schedulingPriority that have not been retried."""
        self._join(key, key[2] + 1, front=True)

    def head(self) -> tuple[int, int] | None:
        """Return the run whose turn it is."""
        return next(self.in_order(), None)

    def take(self, count: int) -> None:
        """Jobs of the share whose turn it is were placed."""
        first = self._order.first()
        assert first is not None
        low, share = first[2], self.members[first[3]]
        shape = self._tables.shape_code(low)
        milli = count * self._tables.shapes[shape].vcpus_milli
        self.waiting -= count
        self.by_shape[shape] -= count
        self.touched = True
        share.take(count)
        share.usage.steps.change(self._kernel.now_ms, milli)
        share.placed += milli * self.shares.charge
        self._used_milli += milli
        self._order.placed(share)
        if not share.waiting:
            self._leave(share)

    def cancel(self, row: int) -> None:
        """Take a waiting job out of line."""
        entry = self._tables.entry(row)
        share = self.members[entry.share]
        share.cancel(self._tables.terms(row).scheduling_priority, row)
        self._count(row, -1)
        self._order.moved(share)
        if not share.waiting:
            self._leave(share)

    def in_order(self) -> Iterator[tuple[int, int]]:
        """Return the waiting runs in the order in which their turns come, if room is never short."""
        heap, charge = self._turns(), self.shares.charge
        members = [self.members[code] for *_, code in heap]
        lines = {share.code: Line(share.in_order(), self._usage(share), self.weight_of(share)) for share in members}
        return in_turns(heap, lines, lambda row: self._milli(row) * charge, self._created)

    # -- turns

    @property
    def is_strict(self) -> bool:
        """Whether a head that does not fit stops the whole queue."""
        return self.shares.strict

    @property
    def is_held_by_its_head(self) -> bool:
        """As :attr:`is_strict`."""
        return self.shares.strict

    def update(self) -> None:
        """Take usage anew where its grid has moved, and find the places of shares whose heads changed."""
        self._order.update(self._due(), self._waiting)

    def turn(self) -> tuple[Share, int, int] | None:
        """Return the share whose turn it is, and the rows of its run that may start before the next one's turn.

        There are none where the reservation forbids it. None where nobody waits, or all were passed over.
        """
        first = self._order.first()
        if first is None:
            return None
        low = first[2]
        return self.members[first[3]], low, low + self._admitted(self._milli(low), self.lasts(first))

    def first(self) -> Turn | None:
        """Return whose turn it is; None where nobody waits, or all were passed over."""
        return self._order.first()

    def lasts(self, first: Turn, most: int | None = None) -> int:
        """Return how many jobs, of ``most``, are placed in the first turn before it is the next one's."""
        _, created_ms, low, code = first
        share = self.members[code]
        head = share.head()
        assert head is not None
        waiting = head[1] - low if most is None else min(most, head[1] - low)
        if waiting == 1:
            return 1
        step, usage = self._milli(low) * self.shares.charge, share.decayed + share.placed
        return turn_length(usage, step, share.weight, (created_ms, low), waiting, self._order.rival())

    def pass_over(self) -> None:
        """Let the share whose turn it is wait until :meth:`recall`; it is the next one's turn."""
        self._order.pass_over()

    def recall(self) -> None:
        """Whoever was passed over is in line again."""
        self._order.recall()

    def may_turn(self, blocked: int) -> bool:
        """Whether time alone may let a job start now that the head, of the shape ``blocked``, does not fit.

        So it is while another shape would find room, or an instance might be launched for it, if it were its share's
        turn, and usage has not come to rest.
        """
        others = [shape for shape, count in self.by_shape.items() if count and shape != blocked]
        could = any(self._could_start(shape) for shape in others) or self._holder_could_start()
        return len(self._waiting) > 1 and could and self._is_moving()

    def rows_in_turn(self) -> list[int]:
        """Return the heads whose turn it may be: of each share, but of a strict queue at rest of the first alone.

        Not those that what is reserved keeps from starting.
        """
        heads = [head[0] for share in self._waiting.values() if (head := share.head()) is not None]
        if self.is_strict and not self._is_moving():
            first = self.head()
            heads = [] if first is None else [first[0]]
        return [row for row in heads if self._admitted(self._milli(row), 1) > 0]

    def _holder_could_start(self) -> bool:
        """Whether a head would find room that holds the consumable resources which others are short of."""
        if self.holds is None:
            return False
        heads = [head[0] for share in self._waiting.values() if (head := share.head()) is not None]
        return any(self._could_start(self._tables.shape_code(row), holds=True) for row in filter(self.holds, heads))

    def _could_start(self, shape: int, *, holds: bool = False) -> bool:
        if not self._admitted(self._tables.shapes[shape].vcpus_milli, 1):
            return False
        hosts = [self.hosts[position] for position in self.environments]
        if any(host.has_room(shape, holds=holds) for host in hosts):
            return True
        return any((holds or not host.is_short(shape)) and host.may_grow_for(shape) for host in hosts)

    def _is_moving(self) -> bool:
        """Whether the order of the shares may change though nothing happens."""
        fades, window_ms = self.shares.kernel == "exponential", self.shares.window_ms
        if self._has_prefixes and self.activity.is_leaving():
            return True
        return any(
            share.usage.steps.last_ms > self._order.updated[0]
            or (window_ms and (share.usage.steps.held or (not fades and self._usage(share))))
            for share in self._waiting.values()
        )

    # -- what else is known of its jobs

    def submitted(self, code: int, jobs: int) -> bool:
        """Jobs of a share were accepted; return whether the share is newly active."""
        return self.activity.submitted(self._member(code), jobs, self._kernel.now_ms)

    def takes(self, code: int) -> bool:
        """Whether one more share may be active, if this one is not yet."""
        most, active = self.shares.most_active, self.activity.active(self._kernel.now_ms)
        return most is None or active < most or (code in self.members and self.members[code].is_active)

    def ended(self, job: int) -> None:
        """A job reached its last state."""
        self.activity.ended(self.members[self._tables.entry(job).share], self._kernel.now_ms)

    def released(self, job: int) -> None:
        """An attempt of a job ended: it holds nothing any more."""
        milli = self._milli(job)
        self.members[self._tables.entry(job).share].usage.steps.change(self._kernel.now_ms, -milli)
        self._used_milli -= milli

    def let_go(self, code: int, milli: int, at_ms: int) -> None:
        """A job of a share ended, and with it the attempt that held so many thousandths of a vCPU."""
        share = self.members[code]
        share.usage.steps.change(at_ms, -milli)
        self._used_milli -= milli
        self.activity.ended(share, at_ms)

    def set_weight(self, entry: str, weight_nano: int) -> None:
        """UpdateSchedulingPolicy: an entry of ``shareDistribution`` has another weightFactor from now on.

        ``KeyError`` where there is no such entry.
        """
        if entry not in self.shares.entries:
            raise KeyError(entry)
        self._weights[self.shares.entries.index(entry)] = weight_nano
        self._reweighed += 1
        self.touched = True

    def weight_of(self, share: Share) -> int:
        """Return a share's effective weight factor, in nanos."""
        if share.entry == NEVER:
            return UNIT_WEIGHT_NANO
        prefix, active = is_prefix(self.shares.entries[share.entry]), self.activity.by_entry[share.entry]
        return effective_weight(self._weights[share.entry], prefix=prefix, active=active)

    def standing_at(self, at_ms: int) -> Iterator[tuple[int, int, float]]:
        """Yield (code, effective weight in nanos, usage in vCPU-seconds or vCPUs) of every share, by code.

        No instant before may be asked for afterwards.
        """
        self.activity.active(at_ms)
        unit = 1000 * (units_per_ms(self.shares.kernel, self.shares.window_ms) * 1000 if self.shares.window_ms else 1)
        for code, share in sorted(self.members.items()):
            yield code, self.weight_of(share), share.usage.at(at_ms) / unit

    def held(self) -> dict[int, int]:
        """Return what the jobs of each share hold, in thousandths of a vCPU, by code."""
        return {code: share.usage.steps.held for code, share in self.members.items()}

    def room_milli(self) -> int | None:
        """Return what the reservation still lets start, in thousandths of a vCPU; None where nothing is reserved."""
        if not self.shares.reservation:
            return None
        total = 1000 * sum(self.hosts[position].max_vcpus for position in self.environments)
        key = (total, self.activity.active(self._kernel.now_ms))
        if self._unreserved[0] != key:
            self._unreserved = key, unreserved_milli(total, self.shares.reservation, key[1])
        return self._unreserved[1] - self._used_milli

    # -- within

    def _join(self, key: Place, high: int, *, front: bool) -> None:
        entry = self._tables.entry(key[2])
        share = self._member(entry.share)
        if not share.waiting:
            self._waiting[share.code] = self.unsettled[share.code] = share
            self.arrived.append(share)
        share.push(self._tables.terms(key[2]).scheduling_priority, key, high, front=front)
        self._count(key[2], high - key[2])
        self._order.moved(share)

    def _leave(self, share: Share) -> None:
        """Nothing of a share waits any more."""
        del self._waiting[share.code]
        self._order.left(share)
        self.unsettled[share.code] = share

    def _member(self, code: int) -> Share:
        if code not in self.members:
            shares = self.shares
            entry = entry_for(shares.names.text(code), shares.entries)
            usage = usage_of(shares.kernel, shares.window_ms, thorough=self._thorough)
            line = self._timeline.open(self.position, code)
            made = Share(code, NEVER if entry is None else entry, line, usage, self._lane)
            self.members[code] = made
        return self.members[code]

    def _lane(self) -> JobQueue:
        return _Lane(self.position, self._plan, self._tables)

    def _due(self) -> tuple[int, int, int]:
        """What the heap has to hold now."""
        now, update_ms = self._kernel.now_ms, self.shares.update_ms
        self.activity.active(now)
        return now // update_ms * update_ms, self.activity.changes if self._has_prefixes else 0, self._reweighed

    def _turns(self) -> list[Turn]:
        """Return a heap of the shares that wait as they stand now; nothing is kept of it."""
        turns = []
        for code, share in self._waiting.items():
            head = share.head()
            assert head is not None
            turns.append((self._usage(share) * self.weight_of(share), self._created(head[0]), head[0], code))
        heapify(turns)
        return turns

    def _usage(self, share: Share) -> int | float:
        """Return a share's usage now, what was placed since the last update included."""
        at_ms = self._due()[0]
        if share.taken_at_ms == at_ms:
            return share.decayed + share.placed
        return share.usage.at(at_ms)

    def _admitted(self, vcpus_milli: int, jobs: int) -> int:
        room = self.room_milli()
        return jobs if room is None else jobs_admitted(room, vcpus_milli, jobs)

    def _milli(self, row: int) -> int:
        return self._tables.shape(row).vcpus_milli

    def _created(self, row: int) -> int:
        return self._tables.submissions.created_at[self._tables.jobs.submission[row]]


class _Lane(JobQueue):
    """The jobs of one share and priority; what they ask for is counted by the whole queue."""

    def _count(self, row: int, change: int) -> None:  # noqa: ARG002 (one signature for all queues)
        self.waiting += change
