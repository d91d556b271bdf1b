"""When entries fire, and what their jobs run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from batchsim.errors import Path
from batchsim.spec.base import Flaw
from batchsim.spec.checks.dependencies import unknown_entry
from batchsim.spec.entries import Entry, Workflow
from batchsim.spec.index import Index, PlacedEntry
from batchsim.spec.near import did_you_mean
from batchsim.spec.workload import After, Cron, DatasetRun, Firing, Poisson, Rate, RatesByHour, Trace, TraceRun

_BOUNDED: Mapping[type, str] = {
    Cron: "{cron: ..., for: 3d}",
    Poisson: "{poisson: ..., for: 8h}",
    RatesByHour: "{rates_by_hour: [...], for: 7d}",
}
"""How an arrival process is given an end."""


def check_firings(index: Index) -> Iterator[Flaw]:
    """E111, E117, E118, E126, E149: each ``at`` goes with its entry, its ``count`` and the end of the run."""
    for path, item in index.items("workload"):
        if isinstance(item, Workflow):
            yield from _members(path, item)
        yield from _firing(index, path, item.at, item)


def check_runs(index: Index) -> Iterator[Flaw]:
    """E111, E113, E117, E122, E143: data sets exist and are cut into the jobs, run times of a trace come from one."""
    datasets = index.names["datasets"]
    for placed in index.entries():
        run, path = placed.entry.run, (*placed.path, "run")
        if isinstance(run, DatasetRun) and run.dataset not in datasets:
            hint = did_you_mean(run.dataset, datasets)
            yield Flaw("E122", "unknown data set", (*path, "dataset"), run.dataset, ", ".join(datasets), hint)
        if isinstance(run, DatasetRun) and placed.partitions:
            yield from _partitions(placed, run)
        if isinstance(run, TraceRun):
            yield from _trace_run(placed, path, run)


def check_checkpoints(index: Index) -> Iterator[Flaw]:
    """E111: a checkpoint is written every so often or at a notice, and a notice needs one to be written."""
    for placed in index.entries():
        given, at_notice = placed.entry.checkpoint, placed.entry.on_sigterm == "checkpoint"
        if given is None and at_notice:
            hint = "Add checkpoint: {cost: 20s, restore: 30s}, with every: 10m if it saves as it goes, too"
            yield Flaw("E111", "there is no checkpoint to write", (*placed.path, "on_sigterm"), hint=hint)
        if given is not None and given.every is None and not at_notice:
            hint = "Add every: 10m, or on_sigterm: checkpoint"
            yield Flaw("E111", "a checkpoint that is never written", (*placed.path, "checkpoint"), hint=hint)


def _partitions(placed: PlacedEntry, run: DatasetRun) -> Iterator[Flaw]:
    size = max(placed.size, 1)
    if placed.calls * size != placed.partitions:
        told = f"{placed.calls} calls of {size} jobs do not make the {placed.partitions} partitions"
        hint = "Leave out count, and give arrayProperties.size only for arrays: the rest follows from the data set"
        yield Flaw("E143", f"{told} of data set {run.dataset}", placed.path, hint=hint)


def _members(path: Path, item: Workflow) -> Iterator[Flaw]:
    if not item.workflow:
        yield Flaw("E111", "a workflow needs entries", (*path, "workflow"))
    for position, entry in enumerate(item.workflow):
        if entry.at is not None:
            place = (*path, "workflow", position, "at")
            yield Flaw("E117", "entries of a workflow have no at of their own", place, hint="Give the workflow its at")
    if isinstance(item.at, Trace):
        yield Flaw("E117", "a trace goes with an entry, not with a workflow", (*path, "at", "trace"))


def _firing(index: Index, path: Path, at: Firing | None, item: Entry | Workflow) -> Iterator[Flaw]:
    counted = item.count is not None or (isinstance(item, Entry) and isinstance(item.run, DatasetRun))
    if isinstance(at, Rate) and not counted:
        yield Flaw("E111", "a rate needs a count", path, hint="Add count: how many the client submits")
    if isinstance(at, Trace) and item.count is not None:
        yield Flaw(
            "E117", "count does not go with a trace", (*path, "count"), item.count, hint="Its rows are its calls"
        )
    if isinstance(at, Cron | Poisson | RatesByHour) and at.for_ms == 0:
        yield Flaw("E149", "submits for no time at all", (*path, "at", "for"), "0s", "a duration of more than 0s")
    if isinstance(at, After):
        yield from unknown_entry(index, (*path, "at", "after"), at.entry_id)
    unbounded = isinstance(at, Cron | Poisson | RatesByHour) and at.for_ms is None
    if unbounded and index.scenario.simulation.until == "drained":
        hint = f"Write {_BOUNDED[type(at)]}, or simulation: {{until: 24h}}"
        yield Flaw("E118", "submits for ever, so the run never drains", (*path, "at"), hint=hint)


def _trace_run(placed: PlacedEntry, path: Path, run: TraceRun) -> Iterator[Flaw]:
    if not isinstance(placed.firing, Trace) or placed.workflow:
        yield Flaw("E117", "only an entry whose at is a trace takes run times from it", path)
    elif run.column != "run_time":
        hint = did_you_mean(run.column, ["run_time"])
        yield Flaw("E113", "not a column of run times", (*path, "trace"), run.column, "run_time", hint)
    elif "run_time" not in placed.firing.columns and not {"start", "end"} <= placed.firing.columns.keys():
        hint = "Add run_time to columns, or start and end, or give the entry a run"
        yield Flaw("E111", "the trace has no column of run times", path, hint=hint)
