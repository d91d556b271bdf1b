"""What a change of a scenario does to its run, for certain: scaling, bounds, and what is monotone.

Nothing is claimed here that is false for other scenarios: more capacity, shorter jobs and fewer dependencies may make a
run longer (Graham 1969), so they are only compared where there is one class of jobs in one FIFO line.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from math import ceil
from typing import Any

import numpy as np
import pytest
from effort import LEVEL, effort
from scenario_builder import column, ends, fixed, job, scenario_data

from batchsim import Result, run
from batchsim.spec import parse
from batchsim.testing import Dice, check
from tests.properties.variants import dearer, exact, graph, on_slots, one_class, picked, slower

FIRST = 0 if LEVEL == "fast" else int(os.environ.get("BATCHSIM_SEED", "0")) % 10**9 * 1000
NUMBERS = range(FIRST, FIRST + effort(fast=4, verify=12, long=4000))
TICK = 0.001
TIMES = {
    "jobs": ("due_at_s", "created_at_s", "runnable_at_s", "ended_at_s", "wait_s", "start_up_s", "turnaround_s"),
    "attempts": ("runnable_at_s", "starting_at_s", "running_at_s", "ended_at_s"),
    "instances": ("launched_at_s", "ready_at_s", "billed_from_s", "ended_at_s"),
}


@pytest.fixture(params=NUMBERS, ids=lambda number: f"number{number}")
def number(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def sound(data: Mapping[str, Any]) -> Result:
    result = run(parse(data))
    check(result)
    return result


def ms(result: Result, table: str, name: str) -> list[int | None]:
    return [None if value != value else round(value * 1000) for value in getattr(result, table)[name].tolist()]  # noqa: PLR0124


def jobs_by_entry(result: Result) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in result.jobs.itertuples():
        found.setdefault(row.entry, []).append(row.job_id)
    return found


def earliest_ends(result: Result) -> dict[str, int]:
    """When each job would end if it never waited: by the works that the run sampled, along all dependencies."""
    works, names = column(result, "work_s"), jobs_by_entry(result)
    found: dict[str, int] = {}
    for entry in result.scenario.workload:
        needed = [found[name] for link in entry.submit.dependsOn for name in names[link.jobId]]
        start = max([entry.at.at_ms, *needed])
        found |= {name: start + round(works[name] * 1000) for name in names[entry.id]}
    return found


def test_with_a_slot_for_each_job_every_end_is_that_of_its_critical_path_and_fewer_slots_end_none_earlier(number):
    work = graph(number)
    free = sound(on_slots(work, 64, number))
    bound = {name: round(end * 1000) for name, end in ends(free).items()}
    assert bound == earliest_ends(free)
    few = sound(on_slots(work, Dice(number).integer(1, 3), number))
    assert column(few, "work_s") == column(free, "work_s")
    assert all(round(end * 1000) >= bound[name] for name, end in ends(few).items())


def test_the_makespan_is_at_least_work_over_slots_and_at_most_grahams_bound(number):
    slots = Dice(number).integer(1, 5)
    result = sound(on_slots(graph(number, instants=False), slots, number))
    works = np.array(ms(result, "jobs", "work_s"))
    path, makespan = max(earliest_ends(result).values()), max(ms(result, "jobs", "ended_at_s"))
    assert makespan >= max(path, ceil(works.sum() / slots))
    assert makespan <= works.sum() / slots + (1 - 1 / slots) * path + 1


def test_the_makespan_is_at_least_the_work_over_the_capacity_of_every_resource(number):
    dice = Dice(number)
    work = [
        job(f"j{at}", f"{dice.integer(5, 300)}s", vcpus=dice.integer(1, 4), memory=picked(dice, 512, 4000, 12000))
        for at in range(dice.integer(3, 12))
    ]
    count = dice.integer(1, 3)
    result = sound(scenario_data(*work, environments=[fixed(4 * count, types=("box.4",))]))
    for name, capacity in (("vcpus", 4 * count), ("memory_mib", 4 * 4096 * count)):
        needed = sum(row.work_s * getattr(row, name) for row in result.jobs.itertuples()) / capacity
        assert max(result.jobs["ended_at_s"]) >= needed - TICK


@pytest.mark.parametrize("once_wrong", [26, 31])
def test_who_is_launched_after_the_notice_of_a_fault_may_be_taken_without(once_wrong):
    assert sound(exact(once_wrong)).check() == []


@pytest.mark.parametrize("k", [2, 7])
def test_all_times_scaled_scale_all_times(number, k):
    one, other = exact(number), slower(exact(number), k)
    base, scaled = sound(one), sound(other)
    for table, names in TIMES.items():
        for name in names:
            expected = [None if value is None else value * k for value in ms(base, table, name)]
            assert ms(scaled, table, name) == expected, f"{table}.{name}"
    for table, names in {"attempts": ("job_id", "outcome"), "instances": ("type", "why_ended")}.items():
        assert all(getattr(base, table)[name].tolist() == getattr(scaled, table)[name].tolist() for name in names)
    minimum = base.instances["billed_s"] > 60  # the minimum of 60 s is AWS's, and no key: it is not scaled here
    was, is_now = base.instances["compute_usd"][minimum], scaled.instances["compute_usd"][minimum]
    np.testing.assert_allclose(is_now, k * was, rtol=0, atol=k * 1e-9)


def test_all_prices_scaled_scale_costs_and_nothing_else(number):
    k = Dice(number).integer(2, 9)
    base, scaled = sound(exact(number)), sound(dearer(exact(number), k))
    for table in ("jobs", "attempts", "instances"):
        old, new = getattr(base, table), getattr(scaled, table)
        for name in old.columns:
            if name.endswith("_usd") and "gb_month" not in name:
                np.testing.assert_allclose(new[name], k * old[name], rtol=0, atol=k * 2e-8, err_msg=name)
            elif "nano_usd" not in name:
                assert new[name].equals(old[name]), name
    assert round(scaled.metrics("cost_usd")["cost_usd"] - k * base.metrics("cost_usd")["cost_usd"], 7) == 0


def test_a_slot_more_lets_no_job_of_one_class_wait_longer(number):
    data = one_class(number)
    base = sound(data)
    more = {**data, "computeEnvironments": [fixed(base.scenario.computeEnvironments[0].computeResources.maxvCpus + 1)]}
    before, after = column(base, "wait_s"), column(sound(more), "wait_s")
    assert all(after[name] <= before[name] + TICK / 2 for name in before)


def test_a_shorter_service_lets_no_job_of_one_class_wait_longer(number):
    data, dice = one_class(number), Dice(number)
    base = sound(data)
    works = jobs_with(base, lambda work: work)
    cut = dice.integer(0, len(works) - 1)
    exactly = timed(data, works)
    shorter = timed(data, [work // 3 + 1 if at == cut else work for at, work in enumerate(works)])
    before, after = (column(sound(each), "wait_s") for each in (exactly, shorter))
    assert list(before.values()) == list(column(base, "wait_s").values())
    assert all(after[name] <= before[name] + TICK / 2 for name in before)


def jobs_with(result: Result, of: Any) -> list[int]:
    return [of(round(value * 1000)) for value in result.jobs["work_s"].tolist()]


def timed(data: Mapping[str, Any], works_ms: list[int]) -> dict[str, Any]:
    """The same jobs with these works, in ms, by scripts: as sampled, or otherwise."""
    left, work = iter(works_ms), []
    for entry in data["workload"]:
        size = entry["submit"].get("arrayProperties", {}).get("size", 1)
        scripts = [[{"run": f"{next(left)}ms"}] for _ in range(size)]
        work.append({**entry, "run": {"scripts": scripts} if size > 1 else {"script": scripts[0]}})
    return {**data, "workload": work}


def test_a_lower_price_is_never_dearer_for_the_same_log(number):
    result = sound(exact(number))
    bills = [result.reprice(on_demand=f"-{cut}%", spot_price=f"-{cut}%") for cut in (0, 1, 30, 99)]
    assert all(each.attempts["ended_at_s"].equals(result.attempts["ended_at_s"]) for each in bills)
    costs = [each.metrics("cost_usd")["cost_usd"] for each in bills]
    assert costs == sorted(costs, reverse=True)


def test_with_room_for_all_another_attempt_only_adds_to_those_who_succeed(number):
    dice = Dice(number)
    chance = dice.integer(10, 80) / 100
    before: set[str] = set()
    for attempts in (1, 2, 3, 5):
        work = [
            job(f"j{at}", "60s", size=5, attempts=attempts, fails=[{"probability": chance, "after": 0.5}])
            for at in range(4)
        ]
        states = column(sound(on_slots(work, 64, number)), "state")
        succeeded = {name for name, state in states.items() if state == "SUCCEEDED"}
        assert succeeded >= before
        before = succeeded
