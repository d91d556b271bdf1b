"""Memory is a hard limit: a container that exceeds it is killed.

https://docs.aws.amazon.com/batch/latest/APIReference/API_ResourceRequirement.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

from __future__ import annotations

import numpy as np
import pytest
from scenario_builder import attempts_of, fargate, fixed, job, jobs_of, scenario, task

KILLED = ("failed", "Essential container in task exited", "OutOfMemoryError: Container killed due to memory usage", 137)
SLOTS = fixed(512, types=("box.16",))


def endings(result):
    return [(row.outcome, row.status_reason, row.reason, row.exit_code) for row in result.attempts.itertuples()]


def test_a_container_is_killed_on_its_way_with_137(simulate):
    result = simulate(scenario(job("a", "10m"), world={"oom_prob": 1}))
    (attempt,) = attempts_of(result, "a")
    assert endings(result) == [KILLED]
    assert 0 < attempt.ended_at_s < 600
    assert jobs_of(result)["a"].state == "FAILED"


@pytest.mark.parametrize("probability", [0, 0.2, 0.7])
def test_as_many_attempts_are_killed_as_the_world_says_evenly_over_their_work(probability, simulate):
    result = simulate(scenario(job("a", "100s", size=400), environments=[SLOTS], world={"oom_prob": probability}))
    killed = result.attempts[result.attempts.exit_code == 137]
    assert len(killed) == pytest.approx(400 * probability, abs=4 * np.sqrt(400 * probability * (1 - probability)))
    if probability:
        assert killed.ended_at_s.mean() == pytest.approx(50, abs=4 * 28.9 / np.sqrt(len(killed)))


def test_each_attempt_has_its_own_chance_and_rules_see_the_reason(simulate):
    rules = [{"onReason": "OutOfMemory*", "action": "RETRY"}, {"onExitCode": "*", "action": "EXIT"}]
    work = job("a", "60s", size=200, attempts=10, rules=rules)
    result = simulate(scenario(work, environments=[SLOTS], world={"oom_prob": 0.5}))
    assert (result.jobs.state == "SUCCEEDED").mean() > 0.98
    assert result.jobs.attempts.mean() == pytest.approx(2, abs=0.4)


def test_nothing_else_moves_when_some_are_killed(simulate):
    work = job("a", {"uniform": {"min": "10s", "max": "60s"}}, size=50, fails=[{"probability": 0.3, "exit_code": 2}])
    ends = []
    for probability in (0, 0.3):
        result = simulate(scenario(work, environments=[SLOTS], world={"oom_prob": probability}))
        ends.append(result.attempts.set_index("job_id")[["exit_code", "ended_at_s"]])
    spared = ends[1].exit_code != 137
    assert 25 < spared.sum() < 45
    assert ends[0][spared].equals(ends[1][spared])


def test_an_entry_may_say_so_for_itself(simulate):
    fails = [{"probability": 1, "exit_code": 137, "reason": KILLED[2], "after": 0.5}]
    result = simulate(scenario(job("a", "60s", fails=fails)))
    assert (endings(result), jobs_of(result)["a"].ended_at_s) == ([KILLED], 30)


def test_scripts_say_themselves_how_attempts_end(simulate):
    result = simulate(scenario(job("a", {"script": [{"run": "60s"}]}), world={"oom_prob": 1}))
    assert jobs_of(result)["a"].state == "SUCCEEDED"


def test_tasks_on_fargate_are_killed_as_well(simulate):
    result = simulate(scenario(task("a"), environments=[fargate()], world={"oom_prob": 1}))
    assert endings(result) == [KILLED]


def test_one_that_is_killed_while_it_ignores_its_timeout_has_timed_out(simulate):
    """It was stopped at 60 s, and had until 90 s; the reason is its container's own."""
    work = task("a", "2m", size=100, timeout_s=60)
    result = simulate(scenario(work, environments=[fargate()], world={"oom_prob": 1, "stopped_when": "exit"}))
    rows = result.attempts[(result.attempts.reason == KILLED[2]) & (result.attempts.ended_at_s > 60)]
    assert len(rows) > 10
    assert rows[["outcome", "exit_code"]].drop_duplicates().to_numpy().tolist() == [["timed_out", 137]]
