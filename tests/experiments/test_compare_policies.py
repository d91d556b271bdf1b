"""Comparing with policies of the caller's own: paired with AWS's rules by the same random numbers."""

from __future__ import annotations

import pytest
from experiments.small import night

import batchsim
from batchsim import ExperimentError, PolicyError, ScenarioError
from batchsim.policies import as_needed, fifo


def one_by_one(need):
    return min(2, need.headroom_vcpus)


def deepest(demand, offers):
    holding = [offer for offer in offers if offer.holds(demand.head)]
    return max(holding, key=lambda offer: (offer.depth, -offer.position), default=None)


def test_awss_own_rule_as_a_policy_differs_by_exactly_nothing():
    same = {"scaling": as_needed, "ordering": fifo()}
    found = batchsim.compare(night(), policies={"anew": same}, replications=3)
    assert "anew is identical to baseline" in found.sentences()[0]
    assert found.notes()[0] == "anew: ordering of jobs is not AWS's but a function of the caller's, place."


def test_a_policy_is_a_variant_of_the_first_scenario_or_goes_with_one():
    found = batchsim.compare(
        night(),
        variants={"small": {"spot.maxvCpus": 4}},
        policies={"small": {"scaling": one_by_one}, "slow": {"scaling": one_by_one}},
        replications=3,
        metrics=["cost_usd", "makespan_s"],
    )
    assert found.names == ("baseline", "small", "slow")
    told = [variant["policies"] for variant in found.summary()["variants"]]
    assert told == [{}, {"scaling": "one_by_one"}, {"scaling": "one_by_one"}]
    assert (found.differences.query("metric == 'makespan_s'")["difference"] != 0).all()
    again = found.replay("slow", 2)
    assert again.summary()["policies"] == {"scaling": "one_by_one"}
    series = found.values.query("variant == 'slow' and metric == 'cost_usd'")["value"]
    assert again.metrics("cost_usd")["cost_usd"] == series.iloc[2]


def test_a_variant_may_name_a_strategy_of_ones_own():
    own = night().with_("spot.allocationStrategy", "DEEPEST")
    found = batchsim.compare(
        {"aws": night(), "own": own}, policies={"own": {"allocation": {"DEEPEST": deepest}}}, replications=2
    )
    assert found.summary()["variants"][1]["policies"] == {"allocation DEEPEST": "deepest"}
    with pytest.raises(ScenarioError, match="nor one of yours"):
        batchsim.compare({"aws": night(), "own": own}, replications=2)


def test_a_broken_policy_is_told_before_anything_runs():
    with pytest.raises(PolicyError, match="unknown kind of policy 'scalin'"):
        batchsim.compare(night(), policies={"mine": {"scalin": one_by_one}})


def test_a_function_that_does_not_travel_is_told_with_what_helps():
    with pytest.raises(ExperimentError, match="take workers=1, or a function that stands at the top of a module"):
        batchsim.compare(night(), policies={"mine": {"scaling": lambda _: 1}}, replications=2, workers=2)


def test_policies_travel_to_other_processes():
    given = {"same": {"scaling": as_needed}}
    one, two = (batchsim.compare(night(), policies=given, replications=2, workers=workers) for workers in (1, 2))
    assert one.values.equals(two.values)


def test_replications_of_one_scenario_take_policies_too():
    options = {"replications": 2, "metrics": ["makespan_s"]}
    slow = batchsim.replicate(night(), policies={"scaling": one_by_one}, **options).values["makespan_s"]
    assert (slow != batchsim.replicate(night(), **options).values["makespan_s"]).all()
