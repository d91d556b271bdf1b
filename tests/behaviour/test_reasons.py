"""What the head is said to wait for, where more than one thing holds it (model 5)."""

from __future__ import annotations

from scenario_builder import environment, fails, job, reasons, scenario


def test_at_the_maximum_with_nothing_but_booting_instances_the_head_waits_for_the_boot(simulate):
    slow = {"scale_up_delay": "5s", "instance_boot": "100s"}
    result = simulate(scenario(job("a"), environments=[environment(maxvCpus=1)], world=slow))
    assert reasons(result)[:2] == [(0, "scale_up_decision", "hosts"), (5, "instance_booting", "hosts")]


def test_at_the_maximum_with_instances_that_run_it_waits_for_the_gate_though_one_boots(simulate):
    slow = {"scale_up_delay": "5s", "instance_boot": "100s"}
    work = [job("a", "1h"), job("b", at="10s", count=2)]
    result = simulate(scenario(*work, environments=[environment(minvCpus=1, maxvCpus=2)], world=slow))
    assert (15, "max_vcpus", "hosts") in reasons(result)


def test_below_the_maximum_a_head_that_a_booting_instance_will_hold_waits_for_the_boot(simulate):
    slow = {"scale_up_delay": "5s", "instance_boot": "100s"}
    work = [job("a", "1h"), job("b", at="10s")]
    result = simulate(scenario(*work, environments=[environment(minvCpus=1, maxvCpus=9)], world=slow))
    assert (15, "instance_booting", "hosts") in reasons(result)


def test_a_retry_that_is_delayed_is_no_wait(simulate):
    result = simulate(scenario(job("a", fails(1), attempts=2), world={"retry_delay": "30s"}))
    assert result.jobs[["wait_s", "retry_delay_s"]].values.tolist() == [[0.0, 30.0]]
