"""Always-on fleets, listed fleets, and ECS RunTask without a queue, beside AWS Batch."""

from __future__ import annotations

from typing import Any

import pytest
import scenario_builder as build
from conftest import Simulate

import batchsim
from batchsim import ScenarioError, Simulation, SimulationError

Data = dict[str, Any]

LAB = {"computeEnvironmentName": "lab", "type": "UNMANAGED"}
STEADY: Data = {"platform": "no_queue", "run_task_backoff_base": "10s", "run_task_jitter": "none"}


def listed(*fleet: Data, name: str = "hosts") -> Data:
    return {"fleets": {name: list(fleet)}}


def box(vcpus: int = 2, **keys: Any) -> Data:
    return {"type": f"box.{vcpus}", **keys}


# -- always on


def test_an_always_on_fleet_is_billed_from_start_to_end_whatever_it_does(simulate: Simulate) -> None:
    hosts = build.environment(types=("box.4",), maxvCpus=8)
    result = simulate(
        build.scenario(
            build.job("short", "60s", at="10m"),
            environments=[hosts],
            world={"platform": "always_on"},
            simulation={"until": "2h"},
        )
    )
    assert result.instances.why_launched.tolist() == ["fleet"] * 2
    assert result.instances.ended_at_s.isna().all()
    assert result.summary()["cost"]["total_usd"] == pytest.approx(0.36 * 8 * 2)
    assert result.jobs.wait_s.tolist() == [0]


@pytest.mark.parametrize(
    ("vcpus", "stand"),
    [({}, 4), ({"desiredvCpus": 2}, 2), ({"minvCpus": 3, "desiredvCpus": 3}, 3), ({"minvCpus": 1}, 1)],
)
def test_the_fleet_has_the_desired_vcpus_or_else_the_maximum(simulate: Simulate, vcpus: Data, stand: int) -> None:
    hosts = build.environment(**vcpus)
    result = simulate(build.scenario(environments=[hosts], world={"platform": "always_on"}, simulation={"until": "1h"}))
    assert len(result.instances) == stand


def test_jobs_queue_for_a_standing_fleet_in_fifo_order(simulate: Simulate) -> None:
    hosts = build.environment(types=("box.2",), maxvCpus=2)
    jobs = (build.job("first", at="0s", vcpus=2), build.job("large", at="1s", vcpus=2), build.job("small", at="2s"))
    result = simulate(build.scenario(*jobs, environments=[hosts], world={"platform": "always_on"}))
    assert list(build.starts(result)) == ["first", "large", "small"]
    assert build.column(result, "wait_fleet_full_s") == {"first": 0, "large": 59, "small": 118}


def test_a_spot_fleet_is_made_whole_again(simulate: Simulate) -> None:
    hosts = build.environment(types=("box.2",), type="SPOT", maxvCpus=4)
    fault = {"kind": "spot_reclaim", "at": "60s", "select": {"environment": "hosts", "ordinal": 0}}
    world = {"platform": "always_on", "scale_up_delay": "30s"}
    result = simulate(
        build.scenario(environments=[hosts], world=world, faults=[fault], simulation={"until": "10m"}), seed=1
    )
    assert result.instances.launched_at_s.tolist() == [0, 0, 90]
    assert set(result.instances.why_launched) == {"fleet"}


def test_one_file_holds_a_standing_base_and_batch_above_it(simulate: Simulate) -> None:
    base = build.environment("base", ("box.2",), maxvCpus=2)
    burst = build.environment("burst", ("box.2",), maxvCpus=8)
    jobs = [build.job(f"j{number}", at="0s", vcpus=2) for number in range(3)]
    result = simulate(build.scenario(*jobs, environments=[base, burst], world={"platforms": {"base": "always_on"}}))
    assert result.attempts.environment.tolist() == ["base", "burst", "burst"]
    assert result.instances.why_launched.tolist() == ["fleet", "demand", "demand"]


def test_the_same_jobs_run_equally_long_on_every_platform() -> None:
    work = {"lognormal": {"mean": "5m", "cv": 1}}
    ran = []
    for platform in ("batch", "always_on", "no_queue"):
        jobs = build.job("many", work, at="0s", size=20)
        ran.append(batchsim.run(build.scenario(jobs, world={"platform": platform}), seed=3).jobs.work_s.tolist())
    assert ran[0] == ran[1] == ran[2]


# -- listed fleets


def test_a_listed_fleet_comes_when_it_says_and_stays(simulate: Simulate) -> None:
    fleet = listed(box(2), box(4, at="50s", zone="us-east-1b"), name="lab")
    jobs = [build.job(f"j{number}", at="0s", vcpus=2) for number in range(3)]
    result = simulate(build.scenario(*jobs, environments=[LAB], world=fleet))
    assert result.instances.type.tolist() == ["box.2", "box.4"]
    assert result.instances.zone.tolist()[1] == "us-east-1b"
    assert build.starts(result) == {"j0": 0, "j1": 50, "j2": 50}
    assert result.instances.ended_at_s.isna().all()


def test_equal_instances_spread_over_the_zones(simulate: Simulate) -> None:
    hosts = build.environment(types=("box.2",), subnets=["a", "b", "c"])
    result = simulate(build.scenario(environments=[hosts], world=listed(box(2, count=4)), simulation={"until": "1m"}))
    assert result.instances.zone.tolist() == ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1a"]


def test_what_spot_takes_of_a_listed_fleet_is_not_replaced(simulate: Simulate) -> None:
    fault = {"kind": "spot_reclaim", "at": "30s", "select": {"environment": "lab", "ordinal": 0}}
    lost = build.job("lost", at="0s", attempts=2)
    result = simulate(
        build.scenario(lost, environments=[LAB], world=listed(box(1, spot=True), name="lab"), faults=[fault])
    )
    assert result.jobs.state.tolist() == ["RUNNABLE"]
    assert result.summary()["ended_by"] == "stuck"
    assert result.attempts.environment_kind.tolist() == ["SPOT"]


@pytest.mark.parametrize(("vcpus", "end"), [(1, 60), (2, 360)])
def test_a_run_waits_for_a_fleet_only_on_behalf_of_jobs(simulate: Simulate, vcpus: int, end: float) -> None:
    fleet = listed(box(1), box(2, at="5m"), name="lab")
    result = simulate(build.scenario(build.job("one", at="0s", vcpus=vcpus), environments=[LAB], world=fleet))
    assert result.horizon_s == end
    assert len(result.instances) == vcpus


def test_an_instance_that_comes_later_boots(simulate: Simulate) -> None:
    world = {**listed(box(1, at="10s"), name="lab"), "instance_boot": "20s", "agent_register": "30s"}
    result = simulate(build.scenario(build.job("one", at="0s"), environments=[LAB], world=world))
    assert build.column(result, "wait_fleet_full_s") == {"one": 10}
    assert build.column(result, "wait_instance_booting_s") == {"one": 50}


# -- RunTask without a queue


def test_a_task_without_room_fails_and_its_client_backs_off(simulate: Simulate) -> None:
    jobs = (build.job("first", "65s", at="0s"), build.job("second", at="0s"))
    result = simulate(build.scenario(*jobs, world=STEADY))
    assert build.starts(result) == {"first": 0, "second": 70}  # after 10, 20 and 40 s
    assert build.column(result, "run_task_calls") == {"first": 1, "second": 4}
    assert build.column(result, "wait_client_backoff_s") == {"first": 0, "second": 70}
    assert build.column(result, "wait_behind_s") == {"first": 0, "second": 0}
    assert result.summary()["run_task"] == {"calls": 5, "failures": 3, "gave_up": 0}
    assert result.summary()["metrics"]["run_task_failures"]["value"] == 3


def test_nobody_keeps_a_place_in_line(simulate: Simulate) -> None:
    jobs = (
        build.job("first", "65s", at="0s", vcpus=2),
        build.job("early", at="1s", vcpus=2),
        build.job("late", at="66s", vcpus=2),
    )
    result = simulate(
        build.scenario(*jobs, environments=[build.environment(types=("box.2",), maxvCpus=2)], world=STEADY)
    )
    assert list(build.starts(result)) == ["first", "late", "early"]


def test_a_call_finds_the_room_of_a_task_that_ends_in_its_instant(simulate: Simulate) -> None:
    jobs = (build.job("first", "60s", at="0s"), build.job("second", at="60s"), build.job("third", at="120s"))
    result = simulate(build.scenario(*jobs, world=STEADY))
    assert build.starts(result) == {"first": 0, "second": 60, "third": 120}


def test_a_call_comes_before_a_replacement_that_boots_in_no_time_in_its_instant(simulate: Simulate) -> None:
    spot = build.environment(types=("box.2",), type="SPOT", maxvCpus=2)
    reclaim = {"kind": "spot_reclaim", "at": "0s", "select": {"environment": "hosts", "ordinal": 0}}
    none = dict.fromkeys(("notice", "scale_up_delay", "instance_pending", "instance_boot", "agent_register"), "0s")
    result = simulate(
        build.scenario(build.job("a", "60s"), environments=[spot], world={**STEADY, **none}, faults=[reclaim])
    )
    assert result.instances.ready_at_s.tolist() == [0, 0]
    assert result.attempts.starting_at_s.tolist() == [10]


def test_a_client_gives_up_and_what_depends_on_its_job_fails(simulate: Simulate) -> None:
    flow = {"workflow": [build.job("second"), build.job("after", needs=["second"])], "at": "0s"}
    result = simulate(build.scenario(build.job("first", "1h", at="0s"), flow, world={**STEADY, "run_task_attempts": 3}))
    told = build.jobs_of(result)
    assert (told["second"].state, told["second"].reason) == ("FAILED", "RunTask failed: RESOURCE:CPU")
    assert (told["second"].ended_at_s, told["second"].attempts, told["second"].run_task_calls) == (30, 0, 3)
    assert told["after"].reason == "Dependent Job failed"
    assert "1 job given up" in result.report()


def test_what_is_lacking_is_named(simulate: Simulate) -> None:
    jobs = (build.job("first", "1h", at="0s", memory=4096), build.job("second", at="1s", memory=5000))
    hosts = build.environment(types=("box.2",), maxvCpus=2)
    result = simulate(build.scenario(*jobs, environments=[hosts], world={**STEADY, "run_task_attempts": 1}))
    assert build.jobs_of(result)["second"].reason == "RunTask failed: RESOURCE:MEMORY"


def test_an_array_takes_what_room_there_is_in_one_instant(simulate: Simulate) -> None:
    hosts = build.environment(types=("box.2",), maxvCpus=6)
    result = simulate(build.scenario(build.job("many", at="0s", size=8), environments=[hosts], world=STEADY))
    assert result.attempts.starting_at_s.tolist() == [0] * 6 + [70] * 2


def test_a_retried_task_begins_its_back_off_anew(simulate: Simulate) -> None:
    jobs = (build.job("first", build.fails(1, run="15s"), at="0s", attempts=2), build.job("second", at="5s"))
    result = simulate(build.scenario(*jobs, world=STEADY))
    # second calls at 5 and 15; first, back at 15 with the lower row, is served before it, and then fails no more.
    assert build.column(result, "run_task_calls") == {"first": 2, "second": 3}


def test_a_cancelled_task_calls_no_more(simulate: Simulate) -> None:
    jobs = (build.job("first", "5m", at="0s"), build.job("second", at="0s"))
    result = simulate(build.scenario(*jobs, world=STEADY, actions=[{"at": "35s", "cancel": "second"}]))
    assert build.column(result, "run_task_calls")["second"] == 3
    assert build.column(result, "wait_s")["second"] == 35
    assert build.reasons(result) == [(0, "client_backoff", "hosts"), (35, "empty", "nan")]


def test_jitter_is_keyed_by_the_job_and_never_exceeds_its_bound(simulate: Simulate) -> None:
    world = {"platform": "no_queue", "run_task_backoff_base": "10s"}
    blocked = (build.job("first", "35s", at="0s"), build.job("second", at="0s"))
    alone = simulate(build.scenario(*blocked, world=world))
    beside = simulate(build.scenario(build.job("other", at="1h"), *blocked, world=world))
    assert build.starts(alone)["second"] == build.starts(beside)["second"]
    assert 35 <= build.starts(alone)["second"] < 150


def test_on_fargate_the_launch_rate_and_the_quota_refuse(simulate: Simulate) -> None:
    slow = {**STEADY, "run_task_attempts": 1, "fargate_burst": 1}
    result = simulate(build.scenario(build.task("many", at="0s", size=3), environments=[build.fargate()], world=slow))
    assert result.jobs.state.tolist() == ["SUCCEEDED", "FAILED", "FAILED"]
    assert result.jobs.reason[1] == "RunTask failed: ThrottlingException: Rate exceeded"
    full = {**STEADY, "run_task_attempts": 1}
    tasks = build.fargate(maxvCpus=2)
    result = simulate(build.scenario(build.task("many", at="0s", size=3), environments=[tasks], world=full))
    assert result.jobs.reason[2].startswith("RunTask failed: You've reached the limit on the number of vCPUs")


def test_on_fargate_an_environment_that_is_disabled_refuses(simulate: Simulate) -> None:
    story = build.scenario(
        build.task("a", at="0s"),
        environments=[build.fargate(state="DISABLED")],
        world={**STEADY, "run_task_attempts": 1},
        allow_unplaceable=True,
    )
    assert build.jobs_of(simulate(story))["a"].reason == "RunTask failed: tasks is DISABLED"


def test_on_fargate_spot_there_may_be_no_capacity(simulate: Simulate) -> None:
    out = {**STEADY, "run_task_attempts": 1, "fargate_spot_outages": [{"from": "0s", "for": "1h"}]}
    tasks = build.fargate(type="FARGATE_SPOT")
    result = simulate(build.scenario(build.task("a", at="0s"), environments=[tasks], world=out))
    assert build.jobs_of(result)["a"].reason == "RunTask failed: Capacity is unavailable at this time"


def test_later_environments_take_what_the_first_has_no_room_for(simulate: Simulate) -> None:
    hosts = [build.environment(name, maxvCpus=1) for name in ("one", "two")]
    result = simulate(build.scenario(build.job("many", at="0s", size=2), environments=hosts, world=STEADY))
    assert result.attempts.environment.tolist() == ["one", "two"]


# -- errors


@pytest.mark.parametrize(
    ("world", "environment", "message"),
    [
        ({"platforms": {"host": "always_on"}}, build.fixed(), r"world.platforms.host.*Did you mean hosts.*E120"),
        ({"platform": "kubernetes"}, build.fixed(), r"world.platform.*batch, always_on, no_queue.*E113"),
        ({"platform": "always_on"}, build.fargate(), r"no fleet can stand on Fargate.*batch.*E117"),
        ({"fleets": {"host": [box()]}}, build.fixed(), r"world.fleets.host.*E120"),
        ({"fleets": {"hosts": []}}, build.fixed(), r"world.fleets.hosts: a fleet without instances.*E111"),
        (listed(box(spot=True)), build.fixed(types=("box.2",)), r"fleets.hosts\[0\].spot.*type EC2.*E117"),
        (listed(box(8)), build.fixed(types=("box.2",)), r"fleets.hosts\[0\].type: not among.*box.2.*E158"),
        (listed(box(zone="us-east-1f")), build.environment(types=("box.2",)), r"fleets.hosts\[0\].zone.*E159"),
        (
            listed(box(count=2_000_000)),
            build.fixed(types=("box.2",)),
            r"world.fleets.hosts: would start 2,000,000.*E151",
        ),
        (listed(box(name=1)), build.fixed(types=("box.2",)), r"world.fleets.hosts\[0\].name: unknown key.*E106"),
        ({}, LAB, r"an UNMANAGED environment without instances.*world.fleets.*E116"),
        ({"fleets": {"lab": [{"type": "m9.large"}]}}, LAB, r"unknown instance type.*E156"),
    ],
)
def test_what_cannot_be_is_told(world: Data, environment: Data, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        batchsim.run(build.scenario(environments=[environment], world=world), seed=1)


def test_an_unmanaged_environment_that_no_queue_uses_may_stand_in_the_file() -> None:
    """Descriptions of an account hold such ones: their instances are the user's own, and nothing runs there."""
    story = build.scenario(build.job("a"), environments=[build.fixed(), LAB], queues=[build.queue("queue", "hosts")])
    result = batchsim.run(story, seed=1)
    assert result.jobs["state"].tolist() == ["SUCCEEDED"]
    assert result.instances["environment"].tolist() == ["hosts"]


def test_a_queue_is_on_one_side_of_run_task() -> None:
    hosts = [build.environment(name) for name in ("one", "two")]
    with pytest.raises(ScenarioError, match=r"mixes environments with a queue and without one.*one, two.*E117"):
        build.scenario(environments=hosts, world={"platforms": {"two": "no_queue"}})


@pytest.mark.parametrize("world", [{"platform": "always_on"}, listed(box(1))])
def test_the_vcpus_of_a_standing_fleet_cannot_be_set(world: Data) -> None:
    change = {"at": "1m", "set": "hosts.maxvCpus", "to": 8}
    with pytest.raises(ScenarioError, match=r"actions\[0\].set.*fleet stands as it is.*E117"):
        build.scenario(build.job("one", at="0s"), world=world, actions=[change])
    with pytest.raises(SimulationError, match="stands as it is"):
        Simulation(build.scenario(build.job("one", at="0s"), world=world), seed=1).update("hosts.minvCpus", 1)


def test_a_job_that_no_listed_instance_holds_is_told_beforehand() -> None:
    hosts = build.environment(types=("box.2", "box.4"))
    with pytest.raises(ScenarioError, match="E132"):
        batchsim.run(build.scenario(build.job("one", at="0s", vcpus=4), environments=[hosts], world=listed(box(2))))
