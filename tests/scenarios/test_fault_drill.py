"""fault_drill: each fault of the plan strikes, the rules of evaluateOnExit save all but the poison."""

from __future__ import annotations

from scenarios.conftest import Shipped


def test_all_but_the_poison_survive_the_night(shipped: Shipped) -> None:
    jobs = shipped("fault_drill").jobs
    assert jobs[jobs["state"] != "SUCCEEDED"]["job_id"].tolist() == ["align:1"]
    assert jobs.set_index("job_id")["attempts"]["align:1"] >= 1


def test_every_line_of_the_plan_struck(shipped: Shipped) -> None:
    told = {each["fault"]: each["events"] for each in shipped("fault_drill").summary()["faults"]}
    assert told.keys() == {"crunch", "storm", "zone", "boots", "registry", "scheduler", "poison"}
    assert told["poison"] == {"exit_forced": 1}, "EXIT on an error of the program's own: one attempt, not ten"


def test_nothing_lives_in_the_zone_while_it_is_out(shipped: Shipped) -> None:
    instances = shipped("fault_drill").instances
    there = instances[instances["zone"] == "us-east-1b"]
    assert not ((there["launched_at_s"] < 5400) & (there["ended_at_s"] > 3600)).any()


def test_the_damage_is_less_than_the_bill(shipped: Shipped) -> None:
    result = shipped("fault_drill")
    wasted = sum(each["wasted_usd"] for each in result.summary()["faults"])
    assert 0 < wasted < 0.2 * result.summary()["cost"]["total_usd"]
