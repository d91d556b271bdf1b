"""``price_shock``: Spot prices are so many times what they would be, for a while; the bill and the bids follow.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-interruptions.html
"""

from __future__ import annotations

import pytest
from fault_stories import fault, on_demand, spot, struck
from scenario_builder import attempts_of, box, job, queue, reasons, scenario, starts

import batchsim
from batchsim.errors import ScenarioError

USUAL = 120_000_000
"""Nano-dollars an hour of a box.1 on Spot; On-Demand it is three times as much."""


def shock(at="0s", lasts=None, factor=3, **select):
    return fault("price_shock", at, lasts, factor=factor, **({"select": select} if select else {}))


def hour(*faults, world=None, places=None, **keys):
    """One job of an hour on one Spot instance that is ready at once."""
    return scenario(job("a", "1h", **keys), environments=places or [spot()], world=world or {}, faults=list(faults))


def paid(result):
    return result.instances.price_nano_usd_per_h.tolist()


def test_what_runs_pays_it_while_it_lasts(simulate):
    """Half an hour at the usual price, half an hour at twice as much."""
    result = simulate(hour(shock("30m", factor=2)))
    assert (paid(result), struck(result, "price_shocked")) == ([USUAL * 3 // 2], [(1800.0, "faults[0]")])


def test_several_multiply(simulate):
    """A quarter of an hour each at 1, 0.5, 1.25 and 2.5 times the price."""
    result = simulate(hour(shock("15m", "30m", factor=0.5), shock("30m", "1h", factor=2.5)))
    assert paid(result) == [USUAL * 21 // 16]


def test_it_multiplies_the_steps_that_a_scenario_gives(simulate):
    """Shares of 0.2 and 0.4 of On-Demand, the second half of each at twice as much."""
    steps = {"spot_prices": {"box.1": [{"at": "0s", "share": 0.2}, {"at": "30m", "share": 0.4}]}}
    result = simulate(hour(shock("15m", "15m", factor=2), shock("45m", "15m", factor=2), world=steps))
    assert paid(result) == [round(3 * USUAL * (0.2 + 0.4 + 0.4 + 0.8) / 4)]


@pytest.mark.parametrize(("hours", "factors"), [(0, [2, 2, 2, 2]), (2, [1, 1, 2, 2]), (1.5, [1, 1 + 0.2 / 0.7, 2, 2])])
def test_it_multiplies_prices_that_move_by_chance_and_shifts_none_of_them(hours, factors, simulate):
    """A job an hour, each on an instance of its own for 42 minutes; the second has the last twelve in the shock."""
    calm, dear = (
        simulate(
            scenario(
                job("a", "42m", at={"rate": "1/h"}, count=4),
                environments=[spot()],
                world={"spot_price_sigma": 0.2, "scale_down_idle": "0s"},
                faults=faults,
            )
        )
        for faults in ([], [shock(f"{hours * 60:g}m", factor=2, type="box.*")])
    )
    assert [high / low for low, high in zip(paid(calm), paid(dear), strict=True)] == pytest.approx(factors, rel=1e-6)


def test_prices_of_other_types_move_by_chance_as_they_would(simulate):
    places = [spot("one"), spot("two", types=("box.2",))]
    queues = [queue("one", "one"), queue("two", "two")]
    work = [job(name, "42m", at={"rate": "1/h"}, count=3, on=name) for name in ("one", "two")]
    keys = {"environments": places, "queues": queues, "world": {"spot_price_sigma": 0.2, "scale_down_idle": "0s"}}
    calm, dear = (
        simulate(scenario(*work, **keys, faults=faults)) for faults in ([], [shock("90m", factor=2, type="box.2")])
    )
    alike = [low == high for low, high in zip(paid(calm), paid(dear), strict=True)]
    assert alike == [
        name == "one" or at < 3600
        for name, at in zip(calm.instances.environment, calm.instances.launched_at_s, strict=True)
    ]


def test_only_spot_and_only_the_types_that_it_selects(simulate):
    places = [spot(types=("box.1",)), spot(types=("box.2",), name="large"), on_demand()]
    queues = [
        {"jobQueueName": name, "priority": 1, "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": name}]}
        for name in ("spot", "large", "hosts")
    ]
    work = [job(name, "1h", on=name) for name in ("spot", "large", "hosts")]
    result = simulate(scenario(*work, environments=places, queues=queues, faults=[shock(type="*.2", factor=2)]))
    assert dict(zip(result.instances.environment, paid(result), strict=True)) == {
        "spot": USUAL, "large": 4 * USUAL, "hosts": 3 * USUAL
    }  # fmt: skip


def test_ec2_interrupts_whom_it_lifts_above_the_bid(simulate):
    """On-Demand is the bid: three times the usual price is not above it, four times is."""
    calm, dear = (
        simulate(hour(shock("20m", "40m", factor=factor), attempts=2, world={"notice": "120s"})) for factor in (3, 4)
    )
    assert [each.outcome for each in attempts_of(calm, "a")] == ["succeeded"]
    assert [(each.outcome, each.starting_at_s) for each in attempts_of(dear, "a")] == [
        ("reclaimed", 0), ("succeeded", 3600)
    ]  # fmt: skip
    assert dear.instances.notice_at_s.tolist()[0] == 1200


def test_nothing_is_launched_until_the_price_is_below_the_bid_again(simulate):
    result = simulate(hour(shock("0s", "10m", factor=3)))
    assert (starts(result), reasons(result)[0]) == ({"a": 600}, (0, "bid", "spot"))


def test_a_job_may_wait_for_a_shock_that_makes_spot_cheap(simulate):
    """Spot as dear as On-Demand is never below the bid, but for the hour in which it costs half."""
    dear = {"instanceTypes": {"box.x": box(1, price="$0.36/h", spot_price="$0.36/h")}}
    result = simulate(hour(shock("1h", "2h", factor=0.5), world=dear, places=[spot(types=("box.x",))]))
    assert (starts(result), paid(result)) == ({"a": 3600}, [180_000_000])


def test_a_price_that_moves_by_chance_may_fall_below_the_bid():
    """So a job is not refused for a usual price that is above it."""
    dear = {"instanceTypes": {"box.x": box(1, price="$0.36/h", spot_price="$0.37/h")}, "spot_price_sigma": 0.3}
    story = hour(world=dear, places=[spot(types=("box.x",))])
    assert any(starts(batchsim.run(story, seed=seed)) for seed in range(5))


def test_a_price_is_a_nano_dollar_at_least(simulate):
    cheap = {"instanceTypes": {"box.x": box(1, price="$0.36/h", spot_price="$0.000000001/h")}}
    assert paid(simulate(hour(shock(factor=0.01), world=cheap, places=[spot(types=("box.x",))]))) == [1]


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (fault("price_shock"), "E111"),
        (fault("price_shock", factor=0), "E142"),
        (fault("price_shock", factor=2, select={"zone": "us-east-1a"}), "E117"),
        (fault("price_shock", factor=2, probability=0.5), "E117"),
    ],
)
def test_what_does_not_go_together_is_told(made, code):
    with pytest.raises(ScenarioError) as caught:
        batchsim.run(hour(made))
    assert [problem.code for problem in caught.value.problems] == [code]


def test_it_is_told_when_it_first_strikes_a_type_that_was_launched(simulate):
    late = hour(shock("0s", "2h", factor=2), shock("2h", factor=2), at="30m", world={"scale_up_delay": "10s"})
    result = simulate(late)
    assert struck(result, "price_shocked") == [(1810.0, "faults[0]")]


@pytest.mark.parametrize(("until", "told"), [("drained", [(3600.0, "faults[0]")]), ("1h", [])])
def test_in_its_last_instant_a_run_that_drains_is_told_of_it_and_one_that_is_cut_is_not(until, told, simulate):
    hasty, end = {"scale_down_idle": "0s"}, {"until": until}
    result = simulate(
        scenario(job("a", "1h"), environments=[spot()], world=hasty, faults=[shock("1h")], simulation=end)
    )
    assert (result.horizon_s, struck(result, "price_shocked")) == (3600.0, told)


def test_a_type_that_nobody_launches_has_no_line(simulate):
    places = [on_demand(), spot()]
    result = simulate(hour(shock(factor=2), places=places))
    assert result.faults.empty


def test_the_report_names_it_among_faults_and_assumptions():
    text = " ".join(batchsim.run(hour(shock("30m", factor=2)), seed=1).report().split())
    assert "1 price shock" in text
    assert "times the factors of 1 price shock while they last" in text
