"""Critical paths: what bound each job, to the millisecond; slack; the lever. `tests/sums` recounts them at random."""

from __future__ import annotations

from dataclasses import replace
from time import process_time

import numpy as np
import pytest
from effort import patience
from scenario_builder import fails, fixed, job, queue, scenario

import batchsim
from batchsim import Result, Simulation
from batchsim.analysis import run as analysis
from batchsim.analysis.critical_path import critical_path_check
from batchsim.analysis.parts import job_parts
from tests.sums.path_oracle import unlike_the_recount

WIDE = [fixed(16, types=("box.16",))]


def run(*work: object, **keys: object) -> Result:
    result = batchsim.run(scenario(*work, **{"environments": WIDE, **keys}), seed=1)
    assert unlike_the_recount(result) == []
    return result


def path(result: Result, workflow: int = 0) -> list[str]:
    rows = result.critical_path
    return rows[(rows["workflow"] == workflow) & rows["is_critical"]]["job_id"].tolist()


def slacks(result: Result) -> dict[str, float]:
    return dict(zip(result.critical_path["job_id"], result.critical_path["slack_s"], strict=True))


def flow(*entries: object, **keys: object) -> dict[str, object]:
    return {"workflow": list(entries), **keys}


def test_of_two_branches_the_longer_one_is_the_path_and_the_other_has_slack() -> None:
    result = run(flow(job("a", "10s"), job("b", "60s", needs=["a"]), job("c", "25s", needs=["a"]),
                      job("d", "5s", needs=["b", "c"])))  # fmt: skip
    assert path(result) == ["a", "b", "d"]
    assert slacks(result) == {"a": 0, "b": 0, "d": 0, "c": 35}


def test_the_parts_of_a_path_are_the_makespan() -> None:
    slow = {"warm_start": "7s", "new_image": "3s"}
    result = run(flow(job("a", "10s"), job("b", "60s", needs=["a"])), world=slow)
    (row,) = result.workflows.itertuples()
    assert (row.makespan_s, row.last_running_s, row.container_start_s, row.image_pull_s) == (87, 70, 14, 3)
    assert (row.lever, row.lever_job, row.lever_s) == ("last_running", "b", 70)


def test_a_dependency_on_an_array_leads_through_its_last_child() -> None:
    result = run(flow(job("all", {"scripts": ["10s", "40s", "20s"]}, size=3), job("after", "5s", needs=["all"])))
    assert path(result) == ["all:1", "after"]
    assert slacks(result) == {"all:0": 30, "all:1": 0, "all:2": 20, "after": 0}


def test_n_to_n_goes_child_by_child() -> None:
    second = job("b", {"scripts": ["50s", "5s"]}, size=2, needs=[{"jobId": "a", "type": "N_TO_N"}])
    result = run(flow(job("a", {"scripts": ["10s", "40s"]}, size=2), second))
    assert path(result) == ["a:0", "b:0"]
    assert slacks(result) == {"a:0": 0, "b:0": 0, "a:1": 15, "b:1": 15}


def test_a_sequential_array_is_one_path() -> None:
    result = run(job("s", "10s", size=4, needs=[{"type": "SEQUENTIAL"}]))
    assert path(result) == ["s:0", "s:1", "s:2", "s:3"]
    assert set(slacks(result).values()) == {0}


def test_a_wait_for_room_stays_on_the_path_and_names_who_freed_it() -> None:
    result = run(job("x", "30s", vcpus=1), job("y", "10s", vcpus=1), environments=[fixed(1)])
    row = result.critical_path.set_index("job_id").loc["y"]
    assert (row["wait_max_vcpus_s"], row["freed_by"], row["slack_s"]) == (30, "x", 0)
    assert row.isna()["bound_by"]
    assert result.workflows["lever"].tolist() == ["last_running", "wait_max_vcpus"]


def test_a_retried_job_has_its_earlier_attempts_on_the_path() -> None:
    result = run(flow(job("a", fails(1, run="20s", then="30s"), attempts=2), job("b", "5s", needs=["a"])))
    (row,) = result.workflows.itertuples()
    assert (row.makespan_s, row.earlier_running_s, row.last_running_s) == (55, 20, 35)


def test_what_a_dependency_failed_ends_with_it_and_moves_nothing() -> None:
    result = run(flow(job("a", fails(1)), job("b", needs=["a"]), job("c", "60s")))
    rows = result.critical_path.set_index("job_id")
    assert path(result) == ["c"]
    assert (rows.loc["b", "bound_by"], rows.loc["b", "slack_s"], rows.loc["a", "slack_s"]) == ("a", 50, 50)


def test_a_failure_reaches_its_dependents_late_where_the_world_says_so() -> None:
    result = run(flow(job("a", fails(1)), job("b", needs=["a"])), world={"dep_fail_delay": "7s"})
    rows = result.critical_path.set_index("job_id")
    assert path(result) == ["a", "b"]
    assert (rows.loc["b", "dependency_s"], rows.loc["b", "slack_s"]) == (7, 0)


def test_a_failure_that_is_still_under_way_at_the_end_of_the_run_binds_what_it_will_fail() -> None:
    work = flow(job("a", fails(1)), job("b", needs=["a"]))
    result = run(work, world={"dep_fail_delay": "7s"}, simulation={"until": "12s"})
    assert path(result) == ["a", "b"]
    assert slacks(result) == {"a": 0, "b": 0}


def test_a_dependency_that_was_over_before_the_job_was_looked_at_did_not_bind_it() -> None:
    result = run(flow(job("a", "3s"), job("b", "10s", needs=["a"])), world={"dep_eval_delay": "20s"})
    rows = result.critical_path.set_index("job_id")
    assert path(result) == ["a", "b"]
    assert (rows.loc["b", "bound_by"], rows.loc["a", "start_s"]) == ("a", 0)


def test_what_comes_after_is_bound_by_the_end_it_came_after() -> None:
    result = run(job("a", {"scripts": ["10s", "30s"]}, size=2), job("b", "5s", at={"after": "a", "delay": "4s"}))
    rows = result.critical_path.set_index("job_id")
    assert path(result) == ["a:1", "b"]
    assert (rows.loc["b", "bound_as"], rows.loc["b", "arrival_s"], rows.loc["a:0", "slack_s"]) == ("after", 4, 20)


def test_jobs_that_were_submitted_by_calls_are_one_workflow_where_they_depend_on_each_other() -> None:
    simulation = Simulation(scenario(environments=WIDE), seed=1)
    body = {"jobName": "x", "jobQueue": "queue", "jobDefinition": "job"}
    first = simulation.submit({**body, "jobName": "first"}, run="10s")
    simulation.advance(until=5)
    simulation.submit({**body, "jobName": "second", "dependsOn": [{"jobId": first}]}, run="20s")
    result = simulation.finish()
    assert len(result.workflows) == 1
    assert result.workflows["makespan_s"].tolist() == [30]


def test_each_firing_of_a_workflow_has_its_own_path() -> None:
    result = run(flow(job("a", "10s"), job("b", "20s", needs=["a"]), at={"cron": "5/10 * * * ? *", "for": "20m"}))
    assert [path(result, number) for number in range(len(result.workflows))] == [["a@0", "b@0"], ["a@1", "b@1"]]


def test_an_unfinished_workflow_runs_to_the_horizon() -> None:
    work = flow(job("a", "10s"), job("b", "60s", needs=["a"]))
    result = run(work, simulation={"until": "30s"})
    (row,) = result.workflows.itertuples()
    assert (row.makespan_s, row.unfinished, path(result)) == (30, 1, ["a", "b"])


def test_refused_calls_are_no_part_of_a_workflow() -> None:
    queues = [queue("queue"), queue("shut", state="DISABLED")]
    result = run(flow(job("a", "10s"), job("b", needs=["a"], on="shut")), queues=queues)
    assert result.critical_path["job_id"].tolist() == ["a"]


def test_a_run_of_nothing_has_no_workflow() -> None:
    result = batchsim.run(batchsim.loads("{}"))
    assert (len(result.workflows), len(result.critical_path)) == (0, 0)
    assert result.summary()["workflows"] == {"count": 0, "longest": []}


def test_a_planted_millisecond_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(flow(job("a", "10s"), job("b", "60s", needs=["a"])))

    def longer(*given: object) -> object:
        parts = job_parts(*given)
        return replace(parts, last_running=parts.last_running + np.array([1, 0]))

    monkeypatch.setattr(analysis, "job_parts", longer)
    assert any("its path sums to" in told for told in critical_path_check(replace(result)._analysis))


def test_a_chain_of_thousands_takes_no_time_to_speak_of() -> None:
    chain = job("s", "1s", size=10_000, needs=[{"type": "SEQUENTIAL"}])
    result = batchsim.run(scenario(chain, environments=WIDE))
    started = process_time()
    assert int(result.critical_path["is_critical"].sum()) == 10_000
    assert process_time() - started < patience(5)
