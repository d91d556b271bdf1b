"""The same bytes in jobs of 5 seconds and of 5 minutes: the small ones take and cost about twice as much."""

from __future__ import annotations

from typing import Any

import pytest
from scenarios.conftest import Shipped

from batchsim import Result

FILE = "small_jobs_or_large"


@pytest.fixture
def day(shipped: Shipped) -> Result:
    return shipped(FILE)


def by_entry(result: Result) -> dict[str, dict[str, float]]:
    """When each entry's last job ended, and what its environment cost."""
    usd = result.summary()["cost"]["by_environment"]
    ends = result.jobs.groupby("entry").ended_at_s.max()
    return {name: {"end_s": ends[name], "usd": usd[f"for-{name}"]} for name in ("small", "large")}


def test_the_work_is_the_same(day: Result) -> None:
    assert day.submissions.data_bytes.tolist() == [192 * 10**9] * 2
    work_s = day.jobs.groupby("entry").work_s.sum()
    assert work_s["small"] == pytest.approx(work_s["large"], abs=3.84)  # each job's rounded to the millisecond
    assert day.jobs.groupby("entry").work_s.mean().to_dict() == pytest.approx({"small": 5, "large": 300}, abs=0.001)


def test_the_fleets_are_the_same(day: Result) -> None:
    assert set(day.instances.type) == {"c6a.2xlarge"}
    assert day.instances.groupby("environment").vcpus.sum().to_dict() == {"for-small": 32, "for-large": 32}


def test_a_small_job_takes_longer_to_start_than_to_run(day: Result) -> None:
    jobs = day.jobs[day.jobs.entry == "small"]
    assert jobs.start_up_s.sum() > jobs.work_s.sum()
    large = day.jobs[day.jobs.entry == "large"]
    assert large.start_up_s.sum() < 0.1 * large.work_s.sum()


@pytest.mark.parametrize("seed", range(1, 11))
def test_small_jobs_take_and_cost_about_twice_as_much(simulate: Any, scenarios: Any, seed: int) -> None:
    found = by_entry(simulate(scenarios / f"{FILE}.yaml", seed=seed))
    assert 1.6 < found["small"]["end_s"] / found["large"]["end_s"] < 2.6
    assert 1.6 < found["small"]["usd"] / found["large"]["usd"] < 2.4


def test_without_a_container_s_start_there_is_no_difference_to_speak_of(simulate: Any, scenarios: Any) -> None:
    import batchsim

    still = batchsim.load(scenarios / f"{FILE}.yaml").with_("world.warm_start", "0s")
    found = by_entry(simulate(still))
    assert found["small"]["usd"] == pytest.approx(found["large"]["usd"], rel=0.15)


def test_jobs_can_be_too_large_as_well(simulate: Any, scenarios: Any) -> None:
    import batchsim

    scenario = batchsim.load(scenarios / f"{FILE}.yaml")
    largest = by_entry(simulate(scenario.with_("few-large.partitions", 16)))["large"]
    assert largest["end_s"] > by_entry(simulate(scenario))["large"]["end_s"]
