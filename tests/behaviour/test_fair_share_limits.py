"""Where fair sharing works, and what it does not take: policies, requests, scheduling priorities, too many shares.

https://docs.aws.amazon.com/batch/latest/APIReference/API_FairsharePolicy.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_ShareAttributes.html
"""

from __future__ import annotations

import pytest
from behaviour.shares import placements, vcpu_time
from scenario_builder import column, definition, environment, fair, fargate, fixed, job, jobs_of, queue, scenario, task

import batchsim


def test_fargate_tasks_share_fairly(simulate):
    work = [task("a", "60s", count=200, share="a"), task("b", "60s", count=200, share="b")]
    keys = {"environments": [fargate(maxvCpus=3)], "simulation": {"until": "1h"}, **fair({"b": 0.5})}
    keys["queues"] = [queue("queue", "tasks", schedulingPolicyArn="fair")]
    assert vcpu_time(simulate(scenario(*work, **keys))) == pytest.approx({"a": 1 / 3, "b": 2 / 3}, abs=0.02)


def test_what_spot_takes_is_given_back_to_its_share_and_not_counted_on(simulate):
    spot = environment("spot", type="SPOT", maxvCpus=2, allocationStrategy="BEST_FIT_PROGRESSIVE")
    lost = [{"kind": "spot_reclaim", "at": "30s", "select": {"environment": "spot", "ordinal": 0}}]
    work = [job("a", "100s", count=2, share="a", attempts=2), job("b", "100s", count=2, share="b", attempts=2)]
    keys = fair(computeReservation=0)
    keys["queues"] = [queue("queue", "spot", schedulingPolicyArn="fair")]
    result = simulate(scenario(*work, environments=[spot], faults=lost, **keys))
    assert placements(result)[:3] == ["a@0", "b@0", "a@0"]
    assert set(column(result, "state").values()) == {"SUCCEEDED"}


def test_a_policy_is_named_by_its_arn_or_by_its_name(simulate):
    arn = "arn:aws:batch:us-east-1:ACCOUNT_ID:scheduling-policy/other"
    keys = fair({"b": 0.001})
    keys["schedulingPolicies"][0]["arn"] = arn
    for reference in (arn, "fair", "arn:aws:batch:us-east-1:ACCOUNT_ID:scheduling-policy/fair"):
        keys["queues"] = [queue(schedulingPolicyArn=reference)]
        work = [job("a", count=3, share="a"), job("b", count=3, share="b")]
        result = simulate(scenario(*work, environments=[fixed(4)], **keys))
        assert placements(result)[:4] == ["a@0", "b@0", "b@1", "b@2"]


ALLOWED = "1-255 letters and digits"


@pytest.mark.parametrize(
    ("share", "problem"),
    [(None, "each request names its share"), ("team-a", ALLOWED), ("a" * 256, ALLOWED), ("", ALLOWED)],
)
def test_a_request_to_a_fair_share_queue_names_its_share_in_letters_and_digits(share, problem):
    with pytest.raises(batchsim.ScenarioError, match=problem) as told:
        scenario(job("a", share=share), **fair())
    assert [each.code for each in told.value.problems] == ["E167"]


@pytest.mark.parametrize(
    "entries", [("team*", "team1"), ("team1", "team*"), ("te*", "team*"), ("a", "a"), ("*", "a"), ("a*", "a")]
)
def test_entries_of_a_policy_do_not_overlap(entries):
    with pytest.raises(batchsim.ScenarioError, match=r"overlaps|given twice") as told:
        scenario(**fair(dict.fromkeys(entries, 1)) if len(set(entries)) > 1 else twice(entries[0]))
    assert [each.code for each in told.value.problems] == ["E167"]


def twice(entry):
    keys = fair({entry: 1})
    policy = keys["schedulingPolicies"][0]["fairsharePolicy"]
    policy["shareDistribution"] = policy["shareDistribution"] * 2
    return keys


def refusals(policy):
    """The codes of what is wrong with a scenario of such a policy."""
    try:
        scenario(**fair(**policy))
    except batchsim.ScenarioError as error:
        return [each.code for each in error.problems]
    return []


def test_entries_that_only_look_alike_do_not_overlap():
    assert refusals({"weights": {"team1*": 1, "team2": 1, "team": 2, "teams*": 1}}) == []


@pytest.mark.parametrize(
    "policy",
    [
        {"weights": {"a": 0.00009}},
        {"weights": {"a": 1000}},
        {"weights": {"a": 0}},
        {"shareDecaySeconds": 604_801},
        {"shareDecaySeconds": -1},
        {"computeReservation": 100},
        {"computeReservation": -1},
    ],
)
def test_a_policys_numbers_have_awss_bounds(policy):
    assert refusals(policy) == ["E139"]


@pytest.mark.parametrize(
    "policy",
    [
        {"weights": {"a": 0.0001, "b*": 999.9999}},
        {"shareDecaySeconds": 604_800, "computeReservation": 99},
        {"shareDecaySeconds": 0, "computeReservation": 0},
    ],
)
def test_the_bounds_themselves_are_allowed(policy):
    assert refusals(policy) == []


def test_scheduling_priorities_go_from_0_to_9999():
    with pytest.raises(batchsim.ScenarioError) as told:
        scenario(job("a", share="a", priority=10_000), definitions=[definition("b", schedulingPriority=-1)], **fair())
    assert [each.code for each in told.value.problems] == ["E139", "E139"]


def of_shares(count):
    return [job(f"s{number}", "10s", share=f"id{number}") for number in range(count)]


def test_a_submission_with_the_501st_active_share_is_refused_and_is_a_record(simulate):
    again = job("again", "10s", share="id0")
    result = simulate(scenario(*of_shares(501), again, environments=[fixed(64, types=("box.16",))], **fair()))
    refused = result.submissions[result.submissions["state"] == "NOT_SUBMITTED"]
    assert refused["job_id"].tolist() == ["s500"]
    assert refused["reason"].tolist() == ["Job queue queue has 500 active share identifiers already"]
    assert jobs_of(result)["again"].state == "SUCCEEDED"


def test_without_strict_limits_there_may_be_more(simulate):
    keys = {"environments": [fixed(64, types=("box.16",))], "world": {"strict_limits": False}, **fair()}
    assert set(column(simulate(scenario(*of_shares(501), **keys)), "state").values()) == {"SUCCEEDED"}


def test_a_share_that_is_inactive_makes_room_for_another(simulate):
    late = job("late", "10s", at="700s", share="late")
    result = simulate(scenario(*of_shares(500), late, environments=[fixed(64, types=("box.16",))], **fair()))
    assert jobs_of(result)["late"].state == "SUCCEEDED"


def test_an_order_of_the_users_own_decides_within_a_share_and_a_queue_order_between_queues(simulate):
    """Shortest vCPUs last: the order is a job's within its share; whose turn it is remains the policy's."""
    work = [job("a1", share="a"), job("a2", share="a", vcpus=2), job("b1", share="b"), job("b2", share="b", vcpus=2)]
    keys = {"environments": [fixed(2, types=("box.2",))], **fair()}
    largest_first = {"ordering": {"jobs": lambda waiting: -waiting.vcpus}}
    result = simulate(scenario(*work, **keys), policies=largest_first)
    assert placements(result) == ["a2", "b2", "a1", "b1"]
