"""The burst with one retried and one dependent job against the burst without: one odd job must not slow down the rest.

    python benchmarks/bench_features.py [--jobs 100000] [--pairs 5]

Interleaved, A B A B; prints the median ratio of the times (1.0: the two more jobs cost nothing).
"""

from __future__ import annotations

import argparse
import statistics

from measure import timed
from suite import scenario

from batchsim.spec import Scenario, parse, to_data


def with_odd_jobs(given: Scenario) -> Scenario:
    """The scenario with a job that fails once, and another that waits for it."""
    single = {"jobName": "single", "jobQueue": "queue", "jobDefinition": "shape-1"}
    script = {"script": [{"run": "60s", "exit": 1}, {"run": "5m"}]}
    retried = {"id": "retried", "submit": single, "at": "0s", "run": script}
    waits = {**single, "dependsOn": [{"jobId": "retried"}]}
    dependent = {"id": "dependent", "submit": waits, "at": "0s", "run": "5m"}
    data = to_data(given)
    return parse({**data, "workload": [*data["workload"], retried, dependent]})


def main() -> None:
    """Measure in pairs, interleaved, and print the median ratio."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--jobs", type=int, default=100_000)
    options.add_argument("--pairs", type=int, default=5)
    wanted = options.parse_args()
    plain = scenario("burst", wanted.jobs)
    mixed = with_odd_jobs(plain)
    ratios = [timed(mixed)[0].wall_s / timed(plain)[0].wall_s for _ in range(wanted.pairs)]
    print(f"with one retried and one dependent job: {statistics.median(ratios):.3f} times as long")


if __name__ == "__main__":
    main()
