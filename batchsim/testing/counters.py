"""Marks: what a run went through, so that a set of random scenarios can prove that it reaches every corner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import IntEnum
from typing import Any

import numpy as np

from batchsim.analysis.causes import Cause, Charge
from batchsim.engine.submitted import TOO_MANY_SUBMITTED
from batchsim.engine.vocabulary import CANCEL_AFTER, KILLED, TASK_RETIRED, TERMINATED_BY_SIGNAL
from batchsim.formats.state_changes import state_changes
from batchsim.records.tables import NEVER, Records
from batchsim.records.vocabulary import (
    BlockReason,
    EndedBy,
    FaultEffect,
    JobState,
    Outcome,
    ScalingAction,
    WaitReason,
    WhyEnded,
    WhyLaunched,
)
from batchsim.result import Result

Mark = str
"""One thing that can happen in a run, as ``outcome: reclaimed`` or ``wait: max_vcpus``."""

TRANSITIONS = (
    "SUBMITTED > PENDING",
    "SUBMITTED > RUNNABLE",
    "PENDING > RUNNABLE",
    "PENDING > FAILED",
    "RUNNABLE > STARTING",
    "RUNNABLE > FAILED",
    "STARTING > RUNNING",
    "STARTING > RUNNABLE",
    "STARTING > FAILED",
    "RUNNING > RUNNABLE",
    "RUNNING > SUCCEEDED",
    "RUNNING > FAILED",
)
"""What a job can do (fact sheet 2.2); it begins in SUBMITTED, which lasts no time here and makes no event."""
PARENT_TRANSITIONS = ("SUBMITTED > PENDING", "PENDING > SUCCEEDED", "PENDING > FAILED")
"""What an array parent can do."""
ONLY_REPRICED = (
    "cause: unused_commitment",
    "cause: commitment_discount",
    "charge: reserved",
    "charge: savings_plan",
)
"""Commitments are none of a scenario's: ``Result.reprice`` adds them."""
MID_PULL = "reclaim: in the middle of an image pull"
SHARED = "queues: two share an environment"
REFUSED = "submission: refused"
THROTTLED = "submission: throttled"
OVERTOOK = "placement: before a head that goes on waiting"
RESTORED = "work: restored from a checkpoint"
CUT_WRITE = "work: a checkpoint cut off while it is written"
ANSWERS = ("sigterm: exit_nonzero", "sigterm: exit_zero", "sigterm: saved and exited", "sigterm: saved and went on")
CLOSED = "instance: closed to jobs"
LIMITED = "blocked: cancelled by a time limit"
OVER_LIMIT = "submission: too many jobs SUBMITTED"
RETIRED = "task: ended by fargate_max_days"
OUT_OF_MEMORY = "attempt: killed for its memory"
REVISED = "submission: took a later revision of its definition"
GAVE_UP = "cancel: by cancel_after"
STOPS = ("stop: exit_nonzero", "stop: exit_zero", "stop: killed", "stop: exits by itself")
"""What became of containers that a timeout or TerminateJob stopped, where they run on to their own end or SIGKILL."""


def expected_marks() -> tuple[Mark, ...]:
    """Return every mark that a large enough set of scenarios must leave."""
    return (
        *(f"job: {each}" for each in TRANSITIONS),
        *(f"array: {each}" for each in PARENT_TRANSITIONS),
        *_all("outcome", Outcome),
        *_all("wait", WaitReason, 1),
        *(mark for mark in _all("cause", Cause) if mark not in ONLY_REPRICED),
        *(mark for mark in _all("charge", Charge) if mark not in ONLY_REPRICED),
        *_all("launched", WhyLaunched),
        *_all("ended", WhyEnded),
        *_all("scaling", ScalingAction),
        *_all("run ended", EndedBy),
        MID_PULL,
        SHARED,
        OVERTOOK,
        REFUSED,
        THROTTLED,
        RESTORED,
        CUT_WRITE,
        *ANSWERS,
        CLOSED,
        *_all("blocked", BlockReason),
        LIMITED,
        OVER_LIMIT,
        RETIRED,
        OUT_OF_MEMORY,
        REVISED,
        GAVE_UP,
        *STOPS,
        *_all("fault", FaultEffect),
    )


def marks_of(result: Result) -> Counter[Mark]:
    """Return how often each thing happened in a run; each wait reason and cost cause once a job and bill it is in."""
    records = result.records
    marks: Counter[Mark] = Counter()
    marks.update(_transitions(records))
    marks.update(_words("outcome", Outcome, records.attempts.outcome))
    marks.update(_wait_reasons(result))
    marks.update(f"cause: {word}" for word in result.costs["cause"])
    marks.update(f"charge: {word}" for word in result.costs["charge"])
    marks.update(_words("launched", WhyLaunched, records.instances.why_launched))
    marks.update(_words("ended", WhyEnded, records.instances.why_ended))
    marks.update(_words("scaling", ScalingAction, records.scaling.action))
    marks.update(_words("run ended", EndedBy, [records.ended_by]))
    marks[MID_PULL] = _reclaims_in_pulls(records)
    marks[SHARED] = _shares(result)
    marks[OVERTOOK] = len(result.records.overtook)
    marks[REFUSED] = int((result.submissions["reason"].str.endswith("is disabled")).sum())
    marks[OVER_LIMIT] = int((result.submissions["reason"] == TOO_MANY_SUBMITTED).sum())
    marks[RETIRED] = int(np.count_nonzero(records.attempts.status_reason == TASK_RETIRED))
    marks[OUT_OF_MEMORY] = int(result.attempts["reason"].str.startswith("OutOfMemory").sum())
    marks[CLOSED] = int((records.instances.closed_at_ms != NEVER).sum())
    marks[THROTTLED] = int((records.submissions.calls > 1).sum())
    marks.update(_courses(result))
    marks.update(_words("blocked", BlockReason, records.blocked.reason))
    marks[LIMITED] = int(records.blocked.cancelled.sum())
    marks.update(_stops(result))
    marks.update(_words("fault", FaultEffect, records.faults.effect))
    marks[REVISED] = _revised(result)
    marks[GAVE_UP] = int((result.jobs["reason"] == CANCEL_AFTER).sum())
    return +marks


def _all(kind: str, words: type[IntEnum], first: int = 0) -> Iterator[Mark]:
    return (f"{kind}: {member.text}" for member in list(words)[first:])  # type: ignore[attr-defined]


def _words(kind: str, words: type[IntEnum], codes: Any) -> Iterator[Mark]:
    return (f"{kind}: {words(int(code)).text}" for code in codes)  # type: ignore[attr-defined]


def _transitions(records: Records) -> Iterator[Mark]:
    """Each change of state of jobs and array parents, from the same records that the events come from."""
    changes = state_changes(records)
    before: dict[tuple[bool, int], int] = {}
    moved = changes.blocked == NEVER
    for row, parent, state in zip(
        *(each[moved].tolist() for each in (changes.row, changes.parent, changes.state)), strict=True
    ):
        last = before.get((parent, row), JobState.SUBMITTED)
        kind = "array" if parent else "job"
        yield f"{kind}: {JobState(last).text} > {JobState(state).text}"
        before[parent, row] = state


def _wait_reasons(result: Result) -> Iterator[Mark]:
    for reason in list(WaitReason)[1:]:
        waited = int((result.jobs[f"wait_{reason.text}_s"] > 0).sum())
        yield from [f"wait: {reason.text}"] * waited


def _reclaims_in_pulls(records: Records) -> int:
    """Attempts on instances whose pull had begun and was cut short by the reclaim."""
    attempts = records.attempts
    lost = (attempts.outcome == Outcome.RECLAIMED) & (attempts.instance != NEVER)
    cut = (attempts.pull_at_ms < attempts.ended_at_ms) & (attempts.pulled_at_ms == attempts.ended_at_ms)
    return int(np.count_nonzero(lost & cut))


def _courses(result: Result) -> Iterator[Mark]:
    """What became of checkpoints and of notices."""
    records, progress = result.records, result.records.progress
    rules = [entry for item in result.scenario.workload for entry in getattr(item, "workflow", (item,))]
    entry = records.submissions.entry[records.jobs.submission[records.attempts.job[progress.attempt]]]
    yield from [RESTORED] * int(np.count_nonzero(progress.restore_ms))
    for row, rule in enumerate([rules[position] for position in entry.tolist()]):
        cost_ms = rule.checkpoint.cost if rule.checkpoint else 0
        if cost_ms and progress.checkpoint_ms[row] % cost_ms:
            yield CUT_WRITE
        outcome = records.attempts.outcome[progress.attempt[row]]
        if progress.sigterm_at_ms[row] != NEVER and outcome not in (Outcome.TIMED_OUT, Outcome.TERMINATED):
            yield f"sigterm: {_answer(rule.on_sigterm, int(records.attempts.exit_code[progress.attempt[row]]))}"


def _stops(result: Result) -> Iterator[Mark]:
    """Containers that a timeout or TerminateJob stopped, by how they ended."""
    attempts, progress = result.records.attempts, result.records.progress
    answered = dict(zip(progress.attempt.tolist(), progress.sigterm_at_ms.tolist(), strict=True))
    stopped = np.isin(attempts.outcome, (Outcome.TIMED_OUT, Outcome.TERMINATED)) & (attempts.running_at_ms != NEVER)
    for row in np.flatnonzero(stopped).tolist():
        if answered.get(row) == attempts.ended_at_ms[row]:
            yield STOPS[1] if attempts.exit_code[row] == 0 else STOPS[0]
        elif result.scenario.world.stopped_when == "exit":
            yield STOPS[2] if attempts.exit_code[row] == KILLED else STOPS[3]


def _answer(on_sigterm: str, exit_code: int) -> str:
    saved = "saved and exited" if exit_code == TERMINATED_BY_SIGNAL else "saved and went on"
    return saved if on_sigterm == "checkpoint" else on_sigterm


def _revised(result: Result) -> int:
    """Calls whose definition was registered while the run went on."""
    given = {f"{each.jobDefinitionName}:{each.revision}" for each in result.scenario.jobDefinitions}
    taken = result.submissions.loc[result.submissions["created_at_s"].notna(), "definition"].astype(str)
    return int((~taken.isin(given)).sum())


def _shares(result: Result) -> int:
    """Whether two queues that both got jobs share an environment."""
    used = set(result.submissions["queue"].unique())
    seen: set[str] = set()
    for queue in result.scenario.jobQueues:
        mine = {each.computeEnvironment for each in queue.computeEnvironmentOrder}
        if queue.jobQueueName in used and mine & seen:
            return 1
        if queue.jobQueueName in used:
            seen |= mine
    return 0
