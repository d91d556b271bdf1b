"""Job histories in CSV: a column mapping turns any table of submissions, or of attempts, into a workload's rows.

Known columns: ``submission`` (an instant), ``run_time`` or ``start`` and ``end``, ``vcpus``, ``memory``, ``gpus``,
``image``, ``exit_code``, ``job`` and ``attempt``. Every error names the file, the line and the column: E160 the table's
shape or a missing column, E161 a bad cell, E162 no rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchsim.errors import Problem, ScenarioError
from batchsim.formats import trace_cells as cell
from batchsim.formats.trace_attempts import Attempts, grouped
from batchsim.formats.trace_file import path_of
from batchsim.formats.trace_table import Table, read_table
from batchsim.spec.source import SourceMap
from batchsim.spec.workload import Trace, TraceColumn


@dataclass(frozen=True, slots=True, eq=False)
class TraceColumns:
    """A trace's jobs in order of submission (equal instants in the file's order); shape of each column: (jobs,).

    A column that the mapping does not name is None. Of a job of several rows, its attempts, this is the first.
    """

    submitted_ms: NDArray[np.int64]
    """ms since the trace's ``start``, else since its first submission."""
    run_ms: NDArray[np.int64] | None = None
    vcpus_milli: NDArray[np.int64] | None = None
    memory_mib: NDArray[np.int64] | None = None
    """Rounded up to whole MiB."""
    gpus: NDArray[np.int64] | None = None
    image: NDArray[np.int32] | None = None
    """Codes into ``images``."""
    images: tuple[str, ...] = ()
    exit_code: NDArray[np.int16] | None = None
    attempts: Attempts | None = None
    """All attempts of all jobs, where rows of one job are its attempts."""


def read_trace(trace: Trace, source: SourceMap | None = None) -> TraceColumns:
    """Read the file of a trace; its path is relative to the scenario's file.

    Raises :class:`ScenarioError` (E106, E111, E146, E160-E162, E164-E166) and ``OSError`` when it cannot be read.
    """
    mapping = {"submission": TraceColumn("submission"), **trace.columns}
    _check(mapping)
    table = read_table(path_of(trace.path, source), mapping, trace.where)
    rows = _rows_of(table, trace)
    if "job" in mapping:
        rows = grouped(table, rows)
    return _taken(rows, np.argsort(rows.submitted_ms, kind="stable"))


def _check(mapping: Mapping[str, TraceColumn]) -> None:
    """E146 for a unit that its column does not know; E106 for a format where none applies; E111 for what is missing."""
    problems = [
        Problem(
            "E146", (), f"unknown unit of {name}", column.unit, allowed=", ".join(cell.UNITS.get(name, ())) or "no unit"
        )
        for name, column in mapping.items()
        if column.unit is not None and column.unit not in cell.UNITS.get(name, ())
    ]
    problems += [
        Problem(
            "E106",
            (),
            f"{name} takes no format",
            column.format or "",
            hint="Only submission, start and end do, as %d/%m/%Y %H:%M",
        )
        for name, column in mapping.items()
        if column.format is not None and name not in cell.INSTANTS
    ]
    problems += [Problem("E111", (), message) for message in _unpaired(mapping)]
    if problems:
        raise ScenarioError(problems)


def _unpaired(mapping: Mapping[str, TraceColumn]) -> Iterable[str]:
    if ("start" in mapping) != ("end" in mapping):
        yield "start and end give a run time together: map both, or run_time"
    elif "start" in mapping and "run_time" in mapping:
        yield "a run time is given twice: map run_time, or start and end"
    if "attempt" in mapping and "job" not in mapping:
        yield "attempt needs job: the column that tells whose attempts the rows are"


def _rows_of(table: Table, trace: Trace) -> TraceColumns:
    """All rows, in the file's order; the bad cells of all columns at once."""
    readers: dict[str, Callable[[], Any]] = {"submitted_ms": partial(_relative_ms, table, trace)}
    readers |= {_FIELDS[name]: partial(reader, table) for name, reader in _READERS.items() if name in table.cells}
    if "start" in table.cells:
        readers["run_ms"] = partial(_between, table, trace)
    if "image" in table.cells:
        readers["image"] = partial(_read_images, table)
    read: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, reader in readers.items():
        try:
            read[name] = reader()
        except ScenarioError as error:
            problems += error.found
    if problems:
        raise ScenarioError(problems)
    codes, images = read.pop("image", (None, ()))
    return TraceColumns(image=codes, images=images, **read)


def _taken(rows: TraceColumns, order: NDArray[np.intp]) -> TraceColumns:
    """The rows in another order."""
    names = ("submitted_ms", "run_ms", "vcpus_milli", "memory_mib", "gpus", "image", "exit_code")
    columns = {name: getattr(rows, name) for name in names}
    taken = {name: column[order] for name, column in columns.items() if column is not None}
    return replace(rows, **taken, attempts=rows.attempts.taken(order) if rows.attempts else None)


def _instants_ms(table: Table, trace: Trace, name: str) -> NDArray[np.int64]:
    return _whole(table.read(name, *cell.instants(table.columns[name], cell.zone_of(trace.time_zone))))


def _relative_ms(table: Table, trace: Trace) -> NDArray[np.int64]:
    """Submissions in ms since the trace's ``start``, or since the first."""
    instants_ms, start = _instants_ms(table, trace, "submission"), trace.start
    relative_ms: NDArray[np.int64] = instants_ms - (instants_ms.min() if start is None else _start_ms(start, trace))
    early = np.flatnonzero(relative_ms < 0)
    if len(early):
        raise table.bad_cells("submission", early.tolist(), f"not at or after the trace's start, {start}")
    return relative_ms


def _start_ms(start: str, trace: Trace) -> int:
    """``from:`` in Unix ms: an instant, or seconds like the column's."""
    zone = cell.zone_of(trace.time_zone)
    try:
        return round(cell.instant_ms(start, zone))
    except ValueError:
        told = "not an instant (from)"
        raise ScenarioError([Problem("E115", (), told, start, allowed=cell.an_instant(zone))]) from None


def _between(table: Table, trace: Trace) -> NDArray[np.int64]:
    """Run times from start to end."""
    run_ms = _instants_ms(table, trace, "end") - _instants_ms(table, trace, "start")
    backwards = np.flatnonzero(run_ms < 0)
    if len(backwards):
        raise table.bad_cells("end", backwards.tolist(), "not at or after its start")
    least: NDArray[np.int64] = np.maximum(run_ms, 1)
    return least


def _read_run_time(table: Table) -> NDArray[np.int64]:
    return np.maximum(_whole(table.read("run_time", *cell.durations(table.columns["run_time"]))), 1)


def _read_vcpus(table: Table) -> NDArray[np.int64]:
    return _whole(table.read("vcpus", *cell.vcpus()))


def _read_memory(table: Table) -> NDArray[np.int64]:
    cells = table.read("memory", *cell.memories(table.columns["memory"]))
    return np.ceil(np.round(np.array(cells), 6)).astype(np.int64)


def _read_gpus(table: Table) -> NDArray[np.int64]:
    return _whole(table.read("gpus", partial(cell.whole, least=0, most=1000), "a whole number of GPUs from 0 to 1000"))


def _read_exit_code(table: Table) -> NDArray[np.int16]:
    codes = table.read("exit_code", partial(cell.whole, least=0, most=255), "an exit code from 0 to 255")
    return np.array(codes, dtype=np.int16)


def _read_images(table: Table) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """The image of each row as a code, and the images in order of first appearance."""
    codes: dict[str, int] = {}
    cells = table.read("image", cell.text, "an image")
    return np.array([codes.setdefault(each, len(codes)) for each in cells], dtype=np.int32), tuple(codes)


def _whole(values: Iterable[float]) -> NDArray[np.int64]:
    return np.rint(np.asarray(list(values), dtype=np.float64)).astype(np.int64)


_READERS: Mapping[str, Callable[[Table], NDArray[Any]]] = {
    "run_time": _read_run_time,
    "vcpus": _read_vcpus,
    "memory": _read_memory,
    "gpus": _read_gpus,
    "exit_code": _read_exit_code,
}
_FIELDS = {
    "run_time": "run_ms",
    "vcpus": "vcpus_milli",
    "memory": "memory_mib",
    "gpus": "gpus",
    "exit_code": "exit_code",
}
