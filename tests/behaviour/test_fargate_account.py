"""Fargate: the account's vCPU quota, Fargate Spot without capacity, and the end of tasks after 14 days.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html
"""

from __future__ import annotations

import pytest
from scenario_builder import (
    attempts_of,
    column,
    definition,
    environment,
    fails,
    fair,
    fargate,
    jobs_of,
    queue,
    reasons,
    scenario,
    starts,
    task,
)

import batchsim

MAINTENANCE = "ECS is performing maintenance on the underlying infrastructure hosting the task."
DAY = 86_400
RULES = [{"onStatusReason": "ECS is performing*", "action": "RETRY"}, {"onReason": "*", "action": "EXIT"}]


# -- quota


@pytest.mark.parametrize(
    ("quota", "at_once"), [("unlimited", 8), ("new_account", 6), (3, 3), ({"on_demand": 2}, 2), ({"spot": 2}, 8)]
)
def test_the_vcpus_of_all_tasks_stay_within_the_quota(quota, at_once, simulate):
    world = {"fargate_vcpu_quota": quota}
    result = simulate(scenario(task("a", "10s", size=8), environments=[fargate()], world=world))
    assert list(starts(result).values()) == [n // at_once * 10 for n in range(8)]


def test_the_quota_is_one_for_all_environments_and_another_for_spot(simulate):
    places = [fargate("one"), fargate("two"), fargate("spot", type="FARGATE_SPOT")]
    queues = [queue(name, name) for name in ("one", "two", "spot")]
    work = [task(name, "10s", on=name) for name in ("one", "two", "spot")]
    world = {"fargate_vcpu_quota": 1}
    result = simulate(scenario(*work, environments=places, queues=queues, world=world))
    assert starts(result) == {"one": 0, "two": 10, "spot": 0}
    assert reasons(result, "two") == [(0, "vcpu_quota", "two"), (10, "empty", "nan")]


def test_at_the_quota_the_queues_next_environment_takes_over(simulate):
    places = [fargate("spot", type="FARGATE_SPOT"), fargate("tasks")]
    world = {"fargate_vcpu_quota": {"spot": 2}}
    result = simulate(scenario(task("a", size=3), environments=places, world=world))
    assert column(result, "environment", "attempts") == {"a:0": "spot", "a:1": "spot", "a:2": "tasks"}


def test_quarter_vcpus_count_as_quarters(simulate):
    small = definition("small", 0.25, 512, platformCapabilities=["FARGATE"])
    work = task("a", "10s", size=5, kind="small")
    world = {"fargate_vcpu_quota": 1}
    result = simulate(scenario(work, environments=[fargate()], definitions=[small], world=world))
    assert list(starts(result).values()) == [0, 0, 0, 0, 10]


def test_a_task_larger_than_the_quota_can_never_run():
    large = definition("large", 8, 16_384, platformCapabilities=["FARGATE"])
    story = scenario(
        task("a", kind="large"), environments=[fargate()], definitions=[large], world={"fargate_vcpu_quota": 6}
    )
    with pytest.raises(batchsim.ScenarioError) as caught:
        batchsim.run(story, seed=1)
    (problem,) = caught.value.problems
    assert problem.code == "E132"
    assert problem.hint.startswith("world.fargate_vcpu_quota is 6 vCPU. ")


def test_where_it_is_allowed_such_a_task_waits_for_ever(simulate):
    large = definition("large", 8, 16_384, platformCapabilities=["FARGATE"])
    world = {"fargate_vcpu_quota": 6}
    work = task("a", kind="large")
    result = simulate(
        scenario(work, environments=[fargate()], definitions=[large], world=world, allow_unplaceable=True)
    )
    assert (jobs_of(result)["a"].state, reasons(result)) == ("RUNNABLE", [(0, "vcpu_quota", "tasks")])


@pytest.mark.parametrize(
    ("quota", "code"), [(0, "E114"), (-1, "E114"), (0.5, "E114"), ("new", "E113"), ({"spott": 1}, "E106")]
)
def test_a_quota_is_a_number_of_vcpus_a_word_or_one_for_each_purchase_option(quota, code):
    with pytest.raises(batchsim.ScenarioError) as caught:
        scenario(task("a"), environments=[fargate()], world={"fargate_vcpu_quota": quota})
    assert [problem.code for problem in caught.value.problems] == [code]


# -- Fargate Spot without capacity

OUTAGE = {"fargate_spot_outages": [{"from": "0s", "for": "2m"}]}


def test_fargate_spot_has_no_fall_back_of_its_own(simulate):
    spot = fargate("spot", type="FARGATE_SPOT")
    result = simulate(scenario(task("a"), environments=[spot], world={**OUTAGE, "ce_backoff": "90s"}))
    assert starts(result) == {"a": 180}
    assert reasons(result) == [(0, "capacity_error", "spot"), (180, "empty", "nan")]


def test_the_fall_back_is_the_queues_next_environment_and_lasts_as_long_as_the_back_off(simulate):
    places = [fargate("spot", type="FARGATE_SPOT"), fargate("tasks")]
    work = [task(name, at=at) for name, at in (("a", "10s"), ("b", "2m30s"), ("c", "3m10s"))]
    result = simulate(scenario(*work, environments=places, world={**OUTAGE, "ce_backoff": "3m"}))
    assert column(result, "environment", "attempts") == {"a": "tasks", "b": "tasks", "c": "spot"}


@pytest.mark.parametrize("past", [{"head_of_line": "skip"}, {"hol_scope": "ce"}, {"backfill": "aggressive"}])
def test_whoever_may_pass_a_head_falls_back_as_well(past, simulate):
    places = [fargate("spot", type="FARGATE_SPOT"), fargate("tasks")]
    result = simulate(scenario(task("a", at="40s"), environments=places, world={**OUTAGE, **past}))
    assert (starts(result), column(result, "environment", "attempts")) == ({"a": 40}, {"a": "tasks"})


def test_a_share_falls_back_as_well_where_each_has_a_head_of_its_own(simulate):
    places, shares = [fargate("spot", type="FARGATE_SPOT"), fargate("tasks")], fair()
    shares["queues"] = [queue("queue", "spot", "tasks", schedulingPolicyArn="fair")]
    work = [task(name, share=name, at="40s") for name in ("a", "b")]
    result = simulate(scenario(*work, environments=places, world={**OUTAGE, "fss_hol": "per_share"}, **shares))
    assert (starts(result), set(result.attempts.environment)) == ({"a": 40, "b": 40}, {"tasks"})


def test_who_waits_for_the_launch_rate_keeps_his_part_of_the_accounts_quota(simulate):
    places = [fargate(name, type="FARGATE_SPOT", maxvCpus=2) for name in ("one", "two")] + [fargate("other")]
    world = {"head_of_line": "skip", "fargate_vcpu_quota": {"spot": 2}, "fargate_burst": 1, "fargate_rate": "1/min"}
    result = simulate(scenario(*(task(name, "10m") for name in "abc"), environments=places, world=world))
    assert column(result, "environment", "attempts") == {"a": "one", "b": "one", "c": "other"}
    assert starts(result) == {"a": 0, "b": 60, "c": 0}


@pytest.mark.parametrize("large", [1, 2])
def test_who_waits_for_the_launch_rate_in_the_last_environment_keeps_his_part_of_the_quota_too(large, simulate):
    sizes = [definition(f"of{n}", n, 8192 if n > 1 else 2048, platformCapabilities=["FARGATE"]) for n in (1, 2, 4)]
    places = [fargate("spot", type="FARGATE_SPOT", maxvCpus=3), fargate("od"), fargate("last", type="FARGATE_SPOT")]
    world = {"head_of_line": "skip", "fargate_vcpu_quota": {"spot": 1 + 4 * large, "on_demand": 2}, "fargate_burst": 1}
    kinds = ["of1", *["of4"] * large, "of2"]
    work = [task(f"job{n}", "10m", kind=kind) for n, kind in enumerate(kinds)]
    result = simulate(scenario(*work, environments=places, definitions=sizes, world={**world, "fargate_rate": "1/min"}))
    found = column(result, "environment", "attempts")
    assert [found[f"job{n}"] for n in range(len(kinds))] == ["spot", *["last"] * large, "od"]
    assert starts(result)[f"job{large + 1}"] == 0


def test_without_a_back_off_tasks_start_when_the_outage_ends(simulate):
    spot = fargate("spot", type="FARGATE_SPOT")
    result = simulate(scenario(task("a", at="30s"), environments=[spot], world={**OUTAGE, "ce_backoff": "0s"}))
    assert starts(result) == {"a": 120}


def test_an_outage_touches_neither_tasks_that_run_nor_fargate_itself(simulate):
    places = [fargate("spot", type="FARGATE_SPOT"), fargate("tasks")]
    queues = [queue("one", "spot"), queue("two", "tasks")]
    work = [task("early", "10m", on="one"), task("a", on="two", at="2m")]
    outage = {"fargate_spot_outages": [{"from": "1m", "for": "5m"}]}
    result = simulate(scenario(*work, environments=places, queues=queues, world=outage))
    assert (starts(result), result.attempts.outcome.tolist()) == ({"early": 0, "a": 120}, ["succeeded"] * 2)


# -- 14 days


def test_a_task_is_ended_after_fourteen_days_and_retried_as_one_whose_host_failed(simulate):
    result = simulate(scenario(task("a", "20d", attempts=2, rules=RULES), environments=[fargate()]))
    first, second = attempts_of(result, "a")
    assert (first.ended_at_s, first.outcome, first.exit_code) == (14 * DAY, "failed", 137)
    assert (first.status_reason, second.ended_at_s) == (MAINTENANCE, 28 * DAY)
    assert (jobs_of(result)["a"].state, jobs_of(result)["a"].reason) == ("FAILED", MAINTENANCE)


@pytest.mark.parametrize(("days", "ends_at_d"), [(14, 14), (2, 2), (0, 20), ("none", 20)])
def test_the_limit_is_a_number_of_days_or_none(days, ends_at_d, simulate):
    world = {"fargate_max_days": days}
    result = simulate(scenario(task("a", "20d"), environments=[fargate()], world=world))
    assert jobs_of(result)["a"].ended_at_s == ends_at_d * DAY


def test_a_task_that_is_being_stopped_already_has_its_time_to_stop(simulate):
    days = {"fargate_max_days": 1, "stop_timeout": "30s", "stopped_when": "exit"}
    actions = [{"at": f"{DAY - 10}s", "terminate": "a"}]
    result = simulate(scenario(task("a", "2d"), environments=[fargate()], world=days, actions=actions))
    (only,) = attempts_of(result, "a")
    assert (str(only.outcome), only.ended_at_s) == ("terminated", DAY + 20)


def test_the_days_count_from_running_and_a_timeout_before_them_wins(simulate):
    stages = {"fargate_provision": "30s", "new_image": "8s", "fargate_max_days": 1}
    work = [task("a", "2d"), task("b", "2d", timeout_s=DAY - 60), task("c", "1d"), task("d", "2d", timeout_s=2 * DAY)]
    result = simulate(scenario(*work, environments=[fargate()], world=stages))
    assert [row.outcome for row in result.attempts.itertuples()] == ["failed", "timed_out", "succeeded", "failed"]
    assert jobs_of(result)["a"].ended_at_s == 38 + DAY


def test_instances_have_no_such_limit(simulate):
    result = simulate(scenario(task("a", "20d", kind="job"), environments=[environment()]))
    assert jobs_of(result)["a"].state == "SUCCEEDED"


def test_work_that_a_checkpoint_saved_outlives_the_fourteen_days(simulate):
    saving = {"every": "1d", "cost": "0s", "restore": "0s"}
    work = task("a", "20d", attempts=2, checkpoint=saving)
    result = simulate(scenario(work, environments=[fargate()]))
    assert (jobs_of(result)["a"].state, jobs_of(result)["a"].ended_at_s) == ("SUCCEEDED", 20 * DAY)


def test_a_failed_task_starts_anew_and_pulls_anew(simulate):
    result = simulate(scenario(task("a", fails(1), attempts=2), environments=[fargate()], world={"new_image": "8s"}))
    assert [row.pulled_at_s - row.pull_at_s for row in attempts_of(result, "a")] == [8, 8]
