"""Faults of the account and of the control plane: a quota that is cut, calls that are throttled, a zone that is shut.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html ("On-Demand Instance quotas")
https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
"""

from __future__ import annotations

from itertools import pairwise

import pytest
from fault_stories import fault, on_demand, seen, spot, struck
from scenario_builder import fargate, job, jobs_of, queue, scenario, task

import batchsim
from batchsim.errors import ScenarioError

TIMES = {"scale_up_delay": "1s", "ce_backoff": "10s"}


def launched(result):
    return sorted(result.instances.launched_at_s.tolist())


def wide(*faults, jobs=8, places=None, world=TIMES, **keys):
    """So many jobs that each need an instance of their own."""
    return scenario(
        job("a", "10m", count=jobs), environments=places or [on_demand()], world=world, faults=list(faults), **keys
    )


# -- quota


def test_a_quota_is_of_vcpus_and_holds_for_its_window(simulate):
    cut = fault("quota", "0s", "5m", vcpus=3)
    result = simulate(wide(cut))
    assert launched(result)[:3] == [1, 1, 1]
    assert all(at >= 300 for at in launched(result)[3:])
    assert {at for at, _ in struck(result, "launch_refused")} <= {float(at) for at in range(300)}


def test_larger_instances_use_more_of_it(simulate):
    cut = fault("quota", "0s", "5m", vcpus=5)
    result = simulate(wide(cut, jobs=4, places=[on_demand(types=("box.2",))]))
    before = result.instances[result.instances.launched_at_s < 300]
    assert before.vcpus.sum() <= 5 < result.instances.vcpus.sum() + 3


def test_it_strikes_only_what_it_selects(simulate):
    cut = fault("quota", vcpus=0, select={"spot": True})
    two = [spot(), on_demand()]
    assert set(simulate(wide(cut, places=two)).instances.environment) == {"hosts"}


def test_what_is_on_stays_when_it_is_cut(simulate):
    cut = fault("quota", "1m", vcpus=0)
    result = simulate(wide(cut, jobs=2))
    assert (launched(result), {each.state for each in jobs_of(result).values()}) == ([1, 1], {"SUCCEEDED"})


# -- api_throttle


@pytest.mark.parametrize(("tps", "burst"), [(0.1, 1), (0.1, 4), (0.5, 2)])
def test_a_ramp_takes_the_time_that_the_bucket_gives_it(simulate, tps, burst):
    slow = fault("api_throttle", tps=tps, burst=burst, backoff="1s", backoff_cap="1s")
    times = launched(simulate(wide(slow)))
    assert times[burst - 1] == 1
    assert times[-1] >= 1 + (8 - burst) / tps - 1 / tps


def test_two_environments_share_the_accounts_bucket(simulate):
    slow = fault("api_throttle", tps=0.1, burst=1, backoff_cap="1s")
    both = [on_demand("one", maxvCpus=4), on_demand("two", maxvCpus=4)]
    times = launched(simulate(wide(slow, places=both)))
    assert min(after - before for before, after in pairwise(times)) >= 9


def test_a_throttled_environment_waits_ever_longer_up_to_the_cap(simulate):
    slow = fault("api_throttle", "0s", "1h", tps=0.001, burst=1, backoff="1s", backoff_cap="5m")
    result = simulate(wide(slow, jobs=2))
    refusals = [at for at, _ in struck(result, "launch_refused")]
    assert 5 < len(refusals) < 60, "each second would be some thousand"
    assert max(after - before for before, after in pairwise(refusals)) <= 302


def test_throttles_draw_numbers_of_their_own(simulate):
    plain = simulate(wide())
    late = simulate(wide(fault("api_throttle", "10h", tps=1), fault("quota", "10h", vcpus=0)))
    rich = simulate(wide(fault("api_throttle", tps=10_000, burst=1000)))
    assert seen(plain) == seen(late) == seen(rich)


def test_fargate_is_not_asked_of_ec2(simulate):
    slow = fault("api_throttle", tps=0.001)
    result = simulate(scenario(task("a", count=5), environments=[fargate()], faults=[slow]))
    assert result.horizon_s == 60


# -- az_outage: running


def test_a_zone_may_be_shut_and_keep_what_is_on(simulate):
    shut = fault("az_outage", "2m", "20m", select={"zone": "us-east-1a"}, running="keep")
    here = [on_demand(subnets=["subnet-a"])]
    story = scenario(job("a", "10m"), job("b", "10m", at="3m"), environments=here, world=TIMES, faults=[shut])
    result = simulate(story)
    assert (launched(result)[0], jobs_of(result)["a"].attempts, jobs_of(result)["a"].ended_at_s) == (1, 1, 601)
    assert launched(result)[1:] == [] or launched(result)[1] >= 22 * 60


# -- what goes together


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (fault("quota"), "E111"),
        (fault("quota", vcpus=-1), "E114"),
        (fault("quota", vcpus=1, select={"job": "a"}), "E117"),
        (fault("api_throttle"), "E111"),
        (fault("api_throttle", tps=0), "E142"),
        (fault("api_throttle", tps=float("nan")), "E142"),
        (fault("api_throttle", tps=1, burst=0), "E114"),
        (fault("api_throttle", tps=1, backoff="0s"), "E149"),
        (fault("api_throttle", tps=1, select={"zone": "us-east-1a"}), "E117"),
        (fault("az_outage", select={"zone": "us-east-1a"}, running="maybe"), "E113"),
        (fault("instance_failure", mtbf="1d", running="keep"), "E117"),
    ],
)
def test_what_does_not_go_together_is_told(made, code):
    with pytest.raises(ScenarioError, match=code):
        batchsim.run(wide(made))


def test_a_decision_that_minvcpus_asked_for_serves_whoever_waits_by_then(simulate):
    one = [on_demand("first", minvCpus=1), on_demand("hosts", types=("box.2",), minvCpus=2)]
    quotas = {"ec2_vcpu_quota": {"on_demand": {"standard": 2}}, "scale_up_delay": "30s", "scale_down_idle": "20s"}
    shrinks = {"at": "1m", "set": "computeEnvironments.first.computeResources.minvCpus", "to": 0}
    story = scenario(
        job("a", at="75s"), environments=one, world=quotas, actions=[shrinks], queues=[queue("queue", "hosts")]
    )
    result = simulate(story)
    assert "demand" in set(result.instances.why_launched)
