"""What nearly limited a run: each limit at its tightest instant, recounted by plain loops where that can be done."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction

import pytest
from effort import effort, first_number
from scenario_builder import definition, environment, fair, fargate, fixed, job, queue, scenario, task

import batchsim
from batchsim import Result
from batchsim.analysis.limits import NEARLY
from batchsim.report.terminal import report_text
from tests.properties.claims import numbered


def run(*work: object, **keys: object) -> Result:
    return batchsim.run(scenario(*work, **keys), seed=1)


def limit(result: Result, what: str, where: str | None = None) -> tuple[float, float, float, float]:
    rows = result.limits[result.limits["what"] == what]
    rows = rows if where is None else rows[rows["where"] == where]
    (row,) = rows.itertuples()
    return row.peak, row.limit, row.share, row.at_s


def test_an_environment_that_grew_to_its_maximum_reached_its_limit() -> None:
    result = run(job("a", "60s", size=9, at="30s"), environments=[environment(types=("box.2",), maxvCpus=6)])
    assert limit(result, "environment_vcpus") == (6, 6, 1, 30)
    assert limit(result, "pool_vcpus")[:3] == (6, 6, 1)


def test_a_maximum_that_an_action_raised_counts_as_it_was_then() -> None:
    actions = [{"at": "100s", "set": "hosts.maxvCpus", "to": 40}]
    work = [job("a", "50s", size=3), job("b", "50s", size=8, at="200s")]
    result = run(*work, environments=[environment(maxvCpus=4)], actions=actions)
    assert limit(result, "environment_vcpus") == (3, 4, 0.75, 0)


def test_quotas_count_all_environments_of_a_class() -> None:
    quota = {"ec2_vcpu_quota": {"on_demand": {"standard": 6}}}
    places = [environment("one"), environment("two")]
    queues = [queue("q1", "one"), queue("q2", "two")]
    result = run(job("a", size=2, on="q1"), job("b", size=2, on="q2"), environments=places, queues=queues, world=quota)
    assert limit(result, "ec2_vcpu_quota") == (4, 6, round(4 / 6, 6), 0)


def test_fargate_counts_the_vcpus_of_its_tasks_and_its_bucket_of_launches() -> None:
    world = {"fargate_vcpu_quota": 20, "fargate_burst": 10, "fargate_rate": "1/s"}
    result = run(task("t", "60s", size=8), environments=[fargate("hosts")], world=world)
    assert limit(result, "fargate_vcpu_quota") == (8, 20, 0.4, 0)
    assert limit(result, "fargate_launches") == (8, 10, 0.8, 0)


def test_a_capacity_fault_is_a_limit_while_it_lasts() -> None:
    fault = {"name": "crunch", "kind": "capacity", "at": "100s", "for": "100s", "capacity": 3}
    work = [job("a", "30s", size=4), job("b", "30s", size=2, at="120s")]
    result = run(*work, environments=[environment()], faults=[fault])
    assert limit(result, "capacity_fault", "crunch") == (2, 3, round(2 / 3, 6), 120)


def test_a_consumable_resource_is_measured_against_its_total_of_the_instant() -> None:
    needs = {"consumableResourceList": [{"consumableResource": "licences", "quantity": 1}]}
    kind = definition("licensed", consumableResourceProperties=needs)
    result = run(
        job("a", "60s", size=3, kind="licensed"),
        environments=[fixed(4)],
        definitions=[kind],
        consumableResources=[{"consumableResourceName": "licences", "totalQuantity": 5}],
        actions=[{"at": "30s", "set": "licences.totalQuantity", "to": 4}],
    )
    assert limit(result, "consumable_resource") == (3, 4, 0.75, 30)


def test_active_shares_and_what_a_reservation_leaves_are_limits() -> None:
    keys = fair(computeReservation=50)
    work = [job("a", "60s", size=3, share="red"), job("b", "60s", size=2, share="blue", at="10s")]
    result = run(*work, **keys, environments=[fixed(4)])
    assert limit(result, "active_shares") == (2, 500, 0.004, 10)
    assert limit(result, "unreserved_vcpus") == (2, 2, 1, 0)


def test_submissions_are_counted_by_the_second() -> None:
    result = run(job("a", "1s", count=30, at={"rate": "20/s"}), environments=[fixed(4)])
    assert limit(result, "submit_calls")[:3] == (20, 50, 0.4)


def test_sizes_have_no_instant() -> None:
    result = run(job("a", "1s", size=100), environments=[fixed(4)])
    peak, most, share, at_s = limit(result, "array_size")
    assert (peak, most, share, math.isnan(at_s)) == (100, 10_000, 0.01, True)


def test_the_report_names_what_was_near_and_nothing_else() -> None:
    near = run(job("a", "60s", size=4), environments=[environment(maxvCpus=5)])
    far = run(job("a", "60s", size=3), environments=[environment(maxvCpus=5)])
    assert near.limits["share"].max() == pytest.approx(NEARLY)
    assert "Nearly limited" in report_text(near.summary())
    assert "maxvCpus of hosts" in report_text(near.summary()).split("Nearly limited")[1].split("\n\n")[0]
    assert "Nearly limited" not in report_text(far.summary())


def test_a_run_of_nothing_has_no_use_of_any_limit() -> None:
    assert batchsim.run(batchsim.loads("{}")).limits["peak"].max() == 0


# -- recounted at random


def changes(spans: list[tuple[int, int, int]]) -> Iterator[tuple[int, int]]:
    """Every instant at which the sum of spans [start, end) of a size changes, and the sum from there on."""
    for at in sorted({0, *(at for start, end, _ in spans for at in (start, end))}):
        yield at, sum(size for start, end, size in spans if start <= at < end)


def tightest(levels: list[tuple[int, int]], caps: list[tuple[int, int]], end: int) -> tuple[Fraction, int]:
    """The largest share of a limit over time, and when first."""
    best = (Fraction(0), 0)
    for at in sorted({at for at, _ in levels} | {at for at, _ in caps}):
        level = [amount for since, amount in levels if since <= at][-1]
        cap = [amount for since, amount in caps if since <= at][-1]
        if at < max(end, 1) and cap and Fraction(level, cap) > best[0]:
            best = (Fraction(level, cap), at)
    return best


def ms(seconds: float) -> int:
    return round(seconds * 1000)


def unlike(result: Result) -> list[str]:
    """vCPUs of environments, and consumable resources, counted anew."""
    end, problems = result.records.horizon_ms, []
    found = {(row.what, row.where): row for row in result.limits.itertuples()}
    for place in result.scenario.computeEnvironments:
        name, resources = place.computeEnvironmentName, place.computeResources
        row = found.get(("environment_vcpus", name))
        if row is None or resources.is_fargate or any(action.set for action in result.scenario.actions):
            continue
        lives = result.instances[result.instances["environment"] == name]
        spans = [
            (ms(each.launched_at_s), end if math.isnan(each.ended_at_s) else ms(each.ended_at_s), each.vcpus)
            for each in lives.itertuples()
        ]
        share, at = tightest(list(changes(spans)), [(0, resources.maxvCpus)], end)
        if (round(float(share), 6), ms(row.at_s)) != (row.share, at if share else 0):
            problems.append(f"{name}: {row.share} at {row.at_s} s, should be {float(share)} at {at} ms")
    for name, rows in result.consumables.groupby("resource", observed=True):
        use = [(ms(each.at_s), each.in_use, each.total) for each in rows.itertuples()]
        best = max((Fraction(used, total) for _, used, total in use if total), default=Fraction(0))
        told = found.get(("consumable_resource", name))
        if best and (told is None or told.share != round(float(best), 6)):
            problems.append(f"{name}: {told and told.share}, should be {float(best)}")
    return problems


def test_limits_of_random_scenarios_are_what_a_recount_finds(cases: Callable[[int], None]) -> None:
    first = first_number()
    numbers = range(first, first + effort(fast=15, verify=40, long=2_000))
    assert {number: told for number in numbers if (told := unlike(numbered(number).result))} == {}
    cases(len(numbers))
