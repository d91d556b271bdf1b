"""What limited a run, or nearly did: the highest use of every limit, beside the limit that held at that instant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from batchsim.analysis.ceilings import Cap, FaultCap
from batchsim.analysis.exact import int64
from batchsim.analysis.series import capacity
from batchsim.analysis.service_limits import (
    active_shares,
    calls_in_a_second,
    launches_of_a_burst,
    reserved_room,
    submitted_at_once,
)
from batchsim.analysis.steps import Steps, steps
from batchsim.records.tables import Bools

if TYPE_CHECKING:
    import pandas as pd

    from batchsim.analysis.run import Analysis

NEARLY = 0.8
"""From this share of a limit on it nearly limited the run: the report shows it. At 1 it did."""

PURCHASES = ("On-Demand", "Spot")


@dataclass(frozen=True, slots=True)
class Limit:
    """The instant at which a limit was used most."""

    what: str
    where: str
    unit: str
    peak: float
    limit: float
    at_ms: int | None
    """None for what does not change in time."""

    @property
    def share(self) -> float:
        """Of the limit; 1 and more: it was reached, or something held it that had been there before."""
        return self.peak / self.limit


def found_limits(run: Analysis) -> list[Limit]:
    """Return every limit that is known and above 0, in the order of the sources."""
    return [limit for source in _SOURCES for limit in source(run) if limit.limit > 0]


def limits(run: Analysis) -> pd.DataFrame:
    """One row a limit, the most used first: what, where, its unit, the peak, the limit then, the share, and when.

    Where use and limit change, the row is of the instant with the largest share, the first of equals. ``at_s`` is
    missing for what does not change in time. ``pool_vcpus`` is a type in a zone beside the maxvCpus of its environment,
    or its quota where that is less.
    """
    import pandas as pd

    rows = sorted(found_limits(run), key=lambda limit: -limit.share)
    return pd.DataFrame(
        {
            "what": pd.array([row.what for row in rows], dtype="str"),
            "where": pd.array([row.where for row in rows], dtype="str"),
            "unit": pd.array([row.unit for row in rows], dtype="str"),
            "peak": np.array([row.peak for row in rows], np.float64),
            "limit": np.array([row.limit for row in rows], np.float64),
            "share": np.array([round(row.share, 6) for row in rows], np.float64),
            "at_s": np.array([np.nan if row.at_ms is None else row.at_ms / 1000 for row in rows], np.float64),
        }
    )


def limits_summary(run: Analysis) -> list[dict[str, Any]]:
    """The same rows for the summary, but for single pools, which say nothing that their environments do not."""
    rows = sorted((limit for limit in found_limits(run) if limit.what != "pool_vcpus"), key=lambda limit: -limit.share)
    return [
        {
            "what": row.what,
            "where": row.where,
            "unit": row.unit,
            "peak": row.peak,
            "limit": row.limit,
            "share": round(row.share, 6),
            "at_s": None if row.at_ms is None else row.at_ms / 1000,
        }
        for row in rows
    ]


# -- the sources


def _environments(run: Analysis) -> Iterator[Limit]:
    """vCPUs of an environment's instances, on and booting, or of its tasks."""
    names = run.records.names
    for code, (name, kind) in enumerate(zip(names.environments, names.environment_kinds, strict=True)):
        cap, level = run.rules.ceilings.max_vcpus_of(code), capacity(run, code)
        if cap is not None:
            of_tasks = kind.startswith("FARGATE")
            used = level.fargate_milli if of_tasks else level.desired
            yield _most_used("environment_vcpus", name, "vCPUs", used, cap, 1000 if of_tasks else 1)


def _pools(run: Analysis) -> Iterator[Limit]:
    """vCPUs of a type in a zone."""
    instances, names = run.records.instances, run.records.names
    keys = np.stack([int64(column) for column in (instances.environment, instances.type, instances.zone)], axis=1)
    keys = np.column_stack((keys, instances.spot.astype(np.int64)))
    for environment, type_, zone, spot in np.unique(keys, axis=0).tolist():
        cap = run.rules.ceilings.max_vcpus_of(environment)
        quota = run.rules.ceilings.quotas.get((_class_of(run, type_), bool(spot)))
        if cap is None and quota is None:
            continue
        chosen = (keys == (environment, type_, zone, spot)).all(axis=1)
        where = f"{names.environments[environment]}: {names.types[type_]} in {names.zones[zone]}, {PURCHASES[spot]}"
        yield _most_used("pool_vcpus", where, "vCPUs", _vcpus(run, chosen), _least(cap, quota))


def _least(cap: Cap | None, quota: int | None) -> Cap:
    if cap is None or quota is None:
        return cap or ((0, quota or 0),)
    return tuple((at_ms, min(limit, quota)) for at_ms, limit in cap)


def _class_of(run: Analysis, type_: int) -> str:
    classes = run.rules.ceilings.type_classes
    return classes[type_] if type_ < len(classes) else ""


def _quotas(run: Analysis) -> Iterator[Limit]:
    """vCPUs of all instances that a quota of the account counts."""
    instances = run.records.instances
    of_type = np.array([*run.rules.ceilings.type_classes, ""])
    for (class_, spot), limit in run.rules.ceilings.quotas.items():
        chosen = (of_type[instances.type] == class_) & (instances.spot == spot)
        yield _most_used("ec2_vcpu_quota", f"{class_}, {PURCHASES[spot]}", "vCPUs", _vcpus(run, chosen), ((0, limit),))


def _fargate(run: Analysis) -> Iterator[Limit]:
    """vCPUs of all tasks, and what they took of the bucket of launches; Fargate and Fargate Spot apart."""
    kinds = np.array(run.records.names.environment_kinds)
    for kind, quota in zip(("FARGATE", "FARGATE_SPOT"), run.rules.ceilings.fargate_vcpus, strict=True):
        codes = np.flatnonzero(kinds == kind)
        if len(codes) and quota is not None:
            levels = [capacity(run, code).fargate_milli for code in codes.tolist()]
            yield _most_used("fargate_vcpu_quota", kind, "vCPUs", _sum(levels), ((0, quota),), 1000)
        if len(codes) and run.rules.ceilings.fargate_burst:
            peak, at_ms = launches_of_a_burst(run, codes)
            yield Limit("fargate_launches", kind, "launches", peak, run.rules.ceilings.fargate_burst, at_ms)


def _sum(levels: list[Steps]) -> Steps:
    at = np.unique(np.concatenate([level.at_ms for level in levels]))
    return Steps(at, int64(sum(level.at(at) for level in levels)), max(level.end_ms for level in levels))


def _faults(run: Analysis) -> Iterator[Limit]:
    """What EC2 had left by a fault, while it lasted."""
    horizon = run.records.horizon_ms
    for fault in run.rules.ceilings.faults:
        until = horizon if fault.until_ms is None else min(fault.until_ms, horizon)
        if fault.from_ms < until:
            used = _within(_vcpus(run, _selected(run, fault), by_vcpus=fault.by_vcpus), fault.from_ms, until)
            unit = "vCPUs" if fault.by_vcpus else "instances"
            yield _most_used(f"{fault.kind}_fault", fault.name, unit, used, ((0, fault.limit),))


def _selected(run: Analysis, fault: FaultCap) -> Bools:
    instances, names = run.records.instances, run.records.names
    chosen = np.ones(len(instances.type), np.bool_)
    for wanted, column, known in (
        (fault.environment, instances.environment, names.environments),
        (fault.type, instances.type, names.types),
        (fault.zone, instances.zone, names.zones),
    ):
        if wanted is not None:
            chosen &= np.array([*(fnmatchcase(name, wanted) for name in known), False])[column]
    return chosen if fault.spot is None else np.asarray(chosen & (instances.spot == fault.spot))


def _consumables(run: Analysis) -> Iterator[Limit]:
    """What was in use, or used up, of each consumable resource."""
    use = run.records.consumables
    for code, name in enumerate(run.records.names.consumables):
        rows = np.flatnonzero(use.resource == code)
        at, level, total = (int64(column)[rows] for column in (use.at_ms, use.in_use, use.total))
        if len(rows):
            cap = tuple(zip(at.tolist(), total.tolist(), strict=True))
            yield _most_used("consumable_resource", name, "units", Steps(at, level, run.records.horizon_ms), cap)


def _shares(run: Analysis) -> Iterator[Limit]:
    """Active shares of each fair-share queue, and what its reservation leaves to be held."""
    for code, queue in enumerate(run.rules.ceilings.shares):
        if queue is None:
            continue
        name, active = run.records.names.queues[code], active_shares(run, code, queue.window_ms)
        if queue.most_active is not None:
            cap: Cap = ((0, queue.most_active),)
            yield _most_used("active_shares", name, "share identifiers", active, cap)
        room = reserved_room(run, queue, active)
        if room is not None:
            held = _held_milli(run, code)
            yield _most_used("unreserved_vcpus", name, "vCPUs", held, room, 1000, cap_unit=1000)


def _held_milli(run: Analysis, queue: int) -> Steps:
    """Thousandths of vCPUs that a queue's jobs hold."""
    attempts, calls = run.records.attempts, run.records.submissions
    call = run.records.jobs.submission[attempts.job]
    mine = calls.queue[call] == queue
    return steps(
        run.phases.starting_ms[mine],
        run.phases.end_ms[mine],
        calls.vcpus_milli[call][mine],
        run.records.horizon_ms,
    )


def _service(run: Analysis) -> Iterator[Limit]:
    """SubmitJob calls, jobs in SUBMITTED, and the sizes of what the scenario asks for."""
    ceilings = run.rules.ceilings
    if ceilings.submit_tps:
        peak, at_ms = calls_in_a_second(run)
        yield Limit("submit_calls", "SubmitJob", "calls in a second", peak, ceilings.submit_tps, at_ms)
    if ceilings.submitted_limit:
        peak, at_ms = submitted_at_once(run, ceilings.cycle_ms)
        yield Limit("submitted_jobs", "SubmitJob", "jobs SUBMITTED at once", peak, ceilings.submitted_limit, at_ms)
    for size in ceilings.sizes:
        yield Limit(size.what, size.where, size.unit, size.size, size.limit, None)


_SOURCES: tuple[Callable[[Analysis], Iterable[Limit]], ...] = (
    _environments,
    _pools,
    _quotas,
    _fargate,
    _faults,
    _consumables,
    _shares,
    _service,
)


# -- levels


def _vcpus(run: Analysis, chosen: Bools, *, by_vcpus: bool = True) -> Steps:
    """vCPUs of the chosen instances, from their launch; or how many there are."""
    instances = run.records.instances
    size: ArrayLike = instances.vcpus[chosen] if by_vcpus else 1
    return steps(int64(instances.launched_at_ms)[chosen], run.lives.end_ms[chosen], size, run.records.horizon_ms)


def _within(level: Steps, from_ms: int, until_ms: int) -> Steps:
    """A level from one instant to before another."""
    inside = level.at_ms[(level.at_ms > from_ms) & (level.at_ms < until_ms)]
    at = np.concatenate((np.array([from_ms]), inside))
    return Steps(at, level.at(at), until_ms)


def _most_used(what: str, where: str, unit: str, level: Steps, cap: Cap, of: int = 1, *, cap_unit: int = 1) -> Limit:
    """The instant with the largest share of a limit that may change; levels are in parts of 1/``of``.

    At an instant where several rows of the limit stand the last holds.
    """
    since, amounts = (int64(column) for column in zip(*cap, strict=True))
    changes = since[(since > level.at_ms[0]) & (since < level.end_ms)]
    at = np.unique(np.concatenate((level.at_ms, changes)))
    at = at[(at < max(level.end_ms, 1)) | (at == level.at_ms[0])]
    used = level.at(at)
    limit = amounts[np.maximum(np.searchsorted(since, at, side="right") - 1, 0)]
    share = np.divide(used * cap_unit, limit * of, out=np.zeros(len(at)), where=limit > 0)
    best = int(np.argmax(share))
    return Limit(what, where, unit, _number(used[best], of), _number(limit[best], cap_unit), int(at[best]))


def _number(value: Any, of: int) -> float:
    """A whole number where it is one."""
    exact = int(value)
    return exact // of if exact % of == 0 else exact / of
