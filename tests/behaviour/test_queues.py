"""Job queues: priorities, a blocked head, the order within a queue, and where a retried job stands in it.

https://docs.aws.amazon.com/batch/latest/APIReference/API_JobQueueDetail.html
https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html
"""

from __future__ import annotations

import pytest
from scenario_builder import (
    attempts_of,
    box,
    column,
    ends,
    environment,
    fails,
    fargate,
    fixed,
    job,
    queue,
    reasons,
    scenario,
    starts,
)

import batchsim
from batchsim import ScenarioError

TWO = [queue("low", priority=1), queue("high", priority=10)]


def placements(result, but=""):
    """Job ids in the order in which attempts started; the engine places one after the other."""
    return [str(name) for name in result.attempts["job_id"] if name != but]


# -- between queues


def test_the_higher_queue_drains_first_and_the_lower_waits_though_it_came_earlier(simulate):
    work = [job("old", "10s", count=3, on="low"), job("new", "10s", at="5s", count=3, on="high")]
    result = simulate(scenario(*work, queues=TWO))
    assert placements(result) == ["old@0", "new@0", "new@1", "new@2", "old@1", "old@2"]


def test_queues_of_equal_priority_are_served_in_file_order(simulate):
    pair = [queue("second"), queue("first")]
    result = simulate(scenario(job("a", on="first"), job("b", on="second"), queues=pair))
    assert placements(result) == ["b", "a"]


def test_a_queue_goes_as_far_as_it_can_before_the_next(simulate):
    work = [job("low", on="low", count=4), job("high", on="high", count=3)]
    result = simulate(scenario(*work, queues=TWO, environments=[fixed(4)]))
    assert placements(result)[:4] == ["high@0", "high@1", "high@2", "low@0"]


def test_a_head_without_room_lets_the_next_queue_go(simulate):
    half = job("half", "100s", vcpus=4, on="low")
    rivals = [job("large", at="10s", vcpus=8, on="high"), job("small", at="10s", vcpus=4, on="low")]
    result = simulate(scenario(half, *rivals, environments=[fixed(8, types=("box.8",))], queues=TWO))
    assert starts(result) == {"half": 0, "small": 10, "large": 100}


def test_a_job_that_comes_after_a_pass_waits_for_what_a_lower_queue_started(simulate):
    work = [job("low", "100s", on="low", at="2s"), job("high", at="5500ms", on="high")]
    result = simulate(scenario(*work, queues=TWO, world={"scheduler_cycle": "5s"}))
    assert starts(result) == {"low": 5, "high": 105}


def test_nothing_that_runs_is_stopped_for_a_higher_queue(simulate):
    result = simulate(scenario(job("low", "100s", on="low"), job("high", at="1s", on="high"), queues=TWO))
    assert starts(result) == {"low": 0, "high": 100}


def test_a_lower_queue_may_not_take_what_a_higher_head_could_use(simulate):
    work = [
        job("busy", "10s", vcpus=2, on="low"),
        job("low", on="low", vcpus=2),
        job("high", at="1s", on="high", vcpus=2),
    ]
    result = simulate(scenario(*work, queues=TWO, environments=[fixed(2, types=("box.2",))]))
    assert starts(result) == {"busy": 0, "high": 10, "low": 70}


def test_who_waits_below_a_waiting_higher_head_waits_for_the_higher_queue(simulate):
    work = [job("busy", "10s", on="high"), job("high", "10s", on="high"), job("low", "10s", on="low")]
    result = simulate(scenario(*work, queues=TWO))
    assert reasons(result, "high") == [(0, "max_vcpus", "hosts"), (10, "empty", "nan")]
    assert reasons(result, "low") == [(0, "higher_queue", "hosts"), (10, "max_vcpus", "hosts"), (20, "empty", "nan")]


def test_a_queue_on_another_environment_does_not_wait(simulate):
    places = [fixed(1, "east"), fixed(1, "west")]
    apart = [queue("high", "east", priority=9), queue("low", "west", priority=1)]
    work = [job("a", on="high", count=2), job("b", on="low")]
    result = simulate(scenario(*work, environments=places, queues=apart))
    assert starts(result) == {"a@0": 0, "b": 0, "a@1": 60}


# -- within a queue


def test_a_head_that_does_not_fit_holds_everything_behind_it(simulate):
    work = [job("half", "100s", vcpus=4), job("large", vcpus=8), job("small")]
    result = simulate(scenario(*work, environments=[fixed(8, types=("box.8",))]))
    assert starts(result) == {"half": 0, "large": 100, "small": 160}
    assert column(result, "wait_behind_s") == {"half": 0, "large": 0, "small": 100}


def test_cancelling_the_head_lets_the_next_job_advance(simulate):
    work = [job("half", "100s", vcpus=4), job("large", vcpus=8), job("small")]
    result = simulate(
        scenario(*work, environments=[fixed(8, types=("box.8",))], actions=[{"at": "30s", "cancel": "large"}])
    )
    assert starts(result) == {"half": 0, "small": 30}


def test_a_head_that_nothing_holds_is_stuck_with_all_behind_it(simulate):
    work = [job("giant", vcpus=16), job("small")]
    result = simulate(scenario(*work, environments=[environment()], allow_unplaceable=True))
    assert result.summary()["ended_by"] == "stuck"
    assert column(result, "state") == {"giant": "RUNNABLE", "small": "RUNNABLE"}
    assert reasons(result) == [(0, "nothing_fits", "hosts")]


def test_a_head_above_every_maximum_has_awss_code(simulate):
    bounded = environment(types=("box.8",), maxvCpus=4)
    result = simulate(scenario(job("giant", vcpus=8), environments=[bounded], allow_unplaceable=True))
    assert reasons(result) == [(0, "over_max_resource", "hosts")]
    assert result.horizon_s == 0


def test_the_children_of_an_array_stand_together_in_index_order(simulate):
    work = [job("a", "10s", size=3), job("b", "10s"), job("c", "10s", size=2)]
    assert placements(simulate(scenario(*work))) == ["a:0", "a:1", "a:2", "b", "c:0", "c:1"]


GATED = [job("gate", "5s", on="side"), job("first", "10s"), job("early", "10s", needs=["gate"]), job("late", "10s")]
"""``early`` was submitted before ``late``, but is RUNNABLE only when ``gate`` ends."""


def gated(work=GATED, **world):
    queues = [queue("queue", "hosts"), queue("side", "side")]
    return scenario(*work, environments=[fixed(1), fixed(1, "side")], queues=queues, world=world)


@pytest.mark.parametrize(
    ("order", "expected"), [("submitted", ["first", "early", "late"]), ("runnable", ["first", "late", "early"])]
)
def test_fifo_goes_by_submission_or_as_a_what_if_by_runnable(order, expected, simulate):
    assert placements(simulate(gated(fifo_order=order)), but="gate") == expected


# -- retried jobs: https://docs.aws.amazon.com/batch/latest/userguide/bestpractice6.html


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        ("front", ["late", "late", "early", "other"]),
        ("original", ["late", "early", "late", "other"]),
        ("back", ["late", "early", "other", "late"]),
    ],
)
def test_a_retried_job_goes_to_the(position, expected, simulate):
    work = [GATED[0], GATED[2], job("late", fails(1), attempts=2), job("other", "10s")]
    assert placements(simulate(gated(work, retry_position=position)), but="gate") == expected


def test_retried_jobs_at_the_front_stand_among_themselves_by_submission(simulate):
    both = [job("a", fails(1, run="20s"), attempts=2), job("b", fails(1), attempts=2)]
    fill = [job("c", "90s"), job("d", "180s"), job("e")]
    result = simulate(scenario(*both, *fill, environments=[fixed(2)], world={"retry_delay": "40s"}))
    assert placements(result) == ["a", "b", "c", "d", "a", "b", "e"]
    assert [attempts_of(result, name)[1].runnable_at_s for name in "ab"] == [60, 50]


def test_a_retried_job_that_keeps_its_place_stands_before_what_was_submitted_after_it(simulate):
    work = [job("a", fails(1), attempts=2), job("b", "10s"), job("c", "10s")]
    world = {"retry_position": "original", "retry_delay": "5s"}
    assert placements(simulate(scenario(*work, world=world))) == ["a", "b", "a", "c"]
    early = [job("old", "30s"), job("late", fails(1), attempts=2), job("next", "10s", at="1s")]
    by_release = {"retry_position": "original", "fifo_order": "runnable"}
    assert placements(simulate(scenario(*early, world=by_release))) == ["old", "late", "late", "next"]


def test_a_retried_job_keeps_its_place_behind_one_submitted_before_it_that_waits(simulate):
    world = {"retry_position": "original"}
    work = [GATED[0], job("first", fails(1, run="7s"), attempts=2, at="1s"), {**GATED[2]}]
    assert placements(simulate(gated(work, **world)), but="gate") == ["first", "early", "first"]


@pytest.mark.parametrize("order", ["submitted", "runnable"])
def test_a_retried_job_at_the_back_stands_behind_all_that_were_runnable_before(order, simulate):
    work = [
        job("a", fails(1), attempts=2),
        job("b", "10s", at="3s"),
        job("c", "10s", at="9s"),
        job("d", "10s", at="15s"),
    ]
    world = {"retry_position": "back", "fifo_order": order}
    assert placements(simulate(scenario(*work, world=world))) == ["a", "b", "c", "a", "d"]


def test_without_a_delay_a_job_is_retried_in_the_instant_in_which_it_failed(simulate):
    result = simulate(scenario(job("a", fails(1), attempts=2), world={"retry_delay": "0s"}))
    assert [attempt.starting_at_s for attempt in attempts_of(result, "a")] == [0, 10]


def test_a_retry_delay_is_no_wait(simulate):
    result = simulate(scenario(job("a", fails(1), attempts=2), world={"retry_delay": "30s"}))
    assert [attempt.starting_at_s for attempt in attempts_of(result, "a")] == [0, 40]
    assert (column(result, "wait_s"), column(result, "retry_delay_s")) == ({"a": 0}, {"a": 30})


# -- cycles and states


def test_a_pass_runs_at_the_next_instant_of_the_schedulers_grid(simulate):
    work = [job("a", "1200ms", at="500ms"), job("b", at="500ms")]
    result = simulate(scenario(*work, world={"scheduler_cycle": "1s"}))
    assert starts(result) == {"a": 1, "b": 3}
    assert column(result, "wait_scheduler_cycle_s")["a"] == 0.5


def test_without_a_cycle_a_pass_runs_in_the_instant_of_the_change(simulate):
    work = [job("a", "1200ms", at="500ms"), job("b", at="500ms")]
    result = simulate(scenario(*work, world={"scheduler_cycle": "0s"}))
    assert starts(result) == {"a": 0.5, "b": 1.7}


def test_an_accepted_job_is_runnable_in_the_same_instant(simulate):
    result = simulate(scenario(job("a", at="12345ms")))
    assert (column(result, "created_at_s"), column(result, "runnable_at_s")) == ({"a": 12.345}, {"a": 12.345})


def test_a_disabled_queue_takes_no_jobs_but_those_in_it_still_run(simulate):
    off = [{"at": "5s", "set": "queue.state", "to": "DISABLED"}]
    work = [job("a", "10s"), job("b", "10s"), job("c", "10s", at="6s")]
    result = simulate(scenario(*work, actions=off))
    assert starts(result) == {"a": 0, "b": 10}
    assert column(result, "state")["c"] == "NOT_SUBMITTED"


def test_a_job_that_depends_on_a_refused_one_is_refused_too(simulate):
    queues = [queue("queue"), queue("off", state="DISABLED")]
    result = simulate(scenario(job("a", on="off"), job("b", needs=["a"]), job("c"), queues=queues))
    assert column(result, "state") == {"a": "NOT_SUBMITTED", "b": "NOT_SUBMITTED", "c": "SUCCEEDED"}


def test_a_refused_submission_is_a_record_with_its_reason(simulate):
    queues = [queue("queue"), queue("off", state="DISABLED")]
    result = simulate(scenario(job("a", on="off", size=3), job("b"), queues=queues))
    refused = result.submissions.iloc[0]
    assert (refused.state, refused.reason) == ("NOT_SUBMITTED", "Job queue off is disabled")
    assert set(column(result, "state").values()) == {"NOT_SUBMITTED", "SUCCEEDED"}


def test_a_queue_that_is_enabled_again_takes_jobs_again(simulate):
    actions = [{"at": "5s", "set": "queue.state", "to": "ENABLED"}]
    off = [queue("queue", state="DISABLED")]
    result = simulate(scenario(job("a"), job("b", at="5s"), queues=off, actions=actions))
    assert column(result, "state") == {"a": "NOT_SUBMITTED", "b": "SUCCEEDED"}


# -- deleted: https://docs.aws.amazon.com/batch/latest/APIReference/API_DeleteJobQueue.html


def test_deleting_a_queue_ends_all_of_its_jobs(simulate):
    gone = [{"at": "30s", "set": "doomed.status", "to": "DELETED"}]
    work = [job("runs", on="doomed"), job("waits", on="doomed"), job("needs", on="doomed", needs=["runs"])]
    others = [job("late", on="doomed", at="40s"), job("other")]
    queues = [queue("doomed", priority=2), queue("queue")]
    result = simulate(scenario(*work, *others, queues=queues, actions=gone))
    assert {name: ends(result)[name] for name in ("runs", "waits", "needs", "other")} == {
        "runs": 30,
        "waits": 30,
        "needs": 30,
        "other": 90,
    }
    assert column(result, "state")["late"] == "NOT_SUBMITTED"
    assert column(result, "reason")["waits"] == "Job queue was deleted"


# -- what CreateJobQueue refuses: https://docs.aws.amazon.com/batch/latest/APIReference/API_CreateJobQueue.html


def refusal(**parts):
    """The codes with which a scenario is refused."""
    with pytest.raises(ScenarioError) as caught:
        batchsim.run(scenario(job("a"), **parts))
    return [problem.code for problem in caught.value.problems]


def test_a_queue_of_four_environments_is_refused():
    assert refusal(environments=[fixed(1, name) for name in ("one", "two", "three", "four")]) == ["E120"]


def test_a_queue_that_mixes_ec2_and_fargate_is_refused():
    assert "E121" in refusal(environments=[fixed(), fargate()])


def test_a_queue_that_mixes_architectures_is_refused():
    types = {"arm.1": box(1, arch="arm64")}
    places = [fixed(1, "x86"), fixed(1, "arm", types=("arm.1",))]
    assert refusal(environments=places, world={"instanceTypes": types}) == ["E157"]


def test_a_fifo_queue_cannot_get_a_scheduling_policy_later():
    later = [{"at": "1h", "set": "queue.schedulingPolicyArn", "to": "fair"}]
    assert refusal(actions=later) == ["E106"]


def test_scheduling_priorities_have_no_effect_in_a_fifo_queue(simulate):
    work = [job("first", "10s"), job("second", "10s"), job("third", "10s")]
    work[1]["submit"]["schedulingPriorityOverride"] = 5
    work[2]["submit"] |= {"schedulingPriorityOverride": 9, "shareIdentifier": "research"}
    assert starts(simulate(scenario(*work))) == {"first": 0, "second": 10, "third": 20}


def test_a_retried_head_is_no_head_while_it_stands_behind_another(simulate):
    """``big`` has no room, so that the lower queue goes on; ``a`` would have some, but stands behind it since 130 s."""
    high = [job("a", fails(1, run="30s"), at="10s", on="high", attempts=2), job("big", vcpus=4, at="10s", on="high")]
    low = [job("first", "100s", vcpus=4, on="low"), job("s", "50s", size=8, at="10s", on="low")]
    hosts, back = environment(types=("box.4",), maxvCpus=4), {"retry_position": "back"}
    result = simulate(scenario(*high, *low, environments=[hosts], queues=TWO, world=back))
    assert [row.starting_at_s for row in attempts_of(result, "a")] == [100, 290]
    assert (starts(result)["s:3"], starts(result)["big"]) == (130, 230)
