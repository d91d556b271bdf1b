"""Jobs that can never run are found before the run, with the largest type and what is short; or wait, where allowed.

https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable_misconfiguration.html
https://docs.aws.amazon.com/batch/latest/userguide/memory-management.html
"""

from __future__ import annotations

from pathlib import Path

import pytest
from scenario_builder import box, definition, environment, fargate, job, queue, scenario, starts, task

import batchsim
from batchsim import ScenarioError

GPU = {"instanceTypes": {"box.g": box(4, gpu=1)}}


def refused(*work, **keys):
    """The one problem of a scenario whose job can never run; where it is allowed, the job waits."""
    with pytest.raises(ScenarioError) as told:
        batchsim.run(scenario(*work, **keys), seed=1)
    (problem,) = told.value.problems
    assert problem.code == "E132"
    result = batchsim.run(scenario(*work, **keys, allow_unplaceable=True), seed=1)
    assert result.summary()["jobs"]["stuck"] == len(result.jobs)
    return str(problem)


def asking_for_gpus(count):
    needs = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}, {"type": "GPU", "value": str(count)}]
    return definition("gpus", container={"resourceRequirements": needs})


def test_more_memory_than_the_largest_type_leaves_is_named_with_the_shortfall():
    world = {"instanceTypes": {"box.m": box(2, memory="8GiB", usable_memory="7647MiB")}}
    told = refused(job("a", memory=8192), environments=[environment(types=["box.1", "box.m"])], world=world)
    assert "the largest memory is box.m's: 7647 of 8192 MiB usable, 545 MiB short" in told


def test_more_vcpus_than_any_type_are_named_with_the_shortfall():
    told = refused(job("a", vcpus=16), environments=[environment(types=["box.2", "box.8"], maxvCpus=64)])
    assert "the most vCPUs are box.8's: 8, 8 vCPU short" in told
    assert "the largest type is box.8: 8 vCPU, 32768 MiB usable" in told


def test_more_than_maxvcpus_is_named_with_the_shortfall():
    told = refused(job("a", vcpus=8), environments=[environment(types=["box.8"])])
    assert "maxvCpus is 4 at most, 4 vCPU short" in told


@pytest.mark.parametrize(
    ("types", "count", "words"),
    [(["box.g"], 2, "the most GPUs are box.g's: 1, 1 short"), (["box.4"], 1, "the most GPUs of a type are 0, 1 short")],
)
def test_more_gpus_than_any_type_has_are_named(types, count, words):
    places = [environment(types=types)]
    keys = {"environments": places, "definitions": [asking_for_gpus(count)], "world": GPU}
    assert words in refused(job("a", kind="gpus"), **keys)


def test_an_architecture_that_no_type_has_is_named():
    arm = definition("arm", container={"runtimePlatform": {"cpuArchitecture": "ARM64"}})
    assert "no type is arm64" in refused(job("a", kind="arm"), definitions=[arm])


def test_what_no_one_type_has_together_is_told_by_the_largest():
    world = {
        "instanceTypes": {"box.w": box(8, usable_memory="4GiB"), "box.d": box(1, memory="32GiB", usable_memory="32GiB")}
    }
    told = refused(
        job("a", vcpus=8, memory=16384), environments=[environment(types=["box.w", "box.d"], maxvCpus=8)], world=world
    )
    assert "the largest type is box.w: 8 vCPU, 4096 MiB usable" in told


def test_a_task_above_fargates_maxvcpus_is_named():
    big = definition("big", 4, 8192, platformCapabilities=["FARGATE"])
    told = refused(task("a", kind="big"), environments=[fargate(maxvCpus=2)], definitions=[big])
    assert "maxvCpus is 2 at most, 2 vCPU short" in told


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (environment(state="DISABLED"), "hosts is DISABLED, and no action enables it"),
        ({**environment(), "status": "INVALID"}, "hosts is INVALID"),
    ],
)
def test_environments_that_are_shut_for_good_are_named(place, words):
    assert words in refused(job("a"), environments=[place])


def test_a_quota_below_the_smallest_fitting_instance_is_named():
    world = {"ec2_vcpu_quota": {"on_demand": {"standard": 2}}}
    told = refused(job("a", vcpus=4), environments=[environment(types=["box.1", "box.4"])], world=world)
    assert "world.ec2_vcpu_quota for On-Demand standard is 2" in told


def test_a_bid_that_no_price_is_ever_below_is_named():
    spot = environment(types=["box.2"], type="SPOT", bidPercentage=20)
    assert "Spot prices are not below 20 % of On-Demand" in refused(job("a"), environments=[spot])


def test_one_environment_that_may_serve_it_is_enough(simulate):
    places = [environment("shut", state="DISABLED"), environment("small"), environment("large", types=["box.4"])]
    assert starts(simulate(scenario(job("a", vcpus=4), environments=places))) == {"a": 0}


def test_each_entry_is_told_of_at_its_place_in_the_file():
    work = [job("good"), job("wide", vcpus=8), job("many", vcpus=8, size=3)]
    with pytest.raises(ScenarioError) as told:
        batchsim.run(scenario(*work, environments=[environment(types=["box.4"])]), seed=1)
    assert [problem.path for problem in told.value.problems] == [("workload", 1, "submit"), ("workload", 2, "submit")]


def test_the_revision_and_the_overrides_of_a_call_count(simulate):
    revisions = [definition("work", 8, 1024, revision=1), definition("work", 1, 1024, revision=2)]
    place = [environment(types=["box.4"])]
    assert starts(simulate(scenario(job("a", kind="work"), definitions=revisions, environments=place))) == {"a": 0}
    old = job("a", kind="work:1")
    assert "maxvCpus is 4 at most" in refused(old, definitions=revisions, environments=place)
    smaller = job("a", kind="work:1", vcpus=2)
    assert starts(simulate(scenario(smaller, definitions=revisions, environments=place))) == {"a": 0}


# -- what the scenario itself changes later


@pytest.mark.parametrize(
    ("place", "change"),
    [
        (environment(types=["box.8"]), {"at": "2h", "set": "hosts.maxvCpus", "to": 8}),
        (
            environment(types=["box.8"], maxvCpus=8, state="DISABLED"),
            {"at": "2h", "set": "hosts.state", "to": "ENABLED"},
        ),
    ],
)
def test_a_timed_action_that_helps_later_is_counted_and_waited_for(simulate, place, change):
    result = simulate(scenario(job("a", vcpus=8), environments=[place], actions=[change]))
    assert starts(result) == {"a": 7200}


def test_an_action_behind_the_end_of_the_run_does_not_help():
    late = [{"at": "2h", "set": "hosts.maxvCpus", "to": 8}]
    keys = {"environments": [environment(types=["box.8"])], "actions": late, "simulation": {"until": "2h"}}
    assert "maxvCpus is 4 at most" in refused(job("a", vcpus=8), **keys)


def test_what_a_caller_changed_counts_for_the_calls_that_follow(drive):
    simulation = drive(scenario(job("a"), environments=[environment(types=["box.1", "box.8"])]))
    big = {"resourceRequirements": [{"type": "VCPU", "value": "8"}]}
    call = {"jobName": "big", "jobQueue": "queue", "jobDefinition": "job", "containerOverrides": big}
    with pytest.raises(ScenarioError, match="E132"):
        simulation.submit(call)
    simulation.update("hosts.maxvCpus", 8)
    assert simulation.submit(call)


# -- where it is allowed


def test_a_family_without_the_zone_names_the_type_that_would_hold_it():
    world = {"zones": {"subnet-a": "us-east-1e"}}
    keys = {"environments": [environment(types=["m7i.large", "box.1"])], "world": world}
    with pytest.raises(ScenarioError, match="E158"):
        batchsim.run(scenario(job("a", vcpus=2), **keys), seed=1)


def test_the_jobs_behind_a_stuck_head_are_stuck_with_it_and_those_of_other_queues_are_not(simulate):
    queues = [queue(), queue("other")]
    work = [job("giant", vcpus=8), job("small", count=3), job("side", on="other")]
    result = simulate(
        scenario(*work, environments=[environment(types=["box.1", "box.8"])], queues=queues, allow_unplaceable=True)
    )
    assert result.summary()["stuck"]["jobs"] == 4
    assert starts(result) == {"side": 0}


def test_the_command_says_so_and_exits_with_2(tmp_path: Path):
    from typer.testing import CliRunner

    from batchsim.cli.app import app

    file = tmp_path / "night.yaml"
    file.write_text(batchsim.dump(scenario(job("a", vcpus=8), environments=[environment(types=["box.8"])])))
    done = CliRunner().invoke(app, ["validate", str(file)])
    assert (done.exit_code, "E132" in done.output) == (2, True)
