"""One burst of a million jobs on about a thousand instances, against bare SimPy in the same process.

    python benchmarks/bench_burst.py [--arrays 100] [--size 10000] [--pairs 1] [--extra]

Compares one whole run, from the validated scenario to frozen records, with bare SimPy: a ``Timeout`` whose callback
schedules the next, lognormal integer delays, 8,000 pending, as many events as there are jobs. Prints jobs/s, peak
memory, and the ratio of the rates (1.0: a simulated job costs as much as an empty timeout). ``--extra`` adds one
retried and one dependent job. To compare two commits, run it on both in turn, A B A B, and compare the medians of the
ratio, not of the seconds.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time

from yardstick import bare_simpy_rate

from batchsim.simulation import Simulation
from batchsim.spec import Scenario, parse


def scenario(arrays: int, size: int, *, extra: bool) -> Scenario:
    """Return the burst: ``arrays`` arrays of ``size`` jobs in 4 shapes at t = 0, on mixed On-Demand instances."""
    shapes = ((1, 1800), (2, 3600), (4, 7200), (1, 3600))
    definitions = [
        {
            "jobDefinitionName": f"shape-{number}",
            "type": "container",
            "containerProperties": {"image": "burst", "vcpus": vcpus, "memory": memory},
            "retryStrategy": {"attempts": 2},
        }
        for number, (vcpus, memory) in enumerate(shapes)
    ]
    workload = [
        {
            "id": f"array-{number}",
            "submit": {
                "jobName": "burst",
                "jobQueue": "queue",
                "jobDefinition": f"shape-{number % len(shapes)}",
                "arrayProperties": {"size": size},
            },
            "at": "0s",
            "run": {"lognormal": {"mean": "10m", "cv": 0.5}},
        }
        for number in range(arrays)
    ]
    if extra:
        single = {"jobName": "single", "jobQueue": "queue", "jobDefinition": "shape-0"}
        script = {"script": [{"run": "60s", "exit": 1}, {"run": "5m"}]}
        workload.append({"id": "retried", "submit": single, "at": "0s", "run": script})
        dependent = {**single, "dependsOn": [{"jobId": "retried"}]}
        workload.append({"id": "dependent", "submit": dependent, "at": "0s", "run": "5m"})
    environment = {
        "computeEnvironmentName": "fleet",
        "type": "MANAGED",
        "computeResources": {
            "type": "EC2",
            "allocationStrategy": "BEST_FIT_PROGRESSIVE",
            "minvCpus": 0,
            "maxvCpus": 16000,
            "instanceTypes": ["m5.4xlarge", "m6i.4xlarge", "c5.4xlarge", "r5.4xlarge"],
            "subnets": ["a", "b", "c"],
            "securityGroupIds": ["sg"],
            "instanceRole": "ecsInstanceRole",
        },
    }
    order = [{"order": 1, "computeEnvironment": "fleet"}]
    return parse(
        {
            "name": "burst",
            "computeEnvironments": [environment],
            "jobQueues": [{"jobQueueName": "queue", "priority": 1, "computeEnvironmentOrder": order}],
            "jobDefinitions": definitions,
            "workload": workload,
            "world": {"strict_limits": not extra},  # with them it is more than the million that may be SUBMITTED
            "simulation": {"seed": 1},
        }
    )


def run(given: Scenario) -> tuple[float, int, int]:
    """Return seconds, jobs and instances, from the validated scenario to frozen records, sampling included."""
    started = time.perf_counter()
    records = Simulation(given).finish().records
    return time.perf_counter() - started, len(records.jobs.state), len(records.instances.type)


def main() -> None:
    """Measure in pairs, interleaved, and print the medians."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--arrays", type=int, default=100)
    options.add_argument("--size", type=int, default=10_000)
    options.add_argument("--pairs", type=int, default=1)
    options.add_argument("--extra", action="store_true", help="add one retried and one dependent job")
    wanted = options.parse_args()
    given, jobs = scenario(wanted.arrays, wanted.size, extra=wanted.extra), wanted.arrays * wanted.size
    ratios, rates = [], []
    for _ in range(wanted.pairs):
        seconds, ran, instances = run(given)
        rates.append(jobs / seconds)
        ratios.append(rates[-1] / bare_simpy_rate(events=jobs))
    print(f"jobs                 {ran:>12,}")
    print(f"instances            {instances:>12,}")
    print(f"jobs/s               {statistics.median(rates):>12,.0f}")
    print(f"peak memory, MiB     {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:>12,.0f}")
    print(f"ratio to bare SimPy  {statistics.median(ratios):>12.3f}")


if __name__ == "__main__":
    main()
