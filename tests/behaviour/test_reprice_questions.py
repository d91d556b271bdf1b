"""Questions to `Result.reprice` that cannot be answered, word for word, and what it says it did (docs/errors.md)."""
# ruff: noqa: E501 (whole lines, as the user sees them)

from __future__ import annotations

from typing import Any

import pytest
from scenario_builder import environment, job, scenario

import batchsim
from batchsim import Result
from batchsim.errors import ScenarioError

REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"region": "mars-1"},
        "region: no prices of this region are known (got mars-1); allowed: us-east-1, us-east-2, us-west-2, eu-west-1, eu-central-1, ap-northeast-1 [E155]",
    ),
    (
        {"spot_price": "20%"},
        'spot_price: not a Spot price (got 20%); allowed: 0.4 (of On-Demand), "+20%", or {"m5.large": "$0.03/h"} [E148]',
    ),
    (
        {"spot_price": -0.1},
        "spot_price: out of range (got -0.1); allowed: a share of the On-Demand price, 0 to 10 [E114]",
    ),
    (
        {"spot_price": True},
        'spot_price: not a Spot price (got True); allowed: 0.4 (of On-Demand), "+20%", or {"m5.large": "$0.03/h"} [E148]',
    ),
    (
        {"spot_price": "-101%"},
        'spot_price: out of range (got -101%); allowed: "-100%" to "+1000%" [E148]',
    ),
    (
        {"on_demand": "+1000.1%"},
        'on_demand: out of range (got +1000.1%); allowed: "-100%" to "+1000%" [E148]',
    ),
    (
        {"spot_price": {"m5.larg": 0.1}},
        "spot_price.m5.larg: no environment of this run has the type (got m5.larg). Did you mean m5.large? [E156]",
    ),
    (
        {"prices": {"m5.larg": {"spot": 0.1}}},
        "prices.m5.larg: no environment of this run has the type (got m5.larg). Did you mean m5.large? [E156]",
    ),
    (
        {"on_demand": {"m5.larg": 0.1}},
        "on_demand.m5.larg: no environment of this run has the type (got m5.larg). Did you mean m5.large? [E156]",
    ),
    (
        {"on_demand": 0.9},
        'on_demand: not a change of prices (got 0.9); allowed: "-10%", or {"m5.large": "$0.096/h"} [E148]',
    ),
    (
        {"on_demand": {"m5.large": "0.1"}},
        "on_demand.m5.large: an amount of money needs its unit, as in $0.05/h (got 0.1); allowed: $0.05/h, or dollars an hour as a number [E148]",
    ),
    (
        {"on_demand": {"m5.large": 10001}},
        "on_demand.m5.large: out of range (got 10001); allowed: dollars an hour, 0 to 10000 [E114]",
    ),
    (
        {"on_demand": {"m5.large": True}},
        "on_demand.m5.large: not an amount of money: write it as $0.05/h (got True); allowed: $0.05/h, or dollars an hour as a number [E148]",
    ),
    (
        {"prices": {"m5.large": {"ondemand": 1}}},
        "prices.m5.large.ondemand: unknown key (got ondemand); allowed: on_demand, spot. Did you mean on_demand? [E106]",
    ),
    (
        {"prices": {"m5.large": 1}},
        "prices.m5.large: not a mapping (got 1); allowed: {on_demand, spot} [E112]",
    ),
    (
        {"fallback": "x", "region": "eu-west-1"},
        "fallback: not a number (got x); allowed: a factor on the present prices [E114]",
    ),
    (
        {"fallback": 11, "region": "eu-west-1"},
        "fallback: out of range (got 11); allowed: a factor on the present prices, 0 to 10 [E114]",
    ),
    (
        {"savings_plan": {"commitment": 5}},
        "savings_plan.commitment: unknown key (got commitment); allowed: commitment_usd_per_h, discount [E106]",
    ),
    (
        {"savings_plan": {"commitment_usd_per_h": 5}},
        "savings_plan.discount: missing key; allowed: commitment_usd_per_h, discount [E111]",
    ),
    (
        {"savings_plan": {"discount": 0.5}},
        "savings_plan.commitment_usd_per_h: missing key; allowed: commitment_usd_per_h, discount [E111]",
    ),
    (
        {"savings_plan": {"commitment_usd_per_h": 5, "discount": 1}},
        "savings_plan.discount: out of range (got 1); allowed: a discount of 0 to below 1 [E114]",
    ),
    (
        {"savings_plan": {"commitment_usd_per_h": 5, "discount": float("nan")}},
        "savings_plan.discount: not a number (got nan); allowed: a discount [E114]",
    ),
    (
        {"savings_plan": 3},
        "savings_plan: not a mapping (got 3); allowed: {commitment_usd_per_h, discount} [E112]",
    ),
    (
        {"reserved": {"m5.large": {"count": 10}}},
        "reserved.m5.large: needs count, and a price or a discount; allowed: {count: 10, discount: 0.4} [E111]",
    ),
    (
        {"reserved": {"m5.large": {"count": 1, "price": 1, "discount": 0.1}}},
        "reserved.m5.large: needs count, and a price or a discount; allowed: {count: 10, discount: 0.4} [E111]",
    ),
    (
        {"reserved": {"m5": {"count": 1, "price": 1}}},
        "reserved.m5.count: unknown key (got count); allowed: vcpus, price, discount [E106]",
    ),
    (
        {"reserved": {"m5.large": {"price": 1}}},
        "reserved.m5.large: needs count, and a price or a discount; allowed: {count: 10, discount: 0.4} [E111]",
    ),
    (
        {"reserved": {"m5.large": {"count": 0, "discount": 0.1}}},
        "reserved.m5.large.count: not a whole number (got 0); allowed: 1 to 1000000 [E114]",
    ),
    (
        {"reserved": {"m5.large": {"count": 1000001, "discount": 0.1}}},
        "reserved.m5.large.count: not a whole number (got 1000001); allowed: 1 to 1000000 [E114]",
    ),
    (
        {"reserved": {"m5.large": {"count": True, "discount": 0.1}}},
        "reserved.m5.large.count: not a whole number (got True); allowed: 1 to 1000000 [E114]",
    ),
    (
        {"reserved": {"m5.large": {"count": 1.5, "discount": 0.1}}},
        "reserved.m5.large.count: not a whole number (got 1.5); allowed: 1 to 1000000 [E114]",
    ),
    (
        {"reserved": {"m5.lrge": 10, "discount": 0.1}},
        "reserved.m5.lrge: no On-Demand price of m5.lrge is known. Give its price in place of a discount [E148]",
    ),
    (
        {"reserved": {"r9": 10, "discount": 0.1}},
        "reserved.r9: no On-Demand price of r9 is known. Give its price in place of a discount [E148]",
    ),
    (
        {"reserved": {"m5.large": 1, "m5": 2, "discount": 0.1}},
        "reserved.m5.large: its family is reserved too. Reserve one or the other [E117]",
    ),
    (
        {"reserved": {"m5.large": 7}},
        "reserved.m5.large: not a mapping (got 7); allowed: {count, price, discount} [E112]",
    ),
]

TOLD: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"reserved": {"m5.large": 2, "discount": 0.4}}, ("reserved: 2 x m5.large at $0.0576/h each",)),
    ({"reserved": {"m5": 3, "discount": 0.4}}, ("reserved: 3 vCPU of m5 at $0.0288/h each",)),
    ({"reserved": {"m5": {"vcpus": 3, "price": "$0.02/h"}}}, ("reserved: 3 vCPU of m5 at $0.02/h each",)),
    ({"reserved": {"r7i.large": 1, "discount": 0.5}}, ("reserved: 1 x r7i.large at $0.06615/h each",)),
    (
        {"savings_plan": {"commitment_usd_per_h": "$0.05/h", "discount": 0.285}},
        ("Savings Plan of $0.05/h at 28.5 % below On-Demand",),
    ),
    ({"on_demand": "+1000%"}, ("On-Demand +1000 %",)),
    ({"on_demand": "-100%"}, ("On-Demand -100 %",)),
    ({"spot_price": 0}, ("Spot at 0 % of On-Demand",)),
    ({"spot_price": 10}, ("Spot at 1000 % of On-Demand",)),
    ({"spot_price": " -5.5 % "}, ("Spot -5.5 %",)),
    (
        {"reserved": {"m5.large": {"count": 1000000, "price": 10000}}},
        ("reserved: 1000000 x m5.large at $10000.00/h each",),
    ),
    (
        {"prices": {"m5.large": {"on_demand": 1}, "c5.xlarge": {"spot": 2}}},
        ("On-Demand prices given for m5.large", "Spot prices given for c5.xlarge"),
    ),
]


@pytest.fixture(scope="module")
def night() -> Result:
    """A run on one type On-Demand and one on Spot."""
    hosts = environment("hosts", ("m5.large",), maxvCpus=4)
    spot = environment("spot", ("c5.xlarge",), type="SPOT", maxvCpus=4, allocationStrategy="BEST_FIT_PROGRESSIVE")
    queues = [
        {"jobQueueName": name, "priority": 1, "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": name}]}
        for name in ("hosts", "spot")
    ]
    work = job("a", "50m", on="hosts"), job("b", "50m", on="spot")
    return batchsim.run(scenario(*work, environments=[hosts, spot], queues=queues), seed=1)


@pytest.mark.parametrize(("asked", "told"), REFUSED)
def test_what_is_wrong_with_a_question_is_told_in_one_line(asked, told, night):
    with pytest.raises(ScenarioError) as caught:
        night.reprice(**asked)
    assert str(caught.value) == f"reprice.{told}"


@pytest.mark.parametrize(("asked", "told"), TOLD)
def test_what_was_done_is_told(asked, told, night):
    assert night.reprice(**asked).repriced == told


def test_a_familys_price_is_that_of_a_vcpu_of_its_cheapest_type_that_ran(simulate):
    prices = {
        "m5.large": {"on_demand": "$0.1/h"},
        "m5.xlarge": {"on_demand": "$0.16/h"},
        "c5.large": {"on_demand": "$0.01/h"},
    }
    kinds = [environment(kind.replace(".", "-"), (kind,), maxvCpus=4) for kind in prices]
    queues = [
        {
            "jobQueueName": each["computeEnvironmentName"],
            "priority": 1,
            "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": each["computeEnvironmentName"]}],
        }
        for each in kinds
    ]
    work = [job(each["jobQueueName"], "10m", vcpus=1, on=each["jobQueueName"]) for each in queues]
    result = simulate(scenario(*work, environments=kinds, queues=queues, world={"prices": prices}))
    halved = result.reprice(reserved={"m5": 3, "c5": 1, "discount": 0.5})
    assert halved.repriced == ("reserved: 3 vCPU of m5 at $0.02/h each", "reserved: 1 vCPU of c5 at $0.0025/h each")
    one = result.reprice(reserved={"m5.xlarge": 3, "m5.large": 1, "discount": 0.25})
    assert one.repriced == ("reserved: 3 x m5.xlarge at $0.12/h each", "reserved: 1 x m5.large at $0.075/h each")


def test_what_was_changed_before_stays_told(night):
    twice = night.reprice(spot_price=0.5).reprice(savings_plan={"commitment_usd_per_h": 1, "discount": 0.5})
    assert twice.repriced == ("Spot at 50 % of On-Demand", "Savings Plan of $1.00/h at 50 % below On-Demand")
    again = twice.reprice(reserved={"m5.large": {"count": 1, "price": 0}})
    assert again.repriced == (*twice.repriced, "reserved: 1 x m5.large at $0.00/h each")
    kinds = [each["kind"] for each in again.summary()["cost"]["commitments"]]
    assert kinds == ["reserved", "savings_plan"]
