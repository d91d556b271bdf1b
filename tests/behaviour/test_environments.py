"""Which compute environment serves the head, and what it launches for it.

https://docs.aws.amazon.com/batch/latest/userguide/compute_environments.html
https://docs.aws.amazon.com/batch/latest/userguide/allocation-strategies.html
"""

from __future__ import annotations

import pytest
from scenario_builder import box, column, environment, fixed, job, launched, queue, reasons, scenario, starts


def where(result):
    """The environment of each job's last attempt."""
    return column(result, "environment", "attempts")


def spot(name="spot", **resources):
    usual = {"type": "SPOT", "allocationStrategy": "BEST_FIT_PROGRESSIVE"}
    return environment(name, **{**usual, **resources})


# -- environments in order


def test_free_room_in_the_first_environment_is_taken_first(simulate):
    result = simulate(scenario(job("a", count=3), environments=[fixed(2, "first"), fixed(2, "second")]))
    assert where(result) == {"a@0": "first", "a@1": "first", "a@2": "second"}


def test_the_order_is_the_queues_not_the_files(simulate):
    swapped = [queue("queue", "second", "first")]
    result = simulate(scenario(job("a"), environments=[fixed(1, "first"), fixed(1, "second")], queues=swapped))
    assert where(result) == {"a": "second"}


def test_a_head_waits_for_growth_and_boot_though_the_next_environment_has_room(simulate):
    slow = {"scale_up_delay": "20s", "instance_boot": "30s"}
    result = simulate(scenario(job("a"), environments=[environment("first"), fixed(1, "second")], world=slow))
    assert (where(result), starts(result)) == ({"a": "first"}, {"a": 50})
    expected = [(0, "scale_up_decision", "first"), (20, "instance_booting", "first"), (50, "empty", "nan")]
    assert reasons(result) == expected


def test_jobs_behind_a_head_that_waits_do_not_pass_it_to_the_next_environment(simulate):
    slow = {"instance_boot": "30s"}
    places = [environment("first", maxvCpus=1), fixed(1, "second")]
    result = simulate(scenario(job("a"), job("b"), environments=places, world=slow))
    assert (where(result), starts(result)) == ({"a": "first", "b": "second"}, {"a": 30, "b": 30})


def test_a_lower_queue_finds_no_room_on_an_instance_that_boots_for_a_higher_one(simulate):
    queues = [queue("high", "first", priority=2), queue("low", "first", "second", priority=1)]
    places = [environment("first", maxvCpus=1), fixed(1, "second")]
    work = [job("a", on="high"), job("b", at="1s", on="low")]
    result = simulate(scenario(*work, environments=places, queues=queues, world={"instance_boot": "30s"}))
    assert (where(result), starts(result)) == ({"a": "first", "b": "second"}, {"b": 1, "a": 30})


def test_a_job_served_elsewhere_takes_no_room_of_an_instance_that_boots(simulate):
    queues = [queue("high", "second", "first", priority=2), queue("low", "first", "third", priority=1)]
    places = [environment("first", maxvCpus=1), environment("second", maxvCpus=1), fixed(1, "third")]
    work = [job("a", on="low"), job("h", at="1s", on="high")]
    result = simulate(scenario(*work, environments=places, queues=queues, world={"instance_boot": "100s"}))
    assert (where(result), starts(result)) == ({"a": "first", "h": "second"}, {"a": 100, "h": 101})


def test_a_job_ahead_that_free_room_covers_takes_none_of_an_instance_that_boots(simulate):
    fleet = [{"type": "box.4"}, {"type": "box.8", "at": "10s"}]
    places = [environment("first", ("box.4", "box.8"), maxvCpus=12), fixed(1, "second", ("box.2",))]
    queues = [queue("high", "first", priority=2), queue("low", "first", "second", priority=1)]
    work = [job("x", "600s", on="high", vcpus=3), job("head", at="20s", on="high", vcpus=6)]
    work += [job("behind", at="20s", on="high"), job("low", at="20s", on="low", vcpus=2)]
    world = {"fleets": {"first": fleet}, "instance_boot": "60s"}
    result = simulate(scenario(*work, environments=places, queues=queues, world=world))
    assert starts(result) == {"x": 0, "head": 70, "behind": 70, "low": 70}
    assert where(result)["low"] == "first"


def test_jobs_ahead_are_packed_best_fit_on_what_boots_whatever_the_packing(simulate):
    places = [environment("first", ("box.4",), maxvCpus=8), fixed(4, "second", ("box.4",))]
    work = [job("small", at="20s", count=2), job("large", at="20s", vcpus=4, count=2)]
    world = {"fleets": {"first": [{"type": "box.4", "count": 2, "at": "10s"}]}, "instance_boot": "60s"}
    world |= {"head_of_line": "skip", "packing": "worst_fit"}
    result = simulate(scenario(*work, environments=places, world=world))
    assert starts(result) == {"large@1": 20, "small@0": 70, "small@1": 70, "large@0": 80}


@pytest.mark.parametrize("first", [environment("first", state="DISABLED"), environment("first", maxvCpus=1)])
def test_an_environment_that_is_disabled_or_too_small_is_passed_over(first, simulate):
    places = [first, fixed(2, "second", types=("box.2",))]
    result = simulate(scenario(job("a", vcpus=2), environments=places))
    assert (where(result), starts(result)) == ({"a": "second"}, {"a": 0})


def test_an_environment_whose_types_are_too_small_is_passed_over(simulate):
    places = [environment("first", types=("box.1", "box.2")), environment("second", types=("box.4",))]
    result = simulate(scenario(job("a", memory=10_000), environments=places))
    assert (where(result), launched(result)) == ({"a": "second"}, ["box.4"])


def test_what_the_first_environment_covers_is_no_demand_of_the_second(simulate):
    places = [environment("first", maxvCpus=2), environment("second", maxvCpus=100)]
    slow = {"scale_up_delay": "10s", "instance_boot": "60s"}
    result = simulate(scenario(job("a", size=6), environments=places, world=slow))
    assert result.instances["environment"].tolist() == ["first"] * 2 + ["second"] * 4


@pytest.mark.parametrize("turn", [1, -1])
def test_what_an_environment_may_grow_by_is_reckoned_in_the_smallest_type_wherever_it_stands(turn, simulate):
    types = {"slim.2": box(2, memory="4096MiB", usable_memory="4096MiB"), "wide.2": box(2)}
    world = {"instanceTypes": dict([*types.items()][::turn]), "scale_up_delay": "10s", "instance_boot": "60s"}
    places = [environment("first", tuple(types), maxvCpus=2), environment("second", maxvCpus=2)]
    result = simulate(scenario(job("a", memory=4096, size=2), environments=places, world=world))
    assert result.instances["environment"].tolist() == ["first", "second"]


def test_two_queues_do_not_both_order_the_same_capacity(simulate):
    queues = [queue("one", "hosts", priority=2), queue("two", "hosts", priority=1)]
    work = [job("a", on="one", count=2), job("b", on="two", count=2)]
    result = simulate(scenario(*work, environments=[environment(maxvCpus=100)], queues=queues))
    assert launched(result) == ["box.1"] * 4


# -- capacity errors


def test_after_a_capacity_error_the_next_environment_serves_the_head(simulate):
    none_left = {"spot_depth": 0, "scale_up_delay": "1s"}
    result = simulate(scenario(job("a"), environments=[spot(), environment("dear")], world=none_left))
    assert (where(result), starts(result)) == ({"a": "dear"}, {"a": 2})
    assert result.scaling["capacity_errors"].sum() == 1


def test_alone_a_pool_without_capacity_is_tried_again_after_the_back_off(simulate):
    none_left = {"spot_depth": 0, "ce_backoff": "100s"}
    result = simulate(scenario(job("a"), environments=[spot()], world=none_left, simulation={"until": "250s"}))
    tries = result.scaling[result.scaling["capacity_errors"] > 0]
    assert tries["at_s"].tolist() == [0, 100, 200]
    assert reasons(result)[0] == (0, "capacity_error", "spot")


def test_the_back_off_ends_for_the_head_that_still_waits(simulate):
    none_left = {"spot_depth": 0, "ce_backoff": "100s", "scale_up_delay": "5s"}
    queues = [queue("queue", "spot", "dear")]
    places = [spot(), environment("dear", maxvCpus=1)]
    result = simulate(scenario(job("a", "300s"), job("b"), environments=places, queues=queues, world=none_left))
    assert where(result) == {"a": "dear", "b": "dear"}
    assert starts(result) == {"a": 10, "b": 310}


# -- states


def test_a_disabled_environment_takes_and_launches_nothing_but_what_runs_goes_on(simulate):
    off = [{"at": "10s", "set": "hosts.state", "to": "DISABLED"}]
    result = simulate(scenario(job("a"), job("b", at="20s"), environments=[environment()], actions=off))
    assert column(result, "state") == {"a": "SUCCEEDED", "b": "RUNNABLE"}
    assert result.summary()["ended_by"] == "stuck"
    assert result.instances["ended_at_s"].tolist() == [60]


# -- maxvCpus: https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeResource.html


def test_an_instance_beyond_the_maximum_is_the_smallest_that_holds_the_head(simulate):
    hosts = environment(types=("box.4", "box.8"), maxvCpus=6, allocationStrategy="BEST_FIT_PROGRESSIVE")
    result = simulate(scenario(job("a", size=20, vcpus=1), environments=[hosts]))
    assert launched(result)[:2] == ["box.4", "box.4"]


def test_capacity_is_never_ordered_twice_for_one_job(simulate):
    slow = {"scale_up_delay": "10s", "instance_boot": "60s"}
    work = [job("a"), job("b", at="15s"), job("c", at="75s")]
    result = simulate(scenario(*work, environments=[environment(maxvCpus=100)], world=slow))
    assert result.instances["launched_at_s"].tolist() == [10, 25, 85]


def test_at_the_maximum_jobs_wait_for_room_on_what_is_there(simulate):
    result = simulate(scenario(job("a", "10s", count=5), environments=[environment(maxvCpus=2)]))
    assert list(starts(result).values()) == [0, 0, 10, 10, 20]
    assert len(result.instances) == 2


# -- which size


ALL = ("box.1", "box.2", "box.4", "box.8", "box.16")


def test_the_largest_sizes_that_the_demand_fills_are_launched(simulate):
    result = simulate(scenario(job("a", size=7), environments=[environment(types=ALL, maxvCpus=100)]))
    assert launched(result) == ["box.4", "box.2", "box.1"]


def test_or_as_a_what_if_the_smallest(simulate):
    hosts = environment(types=ALL, maxvCpus=100)
    result = simulate(scenario(job("a", size=3), environments=[hosts], world={"prefer_size": "smallest"}))
    assert launched(result) == ["box.1"] * 3


@pytest.mark.parametrize(("by", "kinds"), [("both", ["box.8", "box.2"]), ("vcpu", ["box.4"])])
def test_memory_counts_as_demand_unless_only_vcpus_do(by, kinds, simulate):
    hosts = environment(types=("box.2", "box.4", "box.8"), maxvCpus=10)
    result = simulate(scenario(job("a", size=5, memory=8192), environments=[hosts], world={"demand_by": by}))
    assert launched(result)[: len(kinds)] == kinds


def test_the_zone_with_fewest_vcpus_comes_next(simulate):
    zones = environment(subnets=["subnet-a", "subnet-b", "subnet-c"], maxvCpus=10)
    result = simulate(scenario(job("a", size=5), environments=[zones]))
    assert [zone[-1] for zone in result.instances["zone"]] == ["a", "b", "c", "a", "b"]


# -- strategies: https://docs.aws.amazon.com/batch/latest/userguide/allocation-strategies.html

THREE_TYPES = {
    "snug.large": box(2, price="$1/h", spot_price="$0.30/h"),
    "deep.large": box(2, price="$1/h", spot_price="$0.90/h"),
    "bulk.2xlarge": box(8, spot_price="$0.80/h"),
}
"""A job of 2 vCPU: snug is the cheapest that hosts it, bulk the cheapest per vCPU, deep neither."""


def first_choice(strategy, seed, simulate):
    hosts = spot(types=tuple(THREE_TYPES), maxvCpus=64, allocationStrategy=strategy)
    finite = {"instanceTypes": THREE_TYPES, "spot_depth": 1000}
    return launched(simulate(scenario(job("a", vcpus=2), environments=[hosts], world=finite), seed))[0]


def test_three_strategies_answer_differently(simulate):
    strategies = ("BEST_FIT", "BEST_FIT_PROGRESSIVE", "SPOT_CAPACITY_OPTIMIZED")
    choices = [{first_choice(strategy, seed, simulate) for seed in range(8)} for strategy in strategies]
    assert choices == [{"snug.large"}, {"bulk.2xlarge"}, {"snug.large", "deep.large"}]


def test_price_and_capacity_pays_the_dearer_type_only_where_the_cheaper_is_less_than_half_as_deep(simulate):
    by_depth, by_both = (
        [first_choice(strategy, seed, simulate) for seed in range(16)]
        for strategy in ("SPOT_CAPACITY_OPTIMIZED", "SPOT_PRICE_CAPACITY_OPTIMIZED")
    )
    assert "bulk.2xlarge" not in by_both, "the size that the demand fills comes before depth and price"
    assert set(by_both) == {"snug.large", "deep.large"}
    assert all(both in ("snug.large", depth) for both, depth in zip(by_both, by_depth, strict=True))
    assert by_both.count("snug.large") > by_depth.count("snug.large")


def test_best_fit_waits_for_its_type_where_best_fit_progressive_goes_on(simulate):
    short = {"instanceTypes": THREE_TYPES, "spot_depth": 0}
    tried = {}
    for strategy in ("BEST_FIT", "BEST_FIT_PROGRESSIVE"):
        hosts = spot(types=tuple(THREE_TYPES), maxvCpus=64, allocationStrategy=strategy)
        cut = scenario(job("a", vcpus=2), environments=[hosts], world=short, simulation={"until": "60s"})
        tried[strategy] = simulate(cut).scaling["capacity_errors"].sum()
    assert tried == {"BEST_FIT": 1, "BEST_FIT_PROGRESSIVE": 3}


def test_what_a_queue_on_one_environment_alone_asks_for_is_not_promised_to_the_next_queue(simulate):
    bounded = {"maxvCpus": 8, "allocationStrategy": "BEST_FIT_PROGRESSIVE"}
    places = [environment("e0", ("box.8",), **bounded), environment("e1", ("box.8",), **bounded)]
    queues = [queue("q1", "e0", priority=3), queue("q2", "e0", "e1", priority=1)]
    work = [job("a", vcpus=3, size=2, on="q1"), job("c", vcpus=4, on="q2")]
    slow = {"scale_up_delay": "9s", "instance_boot": "16s"}
    result = simulate(scenario(*work, environments=places, queues=queues, world=slow))
    assert starts(result)["c"] == 25
