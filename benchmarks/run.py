"""The benchmarks: each against bare SimPy in the same process.

    python benchmarks/run.py burst --jobs 100000 --pairs 5 --cycle 0s     one benchmark, one line
    python benchmarks/run.py burst spot --profile                         where the time goes, by function

``docs/performance.md`` says how they are measured, and what the figures were.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
from collections.abc import Sequence

from measure import Measured, in_pairs, own_peak_bytes, peak_bytes, records_of
from suite import BENCHMARKS, CYCLES, scenario

BASE_JOBS = 200
"""A run of almost no jobs: what its process takes is not counted to the jobs."""
HEAD = f"{'benchmark':<14}{'cycle':>6}{'jobs':>11}{'instances':>11}{'running':>9}{'jobs/s':>10}{'bare/s':>10}"
HEAD += f"{'ratio':>8}{'floor':>7}  {'by pairs':<12}{'by CPU':>7}{'B/job':>8}"


def line(name: str, cycle: str, found: Measured, bytes_a_job: float | None) -> str:
    """One row of the table."""
    low, high = found.spread
    memory = "" if bytes_a_job is None else f"{bytes_a_job:,.0f}"
    return (
        f"{name:<14}{cycle:>6}{found.jobs:>11,}{found.instances:>11,}{found.running:>9,}{found.jobs_per_s:>10,.0f}"
        f"{found.events_per_s:>10,.0f}{found.ratio:>8.3f}{BENCHMARKS[name].floor:>7.2f}  {low:.3f}-{high:.3f} "
        f"{found.cpu_ratio:>7.3f}{memory:>8}"
    )


def bytes_a_job(name: str, jobs: int, cycle: str, instances: int | None) -> float:
    """What a job adds to the peak memory of a process that runs almost none."""
    base = peak_bytes(name, BASE_JOBS, cycle, instances)
    return (peak_bytes(name, jobs, cycle, instances) - base) / jobs


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for, and print a line for each."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("names", nargs="*", metavar="BENCHMARK", help=f"of {', '.join(BENCHMARKS)}; default: all")
    options.add_argument("--jobs", type=int, help="about so many, in place of the table's")
    options.add_argument("--cycle", action="append", help="scheduler_cycle, as 0 or 1s; default: both in turn")
    options.add_argument("--instances", type=int, help="about so many at once, in place of the file's")
    options.add_argument("--pairs", type=int, default=5)
    options.add_argument("--memory", action="store_true", help="also bytes a job, in a fresh process")
    options.add_argument("--profile", action="store_true", help="print where the time goes in place of measuring")
    options.add_argument("--peak", action="store_true", help=argparse.SUPPRESS)
    wanted = options.parse_args(arguments)
    if not wanted.profile and not wanted.peak:
        print(HEAD)
    for name in wanted.names or BENCHMARKS:
        for cycle in wanted.cycle or CYCLES:
            _one(name, "0s" if cycle == "0" else cycle, wanted)


def _one(name: str, cycle: str, wanted: argparse.Namespace) -> None:
    given = scenario(name, wanted.jobs, cycle, wanted.instances)
    if wanted.peak:
        records_of(given)
        print(own_peak_bytes())
    elif wanted.profile:
        profile = cProfile.Profile()
        profile.runcall(records_of, given)
        pstats.Stats(profile).sort_stats("tottime").print_stats(35)
    else:
        found = in_pairs(given, wanted.pairs)
        memory = bytes_a_job(name, found.jobs, cycle, wanted.instances) if wanted.memory else None
        print(line(name, cycle, found, memory), flush=True)


if __name__ == "__main__":
    main()
