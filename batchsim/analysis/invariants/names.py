"""How rows refer to others by id: all tables that bear the same ids are numbered together, each id once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np
import pandas as pd

from batchsim.analysis.typed import Bools, Cells, Int64s, Table, Texts

MANY = 1_000
"""Rows from which numbering all ids is faster than a dictionary of those that are looked for."""


class Ids:
    """The ids of a table's rows, and which of these rows those of other tables name."""

    def __init__(self, parent: Table, key: str, *children: Table) -> None:
        self._parent, self._key, self._children = parent, key, children

    def row_of(self, child: Table) -> Int64s:
        """For each row of one of the other tables the first row that has its id, else -1."""
        if len(self._parent) <= MANY:
            return lookup(child, self._key, self._parent, self._key)
        child.cells(self._key)  # which may be missing
        return self._rows[child.name]

    @cached_property
    def twice(self) -> Bools:
        """Rows whose id another row has, too."""
        codes = self._codes[self._parent.name] if len(self._parent) > MANY else self._parent.codes(self._key)
        return np.asarray(np.bincount(codes + 1)[codes + 1] > 1)

    @cached_property
    def _rows(self) -> Mapping[str, Int64s]:
        own = self._codes[self._parent.name]
        first = np.append(first_rows(own, max(int(codes.max(initial=-1)) for codes in self._codes.values()) + 1), -1)
        return {child.name: first[self._codes[child.name]] for child in self._children if child.has(self._key)}

    @cached_property
    def _codes(self) -> Mapping[str, Int64s]:
        """Numbers for the ids of each table, -1 for none; neighbours with one id are read as one."""
        self._parent.cells(self._key)
        tables = [table for table in (self._parent, *self._children) if table.has(self._key)]
        texts = [pd.Series(table.cells(self._key), dtype="str") for table in tables]
        starts = [run_starts(each) for each in texts]
        distinct: Any = pd.concat([_at(each, start) for each, start in zip(texts, starts, strict=True)])
        pieces = np.split(_numbered(distinct), np.cumsum([len(start) for start in starts])[:-1])
        columns = zip(tables, pieces, starts, strict=True)
        return {table.name: spread(piece, start, len(table)) for table, piece, start in columns}


def _at(texts: Texts, rows: Int64s) -> Texts:
    """Some rows, ascending; all of them as they are, for copying a million texts takes long."""
    return texts if len(rows) == len(texts) else texts.iloc[rows]


def _numbered(texts: Texts) -> Int64s:
    """A number for each distinct text; -1 for an empty or missing one."""
    codes, words = pd.factorize(texts.array)
    for empty in np.flatnonzero(np.asarray(words == "", np.bool_)).tolist():
        codes[codes == empty] = -1
    return np.asarray(codes, np.int64)


def run_starts(*columns: Any) -> Int64s:
    """The rows in which one of some columns, all alike in length, differs from the row before."""
    starts = np.ones(len(columns[0]), np.bool_)
    starts[1:] = False
    for column in columns:
        cells = column.array if isinstance(column, pd.Series) else column
        starts[1:] |= np.asarray(cells[1:] != cells[:-1], np.bool_)
    return np.flatnonzero(starts)


def spread(values: Int64s, starts: Int64s, count: int) -> Int64s:
    """A value for each of so many rows, from one for each of the rows that :func:`run_starts` gave."""
    return values if len(starts) == count else np.repeat(values, np.diff(starts, append=count))


def agree(ours: Table, column: str, theirs: Table, other: str, rows: Int64s) -> Bools:
    """Whether each of our texts is that of the row of theirs to which it refers; without one, for -1, it is empty.

    By numbers: to compare a million texts as objects takes ten times as long.
    """
    number = {word: code for code, word in enumerate(ours.words(column))}
    own = np.array([*map(number.get, ours.words(column)), -1], np.int64)  # which a damaged file may hold twice
    wanted = np.array([*(number.get(word, -1) for word in (*theirs.words(other), ""))], np.int64)
    return np.asarray(own[ours.codes(column)] == np.append(wanted[theirs.codes(other)], wanted[-1])[rows])


def lookup(child: Table, column: str, parent: Table, key: str) -> Int64s:
    """For each row of ``child`` the first row of ``parent`` whose ``key`` is the text in ``column``, else -1."""
    found: Int64s = child.kept(column, f"{parent.name}.{key}", lambda _: _looked_up(child, column, parent, key))
    return found


def _looked_up(child: Table, column: str, parent: Table, key: str) -> Int64s:
    if len(child) > MANY and 10 * len(child) > len(parent) > MANY:
        return _joined(child.cells(column), pd.Series(parent.cells(key), dtype="str"))
    words = child.words(column)
    first = _first_by_text(parent, key, words)
    first[""] = -1
    return np.array([*map(first.get, words, repeat(-1)), -1], np.int64)[child.codes(column)]


def _first_by_text(table: Table, key: str, words: Sequence[str]) -> dict[str, int]:
    """The first row of each of some texts; of a long table only the rows that bear one of them are looked at."""
    if len(table) <= MANY:
        texts = table.words(key)
        return dict(zip(texts, first_rows(table.codes(key), len(texts)).tolist(), strict=True))
    cells: Texts = pd.Series(table.cells(key))
    rows = np.flatnonzero(cells.isin(words))[::-1]
    return dict(zip(cells.iloc[rows].tolist(), rows.tolist(), strict=True))


def _joined(wanted: Cells, keys: Texts) -> Int64s:
    """The same for many names: both columns numbered as one, which is far faster than a dictionary of texts."""
    if isinstance(wanted.dtype, pd.CategoricalDtype):
        return np.asarray(np.append(_joined(wanted.categories, keys), -1)[wanted.codes])
    texts: Texts = pd.Series(wanted, dtype="str")
    starts = run_starts(texts)  # rows of one instance mostly stand together
    distinct: Any = pd.concat([keys, texts.iloc[starts]], ignore_index=True)
    codes = _numbered(distinct)
    first = np.append(first_rows(codes[: len(keys)], int(codes.max(initial=-1)) + 1), -1)
    return spread(first[codes[len(keys) :]], starts, len(texts))


def first_rows(codes: Int64s, count: int) -> Int64s:
    """The first row of each of so many codes, -1 where there is none; rows of code -1 do not count."""
    first = np.full(count + 1, -1, np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return first[:-1]
