"""A laboratory's day from a CSV file: two kinds of waits, and what a family is cheap for; over ten seeds."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from scenarios.conftest import FOLDER, TenSeeds

from batchsim import Result

Days = tuple[Result, ...]
SCRIPT = FOLDER.parent / "scripts" / "make_genomics_trace.py"
TRACE = FOLDER / "genomics_trace.csv"


@pytest.fixture
def days(ten_seeds: TenSeeds) -> Days:
    return ten_seeds("genomics_trace")


def bills_and_waits(days: Days) -> tuple[list[float], list[float]]:
    return [day.summary()["cost"]["total_usd"] for day in days], [day.jobs.wait_s.mean() for day in days]


def test_the_trace_is_what_its_script_writes() -> None:
    assert subprocess.run([sys.executable, SCRIPT, "--check"], cwd=FOLDER.parent, check=False).returncode == 0


def test_every_row_is_a_job_as_it_was_asked_for(days: Days) -> None:
    with Path(TRACE).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for day in days[:1]:
        assert day.jobs.vcpus.tolist() == [int(row["cpus"]) for row in rows]
        assert day.jobs.memory_mib.tolist() == [1024 * int(row["memory_gb"]) for row in rows]
        assert day.jobs.work_s.tolist() == [int(row["realtime_s"]) for row in rows]
        assert day.jobs.image.tolist() == [row["container"] for row in rows]
        assert (day.jobs.state == "FAILED").tolist() == [row["exit"] != "0" for row in rows]


def test_a_job_waits_seconds_or_minutes_and_seldom_anything_between(days: Days) -> None:
    for day in days:
        wait_s = day.jobs.wait_s
        assert (wait_s < 10).mean() > 0.35
        assert (wait_s > 60).mean() > 0.25
        assert wait_s.between(10, 60).mean() < 0.2
        assert wait_s.between(0.8 * wait_s.mean(), 1.2 * wait_s.mean()).mean() < 0.15


def test_who_waits_for_minutes_waits_for_a_host(days: Days) -> None:
    for day in days:
        long = day.jobs[day.jobs.wait_s > 60]
        capacity = long.wait_instance_booting_s + long.wait_scale_up_decision_s + long.wait_max_vcpus_s
        assert capacity.sum() > 0.95 * long.wait_s.sum()


def test_the_cheapest_vcpu_is_not_the_cheapest_day(ten_seeds: TenSeeds) -> None:
    compute, general = (ten_seeds("genomics_trace", f"pipeline.instanceTypes=[{family}]") for family in ("c6i", "m6i"))
    for (c_bill, c_wait), (m_bill, m_wait) in zip(
        *(zip(*bills_and_waits(d), strict=True) for d in (compute, general)), strict=True
    ):
        assert m_bill < 0.9 * c_bill
        assert m_wait < 0.6 * c_wait


def test_memory_heavy_jobs_leave_vcpus_unused_on_c_and_light_ones_leave_memory_on_r(ten_seeds: TenSeeds) -> None:
    compute, memory = (ten_seeds("genomics_trace", f"pipeline.instanceTypes=[{family}]") for family in ("c6i", "r6i"))
    for on_c, on_r in zip(compute, memory, strict=True):
        held_c, held_r = on_c.summary()["utilisation"], on_r.summary()["utilisation"]
        assert held_c["vcpu"] < 0.5 < held_c["memory"]
        assert held_r["memory"] < 0.4 < held_r["vcpu"]
