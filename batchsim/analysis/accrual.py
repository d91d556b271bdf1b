"""When the bill came to be: what each environment's bills had grown to at instants of the run, to the nano-dollar.

A bill of an instance or a task accrues evenly while it was on: what it is rounded up by, to whole seconds and to the
minimum, is spread over the same time; what the first-hour rule waived never accrues. ``world.extra_costs`` of attempts
and jobs fall due as an attempt starts, those by the hour evenly over the run; a commitment, less what it saved, evenly
over each clock hour. So the last value is the bill.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from batchsim.analysis.commitments import CommitmentBill
from batchsim.analysis.exact import SAFE_BITS, Int64s, int64
from batchsim.analysis.run import Analysis
from batchsim.records.tables import NEVER, Ints
from batchsim.units import MS_PER_H


class Spans(NamedTuple):
    """Amounts that grow evenly from ``start_ms`` until ``end_ms``, which is later. Shape of each: (amounts,)."""

    start_ms: Int64s
    end_ms: Int64s
    nano_usd: Int64s
    environment: Ints
    """NEVER for what belongs to none."""


def spans(run: Analysis) -> Spans:
    """Return all that the bill is made of."""
    parts = [_instances(run), _tasks(run), *_extras(run), *(_commitment(run, each) for each in run.cost.commitments)]
    start, end, nano, environment = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return Spans(start, np.maximum(end, start + 1), nano, environment)


def accrued(found: Spans, step_ms: int, periods: int, environments: int) -> Int64s:
    """Return nano-dollars by environment up to each instant 0, ``step_ms``, ..., ``periods * step_ms``.

    Shape: (environments + 1, periods + 1); the last row is of what belongs to none. What falls due in an instant is
    not in what had grown up to it. A bill that is still growing is short of its even growth by a few nano-dollars at
    most (its rate has a fixed number of bits), one that has ended is exact.
    """
    shift = max(0, SAFE_BITS - int(np.abs(found.nano_usd).sum()).bit_length())
    rate = (found.nano_usd << shift) // (found.end_ms - found.start_ms)
    row = np.where(found.environment == NEVER, environments, int64(found.environment))
    width = periods + 1
    begun = row * width + found.start_ms // step_ms + 1
    over = row * width + -(-found.end_ms // step_ms)
    shape = (environments + 1, width)

    def grown(begins: Int64s, ends: Int64s) -> Int64s:
        """The sum of ``begins`` of what began before each instant and of ``ends`` of what is over."""
        changes = np.zeros(shape[0] * shape[1], np.int64)
        np.add.at(changes, begun, begins)
        np.add.at(changes, over, ends)
        return np.cumsum(changes.reshape(shape), axis=1)

    # rate x start may leave 64 bits, and wraps: in the difference that follows it comes back.
    open_rate, open_start = grown(rate, -rate), grown(rate * found.start_ms, -(rate * found.start_ms))
    closed = grown(np.zeros_like(rate), found.nano_usd)
    return closed + ((open_rate * (np.arange(width) * step_ms) - open_start) >> shift)


def _instances(run: Analysis) -> Spans:
    bills, lives = run.cost.instances, run.lives
    return Spans(lives.billed_ms, lives.end_ms, bills.compute + bills.ebs, run.records.instances.environment)


def _tasks(run: Analysis) -> Spans:
    tasks, phases = run.cost.tasks, run.phases
    start = (phases.starting_ms + phases.provisioning_ms)[tasks.rows]
    vcpu, memory, storage = tasks.charges
    return Spans(
        start, phases.end_ms[tasks.rows], vcpu + memory + storage, run.records.attempts.environment[tasks.rows]
    )


def _extras(run: Analysis) -> Iterator[Spans]:
    """By attempt, and by the hour."""
    start = run.phases.starting_ms
    for bill in run.cost.extras:
        yield Spans(start, start, bill.attempts, run.records.attempts.environment)
        yield _of_the_run(np.array([0]), np.array([run.records.horizon_ms]), np.array([bill.of_the_run]))


def _commitment(run: Analysis, bill: CommitmentBill) -> Spans:
    """Hour by hour what was paid for it less the use that it covered, which stands on the bills of that use."""
    bounds = np.arange(len(bill.covered) + 1) * MS_PER_H - run.prices.into_hour_ms
    inside = np.clip(bounds, 0, run.records.horizon_ms)
    return _of_the_run(inside[:-1], inside[1:], bill.commitment.fee_nano_usd_per_h - bill.covered)


def _of_the_run(start: Ints, end: Ints, nano_usd: Ints) -> Spans:
    return Spans(int64(start), int64(end), int64(nano_usd), np.full(len(start), NEVER, np.int16))
