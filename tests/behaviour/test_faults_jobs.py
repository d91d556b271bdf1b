"""Faults that strike containers and their images: bad exits, poison jobs, a registry that does not deliver.

https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html
"""

from __future__ import annotations

from math import sqrt

import pytest
from effort import effort
from fault_stories import fault, on_demand, struck
from scenario_builder import (
    attempts_of,
    column,
    ends,
    environment,
    fails,
    fargate,
    fixed,
    job,
    jobs_of,
    queue,
    scenario,
    task,
)

PULL = {"new_image": "20s"}


def wide(most=1000):
    return environment("hosts", ("box.16",), maxvCpus=most, allocationStrategy="BEST_FIT_PROGRESSIVE")


# -- exit_code


@pytest.mark.parametrize(("q", "attempts"), [(0.3, 1), (0.3, 3), (0.1, 5)])
def test_jobs_succeed_as_often_as_theory_says(q, attempts, simulate, cases):
    """Of jobs with n attempts that fail with probability q each, 1 - q**n succeed, after (1 - q**n) / (1 - q) tries."""
    jobs = effort(fast=1000, verify=50_000, long=200_000)
    bad = [fault("exit_code", select={"job": "a"}, code=137, probability=q)]
    many = job("a", "10s", size=1000, count=jobs // 1000, attempts=attempts)
    result = simulate(scenario(many, environments=[wide()], faults=bad))
    exact, mean = 1 - q**attempts, (1 - q**attempts) / (1 - q)
    won = (result.jobs["state"] == "SUCCEEDED").mean()
    assert abs(won - exact) <= 3.5 * sqrt(exact * (1 - exact) / jobs)
    assert abs(result.jobs["attempts"].mean() - mean) <= 3.5 * result.jobs["attempts"].std() / sqrt(jobs) + 1e-9
    cases(jobs)


def test_a_bad_exit_comes_at_the_end_of_the_work_and_rules_see_its_code(simulate):
    bad = [fault("exit_code", code=137, probability=1)]
    given_up = [{"action": "EXIT", "onExitCode": "137"}]
    result = simulate(scenario(job("a", "30s", attempts=5, rules=given_up), environments=[on_demand()], faults=bad))
    (only,) = attempts_of(result, "a")
    assert (only.ended_at_s, only.exit_code, str(only.outcome)) == (30, 137, "failed")
    assert struck(result, "exit_forced") == [(30, "faults[0]")]


def test_an_attempt_that_fails_by_itself_keeps_its_own_code(simulate):
    bad = [fault("exit_code", code=137, probability=1)]
    failing = job("a", "30s", fails=[{"probability": 1, "exit_code": 3}])
    result = simulate(scenario(failing, environments=[on_demand()], faults=bad))
    assert attempts_of(result, "a")[0].exit_code == 3
    assert not len(result.faults)


@pytest.mark.parametrize(
    ("select", "hit"),
    [
        ({"job": "a*"}, {"align", "array:0", "array:1"}),
        ({"job": "array:1"}, {"array:1"}),
        ({"job": "*:0"}, {"array:0"}),
        ({"job": "many@1"}, {"many@1"}),
        ({"definition": "other*"}, {"b"}),
        ({"definition": "other:1"}, {"b"}),
        ({"queue": "second"}, {"b"}),
        ({"queue": "queue", "job": "b"}, set()),
    ],
)
def test_a_fault_strikes_the_jobs_that_it_selects(select, hit, simulate):
    from scenario_builder import definition

    story = [job("align"), job("array", size=2), job("many", count=2), job("b", on="second", kind="other")]
    queues = [queue(), queue("second")]
    bad = [fault("exit_code", code=7, probability=1, select=select)]
    keys = {"environments": [on_demand()], "queues": queues, "definitions": [definition("other")]}
    result = simulate(scenario(*story, faults=bad, **keys))
    assert set(result.attempts[result.attempts["exit_code"] == 7]["job_id"]) == hit


def test_an_attempt_is_struck_when_it_starts_in_the_window(simulate):
    bad = [fault("exit_code", "10s", "10s", code=7, probability=1)]
    story = [job("early", "20s", at="9s"), job("in", "20s", at="10s"), job("late", "20s", at="20s")]
    result = simulate(scenario(*story, environments=[on_demand()], faults=bad))
    assert column(result, "state") == {"early": "SUCCEEDED", "in": "FAILED", "late": "SUCCEEDED"}


def test_what_is_lost_before_the_bad_exit_is_not_the_bad_exits(simulate):
    both = [fault("exit_code", code=7, probability=1),
            fault("instance_failure", "5s", select={"environment": "hosts", "ordinal": 0})]  # fmt: skip
    result = simulate(scenario(job("a", "30s"), environments=[on_demand()], faults=both))
    assert [str(row.effect) for row in result.faults.itertuples()] == ["instance_lost"]
    assert result.faults["attempts_lost"].tolist() == [1]


# -- poison_job


@pytest.mark.parametrize("attempts", [1, 3, 10])
def test_a_poison_job_uses_up_its_attempts_exactly(attempts, simulate):
    poison = [fault("poison_job", select={"job": "array:1"}, fail_after="10s", code=9)]
    result = simulate(
        scenario(job("array", "60s", size=3, attempts=attempts), environments=[on_demand()], faults=poison)
    )
    assert column(result, "attempts") == {"array:0": 1, "array:1": attempts, "array:2": 1}
    assert jobs_of(result)["array:1"].state == "FAILED"
    (line,) = result.summary()["faults"]
    assert (line["attempts_lost"], line["wasted_s"]) == (attempts, 10 * attempts), "all that it ran was wasted"


def test_a_poison_job_delays_the_others(simulate):
    poison = [fault("poison_job", select={"job": "bad"}, fail_after="50s")]
    story = [job("bad", "60s", attempts=10), job("good", "10s", at="1s")]
    calm, hit = (simulate(scenario(*story, environments=[fixed()], faults=each)) for each in ([], poison))
    assert (ends(calm)["good"], ends(hit)["good"]) == (70, 510)


def test_work_that_is_shorter_fails_at_its_end(simulate):
    poison = [fault("poison_job", select={"job": "a"}, fail_after="10m")]
    result = simulate(scenario(job("a", "20s"), environments=[on_demand()], faults=poison))
    assert (attempts_of(result, "a")[0].ended_at_s, attempts_of(result, "a")[0].exit_code) == (20, 1)


def test_a_poison_job_with_checkpoints_never_gets_anywhere(simulate):
    poison = [fault("poison_job", select={"job": "a"}, fail_after="25s")]
    saving = job("a", "60s", attempts=3, checkpoint={"every": "10s", "cost": "1s", "restore": "1s"})
    result = simulate(scenario(saving, environments=[on_demand()], faults=poison))
    assert jobs_of(result)["a"].attempts == 3
    assert jobs_of(result)["a"].state == "FAILED"


# -- image_pull


def test_all_that_wait_for_a_pull_fail_with_it_and_the_next_pulls_anew(simulate):
    down = [fault("image_pull", lasts="30s", probability=1)]
    story = scenario(
        job("a", "1m", size=2, attempts=3), environments=[on_demand(types=("box.2",))], faults=down, world=PULL
    )
    result = simulate(story)
    tries = attempts_of(result, "a:0")
    assert [(str(each.outcome), each.starting_at_s, each.ended_at_s) for each in tries] == [
        ("start_failed", 0, 20), ("start_failed", 20, 40), ("succeeded", 40, 120)
    ]  # fmt: skip
    assert tries[0].reason.startswith("CannotPullContainerError")
    assert str(tries[0].status_reason) == "Task failed to start"
    assert len(struck(result, "pull_failed")) == 4


def test_room_is_held_during_the_pull_and_free_after_it(simulate):
    down = [fault("image_pull", lasts="1s", probability=1)]
    story = [job("a", "1m"), job("b", "1m", at="1s")]
    result = simulate(scenario(*story, environments=[fixed()], faults=down, world=PULL))
    assert attempts_of(result, "b")[0].starting_at_s == 20


@pytest.mark.parametrize(("counts", "tries"), [(True, 2), (False, 4)])
def test_whether_failed_pulls_burn_attempts_is_the_worlds_to_say(counts, tries, simulate):
    down = [fault("image_pull", lasts="50s", probability=1)]
    world = {**PULL, "count_start_failures": counts}
    result = simulate(scenario(job("a", "1m", attempts=2), environments=[on_demand()], faults=down, world=world))
    assert len(attempts_of(result, "a")) == tries


def test_an_image_that_is_there_is_not_pulled(simulate):
    down = [fault("image_pull", "30s", probability=1)]
    story = [job("a", "1m"), job("b", "10s", at="40s")]
    result = simulate(scenario(*story, environments=[on_demand(types=("box.2",))], faults=down, world=PULL))
    assert column(result, "state") == {"a": "SUCCEEDED", "b": "SUCCEEDED"}


def test_pulls_take_longer_while_the_registry_is_slow(simulate):
    slow = [fault("image_pull", lasts="30s", extra_delay="45s"), fault("image_pull", lasts="30s", extra_delay="5s")]
    result = simulate(scenario(job("a", "1m", size=2), environments=[on_demand()], faults=slow, world=PULL))
    assert set(column(result, "image_pull_s").values()) == {70}
    assert len(struck(result, "pull_delayed")) == 4, "two hosts, two faults"


def test_an_image_is_struck_by_its_name_and_place(simulate):
    from scenario_builder import definition

    down = [fault("image_pull", probability=1, select={"image": "other*", "environment": "hosts"})]
    keys = {"environments": [on_demand()], "definitions": [definition("other")]}
    result = simulate(scenario(job("a"), job("b", kind="other"), faults=down, world=PULL, **keys))
    assert column(result, "state") == {"a": "SUCCEEDED", "b": "FAILED"}


def test_on_fargate_each_task_pulls_for_itself(simulate):
    down = [fault("image_pull", probability=0.5, extra_delay="10s")]
    result = simulate(scenario(task("a", "1m", size=200), environments=[fargate()], faults=down, world=PULL))
    failed = (result.jobs["state"] == "FAILED").sum()
    assert 70 < failed < 130
    assert set(result.jobs["image_pull_s"]) == {30}
    assert len(struck(result, "pull_failed")) == failed


def test_a_script_may_end_in_the_code_of_a_fault(simulate):
    bad = fault("exit_code", code=75, probability=1, select={"job": "a"})
    result = simulate(scenario(job("a", fails(3), attempts=3), faults=[bad]))
    assert [each.exit_code for each in attempts_of(result, "a")] == [3, 75, 75]
