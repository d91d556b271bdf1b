"""A job history as a table of text: the rows and columns that a mapping names, and where each cell stands in it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Any

from batchsim.errors import MAX_PROBLEMS, Problem, ScenarioError
from batchsim.formats.trace_file import check_file
from batchsim.spec.near import did_you_mean
from batchsim.spec.workload import TraceColumn

_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True, slots=True)
class Table:
    """The mapped columns of the rows that count, as text."""

    file: str
    lines: list[int]
    """Line of each row."""
    cells: Mapping[str, Sequence[str]]
    places: Mapping[str, int]
    """Number of each mapped column in the file, from 0."""
    columns: Mapping[str, TraceColumn]

    def read(self, name: str, read: Callable[[str], Any], what: str) -> list[Any]:
        """One column, each cell read; all bad cells at once as E161."""
        cells = self.cells[name]
        try:
            return list(map(read, cells))
        except ValueError:
            bad = [row for row, cell in enumerate(cells) if not _is_readable(read, cell)]
            raise self.bad_cells(name, bad, f"not {what}") from None

    def bad_cells(self, name: str, rows: Iterable[int], message: str) -> ScenarioError:
        """E161 at cells of a column."""
        bad = list(rows)[:MAX_PROBLEMS]
        cols = _cols_of(Path(self.file), {self.lines[row] for row in bad}, self.places[name])
        return ScenarioError(self._bad_cell(name, row, cols, message) for row in bad)

    def _bad_cell(self, name: str, row: int, cols: Mapping[int, int], message: str) -> Problem:
        cell = self.cells[name][row]
        line, column = self.lines[row], self.columns[name].column
        value = cell if cell.strip() else "an empty cell"
        message, col = f"column {column}: {message}", cols.get(line, 1)
        return Problem("E161", (), message, value, file=self.file, line=line, col=col)


def read_table(path: Path, columns: Mapping[str, TraceColumn], where: Mapping[str, tuple[str, ...]]) -> Table:
    """Read the mapped columns of the rows whose cells are like one of the patterns of each column in ``where``.

    Raises :class:`ScenarioError` (E160, E162, E164, E166) and ``OSError``.
    """
    check_file(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _parse(str(path), csv.reader(file, strict=True), columns, where)
    except UnicodeDecodeError as error:
        raise _misshapen(str(path), 0, f"not UTF-8 text at byte {error.start}") from None


def _parse(file: str, reader: Any, columns: Mapping[str, TraceColumn], where: Mapping[str, tuple[str, ...]]) -> Table:
    try:
        header: list[str] = next(reader, [])
        rows, lines = _rows(file, reader, len(header))
    except csv.Error as error:
        raise _misshapen(file, reader.line_num, str(error)) from None
    if not header:
        raise ScenarioError([Problem("E162", (), "the trace is empty", file=file)])
    named = {name: mapping.column for name, mapping in columns.items()} | {f"where {each}": each for each in where}
    places = _places(file, [name.strip() for name in header], named)
    if not rows:
        raise ScenarioError([Problem("E162", (), "the trace has a header but no rows", file=file, line=1, col=1)])
    kept = _kept(rows, {places[f"where {each}"]: patterns for each, patterns in where.items()})
    if not kept:
        raise ScenarioError([Problem("E162", (), f"none of {len(rows)} rows is as where wants it", file=file)])
    cells = {name: _cells(rows, kept, places[name], mapping.empty) for name, mapping in columns.items()}
    return Table(file, [lines[row] for row in kept], cells, places, columns)


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


def _kept(rows: list[list[str]], patterns: Mapping[int, tuple[str, ...]]) -> list[int]:
    if not patterns:
        return list(range(len(rows)))
    return [
        number
        for number, row in enumerate(rows)
        if all(any(fnmatchcase(row[place].strip(), each) for each in likes) for place, likes in patterns.items())
    ]


def _cells(rows: list[list[str]], kept: list[int], place: int, empty: str | None) -> list[str]:
    if empty is None:
        return [rows[row][place] for row in kept]
    return [rows[row][place] if rows[row][place].strip() else empty for row in kept]


def _places(file: str, header: list[str], named: Mapping[str, str]) -> dict[str, int]:
    """Where each named column stands. Raises E160 for those missing or given twice."""
    problems = [_column_problem(file, header, column) for column in named.values() if header.count(column) != 1]
    if problems:
        raise ScenarioError(list(dict.fromkeys(problems)))
    return {name: header.index(column) for name, column in named.items()}


def _column_problem(file: str, header: list[str], column: str) -> Problem:
    message = f"column {column} stands twice in the header" if column in header else f"column {column} is missing"
    hint = did_you_mean(column, header) if column not in header else ""
    if len(header) == 1:
        words = [word for mark, word in _DELIMITERS.items() if mark in header[0]]
        hint = f"Cells seem to be separated by {words[0]}; a trace needs commas" if words else hint
    named = ", ".join(filter(str.strip, header))
    return Problem("E160", (), message, allowed=named, hint=hint, file=file, line=1, col=1)


def _misshapen(file: str, line: int, message: str) -> ScenarioError:
    return ScenarioError([Problem("E160", (), message, file=file, line=line, col=1 if line else 0)])


def _is_readable(read: Callable[[str], Any], cell: str) -> bool:
    try:
        read(cell)
    except ValueError:
        return False
    return True


def _cols_of(path: Path, lines: AbstractSet[int], place: int) -> dict[int, int]:
    """The column, from 1, at which the cell stands in each of these lines."""
    last = max(lines, default=0)
    with path.open(encoding="utf-8-sig", newline="") as file:
        found = ((number, text) for number, text in enumerate(islice(file, last), start=1) if number in lines)
        return {number: _col_of(text, place) for number, text in found}


def _col_of(text: str, place: int) -> int:
    """The column, from 1, at which a cell stands in a line; 1 where the row runs over several lines."""
    quoted, commas = False, 0
    for at, mark in enumerate(text, start=1):
        if commas == place:
            return at
        quoted ^= mark == '"'
        commas += mark == "," and not quoted
    return 1
