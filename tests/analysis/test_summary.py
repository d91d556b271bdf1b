"""The summary: one page of plain JSON values, percentiles only of enough jobs, stuck jobs first."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from batchsim.analysis.prices import Rules
from batchsim.analysis.run import Analysis
from batchsim.analysis.statistics import percentile, statistics_s
from batchsim.analysis.summary import summary
from batchsim.records.tables import NEVER, Records
from batchsim.records.vocabulary import EndedBy, JobState, Outcome, WaitReason, WhyEnded
from tests.analysis.builders import attempt, call, head, instance, job, run
from tests.analysis.test_bills import PRICES
from tests.analysis.test_tables import sample


def page(records: Records, **thresholds: str) -> dict[str, Any]:
    return summary(Analysis(records, PRICES), thresholds)


@pytest.mark.parametrize("records", [run(), sample()], ids=["empty", "sample"])
def test_it_is_plain_json_without_nan_and_the_same_each_time(records: Records) -> None:
    assert json.dumps(page(records), allow_nan=False) == json.dumps(page(records), allow_nan=False)
    assert json.loads(json.dumps(page(records))) == page(records)


def test_the_bill_adds_up_by_every_split() -> None:
    cost = page(sample())["cost"]
    for split in ("by_cause", "by_charge", "by_queue", "by_definition", "by_entry", "by_environment", "by_type"):
        assert round(sum(cost[split].values()), 9) == cost["total_usd"]


def test_cost_per_tb_is_the_whole_bill_over_the_data_sets() -> None:
    records = run(calls=[call(data_bytes=5 * 10**11)], attempts=[attempt(0, 3600)], instances=[instance(off=3600)])
    cost = page(records)["cost"]
    assert cost["per_tb_usd"] == round(cost["total_usd"] * 2, 9)


def test_what_spot_saved_is_against_the_same_hours_on_demand() -> None:
    host = instance(off=7200, spot=True, price_nano_usd_per_h=90_000_000)
    cost = page(run(attempts=[attempt(0, 7200)], instances=[host]))["cost"]
    assert (cost["saving_usd"], cost["by_purchase"]) == (0.54, {"Spot": cost["total_usd"]})


def test_reclaims_tell_the_work_they_lost() -> None:
    host = instance(off=4000, spot=True, why_ended=WhyEnded.SPOT_RECLAIM)
    rows = [attempt(0, 4000, pull=400, outcome=Outcome.RECLAIMED), attempt(0, 100)]
    lost = page(run(attempts=rows, instances=[host]))["reclaims"]
    assert (lost["instances"], lost["tasks"], lost["attempts"], lost["lost_vcpu_h"]) == (1, 0, 1, 1.0)
    assert lost["lost_usd"] == round(0.4 * (1 / 2 + 1 / 8) / 2, 9)


def test_peaks_count_running_containers_and_held_vcpus() -> None:
    rows = [attempt(0, 100, boot=50), attempt(40, 60), attempt(60, 80)]
    found = page(run(attempts=rows, instances=[instance(off=100)]))["throughput"]
    assert (found["running_peak"], found["running_peak_at_s"], found["vcpus_peak"]) == (2, 50.0, 2.0)
    assert found["jobs_per_h"] == 108.0


def test_utilisation_counts_boot_and_idle_time() -> None:
    records = run(attempts=[attempt(100, 200)], instances=[instance(0, 100, 400)])
    assert page(records)["utilisation"]["vcpu"] == 0.125
    assert page(records)["utilisation"]["memory"] == 1 / 32


def test_stuck_jobs_come_first_with_what_they_need() -> None:
    calls = [call(vcpus_milli=64_000, memory_mib=9)] * 2
    jobs = [job(submission=n, state=JobState.RUNNABLE, waiting_since_ms=0, attempts=0) for n in range(2)]
    line = [head(0, WaitReason.SCHEDULER_CYCLE), head(1, WaitReason.NOTHING_FITS), head(9, WaitReason.NOTHING_FITS)]
    found = page(run(calls=calls, jobs=jobs, timeline=line, ended_by=EndedBy.STUCK))
    assert next(iter(found)) == "stuck"
    (queue,) = found["stuck"]["queues"]
    assert (queue["job_id"], queue["jobs"], queue["reason"], queue["since_s"]) == ("work@0", 2, "nothing_fits", 1.0)
    assert queue["needs"] == {"vcpus": 64.0, "memory_mib": 9, "gpus": 0}


def test_a_run_that_is_cut_while_jobs_wait_for_room_is_not_stuck() -> None:
    jobs = [job(state=JobState.RUNNABLE, waiting_since_ms=0, attempts=0)]
    found = page(run(jobs=jobs, timeline=[head(0, WaitReason.MAX_VCPUS)], ended_by=EndedBy.UNTIL))
    assert (found["stuck"], found["jobs"]["censored"]) == ({"jobs": 0, "queues": []}, 1)


def test_the_makespan_is_undefined_while_a_job_is_unfinished() -> None:
    done = run(calls=[call(due_at_ms=1000, created_at_ms=1000)], attempts=[attempt(5, 50)], instances=[instance()])
    assert page(done)["headline"] == {"data_ready_at_s": 50.0, "makespan_s": 49.0}
    assert page(sample())["headline"] == {"data_ready_at_s": None, "makespan_s": None}


def test_an_entry_is_ready_when_its_last_job_succeeded() -> None:
    work, more = page(sample())["entries"]
    assert (work["ready_at_s"], work["succeeded"]) == (100.0, 1)
    assert (more["ready_at_s"], more["failed"], more["unfinished"]) == (None, 1, 2)


def test_an_entry_with_a_failed_job_is_over_but_never_ready() -> None:
    jobs = [job(ended_at_ms=7000, state=JobState.FAILED)]
    (entry, _) = page(run(jobs=jobs, attempts=[attempt(0, 7, outcome=Outcome.FAILED)], instances=[instance()]))[
        "entries"
    ]
    assert (entry["ready_at_s"], entry["ended_at_s"]) == (None, 7.0)


def test_failures_are_counted_by_reason_exit_code_and_container_reason() -> None:
    texts = {
        "status_reasons": (
            "",
            "Host EC2 (instance i-0a1) terminated.",
            "Host EC2 (instance i-0b2) terminated.",
            "exited",
        ),
        "container_reasons": ("", "disk full"),
    }
    failed = [job(submission=at, state=JobState.FAILED, status_reason=reason) for at, reason in enumerate((1, 3, 2))]
    attempts = [attempt(0, 9, job=1, exit_code=75), attempt(9, 20, job=1, attempt=2, exit_code=3, container_reason=1)]
    found = page(run(jobs=[*failed, job(submission=3)], attempts=attempts, instances=[instance()], texts=texts))
    assert [tuple(each.values()) for each in found["failures"]] == [
        (2, "work@0", "Host EC2 (instance) terminated.", None, ""),
        (1, "work@1", "exited", 3, "disk full"),
    ]


def test_each_environment_tells_its_peak_beside_its_maximum() -> None:
    rows = [attempt(0, 100), attempt(40, 60)]
    records = run(attempts=rows, instances=[instance(off=100), instance(50, 60, 70)])
    found = summary(Analysis(records, PRICES, Rules(max_vcpus=(4, None))))["throughput"]["by_environment"]
    assert found["hosts"] == {"vcpus_peak": 2.0, "desired_vcpus_peak": 4, "max_vcpus": 4}
    assert found["tasks"]["max_vcpus"] is None


def test_thresholds_pass_fail_or_are_undefined() -> None:
    found = page(sample(), cost_usd="< $40", wait_max_s="<= 2s", makespan_s="< 4h")["thresholds"]
    assert [(line["metric"], line["ok"]) for line in found] == [
        ("cost_usd", True), ("wait_max_s", False), ("makespan_s", False),
    ]  # fmt: skip


def test_waits_of_jobs_that_a_dependency_failed_do_not_count() -> None:
    jobs = [job(ended_at_ms=9000, state=JobState.FAILED, runnable_at_ms=NEVER, attempts=0)]
    found = page(run(jobs=jobs))["latency"]["all"]
    assert (found["wait_s"]["n"], found["turnaround_s"]["n"]) == (0, 0)


def test_percentiles_need_enough_jobs() -> None:
    few, many = statistics_s(np.arange(19)), statistics_s(np.arange(1000))
    assert (few["p50"], few["max"]) == (None, 0.018)
    assert "p50 needs 20, p95 needs 200, p99 needs 1000; there are 19" in few["note"]
    assert (many["p50"], many["p99"], many["note"]) == (0.499, 0.989, "")


@pytest.mark.parametrize(("percent", "value"), [(50, 20), (51, 30), (75, 30), (76, 40), (99, 40)])
def test_a_percentile_is_the_nearest_rank(percent: int, value: int) -> None:
    assert percentile(np.array([10, 20, 30, 40]), percent) == value
