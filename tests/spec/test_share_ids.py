"""Share identifiers and policies: what falls under what, and what a FIFO queue makes of them."""

from __future__ import annotations

import pytest

from batchsim.spec.fair_share import fair_share_of, policy_named
from batchsim.spec.notes import scenario_notes
from batchsim.spec.queues import JobQueue, SchedulingPolicy
from batchsim.spec.share_ids import entry_for, overlap
from tests.spec.documents import sound

ARN = "arn:aws:batch:us-east-1:ACCOUNT_ID:scheduling-policy/"


@pytest.mark.parametrize(
    ("share", "entry"), [("UserA", 0), ("UserA1", None), ("UserB", 1), ("UserB1", 1), ("user", None), ("U", None)]
)
def test_an_identifier_falls_under_one_entry_at_most(share: str, entry: int | None) -> None:
    assert entry_for(share, ("UserA", "UserB*", "Other")) == entry


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a", "b", False),
        ("a*", "ab", True),
        ("a*", "a", True),
        ("ab*", "a", False),
        ("a*", "b*", False),
        ("*", "b", True),
    ],
)
def test_entries_overlap_where_an_identifier_could_fall_under_both(one: str, other: str, expected: bool) -> None:
    assert overlap(one, other) is overlap(other, one) is expected


def queue(policy: str | None) -> JobQueue:
    return JobQueue(jobQueueName="q", priority=1, computeEnvironmentOrder=(), schedulingPolicyArn=policy)


def test_an_arn_is_taken_at_its_word_before_the_name_in_it() -> None:
    policies = (SchedulingPolicy(name="a", arn=f"{ARN}b"), SchedulingPolicy(name="b"))
    assert policy_named(policies, f"{ARN}b") is policies[0]
    assert policy_named(policies, "b") is policies[1]


def test_a_policy_that_says_nothing_shares_fairly_by_awss_defaults_and_one_of_quota_shares_does_not() -> None:
    silent, quota = (
        SchedulingPolicy(name="s"),
        SchedulingPolicy(name="q", quotaSharePolicy={"idleResourceAssignmentStrategy": "FIFO"}),
    )
    found = fair_share_of((silent, quota), queue("s"))
    assert found is not None
    assert (found.shareDecaySeconds, found.computeReservation, found.shareDistribution) == (0, 0, ())
    assert fair_share_of((silent, quota), queue("q")) is None
    assert fair_share_of((silent, quota), queue(None)) is None


def test_shares_in_a_fifo_queue_are_told_of_as_without_effect() -> None:
    notes = scenario_notes(
        sound(
            workload__0__submit__shareIdentifier="a",
            workload__0__submit__schedulingPriorityOverride=3,
            jobDefinitions__0__schedulingPriority=5,
        )
    )
    told = [note for note in notes if "share" in note.lower() or "schedulingPriority" in note]
    assert [note.partition(": without effect")[0] for note in told] == [
        "workload[0].submit.shareIdentifier",
        "workload[0].submit.schedulingPriorityOverride",
        "jobDefinitions[0].schedulingPriority",
    ]


def test_in_a_fair_queue_they_have_an_effect_and_no_note() -> None:
    fair = sound(
        schedulingPolicies=[{"name": "fair", "fairsharePolicy": {}}],
        jobQueues__0__schedulingPolicyArn="fair",
        workload__0__submit__shareIdentifier="a",
        workload__0__submit__schedulingPriorityOverride=3,
        jobDefinitions__0__schedulingPriority=5,
    )
    assert not [note for note in scenario_notes(fair) if "share" in note.lower() or "schedulingPriority" in note]
