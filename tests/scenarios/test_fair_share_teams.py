"""``fair_share_teams``: two teams on one queue, with shares, with another weight, and as they would fare without."""

from __future__ import annotations

from functools import cache

import pytest
from scenarios.conftest import FOLDER

import batchsim
from batchsim import Result

SEEDS = (1, 2, 3)
VARIANTS = {
    "equal": {},
    "half": {"imaging.weightFactor": 0.5},
    "fifo": {"research.schedulingPolicyArn": None},
}


@cache
def runs(variant: str) -> tuple[Result, ...]:
    scenario = batchsim.load(FOLDER / "fair_share_teams.yaml")
    for path, value in VARIANTS[variant].items():
        scenario = scenario.with_(path, value)
    results = tuple(batchsim.run(scenario, seed=seed) for seed in SEEDS)
    assert not results[0].check()
    return results


def part_of_imaging(result: Result, since_s: float, until_s: float) -> float:
    """Imaging's part of the vCPU time of both teams between two instants."""
    attempts = result.attempts
    held = attempts.ended_at_s.clip(upper=until_s) - attempts.starting_at_s.clip(lower=since_s)
    is_imaging = attempts.job_id.str.contains("scan")
    return float(held.clip(lower=0)[is_imaging].sum() / held.clip(lower=0).sum())


def first_wait_s(result: Result, entry: str) -> float:
    return float(result.jobs[result.jobs.entry == entry].wait_s.iloc[0])


def test_without_shares_imaging_waits_for_all_of_genomics() -> None:
    for result in runs("fifo"):
        starts = result.attempts.groupby(result.attempts.job_id.str.partition(":")[0]).starting_at_s
        assert starts.min()["scans"] >= starts.max()["genomes"]
        assert result.jobs["share"].isna().all()


def test_with_shares_imaging_starts_within_minutes() -> None:
    for shared, fifo in zip(runs("equal"), runs("fifo"), strict=True):
        assert first_wait_s(shared, "scans") < 180
        assert first_wait_s(fifo, "scans") > 3600


def test_while_both_teams_wait_each_gets_half_on_average() -> None:
    """From when imaging has caught up until the first team runs out of waiting jobs."""
    parts = [part_of_imaging(result, 3600, 9000) for result in runs("equal")]
    assert sum(parts) / len(parts) == pytest.approx(1 / 2, abs=0.06)


def ready_s(result: Result, entry: str) -> float:
    return float(result.jobs[result.jobs.entry == entry].ended_at_s.max())


def test_half_the_weight_factor_is_more_vcpu_time_and_an_earlier_end() -> None:
    for half, equal in zip(runs("half"), runs("equal"), strict=True):
        assert part_of_imaging(half, 1800, 7800) > part_of_imaging(equal, 1800, 7800) + 0.05
        assert ready_s(half, "scans") < ready_s(equal, "scans") - 900
        assert ready_s(half, "genomes") > ready_s(equal, "genomes")


def test_an_urgent_scan_overtakes_its_own_team_only() -> None:
    for result in runs("equal"):
        waits = result.jobs[result.jobs.entry == "scans"]
        behind = waits[waits.wait_s > first_wait_s(result, "urgent-scan")]
        assert first_wait_s(result, "urgent-scan") < 60
        assert len(behind) > 700


def test_whatever_the_weights_the_same_work_is_done() -> None:
    for equal, half, fifo in zip(*map(runs, VARIANTS), strict=True):
        assert equal.jobs.work_s.tolist() == half.jobs.work_s.tolist() == fifo.jobs.work_s.tolist()
        assert {str(state) for state in equal.jobs.state} == {"SUCCEEDED"}
