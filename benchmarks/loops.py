"""Many runs of one scenario for their metrics: by ``batchsim.replicate`` on several processes, or in a plain loop.

    python benchmarks/loops.py together SCENARIO RUNS WORKERS
    python benchmarks/loops.py alone SCENARIO FIRST RUNS

What the sweep of the table starts. Two plain loops side by side are what nobody can be faster than on two processes.
"""

from __future__ import annotations

import sys

import batchsim
from batchsim.experiments.compare import METRICS_SHOWN


def together(path: str, runs: int, workers: int) -> None:
    """All of them, shared by processes."""
    batchsim.replicate(path, replications=runs, workers=workers)


def alone(path: str, first: int, runs: int) -> None:
    """So many replications from the first on, one after the other."""
    scenario = batchsim.load(path)
    for replication in range(first, first + runs):
        batchsim.run(scenario, replication=replication).metrics(*METRICS_SHOWN)


if __name__ == "__main__":
    how, file, one, other = sys.argv[1:]
    {"together": together, "alone": alone}[how](file, int(one), int(other))
