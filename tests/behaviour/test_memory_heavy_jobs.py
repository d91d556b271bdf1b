"""BEST_FIT_PROGRESSIVE On-Demand, on lists of c, m and r families: jobs of 6 GiB a vCPU wait and pay as they should.

c6i has 2 GiB a vCPU, m6i 4, r6i 8; the cheapest vCPU is c6i's, where such jobs leave two of three vCPUs unused.
"""

from __future__ import annotations

from typing import Any

import pytest
from scenario_builder import definition, environment, job, queue

from batchsim import Result
from batchsim.spec import parse

FAMILIES = ("c6i", "m6i", "r6i")
SMALL, HEAVY, HUGE = (1, 1024), (12, 72 * 1024), (24, 144 * 1024)
"""vCPUs and MiB."""
COLD_START_S = 400
"""Decision, boot, agent and first container of 999 in 1,000 instances."""


def night(families, *groups, most=2000, **world: Any):
    """``groups``: (count, size, run time) of jobs that are all submitted at the start, in this order."""
    jobs = [
        job(f"g{number}", run, vcpus=size[0], memory=size[1], count=count, at="0s")
        for number, (count, size, run) in enumerate(groups)
    ]
    hosts = environment("hosts", families, maxvCpus=most, allocationStrategy="BEST_FIT_PROGRESSIVE")
    return parse(
        {
            "name": "night",
            "computeEnvironments": [hosts],
            "jobQueues": [queue("queue", "hosts")],
            "jobDefinitions": [definition("job")],
            "workload": jobs,
            "world": world,
        }
    )


def by_family(result: Result) -> dict[str, int]:
    families = result.instances["type"].str.partition(".")[0]
    return families.value_counts().to_dict()


CROWDS = {
    "one": [(1, HEAVY, "20m")],
    "one huge": [(1, HUGE, "20m")],
    "many": [(40, HEAVY, "20m")],
    "many huge": [(40, HUGE, "20m")],
    "small ones first": [(20, SMALL, "20m"), (20, HEAVY, "20m")],
    "small ones behind": [(20, HUGE, "20m"), (100, SMALL, "20m")],
    "one small in front": [(1, SMALL, "20m"), (30, HUGE, "20m")],
    "all kinds": [(10, HEAVY, "20m"), (50, SMALL, "20m"), (10, HUGE, "20m")],
}


@pytest.mark.parametrize("crowd", CROWDS.values(), ids=CROWDS)
def test_memory_heavy_jobs_start_after_one_cold_start(crowd, simulate):
    result = simulate(night(FAMILIES, *crowd))
    assert (result.jobs.state == "SUCCEEDED").all()
    assert result.jobs.wait_s.max() < COLD_START_S
    assert result.scaling.query("action == 'scale_up' and instances > 0").at_s.nunique() == 1


@pytest.mark.parametrize("crowd", CROWDS.values(), ids=CROWDS)
def test_and_cost_no_more_than_on_the_best_single_family(crowd, simulate):
    alone = {family: simulate(night([family], *crowd)).jobs.cost_loaded_usd.sum() for family in FAMILIES}
    assert simulate(night(FAMILIES, *crowd)).jobs.cost_loaded_usd.sum() < 1.1 * min(alone.values())


def test_they_are_not_launched_onto_the_cheapest_vcpu(simulate):
    assert set(by_family(simulate(night(FAMILIES, (40, HEAVY, "20m"))))) == {"r6i"}
    assert set(by_family(simulate(night(FAMILIES, (40, SMALL, "20m"))))) == {"c6i"}


@pytest.mark.parametrize("size", [HEAVY, HUGE])
@pytest.mark.parametrize("most", [24, 32, 50, 96])
def test_near_maxvcpus_they_take_turns_and_none_starves(size, most, simulate):
    result = simulate(night(FAMILIES, (12, size, "20m"), most=most))
    together = most // size[0]
    rounds = -(-12 // together)
    assert (result.jobs.state == "SUCCEEDED").all()
    assert result.jobs.wait_s.max() < rounds * (20 * 60 + COLD_START_S)


def test_on_a_list_of_sizes_the_one_that_holds_them_is_found(simulate):
    sizes = ["c6i.large", "c6i.16xlarge", "m6i.large", "m6i.4xlarge", "r6i.4xlarge"]
    result = simulate(night(sizes, (8, HEAVY, "20m")))
    assert set(result.instances["type"]) == {"r6i.4xlarge"}
    assert result.jobs.wait_s.max() < COLD_START_S


def test_by_vcpu_alone_they_wait_for_round_after_round(simulate):
    result = simulate(night(FAMILIES, (40, HEAVY, "20m"), demand_by="vcpu"))
    assert set(by_family(result)) == {"c6i"}
    assert result.scaling.query("action == 'scale_up' and instances > 0").at_s.nunique() > 2
