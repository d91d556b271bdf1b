"""A deal: one pass gives hundreds of jobs of a run to all instances that have room for them, the best fit first.

The fast twin of looking for one instance after the other (``engine/swift_pass.py``), where many have changed since the
last pass: after a second of a large fleet's life, or when instances become ready together.
"""

from __future__ import annotations

import numpy as np

from batchsim.engine.columns import taken, written
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.images import HostKey, ImageCache
from batchsim.engine.many_starts import ManyStarts
from batchsim.engine.tables import Tables
from batchsim.engine.workload.progress import SPEED_1
from batchsim.records.tables import NEVER, Ints

LEAST_JOBS = 48
"""Fewer jobs cost more than one after the other does."""
LEAST_HOSTS = 24
"""So do fewer instances: that is where a deal and the loop take the same time."""


class SwiftDeal:
    """Deals jobs without GPUs, of entries that are ordinary."""

    def __init__(self, tables: Tables, images: ImageCache, starts: ManyStarts) -> None:
        self._tables = tables
        self._images = images
        self._starts = starts

    def deal(self, environment: Ec2Environment, low: int, high: int, now_ms: int) -> int:
        """Start jobs of a run, from ``low`` on; return how many: 0 where it does not pay, or is not ordinary."""
        _, vcpus, memory_mib, *_ = self._tables.shapes[self._tables.shape_code(low)]
        fleet, instances = environment.fleet, self._tables.instances
        fleet.news = 0
        hosts = fleet.with_room(vcpus, memory_mib, high - low)
        free_vcpus, free_mib = taken(instances.free_vcpus, hosts), taken(instances.free_mib, hosts)
        room = np.minimum(free_vcpus // vcpus, free_mib // memory_mib)
        upto = np.cumsum(room, dtype=np.int64)
        if not len(upto) or min(int(upto[-1]), high - low) < LEAST_JOBS:
            return 0
        count = len(self._starts.startable(low, min(high, low + int(upto[-1]))))
        if count < LEAST_JOBS:
            return 0
        used = int(np.searchsorted(upto, count)) + 1
        hosts, jobs = hosts[:used], room[:used].astype(np.int64)
        jobs[-1] -= upto[used - 1] - count
        if (taken(instances.speed_pico, hosts) != SPEED_1).any():
            return 0
        pulled_at = self._pulled_at(environment, hosts, low, now_ms)
        at_ms = np.full(count, now_ms, dtype=np.int64)
        self._starts.open(low, environment.position, at_ms, np.repeat(hosts, jobs), np.repeat(pulled_at, jobs))
        environment.held_vcpus += vcpus * count
        written(instances.free_vcpus, hosts, free_vcpus[:used] - jobs * vcpus)
        written(instances.free_mib, hosts, free_mib[:used] - jobs * memory_mib)
        dealt = hosts.tolist()
        for host in dealt if environment.idle_since else ():
            environment.idle_since.pop(host, None)
        fleet.were_dealt(dealt, (vcpus, memory_mib), are_full=count == upto[-1])
        return count

    def _pulled_at(self, environment: Ec2Environment, hosts: Ints, low: int, now_ms: int) -> Ints:
        """Return when the image of a run is on each instance; where nobody has pulled it yet, the pull begins."""
        images, tables = self._images, self._tables
        image, pull = tables.submissions.image[tables.jobs.submission[low]], tables.entry(low).pull
        found = images.pulled_on(image, hosts)
        some = np.arange(len(hosts)) if images.hit_ms else np.flatnonzero(found == NEVER)
        for at in some.tolist():
            host = int(hosts[at])
            key = HostKey(environment.plan.key(), tables.instances.ordinal[host], environment.position)
            found[at] = images.ready_at(image, host, key, pull, now_ms)
        return np.maximum(found, now_ms)
