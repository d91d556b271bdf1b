"""The DataFrames: the columns that others rely on, ids, decimals, what is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from batchsim.analysis.run import Analysis
from batchsim.analysis.tables import COLUMNS, table
from batchsim.records.identifiers import instance_id
from batchsim.records.tables import NEVER, Records
from batchsim.records.vocabulary import JobState, Outcome, WaitReason
from tests.analysis.builders import attempt, call, head, instance, job, run
from tests.analysis.test_bills import PRICES, TASK

RELIED_ON = {
    "jobs": "job_id entry occurrence array_index queue definition share state reason due_at_s created_at_s "
    "runnable_at_s ended_at_s attempts wait_s start_up_s turnaround_s censored cost_usd cost_loaded_usd cost_share_usd",
    "attempts": "job_id attempt instance environment runnable_at_s starting_at_s running_at_s ended_at_s outcome "
    "status_reason reason exit_code",
    "instances": "instance environment type zone spot launched_at_s billed_from_s ready_at_s ended_at_s why_launched "
    "why_ended cost_usd waived_usd",
}


def sample() -> Records:
    """A single job, an array of two of which one waits, and a task on Fargate."""
    calls = [call(entry=0), call(entry=1, is_array=True, size=2, occurrence=5), call(entry=1, occurrence=6)]
    jobs = [
        job(submission=0, ended_at_ms=100_000),
        job(submission=1, array_index=0, ended_at_ms=NEVER, state=JobState.RUNNING),
        job(submission=1, array_index=1, attempts=0, waiting_since_ms=0, state=JobState.RUNNABLE),
        job(submission=2, ended_at_ms=70_500, state=JobState.FAILED),
    ]
    rows = [
        attempt(1.25, 100, job=0),
        attempt(2, job=1),
        attempt(3, 70.5, job=3, outcome=Outcome.FAILED, exit_code=7, **TASK),
    ]
    edges = [{"submission": 2, "parent": 1, "kind": 2}, {"submission": 2, "parent": 0, "kind": 0}]
    line = [head(0, WaitReason.MAX_VCPUS), head(2, WaitReason.EMPTY, environment=NEVER, job=NEVER)]
    return run(calls=calls, jobs=jobs, attempts=rows, instances=[instance()], timeline=line, edges=edges, horizon=200)


def frame(name: str, records: Records | None = None) -> pd.DataFrame:
    return table(Analysis(records or sample(), PRICES), name)


@pytest.mark.parametrize("name", RELIED_ON)
def test_the_columns_that_others_rely_on_are_there(name: str) -> None:
    assert set(RELIED_ON[name].split()) <= set(frame(name).columns)


@pytest.mark.parametrize("name", COLUMNS)
def test_a_table_of_an_empty_run_has_the_same_columns(name: str) -> None:
    assert list(frame(name, run()).columns) == list(frame(name).columns)
    assert len(frame(name, run())) == 0


def test_job_ids_number_calls_only_where_an_entry_has_several() -> None:
    assert frame("jobs").job_id.tolist() == ["work", "more@5:0", "more@5:1", "more@6"]
    assert frame("submissions").job_id.tolist() == ["work", "more@5", "more@6"]


def test_what_never_happened_is_missing() -> None:
    jobs, attempts = frame("jobs"), frame("attempts")
    assert jobs.ended_at_s.isna().tolist() == [False, True, True, False]
    assert jobs.array_index.isna().tolist() == [True, False, False, True]
    assert attempts.instance.isna().tolist() == [False, False, True]
    assert frame("timeline").job_id.isna().tolist() == [False, True]


def test_an_unfinished_job_has_parts_but_no_turnaround() -> None:
    jobs = frame("jobs")
    assert jobs.censored.tolist() == [False, True, True, False]
    assert jobs.turnaround_s.isna().tolist() == jobs.censored.tolist()
    assert jobs.last_running_s.tolist() == [98.75, 198.0, 0.0, 67.5]


def test_the_parts_sum_to_the_turnaround_in_the_table_too() -> None:
    jobs = frame("jobs")
    parts = "throttled dependency wait retry_delay provisioning image_pull container_start earlier_running last_running"
    total = sum(jobs[f"{part}_s"] for part in parts.split())
    assert total[~jobs.censored].round(3).tolist() == jobs.turnaround_s[~jobs.censored].tolist()


def test_words_stand_for_codes_and_only_those_that_occur() -> None:
    states = frame("jobs").state
    assert states.value_counts().to_dict() == {"SUCCEEDED": 1, "RUNNING": 1, "RUNNABLE": 1, "FAILED": 1}
    assert frame("attempts").outcome.tolist() == ["succeeded", "open", "failed"]


def test_instances_have_stable_ids_like_ec2s() -> None:
    assert frame("instances").instance.tolist() == [instance_id("hosts", 0)]
    assert frame("attempts").instance[0] == instance_id("hosts", 0)


def test_dollars_and_seconds_are_decimals_to_the_last_place() -> None:
    bill = frame("instances").iloc[0]
    assert f"{bill.compute_usd:.9f}" == "0.020000000"
    assert f"{frame('attempts').starting_at_s[0]:.3f}" == "1.250"


def test_only_fargate_attempts_carry_what_fargate_bills_by() -> None:
    attempts = frame("attempts")
    assert attempts.billed_s.tolist() == [pd.NA, pd.NA, 68]
    assert attempts.vcpu_nano_usd_per_h.tolist() == [pd.NA, pd.NA, 40_480_000]
    assert attempts.environment_kind.tolist() == ["EC2", "EC2", "FARGATE"]


def test_dependencies_name_parent_and_kind() -> None:
    depends = frame("submissions").depends_on
    assert depends.isna().tolist() == [True, True, False]
    assert depends[2] == "more@5/N_TO_N work/plain"


def test_the_rows_of_the_costs_table_sum_to_the_bills() -> None:
    costs, instances, attempts = frame("costs"), frame("instances"), frame("attempts")
    tasks = attempts.cost_usd[attempts.environment_kind == "FARGATE"].sum()
    assert np.isclose(costs.cost_usd.sum(), instances.cost_usd.sum() + tasks, atol=1e-12)
    own = costs[costs.job_id == "more@6"].cost_usd.sum()
    assert round(own, 9) == frame("jobs").cost_usd[3]
