"""A managed EC2 or SPOT compute environment: its instances, the room on them, and what it can say to a waiting head."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from batchsim.engine.attempts import Attempts, Start
from batchsim.engine.ec2_cover import Ec2Cover
from batchsim.engine.ec2_offers import Ec2Offers
from batchsim.engine.environment import EnvironmentView
from batchsim.engine.fleet import Fleet
from batchsim.engine.images import HostKey, ImageCache
from batchsim.engine.instance_table import CLOSED
from batchsim.engine.kernel import Kernel
from batchsim.engine.plan import Ec2Plan, EntryRun, Shape
from batchsim.engine.tables import Tables
from batchsim.policies.allocation import Offer
from batchsim.policies.packing import count_that_fit
from batchsim.policies.scaling import FreeAndBooting, Rooms, may_launch
from batchsim.records.vocabulary import WaitReason

ENDLESS_MIB = 1 << 40


class Ec2Environment:
    """Instances come by :meth:`add` and :meth:`open_to_jobs` and go by :meth:`remove`; jobs come by :meth:`place`."""

    fill: Callable[[int, int, Start, EntryRun], int] | None = None
    """Opens first attempts many at a time (``engine/handover.py``), and returns the first job that it leaves."""
    cooling_until_ms = 0
    """Until when nothing is launched after a scale-in."""

    def __init__(
        self,
        position: int,
        plan: Ec2Plan,
        tables: Tables,
        fleet: Fleet,
        images: ImageCache,
        attempts: Attempts,
        kernel: Kernel,
    ) -> None:
        self.position = position
        self.plan = plan
        self.enabled, self.valid = plan.enabled, plan.invalid is None
        self.min_vcpus = self.highest_min_vcpus = plan.min_vcpus
        self.max_vcpus = plan.max_vcpus
        self.on = 0
        """Instances that run or boot."""
        self.on_vcpus = 0
        """Their vCPUs."""
        self.zone_vcpus = [0] * plan.zones
        self.launched = 0
        """Instances launched so far: the next launch ordinal."""
        self.booting: dict[int, None] = {}
        self._booting_rooms: tuple[Rooms, Rooms] = (Rooms(), Rooms())
        """Of those that take jobs: as if their memory had no end, and as it is."""
        self._pools_on: Counter[int] = Counter()
        """Instances that run or boot, by pool."""
        self._closed_vcpus = 0
        self.ready: dict[int, None] = {}
        self.closed: dict[int, None] = {}
        """Ready instances that take no further job, until they end."""
        self.held_vcpus = 0
        """vCPUs that attempts hold, on all instances."""
        self.idle_since: dict[int, int] = {}
        self.draining: set[int] = set()
        """Instances that take no more jobs: EC2 is about to take them back."""
        self.became_busy: Callable[[Ec2Environment], None] = _nobody
        """Hears of the first job on an environment without any."""
        self.touched = False
        """Whether a room or a gate opened since the last pass."""
        self.fleet = fleet
        self.offers = Ec2Offers(plan, tables.shapes)
        self._tables = tables
        self._shapes = tables.shapes
        self._instances, self._jobs = tables.instances, tables.jobs
        self._images = images
        self._attempts = attempts
        self._kernel = kernel

    @property
    def in_service(self) -> bool:
        """Whether it may take jobs and launch instances: it is ENABLED and not INVALID."""
        return self.enabled and self.valid

    @property
    def open_vcpus(self) -> int:
        """vCPUs of the instances that run or boot and take jobs, or will."""
        return self.on_vcpus - self._closed_vcpus

    # -- what it says to a head

    def stance(self, shape: int, booting: Rooms) -> WaitReason:
        """Why a job of this shape, for which no room is free, does not start here; in order of precedence.

        ``booting`` is the room of booting instances that the jobs ahead leave. Where that holds the job, and no gate
        would let it start sooner (nothing runs yet, or more may be launched), it waits for the boot; at maxvCpus with
        instances that run, it waits for the gate, or for one of their jobs to end.
        """
        if not self.offers.fitting(shape):
            return WaitReason.NOTHING_FITS
        if self._shapes[shape].vcpus > self.max_vcpus:
            return WaitReason.OVER_MAX_RESOURCE
        if not self.in_service:
            return WaitReason.ENVIRONMENT_DISABLED if self.valid else WaitReason.ENVIRONMENT_INVALID
        grows = self._has_headroom(self.offers.open_for(shape))
        if self._fits(shape, booting) and (grows or len(self.booting) == self.on):
            return WaitReason.INSTANCE_BOOTING
        if not self._has_headroom(self.offers.fitting(shape)):
            return WaitReason.FLEET_FULL if self.plan.stands else WaitReason.MAX_VCPUS
        return WaitReason.SCALE_UP_DECISION if grows else self._gate(shape)

    def serves(self, shape: int, booting: Rooms) -> bool:
        """Whether a job of this shape, for which no room is free, waits here: for a booting instance, or for growth.

        Model 2; otherwise the next environment of its queue is tried.
        """
        return self.takes(shape) and (self._fits(shape, booting) or self.may_grow_for(shape))

    def takes(self, shape: int) -> bool:
        """Whether jobs of this shape may start here at all."""
        is_small = self._shapes[shape].vcpus <= self.max_vcpus
        return self.enabled and self.valid and is_small and bool(self.offers.fitting(shape))

    def has_room(self, shape: int, *, holds: bool = False) -> bool:  # noqa: ARG002 (one signature for all environments)
        """Whether a job of this shape would find room now."""
        return self.takes(shape) and self.host_for(shape) >= 0

    def host_for(self, shape: int) -> int:
        """Return the instance that a job of this shape would go to now, or -1 when none has room."""
        want = self._shapes[shape]
        return self.fleet.find(want.vcpus, want.memory_mib, want.gpus)

    def may_grow_for(self, shape: int) -> bool:
        """Whether an instance that holds a job of this shape may be launched now."""
        return self.takes(shape) and self._has_headroom(self.offers.open_for(shape))

    def standing(self) -> tuple[int, ...]:
        """Return all that :meth:`stance` hangs on besides gates: equal if no instance came, was ready, shut or went."""
        of_instances = self.launched, len(self.booting), len(self.draining), self.on, self.on_vcpus
        return (*of_instances, self.min_vcpus, self.max_vcpus, self.in_service, self.offers.has_no_gate)

    def may_grow_for_any(self) -> bool:
        """Whether one more instance of any type may be launched: no gate is shut, and maxvCpus is not reached."""
        if not (self.in_service and self.plan.may_exceed_max and self.offers.has_no_gate) or self.plan.stands:
            return False
        return may_launch(self.on_vcpus, self.max_vcpus, self.offers.most_vcpus, self.plan.may_exceed_max)

    def _has_headroom(self, offers: tuple[Offer, ...]) -> bool:
        """Whether maxvCpus permits one more instance of one of these offers; a standing fleet does not grow."""
        if self.plan.stands or not offers:
            return False
        return may_launch(self.on_vcpus, self.max_vcpus, self.offers.fewest_vcpus(offers), self.plan.may_exceed_max)

    def _gate(self, shape: int) -> WaitReason:
        """Say which gate keeps all that fits, and is within maxvCpus, from being launched."""
        return self.offers.shut_by(offer for offer in self.offers.fitting(shape) if self._has_headroom((offer,)))

    def is_short(self, shape: int) -> bool:  # noqa: ARG002 (one signature for all environments)
        """No resources are rationed (``engine/consumables.py`` has the other kind)."""
        return False

    def may_free(self, shape: int) -> bool:
        """Whether room for a job of this shape may come as jobs end, where maxvCpus or a quota is used up.

        An instance that is on holds such a job when it is empty, or scale-in down to minvCpus makes way for another,
        which is within quota.
        """
        if any(self._pools_on[pool] for pool in self.offers.pools(shape)):
            return True
        bounds, quota = (self.min_vcpus, self.max_vcpus), self.offers.quota
        return any(
            may_launch(*bounds, offer.vcpus, self.plan.may_exceed_max) and (quota is None or quota.is_enough_for(offer))
            for offer in self.offers.fitting(shape)
        )

    def would_hold(self, shape: int) -> bool:
        """Whether a type that EC2 does not sell in its zones would hold a job of this shape."""
        return self.offers.fit_if_sold(shape)

    def refusal(self, shape: int) -> str:
        """Return why RunTask finds no room for a job of this shape (ECS, "API failure reasons")."""
        if not self.in_service:
            return f"{self.plan.name} is {'DISABLED' if self.valid else 'INVALID'}"
        want = self._shapes[shape]
        rooms = [room for room in self.fleet.rooms() if room.vcpus >= want.vcpus]
        if not rooms:
            return "RESOURCE:CPU"
        return "RESOURCE:GPU" if any(room.memory_mib >= want.memory_mib for room in rooms) else "RESOURCE:MEMORY"

    def cover(self) -> Ec2Cover:
        """Return what running and booting instances, and those that may still be launched, cover of demand."""
        return Ec2Cover(self, self.rooms_on())

    def rooms_on(self) -> Rooms:
        """Return the room of running and booting instances that covers demand."""
        rooms = self.booting_rooms(by_memory=self.plan.demand_by_memory)
        self._add_free(rooms)
        return rooms

    def free_and_booting(self) -> FreeAndBooting:
        """Return the room of the ready and of the booting instances, apart."""
        free = Rooms()
        self._add_free(free)
        return FreeAndBooting(free, self.booting_rooms())

    def view(self) -> EnvironmentView:
        """Return its vCPUs."""
        booting = sum(self._instances.vcpus[row] for row in self.booting)
        return EnvironmentView(self.on_vcpus, booting, self.on_vcpus - booting)

    def booting_rooms(self, *, by_memory: bool = True) -> Rooms:
        """Return the room of the booting instances; without ``by_memory`` as if their memory had no end."""
        return self._booting_rooms[by_memory].copy()

    @property
    def booting_room(self) -> Rooms:
        """The same, with memory, to be looked at only."""
        return self._booting_rooms[True]

    def _add_free(self, rooms: Rooms) -> None:
        for size, count in self.fleet.sizes().items():
            rooms.add(*size, count)

    def _boots(self, row: int, change: int) -> None:
        """An instance boots, or no longer does, that takes jobs."""
        instances = self._instances
        for rooms, memory_mib in zip(self._booting_rooms, (ENDLESS_MIB, instances.memory_mib[row]), strict=True):
            rooms.add(instances.vcpus[row], memory_mib, instances.gpus[row], change)

    def kept(self, vcpus: int) -> None:
        """Note how many vCPUs are kept on whatever the demand."""
        self.highest_min_vcpus = max(self.highest_min_vcpus, vcpus)

    # -- jobs

    def place(self, low: int, high: int) -> int:
        """Start the first jobs of a run of equal ones on the instance that suits them best; return how many.

        An instance stays the best fit for the next equal job until it is full, so it is filled at once.
        """
        shape = self._tables.shape_code(low)
        return self._place(low, high, self._shapes[shape]) if self.takes(shape) else 0

    def place_all(self, low: int, high: int) -> int:
        """As :meth:`place`, on one instance after the other as long as one has room."""
        shape, first = self._tables.shape_code(low), low
        if not self.takes(shape):
            return 0
        want = self._shapes[shape]
        if self.fleet.is_indexed and not want.gpus and want.memory_mib:
            return self._deal(low, high, want)
        while low < high and (placed := self._place(low, high, want)):
            low += placed
        return low - first

    def release(self, attempt: int) -> None:
        """Give an attempt's part of its instance back."""
        row = self._attempts.table.instance[attempt]
        self._take(row, self._tables.shape(self._attempts.table.job[attempt]), -1)
        if self.is_empty(row) and row not in self.idle_since:
            self.idle_since[row] = self._kernel.now_ms
        self.touched = True

    # -- instances

    def add(self, row: int) -> None:
        """Count a launched instance: it boots."""
        self.on += 1
        self.on_vcpus += self._instances.vcpus[row]
        self.zone_vcpus[self._instances.zone[row]] += self._instances.vcpus[row]
        self._pools_on[self._instances.pool[row]] += 1
        self.booting[row] = None
        self._boots(row, 1)

    def open_to_jobs(self, row: int) -> None:
        """A booting instance is ready and idle."""
        self._booted(row)
        self.ready[row] = None
        self._instances.ready_at[row] = self._kernel.now_ms
        self.idle_since[row] = self._kernel.now_ms
        self.fleet.changed(row)
        self.touched = True

    def drain(self, row: int) -> None:
        """An instance takes no more jobs; those on it stay."""
        if row in self.booting and row not in self.draining:
            self._boots(row, -1)
        self.draining.add(row)
        self._instances.close(row)
        self.fleet.changed(row)
        self.touched = True

    def close(self, row: int) -> None:
        """A ready instance takes no further job."""
        self._instances.closed_at[row] = self._kernel.now_ms
        self.closed[row] = None
        self._closed_vcpus += self._instances.vcpus[row]
        self.fleet.close(row)

    def remove(self, row: int, why: int) -> None:
        """An instance ends; the attempts on it were ended before."""
        self._instances.ended_at[row] = self._kernel.now_ms
        self._instances.why_ended[row] = why
        self.on -= 1
        self.on_vcpus -= self._instances.vcpus[row]
        self.zone_vcpus[self._instances.zone[row]] -= self._instances.vcpus[row]
        self._pools_on[self._instances.pool[row]] -= 1
        if row in self.booting:
            self._booted(row)
        if row in self.closed:
            self._closed_vcpus -= self._instances.vcpus[row]
        for rows in (self.ready, self.closed):
            rows.pop(row, None)
        self.idle_since.pop(row, None)
        self.draining.discard(row)
        self.fleet.remove(row)
        self.touched = True

    # -- within

    def _place(self, low: int, high: int, want: Shape) -> int:
        row = self.fleet.find(want.vcpus, want.memory_mib, want.gpus)
        if row < 0:
            return 0
        count = min(high - low, self._capacity_for(want, row)) if self.fleet.fills else 1
        if not self.held_vcpus:
            self.became_busy(self)
        self._take(row, want, count)
        image = self._tables.submissions.image[self._jobs.submission[low]]
        self._start(low, low + count, row, self._tables.entry(low), image)
        return count

    def is_empty(self, row: int) -> bool:
        """Whether no job holds anything of an instance: each holds a vCPU at least."""
        free_vcpus = self._instances.free_vcpus[row] + (CLOSED if row in self.draining else 0)
        return free_vcpus == self._instances.vcpus[row]

    def _booted(self, row: int) -> None:
        del self.booting[row]
        if row not in self.draining:
            self._boots(row, -1)

    def _fits(self, shape: int, rooms: Rooms) -> bool:
        want = self._shapes[shape]
        return rooms.fits(want.vcpus, want.memory_mib, want.gpus)

    def _deal(self, low: int, high: int, want: Shape) -> int:
        """Fill one instance after the other, the best fit first: one look-up for all of them."""
        instances, changed, first = self._instances, self.fleet.changed, low
        free_vcpus, free_mib, vcpus, memory_mib = instances.free_vcpus, instances.free_mib, want.vcpus, want.memory_mib
        entry, image = self._tables.entry(low), self._tables.submissions.image[self._jobs.submission[low]]
        for row in self.fleet.best_first(vcpus, memory_mib):
            count = min(high - low, free_vcpus[row] // vcpus, free_mib[row] // memory_mib)
            if not self.held_vcpus:
                self.became_busy(self)
            self.held_vcpus += vcpus * count
            free_vcpus[row] -= vcpus * count
            free_mib[row] -= memory_mib * count
            changed(row)
            self._start(low, low + count, row, entry, image)
            low += count
            if low == high:
                break
        self.fleet.seen(vcpus, memory_mib, is_full=low < high)
        return low - first

    def _capacity_for(self, want: Shape, row: int) -> int:
        instances = self._instances
        room = (instances.free_vcpus[row], instances.free_mib[row], instances.free_gpus[row])
        if want.gpus or not want.memory_mib:
            return count_that_fit(room, (want.vcpus, want.memory_mib, want.gpus))
        return int(min(room[0] // want.vcpus, room[1] // want.memory_mib))

    def _take(self, row: int, want: Shape, count: int) -> None:
        instances = self._instances
        self.held_vcpus += want.vcpus * count
        instances.free_vcpus[row] -= want.vcpus * count
        instances.free_mib[row] -= want.memory_mib * count
        instances.free_gpus[row] -= want.gpus * count
        self.fleet.changed(row)

    def _start(self, low: int, high: int, row: int, entry: EntryRun, image: int) -> None:
        """Start equal jobs on one instance; all that start together share a pull, or find the image there."""
        now = self._kernel.now_ms
        start = Start(row, self.position, now, self._pulled_at(image, row, entry), self._instances.speed_pico[row])
        self.idle_since.pop(row, None)
        if self.fill is not None:
            low = self.fill(low, high, start, entry)
        if low < high:
            self._open(low, high, start, entry)

    def _open(self, low: int, high: int, start: Start, entry: EntryRun) -> None:
        attempts, open_attempt = self._jobs.attempts, self._attempts.open
        warm_start_ms, first_job = entry.warm_start.one_ms, entry.first_job
        for job in range(low, high):
            open_attempt(job, start, warm_start_ms(job - first_job, attempts[job] + 1))

    def _pulled_at(self, image: int, row: int, entry: EntryRun) -> int:
        """Return when the image is on an instance on which jobs start now."""
        now, images = self._kernel.now_ms, self._images
        found = images.pulled(image, row)
        if found is not None and found <= now and not images.hit_ms:
            return now
        key = HostKey(self.plan.key(), self._instances.ordinal[row], self.position)
        return images.ready_at(image, row, key, entry.pull, now)


def _nobody(_: Ec2Environment) -> None:
    """Nobody listens yet."""
