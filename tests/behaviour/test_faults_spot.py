"""Spot crunches by plan: hazards in a window, parts of a fleet at one instant, whole pools at once.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
"""

from __future__ import annotations

from math import exp, sqrt

import numpy as np
import pytest
from effort import effort
from fault_stories import fault, on_demand, spot, struck
from scenario_builder import attempts_of, environment, job, scenario


def wide(most=400, **resources):
    return environment("spot", ("box.1",), type="SPOT", allocationStrategy="BEST_FIT_PROGRESSIVE", maxvCpus=most,
                       subnets=["subnet-a", "subnet-b"], **resources)  # fmt: skip


def test_all_of_a_fleet_is_reclaimed_once_with_its_notice(simulate):
    crunch = [fault("spot_reclaim", "10m", fraction=1.0, notice="90s")]
    result = simulate(scenario(job("a", "20m", size=8, attempts=2), environments=[spot()], faults=crunch))
    taken = result.instances[result.instances["launched_at_s"] == 0]
    assert set(taken["why_ended"]) == {"spot_reclaim"}
    assert (set(taken["notice_at_s"]), set(taken["ended_at_s"])) == ({510}, {600})
    assert struck(result) == [(600, "faults[0]")] * 8, "each of them once"


def test_a_notice_is_the_worlds_unless_the_fault_has_its_own(simulate):
    crunch = [fault("spot_reclaim", "10m", fraction=1)]
    story = scenario(job("a", "20m"), environments=[spot()], faults=crunch, world={"notice": "120s"})
    assert simulate(story).instances["notice_at_s"].tolist()[0] == 480


def test_a_part_of_a_fleet_is_that_part_by_chance(simulate):
    crunch = [fault("spot_reclaim", "30s", fraction=0.3)]
    result = simulate(scenario(job("a", "1m", size=400), environments=[wide()], faults=crunch))
    assert 90 < len(struck(result)) < 150, "120 +- 3 standard deviations"


def test_a_larger_fraction_takes_those_too_that_a_smaller_one_took(simulate):
    def taken(fraction):
        crunch = [fault("spot_reclaim", "30s", fraction=fraction)]
        result = simulate(scenario(job("a", "1m", size=100), environments=[wide()], faults=crunch))
        return set(result.faults["instance"])

    assert taken(0.2) < taken(0.5) < taken(0.9)


def test_a_whole_pool_goes_or_none_of_it(simulate):
    seen = set()
    for seed in range(8):
        crunch = [fault("spot_reclaim", "30s", fraction=0.5, correlated="pool")]
        result = simulate(scenario(job("a", "1m", size=40), environments=[wide()], faults=crunch), seed=seed)
        first = result.instances[result.instances["launched_at_s"] == 0]
        by_zone = (first["why_ended"] == "spot_reclaim").groupby(first["zone"].astype(str)).agg(["min", "max"])
        assert (by_zone["min"] == by_zone["max"]).all()
        seen.add(tuple(by_zone["max"]))
    assert len(seen) > 1, "and it is not always the same pools"


def test_a_hazard_strikes_in_its_window_and_only_what_it_selects(simulate):
    crunch = [fault("spot_reclaim", "10m", "10m", select={"zone": "us-east-1a"}, hazard=30)]
    result = simulate(scenario(job("a", "1h", size=8, attempts=10), environments=[spot()], faults=crunch))
    assert struck(result)
    assert all(600 < at < 1200 for at, _ in struck(result))
    assert set(result.instances[result.instances["why_ended"] == "spot_reclaim"]["zone"]) == {"us-east-1a"}


def test_a_correlated_hazard_takes_a_pool_at_a_time(simulate):
    crunch = [fault("spot_reclaim", "10m", "1h", hazard=3, correlated="pool")]
    result = simulate(scenario(job("a", "2h", size=8, attempts=10), environments=[spot()], faults=crunch))
    zone = dict(zip(result.instances["instance"], result.instances["zone"], strict=True))
    hit = {}
    for row in result.faults.itertuples():
        hit.setdefault(row.at_s, []).append(zone[row.instance])
    assert hit
    assert all(len(set(zones)) == 1 for zones in hit.values()), "no two pools in one instant"
    assert any(len(zones) > 1 for zones in hit.values())


def test_a_pool_is_struck_at_the_same_instants_however_late_it_is_used(simulate):
    crunch = [fault("spot_reclaim", "10m", "3h", hazard=3, correlated="pool")]

    def instants(begin):
        work = job("a", "5h", at=begin, size=8, attempts=10)
        return {at for at, _ in struck(simulate(scenario(work, environments=[spot()], faults=crunch)))}

    early, late = instants("0s"), instants("1h")
    assert min(early) < 3600
    assert late == {at for at in early if at > 3600}


def test_on_demand_is_spared(simulate):
    crunch = [fault("spot_reclaim", "30s", fraction=1), fault("spot_reclaim", hazard=1000)]
    result = simulate(scenario(job("a", "1h", size=4), environments=[on_demand()], faults=crunch))
    assert not len(result.faults)


def test_the_hazards_of_market_and_plan_add(simulate):
    """10 losses an hour by the market and 10 by the plan: of 300 instances about 300 x (1 - e**-1) last 3 minutes."""
    crunch = [fault("spot_reclaim", hazard=10)]
    story = scenario(job("a", "3m", size=300), environments=[wide(300)], faults=crunch, world={"spot_hazard": 10})
    first = simulate(story).instances.head(300)
    lost = (first["why_ended"] == "spot_reclaim").sum()
    assert abs(lost - 300 * (1 - exp(-1))) < 3.5 * sqrt(300 * exp(-1) * (1 - exp(-1)))


@pytest.mark.parametrize(("run_s", "exact_s"), [(1800, 2335.396575), (3600, 6185.814582)])
def test_restarting_from_scratch_takes_as_long_as_theory_says(run_s, exact_s, simulate, cases):
    """E[T] = (e**(h t) - 1) / h for a hazard of h = 1 an hour by the plan, replacements at once."""
    jobs = effort(fast=1000, verify=20_000, long=100_000)
    crunch = [fault("spot_reclaim", hazard=1, replace=True)]
    many = job("a", f"{run_s}s", size=1000, count=jobs // 1000, attempts=10)
    places = [environment("spot", ("box.1",), type="SPOT", allocationStrategy="BEST_FIT_PROGRESSIVE", maxvCpus=jobs)]
    loose = {"strict_limits": False}
    many["submit"]["retryStrategy"]["attempts"] = 1000
    result = simulate(scenario(many, environments=places, faults=crunch, world=loose, simulation={"max_time": "365d"}))
    took = result.jobs["ended_at_s"].to_numpy()
    half = 3.5 * took.std() / np.sqrt(len(took))
    assert abs(took.mean() - exact_s) < half
    assert half < 0.2 * exact_s
    cases(jobs)


def test_spot_is_drained_at_a_faults_notice_too(simulate):
    crunch = [fault("spot_reclaim", "10m", fraction=1, notice="120s")]
    story = scenario(job("a", "20m", attempts=2), environments=[spot()], faults=crunch, world={"spot_drain": True})
    result = simulate(story)
    assert attempts_of(result, "a")[0].ended_at_s == 510, "stop_timeout after the notice"
    assert result.summary()["faults"][0]["attempts_lost"] == 1
