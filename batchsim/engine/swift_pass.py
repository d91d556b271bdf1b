"""A swift pass: the scheduling pass over plain FIFO queues of one EC2 environment each, written as one loop.

The fast twin of :meth:`Scheduler.run_pass`, :meth:`Ec2Environment.place` and :meth:`Attempts.open`. What a queue's head
waits for is looked up once for all heads of its shape, as long as nothing but jobs comes and goes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heapreplace

from batchsim.engine.attempts import Attempts, Start
from batchsim.engine.blocked import BlockDetector
from batchsim.engine.demand import DemandMeter
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.environment import Environment
from batchsim.engine.handover import Handover
from batchsim.engine.images import HostKey, ImageCache
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.kernel import Kernel
from batchsim.engine.scale_up import Scaler
from batchsim.engine.scheduler import Scheduler
from batchsim.engine.swift_deal import LEAST_HOSTS, LEAST_JOBS, SwiftDeal
from batchsim.engine.tables import Tables
from batchsim.engine.timeline import HeadTimeline
from batchsim.engine.workload.progress import SPEED_1
from batchsim.policies.scaling import Rooms
from batchsim.records.vocabulary import WaitReason


class SwiftPass:
    """Serves all queues of a run. :meth:`refresh` before the first :meth:`run` after anything but jobs has changed."""

    def __init__(
        self,
        kernel: Kernel,
        tables: Tables,
        attempts: Attempts,
        images: ImageCache,
        handover: Handover,
        scheduler: Scheduler,
        scalers: dict[int, Scaler],
        environments: Sequence[Environment],
        meter: DemandMeter,
        timeline: HeadTimeline,
        blocked: BlockDetector,
        deal: SwiftDeal,
    ) -> None:
        self._kernel = kernel
        self._tables = tables
        self._attempts = attempts
        self._images = images
        self._handover = handover
        self._scheduler = scheduler
        self._scalers = scalers
        self._environments = environments
        self._meter = meter
        self._timeline = timeline
        self._blocked = blocked
        self.deal = deal.deal
        self.known_takes: dict[tuple[int, int], bool] = {}
        """Whether an environment takes jobs of a shape."""
        self._stances: dict[tuple[int, int], WaitReason] = {}
        """Why a job of a shape does not start in an environment, where no other queue has a claim on what boots."""
        self._quiet: set[tuple[int, int, WaitReason]] = set()
        """(queue, shape, reason) of heads of which nobody makes anything."""
        self.marks: dict[int, tuple[int, bool]] = {}
        """By queue, the head that the last pass left, and whether it waits for higher queues: that is all written."""
        self._growing: list[Scaler] = []
        """Those that may have something to consider after a pass."""
        self.lanes: list[tuple[JobQueue, Ec2Environment]] = []
        """The queues as they are served, with their environment."""
        self.run = runner(self)
        """A pass at an instant. Returns the one queue that still waits, None where there is none, or another."""

    def refresh(self) -> None:
        """Forget what hangs on instances, gates and queues."""
        for known in (self.known_takes, self._stances, self._quiet, self.marks):
            known.clear()
        self.lanes.clear()
        for queue in self._scheduler.served:
            environment = self._environments[queue.environments[0]]
            assert isinstance(environment, Ec2Environment)
            self.lanes.append((queue, environment))
        self._growing = [scaler for scaler in self._scalers.values() if self._may_grow(scaler)]
        self._scheduler.forget()

    def _may_grow(self, scaler: Scaler) -> bool:
        environment = scaler.environment
        return not scaler.is_deciding and environment.in_service and environment.on_vcpus < environment.max_vcpus

    def consider(self, looked_at: set[int]) -> None:
        """Let the scalers look at what a pass has left in these environments, beside those where room opened."""
        growing = self._growing
        for environment in self._environments:
            environment.touched, is_new = False, environment.touched
            if is_new:
                looked_at.add(environment.position)
        for scaler in growing:
            if scaler.environment.position in looked_at:
                self._kernel.set_clock(self._kernel.now_ms)
                scaler.consider()

    def leaves(
        self,
        queue: JobQueue,
        environment: Ec2Environment,
        rooms: Rooms | None,
        *,
        is_hidden: bool,
    ) -> None:
        """The head of a queue found no room: write why. ``is_hidden``: it waits for the queues ahead."""
        head = queue.head()
        assert head is not None
        line, row, shape = queue.position, head[0], self._tables.shape_code(head[0])
        reason = WaitReason.HIGHER_QUEUE if is_hidden else self._stance(environment, shape, rooms)
        is_quiet = (line, shape, reason) in self._quiet
        if not is_quiet:
            is_quiet = self._blocked.is_quiet(line, reason, environment.position, row)
            if not is_quiet:
                self._quiet.clear()
            elif reason != WaitReason.CAPACITY_ERROR:
                self._quiet.add((line, shape, reason))
        now = self._kernel.now_ms
        if is_quiet and reason != WaitReason.CAPACITY_ERROR and rooms is None:
            self.marks[line] = row, is_hidden
        else:
            self.marks.pop(line, None)
        if not is_quiet or not self._timeline.would_stand(line, now, reason):
            self._timeline.write(line, now, reason, environment.position, row)

    def _stance(self, environment: Ec2Environment, shape: int, rooms: Rooms | None) -> WaitReason:
        if rooms is not None:
            return environment.stance(shape, rooms)
        key = environment.position, shape
        if key not in self._stances:
            self._stances[key] = environment.stance(shape, environment.booting_room if environment.booting else Rooms())
        return self._stances[key]

    def open(self, low: int, high: int, start: Start) -> None:
        """The plain way for jobs of an entry that are out of the ordinary."""
        entry, attempts = self._tables.entry(low), self._tables.jobs.attempts
        for job in range(low, high):
            warm_ms = entry.warm_start.one_ms(job - entry.first_job, attempts[job] + 1)
            self._attempts.open(job, start, warm_ms)

    def booting_room(self, queue: JobQueue, environment: Ec2Environment, ahead: list[JobQueue]) -> Rooms | None:
        """Return what the queues ahead leave to a queue of what boots; None where that is all, or does not matter."""
        if not ahead or not environment.booting or hides(queue, ahead):
            return None
        return self._meter.booting_room(environment, ahead)

    def takes(self, environment: Ec2Environment, shape: int) -> bool:
        """Whether an environment takes jobs of a shape, from now on among ``known_takes``."""
        takes = self.known_takes[environment.position, shape] = environment.takes(shape)
        return takes


def hides(queue: JobQueue, ahead: list[JobQueue]) -> bool:
    """Whether what waits in a queue waits for those ahead: of higher priority, in its environment."""
    for other in ahead:  # noqa: SIM110 (as in engine/scheduler.py)
        if other.priority > queue.priority and other.environments == queue.environments:
            return True
    return False


def runner(self: SwiftPass) -> Callable[[int], JobQueue | None]:  # noqa: C901, PLR0915 (with its loop)
    """Return the loop of a pass. It is one function: each call costs 2 % of a job."""
    kernel, tables, images, timeline, lanes = self._kernel, self._tables, self._images, self._timeline, self.lanes
    jobs, instances, submissions = tables.jobs, tables.instances, tables.submissions
    shapes, entries, revised, courses = tables.shapes, tables.entries, tables.revised, self._attempts.courses
    submission_of, shape_of, entry_of, image_of = (
        jobs.submission,
        submissions.shape,
        submissions.entry,
        submissions.image,
    )
    free_vcpus, free_mib, speed_of = instances.free_vcpus, instances.free_mib, instances.speed_pico
    fill, known_takes, marks, empty = self._handover.fill_columns, self.known_takes, self.marks, WaitReason.EMPTY
    pulls, hit_ms, deal = images.pulls, images.hit_ms, self.deal
    stale_of = {
        each.position: each.fleet.ledger()[0] for each in self._environments if isinstance(each, Ec2Environment)
    }

    def run(now: int) -> JobQueue | None:  # noqa: C901, PLR0912, PLR0915 (three turns of it a job)
        kernel.now_ms = now
        ahead: list[JobQueue] = []
        looked_at: set[int] = set()
        for queue, environment in lanes:
            position, number = environment.position, queue.position
            if not (queue.touched or (queue.waiting and (environment.touched or position in looked_at))):
                if queue.waiting:
                    ahead.append(queue)
                continue
            looked_at.add(position)
            queue.touched = False
            rooms = self.booting_room(queue, environment, ahead) if ahead and environment.booting else None
            retried, runs = queue.retried, queue.runs
            while queue.waiting:
                if queue.holes:
                    queue.head()
                line = retried or runs
                first, second, low, high = line[0]
                mark = low, bool(ahead) and hides(queue, ahead)
                if not environment.touched and rooms is None and marks.get(number) == mark:
                    break
                submission = submission_of[low]
                shape = shape_of[submission]
                entry = entries[entry_of[submission]]
                _, vcpus, mib, gpus, *_ = shapes[shape]
                if gpus or entry.start_failures is not None or revised:
                    environment.fleet.forget_search()
                    placed = environment.place(low, high)
                    if not placed:
                        self.leaves(queue, environment, rooms, is_hidden=mark[1])
                        break
                    queue.take(placed)
                    continue
                takes = known_takes.get((position, shape))
                if takes is None:
                    takes = self.takes(environment, shape)
                is_idle = not environment.held_vcpus
                many = high - low >= LEAST_JOBS and environment.fleet.news + len(stale_of[position]) >= LEAST_HOSTS
                count = deal(environment, low, high, now) if many and takes else 0
                if not count:
                    host = environment.fleet.best(vcpus, mib) if takes else -1
                    if host < 0:
                        if rooms is not None or marks.get(number) != mark:
                            self.leaves(queue, environment, rooms, is_hidden=mark[1])
                        break
                    count = high - low
                    if count > 1:
                        count = min(count, free_vcpus[host] // vcpus, free_mib[host] // mib if mib else count)
                    environment.held_vcpus += vcpus * count
                    free_vcpus[host] -= vcpus * count
                    free_mib[host] -= mib * count
                    stale_of[position][host] = None
                    environment.idle_since.pop(host, None)
                    image = image_of[submission]
                    pull = pulls[image].get(host) if image in pulls else None
                    if pull is None or pull[1] > now or hit_ms:
                        key = HostKey(environment.plan.key(), instances.ordinal[host], position)
                        pulled_at = images.ready_at(image, host, key, entry.pull, now)
                    else:
                        pulled_at = now
                    at = low
                    if speed_of[host] == SPEED_1:
                        if entry.course is not None:
                            courses.implies = True
                        at = fill(low, low + count, host, position, entry, now, pulled_at)
                    if at < low + count:
                        self.open(at, low + count, Start(host, position, now, pulled_at, speed_of[host]))
                if is_idle:
                    environment.became_busy(environment)
                queue.waiting -= count
                queue.by_shape[shape] -= count
                if low + count == high:
                    heappop(line)
                else:
                    heapreplace(line, (first, second, low + count, high))
            if queue.waiting:
                ahead.append(queue)
            elif timeline.reason(number) != empty:
                marks.pop(number, None)
                timeline.write(number, now, empty)
            queue.touched = False
        self.consider(looked_at)
        return ahead[0] if len(ahead) == 1 else None

    return run
