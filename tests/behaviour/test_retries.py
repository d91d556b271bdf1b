"""Retries: how often, after what, by which rules, and where a retried job waits.

https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_RetryStrategy.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_EvaluateOnExit.html
https://docs.aws.amazon.com/batch/latest/userguide/bestpractice6.html
"""

from __future__ import annotations

import pytest
from scenario_builder import (
    attempts_of,
    column,
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
)

import batchsim

EXIT = {"action": "EXIT"}
RETRY = {"action": "RETRY"}
OOM = "OutOfMemoryError: Container killed due to memory usage"


def spot(**resources):
    return environment("spot", type="SPOT", allocationStrategy="BEST_FIT_PROGRESSIVE", **resources)


def lost(at="10s"):
    return [{"kind": "spot_reclaim", "at": at, "select": {"environment": "spot", "ordinal": 0}}]


def tries(result, job_id="a"):
    return [str(row.outcome) for row in attempts_of(result, job_id)]


def killed(rules, simulate, attempts=3):
    """How often a job is tried whose every attempt runs out of memory."""
    step = {"run": "10s", "exit": 137, "reason": OOM}
    return len(tries(simulate(scenario(job("a", {"script": [step]}, attempts=attempts, rules=rules)))))


# -- how often


def test_without_a_strategy_a_job_is_tried_once(simulate):
    assert tries(simulate(scenario(job("a", fails(1))))) == ["failed"]


@pytest.mark.parametrize("attempts", [2, 10])
def test_attempts_count_all_tries_and_not_the_extra_ones(attempts, simulate):
    result = simulate(scenario(job("a", {"script": [{"run": "1s", "exit": 1}]}, attempts=attempts)))
    assert tries(result) == ["failed"] * attempts
    assert jobs_of(result)["a"].state == "FAILED"


@pytest.mark.parametrize("attempts", [0, 11])
def test_attempts_are_one_to_ten(attempts, simulate):
    with pytest.raises(batchsim.ScenarioError, match="E134"):
        simulate(scenario(job("a", attempts=attempts)))


def test_attempts_are_numbered_from_one(simulate):
    result = simulate(scenario(job("a", fails(1, 1), attempts=3)))
    assert [row.attempt for row in attempts_of(result, "a")] == [1, 2, 3]


@pytest.mark.parametrize("counts", [True, False])
def test_a_failure_to_start_counts_as_a_try_or_as_a_what_if_does_not(counts, simulate):
    """Of 64 jobs half of whose starts fail, some fail twice: then there is a third start only if those do not count."""
    world = {"start_failure": 0.5, "count_start_failures": counts}
    result = simulate(scenario(job("a", size=64, attempts=2), world=world))
    assert (result.jobs["attempts"].max() > 2) == (not counts)
    assert set(column(result, "state").values()) == ({"SUCCEEDED", "FAILED"} if counts else {"SUCCEEDED"})


# -- after what


def test_an_exit_code_other_than_0_is_retried(simulate):
    assert tries(simulate(scenario(job("a", fails(1), attempts=2)))) == ["failed", "succeeded"]


def test_a_lost_host_is_retried(simulate):
    story = scenario(job("a", attempts=2), environments=[spot()], faults=lost())
    assert tries(simulate(story)) == ["reclaimed", "succeeded"]


def test_a_failure_to_start_is_retried(simulate):
    result = simulate(scenario(job("a", attempts=3), world={"start_failure": 1, "warm_start": "5s"}))
    assert tries(result) == ["start_failed"] * 3
    assert [row.ended_at_s for row in attempts_of(result, "a")] == [5, 10, 15]


def test_a_terminated_job_is_not_retried(simulate):
    stop = [{"at": "10s", "terminate": "a"}]
    assert tries(simulate(scenario(job("a", attempts=3), actions=stop))) == ["terminated"]


def test_a_cancelled_job_is_not_retried(simulate):
    stop = [{"at": "30s", "cancel": "b"}]
    result = simulate(scenario(job("a"), job("b", attempts=3), actions=stop))
    assert (tries(result, "b"), jobs_of(result)["b"].state) == ([], "FAILED")


@pytest.mark.parametrize(("delay", "again"), [("0s", 10), ("90s", 100)])
def test_a_failed_job_is_runnable_at_once_or_after_a_delay(delay, again, simulate):
    result = simulate(scenario(job("a", fails(1), attempts=2), world={"retry_delay": delay}))
    assert [row.runnable_at_s for row in attempts_of(result, "a")] == [0, again]


def test_a_bug_is_retried_like_a_lost_host_and_every_retry_goes_before_those_that_wait(simulate):
    """``b`` came first, but was not RUNNABLE when the slot was free; then it waits for all tries of the bug."""
    places, queues = [fixed(1), fixed(1, "side")], [queue(), queue("side", "side")]
    bug = job("bug", {"script": [{"run": "10s", "exit": 1}]}, attempts=5)
    work = [job("p", "5s", on="side"), job("b", needs=["p"]), bug]
    result = simulate(scenario(*work, environments=places, queues=queues))
    assert starts(result) == {"p": 0, "bug": 0, "b": 50}


# -- by which rules


def test_the_first_rule_that_matches_decides(simulate):
    assert killed([{**RETRY, "onExitCode": "1*"}, {**EXIT, "onReason": "*"}], simulate) == 3
    assert killed([{**EXIT, "onReason": "*"}, {**RETRY, "onExitCode": "1*"}], simulate) == 1


@pytest.mark.parametrize(("order", "tried"), [("first", 1), ("last", 3)])
def test_the_first_rule_that_matches_decides_or_as_a_what_if_the_last(order, tried, simulate):
    rules = [{**EXIT, "onReason": "Out*"}, {**EXIT, "onExitCode": "1"}, {**RETRY, "onExitCode": "1*"}]
    step = {"run": "10s", "exit": 137, "reason": OOM}
    story = scenario(job("a", {"script": [step]}, attempts=3, rules=rules), world={"retry_rule_order": order})
    assert len(tries(simulate(story))) == tried


@pytest.mark.parametrize(("matches", "tried"), [(True, ["reclaimed"]), (False, ["reclaimed", "succeeded"])])
def test_a_star_matches_where_there_was_no_exit_code_or_as_a_what_if_does_not(matches, tried, simulate):
    rules = [{**EXIT, "onExitCode": "*"}]
    story = scenario(
        job("a", attempts=2, rules=rules), environments=[spot()], faults=lost(),
        world={"no_exit_code_matches": matches},
    )  # fmt: skip
    assert tries(simulate(story)) == tried


@pytest.mark.parametrize(("reason", "tried"), [("OutOfMemory*", 1), ("Disk*", 3)])
def test_all_conditions_of_a_rule_must_hold(reason, tried, simulate):
    assert killed([{**EXIT, "onExitCode": "137", "onReason": reason}], simulate) == tried


@pytest.mark.parametrize(("pattern", "tried"), [("137", 1), ("13", 3), ("13*", 1), ("*", 1)])
def test_only_a_star_at_the_end_makes_a_prefix_of_a_pattern(pattern, tried, simulate):
    assert killed([{**EXIT, "onExitCode": pattern}], simulate) == tried


def test_a_star_at_the_beginning_is_refused():
    with pytest.raises(batchsim.ScenarioError, match="E136"):
        scenario(job("a", attempts=2, rules=[{**EXIT, "onReason": "*Error"}]))


@pytest.mark.parametrize(
    ("rule", "tried"),
    [
        ({"onStatusReason": "Essential container in task exited"}, 1),
        ({"onStatusReason": "OutOfMemoryError*"}, 3),
        ({"onReason": "OutOfMemoryError*"}, 1),
        ({"onReason": "Essential*"}, 3),
        ({"onExitCode": "137"}, 1),
        ({"onExitCode": "1"}, 3),
    ],
)
def test_each_condition_looks_at_its_own_text(rule, tried, simulate):
    assert killed([{**EXIT, **rule}], simulate) == tried


def test_what_no_rule_matches_is_retried(simulate):
    assert killed([{**EXIT, "onExitCode": "1"}], simulate) == 3
    assert killed([{**EXIT, "onExitCode": "1"}, {**EXIT, "onReason": "*"}], simulate) == 1


def test_a_star_matches_where_a_container_gives_no_reason(simulate):
    rules = [{**RETRY, "onStatusReason": "Host EC2*"}, {**EXIT, "onReason": "*"}]
    result = simulate(scenario(job("a", fails(1), attempts=3, rules=rules)))
    assert tries(result) == ["failed"]


def test_rules_need_attempts_and_are_at_most_five():
    rule = {**EXIT, "onReason": "*"}
    five = scenario(job("a", attempts=2, rules=[rule] * 5))
    assert len(five.workload[0].submit.retryStrategy.evaluateOnExit) == 5
    with pytest.raises(batchsim.ScenarioError, match="E135"):
        scenario(job("a", attempts=2, rules=[rule] * 6))
    alone = job("a")
    alone["submit"]["retryStrategy"] = {"evaluateOnExit": [rule]}
    with pytest.raises(batchsim.ScenarioError, match="E135"):
        scenario(alone)


@pytest.mark.parametrize(
    "condition",
    [{"onStatusReason": "Host EC2 (instance*"}, {"onReason": "x" * 513}, {"onExitCode": "1a"}],
)
def test_patterns_hold_few_characters_and_at_most_512(condition):
    with pytest.raises(batchsim.ScenarioError, match="E136"):
        scenario(job("a", attempts=2, rules=[{**EXIT, **condition}]))


def test_the_case_of_an_action_does_not_matter(simulate):
    assert killed([{"action": "exit", "onReason": "*"}], simulate) == 1
    assert killed([{"action": "Retry", "onReason": "*"}], simulate) == 3
    assert column(simulate(scenario(job("a"))), "state") == {"a": "SUCCEEDED"}


@pytest.mark.parametrize("more", [{}, {"hol_scope": "ce", "retry_position": "back"}])
@pytest.mark.parametrize("seed", range(3))
def test_a_task_that_exits_as_it_starts_is_retried_after_those_that_started_beside_it(seed, more, simulate):
    """Capacity for less than the notice: it is told at once. Three start in the first second, then one a second."""
    world = {"spot_hazard": 20, "notice": "2m", "fargate_burst": 3, "fargate_rate": "1/s", **more}
    work = task("a", size=4, attempts=5, on_sigterm="exit_nonzero")
    result = simulate(scenario(work, environments=[fargate(type="FARGATE_SPOT")], world=world), seed=seed)
    assert column(result, "runnable_at_s")["a:0"] == 0
    at_once = result.attempts[result.attempts.ended_at_s == result.attempts.starting_at_s]
    assert at_once.outcome.unique().tolist() in (["reclaimed"], [])
