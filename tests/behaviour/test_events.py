"""Events of job state changes and what they tell of a job, as EventBridge and DescribeJobs do.

https://docs.aws.amazon.com/batch/latest/userguide/batch_cwe_events.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_JobDetail.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_AttemptDetail.html
"""

from __future__ import annotations

import json

import pytest
from scenario_builder import environment, fails, job, scenario, starts

START_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z, when a simulation starts unless it says otherwise."""
STAGES = {"new_image": "20s", "warm_start": "5s"}


def events(result, job_id="a"):
    """The events of one job, or array, in order."""
    lines = "".join(result.files(events=True)["events.jsonl"]).splitlines()
    return [event for event in map(json.loads, lines) if event["detail"]["batchsim"]["jobId"] == job_id]


def last(result, job_id="a"):
    """What the last event of a job tells."""
    return events(result, job_id)[-1]["detail"]


def spot():
    return environment("spot", type="SPOT", allocationStrategy="BEST_FIT_PROGRESSIVE")


def test_an_event_has_the_envelope_of_eventbridge(simulate):
    first = events(simulate(scenario(job("a"), simulation={"start": "2026-03-01T22:00:00Z", "until": "drained"})))[0]
    assert list(first) == [
        "version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"
    ]  # fmt: skip
    assert (first["source"], first["detail-type"]) == ("aws.batch", "Batch Job State Change")
    assert (first["time"], first["region"]) == ("2026-03-01T22:00:00Z", "us-east-1")
    assert first["resources"] == [first["detail"]["jobArn"]]
    assert first["detail"]["jobArn"].startswith("arn:aws:batch:us-east-1:123456789012:job/")


def test_every_change_of_state_is_one_event(simulate):
    result = simulate(scenario(job("a", fails(1), attempts=2)))
    states = [event["detail"]["status"] for event in events(result)]
    assert states == ["RUNNABLE", "STARTING", "RUNNING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]
    assert len({event["id"] for event in events(result)}) == len(states)


def test_events_are_written_only_if_asked_for(simulate, tmp_path):
    result = simulate(scenario(job("a")))
    result.write(tmp_path / "without")
    result.write(tmp_path / "with", events=True)
    assert not (tmp_path / "without" / "events.jsonl").exists()
    assert (tmp_path / "with" / "events.jsonl").stat().st_size > 0


def test_an_event_tells_what_was_asked_for(simulate):
    rules = [{"action": "EXIT", "onExitCode": "1"}]
    asked = job("a", needs=["p"], attempts=2, rules=rules, timeout_s=90, vcpus=1, memory=2000)
    told = last(simulate(scenario(job("p", "1s"), asked)))
    assert told["retryStrategy"] == {"attempts": 2, "evaluateOnExit": rules}
    assert told["timeout"] == {"attemptDurationSeconds": 90}
    assert told["container"]["resourceRequirements"] == [
        {"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2000"}
    ]  # fmt: skip
    assert len(told["dependsOn"]) == 1
    assert told["jobDefinition"].endswith(":job-definition/job:1")
    assert told["jobQueue"].endswith(":job-queue/queue")


def test_instants_are_milliseconds_of_the_epoch(simulate):
    told = last(simulate(scenario(job("a", "1500ms", at="10s"), world=STAGES)))
    assert told["createdAt"] == START_MS + 10_000
    assert (told["startedAt"], told["stoppedAt"]) == (START_MS + 35_000, START_MS + 36_500)


def test_a_retried_jobs_instants_are_those_of_its_last_attempt(simulate):
    told = last(simulate(scenario(job("a", fails(3, run="10s", then="20s"), attempts=2))))
    assert (told["startedAt"], told["stoppedAt"]) == (START_MS + 10_000, START_MS + 30_000)
    assert [(each["startedAt"], each["stoppedAt"]) for each in told["attempts"]] == [
        (START_MS, START_MS + 10_000),
        (START_MS + 10_000, START_MS + 30_000),
    ]


def test_every_attempt_tells_its_own_reasons_and_its_host(simulate):
    lost = [{"kind": "spot_reclaim", "at": "10s", "select": {"environment": "spot", "ordinal": 0}}]
    result = simulate(scenario(job("a", attempts=2), environments=[spot()], faults=lost))
    first, second = last(result)["attempts"]
    assert first["statusReason"].startswith("Host EC2 (instance i-")
    assert (second["statusReason"], second["container"]["exitCode"]) == ("Essential container in task exited", 0)
    hosts = [each["container"]["containerInstanceArn"] for each in (first, second)]
    assert len(set(hosts)) == 2
    assert "exitCode" not in first["container"]


def test_what_aws_does_not_tell_stands_apart(simulate):
    result = simulate(scenario(job("a", "60s"), job("b", at="10s"), world={"warm_start": "5s"}))
    starting = events(result, "b")[1]["detail"]
    assert (starting["status"], starts(result)["b"]) == ("STARTING", 65)
    assert starting["batchsim"] == {
        "jobId": "b",
        "at": START_MS + 65_000,
        "attempt": 1,
        "runnableAt": START_MS + 10_000,
        "startingAt": START_MS + 65_000,
    }
    assert not {"runnableAt", "startingAt"} & set(starting)


@pytest.mark.parametrize("length", [255, 256])
def test_a_containers_reason_has_255_characters_at_most(length, simulate):
    wordy = job("a", fails=[{"probability": 1, "reason": "x" * length}])
    assert len(last(simulate(scenario(wordy)))["container"]["reason"]) == 255
