"""What the report says first: calls that were refused, policies that are not simulated, launches without capacity."""

from __future__ import annotations

from scenario_builder import environment, fixed, job, queue, scenario

import batchsim


def test_refused_calls_stand_before_the_headline() -> None:
    off = [queue("queue", "hosts", state="DISABLED")]
    report = batchsim.run(scenario(job("a", count=3), environments=[fixed()], queues=off), seed=1).report()
    assert report.lstrip().startswith("REFUSED: 3 SubmitJob calls")
    assert "Job queue queue is disabled: 3 calls" in report
    assert "all work was done and the capacity gone, but for the refused calls" in " ".join(report.split())


def test_a_policy_that_is_not_simulated_is_named_in_report_and_summary() -> None:
    managed = environment("hosts", managedInstancesProvider={"infrastructureRoleArn": "ROLE_ARN"})
    result = batchsim.run(scenario(job("a"), environments=[managed]), seed=1)
    assert [note for note in result.summary()["unsimulated"] if "managedInstancesProvider" in note]
    assert "Not simulated yet, though the scenario asks for it" in result.report()


def test_a_scenario_that_asks_for_nothing_more_says_nothing() -> None:
    result = batchsim.run(scenario(job("a"), environments=[fixed()]), seed=1)
    assert result.summary()["unsimulated"] == []
    assert "Not simulated" not in result.report()


def test_launches_without_spot_capacity_are_counted() -> None:
    spot = environment("spot", type="SPOT", allocationStrategy="BEST_FIT_PROGRESSIVE")
    none = {"spot_depth": 0, "scale_up_delay": "1s"}
    result = batchsim.run(scenario(job("a"), environments=[spot, environment("dear")], world=none), seed=1)
    assert result.summary()["instances"]["capacity_errors"] == 1
    assert "1 launch for want of capacity" in result.report()
