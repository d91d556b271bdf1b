"""CancelJob and TerminateJob, and what containers do at the SIGTERM of a terminate or a timeout.

https://docs.aws.amazon.com/batch/latest/APIReference/API_CancelJob.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_TerminateJob.html
https://docs.aws.amazon.com/batch/latest/userguide/job_timeouts.html
https://docs.aws.amazon.com/batch/latest/userguide/array_jobs.html
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
    fargate,
    fixed,
    job,
    jobs_of,
    queue,
    scenario,
    starts,
    task,
)  # fmt: skip

import batchsim

GONE = {"stopped_when": "exit"}
"""An attempt is over when its container is gone, not when it gets SIGTERM."""
BODY = {"jobName": "late", "jobQueue": "queue", "jobDefinition": "job"}
SAVING = {"every": "1h", "cost": "20s", "restore": "0s"}


def acting(*acts, work=(), **keys):
    """Jobs with room for eight and a container that starts at once; each act is ``(at, deed, job)`` or more keys."""
    actions = [{"at": at, deed: target, **more} for at, deed, target, more in acts]
    return scenario(*work, actions=actions, **{"environments": [fixed(8)], **keys})


def act(at, deed, target, **more):
    return at, deed, target, more


def only(result, job_id="a"):
    (attempt,) = attempts_of(result, job_id)
    return attempt


# -- cancel


@pytest.mark.parametrize("deed", ["cancel", "terminate"])
def test_the_callers_reason_is_the_jobs(deed, simulate):
    story = acting(act("10s", deed, "b", reason="too dear"), work=[job("a"), job("b")], environments=[fixed(1)])
    row = jobs_of(simulate(story))["b"]
    assert (row.state, row.reason, row.ended_at_s) == ("FAILED", "too dear", 10)


def test_a_reason_has_1024_characters_at_most():
    with pytest.raises(batchsim.ScenarioError, match="E147") as error:
        acting(act("10s", "cancel", "a", reason="x" * 1025), work=[job("a")])
    assert "at most 1024" in str(error.value)


def test_or_more_where_limits_are_off(simulate):
    act_ = act("10s", "cancel", "b", reason="x" * 1025)
    work, off = [job("a"), job("b")], {"strict_limits": False}
    assert len(jobs_of(simulate(acting(act_, work=work, environments=[fixed(1)], world=off)))["b"].reason) == 1025


def test_a_call_says_why_too_and_the_resolved_scenario_holds_it(drive):
    simulation = drive(scenario(job("a"), job("b")))
    simulation.advance(until="10s")
    simulation.cancel("b", reason="too dear")
    result = simulation.finish()
    assert jobs_of(result)["b"].reason == "too dear"
    assert result.scenario.actions[0].reason == "too dear"


def test_a_call_with_a_reason_that_is_too_long_is_refused(drive):
    with pytest.raises(batchsim.SimulationError, match="E147"):
        drive(scenario(job("a"))).cancel("a", reason="x" * 1025)


def test_one_action_acts_on_all_calls_of_an_entry(simulate):
    story = acting(act("10s", "cancel", "b"), work=[job("a"), job("b", count=3), job("c")], environments=[fixed(1)])
    assert ends(simulate(story)) == {"a": 60, "b@0": 10, "b@1": 10, "b@2": 10, "c": 120}


@pytest.mark.parametrize("at", ["2s", "30s"])
def test_cancel_succeeds_but_leaves_what_has_started_alone(at, simulate):
    result = simulate(acting(act(at, "cancel", "a"), work=[job("a")], world={"warm_start": "5s"}))
    assert (ends(result), column(result, "state")) == ({"a": 65}, {"a": "SUCCEEDED"})


def test_a_job_that_runs_when_it_is_cancelled_is_retried_all_the_same(simulate):
    result = simulate(acting(act("5s", "cancel", "a"), work=[job("a", fails(1), attempts=2)]))
    assert column(result, "state") == {"a": "SUCCEEDED"}


def test_a_cancelled_pending_job_lingers_until_all_its_dependencies_have_ended(simulate):
    work = [job("short", "20s"), job("long", "60s"), job("b", needs=["short", "long"])]
    row = jobs_of(simulate(acting(act("10s", "cancel", "b"), work=work)))["b"]
    assert (row.state, row.ended_at_s, row.reason) == ("FAILED", 60, "Canceled by the user")


def test_even_if_one_of_them_fails(simulate):
    """Without the cancel it would fail with the first."""
    work = [job("short", fails(1)), job("long", "60s"), job("b", needs=["short", "long"]), job("c", needs=["b"])]
    result = simulate(acting(act("5s", "cancel", "b"), work=work))
    assert (ends(result)["b"], jobs_of(result)["b"].reason) == (60, "Canceled by the user")
    assert (ends(result)["c"], jobs_of(result)["c"].reason) == (60, "Dependent Job failed")


def test_or_as_a_what_if_it_ends_at_once(simulate):
    work, at_once = [job("a", "60s"), job("b", needs=["a"])], {"cancel_pending_wait": False}
    assert ends(simulate(acting(act("10s", "cancel", "b"), work=work, world=at_once)))["b"] == 10


def test_the_first_of_two_reasons_counts(simulate):
    twice = [act("5s", "cancel", "b", reason="first"), act("7s", "terminate", "b", reason="second")]
    assert jobs_of(simulate(acting(*twice, work=[job("a"), job("b", needs=["a"])])))["b"].reason == "first"


def test_a_cancelled_child_of_n_to_n_waits_for_its_own_parent_alone(simulate):
    pairs = {"jobId": "p", "type": "N_TO_N"}
    work = [job("p", "10s", size=3), job("d", "10s", size=3, needs=[pairs], on="side")]
    queues = [queue(), queue("side", "side")]
    story = acting(act("5s", "cancel", "d:1"), work=work, environments=[fixed(1), fixed(3, "side")], queues=queues)
    assert ends(simulate(story)) == {"p:0": 10, "p:1": 20, "p:2": 30, "d:0": 20, "d:1": 20, "d:2": 40}


# -- cancel_after


def test_who_has_not_started_after_some_time_gives_up(simulate):
    result = simulate(scenario(job("a", count=3, cancel_after="70s")))
    assert starts(result) == {"a@0": 0, "a@1": 60}
    row = jobs_of(result)["a@2"]
    assert (row.state, row.ended_at_s, row.reason) == ("FAILED", 70, "Canceled by cancel_after")


def test_the_time_counts_from_the_jobs_creation(simulate):
    assert ends(simulate(scenario(job("a", "1h"), job("b", at="10m", cancel_after="5m"))))["b"] == 900


def test_an_array_gives_up_with_all_its_children_that_wait(simulate):
    result = simulate(scenario(job("a", "60s", size=4, cancel_after="90s"), environments=[fixed(2)]))
    assert ends(result) == {"a:0": 60, "a:1": 60, "a:2": 120, "a:3": 120}
    result = simulate(scenario(job("a", "60s", size=4, cancel_after="30s"), environments=[fixed(2)]))
    assert ends(result) == {"a:0": 60, "a:1": 60, "a:2": 30, "a:3": 30}
    assert column(result, "state", "submissions") == {"a": "FAILED"}


def test_a_head_that_would_wait_for_ever_makes_way(simulate):
    large = job("large", vcpus=16, cancel_after="5m")
    result = simulate(scenario(large, job("b"), allow_unplaceable=True))
    assert (ends(result)["large"], starts(result)["b"], result.summary()["ended_by"]) == (300, 300, "drained")


def test_an_action_of_the_same_instant_comes_first(drive, simulate):
    story = [job("a"), job("b", cancel_after="30s")]
    by_file = simulate(acting(act("30s", "cancel", "b", reason="now"), work=story, environments=[fixed(1)]))
    simulation = drive(scenario(*story))
    simulation.advance(until="30s")
    simulation.cancel("b", reason="now")
    assert jobs_of(by_file)["b"].reason == jobs_of(simulation.finish())["b"].reason == "now"


# -- terminate: what is over when


def test_terminate_ends_what_runs_with_sigterm(simulate):
    result = simulate(acting(act("10s", "terminate", "a"), work=[job("a", attempts=3)]))
    assert (only(result).ended_at_s, only(result).outcome, only(result).exit_code) == (10, "terminated", 137)
    assert (jobs_of(result)["a"].state, jobs_of(result)["a"].reason) == ("FAILED", "Terminated by the user")


def test_or_with_sigkill_up_to_which_its_container_holds_its_place(simulate):
    story = acting(act("10s", "terminate", "a"), work=[job("a"), job("b")], environments=[fixed(1)], world=GONE)
    result = simulate(story)
    assert (only(result).ended_at_s, only(result).outcome, only(result).exit_code) == (40, "terminated", 137)
    assert starts(result)["b"] == 40


@pytest.mark.parametrize(("stop_timeout", "end"), [("0s", 10), ("2m", 130)])
def test_sigkill_comes_after_the_stop_timeout(stop_timeout, end, simulate):
    """Up to two minutes on Fargate (API TaskContainerProperties, ``stopTimeout``)."""
    world = {**GONE, "stop_timeout": stop_timeout}
    story = acting(act("10s", "terminate", "a"), work=[task("a", "1h")], environments=[fargate()], world=world)
    assert only(simulate(story)).ended_at_s == end


@pytest.mark.parametrize(("run", "code"), [("20s", 0), ({"script": [{"run": "20s", "exit": 3}]}, 3)])
def test_a_container_that_exits_before_sigkill_is_gone_but_its_job_is_failed(run, code, simulate):
    result = simulate(acting(act("10s", "terminate", "a"), work=[job("a", run, attempts=3)], world=GONE))
    assert (only(result).ended_at_s, only(result).outcome, only(result).exit_code) == (20, "terminated", code)
    assert jobs_of(result)["a"].state == "FAILED"


@pytest.mark.parametrize("when", ["sigterm", "exit"])
def test_a_container_that_still_starts_is_gone_at_once(when, simulate):
    world = {"stopped_when": when, "warm_start": "20s"}
    attempt = only(simulate(acting(act("10s", "terminate", "a"), work=[job("a")], world=world)))
    assert (attempt.ended_at_s, attempt.outcome, isnan(attempt.running_at_s)) == (10, "terminated", True)


def test_terminating_it_again_changes_nothing(simulate):
    twice = [act("10s", "terminate", "a", reason="first"), act("20s", "terminate", "a", reason="second")]
    result = simulate(acting(*twice, work=[job("a")], world=GONE))
    assert (only(result).ended_at_s, jobs_of(result)["a"].reason) == (40, "first")


def test_a_timeout_during_the_grace_changes_nothing(simulate):
    story = acting(act("50s", "terminate", "a"), work=[job("a", "1h", timeout_s=60)], world=GONE)
    assert (only(simulate(story)).ended_at_s, only(simulate(story)).outcome) == (80, "terminated")


def test_a_host_that_is_lost_during_the_grace_brings_no_retry(simulate):
    spot = environment("spot", type="SPOT", allocationStrategy="BEST_FIT_PROGRESSIVE")
    lost = [{"kind": "spot_reclaim", "at": "25s", "select": {"environment": "spot", "ordinal": 0}}]
    work = [job("a", attempts=3)]
    result = simulate(acting(act("10s", "terminate", "a"), work=work, environments=[spot], faults=lost, world=GONE))
    assert (only(result).ended_at_s, only(result).outcome) == (25, "terminated")


def test_terminating_an_array_stops_what_runs_and_cancels_what_waits(simulate):
    story = acting(act("10s", "terminate", "a"), work=[job("a", size=4)], environments=[fixed(2)], world=GONE)
    result = simulate(story)
    assert ends(result) == {"a:0": 40, "a:1": 40, "a:2": 10, "a:3": 10}
    assert column(result, "ended_at_s", "submissions") == {"a": 40}


# -- SIGTERM


@pytest.mark.parametrize("when", ["sigterm", "exit"])
@pytest.mark.parametrize(("deed", "code"), [("exit_zero", 0), ("exit_nonzero", 143)])
def test_who_exits_at_the_sigterm_of_a_terminate_is_failed_all_the_same(deed, code, when, simulate):
    work = [job("a", attempts=3, on_sigterm=deed)]
    result = simulate(acting(act("10s", "terminate", "a"), work=work, world={"stopped_when": when}))
    attempt = only(result)
    assert (attempt.ended_at_s, attempt.outcome, attempt.exit_code, attempt.sigterm_at_s) == (
        10,
        "terminated",
        code,
        10,
    )
    assert jobs_of(result)["a"].state == "FAILED"


@pytest.mark.parametrize(("cost", "end", "code"), [("20s", 30, 143), ("31s", 40, 137)])
def test_who_saves_at_the_sigterm_of_a_terminate_exits_then_if_there_is_time(cost, end, code, simulate):
    work = [job("a", "1h", on_sigterm="checkpoint", checkpoint={**SAVING, "cost": cost})]
    attempt = only(simulate(acting(act("10s", "terminate", "a"), work=work, world=GONE)))
    assert (attempt.ended_at_s, attempt.exit_code, attempt.outcome) == (end, code, "terminated")


def test_a_timeout_ends_an_attempt_with_sigterm(simulate):
    result = simulate(scenario(job("a", "70s", attempts=10, timeout_s=60)))
    assert (only(result).ended_at_s, only(result).outcome, only(result).exit_code) == (60, "timed_out", 137)


def test_or_with_sigkill_where_the_container_must_be_gone(simulate):
    result = simulate(scenario(job("a", "1h", attempts=10, timeout_s=60), world=GONE))
    assert (only(result).ended_at_s, only(result).outcome, only(result).exit_code) == (90, "timed_out", 137)
    assert jobs_of(result)["a"].reason == "Job attempt duration exceeded timeout"


@pytest.mark.parametrize(("exits", "outcome"), [("succeeded", "succeeded"), ("failed", "timed_out")])
def test_who_is_done_between_sigterm_and_sigkill_exits_0(exits, outcome, simulate):
    world = {**GONE, "timeout_exit_zero": exits}
    result = simulate(scenario(job("a", "70s", attempts=10, timeout_s=60), world=world))
    assert (only(result).ended_at_s, only(result).outcome, only(result).exit_code) == (70, outcome, 0)
    assert jobs_of(result)["a"].state == exits.upper()


def test_who_fails_between_them_is_timed_out_and_not_retried(simulate):
    story = scenario(job("a", {"script": [{"run": "70s", "exit": 3}]}, attempts=10, timeout_s=60), world=GONE)
    assert (only(simulate(story)).outcome, only(simulate(story)).exit_code) == ("timed_out", 3)


@pytest.mark.parametrize("when", ["sigterm", "exit"])
@pytest.mark.parametrize(("exits", "state"), [("succeeded", "SUCCEEDED"), ("failed", "FAILED")])
def test_who_exits_0_at_its_timeout_has_succeeded_or_failed(exits, state, when, simulate):
    """User Guide, "Job states": exit code 0 is SUCCEEDED; of timeouts it says that the job is FAILED."""
    world = {"stopped_when": when, "timeout_exit_zero": exits}
    result = simulate(scenario(job("a", "1h", attempts=10, timeout_s=60, on_sigterm="exit_zero"), world=world))
    assert (only(result).ended_at_s, only(result).exit_code, jobs_of(result)["a"].state) == (60, 0, state)


def test_what_it_had_done_was_paid_for_nothing(simulate):
    result = simulate(scenario(job("a", "1h", timeout_s=60, on_sigterm="exit_zero")))
    assert set(result.summary()["cost"]["by_cause"]) == {"timed_out_or_cancelled", "unused_share"}
    assert (result.summary()["reclaims"]["cut_short"], result.summary()["reclaims"]["lost_s"]) == (1, 0)


def test_who_exits_otherwise_at_its_timeout_is_timed_out(simulate):
    attempt = only(simulate(scenario(job("a", "1h", attempts=10, timeout_s=60, on_sigterm="exit_nonzero"))))
    assert (attempt.ended_at_s, attempt.outcome, attempt.exit_code, attempt.sigterm_at_s) == (60, "timed_out", 143, 60)


def test_who_saves_at_its_timeout_exits_then(simulate):
    work = job("a", "1h", attempts=10, timeout_s=60, on_sigterm="checkpoint", checkpoint=SAVING)
    attempt = only(simulate(scenario(work, world=GONE)))
    assert (attempt.ended_at_s, attempt.outcome, attempt.exit_code, attempt.checkpoint_s) == (80, "timed_out", 143, 20)


def test_a_retry_begins_anew_with_its_own_timeout(simulate):
    run = {"script": [{"run": "50s", "exit": 1}, {"run": "1h"}]}
    result = simulate(scenario(job("a", run, attempts=2, timeout_s=60), world=GONE))
    assert [row.ended_at_s for row in attempts_of(result, "a")] == [50, 140]


# -- by hand


def test_a_job_submitted_by_hand_can_save_its_work_and_answer_sigterm(drive):
    simulation = drive(scenario(job("a", "60s"), environments=[fixed(2)]))
    late = simulation.submit(BODY, run="1h", on_sigterm="exit_nonzero", checkpoint={"every": "10s", "cost": "1s"})
    simulation.advance(until="25s")
    simulation.terminate(late)
    attempt = only(simulation.finish(), late)
    assert (attempt.exit_code, attempt.ended_at_s, attempt.checkpoint_s, attempt.kept_s) == (143, 25, 2, 20)


def test_and_give_up(drive):
    simulation = drive(scenario(job("a", "60s")))
    late = simulation.submit(BODY, cancel_after="30s")
    assert (ends(simulation.finish())[late], starts(simulation.finish())) == (30, {"a": 0})


def test_an_unknown_key_of_an_entry_is_an_error(drive):
    with pytest.raises(batchsim.ScenarioError, match="on_sigtrem"):
        drive(scenario(job("a"))).submit(BODY, on_sigtrem="exit_zero")


def test_a_job_that_is_cancelled_while_the_failure_of_its_dependency_is_still_to_reach_it_ends_at_once(simulate):
    chain = [job("a", "10s", fails=[{"probability": 1}]), job("b", needs=["a"]), job("c", needs=["b"])]
    actions = [{"at": "13s", "cancel": "b", "reason": "no longer wanted"}]
    result = simulate(scenario(*chain, world={"dep_fail_delay": "7s"}, actions=actions))
    found = {name: (row.state, row.ended_at_s) for name, row in jobs_of(result).items()}
    assert found == {"a": ("FAILED", 10), "b": ("FAILED", 13), "c": ("FAILED", 20)}
    assert jobs_of(result)["b"].reason == "no longer wanted"
