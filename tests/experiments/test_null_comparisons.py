"""Two that differ only in ``stream``: called different in about 5 of 100 comparisons, whatever the metric."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

FILE = Path(__file__).resolve().parents[2] / "benchmarks" / "null_comparisons.py"
METRICS = ("cost_usd", "makespan_s", "wait_mean_s", "turnaround_mean_s")
"""Those that differ in nearly every pair of Spot nights; a retry is a rare thing there."""


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("null_comparisons", FILE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shares(benchmark: ModuleType, name: str) -> dict[str, float]:
    """Of a thousand comparisons of ten replications, in percent."""
    values = np.array([benchmark.measured(name, seed, 10) for seed in range(1000)])
    return dict(zip(benchmark.METRICS, benchmark.shares(values, 10), strict=True))


@pytest.mark.slow
def test_1000_comparisons_of_equals_call_30_to_70_different(benchmark: ModuleType) -> None:
    found = shares(benchmark, "spot")
    assert all(3 <= found[metric] <= 7 for metric in METRICS), found


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fargate", "failing"])
def test_ties_and_long_tails_make_it_more_careful_never_less(benchmark: ModuleType, name: str) -> None:
    found = shares(benchmark, name)
    assert max(found.values()) <= 7, found
    assert min(found["cost_usd"], found["makespan_s"]) >= 2, found


def test_of_forty_comparisons_of_equals_few_are_called_different(benchmark: ModuleType) -> None:
    values = np.array([benchmark.measured("fargate", seed, 5) for seed in range(40)])
    assert all(share <= 15 for share in benchmark.shares(values, 5))
