"""Looks at a run that goes on, held to each other while it does, and to the records when it has ended.

Nothing here asks the engine twice: what stood at an instant is worked out anew from the tables of the finished run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from batchsim.result import Result
from batchsim.simulation import Simulation

States = Mapping[str, str]
"""States by job id."""
ENDED = ("SUCCEEDED", "FAILED")
ACTIVE = ("RUNNABLE", "STARTING", "RUNNING")
STAGE = {"SUBMITTED": 0, "PENDING": 1, **dict.fromkeys(ACTIVE, 2), **dict.fromkeys(ENDED, 3)}
"""A job goes round among RUNNABLE, STARTING and RUNNING as it is retried, and else only forward."""
FRONT = 100
"""RUNNABLE jobs that a snapshot lists of each queue."""


@dataclass(frozen=True)
class Look:
    """What one look at a simulation showed."""

    at_ms: int
    whole: bool
    """Whether the clock stood between instants: in the middle of one, only some of its events have happened."""
    states: States
    counts: Mapping[str, Mapping[str, int]]
    front: Mapping[str, tuple[str, ...]]
    running_vcpus: Mapping[str, int]
    on_vcpus: Mapping[str, int]
    """Running and booting."""
    free: Mapping[str, tuple[int, int, int]]
    held_vcpus: Mapping[str, float]


def look_at(simulation: Simulation, *, whole: bool) -> Look:
    """Look, and change nothing."""
    seen = simulation.snapshot()
    environments = seen.environments.items()
    return Look(
        at_ms=seen.now_ms,
        whole=whole,
        states=simulation.job_states(),
        counts=seen.states,
        front=seen.front,
        running_vcpus={name: view.running_vcpus for name, view in environments},
        on_vcpus={name: view.desired_vcpus for name, view in environments},
        free={name: (room.vcpus, room.memory_mib, room.gpus) for name, room in seen.free.items()},
        held_vcpus=seen.vcpus,
    )


def flaws_of(look: Look, *, in_line: bool) -> Iterator[str]:
    """What a look says that cannot be so. ``in_line``: whether a retried job joins its queue as its attempt ends."""
    submitted = Counter(state for state in look.states.values())
    counted = Counter[str]()
    for states in look.counts.values():
        counted.update({state: number for state, number in states.items() if state != "NOT_SUBMITTED"})
    if submitted != counted:
        yield f"the snapshot counts {dict(counted)}, and the jobs are {dict(submitted)}"
    for queue, front in look.front.items():
        waiting = look.counts[queue].get("RUNNABLE", 0)
        least = min(waiting, FRONT) if in_line else 0
        if not least <= len(front) <= waiting or any(look.states.get(job) != "RUNNABLE" for job in front):
            yield f"{waiting} jobs of {queue} are RUNNABLE, and its front is {front}"
    for name, on in look.on_vcpus.items():
        if not 0 <= look.running_vcpus[name] <= on:
            yield f"of {on} vCPUs of {name}, {look.running_vcpus[name]} run"
    yield from (f"free room of {name} is {room}" for name, room in look.free.items() if min(room) < 0)


def broken_moves(before: States, after: States) -> Iterator[str]:
    """Changes of state that no job can make, and jobs that vanished, between two looks."""
    for job, old in before.items():
        new = after.get(job, "nowhere")
        if new == "nowhere" or STAGE[new] < STAGE[old] or (old in ENDED and new != old):
            yield f"{job} was {old}, and is {new}"


# -- in hindsight


def broken_looks(looks: Iterable[Look], result: Result) -> Iterator[str]:
    """Where looks differ from what the tables of the finished run say of their instants."""
    jobs, instances = _histories(result), _rows(result.instances, "environment", "vcpus", "ready_at_s", "ended_at_s")
    end_ms = result.records.horizon_ms
    kinds = {each.computeEnvironmentName: each.computeResources for each in result.scenario.computeEnvironments}
    for look in looks:
        if look.whole and look.at_ms <= end_ms:
            then = {job: state for job, history in jobs.items() if (state := history.at(look.at_ms))}
            yield from _differing(look, then)
            ready = Counter({name: 0 for name, made in kinds.items() if made and not made.is_fargate})
            for name, vcpus, since_ms, until_ms in instances:
                ready[name] += vcpus if since_ms < look.at_ms <= until_ms else 0
            for name in ready if look.at_ms else ():  # what stands at the start does so before its first event
                if look.running_vcpus[name] != ready[name]:
                    shown = look.running_vcpus[name]
                    yield f"at {look.at_ms} ms {shown} vCPUs of {name} ran, and by the records {ready[name]}"


def _differing(look: Look, then: States) -> Iterator[str]:
    for job in dict.fromkeys((*look.states, *then)):
        shown, recorded = look.states.get(job, "unknown"), then.get(job, "unknown")
        if shown not in recorded.split("|"):
            yield f"at {look.at_ms} ms {job} was {shown}, and by the records {recorded}"


@dataclass(frozen=True)
class _History:
    """The instants of one job, in ms; an instant that never came is far away."""

    created_ms: int
    runnable_ms: int
    ended_ms: int
    state: str
    attempts: tuple[tuple[int, int, int], ...]
    """(STARTING, RUNNING, end) of each."""

    def at(self, at_ms: int) -> str:
        """The state before the events of an instant; two where the records leave it open, none before SubmitJob."""
        if at_ms <= self.created_ms:
            return ""
        if at_ms > self.ended_ms:
            return self.state
        for starting, running, ended in self.attempts:
            if starting < at_ms <= ended:
                return "RUNNING" if running < at_ms else "STARTING"
        return "RUNNABLE" if at_ms > self.runnable_ms else "SUBMITTED|PENDING"


FAR_MS = 1 << 62


def _histories(result: Result) -> Mapping[str, _History]:
    attempts: dict[str, list[tuple[int, int, int]]] = {}
    for job, *instants in _rows(result.attempts, "job_id", "starting_at_s", "running_at_s", "ended_at_s"):
        attempts.setdefault(job, []).append((instants[0], instants[1], instants[2]))
    rows = _rows(result.jobs, "job_id", "created_at_s", "runnable_at_s", "ended_at_s", "state")
    return {
        job: _History(created, runnable, ended, state, tuple(attempts.get(job, ())))
        for job, created, runnable, ended, state in rows
    }


def _rows(table: Any, *columns: str) -> list[tuple[Any, ...]]:
    """Rows of some columns; seconds become whole ms, and those that are empty a time that never comes."""
    return list(zip(*(_values(table[name], name) for name in columns), strict=True))


def _values(column: Any, name: str) -> list[Any]:
    values: list[Any] = column.tolist()
    if not name.endswith("_s"):
        return values
    return [FAR_MS if value is None or value != value else round(value * 1000) for value in values]  # noqa: PLR0124
