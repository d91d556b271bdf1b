"""Where two rules meet: what each does alone is told elsewhere, here is what is left of both."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from scenario_builder import (
    column,
    definition,
    environment,
    fails,
    fair,
    fargate,
    fixed,
    job,
    jobs_of,
    queue,
    reasons,
    scenario,
    starts,
    task,
)

from batchsim import Simulation

ONCE = {"platform": "no_queue", "run_task_attempts": 1}
EASY, CAREFUL, SKIP = {"backfill": "aggressive"}, {"backfill": "conservative"}, {"head_of_line": "skip"}
EIGHT = fixed(8, types=("box.8",))
HALF = job("half", "100s", vcpus=4)
LICENCE = {"consumableResource": "licence", "quantity": 1}


def licences(*work, total=1, **keys):
    """A scenario in which jobs of the kind ``licensed`` need one of so many licences."""
    made = definition("licensed", consumableResourceProperties={"consumableResourceList": [LICENCE]})
    resource = {"consumableResourceName": "licence", "totalQuantity": total, "resourceType": "REPLENISHABLE"}
    return scenario(*work, definitions=[made], consumableResources=[resource], **keys)


# -- RunTask


@pytest.mark.parametrize("place", [environment(state="DISABLED"), fargate("hosts", state="DISABLED")])
def test_run_task_is_refused_where_the_environment_is_disabled(place, simulate):
    kind = "task" if place["computeResources"]["type"] == "FARGATE" else "job"
    result = simulate(scenario(job("a", kind=kind), environments=[place], world=ONCE, allow_unplaceable=True))
    assert result.jobs.reason.tolist() == ["RunTask failed: hosts is DISABLED"]


def test_run_task_is_told_what_is_short_the_licence_or_the_room(simulate):
    work = [job("a", kind="licensed", vcpus=1), job("b", at="1s", kind="licensed")]
    no_licence = simulate(licences(*work, environments=[fixed(2)], world=ONCE))
    no_room = simulate(licences(*work, environments=[fixed(1)], total=2, world=ONCE))
    assert jobs_of(no_licence)["b"].reason == "RunTask failed: consumable resource licence is used up"
    assert jobs_of(no_room)["b"].reason == "RunTask failed: RESOURCE:CPU"


def test_clients_of_run_task_are_seen_by_their_next_calls(drive):
    world = {"platform": "no_queue", "run_task_backoff_base": "10s", "run_task_jitter": "none"}
    simulation = drive(scenario(job("first", "1m"), job("late", at="2s"), job("early", at="1s"), world=world))
    simulation.advance(until="5s")
    assert simulation.snapshot().front["queue"] == ("early", "late")


@pytest.mark.parametrize("platform", ["no_queue", "always_on"])
def test_where_aws_batch_is_not_nobody_watches_the_head(platform, simulate):
    world = {"platform": platform, "block_detect": "1m"}
    large = job("large", vcpus=4, cancel_after="10m")
    result = simulate(scenario(large, environments=[fixed(2, types=("box.2",))], world=world, allow_unplaceable=True))
    assert result.blocked.empty


# -- consumable resources


def test_a_retried_job_that_kept_its_licence_is_demand_for_an_instance(simulate):
    work = [job("a", fails(1), kind="licensed", attempts=2)]
    result = simulate(licences(*work, environments=[environment()], world={"retry_delay": "60s"}))
    assert result.attempts.starting_at_s.tolist() == [0, 70]
    assert len(result.instances) == 2


def test_a_job_that_is_short_of_a_licence_does_not_wait_for_the_dispatch_rate(simulate):
    work = [job("a", "90s", kind="licensed"), job("b", "30s", kind="licensed")]
    world = {"dispatch_rate_ec2": "1/min"}
    result = simulate(licences(*work, environments=[fixed(4, types=("box.4",))], world=world))
    assert starts(result) == {"a": 0, "b": 90}
    assert column(result, "wait_launch_rate_s")["b"] == 0


# -- backfilling


def test_a_backfilled_job_waits_for_the_dispatch_rate_too(simulate):
    work = [HALF, job("large", "50s", vcpus=8), job("small", "10s", count=3)]
    result = simulate(scenario(*work, environments=[EIGHT], world={**EASY, "dispatch_rate_ec2": "2/min"}))
    assert starts(result) == {"half": 0, "small@0": 30, "small@1": 60, "small@2": 90, "large": 120}


def test_the_head_is_promised_the_instance_that_boots_for_it(simulate):
    places = [environment(types=("box.4",), minvCpus=4, maxvCpus=8)]
    work = [HALF, job("large", "50s", vcpus=4), job("long", "1h"), job("next", "10s", at="1m")]
    result = simulate(scenario(*work, environments=places, world={**EASY, "instance_boot": "5m"}))
    assert starts(result) == {"half": 0, "large": 100, "next": 150, "long": 150}


def test_backfilling_passes_over_an_environment_that_does_not_take_the_head(simulate):
    places = [fixed(4, "small", types=("box.4",)), fixed(8, "large", types=("box.8",))]
    work = [job("half", "100s", vcpus=8), job("head", "50s", vcpus=8), job("short", "100s", vcpus=4)]
    result = simulate(scenario(*work, environments=places, world=CAREFUL))
    assert starts(result) == {"half": 0, "head": 100, "short": 0}
    assert column(result, "environment", "attempts")["short"] == "small"


def test_equal_jobs_are_promised_room_one_after_the_other(simulate):
    work = [HALF, job("large", "50s", vcpus=8, count=3), job("short", "100s"), job("long", "300s")]
    result = simulate(scenario(*work, environments=[EIGHT], world=CAREFUL))
    assert starts(result) == {
        "half": 0, "short": 0, "large@0": 100, "large@1": 150, "large@2": 200, "long": 250,
    }  # fmt: skip


def test_a_hundred_jobs_are_promised_room_and_none_behind_them_passes(simulate):
    work = [HALF, *(job(f"large{n}", f"{n + 1}s", vcpus=8) for n in range(101)), job("short", "1s")]
    result = simulate(scenario(*work, environments=[EIGHT], world=CAREFUL))
    assert starts(result)["short"] > starts(result)["large100"]


@pytest.mark.parametrize("world", [EASY, CAREFUL, SKIP])
def test_the_plain_path_backfills_alike(world):
    work = [HALF, job("large", "50s", vcpus=8), job("short", "10s", count=5), job("long", "300s", vcpus=2)]
    story = scenario(*work, environments=[EIGHT], world=world)
    fast, plain = (Simulation(story, seed=1, thorough=thorough).finish() for thorough in (False, True))
    assert fast.jobs.equals(plain.jobs)


def test_those_who_pass_a_head_wait_for_the_rate_where_they_have_room(simulate):
    places = [fixed(4, "one", types=("box.4",)), fixed(4, "two", types=("box.4",))]
    work = [job("a", "10m", size=2), job("b", "10m", vcpus=2)]
    result = simulate(scenario(*work, environments=places, world={**SKIP, "dispatch_rate_ec2": "1/min"}))
    assert starts(result) == {"a:0": 0, "a:1": 60, "b": 120}
    assert set(column(result, "environment", "attempts").values()) == {"one"}


# -- looking


def test_fargate_has_vcpus_to_show_and_no_instances(drive):
    simulation = drive(scenario(task("a", "1m", size=3), environments=[fargate()]))
    simulation.advance(until="5s")
    seen = simulation.snapshot()
    assert asdict(seen.environments["tasks"]) == {"desired_vcpus": 3, "booting_vcpus": 0, "running_vcpus": 3}
    assert seen.free == {}


def test_a_fair_share_queue_shows_its_jobs_in_the_order_of_their_turns(drive):
    work = [job("busy", "100s", share="z"), job("a", share="a", count=2), job("b", share="b")]
    simulation = drive(scenario(*work, environments=[fixed(1)], **fair({"a": 1, "b": 1})))
    simulation.advance(until="5s")
    assert simulation.snapshot().front["queue"] == ("a@0", "b", "a@1")


# -- watching


def test_a_cancelled_head_that_nobody_looked_at_again_is_over_when_the_run_is(simulate):
    limit = {"reason": "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", "state": "RUNNABLE", "action": "CANCEL"}
    queues = [queue(jobStateTimeLimitActions=[{**limit, "maxTimeSeconds": 600}])]
    result = simulate(
        scenario(
            job("large", vcpus=16), queues=queues, environments=[environment()], world={"block_detect": "1m"},
            allow_unplaceable=True, actions=[{"at": "5m", "cancel": "large"}],
        )
    )  # fmt: skip
    assert result.blocked.until_s.tolist() == [300]
    assert reasons(result)[-1] == (300, "empty", "nan")
