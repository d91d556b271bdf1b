"""The seven benchmarks: a scenario file each, the sizes it can be run at, and the floor that its ratio must reach.

A file states the whole configuration at full size. Another size changes only how much is submitted, as the head of the
file says: the size of arrays, how often a workflow comes, how long arrivals go on. The fleet and the rates stay, but
with ``instances``, which moves the fleet's maximum and, in the burst, how often launches fail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import batchsim
from batchsim.spec import Scenario
from batchsim.spec.paths import with_values

SCENARIOS = Path(__file__).parent / "scenarios"
CYCLES = ("1s", "0s")
"""Each benchmark must reach its floor at both values of ``world.scheduler_cycle``."""

Change = tuple[str, Any]
"""A path into the scenario and its value, as after ``--set``."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One row of the table."""

    name: str
    jobs: int
    """How many the file as it is submits: exactly so many, or as the mean of its arrivals."""
    floor: float
    """Jobs a second over bare SimPy's events a second, at least."""
    sized: Callable[[int], Sequence[Change]]
    """What to set for about so many jobs."""
    fleet: Callable[[int], Sequence[Change]]
    """What to set for about so many instances."""

    @property
    def path(self) -> Path:
        """Its scenario file."""
        return SCENARIOS / f"{self.name}.yaml"


def _arrays(entries: int, calls: int) -> Callable[[int], Sequence[Change]]:
    """``entries`` entries that submit ``calls`` arrays in all: their size."""

    def sized(jobs: int) -> list[Change]:
        size = max(2, round(jobs / calls))
        return [(f"array-{number:02}.size", size) for number in range(1, entries + 1)]

    return sized


def _fleet(vcpus_per_instance: int, environment: str = "fleet") -> Callable[[int], Sequence[Change]]:
    return lambda instances: [(f"{environment}.maxvCpus", instances * vcpus_per_instance)]


def _mixed_fleet(instances: int) -> Sequence[Change]:
    """A fleet of several types, since launches fail: as rarely as lets a large one stand as soon as a thousand do.

    A decision launches until each of the 18 pools has failed once: some 70 instances at 0.2, whatever is wanted.
    """
    return [*_fleet(16)(instances), ("world.ice_prob", min(0.2, 200 / instances))]


def _tasks(jobs: int) -> Sequence[Change]:
    return [("tasks.size", max(2, round(jobs / 250)))]


def _arrivals(jobs: int) -> Sequence[Change]:
    """Fifty Poisson processes of 12 a minute: ten jobs a second."""
    at = {"poisson": "12/min", "for": f"{max(1, round(jobs / 10))}s"}
    return [(f"job-{number:02}.at", at) for number in range(1, 51)]


def _groups(jobs: int) -> Sequence[Change]:
    """Four groups of shares, which submit 1,000 jobs every two minutes; a round is whole, or a part of the groups."""
    minutes = 2 * max(1, round(jobs / 1000))
    return [(f"group-{n}.at", {"cron": f"{(n - 1) % 2}/2 * * * ? *", "for": f"{minutes}m"}) for n in range(1, 5)]


def _workflows(jobs: int) -> Sequence[Change]:
    """Workflows of 50 jobs: half of them at once, half at five a minute."""
    night, minutes = max(1, round(jobs / 100)), max(1, round(jobs / 500))
    return [("night.count", night), ("day.at", {"cron": "* * * * ? *", "for": f"{minutes}m"})]


BENCHMARKS = {
    each.name: each
    for each in (
        Benchmark("burst", 1_000_000, 0.5, _arrays(20, 100), _mixed_fleet),
        Benchmark("spot", 1_000_000, 0.3, _arrays(20, 100), _fleet(16)),
        Benchmark("poisson", 1_000_000, 0.25, _arrivals, _fleet(16)),
        Benchmark("fairshare", 1_000_000, 0.2, _groups, _fleet(16)),
        Benchmark("dag", 200_000, 0.25, _workflows, _fleet(16)),
        Benchmark("fargate", 500_000, 0.3, _arrays(20, 100), _fleet(16, "tasks")),
        Benchmark("million_vcpu", 2_500_000, 0.3, _tasks, _fleet(25)),
    )
}
"""By name."""


def scenario(name: str, jobs: int | None = None, cycle: str = "1s", instances: int | None = None) -> Scenario:
    """A benchmark's scenario at about so many jobs, with that ``scheduler_cycle``, on about so many instances."""
    benchmark = BENCHMARKS[name]
    changes: list[Change] = [("world.scheduler_cycle", cycle)]
    if jobs is not None and jobs != benchmark.jobs:
        changes += benchmark.sized(jobs)
    if instances is not None:
        changes += benchmark.fleet(instances)
    return with_values(_loaded(name), changes)


@cache
def _loaded(name: str) -> Scenario:
    return batchsim.load(BENCHMARKS[name].path)
