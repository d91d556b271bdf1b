"""The critical path and every slack again, from a result's tables, by plain loops: nothing is shared with the product.

Slack is found by trial: a job's end is moved, all that follows is worked out forward, and the workflow's end is looked
at. One millisecond more than its slack must move that end by one millisecond; the slack itself must not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from batchsim import Result
from batchsim.spec.entries import Workflow
from batchsim.spec.workload import After
from tests.sums.recount import rows_of

FAILED_BY_A_DEPENDENCY = "Dependent Job failed"


def ms(seconds: Any) -> int | None:
    return None if pd.isna(seconds) else round(seconds * 1000)


@dataclass(eq=False)
class Job:
    """One job, as the tables have it."""

    id: str
    row: int
    call: str
    index: int
    firing: tuple[str, int]
    due: int
    looked_at: int
    runnable: int | None
    end: int
    ended: bool
    state: str
    reason: str
    waits_for: list[tuple[str, list[Job]]] = field(default_factory=list)
    """Each dependency: the call's id, and those of its jobs that must end."""
    after: list[Job] = field(default_factory=list)

    @property
    def was_stopped(self) -> bool:
        """Ended before it was RUNNABLE."""
        return self.runnable is None and self.ended

    @property
    def failures(self) -> list[tuple[int, int, Job, list[Job]]]:
        """What it waited for and failed, the first to be over first."""
        found = []
        for _, jobs in self.waits_for:
            if any(job.state == "FAILED" for job in jobs):
                last = last_of(jobs)
                found.append((last.end, last.row, last, jobs))
        return sorted(found, key=lambda each: each[:2])

    @property
    def failed_by_a_dependency(self) -> bool:
        return self.was_stopped and self.reason == FAILED_BY_A_DEPENDENCY and bool(self.failures)

    @cached_property
    def bound_by(self) -> tuple[Job | None, str]:
        """Who let it go, and how."""
        parent = None
        if self.failed_by_a_dependency:
            parent = self.failures[0][2]
        elif self.waits_for:
            parent = last_of([last_of(jobs) for _, jobs in self.waits_for])
            if self.was_stopped and parent.end != self.end:
                parent = None
        if parent is not None and parent.end > self.looked_at:
            return parent, "dependency"
        return (last_of(self.after), "after") if self.after else (None, "")


def last_of(jobs: list[Job]) -> Job:
    """The one that ended last; of equals the first row."""
    return max(jobs, key=lambda job: (job.end, -job.row))


class Recount:
    """A result's jobs, tied together by hand."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self.horizon = result.records.horizon_ms
        self.delay = result.scenario.world.dep_eval_delay
        self._calls = {(row.entry, row.occurrence): row for row in rows_of(result.submissions) if self._came(row)}
        self.jobs = [job for job in map(self._job, rows_of(result.jobs)) if job is not None]
        self.by_id = {job.id: job for job in self.jobs}
        self._of_call: dict[str, list[Job]] = {}
        for job in self.jobs:
            self._of_call.setdefault(job.call, []).append(job)
        self._tie()

    def _came(self, row: Any) -> bool:
        due = ms(row.due_at_s)
        refused = pd.isna(row.created_at_s) and not pd.isna(row.reason)
        return due is not None and due <= self.horizon and not refused

    def _job(self, row: Any) -> Job | None:
        call = self._calls.get((row.entry, row.occurrence))
        if call is None:
            return None
        ended, created = ms(row.ended_at_s), ms(row.created_at_s)
        end = self.horizon if ended is None else ended
        return Job(
            id=row.job_id,
            row=row.Index,
            call=call.job_id,
            index=0 if pd.isna(row.array_index) else int(row.array_index),
            firing=(row.entry, call.workflow_occurrence),
            due=ms(row.due_at_s),
            looked_at=min((self.horizon if created is None else created) + self.delay, end),
            runnable=ms(row.runnable_at_s),
            end=end,
            ended=ended is not None,
            state=row.state,
            reason="" if pd.isna(row.reason) else row.reason,
        )

    def _tie(self) -> None:
        leaders = leaders_of(self.result)
        firings: dict[tuple[str, int], list[Job]] = {}
        for job in self.jobs:
            firings.setdefault(job.firing, []).append(job)
        needs = {call.job_id: call.depends_on for call in self._calls.values()}
        for job in self.jobs:
            text = needs[job.call]
            for word in [] if pd.isna(text) else text.split(" "):
                parent, kind = word.rsplit("/", 1)
                self._depend(job, parent, kind)
            if (leader := leaders.get(job.firing[0])) is not None:
                job.after = firings.get((leader, job.firing[1]), [])

    def _depend(self, job: Job, parent: str, kind: str) -> None:
        theirs = self._of_call.get(parent, [])
        if kind == "plain":
            chosen = theirs
        else:
            wanted = job.index - 1 if kind == "SEQUENTIAL" else job.index
            chosen = [other for other in theirs if other.index == wanted]
        if chosen:
            job.waits_for.append((parent, chosen))

    def workflows(self) -> list[list[Job]]:
        """Jobs that hang together, by flooding; in order of their first row."""
        together = self._fire_together()
        links: dict[int, set[int]] = {job.row: set() for job in self.jobs}
        first_of: dict[Any, int] = {}
        for job in self.jobs:
            known = first_of.setdefault((together[job.firing[0]], job.firing[1]), job.row)
            others = [known, *(other.row for _, jobs in job.waits_for for other in jobs)]
            for other in others:
                links[job.row].add(other)
                links[other].add(job.row)
        by_row = {job.row: job for job in self.jobs}
        return [[by_row[row] for row in sorted(rows)] for rows in flooded(links)]

    def _fire_together(self) -> dict[str, str]:
        """By entry: the name of what fires with it."""
        items = enumerate(self.result.scenario.workload)
        root = {entry.id: f"item {number}" for number, item in items for entry in members(item)}
        leaders, found = leaders_of(self.result), {}
        for row in rows_of(self.result.submissions):
            name = row.entry
            while name in leaders:
                name = leaders[name]
            found[row.entry] = root.get(name, f"call {name}")
        return found

    # -- slack by trial

    def moved_end(self, workflow: list[Job], moved: Job, by: int) -> int:
        """When the workflow ends if one job ends so much later."""
        known: dict[int, int] = {}

        def end(job: Job) -> int:
            if job.row not in known:
                known[job.row] = self._end(job, end) + (by if job is moved else 0)
            return known[job.row]

        return max(end(job) for job in workflow)

    def _end(self, job: Job, end: Any) -> int:
        """A job's end, its own length as recorded, from the ends of what it waits for."""
        looked_at = job.looked_at
        if job.after:
            looked_at += max(map(end, job.after)) - max(other.end for other in job.after)
        if job.failed_by_a_dependency:
            deciding = job.failures[0][3]
            then, now = max(other.end for other in deciding), max(map(end, deciding))
            return max(looked_at, now) + job.end - max(job.looked_at, then)
        parents = [other for _, jobs in job.waits_for for other in jobs]
        if job.was_stopped and parents and max(other.end for other in parents) != job.end:
            return job.end
        ready = max([looked_at, *map(end, parents)])
        recorded = max([job.looked_at, *(other.end for other in parents)])
        assert job.runnable in (None, recorded), f"{job.id} was ready at {recorded}, RUNNABLE at {job.runnable}"
        return ready + job.end - recorded


def leaders_of(result: Result) -> dict[str, str]:
    """By entry: the one that it comes after, itself or with its whole workflow."""
    items = [item for item in result.scenario.workload if isinstance(item.at, After)]
    return {entry.id: item.at.entry_id for item in items for entry in members(item)}


def members(item: Any) -> tuple[Any, ...]:
    return item.workflow if isinstance(item, Workflow) else (item,)


def flooded(links: dict[int, set[int]]) -> Iterator[set[int]]:
    """Groups of what is linked."""
    seen: set[int] = set()
    for start in links:
        if start in seen:
            continue
        group, fresh = {start}, [start]
        while fresh:
            new = links[fresh.pop()] - group
            group |= new
            fresh.extend(new)
        seen |= group
        yield group


def unlike_the_recount(result: Result, most_slacks: int = 12) -> list[str]:
    """What the product's critical paths have otherwise; of slacks so many a workflow are tried, evenly."""
    recount, problems = Recount(result), []
    table = {row.job_id: row for row in rows_of(result.critical_path)}
    if sorted(table) != sorted(recount.by_id):
        problems.append(f"jobs: {sorted(set(table) ^ set(recount.by_id))} are in one of the two alone")
    totals = result.workflows
    found = recount.workflows()
    if len(found) != len(totals):
        return [*problems, f"{len(totals)} workflows, should be {len(found)}"]
    for workflow in found:
        numbers = sorted({table[job.id].workflow for job in workflow})
        number = numbers[0]
        problems += [f"{workflow[0].id} and others are torn apart: workflows {numbers}"] * (len(numbers) > 1)
        problems += unlike_workflow(recount, number, workflow, table, totals.iloc[number], most_slacks)
    return problems


def unlike_workflow(
    recount: Recount, number: int, workflow: list[Job], table: dict[str, Any], total: Any, most_slacks: int
) -> list[str]:
    due, end = min(job.due for job in workflow), max(job.end for job in workflow)
    problems = []
    path, job = [], last_of(workflow)
    while job is not None:
        path.append(job)
        job = job.bound_by[0]
    path.reverse()
    told = [row.job_id for row in table.values() if row.workflow == number and row.is_critical]
    if told != [job.id for job in path]:
        problems.append(f"workflow {number}: path {told}, should be {[job.id for job in path]}")
    if (ms(total["due_s"]), ms(total["end_s"]), ms(total["makespan_s"])) != (due, end, end - due):
        problems.append(f"workflow {number}: makespan {total['makespan_s']}, should be {(end - due) / 1000}")
    columns = part_columns(recount.result)
    if sum(ms(getattr(table[job.id], name)) for job in path for name in columns) != end - due:
        problems.append(f"workflow {number}: the parts of its path do not add up")
    if sum(ms(total[name]) for name in columns) != end - due:
        problems.append(f"workflow {number}: its parts do not add up")
    for job in workflow:
        problems += unlike_job(job, table[job.id], due, columns)
    step = max(1, len(workflow) // most_slacks)
    for job in workflow[::step]:
        slack = ms(table[job.id].slack_s)
        ends = [recount.moved_end(workflow, job, slack + more) - end for more in (0, 1)]
        if slack < 0 or ends != [0, 1]:
            problems.append(f"job {job.id}: slack {slack} ms moves the end by {ends[0]} ms, one more by {ends[1]} ms")
    return problems


def unlike_job(job: Job, row: Any, due: int, columns: list[str]) -> list[str]:
    """Who let it go, and whether its segment is the sum of its parts."""
    parent, how = job.bound_by
    start = due if parent is None else parent.end
    told = (None if pd.isna(row.bound_by) else row.bound_by, "" if pd.isna(row.bound_as) else row.bound_as)
    problems = []
    if told != (None if parent is None else parent.id, how):
        problems.append(f"job {job.id}: bound by {told}, should be {parent and parent.id} as {how!r}")
    parts = [ms(getattr(row, name)) for name in columns]
    if (ms(row.start_s), ms(row.end_s), sum(parts)) != (start, job.end, job.end - start):
        problems.append(f"job {job.id}: its segment of {sum(parts)} ms should run from {start} to {job.end}")
    if min(parts) < 0:
        problems.append(f"job {job.id}: a part of its segment is negative")
    return problems


def part_columns(result: Result) -> list[str]:
    """The parts of a segment, by the columns of the table between its end and what dominates it."""
    columns = list(result.critical_path.columns)
    return columns[columns.index("end_s") + 1 : columns.index("dominant_part")]
