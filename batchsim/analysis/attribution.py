"""Who the money went to: sums of the split by job, queue, definition, environment, type and purchase option."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batchsim.analysis.causes import Cause, Charge
from batchsim.analysis.cost import Cost
from batchsim.analysis.exact import Int64s, apportion, int64, mul_div, sum_by
from batchsim.analysis.phases import Phases
from batchsim.records.tables import NEVER, Ints, Records
from batchsim.units import MS_PER_H

FARGATE_TYPE = "Fargate"
OF_THE_RUN = "shared: the run"
"""What belongs to the run as a whole; no name has a colon or a blank."""


@dataclass(frozen=True, slots=True, eq=False)
class JobCosts:
    """What jobs cost, in nano-dollars. Shape of each column: (jobs,), but for ``unallocated``: (environments,)."""

    own: Int64s
    """The job's own rows of the split."""
    waived: Int64s
    """Its rows of what the first-hour rule gave away."""
    loaded: Int64s
    """Its own rows and its part of what its instances' attempts share."""
    share: Int64s
    """max(vCPU share, nominal memory share) x price x RUNNING time, as Nextflow reports it."""
    unallocated: Int64s
    """What instances cost on which no job had a row to spread it by."""
    of_the_run: int
    """What belongs to the run as a whole: hours of extra costs, commitments. All three together are the bill."""


def job_costs(records: Records, cost: Cost, phases: Phases) -> JobCosts:
    """Attribute the bill to jobs in three ways."""
    jobs = len(records.jobs.state)
    job_of = records.attempts.job
    own, waived = attempt_costs(records, cost)
    spread, unallocated = _spread(records, cost)
    return JobCosts(
        own=sum_by(job_of, own, jobs),
        waived=sum_by(job_of, waived, jobs),
        loaded=sum_by(job_of, own + spread, jobs),
        share=sum_by(job_of, _share_costs(records, cost, phases), jobs),
        unallocated=unallocated,
        of_the_run=_of_the_run(cost),
    )


def attempt_costs(records: Records, cost: Cost) -> tuple[Int64s, Int64s]:
    """Return the nano-dollars, and waived nano-dollars, of each attempt's own rows."""
    rows, size = cost.rows, len(records.attempts.job)
    own = np.flatnonzero(rows.attempt != NEVER)
    attempt = rows.attempt[own]
    return sum_by(attempt, rows.nano_usd[own], size), sum_by(attempt, rows.waived_nano_usd[own], size)


def _of_the_run(cost: Cost) -> int:
    rows = cost.rows
    return int(rows.nano_usd[(rows.attempt == NEVER) & (rows.instance == NEVER)].sum())


def extra_costs(records: Records, cost: Cost) -> Int64s:
    """Return the nano-dollars of ``world.extra_costs`` among each attempt's own rows."""
    extra = np.zeros(len(records.attempts.job), np.int64)
    for bill in cost.extras:
        extra += bill.attempts
    return extra


def _spread(records: Records, cost: Cost) -> tuple[Int64s, Int64s]:
    """Spread what an instance's attempts share over them by their direct cost, waived or not.

    The second column is what could not be spread, by environment.
    """
    instance_of = records.attempts.instance
    instances = len(records.instances.environment)
    own, waived = attempt_costs(records, cost)
    own = own - extra_costs(records, cost)
    order = np.flatnonzero(instance_of != NEVER)
    order = order[np.argsort(instance_of[order], kind="stable")]
    direct, group = (own + waived)[order], instance_of[order]
    total = sum_by(group, direct, instances)
    shared = _shared_by_instance(cost, instances)
    part = np.zeros_like(own)
    part[order] = apportion(shared, direct, group, total)
    stranded = np.where(total > 0, 0, shared)
    return part, sum_by(records.instances.environment, stranded, len(records.names.environments))


def _shared_by_instance(cost: Cost, instances: int) -> Int64s:
    shared = np.flatnonzero((cost.rows.attempt == NEVER) & (cost.rows.instance != NEVER))
    return sum_by(cost.rows.instance[shared], cost.rows.nano_usd[shared], instances)


def _share_costs(records: Records, cost: Cost, phases: Phases) -> Int64s:
    """The larger share of vCPU and nominal memory x price x RUNNING time of each attempt; a whole task on Fargate."""
    result = np.zeros(len(records.attempts.job), np.int64)
    on_host = np.flatnonzero(records.attempts.instance != NEVER)
    result[on_host] = _host_shares(records, phases, on_host)
    tasks = cost.tasks
    call = records.jobs.submission[records.attempts.job[tasks.rows]]
    asked, run = records.submissions, phases.running_ms[tasks.rows]
    vcpu = mul_div(run * asked.vcpus_milli[call], tasks.rates[0], MS_PER_H * 1000)
    result[tasks.rows] = vcpu + mul_div(run * asked.memory_mib[call], tasks.rates[1], MS_PER_H * 1024)
    return result


def _host_shares(records: Records, phases: Phases, rows: Ints) -> Int64s:
    instances, asked = records.instances, records.submissions
    host, call = records.attempts.instance[rows], records.jobs.submission[records.attempts.job[rows]]
    milli, all_milli = int64(asked.vcpus_milli[call]), 1000 * int64(instances.vcpus[host])
    mib, all_mib = int64(asked.memory_mib[call]), int64(instances.nominal_memory_mib[host])
    by_vcpu = milli * all_mib >= mib * all_milli
    part, whole = np.where(by_vcpu, milli, mib), np.where(by_vcpu, all_milli, all_mib)
    return mul_div(phases.running_ms[rows] * part, int64(instances.price_nano_usd_per_h[host]), MS_PER_H * whole)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a split of the bill."""

    name: str
    nano_usd: int
    waived_nano_usd: int


def by_cause(cost: Cost) -> list[Line]:
    """Return every cause that has a row, in the order of :class:`Cause`."""
    return _lines(cost, cost.rows.cause, tuple(cause.text for cause in Cause))


def by_charge(cost: Cost) -> list[Line]:
    """Return every charge that has a row."""
    return _lines(cost, cost.rows.charge, tuple(charge.text for charge in Charge))


def by_environment(records: Records, cost: Cost) -> list[Line]:
    """Return every environment that cost something, in file order; then what belongs to none."""
    environment, names = row_environments(records, cost), records.names.environments
    return _lines(cost, np.where(environment == NEVER, len(names), environment), (*names, OF_THE_RUN))


def by_type(records: Records, cost: Cost) -> list[Line]:
    """Return every instance type that cost something; all Fargate tasks are one line; then what is no capacity."""
    code = _of_instance(cost, records.instances.type, len(records.names.types))
    return _lines(cost, *_beside(cost, code, (*records.names.types, FARGATE_TYPE)))


PURCHASES = ("On-Demand", "Spot", "Fargate", "Fargate Spot")
_BESIDE = {Charge.EXTRA: "extra costs", Charge.RESERVED: "reserved instances", Charge.SAVINGS_PLAN: "Savings Plan"}
"""Lines for what is no capacity; no instance type is called so."""


def _beside(cost: Cost, code: Ints, names: tuple[str, ...]) -> tuple[Ints, tuple[str, ...]]:
    """``code`` with a number of its own for each charge that is no capacity, and the names with theirs."""
    charge = cost.rows.charge
    beside = len(names) + int64(charge) - int(Charge.EXTRA)
    return np.where(charge >= Charge.EXTRA, beside, code), (*names, *_BESIDE.values())


def by_purchase(records: Records, cost: Cost) -> list[Line]:
    """Return every purchase option that cost something; then what is no capacity."""
    kinds = records.names.environment_kinds
    spot_task = np.array([3 if kind == "FARGATE_SPOT" else 2 for kind in kinds] or [2], np.int64)
    on_host = _of_instance(cost, records.instances.spot.astype(np.int64), 2)
    code = np.where(on_host == 2, spot_task[row_environments(records, cost)], on_host)
    return _lines(cost, *_beside(cost, code, PURCHASES))


def by_queue(records: Records, cost: Cost) -> list[Line]:
    """Return each queue's own rows, then one ``shared: ENVIRONMENT`` line for what belongs to no job."""
    return _by_submission(records, cost, records.submissions.queue, records.names.queues)


def by_definition(records: Records, cost: Cost) -> list[Line]:
    """Return each job definition's own rows, in the order of their first calls; then as :func:`by_queue`.

    Not in the order of their codes: which revision was heard of first hangs on whether a call stood in the file.
    """
    used, first, own = np.unique(records.submissions.definition, return_index=True, return_inverse=True)
    order = np.argsort(first)
    names = tuple(records.names.definitions[code] for code in used[order])
    return _by_submission(records, cost, np.argsort(order)[own], names)


def by_entry(records: Records, cost: Cost) -> list[Line]:
    """Return each workload entry's own rows, then one ``shared: ENVIRONMENT`` line for what belongs to no job."""
    return _by_submission(records, cost, records.submissions.entry, records.names.entries)


def row_jobs(records: Records, cost: Cost) -> Ints:
    """Return the job of each row of the split, NEVER where it has none."""
    return _lookup(records.attempts.job, cost.rows.attempt, NEVER)


def row_environments(records: Records, cost: Cost) -> Ints:
    """Return the environment of each row of the split."""
    rows = cost.rows
    of_host = _lookup(records.instances.environment, rows.instance, NEVER)
    return np.where(rows.instance == NEVER, _lookup(records.attempts.environment, rows.attempt, NEVER), of_host)


def _by_submission(records: Records, cost: Cost, column: Ints, names: tuple[str, ...]) -> list[Line]:
    job, environment = row_jobs(records, cost), row_environments(records, cost)
    own = _lookup(column[records.jobs.submission], job, 0)
    shared = tuple(f"shared: {name}" for name in records.names.environments)
    everywhere = np.where(environment == NEVER, len(shared), environment)
    code = np.where(job == NEVER, len(names) + everywhere, own)
    return _lines(cost, code, (*names, *shared, OF_THE_RUN))


def _of_instance(cost: Cost, column: Ints, without: int) -> Ints:
    """A column of the instances for each row of the split, ``without`` for rows that have no instance."""
    return _lookup(column, cost.rows.instance, without)


def _lookup(column: Ints, row: Ints, missing: int) -> Ints:
    """``column[row]``, and ``missing`` where the row is NEVER; works on empty columns."""
    padded = np.append(int64(column), missing)
    return np.asarray(padded[np.where(row == NEVER, len(padded) - 1, row)])


def _lines(cost: Cost, code: Ints, names: tuple[str, ...]) -> list[Line]:
    rows = cost.rows
    size = len(names)
    seen = np.flatnonzero(np.bincount(code, minlength=size))
    nano, waived = sum_by(code, rows.nano_usd, size), sum_by(code, rows.waived_nano_usd, size)
    return [Line(names[at], int(nano[at]), int(waived[at])) for at in seen.tolist()]
