"""N_TO_N, a job that waits for an array, SEQUENTIAL, and a failure that cascades."""

from __future__ import annotations

import pandas as pd
import pytest
from scenarios.conftest import Shipped

from batchsim import Result


@pytest.fixture
def graph(shipped: Shipped) -> Result:
    return shipped("dependency_graph")


def of(result: Result, entry: str) -> pd.DataFrame:
    return result.jobs[result.jobs.entry == entry].reset_index()


def test_a_transform_child_is_released_by_its_own_extract_child(graph: Result) -> None:
    extract, transform = of(graph, "extract"), of(graph, "transform")
    assert (transform.runnable_at_s == extract.ended_at_s).all()
    assert transform.runnable_at_s.min() < extract.ended_at_s.max()


def test_load_waits_for_all_of_transform(graph: Result) -> None:
    assert of(graph, "load").runnable_at_s[0] == of(graph, "transform").ended_at_s.max()


def test_sequential_children_run_one_after_the_other(graph: Result) -> None:
    replay = of(graph, "replay")
    assert replay.runnable_at_s[1:].tolist() == replay.ended_at_s[:-1].tolist()
    assert replay.state.eq("SUCCEEDED").all()


def test_validate_fails_at_once_as_its_rule_says(graph: Result) -> None:
    job = of(graph, "validate").iloc[0]
    assert (job.state, job.attempts, job.attempts_allowed) == ("FAILED", 1, 2)
    assert graph.attempts[graph.attempts.job_id == "validate"].exit_code.tolist() == [3]


@pytest.mark.parametrize("entry", ["publish", "notify"])
def test_what_depends_on_it_fails_without_a_try(graph: Result, entry: str) -> None:
    job = of(graph, entry).iloc[0]
    assert (job.state, job.reason, job.attempts) == ("FAILED", "Dependent Job failed", 0)
    assert job.ended_at_s == of(graph, "validate").ended_at_s[0]


def test_the_failure_stays_in_its_own_workflow(graph: Result) -> None:
    failed = graph.jobs[graph.jobs.state == "FAILED"]
    assert failed.entry.tolist() == ["validate", "publish", "notify"]
    assert graph.summary()["headline"]["data_ready_at_s"] is None
