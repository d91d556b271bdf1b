"""What a scale-up decision counts as demand, and which sizes it takes; what it never does. Its delays: test_cold_start.

https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable_common_causes.html
"""

from __future__ import annotations

import pytest
from scenario_builder import box, environment, job, launched, scenario, starts


def test_a_job_takes_any_instance_that_is_ready_not_the_one_launched_for_it(simulate):
    slow = {"instance_boot": "60s", "scale_down_idle": "5m", "scale_down_check": "60s"}
    work = [job("first", "30s"), job("second", "30s", at="20s")]
    result = simulate(scenario(*work, environments=[environment(desiredvCpus=1)], world=slow))
    assert starts(result) == {"first": 0, "second": 30}
    assert result.instances["attempts"].tolist() == [2, 0]


def test_a_job_runs_on_one_instance_however_many_there_are(simulate):
    """Two idle hosts of 2 vCPUs do not hold a job of 3."""
    hosts = environment(types=("box.2", "box.4"), desiredvCpus=4, maxvCpus=8, allocationStrategy="BEST_FIT_PROGRESSIVE")
    world = {"max_instance_vcpus_per_launch": 2, "scale_down_idle": "5m", "scale_down_check": "60s"}
    assert launched(simulate(scenario(job("a", vcpus=3), environments=[hosts], world=world))) == [
        "box.2",
        "box.2",
        "box.4",
    ]


# -- what is counted, and which size


def heavy(kind, by, simulate):
    """What five jobs of 1 vCPU and 8 GiB bring first: instances have 4 GiB a vCPU."""
    strategy = "BEST_FIT_PROGRESSIVE"
    hosts = environment(types=("box.2", "box.4", "box.8"), type=kind, maxvCpus=64, allocationStrategy=strategy)
    world = {} if by is None else {"demand_by": by}
    return launched(simulate(scenario(job("a", size=5, memory=8192), environments=[hosts], world=world)))[0]


def test_demand_counts_vcpus_and_memory(simulate):
    assert [heavy(kind, "both", simulate) for kind in ("EC2", "SPOT")] == ["box.8", "box.8"]


def test_or_vcpus_alone(simulate):
    assert [heavy(kind, "vcpu", simulate) for kind in ("EC2", "SPOT")] == ["box.4", "box.4"]


def test_or_as_observed_vcpus_on_spot_and_both_on_demand(simulate):
    assert [heavy(kind, "observed", simulate) for kind in ("EC2", "SPOT")] == ["box.8", "box.4"]


def sizes(kind, prefer, simulate):
    """The sizes that 40 waiting vCPUs bring first, over some seeds."""
    types = {f"any.{n}": {"vcpu": n, "memory": f"{4 * n}GiB", "price": f"${n}/h", "spot_price": f"${n / 2}/h"}
             for n in (2, 4, 16, 32, 64)}  # fmt: skip
    strategy = "SPOT_CAPACITY_OPTIMIZED" if kind == "SPOT" else "BEST_FIT_PROGRESSIVE"
    hosts = environment(types=tuple(types), type=kind, maxvCpus=640, allocationStrategy=strategy)
    world = {"instanceTypes": types, "prefer_size": prefer}
    return {
        launched(simulate(scenario(job("a", size=40), environments=[hosts], world=world), seed))[0] for seed in range(8)
    }


@pytest.mark.parametrize("kind", ["EC2", "SPOT"])
def test_the_largest_size_that_demand_fills_is_taken(kind, simulate):
    assert sizes(kind, "largest_filled", simulate) == {"any.32"}


@pytest.mark.parametrize("kind", ["EC2", "SPOT"])
def test_or_the_smallest(kind, simulate):
    assert sizes(kind, "smallest", simulate) == {"any.2"}


def test_or_as_observed_drawn_on_spot_and_the_largest_filled_on_demand(simulate):
    """No recorded launch was of 4 vCPUs, none of less than a ninth of what waited."""
    drawn = sizes("SPOT", "observed", simulate)
    assert len(drawn) > 1
    assert drawn <= {"any.16", "any.32", "any.64"}
    assert sizes("EC2", "observed", simulate) == {"any.32"}


def test_one_type_in_every_zone_from_three_waiting_jobs_on(simulate):
    """Recorded on Spot: bursts came up in all zones at once, one type in each."""
    hosts = environment(types=("box.2", "box.16"), type="SPOT", maxvCpus=64, subnets=["a", "b", "c"],
                        allocationStrategy="SPOT_CAPACITY_OPTIMIZED")  # fmt: skip
    observed = {"prefer_size": "observed", "demand_by": "observed"}
    three = simulate(scenario(job("a", size=3), environments=[hosts], world=observed))
    one = simulate(scenario(job("a"), environments=[hosts], world=observed))
    assert (three.instances["zone"].nunique(), len(one.instances)) == (3, 1)


# -- the start of a run


@pytest.mark.parametrize(("state", "ready"), [("ready", 0), ("booting", 60)])
def test_the_capacity_of_the_start_is_ready_or_boots(state, ready, simulate):
    slow = {"initial_capacity": state, "instance_boot": "60s"}
    result = simulate(scenario(job("a"), environments=[environment(minvCpus=1)], world=slow))
    assert (result.instances["ready_at_s"].tolist(), starts(result)) == ([ready], {"a": ready})


def test_a_decision_that_falls_due_for_minvcpus_launches_for_jobs_that_came_since(simulate):
    """The checker's C06 once asked who had waited for twenty seconds, and nobody had."""
    spot = environment(type="SPOT", allocationStrategy="BEST_FIT_PROGRESSIVE", minvCpus=1)
    lost = [{"kind": "spot_reclaim", "at": "10s", "select": {"environment": "hosts", "ordinal": 0}}]
    late = {"scale_up_delay": "20s"}
    result = simulate(scenario(job("a", at="25s"), environments=[spot], faults=lost, world=late))
    launched = result.instances.loc[1, ["launched_at_s", "why_launched"]]
    assert launched.tolist() == [30, "demand"]


def test_where_vcpus_alone_count_a_third_job_without_memory_is_decided_on_when_the_first_two_have_theirs(simulate):
    lean = {"box.x": box(4, memory="8GiB", usable_memory="7600MiB")}
    times = {"scale_up_delay": "5s", "instance_boot": "1m", "demand_by": "vcpu"}
    work = job("a", "10m", size=3, memory=3800)
    result = simulate(
        scenario(work, environments=[environment(types=("box.x",), maxvCpus=8)], world={**times, "instanceTypes": lean})
    )
    assert result.instances.launched_at_s.tolist() == [5, 70]
    assert starts(result) == {"a:0": 65, "a:1": 65, "a:2": 130}
