"""Rows of one job as its attempts: the job's script of outcomes.

Rows belong to one job when their ``job`` cells are equal. A retry that the client submitted anew, as Nextflow does, is
a job of its own on AWS Batch, with an id of its own; so it stays one here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from batchsim.errors import Problem, ScenarioError
from batchsim.formats import trace_cells as cell
from batchsim.formats.trace_table import Table

if TYPE_CHECKING:
    from batchsim.formats.trace_csv import TraceColumns

_MOST_ATTEMPTS = 1_000_000
_OF_THE_JOB = {"vcpus": "vcpus_milli", "memory": "memory_mib", "gpus": "gpus", "image": "image"}
"""What all attempts of a job on AWS Batch have in common."""


@dataclass(frozen=True, slots=True, eq=False)
class Attempts:
    """Recorded attempts; those of job j are rows ``first[j]`` to ``first[j] + number[j] - 1``."""

    first: NDArray[np.int64]
    number: NDArray[np.int64]
    run_ms: NDArray[np.int64]
    exit_code: NDArray[np.int16]

    def taken(self, order: NDArray[np.intp]) -> Attempts:
        """The jobs in another order."""
        return replace(self, first=self.first[order], number=self.number[order])


def grouped(table: Table, rows: TraceColumns) -> TraceColumns:
    """One row a job, with its attempts in order of ``attempt``, else of submission, then of the file."""
    if rows.run_ms is None:
        raise ScenarioError([Problem("E111", (), "attempts need a run time: map run_time, or start and end")])
    codes = _job_codes(table)
    order = np.lexsort((rows.submitted_ms, _attempt_numbers(table, codes), codes))
    _, first, number = np.unique(codes[order], return_index=True, return_counts=True)
    _check_equal(table, rows, order, np.repeat(order[first], number))
    exit_code = _exit_codes(rows, order, first + number - 1)
    attempts = Attempts(first.astype(np.int64), number.astype(np.int64), rows.run_ms[order], exit_code)
    heads = order[first]
    names = ("submitted_ms", "run_ms", "vcpus_milli", "memory_mib", "gpus", "image")
    columns = {name: getattr(rows, name) for name in names}
    taken = {name: column[heads] for name, column in columns.items() if column is not None}
    return replace(rows, **taken, exit_code=exit_code[first], attempts=attempts)


def _job_codes(table: Table) -> NDArray[np.int64]:
    """Jobs numbered in order of first appearance."""
    codes: dict[str, int] = {}
    cells = table.read("job", cell.text, "a job's id")
    return np.array([codes.setdefault(each, len(codes)) for each in cells], dtype=np.int64)


def _attempt_numbers(table: Table, codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """What ``attempt`` says, each number once a job; zeros where it is not mapped."""
    if "attempt" not in table.cells:
        return np.zeros(len(codes), dtype=np.int64)
    read = partial(cell.whole, least=0, most=_MOST_ATTEMPTS)
    numbers = np.array(table.read("attempt", read, "the number of an attempt"), dtype=np.int64)
    _, first = np.unique(np.stack((codes, numbers)), axis=1, return_index=True)
    twice = np.setdiff1d(np.arange(len(codes)), first)
    if len(twice):
        raise table.bad_cells("attempt", twice.tolist(), "stands twice for one job")
    return numbers


def _check_equal(table: Table, rows: TraceColumns, order: NDArray[np.intp], heads: NDArray[np.intp]) -> None:
    """E161 where an attempt asks for something else than its job's first: on AWS Batch it cannot."""
    for name, field in _OF_THE_JOB.items():
        column = getattr(rows, field)
        if column is not None and len(other := order[column[order] != column[heads]]):
            message = "not as in the job's first attempt; a retry that asks for something else is a job of its own"
            raise table.bad_cells(name, sorted(other.tolist()), message)


def _exit_codes(rows: TraceColumns, order: NDArray[np.intp], last: NDArray[np.intp]) -> NDArray[np.int16]:
    """The recorded ones; where none were, an attempt that was followed by another failed with 1."""
    if rows.exit_code is not None:
        return rows.exit_code[order]
    codes = np.ones(len(order), dtype=np.int16)
    codes[last] = 0
    return codes
