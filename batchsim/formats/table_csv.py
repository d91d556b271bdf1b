"""CSV tables from columns: fast, byte-stable, safe to open in a spreadsheet.

Numbers have a fixed number of decimals by the unit at the end of their column's name, so that a table's bytes depend on
its values alone. A text cell whose first character a spreadsheet would take for a formula gets a leading apostrophe;
:func:`read` takes it off again.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A column of few words: ``words[code]`` in each row, empty where the code is negative."""

    codes: NDArray[np.integer[Any]]
    words: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: slice) -> Coded:
        return Coded(self.codes[rows], self.words)


Column = NDArray[Any] | Coded

GUARDED = ("=", "+", "-", "@", "\t", "\r", "'")
"""First characters that get an apostrophe before them: formula starters, and the apostrophe itself, to be undone."""

_QUOTED = frozenset(',"\r\n')
_MARKS = (",", '"', "\r", *(f"\n{start}" for start in GUARDED))
"""In texts one below the other, what tells that one has to be quoted or guarded; a line feed too many tells it too."""
_MS_PLACES = 3
_EXACT = 2.0**40
"""Seconds below it are floats so close to one another that each whole millisecond has one of its own."""
_CHUNK_ROWS = 20_000


def guard(text: str) -> str:
    """``text`` with a leading apostrophe if a spreadsheet would compute it."""
    return "'" + text if text.startswith(GUARDED) else text


def unguard(text: str) -> str:
    """The text that :func:`guard` was given."""
    return text.removeprefix("'")


AS_NEEDED = -9
"""Decimals of floats whose unit stands beside them: as many as say something, at most nine."""


def places(name: str) -> int:
    """Decimals of the floats in a column: nine (a nano-dollar) for dollars, else three (a millisecond)."""
    if name == "value":
        return AS_NEEDED
    return 9 if "usd" in name.split("_") else 3


def lines(columns: Mapping[str, Column], decimals: Callable[[str], int] = places) -> Iterator[str]:
    """The table as chunks of whole lines, header first; rows end in a line feed.

    Columns are equally long: :class:`Coded`, or arrays of integers, booleans, floats or objects. ``NaN`` and ``None``
    become empty cells, booleans ``true`` and ``false``, floats have the ``decimals`` of their name.
    """
    yield ",".join(_quote(name) for name in columns) + "\n"
    rows = len(next(iter(columns.values()), ()))
    for start in range(0, rows, _CHUNK_ROWS):
        cells = [_cells(column[start : start + _CHUNK_ROWS], decimals(name)) for name, column in columns.items()]
        yield "\n".join(map(",".join, zip(*cells, strict=True))) + "\n"


def read(path: Path) -> dict[str, list[str]]:
    """The columns of a table that batchsim wrote, as text, with guards taken off."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        header = next(rows, [])
        cells = [[unguard(cell) for cell in row] for row in rows]
    return {name: [row[position] for row in cells] for position, name in enumerate(header)}


def _cells(values: Column, decimals: int) -> Sequence[str]:
    """One column's cells as text; the type of the array decides how."""
    if isinstance(values, Coded):
        words = [*(_quote(guard(word)) for word in values.words), ""]
        return [words[code] for code in np.maximum(values.codes, -1).tolist()]
    kind = values.dtype.kind
    if kind == "b":
        return ["true" if value else "false" for value in values.tolist()]
    if kind in "iu":
        return [str(value) for value in values.tolist()]
    if kind == "f":
        return _floats(values, decimals)
    return _texts(values.tolist(), decimals)


def _floats(values: NDArray[Any], places: int) -> list[str]:
    """Fixed decimals, empty for NaN; a rounded zero has no sign."""
    if places == AS_NEEDED:
        distinct, code = np.unique(values, return_inverse=True)
        short = [cell.rstrip("0").rstrip(".") for cell in _floats(distinct, -places)]
        return [short[at] for at in code.tolist()]
    pattern = f"%.{places}f"
    if len(values) > 1 and np.all(values == values[0]):  # most columns of waits hold nothing but zeros
        return _floats(values[:1], places) * len(values)
    is_number = np.isfinite(values)
    cells = _thousandths(np.where(is_number, values, 0.0)) if places == _MS_PLACES else None
    if cells is None:
        cells = [pattern % value for value in (values + 0.0).tolist()]
    for position in np.flatnonzero(~is_number).tolist():
        cells[position] = ""
    minus_zero = pattern % -0.0
    return [cell[1:] if cell == minus_zero else cell for cell in cells] if np.any(values < 0) else cells


def _thousandths(values: NDArray[Any]) -> list[str] | None:
    """The same as ``%.3f``, in half the time, where all are whole milliseconds in seconds; else None.

    The nearest float to a whole number of thousandths is printed as that number: its error is far below a half.
    """
    if not np.all((values >= 0) & (values < _EXACT)):
        return None
    scaled = np.rint(values * 1000)
    if not np.array_equal(scaled / 1000, values):
        return None
    seconds, thousandths = np.divmod(scaled.astype(np.int64), 1000)
    ends = _ends()
    return [str(whole) + ends[part] for whole, part in zip(seconds.tolist(), thousandths.tolist(), strict=True)]


@cache
def _ends() -> tuple[str, ...]:
    return tuple(f".{part:03}" for part in range(1000))


def _texts(values: list[Any], decimals: int) -> list[str]:
    """Mixed cells; each distinct text is guarded and quoted once, or none where no text of them needs it."""
    if _are_plain(values):
        return values
    known: dict[object, str] = {}
    cells = []
    for value in values:
        key = (type(value), value)
        cell = known.get(key)
        if cell is None:
            cell = known[key] = _text(value, decimals)
        cells.append(cell)
    return cells


def _are_plain(values: list[Any]) -> bool:
    """Whether all are texts that stand as they are."""
    try:
        text = "\n".join(("", *values))
    except TypeError:  # numbers, or cells without a value
        return False
    return not any(each in text for each in _MARKS) and text.count("\n") == len(values)


def _text(value: object, decimals: int) -> str:
    """One cell of an object column."""
    if value is None or value != value:  # noqa: PLR0124 -- NaN and NaT are what differs from itself
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        return _floats(np.array([value], dtype=np.float64), decimals)[0]
    return str(value) if isinstance(value, int | np.integer) else _quote(guard(str(value)))


def _quote(cell: str) -> str:
    """RFC 4180 quoting, only where it is needed."""
    return '"' + cell.replace('"', '""') + '"' if not _QUOTED.isdisjoint(cell) else cell
