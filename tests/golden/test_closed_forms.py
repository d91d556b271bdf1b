"""Results known exactly beforehand: recursions, list schedules, bills and identities, each run as a whole scenario."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import pytest
from scenario_builder import (
    box,
    column,
    definition,
    ends,
    environment,
    fargate,
    fixed,
    job,
    queue,
    scenario,
    scenario_data,
    task,
)

import batchsim


def ms(seconds):
    return np.rint(seconds.to_numpy() * 1000).astype(np.int64)


# -- queues


def test_t6_2_nobody_waits_when_as_many_jobs_end_as_come(simulate):
    every_minute = job("a", "60s", at={"cron": "* * * * ? *", "for": "20m"}, count=4)
    result = simulate(scenario(every_minute, environments=[fixed(4)]))
    assert len(result.jobs) == 80
    assert result.jobs["wait_s"].tolist() == [0] * 80


def lcg_trace(count, lo_gap, hi_gap, lo_run, hi_run):
    """A 31-bit generator's arrivals and services in ms."""
    state, at = 12345, 0
    for _ in range(count):
        state = (1103515245 * state + 12345) % 2**31
        at += lo_gap + (state >> 8) % (hi_gap - lo_gap + 1)
        state = (1103515245 * state + 12345) % 2**31
        yield at, lo_run + (state >> 8) % (hi_run - lo_run + 1)


def replayed(folder, rows, slots):
    """A history in CSV as the workload of a warm pool."""
    lines = ["at,took", *(f"{at},{took}" for at, took in rows)]
    (folder / "history.csv").write_text("\n".join(lines) + "\n")
    columns = {"submission": {"column": "at", "unit": "ms"}, "run_time": {"column": "took", "unit": "ms"}}
    entry = job("a", {"trace": "took"}, at={"trace": "history.csv", "columns": columns})
    del entry["run"]
    (folder / "scenario.yaml").write_text(json.dumps(scenario_data(entry, environments=[fixed(slots)])))
    return batchsim.load(folder / "scenario.yaml")


@dataclass(frozen=True)
class Trace:
    """What the Kiefer-Wolfowitz recursion says about the waits, in ms, of a generated trace on so many slots."""

    slots: int
    numbers: tuple[int, ...]
    total: int
    longest: int
    waiting: int
    digest: str


T9 = {
    "T9.1": Trace(
        slots=1,
        numbers=(1000, 0, 2000, 1, 1800),
        total=1406379,
        longest=6002,
        waiting=787,
        digest="b7bc684118b2b9258be3b6d3cb50087dd71a0e036e9c0be0d883b583e6f41c81",
    ),
    "T9.2": Trace(
        slots=3,
        numbers=(5000, 0, 1000, 100, 2700),
        total=9455140,
        longest=12521,
        waiting=4212,
        digest="fe4bac25f01f7ed60a4b9971a1938092f131959feee3269c4af8469df636cf3e",
    ),
}


@pytest.mark.parametrize("trace", T9.values(), ids=T9)
def test_t9_every_wait_of_a_replayed_trace_is_the_recursions(trace, tmp_path, simulate):
    waits = ms(simulate(replayed(tmp_path, lcg_trace(*trace.numbers), trace.slots)).jobs["wait_s"])
    assert (waits.sum(), waits.max(), np.count_nonzero(waits)) == (trace.total, trace.longest, trace.waiting)
    assert sha256(",".join(map(str, waits)).encode()).hexdigest() == trace.digest


def test_t8_6_a_job_that_brings_its_own_instance_takes_the_boot_the_start_and_the_run(simulate):
    apart = job("a", "600s", at={"cron": "* * * * ? *", "for": "10m"})  # before one ends
    delays = {"instance_boot": "90s", "warm_start": "5s", "bill_from": "launch"}
    result = simulate(scenario(apart, environments=[environment(maxvCpus=1000)], world=delays))
    assert result.jobs["turnaround_s"].tolist() == [695] * 10
    assert result.instances["billed_s"].tolist() == [695] * 10


@pytest.mark.parametrize(
    ("rate", "run", "mean_wait_s"),
    [
        pytest.param("30/h", {"exponential": {"mean": "60s"}}, 60, id="T1.1, M/M/1 at 0.5"),
        pytest.param("48/h", "60s", 120, id="T3.1, M/D/1 at 0.8"),
    ],
)
def test_t1_t3_the_mean_wait_of_one_slot_is_the_formulas(rate, run, mean_wait_s):
    steady = job("a", run, at={"poisson": rate, "for": "800h"})
    result = batchsim.run(scenario(steady, simulation={"max_time": "60d"}), seed=1)
    assert result.jobs["wait_s"].mean() == pytest.approx(mean_wait_s, rel=0.1)


# -- list schedules (Graham 1969): every job keeps its place in the list, so it has a queue of its own


def graham(order, slots, run_s=(3, 2, 2, 2, 4, 4, 4, 4, 9)):
    """Nine jobs, 1 before 9 and 4 before 5 to 8, served in this order."""
    needs = {9: ["job1"], **{n: ["job4"] for n in (5, 6, 7, 8)}}
    work = [job(f"job{n}", f"{run_s[n - 1]}s", needs=needs.get(n, ()), on=f"queue{n}") for n in range(1, 10)]
    queues = [queue(f"queue{n}", priority=100 - place) for place, n in enumerate(order)]
    return scenario({"workflow": work}, environments=[fixed(slots)], queues=queues)


IN_ORDER = (1, 2, 3, 4, 5, 6, 7, 8, 9)
SHORTER = (2, 1, 1, 1, 3, 3, 3, 3, 8)


@pytest.mark.parametrize(
    ("case", "makespan_s"),
    [
        pytest.param((IN_ORDER, 3), 12, id="T18.1"),
        pytest.param((IN_ORDER, 4), 15, id="T18.2, more slots"),
        pytest.param((IN_ORDER, 3, SHORTER), 13, id="T18.3, shorter jobs"),
        pytest.param(((1, 2, 4, 5, 6, 3, 9, 7, 8), 3), 14, id="T18.5, another order"),
    ],
)
def test_t18_grahams_anomalies_happen_here_too(case, makespan_s, simulate):
    assert max(ends(simulate(graham(*case))).values()) == makespan_s


def test_t18_6_a_long_job_at_the_end_of_the_list_nearly_doubles_the_optimum(simulate):
    result = simulate(scenario(job("unit", "1s", count=56), job("long", "8s"), environments=[fixed(8)]))
    assert max(ends(result).values()) == 15


def test_t18_7_longest_first_is_not_optimal(simulate):
    work = [job(f"job{n}", f"{run_s}s") for n, run_s in enumerate((5, 5, 4, 4, 3, 3, 3))]
    assert max(ends(simulate(scenario(*work, environments=[fixed(3)]))).values()) == 11


def test_t17_7_equal_jobs_run_in_full_waves(simulate):
    result = simulate(scenario(job("a", "60s", size=1000), environments=[fixed(16)]))
    assert max(ends(result).values()) == 3780


# -- bills


@pytest.mark.parametrize(
    ("run", "billed_s"), [("400ms", 60), ("1s", 60), ("59s", 60), ("60s", 60), ("60200ms", 61), ("1h", 3600)]
)
def test_t21_1_an_instance_is_billed_by_the_second_and_a_minute_at_least(run, billed_s, simulate):
    (host,) = simulate(scenario(job("a", run), environments=[environment()])).instances.itertuples()
    assert host.billed_s == billed_s


def test_t21_2_a_bill_is_rounded_once_to_the_nano_dollar(simulate):
    types = {"plain.large": box(2, price="$0.096/h")}
    plain = environment(types=("plain.large",))
    (host,) = simulate(
        scenario(job("a", "695s"), environments=[plain], world={"instanceTypes": types})
    ).instances.itertuples()
    assert host.compute_usd == 0.018533333


def test_t21_3_the_smallest_task_costs_a_minute(simulate):
    small = definition("small", 0.25, 512, platformCapabilities=["FARGATE"])
    result = simulate(scenario(task("a", "45s", kind="small"), environments=[fargate()], definitions=[small]))
    assert column(result, "cost_usd")["a"] == pytest.approx(0.000205708333, abs=1e-9)


@pytest.mark.parametrize(("slots", "billed_s"), [(1, 1000), (100, 6000)])
def test_t21_5_the_minimum_is_paid_by_the_instance_not_by_the_job(slots, billed_s, simulate):
    result = simulate(scenario(job("a", "10s", size=100), environments=[environment(maxvCpus=slots)]))
    assert result.instances["billed_s"].sum() == billed_s


# -- identities, on whole runs with boots, retries, dependencies and reclaims


@pytest.fixture(params=["dependency_graph", "three_queues", "image_array"])
def any_run(request, scenarios, simulate):
    return simulate(batchsim.load(scenarios / f"{request.param}.yaml"))


def area(at, change):
    """The integral of a step function that changes so at these instants, from the first to the last."""
    order = np.argsort(at, kind="stable")
    return int((np.cumsum(change[order])[:-1] * np.diff(at[order])).sum())


def test_t22_1_times_in_the_system_add_up_to_the_integral_of_those_in_it(any_run):
    created, ended = ms(any_run.jobs["created_at_s"]), ms(any_run.jobs["ended_at_s"])
    present = area(np.concatenate([created, ended]), np.repeat([1, -1], len(created)))
    throttled = ms(any_run.jobs["throttled_s"]).sum()
    assert present == ms(any_run.jobs["turnaround_s"]).sum() - throttled


def test_t22_2_the_vcpus_of_attempts_add_up_to_the_integral_of_those_in_use(any_run):
    attempts, instances = any_run.attempts, any_run.instances
    start, end, vcpus = ms(attempts["starting_at_s"]), ms(attempts["ended_at_s"]), attempts["vcpus"].to_numpy()
    used = area(np.concatenate([start, end]), np.concatenate([vcpus, -vcpus]))
    assert used == int(((end - start) * vcpus).sum())
    on = (instances["ended_at_s"] - instances["ready_at_s"]).fillna(0)  # one lost while it boots is never ready
    assert used <= int((ms(on) * instances["vcpus"].to_numpy()).sum())
