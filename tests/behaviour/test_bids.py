"""Spot prices and bidPercentage: below what price an environment launches, what it pays, and when EC2 interrupts it.

https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeResource.html (bidPercentage)
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-interruptions.html
"""

from __future__ import annotations

from math import log

import pytest
from scenario_builder import attempts_of, box, environment, job, launched, queue, reasons, scenario, starts

import batchsim
from batchsim import ScenarioError


def spot(bid=100, types=("box.1",), name="spot", **resources):
    usual = {"type": "SPOT", "allocationStrategy": "BEST_FIT_PROGRESSIVE", "bidPercentage": bid}
    return environment(name, types, **{**usual, **resources})


def steps(*prices):
    """Shares of On-Demand, $0.36/h a vCPU: ``steps((0, 0.5), (60, 1.5))`` in seconds."""
    return {"spot_prices": {"default": [{"at": f"{at}s", "share": share} for at, share in prices]}}


# -- the gate; box.1 costs $0.12/h on Spot, a third of On-Demand


@pytest.mark.parametrize(("bid", "instances"), [(100, 1), (34, 1), (33, 0), (1, 0)])
def test_an_environment_launches_only_below_its_bid(bid, instances, simulate):
    result = simulate(scenario(job("a"), environments=[spot(bid)], allow_unplaceable=True))
    assert len(result.instances) == instances
    assert result.summary()["ended_by"] == ("drained" if instances else "stuck")


def test_a_price_equal_to_the_bid_is_not_below_it(simulate):
    """The API: the Spot price "must be less than that percentage"."""
    half = {"instanceTypes": {"box.x": box(1, price="$0.36/h", spot_price="$0.18/h")}}
    runs = [
        simulate(scenario(job("a"), environments=[spot(bid, ("box.x",))], world=half, allow_unplaceable=True))
        for bid in (50, 51)
    ]
    assert [len(run.instances) for run in runs] == [0, 1]


def test_without_a_bid_an_environment_pays_up_to_on_demand(simulate):
    dear = {"box.x": box(1, price="$0.36/h", spot_price="$0.36/h")}
    plain = environment("spot", ("box.x",), type="SPOT", allocationStrategy="BEST_FIT_PROGRESSIVE")
    result = simulate(scenario(job("a"), environments=[plain], world={"instanceTypes": dear}, allow_unplaceable=True))
    assert reasons(result)[-1] == (0, "bid", "spot")


def test_types_above_the_bid_are_left_out_and_the_others_launched(simulate):
    types = {"cheap.2": box(2, price="$9/h", spot_price="$1/h"), "dear.1": box(1, price="$1/h", spot_price="$0.40/h")}
    one = spot(30, tuple(types))
    assert launched(simulate(scenario(job("a"), environments=[one], world={"instanceTypes": types}))) == ["cheap.2"]


def test_a_queue_goes_on_to_its_next_environment_while_the_price_is_above_the_bid(simulate):
    places = [spot(50), environment("dear")]
    work = [job("a", at="10s"), job("b", at="200s")]
    story = scenario(*work, environments=places, world=steps((0, 0.6), (100, 0.4)))
    result = simulate(story)
    assert result.instances["environment"].tolist() == ["dear", "spot"]
    assert starts(result) == {"a": 10, "b": 200}


def test_a_job_waits_for_the_price_to_fall(simulate):
    result = simulate(scenario(job("a"), environments=[spot(50)], world=steps((0, 0.9), (100, 0.7), (700, 0.3))))
    assert (starts(result), reasons(result)[0]) == ({"a": 700}, (0, "bid", "spot"))
    assert result.jobs["wait_bid_s"].tolist() == [700]


# -- interruptions


def test_ec2_interrupts_when_the_price_exceeds_the_bid_two_minutes_after_its_notice(simulate):
    calm = {**steps((0, 0.4), (600, 0.6), (3000, 0.4)), "notice": "120s"}
    result = simulate(scenario(job("a", "30m", attempts=2), environments=[spot(50)], world=calm))
    first, second = result.instances.itertuples()
    assert (first.notice_at_s, first.ended_at_s, str(first.why_ended)) == (600, 720, "spot_reclaim")
    assert second.launched_at_s == 3000
    assert [attempt.outcome for attempt in attempts_of(result, "a")] == ["reclaimed", "succeeded"]


@pytest.mark.parametrize(("share", "lost"), [(0.5, 0), (0.51, 1)])
def test_at_the_bid_itself_nothing_is_interrupted(share, lost, simulate):
    result = simulate(scenario(job("a", "30m"), environments=[spot(50)], world=steps((0, 0.4), (600, share))))
    assert result.attempts["outcome"].eq("reclaimed").sum() == lost


def test_each_environment_has_its_own_bid(simulate):
    places = [spot(50, name="low"), spot(80, name="high")]
    queues = [queue("queue", "low"), queue("other", "high")]
    work = [job("a", "30m"), job("b", "30m", on="other")]
    result = simulate(scenario(*work, environments=places, queues=queues, world=steps((0, 0.4), (600, 0.6))))
    assert dict(zip(result.attempts["job_id"], result.attempts["outcome"], strict=True)) == {
        "a": "reclaimed", "b": "succeeded"
    }  # fmt: skip


# -- what is paid


def test_the_market_price_is_paid_whatever_the_bid(simulate):
    bills = [
        simulate(scenario(job("a", "1h"), environments=[spot(bid)], allow_unplaceable=True)).instances["cost_usd"].sum()
        for bid in (40, 100)
    ]
    assert bills == [0.12, 0.12]


def test_without_steps_a_price_is_constant(simulate):
    work = [job("a", "1h"), job("b", "1h", at="24h")]
    result = simulate(scenario(*work, environments=[spot()]))
    assert result.instances["price_nano_usd_per_h"].tolist() == [120_000_000] * 2


def test_the_bill_follows_the_price(simulate):
    """Half an hour at $0.072, then half an hour at $0.288: $0.18 on average."""
    result = simulate(scenario(job("a", "1h"), environments=[spot()], world=steps((0, 0.2), (1800, 0.8))))
    (host,) = result.instances.itertuples()
    assert (host.price_nano_usd_per_h, host.compute_usd) == (180_000_000, 0.18)
    assert result.jobs["cost_usd"].tolist() == [pytest.approx(0.18 / 2 * (1 + 1024 / 4096), abs=1e-9)]


def test_the_mean_is_over_the_time_that_is_billed_and_rounded_half_to_even(simulate):
    """Pending for 100 s is not billed: 200 s at 1 nano-dollar an hour and 100 s at 2 give 4/3, and 200 s at 2, 3/2."""
    odd = {
        "spot_prices": {"box.1": [{"at": "0s", "price": "$0.000000001/h"}, {"at": "300s", "price": "$0.000000002/h"}]}
    }
    slow = {**odd, "instance_pending": "100s", "instance_boot": "100s"}
    result = simulate(scenario(job("a", "300s"), environments=[spot()], world=slow))
    assert result.instances["price_nano_usd_per_h"].tolist() == [1]
    longer = simulate(scenario(job("a", "400s"), environments=[spot()], world=slow))
    assert longer.instances["price_nano_usd_per_h"].tolist() == [2]


def by_chance(sigma, seed, hours=24, types=("box.1",)):
    """What instances of a day each paid an hour, one after the other, in parts of the usual price."""
    work = job("a", "50m", count=hours, at={"rate": "1/h"})
    story = scenario(work, environments=[spot(types=types)], world={"spot_price_sigma": sigma})
    return [price / 120_000_000 for price in batchsim.run(story, seed=seed).instances["price_nano_usd_per_h"]]


def test_prices_may_move_by_chance_around_the_usual_one():
    """Medians of the logarithm are 0 and its standard deviation is sigma; an hour later it is much the same."""
    logs = [[log(price) for price in by_chance(0.3, seed)] for seed in range(30)]
    flat = [each for day in logs for each in day]
    assert abs(sum(flat) / len(flat)) < 0.15  # 30 days are worth about 40 independent prices
    assert 0.2 < (sum(each**2 for each in flat) / len(flat)) ** 0.5 < 0.4
    apart = [(day[at] - day[at + 1]) ** 2 for day in logs for at in range(len(day) - 1)]
    assert 0.08 < (sum(apart) / len(apart)) ** 0.5 < 0.18, "sigma x sqrt(2 (1 - 0.9)) = 0.134"


def test_that_is_keyed_by_the_seed_and_the_type_and_constant_at_0():
    assert by_chance(0.3, 1) == by_chance(0.3, 1) != by_chance(0.3, 2)
    assert set(by_chance(0, 1)) == {1}


def test_a_bid_meets_prices_by_chance_too(simulate):
    places = [spot(40), environment("dear")]
    work = job("a", "50m", count=200, at={"rate": "1/h"})
    result = simulate(scenario(work, environments=places, world={"spot_price_sigma": 0.5, "notice": "120s"}))
    assert set(result.instances["environment"]) == {"spot", "dear"}


def test_strategies_see_the_price_of_the_moment(simulate):
    types = {name: box(1, price="$1/h", spot_price="$0.5/h") for name in ("a.1", "b.1")}
    moving = {"a.1": [{"at": "0s", "share": 0.2}, {"at": "1h", "share": 0.8}], "b": [{"at": "0s", "share": 0.4}]}
    work = [job("a"), job("b", at="2h")]
    world = {"instanceTypes": types, "spot_prices": moving}
    assert launched(simulate(scenario(*work, environments=[spot(types=("a.1", "b.1"))], world=world))) == ["a.1", "b.1"]


def test_before_its_first_step_a_price_is_the_usual_one(simulate):
    result = simulate(scenario(job("a", "1h"), environments=[spot()], world=steps((7200, 0.9))))
    assert result.instances["compute_usd"].tolist() == [0.12]


def test_other_prices_of_the_same_run_start_from_the_mean(simulate):
    result = simulate(scenario(job("a", "1h"), environments=[spot()], world=steps((0, 0.2), (1800, 0.8))))
    dearer = result.reprice(spot_price="+50%")
    assert dearer.instances["compute_usd"].tolist() == [0.27]
    assert not dearer.check()


def test_the_report_says_that_prices_change():
    result = batchsim.run(scenario(job("a"), environments=[spot()], world=steps((0, 0.2))), seed=1)
    assert "each instance billed at its mean price" in " ".join(result.report().split())


# -- what a scenario may not ask


@pytest.mark.parametrize(
    ("prices", "code"),
    [
        ({"nobody.large": [{"at": "0s", "share": 1}]}, "E156"),
        ({"c5": [{"at": "0s", "price": "$1/h"}]}, "E117"),
        ({"default": [{"at": "0s"}]}, "E111"),
        ({"default": [{"at": "0s", "share": 1, "price": "$1/h"}]}, "E111"),
        ({"default": [{"at": "5s", "share": 1}, {"at": "5s", "share": 2}]}, "E115"),
    ],
)
def test_prices_are_checked(prices, code):
    with pytest.raises(ScenarioError) as caught:
        batchsim.run(scenario(job("a"), environments=[spot()], world={"spot_prices": prices}))
    assert [problem.code for problem in caught.value.problems] == [code]
