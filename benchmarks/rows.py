"""The rows of the table: the seven benchmarks, how they grow with jobs and with the fleet, and whole processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import whole
from counting import between, counted
from measure import Measured, in_pairs, peak_of
from suite import BENCHMARKS, CYCLES, scenario
from table import Row

BASE_JOBS = 200
"""A run of almost no jobs: what its process takes is not counted to the jobs."""
GROWTH = (10_000, 100_000, 1_000_000)
LEAST_GROWTH = 0.8
MOST_GROWN, LEAST_COUNT = 1.05, 0.01
"""By how much counts a job may grow; what happens less often than once in a hundred jobs is not told to grow."""
MOST_BYTES_A_JOB = 300
BYTES_AN_INSTANCE = 20 * 1024
"""Beside those of the jobs, in ``million_vcpu``."""
FLEETS = (100, 1_000, 10_000, 50_000)
MOST_FALL = 1.5


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for."""

    jobs: int | None = None
    cycles: tuple[str, ...] = CYCLES
    instances: int | None = None
    pairs: int = 5


def benchmark(name: str) -> Callable[[Options, str], Iterator[Row]]:
    """The rows of one benchmark: one for each ``scheduler_cycle``."""

    def rows(options: Options, _: str) -> Iterator[Row]:
        for cycle in options.cycles:
            found = in_pairs(scenario(name, options.jobs, cycle, options.instances), options.pairs)
            yield Row(f"{name} {cycle}", found.ratio, BENCHMARKS[name].floor, _told(found))

    return rows


def _told(found: Measured) -> str:
    low, high = found.spread
    note = f"{found.jobs_per_s:,.0f} jobs/s, bare {found.events_per_s:,.0f}/s, pairs {low:.3f}-{high:.3f}, "
    note += f"by CPU {found.cpu_ratio:.3f}; {found.jobs:,} jobs, {found.running:,} running, "
    return note + f"{found.attempts:,} attempts, {found.instances:,} instances"


def growth(options: Options, part: str) -> Iterator[Row]:
    """Each benchmark at three sizes: its ratio, its memory, and what it costs, counted exactly."""
    for name in [part] if part else BENCHMARKS:
        for cycle in options.cycles:
            ratios = [in_pairs(scenario(name, jobs, cycle), options.pairs).ratio for jobs in GROWTH]
            note = f"{' '.join(f'{ratio:.3f}' for ratio in ratios)} at 10^4, 10^5, 10^6 jobs"
            yield Row(f"growth {name} {cycle}", ratios[2] / ratios[1], LEAST_GROWTH, note)
            yield from _counts(name, cycle)
        yield from _memory(name)


def _memory(name: str) -> Iterator[Row]:
    """Of the table's own size; ``million_vcpu`` has a budget for its instances as well."""
    for jobs in (GROWTH[1], BENCHMARKS[name].jobs):
        peak, base = peak_of(name, jobs), peak_of(name, BASE_JOBS)
        grown = peak.bytes - base.bytes
        instances = peak.instances if name == "million_vcpu" else 0
        note = f"{jobs:,} jobs and {peak.instances:,} instances take {grown / 2**20:,.0f} MiB more than {BASE_JOBS}"
        value = (grown - instances * BYTES_AN_INSTANCE) / jobs
        most = MOST_BYTES_A_JOB if jobs == BENCHMARKS[name].jobs else None
        yield Row(f"memory {name} {jobs}", value, most, note, at_most=True, unit=" B")


def _counts(name: str, cycle: str) -> Iterator[Row]:
    """What a job adds from 10^5 to 10^6 over what it adds from 10^4 to 10^5: in neither is what a run pays once."""
    runs = few, more, most = [counted(scenario(name, jobs, cycle)) for jobs in GROWTH]
    before, after = between(few, more), between(more, most)
    for what, count in after.items():
        note = f"{' '.join(f'{run.a_job()[what]:.3f}' for run in runs)} a job of 10^4, 10^5, 10^6; "
        note += f"each adds {before[what]:.3f}, then {count:.3f}"
        grown = count / before[what] if before[what] > LEAST_COUNT else 1.0
        yield Row(f"{what} {name} {cycle}", grown, MOST_GROWN, note, at_most=True)


def fleet(options: Options, _: str) -> Iterator[Row]:
    """The burst on a hundred to fifty thousand instances: how far the ratio falls from a fleet to a larger one."""
    for cycle in options.cycles:
        found = [in_pairs(scenario("burst", options.jobs, cycle, size), options.pairs) for size in FLEETS]
        ratios = [each.ratio for each in found]
        fall = max(before / after for before, after in combinations(ratios, 2))
        note = ", ".join(f"{each.ratio:.3f} on {each.instances:,}" for each in found) + " instances"
        yield Row(f"fleet {cycle}", fall, MOST_FALL, note, at_most=True)


ROWS: dict[str, Callable[[Options, str], Iterator[Row]]] = {
    **{name: benchmark(name) for name in BENCHMARKS},
    "growth": growth,
    "fleet": fleet,
    "end_to_end": lambda options, _: whole.end_to_end(options.pairs),
    "events": lambda options, _: whole.events(options.pairs),
    "sweep": lambda options, _: whole.sweep(options.jobs or 100_000),
    "start": lambda options, _: whole.start(options.pairs),
}
"""By name; called with what the command line says, and what follows a colon after the name."""
