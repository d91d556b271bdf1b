"""The life of a job: retries and their rules, timeouts, cancelling and terminating in every state.

https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html
https://docs.aws.amazon.com/batch/latest/userguide/job_timeouts.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_CancelJob.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_TerminateJob.html
"""

from __future__ import annotations

from math import isnan

import pytest
from scenario_builder import (
    attempts_of,
    column,
    ends,
    environment,
    fails,
    fixed,
    job,
    jobs_of,
    scenario,
    starts,
)

EXIT = {"action": "EXIT"}
RETRY = {"action": "RETRY"}


def tries(result, job_id="a"):
    return len(attempts_of(result, job_id))


# -- retries


@pytest.mark.parametrize(("attempts", "state", "tried"), [(None, "FAILED", 1), (2, "FAILED", 2), (3, "SUCCEEDED", 3)])
def test_attempts_are_tries_in_all(attempts, state, tried, simulate):
    result = simulate(scenario(job("a", fails(1, 1), attempts=attempts)))
    assert (column(result, "state")["a"], tries(result)) == (state, tried)


@pytest.mark.parametrize(
    ("rules", "tried"),
    [
        pytest.param([], 3, id="no rules: everything is retried"),
        pytest.param([{**EXIT, "onExitCode": "137"}], 1, id="the whole code"),
        pytest.param([{**EXIT, "onExitCode": "13"}], 3, id="without a star no prefix"),
        pytest.param([{**EXIT, "onExitCode": "13*"}], 1, id="with a star a prefix"),
        pytest.param([{**EXIT, "onReason": "OutOfMemory*"}], 1, id="the container's reason"),
        pytest.param([{**EXIT, "onReason": "Memory*"}], 3, id="a reason from its beginning"),
        pytest.param([{**EXIT, "onStatusReason": "Essential container in task exited"}], 1, id="the status reason"),
        pytest.param([{**EXIT, "onStatusReason": "Essential container"}], 3, id="the whole status reason"),
        pytest.param([{**EXIT, "onExitCode": "137", "onReason": "Disk*"}], 3, id="all conditions must hold"),
        pytest.param([{**RETRY, "onExitCode": "1*"}, {**EXIT, "onReason": "*"}], 3, id="the first match decides"),
        pytest.param([{**EXIT, "onReason": "*"}, {**RETRY, "onExitCode": "1*"}], 1, id="in list order"),
        pytest.param([{"action": "exit", "onReason": "*"}], 1, id="actions in any case"),
    ],
)
def test_retry_rules(rules, tried, simulate):
    """API, EvaluateOnExit and RetryStrategy."""
    step = {"run": "10s", "exit": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"}
    result = simulate(scenario(job("a", {"script": [step]}, attempts=3, rules=rules)))
    assert tries(result) == tried


def test_without_rules_a_bug_is_retried_like_a_loss_each_time_ahead_of_the_queue(simulate):
    result = simulate(scenario(job("a", fails(1, 1), attempts=3), job("b")))
    assert [(row.job_id, row.starting_at_s) for row in result.attempts.itertuples()] == [
        ("a", 0), ("a", 10), ("a", 20), ("b", 30)
    ]  # fmt: skip


@pytest.mark.parametrize(("pattern", "tried"), [("1*", 2), ("*", 1)])
def test_a_lost_host_leaves_no_exit_code_to_match_but_a_star(pattern, tried, simulate):
    spot = environment("spot", type="SPOT", allocationStrategy="BEST_FIT_PROGRESSIVE")
    lost = [{"kind": "spot_reclaim", "at": "10s", "select": {"environment": "spot", "ordinal": 0}}]
    rules = [{**EXIT, "onExitCode": pattern}]
    result = simulate(scenario(job("a", attempts=2, rules=rules), environments=[spot], faults=lost))
    assert tries(result) == tried
    assert attempts_of(result, "a")[0].status_reason.startswith("Host EC2 (instance i-")


def test_a_failure_to_start_counts_as_an_attempt(simulate):
    result = simulate(scenario(job("a", attempts=3), world={"start_failure": 1, "warm_start": "5s"}))
    assert column(result, "state") == {"a": "FAILED"}
    assert [row.ended_at_s for row in attempts_of(result, "a")] == [5, 10, 15]
    assert {row.status_reason for row in attempts_of(result, "a")} == {"Task failed to start"}


def test_earlier_attempts_and_the_last_have_their_own_parts(simulate):
    row = jobs_of(
        simulate(scenario(job("a", fails(1, 1, run="7s", then="30s"), attempts=3), world={"warm_start": "2s"}))
    )["a"]
    assert (row.earlier_running_s, row.last_running_s, row.container_start_s, row.turnaround_s) == (14, 30, 6, 50)


# -- timeouts


def test_a_timeout_starts_anew_with_every_attempt(simulate):
    result = simulate(scenario(job("a", fails(1, run="50s", then="50s"), attempts=2, timeout_s=60)))
    assert column(result, "state") == {"a": "SUCCEEDED"}


def test_a_timeout_is_for_each_child_not_for_the_array(simulate):
    result = simulate(scenario(job("a", "50s", size=3, timeout_s=60)))
    assert column(result, "state", "submissions") == {"a": "SUCCEEDED"}


def test_a_timeout_may_come_late_and_then_an_exit_may_come_first(simulate):
    work = [job("a", "70s", timeout_s=60), job("b", "62s", timeout_s=60)]
    result = simulate(scenario(*work, environments=[fixed(2)], world={"timeout_lag": "3s"}))
    assert ends(result) == {"a": 63, "b": 62}
    assert column(result, "state") == {"a": "FAILED", "b": "SUCCEEDED"}


# -- cancel and terminate


def stopped(how, at="10s", what="a", **keys):
    """One slot, a container that starts for 5 s; job ``a`` or what else the story has is stopped."""
    work = keys.pop("work", [job("a", "60s", attempts=3)])
    return scenario(*work, actions=[{"at": at, how: what}], world={"warm_start": "5s"} | keys.pop("world", {}), **keys)


def test_cancel_leaves_a_running_job_alone(simulate):
    assert ends(simulate(stopped("cancel"))) == {"a": 65}


def test_cancel_leaves_a_starting_job_alone(simulate):
    assert ends(simulate(stopped("cancel", at="2s"))) == {"a": 65}


def test_terminate_ends_a_running_job_which_is_not_retried(simulate):
    result = simulate(stopped("terminate"))
    (attempt,) = attempts_of(result, "a")
    assert (attempt.ended_at_s, attempt.outcome, attempt.exit_code) == (10, "terminated", 137)
    assert (column(result, "state"), attempt.status_reason) == ({"a": "FAILED"}, "Terminated by the user")


def test_terminate_ends_a_starting_job_before_its_container_ran(simulate):
    result = simulate(stopped("terminate", at="2s"))
    (attempt,) = attempts_of(result, "a")
    assert (attempt.ended_at_s, attempt.outcome, isnan(attempt.running_at_s)) == (2, "terminated", True)
    assert result.attempts["exit_code"].isna().all()


@pytest.mark.parametrize("how", ["cancel", "terminate"])
def test_a_runnable_job_fails_at_once_with_its_wait(how, simulate):
    row = jobs_of(simulate(stopped(how, what="b", work=[job("a"), job("b")])))["b"]
    assert (row.state, row.ended_at_s, row.wait_s, row.attempts) == ("FAILED", 10, 10, 0)


@pytest.mark.parametrize("how", ["cancel", "terminate"])
def test_a_pending_job_fails_when_what_it_depends_on_is_over(how, simulate):
    row = jobs_of(simulate(stopped(how, what="b", work=[job("a"), job("b", needs=["a"])])))["b"]
    assert (row.state, row.ended_at_s, row.dependency_s, row.attempts) == ("FAILED", 65, 65, 0)
    assert "by the user" in row.reason


def test_or_as_a_what_if_at_once(simulate):
    pair = [job("a"), job("b", needs=["a"])]
    result = simulate(stopped("cancel", what="b", work=pair, world={"cancel_pending_wait": False}))
    assert ends(result)["b"] == 10


@pytest.mark.parametrize("how", ["cancel", "terminate"])
def test_a_job_that_is_still_to_come_is_not_known(how, simulate):
    result = simulate(stopped(how, work=[job("a", at="20s")]))
    assert column(result, "state") == {"a": "SUCCEEDED"}


@pytest.mark.parametrize("how", ["cancel", "terminate"])
def test_a_job_that_is_over_stays_as_it_is(how, simulate):
    assert column(simulate(stopped(how, at="100s")), "state") == {"a": "SUCCEEDED"}


def test_a_cancelled_job_whose_retry_is_due_later_is_over(simulate):
    work = [job("a", fails(1), attempts=2)]
    result = simulate(stopped("cancel", at="30s", work=work, world={"retry_delay": "1h"}))
    assert (ends(result), column(result, "state"), tries(result)) == ({"a": 30}, {"a": "FAILED"}, 1)
    assert result.horizon_s == 30


def test_capacity_of_a_terminated_job_is_free_in_the_instant(simulate):
    assert starts(simulate(stopped("terminate", work=[job("a"), job("b")])))["b"] == 10


def test_what_depends_on_a_terminated_job_fails(simulate):
    result = simulate(stopped("terminate", work=[job("a"), job("b", needs=["a"])]))
    assert jobs_of(result)["b"].reason == "Dependent Job failed"


# -- arrays: https://docs.aws.amazon.com/batch/latest/userguide/array_jobs.html


def test_cancelling_an_array_cancels_its_waiting_children(simulate):
    result = simulate(stopped("cancel", work=[job("a", "60s", size=4)], environments=[fixed(2)]))
    assert ends(result) == {"a:0": 65, "a:1": 65, "a:2": 10, "a:3": 10}
    assert column(result, "ended_at_s", "submissions") == {"a": 65}
    assert column(result, "state", "submissions") == {"a": "FAILED"}


def test_terminating_an_array_ends_all_its_children(simulate):
    result = simulate(stopped("terminate", work=[job("a", "60s", size=4)], environments=[fixed(2)]))
    assert ends(result) == dict.fromkeys(("a:0", "a:1", "a:2", "a:3"), 10)


@pytest.mark.parametrize(("how", "child", "end"), [("cancel", "a:2", 10), ("terminate", "a:0", 10)])
def test_stopping_one_child_leaves_its_siblings_but_dooms_the_array(how, child, end, simulate):
    result = simulate(stopped(how, what=child, work=[job("a", "60s", size=3)], environments=[fixed(2)]))
    states = column(result, "state")
    assert (states.pop(child), ends(result)[child]) == ("FAILED", end)
    assert set(states.values()) == {"SUCCEEDED"}
    assert column(result, "state", "submissions") == {"a": "FAILED"}


def test_a_cancelled_link_of_a_sequence_fails_the_links_after_it(simulate):
    chain = job("a", "20s", size=4, needs=[{"type": "SEQUENTIAL"}])
    result = simulate(stopped("cancel", what="a:2", work=[chain], environments=[fixed(2)]))
    assert ends(result) == {"a:0": 25, "a:1": 50, "a:2": 50, "a:3": 50}
    assert [jobs_of(result)[f"a:{n}"].reason for n in (2, 3)] == ["Canceled by the user", "Dependent Job failed"]
