"""The chance of meeting each threshold of a scenario, by its share of the replications, with Wilson's interval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from batchsim.analysis.metrics import STEADY
from batchsim.experiments.chance import chance_of_threshold
from batchsim.experiments.paired import Floats
from batchsim.spec import Scenario


def metrics_with(names: Sequence[str], thresholds: Iterable[str]) -> tuple[str, ...]:
    """The metrics asked for, and those that thresholds are about."""
    return tuple(dict.fromkeys((*names, *thresholds)))


def watched(scenario: Scenario) -> tuple[str, ...]:
    """Metrics that a scenario itself asks for: those of its thresholds; its steady state; what its horizon cuts off."""
    settings = scenario.simulation
    steady = [metric.name for metric in STEADY] if settings.warmup is not None else []
    return (*steady, *(["jobs_unfinished"] if settings.until != "drained" else []), *scenario.thresholds)


def chances(
    thresholds: Mapping[str, str],
    metrics: Sequence[str],
    values: Floats,
    confidence: float,
    failed: Iterable[int] = (),
) -> list[dict[str, Any]]:
    """A row for each threshold; ``values`` is (replications, metrics), ``failed`` are replications that gave no answer.

    A run that does not define the metric does not meet its threshold. One replication has a share, but no interval.
    """
    kept = np.setdiff1d(np.arange(len(values)), np.array(list(failed), dtype=np.intp))
    return [
        _row(name, condition, values[kept, list(metrics).index(name)], confidence)
        for name, condition in thresholds.items()
    ]


def _row(name: str, condition: str, series: Floats, confidence: float) -> dict[str, Any]:
    chance = chance_of_threshold(name, condition)
    found = chance.estimate(series, confidence)
    return {
        "metric": name,
        "condition": chance.condition,
        "n": len(series),
        "met": int(chance.met(series).sum()),
        "probability": found.value if found else None,
        "probability_low": found.low if found else None,
        "probability_high": found.high if found else None,
    }
