"""``prefer_size: observed``: sizes drawn as recorded Spot launches had them, and every zone its part of a decision."""

from __future__ import annotations

from collections import Counter

import pytest
from scenario_builder import environment, job, launched, scenario

from batchsim.policies.allocation import Ask, Demand, Offer, spot_capacity_optimized
from batchsim.policies.allocation.observed import PICKS, observed

ZONES = 3
SIZES = (2, 4, 8, 16, 32, 48, 64, 96, 128)


def pools(sizes=SIZES, zones=ZONES):
    """A pool of each size in each zone, of 4 GiB a vCPU and equal depth."""
    places = [(vcpus, zone) for vcpus in sizes for zone in range(zones)]
    return tuple(
        Offer(at, at, 0, zone, vcpus, 4096 * vcpus, 4096 * vcpus, 0, True, vcpus, vcpus, depth=9)
        for at, (vcpus, zone) in enumerate(places)
    )


def demand(vcpus, *draws, jobs=1):
    return Demand((Ask(vcpus, 1024, 0, jobs),), 1000, True, (0,) * ZONES, size_draws=draws or (0.5,) * ZONES)


def drawn(asked, offers=None):
    """The size drawn in each zone."""
    return {offer.zone: offer.vcpus for offer in observed(asked, pools() if offers is None else offers)}


def test_each_zone_has_a_size_of_its_own():
    assert drawn(demand(16, 0.01, 0.45, 0.99)) == {0: 2, 1: 32, 2: 128}


def test_even_draws_give_the_shares_that_were_seen():
    total = sum(PICKS.values())
    counts = Counter(drawn(demand(16, (n + 0.5) / total, 0.5, 0.5))[0] for n in range(total))
    assert counts == PICKS


def test_a_machine_is_at_most_eight_times_what_waits_and_at_least_a_ninth():
    assert set(drawn(demand(2, 0.99, 0.99, 0.99)).values()) == {16}
    assert set(drawn(demand(1, 0.01, 0.01, 0.01, jobs=200)).values()) == {32}


def test_what_was_never_seen_or_is_out_of_reach_leaves_the_choice_to_demand():
    assert drawn(demand(4), pools((4, 8, 48))) == {}
    assert spot_capacity_optimized(demand(4, jobs=3), pools((4, 8, 48))).vcpus == 8
    assert spot_capacity_optimized(demand(1, jobs=5000), pools()).vcpus == 128


def test_a_drawn_size_holds_the_head():
    heads = (Ask(24, 144 * 1024, 0, 1),)
    asked = Demand(heads, 1000, True, (0,) * ZONES, size_draws=(0.01, 0.5, 0.99))
    assert spot_capacity_optimized(asked, pools()).vcpus >= 48


TYPES = {f"cloud.{n}": {"vcpu": n, "memory": f"{4 * n}GiB", "price": "$9/h", "spot_price": "$1/h"} for n in (2, 16, 64)}
SUBNETS = ["subnet-a", "subnet-b", "subnet-c"]


def spot_night(*jobs, most=1000, **world):
    resources = {"type": "SPOT", "allocationStrategy": "SPOT_CAPACITY_OPTIMIZED", "subnets": SUBNETS}
    hosts = environment("hosts", list(TYPES), maxvCpus=most, **resources)
    settings = {"instanceTypes": TYPES, "scale_down_idle": "5m", "prefer_size": "observed", **world}
    return scenario(*jobs, environments=[hosts], world=settings)


def test_three_jobs_bring_instances_in_every_zone_at_once(simulate):
    result = simulate(spot_night(job("a", size=3)))
    assert sorted(result.instances.zone) == ["us-east-1a", "us-east-1b", "us-east-1c"]
    assert result.instances.launched_at_s.tolist() == [0, 0, 0]


@pytest.mark.parametrize("jobs", [1, 2])
def test_one_or_two_bring_one_instance(jobs, simulate):
    assert len(simulate(spot_night(job("a", count=jobs, at="0s"))).instances) == 1


def test_a_zones_part_is_made_of_instances_of_one_type(simulate):
    instances = simulate(spot_night(job("a", size=300))).instances
    assert (instances.groupby("zone").type.nunique() == 1).all()
    assert (instances.groupby("zone").vcpus.sum() >= 100).all()


def test_spreading_never_goes_beyond_maxvcpus_for_jobs_that_are_covered(simulate):
    result = simulate(spot_night(job("a", size=3), most=20))
    assert result.scaling.desired_vcpus.max() <= 20


def test_on_demand_sizes_follow_demand(simulate):
    hosts = environment("hosts", list(TYPES), maxvCpus=1000, subnets=SUBNETS, allocationStrategy="BEST_FIT_PROGRESSIVE")
    prices = {name: made | {"price": f"${made['vcpu']}/h"} for name, made in TYPES.items()}
    result = simulate(
        scenario(job("a", size=16), environments=[hosts], world={"instanceTypes": prices, "prefer_size": "observed"})
    )
    assert launched(result) == ["cloud.16"]


def test_draws_are_keyed_by_environment_and_decision(simulate):
    first, again = (simulate(spot_night(job("a", size=30)), seed=4) for _ in range(2))
    assert launched(first) == launched(again)
    assert len({tuple(launched(simulate(spot_night(job("a", size=30)), seed=seed))) for seed in range(1, 7)}) > 1


# -- demand_by: observed


def test_on_spot_booting_instances_cover_what_their_vcpus_would_hold(simulate):
    """Four jobs of 8 GiB and 1 vCPU: 4 vCPUs of 16 GiB hold two; the others have a decision once these have joined."""
    types = {"four": {"vcpu": 4, "memory": "16GiB", "usable_memory": "16GiB", "spot_price": "$1/h", "price": "$9/h"}}
    hosts = environment("hosts", ["four"], maxvCpus=64, type="SPOT", allocationStrategy="SPOT_CAPACITY_OPTIMIZED")
    settings = {"instanceTypes": types, "instance_boot": "100s", "demand_by": "observed"}
    result = simulate(scenario(job("a", "1h", size=4, memory=8192), environments=[hosts], world=settings))
    assert result.instances.launched_at_s.tolist() == [0, 100]
    assert sorted(result.jobs.wait_s) == [100, 100, 200, 200]
