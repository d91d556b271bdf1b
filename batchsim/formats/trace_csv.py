"""Job histories in CSV: a column mapping turns any table of submissions into a workload's rows.

Known columns: ``submission`` (an instant), ``run_time``, ``vcpus``, ``memory``, ``image``, ``exit_code``. Every error
names the file and the line: E160 the table's shape or a missing column, E161 a bad cell, E162 no rows.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchsim.errors import MAX_PROBLEMS, Problem, ScenarioError
from batchsim.formats.trace_file import check_file, path_of
from batchsim.spec.near import did_you_mean
from batchsim.spec.source import SourceMap
from batchsim.spec.workload import Trace, TraceColumn
from batchsim.units import MAX_DURATION_MS

Cells = Sequence[str]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MS = {"ms": 1.0, "s": 1e3, "m": 6e4, "min": 6e4, "h": 3.6e6, "d": 8.64e7}
_MIB = {
    "B": 2.0**-20,
    "KiB": 2.0**-10,
    "MiB": 1.0,
    "GiB": 1024.0,
    "kB": 1e3 / 2**20,
    "MB": 1e6 / 2**20,
    "GB": 1e9 / 2**20,
}
_UNITS: Mapping[str, Mapping[str, float]] = {"submission": _MS, "run_time": _MS, "memory": _MIB}
_LARGEST = float(2**50)
_MOST_MS = float(MAX_DURATION_MS)
_LATEST_MS = 1e13
"""Unix ms; in the year 2286."""
_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True, slots=True, eq=False)
class TraceColumns:
    """A trace's rows in order of submission (equal instants in the file's order); shape of each column: (rows,).

    A column that the mapping does not name is None.
    """

    submitted_ms: NDArray[np.int64]
    """ms since the trace's ``start``, else since its first submission."""
    run_ms: NDArray[np.int64] | None = None
    vcpus_milli: NDArray[np.int64] | None = None
    memory_mib: NDArray[np.int64] | None = None
    """Rounded up to whole MiB."""
    image: NDArray[np.int32] | None = None
    """Codes into ``images``."""
    images: tuple[str, ...] = ()
    exit_code: NDArray[np.int16] | None = None


@dataclass(frozen=True, slots=True)
class _Table:
    """The mapped columns of a file as text, with the line of each row."""

    file: str
    lines: list[int]
    cells: Mapping[str, Cells]

    def column(self, name: str, mapping: TraceColumn, read: Callable[[str], Any], what: str) -> list[Any]:
        """One column, each cell read; all bad cells at once as E161."""
        cells = self.cells[name]
        try:
            return list(map(read, cells))
        except ValueError:
            problems = [
                self.bad_cell(row, mapping, cell, what)
                for row, cell in enumerate(cells)
                if not _is_readable(read, cell)
            ]
            raise ScenarioError(problems) from None

    def bad_cell(self, row: int, mapping: TraceColumn, cell: str, what: str) -> Problem:
        """E161 at one row: not ``what``."""
        value = cell if cell.strip() else "an empty cell"
        return Problem(
            "E161", (), f"column {mapping.column}: not {what}", value, file=self.file, line=self.lines[row], col=1
        )


def read_trace(trace: Trace, source: SourceMap | None = None) -> TraceColumns:
    """Read the file of a trace; its path is relative to the scenario's file.

    Raises :class:`ScenarioError` (E160, E161, E162, E164, E165, E166) and ``OSError`` when the file cannot be read.
    """
    mapping = {"submission": TraceColumn("submission"), **trace.columns}
    _check_units(mapping)
    table = _read_table(path_of(trace.path, source), mapping)
    submitted_ms = _relative_ms(table, mapping["submission"], trace.start)
    order = np.argsort(submitted_ms, kind="stable")
    columns = {_FIELDS[name]: _READERS[name](table, mapping[name])[order] for name in mapping if name in _READERS}
    codes, images = _read_images(table, mapping["image"]) if "image" in mapping else (None, ())
    return TraceColumns(submitted_ms[order], image=None if codes is None else codes[order], images=images, **columns)


def _check_units(mapping: Mapping[str, TraceColumn]) -> None:
    """E146 for a unit that its column does not know; E106 for a format where none applies."""
    problems = [
        Problem(
            "E146", (), f"unknown unit of {name}", column.unit, allowed=", ".join(_UNITS.get(name, {})) or "no unit"
        )
        for name, column in mapping.items()
        if column.unit is not None and column.unit not in _UNITS.get(name, {})
    ]
    problems += [
        Problem(
            "E106", (), f"{name} takes no format", column.format or "", hint="Only submission does, as %d/%m/%Y %H:%M"
        )
        for name, column in mapping.items()
        if column.format is not None and name != "submission"
    ]
    if problems:
        raise ScenarioError(problems)


def _read_table(path: Path, columns: Mapping[str, TraceColumn]) -> _Table:
    check_file(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _parse_table(str(path), csv.reader(file, strict=True), columns)
    except UnicodeDecodeError as error:
        raise _misshapen(str(path), 0, f"not UTF-8 text at byte {error.start}") from None


def _parse_table(file: str, reader: Any, columns: Mapping[str, TraceColumn]) -> _Table:
    try:
        header: list[str] = next(reader, [])
        rows, lines = _rows(file, reader, len(header))
    except csv.Error as error:
        raise _misshapen(file, reader.line_num, str(error)) from None
    if not header:
        raise ScenarioError([Problem("E162", (), "the trace is empty", file=file)])
    places = _places(file, [name.strip() for name in header], columns)
    if not rows:
        raise ScenarioError([Problem("E162", (), "the trace has a header but no rows", file=file, line=1, col=1)])
    return _Table(file, lines, {name: [row[place] for row in rows] for name, place in places.items()})


def _rows(file: str, reader: Any, width: int) -> tuple[list[list[str]], list[int]]:
    """All rows that are not blank, and their lines. Raises E160 at rows of another width."""
    rows: list[list[str]] = []
    lines: list[int] = []
    problems: list[Problem] = []
    for row in reader:
        if len(row) == width:
            rows.append(row)
            lines.append(reader.line_num)
        elif row and len(problems) < MAX_PROBLEMS:
            message = f"the row has {len(row)} cells, the header {width}"
            problems.append(Problem("E160", (), message, file=file, line=reader.line_num, col=1))
    if problems:
        raise ScenarioError(problems)
    return rows, lines


def _places(file: str, header: list[str], columns: Mapping[str, TraceColumn]) -> dict[str, int]:
    """Where each mapped column stands. Raises E160 for those missing or given twice."""
    problems = [
        _column_problem(file, header, mapping.column)
        for mapping in columns.values()
        if header.count(mapping.column) != 1
    ]
    if problems:
        raise ScenarioError(problems)
    return {name: header.index(mapping.column) for name, mapping in columns.items()}


def _column_problem(file: str, header: list[str], column: str) -> Problem:
    message = f"column {column} stands twice in the header" if column in header else f"column {column} is missing"
    hint = did_you_mean(column, header) if column not in header else ""
    if len(header) == 1:
        words = [word for mark, word in _DELIMITERS.items() if mark in header[0]]
        hint = f"Cells seem to be separated by {words[0]}; a trace needs commas" if words else hint
    return Problem("E160", (), message, allowed=", ".join(header), hint=hint, file=file, line=1, col=1)


def _misshapen(file: str, line: int, message: str) -> ScenarioError:
    return ScenarioError([Problem("E160", (), message, file=file, line=line, col=1 if line else 0)])


def _is_readable(read: Callable[[str], Any], cell: str) -> bool:
    try:
        read(cell)
    except ValueError:
        return False
    return True


def _number(cell: str, factor: float = 1.0, most: float = _LARGEST) -> float:
    """A finite number of at least 0, times ``factor`` at most ``most``."""
    value = float(cell) * factor
    if not 0 <= value <= most:
        raise ValueError(cell)
    return value


def _relative_ms(table: _Table, mapping: TraceColumn, start: str | None) -> NDArray[np.int64]:
    """Submissions in ms since ``start``, or since the first."""
    read, what = _instant_reader(mapping)
    instants_ms = _whole(table.column("submission", mapping, read, what))
    relative_ms: NDArray[np.int64] = instants_ms - (instants_ms.min() if start is None else _start_ms(start))
    early = np.flatnonzero(relative_ms < 0)[:MAX_PROBLEMS].tolist()
    if early:
        cells, what = table.cells["submission"], f"at or after the trace's start, {start}"
        raise ScenarioError(table.bad_cell(row, mapping, cells[row], what) for row in early)
    return relative_ms


def _start_ms(start: str) -> int:
    """``from:`` in Unix ms: an instant, or seconds like the column's."""
    try:
        return round(_instant_ms(start))
    except ValueError:
        allowed = "an instant: 2026-01-01T00:00:00Z, or seconds from 0"
        raise ScenarioError([Problem("E115", (), "not an instant (from)", start, allowed=allowed)]) from None


def _instant_reader(mapping: TraceColumn) -> tuple[Callable[[str], float], str]:
    """How the cells of ``submission`` are read: by a ``strptime`` format, by a unit, or as ISO 8601 or seconds."""
    if mapping.format is not None:
        pattern = mapping.format
        return lambda cell: _epoch_ms(datetime.strptime(cell.strip(), pattern)), f"an instant like {pattern}"  # noqa: DTZ007
    if mapping.unit is not None:
        factor = _MS[mapping.unit]
        return lambda cell: _number(cell, factor, _LATEST_MS), f"a number of {mapping.unit} from 0"
    return _instant_ms, "an instant: ISO 8601 (2026-01-01T00:00:00Z), or seconds from 0"


def _instant_ms(cell: str) -> float:
    """Seconds, or an ISO instant."""
    try:
        seconds = float(cell)
    except ValueError:
        return _iso_ms(cell)
    return _number(str(seconds), 1e3, _LATEST_MS)


def _iso_ms(text: str) -> float:
    return _epoch_ms(datetime.fromisoformat(text.strip()))


def _epoch_ms(instant: datetime) -> float:
    """Unix ms; an instant without a zone is UTC."""
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MICROSECOND / 1000


def _read_run_time(table: _Table, mapping: TraceColumn) -> NDArray[np.int64]:
    unit = mapping.unit or "s"
    read = partial(_number, factor=_MS[unit], most=_MOST_MS)
    return np.maximum(_whole(table.column("run_time", mapping, read, f"a number of {unit} from 0 to 36500 days")), 1)


def _read_vcpus(table: _Table, mapping: TraceColumn) -> NDArray[np.int64]:
    read = partial(_positive, factor=1000.0, most=1e9)
    return _whole(table.column("vcpus", mapping, read, "a number of vCPUs above 0"))


def _read_memory(table: _Table, mapping: TraceColumn) -> NDArray[np.int64]:
    unit = mapping.unit or "MiB"
    read = partial(_positive, factor=_MIB[unit], most=1e9)
    cells = table.column("memory", mapping, read, f"a number of {unit} above 0")
    return np.ceil(np.round(np.array(cells), 6)).astype(np.int64)


def _read_images(table: _Table, mapping: TraceColumn) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """The image of each row as a code, and the images in order of first appearance."""
    codes: dict[str, int] = {}
    cells = table.column("image", mapping, _image, "an image")
    return np.array([codes.setdefault(cell, len(codes)) for cell in cells], dtype=np.int32), tuple(codes)


def _read_exit_code(table: _Table, mapping: TraceColumn) -> NDArray[np.int16]:
    return np.array(table.column("exit_code", mapping, _exit_code, "an exit code from 0 to 255"), dtype=np.int16)


def _positive(cell: str, factor: float, most: float) -> float:
    value = _number(cell, factor, most)
    if value == 0:
        raise ValueError(cell)
    return value


def _image(cell: str) -> str:
    if not cell.strip():
        raise ValueError(cell)
    return cell.strip()


def _exit_code(cell: str) -> int:
    code = _number(cell)
    if code > 255 or not code.is_integer():
        raise ValueError(cell)
    return int(code)


def _whole(values: Iterable[float]) -> NDArray[np.int64]:
    return np.rint(np.asarray(values, dtype=np.float64)).astype(np.int64)


_READERS: Mapping[str, Callable[[_Table, TraceColumn], NDArray[Any]]] = {
    "run_time": _read_run_time,
    "vcpus": _read_vcpus,
    "memory": _read_memory,
    "exit_code": _read_exit_code,
}
_FIELDS = {
    "run_time": "run_ms",
    "vcpus": "vcpus_milli",
    "memory": "memory_mib",
    "exit_code": "exit_code",
}
