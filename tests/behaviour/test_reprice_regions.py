"""`Result.reprice` into a region that does not sell every type of the run: what is named, what follows, what counts."""

from __future__ import annotations

from typing import Any

import pytest
from scenario_builder import environment, job, queue, scenario

import batchsim
from batchsim import Result
from batchsim.errors import ScenarioError

NOT_SOLD = "no price of m8a.large, c8id.large in eu-west-1 is known"
"""Both types run in us-east-1, On-Demand and on Spot; m5.large is sold in either region."""
STEADY, SPOT, KNOWN = "m8a.large", "c8id.large", "m5.large"


@pytest.fixture(scope="module")
def night() -> Result:
    """One instance of each of three types; Spot of an unlisted type is a quarter of On-Demand."""
    places = [
        environment("steady", (STEADY,), maxvCpus=2),
        environment("spot", (SPOT,), type="SPOT", maxvCpus=2, allocationStrategy="BEST_FIT_PROGRESSIVE"),
        environment("known", (KNOWN,), maxvCpus=2),
    ]
    names = [place["computeEnvironmentName"] for place in places]
    work = [job(name, "50m", on=name) for name in names]
    queues = [queue(name, name) for name in names]
    return batchsim.run(scenario(*work, environments=places, queues=queues, world={"spot_factor": 0.25}), seed=1)


def rates(result: Result) -> dict[str, tuple[int, int]]:
    """By type, what an instance costs an hour and what it would cost On-Demand, in nano-dollars."""
    columns = result.instances[["type", "price_nano_usd_per_h", "on_demand_nano_usd_per_h"]]
    return {name: (int(price), int(listed)) for name, price, listed in columns.itertuples(index=False)}


def moved(night: Result, **asked: Any) -> dict[str, tuple[int, int]]:
    """The rates in eu-west-1; the checker has seen them."""
    result = night.reprice(region="eu-west-1", **asked)
    assert [*map(str, result.check())] == []
    return rates(result)


def refused(night: Result, **asked: Any) -> str:
    with pytest.raises(ScenarioError) as caught:
        night.reprice(region="eu-west-1", **asked)
    return str(caught.value)


def test_all_types_that_the_region_does_not_sell_are_named_at_once(night):
    hint = "Give prices={...}, or fallback=1.0 for those of the run"
    assert refused(night) == f"reprice.region: {NOT_SOLD} (got eu-west-1). {hint} [E148]"


def test_a_price_of_one_of_them_leaves_the_other_one_open(night):
    assert "no price of c8id.large in eu-west-1 is known" in refused(night, prices={STEADY: {"on_demand": 0.2}})


def test_a_spot_price_alone_does_not_say_what_on_demand_costs(night):
    told = refused(night, prices={SPOT: {"spot": 0.2}, STEADY: {"on_demand": 0.2}})
    assert "no price of c8id.large in eu-west-1 is known" in told


@pytest.mark.parametrize("fallback", [1.5, 0, 1])
def test_a_fallback_is_a_factor_on_both_prices_of_those_types_and_of_no_other(night, fallback):
    before, after = rates(night), moved(night, fallback=fallback)
    for name in (STEADY, SPOT):
        assert after[name] == tuple(round(fallback * price) for price in before[name])
    assert after[KNOWN] == (107_000_000, 107_000_000) != before[KNOWN]
    assert before[SPOT][0] < before[SPOT][1]


def test_a_price_that_is_given_comes_before_the_fallback(night):
    after = moved(night, fallback=2, prices={STEADY: {"on_demand": 0.2}})
    assert after[STEADY] == (200_000_000, 200_000_000)
    assert after[SPOT] == tuple(2 * price for price in rates(night)[SPOT])


def test_an_on_demand_price_that_is_given_says_what_spot_costs_too(night):
    """As it does in a scenario: times ``world.spot_factor``."""
    after = moved(night, prices={STEADY: {"on_demand": 0.2}, SPOT: {"on_demand": "$0.3/h"}})
    assert (after[STEADY], after[SPOT]) == ((200_000_000, 200_000_000), (75_000_000, 300_000_000))


def test_both_prices_may_be_given(night):
    after = moved(night, prices={STEADY: {"on_demand": 0.2, "spot": 0.01}, SPOT: {"on_demand": 0.3, "spot": 0.1}})
    assert (after[STEADY], after[SPOT]) == ((200_000_000, 200_000_000), (100_000_000, 300_000_000))


def test_of_two_given_prices_the_later_argument_counts(night):
    after = moved(night, prices={STEADY: {"on_demand": 0.2}, SPOT: {"on_demand": 1}}, on_demand={SPOT: 0.4})
    assert (after[STEADY][0], after[SPOT]) == (200_000_000, (100_000_000, 400_000_000))


def test_a_change_in_percent_is_of_the_prices_there(night):
    after = moved(night, fallback=1, on_demand="+100%", spot_price="-50%")
    before = rates(night)
    assert after[KNOWN] == (214_000_000, 214_000_000)
    assert after[STEADY] == (2 * before[STEADY][0], 2 * before[STEADY][1])
    assert after[SPOT] == (round(before[SPOT][0] / 2), 2 * before[SPOT][1])
