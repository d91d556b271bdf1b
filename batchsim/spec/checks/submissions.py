"""Each SubmitJob request against the queue and the job definition that it names."""

from __future__ import annotations

from collections.abc import Iterator

from batchsim.errors import Path
from batchsim.spec.base import Flaw, FlawsError
from batchsim.spec.effective import resolve
from batchsim.spec.index import Index, PlacedEntry
from batchsim.spec.jobs import RetryStrategy
from batchsim.spec.names import short_name
from batchsim.spec.near import did_you_mean
from batchsim.spec.workload import DatasetRun

MAX_ARRAY = 10_000
"""Children of an array (API SubmitJob)."""
MAX_RULES = 5
"""Entries of evaluateOnExit (API RetryStrategy)."""


def check_submissions(index: Index) -> Iterator[Flaw]:
    """E111, E116, E122, E124, E130, E131, E133, E135, E167: the request resolves to a job that its queue can take."""
    for path, definition in index.items("jobDefinitions"):
        yield from _retries(index, (*path, "retryStrategy"), definition.retryStrategy)
    for placed in index.entries():
        yield from _retries(index, (*placed.path, "submit", "retryStrategy"), placed.entry.submit.retryStrategy)
        yield from _array(index, placed)
        yield from _queue(index, placed)
        yield from _job(index, placed)


def _retries(index: Index, path: Path, retry: RetryStrategy | None) -> Iterator[Flaw]:
    """E135: rules need ``attempts``, and are at most five."""
    if retry is None or not retry.evaluateOnExit:
        return
    if retry.attempts is None:
        yield Flaw("E135", "evaluateOnExit needs attempts", path, hint="Add attempts: 1-10")
    if len(retry.evaluateOnExit) > MAX_RULES and index.scenario.world.strict_limits:
        count = len(retry.evaluateOnExit)
        yield Flaw("E135", "too many rules", (*path, "evaluateOnExit"), count, f"at most {MAX_RULES}")


def _array(index: Index, placed: PlacedEntry) -> Iterator[Flaw]:
    """E129: an array has a size, given or that of its data set, which AWS's bounds hold for too."""
    array = placed.entry.submit.arrayProperties
    if array is None or array.size is not None:
        return
    path = (*placed.path, "submit", "arrayProperties")
    if not isinstance(placed.entry.run, DatasetRun):
        yield Flaw("E111", "an array needs a size", path, hint="Add size: 2-10000")
    elif placed.partitions > MAX_ARRAY and index.scenario.world.strict_limits:
        hint = "Give a size, and a count that makes up for it"
        yield Flaw(
            "E129", "the data set has too many partitions for one array", path, placed.partitions, "2-10000", hint
        )


def _queue(index: Index, placed: PlacedEntry) -> Iterator[Flaw]:
    known = index.names["jobQueues"]
    name = short_name(placed.entry.submit.jobQueue)
    if name not in known:
        path = (*placed.path, "submit", "jobQueue")
        yield Flaw("E122", "unknown job queue", path, name, ", ".join(known), did_you_mean(name, known))


def _job(index: Index, placed: PlacedEntry) -> Iterator[Flaw]:
    """What :func:`resolve` finds, unless the definition is an unsound item, of which its own problems tell."""
    name = short_name(placed.entry.submit.jobDefinition).partition(":")[0]
    sound = {item.jobDefinitionName for _, item in index.items("jobDefinitions")}
    if name not in sound and name in index.names["jobDefinitions"]:
        return
    try:
        resolve(index.scenario, placed.entry.submit)
    except FlawsError as error:
        yield from (flaw.under(*placed.path, "submit") for flaw in error.flaws)
