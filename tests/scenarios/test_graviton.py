"""Graviton against Intel: the price of the work, in hours of a fifth less and work of a tenth less."""

from __future__ import annotations

from functools import cache

import pytest
from scenarios.conftest import FOLDER

import batchsim

SEEDS = range(1, 11)


@cache
def night(seed: int, speed: float = 0.9) -> batchsim.Result:
    scenario = batchsim.load(FOLDER / "graviton.yaml").with_("world.speed", {"c7i": 1, "c7g": speed})
    return batchsim.run(scenario, seed=seed)


def bills(result: batchsim.Result) -> tuple[float, float]:
    by = result.summary()["cost"]["by_environment"]
    return by["intel"], by["graviton"]


def test_both_do_the_same_work_one_of_them_a_ninth_longer() -> None:
    jobs = night(1).jobs
    intel, graviton = (jobs[jobs["queue"] == queue].reset_index() for queue in ("intel", "graviton"))
    assert intel["work_s"].equals(graviton["work_s"])
    assert graviton["last_running_s"].tolist() == pytest.approx((intel["last_running_s"] / 0.9).tolist(), abs=0.001)


def test_graviton_runs_what_is_built_for_it() -> None:
    types = night(1).attempts.groupby("queue", observed=True)["type"].unique()
    assert {queue: {str(name).partition(".")[0] for name in names} for queue, names in types.items()} == {
        "intel": {"c7i"}, "graviton": {"c7g"},
    }  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_at_nine_tenths_of_the_speed_graviton_takes_longer_and_costs_less(seed: int) -> None:
    jobs, (intel, graviton) = night(seed).jobs, bills(night(seed))
    ends = jobs.groupby("queue", observed=True)["ended_at_s"].max()
    assert ends["graviton"] > ends["intel"]
    assert 0.8 * intel < graviton < 0.95 * intel


@pytest.mark.parametrize("seed", SEEDS)
def test_below_the_ratio_of_the_prices_it_costs_more(seed: int) -> None:
    intel, graviton = bills(night(seed, 0.75))
    assert graviton > intel


def test_the_price_of_useful_work_is_price_over_speed() -> None:
    result = night(1)
    price = result.instances.groupby("environment", observed=True)["price_nano_usd_per_h"].first()
    useful = (
        result.costs[result.costs["cause"] == "useful_work"].groupby("environment", observed=True)["cost_usd"].sum()
    )
    ratio = price["graviton"] / price["intel"]
    assert 0.805 < ratio < 0.815
    assert useful["graviton"] / useful["intel"] == pytest.approx(ratio / 0.9, rel=1e-4)
