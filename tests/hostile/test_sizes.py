"""Numbers that would fill the memory, run for ever, or leave 64 bits are refused where they stand, before a run."""

from __future__ import annotations

import time
from typing import Any

import pytest
from effort import patience
from scenario_builder import environment, fixed, job, scenario, scenario_data

import batchsim
from batchsim.errors import Problem, ScenarioError
from batchsim.formats.yaml_writer import write_yaml

MANY = 10**9


def told(*workload: dict[str, Any], **keys: Any) -> Problem:
    """The first problem of a scenario that must be refused within two seconds of work."""
    began = time.process_time()
    with pytest.raises(ScenarioError) as caught:
        batchsim.run(batchsim.loads(write_yaml(scenario_data(*workload, **keys))), seed=1)
    assert time.process_time() - began < patience(2)
    return caught.value.problems[0]


@pytest.mark.parametrize(
    "entry",
    [
        job("a", count=MANY),
        job("a", count=10_000, size=10_000),
        job("a", size=10_000, at={"poisson": "1/s", "for": "10h"}),
        job("a", at={"poisson": "1000000000/s", "for": "1h"}),
        {"workflow": [job("a")], "count": MANY, "at": "0s"},
        {"workflow": [job("a", count=100_000)], "count": 100_000, "at": "0s"},
        {"workflow": [job("a")], "count": MANY, "at": {"cron": "* * * * ? *", "for": "1d"}},
    ],
    ids=["count", "arrays", "arriving-arrays", "arrivals", "workflows", "copies", "cron"],
)
def test_more_jobs_than_the_memory_holds_are_counted_before_they_are_made(entry) -> None:
    problem = told(entry)
    assert (problem.code, problem.line > 0) == ("E151", True)
    assert "simulation.max_jobs" in problem.hint


def test_entries_that_are_too_many_together_are_refused_too() -> None:
    workload = [job(name, count=2_000_000) for name in ("a", "b", "c")]
    assert told(*workload).message == "the workload makes 6,000,000 jobs"


def test_the_limit_is_the_users_to_set() -> None:
    workload = (job("a", "1s", count=5),)
    assert told(*workload, simulation={"max_jobs": 4}).code == "E151"
    assert len(batchsim.run(scenario(*workload, simulation={"max_jobs": 5}), seed=1).jobs) == 5


@pytest.mark.parametrize("key", ["minvCpus", "desiredvCpus"])
def test_a_billion_warm_instances_are_refused(key) -> None:
    assert told(job("a"), environments=[environment(**{"maxvCpus": MANY, key: MANY})]).code == "E151"


def test_an_action_cannot_ask_for_them_either() -> None:
    raise_it = [{"at": "1s", "set": "hosts.minvCpus", "to": MANY}]
    assert told(job("a"), environments=[environment(maxvCpus=MANY)], actions=raise_it).code == "E151"


def test_starts_that_next_to_never_succeed_would_be_retried_for_ever() -> None:
    assert told(job("a"), world={"start_failure": 0.9999999, "count_start_failures": False}).code == "E144"


def box(**changes: Any) -> dict[str, Any]:
    return {"instanceTypes": {"box.1": {"vcpu": 1, "memory": "4GiB", "price": "$0.1/h", **changes}}}


@pytest.mark.parametrize(
    ("world", "code"),
    [
        (box(vcpu=10_001), "E130"),
        (box(gpu=1_001), "E130"),
        (box(memory="1PiB"), "E146"),
        (box(price="$10000.01/h"), "E148"),
        ({"root_gb": 65_536.1}, "E148"),
        ({"root_gb": 30.0001}, "E148"),
        ({"gp3_gb_month": "$10.01"}, "E148"),
        ({"spot_factor": 10.1}, "E148"),
        ({"fargate_spot_factor": 1e308}, "E148"),
        ({"spot_hazard": 3_601}, "E142"),
        ({"spot_shocks_per_day": 1_441}, "E142"),
    ],
)
def test_what_no_cloud_has_is_refused_where_it_stands(world, code) -> None:
    problem = told(job("a"), world=world)
    assert (problem.code, problem.path[0], problem.line > 0) == (code, "world", True)


def test_the_edges_themselves_are_fine(simulate) -> None:
    most = {**box(vcpu=10_000, gpu=1_000, memory="1000000000MiB", price="$10000/h"), "root_gb": 65_536}
    result = simulate(scenario(job("a"), environments=[fixed(10_000)], world={**most, "gp3_gb_month": "$10"}))
    (host,) = result.instances.itertuples()
    assert (host.vcpus, result.jobs["state"].tolist()) == (10_000, ["SUCCEEDED"])
    assert result.summary()["cost"]["total_usd"] > 10_000 / 60


def test_a_bill_beyond_sixty_four_bits_is_no_wrong_number() -> None:
    dear = {"environments": [fixed(2_000)], "world": box(price="$10000/h")}
    result = batchsim.run(scenario(job("a", "1000h"), **dear), seed=1)
    with pytest.raises(ScenarioError, match="billions of dollars"):
        result.summary()


@pytest.mark.parametrize("start", ["0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z"])
def test_the_clock_starts_in_years_that_calendars_have(start) -> None:
    cron = job("a", at={"cron": "0 0 1 1 ? *", "for": "365d"})
    assert told(cron, simulation={"start": start}).code == "E115"


@pytest.mark.parametrize(
    ("name", "condition", "code"), [("makespan", "< 4h", "E106"), ("makespan_s", "< 4 parsecs", "E115")]
)
def test_a_threshold_that_cannot_be_read_is_told_before_the_run(name, condition, code) -> None:
    problem = told(job("a"), thresholds={name: condition})
    assert (problem.code, problem.path) == (code, ("thresholds", name))


@pytest.mark.parametrize("key", ["<a>", "[key]", "<entry>", "[0]"])
def test_a_key_that_looks_like_a_mark_of_ours_is_an_unknown_key(key) -> None:
    assert told(job("a"), **{key: 1}).path == (key,)


def test_a_value_of_any_length_gives_a_line_that_can_be_read() -> None:
    problem = told(job("a"), environments=[environment("hosts", ["x" * 100_000])])
    assert len(str(problem)) < 3_000
