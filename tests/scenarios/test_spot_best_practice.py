"""One Spot pool, many, retries, checkpoints, in three markets: claims for seeds 1 to 10, or for as many as they say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pytest
from scenarios.conftest import FOLDER

import batchsim

SEEDS = range(1, 11)
NO_RETRIES = ("one-pool", "many-pools")
VARIANTS = (*NO_RETRIES, "with-retries", "with-checkpoints")
EVERY_S = 600
ROUGH = ("typical", "stormy")


@dataclass(frozen=True)
class Figures:
    """What became of one variant in one run."""

    works: tuple[float, ...]
    failed: int
    reclaimed: int
    lost_h: float
    most_lost_s: float
    at_once: int
    """Most attempts that were lost at one instant."""
    turnaround_h: float
    longest_h: float
    usd: float


@cache
def run(market: str, seed: int) -> dict[str, Figures]:
    scenario = batchsim.load(FOLDER / "spot_best_practice.yaml").with_("world.market", market)
    result = batchsim.run(scenario, seed=seed)
    return {variant: figures(result, variant) for variant in VARIANTS}


def figures(result: batchsim.Result, variant: str) -> Figures:
    jobs = result.jobs[result.jobs["queue"] == variant]
    lost = result.attempts[(result.attempts["queue"] == variant) & (result.attempts["outcome"] == "reclaimed")]
    return Figures(
        works=tuple(jobs["work_s"]),
        failed=int((jobs["state"] == "FAILED").sum()),
        reclaimed=len(lost),
        lost_h=lost["unkept_s"].sum() / 3600,
        most_lost_s=lost["unkept_s"].max() if len(lost) else 0.0,
        at_once=int(lost["ended_at_s"].value_counts().max()) if len(lost) else 0,
        turnaround_h=jobs["turnaround_s"].mean() / 3600,
        longest_h=jobs["turnaround_s"].max() / 3600,
        usd=result.summary()["cost"]["by_environment"][variant],
    )


@pytest.mark.parametrize("market", ["calm", *ROUGH])
def test_all_variants_get_the_same_jobs(market: str) -> None:
    assert all(len({figures.works for figures in run(market, seed).values()}) == 1 for seed in SEEDS)


def test_in_a_calm_market_nothing_is_lost_and_checkpoints_cost_two_to_three_percent_of_time() -> None:
    for seed in SEEDS:
        by = run("calm", seed)
        assert [(each.failed, each.reclaimed) for each in by.values()] == [(0, 0)] * 4
        assert 1.02 < by["with-checkpoints"].turnaround_h / by["with-retries"].turnaround_h < 1.03
    dearer = [run("calm", seed)["with-checkpoints"].usd > run("calm", seed)["with-retries"].usd for seed in SEEDS]
    assert dearer.count(True) == 9


@pytest.mark.parametrize("market", ROUGH)
def test_without_retries_every_reclaim_is_a_failed_job(market: str) -> None:
    for seed in SEEDS:
        by = run(market, seed)
        assert [by[variant].failed for variant in NO_RETRIES] == [by[variant].reclaimed for variant in NO_RETRIES]
        assert min(by[variant].failed for variant in NO_RETRIES) >= 3


@pytest.mark.parametrize("market", ["calm", *ROUGH])
def test_with_retries_no_job_fails(market: str) -> None:
    assert [run(market, seed)["with-retries"].failed for seed in SEEDS] == [0] * 10


@pytest.mark.parametrize(("market", "part"), [("typical", 1 / 3), ("stormy", 1 / 8)])
def test_checkpoints_lose_little_of_what_retries_lose_and_never_more_than_their_interval(
    market: str, part: float
) -> None:
    for seed in SEEDS:
        by = run(market, seed)
        assert by["with-checkpoints"].failed == 0
        assert by["with-checkpoints"].lost_h < part * by["with-retries"].lost_h
        assert by["with-checkpoints"].most_lost_s <= EVERY_S < by["with-retries"].most_lost_s


@pytest.mark.parametrize("market", ROUGH)
def test_in_any_rougher_market_checkpoints_pay_for_themselves(market: str) -> None:
    for seed in SEEDS:
        by = run(market, seed)
        assert by["with-checkpoints"].usd < by["with-retries"].usd


def test_in_eight_storms_of_ten_the_longest_job_with_retries_alone_takes_longer_by_a_third_and_more() -> None:
    storms = [run("stormy", seed) for seed in SEEDS]
    ratios = [by["with-retries"].longest_h / by["with-checkpoints"].longest_h for by in storms]
    assert sum(ratio > 4 / 3 for ratio in ratios) == 8
    assert min(ratios) > 1.1


@pytest.mark.parametrize(("market", "seeds"), [("typical", 7), ("stormy", 10)])
def test_the_cheapest_pool_fails_more_jobs_than_many_pools_do(market: str, seeds: int) -> None:
    assert all(run(market, seed)["one-pool"].usd < run(market, seed)["many-pools"].usd for seed in SEEDS)
    worse = [run(market, seed)["one-pool"].failed > run(market, seed)["many-pools"].failed for seed in SEEDS]
    assert worse.count(True) == seeds


def test_a_shock_takes_half_of_one_pool_at_once_in_three_storms_of_ten() -> None:
    at_once = [run("stormy", seed)["one-pool"].at_once for seed in SEEDS]
    assert sum(lost >= 6 for lost in at_once) == 3
    assert max(run("stormy", seed)["many-pools"].at_once for seed in SEEDS) < 6
