"""On a host: usable memory, GPUs, which host a job goes to, and images that are pulled once.

https://docs.aws.amazon.com/batch/latest/userguide/memory-management.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-strategies.html
"""

from __future__ import annotations

import numpy as np
import pytest
from scenario_builder import (
    attempts_of,
    box,
    column,
    definition,
    environment,
    fixed,
    hosts,
    job,
    launched,
    scenario,
    scenario_data,
    starts,
)

import batchsim
from batchsim.spec import parse


def phases(result):
    """Seconds of pull and of container start by job id."""
    return {row.job_id: (row.image_pull_s, row.container_start_s) for row in result.jobs.itertuples()}


# -- room


def test_memory_limits_how_many_jobs_share_a_host(simulate):
    result = simulate(scenario(job("a", size=8, memory=5000), environments=[fixed(8, types=("box.4",))]))
    assert sorted(hosts(result).values()) == [0, 0, 0, 0, 0, 1, 1, 1]
    assert sorted(starts(result).values()) == [0] * 6 + [60] * 2


def test_all_vcpus_of_a_host_are_for_jobs(simulate):
    result = simulate(scenario(job("a", size=4), job("b"), environments=[fixed(4, types=("box.4",))]))
    assert list(starts(result).values()) == [0, 0, 0, 0, 60]


def test_a_vcpu_is_a_share_and_neighbours_slow_nobody_down(simulate):
    alone = simulate(scenario(job("a", "60s"), environments=[fixed(4, types=("box.4",))]))
    crowd = simulate(scenario(job("a", "60s", size=4), environments=[fixed(4, types=("box.4",))]))
    assert {*alone.attempts.ended_at_s, *crowd.attempts.ended_at_s} == {60}


def codes(*workload):
    try:
        scenario(*workload)
    except batchsim.ScenarioError as error:
        return [problem.code for problem in error.problems]
    return []


@pytest.mark.parametrize(("vcpus", "refused"), [(0, True), (0.5, True), (1.5, True), (1, False)])
def test_instances_give_whole_vcpus(vcpus, refused):
    assert codes(job("a", vcpus=vcpus)) == ["E130"] * refused


@pytest.mark.parametrize(("memory", "refused"), [(3, True), (4, False)])
def test_a_job_asks_for_four_mib_at_least(memory, refused):
    assert codes(job("a", memory=memory)) == ["E131"] * refused


def test_a_job_of_the_nominal_memory_needs_the_next_larger_type(simulate):
    general = environment(types=("m5.large", "m5.xlarge"))
    assert launched(simulate(scenario(job("a", memory=8192), environments=[general]))) == ["m5.xlarge"]


def test_usable_memory_can_be_said_type_by_type(simulate):
    own = {"m5.large": {"usable_memory": "8000MiB"}}
    general = environment(types=("m5.large", "m5.xlarge"))
    result = simulate(scenario(job("a", memory=8000), environments=[general], world={"instanceTypes": own}))
    assert launched(result) == ["m5.large"]


def test_a_job_of_all_usable_memory_fills_a_host_to_the_last_mib(simulate):
    exact = {"snug.xlarge": box(4, memory="16GiB", usable_memory="15655MiB")}
    work = [job("a", vcpus=2, memory=15_651), job("b", memory=4), job("c", memory=4)]
    places = [fixed(4, types=("snug.xlarge",))]
    result = simulate(scenario(*work, environments=places, world={"instanceTypes": exact}))
    assert starts(result) == {"a": 0, "b": 0, "c": 60}


@pytest.mark.parametrize(
    ("model", "memory", "kind"),
    [
        ("nitro_fit", 7647, "m5.large"),
        ("nitro_fit", 7648, "m5.xlarge"),
        ("ratio", 7618, "m5.large"),
        ("ratio", 7619, "m5.xlarge"),
        ("exact", 8192, "m5.large"),
    ],
)
def test_usable_memory_is_a_model_of_the_world(model, memory, kind, simulate):
    general = environment(types=("m5.large", "m5.xlarge"))
    result = simulate(scenario(job("a", memory=memory), environments=[general], world={"mem_model": model}))
    assert launched(result) == [kind]


def test_gpus_are_whole_and_jobs_without_may_use_their_hosts(simulate):
    kinds = {"plain.large": box(2, price="$0.10/h"), "graphic.xlarge": box(4, gpu=1, price="$1/h")}
    needs_gpu = definition("render")
    needs_gpu["containerProperties"]["resourceRequirements"].append({"type": "GPU", "value": "1"})
    places = [environment(types=tuple(kinds), maxvCpus=4)]
    work = [job("a", kind="render"), job("b", kind="render"), job("c")]
    result = simulate(scenario(*work, environments=places, definitions=[needs_gpu], world={"instanceTypes": kinds}))
    assert launched(result) == ["graphic.xlarge"]
    assert starts(result) == {"a": 0, "b": 60, "c": 60}


def test_a_busy_host_does_not_slow_its_jobs_down(simulate):
    alone = simulate(scenario(job("a", "60s"), environments=[fixed(4, types=("box.4",))]))
    full = simulate(scenario(job("a", "60s", size=4), environments=[fixed(4, types=("box.4",))]))
    assert set(column(alone, "last_running_s").values()) == set(column(full, "last_running_s").values()) == {60}


def test_a_host_takes_as_many_jobs_as_have_room_whatever_their_network_interfaces_and_ports(simulate):
    huge = {"box.64": box(64)}
    places = [fixed(64, types=("box.64",))]
    result = simulate(scenario(job("a", size=64), environments=places, world={"instanceTypes": huge}))
    assert set(hosts(result).values()) == {0}
    assert set(starts(result).values()) == {0}


# -- packing


@pytest.mark.parametrize(
    ("packing", "after_2_then_3", "after_3_then_2"), [("best_fit", 1, 0), ("first_fit", 0, 0), ("worst_fit", 0, 1)]
)
def test_which_of_two_part_full_hosts_a_job_goes_to(packing, after_2_then_3, after_3_then_2, simulate):
    chosen = []
    for first, second in ((2, 3), (3, 2)):
        work = [job("x", vcpus=first), job("y", vcpus=second), job("a", at="1s")]
        story = scenario(*work, environments=[fixed(8, types=("box.4",))], world={"packing": packing})
        chosen.append(hosts(simulate(story))["a"])
    assert chosen == [after_2_then_3, after_3_then_2]


def test_best_fit_goes_by_memory_where_vcpus_are_equal_and_then_to_the_oldest(simulate):
    lean, fat = job("lean", vcpus=3, memory=1000), job("fat", vcpus=3, memory=9000)
    places = [fixed(12, types=("box.4",))]
    result = simulate(scenario(lean, fat, job("a", at="1s"), job("b", at="2s", vcpus=2), environments=places))
    assert (hosts(result)["a"], hosts(result)["b"]) == (1, 2)


def test_worst_fit_spreads_even_the_children_of_one_array(simulate):
    places = [fixed(8, types=("box.4",))]
    result = simulate(scenario(job("a", size=4), environments=places, world={"packing": "worst_fit"}))
    assert list(hosts(result).values()) == [0, 1, 0, 1]


# -- images


def test_jobs_that_start_during_a_pull_wait_for_it_and_later_ones_do_not_pull(simulate):
    work = [job("a"), job("b", at="10s"), job("c", at="30s")]
    slow = {"new_image": "20s", "warm_start": "3s"}
    result = simulate(scenario(*work, environments=[fixed(4, types=("box.4",))], world=slow))
    assert phases(result) == {"a": (20, 3), "b": (10, 3), "c": (0, 3)}
    assert [attempts_of(result, name)[0].running_at_s for name in "abc"] == [23, 23, 33]


def test_every_host_pulls_for_itself_and_every_image_is_pulled(simulate):
    work = [job("a"), job("b", vcpus=4), job("c", at="5m", kind="other")]
    places = [fixed(8, types=("box.4",))]
    result = simulate(
        scenario(*work, environments=places, definitions=[definition("other")], world={"new_image": "20s"})
    )
    assert column(result, "image_pull_s") == {"a": 20, "b": 20, "c": 20}


def test_a_new_host_knows_no_image(simulate):
    result = simulate(scenario(job("a"), job("b", at="5m"), environments=[environment()], world={"new_image": "20s"}))
    assert column(result, "image_pull_s") == {"a": 20, "b": 20}


def test_a_retry_on_the_same_host_does_not_pull_again(simulate):
    work = {"script": [{"run": "10s", "exit": 1}, {"run": "10s"}]}
    result = simulate(scenario(job("a", work, attempts=2), world={"new_image": "20s", "warm_start": "3s"}))
    assert phases(result) == {"a": (20, 6)}


def test_a_pull_goes_on_for_others_when_the_job_that_began_it_is_terminated(simulate):
    gone = [{"at": "5s", "terminate": "a"}]
    work = [job("a"), job("b", at="10s")]
    places = [fixed(2, types=("box.2",))]
    result = simulate(scenario(*work, environments=places, actions=gone, world={"new_image": "20s"}))
    assert attempts_of(result, "b")[0].running_at_s == 20


def test_an_image_of_a_known_size_takes_an_overhead_and_its_size(simulate):
    sized = {"pull_overhead": "2s", "pull_rate_ec2": "80MB/s", "new_image": "1h"}
    result = simulate(scenario(job("a", image="800MB"), job("b", image="800MB"), world=sized))
    assert column(result, "image_pull_s") == {"a": 12, "b": 0}


@pytest.mark.parametrize(("hit", "pulls"), [("0s", (20, 10, 0)), ("1s", (20, 10, 1))])
def test_an_image_that_is_there_costs_nothing_or_as_a_what_if_a_look_at_the_registry(hit, pulls, simulate):
    work = [job("a"), job("b", at="10s"), job("c", at="30s")]
    world = {"new_image": "20s", "cache_hit": hit}
    result = simulate(scenario(*work, environments=[fixed(4, types=("box.4",))], world=world))
    assert tuple(column(result, "image_pull_s").values()) == pulls


@pytest.mark.parametrize(("rate", "pull_s"), [("80MB/s", 12), ("20MB/s", 42)])
def test_the_rate_of_a_pull_is_a_choice(rate, pull_s, simulate):
    result = simulate(scenario(job("a", image="800MB"), world={"pull_overhead": "2s", "pull_rate_ec2": rate}))
    assert column(result, "image_pull_s") == {"a": pull_s}


@pytest.mark.parametrize(("overhead", "pull_s"), [("2s", 12), ("0s", 10)])
def test_the_constant_part_of_a_pull_is_a_choice(overhead, pull_s, simulate):
    result = simulate(scenario(job("a", image="800MB"), world={"pull_overhead": overhead, "pull_rate_ec2": "80MB/s"}))
    assert column(result, "image_pull_s") == {"a": pull_s}


def test_a_slow_pull_takes_the_place_of_the_usual_one(simulate):
    always = {"new_image": "20s", "slow_pull": "120s", "slow_pull_probability": 1}
    assert column(simulate(scenario(job("a"), world=always)), "image_pull_s") == {"a": 120}


@pytest.mark.parametrize(("probability", "share"), [(0.2, 0.2), (0, 0), (1, 1)])
def test_a_part_of_first_pulls_is_slow(probability, share, simulate):
    world = {"new_image": "20s", "slow_pull": "120s", "slow_pull_probability": probability}
    result = simulate(scenario(job("a", size=500), environments=[fixed(500)], world=world))
    assert (result.jobs["image_pull_s"] == 120).mean() == pytest.approx(share, abs=0.06)


@pytest.mark.parametrize("slow", ["40s", "300s"])
def test_how_long_a_slow_pull_takes_is_a_law(slow, simulate):
    world = {"slow_pull": slow, "slow_pull_probability": 1}
    assert column(simulate(scenario(job("a"), world=world)), "image_pull_s") == {"a": int(slow[:-1])}


# -- the laws that were fitted on recorded runs


def drawn(key, simulate, **world):
    """What the default of one key draws for a thousand jobs, each on a host of its own; all else takes no time."""
    data = scenario_data(job("a", "1s", size=1000), environments=[fixed(1000)], world=world)
    del data["world"][key]
    return simulate(parse(data)).jobs


@pytest.mark.parametrize(
    ("key", "column_name", "median_s", "sigma"),
    [
        ("warm_start", "container_start_s", 7.3, 0.8),
        ("new_image", "image_pull_s", 8, 0.3),
        ("slow_pull", "image_pull_s", 40, 0.3),
    ],
)
def test_a_law_of_the_world_draws_what_it_says(key, column_name, median_s, sigma, simulate):
    times = drawn(key, simulate, slow_pull_probability=int(key == "slow_pull"))[column_name]
    assert times.median() == pytest.approx(median_s, rel=0.1)
    assert np.log(times).std() == pytest.approx(sigma, rel=0.1)


@pytest.mark.parametrize(("law", "start_s"), [("5s", 5), ("0s", 0)])
def test_or_as_a_what_if_every_container_starts_alike(law, start_s, simulate):
    result = simulate(scenario(job("a", size=3), environments=[fixed(3)], world={"warm_start": law}))
    assert set(column(result, "container_start_s").values()) == {start_s}
