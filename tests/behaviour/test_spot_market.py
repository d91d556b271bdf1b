"""The Spot market of the model: how often it takes an instance, how deep pools are, what they cost, what a notice does.

AWS publishes the Spot Advisor's buckets, the notice and the bills; hazards, shocks and depths are choices of the model.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-interruptions.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/billing-for-interrupted-spot-instances.html
"""

from __future__ import annotations

import pytest
from scenario_builder import attempts_of, box, environment, job, launched, scenario

import batchsim
from batchsim.spec import World


def spot(types=("box.1",), **resources):
    usual = {"type": "SPOT", "allocationStrategy": "BEST_FIT_PROGRESSIVE", "maxvCpus": 400}
    return environment("spot", types, **{**usual, **resources})


def of_the_market(market):
    """The keys that the builder of these tests sets are the market's again."""
    return {"market": market, "spot_hazard": None, "spot_shocks_per_day": None, "spot_depth": None}


def reclaims(world, hours=10, seeds=4):
    """Reclaims in ``hours`` of 100 instances, over some seeds, and in how many instants they came."""
    night = scenario(job("a", "1000h", size=100, attempts=10), environments=[spot(maxvCpus=100)], world=world,
                     simulation={"until": f"{hours}h"})  # fmt: skip
    runs = [batchsim.run(night, seed=seed).instances for seed in range(seeds)]
    lost = [run[run["why_ended"] == "spot_reclaim"]["ended_at_s"] for run in runs]
    return sum(map(len, lost)), sum(each.nunique() for each in lost)


# -- hazards and shocks: 4,000 instance-hours


@pytest.mark.parametrize(("market", "low", "high"), [("calm", 0, 5), ("typical", 50, 140), ("stormy", 350, 900)])
def test_a_market_takes_its_part_of_the_instances(market, low, high):
    """At 0.0001, 0.02 and 0.1 reclaims an hour 0.4, 80 and 400 are expected, and more by shocks."""
    world = {**of_the_market(market), "spot_depth": "unlimited"}
    assert low <= reclaims(world)[0] <= high


def test_the_hazard_of_the_market_is_typical_by_default():
    assert 50 <= reclaims({"spot_hazard": None})[0] <= 140


def test_or_what_the_world_says():
    assert reclaims({"spot_hazard": 0})[0] == 0
    assert 1800 < reclaims({"spot_hazard": 0.5})[0] < 2200


def test_types_of_a_worse_bucket_of_the_spot_advisor_are_taken_more_often():
    """c7i stands in the worst bucket (x 10/3), c5 in the best (x 1/3)."""
    lost = {}
    for type_ in ("c5.large", "c7i.large"):
        night = scenario(
            job("a", "10h", vcpus=2, size=50, attempts=10), environments=[spot((type_,))], world={"spot_hazard": 0.1}
        )
        lost[type_] = sum(
            (batchsim.run(night, seed=seed).instances["why_ended"] == "spot_reclaim").sum() for seed in (1, 2)
        )
    assert lost["c7i.large"] > 5 * lost["c5.large"]


@pytest.mark.parametrize("shocks", [None, 24])
def test_shocks_take_half_of_a_pool_in_one_instant(shocks):
    """A typical market has one in ten days: none in most nights. With 24 a day dozens go together."""
    lost, instants = reclaims({"spot_shocks_per_day": shocks}, hours=3)
    assert (lost > 20 * instants > 0) if shocks else lost < 200


# -- depth


def peak(world):
    night = scenario(job("a", "20m", size=400), environments=[spot()], world=world, simulation={"until": "1m"})
    return batchsim.run(night, seed=3).scaling["desired_vcpus"].max()


def test_a_pool_is_as_deep_as_the_market_says():
    """Medians of 1,000, 200 and 40 instances, at one draw each."""
    depths = [peak({**of_the_market(market), "spot_hazard": 0}) for market in ("calm", "typical", "stormy")]
    assert depths[2] < 120 < depths[0]
    assert depths[2] < depths[1] <= depths[0]


@pytest.mark.parametrize(("depth", "low", "high"), [("unlimited", 400, 400), (10, 1, 60), (0, 0, 0)])
def test_or_as_the_world_says(depth, low, high):
    assert low <= peak({"spot_depth": depth}) <= high


def test_the_depth_of_the_market_is_finite_by_default():
    assert 20 < peak({"spot_depth": None}) < 400


def test_on_demand_pools_are_unlimited_whatever_the_market(simulate):
    hosts = environment(maxvCpus=400, allocationStrategy="BEST_FIT_PROGRESSIVE")
    result = simulate(scenario(job("a", size=400), environments=[hosts], world={"spot_depth": 0}))
    assert len(result.instances) == 400


# -- prices


@pytest.mark.parametrize(("factor", "usd"), [(None, 0.47), (0.3, 0.3)])
def test_where_no_spot_price_is_known_it_is_a_share_of_on_demand(factor, usd, simulate):
    types = {"my.large": {key: value for key, value in box(1, price="$1/h").items() if key != "spot_price"}}
    world = {"instanceTypes": types, **({} if factor is None else {"spot_factor": factor})}
    result = simulate(scenario(job("a", "1h"), environments=[spot(("my.large",))], world=world))
    assert result.instances["cost_usd"].tolist() == [usd]


def test_the_catalogues_spot_price_comes_before_that_share(simulate):
    result = simulate(scenario(job("a", "1h", vcpus=2), environments=[spot(("c5.large",))]))
    assert result.instances["cost_usd"].tolist() == [0.03485]


@pytest.mark.parametrize(("free", "cost"), [(True, 0), (False, 0.06)])
def test_what_ec2_takes_within_the_first_hour_is_free(free, cost, simulate):
    lost = [{"kind": "spot_reclaim", "at": "30m", "select": {"environment": "spot", "ordinal": 0}}]
    story = scenario(job("a", "2h"), environments=[spot()], faults=lost, world={"first_hour_free": free})
    assert simulate(story).instances["cost_usd"].tolist() == [cost]


# -- notices


def lost_at(at="10m"):
    return [{"kind": "spot_reclaim", "at": at, "select": {"environment": "spot", "ordinal": 0}}]


@pytest.mark.parametrize(("notice", "at"), [("120s", 480), ("15s", 585), ("0s", 600)])
def test_a_notice_comes_so_long_before_the_loss(notice, at, simulate):
    result = simulate(scenario(job("a", "1h"), environments=[spot()], faults=lost_at(), world={"notice": notice}))
    assert result.instances["notice_at_s"].tolist() == [at]


def test_that_is_two_minutes_by_default():
    assert World().notice == 120_000


def test_without_draining_a_job_works_to_the_instant_of_loss_and_new_ones_still_come(simulate):
    work = [job("a", "1h"), job("b", "30s", at="540s")]
    result = simulate(
        scenario(*work, environments=[spot(("box.2",), maxvCpus=2)], faults=lost_at(), world={"notice": "120s"})
    )
    assert [attempt.ended_at_s for attempt in attempts_of(result, "a")] == [600]
    assert [attempt.starting_at_s for attempt in attempts_of(result, "b")] == [540]


def test_with_draining_no_job_comes_after_the_notice(simulate):
    work = [job("a", "1h"), job("b", "30s", at="540s")]
    story = scenario(*work, environments=[spot(("box.2",), maxvCpus=2)], faults=lost_at(),
                     world={"notice": "120s", "spot_drain": True, "stop_timeout": "30s"})  # fmt: skip
    result = simulate(story)
    assert [attempt.ended_at_s for attempt in attempts_of(result, "a")] == [510], "SIGKILL 30 s after SIGTERM"
    assert attempts_of(result, "b")[0].instance != attempts_of(result, "a")[0].instance


@pytest.mark.parametrize(("sees", "saved"), [(True, 480), (False, 0)])
def test_an_application_may_look_for_the_notice_and_save_its_work(sees, saved, simulate):
    keeps = {"checkpoint": {"cost": "0s", "restore": "0s"}, "on_sigterm": "checkpoint"}
    story = scenario(job("a", "1h", attempts=2, **keeps), environments=[spot()], faults=lost_at(),
                     world={"notice": "120s", "checkpoint_on_notice": sees})  # fmt: skip
    assert attempts_of(simulate(story), "a")[0].work_saved_s == saved


def test_a_lower_bid_is_interrupted_more_often(simulate):
    """EC2: "setting a maximum price" makes interruptions more frequent."""
    moving = {"spot_prices": {"default": [{"at": f"{hour}h", "share": share} for hour, share in
                                          enumerate((0.3, 0.45, 0.3, 0.6, 0.3, 0.85, 0.3))]}}  # fmt: skip
    lost = {}
    for bid in (40, 50, 70, 100):
        result = simulate(scenario(job("a", "7h", attempts=10), environments=[spot(bidPercentage=bid)], world=moving))
        lost[bid] = int((result.instances["why_ended"] == "spot_reclaim").sum())
    assert lost == {40: 3, 50: 2, 70: 1, 100: 0}


def test_a_lost_instance_is_replaced_by_demand_not_by_rebalancing(simulate):
    """EC2's rebalance recommendations are not used: nothing is launched before the loss."""
    result = simulate(
        scenario(job("a", "1h", attempts=2), environments=[spot()], faults=lost_at(), world={"notice": "120s"})
    )
    assert result.instances["launched_at_s"].tolist() == [0, 600]
    assert launched(result) == ["box.1", "box.1"]
