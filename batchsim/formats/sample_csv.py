"""A sample of durations from a column of a CSV file, for an empirical law."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from batchsim.errors import MAX_PROBLEMS, Problem, ScenarioError
from batchsim.formats.trace_cells import number
from batchsim.formats.trace_file import check_file, path_of
from batchsim.spec.near import did_you_mean
from batchsim.spec.samples import Sample, SampleFile
from batchsim.spec.source import SourceMap
from batchsim.units import MAX_DURATION_MS

_MS = {"ms": 1, "s": 1_000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}


def read_sample(sample: SampleFile, source: SourceMap | None = None) -> Sample:
    """The durations of one column, rounded to ms; empty cells are skipped: nothing was observed.

    The path is relative to the scenario's file. Raises :class:`ScenarioError` (E100, E160, E161, E162, E164-E166).
    """
    path = path_of(sample.path, source)
    try:
        check_file(path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            return Sample(tuple(_durations_ms(path, file, sample)), interpolate=sample.interpolate)
    except OSError as error:
        message = f"cannot read the sample: {error.strerror or error}"
        raise ScenarioError([Problem("E100", (), message, sample.path)]) from None
    except UnicodeDecodeError as error:
        raise ScenarioError([_problem("E160", path, f"not UTF-8 text at byte {error.start}", 0)]) from None


def _durations_ms(path: Path, file: TextIO, sample: SampleFile) -> list[int]:
    reader = csv.reader(file, strict=True)
    found: list[int] = []
    problems: list[Problem] = []
    try:
        for line, cell in _cells(path, reader, sample.column):
            try:
                found.append(_duration_ms(cell, _MS[sample.unit]))
            except ValueError:
                message = f"column {sample.column}: not a number of {sample.unit} from 0 to 36500 days"
                problems.append(_problem("E161", path, message, line, cell))
            if len(problems) >= MAX_PROBLEMS:
                break
    except csv.Error as error:
        raise ScenarioError([_problem("E160", path, str(error), reader.line_num)]) from None
    if not found and not problems:
        problems = [_problem("E162", path, f"column {sample.column} holds no durations", 1)]
    if problems:
        raise ScenarioError(problems)
    return found


def _cells(path: Path, reader: Iterator[list[str]], column: str) -> Iterator[tuple[int, str]]:
    """Line and text of each cell of a column that is not empty."""
    header = [name.strip() for name in next(reader, [])]
    if header.count(column) != 1:
        message = f"column {column} {'stands twice in the header' if column in header else 'is missing'}"
        named = ", ".join(filter(None, header))
        problem = _problem("E160", path, message, 1, allowed=named, hint=did_you_mean(column, header))
        raise ScenarioError([problem])
    place = header.index(column)
    for row in reader:
        if len(row) > place and row[place].strip():
            yield reader.line_num, row[place].strip()  # type: ignore[attr-defined]


def _duration_ms(cell: str, unit_ms: int) -> int:
    return round(number(cell, unit_ms, MAX_DURATION_MS))


def _problem(
    code: str, path: Path, message: str, line: int, value: str = "", allowed: str = "", hint: str = ""
) -> Problem:
    return Problem(code, (), message, value, allowed, hint, str(path), line, 1 if line else 0)
