"""Listed fleets (``world.fleets``) within one instant, and what a run waits for: docs/model.md, "Time and ties"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conftest import Simulate
from scenario_builder import column, ends, environment, fails, hosts, job, scenario, starts

from batchsim import Simulation

Data = dict[str, Any]
POOL = environment("pool", type="SPOT", types=("box.1", "box.2"), allocationStrategy="SPOT_CAPACITY_OPTIMIZED")


def fleet(*parts: Data, **world: Any) -> Data:
    return {"environments": [POOL], "world": {"fleets": {"pool": list(parts)}, **world}}


def box(vcpus: int = 1, **keys: Any) -> Data:
    return {"type": f"box.{vcpus}", **keys}


def reclaim(at: str, ordinal: int = 0, **keys: Any) -> Data:
    return {"kind": "spot_reclaim", "at": at, "select": {"environment": "pool", "ordinal": ordinal}, **keys}


def test_an_instance_without_a_boot_takes_a_job_submitted_as_it_is_launched(simulate: Simulate) -> None:
    result = simulate(scenario(job("a", at="30s"), **fleet(box(at="30s"))))
    assert starts(result) == {"a": 30}


def test_a_head_waits_for_an_instance_launched_in_the_instant_in_which_it_came(simulate: Simulate) -> None:
    places = [environment("first"), environment("second")]
    fleets = {"first": [box(at="30s")], "second": [box()]}
    work = scenario(job("a", at="30s"), environments=places, world={"fleets": fleets, "instance_boot": "10s"})
    assert starts(simulate(work)) == {"a": 40}


def test_a_reclaim_does_not_hit_what_is_launched_in_its_instant(simulate: Simulate) -> None:
    result = simulate(scenario(job("a", at="30s"), faults=[reclaim("30s")], **fleet(box(at="30s"))))
    assert result.instances.why_ended.tolist() == ["end_of_run"]


def test_a_replacement_bears_the_next_ordinal_and_takes_the_jobs_of_its_instant(simulate: Simulate) -> None:
    lost = [reclaim("30s", replace=True), reclaim("50s", ordinal=1)]
    result = simulate(scenario(job("a", attempts=2), faults=lost, **fleet(box(), box(at="40s"))))
    assert result.instances.why_launched.tolist() == ["fleet", "replacement", "fleet"]
    assert [(row.starting_at_s, row.ended_at_s) for row in result.attempts.itertuples()] == [(0, 30), (30, 50)]
    assert hosts(result) == {"a": 1}


def test_the_instant_in_which_the_last_job_ends_is_finished(simulate: Simulate) -> None:
    work = scenario(job("a", "60s"), faults=[reclaim("60s")], **fleet(box(), box(at="60s")))
    result = simulate(work)
    assert column(result, "state") == {"a": "SUCCEEDED"}
    assert result.instances.why_ended.tolist() == ["spot_reclaim", "end_of_run"]
    assert result.instances.cost_usd.tolist() == [0, 0]  # the first is free, the second was on for no time


def test_no_run_waits_for_an_instance_that_cannot_hold_the_head(simulate: Simulate) -> None:
    parts = fleet(box(), box(at="90s"), box(at="5m"))
    result = simulate(scenario(job("large", vcpus=2), job("small"), allow_unplaceable=True, **parts))
    assert (result.horizon_s, result.summary()["ended_by"]) == (0, "stuck")


def test_nor_for_one_of_a_disabled_environment(simulate: Simulate) -> None:
    shut = {**POOL, "state": "DISABLED"}
    parts = {"environments": [shut], "world": {"fleets": {"pool": [box(), box(at="5m")]}}}
    result = simulate(scenario(job("a"), allow_unplaceable=True, **parts))
    assert (result.horizon_s, result.summary()["ended_by"]) == (0, "stuck")


def test_a_retried_job_at_the_back_stands_among_those_of_its_instant_by_submission(simulate: Simulate) -> None:
    lines = {"fifo_order": "runnable", "retry_position": "back"}
    work = [job("tried", fails(1), attempts=2), job("other", "10s", at="10s")]
    result = simulate(scenario(*work, **fleet(box(), **lines)))
    assert [row.job_id for row in result.attempts.itertuples()] == ["tried", "tried", "other"]
    assert ends(result) == {"tried": 20, "other": 30}


def test_by_submission_it_stands_as_if_submitted_then(simulate: Simulate) -> None:
    work = [job("early", "10s", at="10s"), job("tried", fails(1), attempts=2), job("late", "10s", at="10s")]
    result = simulate(scenario(*work, **fleet(box(), retry_position="back")))
    assert [row.job_id for row in result.attempts.itertuples()] == ["tried", "early", "tried", "late"]


def test_whoever_steps_through_a_run_sees_each_listed_instance_come(drive: Callable[[Any], Simulation]) -> None:
    simulation = drive(scenario(job("a", at="60s"), **fleet(box(at="30s", count=2))))
    said = [str(simulation.advance(to_next_decision=True)) for _ in range(3)]
    assert said == [
        "30s: launch of instance 0 of pool (box.1)",
        "30s: launch of instance 1 of pool (box.1)",
        "1m: placement of a on instance 0 of pool",
    ]
