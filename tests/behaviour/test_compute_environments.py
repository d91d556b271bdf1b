"""Compute environments: their kinds, bounds in vCPUs, lists of types, zones, and what DISABLED means.

https://docs.aws.amazon.com/batch/latest/userguide/compute_environments.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeResource.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_CreateComputeEnvironment.html
"""

from __future__ import annotations

import pytest
from scenario_builder import environment, fargate, job, launched, scenario, scenario_data, starts, task

import batchsim
from batchsim import ScenarioError
from batchsim.spec import parse


def progressive(types=("box.1",), **resources):
    return environment(types=types, **{"allocationStrategy": "BEST_FIT_PROGRESSIVE", "maxvCpus": 64, **resources})


def codes(build):
    """The codes of all that is wrong with a scenario; none where it is sound."""
    try:
        batchsim.run(build(), seed=1)
    except ScenarioError as error:
        return [problem.code for problem in error.problems]
    return []


# -- kinds


def test_an_ec2_environment_launches_on_demand_and_a_spot_environment_spot(simulate):
    kinds = {
        kind: simulate(scenario(job("a", "1h"), environments=[progressive(type=kind)])) for kind in ("EC2", "SPOT")
    }
    assert {kind: bool(result.instances["spot"].iloc[0]) for kind, result in kinds.items()} == {
        "EC2": False,
        "SPOT": True,
    }
    assert [result.instances["cost_usd"].sum() for result in kinds.values()] == [0.36, 0.12]


def test_a_fargate_environment_has_no_instances(simulate):
    result = simulate(scenario(task("a"), environments=[fargate()]))
    assert (len(result.instances), result.attempts["environment_kind"].tolist()) == (0, ["FARGATE"])


@pytest.mark.parametrize(
    "wrong",
    [{"instanceTypes": ["m5.large"]}, {"minvCpus": 1}, {"desiredvCpus": 1}, {"allocationStrategy": "BEST_FIT"}],
    ids=str,
)
def test_a_fargate_environment_takes_neither_types_nor_a_minimum_nor_a_strategy(wrong):
    assert codes(lambda: scenario(task("a"), environments=[fargate(**wrong)])) in (["E117"], ["E141"])


# -- bounds


def test_maxvcpus_must_be_given():
    data = scenario_data(job("a"), environments=[environment()])
    del data["computeEnvironments"][0]["computeResources"]["maxvCpus"]
    assert codes(lambda: parse(data)) == ["E111"]


@pytest.mark.parametrize("bounds", [{"minvCpus": 5}, {"desiredvCpus": 5}, {"minvCpus": 2, "desiredvCpus": 1}], ids=str)
def test_minimum_desired_and_maximum_must_fit_each_other(bounds):
    assert codes(lambda: scenario(job("a"), environments=[environment(maxvCpus=4, **bounds)])) == ["E137"]


def test_desired_vcpus_are_there_at_the_start_and_then_move_with_demand(simulate):
    idle = {"scale_down_idle": "60s", "scale_down_check": "60s"}
    result = simulate(
        scenario(job("a", "10s", size=3, at="5m"), environments=[environment(desiredvCpus=2, minvCpus=1)], world=idle)
    )
    assert result.scaling["desired_vcpus"].tolist() == [2, 1, 3, 1]


@pytest.mark.parametrize("strategy", ["BEST_FIT_PROGRESSIVE", "BEST_FIT_PROGRESSIVE_ORDERED", "SPOT_CAPACITY_OPTIMIZED",
                                      "SPOT_PRICE_CAPACITY_OPTIMIZED", "SPOT_CAPACITY_OPTIMIZED_PRIORITIZED",
                                      "BEST_FIT"])  # fmt: skip
def test_every_strategy_exceeds_maxvcpus_by_one_instance_at_most_and_best_fit_on_demand_never(strategy, simulate):
    kind = "SPOT" if strategy.startswith("SPOT") else "EC2"
    over = progressive(("box.4",), type=kind, maxvCpus=10, allocationStrategy=strategy)
    peak = simulate(scenario(job("a", size=40), environments=[over])).scaling["desired_vcpus"].max()
    assert peak == (8 if strategy == "BEST_FIT" else 12)


def test_best_fit_on_spot_may_exceed_maxvcpus(simulate):
    over = progressive(("box.4",), type="SPOT", maxvCpus=10, allocationStrategy="BEST_FIT")
    assert simulate(scenario(job("a", size=40), environments=[over])).scaling["desired_vcpus"].max() == 12


def test_the_instance_beyond_maxvcpus_is_the_smallest_that_will_do(simulate):
    """Of 11 vCPUs 8 run; what comes next fits nowhere below and needs 4."""
    over = progressive(("box.16", "box.4", "box.8"), maxvCpus=11)
    work = [job("a", "1h", vcpus=8), job("b", "1h", vcpus=4, at="60s")]
    assert launched(simulate(scenario(*work, environments=[over]))) == ["box.8", "box.4"]


def test_at_maxvcpus_nothing_is_launched_even_if_one_more_would_serve(simulate):
    full = progressive(("box.4",), maxvCpus=8)
    result = simulate(scenario(job("a", "100s", size=9), environments=[full]))
    assert (launched(result), starts(result)["a:8"]) == (["box.4", "box.4"], 100)


# -- lists of types


def first(types, size, **resources):
    """The type that is launched for so many jobs of 1 vCPU and 1 GiB."""
    result = batchsim.run(scenario(job("a", size=size), environments=[progressive(types, **resources)]), seed=1)
    return launched(result)[0]


def test_a_list_may_name_types_exactly():
    assert first(["m5.xlarge"], 2) == "m5.xlarge"


def test_a_family_stands_for_all_its_sizes():
    assert [first(["c5"], size) for size in (2, 4, 16, 36)] == ["c5.large", "c5.xlarge", "c5.4xlarge", "c5.9xlarge"]


def test_a_family_has_no_bare_metal():
    assert first(["c5"], 96, maxvCpus=400) == "c5.24xlarge"
    assert first(["c5.metal"], 96, maxvCpus=400) == "c5.metal"


@pytest.mark.parametrize(("bundle", "types"), [("optimal", {"m6i", "c6i", "r6i", "c7i"}),
                                               ("default_x86_64", {"m6i", "c6i", "r6i", "c7i"}),
                                               ("default_arm64", {"m6g", "c6g", "r6g", "c7g"})])  # fmt: skip
def test_a_bundle_stands_for_families(bundle, types, simulate):
    """Faults take family after family away, until the last: only those of the bundle are ever launched."""
    seen, gone = set(), []
    for _ in types:
        one = environment(types=[bundle], maxvCpus=2, allocationStrategy="BEST_FIT_PROGRESSIVE")
        result = simulate(scenario(job("a", vcpus=2), environments=[one], faults=gone))
        seen.add(launched(result)[0].partition(".")[0])
        gone = [{"kind": "capacity", "at": "0s", "select": {"type": f"{family}.*"}} for family in sorted(seen)]
    assert seen == types


def test_architectures_do_not_mix():
    assert codes(lambda: scenario(job("a"), environments=[environment(types=["m5", "m6g"])])) == ["E157"]


# -- zones


def zones(result):
    return [zone[-1] for zone in result.instances["zone"].tolist()]


def test_instances_are_launched_in_the_zones_of_the_subnets(simulate):
    given = {"zones": {"subnet-x": "us-east-1d", "subnet-y": "us-east-1b"}}
    hosts = progressive(subnets=["subnet-x", "subnet-y"])
    assert zones(simulate(scenario(job("a", size=4), environments=[hosts], world=given))) == ["d", "b", "d", "b"]


def test_subnets_of_which_nothing_is_said_get_the_regions_zones_in_order(simulate):
    """By first appearance in the file, so that a subnet has one zone whatever environments share it."""
    given = {"zones": {"subnet-x": "us-east-1d"}}
    places = [
        environment("first", subnets=["subnet-1", "subnet-x"], maxvCpus=2, allocationStrategy="BEST_FIT_PROGRESSIVE"),
        environment("second", subnets=["subnet-2", "subnet-1"], maxvCpus=2, allocationStrategy="BEST_FIT_PROGRESSIVE"),
    ]
    result = simulate(scenario(job("a", size=4), environments=places, world=given))
    assert zones(result) == ["a", "d", "b", "a"]


def test_zones_are_balanced_by_vcpus_not_by_instances(simulate):
    """A job of 4 vCPUs takes zone a; three of one vCPU go to b before that is even."""
    hosts = progressive(("box.1", "box.4"), subnets=["subnet-a", "subnet-b"])
    work = [job("large", "1h", vcpus=4), *(job(f"s{at}", "1h", at=f"{at}s", memory=4096) for at in (1, 2, 3))]
    assert zones(simulate(scenario(*work, environments=[hosts]))) == ["a", "b", "b", "b"]


def test_a_pool_is_a_type_in_a_zone(simulate):
    """Each of the two zones has a single instance of the type."""
    one_each = [
        {"kind": "capacity", "at": "0s", "capacity": 1, "select": {"zone": f"us-east-1{zone}"}} for zone in "ab"
    ]
    hosts = progressive(subnets=["subnet-a", "subnet-b"])
    result = simulate(
        scenario(job("a", "10s", size=3), environments=[hosts], faults=one_each, world={"ce_backoff": "1s"})
    )
    assert zones(result)[:2] == ["a", "b"]
    assert sorted(starts(result).values()) == [0, 0, 10]
