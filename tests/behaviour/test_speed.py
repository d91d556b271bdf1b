"""Speed factors: how long work takes on types, families and architectures, and what does not depend on it."""

from __future__ import annotations

import pytest
from scenario_builder import (
    attempts_of,
    box,
    column,
    definition,
    environment,
    fails,
    fargate,
    fixed,
    job,
    queue,
    scenario,
    task,
)  # fmt: skip

from batchsim import ScenarioError
from batchsim.catalog import facts_for


def timed(simulate, speed, *work, **keys):
    return simulate(scenario(*(work or (job("a", "60s"),)), world={"speed": speed, **keys.pop("world", {})}, **keys))


@pytest.mark.parametrize(
    ("speed", "seconds"),
    [
        ({}, 60),
        ({"x86_64": 1.25}, 48),
        ({"box": 2}, 30),
        ({"box.1": 0.5, "box": 2, "x86_64": 4}, 120),
        ({"box": 2, "x86_64": 4}, 30),
        ({"arm64": 3, "m5.large": 7, "c7g": 9}, 60),
        ({"box.1": 0.7}, 85.714),
        ({"box.1": 1000}, 0.06),
    ],
)
def test_the_most_specific_speed_holds(speed, seconds, simulate):
    result = timed(simulate, speed)
    assert column(result, "last_running_s") == {"a": seconds}
    assert column(result, "work_s") == {"a": 60}


def test_a_millisecond_is_the_least(simulate):
    assert column(timed(simulate, {"box.1": 1000}, job("a", "1ms")), "last_running_s") == {"a": 0.001}


def test_each_instance_has_the_speed_of_its_type(simulate):
    both = [fixed(1, "slow", ("box.1",)), fixed(2, "fast", ("box.2",))]
    queues = [queue("queue", "slow"), queue("other", "fast")]
    work = job("a", "60s"), job("b", "60s", on="other")
    result = timed(simulate, {"box.2": 2}, *work, environments=both, queues=queues)
    assert column(result, "last_running_s") == {"a": 60, "b": 30}
    assert result.instances["speed"].tolist() == [1, 2]
    assert column(result, "speed", "attempts") == {"a": 1, "b": 2}


def test_fargate_goes_by_the_architecture_of_the_task(simulate):
    platform = {"runtimePlatform": {"cpuArchitecture": "ARM64"}}
    arm = definition("arm", 1, 2048, platformCapabilities=["FARGATE"], container=platform)
    work = task("a", "60s"), task("b", "60s", kind="arm")
    result = timed(simulate, {"arm64": 1.2}, *work, environments=[fargate()], definitions=[arm])
    assert column(result, "last_running_s") == {"a": 60, "b": 50}


def test_starts_pulls_checkpoints_and_restores_take_as_long_at_any_speed(simulate):
    slow = {"warm_start": "5s", "new_image": "7s"}
    saving = {"every": "20s", "cost": "2s", "restore": "3s"}
    result = timed(simulate, {"box.1": 2}, job("a", "60s", checkpoint=saving), world=slow)
    (only,) = attempts_of(result, "a")
    assert (only.running_at_s, only.ended_at_s) == (12, 12 + 30 + 2 * 2)
    assert (only.work_saved_s, only.kept_s, only.unkept_s) == (40, 20, 10)


def test_all_that_an_entry_says_of_its_run_is_work(simulate):
    """A script's steps, and the time after which a failure strikes, are at speed 1."""
    scripted = timed(simulate, {"box.1": 2}, job("a", fails(1, run="10s", then="20s"), attempts=2))
    assert [row.ended_at_s for row in attempts_of(scripted, "a")] == [5, 15]
    dying = {"fails": [{"probability": 1, "after": "10s"}]}
    assert timed(simulate, {"box.1": 2}, job("a", "60s", **dying)).attempts["ended_at_s"].tolist() == [5]


def test_a_timeout_counts_real_time(simulate):
    slow = timed(simulate, {"box.1": 0.5}, job("a", "60s", timeout_s=60))
    assert slow.attempts["outcome"].tolist() == ["timed_out"]
    assert timed(simulate, {"box.1": 2}, job("a", "100s", timeout_s=60)).attempts["outcome"].tolist() == ["succeeded"]


@pytest.mark.parametrize(
    ("speed", "code", "told"),
    [
        ({"c7gg": 1.2}, "E156", "Did you mean c7g"),
        ({"arm": 1.2}, "E156", "arm64"),
        ({"x86_64": 0}, "E142", "no work is ever done"),
        ({"x86_64": 1000.5}, "E142", "at most 1000"),
        ({"x86_64": 1.23456}, "E142", "Write 1.235"),
        ({"x86_64": "fast"}, "E142", "not a finite number"),
    ],
)
def test_speeds_that_cannot_be_are_refused(speed, code, told):
    with pytest.raises(ScenarioError) as caught:
        facts_for(scenario(job("a"), world={"speed": speed}))
    (problem,) = caught.value.problems
    assert problem.code == code
    assert told in str(problem)


def test_a_graviton_environment_runs_jobs_that_ask_for_arm64(simulate):
    arm = definition("arm", 2, 3000, container={"runtimePlatform": {"cpuArchitecture": "ARM64"}})
    graviton = environment("hosts", ("c7g",), maxvCpus=16)
    work = job("a", "60s", kind="arm", size=4)
    result = timed(simulate, {"c7g": 1.25}, work, environments=[graviton], definitions=[arm])
    assert set(result.jobs["state"]) == {"SUCCEEDED"}
    assert set(result.jobs["last_running_s"]) == {48}
    assert set(result.attempts["type"].str.partition(".")[0]) == {"c7g"}


def test_the_speed_of_a_type_of_one_s_own_is_its_family_s(simulate):
    own = {"instanceTypes": {"mine.big": box(1)}}
    result = timed(simulate, {"mine": 3}, job("a", "60s"), environments=[fixed(1, types=("mine.big",))], world=own)
    assert column(result, "last_running_s") == {"a": 20}
