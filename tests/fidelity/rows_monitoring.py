"""Rows of the table of behaviours: events and descriptions of jobs (User Guide, "AWS Batch events")."""

import json
from dataclasses import fields

from fidelity_rows import Row
from mutations import around

from batchsim import Result
from batchsim.formats import state_changes
from batchsim.formats.event_lines import _Lines
from batchsim.formats.events_jsonl import line
from batchsim.records.vocabulary import JobState

EVENTS = "tests/behaviour/test_events.py"
STATES = "tests/behaviour/test_job_states.py"
GUIDE = "User Guide, AWS Batch events (batch_cwe_events)"
DETAIL = "API, JobDetail"
ATTEMPT = "API, AttemptDetail and AttemptContainerDetail"
WRITER = "batchsim/formats/events_jsonl.py events"


def told(change):
    """What events of jobs tell is changed by ``change(event)``."""

    def tell(method, self, *given):
        event = json.loads(method(self, *given))
        change(event)
        return line(event)

    return around(_Lines, "job", tell)


def detail(**changes):
    """Fields of an event's detail replaced, where they are there."""

    def change(event):
        for field, make in changes.items():
            if field in event["detail"]:
                event["detail"][field] = make(event["detail"][field])

    return told(change)


def of_the_first_attempt(event):
    """Instants of the first attempt in place of the last."""
    if event["detail"]["attempts"]:
        event["detail"].update(startedAt=event["detail"]["attempts"][0]["startedAt"])


def without_starting(patch):
    """The change to STARTING is no event."""
    changes = state_changes.state_changes

    def others(records):
        found = changes(records)
        kept = found.state != JobState.STARTING
        return state_changes.Changes(**{column.name: getattr(found, column.name)[kept] for column in fields(found)})

    patch.setattr("batchsim.formats.event_lines.state_changes", others)


ROWS = [
    Row(
        id="B46",
        rule=(
            "Every change of state is an event; the instants of RUNNABLE and STARTING, which AWS tells by events "
            "only, stand in it apart from AWS's own fields"
        ),
        source=GUIDE,
        where=WRITER,
        tests=(
            f"{EVENTS}::test_every_change_of_state_is_one_event",
            f"{EVENTS}::test_what_aws_does_not_tell_stands_apart",
        ),
        status="exact",
        breaks=without_starting,
        note="Written on request (`events=True`, `--events`)",
    ),
    Row(
        id="9.1a",
        rule="An event has EventBridge's envelope: source aws.batch, detail-type Batch Job State Change, the job's ARN",
        source=GUIDE,
        where=WRITER,
        tests=f"{EVENTS}::test_an_event_has_the_envelope_of_eventbridge",
        status="exact",
        breaks=told(lambda event: event.update(source="batch")),
    ),
    Row(
        id="9.1c",
        rule="Events are delivered at least once: duplicates are possible",
        source=GUIDE,
        where=WRITER,
        tests=f"{EVENTS}::test_every_change_of_state_is_one_event",
        status="modelled",
        breaks=without_starting,
        note="Each comes once, in time order",
    ),
    Row(
        id="9.1d",
        rule="Nothing is written of events unless it is asked for",
        source="batchsim's own: a large run has many",
        where="batchsim/result.py Result.write",
        tests=f"{EVENTS}::test_events_are_written_only_if_asked_for",
        status="exact",
        breaks=around(Result, "files", lambda files, self, *, events, **how: files(self, events=True, **how)),
    ),
    Row(
        id="9.2a",
        rule="An event's detail is a JobDetail: what was asked for, dependencies, attempts, container and reasons",
        source=DETAIL,
        where=WRITER,
        tests=f"{EVENTS}::test_an_event_tells_what_was_asked_for",
        status="modelled",
        breaks=detail(retryStrategy=lambda given: {"attempts": 1}),
        note=(
            "Without taskArn, logStreamName, isCancelled and isTerminated, and the fields of nodes, EKS and "
            "several containers"
        ),
    ),
    Row(
        id="9.2b",
        rule="All instants are milliseconds of the epoch, and startedAt and stoppedAt bound RUNNING",
        source=DETAIL,
        where=WRITER,
        tests=f"{EVENTS}::test_instants_are_milliseconds_of_the_epoch",
        status="exact",
        breaks=detail(createdAt=lambda at: at // 1000),
    ),
    Row(
        id="9.2c",
        rule="The instants of a retried job are its last attempt's",
        source="not documented for the job, documented for attempts (API, AttemptDetail)",
        where=WRITER,
        tests=f"{EVENTS}::test_a_retried_jobs_instants_are_those_of_its_last_attempt",
        status="modelled",
        breaks=told(of_the_first_attempt),
        note="Each attempt has its own",
    ),
    Row(
        id="9.2d",
        rule="Every attempt has its own reasons, exit code and host",
        source=ATTEMPT,
        where=WRITER,
        tests=f"{EVENTS}::test_every_attempt_tells_its_own_reasons_and_its_host",
        status="exact",
        breaks=detail(attempts=lambda given: given[-1:] * len(given)),
    ),
    Row(
        id="9.2e",
        rule="A container's reason has at most 255 characters",
        source=ATTEMPT,
        where="batchsim/formats/events_jsonl.py MAX_REASON",
        tests=f"{EVENTS}::test_a_containers_reason_has_255_characters_at_most",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.formats.event_lines.MAX_REASON", 1024),
    ),
]
