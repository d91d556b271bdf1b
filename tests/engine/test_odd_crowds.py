"""Crowds with something odd among them: fast paths leave what plain ones would, and hand over where they must."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from batchsim import Scenario, Simulation
from batchsim.testing import check
from tests.engine.test_turnover import deal_always, unlike
from tests.scenario_builder import (
    box,
    environment,
    fair,
    fixed,
    job,
    queue,
    scenario,
    task,
    with_gpus,
    world,
)

VARIED: Any = {"lognormal": {"mean": "40s", "cv": 0.6}}
SAVES: Any = {"every": "10s", "cost": "1s", "restore": "2s"}


def of_graphics(*work: Any) -> Scenario:
    """A warm pool of eight instances of eight vCPUs and two GPUs."""
    kinds = {"graphic.8": box(8, gpu=2)}
    hosts = fixed(64, types=["graphic.8"])
    return scenario(*work, environments=[hosts], definitions=[with_gpus(1)], world=world(instanceTypes=kinds))


def jobs_with_gpus_wait_in_line() -> Scenario:
    return of_graphics(job("crowd", VARIED, size=300), job("graphics", "60s", kind="gpu1", size=80))


def jobs_with_gpus_end_among_others() -> Scenario:
    return of_graphics(job("graphics", "41s", kind="gpu1", size=16), job("crowd", VARIED, size=900))


def fewer_instances_than_the_least() -> Scenario:
    """No Spot capacity: the other environment stays below its minvCpus while the crowd goes by."""
    spot = environment(
        "spot", ["box.4"], type="SPOT", allocationStrategy="SPOT_CAPACITY_OPTIMIZED", minvCpus=8, maxvCpus=16
    )
    queues = [queue("queue", "hosts"), queue("other", "spot")]
    places = [fixed(16, types=["box.4"]), spot]
    return scenario(job("crowd", VARIED, size=900), environments=places, queues=queues, world=world(spot_depth=0))


def a_job_times_out_in_the_instant_in_which_one_ends_that_others_wait_for() -> Scenario:
    work = [job("first", "90s"), job("then", "5s", needs=["first"]), job("long", "1h", timeout_s=90, checkpoint=SAVES)]
    return scenario(*work, environments=[fixed(4)], world=world(stopped_when="exit", stop_timeout="30s"))


def what_waits_for_others_comes_into_an_empty_queue() -> Scenario:
    chain = [job(f"link{n}", "10s", needs=[f"link{n - 1}"] if n else []) for n in range(30)]
    fan = job("fan", "20s", size=8, needs=["link9"])
    return scenario(*chain, fan, environments=[fixed(16, types=["box.4"])])


def a_retried_job_is_cancelled_before_it_is_back_in_line() -> Scenario:
    failing = job("failing", {"script": [{"run": "10s", "exit": 1}, {"run": "10s"}]}, attempts=2, cancel_after="20s")
    work = [failing, job("crowd", VARIED, size=60)]
    actions = [{"at": "12s", "cancel": "failing"}]
    return scenario(*work, environments=[fixed(16, types=["box.4"])], world=world(retry_delay="1m"), actions=actions)


def some_save_their_work_in_a_fair_queue() -> Scenario:
    work = [job(f"s{n}", VARIED, size=200, share=f"share{n}") for n in range(3)]
    work.append(job("saves", "90s", size=30, share="share0", checkpoint=SAVES))
    work.append(job("timed", "90s", size=9, share="share1", timeout_s=60))
    return scenario(*work, environments=[fixed(32, types=["box.4"])], **fair({"share0": 1, "share1": 1, "share2": 2}))


def tasks(*work: Any, **keys: Any) -> Scenario:
    return scenario(*work, environments=[environment("tasks", type="FARGATE", maxvCpus=64)], **keys)


def tasks_that_save_their_work_end_among_others() -> Scenario:
    saves = task("saves", "45s", size=20, checkpoint=SAVES)
    return tasks(saves, task("crowd", VARIED, size=900))


def tasks_wait_for_the_launch_rate() -> Scenario:
    return tasks(task("crowd", VARIED, size=900), world=world(fargate_burst=3, fargate_rate="2/s"))


def tasks_are_never_retired() -> Scenario:
    return tasks(task("crowd", VARIED, size=900), world=world(fargate_max_days=0))


def a_crowd_comes_while_surplus_instances_drain() -> Scenario:
    hosts = environment(types=["box.4"], maxvCpus=64)
    long = job("long", {"lognormal": {"mean": "30m", "cv": 0.5}}, size=64)
    crowd = job("crowd", VARIED, size=900, at="35m")
    timing = world(drain_surplus=True, scale_down_idle="5m", scale_down_check="60s")
    return scenario(long, crowd, environments=[hosts], world=timing)


def an_entry_that_follows_comes_before_the_next_call_that_was_known() -> Scenario:
    work = [job(f"at{n}", "7s", at=f"{n * 10}s") for n in range(40)]
    work.append(job("follower", "3s", at={"after": "at3", "delay": "1s"}))
    work.append(job("another", "3s", at={"after": "at5", "delay": "0s"}))
    return scenario(*work, environments=[fixed(8, types=["box.4"])])


def one_in_some_takes_too_long_where_instances_come_by_the_dozen() -> Scenario:
    hosts = environment(types=["box.4"], maxvCpus=64)
    timing = world(instance_boot="20s", scale_up_delay="10s")
    return scenario(job("crowd", VARIED, size=900, timeout_s=60), environments=[hosts], world=timing)


STORIES = (
    jobs_with_gpus_wait_in_line,
    jobs_with_gpus_end_among_others,
    fewer_instances_than_the_least,
    a_job_times_out_in_the_instant_in_which_one_ends_that_others_wait_for,
    what_waits_for_others_comes_into_an_empty_queue,
    a_retried_job_is_cancelled_before_it_is_back_in_line,
    some_save_their_work_in_a_fair_queue,
    tasks_that_save_their_work_end_among_others,
    tasks_wait_for_the_launch_rate,
    tasks_are_never_retired,
    a_crowd_comes_while_surplus_instances_drain,
    an_entry_that_follows_comes_before_the_next_call_that_was_known,
    one_in_some_takes_too_long_where_instances_come_by_the_dozen,
)


@pytest.mark.parametrize("is_eager", [False, True], ids=["as it is", "fast paths for however few"])
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_nobody_can_tell(story: Callable[[], Scenario], is_eager: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if is_eager:
        take_what_can_be_taken(monkeypatch)
    fast, plain = (Simulation(story(), seed=1, thorough=thorough).finish() for thorough in (False, True))
    assert unlike(fast.records, plain.records) == []
    check(fast)


def take_what_can_be_taken(patch: pytest.MonkeyPatch) -> None:
    """Let windows, deals and stretches be as short as they can."""
    patch.setattr("batchsim.engine.turnover.MOST_SKIPPED", 0)
    patch.setattr("batchsim.engine.window.LEAST", 2)
    patch.setattr("batchsim.engine.task_window.LEAST", 2)
    deal_always(patch)
