"""The same night as one array: one call, one dependency, the same partitions, the same bill, ready a little sooner."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from scenarios.conftest import FOLDER, Shipped

import batchsim
from batchsim import Result
from batchsim.spec import to_data

SEEDS = range(1, 11)


@pytest.fixture
def night(shipped: Shipped) -> Result:
    return shipped("etl_10tb_array")


@pytest.fixture(scope="module")
def ten_nights() -> dict[str, list[dict[str, float | None]]]:
    """Time, bill and containers of seeds 1 to 10, by scenario."""
    found = {}
    for name in ("etl_10tb", "etl_10tb_array"):
        scenario = batchsim.load(FOLDER / f"{name}.yaml")
        runs = (batchsim.run(scenario, seed=seed) for seed in SEEDS)
        found[name] = [run.metrics("ready_at_s", "cost_usd", "running_peak") for run in runs]
    return found


def half(name: str) -> dict[str, Any]:
    """What the two files must share: the places to run, the data, the world."""
    data = to_data(batchsim.load(FOLDER / f"{name}.yaml"))
    return {key: data[key] for key in ("computeEnvironments", "jobQueues", "datasets", "world", "thresholds")}


def partitions(jobs: pd.DataFrame) -> pd.DataFrame:
    return jobs[jobs.entry == "transform"].reset_index(drop=True)


def test_the_files_differ_in_how_the_work_is_submitted() -> None:
    assert half("etl_10tb") == half("etl_10tb_array")


def test_one_call_takes_the_place_of_four_thousand(night: Result, shipped: Shipped) -> None:
    assert night.submissions["size"].tolist() == [4000, 1]
    assert night.summary()["jobs"]["submit_calls"] == 2
    assert shipped("etl_10tb").summary()["jobs"]["submit_calls"] == 4001


def test_each_partition_is_as_large_and_takes_as_long_as_alone(night: Result, shipped: Shipped) -> None:
    assert partitions(night.jobs).work_s.equals(partitions(shipped("etl_10tb").jobs).work_s)
    assert night.submissions.data_bytes[0] == 10**13


def test_no_partition_waits_in_the_client_any_more(night: Result, shipped: Shipped) -> None:
    assert partitions(night.jobs).created_at_s.max() == 0
    assert partitions(shipped("etl_10tb").jobs).created_at_s.max() > 79  # 4,000 at 50 a second


def test_the_load_is_released_in_the_instant_in_which_the_array_is_done(night: Result) -> None:
    jobs = night.jobs.set_index("entry")
    assert jobs.runnable_at_s["load"] == partitions(night.jobs).ended_at_s.max()


def test_eight_nights_of_ten_are_ready_some_seconds_sooner_and_two_meet_another_reclaim(
    ten_nights: dict[str, Any],
) -> None:
    pairs = zip(ten_nights["etl_10tb"], ten_nights["etl_10tb_array"], strict=True)
    gains = [single["ready_at_s"] - array["ready_at_s"] for single, array in pairs]
    assert sum(8.9 < gain < 180 for gain in gains) == 8, gains  # the client looked after ten seconds


def test_the_bill_is_the_same_but_for_the_luck_of_the_spot_market(ten_nights: dict[str, Any]) -> None:
    bills = {name: [night["cost_usd"] for night in nights] for name, nights in ten_nights.items()}
    assert sum(bills["etl_10tb_array"]) == pytest.approx(sum(bills["etl_10tb"]), rel=0.03)
    assert all(array == pytest.approx(single, rel=0.15) for single, array in zip(*bills.values(), strict=True))
    assert all(night["running_peak"] >= 1000 for night in ten_nights["etl_10tb_array"])


def test_a_partition_that_fails_for_good_fails_the_load(simulate: Any) -> None:
    text = (FOLDER / "etl_10tb_array.yaml").read_text().replace("exit_code: 75", "exit_code: 1")
    result = simulate(text)
    load = result.jobs[result.jobs.entry == "load"].iloc[0]
    assert (load.state, load.attempts) == ("FAILED", 0)
