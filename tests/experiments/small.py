"""A small night with chance in it, for tests of experiments: six lognormal jobs on Spot instances that boot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from batchsim import Comparison, Scenario, testing
from batchsim.experiments.variants import Variant


def night(*, name: str = "night", stream: str = "", jobs: int = 6, **world: Any) -> Scenario:
    """``stream`` gives every entry a stream of its own: the same laws, other random numbers."""
    streams = [{"stream": f"{stream}-{number}"} if stream else {} for number in range(jobs)]
    work = {"lognormal": {"mean": "5m", "cv": 0.5}}
    entries = [testing.entry(f"job-{n}", "queue", "work", run=work, at="0s", **key) for n, key in enumerate(streams)]
    spot = testing.environment(
        "spot", "SPOT", allocationStrategy="SPOT_CAPACITY_OPTIMIZED", instanceTypes=["m5.large", "c5.large"]
    )
    return testing.scenario(
        computeEnvironments=[spot],
        jobQueues=[testing.queue("queue", ["spot"])],
        jobDefinitions=[testing.definition("work", retryStrategy={"attempts": 3})],
        workload=entries,
        world=world,
    ).with_("name", name)


def measured(
    series: Mapping[str, Sequence[Sequence[float | None]]],
    metrics: Sequence[str] = ("cost_usd",),
    confidence: float = 0.95,
) -> Comparison:
    """A comparison with these values: by variant, one row a replication, one column a metric; None = undefined."""
    scenario = night()
    variants = tuple(Variant(name, scenario) for name in series)
    values = np.array(list(series.values()), dtype=np.float64)
    return Comparison(variants, tuple(metrics), 1, confidence, values)


def column(*values: float | None) -> list[list[float | None]]:
    """The replications of one metric."""
    return [[value] for value in values]
