"""EC2's vCPU quotas, by class and purchase option over all environments; at its quota Batch leaves jobs RUNNABLE.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html (On-Demand Instance quotas)
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-spot-limits.html
"""

from __future__ import annotations

import pytest
from scenario_builder import environment, job, launched, queue, reasons, scenario, starts

import batchsim
from batchsim import ScenarioError
from batchsim.spec.quotas import quota_class


def progressive(name="hosts", types=("box.1",), **resources):
    return environment(name, types, **{"allocationStrategy": "BEST_FIT_PROGRESSIVE", "maxvCpus": 64, **resources})


def standard(vcpus, spot=None):
    quotas = {"on_demand": {"standard": vcpus}}
    return {"ec2_vcpu_quota": quotas if spot is None else {**quotas, "spot": {"standard": spot}}}


def test_without_a_quota_maxvcpus_is_the_limit(simulate):
    result = simulate(scenario(job("a", size=64), environments=[progressive()]))
    assert result.scaling["desired_vcpus"].max() == 64


def test_no_more_vcpus_run_than_the_quota_and_the_rest_waits_for_it(simulate):
    result = simulate(scenario(job("a", "100s", size=7), environments=[progressive()], world=standard(3)))
    assert result.scaling["desired_vcpus"].max() == 3
    assert sorted(starts(result).values()) == [0, 0, 0, 100, 100, 100, 200]
    assert reasons(result)[0] == (0, "vcpu_quota", "hosts")
    assert result.jobs["wait_vcpu_quota_s"].sum() == 3 * 100 + 200


def test_a_new_account_has_five_standard_vcpus_and_none_of_other_classes(simulate):
    places = [progressive("m", types=("m5.large",)), progressive("g", types=("g4dn.xlarge",))]
    queues = [queue("queue", "m"), queue("gpus", "g")]
    work = [job("a", "1h", size=9), job("b", on="gpus")]
    new = {"ec2_vcpu_quota": "new_account"}
    cut = {"simulation": {"until": "30m"}, "allow_unplaceable": True}
    result = simulate(scenario(*work, environments=places, queues=queues, world=new, **cut))
    assert launched(result) == ["m5.large", "m5.large"], "a third would be the sixth vCPU"
    assert {name for _, name, _ in reasons(result, "gpus")} == {"vcpu_quota"}


def test_on_demand_and_spot_have_quotas_of_their_own(simulate):
    places = [progressive("spot", type="SPOT"), progressive("dear")]
    result = simulate(scenario(job("a", size=64), environments=places, world=standard(6, spot=4)))
    assert result.instances["environment"].tolist()[:10] == ["spot"] * 4 + ["dear"] * 6


def test_all_environments_count_in_one_quota(simulate):
    places = [progressive("first"), progressive("second")]
    queues = [queue("queue", "first"), queue("other", "second")]
    work = [job("a", "100s", size=2), job("b", "10s", on="other", at="1s", size=3)]
    result = simulate(scenario(*work, environments=places, queues=queues, world=standard(4)))
    assert starts(result) == {"a:0": 0, "a:1": 0, "b:0": 1, "b:1": 1, "b:2": 11}
    assert reasons(result, "other")[0] == (1, "vcpu_quota", "second")


def test_an_instance_that_ends_in_one_environment_opens_the_gate_of_another(simulate):
    places = [progressive("first"), progressive("second")]
    queues = [queue("queue", "first"), queue("other", "second")]
    work = [job("a", "30s"), job("b", "10s", on="other", at="1s")]
    world = {**standard(1), "scale_down_idle": "40s", "scale_down_check": "1s"}
    result = simulate(scenario(*work, environments=places, queues=queues, world=world))
    assert starts(result) == {"a": 0, "b": 70}


def test_a_queue_at_the_quota_spills_over_to_its_next_environment(simulate):
    """Classes differ: what c5 may not launch, g4dn does, at its price and in the same decision's time."""
    places = [progressive("cheap", types=("c5.large",)), progressive("dear", types=("g4dn.xlarge",))]
    world = {**standard(4), "scale_up_delay": "10s"}
    result = simulate(scenario(job("a", vcpus=2, size=3), environments=places, world=world))
    assert launched(result)[:3] == ["c5.large", "c5.large", "g4dn.xlarge"]
    assert set(starts(result).values()) == {10}


def test_an_environment_of_several_classes_goes_on_with_the_other_class(simulate):
    mixed = progressive(types=("c5.large", "g4dn.xlarge"))
    result = simulate(scenario(job("a", vcpus=2, size=6), environments=[mixed], world=standard(4)))
    assert sorted(launched(result)) == ["c5.large", "c5.large", "g4dn.xlarge", "g4dn.xlarge"]


def test_the_size_keeps_to_what_the_quota_leaves(simulate):
    one = progressive(types=("box.2", "box.4", "box.16"))
    assert launched(simulate(scenario(job("a", size=16), environments=[one], world=standard(7)))) == ["box.4", "box.2"]


@pytest.mark.parametrize("strategy", ["BEST_FIT", "BEST_FIT_PROGRESSIVE_ORDERED", "BEST_FIT_PROGRESSIVE"])
def test_a_quota_that_holds_no_instance_leaves_the_run_stuck(strategy, simulate):
    one = progressive(types=("box.4",), allocationStrategy=strategy)
    result = simulate(scenario(job("a"), environments=[one], world=standard(3), allow_unplaceable=True))
    assert (len(result.instances), result.summary()["ended_by"]) == (0, "stuck")
    assert reasons(result)[-1] == (0, "vcpu_quota", "hosts")


def test_minvcpus_are_filled_as_far_as_the_quota_goes_and_beyond_when_it_opens(simulate):
    places = [progressive("short", minvCpus=0), progressive("warm", minvCpus=4)]
    queues = [queue("queue", "short"), queue("other", "warm")]
    lift = [{"at": "50s", "set": "short.maxvCpus", "to": 1}]
    work = [job("a", "60s", size=2), job("b", "10s", on="other", at="300s", size=4)]
    result = simulate(scenario(*work, environments=places, queues=queues, world=standard(5), actions=lift))
    assert result.scaling["desired_vcpus"][result.scaling["environment"] == "warm"].max() == 4
    assert result.jobs["state"].eq("SUCCEEDED").all()


def test_maxvcpus_is_the_reason_before_the_quota(simulate):
    result = simulate(scenario(job("a", "10s", size=3), environments=[progressive(maxvCpus=2)], world=standard(2)))
    assert reasons(result)[0] == (0, "max_vcpus", "hosts")


def test_a_job_that_no_quota_will_ever_hold_is_told_before_the_run():
    one = progressive(types=("g4dn.xlarge", "g4dn.2xlarge"))
    with pytest.raises(ScenarioError) as caught:
        batchsim.run(scenario(job("a"), environments=[one], world={"ec2_vcpu_quota": "new_account"}))
    (problem,) = caught.value.problems
    assert problem.code == "E132"
    assert "world.ec2_vcpu_quota for On-Demand g_vt is 0" in problem.hint


@pytest.mark.parametrize(
    ("family", "class_"),
    [
        *((family, "standard") for family in ("a1", "c5", "d3en", "h1", "im4gn", "m6i", "r6gd", "t3", "z1d", "my")),
        *((family, "g_vt") for family in ("g4dn", "g5g", "gr6", "vt1")),
        *((family, "p") for family in ("p3", "p4d")),
        *(("f1", "f"), ("inf2", "inf"), ("trn1n", "trn"), ("dl1", "dl"), ("x2iedn", "x")),
        *(("u-6tb1", "high_memory"), ("u7i-12tb", "high_memory"), ("hpc7a", "hpc")),
    ],
)
def test_families_count_as_ec2_counts_them(family, class_):
    assert quota_class(family) == class_


@pytest.mark.parametrize(
    ("quota", "code", "told"),
    [
        ("newaccount", "E113", "new_account"),
        ({"on_demand": {"c5": 64}}, "E106", "c5 counts as standard"),
        ({"on_demand": {"standard": -1}}, "E114", "at least 0"),
        ({"ondemand": {"standard": 1}}, "E106", "Did you mean on_demand?"),
        ({"spot": 64}, "E112", "standard: 64"),
    ],
)
def test_quotas_are_checked(quota, code, told):
    with pytest.raises(ScenarioError) as caught:
        scenario(job("a"), world={"ec2_vcpu_quota": quota})
    (problem,) = caught.value.problems
    assert (problem.code, told in str(problem)) == (code, True)
