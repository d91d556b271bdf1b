"""jobStateTimeLimitActions: a head that is blocked for too long is cancelled, and the next job becomes head.

https://docs.aws.amazon.com/batch/latest/APIReference/API_JobStateTimeLimitAction.html
https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable_time_limit_actions.html
"""

from __future__ import annotations

import pytest
from scenario_builder import column, environment, fair, fixed, job, queue, scenario, scenario_data, starts

from batchsim.errors import ScenarioError
from batchsim.formats.events_jsonl import events
from batchsim.spec import parse

CAPACITY = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"
TOO_LARGE = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"
TOO_WIDE = "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE"
UNSOLD = "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED"
EMPTY_POOLS = {"spot_depth": 0, "ce_backoff": "60s"}


def action(reason=TOO_LARGE, after_s=1200, **keys):
    return {"reason": reason, "state": "RUNNABLE", "maxTimeSeconds": after_s, "action": "CANCEL", **keys}


def limited(*work, limits=(), place=None, world=(), **keys):
    """A scenario whose one queue has these time limit actions."""
    return scenario(
        *work,
        queues=[queue(jobStateTimeLimitActions=list(limits or [action()]))],
        environments=[place or environment()],
        world={"block_detect": "10m", **dict(world)},
        allow_unplaceable=True,
        **keys,
    )


def cancelled(result):
    """When each job was cancelled by an action."""
    rows = result.jobs[result.jobs["reason"].str.startswith("Canceled by JobStateTimeLimit", na=False)]
    return dict(zip(rows["job_id"], rows["ended_at_s"].tolist(), strict=True))


def test_a_head_that_is_blocked_for_max_time_seconds_is_cancelled_with_awss_reason(simulate):
    result = simulate(limited(job("giant", vcpus=2)))
    assert column(result, "state") == {"giant": "FAILED"}
    assert column(result, "reason") == {"giant": f"Canceled by JobStateTimeLimit action due to reason: {TOO_LARGE}"}
    assert cancelled(result) == {"giant": 1200}


def test_the_next_job_becomes_head_at_once_and_the_run_is_not_stuck(simulate):
    result = simulate(limited(job("giant", vcpus=2), job("small")))
    assert starts(result) == {"small": 1200}
    assert (result.summary()["ended_by"], result.summary()["jobs"]["stuck"]) == ("drained", 0)


def test_the_time_counts_at_the_head_only(simulate):
    work = [job("first", vcpus=2), job("second", vcpus=2), job("third", vcpus=2, size=2)]
    assert cancelled(simulate(limited(*work))) == {"first": 1200, "second": 2400, "third:0": 3600, "third:1": 4800}


def test_the_limit_of_a_head_that_left_does_not_strike_the_next_one(simulate):
    """The first would have been cancelled at 3600 s, but its user was sooner; the second is head from 700 s on."""
    off = [{"at": "700s", "cancel": "first"}]
    work = [job("first", vcpus=2), job("second", vcpus=2)]
    result = simulate(limited(*work, limits=[action(after_s=3600)], actions=off))
    assert result.blocked["at_s"].tolist() == [600, 1300]
    assert cancelled(result) == {"second": 4300}


def test_the_time_counts_with_the_actions_own_reason_only(simulate):
    wider = [{"at": "15m", "set": "hosts.maxvCpus", "to": 8}]
    spot = environment(types=["box.8"], type="SPOT")
    short = limited(job("a", vcpus=8), limits=[action(CAPACITY, 600)], place=spot, world=EMPTY_POOLS, actions=wider)
    result = simulate(short)
    assert result.blocked["reason"].tolist() == [TOO_WIDE, CAPACITY]
    assert cancelled(result) == {"a": 900 + 600}


def test_a_head_that_lacks_capacity_is_cancelled_though_it_is_tried_again_and_again(simulate):
    spot, limits = environment(type="SPOT"), [action(CAPACITY, 3600)]
    result = simulate(limited(job("a", count=2), limits=limits, place=spot, world=EMPTY_POOLS))
    assert cancelled(result) == {"a@0": 3600, "a@1": 7200}


@pytest.mark.parametrize(("reason", "place"), [(TOO_WIDE, environment(types=["box.8"])), (UNSOLD, None)])
def test_actions_are_taken_on_the_other_reasons_too(simulate, reason, place):
    unsold = environment(types=["m7i.2xlarge"], maxvCpus=8)
    world = {} if place else {"zones": {"subnet-a": "us-east-1e"}}
    result = simulate(limited(job("a", vcpus=8), limits=[action(reason, 900)], place=place or unsold, world=world))
    assert cancelled(result) == {"a": 900}


def test_of_two_actions_on_one_reason_the_shorter_limit_counts(simulate):
    limits = [action(after_s=3600), action(after_s=900), action(CAPACITY, 600)]
    assert cancelled(simulate(limited(job("giant", vcpus=2), limits=limits))) == {"giant": 900}


def test_no_action_is_taken_before_the_head_is_told_of(simulate):
    result = simulate(limited(job("giant", vcpus=2), limits=[action(after_s=600)], world={"block_detect": "30m"}))
    assert cancelled(result) == {"giant": 1800}


def test_the_event_of_a_blocked_queue_comes_before_the_cancellation(simulate):
    result = simulate(limited(job("giant", vcpus=2), limits=[action(after_s=600)]))
    kinds = [(event["detail-type"], event["detail"]["status"]) for event in events(result.records, result.scenario, 1)]
    assert kinds[1:] == [("Batch Job Queue Blocked", "RUNNABLE"), ("Batch Job State Change", "FAILED")]


def test_help_in_time_saves_the_head_even_in_the_instant_of_the_limit(simulate):
    wider = [{"at": "20m", "set": "hosts.maxvCpus", "to": 8}]
    place, limits = environment(types=["box.8"]), [action(TOO_WIDE)]
    result = simulate(limited(job("wide", vcpus=8), limits=limits, place=place, actions=wider))
    assert (cancelled(result), starts(result)) == ({}, {"wide": 1200})
    assert result.blocked["until_s"].tolist() == [1200]


def test_a_head_that_was_told_of_and_overtaken_has_its_time_anew(simulate):
    work = [job("gate", "15m", on="side"), job("early", "10m", needs=["gate"]), job("giant", vcpus=2)]
    queues = [queue(jobStateTimeLimitActions=[action()]), queue("side", "other")]
    places = [environment("hosts", maxvCpus=1), environment("other")]
    world = {"block_detect": "1m", "instance_boot": "5m"}
    keys = {"queues": queues, "environments": places, "world": world, "allow_unplaceable": True}
    result = simulate(scenario(*work, **keys))  # early comes back in front at 1200 s, and boots an instance
    assert result.blocked["head_at_s"].tolist() == [0, 1500]
    assert result.blocked["at_s"].tolist() == [60, 1560]
    assert cancelled(result) == {"giant": 2700}


@pytest.mark.parametrize(("hol", "small"), [("strict", 1200), ("per_share", 0)])
def test_a_share_whose_head_is_blocked_is_freed_by_the_action(simulate, hol, small):
    shares = fair()
    shares["queues"] = [{**each, "jobStateTimeLimitActions": [action()]} for each in shares["queues"]]
    work = [job("giant", vcpus=2, share="x"), job("small", at="0s", share="y")]
    world = {"block_detect": "10m", "fss_hol": hol}
    result = simulate(scenario(*work, environments=[fixed(1)], world=world, allow_unplaceable=True, **shares))
    assert (cancelled(result), starts(result)) == ({"giant": 1200}, {"small": small})


def test_jobs_that_depend_on_a_cancelled_one_fail_with_it(simulate):
    result = simulate(limited(job("giant", vcpus=2), job("after", needs=["giant"])))
    assert column(result, "reason")["after"] == "Dependent Job failed"
    assert column(result, "ended_at_s")["after"] == 1200


def test_a_cancelled_child_dooms_its_array(simulate):
    result = simulate(limited(job("wide", vcpus=2, size=2), job("small")))
    parent = result.submissions.set_index("job_id").loc["wide"]
    assert (parent["state"], parent["ended_at_s"], parent["reason"]) == ("FAILED", 2400, "Array Child Job failed")


def test_the_summary_and_the_report_count_who_was_cancelled(simulate):
    result = simulate(limited(job("giant", vcpus=2, count=3)))
    assert (result.summary()["blocked"]["heads"], result.summary()["blocked"]["cancelled"]) == (3, 3)
    assert "Blocked queues: AWS Batch would have told of 3 heads" in result.report()


# -- what the API takes


def refused(**keys):
    """The problem of a scenario with such an action."""
    with pytest.raises(ScenarioError) as told:
        parse(scenario_data(job("a"), queues=[queue(jobStateTimeLimitActions=[action(**keys)])]))
    (problem,) = told.value.problems
    return problem


@pytest.mark.parametrize(
    "written",
    [
        "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENTS",
        "misconfiguration:job_resource_requirement",
        "JOB_RESOURCE_REQUIREMENT",
        "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement (vCPU/memory/GPU) is higher than",
    ],
)
def test_an_unknown_reason_is_an_error_that_names_the_one_that_was_meant(written):
    problem = refused(reason=written)
    assert (problem.code, problem.hint) == ("E113", f"Did you mean {TOO_LARGE}?")


@pytest.mark.parametrize("reason", ["MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS", "ACTION_REQUIRED", "UNDETERMINED"])
def test_three_reasons_take_no_action(reason):
    problem = refused(reason=reason)
    assert (problem.code, problem.message) == (
        "E113",
        "AWS Batch takes no action on this reason: it must be looked into by hand",
    )


def test_terminate_is_for_queues_of_sagemaker():
    problem = refused(action="TERMINATE")
    assert (problem.code, problem.allowed) == ("E117", "CANCEL")


@pytest.mark.parametrize("after_s", [599, 86_401])
def test_a_limit_is_ten_minutes_to_a_day(after_s):
    assert refused(after_s=after_s).code == "E114"


def test_room_that_is_free_in_the_instant_of_an_action_is_the_lower_queues(simulate):
    """The scheduler's pass of an instant comes before the action: the job behind is no head yet."""
    queues = [queue("high", priority=9, jobStateTimeLimitActions=[action()]), queue("low")]
    work = [job("giant", vcpus=2, on="high"), job("small", on="high"), job("a", "20m", on="low"), job("b", on="low")]
    result = simulate(
        scenario(*work, environments=[fixed(1)], queues=queues, world={"block_detect": "10m"}, allow_unplaceable=True)
    )
    assert starts(result) == {"a": 0, "b": 1200, "small": 1260}
