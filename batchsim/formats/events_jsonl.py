"""``events.jsonl``: one EventBridge event a line, in time order: "Batch Job State Change", "Batch Job Queue Blocked".

The shape is AWS's (User Guide, "AWS Batch events" and "Job queue blocked events"). What AWS does not tell stands under
``detail.batchsim``: our job id, the attempt, and the instants ``at``, ``runnableAt`` and ``startingAt`` in epoch
milliseconds. Ids that AWS draws at random are made from the seed and the job's id, so the same run has the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchsim.formats.state_changes import state_changes
from batchsim.records.identifiers import instance_id, job_id, uuid_of
from batchsim.records.tables import NEVER, Records
from batchsim.records.vocabulary import JobState
from batchsim.spec import Scenario, Workflow
from batchsim.spec.effective import effective_job

ACCOUNT = "123456789012"
_KINDS = ("", "SEQUENTIAL", "N_TO_N")
STATES = tuple(state.text for state in JobState)
"""The words for states, by code."""
MAX_REASON = 255
"""Characters of a container's reason (API, AttemptContainerDetail)."""
CHANGED, BLOCKED = "Batch Job State Change", "Batch Job Queue Blocked"
"""What ``detail-type`` says."""
FINAL = (JobState.SUCCEEDED, JobState.FAILED)

_ENCODER = json.JSONEncoder(separators=(",", ":"))

Json = dict[str, Any]


def lines(records: Records, scenario: Scenario, seed: int) -> Iterator[str]:
    """The events of a run, each a line of JSON with its line feed."""
    from batchsim.formats.event_lines import fast_lines

    return fast_lines(Facts.of(records, scenario, seed))


def start_epoch_ms(scenario: Scenario) -> int:
    """The start of the run in epoch milliseconds; without a time zone it is UTC."""
    start = datetime.fromisoformat(scenario.simulation.start)
    return round((start if start.tzinfo else start.replace(tzinfo=UTC)).timestamp() * 1000)


def line(value: Json) -> str:
    """A line of JSON with its line feed."""
    return _ENCODER.encode(value) + "\n"


def events(records: Records, scenario: Scenario, seed: int, states: Container[str] = STATES) -> Iterator[Json]:
    """The events of a run in time order, those only that tell of one of ``states``."""
    writer = Writer(Facts.of(records, scenario, seed))
    changes = state_changes(records)
    wanted = np.flatnonzero(np.array([state in states for state in STATES])[changes.state])
    columns = (changes.at_ms, changes.row, changes.parent, changes.state, changes.attempt, changes.blocked)
    for at_ms, row, parent, state, attempt, blocked in zip(*(each[wanted].tolist() for each in columns), strict=True):
        if blocked != NEVER:
            yield writer.blocked_event(at_ms, blocked)
        else:
            yield writer.parent_event(at_ms, row, state) if parent else writer.job_event(at_ms, row, state, attempt)


@dataclass(frozen=True, slots=True)
class Facts:
    """What every event draws on."""

    records: Records
    seed: int
    region: str
    start_epoch_ms: int
    several: list[bool]
    """By entry: does it make several calls?"""
    parents: Mapping[int, list[tuple[int, int]]]
    """By submission: (parent submission, kind) of each dependency."""
    details: Mapping[str, Json]
    """By entry: what the definition and the request say of its jobs."""
    summary_lag_ms: int

    @classmethod
    def of(cls, records: Records, scenario: Scenario, seed: int) -> Facts:
        """Return those of one run."""
        edges = records.dependencies
        parents: dict[int, list[tuple[int, int]]] = {}
        for child, parent, kind in zip(
            edges.submission.tolist(), edges.parent.tolist(), edges.kind.tolist(), strict=True
        ):
            parents.setdefault(child, []).append((parent, kind))
        calls = np.bincount(records.submissions.entry, minlength=len(records.names.entries))
        return cls(
            records=records,
            seed=seed,
            region=scenario.world.region,
            start_epoch_ms=start_epoch_ms(scenario),
            several=(calls > 1).tolist(),
            parents=parents,
            details=_details(scenario),
            summary_lag_ms=scenario.world.status_summary_lag,
        )

    def arn(self, kind: str, name: str, service: str = "batch") -> str:
        """Return the ARN of a resource."""
        return f"arn:aws:{service}:{self.region}:{ACCOUNT}:{kind}/{name}"

    def call_id(self, submission: int) -> str:
        """Our id of a call: of the single job or the array parent."""
        table = self.records.submissions
        entry = int(table.entry[submission])
        return job_id(self.records.names.entries[entry], int(table.occurrence[submission]), self.several[entry])


class Writer:
    """Renders events; what an instant or a call repeats is rendered once."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self.of_call = cache(self._call)
        self._changes = cache(lambda: state_changes(facts.records))
        self.attempts_of = _rows_by_job(facts.records)

    def job_event(self, at_ms: int, job: int, state: int, attempt: int) -> Json:
        """One change of a single job or an array child."""
        ours, detail = self._job(at_ms, job, state, attempt)
        return self._event(at_ms, detail, f"{ours} {state} {attempt}")

    def blocked_event(self, at_ms: int, row: int) -> Json:
        """A head that blocks its queue (User Guide, "Job queue blocked events")."""
        table, names = self._facts.records.blocked, self._facts.records.names
        job = int(table.job[row])
        ours, detail = self._job(at_ms, job, JobState.RUNNABLE, int(table.attempt[row]))
        reason = names.status_reasons[int(table.status_reason[row])]
        ordered = {key: detail[key] for key in ("jobId", "status")} | {"statusReason": reason} | detail
        event = self._event(at_ms, ordered, f"{ours} blocked {at_ms}")
        return {**event, "detail-type": BLOCKED, "resources": [*event["resources"], detail["jobQueue"]]}

    def _job(self, at_ms: int, job: int, state: int, attempt: int) -> tuple[str, Json]:
        """Our id of a single job or an array child, and the detail of its change."""
        jobs = self._facts.records.jobs
        submission, index = int(jobs.submission[job]), int(jobs.array_index[job])
        ours, aws_id, static = self.of_call(submission)
        extra = f":{index}" if index != NEVER else ""
        detail: Json = {"jobId": aws_id + extra, "status": STATES[state], **static}
        if index != NEVER:
            detail["arrayProperties"] = {"index": index, "statusSummary": {}}
        if state in FINAL:
            detail["statusReason"] = self._facts.records.names.status_reasons[int(jobs.status_reason[job])]
        self._add_attempts(detail, job, state, attempt)
        detail["batchsim"] = {"jobId": ours + extra, "at": self._epoch(at_ms), **self._extension(job, state, attempt)}
        return ours + extra, detail

    def parent_event(self, at_ms: int, submission: int, state: int) -> Json:
        """One change of an array parent."""
        records = self._facts.records
        ours, aws_id, static = self.of_call(submission)
        first, size = int(records.submissions.first_job[submission]), int(records.submissions.size[submission])
        detail: Json = {"jobId": aws_id, "status": STATES[state], **static, "attempts": []}
        detail["arrayProperties"] = {"size": size, "statusSummary": {}}
        if state != JobState.PENDING:
            counts = np.bincount(self._states_of(range(first, first + size), at_ms), minlength=len(JobState))
            summary = {STATES[code]: int(count) for code, count in enumerate(counts) if count}
            updated = self._epoch(max(0, at_ms - self._facts.summary_lag_ms))
            detail["arrayProperties"] |= {"statusSummary": summary, "statusSummaryLastUpdatedAt": updated}
            detail["statusReason"] = records.names.status_reasons[int(records.submissions.status_reason[submission])]
        detail["batchsim"] = {"jobId": ours, "at": self._epoch(at_ms)}
        return self._event(at_ms, detail, f"{ours} {state} 0")

    def _states_of(self, children: range, at_ms: int) -> NDArray[np.int64]:
        """States of an array's children when its summary was last made: ``status_summary_lag`` before ``at_ms``."""
        lag_ms, states = self._facts.summary_lag_ms, self._facts.records.jobs.state[children.start : children.stop]
        if not lag_ms:
            return states.astype(np.int64)
        changes = self._changes()
        mine = ~changes.parent & (changes.row >= children.start) & (changes.row < children.stop)
        seen = np.flatnonzero(mine & (changes.at_ms <= at_ms - lag_ms))
        then = np.full(len(children), int(JobState.PENDING), np.int64)
        then[changes.row[seen] - children.start] = changes.state[seen]  # in time order: the last one stays
        return then

    def _event(self, at_ms: int, detail: Json, identity: str) -> Json:
        facts = self._facts
        arn = facts.arn("job", detail["jobId"])
        return {
            "version": "0",
            "id": uuid_of(facts.seed, f"event {identity}"),
            "detail-type": CHANGED,
            "source": "aws.batch",
            "account": ACCOUNT,
            "time": second(self._epoch(at_ms) // 1000),
            "region": facts.region,
            "resources": [arn],
            "detail": {"jobArn": arn, **detail},
        }

    def _call(self, submission: int) -> tuple[str, str, Json]:
        """Our id, AWS's id, and what all events of one call share."""
        facts, names = self._facts, self._facts.records.names
        table = facts.records.submissions
        ours = facts.call_id(submission)
        entry = names.entries[int(table.entry[submission])]
        said = facts.details.get(entry, {"jobName": entry})
        static: Json = {
            **{key: value for key, value in said.items() if key != "container"},
            "jobQueue": facts.arn("job-queue", names.queues[int(table.queue[submission])]),
            "jobDefinition": facts.arn("job-definition", names.definitions[int(table.definition[submission])]),
            "createdAt": self._epoch(int(table.created_at_ms[submission])),
            "dependsOn": [self._dependency(parent, kind) for parent, kind in facts.parents.get(submission, ())],
            "container": {**said.get("container", {}), **self._shape(submission)},
            "tags": {},
            "propagateTags": False,
        }
        return ours, uuid_of(facts.seed, f"job {ours}"), static

    def _dependency(self, parent: int, kind: int) -> Json:
        if _KINDS[kind] == "SEQUENTIAL":
            return {"type": "SEQUENTIAL"}
        on = {"jobId": uuid_of(self._facts.seed, f"job {self._facts.call_id(parent)}")}
        return {**on, "type": _KINDS[kind]} if kind else on

    def _shape(self, submission: int) -> Json:
        """Image and resources as the call asked for them."""
        table = self._facts.records.submissions
        vcpus = int(table.vcpus_milli[submission]) / 1000
        asked = [("VCPU", f"{vcpus:g}"), ("MEMORY", str(int(table.memory_mib[submission])))]
        asked += [("GPU", str(int(table.gpus[submission])))] * bool(table.gpus[submission])
        return {
            "image": self._facts.records.names.images[int(table.image[submission])],
            "resourceRequirements": [{"type": kind, "value": value} for kind, value in asked],
        }

    def _add_attempts(self, detail: Json, job: int, state: int, attempt: int) -> None:
        """Ended attempts, and the instants and the exit of the last one."""
        final = state in FINAL
        rows = self.attempts_of(job)
        ended = rows if final else rows[: max(0, attempt - 1)]
        detail["attempts"] = [self._attempt(row) for row in ended]
        if final and ended:
            last = detail["attempts"][-1]
            detail.update({key: last[key] for key in ("startedAt", "stoppedAt") if key in last})
            detail["container"] = {**detail["container"], **last["container"]}
        elif state == JobState.RUNNING:
            detail["startedAt"] = self._epoch(int(self._facts.records.attempts.running_at_ms[rows[attempt - 1]]))

    def _attempt(self, row: int) -> Json:
        """An AttemptDetail."""
        facts, table = self._facts, self._facts.records.attempts
        container: Json = {}
        instance = int(table.instance[row])
        if instance != NEVER:
            container["containerInstanceArn"] = facts.arn("container-instance", self.instance(instance), "ecs")
        if table.exit_code[row] != NEVER:
            container["exitCode"] = int(table.exit_code[row])
        if reason := facts.records.names.container_reasons[int(table.container_reason[row])]:
            container["reason"] = reason[:MAX_REASON]
        instants = {"startedAt": int(table.running_at_ms[row]), "stoppedAt": int(table.ended_at_ms[row])}
        return {
            "container": container,
            **{key: self._epoch(at_ms) for key, at_ms in instants.items() if at_ms != NEVER},
            "statusReason": facts.records.names.status_reasons[int(table.status_reason[row])],
        }

    def instance(self, row: int) -> str:
        """Return the id of an instance."""
        table = self._facts.records.instances
        environment = self._facts.records.names.environments[int(table.environment[row])]
        return instance_id(environment, int(table.ordinal[row]))

    def _extension(self, job: int, state: int, attempt: int) -> Json:
        """What the real event lacks: the attempt, and its RUNNABLE and STARTING instants once they are past."""
        if not attempt:
            return {}
        table, rows = self._facts.records.attempts, self.attempts_of(job)
        if attempt > len(rows):
            waiting = int(self._facts.records.jobs.waiting_since_ms[job])
            return {"attempt": attempt, "runnableAt": self._epoch(waiting)}
        row = rows[attempt - 1]
        found = {"attempt": attempt, "runnableAt": self._epoch(int(table.runnable_at_ms[row]))}
        if state == JobState.RUNNABLE:
            return found
        return {**found, "startingAt": self._epoch(int(table.starting_at_ms[row]))}

    def _epoch(self, at_ms: int) -> int:
        return self._facts.start_epoch_ms + at_ms


def _rows_by_job(records: Records) -> Callable[[int], list[int]]:
    """A function from a job to the rows of its attempts, in order of their number."""
    attempts = records.attempts
    order = np.lexsort((attempts.attempt, attempts.job))
    bounds = np.searchsorted(attempts.job[order], np.arange(len(records.jobs.state) + 1)).tolist()
    rows = order.tolist()
    return lambda job: rows[bounds[job] : bounds[job + 1]]


def _details(scenario: Scenario) -> dict[str, Json]:
    """By entry id, what its request and its definition say that records do not keep."""
    found: dict[str, Json] = {}
    for item in scenario.workload:
        for entry in item.workflow if isinstance(item, Workflow) else (item,):
            job = effective_job(scenario, entry.submit)
            rules = [rule.model_dump(exclude_none=True) for rule in job.evaluate_on_exit]
            found[str(entry.id)] = {
                "jobName": entry.submit.jobName,
                "retryStrategy": {"attempts": job.attempts, "evaluateOnExit": rules},
                "parameters": dict(entry.submit.parameters or {}),
                **({} if job.timeout_ms is None else {"timeout": {"attemptDurationSeconds": job.timeout_ms // 1000}}),
                "platformCapabilities": [job.platform],
                "container": {"command": list(job.command), "environment": _environment(job.environment)},
            }
    return found


def _environment(pairs: tuple[tuple[str, str], ...]) -> list[Json]:
    """AWS's list of name and value."""
    return [{"name": name, "value": value} for name, value in pairs]


@lru_cache(maxsize=1)  # events come in time order
def second(epoch_s: int) -> str:
    """An instant as EventBridge tells it: to the second."""
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
