"""How a benchmark is measured: against bare SimPy in the same process, interleaved, and its memory in a fresh one.

A *run* is all from the validated scenario to frozen records: the look-up of instance types, compiling, sampling, the
clock. The *ratio* is its jobs a second over bare SimPy's events a second (``yardstick.py``), the median of the one over
the median of the other, with as many events pending as the run has jobs RUNNING at the median of its time. The garbage
collector is on throughout, as users have it.
"""

from __future__ import annotations

import gc
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from yardstick import bare_simpy_rate

from batchsim.records.tables import Records
from batchsim.simulation import Simulation
from batchsim.spec import Scenario

RUNNER = Path(__file__).with_name("run.py")
LEAST_EVENTS = 200_000
"""Of bare SimPy, however few the jobs: fewer take too short a time to measure."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What something took."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One row: medians over the pairs."""

    jobs: int
    attempts: int
    instances: int
    running: int
    """Jobs that were RUNNING at the median of the run's time."""
    jobs_per_s: float
    events_per_s: float
    """Of bare SimPy."""
    cpu_ratio: float
    """The ratio by CPU time, for machines on which others work as well."""
    spread: tuple[float, float]
    """Least and greatest ratio of the pairs."""

    @property
    def ratio(self) -> float:
        """Jobs a second over bare SimPy's events a second."""
        return self.jobs_per_s / self.events_per_s


def records_of(given: Scenario) -> Records:
    """The frozen records of one run."""
    return Simulation(given).finish().records


def timed(given: Scenario) -> tuple[Spent, Records]:
    """One run, from the validated scenario to frozen records."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    records = records_of(given)
    return Spent(time.perf_counter() - wall, time.process_time() - cpu), records


def bare(events: int, pending: int) -> Spent:
    """Bare SimPy's time for one event."""
    gc.collect()
    cpu = time.process_time()
    rate = bare_simpy_rate(events, pending)
    return Spent(1 / rate, (time.process_time() - cpu) / events)


def median_running(records: Records) -> int:
    """How many attempts were RUNNING at the median of the time from the first start to the last end."""
    attempts = records.attempts
    ran = (attempts.running_at_ms >= 0) & (attempts.ended_at_ms >= 0)
    at_ms = np.concatenate([attempts.running_at_ms[ran], attempts.ended_at_ms[ran]])
    change = np.repeat([1, -1], len(at_ms) // 2)
    order = np.argsort(at_ms, kind="stable")
    level, lasted_ms = np.cumsum(change[order])[:-1], np.diff(at_ms[order])
    by_level = np.argsort(level, kind="stable")
    until_ms = np.cumsum(lasted_ms[by_level])
    return int(level[by_level][np.searchsorted(until_ms, until_ms[-1] / 2)])


def in_pairs(given: Scenario, pairs: int) -> Measured:
    """Run and yardstick in turn, A B A B."""
    runs, yards = [], []
    jobs = attempts = instances = running = 0
    for _ in range(pairs):
        spent, records = timed(given)
        jobs, attempts, instances = len(records.jobs.state), len(records.attempts.job), len(records.instances.type)
        running = median_running(records)
        del records  # so that the yardstick has the collector to itself
        runs.append(spent)
        yards.append(bare(max(jobs, LEAST_EVENTS), max(1, running)))
    wall, cpu = (statistics.median(each) for each in ([run.wall_s for run in runs], [run.cpu_s for run in runs]))
    ratios = [jobs * yard.wall_s / run.wall_s for run, yard in zip(runs, yards, strict=True)]
    return Measured(
        jobs=jobs,
        attempts=attempts,
        instances=instances,
        running=running,
        jobs_per_s=jobs / wall,
        events_per_s=1 / statistics.median(yard.wall_s for yard in yards),
        cpu_ratio=jobs * statistics.median(yard.cpu_s for yard in yards) / cpu,
        spread=(min(ratios), max(ratios)),
    )


@dataclass(frozen=True, slots=True)
class Peak:
    """The most resident memory of a fresh process that makes one run, and the instances of that run."""

    bytes: int
    instances: int


def peak_of(name: str, jobs: int, cycle: str = "1s") -> Peak:
    """What a fresh process needs for one run."""
    command = [sys.executable, str(RUNNER), name, "--jobs", str(jobs), "--cycle", cycle, "--peak"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 (itself)
    return Peak(*map(int, told.split()))


def own_peak_bytes() -> int:
    """The peak of this process's resident memory."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    peak: Any = next(line for line in lines if line.startswith("VmHWM:"))  # not ru_maxrss, which a parent's peak is in
    return int(peak.split()[1]) * 1024
