"""A thousand random ``advance`` steps against one run: the price of driving a simulation from outside.

    python benchmarks/bench_stepping.py [--pairs 5] [--steps 1000]

Runs ``scenarios/burst.yaml`` with 100,000 jobs in turn, A B A B: straight through, and stepped to 1,000 random
instants. Prints the median ratio of the times (1.0: stepping is free). Compare commits by that ratio.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time

from suite import scenario

from batchsim.simulation import Simulation
from batchsim.spec import Scenario


def straight(given: Scenario) -> tuple[float, int]:
    """Return the seconds of one run, and its horizon in ms."""
    started = time.perf_counter()
    horizon_ms = Simulation(given).finish().records.horizon_ms
    return time.perf_counter() - started, horizon_ms


def stepped(given: Scenario, instants: list[int]) -> float:
    """Return the seconds of a run that stops before each of the instants."""
    started = time.perf_counter()
    simulation = Simulation(given)
    for at_ms in instants:
        simulation.advance(until=at_ms)
    simulation.finish()
    return time.perf_counter() - started


def main() -> None:
    """Measure in pairs, interleaved, and print the median ratio."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pairs", type=int, default=5)
    options.add_argument("--steps", type=int, default=1000)
    wanted = options.parse_args()
    given, draw = scenario("burst", 100_000), random.Random(1)  # noqa: S311 (a benchmark)
    ratios = []
    for _ in range(wanted.pairs):
        seconds, horizon_ms = straight(given)
        instants = sorted(draw.randrange(horizon_ms) for _ in range(wanted.steps))
        ratios.append(stepped(given, instants) / seconds)
    print(f"{wanted.steps:,} advance steps against one run: {statistics.median(ratios):.3f} times as long")


if __name__ == "__main__":
    main()
