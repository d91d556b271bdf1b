"""Steady states against M/M/4: what follows the warm-up, and that there is none at or over capacity."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from analysis.queues import erlang_c, mean_wait_s, mmc
from effort import effort

import batchsim
from batchsim import Replications, ScenarioError
from batchsim.offered import offered_vcpus

RUNS = effort(fast=6, verify=30, long=30)


@cache
def replicated(load: float, warmup: object = "auto", jobs: int = 1_200) -> Replications:
    return batchsim.replicate(mmc(load, jobs=jobs, warmup=warmup), replications=RUNS, metrics=["wait_mean_s"])


def test_erlangs_formula_gives_the_textbook_value():
    assert erlang_c(4, 3.2) == pytest.approx(0.5964, abs=1e-4)


@pytest.mark.parametrize("load", [0.5, 0.8])
def test_after_the_warm_up_waits_are_those_of_mm4(load):
    found = replicated(load)
    row = found.table.loc["steady_wait_mean_s"]
    error = row["sd"] / RUNS**0.5
    assert row["n"] == RUNS
    assert abs(row["mean"] - mean_wait_s(load)) < 4 * error + 0.02 * mean_wait_s(load)
    held = found.table.loc["steady_vcpu_utilisation", "mean"]
    assert held == pytest.approx(load, abs=0.03)


def test_littles_law_holds_between_the_figures_of_one_run():
    steady = batchsim.run(mmc(0.8, warmup="1h"), seed=3).summary()["steady"]
    assert steady["in_system_mean"] == pytest.approx(
        steady["jobs_per_h"] / 3600 * steady["turnaround_mean_s"], rel=0.03
    )
    assert steady["running_mean"] == pytest.approx(4 * steady["vcpu_utilisation"], rel=1e-9)


def test_a_fixed_warm_up_overrides_and_leaves_out_jobs_submitted_before_it():
    result = batchsim.run(mmc(0.8, jobs=500, warmup="1h"), seed=1)
    steady, jobs = result.summary()["steady"], result.records.jobs
    created_ms = result.records.submissions.created_at_ms[jobs.submission]
    kept = (created_ms >= 3_600_000) & (jobs.ended_at_ms >= 0)
    assert set(steady["warmup_s"].values()) == {3600.0}
    assert steady["turnaround_mean_s"] == pytest.approx((jobs.ended_at_ms - created_ms)[kept].mean() / 1000, abs=1e-3)
    assert steady["censored"] == int(((created_ms >= 3_600_000) & (jobs.ended_at_ms < 0)).sum())


@pytest.mark.parametrize("load", [1.0, 1.1, 1.5])
def test_at_or_over_capacity_no_run_shows_a_steady_figure(load):
    for seed in range(RUNS):
        steady = batchsim.run(mmc(load, jobs=500), seed=seed).summary()["steady"]
        assert steady["stable"] is False
        assert {steady[name] for name in ("wait_mean_s", "turnaround_mean_s", "in_system_mean", "jobs_per_h")} == {None}


def test_an_unstable_queue_is_said_aloud_with_its_growth():
    found = replicated(1.5)
    row = found.table.loc["growth_per_h"]
    assert abs(row["mean"] - 0.5 * 240) < 4 * row["sd"] / RUNS**0.5  # (1.5 - 1) * 4 slots * 60 jobs an hour
    assert found.sentences()[0].startswith("unstable: queue grows by 1")
    assert "(offered load 150 % of capacity)" in found.sentences()[0]
    assert "unstable: queue grows by" in batchsim.run(mmc(1.5, jobs=300)).report()


def test_a_queue_that_grows_for_another_reason_than_max_vcpus_is_unstable_too():
    needs = {"resourceRequirements": [{"type": "MEMORY", "value": "7000"}]}  # two fit into 16 GiB, for 2.8 that come
    halved = mmc(0.7, jobs=1_000).with_("workload.job.submit.containerOverrides", needs)
    steady = batchsim.run(halved, seed=1).summary()["steady"]
    assert steady["offered_load"] < 1
    assert (steady["stable"], steady["why_unstable"]) == (False, "more jobs come than go")


@pytest.mark.parametrize("load", [0.5, 0.95])
def test_a_queue_below_capacity_is_not_called_unstable(load):
    runs = [batchsim.run(mmc(load, jobs=500), seed=100 + seed).summary()["steady"] for seed in range(RUNS)]
    assert all(run["stable"] for run in runs)


def test_the_offered_load_is_known_from_rates_and_means():
    assert offered_vcpus(mmc(0.8)) == pytest.approx(3.2, rel=1e-6)
    assert offered_vcpus(mmc(0.8).with_("world.speed", {"box.4": 2})) is None


def test_without_a_warm_up_nothing_is_declared_and_nothing_said():
    result = batchsim.run(mmc(0.8, jobs=100, warmup=None))
    assert result.summary()["steady"]["declared"] is False
    assert result.metrics("steady_wait_mean_s", "offered_load") == {"steady_wait_mean_s": None, "offered_load": None}
    assert "Steady state" not in result.report()


def test_jobs_that_the_horizon_cuts_off_are_counted_and_told():
    found = replicated(0.8)
    cut_off = found.table.loc["jobs_unfinished", "mean"]
    assert cut_off > 0
    assert any(note.startswith("jobs that had not ended at the horizon") for note in found.notes())


def test_the_pilot_finds_one_cut_for_all_variants_and_the_runs_repeat_with_it():
    found = batchsim.compare(
        mmc(0.5, jobs=500), variants={"busy": {"name": "busy"}}, replications=2, metrics=["cost_usd"]
    )
    cuts = {variant.scenario.simulation.warmup for variant in found.variants}
    assert cuts == {found.pilot.warmup_ms}
    again = found.replay("busy", 1).metrics("steady_wait_mean_s")["steady_wait_mean_s"]
    assert again == found.measured[1, 1, found.metrics.index("steady_wait_mean_s")]


def test_a_run_that_is_too_short_says_so():
    found = batchsim.replicate(mmc(0.97, jobs=60), replications=2)
    assert found.pilot.is_too_short
    assert any(note.startswith("too short") for note in found.notes()) or "unstable" in found.sentences()[0]


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"warmup": "1h", "until": "1h"}, "E154"),
        ({"warmup": "2h", "until": "1h"}, "E154"),
        ({"warmup": "1h", "until": "drained"}, "E117"),
        ({"warmup": "auto", "until": "drained"}, "E117"),
        ({"warmup": "often"}, "E146"),
        ({"warmup": 60}, "E146"),
    ],
)
def test_a_warm_up_that_cannot_be_is_refused(settings, code):
    with pytest.raises(ScenarioError, match=code):
        mmc(0.5, **settings)


@pytest.mark.slow
def test_intervals_cover_the_exact_wait_of_mm4():
    """A part of the thousand experiments that docs/statistics.md tells of."""
    experiments, exact = effort(fast=10, verify=40, long=200), mean_wait_s(0.5)
    hit = []
    for seed in range(1, experiments + 1):
        found = batchsim.replicate(mmc(0.5, jobs=2_000, warmup="1h"), metrics=["cost_usd"], replications=20, seed=seed)
        row = found.table.loc["steady_wait_mean_s"]
        hit.append(row["mean_low"] <= exact <= row["mean_high"])
    assert np.mean(hit) > 0.95 - 4 * (0.95 * 0.05 / experiments) ** 0.5 - 0.02
