"""How often two variants that differ only in ``stream`` are called different: the true size of the comparison's test.

    python benchmarks/null_comparisons.py [--comparisons 1000] [--scenario NAME] [--workers 1]

Another ``stream`` gives an entry other random numbers of the same laws, so nothing differs, and a 95 % interval should
leave zero out in 5 % of the comparisons. Each comparison has a seed of its own and 30 replications; the shares of 5 and
of 10 are of its first ones. A share of 1,000 comparisons is off by 0.7 points (one standard error) by chance alone.
Prints the share for each metric, and in how many of the pairs both values were equal: ties, as counts have them, make
any test of the mean say less than it may.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchsim import Scenario, compare, testing
from batchsim.experiments.paired import paired

METRICS = ("cost_usd", "makespan_s", "wait_mean_s", "turnaround_mean_s", "retries")
REPLICATIONS = (5, 10, 30)
LEVEL = 0.95


def spot(stream: str) -> Scenario:
    """Return six jobs of five minutes on Spot instances that must boot."""
    run = {"lognormal": {"mean": "5m", "cv": 0.5}}
    entries = [testing.entry(f"job{n}", "queue", "work", run=run, at="0s", stream=f"{stream}{n}") for n in range(6)]
    strategy, types = "SPOT_CAPACITY_OPTIMIZED", ["m5.large", "c5.large"]
    hosts = testing.environment("hosts", "SPOT", allocationStrategy=strategy, instanceTypes=types, subnets=["a"])
    return _scenario(hosts, entries)


def fargate(stream: str) -> Scenario:
    """Return three short tasks, most of them billed for the minimum of one minute."""
    run = {"lognormal": {"mean": "25s", "cv": 1.0}}
    entries = [testing.entry(f"job{n}", "queue", "work", run=run, at="0s", stream=f"{stream}{n}") for n in range(3)]
    return _scenario(testing.environment("hosts", "FARGATE"), entries, fargate=True)


def failing(stream: str) -> Scenario:
    """Return an array of twenty on a warm host, of which a tenth fails and is tried again; long tails."""
    run = {"lognormal": {"mean": "2m", "cv": 2.0}}
    fails = [{"probability": 0.1, "exit_code": 1}]
    entry = testing.entry("jobs", "queue", "work", run=run, size=20, at="0s", fails=fails, stream=stream)
    return _scenario(testing.environment("hosts", minvCpus=4, most=4), [entry])


SCENARIOS: Mapping[str, Callable[[str], Scenario]] = {"spot": spot, "fargate": fargate, "failing": failing}


def _scenario(environment: Any, entries: list[Any], *, fargate: bool = False) -> Scenario:
    memory_mib = 2048 if fargate else 1024
    work = testing.definition("work", 1, memory_mib, fargate=fargate, retryStrategy={"attempts": 3})
    return testing.scenario(
        computeEnvironments=[environment],
        jobQueues=[testing.queue("queue", ["hosts"])],
        jobDefinitions=[work],
        workload=entries,
    )


def measured(name: str, seed: int, replications: int) -> NDArray[np.float64]:
    """Return the values of one comparison: shape (2, replications, metrics)."""
    make = SCENARIOS[name]
    equals = {"a": make("a"), "b": make("b")}
    return compare(equals, seed=seed, replications=replications, metrics=METRICS).measured


def shares(values: NDArray[np.float64], replications: int) -> list[float]:
    """Return the share of comparisons that call the two different, by metric."""
    counts = np.zeros(len(METRICS))
    for first, second in values[:, :, :replications]:
        found = [paired(first[:, at], second[:, at], LEVEL) for at in range(len(METRICS))]
        counts += [bool(pair and pair.different) for pair in found]
    shown: list[float] = (100 * counts / len(values)).tolist()
    return shown


def report(name: str, values: NDArray[np.float64]) -> None:
    """Print one scenario's shares."""
    print(f"{name}: {len(values)} comparisons called different, in %; aim 5, and 3 to 7 is what 1,000 allow")
    print(f"{'replications':>14}" + "".join(f"{metric:>20}" for metric in METRICS))
    for replications in REPLICATIONS:
        row = shares(values, replications)
        print(f"{replications:>14}" + "".join(f"{each:>20.1f}" for each in row))
    ties = 100 * np.mean(values[:, 0] == values[:, 1], axis=(0, 1))
    print(f"{'equal pairs':>14}" + "".join(f"{each:>20.1f}" for each in ties), flush=True)


def main() -> None:
    """Run the comparisons of each scenario, and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--comparisons", type=int, default=1000)
    options.add_argument("--scenario", choices=[*SCENARIOS], action="append", help="one of them; all by default")
    options.add_argument("--workers", type=int, default=1)
    wanted = options.parse_args()
    with ProcessPoolExecutor(wanted.workers) as pool:
        for name in wanted.scenario or SCENARIOS:
            seeds = range(wanted.comparisons)
            run = partial(measured, name, replications=max(REPLICATIONS))
            found = map(run, seeds) if wanted.workers == 1 else pool.map(run, seeds, chunksize=10)
            report(name, np.array(list(found)))


if __name__ == "__main__":
    main()
