"""Heads that block their queue: the seven reasons, when they are told, the event, and what counts as merely waiting.

https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html
https://docs.aws.amazon.com/batch/latest/userguide/batch-job-queue-blocked-events.html
"""

from __future__ import annotations

import json

import pytest
from scenario_builder import box, column, definition, environment, fargate, fixed, job, queue, scenario, starts, task

from batchsim.formats.events_jsonl import events

TEN_MINUTES = {"block_detect": "10m"}
NO_SPOT = {**TEN_MINUTES, "spot_depth": 0, "ce_backoff": "100s"}


def told(result):
    """Each head that was told of: (job, code, head since, told at)."""
    rows = result.blocked.itertuples()
    return [(row.job_id, str(row.reason), row.head_at_s, row.at_s) for row in rows]


def blocked(*work, places=None, world=TEN_MINUTES, **keys):
    """A scenario in which a job may never start."""
    return scenario(*work, environments=places or [environment()], world=world, allow_unplaceable=True, **keys)


def only_reason(result):
    """The statusReason of the one head that was told of, which its job still has."""
    assert len(result.blocked) == 1
    reason = str(result.blocked["status_reason"][0])
    assert column(result, "reason")[result.blocked["job_id"][0]] == reason
    return reason


# -- the seven reasons


def test_a_job_that_no_type_holds_has_a_resource_requirement_that_cannot_be_met(simulate):
    result = simulate(blocked(job("giant", vcpus=2)))
    assert only_reason(result) == (
        "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement (vCPU/memory/GPU) is higher than"
        " that can be met by the CE(s) attached to the job queue."
    )


def test_what_no_type_holds_is_not_told_of_while_its_environment_turns_invalid_and_back(simulate):
    """Each change is of the reason, and counts anew: 8 minutes of the one, 4 of the other, 5 of the first again."""
    flips = [
        {"at": at, "set": "computeEnvironments.hosts.status", "to": to}
        for at, to in (("8m", "INVALID"), ("12m", "VALID"))
    ]
    for until, heads in (("17m", []), ("23m", [(12 * 60, 22 * 60)])):
        result = simulate(blocked(job("giant", vcpus=2), actions=flips, simulation={"until": until}))
        assert [(since_s, told_s) for _, _, since_s, told_s in told(result)] == heads


def test_a_job_above_every_maxvcpus_cannot_have_its_cpus(simulate):
    result = simulate(blocked(job("wide", vcpus=8), places=[environment(types=["box.8"])]))
    assert only_reason(result) == (
        "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job queue cannot meet the CPU"
        " requirement of the job."
    )


def test_want_of_capacity_names_the_type_that_was_asked_for_first(simulate):
    spot = environment(types=["box.2", "box.4"], type="SPOT", allocationStrategy="SPOT_CAPACITY_OPTIMIZED")
    result = simulate(blocked(job("a"), places=[spot], world=NO_SPOT, simulation={"until": "20m"}))
    assert only_reason(result) == (
        "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested for instance type"
        " [box.2]"
    )


def test_a_type_that_is_not_sold_in_the_zones_is_an_unsupported_configuration(simulate):
    world = {**TEN_MINUTES, "zones": {"subnet-a": "us-east-1e"}}
    result = simulate(blocked(job("a"), places=[environment(types=["m7i.large"])], world=world))
    assert only_reason(result) == (
        "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED - Your compute environment associated with this job"
        " queue has an unsupported instance type configuration."
    )


def test_an_invalid_environment_asks_for_action(simulate):
    result = simulate(blocked(job("a"), places=[{**environment(), "status": "INVALID"}]))
    assert only_reason(result) == "ACTION_REQUIRED - CE(s) associated with the job queue are invalid."


def test_an_invalid_environment_whose_own_reason_is_its_role_tells_so(simulate):
    why = "CLIENT_ERROR - Not authorized to perform sts:AssumeRole"
    result = simulate(blocked(job("a"), places=[{**environment(), "status": "INVALID", "statusReason": why}]))
    assert only_reason(result) == (
        "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS \N{EN DASH} Batch service role has a permission issue."
    )


@pytest.mark.parametrize("place", [environment(types=["box.2"], state="DISABLED"), fixed(2, types=["box.1", "box.2"])])
def test_what_no_reason_of_awss_covers_is_undetermined(simulate, place):
    in_ones = {**TEN_MINUTES, "prefer_size": "smallest"}  # what minvCpus keeps warm has no room for two vCPUs
    result = simulate(blocked(job("a", vcpus=2), places=[place], world=in_ones, simulation={"until": "20m"}))
    assert only_reason(result) == "UNDETERMINED - Batch job is blocked, root cause is undetermined."


def test_a_vcpu_quota_without_room_for_the_job_has_no_reason_of_its_own(simulate):
    none_left = {**TEN_MINUTES, "ec2_vcpu_quota": {"on_demand": {"standard": 1}}}
    result = simulate(blocked(job("a", vcpus=2), places=[environment(types=["box.2"])], world=none_left))
    assert only_reason(result) == "UNDETERMINED - Batch job is blocked, root cause is undetermined."


def test_what_is_kept_warm_in_the_wrong_size_blocks_the_head_whoever_runs_on_it(simulate):
    queues, in_ones = [queue(), queue("small")], {**TEN_MINUTES, "prefer_size": "smallest"}
    work = [job("wide", vcpus=2), job("busy", "1h", on="small")]
    result = simulate(blocked(*work, places=[fixed(2, types=["box.1", "box.2"])], queues=queues, world=in_ones))
    assert told(result) == [("wide", "UNDETERMINED", 0, 600)]


def test_idle_instances_of_the_wrong_size_that_may_go_block_nothing(simulate):
    in_ones = {**TEN_MINUTES, "prefer_size": "smallest", "scale_down_idle": "20m"}
    place = environment(types=["box.1", "box.2"], maxvCpus=2, desiredvCpus=2)
    result = simulate(blocked(job("wide", vcpus=2), places=[place], world=in_ones))
    assert (told(result), starts(result)) == ([], {"wide": 1200})


def test_waiting_for_what_others_hold_of_a_quota_blocks_nothing(simulate):
    tight = {**TEN_MINUTES, "ec2_vcpu_quota": {"on_demand": {"standard": 2}}}
    places, queues = (
        [environment("east"), environment("west", types=["box.2"])],
        [queue("e", "east"), queue("w", "west")],
    )
    work = [job("long", "30m", on="e"), job("next", vcpus=2, at="1s", on="w")]
    result = simulate(blocked(*work, places=places, queues=queues, world=tight))
    assert (told(result), starts(result)["next"]) == ([], 1800)


def test_a_price_above_the_bid_has_no_reason_of_its_own(simulate):
    spot = environment(types=["box.2"], type="SPOT", bidPercentage=20)
    result = simulate(blocked(job("a"), places=[spot], simulation={"until": "20m"}))
    assert only_reason(result) == "UNDETERMINED - Batch job is blocked, root cause is undetermined."


# -- all environments of the queue


def test_a_head_that_merely_waits_in_one_environment_is_not_blocked(simulate):
    places = [environment("small"), fixed(2, "busy", types=["box.2"])]
    result = simulate(blocked(job("long", "1h", vcpus=2), job("next", vcpus=2), places=places))
    assert (told(result), starts(result)["next"]) == ([], 3600)


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (environment("second", types=["box.8"]), "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"),
        (environment("second", types=["box.8"], state="DISABLED", maxvCpus=8), "UNDETERMINED"),
        ({**environment("second", types=["box.8"], maxvCpus=8), "status": "INVALID"}, "UNDETERMINED"),
        (
            environment("second", types=["box.8"], type="SPOT", maxvCpus=8),
            "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
        ),
    ],
)
def test_of_different_causes_the_one_that_covers_all_is_told(simulate, second, code):
    places = [environment("first"), second]
    result = simulate(blocked(job("a", vcpus=8), places=places, world=NO_SPOT, simulation={"until": "15m"}))
    assert set(result.blocked["reason"]) == {code}


def test_on_fargate_a_task_above_maxvcpus_cannot_have_its_cpus(simulate):
    big = definition("big", 4, 8192, platformCapabilities=["FARGATE"])
    result = simulate(blocked(task("a", kind="big"), places=[fargate(maxvCpus=2)], definitions=[big]))
    assert told(result) == [("a", "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE", 0, 600)]


def test_on_fargate_a_task_above_the_accounts_quota_is_blocked_for_ever(simulate):
    big = definition("big", 4, 8192, platformCapabilities=["FARGATE"])
    world = {**TEN_MINUTES, "fargate_vcpu_quota": 2}
    result = simulate(blocked(task("a", kind="big"), places=[fargate()], definitions=[big], world=world))
    assert told(result) == [("a", "UNDETERMINED", 0, 600)]


def test_where_fargate_spot_has_no_capacity_there_is_no_type_to_name(simulate):
    world = {**TEN_MINUTES, "fargate_spot_outages": [{"from": "0s", "for": "2h"}]}
    result = simulate(
        blocked(task("a"), places=[fargate(type="FARGATE_SPOT")], world=world, simulation={"until": "1h"})
    )
    assert (
        only_reason(result) == "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested"
    )


# -- when


@pytest.mark.parametrize(("detect", "at"), [("10m", 700), ("0s", 100), ("45m", 2800)])
def test_a_head_is_told_of_block_detect_after_it_was_blocked(simulate, detect, at):
    work = [job("giant", vcpus=2, at="100s"), job("small", at="200s")]
    result = simulate(blocked(*work, world={"block_detect": detect}))
    assert told(result) == [("giant", "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", 100, at)]
    assert result.horizon_s == max(at, 200)


def test_the_time_before_it_was_head_does_not_count(simulate):
    work = [job("long", "30m"), job("giant", vcpus=2, at="1s")]
    result = simulate(blocked(*work, job("short", on="other"), queues=[queue(), queue("other")], places=[fixed(1)]))
    assert told(result) == [("giant", "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", 1, 601)]
    result = simulate(blocked(job("first", "30m"), job("second", "20m"), *work[1:], places=[fixed(1)]))
    assert told(result) == [("giant", "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", 1800, 2400)]


def test_jobs_behind_a_blocked_head_are_not_told_of(simulate):
    result = simulate(blocked(job("giant", vcpus=2), job("small", count=5)))
    assert [name for name, *_ in told(result)] == ["giant"]
    assert result.jobs["reason"].dropna().tolist() == [only_reason(result)]


def test_tries_again_after_a_back_off_do_not_begin_the_time_anew(simulate):
    spot = environment(type="SPOT")
    world = {**NO_SPOT, "scale_up_delay": "20s"}
    result = simulate(blocked(job("a"), places=[spot], world=world, simulation={"until": "20m"}))
    assert told(result) == [("a", "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", 20, 620)]


@pytest.mark.parametrize("at", [100, 209, 215, 239, 241])
def test_who_becomes_head_while_ec2_refuses_is_blocked_from_then_on(simulate, at):
    world = {**TEN_MINUTES, "scale_up_delay": "30s", "ce_backoff": "3m", "spot_depth": 0}
    keys = {"actions": [{"at": f"{at}s", "cancel": "a"}], "simulation": {"until": "30m"}}
    result = simulate(blocked(job("a"), job("next"), places=[environment(type="SPOT")], world=world, **keys))
    assert told(result) == [("next", "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", at, at + 600)]


def test_after_a_launch_that_succeeds_a_new_head_is_not_blocked_by_what_was_refused_before(simulate):
    short = {"kind": "capacity", "at": "0s", "for": "5m", "capacity": 0, "select": {"type": "box.1"}}
    world = {**TEN_MINUTES, "ce_backoff": "1m", "scale_up_delay": "20m"}
    result = simulate(blocked(job("a"), job("b", at="3h"), world=world, faults=[short]))
    assert (told(result), starts(result)["b"]) == ([], 3 * 3600 + 1200)


def test_a_head_that_is_helped_in_time_is_not_told_of(simulate):
    more = [{"at": "9m", "set": "hosts.maxvCpus", "to": 8}]
    result = simulate(blocked(job("wide", vcpus=8), places=[environment(types=["box.8"])], actions=more))
    assert (told(result), starts(result)) == ([], {"wide": 540})


def test_what_helps_later_takes_the_reason_back(simulate):
    more = [{"at": "2h", "set": "hosts.maxvCpus", "to": 8}]
    result = simulate(blocked(job("wide", vcpus=8), places=[environment(types=["box.8"])], actions=more))
    assert told(result) == [("wide", "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE", 0, 600)]
    assert result.blocked["until_s"].tolist() == [7200]
    assert column(result, "reason") == {"wide": "Essential container in task exited"}


def test_a_new_head_has_its_own_time(simulate):
    off = [{"at": "20m", "cancel": "giant"}]
    result = simulate(blocked(job("giant", vcpus=2), job("other", vcpus=4), job("small"), actions=off))
    code = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"
    assert told(result) == [("giant", code, 0, 600), ("other", code, 1200, 1800)]
    assert result.summary()["stuck"]["queues"][0]["job_id"] == "other"


def test_a_head_that_goes_after_the_last_pass_was_blocked_to_its_end(simulate):
    off = [{"at": "1200500ms", "cancel": "giant"}]
    world, cut = {**TEN_MINUTES, "scheduler_cycle": "1s"}, {"until": "1200700ms"}
    result = simulate(blocked(job("giant", vcpus=2), actions=off, world=world, simulation=cut))
    assert result.blocked["until_s"].tolist() == [1200.5]


# -- merely waiting


@pytest.mark.parametrize(
    ("place", "world"),
    [
        (fixed(1), {}),
        (environment(maxvCpus=1), {"instance_boot": "30m"}),
        (environment(maxvCpus=2), {"scale_up_delay": "30m"}),
    ],
)
def test_waiting_for_a_job_a_boot_or_a_decision_blocks_nothing(simulate, place, world):
    result = simulate(blocked(job("first", "30m"), job("next"), places=[place], world={**TEN_MINUTES, **world}))
    assert (told(result), result.summary()["jobs"]["succeeded"]) == ([], 2)


def test_waiting_for_a_queue_of_higher_priority_blocks_nothing(simulate):
    queues = [queue("high", priority=9), queue("low")]
    work = [job("long", "30m", on="high", count=2), job("low", on="low")]
    assert told(simulate(blocked(*work, places=[fixed(1)], queues=queues))) == []


def test_a_head_that_nothing_holds_is_blocked_below_a_higher_queue_too(simulate):
    queues = [queue("high", priority=9), queue("low")]
    work = [job("long", "30m", on="high", count=2), job("giant", vcpus=2, on="low")]
    result = simulate(blocked(*work, places=[fixed(1)], queues=queues))
    assert told(result) == [("giant", "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", 0, 600)]


# -- the event


def blocked_events(result):
    found = events(result.records, result.scenario, 1)
    return [event for event in found if event["detail-type"] == "Batch Job Queue Blocked"]


def test_the_event_names_the_job_the_queue_and_the_reason(simulate):
    result = simulate(blocked(job("giant", vcpus=2, size=2)))
    found = blocked_events(result)
    assert len(found) == 1
    event, detail = found[0], found[0]["detail"]
    assert event["resources"] == [detail["jobArn"], detail["jobQueue"]]
    assert (event["source"], event["time"]) == ("aws.batch", "2026-01-01T00:10:00Z")
    assert (detail["status"], detail["statusReason"]) == ("RUNNABLE", only_reason(result))
    assert (detail["batchsim"]["jobId"], detail["arrayProperties"]["index"]) == ("giant:0", 0)


def test_a_rule_can_ask_for_the_event_and_its_reason(simulate):
    blocked_queue = {"detail-type": ["Batch Job Queue Blocked"]}
    rules = [
        {"name": "any", "eventPattern": blocked_queue, "target": "oncall"},
        {"name": "cpu", "eventPattern": {"detail": {"statusReason": [{"prefix": "MISCONFIGURATION:COMPUTE_ENV"}]}}},
        {"name": "job", "eventPattern": {"detail": {"statusReason": [{"prefix": "MISCONFIGURATION:JOB_"}]}}},
    ]
    result = simulate(blocked(job("giant", vcpus=2), notifications=rules))
    assert [tuple(row) for row in result.notifications.itertuples(index=False)] == [
        ("any", "oncall", 600.0, "giant", "RUNNABLE"),
        ("job", "", 600.0, "giant", "RUNNABLE"),
    ]


def test_the_event_stands_in_time_order_among_the_others(simulate, tmp_path):
    result = simulate(blocked(job("giant", vcpus=2), job("side", on="side", at="20m"), queues=[queue(), queue("side")]))
    result.write(tmp_path / "out", events=True)
    lines = [json.loads(line) for line in (tmp_path / "out" / "events.jsonl").read_text().splitlines()]
    instants = [line["detail"]["batchsim"]["at"] for line in lines]
    assert instants == sorted(instants)
    assert [line["detail-type"] for line in lines].count("Batch Job Queue Blocked") == 1


# -- the report


def test_the_report_says_what_is_stuck_why_and_what_would_help(simulate):
    text = " ".join(simulate(blocked(job("giant", vcpus=2), job("small"))).report().split())
    assert text.startswith("STUCK: 2 jobs can never start")
    assert "no instance type fits in hosts; the largest, box.1, has 1 vCPU, 4,096 MiB for jobs" in text
    assert ". AWS Batch says: MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement" in text
    assert "What would help: add a larger type to instanceTypes, or ask for less" in text


def test_the_memory_that_counts_is_the_usable_one(simulate):
    small = {"instanceTypes": {"box.m": box(2, memory="8GiB", usable_memory="7647MiB")}}
    result = simulate(
        blocked(job("cliff", memory=8192), places=[environment(types=["box.m"])], world={**TEN_MINUTES, **small})
    )
    assert told(result) == [("cliff", "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", 0, 600)]


def test_waiting_for_user_data_has_no_reason(simulate):
    result = simulate(blocked(job("a"), world={**TEN_MINUTES, "user_data": "2h"}))
    assert (told(result), starts(result)) == ([], {"a": 7200})


def test_a_head_that_goes_while_the_scheduler_stalls_is_not_told_of(simulate):
    stall = {"kind": "scheduler_stall", "at": "60s", "for": "45s"}
    giant = job("giant", vcpus=2, cancel_after="80s")
    result = simulate(blocked(giant, world={"block_detect": "90s"}, faults=[stall]))
    assert (told(result), column(result, "ended_at_s")) == ([], {"giant": 80})
