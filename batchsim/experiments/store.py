"""The study store: every finished run of every study in one SQLite file, committed at once.

A run is (study, point, replication). Its values are a function of scenario, code and seed, so that a run which two
processes did has one row, whoever came first: claims (:mod:`~batchsim.experiments.claims`) spare work, and nothing
hangs on them. The file is in WAL mode, which is for processes of one machine.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from batchsim.errors import BatchsimError, ExperimentError, printable
from batchsim.experiments.design import Settings
from batchsim.experiments.paired import Floats
from batchsim.experiments.store_rows import (
    Kept,
    Question,
    as_json,
    differing,
    kept_of,
    numbers,
    settings_of,
    text,
    whole,
)
from batchsim.experiments.store_tables import ID, STATEMENTS, VERSION, strangeness

DEFAULT = "batchsim-studies.sqlite"
"""The store of the command line, in the folder where it runs."""
MEMORY = ":memory:"
"""In place of a file: nothing is kept."""
PATIENCE_S = 30.0
"""So long is waited for another process that writes at this moment."""
_SQLITE = b"SQLite format 3\0"
_NO_TEXT = "Could not decode"


class StoreError(BatchsimError, OSError):
    """A study store cannot be used (exit code 4): E192 what is in the file, E193 how it can be reached."""


class Store:
    """The file, opened; a context manager. Every error of SQLite's is a :class:`StoreError` with a code."""

    def __init__(self, path: str | PathLike[str], *, must_exist: bool = False) -> None:
        """Open the store, made if it is missing, unless it ``must_exist``: then one that cannot be written will do.

        Raises :class:`StoreError`.
        """
        self._file: tuple[int, int] | None = None
        self.path = path if isinstance(path, str) else f"./{path}" if str(path) == MEMORY else str(path)
        with self.told():
            self._look(must_exist)
            sealed = must_exist and self._is_sealed()
            name = f"{Path(self.path).resolve().as_uri()}?immutable=1" if sealed else self.path
            self.db = sqlite3.connect(name, timeout=PATIENCE_S, isolation_level=None, uri=sealed)
            try:
                self._refuse_foreign() if sealed else self._begin()
            except BaseException:
                self.db.close()
                raise
        self._file = self._identity()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.db.close()

    # -- studies

    def begin(self, question: Question, points: Sequence[tuple[Settings, str]], replications: int) -> int:
        """The number of the study, begun here if there is none of its name.

        ``points`` are settings and scenario hashes. Raises :class:`ExperimentError` (E190) if the study of this name
        is another: of another scenario, code or seed, or with other points.
        """
        with self.transaction():
            kept = self.find(question.name)
            if kept is None:
                return self._added(question, points, replications)
            self.refuse_other(kept.question, question)
            self.db.execute(
                "UPDATE studies SET replications = max(replications, ?) WHERE id = ?", (replications, kept.id)
            )
            return kept.id

    def refuse_other(self, kept: Question, asked: Question) -> None:
        """Raises :class:`ExperimentError` (E190) with both hashes, or whatever differs."""
        self._refuse(asked.name, differing(kept, asked))

    def refuse_other_points(self, kept: Kept, points: Sequence[Settings]) -> None:
        """Raises :class:`ExperimentError` (E190) if a study has other points than its question makes."""
        there, here = (list(map(as_json, each)) for each in (self.points(kept.id), points))
        pairs = ((f"point {number}", *each) for number, each in enumerate(zip(there, here, strict=False)))
        self._refuse(kept.question.name, (("number of points", str(len(there)), str(len(here))), *pairs))

    def _refuse(self, name: str, compared: Iterable[tuple[str, str, str]]) -> None:
        for what, there, here in compared:
            if there != here:
                told = (
                    f"{self.path}: the study {name} was made of another {what}: {there} there, {here} now. Results of "
                    "both must not mix: give --name for a study of its own, or forget the old one with batchsim "
                    "studies --remove [E190]"
                )
                raise ExperimentError(printable(told))

    def find(self, name: str) -> Kept | None:
        """The study of a name."""
        return next((kept for kept in self.studies() if kept.question.name == name), None)

    def studies(self) -> list[Kept]:
        """All studies, in the order in which they were begun."""
        rows = self._all(
            "SELECT id, name, scenario_hash, code, seed, question, scenario, metrics, replications, created_at, "
            "(SELECT count(*) FROM points WHERE study = id), (SELECT count(*) FROM runs WHERE study = id), "
            "(SELECT count(*) FROM failures WHERE study = id) FROM studies ORDER BY id"
        )
        with self.told():
            return [kept_of(row) for row in rows]

    def remove(self, study: int) -> None:
        """Forget a study and all of its runs."""
        with self.transaction():
            self.db.execute("DELETE FROM studies WHERE id = ?", (study,))

    def points(self, study: int) -> list[Settings]:
        """The settings of each point."""
        rows = self._all("SELECT point, settings FROM points WHERE study = ? ORDER BY point", (study,))
        with self.told():
            if [number for number, _ in rows] != list(range(len(rows))):
                raise ValueError("its points are not numbered from 0, one by one")
            return [settings_of(settings) for _, settings in rows]

    def add_point(self, study: int, settings: Settings, scenario_hash: str) -> int:
        """The number of a point, which is added behind the others if the study does not have it.

        Raises :class:`StoreError` with both hashes if the point's is another.
        """
        given = as_json(settings)
        with self.transaction():
            found = self.db.execute(
                "SELECT point, scenario_hash FROM points WHERE study = ? AND settings = ?", (study, given)
            ).fetchone()
            if found and found[1] != scenario_hash:
                raise self.damaged(f"point {found[0]} is of scenario {found[1]}, its settings are of {scenario_hash}")
            if found:
                return whole(found[0])
            number = self._count("points", study)
            self.db.execute("INSERT INTO points VALUES (?, ?, ?, ?)", (study, number, given, scenario_hash))
            return number

    # -- runs

    def done(self, study: int) -> set[tuple[int, int]]:
        """Point and replication of every finished run."""
        rows = self._all("SELECT point, replication FROM runs WHERE study = ?", (study,))
        with self.told():
            last = self._count("points", study) - 1  # after the runs: another process may add both
            return {(whole(point, 0, last), whole(replication)) for point, replication in rows}

    def keep(self, study: int, point: int, replication: int, values: Floats) -> None:
        """Commit a finished run; one that is there already stays as it is."""
        place = (study, point, replication)
        with self.transaction():
            self.db.execute("INSERT OR IGNORE INTO runs VALUES (?, ?, ?, ?)", (*place, _blob(values)))
            for table in ("claims", "failures"):
                self.db.execute(f"DELETE FROM {table} {_OF_RUN}", place)  # noqa: S608 -- names of our own

    def keep_failure(self, study: int, point: int, replication: int, why: str) -> None:
        """Commit that a run failed twice; it is tried again when the study is taken up."""
        place = (study, point, replication)
        with self.transaction():
            self.db.execute("INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?)", (*place, why))
            self.db.execute(f"DELETE FROM claims {_OF_RUN}", place)  # noqa: S608 -- no text of a user's

    def failures(self, study: int) -> list[tuple[int, int, str]]:
        """Point, replication and reason of each run that failed twice."""
        rows = self._all("SELECT point, replication, why FROM failures WHERE study = ? ORDER BY 1, 2", (study,))
        with self.told():
            return [(whole(point), whole(replication), text(why)) for point, replication, why in rows]

    def rows(self, study: int, point: int, metrics: int) -> dict[int, Floats]:
        """The metrics, so many, of each finished replication of one point."""
        rows = self._all("SELECT replication, measured FROM runs WHERE study = ? AND point = ?", (study, point))
        with self.told():
            return {whole(replication): numbers(blob, metrics) for replication, blob in rows}

    def values(self, study: int, points: int, replications: int, metrics: int) -> Floats:
        """Shape (points, replications, metrics); NaN = undefined, or not run."""
        values = np.full((points, replications, metrics), np.nan)
        rows = self._all(
            "SELECT point, replication, measured FROM runs WHERE study = ? AND replication < ?", (study, replications)
        )
        with self.told():
            for point, replication, blob in rows:
                values[whole(point), whole(replication)] = numbers(blob, metrics)
        return values

    # -- SQLite

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and nobody else writes meanwhile."""
        self._must_be_there()
        with self.told():
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.db.execute("COMMIT")
            except BaseException:
                if self.db.in_transaction:  # of a full disk, SQLite has rolled it back itself
                    self.db.execute("ROLLBACK")
                raise

    @contextmanager
    def told(self) -> Iterator[None]:
        """SQLite's errors, and contents that are none of ours, as a :class:`StoreError`."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if _NO_TEXT in str(error):
                raise self.damaged(str(error)) from error
            raise StoreError(self._unreachable(error)) from error
        except (sqlite3.DatabaseError, KeyError, IndexError, RecursionError) as error:
            raise self.damaged(str(error)) from error
        except ValueError as error:
            if isinstance(error, BatchsimError):
                raise
            raise self.damaged(str(error)) from error

    def _all(self, query: str, values: Iterable[Any] = ()) -> list[Any]:
        with self.told():
            return self.db.execute(query, tuple(values)).fetchall()

    def _count(self, table: str, study: int) -> int:
        query = f"SELECT count(*) FROM {table} WHERE study = ?"  # noqa: S608 -- a name of our own
        return int(self.db.execute(query, (study,)).fetchone()[0])

    def _look(self, must_exist: bool) -> None:
        """Whether the file can be a store, before SQLite touches it."""
        if self.path == MEMORY:
            return
        file = Path(self.path)
        if _is_special(file):  # reading it might wait for ever
            raise StoreError(f"{printable(self.path)}: not a study store: it is no regular file [E192]")
        try:
            with file.open("rb") as opened:
                first = opened.read(len(_SQLITE))
        except FileNotFoundError:
            if must_exist:
                raise StoreError(f"{printable(self.path)}: there is no study store [E193]") from None
            return
        except OSError as error:
            raise StoreError(f"{printable(self.path)}: cannot be read: {error.strerror} [E193]") from None
        if first and first != _SQLITE:
            raise StoreError(f"{printable(self.path)}: not a study store: it is no SQLite file [E192]")

    def _is_sealed(self) -> bool:
        """Whether the file is on a read-only file system, or in a folder of others, and all that is kept is in it."""
        file, log = Path(self.path), Path(f"{self.path}-wal")
        writable = os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)
        return not writable and not (log.exists() and log.stat().st_size)

    def _identity(self) -> tuple[int, int] | None:
        """Which file has the store's name, at this moment."""
        if self.path == MEMORY:
            return None
        try:
            found = Path(self.path).stat()
        except OSError:
            return (0, 0)
        return (found.st_dev, found.st_ino)

    def _must_be_there(self) -> None:
        """SQLite would go on to write into a file that nobody can find any more."""
        if self._file is not None and self._identity() != self._file:
            raise StoreError(
                f"{printable(self.path)}: the study store was moved, removed or replaced while it was in use; what was "
                f"done since is not in it: give the same command again [E193]"
            )

    def _begin(self) -> None:
        """Modes, and tables if there are none; refuse what others made, and what is damaged."""
        self.db.execute("PRAGMA foreign_keys = ON")
        self._refuse_foreign()
        if self.db.execute("PRAGMA journal_mode = WAL").fetchone()[0] not in ("wal", "memory"):
            raise StoreError(f"{printable(self.path)}: its file system knows no write-ahead log of SQLite's [E193]")
        self.db.execute("PRAGMA synchronous = FULL")  # a finished run outlives the machine's fall
        with self.transaction():
            if not self.db.execute("PRAGMA application_id").fetchone()[0]:
                for statement in STATEMENTS:
                    self.db.execute(statement)
                self.db.execute(f"PRAGMA application_id = {ID}")
                self.db.execute(f"PRAGMA user_version = {VERSION}")

    def _refuse_foreign(self) -> None:
        if (found := self.db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise self.damaged(found)
        mark, version = (self.db.execute(f"PRAGMA {key}").fetchone()[0] for key in ("application_id", "user_version"))
        tables = self.db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if mark != ID and (mark or version or tables):
            raise StoreError(f"{printable(self.path)}: not a study store: another program's SQLite file [E192]")
        if mark == ID and version != VERSION:
            told = f"of version {version}, and this batchsim reads version {VERSION}"
            raise StoreError(f"{printable(self.path)}: a study store {told} [E192]")
        if mark == ID and (told := strangeness(self.db)):
            raise self.damaged(told)

    def _unreachable(self, error: sqlite3.OperationalError) -> str:
        told = str(error)
        if "locked" in told or "busy" in told:
            told = f"another process has held it for {PATIENCE_S:.0f} s; try again when that is done"
        elif "readonly" in told:
            told = "it, or its folder, cannot be written"
        elif "full" in told:
            told = "the disk is full; what is done is kept: make room, and give the same command again"
        elif "unable to open" in told and Path(self.path).exists():
            told = "it, or its folder, cannot be written"
        elif "unable to open" in told:
            told = "it cannot be opened or made: is its folder there, and ours to write?"
        elif "no such" in told:
            return f"{printable(self.path)}: not a study store: {told} [E192]"
        return f"{printable(self.path)}: the study store cannot be used: {told} [E193]"

    def damaged(self, told: str) -> StoreError:
        """The error that says so of the file."""
        hint = "move it away, and run the study anew"
        return StoreError(
            f"{printable(self.path)}: the study store is damaged ({printable(' '.join(told.split()))}); {hint} [E192]"
        )

    def _added(self, question: Question, points: Sequence[tuple[Settings, str]], replications: int) -> int:
        found = self.db.execute(
            "INSERT INTO studies (name, scenario_hash, code, seed, question, scenario, metrics, replications, "
            "created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (question.name, question.scenario_hash, question.code, str(question.seed), as_json(question.asked),
             question.scenario, as_json(question.metrics), replications, _now()),
        ).lastrowid or 0  # fmt: skip
        rows = ((found, number, as_json(settings), text) for number, (settings, text) in enumerate(points))
        self.db.executemany("INSERT INTO points VALUES (?, ?, ?, ?)", rows)
        return found


_OF_RUN = "WHERE study = ? AND point = ? AND replication = ?"


def _is_special(file: Path) -> bool:
    """A pipe, a device, a socket."""
    try:
        mode = file.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _blob(values: Floats) -> bytes:
    return np.asarray(values, dtype="<f8").tobytes()


def _now() -> str:
    """For people who look at the list; nothing hangs on it."""
    return datetime.now(UTC).isoformat(timespec="seconds")
