"""What ended a wait, or changed what it was for: room that came free, an instance that was ready, a timed change."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from batchsim.analysis.explain.capacity import Capacity
from batchsim.analysis.explain.explanation import lasted
from batchsim.analysis.explain.lines import Stretch
from batchsim.analysis.explain.tables import NOBODY, RunTables
from batchsim.analysis.explain.words import plural, quoted
from batchsim.analysis.typed import MISSING

_CHANGES = {"maxvCpus", "minvCpus", "desiredvCpus", "state", "status", "priority"}
_GATES = {
    "higher_queue": "no queue of higher priority had a job waiting",
    "fair_share_turn": "its share's turn came",
    "reservation": "no longer reserved",
    "launch_rate": "the launch rate let it start",
    "client_backoff": "its client called RunTask again, and there was room",
    "scheduler_cycle": "the scheduler's pass placed it",
    "consumable_resource": "enough of the consumable resource was free",
}
"""What ends a wait that is not for room."""


_TURNS = ("higher_queue", "fair_share_turn", "reservation")
"""Those of them that may end and leave a job to wait for something else."""


class Room(NamedTuple):
    """Something that made room."""

    at_ms: int
    text: str


def was_cut_short(run: RunTables, attempt: int) -> bool:
    """Whether an attempt SUCCEEDED with unfinished work: its container exited 0 at SIGTERM."""
    answered = run.ms("attempts", "sigterm_at_s", attempt)
    succeeded = run.text("attempts", "outcome", attempt) == "succeeded"
    return succeeded and answered != MISSING and answered == run.ms("attempts", "ended_at_s", attempt)


def ended_by_start(run: RunTables, attempt: int, last: Stretch) -> str:
    """What ended a wait that an attempt ended."""
    start_ms = run.ms("attempts", "starting_at_s", attempt)
    if not last.is_behind and last.reason in _GATES:
        return _GATES[last.reason]
    room = _made_room(run, attempt, start_ms)
    if room is None or room.at_ms > start_ms:
        return ""
    return room.text if room.at_ms >= last.start_ms else f"the jobs ahead of it had started, and it fitted; {room.text}"


def changed(run: RunTables, capacity: Capacity, piece: Stretch, then: Stretch, queue: str) -> str:
    """What ended a stretch of a wait that went on for another reason; empty where nothing is on record."""
    since = piece.end_ms - max(1000, run.settings.delay_ms("scheduler_cycle"))
    names = [("computeEnvironments", name) for name in run.settings.served_by(queue)] + [("jobQueues", queue)]
    told = [
        f"{field} of {quoted(name)} set to {value}"
        for section, name in names
        for at, field, value in run.settings.changes(section, name)
        if since < at <= piece.end_ms and field in _CHANGES and value is not None
    ]
    if told:
        return told[-1]
    row = capacity.launched(piece.environment, since, piece.end_ms) if piece.environment else NOBODY
    if row != NOBODY:
        return _launch(run, row)
    if then.reason == "capacity_error" and capacity.refused(then.environment, since, piece.end_ms):
        return f"EC2 refused what {quoted(then.environment)} asked for"
    return _GATES[piece.reason] if piece.reason in _TURNS else ""


def _launch(run: RunTables, row: int) -> str:
    instances, vcpus = (run.number("scaling", column, row) for column in ("instances", "vcpus"))
    name = quoted(run.text("scaling", "environment", row))
    return f"{name} launched {plural(instances, 'instance')} ({vcpus:,} vCPU)"


def _made_room(run: RunTables, attempt: int, start_ms: int) -> Room | None:
    """The last thing before an attempt's start that made room where it started."""
    host = run.text("attempts", "instance", attempt)
    freed = _freed(run, attempt, host, start_ms)
    booted = _booted(run, host)
    found = [room for room in (freed, booted) if room is not None and room.at_ms <= start_ms]
    return max(found, key=lambda room: room.at_ms) if found else None


def _booted(run: RunTables, host: str) -> Room | None:
    row = run.instance_row(host) if host else NOBODY
    if row == NOBODY or (ready := run.ms("instances", "ready_at_s", row)) == MISSING:
        return None
    type_ = run.text("instances", "type", row)
    vcpus = run.number("instances", "vcpus", row)
    return Room(ready, f"{_article(type_)} {type_} had booted ({host}, {vcpus} vCPU)")


def _freed(run: RunTables, attempt: int, host: str, start_ms: int) -> Room | None:
    """The last attempt that ended on the same instance (on Fargate: in the same environment) before another began."""
    attempts = run.attempts
    column, name = ("instance", host) if host else ("environment", run.text("attempts", "environment", attempt))
    ended = attempts.ms("ended_at_s")
    same = np.asarray(attempts.cells(column) == name, dtype=np.bool_)
    rows = np.flatnonzero(same & (ended != MISSING) & (ended <= start_ms))
    if not len(rows):
        return None
    row = int(rows[np.argmax(ended[rows])])
    at_ms, job = int(ended[row]), run.text("attempts", "job_id", row)
    before = f" {lasted((start_ms - at_ms) / 1000)} before" if at_ms < start_ms else ""
    if job == run.text("attempts", "job_id", attempt):
        return Room(at_ms, f"it took the room of its own attempt, which had ended{before}")
    return Room(at_ms, f"{_where(run, host, name)} freed {_size(run, row)} ({quoted(job)} ended{before})")


def _size(run: RunTables, row: int) -> str:
    """What an attempt held."""
    gpus = run.number("attempts", "gpus", row)
    parts = [f"{int(run.attempts.milli('vcpus')[row]) / 1000:g} vCPU"] + [f"{gpus} GPU"] * (gpus > 0)
    return f"{', '.join(parts)} and {run.number('attempts', 'memory_mib', row)} MiB"


def _where(run: RunTables, host: str, name: str) -> str:
    row = run.instance_row(host) if host else NOBODY
    if row == NOBODY:
        return quoted(name)
    type_ = run.text("instances", "type", row)
    return f"{_article(type_)} {type_}"


def _article(word: str) -> str:
    """``an m5.xlarge``, ``a c6a.4xlarge``: by how the first letter is spoken."""
    return "an" if word[:1].lower() in "aefhilmnorsx" else "a"
