"""The checker: whether tables can be those of a run of AWS Batch as the model describes it.

It sees only what a result folder holds, rebuilds occupancy, waits and bills from instants, sizes and prices, and shares
no code with what wrote them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from batchsim.analysis.figures import figure_strangers
from batchsim.analysis.folder import TABLES as IN_FOLDERS
from batchsim.analysis.folder import read_folder
from batchsim.analysis.invariants import INVARIANTS
from batchsim.analysis.invariants.book import TABLES, Book
from batchsim.analysis.invariants.registry import Invariant
from batchsim.analysis.invariants.settings import CannotTellError
from batchsim.analysis.kinds import Strangers, strangers
from batchsim.analysis.side_by_side import is_confined, side_by_side, usable_cpus
from batchsim.analysis.typed import Cells, MissingColumnError

STRANGE, OF_THE_KIND = "F02", "Every cell and figure is of the kind that batchsim writes there."
LACKING, LACKS_NOTHING = "F01", "Every table has the columns that its readers rely on."
SHOWN = 5
"""How many offending rows a violation shows."""
LONG = 100_000
"""Rows from which threads pay: on fewer an invariant is mostly Python, which takes turns."""


@dataclass(frozen=True, slots=True, eq=False)
class Violation:
    """An invariant that does not hold."""

    id: str
    sentence: str
    rows: pd.DataFrame
    """The first offending rows, as in their table."""
    count: int
    """How many there are."""

    def __str__(self) -> str:
        """One line, then the first rows with the columns that say most."""
        shown = self.rows.dropna(axis=1, how="all").to_string(max_cols=12, max_colwidth=40) if len(self.rows) else ""
        return f"{self.id}: not so: {self.sentence} ({self.count} rows)\n{shown}"


@dataclass(frozen=True, slots=True, eq=False)
class Examination:
    """What the checker found, and what it could not judge."""

    violations: tuple[Violation, ...]
    untold: Mapping[str, str]
    """By id of each invariant that this run's tables cannot decide, what they lack."""


class Run(Protocol):
    """A finished run, as :class:`batchsim.Result` is."""

    @property
    def scenario(self) -> Any:
        """The resolved scenario."""

    def columns(self, name: str) -> Mapping[str, Cells]:
        """The columns of one of its tables."""

    def summary(self) -> Mapping[str, Any]:
        """The figures of ``summary.json``."""


def check(run: Run | Path | str) -> list[Violation]:
    """Return the invariants that a result, or a result folder, breaks. ``OutputError`` for an unreadable folder."""
    return check_folder(run) if isinstance(run, Path | str) else check_tables(columns_of(run))


OPTIONAL = ("blocked", "consumables", "costs", "faults", "notifications", "rejections")


def columns_of(run: Run) -> dict[str, Any]:
    """A finished run as :func:`check_tables` reads it soonest: columns, of which no DataFrame has to be made."""
    return {**{name: run.columns(name) for name in (*TABLES, *OPTIONAL)}, **_beside_tables(run)}


def tables_of(run: Run) -> dict[str, Any]:
    """A finished run as what :func:`check_tables` reads: its frames, its summary, its scenario as plain data."""
    return {**{name: getattr(run, name) for name in (*TABLES, *OPTIONAL)}, **_beside_tables(run)}


def _beside_tables(run: Run) -> dict[str, Any]:
    from batchsim.spec import to_data

    return {"summary": run.summary(), "scenario": to_data(run.scenario)}


def check_tables(tables: Mapping[str, Any]) -> list[Violation]:
    """Return the invariants that the tables break, with their first rows; none for a sound run.

    ``tables`` holds the DataFrames (or their columns by name) ``jobs``, ``attempts``, ``instances``, ``submissions``,
    ``scaling`` and ``timeline`` and, if wanted, ``blocked``, ``consumables``, ``costs``, ``notifications`` and
    ``rejections``; ``summary`` (the mapping of ``summary.json``) and ``scenario`` (of ``scenario.resolved.yaml``).
    Invariants that need what is not there are left out: :func:`examine` names them.
    """
    return list(examine(tables).violations)


def check_folder(path: Path | str) -> list[Violation]:
    """Return the invariants that a result folder breaks. Raises ``OutputError`` if it cannot be read.

    A folder may come from anywhere: cells and figures of another kind than ours, and what an invariant stumbles over
    there, are a violation of F02, not a failure of ours.
    """
    return list(examine_folder(path).violations)


def examine_folder(path: Path | str) -> Examination:
    """Return what :func:`check_folder` does, and which invariants could not be decided and why."""
    book = Book(read_folder(Path(path)))
    found = _examined(book, _stumbling)
    stumbled = [violation for violation in found.violations if violation.id == STRANGE]
    others = (violation for violation in found.violations if violation.id != STRANGE)
    return Examination((*_strange(book, stumbled), *others), found.untold)


def _strange(book: Book, stumbled: list[Violation]) -> list[Violation]:
    """One violation for all cells and figures of another kind; else for all invariants that could not go on."""
    cells = [*strangers(getattr(book, name) for name in IN_FOLDERS if getattr(book, name) is not None)]
    figures = [("summary.json", each.path, "", each.found, each.told) for each in figure_strangers(book.summary)]
    places = [_place(each, row) for each in cells for row in each.rows[:SHOWN].tolist()]
    if rows := [dict(zip(_PLACE, place, strict=True)) for place in (*figures, *places)]:
        count = len(figures) + sum(len(each.rows) for each in cells)
        return [Violation(STRANGE, OF_THE_KIND, pd.DataFrame(rows[:SHOWN]), count)]
    frames = [violation.rows for violation in stumbled]
    return [Violation(STRANGE, OF_THE_KIND, pd.concat(frames).head(SHOWN), len(frames))] if frames else []


_PLACE = ("table", "column", "row", "found", "should be")


def _place(strange: Strangers, row: int) -> tuple[str, ...]:
    return strange.table.name, strange.column, strange.place(row), strange.cell(row), strange.told


Judge = Callable[[Invariant, Book], Violation | None]


def _judged(each: Invariant, book: Book) -> Violation | None:
    rows = each.find(book)
    return Violation(each.id, each.sentence, rows.head(SHOWN), len(rows)) if len(rows) else None


def _stumbling(each: Invariant, book: Book) -> Violation | None:
    """The same for tables that nobody vouches for."""
    try:
        with np.errstate(all="raise"):
            return _judged(each, book)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        told = " ".join(f"{type(error).__name__}: {error}".split())[:80]
        rows = pd.DataFrame([{"invariant": each.id, "stumbles over": told}])
        return Violation(STRANGE, OF_THE_KIND, rows, 1)


def examine(tables: Mapping[str, Any], judge: Judge = _judged, workers: int | None = None) -> Examination:
    """Return the violations, and which invariants could not be decided and why.

    Those of long tables are looked at side by side by so many ``workers``, by default as many as there are
    CPUs, and one where memory is bounded.
    """
    return _examined(Book(tables), judge, workers)


def _examined(book: Book, judge: Judge, workers: int | None = None) -> Examination:
    if workers is None:
        workers = usable_cpus() if book.size > LONG and not is_confined() else 1
    verdicts = side_by_side(partial(_verdict, judge, book), INVARIANTS, workers)
    untold = {each.id: str(v) for each, v in zip(INVARIANTS, verdicts, strict=True) if isinstance(v, CannotTellError)}
    lost = {str(verdict): verdict for verdict in verdicts if isinstance(verdict, MissingColumnError)}
    return Examination((*_missing(lost), *(v for v in verdicts if isinstance(v, Violation))), untold)


def _verdict(judge: Judge, book: Book, each: Invariant) -> Violation | CannotTellError | MissingColumnError | None:
    """What there is to say of an invariant: nothing if it holds."""
    try:
        return judge(each, book)
    except (CannotTellError, MissingColumnError) as reason:
        return reason


def _missing(lost: Mapping[str, MissingColumnError]) -> list[Violation]:
    if not lost:
        return []
    rows = pd.DataFrame([{"table": error.table, "column": error.column} for error in lost.values()])
    return [Violation(LACKING, LACKS_NOTHING, rows.head(SHOWN), len(rows))]
