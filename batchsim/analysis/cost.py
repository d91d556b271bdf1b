"""Where the money went: every bill split once, at the grain of instance x charge x attempt x cause.

All other splits are sums of these rows (``model.md`` section 6). Each row's weight is its own product of share and
time; none is what the others left over, so :func:`sum_check` can find a lost millisecond or nano-dollar.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from batchsim.analysis.bills import InstanceBills, TaskBills, instance_bills, task_bills
from batchsim.analysis.causes import CAPACITY, EXTRA_CAUSES, Cause, Charge, causes_of_kept_work, causes_of_work
from batchsim.analysis.commitments import CommitmentBill, commitment_bills
from batchsim.analysis.exact import Exact, Int64s, apportion, sum_by
from batchsim.analysis.extras import ExtraBill, bound_nano_usd, extra_bills
from batchsim.analysis.occupancy import Occupancy, occupancy
from batchsim.analysis.phases import Lives, Phases, attempt_phases, instance_lives
from batchsim.analysis.prices import Prices, Reserved, Rules
from batchsim.analysis.shares import Shares, instance_shares
from batchsim.errors import Problem, ScenarioError
from batchsim.records.tables import NEVER, Ints, Records

MOST_NANO_USD = 2**62
"""Sums of nano-dollars below it cannot leave 64 bits."""


class Rows(NamedTuple):
    """Rows of the split, all of one shape."""

    instance: Ints
    """Row of the instance, NEVER on Fargate and for what is no capacity."""
    attempt: Ints
    """Row of the attempt, NEVER where no attempt is to blame (boot, idle, unused, minimum, EBS, the run as a whole)."""
    charge: Ints
    cause: Ints
    weight: Exact
    """Share x ms that the row stands for, over the denominator of its instance (1 on Fargate, for EBS); else 0."""
    nano_usd: Int64s
    waived_nano_usd: Int64s


@dataclass(frozen=True, slots=True, eq=False)
class Cost:
    """All bills of a run and their split."""

    instances: InstanceBills
    tasks: TaskBills
    extras: tuple[ExtraBill, ...]
    commitments: tuple[CommitmentBill, ...]
    rows: Rows
    denominator: Exact
    """Of the shares on each instance."""
    busy_ms: Int64s
    """How long each instance had a job. Shape: (instances,)."""

    @property
    def total_nano_usd(self) -> int:
        """The sum of all bills."""
        tasks = sum(int(charge.sum()) for charge in self.tasks.charges)
        capacity = int(self.instances.compute.sum()) + int(self.instances.ebs.sum()) + tasks
        settled = sum(each.unused_nano_usd - each.discount_nano_usd for each in self.commitments)
        return capacity + self.extra_nano_usd + settled

    @property
    def extra_nano_usd(self) -> int:
        """What ``world.extra_costs`` adds."""
        return sum(bill.total_nano_usd for bill in self.extras)

    @property
    def fees_nano_usd(self) -> int:
        """What was paid for commitments, used or not."""
        return sum(each.fees_nano_usd for each in self.commitments)

    @property
    def waived_nano_usd(self) -> int:
        """What the first-hour rule gave away."""
        return int(self.instances.waived.sum())

    @property
    def on_demand_nano_usd(self) -> int:
        """What the same instances and tasks, as long on, cost at On-Demand prices; nothing of it is waived."""
        tasks = sum(int(charge.sum()) for charge in self.tasks.on_demand)
        return int(self.instances.on_demand.sum()) + int(self.instances.ebs.sum()) + tasks + self.extra_nano_usd


def cost(records: Records, prices: Prices, rules: Rules | None = None) -> Cost:
    """Bill the run and split the bills."""
    phases, lives = attempt_phases(records), instance_lives(records)
    bills, tasks = instance_bills(records, lives, prices), task_bills(records, phases, prices)
    _check_total(bills, tasks, bound_nano_usd(records, prices.extra))
    extras = extra_bills(records, prices.extra)
    commitments = commitment_bills(records, lives, phases, (bills, tasks), prices)
    shares = instance_shares(records, int(bills.billed_s.max(initial=0)) * 1000)
    use = occupancy(records, lives, phases, shares, rules or Rules())
    split = [
        _compute_rows(records, lives, phases, shares, use, bills),
        _ebs_rows(bills),
        *(_task_rows(records, phases, tasks, charge) for charge in range(3)),
        *(_extra_rows(bill) for bill in extras),
        *(_commitment_rows(each) for each in commitments),
    ]
    rows = Rows(*(np.concatenate(columns) for columns in zip(*split, strict=True)))
    return Cost(bills, tasks, extras, commitments, rows, shares.denominator, use.busy_ms)


def _check_total(bills: InstanceBills, tasks: TaskBills, extra_nano_usd: float) -> None:
    """E148 for a run whose bills together are beyond 64 bits of nano-dollars: sums would be wrong without a word."""
    columns = (bills.compute, bills.waived, bills.ebs, bills.on_demand, *tasks.charges, *tasks.on_demand)
    if sum(float(column.sum(dtype=np.float64)) for column in columns) + extra_nano_usd > MOST_NANO_USD:
        message = "the bill is in the billions of dollars, beyond what can be counted to the nano-dollar"
        raise ScenarioError([Problem("E148", (), message)])


_SHARED = (Cause.IDLE_GAP, Cause.IDLE_TAIL, Cause.KEPT_BY_MINVCPUS, Cause.UNUSED_SHARE, Cause.MINIMUM_CHARGE)


def _compute_rows(
    records: Records, lives: Lives, phases: Phases, shares: Shares, use: Occupancy, bills: InstanceBills
) -> Rows:
    """Split the compute bills: by instance its boot, the phases of its attempts, then what they share."""
    parts = _phases_of(records, phases, shares.rows)
    layout = _Layout(shares.instance, len(bills.on_ms), len(parts))
    attempt, cause = np.full(layout.size, NEVER, np.int32), np.empty(layout.size, np.int8)
    weight = np.zeros(layout.size, shares.denominator.dtype)
    instance = layout.instances()
    cause[layout.boot] = Cause.BOOT
    weight[layout.boot] = shares.denominator * (lives.ready_ms - lives.billed_ms)
    for offset, (kind, length) in enumerate(parts):
        attempt[layout.attempts + offset] = shares.rows
        cause[layout.attempts + offset] = kind
        weight[layout.attempts + offset] = shares.numerator * length
    for offset, shared in enumerate(_shared_weights(shares, use, bills)):
        cause[layout.shared + offset] = _SHARED[offset]
        weight[layout.shared + offset] = shared
    keep = np.flatnonzero(weight != 0)
    instance, weight = instance[keep], weight[keep]
    total = shares.denominator * (bills.billed_s * 1000)
    billed, waived = (apportion(amount, weight, instance, total) for amount in (bills.compute, bills.waived))
    charge = np.full(len(keep), Charge.COMPUTE, np.int8)
    return Rows(instance, attempt[keep], charge, cause[keep], weight, billed, waived)


class _Layout:
    """Where each row stands when instances follow one another: boot, some phases an attempt, what they share."""

    def __init__(self, instance: Ints, instances: int, phases: int) -> None:
        self._count = np.bincount(instance, minlength=instances)
        block = 1 + phases * self._count + len(_SHARED)
        self.boot = np.cumsum(block) - block
        self.shared = self.boot + 1 + phases * self._count
        self.size = int(block.sum())
        nth = np.arange(len(instance)) - (np.cumsum(self._count) - self._count)[instance]
        self.attempts = self.boot[instance] + 1 + phases * nth
        self._block = block

    def instances(self) -> Ints:
        """Return the instance of each row."""
        return np.repeat(np.arange(len(self._block), dtype=np.int32), self._block)


_Part = tuple[Ints | Cause, Int64s]
"""The cause and length of one phase of some attempts."""


def _phases_of(records: Records, phases: Phases, rows: Ints) -> tuple[_Part, ...]:
    """The cause and length of what the given attempts paid for; provisioning on a host counts as container start."""
    start = phases.provisioning_ms[rows] + phases.container_start_ms[rows]
    return (
        (Cause.IMAGE_PULL, phases.image_pull_ms[rows]),
        (Cause.CONTAINER_START, start),
        *_running_of(records, phases, rows),
    )


def _running_of(records: Records, phases: Phases, rows: Ints) -> tuple[_Part, ...]:
    """The cause and length of what RUNNING was spent on; checkpoints have rows only in runs that write them."""
    work = (causes_of_work(records)[rows], phases.unkept_ms[rows])
    if not phases.saves:
        return (work,)
    return (
        (Cause.CHECKPOINT_AND_RESTORE, phases.restore_ms[rows] + phases.checkpoint_ms[rows]),
        (causes_of_kept_work(records)[rows], phases.kept_ms[rows]),
        work,
    )


def _shared_weights(shares: Shares, use: Occupancy, bills: InstanceBills) -> tuple[Exact, ...]:
    """Weights of what an instance's attempts share, in the order of ``_SHARED``."""
    whole = shares.denominator
    padding = bills.billed_s * 1000 - bills.on_ms
    return (whole * use.idle_gap_ms, whole * use.idle_tail_ms, whole * use.kept_ms, use.unused, whole * padding)


def _ebs_rows(bills: InstanceBills) -> Rows:
    """One row an instance whose volume costs something."""
    instance = np.flatnonzero(bills.ebs).astype(np.int32)
    size = len(instance)
    return Rows(
        instance,
        np.full(size, NEVER, np.int32),
        np.full(size, Charge.EBS, np.int8),
        np.full(size, Cause.EBS, np.int8),
        bills.billed_s[instance] * 1000,
        bills.ebs[instance],
        np.zeros(size, np.int64),
    )


def _task_rows(records: Records, phases: Phases, tasks: TaskBills, charge: int) -> Rows:
    """Split one charge of every Fargate attempt: pull, start, the container's run by outcome, minimum."""
    rows, amount = tasks.rows, tasks.charges[charge]
    padding = tasks.billed_s * 1000 - tasks.on_ms
    kinds, lengths = zip(
        (Cause.IMAGE_PULL, phases.image_pull_ms[rows]),
        (Cause.CONTAINER_START, phases.container_start_ms[rows]),
        *_running_of(records, phases, rows),
        (Cause.MINIMUM_CHARGE, padding),
        strict=True,
    )
    weight = np.stack(lengths, axis=1).reshape(-1)
    cause = np.stack([np.broadcast_to(kind, rows.shape) for kind in kinds], axis=1).reshape(-1).astype(np.int8)
    task = np.repeat(np.arange(len(rows)), len(kinds))
    keep = np.flatnonzero((weight != 0) & (amount[task] != 0))
    task, weight = task[keep], weight[keep]
    return Rows(
        np.full(len(keep), NEVER, np.int32),
        rows[task].astype(np.int32),
        np.full(len(keep), Charge.FARGATE_VCPU + charge, np.int8),
        cause[keep],
        weight,
        apportion(amount, weight, task, tasks.billed_s * 1000),
        np.zeros(len(keep), np.int64),
    )


def _extra_rows(bill: ExtraBill) -> Rows:
    """A row for each attempt that one kind of extra cost falls on, then one for the run as a whole."""
    attempt = np.flatnonzero(bill.attempts)
    amounts = bill.attempts[attempt]
    if bill.of_the_run:
        attempt, amounts = np.append(attempt, NEVER), np.append(amounts, bill.of_the_run)
    cause = np.full(len(amounts), EXTRA_CAUSES[bill.kind])
    return _rows_beside_capacity(attempt, Charge.EXTRA, cause, amounts)


def _commitment_rows(bill: CommitmentBill) -> Rows:
    """What of a commitment was not used, and the discount on what was: of the run as a whole."""
    amounts = np.array([bill.unused_nano_usd, -bill.discount_nano_usd], np.int64)
    seen = np.flatnonzero(amounts)
    charge = Charge.RESERVED if isinstance(bill.commitment, Reserved) else Charge.SAVINGS_PLAN
    cause = np.array([Cause.UNUSED_COMMITMENT, Cause.COMMITMENT_DISCOUNT])[seen]
    return _rows_beside_capacity(np.full(len(seen), NEVER), charge, cause, amounts[seen])


def _rows_beside_capacity(attempt: Ints, charge: Charge, cause: Ints, amounts: Int64s) -> Rows:
    size = len(amounts)
    return Rows(
        np.full(size, NEVER, np.int32),
        attempt.astype(np.int32),
        np.full(size, charge, np.int8),
        cause.astype(np.int8),
        np.zeros(size, np.int64),
        amounts,
        np.zeros(size, np.int64),
    )


def sum_check(result: Cost) -> list[str]:
    """Return a sentence for each sum that is not exact, none when all are.

    Checked: on every instance shares x time of the attempts, boot, idle and unused add up to denominator x on-time,
    with the padding of the minimum to the billed time; likewise on Fargate; every bill, every waived bill, is the sum
    of its rows, extra costs and commitments too; and no row stands for less than nothing.
    """
    backwards = np.flatnonzero(result.rows.weight < 0).tolist()
    problems = [f"row {row} of the split has the negative weight {result.rows.weight[row]}" for row in backwards]
    for charge in CAPACITY:
        problems += _charge_problems(result, charge)
    return problems + _problems_beside_capacity(result)


def _problems_beside_capacity(result: Cost) -> list[str]:
    """By kind of extra cost, and by kind of commitment: its bills, and the sum of its rows."""
    bills: dict[tuple[int, int], int] = {}
    for extra in result.extras:
        bills[Charge.EXTRA, EXTRA_CAUSES[extra.kind]] = extra.total_nano_usd
    for each in result.commitments:
        charge = Charge.RESERVED if isinstance(each.commitment, Reserved) else Charge.SAVINGS_PLAN
        for cause, nano_usd in (
            (Cause.UNUSED_COMMITMENT, each.unused_nano_usd),
            (Cause.COMMITMENT_DISCOUNT, -each.discount_nano_usd),
        ):
            bills[charge, cause] = bills.get((charge, cause), 0) + nano_usd
    rows = result.rows
    beside = np.flatnonzero(rows.charge >= Charge.EXTRA)
    for charge, cause, nano_usd in zip(
        *(column[beside].tolist() for column in (rows.charge, rows.cause, rows.nano_usd)), strict=True
    ):
        bills[charge, cause] = bills.get((charge, cause), 0) - nano_usd
    return [
        f"{Cause(cause).text} of {Charge(charge).text}: rows sum to {-off} nano-dollars too many"
        for (charge, cause), off in bills.items()
        if off
    ]


def _charge_problems(result: Cost, charge: Charge) -> list[str]:
    rows = result.rows
    of = np.flatnonzero(rows.charge == charge)
    is_task = charge >= Charge.FARGATE_VCPU
    owner = (rows.attempt if is_task else rows.instance)[of]
    padding = rows.cause[of] == Cause.MINIMUM_CHARGE
    expected = _expected(result, charge)
    size = int(max(owner.max(initial=-1), expected.owner.max(initial=-1))) + 1
    seen = {
        "on-time": sum_by(owner[~padding], rows.weight[of][~padding], size),
        "billed time": sum_by(owner, rows.weight[of], size),
        "nano-dollars": sum_by(owner, rows.nano_usd[of], size),
        "waived nano-dollars": sum_by(owner, rows.waived_nano_usd[of], size),
    }
    wanted = (expected.on, expected.billed, expected.nano_usd, expected.waived)
    problems = []
    for (what, sums), values in zip(seen.items(), wanted, strict=True):
        full = np.zeros(size, sums.dtype)
        full[expected.owner] = values
        problems += [_sentence(charge, what, n, sums[n], full[n]) for n in np.flatnonzero(sums != full).tolist()]
    return problems


def _sentence(charge: Charge, what: str, owner: int, seen: int, wanted: int) -> str:
    kind = "attempt" if charge >= Charge.FARGATE_VCPU else "instance"
    return f"{charge.text} of {kind} {owner}: rows sum to {seen} {what}, should be {wanted} (off by {seen - wanted})"


class _Expected(NamedTuple):
    """What the rows of each owner of one charge must add up to."""

    owner: Ints
    on: Exact
    billed: Exact
    nano_usd: Int64s
    waived: Int64s


def _expected(result: Cost, charge: Charge) -> _Expected:
    """Straight from the bills, without the rows."""
    bills, tasks = result.instances, result.tasks
    everyone = np.arange(len(bills.on_ms))
    zero = np.zeros_like(bills.on_ms)
    if charge == Charge.COMPUTE:
        on, billed = result.denominator * bills.on_ms, result.denominator * (bills.billed_s * 1000)
        return _Expected(everyone, on, billed, bills.compute, bills.waived)
    if charge == Charge.EBS:
        held = np.where(bills.ebs != 0, bills.billed_s * 1000, 0)
        return _Expected(everyone, held, held, bills.ebs, zero)
    amount = tasks.charges[charge - Charge.FARGATE_VCPU]
    charged = amount != 0
    on, billed = np.where(charged, tasks.on_ms, 0), np.where(charged, tasks.billed_s * 1000, 0)
    return _Expected(tasks.rows, on, billed, amount, np.zeros_like(amount))
