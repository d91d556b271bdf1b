"""The same run at other prices: what happened stays, the bills change, and every sum is exact."""

from __future__ import annotations

from typing import Any

import pytest
from scenario_builder import environment, fargate, job, scenario, task

import batchsim
from batchsim import Result, Scenario
from batchsim.analysis.check import check
from batchsim.errors import ScenarioError
from batchsim.testing import files_of

TYPES = ("m5.large", "c5.xlarge")
COMMITTED: dict[str, Any] = {
    "savings_plan": {"commitment_usd_per_h": 0.05, "discount": 0.28},
    "reserved": {"m5.large": 1, "discount": 0.4},
}


def mixed(region: str = "us-east-1", **world: Any) -> Scenario:
    """Jobs On-Demand and on Spot, on one type each, and on Fargate and Fargate Spot: prices decide nothing."""
    places = [
        environment("on-demand", ("m5.large",), maxvCpus=8),
        environment("spot", ("c5.xlarge",), type="SPOT", maxvCpus=8, allocationStrategy="BEST_FIT_PROGRESSIVE"),
        fargate("tasks"),
        fargate("spot-tasks", type="FARGATE_SPOT"),
    ]
    queues = [
        {
            "jobQueueName": place["computeEnvironmentName"],
            "priority": 1,
            "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": place["computeEnvironmentName"]}],
        }
        for place in places
    ]
    work = [
        job("a", "50m", size=3, on="on-demand"),
        job("b", "80m", size=3, on="spot"),
        task("c", "61m", on="tasks"),
        task("d", "17m", on="spot-tasks"),
    ]
    return scenario(*work, environments=places, queues=queues, world={"region": region, "root_gb": 30, **world})


@pytest.fixture(scope="module")
def night() -> Result:
    """One run for all who only look."""
    return sound(batchsim.run(mixed(), seed=1))


@pytest.fixture(scope="module")
def no_disks() -> Result:
    return sound(batchsim.run(mixed(root_gb=0), seed=1))


def sound(result: Result) -> Result:
    assert [*map(str, result.check())] == []
    assert result.check_sums() == []
    return result


def bill(result: Result) -> dict[str, float]:
    return dict(result.summary()["cost"]["by_purchase"])


def test_the_same_prices_give_the_same_bytes(night):
    assert files_of(night.reprice()) == files_of(night)
    same = files_of(night.reprice(region="us-east-1", prices={"m5.large": {"on_demand": "$0.096/h"}}, spot_price="+0%"))
    assert [name for name, text in files_of(night).items() if same[name] != text] == ["summary.json"], "which tells it"


@pytest.mark.parametrize("region", ["us-east-2", "us-west-2", "eu-west-1", "eu-central-1", "ap-northeast-1"])
def test_another_regions_prices_give_the_bill_of_a_run_there(region, night, simulate):
    there = simulate(mixed(region))
    repriced = sound(night.reprice(region=region))
    assert repriced.summary()["cost"] == there.summary()["cost"]
    for column in ("price_nano_usd_per_h", "on_demand_nano_usd_per_h", "cost_usd", "on_demand_usd"):
        assert repriced.instances[column].tolist() == there.instances[column].tolist()
    assert repriced.as_of == there.as_of


def test_there_and_back_again_is_the_same(night):
    result = night
    back = result.reprice(region="ap-northeast-1").reprice(region="us-east-1")
    assert back.summary()["cost"] == result.summary()["cost"]


def test_spot_a_fifth_dearer_is_a_fifth_more_for_spot_and_nothing_else(no_disks):
    result = no_disks
    before, after = bill(result), bill(sound(result.reprice(spot_price="+20%")))
    assert after["Spot"] == pytest.approx(1.2 * before["Spot"], abs=1e-8)
    assert after["Fargate Spot"] == pytest.approx(1.2 * before["Fargate Spot"], abs=1e-8)
    assert (after["On-Demand"], after["Fargate"]) == (before["On-Demand"], before["Fargate"])


def test_spot_as_a_share_of_on_demand(no_disks):
    result = sound(no_disks.reprice(spot_price=0.25))
    spot = result.instances[result.instances["spot"]]
    assert (spot["price_nano_usd_per_h"] * 4 == spot["on_demand_nano_usd_per_h"]).all()
    assert spot["cost_usd"].sum() == pytest.approx(spot["on_demand_usd"].sum() / 4)


def test_prices_by_type_and_a_discount_on_on_demand(no_disks):
    result = no_disks
    given = {"m5.large": {"on_demand": "$0.36/h"}, "c5.xlarge": {"spot": 0.09}}
    repriced = sound(result.reprice(prices=given, on_demand="-50%"))
    hosts = repriced.instances.drop_duplicates("type").set_index("type")["price_nano_usd_per_h"]
    assert hosts.to_dict() == {"m5.large": 180_000_000, "c5.xlarge": 90_000_000}
    assert bill(repriced)["Fargate"] == pytest.approx(bill(result)["Fargate"] / 2, abs=1e-8)
    assert bill(repriced)["Fargate Spot"] == bill(result)["Fargate Spot"]


def test_a_whole_price_list_may_name_types_that_the_run_did_not_use(night):
    assert bill(night.reprice(on_demand={"r7i.large": 1, "c5.large": "$1/h"})) == bill(night)


def test_a_region_of_the_scenarios_own_can_be_repriced_too(simulate):
    own = scenario(job("a", "10m"), environments=[environment()], world={"region": "mars-north-1"})
    result = simulate(own)
    assert bill(sound(result.reprice(on_demand="+100%"))) == {"On-Demand": 2 * bill(result)["On-Demand"]}
    assert "E156" in problem(result, on_demand={"box.l": 1})


def test_spot_prices_by_type_leave_on_demand_alone(night):
    repriced = sound(night.reprice(spot_price={"c5.xlarge": "$0.08/h", "m5.large": 0.01}))
    assert set(repriced.instances["price_nano_usd_per_h"]) == {80_000_000, 96_000_000}


def test_commitments_lower_the_bill_by_what_they_cover_less_what_they_cost(night):
    result = night
    repriced = sound(result.reprice(**COMMITTED))
    reserved, plan = repriced.summary()["cost"]["commitments"]
    assert (reserved["kind"], plan["kind"], reserved["hours"], plan["hours"]) == ("reserved", "savings_plan", 2, 2)
    saved = sum(each["covered_usd"] - each["fees_usd"] for each in (reserved, plan))
    totals = [each.summary()["cost"]["total_usd"] for each in (result, repriced)]
    assert totals[0] - totals[1] == pytest.approx(saved, abs=1e-9)
    assert set(repriced.costs["charge"]) - set(result.costs["charge"]) == {"reserved", "savings_plan"}


def test_a_plan_for_a_whole_month_makes_one_night_dearer(night):
    """What a plan really asks: a commitment in all 730 hours, for use in a few of them."""
    result = night
    plan = result.reprice(savings_plan={"commitment_usd_per_h": "$0.05/h", "discount": 0.6})
    assert plan.summary()["cost"]["total_usd"] < result.summary()["cost"]["total_usd"]
    assert plan.summary()["cost"]["per_month_usd"] > result.summary()["cost"]["per_month_usd"]
    assert "commitments are paid in all of them" in " ".join(plan.report().split())


def test_use_that_reserved_instances_give_away_leaves_a_bill_of_nothing(simulate):
    result = simulate(scenario(job("a", "10m"), environments=[environment(types=("m5.large",))]))
    free = sound(result.reprice(reserved={"m5.large": {"count": 1, "price": 0}}))
    assert free.summary()["cost"]["total_usd"] == 0
    assert "commitment discount" in free.report()


def test_the_run_is_left_as_it_was(night):
    result = night
    before = files_of(result)
    repriced = result.reprice(region="eu-west-1", spot_price=0.9, **COMMITTED)
    assert files_of(result) == before
    for name in ("jobs", "attempts"):
        columns = [column for column in result.jobs if "cost" not in column] if name == "jobs" else ["ended_at_s"]
        assert getattr(repriced, name)[columns].equals(getattr(result, name)[columns])


def test_result_report_and_summary_say_that_it_is_repriced(night):
    repriced = night.reprice(region="eu-central-1", spot_price="+20%")
    assert "repriced: prices of eu-central-1; Spot +20 %" in repr(repriced)
    assert "repriced" in repriced.report()
    assert "the price of us-east-1; that of eu-central-1 is not in" in " ".join(repriced.report().split())
    run = repriced.summary()["run"]
    assert (run["region"], run["price_region"]) == ("us-east-1", "eu-central-1")
    assert run["repriced"] == ["prices of eu-central-1", "Spot +20 %"]


def test_a_folder_of_a_repriced_result_is_as_sound(simulate, tmp_path):
    simulate(mixed(extra_costs={"nat": {"per_h": "$0.045/h", "per_job": "$0.01"}})).reprice(**COMMITTED).write(
        tmp_path / "night", costs=True
    )
    assert check(tmp_path / "night") == []


# -- what is wrong is told


def problem(result: Result, **asked: Any) -> str:
    with pytest.raises(ScenarioError) as caught:
        result.reprice(**asked)
    return str(caught.value)


def test_types_that_a_region_does_not_sell_are_named_or_follow_the_fallback(simulate):
    hosts = environment("hosts", ("m8a.large", "m5.large"), maxvCpus=8, allocationStrategy="BEST_FIT")
    result = simulate(scenario(job("a", vcpus=2, memory=7000), environments=[hosts], world={"mem_model": "exact"}))
    if result.instances["type"].iloc[0] == "m5.large":
        hosts["computeResources"]["instanceTypes"] = ["m8a.large"]
        result = simulate(scenario(job("a", vcpus=2, memory=7000), environments=[hosts]))
    assert "no price of m8a.large in eu-west-1 is known" in problem(result, region="eu-west-1")
    before = int(result.instances["price_nano_usd_per_h"].iloc[0])
    dearer = sound(result.reprice(region="eu-west-1", fallback=1.5))
    assert int(dearer.instances["price_nano_usd_per_h"].iloc[0]) == round(1.5 * before)
    given = result.reprice(region="eu-west-1", prices={"m8a.large": {"on_demand": "$0.2/h"}})
    assert int(given.instances["price_nano_usd_per_h"].iloc[0]) == 200_000_000


def test_a_result_made_elsewhere_has_no_catalogue():
    result = batchsim.run(mixed(), seed=1)
    bare = Result(result.records, result.scenario, result.prices, result.rules)
    assert "no catalogue" in problem(bare, region="eu-west-1")
    assert bare.reprice(spot_price="+1%").repriced == ("Spot +1 %",)
