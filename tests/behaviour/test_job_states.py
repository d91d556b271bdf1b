"""States: what a job goes through, when each begins, what its events and its status reasons say.

https://docs.aws.amazon.com/batch/latest/userguide/job_states.html
https://docs.aws.amazon.com/batch/latest/userguide/batch_cwe_events.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html
"""

from __future__ import annotations

import json

import pytest
from pandas import isna
from scenario_builder import (
    attempts_of,
    column,
    definition,
    ends,
    environment,
    fails,
    fixed,
    job,
    jobs_of,
    scenario,
    starts,
    task,
)

import batchsim

STAGES = {"new_image": "20s", "warm_start": "5s"}
OOM = "OutOfMemoryError: Container killed due to memory usage"


def spot(**resources):
    return environment("spot", type="SPOT", allocationStrategy="BEST_FIT_PROGRESSIVE", **resources)


def reclaim(at, ordinal=0):
    return {"kind": "spot_reclaim", "at": at, "select": {"environment": "spot", "ordinal": ordinal}}


def told(result):
    """(second, status) of each event of each job, by job id."""
    found = {}
    for line in "".join(result.files(events=True)["events.jsonl"]).splitlines():
        event = json.loads(line)
        ours = event["detail"]["batchsim"]
        found.setdefault(ours["jobId"], []).append((ours["at"], event["detail"]["status"]))
    first = min(at for changes in found.values() for at, _ in changes)
    return {name: [((at - first) / 1000, state) for at, state in changes] for name, changes in found.items()}


def last_words(result, job_id="a"):
    """Status reason, container reason and exit code of a job's last attempt."""
    row = attempts_of(result, job_id)[-1]
    reason = "" if isna(row.reason) else str(row.reason)
    return str(row.status_reason), reason, row.exit_code


# -- from state to state


def test_a_job_goes_through_awss_states_and_waits_in_pending_for_another(simulate):
    result = simulate(scenario(job("a", "60s"), job("b", "60s", needs=["a"]), world=STAGES))
    assert told(result)["a"] == [(0, "RUNNABLE"), (0, "STARTING"), (25, "RUNNING"), (85, "SUCCEEDED")]
    assert told(result)["b"] == [
        (0, "PENDING"), (85, "RUNNABLE"), (85, "STARTING"), (90, "RUNNING"), (150, "SUCCEEDED")
    ]  # fmt: skip


def test_there_is_no_cancelled_state_but_failed_with_a_reason(simulate):
    cancel = [{"at": "10s", "cancel": "b"}]
    result = simulate(scenario(job("a"), job("b"), actions=cancel))
    assert told(result)["b"] == [(0, "RUNNABLE"), (10, "FAILED")]
    assert jobs_of(result)["b"].reason == "Canceled by the user"


def test_a_submission_has_no_event_of_its_own(simulate):
    result = simulate(scenario(job("a"), job("b", needs=["a"])))
    assert "SUBMITTED" not in {state for changes in told(result).values() for _, state in changes}


def test_a_job_without_dependencies_is_runnable_in_the_instant_of_its_submission(simulate):
    result = simulate(scenario(job("a", at="7s"), job("b", at="9s")))
    assert column(result, "runnable_at_s") == {"a": 7, "b": 9}


@pytest.mark.parametrize(("delay", "runnable"), [("0s", (7, 67)), ("5s", (12, 72))])
def test_dependencies_are_evaluated_at_once_or_as_a_what_if_later(delay, runnable, simulate):
    work = [job("a", at="7s"), job("b", at="9s", needs=["a"])]
    result = simulate(scenario(*work, world={"dep_eval_delay": delay}))
    assert tuple(column(result, "runnable_at_s").values()) == runnable
    assert column(result, "created_at_s") == {"a": 7, "b": 9}


def test_a_job_whose_dependencies_are_still_to_be_evaluated_is_submitted(simulate):
    slow = {"dep_eval_delay": "5s"}
    result = simulate(scenario(job("a"), world=slow, simulation={"until": "3s"}))
    assert column(result, "state") == {"a": "SUBMITTED"}
    result = simulate(scenario(job("a"), job("b", needs=["a"]), world=slow))
    assert told(result)["b"][0] == (0, "PENDING")
    assert [state for _, state in told(result)["a"]] == ["RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]


@pytest.mark.parametrize("waits", [True, False])
def test_a_job_cancelled_while_it_is_submitted_fails_when_it_is_evaluated(waits, simulate):
    slow = {"dep_eval_delay": "5s", "cancel_pending_wait": waits}
    story = scenario(job("a"), job("b"), world=slow, actions=[{"at": "2s", "cancel": "b"}], environments=[fixed(2)])
    row = jobs_of(simulate(story))["b"]
    assert (row.state, row.ended_at_s, row.attempts) == ("FAILED", 5, 0)


def test_a_runnable_job_may_wait_for_ever(simulate):
    result = simulate(scenario(job("a", "30d"), job("b"), simulation={"until": "20d"}))
    row = jobs_of(result)["b"]
    assert (row.state, row.wait_s, row.attempts) == ("RUNNABLE", 20 * 86_400, 0)


def test_starting_takes_from_the_placement_to_the_running_container_with_the_pull_in_it(simulate):
    (attempt,) = attempts_of(simulate(scenario(job("a", at="10s"), world=STAGES)), "a")
    assert (attempt.starting_at_s, attempt.pulled_at_s, attempt.running_at_s) == (10, 30, 35)


@pytest.mark.parametrize(("exit_code", "state"), [(0, "SUCCEEDED"), (1, "FAILED"), (255, "FAILED")])
def test_exit_0_is_success_and_any_other_exit_is_not(exit_code, state, simulate):
    result = simulate(scenario(job("a", {"script": [{"run": "10s", "exit": exit_code}]})))
    assert (jobs_of(result)["a"].state, last_words(result)[2]) == (state, exit_code)


def test_a_container_that_does_not_start_fails_its_attempt_without_having_run(simulate):
    result = simulate(scenario(job("a"), world={"start_failure": 1, **STAGES}))
    (attempt,) = attempts_of(result, "a")
    assert (attempt.ended_at_s, isna(attempt.running_at_s), isna(attempt.exit_code)) == (25, True, True)
    assert told(result)["a"] == [(0, "RUNNABLE"), (0, "STARTING"), (25, "FAILED")]


def test_every_container_starts_unless_the_world_says_otherwise(simulate):
    result = simulate(scenario(job("a", size=50, attempts=2), environments=[fixed(50)]))
    assert set(result.attempts["outcome"]) == {"succeeded"}


def test_a_part_of_starts_may_fail(simulate):
    result = simulate(scenario(job("a", size=400), environments=[fixed(400)], world={"start_failure": 0.25}))
    assert (result.attempts["outcome"] == "start_failed").mean() == pytest.approx(0.25, abs=0.07)


def test_a_retried_job_is_runnable_again(simulate):
    result = simulate(scenario(job("a", fails(1, run="10s", then="20s"), attempts=2)))
    states = [state for _, state in told(result)["a"]]
    assert states == ["RUNNABLE", "STARTING", "RUNNING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]


def test_a_job_that_has_ended_stays_as_it_ended(simulate):
    late = [{"at": "1h", "terminate": "a"}, {"at": "2h", "cancel": "a"}]
    result = simulate(scenario(job("a"), job("b", "3h"), environments=[fixed(2)], actions=late))
    assert (column(result, "state")["a"], ends(result)["a"]) == ("SUCCEEDED", 60)


# -- what a request overrides, and which revision it means


def test_a_request_overrides_its_definition(simulate):
    usual = definition("usual", retryStrategy={"attempts": 1}, timeout={"attemptDurationSeconds": 3600})
    own = job("a", {"script": [{"run": "90s"}]}, attempts=3, timeout_s=60, vcpus=2, kind="usual")
    result = simulate(
        scenario(own, definitions=[usual], environments=[fixed(2, types=("box.2",))], world={"timeout_lag": "0s"})
    )
    (attempt,) = attempts_of(result, "a")
    assert (attempt.outcome, attempt.ended_at_s, jobs_of(result)["a"].vcpus) == ("timed_out", 60, 2)


def test_a_name_without_revision_means_the_newest_active_one(simulate):
    kinds = [definition("work", vcpus=n, revision=n, status="INACTIVE" if n == 3 else "ACTIVE") for n in (1, 2, 3)]
    result = simulate(
        scenario(
            job("a", kind="work"), job("b", kind="work:1"), definitions=kinds, environments=[fixed(4, types=("box.4",))]
        )
    )
    assert column(result, "definition") == {"a": "work:2", "b": "work:1"}
    assert column(result, "vcpus") == {"a": 2, "b": 1}


# -- status reasons


@pytest.mark.parametrize("exit_code", [0, 3])
def test_the_status_reason_of_an_exit_is_the_same_whatever_the_code(exit_code, simulate):
    result = simulate(scenario(job("a", {"script": [{"run": "10s", "exit": exit_code}]})))
    assert last_words(result) == ("Essential container in task exited", "", exit_code)


def test_a_lost_host_is_named_and_leaves_no_exit_code(simulate):
    lost = scenario(job("a"), environments=[spot()], faults=[reclaim("10s")])
    status, reason, exit_code = last_words(simulate(lost))
    assert status.startswith("Host EC2 (instance i-")
    assert status.endswith(") terminated.")
    assert (reason, isna(exit_code)) == ("", True)


def test_an_interrupted_task_of_fargate_spot_says_so(simulate):
    tasks = environment("tasks", type="FARGATE_SPOT", maxvCpus=100)
    result = simulate(scenario(task("a", "10h", size=20), environments=[tasks], world={"spot_hazard": 1.0}))
    lost = result.attempts[result.attempts["outcome"] == "reclaimed"]
    assert len(lost) > 0
    assert set(lost["status_reason"]) == {"Your Spot Task was interrupted."}
    assert set(lost["exit_code"]) == {137}


def test_a_timeout_says_so_and_kills(simulate):
    result = simulate(scenario(job("a", "2m", timeout_s=60)))
    assert last_words(result) == ("Job attempt duration exceeded timeout", "", 137)


def test_a_failed_dependency_is_the_reason_of_what_waited_for_it(simulate):
    result = simulate(scenario(job("a", fails(1)), job("b", needs=["a"])))
    assert (jobs_of(result)["b"].state, jobs_of(result)["b"].reason) == ("FAILED", "Dependent Job failed")


def test_a_failed_child_is_the_reason_of_its_array(simulate):
    result = simulate(scenario(job("a", size=2), environments=[spot()], faults=[reclaim("10s")]))
    assert column(result, "reason", "submissions") == {"a": "Array Child Job failed"}


def test_a_container_that_runs_out_of_memory_exits_with_137_and_says_why(simulate):
    greedy = job("a", fails=[{"probability": 1, "exit_code": 137, "reason": OOM}])
    assert last_words(simulate(scenario(greedy))) == ("Essential container in task exited", OOM, 137)


def test_a_task_that_does_not_start_says_so_with_the_containers_reason(simulate):
    result = simulate(scenario(job("a"), world={"start_failure": 1}))
    status, reason, _ = last_words(result)
    assert status == "Task failed to start"
    assert reason.startswith("DockerTimeoutError: ")


def test_the_caller_says_why_a_job_is_terminated(drive):
    run = drive(scenario(job("a", "1h")))
    run.advance(until="10s")
    run.terminate("a", reason="too dear")
    result = run.finish()
    assert (jobs_of(result)["a"].reason, jobs_of(result)["a"].state) == ("too dear", "FAILED")


# -- timeouts


def test_a_job_without_a_timeout_runs_as_long_as_it_takes(simulate):
    assert ends(simulate(scenario(job("a", "20d")))) == {"a": 20 * 86_400}


def test_a_timeout_is_at_least_a_minute(simulate):
    with pytest.raises(batchsim.ScenarioError, match=r"E138.*60|60.*E138"):
        simulate(scenario(job("a", timeout_s=59)))
    assert ends(simulate(scenario(job("a", "2m", timeout_s=60)))) == {"a": 60}


def test_the_clock_of_a_timeout_starts_with_running(simulate):
    slow = {"new_image": "10m", "timeout_lag": "0s"}
    result = simulate(scenario(job("a", "2m", timeout_s=60), job("b", "50s", timeout_s=60), world=slow))
    assert [attempts_of(result, name)[0].outcome for name in "ab"] == ["timed_out", "succeeded"]
    assert starts(result)["a"] + 600 + 60 == ends(result)["a"]


def test_the_default_timeout_lag_is_a_few_seconds_and_no_two_need_agree(simulate):
    from scenario_builder import scenario_data

    data = scenario_data(job("a", "1h", size=50, timeout_s=60), environments=[fixed(50)])
    del data["world"]["timeout_lag"]
    lags = [end - 60 for end in ends(simulate(batchsim.spec.parse(data))).values()]
    assert 0 <= min(lags) < 1
    assert 4 < max(lags) <= 5


def test_an_attempt_that_timed_out_is_not_retried_and_no_rule_is_asked(simulate):
    every = [{"action": "RETRY", "onReason": "*"}]
    result = simulate(scenario(job("a", "2m", attempts=10, rules=every, timeout_s=60)))
    assert [str(row.outcome) for row in attempts_of(result, "a")] == ["timed_out"]
