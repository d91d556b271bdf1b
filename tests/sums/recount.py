"""Every turnaround, every wait and every bill anew from a result's tables, by plain loops over ms and nano-dollars.

Nothing is shared with the product, and nothing is what the others leave over: each part comes from its own two
instants, each bill from its own time, size and price, each sum of causes is held against a bill made without them.
"""

from __future__ import annotations

from collections import defaultdict, namedtuple
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import pandas as pd

from batchsim import Result

PARTS = (
    *("throttled", "dependency", "wait", "retry_delay", "provisioning", "image_pull", "container_start"),
    *("earlier_running", "last_running"),
)
FARGATE = {"fargate_vcpu": "vcpu", "fargate_gib": "gib", "fargate_storage": "storage"}
Row = dict[str, Any]


@dataclass
class Tables:
    """A result's tables as rows, its horizon, and what its summary says of money."""

    jobs: list[Row]
    attempts: list[Row]
    instances: list[Row]
    submissions: list[Row]
    costs: list[Row]
    end_ms: int
    summary: Mapping[str, Any]
    tries: dict[str, list[Row]] = field(default_factory=dict)
    """Attempts by job."""

    def __post_init__(self) -> None:
        for row in self.attempts:
            self.tries.setdefault(row["job_id"], []).append(row)


def rows_of(frame: pd.DataFrame) -> list[Any]:
    """Its rows as named tuples of plain values, as ``itertuples`` has them, but soon."""
    row = namedtuple("row", ["Index", *frame.columns])  # type: ignore[misc] # noqa: PYI024 -- its fields are known only here
    return [
        row(*cells) for cells in zip(range(len(frame)), *(frame[name].tolist() for name in frame.columns), strict=True)
    ]


def tables_of(result: Result) -> Tables:
    names = ("jobs", "attempts", "instances", "submissions", "costs")
    found = [[row._asdict() for row in rows_of(getattr(result, name))] for name in names]
    return Tables(*found, end_ms=result.records.horizon_ms, summary=result.summary())


def wrong_sums(tables: Tables) -> list[str]:
    """A sentence for each sum that is not exact."""
    return [
        problem
        for look in (wrong_parts, wrong_reasons, wrong_instances, wrong_tasks, wrong_job_costs, wrong_totals)
        for problem in look(tables)
    ]


def ms(seconds: Any) -> int | None:
    return None if pd.isna(seconds) else round(seconds * 1000)


def nano(dollars: Any) -> int:
    return round(dollars * 1_000_000_000)


def half_even(amount: Fraction) -> int:
    return round(amount)  # Fraction rounds half to even


# -- time


def parts_of(job: Row, tries: list[Row], end_of_run: int) -> dict[str, int]:
    """The parts of a job's turnaround, each from its own instants."""
    due = ms(job["due_at_s"])
    due = end_of_run if due is None else min(due, end_of_run)
    created = first_known(ms(job["created_at_s"]), end_of_run)
    end = first_known(ms(job["ended_at_s"]), end_of_run)
    runnable, waiting = ms(job["runnable_at_s"]), ms(job["waiting_since_s"])
    parts = dict.fromkeys(PARTS, 0)
    parts["throttled"] = created - due
    parts["dependency"] = first_known(runnable, end) - created
    ordered = sorted(tries, key=lambda row: row["attempt"])
    for place, row in enumerate(ordered):
        over = first_known(ms(row["ended_at_s"]), end_of_run)
        starting, pull, pulled, running = (
            first_known(ms(row[f"{name}_at_s"]), over) for name in ("starting", "pull", "pulled", "running")
        )
        parts["wait"] += starting - ms(row["runnable_at_s"])
        parts["provisioning"] += pull - starting
        parts["image_pull"] += pulled - pull
        parts["container_start"] += running - pulled
        is_last = place == len(ordered) - 1
        parts["last_running" if is_last else "earlier_running"] += over - running
        if not is_last:
            parts["retry_delay"] += ms(ordered[place + 1]["runnable_at_s"]) - over
        elif waiting is not None:
            parts["retry_delay"] += waiting - over
        elif row["outcome"] != "open" and not ended_with(job, row):
            parts["retry_delay"] += end - over  # cancelled, or cut by the horizon, before it was RUNNABLE again
    if waiting is not None:
        parts["wait"] += end - waiting
    return parts


def ended_with(job: Row, attempt: Row) -> bool:
    """Whether a job ended as its last attempt did."""
    return not pd.isna(job["ended_at_s"]) and word(job["reason"]) == word(attempt["status_reason"])


def word(text: Any) -> str:
    return "" if pd.isna(text) else str(text)


def first_known(one: int | None, other: int) -> int:
    return other if one is None else one


def wrong_parts(tables: Tables) -> Iterator[str]:
    """Every part as the table has it, and their sum the turnaround, or the time from due to the end of the run."""
    for job in tables.jobs:
        name, found = job["job_id"], parts_of(job, tables.tries.get(job["job_id"], []), tables.end_ms)
        told = {part: ms(job[f"{part}_s"]) for part in PARTS}
        if told != found:
            yield f"job {name}: parts {told}, should be {found}"
        due, end = ms(job["due_at_s"]), ms(job["ended_at_s"])
        length = first_known(end, tables.end_ms) - (tables.end_ms if due is None else min(due, tables.end_ms))
        if sum(told.values()) != length:
            yield f"job {name}: parts sum to {sum(told.values())} ms, should be {length} ms"
        if ms(job["turnaround_s"]) != (None if end is None else length):
            yield f"job {name}: turnaround {job['turnaround_s']}, should be {length} ms"
        starting = sum(told[part] for part in ("provisioning", "image_pull", "container_start"))
        if ms(job["start_up_s"]) != starting or min(told.values()) < 0:
            yield f"job {name}: start-up {job['start_up_s']} of {starting} ms, or a negative part"


def wrong_reasons(tables: Tables) -> Iterator[str]:
    """The reasons of a job's waits sum to its wait, of which so much was behind the head."""
    if not tables.jobs:
        return
    reasons = [name for name in tables.jobs[0] if name.startswith("wait_") and name not in ("wait_s", "wait_behind_s")]
    for job in tables.jobs:
        found, wait = sum(ms(job[name]) for name in reasons), ms(job["wait_s"])
        if found != wait or not 0 <= ms(job["wait_behind_s"]) <= wait:
            yield f"job {job['job_id']}: reasons sum to {found} ms, it waited {wait} ms"


# -- money


def by(rows: list[Row], *keys: str) -> dict[tuple[Any, ...], int]:
    """Nano-dollars of the rows by these columns."""
    sums: dict[tuple[Any, ...], int] = defaultdict(int)
    for row in rows:
        sums[tuple(None if pd.isna(row[key]) else row[key] for key in keys)] += nano(row["cost_usd"])
    return sums


def seconds_billed(on_ms: int) -> int:
    return max(60, -(-on_ms // 1000)) if on_ms > 0 else 0


def wrong_instances(tables: Tables) -> Iterator[str]:
    """Each instance's bill from its time and prices, and the causes of each charge against it."""
    paid = by(tables.costs, "instance", "charge")
    given = defaultdict(int)
    for row in tables.costs:
        given[row["instance"]] += nano(row["waived_usd"])
    for row in tables.instances:
        name, end = row["instance"], first_known(ms(row["ended_at_s"]), tables.end_ms)
        on = max(0, end - first_known(ms(row["billed_from_s"]), end))
        billed = seconds_billed(on)
        compute = half_even(Fraction(billed * int(row["price_nano_usd_per_h"]), 3600))
        free = row["why_ended"] == "spot_reclaim" and on < 3_600_000 and bool(row["first_hour_free"])
        disks = Fraction(str(row["root_gb"])) * int(row["gp3_nano_usd_per_gb_month"]) * billed / (730 * 3600)
        bills = (0 if free else compute, half_even(disks), compute if free else 0)
        told = (nano(row["compute_usd"]), nano(row["ebs_usd"]), nano(row["waived_usd"]))
        causes = (paid.get((name, "compute"), 0), paid.get((name, "ebs"), 0), given.get(name, 0))
        if not bills == told == causes or nano(row["cost_usd"]) != bills[0] + bills[1]:
            yield f"instance {name}: bills {bills}, told {told}, causes sum to {causes} (compute, EBS, waived)"


def wrong_tasks(tables: Tables) -> Iterator[str]:
    """Each Fargate attempt's bill from its time, size and rates, and its causes against it."""
    paid = by(tables.costs, "job_id", "attempt", "charge")
    for row in tables.attempts:
        if pd.isna(row["billed_s"]):
            continue
        over = first_known(ms(row["ended_at_s"]), tables.end_ms)
        billed = seconds_billed(over - first_known(ms(row["pull_at_s"]), over))
        sizes = {
            "vcpu": Fraction(round(row["vcpus"] * 1000), 1000),
            "gib": Fraction(int(row["memory_mib"]), 1024),
            "storage": Fraction(max(0, int(row["ephemeral_gib"]) - 20)),
        }
        rates = {
            "vcpu": row["vcpu_nano_usd_per_h"],
            "gib": row["gib_nano_usd_per_h"],
            "storage": row["storage_nano_usd_per_gib_h"],
        }
        for charge, kind in FARGATE.items():
            bill = half_even(sizes[kind] * int(rates[kind]) * billed / 3600)
            causes = paid.get((row["job_id"], row["attempt"], charge), 0)
            if bill != causes:
                yield f"{row['job_id']} attempt {row['attempt']}: {charge} {bill}, causes sum to {causes} nano-dollars"


def wrong_job_costs(tables: Tables) -> Iterator[str]:
    """What a job and an attempt cost is the sum of their own rows."""
    own, tried = by(tables.costs, "job_id"), by(tables.costs, "job_id", "attempt")
    for row in tables.jobs:
        if nano(row["cost_usd"]) != own.get((row["job_id"],), 0):
            yield f"job {row['job_id']}: costs {row['cost_usd']}, its rows {own.get((row['job_id'],), 0)} nano-dollars"
    for row in tables.attempts:
        rows = tried.get((row["job_id"], row["attempt"]), 0)
        if nano(row["cost_usd"]) != rows:
            yield f"{row['job_id']} attempt {row['attempt']}: costs {row['cost_usd']}, its rows {rows} nano-dollars"


def wrong_totals(tables: Tables) -> Iterator[str]:
    """The bill, and its causes, are the sums of the rows; so are instances, tasks and what is beside them."""
    bill = tables.summary["cost"]
    rows = sum(nano(row["cost_usd"]) for row in tables.costs)
    if nano(bill["total_usd"]) != rows:
        yield f"the bill is {bill['total_usd']}, its rows sum to {rows} nano-dollars"
    causes = {cause: amount for (cause,), amount in by(tables.costs, "cause").items() if amount}
    told = {cause: nano(usd) for cause, usd in bill["by_cause"].items() if nano(usd)}
    if causes != told:
        yield f"causes {told}, should be {causes}"
    hosts = sum(nano(row["cost_usd"]) for row in tables.instances)
    others = sum(
        nano(row["cost_usd"])
        for row in tables.costs
        if pd.isna(row["instance"]) or row["charge"] not in ("compute", "ebs")
    )
    if hosts + others != rows:
        yield f"instances cost {hosts}, all else {others}, together not {rows} nano-dollars"
