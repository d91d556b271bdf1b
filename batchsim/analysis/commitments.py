"""What commitments change in a bill, clock hour by clock hour: reserved instances first, then a Savings Plan.

Both are paid every clock hour, used or not, and cover On-Demand use of that hour: reserved instances of a type 3,600
instance-seconds each, a Compute Savings Plan as much of EC2 and Fargate as its commitment buys at On-Demand prices less
its discount. Neither applies to Spot, to volumes or to Fargate's storage. (EC2 User Guide, "How you are billed";
Savings Plans User Guide, "How Savings Plans apply to your usage".)

Use stays on the bill at On-Demand prices; two lines then bring it to what is paid: what of a commitment was not used,
and the discount on what it covered. So an hour comes to commitment + use - covered use.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batchsim.analysis.bills import InstanceBills, TaskBills
from batchsim.analysis.exact import Int64s, apportion, int64, mul_div
from batchsim.analysis.phases import Lives, Phases
from batchsim.analysis.prices import Prices, Reserved, SavingsPlan
from batchsim.records.tables import Ints, Names, Records
from batchsim.units import MS_PER_H


@dataclass(frozen=True, slots=True, eq=False)
class CommitmentBill:
    """One commitment over the run's clock hours. Shape of each column: (hours,), in nano-dollars."""

    commitment: Reserved | SavingsPlan
    covered: Int64s
    """The use that it covered, at On-Demand prices."""
    used: Int64s
    """What of the commitment that use took."""

    @property
    def fees_nano_usd(self) -> int:
        """What was paid for it in all hours."""
        return len(self.covered) * self.commitment.fee_nano_usd_per_h

    @property
    def unused_nano_usd(self) -> int:
        """What was paid and not used."""
        return int((self.commitment.fee_nano_usd_per_h - self.used).sum())

    @property
    def discount_nano_usd(self) -> int:
        """How much less the covered use cost than On-Demand; below 0 where the commitment is the dearer."""
        return int((self.covered - self.used).sum())


def commitment_bills(
    records: Records, lives: Lives, phases: Phases, bills: tuple[InstanceBills, TaskBills], prices: Prices
) -> tuple[CommitmentBill, ...]:
    """Settle every commitment; none where there are none."""
    if not prices.reserved and prices.savings_plan is None:
        return ()
    use = _instance_use(records, lives, bills[0], prices.into_hour_ms)
    tasks = _task_use(records, phases, bills[1], prices.into_hour_ms)
    hours = _hours(records.horizon_ms, use, tasks, prices.into_hour_ms)
    settled = [_reserved(each, records, use, hours) for each in prices.reserved]
    if prices.savings_plan is not None:
        left = _by_hour(use.hour, use.nano_usd, hours) + _by_hour(tasks.hour, tasks.nano_usd, hours)
        settled.append(_savings_plan(prices.savings_plan, left - sum(each.covered for each in settled)))
    return tuple(settled)


@dataclass(frozen=True, slots=True, eq=False)
class _Use:
    """On-Demand use in pieces that end at full hours. Shape of each column: (pieces,)."""

    owner: Ints
    """Row of the instance, or position among the tasks."""
    hour: Int64s
    """Clock hour, counted from the one in which the run starts."""
    ms: Int64s
    nano_usd: Int64s


def _instance_use(records: Records, lives: Lives, bills: InstanceBills, into_hour_ms: int) -> _Use:
    rows = np.flatnonzero(~np.asarray(records.instances.spot, np.bool_) & (bills.billed_s > 0))
    return _pieces(rows, lives.billed_ms[rows] + into_hour_ms, bills.billed_s[rows] * 1000, (bills.compute[rows],))


def _task_use(records: Records, phases: Phases, tasks: TaskBills, into_hour_ms: int) -> _Use:
    """vCPU and memory of On-Demand tasks."""
    kinds = np.array([kind == "FARGATE" for kind in records.names.environment_kinds] or [False])
    chosen = np.flatnonzero(kinds[records.attempts.environment[tasks.rows]])
    rows = tasks.rows[chosen]
    start = phases.starting_ms[rows] + phases.provisioning_ms[rows] + into_hour_ms
    return _pieces(chosen, start, tasks.billed_s[chosen] * 1000, tuple(each[chosen] for each in tasks.charges[:2]))


def _pieces(owner: Ints, start_ms: Int64s, length_ms: Int64s, amounts: tuple[Int64s, ...]) -> _Use:
    """Cut each stretch at the full hours; each amount is split by the milliseconds, cumulatively rounded."""
    used = np.flatnonzero(length_ms > 0)
    owner, start_ms, length_ms = owner[used], start_ms[used], length_ms[used]
    first, last = start_ms // MS_PER_H, (start_ms + length_ms - 1) // MS_PER_H
    group = np.repeat(np.arange(len(owner)), last - first + 1)
    begin = np.concatenate((np.zeros(1, np.int64), np.cumsum(last - first + 1)[:-1])) if len(owner) else first
    hour = first[group] + np.arange(len(group)) - begin[group]
    from_ms = np.maximum(start_ms[group], hour * MS_PER_H)
    ms = np.minimum(start_ms[group] + length_ms[group], (hour + 1) * MS_PER_H) - from_ms
    nano = [apportion(amount[used], ms, group, length_ms) for amount in amounts]
    return _Use(owner[group], hour, ms, np.sum(nano, axis=0, dtype=np.int64))


def _hours(horizon_ms: int, use: _Use, tasks: _Use, into_hour_ms: int) -> int:
    """How many clock hours the run, or one of its bills, has a part in."""
    run = -(-(horizon_ms + into_hour_ms) // MS_PER_H) if horizon_ms else 0
    return max(run, int(use.hour.max(initial=-1)) + 1, int(tasks.hour.max(initial=-1)) + 1)


def _by_hour(hour: Int64s, values: Int64s, hours: int) -> Int64s:
    sums = np.zeros(hours, np.int64)
    np.add.at(sums, hour, values)
    return sums


def _reserved(reserved: Reserved, records: Records, use: _Use, hours: int) -> CommitmentBill:
    """Cover each hour's use of the type, or of the family by vCPU, up to 3,600 seconds of each unit."""
    types = _types_covered(reserved.covers, records.names)
    mine = np.flatnonzero(np.isin(records.instances.type[use.owner], types))
    units = np.ones(len(mine), np.int64)
    if "." not in reserved.covers:
        units = int64(records.instances.vcpus[use.owner[mine]])
    unit_ms = _by_hour(use.hour[mine], use.ms[mine] * units, hours)
    nano = _by_hour(use.hour[mine], use.nano_usd[mine], hours)
    most = reserved.units * MS_PER_H
    covered = np.where(unit_ms > most, mul_div(nano, most, np.maximum(unit_ms, 1)), nano)
    return CommitmentBill(reserved, covered, mul_div(np.minimum(unit_ms, most), reserved.nano_usd_per_h, MS_PER_H))


def _types_covered(covers: str, names: Names) -> list[int]:
    """Codes of the type, or of the family's types."""
    return [code for code, name in enumerate(names.types) if covers in (name, name.partition(".")[0])]


def _savings_plan(plan: SavingsPlan, use: Int64s) -> CommitmentBill:
    """Cover each hour's use up to commitment / (1 - discount)."""
    rest, whole = (1 - plan.discount).numerator, plan.discount.denominator
    most = int(mul_div(plan.nano_usd_per_h, whole, rest))
    full = use >= most
    used = np.where(full, plan.nano_usd_per_h, mul_div(use, rest, whole))
    return CommitmentBill(plan, np.where(full, most, use), used)
