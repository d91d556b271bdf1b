"""Limits of the service: sizes that are refused before a run, calls that are refused while it runs, HTTP 429.

https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_RetryStrategy.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from scenario_builder import Data, column, fails, fargate, fixed, job, jobs_of, queue, scenario, scenario_data, task

import batchsim
from batchsim.spec import parse

# -- sizes: at the limit a scenario is sound, one beyond it is not, and strict_limits: false lifts it


@dataclass(frozen=True)
class Limit:
    """A limit of the service: what makes a story of a size, the largest (or least) allowed size, one beyond it."""

    name: str
    make: Callable[[int], Data]
    allowed: int
    refused: int
    code: str

    def __str__(self) -> str:
        return f"{self.name} {self.allowed}"


def of_definition(**keys: Any) -> Data:
    """A story whose job definition says more."""
    data = scenario_data(job("a"))
    data["jobDefinitions"][0] |= keys
    return data


def of_container(**keys: Any) -> Data:
    data = scenario_data(job("a"))
    data["jobDefinitions"][0]["containerProperties"] |= keys
    return data


def of_request(**keys: Any) -> Data:
    data = scenario_data(job("a"))
    data["workload"][0]["submit"] |= keys
    return data


def of_environment(**keys: Any) -> Data:
    data = scenario_data(job("a"))
    data["computeEnvironments"][0] |= keys
    return data


def of_queue(**keys: Any) -> Data:
    data = scenario_data(job("a"))
    data["jobQueues"][0] |= keys
    return data


def padded(make: Callable[[str], Data], part: Callable[[Data], Any]) -> Callable[[int], Data]:
    """Make a part of a story exactly so many bytes long, as JSON without white space."""

    def padded_to(size: int) -> Data:
        import json

        bare = len(json.dumps(part(make("")), separators=(",", ":")).encode())
        return make("x" * (size - bare))

    return padded_to


def tags(count: int, prefix: str = "t") -> dict[str, str]:
    return {f"{prefix}{n}": "v" for n in range(count)}


def rules(count: int) -> Data:
    return {"attempts": 2, "evaluateOnExit": [{"onExitCode": "1", "action": "RETRY"}] * count}


def many_queues(count: int) -> Data:
    return scenario_data(job("a"), queues=[queue(), *(queue(f"queue-{n}") for n in range(1, count))])


def many_environments(count: int) -> Data:
    places = [fixed(), *(fixed(name=f"hosts-{n}") for n in range(1, count))]
    return scenario_data(job("a"), environments=places, queues=[queue()])


def environments_of_a_queue(count: int) -> Data:
    return scenario_data(job("a"), environments=[fixed(name=f"hosts-{n}") for n in range(count)])


def joint_tags(count: int) -> Data:
    data = of_definition(tags=tags(30, "definition"))
    data["workload"][0]["submit"]["tags"] = tags(count - 30)
    return data


def stuck_for(seconds: int) -> Data:
    action = {"reason": "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", "state": "RUNNABLE", "action": "CANCEL"}
    return of_queue(jobStateTimeLimitActions=[{**action, "maxTimeSeconds": seconds}])


def storage(gib: int) -> Data:
    data = scenario_data(task("a"), environments=[fargate()])
    data["jobDefinitions"][1]["containerProperties"]["ephemeralStorage"] = {"sizeInGiB": gib}
    return data


def command(text: str) -> Data:
    return of_container(command=[text])


LIMITS = (
    Limit("dependencies", lambda n: scenario_data(*map(job, names(n)), job("a", needs=names(n))), 20, 21, "E127"),
    Limit("largest array", lambda n: scenario_data(job("a", size=n)), 10_000, 10_001, "E129"),
    Limit("least array", lambda n: scenario_data(job("a", size=n)), 2, 1, "E129"),
    Limit("attempts", lambda n: scenario_data(job("a", attempts=n)), 10, 11, "E134"),
    Limit("attempts of a definition", lambda n: of_definition(retryStrategy={"attempts": n}), 10, 11, "E134"),
    Limit("least attempts", lambda n: scenario_data(job("a", attempts=n)), 1, 0, "E134"),
    Limit("rules", lambda n: of_request(retryStrategy=rules(n)), 5, 6, "E135"),
    Limit("rules of a definition", lambda n: of_definition(retryStrategy=rules(n)), 5, 6, "E135"),
    Limit("pattern", lambda n: of_request(retryStrategy=pattern("onReason", n)), 512, 513, "E136"),
    Limit("pattern of a status", lambda n: of_request(retryStrategy=pattern("onStatusReason", n)), 512, 513, "E136"),
    Limit("timeout", lambda n: scenario_data(job("a", timeout_s=n)), 60, 59, "E138"),
    Limit("stuck for at least", stuck_for, 600, 599, "E114"),
    Limit("stuck for at most", stuck_for, 86_400, 86_401, "E114"),
    Limit("least storage", storage, 21, 20, "E114"),
    Limit("most storage", storage, 200, 201, "E114"),
    Limit("environments of a queue", environments_of_a_queue, 3, 4, "E120"),
    Limit("queues", many_queues, 50, 51, "E150"),
    Limit("environments", many_environments, 50, 51, "E150"),
    Limit("tags of a definition", lambda n: of_definition(tags=tags(n)), 50, 51, "E150"),
    Limit("tags of a request", lambda n: of_request(tags=tags(n)), 50, 51, "E150"),
    Limit("tags of a queue", lambda n: of_queue(tags=tags(n)), 50, 51, "E150"),
    Limit("tags of an environment", lambda n: of_environment(tags=tags(n)), 50, 51, "E150"),
    Limit("tags of a job and its definition", joint_tags, 50, 51, "E150"),
    Limit(
        "job definition",
        padded(command, lambda data: data["jobDefinitions"][0]),
        24 * 1024,
        24 * 1024 + 1,
        "E150",
    ),
    Limit(
        "SubmitJob request",
        padded(lambda text: of_request(parameters={"p": text}), lambda data: data["workload"][0]["submit"]),
        30 * 1024,
        30 * 1024 + 1,
        "E150",
    ),
    Limit(
        "container overrides",
        padded(
            lambda text: of_request(containerOverrides={"command": [text]}),
            lambda data: data["workload"][0]["submit"]["containerOverrides"],
        ),
        8_192,
        8_193,
        "E150",
    ),
)


def names(count: int) -> list[str]:
    return [f"j{n}" for n in range(count)]


def pattern(field: str, length: int) -> Data:
    return {"attempts": 2, "evaluateOnExit": [{field: "x" * length, "action": "RETRY"}]}


def codes(data: Data) -> list[str]:
    try:
        parse(data)
    except batchsim.ScenarioError as error:
        return sorted({problem.code for problem in error.problems})
    return []


@pytest.mark.parametrize("limit", LIMITS, ids=str)
def test_a_limit_refuses_one_beyond_it_and_no_less(limit):
    assert (codes(limit.make(limit.allowed)), codes(limit.make(limit.refused))) == ([], [limit.code])


@pytest.mark.parametrize("limit", LIMITS, ids=str)
def test_every_limit_can_be_switched_off(limit):
    data = limit.make(limit.refused)
    data["world"]["strict_limits"] = False
    assert codes(data) == ([] if limit.name != "least attempts" else ["E134"]), "no job without an attempt"


def test_a_call_from_outside_is_held_to_the_same_limits(drive):
    simulation = drive(parse(scenario_data(job("a"))))
    request = {"jobName": "big", "jobQueue": "queue", "jobDefinition": "job"}
    for more in ({"parameters": {"p": "x" * 31_000}}, {"tags": tags(51)}, {"arrayProperties": {"size": 10_001}}):
        with pytest.raises(batchsim.ScenarioError):
            simulation.submit({**request, **more})


def test_the_message_says_how_large_it_is_and_how_large_it_may_be():
    with pytest.raises(batchsim.ScenarioError) as caught:
        parse(of_request(parameters={"p": "x" * 40_000}))
    (problem,) = caught.value.problems
    assert problem.message == "the SubmitJob request is too large"
    assert problem.allowed == "at most 30 KiB (30720 bytes)"
    assert problem.value.endswith("bytes")


# -- jobs in SUBMITTED


def submitted(*workload, limit=5, **world):
    return parse(scenario_data(*workload, world={"submitted_limit": limit, **world}))


def refused(result):
    return result.submissions.set_index("job_id")[["state", "reason"]].query("state == 'NOT_SUBMITTED'")


TOO_MANY = "Too many jobs in the SUBMITTED state"


def test_jobs_beyond_the_limit_are_refused_and_each_call_is_a_record(simulate):
    result = simulate(submitted(job("a", "1s", size=3), job("b", "1s", count=4)))
    assert refused(result).reason.to_dict() == {"b@2": TOO_MANY, "b@3": TOO_MANY}
    assert column(result, "state")["b@2"] == "NOT_SUBMITTED"
    assert (result.jobs.state == "SUCCEEDED").sum() == 5


def test_an_array_is_taken_as_a_whole_or_not_at_all_and_smaller_calls_behind_it_may_still_fit(simulate):
    result = simulate(submitted(job("a", "1s", size=4), job("b", "1s", size=2), job("c", "1s")))
    assert list(refused(result).index) == ["b"]


@pytest.mark.parametrize(
    ("cycle", "accepted"),
    [("0s", ["a", "b", "c"]), ("1s", ["a", "c"]), ("10s", ["a"])],
)
def test_jobs_leave_submitted_when_the_scheduler_looks_at_them(cycle, accepted, simulate):
    work = [job(name, "1s", at=at) for name, at in (("a", "100ms"), ("b", "900ms"), ("c", "1100ms"))]
    result = simulate(submitted(*work, limit=1, scheduler_cycle=cycle))
    assert [name for name in "abc" if name not in refused(result).index] == accepted


def test_who_depends_on_a_refused_job_is_refused_too_and_who_follows_it_does_not_wait(simulate):
    work = [job("a", "1s", size=5), job("b", "1s"), job("c", "1s", at="5s", needs=["b"])]
    result = simulate(submitted(*work, job("d", "1s", at={"after": "b"}), scheduler_cycle="1s"))
    assert set(refused(result).index) == {"b", "c", "d"}


def test_a_call_from_outside_is_refused_likewise(drive):
    simulation = drive(submitted(job("a", "1s", size=5)))
    name = simulation.submit({"jobName": "late", "jobQueue": "queue", "jobDefinition": "job"}, run="1s")
    later = simulation.submit({"jobName": "later", "jobQueue": "queue", "jobDefinition": "job"}, run="1s", at="1m")
    result = simulation.finish()
    assert refused(result).reason.to_dict() == {name: TOO_MANY}
    assert jobs_of(result)[later].state == "SUCCEEDED"


def test_without_strict_limits_any_number_may_be_submitted(simulate):
    result = simulate(submitted(job("a", "1s", size=9), limit=1, strict_limits=False))
    assert result.jobs.state.tolist() == ["SUCCEEDED"] * 9


def test_a_million_jobs_are_taken_at_once_and_not_one_more():
    arrays = [job(f"a{n}", "1h", size=10_000) for n in range(100)]
    story = parse(scenario_data(*arrays, job("b"), simulation={"until": "1s"}))
    submissions = batchsim.run(story, seed=1).submissions
    assert submissions[submissions.state == "NOT_SUBMITTED"].job_id.tolist() == ["b"]


# -- calls a second


def test_fifty_calls_a_second_are_taken_and_the_rest_get_429_and_come_again(simulate):
    world = {"enforce_submit_tps": True, "submit_backoff_base": "1s"}
    result = simulate(parse(scenario_data(job("a", "1s", count=120), environments=[fixed(256)], world=world)))
    created = result.submissions.created_at_s.value_counts().sort_index()
    assert created.to_dict() == {0: 50, 1: 50, 3: 20}
    assert result.submissions.calls.value_counts().sort_index().to_dict() == {1: 50, 2: 50, 3: 20}
    assert result.summary()["jobs"]["submit_calls"] == 50 + 2 * 50 + 3 * 20


def test_each_refused_call_is_a_row_with_its_instant_and_error(simulate):
    world = {"enforce_submit_tps": True, "submit_tps": 1, "submit_backoff_base": "1s"}
    off = [{"at": "2s", "set": "queue.state", "to": "DISABLED"}]
    story = scenario_data(job("a", "1s", count=3), environments=[fixed(4)], world=world, actions=off)
    result = simulate(parse(story))
    throttled = ("TooManyRequestsException", "Too Many Requests")
    assert [tuple(row) for row in result.rejections.itertuples(index=False)] == [
        ("a@1", 1, 0, *throttled),
        ("a@2", 1, 0, *throttled),
        ("a@2", 2, 1, *throttled),
        ("a@2", 3, 3, "ClientException", "Job queue queue is disabled"),
    ]
    assert "rejections.csv" in result.files()


def test_a_run_that_refuses_nothing_has_no_table_of_it(simulate):
    result = simulate(parse(scenario_data(job("a"))))
    assert (len(result.rejections), "rejections.csv" in result.files()) == (0, False)


def test_an_array_is_one_call_whatever_its_size(simulate):
    world = {"enforce_submit_tps": True, "submit_tps": 2}
    work = [job("a", "1s", size=500), job("b", "1s")]
    result = simulate(parse(scenario_data(*work, environments=[fixed(512)], world=world)))
    assert result.submissions.calls.tolist() == [1, 1]


def test_by_default_nobody_counts_the_calls(simulate):
    result = simulate(parse(scenario_data(job("a", "1s", count=120), environments=[fixed(256)])))
    assert result.submissions.created_at_s.tolist() == [0] * 120


@pytest.mark.parametrize(
    ("base", "cap", "instants"), [("1s", "20s", [0, 1, 3, 7]), ("2s", "20s", [0, 2, 6, 14]), ("1s", "2s", [0, 1, 3, 5])]
)
def test_the_back_off_doubles_from_its_base_up_to_its_cap(base, cap, instants, simulate):
    world = {"enforce_submit_tps": True, "submit_tps": 1, "submit_backoff_base": base, "submit_backoff_cap": cap}
    result = simulate(parse(scenario_data(job("a", "1s", count=4), environments=[fixed(4)], world=world)))
    assert sorted(result.submissions.created_at_s) == instants


def test_a_client_that_keeps_to_the_rate_is_never_throttled(simulate):
    world = {"enforce_submit_tps": True}
    client = job("a", "1s", at={"rate": "50/s"}, count=200)
    result = simulate(parse(scenario_data(client, environments=[fixed(256)], world=world)))
    assert result.submissions.calls.tolist() == [1] * 200
    assert result.submissions.created_at_s.tolist() == [n / 50 for n in range(200)]


def test_a_client_that_goes_faster_waits_its_turn_behind_its_own_throttled_call(simulate):
    world = {"enforce_submit_tps": True, "submit_tps": 10, "submit_backoff_base": "1s"}
    client = job("a", "1s", at={"rate": "1000/s"}, count=21)
    result = simulate(parse(scenario_data(client, environments=[fixed(64)], world=world)))
    throttled = result.submissions[result.submissions.calls > 1]
    assert throttled.occurrence.tolist() == [10, 20]


def test_without_strict_limits_a_job_may_be_tried_as_often_as_one_likes(simulate):
    work = job("a", fails(1), attempts=1_000_000)
    result = simulate(scenario(work, world={"strict_limits": False}))
    assert result.jobs["attempts_allowed"].tolist() == [1_000_000]
    assert column(result, "state")["a"] == "SUCCEEDED"
