"""What the faults of the plan did to a run, by event and by fault: attempts lost, working time and dollars wasted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from batchsim.analysis.causes import Cause
from batchsim.analysis.exact import Int64s, dot, int64
from batchsim.analysis.frame import Columns, dollars, duration, nullable, pick, seconds, words
from batchsim.analysis.phases import cut_by_timeout, cut_short
from batchsim.analysis.run import Analysis
from batchsim.analysis.throughput import asked
from batchsim.records.tables import NEVER, Ints
from batchsim.records.vocabulary import FaultEffect, Outcome
from batchsim.units import MS_PER_H

NANO = 1_000_000_000
LOST = (Outcome.RECLAIMED, Outcome.HOST_LOST)
"""How attempts end whose host a fault took."""


@dataclass(frozen=True, slots=True, eq=False)
class Damage:
    """What each fault event cost. Shape of each column but the first: (events,)."""

    event: Int64s
    """By attempt, the event that it was lost to; NEVER where it was to none. Shape: (attempts,)."""
    attempts: Int64s
    wasted_ms: Int64s
    """Working time that was lost: no checkpoint saved it."""
    wasted_nano_usd: Int64s
    """All that was billed for the attempts but for work that is of use, or for an instance that never registered."""


def damage(run: Analysis) -> Damage:
    """Return what the events did; no attempt, and no dollar, is counted for two of them."""
    events, size = run.records.faults, len(run.records.faults.at_ms)
    event = _event_of_attempts(run)
    hit = np.flatnonzero(event != NEVER)
    return Damage(
        event,
        _sums(event[hit], np.ones(len(hit), np.int64), size),
        _sums(event[hit], run.phases.unkept_ms[hit], size),
        _wasted_nano_usd(run, event, int64(events.instance), int64(events.effect)),
    )


def _event_of_attempts(run: Analysis) -> Int64s:
    """Those struck by themselves, and those that were on an instance when a fault took it."""
    events, attempts = run.records.faults, run.records.attempts
    found = np.full(len(attempts.job), NEVER, np.int64)
    cut = cut_short(run.records) & ~cut_by_timeout(run.records)
    lost = (np.isin(attempts.outcome, LOST) | cut) & (attempts.instance != NEVER)
    of_instance = _by_instance(run, events.effect == FaultEffect.INSTANCE_LOST)
    found[lost] = of_instance[attempts.instance[lost]]
    own = np.flatnonzero(np.isin(events.effect, ATTEMPT_EFFECTS))
    found[events.attempt[own]] = own
    return found


ATTEMPT_EFFECTS = (FaultEffect.EXIT_FORCED, FaultEffect.PULL_FAILED)
"""Effects that end one attempt."""


def _by_instance(run: Analysis, which: Any) -> Int64s:
    """By instance, the event among these that struck it."""
    found, rows = np.full(len(run.records.instances.type), NEVER, np.int64), np.flatnonzero(which)
    found[run.records.faults.instance[rows]] = rows
    return found


def _wasted_nano_usd(run: Analysis, event: Int64s, instance: Int64s, effect: Int64s) -> Int64s:
    rows, size = run.cost.rows, len(instance)
    of_attempt = np.append(event, NEVER)[rows.attempt]
    useful = np.isin(rows.cause, (Cause.USEFUL_WORK, Cause.STILL_RUNNING))
    of_instance = np.append(_by_instance(run, effect == FaultEffect.BOOT_FAILED), NEVER)[rows.instance]
    of_row = np.where(rows.attempt != NEVER, np.where(useful, NEVER, of_attempt), of_instance)
    wasted = np.flatnonzero(of_row != NEVER)
    return _sums(of_row[wasted], int64(rows.nano_usd)[wasted], size)


def _sums(group: Ints, values: Ints, size: int) -> Int64s:
    total = np.zeros(size, np.int64)
    np.add.at(total, group, values)
    return total


def faults_columns(run: Analysis) -> Columns:
    """One row a thing that a fault of the plan did: its line in the plan, when, to whom, and what was lost by it."""
    events, names, found = run.records.faults, run.records.names, damage(run)
    attempts = run.records.attempts
    job = np.append(int64(attempts.job), NEVER)[events.attempt]
    return {
        "at_s": seconds(events.at_ms),
        "fault": words(events.fault, names.faults),
        "kind": words(events.fault, names.fault_kinds),
        "effect": words(events.effect, [each.text for each in FaultEffect]),
        "environment": words(events.environment, names.environments),
        "instance": words(events.instance, run.instance_ids.tolist()),
        "job_id": pick(run.job_ids, job),
        "attempt": nullable(np.append(int64(attempts.attempt), NEVER)[events.attempt]),
        "attempts_lost": found.attempts,
        "wasted_s": duration(found.wasted_ms),
        "wasted_usd": dollars(found.wasted_nano_usd),
    }


def faults(run: Analysis) -> list[dict[str, Any]]:
    """Return, in the order of the plan, what each fault did that struck anything; the sums of ``faults.csv``."""
    events = run.records.faults
    if not len(events.at_ms):
        return []
    found = damage(run)
    return [_of(run, found, int(number)) for number in np.unique(events.fault)]


def _of(run: Analysis, found: Damage, number: int) -> dict[str, Any]:
    records, rows = run.records, np.flatnonzero(run.records.faults.fault == number)
    counts = np.bincount(records.faults.effect[rows], minlength=len(FaultEffect)).tolist()
    hit = np.flatnonzero(np.isin(found.event, rows))
    milli = asked(run, records.submissions.vcpus_milli)[hit]
    instances = records.faults.instance[rows]
    return {
        "fault": records.names.faults[number],
        "kind": records.names.fault_kinds[number],
        "events": {effect.text: counts[effect] for effect in FaultEffect if counts[effect]},
        "instances": len(np.unique(instances[instances != NEVER])),
        "jobs": len(np.unique(records.attempts.job[hit])),
        "attempts_lost": int(found.attempts[rows].sum()),
        "wasted_s": int(found.wasted_ms[rows].sum()) / 1000,
        "wasted_vcpu_h": round(dot(run.phases.unkept_ms[hit], milli) / 1000 / MS_PER_H, 6),
        "wasted_usd": int(found.wasted_nano_usd[rows].sum()) / NANO,
    }
