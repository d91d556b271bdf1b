"""Starts of a fair-share queue, turn by turn, until a head finds no room: the fast twin of that part of a pass.

Whose turn it is, and how long each lasts, is the queue's own (``engine/share_queue.py``); so is the best fit the
fleet's. What is left out is all that a head is asked that finds room: :class:`ShareService` goes on with the first
that finds none. It runs where a queue has one environment of instances and nothing is reserved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from batchsim.engine.attempts import Attempts, Start
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.environment import Environment
from batchsim.engine.handover import filler, is_ordinary
from batchsim.engine.images import HostKey, ImageCache
from batchsim.engine.kernel import Kernel
from batchsim.engine.plan import EntryRun
from batchsim.engine.share_queue import ShareQueue
from batchsim.engine.tables import Tables
from batchsim.engine.workload.progress import SPEED_1

_MANY = 1 << 30


class ShareFill:
    """Called in a pass, with a queue whose usage is taken."""

    def __init__(
        self,
        kernel: Kernel,
        tables: Tables,
        attempts: Attempts,
        environments: Sequence[Environment],
        images: ImageCache,
        decided: Callable[[str, range], None],
    ) -> None:
        self._kernel = kernel
        self._tables = tables
        self._attempts = attempts
        self._environments = environments
        self._images = images
        self._decided = decided
        self._fill = filler(tables, kernel.ends)

    def __call__(self, queue: ShareQueue) -> None:
        """Start jobs from the first turn on, as long as each finds room."""
        environment = self._environments[queue.environments[0]]
        if type(environment) is not Ec2Environment or not self._is_plain(queue, environment):
            return
        tables, instances, find = self._tables, self._tables.instances, environment.fleet.find
        while (turn := queue.first()) is not None:
            low = turn[2]
            shape = tables.shape_code(low)
            want = tables.shapes[shape]
            if want.gpus or not environment.takes(shape):
                return
            row = find(want.vcpus, want.memory_mib, 0)
            if row < 0:
                return
            mib = want.memory_mib
            room = min(instances.free_vcpus[row] // want.vcpus, instances.free_mib[row] // mib if mib else _MANY)
            high = low + (1 if room == 1 else queue.lasts(turn, room))
            if not environment.held_vcpus:
                environment.became_busy(environment)
            environment.held_vcpus += want.vcpus * (high - low)
            instances.free_vcpus[row] -= want.vcpus * (high - low)
            instances.free_mib[row] -= mib * (high - low)
            environment.fleet.changed(row)
            environment.idle_since.pop(row, None)
            self._start(low, high, row, environment)
            queue.take(high - low)
            self._decided("placement", range(low, high))

    def _is_plain(self, queue: ShareQueue, environment: Ec2Environment) -> bool:
        if len(queue.environments) > 1 or queue.shares.reservation or queue.holds is not None:
            return False
        return environment.in_service and environment.fleet.is_indexed and environment.fleet.fills

    def _start(self, low: int, high: int, row: int, environment: Ec2Environment) -> None:
        """Start equal jobs on one instance."""
        tables, now = self._tables, self._kernel.now_ms
        entry, image = tables.entry(low), tables.submissions.image[tables.jobs.submission[low]]
        pulled_at = self._pulled_at(image, row, entry, environment, now)
        speed_pico = tables.instances.speed_pico[row]
        if is_ordinary(entry) and not tables.revised and speed_pico == SPEED_1:
            self._attempts.courses.implies |= entry.course is not None
            low = self._fill(low, high, row, environment.position, entry, now, pulled_at)
        if low < high:
            self._open(low, high, Start(row, environment.position, now, pulled_at, speed_pico), entry)

    def _open(self, low: int, high: int, start: Start, entry: EntryRun) -> None:
        """The plain way."""
        attempts = self._tables.jobs.attempts
        for job in range(low, high):
            warm_ms = entry.warm_start.one_ms(job - entry.first_job, attempts[job] + 1)
            self._attempts.open(job, start, warm_ms)

    def _pulled_at(self, image: int, row: int, entry: EntryRun, environment: Ec2Environment, now_ms: int) -> int:
        found = self._images.pulled(image, row)
        if found is not None and found <= now_ms and not self._images.hit_ms:
            return now_ms
        key = HostKey(environment.plan.key(), self._tables.instances.ordinal[row], environment.position)
        return self._images.ready_at(image, row, key, entry.pull, now_ms)
