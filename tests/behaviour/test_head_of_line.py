"""A head that does not fit: it holds its queue; as what-ifs it is skipped, or holds just the environment it waits for.

https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html
"""

from __future__ import annotations

import pytest
from scenario_builder import (
    attempts_of,
    column,
    environment,
    fails,
    fargate,
    fixed,
    hosts,
    job,
    launched,
    queue,
    reasons,
    scenario,
    starts,
    task,
)

from batchsim import Simulation

SKIP, CE = {"head_of_line": "skip"}, {"hol_scope": "ce"}
EIGHT = fixed(8, types=("box.8",))
BLOCKED = [job("half", "100s", vcpus=4), job("large", vcpus=8), job("small", "30s"), job("wide", vcpus=4)]
"""On one instance of 8 vCPUs ``large`` waits for ``half``; ``small`` would fit beside it, and then ``wide`` not."""


def where(result):
    """The environment of each job's last attempt."""
    return column(result, "environment", "attempts")


# -- strict, as AWS Batch


def test_a_head_that_does_not_fit_holds_all_that_stand_behind_it(simulate):
    result = simulate(scenario(*BLOCKED, environments=[EIGHT]))
    assert starts(result) == {"half": 0, "large": 100, "small": 160, "wide": 160}


def test_a_head_that_waits_for_a_boot_holds_jobs_for_which_there_is_room(simulate):
    hosts_ = environment(types=("box.2", "box.4"), minvCpus=2, maxvCpus=8)
    work = [job("large", vcpus=4, at="1s"), job("small", at="2s")]
    slow = {"instance_boot": "60s", "scale_down_idle": "1h"}
    result = simulate(scenario(*work, environments=[hosts_], world=slow))
    assert starts(result) == {"large": 61, "small": 61}


def test_jobs_behind_a_head_that_boots_wait_though_another_environment_has_room(simulate):
    places = [environment("slow"), fixed(1, "warm")]
    result = simulate(
        scenario(job("head", at="1s"), job("next", at="1s"), environments=places, world={"instance_boot": "50s"})
    )
    assert starts(result) == {"head": 51, "next": 51}


# -- skip: every job that fits starts, in the order of the line


def test_where_heads_are_skipped_every_job_that_fits_starts(simulate):
    result = simulate(scenario(*BLOCKED, environments=[EIGHT], world=SKIP))
    assert starts(result) == {"half": 0, "small": 0, "wide": 30, "large": 100}


def test_a_head_that_is_skipped_waits_at_the_head_and_those_that_pass_it_wait_behind(simulate):
    result = simulate(scenario(*BLOCKED, environments=[EIGHT], world=SKIP))
    assert column(result, "wait_behind_s") == {"half": 0, "large": 0, "small": 0, "wide": 30}
    assert reasons(result) == [(0, "max_vcpus", "hosts"), (100, "empty", "nan")]


def test_a_large_head_that_is_skipped_may_starve(simulate):
    work = [job("first", "10s"), job("large", vcpus=4), job("small", "10s", count=40, at={"rate": "2/s"})]
    result = simulate(scenario(*work, environments=[fixed(4, types=("box.4",))], world=SKIP))
    assert starts(result)["large"] > max(start for name, start in starts(result).items() if name != "large")


def test_skipped_jobs_are_packed_first_fit_by_age_where_that_is_asked(simulate):
    pair = [{"type": "box.4"}, {"type": "box.2"}]
    world = {**SKIP, "packing": "first_fit", "fleets": {"hosts": pair}}
    work = [job("a", vcpus=3), job("b", vcpus=4), job("c", vcpus=1), job("d", vcpus=1)]
    places = [environment(types=("box.2", "box.4"))]
    assert hosts(simulate(scenario(*work, environments=places, world=world))) == {"a": 0, "c": 0, "d": 1, "b": 0}


def test_a_retried_job_that_is_skipped_keeps_its_place_in_front(simulate):
    work = [job("again", fails(1), attempts=2, vcpus=8), job("fill", "50s", vcpus=8), job("small", at="11s", count=3)]
    result = simulate(scenario(*work, environments=[EIGHT], world={**SKIP, "retry_delay": "5s"}))
    assert [attempt.starting_at_s for attempt in attempts_of(result, "again")] == [0, 60]
    assert {start for name, start in starts(result).items() if name.startswith("small")} == {70}


def test_of_two_environments_those_serve_whom_the_first_will_not_hold(simulate):
    places = [environment("first", maxvCpus=1), fixed(1, "second")]
    result = simulate(scenario(job("a"), job("b"), environments=places, world={**SKIP, "instance_boot": "30s"}))
    assert (where(result), starts(result)) == ({"b": "second", "a": "first"}, {"b": 0, "a": 30})


def test_a_job_that_waits_for_a_launch_rate_lets_the_next_go_on_where_there_is_no_room_left(simulate):
    places = [fargate("narrow", maxvCpus=2), fargate("wide")]
    world = {**SKIP, "fargate_burst": 1, "fargate_rate": "6/min"}
    result = simulate(scenario(task("a", "1h", count=4), environments=places, world=world))
    assert where(result) == {"a@0": "narrow", "a@1": "narrow", "a@2": "wide", "a@3": "wide"}
    assert starts(result) == {"a@0": 0, "a@1": 10, "a@2": 20, "a@3": 30}


def test_instances_are_launched_for_jobs_behind_a_head_that_is_stuck(simulate):
    work = [job("giant", vcpus=16), job("small")]
    strict = scenario(*work, environments=[environment()], allow_unplaceable=True)
    assert launched(simulate(strict)) == []
    assert launched(simulate(strict.with_("world.head_of_line", "skip"))) == ["box.1"]


def test_a_snapshot_lists_the_waiting_jobs_in_the_order_of_the_line_whoever_may_pass():
    work = [*BLOCKED, job("again", fails(1), attempts=2)]
    simulation = Simulation(scenario(*work, environments=[EIGHT], world=SKIP))
    simulation.advance(until="1s")
    assert simulation.snapshot().front["queue"] == ("large", "wide")
    simulation.cancel("wide")
    simulation.advance(until="2s")
    assert simulation.snapshot().front["queue"] == ("large",)
    strict = Simulation(scenario(*work, environments=[EIGHT]))
    strict.advance(until="1s")
    assert strict.snapshot().front["queue"] == ("large", "small", "wide", "again")


def test_a_snapshot_lists_the_first_hundred_jobs_in_line():
    simulation = Simulation(scenario(job("a", count=150)))
    simulation.advance(until="1s")
    assert simulation.snapshot().front["queue"] == tuple(f"a@{number}" for number in range(1, 101))


# -- hol_scope: ce


def test_a_head_may_hold_just_the_environment_that_it_waits_for(simulate):
    places = [environment("slow"), fixed(1, "warm")]
    work = [job("head", at="1s"), job("next", at="1s")]
    slow = {"instance_boot": "50s"}
    result = simulate(scenario(*work, environments=places, world={**CE, **slow}))
    assert (where(result), starts(result)) == ({"next": "warm", "head": "slow"}, {"next": 1, "head": 51})


def test_a_queue_on_one_environment_is_as_strict_as_ever(simulate):
    result = simulate(scenario(*BLOCKED, environments=[EIGHT], world=CE))
    assert starts(result) == {"half": 0, "large": 100, "small": 160, "wide": 160}


def test_a_head_that_no_environment_serves_holds_the_last_in_which_it_may_start(simulate):
    places = [fixed(8, "large", types=("box.8",)), fixed(2, "small", types=("box.1",))]
    result = simulate(scenario(*BLOCKED, environments=places, world=CE))
    assert where(result) == {"half": "large", "large": "large", "small": "small", "wide": "large"}
    assert starts(result) == {"half": 0, "small": 0, "large": 100, "wide": 160}
    assert reasons(result)[0] == (0, "max_vcpus", "large")


def test_each_environment_has_a_head_of_its_own(simulate):
    places = [fixed(8, "one", types=("box.8",)), fixed(4, "two", types=("box.4",))]
    work = [job("busy", "100s", vcpus=5), job("a", vcpus=8), job("b", "50s", vcpus=3), job("c", vcpus=2), job("d")]
    result = simulate(scenario(*work, environments=places, world=CE))
    assert where(result) == {"busy": "one", "a": "one", "b": "two", "c": "two", "d": "two"}
    assert starts(result) == {"busy": 0, "b": 0, "c": 50, "d": 50, "a": 100}


def test_who_may_start_only_where_another_heads_the_line_holds_nothing_more(simulate):
    places = [fixed(4, "ones"), fixed(8, "large", types=("box.8",))]
    wide = [job(name, "100s", vcpus=8) for name in ("a", "b", "c")]
    result = simulate(scenario(*wide, job("d"), job("e", vcpus=2), environments=places, world=CE))
    assert starts(result) == {"a": 0, "d": 0, "b": 100, "c": 200, "e": 300}


def test_capacity_is_launched_for_jobs_behind_two_heads_of_the_other_environment(simulate):
    places = [environment("ones"), fixed(8, "large", types=("box.8",))]
    wide = [job(name, "100s", vcpus=8) for name in ("a", "b", "c")]
    result = simulate(scenario(*wide, job("d"), environments=places, world={**CE, "instance_boot": "50s"}))
    assert (starts(result)["d"], where(result)["d"]) == (50, "ones")


def test_of_jobs_that_may_start_nowhere_only_the_first_holds_an_environment(simulate):
    places = [fixed(2, "one"), fixed(2, "two")]
    work = [job("giant", vcpus=8), job("other", vcpus=8), job("small")]
    result = simulate(scenario(*work, environments=places, world=CE, allow_unplaceable=True))
    assert (starts(result)["small"], where(result)["small"]) == (0, "one")


@pytest.mark.parametrize(
    ("world", "told"),
    [
        ({**SKIP, **CE}, "world.hol_scope: does not go with head_of_line"),
        ({**CE, "backfill": "aggressive"}, "world.backfill: does not go with hol_scope"),
    ],
)
def test_two_ways_past_a_head_contradict_each_other(world, told):
    with pytest.raises(ValueError, match=told):
        scenario(job("a"), world=world)


def test_an_array_that_may_pass_goes_on_to_the_next_environment_with_what_the_first_has_no_room_for(simulate):
    places = [fixed(1, name="first"), fixed(2, name="second")]
    keys = {"environments": places, "queues": [queue("queue", "first", "second")], "world": {"head_of_line": "skip"}}
    result = simulate(scenario(job("a", size=3), **keys))
    assert result.attempts.environment.tolist() == ["first", "second", "second"]
