"""The six allocation strategies: which type and zone each launches, in which order, and what it does when it cannot.

https://docs.aws.amazon.com/batch/latest/userguide/allocation-strategies.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeResource.html
"""

from __future__ import annotations

import pytest
from scenario_builder import box, environment, job, launched, scenario, starts

GIB = 1024


def hosts(strategy, types, *, kind="EC2", most=64, **resources):
    return environment(types=types, type=kind, maxvCpus=most, allocationStrategy=strategy, **resources)


def first(result):
    return launched(result)[0]


# -- one list on which no two of the six agree: a job of 3 vCPUs. Depth is set by faults, in instances

POOLS = {
    # type: vCPUs, $/h, Spot instances that EC2 has
    "first.2xlarge": (8, 0.90, 24),
    "second.2xlarge": (8, 0.95, 40),
    "cheap.xlarge": (4, 0.25, 30),
    "deep.xlarge": (4, 0.30, 50),
    "bulk.4xlarge": (16, 0.80, 20),
    "snug.large": (3, 0.21, 5),
}
"""As listed. On-Demand, one job of 3 vCPUs waits: snug has the least price for those ($0.07 a vCPU; cheap $0.083), bulk
the least for all of its own ($0.05), and first is first. On Spot, four jobs of 1 vCPU wait: of the size that they fill,
four vCPUs, deep is the deepest, and cheap is more than half as deep and cheaper; of all pools at least half as deep as
deep, of 25 instances and more, second is listed first."""
SIX = {
    ("EC2", "BEST_FIT"): "snug.large",
    ("EC2", "BEST_FIT_PROGRESSIVE"): "bulk.4xlarge",
    ("EC2", "BEST_FIT_PROGRESSIVE_ORDERED"): "first.2xlarge",
    ("SPOT", "SPOT_CAPACITY_OPTIMIZED"): "deep.xlarge",
    ("SPOT", "SPOT_PRICE_CAPACITY_OPTIMIZED"): "cheap.xlarge",
    ("SPOT", "SPOT_CAPACITY_OPTIMIZED_PRIORITIZED"): "second.2xlarge",
}


@pytest.mark.parametrize(("kind", "strategy"), SIX)
def test_no_two_of_the_six_strategies_launch_the_same_type(kind, strategy, simulate):
    above = 9 if kind == "SPOT" else 0  # On-Demand costs more than Spot, or nothing would be launched there
    types = {
        name: box(vcpus, price=f"${usd + above:.2f}/h", spot_price=f"${usd}/h")
        for name, (vcpus, usd, _) in POOLS.items()
    }
    depths = [{"kind": "capacity", "at": "0s", "capacity": depth, "select": {"type": name, "spot": True}}
              for name, (*_, depth) in POOLS.items()]  # fmt: skip
    waiting = job("a", vcpus=3) if kind == "EC2" else job("a", vcpus=1, size=4)
    story = scenario(waiting, environments=[hosts(strategy, list(POOLS), kind=kind)], world={"instanceTypes": types},
                     faults=depths if kind == "SPOT" else [])  # fmt: skip
    assert first(simulate(story)) == SIX[kind, strategy]


def test_and_all_six_are_among_them():
    assert len(set(SIX.values())) == len(SIX) == 6


# -- BEST_FIT


def test_best_fit_is_the_strategy_where_none_is_named(simulate):
    types = {"snug.large": box(2, price="$0.30/h"), "bulk.2xlarge": box(8, price="$0.80/h")}
    one = environment(types=list(types), maxvCpus=64)
    assert launched(simulate(scenario(job("a", vcpus=2), environments=[one], world={"instanceTypes": types}))) == [
        "snug.large"
    ]


def test_best_fit_waits_for_its_type_while_others_have_capacity(simulate):
    gone = [{"kind": "capacity", "at": "0s", "for": "10m", "select": {"type": "box.1"}}]
    one = hosts("BEST_FIT", ["box.1", "box.2"])
    result = simulate(scenario(job("a"), environments=[one], faults=gone, world={"ce_backoff": "60s"}))
    assert (launched(result), starts(result)) == (["box.1"], {"a": 600})


def test_best_fit_takes_its_type_in_another_zone(simulate):
    gone = [{"kind": "capacity", "at": "0s", "select": {"type": "box.1", "zone": "us-east-1a"}}]
    one = hosts("BEST_FIT", ["box.1", "box.2"], subnets=["subnet-a", "subnet-b"])
    result = simulate(scenario(job("a"), environments=[one], faults=gone))
    assert (launched(result), result.instances["zone"].tolist()) == (["box.1"], ["us-east-1b"])


# -- BEST_FIT_PROGRESSIVE


def test_best_fit_progressive_goes_on_to_the_next_type_at_once(simulate):
    gone = [{"kind": "capacity", "at": "0s", "select": {"type": "box.1"}}]
    one = hosts("BEST_FIT_PROGRESSIVE", ["box.1", "box.2"])
    result = simulate(scenario(job("a"), environments=[one], faults=gone))
    assert (launched(result), starts(result)) == (["box.2"], {"a": 0})
    assert result.scaling["capacity_errors"].tolist()[0] == 1


# -- BEST_FIT_PROGRESSIVE_ORDERED


@pytest.mark.parametrize(
    "types", [["box.8", "box.2", "box.4"], ["box.4", "box.8", "box.2"], ["box.2", "box.4", "box.8"]]
)
def test_the_ordered_strategy_launches_the_first_type_of_the_list_whatever_its_size(types, simulate):
    result = simulate(scenario(job("a", vcpus=2), environments=[hosts("BEST_FIT_PROGRESSIVE_ORDERED", types)]))
    assert launched(result) == types[:1]


def test_types_too_small_for_the_job_are_skipped(simulate):
    one = hosts("BEST_FIT_PROGRESSIVE_ORDERED", ["box.1", "box.2", "box.8", "box.4"])
    assert launched(simulate(scenario(job("a", vcpus=4), environments=[one]))) == ["box.8"]


def test_on_a_capacity_error_the_next_of_the_list_is_launched(simulate):
    gone = [{"kind": "capacity", "at": "0s", "select": {"type": "box.8"}}]
    one = hosts("BEST_FIT_PROGRESSIVE_ORDERED", ["box.8", "box.4", "box.2"])
    result = simulate(scenario(job("a"), environments=[one], faults=gone))
    assert (launched(result), starts(result)) == (["box.4"], {"a": 0})


@pytest.mark.parametrize(
    ("types", "sixteen"),
    [(["c5", "m5"], "c5.4xlarge"), (["m5", "c5"], "m5.4xlarge"), (["r5.large", "c5"], "r5.large")],
)
def test_a_family_is_one_entry_in_which_price_and_size_decide(types, sixteen, simulate):
    """Sixteen vCPUs wait: within a family the price is linear, and the largest size that they fill is taken."""
    one = hosts("BEST_FIT_PROGRESSIVE_ORDERED", types, most=16)
    assert first(simulate(scenario(job("a", size=16), environments=[one]))) == sixteen


def test_a_bundle_is_one_entry_too(simulate):
    """Of c7i, m6i, r6i and c6i the cheapest vCPU is c6i's."""
    one = hosts("BEST_FIT_PROGRESSIVE_ORDERED", ["default_x86_64", "m5"], most=4)
    assert first(simulate(scenario(job("a", size=4), environments=[one]))) == "c6i.xlarge"


@pytest.mark.parametrize(
    ("types", "type_"), [(["c5", "m5.large", "c5.xlarge"], "c5.large"), (["c5.xlarge", "c5"], "c5.xlarge")]
)
def test_a_type_that_is_listed_by_itself_is_no_part_of_its_family(types, type_, simulate):
    """Four vCPUs would fill c5.xlarge, which stands elsewhere in the list."""
    one = hosts("BEST_FIT_PROGRESSIVE_ORDERED", types, most=4)
    assert first(simulate(scenario(job("a", size=4), environments=[one]))) == type_


def test_large_types_first_pay_for_more_than_small_jobs_need(simulate):
    """AWS's warning: eleven small jobs, one after the other, each get 16 vCPUs."""
    cost = {}
    for order in (["box.16", "box.1"], ["box.1", "box.16"]):
        one = hosts("BEST_FIT_PROGRESSIVE_ORDERED", order)
        trickle = job("a", "60s", count=11, at={"rate": "1/h"})
        cost[order[0]] = simulate(scenario(trickle, environments=[one])).summary()["cost"]["total_usd"]
    assert cost["box.16"] == pytest.approx(16 * cost["box.1"])


def test_small_types_first_meet_limits_of_instances_before_maxvcpus(simulate):
    """AWS's warning: EC2 gives ten instances; in small ones they are ten vCPUs of the forty that may run."""
    ten = [{"kind": "capacity", "at": "0s", "capacity": 10}]
    peak = {}
    for order in (["box.4", "box.1"], ["box.1", "box.4"]):
        one = hosts("BEST_FIT_PROGRESSIVE_ORDERED", order, most=40)
        result = simulate(scenario(job("a", size=40), environments=[one], faults=ten, world={"ce_backoff": "30s"}))
        peak[order[0]] = result.scaling["desired_vcpus"].max()
    assert peak == {"box.4": 40, "box.1": 10}


# -- the Spot strategies: depth in instances is what faults leave


def deep(**depths):
    """Faults that leave so many Spot instances of ``box.N``: ``deep(box_1=3)``."""
    return [{"kind": "capacity", "at": "0s", "capacity": depth, "select": {"type": name.replace("_", ".")}}
            for name, depth in depths.items()]  # fmt: skip


def spot(strategy, *types):
    return hosts(f"SPOT_{strategy}", list(types), kind="SPOT")


EQUAL = {name: box(2, price="$9/h", spot_price=price) for name, price in (("a.2", "$0.30/h"), ("b.2", "$0.10/h"))}


def spot_first(strategy, simulate, depth_a, depth_b, world=None):
    """Which of two types of 2 vCPUs is launched; a is listed first, b costs a third."""
    depths = deep(a_2=depth_a, b_2=depth_b)
    story = scenario(job("a", vcpus=2), environments=[spot(strategy, "a.2", "b.2")], faults=depths,
                     world={"instanceTypes": EQUAL, **(world or {})})  # fmt: skip
    return first(simulate(story))


@pytest.mark.parametrize(("depths", "type_"), [((9, 8), "a.2"), ((8, 9), "b.2")])
def test_capacity_optimized_takes_the_deepest_pool_whatever_it_costs(depths, type_, simulate):
    assert spot_first("CAPACITY_OPTIMIZED", simulate, *depths) == type_


@pytest.mark.parametrize(("depths", "type_"), [((8, 4), "b.2"), ((8, 3), "a.2"), ((4, 8), "b.2")])
def test_price_capacity_optimized_takes_the_cheapest_of_the_pools_at_least_half_as_deep(depths, type_, simulate):
    assert spot_first("PRICE_CAPACITY_OPTIMIZED", simulate, *depths) == type_


@pytest.mark.parametrize(("depths", "type_"), [((4, 8), "a.2"), ((3, 8), "b.2"), ((8, 4), "a.2")])
def test_prioritized_takes_the_first_listed_of_the_pools_at_least_half_as_deep(depths, type_, simulate):
    assert spot_first("CAPACITY_OPTIMIZED_PRIORITIZED", simulate, *depths) == type_


def test_prioritized_launches_a_large_type_first_for_a_small_job(simulate):
    one = spot("CAPACITY_OPTIMIZED_PRIORITIZED", "box.16", "box.1")
    assert launched(simulate(scenario(job("a"), environments=[one]))) == ["box.16"]


def test_a_pool_without_end_is_as_deep_after_a_launch_as_before(simulate):
    one, world = spot("CAPACITY_OPTIMIZED", "a.2", "b.2"), {"instanceTypes": EQUAL}
    result = simulate(scenario(job("a", vcpus=2, size=4), environments=[one], world=world))
    assert launched(result) == ["a.2"] * 4


def test_what_a_fault_leaves_is_left_of_both_zones_together(simulate):
    """Two of a are half of b's four; one is not, in whichever zone."""
    one = hosts("SPOT_CAPACITY_OPTIMIZED_PRIORITIZED", ["a.2", "b.2"], kind="SPOT", subnets=["subnet-a", "subnet-b"])
    story = scenario(job("a", vcpus=2, size=2), environments=[one], faults=deep(a_2=2, b_2=4),
                     world={"instanceTypes": EQUAL})  # fmt: skip
    assert launched(simulate(story)) == ["a.2", "b.2"]


@pytest.mark.parametrize(("weight", "type_"), [(None, "c7i.large"), (1, "c7i.large"), (10, "c5.large")])
def test_a_weight_makes_pools_dearer_that_are_interrupted_more_often(weight, type_, simulate):
    """c7i costs less by a seventh; the Spot Advisor has it in its worst bucket (x 10/3), c5 in its best (x 1/3).

    At 0.02 reclaims an hour and k = 10 that makes x 1.67 and x 1.07, at k = 1 only x 1.07 and x 1.01.
    """
    weighed = {"spot_hazard": 0.02, **({} if weight is None else {"spco_rate_weight": weight})}
    one = spot("PRICE_CAPACITY_OPTIMIZED", "c5.large", "c7i.large")
    assert first(simulate(scenario(job("a", vcpus=2), environments=[one], world=weighed))) == type_


# -- sizes


@pytest.mark.parametrize(("limit", "types"), [(None, ["box.16"]), (4, ["box.4"] * 4), (3, ["box.2"] * 8)])
def test_a_limit_on_the_size_launches_more_and_smaller_instances(limit, types, simulate):
    one = hosts("BEST_FIT_PROGRESSIVE", ["box.2", "box.4", "box.16"])
    world = {} if limit is None else {"max_instance_vcpus_per_launch": limit}
    assert launched(simulate(scenario(job("a", size=16), environments=[one], world=world))) == types


def test_a_job_larger_than_the_limit_gets_the_smallest_type_that_holds_it(simulate):
    one = hosts("BEST_FIT_PROGRESSIVE", ["box.2", "box.4", "box.16"])
    limited = {"max_instance_vcpus_per_launch": 2}
    assert launched(simulate(scenario(job("a", vcpus=3), environments=[one], world=limited))) == ["box.4"]
