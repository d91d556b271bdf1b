"""``events.jsonl``: EventBridge's "Batch Job State Change", line by line, the same bytes each time."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from analysis.builders import attempt, call, instance, job, ms, run
from report.runs import SCENARIO, finished, forty_jobs

from batchsim.formats.events_jsonl import lines
from batchsim.records.tables import Records
from batchsim.records.vocabulary import JobState, Outcome
from batchsim.spec import Scenario, parse

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

Event = dict[str, Any]

WITH_WORK: dict[str, Any] = {
    **SCENARIO,
    "jobQueues": [
        {
            "jobQueueName": "main",
            "priority": 1,
            "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "hosts"}],
        }
    ],
    "jobDefinitions": [
        {
            "jobDefinitionName": "def",
            "type": "container",
            "containerProperties": {"image": "busybox", "vcpus": 1, "memory": 1024, "command": ["echo", "Ref::word"]},
            "retryStrategy": {"attempts": 2, "evaluateOnExit": [{"action": "RETRY", "onReason": "*"}]},
        }
    ],
    "workload": [
        {
            "id": "work",
            "submit": {
                "jobName": "hello",
                "jobQueue": "main",
                "jobDefinition": "def",
                "parameters": {"word": "hi"},
                "containerOverrides": {"environment": [{"name": "A", "value": "1"}]},
            },
            "at": "0s",
            "run": "60s",
        }
    ],
}


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return parse(WITH_WORK)


def retried() -> Records:
    tries = [
        attempt(5, 20, boot=5, outcome=Outcome.FAILED, exit_code=1),
        attempt(30, 60, attempt=2, runnable_at_ms=ms(20)),
    ]
    return run(attempts=tries, jobs=[job(attempts=2, ended_at_ms=ms(60))], calls=[call()], instances=[instance()])


def events(records: Records, scenario: Scenario, seed: int = 1) -> list[Event]:
    return [json.loads(line) for line in lines(records, scenario, seed)]


def test_the_envelope_is_eventbridges(scenario: Scenario) -> None:
    event = events(retried(), scenario)[0]
    assert list(event) == [
        "version",
        "id",
        "detail-type",
        "source",
        "account",
        "time",
        "region",
        "resources",
        "detail",
    ]
    assert (event["source"], event["detail-type"]) == ("aws.batch", "Batch Job State Change")
    assert event["time"] == "2026-01-01T00:00:00Z"
    assert event["resources"] == [event["detail"]["jobArn"]]
    assert UUID.fullmatch(event["id"])


def test_each_change_is_one_line_in_time_order(scenario: Scenario) -> None:
    found = events(retried(), scenario)
    assert [event["detail"]["status"] for event in found] == [
        "RUNNABLE",
        "STARTING",
        "RUNNING",
        "RUNNABLE",
        "STARTING",
        "RUNNING",
        "SUCCEEDED",
    ]
    assert [event["time"] for event in found] == sorted(event["time"] for event in found)
    assert len({event["id"] for event in found}) == len(found)


def test_the_detail_says_what_was_asked_for(scenario: Scenario) -> None:
    detail = events(retried(), scenario)[0]["detail"]
    assert detail["jobName"] == "hello"
    assert detail["container"]["command"] == ["echo", "hi"]
    assert detail["container"]["environment"] == [{"name": "A", "value": "1"}]
    assert detail["container"]["resourceRequirements"] == [
        {"type": "VCPU", "value": "1"},
        {"type": "MEMORY", "value": "1024"},
    ]
    assert detail["retryStrategy"] == {"attempts": 2, "evaluateOnExit": [{"action": "RETRY", "onReason": "*"}]}
    assert detail["jobQueue"].endswith(":job-queue/main")


def test_ended_attempts_are_listed_as_they_end(scenario: Scenario) -> None:
    found = [event["detail"] for event in events(retried(), scenario)]
    assert [len(detail["attempts"]) for detail in found] == [0, 0, 0, 1, 1, 1, 2]
    assert found[3]["attempts"][0]["container"]["exitCode"] == 1
    assert found[-1]["container"]["exitCode"] == 0


def test_instants_are_epoch_milliseconds(scenario: Scenario) -> None:
    start = 1_767_225_600_000
    found = [event["detail"] for event in events(retried(), scenario)]
    assert found[0]["createdAt"] == start
    assert found[2]["startedAt"] == start + 10_000
    assert (found[-1]["startedAt"], found[-1]["stoppedAt"]) == (start + 30_000, start + 60_000)


def test_the_extension_knows_only_what_is_past(scenario: Scenario) -> None:
    found = [event["detail"]["batchsim"] for event in events(retried(), scenario)]
    assert "startingAt" not in found[0]
    assert found[1]["startingAt"] == found[1]["at"]
    assert [extension["attempt"] for extension in found] == [1, 1, 1, 2, 2, 2, 2]


def test_children_and_parents_of_an_array_have_awss_ids(scenario: Scenario) -> None:
    parent = call(size=2, is_array=True, ended_at_ms=ms(60), state=JobState.FAILED)
    jobs = [job(array_index=0, ended_at_ms=ms(60)), job(array_index=1, ended_at_ms=ms(60), state=JobState.FAILED)]
    tries = [attempt(5, 60, job=0), attempt(5, 60, job=1, outcome=Outcome.FAILED, exit_code=1)]
    records = run(calls=[parent], jobs=jobs, attempts=tries, instances=[instance()])
    found = [event["detail"] for event in events(records, scenario)]
    assert found[0]["arrayProperties"] == {"size": 2, "statusSummary": {}}
    assert found[-1]["arrayProperties"]["statusSummary"] == {"SUCCEEDED": 1, "FAILED": 1}
    assert found[-1]["arrayProperties"]["statusSummaryLastUpdatedAt"] == found[-1]["batchsim"]["at"]
    assert {detail["jobId"].removeprefix(found[0]["jobId"]) for detail in found} == {"", ":0", ":1"}


def test_dependencies_name_the_parents_id(scenario: Scenario) -> None:
    edges = [{"submission": 1, "parent": 0, "kind": 2}]
    records = run(attempts=[attempt(5, 60), attempt(5, 60)], instances=[instance()], edges=edges)
    ids = {event["detail"]["batchsim"]["jobId"]: event["detail"] for event in events(records, scenario)}
    first, second = ids.values()
    assert second["dependsOn"] == [{"jobId": first["jobId"], "type": "N_TO_N"}]


def test_the_seed_alone_decides_the_ids(scenario: Scenario) -> None:
    one, again, other = (list(lines(forty_jobs(), scenario, seed)) for seed in (1, 1, 2))
    assert one == again
    assert json.loads(one[0])["id"] != json.loads(other[0])["id"]


def test_jobs_that_the_file_does_not_know_have_events_too() -> None:
    assert finished().summary()["jobs"]["total"] == 40
    assert events(forty_jobs(), parse(SCENARIO))[0]["detail"]["jobName"] == "work"


def test_every_line_is_one_line(scenario: Scenario) -> None:
    records = forty_jobs(texts={"container_reasons": ("two\nlines",)})
    assert all(line.count("\n") == 1 and line.endswith("\n") for line in lines(records, scenario, 1))
