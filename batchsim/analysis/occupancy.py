"""One sweep over every instance's life: when nobody held a share of it, and how much stayed free while somebody did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batchsim.analysis.exact import Exact, Int64s, sum_by
from batchsim.analysis.phases import Lives, Phases
from batchsim.analysis.prices import Rules
from batchsim.analysis.shares import Shares
from batchsim.records.tables import Ints, Records


@dataclass(frozen=True, slots=True, eq=False)
class Occupancy:
    """What became of the time in which instances could run jobs. Shape of each: (instances,)."""

    busy_ms: Int64s
    """Somebody held a share."""
    unused: Exact
    """Free share x ms while busy, over the instance's denominator."""
    idle_gap_ms: Int64s
    idle_tail_ms: Int64s
    kept_ms: Int64s
    """Idle time after the instant at which scale-in would have ended the instance, had minvCpus let it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Segments:
    """Stretches of time between two neighbouring events of one instance."""

    instance: Ints
    start_ms: Int64s
    end_ms: Int64s
    holders: Int64s
    held: Exact


def occupancy(records: Records, lives: Lives, phases: Phases, shares: Shares, rules: Rules) -> Occupancy:
    """Sweep over starts and ends of attempts between each instance's ready instant and its end."""
    size = len(lives.end_ms)
    segments = _segments(lives, phases, shares)
    busy, idle = segments.holders > 0, segments.holders == 0
    length = segments.end_ms - segments.start_ms
    free = shares.denominator[segments.instance] - segments.held
    due = _scale_in_due(records, lives, segments, rules)
    waiting = np.minimum(segments.end_ms, due) - np.minimum(segments.start_ms, due)
    kept = np.maximum(segments.end_ms, due) - np.maximum(segments.start_ms, due)
    is_tail = segments.end_ms == lives.end_ms[segments.instance]
    return Occupancy(
        busy_ms=sum_by(segments.instance[busy], length[busy], size),
        unused=sum_by(segments.instance[busy], (free * length)[busy], size),
        idle_gap_ms=sum_by(segments.instance[idle & ~is_tail], waiting[idle & ~is_tail], size),
        idle_tail_ms=sum_by(segments.instance[idle & is_tail], waiting[idle & is_tail], size),
        kept_ms=sum_by(segments.instance[idle], kept[idle], size),
    )


def _segments(lives: Lives, phases: Phases, shares: Shares) -> _Segments:
    """Sort the events of all instances and sum who holds what; the order within an instant does not matter."""
    everyone = np.arange(len(lives.end_ms))
    nobody = np.zeros(2 * len(everyone), np.int64)
    ones = np.ones(len(shares.rows), np.int64)
    instance = np.concatenate((everyone, everyone, shares.instance, shares.instance))
    at = np.concatenate((lives.ready_ms, lives.end_ms, phases.starting_ms[shares.rows], phases.end_ms[shares.rows]))
    order = np.argsort(instance * (int(at.max(initial=0)) + 1) + at)
    instance, at = instance[order], at[order]
    holders = np.cumsum(np.concatenate((nobody, ones, -ones))[order])
    held = np.cumsum(np.concatenate((nobody, shares.numerator, -shares.numerator))[order])
    real = (instance[1:] == instance[:-1]) & (at[1:] > at[:-1])
    keep = np.flatnonzero(real)
    return _Segments(instance[keep], at[keep], at[keep + 1], holders[keep], held[keep])


def _scale_in_due(records: Records, lives: Lives, segments: _Segments, rules: Rules) -> Int64s:
    """When scale-in would end an instance that is idle from a segment's start; the segment's end where nothing is kept.

    Idle time counts from the last job's end, or from ready; checks are on the grid of ``check_ms`` from t = 0.
    """
    environments = [rules.of(number) for number in range(len(records.names.environments))]
    environment = records.instances.environment[segments.instance]
    fresh = segments.start_ms == lives.ready_ms[segments.instance]
    idle_ms = np.array([rule.idle_ms for rule in environments], np.int64)[environment]
    delay_ms = np.array([max(rule.idle_ms, rule.min_delay_ms) for rule in environments], np.int64)[environment]
    check_ms = np.array([max(1, rule.check_ms) for rule in environments], np.int64)[environment]
    keeps = np.array([rule.min_vcpus > 0 for rule in environments], np.bool_)[environment]
    due = segments.start_ms + np.where(fresh, idle_ms, delay_ms)
    return np.where(keeps, -(-due // check_ms) * check_ms, segments.end_ms)
