"""The 10 TB night: a rate-limited submitter, 1,000 containers and more at once on Spot, only what failed run again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import Simulate
from scenarios.conftest import FOLDER, Shipped

import batchsim
from batchsim import Result

FILE = FOLDER / "etl_10tb.yaml"
SEEDS = range(2, 8)


@pytest.fixture
def night(shipped: Shipped) -> Result:
    return shipped("etl_10tb")


def running_at_once(result: Result) -> int:
    """The most containers that run at one instant, counted from the attempts by hand."""
    ran = result.attempts.dropna(subset=["running_at_s"])
    steps = [(at, 1) for at in ran.running_at_s] + [(at, -1) for at in ran.ended_at_s]
    return int(np.cumsum([step for _, step in sorted(steps)]).max())


def test_a_thousand_containers_and_more_run_at_once(night: Result) -> None:
    at_once = running_at_once(night)
    assert at_once >= 1000
    assert night.summary()["throughput"]["running_peak"] == at_once


def test_one_call_a_partition_is_submitted_at_most_fifty_a_second(night: Result) -> None:
    calls = night.submissions[night.submissions.entry == "transform"]
    assert len(calls) == 4000
    assert set(calls["size"]) == {1}
    assert (calls.created_at_s // 1).value_counts().max() == 50


def test_the_partitions_are_skewed_and_make_up_10_tb_to_the_byte(night: Result) -> None:
    sizes = night.submissions.data_bytes[night.submissions.entry == "transform"]
    assert sizes.sum() == 10**13
    assert sizes.max() > 2 * sizes.mean()


def test_only_partitions_that_failed_or_were_reclaimed_ran_again(night: Result) -> None:
    attempts = night.attempts
    lost = attempts[attempts.outcome != "succeeded"]
    again = night.jobs[night.jobs.attempts > 1]
    assert set(lost.outcome) == {"failed", "reclaimed"}
    assert set(lost.job_id) == set(again.job_id)
    assert not attempts[attempts.outcome == "succeeded"].job_id.duplicated().any()


def test_a_reclaimed_attempt_says_so_and_a_failed_one_exits_75(night: Result) -> None:
    reclaimed = night.attempts[night.attempts.outcome == "reclaimed"]
    assert reclaimed.status_reason.str.fullmatch(r"Host EC2 \(instance i-[0-9a-f]{17}\) terminated\.").all()
    assert set(night.attempts[night.attempts.outcome == "failed"].exit_code) == {75}


def test_a_bug_in_the_code_is_not_tried_again(simulate: Simulate) -> None:
    result = simulate(FILE.read_text().replace("exit_code: 75", "exit_code: 1"))
    failed = result.attempts[result.attempts.outcome == "failed"]
    assert set(failed.job_id) == set(result.jobs.job_id[result.jobs.state == "FAILED"])


def test_four_containers_share_an_instance_and_of_4_gib_only_three_would(night: Result) -> None:
    usable_mib = night.instances.memory_mib.min()
    assert (usable_mib // 3584, usable_mib // 4096) == (4, 3)


def test_the_load_is_submitted_when_the_last_partition_is_done(night: Result) -> None:
    jobs = night.jobs.set_index("entry")
    assert jobs.created_at_s["load"] == jobs.ended_at_s["transform"].max() + 10
    assert night.summary()["headline"]["data_ready_at_s"] == jobs.ended_at_s["load"]


def test_instances_come_for_the_work_and_go_with_it(night: Result) -> None:
    assert night.instances.launched_at_s.min() > 0
    assert night.instances.ended_at_s.notna().all()
    assert night.instances.vcpus.sum() > 2560  # as many as allowed at first, and again after reclaims


def test_the_summary_answers_when_what_why_saved_wasted_retried(night: Result) -> None:
    summary = night.summary()
    cost, lost = summary["cost"], summary["reclaims"]
    assert summary["headline"]["data_ready_at_s"] < 90 * 60
    assert sum(cost["by_cause"].values()) == pytest.approx(cost["total_usd"], abs=1e-9)
    assert cost["saving_usd"] == pytest.approx(cost["on_demand_usd"] - cost["total_usd"], abs=1e-9)
    assert lost["instances"] > 0
    assert lost["lost_vcpu_h"] > 0
    assert summary["retries"]["retried_jobs"] == (night.jobs.attempts > 1).sum()


def test_the_report_says_it_in_words(night: Result) -> None:
    report, summary = night.report(), night.summary()
    assert "data ready at  2026-01-15 02:54" in report
    assert "useful work" in report
    assert "On-Demand" in report
    assert f"{summary['retries']['retried_jobs']} jobs" in report
    assert (
        f"{summary['reclaims']['instances']} instances with {summary['reclaims']['attempts']} live attempts" in report
    )
    assert "vCPU-hours" in report


@pytest.mark.parametrize("seed", SEEDS)
def test_the_story_is_not_one_lucky_seed(simulate: Simulate, seed: int) -> None:
    summary = simulate(batchsim.load(FILE), seed=seed).summary()
    assert summary["throughput"]["running_peak"] >= 1000
    assert summary["retries"]["retried_jobs"] > 0
    assert 0.4 < summary["cost"]["saving_share"] < 0.7
    assert all(verdict["ok"] for verdict in summary["thresholds"])


def test_most_nights_see_reclaims() -> None:
    nights = [batchsim.run(FILE, seed=seed).summary() for seed in SEEDS]
    assert sum(night["reclaims"]["instances"] > 0 for night in nights) > len(nights) / 2


def test_the_same_seed_gives_the_same_bytes_and_another_changes_every_file(tmp_path: Path) -> None:
    first, again, other = (written(tmp_path / name, seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert first == again
    assert first.keys() == other.keys()
    same = [name for name in first if first[name] == other[name]]
    assert same == ["blocked.csv"]  # no head was


def written(folder: Path, seed: int) -> dict[str, bytes]:
    """Every file of a result folder."""
    batchsim.run(FILE, seed=seed).write(folder, events=True, costs=True)
    return {path.name: path.read_bytes() for path in folder.iterdir()}
