"""The lines of ``events.jsonl``, fast: what the events of one call share is made into text once.

The plain twin is ``line(event)`` of each of :func:`~batchsim.formats.events_jsonl.events`; a test holds the two to the
same bytes. Single jobs and children of arrays, which are nearly all events, come this way; array parents and blocked
heads go through the twin.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

from numpy.typing import NDArray

from batchsim.formats.events_jsonl import (
    ACCOUNT,
    CHANGED,
    FINAL,
    MAX_REASON,
    STATES,
    Facts,
    Writer,
    line,
    second,
)
from batchsim.formats.state_changes import state_changes
from batchsim.records.identifiers import uuid_of
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import JobState


class _Call(NamedTuple):
    """What the events of one call share."""

    ours: str
    quoted: str
    """The same as JSON, without the quotation mark behind it."""
    uuid: str
    before: str
    """Members of the detail up to the container's."""
    container: str
    after: str


_RUNNABLE, _RUNNING, _FIRST_FINAL = int(JobState.RUNNABLE), int(JobState.RUNNING), min(map(int, FINAL))
"""As plain ints: they are compared for each line."""

_text: Callable[[Any], str] = json.JSONEncoder(separators=(",", ":")).encode


def fast_lines(facts: Facts) -> Iterator[str]:
    """The events of a run in time order, each a line of JSON with its line feed."""
    writer, changes = Writer(facts), state_changes(facts.records)
    render = _Lines(facts, writer).job
    columns = (changes.at_ms, changes.row, changes.parent, changes.state, changes.attempt, changes.blocked)
    for at_ms, row, parent, state, attempt, blocked in zip(*map(_view, columns), strict=True):
        if blocked != NEVER:
            yield line(writer.blocked_event(at_ms, blocked))
        elif parent:
            yield line(writer.parent_event(at_ms, row, state))
        else:
            yield render(at_ms, row, state, attempt)


class _Lines:
    """Renders changes of single jobs and children; columns are read through views, which give plain ints."""

    def __init__(self, facts: Facts, writer: Writer) -> None:
        jobs, attempts = facts.records.jobs, facts.records.attempts
        self._facts, self._writer, self._seed = facts, writer, facts.seed
        self._start = facts.start_epoch_ms
        self._of_call = cache(self._call)
        self._instance = cache(self._instance_arn)
        self._rows_of = writer.attempts_of
        self._status = [_text(text) for text in facts.records.names.status_reasons]
        self._reason = [_text(text[:MAX_REASON]) if text else "" for text in facts.records.names.container_reasons]
        self._submission, self._index = _view(jobs.submission), _view(jobs.array_index)
        self._job_reason, self._waiting = _view(jobs.status_reason), _view(jobs.waiting_since_ms)
        self._runnable, self._starting = _view(attempts.runnable_at_ms), _view(attempts.starting_at_ms)
        self._running, self._ended = _view(attempts.running_at_ms), _view(attempts.ended_at_ms)
        self._host, self._exit = _view(attempts.instance), _view(attempts.exit_code)
        self._container_reason = _view(attempts.container_reason)
        self._attempt_reason = _view(attempts.status_reason)
        self._arn = f"arn:aws:batch:{facts.region}:{ACCOUNT}:job/"
        self._middle = f'","detail-type":"{CHANGED}","source":"aws.batch","account":"{ACCOUNT}","time":"'
        self._region = f'Z","region":{_text(facts.region)},"resources":["'

    def job(self, at_ms: int, job: int, state: int, attempt: int) -> str:
        """One change of a single job or an array child."""
        call, index = self._of_call(self._submission[job]), self._index[job]
        extra, array = "", ""
        if index != NEVER:
            extra, array = f":{index}", f',"arrayProperties":{{"index":{index},"statusSummary":{{}}}}'
        uuid, at, rows = call.uuid + extra, self._start + at_ms, self._rows_of(job)
        if attempt <= 1 and state < _FIRST_FINAL:
            now = f',"startedAt":{self._start + self._running[rows[0]]}' if state == _RUNNING else ""
            container, rest = call.container, f',"attempts":[]{now}'
        else:
            container, rest = self._attempts(call, job, rows, state, attempt)
        return (
            f'{{"version":"0","id":"{uuid_of(self._seed, f"event {call.ours}{extra} {state} {attempt}")}{self._middle}'
            f'{second(at // 1000)[:-1]}{self._region}{self._arn}{uuid}"],"detail":{{"jobArn":"{self._arn}{uuid}",'
            f'"jobId":"{uuid}","status":"{STATES[state]}"{call.before},"container":{container}{call.after}'
            f'{array}{rest},"batchsim":{{"jobId":{call.quoted}{extra}","at":{at}'
            f"{self._extension(job, rows, state, attempt) if attempt else ''}}}}}}}\n"
        )

    def _attempts(self, call: _Call, job: int, rows: list[int], state: int, attempt: int) -> tuple[str, str]:
        """The container, and the members for status reason, attempts, and instants of the last one."""
        is_final = state in FINAL
        ended = rows if is_final else rows[: max(0, attempt - 1)]
        containers = [self._container(row) for row in ended]
        told = ",".join(map(self._attempt, ended, containers))
        if not is_final:
            now = f',"startedAt":{self._start + self._running[rows[attempt - 1]]}' if state == JobState.RUNNING else ""
            return call.container, f',"attempts":[{told}]{now}'
        reason = f',"statusReason":{self._status[self._job_reason[job]]}'
        if not ended:
            return call.container, f'{reason},"attempts":[]'
        last = f"{call.container[:-1]},{containers[-1]}}}" if containers[-1] else call.container
        return last, f'{reason},"attempts":[{told}]{self._instants(ended[-1])}'

    def _attempt(self, row: int, container: str) -> str:
        """An AttemptDetail."""
        instants = self._instants(row)
        return f'{{"container":{{{container}}}{instants},"statusReason":{self._status[self._attempt_reason[row]]}}}'

    def _container(self, row: int) -> str:
        """Members of an attempt's container."""
        host, code, reason = self._host[row], self._exit[row], self._reason[self._container_reason[row]]
        members = [f'"containerInstanceArn":"{self._instance(host)}"'] if host != NEVER else []
        members += [f'"exitCode":{code}'] if code != NEVER else []
        members += [f'"reason":{reason}'] if reason else []
        return ",".join(members)

    def _instants(self, row: int) -> str:
        running, ended = self._running[row], self._ended[row]
        started = f',"startedAt":{self._start + running}' if running != NEVER else ""
        return started + (f',"stoppedAt":{self._start + ended}' if ended != NEVER else "")

    def _extension(self, job: int, rows: list[int], state: int, attempt: int) -> str:
        if attempt > len(rows):
            return f',"attempt":{attempt},"runnableAt":{self._start + self._waiting[job]}'
        row = rows[attempt - 1]
        found = f',"attempt":{attempt},"runnableAt":{self._start + self._runnable[row]}'
        return found if state == _RUNNABLE else f'{found},"startingAt":{self._start + self._starting[row]}'

    def _instance_arn(self, row: int) -> str:
        return self._facts.arn("container-instance", self._writer.instance(row), "ecs")

    def _call(self, submission: int) -> _Call:
        ours, name, static = self._writer.of_call(submission)
        keys = list(static)
        at = keys.index("container")
        before, after = ({key: static[key] for key in part} for part in (keys[:at], keys[at + 1 :]))
        return _Call(ours, _text(ours)[:-1], name, _members(before), _text(static["container"]), _members(after))


def _members(values: dict[str, Any]) -> str:
    """``,"key":value`` of each."""
    return "," + _text(values)[1:-1] if values else ""


def _view(column: NDArray[Any]) -> memoryview:
    """The column's numbers as plain ints, one by one, without a copy."""
    return memoryview(column)  # type: ignore[arg-type]
