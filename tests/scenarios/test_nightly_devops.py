"""Nightly upkeep of 200 accounts on Fargate, with notifications, against a cron host that is always on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Simulate
from scenarios.conftest import FOLDER, Shipped

import batchsim
from batchsim import Result
from batchsim.spec import to_data

FILE, HOST = FOLDER / "nightly_devops.yaml", FOLDER / "nightly_devops_cron_host.yaml"


@pytest.fixture
def night(shipped: Shipped) -> Result:
    return shipped("nightly_devops")


def without_capacity(path: Path) -> dict[str, Any]:
    """A scenario as data, without where its jobs run."""
    data = to_data(batchsim.load(path))
    capacity = ("name", "description", "computeEnvironments", "jobQueues", "jobDefinitions", "thresholds", "world")
    return {key: value for key, value in data.items() if key not in capacity}


def test_the_two_files_differ_in_where_the_jobs_run_and_in_nothing_else() -> None:
    assert without_capacity(FILE) == without_capacity(HOST)
    fargate, host = (to_data(batchsim.load(path))["world"] for path in (FILE, HOST))
    assert {key for key in fargate if fargate[key] != host[key]} == {"platform"}


def test_nothing_is_always_on(night: Result) -> None:
    assert night.instances.empty
    cost = night.summary()["cost"]
    assert set(cost["by_charge"]) <= {"fargate_vcpu", "fargate_gib", "fargate_storage"}
    assert cost["by_cause"].get("kept_by_minvcpus", 0) == cost["by_cause"].get("idle_tail", 0) == 0


def test_every_account_that_needs_a_look_is_told_once(night: Result, tmp_path: Path) -> None:
    night.write(tmp_path / "out")
    lines = [json.loads(line) for line in (tmp_path / "out" / "notifications.jsonl").read_text().splitlines()]
    told = [line["event"]["detail"]["batchsim"]["jobId"] for line in lines if line["rule"] == "failed-upkeep"]
    assert sorted(told) == sorted(night.jobs.job_id[night.jobs.state == "FAILED"])
    assert {line["target"].rpartition(":")[2] for line in lines} == {"oncall", "platform-team"}


def test_drift_alone_goes_to_the_owners_of_the_stacks(night: Result) -> None:
    exits = night.attempts.set_index("job_id").exit_code
    told = night.notifications.job_id[night.notifications.rule == "drift"]
    assert set(exits[told]) == {2}
    assert set(told.str.partition(":")[0]) == {"drift"}


def test_a_throttled_api_is_asked_again_and_a_finding_is_not(night: Result) -> None:
    tried = night.attempts.groupby("job_id").exit_code.agg(list)
    assert all(codes[:-1] == [75] * (len(codes) - 1) for codes in tried)
    assert {2, 1, 0} <= {codes[-1] for codes in tried}


@pytest.mark.parametrize("seed", range(1, 11))
def test_the_host_costs_eight_times_as_much_and_takes_hours(simulate: Simulate, seed: int) -> None:
    fargate, host = (simulate(batchsim.load(path), seed=seed) for path in (FILE, HOST))
    assert fargate.jobs.work_s.tolist() == host.jobs.work_s.tolist()
    assert fargate.notifications.rule.value_counts().to_dict() == host.notifications.rule.value_counts().to_dict()
    monthly = [result.summary()["cost"]["per_month_usd"] for result in (fargate, host)]
    assert 45 < monthly[0] < 55
    assert 446 < monthly[1] < 452
    took = [result.summary()["headline"]["makespan_s"] for result in (fargate, host)]
    assert took[0] < 40 * 60 < 2.5 * 3600 < took[1]
    assert host.summary()["cost"]["by_cause"]["kept_by_minvcpus"] > 0.85 * host.summary()["cost"]["total_usd"]
