"""Jobs in the shapes of AWS Batch's API, from a run's tables: DescribeJobs' ``jobs``, ListJobs' ``jobSummaryList``.

What the API does not tell, our job id and every change of state, stands under ``batchsim``. Instants are epoch
milliseconds, ids those of ``events.jsonl``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from batchsim.analysis.explain.explanation import instant
from batchsim.analysis.explain.tables import NOBODY, RunTables
from batchsim.analysis.typed import MISSING, Int64s
from batchsim.records.identifiers import aws_job_id, uuid_of

Json = dict[str, Any]
_ACCOUNT = "123456789012"
STATUSES = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")
_FINAL = ("SUCCEEDED", "FAILED")


class Describer:
    """Renders jobs of one run."""

    def __init__(self, run: RunTables) -> None:
        self.run = run
        about = run.summary.get("run") or {}
        self._seed, self._region = int(about["seed"]), str(about.get("region", "us-east-1"))
        self._start_ms = round(1000 * instant(run.settings.started_at).timestamp())

    # -- DescribeJobs

    def job(self, row: int) -> Json:
        """A JobDetail of a single job or an array child."""
        run, call = self.run, self.run.call_of(row)
        index = run.number("jobs", "array_index", row)
        status, reason = run.text("jobs", "state", row), run.text("jobs", "reason", row)
        ours = run.text("jobs", "job_id", row)
        attempts = run.attempts_of(ours)
        details = [self._attempt(ours, attempt) for attempt in attempts]
        array = {} if index == MISSING else {"arrayProperties": {"index": index}}
        return {
            **self._head(call, index, status, reason),
            "attempts": [detail for detail, row in zip(details, attempts, strict=True) if self._is_over(row)],
            **self._times(row, attempts),
            **self._request(call),
            **self._container(call, details[-1]["container"] if details else {}),
            **array,
            "batchsim": {"jobId": ours, "transitions": self._transitions(row, attempts)},
        }

    def array(self, call: int) -> Json:
        """A JobDetail of an array parent, with how many of its children are in which state."""
        run, children = self.run, self.run.children(call)
        states = run.jobs.text_of("state", children)
        summary = {status: int((states == status).sum()) for status in STATUSES}
        status, reason = run.text("submissions", "state", call), run.text("submissions", "reason", call)
        ended = self._epoch(run.ms("submissions", "ended_at_s", call))
        return {
            **self._head(call, MISSING, status, reason),
            "attempts": [],
            "createdAt": self._epoch(run.ms("submissions", "created_at_s", call)),
            **({} if ended is None else {"stoppedAt": ended}),
            **self._request(call),
            **self._container(call, {}),
            "arrayProperties": {"size": run.number("submissions", "size", call), "statusSummary": summary},
            "batchsim": {"jobId": run.text("submissions", "job_id", call)},
        }

    def _head(self, call: int, index: int, status: str, reason: str) -> Json:
        run = self.run
        call_id = run.text("submissions", "job_id", call)
        job_id = aws_job_id(self._seed, call_id, -1 if index == MISSING else index)
        entry = run.text("submissions", "entry", call)
        return {
            "jobArn": self._arn("job", job_id),
            "jobName": str(self._submit(call).get("jobName", entry)),
            "jobId": job_id,
            "jobQueue": self._arn("job-queue", run.text("submissions", "queue", call)),
            "status": status,
            **({"statusReason": reason} if reason else {}),
        }

    def _attempt(self, ours: str, attempt: int) -> Json:
        """An AttemptDetail."""
        run, number = self.run, self.run.number("attempts", "attempt", attempt)
        task = uuid_of(self._seed, f"task {ours} {number}").replace("-", "")
        host = run.text("attempts", "instance", attempt)
        environment = run.text("attempts", "environment", attempt)
        exit_code, reason = run.number("attempts", "exit_code", attempt), run.text("attempts", "reason", attempt)
        definition = run.text("submissions", "definition", self._call_of(ours)).partition(":")[0]
        started = run.ms("attempts", "running_at_s", attempt)
        container: Json = {
            **({"containerInstanceArn": self._arn("container-instance", host, "ecs")} if host else {}),
            "taskArn": self._arn("task", f"{environment}/{task}", "ecs"),
            **({} if exit_code == MISSING else {"exitCode": exit_code}),
            **({"reason": reason[:255]} if reason else {}),
            **({} if started == MISSING else {"logStreamName": f"{definition}/default/{task}"}),
            "networkInterfaces": [],
        }
        instants = {"startedAt": started, "stoppedAt": run.ms("attempts", "ended_at_s", attempt)}
        told = run.text("attempts", "status_reason", attempt)
        times = {key: self._epoch(at) for key, at in instants.items() if at != MISSING}
        return {"container": container, **times, **({"statusReason": told} if told else {})}

    def _call_of(self, ours: str) -> int:
        return self.run.call_of(self.run.job_row(ours))

    def _is_over(self, attempt: int) -> bool:
        return self.run.ms("attempts", "ended_at_s", attempt) != MISSING

    def _times(self, row: int, attempts: list[int]) -> Json:
        found = {
            "createdAt": self.run.ms("jobs", "created_at_s", row),
            "startedAt": self.run.ms("attempts", "running_at_s", attempts[-1]) if attempts else MISSING,
            "stoppedAt": self.run.ms("jobs", "ended_at_s", row),
        }
        return {key: self._epoch(at) for key, at in found.items() if at != MISSING}

    def _request(self, call: int) -> Json:
        """What the call asked for."""
        run, submit = self.run, self._submit(call)
        definition = run.text("submissions", "definition", call)
        said = run.settings.definitions.get(definition, {})
        timeout = run.ms("submissions", "timeout_s", call)
        strategy = submit.get("retryStrategy") or said.get("retryStrategy") or {}
        attempts = run.number("submissions", "attempts_allowed", call)
        rules = [dict(rule) for rule in strategy.get("evaluateOnExit") or ()]
        share = run.text("submissions", "share", call)
        return {
            "jobDefinition": self._arn("job-definition", definition),
            "dependsOn": list(self._depends_on(call)),
            "parameters": dict(submit.get("parameters") or said.get("parameters") or {}),
            "retryStrategy": {"attempts": attempts, "evaluateOnExit": rules},
            **({} if timeout == MISSING else {"timeout": {"attemptDurationSeconds": timeout // 1000}}),
            **({"shareIdentifier": share} if share else {}),
            "platformCapabilities": list(said.get("platformCapabilities") or ("EC2",)),
            "tags": dict(submit.get("tags") or said.get("tags") or {}),
        }

    def _depends_on(self, call: int) -> Iterator[Json]:
        for word in self.run.text("submissions", "depends_on", call).split():
            parent, _, kind = word.rpartition("/")
            if kind == "SEQUENTIAL":
                yield {"type": kind}
            else:
                yield {"jobId": aws_job_id(self._seed, parent), **({} if kind == "plain" else {"type": kind})}

    def _container(self, call: int, last: Json) -> Json:
        """A ContainerDetail: what was asked for, then what the last attempt had."""
        run, definition = self.run, self.run.text("submissions", "definition", call)
        given = run.settings.definitions.get(definition, {}).get("containerProperties") or {}
        override = self._submit(call).get("containerOverrides") or {}
        vcpus, memory = int(run.submissions.milli("vcpus")[call]), run.number("submissions", "memory_mib", call)
        asked = [("VCPU", f"{vcpus / 1000:g}"), ("MEMORY", str(memory))]
        gpus = run.number("submissions", "gpus", call)
        asked += [("GPU", str(gpus))] * (gpus > 0)
        variables = {**_pairs(given.get("environment")), **_pairs(override.get("environment"))}
        container = {
            "image": run.text("submissions", "image", call),
            "command": list(override.get("command") or given.get("command") or ()),
            "environment": [{"name": name, "value": value} for name, value in variables.items()],
            "resourceRequirements": [{"type": kind, "value": value} for kind, value in asked],
        }
        return {"container": {**container, **last}}

    def _submit(self, call: int) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.run.settings.entries.get(self.run.text("submissions", "entry", call), {})
        return found.get("submit") or {}

    def _transitions(self, row: int, attempts: list[int]) -> list[Json]:
        """Every change of state, in order of time."""
        run = self.run
        created, ended = run.ms("jobs", "created_at_s", row), run.ms("jobs", "ended_at_s", row)
        first = run.ms("jobs", "runnable_at_s", row)
        found = [("SUBMITTED", created)]
        evaluated = created + run.settings.delay_ms("dep_eval_delay")
        if created not in (MISSING, first) and evaluated != first:
            found.append(("PENDING", evaluated))
        for attempt in attempts:
            names = ("runnable", "starting", "running")
            found += [(name.upper(), run.ms("attempts", f"{name}_at_s", attempt)) for name in names]
        found.append(("RUNNABLE", run.ms("jobs", "waiting_since_s", row)))
        found.append((run.text("jobs", "state", row), ended))
        last = run.horizon_ms if ended == MISSING else ended
        return [{"status": status, "at": self._epoch(at)} for status, at in found if at != MISSING and at <= last]

    # -- ListJobs

    def summaries(self, rows: Int64s) -> Iterator[Json]:
        """JobSummary of each job, in the order of the table."""
        jobs = self.run.jobs
        columns = [jobs.text_of(name, rows).tolist() for name in ("job_id", "entry", "state", "reason", "definition")]
        index, created, ended = (
            jobs.number("array_index")[rows].tolist(),
            jobs.ms("created_at_s")[rows].tolist(),
            jobs.ms("ended_at_s")[rows].tolist(),
        )
        for job, entry, state, reason, definition, at, made, over in zip(*columns, index, created, ended, strict=True):
            call_id = job if at == MISSING else job.rpartition(":")[0]
            job_id = aws_job_id(self._seed, call_id, -1 if at == MISSING else at)
            times = {"createdAt": made, "stoppedAt": over}
            yield {
                "jobArn": self._arn("job", job_id),
                "jobId": job_id,
                "jobName": str((self.run.settings.entries.get(entry, {}).get("submit") or {}).get("jobName", entry)),
                "status": state,
                **({"statusReason": reason} if reason else {}),
                **{key: self._epoch(value) for key, value in times.items() if value != MISSING},
                **({} if at == MISSING else {"arrayProperties": {"index": at}}),
                "jobDefinition": self._arn("job-definition", definition),
                "batchsim": {"jobId": job},
            }

    def _arn(self, kind: str, name: str, service: str = "batch") -> str:
        return f"arn:aws:{service}:{self._region}:{_ACCOUNT}:{kind}/{name}"

    def _epoch(self, at_ms: int) -> int | None:
        return None if at_ms == MISSING else self._start_ms + at_ms


def listed(run: RunTables, status: str, queue: str) -> Int64s:
    """The jobs of a status and a queue; either may be empty, for all."""
    chosen = np.ones(len(run.jobs), np.bool_)
    if status:
        chosen &= run.jobs.among("state", status)
    if queue:
        chosen &= run.jobs.among("queue", queue)
    return np.flatnonzero(chosen)


def described(run: RunTables, name: str) -> Json | None:
    """DescribeJobs' answer for a job or an array; None where there is no such job."""
    describer = Describer(run)
    if (row := run.job_row(name)) != NOBODY:
        return {"jobs": [describer.job(row)]}
    if (call := run.call_row(name)) != NOBODY:
        return {"jobs": [describer.array(call)]}
    return None


def _pairs(given: Any) -> dict[str, str]:
    return {str(each["name"]): str(each.get("value", "")) for each in given or ()}
