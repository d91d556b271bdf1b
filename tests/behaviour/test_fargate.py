"""Fargate: tasks that share nothing, a launch rate, a maximum, and bills from the pull.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AWS_Fargate.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html
https://aws.amazon.com/fargate/pricing/
"""

from __future__ import annotations

import json

import pytest
from scenario_builder import (
    attempts_of,
    column,
    definition,
    fargate,
    queue,
    reasons,
    scenario,
    scenario_data,
    starts,
    task,
)

import batchsim
from batchsim.spec import parse
from batchsim.spec.fargate import FARGATE_MEMORY_MIB


def test_a_task_is_provisioned_then_pulls_then_runs(simulate):
    stages = {"fargate_provision": "30s", "new_image": "8s"}
    result = simulate(scenario(task("a", "60s"), environments=[fargate()], world=stages))
    (attempt,) = attempts_of(result, "a")
    assert (attempt.pull_at_s, attempt.pulled_at_s, attempt.running_at_s, attempt.ended_at_s) == (30, 38, 38, 98)
    assert attempt.billed_s == 68
    assert len(result.instances) == 0


def test_every_task_pulls_for_itself(simulate):
    result = simulate(
        scenario(task("a", size=3), task("b", at="5m"), environments=[fargate()], world={"new_image": "8s"})
    )
    assert column(result, "image_pull_s") == {"a:0": 8, "a:1": 8, "a:2": 8, "b": 8}


@pytest.mark.parametrize(("rate", "pull_s"), [("40MB/s", 22), ("400MB/s", 4)])
def test_an_image_of_a_known_size_takes_an_overhead_and_its_size(rate, pull_s, simulate):
    sized = task("a", image="800MB")
    result = simulate(
        scenario(sized, environments=[fargate()], world={"pull_overhead": "2s", "pull_rate_fargate": rate})
    )
    assert column(result, "image_pull_s") == {"a": pull_s}


def test_running_tasks_stay_within_the_maximum(simulate):
    result = simulate(scenario(task("a", "10s", size=5), environments=[fargate(maxvCpus=2)]))
    assert list(starts(result).values()) == [0, 0, 10, 10, 20]
    assert reasons(result) == [(0, "max_vcpus", "tasks"), (20, "empty", "nan")]


def test_quarter_vcpus_add_up(simulate):
    small = definition("small", 0.25, 512, platformCapabilities=["FARGATE"])
    work = task("a", "10s", size=9, kind="small")
    result = simulate(scenario(work, environments=[fargate(maxvCpus=1)], definitions=[small]))
    assert list(starts(result).values()) == [0] * 4 + [10] * 4 + [20]


def test_at_its_maximum_the_next_environment_takes_over(simulate):
    result = simulate(
        scenario(task("a", size=3), environments=[fargate("one", maxvCpus=2), fargate("two", maxvCpus=2)])
    )
    assert column(result, "environment", "attempts") == {"a:0": "one", "a:1": "one", "a:2": "two"}


def test_the_launch_rate_makes_the_head_wait_for_this_environment(simulate):
    slow = {"fargate_burst": 1, "fargate_rate": "1/s"}
    result = simulate(scenario(task("a", size=3), environments=[fargate("one"), fargate("two")], world=slow))
    assert set(column(result, "environment", "attempts").values()) == {"one"}
    assert list(starts(result).values()) == [0, 1, 2]
    assert reasons(result) == [(0, "launch_rate", "one"), (2, "empty", "nan")]


def test_the_launch_rate_is_one_for_all_environments_and_another_for_spot(simulate):
    slow = {"fargate_burst": 1, "fargate_rate": "1/s"}
    places = [fargate("one"), fargate("two"), fargate("spot", type="FARGATE_SPOT")]
    queues = [queue(name, name) for name in ("one", "two", "spot")]
    work = [task(name, on=name) for name in ("one", "two", "spot")]
    result = simulate(scenario(*work, environments=places, queues=queues, world=slow))
    assert starts(result) == {"one": 0, "two": 1, "spot": 0}


def test_the_rate_refills_up_to_the_burst_only(simulate):
    slow = {"fargate_burst": 2, "fargate_rate": "1/s"}
    work = [task("a", size=2), task("b", at="1h", size=3)]
    result = simulate(scenario(*work, environments=[fargate()], world=slow))
    assert list(starts(result).values()) == [0, 0, 3600, 3600, 3601]


def test_a_bucket_that_is_never_refilled_holds_what_the_burst_left(simulate):
    rate = {"fargate_burst": 2, "fargate_rate": "0/s"}
    result = simulate(scenario(task("a", "10s", size=3), environments=[fargate()], world=rate))
    assert sorted(result.jobs.state) == ["RUNNABLE", "SUCCEEDED", "SUCCEEDED"]


def test_a_task_terminated_before_its_pull_costs_nothing(simulate):
    gone = [{"at": "10s", "terminate": "a"}]
    result = simulate(scenario(task("a"), environments=[fargate()], world={"fargate_provision": "30s"}, actions=gone))
    assert column(result, "cost_usd") == {"a": 0}


def test_every_try_is_a_task_and_a_bill_of_its_own(simulate):
    work = {"script": [{"run": "10s", "exit": 1}, {"run": "10s"}]}
    result = simulate(scenario(task("a", work, attempts=2), environments=[fargate()]))
    assert result.attempts["billed_s"].tolist() == [60, 60]


def test_fargate_spot_costs_its_share_and_storage_beyond_20_gib_extra(simulate):
    roomy = definition(
        "roomy", 1, 2048, platformCapabilities=["FARGATE"], container={"ephemeralStorage": {"sizeInGiB": 120}}
    )
    place = fargate("tasks", type="FARGATE_SPOT")
    result = simulate(scenario(task("a", "1h", kind="roomy"), environments=[place], definitions=[roomy]))
    hourly = 0.3 * (0.04048 + 2 * 0.004445) + 100 * 0.000111
    assert column(result, "cost_usd")["a"] == pytest.approx(hourly, rel=1e-3)


def test_a_disabled_environment_takes_no_tasks_but_those_that_run_go_on(simulate):
    off = [{"at": "10s", "set": "tasks.state", "to": "DISABLED"}, {"at": "5m", "set": "tasks.state", "to": "ENABLED"}]
    result = simulate(scenario(task("a"), task("b", at="20s"), environments=[fargate()], actions=off))
    assert starts(result) == {"a": 0, "b": 300}
    assert column(result, "state") == {"a": "SUCCEEDED", "b": "SUCCEEDED"}


# -- sizes


def sized(vcpus: float, memory: int, **container):
    return definition("sized", vcpus, memory, platformCapabilities=["FARGATE"], container=container)


def refusals(*made, **world):
    """Codes and hints of what is wrong with tasks of these definitions; empty where nothing is."""
    work = [task(each["jobDefinitionName"], "1h", kind=each["jobDefinitionName"]) for each in made]
    try:
        scenario(*work, environments=[fargate()], definitions=made, world=world)
    except batchsim.ScenarioError as error:
        return [(problem.code, problem.hint) for problem in error.problems]
    return []


def test_each_of_the_77_sizes_runs(simulate):
    sizes = [(vcpus, memory) for vcpus, memories in FARGATE_MEMORY_MIB.items() for memory in memories]
    made = [
        definition(f"size{n}", vcpus / 1000, memory, platformCapabilities=["FARGATE"])
        for n, (vcpus, memory) in enumerate(sizes)
    ]
    assert refusals(*made) == []
    work = [task(f"t{n}", "1s", kind=f"size{n}") for n in range(len(sizes))]
    result = simulate(scenario(*work, environments=[fargate()], definitions=made))
    held = result.attempts[["vcpus", "memory_mib"]].to_numpy().tolist()
    assert sorted(held) == sorted([vcpus / 1000, memory] for vcpus, memory in sizes)
    assert len(held) == 77


def test_any_other_pair_is_refused_with_the_nearest_ones():
    near = "The nearest sizes are 2 vCPU with 8192 MiB, 4 vCPU with 8192 MiB, 8 vCPU with 16384 MiB"
    assert refusals(sized(3, 8192)) == [("E133", near)]


@pytest.mark.parametrize("round_up", [True, False])
def test_a_pair_between_two_sizes_is_rounded_up_where_the_world_says_so(round_up, simulate):
    refused = [code for code, _ in refusals(sized(0.5, 4097), fargate_round_up=round_up)]
    assert refused == ([] if round_up else ["E133"])
    if not round_up:
        return
    work, made = task("sized", "1h", kind="sized"), [sized(0.5, 4097)]
    result = simulate(scenario(work, environments=[fargate()], definitions=made, world={"fargate_round_up": True}))
    (attempt,) = attempts_of(result, "sized")
    assert (attempt.vcpus, attempt.memory_mib) == (1, 5120)
    assert attempt.cost_usd == pytest.approx(0.04048 + 5 * 0.004445)


def test_the_rows_of_a_trace_are_rounded_up_too(tmp_path):
    (tmp_path / "trace.csv").write_text("t,run,cpu,mem\n0,10,0.3,100\n5,10,3,8192\n9,10,16,200000\n")
    columns = {"submission": "t", "run_time": {"column": "run", "unit": "s"}, "vcpus": "cpu", "memory": "mem"}
    traced = task("a", at={"trace": "trace.csv", "columns": columns})
    del traced["run"]
    data = scenario_data(traced, environments=[fargate()], world={"fargate_round_up": True})
    (tmp_path / "traced.json").write_text(json.dumps(data))
    result = batchsim.run(tmp_path / "traced.json", seed=1)
    assert result.attempts[["vcpus", "memory_mib"]].to_numpy().tolist() == [[0.5, 1024], [4, 8192], [32, 249856]]


@pytest.mark.parametrize(("version", "runs"), [("1.3.0", False), ("1.4.0", True), ("LATEST", True)])
def test_tasks_of_eight_vcpus_need_platform_version_1_4_0(version, runs, simulate):
    made = sized(8, 16_384, fargatePlatformConfiguration={"platformVersion": version})
    if runs:
        result = simulate(scenario(task("a", kind="sized"), environments=[fargate()], definitions=[made]))
        assert result.jobs.state.tolist() == ["SUCCEEDED"]
    else:
        assert [code for code, _ in refusals(made)] == ["E133"]


# -- time and money


@pytest.mark.parametrize(
    ("law", "pulls_at"), [("default", 29.2), ("45s", 45), ({"uniform": {"min": "10s", "max": "20s"}}, 15)]
)
def test_provisioning_takes_half_a_minute_or_what_the_world_says(law, pulls_at, simulate):
    given = {} if law == "default" else {"fargate_provision": law}
    world = {**given, "fargate_burst": 10_000}
    data = scenario_data(task("a", size=1000), environments=[fargate(maxvCpus=10_000)], world=world)
    if law == "default":
        del data["world"]["fargate_provision"]
    result = simulate(parse(data))
    assert result.attempts.pull_at_s.median() == pytest.approx(pulls_at, rel=0.05)


def test_tasks_never_share_what_they_have(simulate):
    result = simulate(scenario(task("a", "1h", size=4), environments=[fargate()]))
    assert len(result.instances) == 0
    assert result.attempts.cost_usd.tolist() == [pytest.approx(0.04048 + 2 * 0.004445)] * 4


@pytest.mark.parametrize(("factor", "hourly"), [("default", 0.3), (0.5, 0.5), (1, 1)])
def test_fargate_spot_costs_a_share_of_fargate(factor, hourly, simulate):
    given = {} if factor == "default" else {"fargate_spot_factor": factor}
    place = fargate("tasks", type="FARGATE_SPOT")
    result = simulate(scenario(task("a", "1h"), environments=[place], world=given))
    assert column(result, "cost_usd")["a"] == pytest.approx(hourly * (0.04048 + 2 * 0.004445), rel=1e-4)


@pytest.mark.parametrize(("gib", "billed_gib"), [(None, 0), (21, 1), (120, 100), (200, 180)])
def test_twenty_gib_of_storage_come_with_a_task_and_more_costs_extra(gib, billed_gib, simulate):
    made = sized(1, 2048, **({"ephemeralStorage": {"sizeInGiB": gib}} if gib else {}))
    result = simulate(scenario(task("a", "1h", kind="sized"), environments=[fargate()], definitions=[made]))
    assert result.costs.query("charge == 'fargate_storage'").cost_usd.sum() == pytest.approx(billed_gib * 0.000111)


def test_the_bill_is_by_the_second_from_the_pull_for_what_was_asked(simulate):
    stages = {"fargate_provision": "30s", "new_image": "8s"}
    result = simulate(scenario(task("a", "100500ms"), environments=[fargate()], world=stages))
    (attempt,) = attempts_of(result, "a")
    assert attempt.billed_s == 109
    assert attempt.cost_usd == pytest.approx(109 / 3600 * (0.04048 + 2 * 0.004445))


# -- Windows

WINDOWS = {"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE", "cpuArchitecture": "X86_64"}}


def test_windows_tasks_have_a_vcpu_at_least():
    assert [code for code, _ in refusals(sized(0.5, 1024, **WINDOWS))] == ["E133"]
    assert refusals(sized(1, 2048, **WINDOWS)) == []


def test_windows_tasks_are_x86():
    arm = {"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE", "cpuArchitecture": "ARM64"}}
    assert [code for code, _ in refusals(sized(1, 2048, **arm))] == ["E117"]


def test_windows_tasks_go_past_fargate_spot(simulate):
    places = [fargate("spot", type="FARGATE_SPOT"), fargate("tasks")]
    work = [task("w", kind="sized"), task("a")]
    result = simulate(scenario(*work, environments=places, definitions=[sized(1, 2048, **WINDOWS)]))
    assert column(result, "environment", "attempts") == {"w": "tasks", "a": "spot"}


def test_a_windows_job_blocks_a_queue_of_fargate_spot_alone(simulate):
    story = {"environments": [fargate("spot", type="FARGATE_SPOT")], "definitions": [sized(1, 2048, **WINDOWS)]}
    work = [task("w", kind="sized"), task("behind")]
    result = simulate(scenario(*work, **story, allow_unplaceable=True))
    assert (reasons(result), len(result.attempts)) == ([(0, "nothing_fits", "spot")], 0)
    with pytest.raises(batchsim.ScenarioError) as caught:
        batchsim.run(scenario(task("w", kind="sized"), **story), seed=1)
    (problem,) = caught.value.problems
    assert (problem.code, "Fargate Spot runs no Windows tasks" in problem.hint) == ("E132", True)


def test_windows_tasks_have_a_price_of_their_own_and_pay_for_the_licence(simulate):
    made = sized(1, 2048, **WINDOWS)
    result = simulate(scenario(task("w", "1h", kind="sized"), environments=[fargate()], definitions=[made]))
    assert column(result, "cost_usd")["w"] == pytest.approx(0.09148 + 0.046 + 2 * 0.01005)
    assert result.reprice(on_demand="-10%").jobs.cost_usd[0] == pytest.approx(0.9 * (0.13748 + 2 * 0.01005))


def test_where_the_price_of_windows_is_not_known_nobody_guesses(simulate):
    made, elsewhere = sized(1, 2048, **WINDOWS), {"region": "eu-central-1"}
    story = {"environments": [fargate()], "definitions": [made]}
    with pytest.raises(batchsim.ScenarioError, match="no price of Windows tasks in eu-central-1 is known"):
        batchsim.run(scenario(task("w", kind="sized"), **story, world=elsewhere), seed=1)
    result = simulate(scenario(task("w", kind="sized"), **story))
    with pytest.raises(batchsim.ScenarioError, match="no price of Windows tasks in eu-central-1 is known"):
        result.reprice(region="eu-central-1")
