"""Job queues: priorities, a blocked head, the order within a queue, and where a retried job stands in it.

https://docs.aws.amazon.com/batch/latest/APIReference/API_JobQueueDetail.html
https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html
"""

from __future__ import annotations

import pytest
from scenario_builder import attempts_of, column, environment, fails, fixed, job, queue, reasons, scenario, starts

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
