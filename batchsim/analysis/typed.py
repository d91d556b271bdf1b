"""One table of a result folder as exact integer columns: milliseconds, nano-dollars, thousandths of a vCPU.

Columns are read on demand, from text (a CSV read without guessing) or from what analysis computed, and kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.signedinteger[Any]]
Objects = NDArray[Any]
Cells = Any
"""A column: a numpy array or a pandas extension array; its type of cell decides how it is read."""

Texts = Any
"""A pandas Series of texts."""

MISSING = -(2**62)
"""What an empty cell becomes: earlier and smaller than anything that can happen."""

FEW = 8
"""Words that are looked for one by one: comparing bytes is far faster than looking each up."""


class MissingColumnError(Exception):
    """A table lacks a column that an invariant reads; the message names both."""

    def __init__(self, table: str, column: str) -> None:
        super().__init__(f"{table} has no column {column}")
        self.table, self.column = table, column


class Table:
    """One table, row for row as in its file; each reader below gives one value a row."""

    def __init__(self, name: str, source: pd.DataFrame | Mapping[str, Cells]) -> None:
        self.name, self._source = name, source
        self._cells: dict[str, Cells] = {}
        self._known: dict[tuple[str, str], Any] = {}

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The table as it was given, or made of its columns: a small run's frames take longer than the run."""
        return self._source if isinstance(self._source, pd.DataFrame) else pd.DataFrame(dict(self._source))

    def __len__(self) -> int:
        if isinstance(self._source, pd.DataFrame):
            return len(self._source)
        return len(next(iter(self._source.values()), ()))

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns, in their order."""
        return tuple(self._source.keys())

    def has(self, column: str) -> bool:
        """Whether the table has this column."""
        return column in self._source

    def cells(self, column: str) -> Cells:
        """A column as it stands; found once, for a frame makes it anew each time."""
        if column not in self._cells:
            if not self.has(column):
                raise MissingColumnError(self.name, column)
            self._cells[column] = plain(self._source[column])
        return self._cells[column]

    def ms(self, column: str) -> Int64s:
        """Seconds as whole milliseconds, :data:`MISSING` where empty."""
        return self._scaled(column, 3)

    def nano(self, column: str) -> Int64s:
        """Dollars as whole nano-dollars, :data:`MISSING` where empty."""
        return self._scaled(column, 9)

    def milli(self, column: str) -> Int64s:
        """vCPUs (or gigabytes) in thousandths."""
        return self._scaled(column, 3)

    def pico(self, column: str) -> Int64s:
        """Speeds in trillionths."""
        return self._scaled(column, 12)

    def number(self, column: str) -> Int64s:
        """Whole numbers, :data:`MISSING` where empty."""
        return self._scaled(column, 0)

    def flag(self, column: str) -> Bools:
        """Booleans; empty is False."""
        return self.among(column, "true", "True", "1")

    def text(self, column: str) -> Objects:
        """Texts, ``""`` where empty."""
        return np.asarray([*self.words(column), ""], dtype=object)[self._numbered(column)]

    def text_of(self, column: str, rows: Int64s) -> Objects:
        """The texts of some rows, without a look at the others: for columns in which nearly every text is another."""
        cells = np.asarray(self.cells(column)[rows], dtype=object)
        return np.array(spelled(np.where(pd.isna(cells), "", cells)), dtype=object)

    def text_at(self, column: str, row: int) -> str:
        """The text of one row, ``""`` where empty; a frame of one row, as of :meth:`text_of`, takes far longer."""
        cell = self.cells(column)[row]
        return "" if pd.isna(cell) else str(cell)

    def codes(self, column: str) -> Int64s:
        """The position in :meth:`words` of each row's text."""
        codes: Int64s = self.kept(column, "codes", lambda _: self._numbered(column).astype(np.int64))
        return codes

    def words(self, column: str) -> tuple[str, ...]:
        """The distinct texts of a column."""
        words: tuple[str, ...] = self.kept(column, "words", lambda _: spelled(self._factorized(column)[1]))
        return words

    def among(self, column: str, *words: str) -> Bools:
        """Whether the text is one of these."""
        if not words:
            return np.zeros(len(self.cells(column)), np.bool_)
        codes, wanted = self._numbered(column), [at for at, word in enumerate(self.words(column)) if word in words]
        if len(wanted) > FEW:
            chosen = np.zeros(len(self.words(column)), np.bool_)
            chosen[wanted] = True
            return np.asarray(chosen[codes])
        found = np.zeros(len(codes), np.bool_)
        for code in wanted:
            found |= codes == code
        return found

    def starting(self, column: str, prefix: str) -> Bools:
        """Whether the text starts with this."""
        return self.among(column, *(word for word in self.words(column) if word.startswith(prefix)))

    def rows(self, bad: Bools | Int64s) -> pd.DataFrame:
        """The rows that a mask, or positions, select: as in the file."""
        positions = np.flatnonzero(bad) if bad.dtype == np.bool_ else bad
        return self.frame.iloc[positions] if len(positions) else NO_ROWS

    def _scaled(self, column: str, places: int) -> Int64s:
        ints: Int64s = self.kept(column, f"x{places}", partial(scaled, places=places))
        return ints

    def _factorized(self, column: str) -> tuple[Codes, Any]:
        pair: tuple[Codes, Any] = self.kept(column, "factorized", factorized)
        return pair

    def _numbered(self, column: str) -> Codes:
        return self._factorized(column)[0]

    def kept(self, column: str, kind: str, read: Callable[[Cells], Any]) -> Any:
        """What ``read`` makes of a column, found once; ``kind`` names it. Nobody writes into it."""
        if (column, kind) not in self._known:
            found = self._known[column, kind] = read(self.cells(column))
            if isinstance(found, np.ndarray):
                found.flags.writeable = False
        return self._known[column, kind]


NO_ROWS = pd.DataFrame()
"""What nearly every invariant of nearly every run finds."""


def plain(column: pd.Series | Cells) -> Cells:
    """A column without its index: numpy's array where it is one, else pandas' own."""
    cells = column.array if isinstance(column, pd.Series) else column
    return cells.to_numpy() if isinstance(cells, pd.arrays.NumpyExtensionArray) else cells


def factorized(cells: Cells) -> tuple[Codes, Any]:
    """Numbers for texts, as narrow as they can be, and the texts; an empty cell is the text ``""``.

    A category that no row has is among the texts.
    """
    is_numbered = isinstance(cells.dtype, pd.CategoricalDtype)
    codes, words = (cells.codes, cells.categories) if is_numbered else pd.factorize(cells)
    narrow = codes.astype(np.min_scalar_type(-len(words) - 1))
    if len(codes) and narrow.min() < 0:
        narrow[narrow < 0] = len(words)
        return narrow, [*words, ""]
    return narrow, words


def spelled(words: Any) -> tuple[str, ...]:
    """Words as plain texts."""
    return tuple(map(str, np.asarray(words, dtype=object).tolist()))


def scaled(cells: Cells, places: int) -> Int64s:
    """Numbers times ``10**places`` as integers, exactly; a float is taken for the nearest multiple, as printed.

    A long column of one value, as of each feature that a run does not use, is that value, and takes no memory.
    """
    if len(cells) > LONG and _is_uniform(cells):
        return np.broadcast_to(scaled(cells[:1], places), len(cells))
    # numpy's own columns without pandas' questions, which take most of the time of a small run's check
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "iub":
        return _from_ints(cells, places)
    if isinstance(cells, np.ndarray) and cells.dtype.kind == "f":
        return _from_floats(cells.astype(np.float64, copy=False), places)
    if pd.api.types.is_bool_dtype(cells.dtype) or pd.api.types.is_integer_dtype(cells.dtype):
        return _from_floats(_floats(cells), places) if _missing(cells).any() else _from_ints(cells, places)
    if pd.api.types.is_float_dtype(cells.dtype):
        return _from_floats(_floats(cells), places)
    return _from_texts(pd.Series(cells), places)


def _is_uniform(cells: Cells) -> bool:
    """Told by both ends for nearly all that are not: to look at every cell takes long."""
    first, last = cells[0], cells[-1]
    if cells.dtype == object or pd.isna(first) != pd.isna(last):
        return False
    if pd.isna(first):
        return bool(_missing(cells).all())
    return bool(first == last) and not _missing(cells).any() and bool((cells == first).all())


def _missing(cells: Cells) -> Bools:
    return np.asarray(pd.isna(cells), np.bool_)


def _from_ints(cells: Cells, places: int) -> Int64s:
    return np.asarray(np.asarray(cells, dtype=np.int64) * 10**places)


def _floats(cells: Cells) -> NDArray[np.float64]:
    """A column of pandas' own whose missing cells are NaN."""
    return np.asarray(cells.to_numpy(dtype=np.float64, na_value=np.nan))


def _from_floats(values: NDArray[np.float64], places: int) -> Int64s:
    """In two arrays of the column's size: pages that are touched for the first time are dearer than arithmetic."""
    unknown, whole, ints = ~np.isfinite(values), values * 10.0**places, np.empty(len(values), np.int64)
    whole[unknown] = 0.0
    np.rint(whole, out=ints, casting="unsafe")
    ints[unknown] = MISSING
    return ints


SAMPLE = 1_000
"""How many cells are looked at to tell whether a column's texts repeat."""
LONG = 1_000
"""Rows from which it is worth a look whether a column has one value."""
EXACT = 2.0**48
"""Below it the float nearest to a decimal number is nearest to that number's integer too, with bits to spare."""


def _from_texts(cells: Texts, places: int) -> Int64s:
    """Decimal numbers: each distinct text once where they repeat; else all at once, in floats that cannot go wrong."""
    if isinstance(cells.dtype, pd.CategoricalDtype) or cells.iloc[:SAMPLE].nunique() <= SAMPLE // 2:
        return _from_repeated(cells, places)
    floats: Texts = pd.to_numeric(cells, errors="coerce")
    found = floats.to_numpy(dtype=np.float64, na_value=np.nan) * 10.0**places
    near = np.abs(found) < EXACT
    ints = np.where(near, np.rint(np.where(near, found, 0.0)), MISSING).astype(np.int64)
    if (far := np.flatnonzero(~near)).size:
        ints[far] = _from_repeated(cells.iloc[far], places)
    return ints


def _from_repeated(cells: Texts, places: int) -> Int64s:
    codes, words = factorized(plain(cells))
    return np.array([*(_digits(text, places) for text in spelled(words)), MISSING], np.int64)[codes]


def _digits(text: str, places: int) -> int:
    """``"1.5"`` with three places is 1500; text that is no number is missing."""
    whole, _, fraction = text.partition(".")
    digits = whole + fraction.ljust(places, "0")
    if text and len(fraction) <= places and digits.lstrip("-").isdecimal():
        return int(digits)
    value = pd.to_numeric(text, errors="coerce") if text else np.nan
    return int(Decimal(text).scaleb(places).to_integral_value()) if np.isfinite(value) else MISSING
