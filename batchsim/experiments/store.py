"""The study store: every finished run of every study in one SQLite file, committed at once.

A run is (study, point, replication). Its values are a function of scenario, code and seed, so that a run which two
processes did has one row, whoever came first: claims (:mod:`~batchsim.experiments.claims`) spare work, and nothing
hangs on them. The file is in WAL mode, which is for processes of one machine.
"""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from batchsim.errors import BatchsimError, ExperimentError, printable
from batchsim.experiments.design import Settings
from batchsim.experiments.paired import Floats

DEFAULT = "batchsim-studies.sqlite"
"""The store of the command line, in the folder where it runs."""
MEMORY = ":memory:"
"""In place of a file: nothing is kept."""
PATIENCE_S = 30.0
"""So long is waited for another process that writes at this moment."""
_ID = 0x62736D73
"""SQLite's ``application_id`` of our files: "bsms"."""
_VERSION = 1
_SQLITE = b"SQLite format 3\0"

_TABLES = """
CREATE TABLE studies (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, scenario_hash TEXT NOT NULL, code TEXT NOT NULL,
    seed TEXT NOT NULL, question TEXT NOT NULL, scenario TEXT NOT NULL, metrics TEXT NOT NULL,
    replications INTEGER NOT NULL, created_at TEXT NOT NULL
);
CREATE TABLE points (
    study INTEGER NOT NULL REFERENCES studies ON DELETE CASCADE, point INTEGER NOT NULL, settings TEXT NOT NULL,
    scenario_hash TEXT NOT NULL, PRIMARY KEY (study, point)
) WITHOUT ROWID;
CREATE TABLE runs (
    study INTEGER NOT NULL REFERENCES studies ON DELETE CASCADE, point INTEGER NOT NULL, replication INTEGER NOT NULL,
    measured BLOB NOT NULL, PRIMARY KEY (study, point, replication)
) WITHOUT ROWID;
CREATE TABLE failures (
    study INTEGER NOT NULL REFERENCES studies ON DELETE CASCADE, point INTEGER NOT NULL, replication INTEGER NOT NULL,
    why TEXT NOT NULL, PRIMARY KEY (study, point, replication)
) WITHOUT ROWID;
CREATE TABLE owners (id INTEGER PRIMARY KEY, host TEXT NOT NULL, pid INTEGER NOT NULL, born TEXT NOT NULL);
CREATE TABLE claims (
    study INTEGER NOT NULL REFERENCES studies ON DELETE CASCADE, point INTEGER NOT NULL, replication INTEGER NOT NULL,
    owner INTEGER NOT NULL REFERENCES owners ON DELETE CASCADE, PRIMARY KEY (study, point, replication)
) WITHOUT ROWID;
"""


class StoreError(BatchsimError, OSError):
    """A study store cannot be used (exit code 4): E192 what is in the file, E193 how it can be reached."""


@dataclass(frozen=True, slots=True)
class Question:
    """What makes a study the same study."""

    name: str
    scenario_hash: str
    """Of the scenario with what the study sets, before anything varies, and without its seed."""
    code: str
    seed: int
    asked: Mapping[str, Any]
    """What varies and how, as plain data."""
    scenario: str
    """The scenario as a file, for readers of the store."""
    metrics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A study as the store has it."""

    id: int
    question: Question
    replications: int
    """The most that were asked for."""
    created_at: str
    points: int
    done: int
    """Runs."""
    failed: int


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
        for what, there, here in _differing(kept, asked):
            if there != here:
                raise ExperimentError(
                    f"{self.path}: the study {printable(kept.name)} was made of another {what}: {there} there, {here} "
                    f"now. Results of both must not mix: give --name for a study of its own, or forget the old one "
                    f"with batchsim studies --remove [E190]"
                )

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
            return [_kept(row) for row in rows]

    def remove(self, study: int) -> None:
        """Forget a study and all of its runs."""
        with self.transaction():
            self.db.execute("DELETE FROM studies WHERE id = ?", (study,))

    def points(self, study: int) -> list[Settings]:
        """The settings of each point."""
        rows = self._all("SELECT settings FROM points WHERE study = ? ORDER BY point", (study,))
        with self.told():
            return [tuple((path, value) for path, value in json.loads(text)) for (text,) in rows]

    def add_point(self, study: int, settings: Settings, scenario_hash: str) -> int:
        """The number of a point, which is added behind the others if the study does not have it."""
        text = _json(settings)
        with self.transaction():
            found = self.db.execute(
                "SELECT point FROM points WHERE study = ? AND settings = ?", (study, text)
            ).fetchone()
            if found:
                return int(found[0])
            number = self.db.execute("SELECT count(*) FROM points WHERE study = ?", (study,)).fetchone()[0]
            self.db.execute("INSERT INTO points VALUES (?, ?, ?, ?)", (study, number, text, scenario_hash))
            return int(number)

    # -- runs

    def done(self, study: int) -> set[tuple[int, int]]:
        """Point and replication of every finished run."""
        return set(self._all("SELECT point, replication FROM runs WHERE study = ?", (study,)))

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
        return self._all("SELECT point, replication, why FROM failures WHERE study = ? ORDER BY 1, 2", (study,))

    def rows(self, study: int, point: int) -> dict[int, Floats]:
        """The metrics of each finished replication of one point."""
        rows = self._all("SELECT replication, measured FROM runs WHERE study = ? AND point = ?", (study, point))
        with self.told():
            return {replication: np.frombuffer(blob, dtype="<f8") for replication, blob in rows}

    def values(self, study: int, points: int, replications: int, metrics: int) -> Floats:
        """Shape (points, replications, metrics); NaN = undefined, or not run."""
        values = np.full((points, replications, metrics), np.nan)
        rows = self._all(
            "SELECT point, replication, measured FROM runs WHERE study = ? AND replication < ?", (study, replications)
        )
        with self.told():
            for point, replication, blob in rows:
                values[point, replication] = np.frombuffer(blob, dtype="<f8")
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
            raise StoreError(self._unreachable(error)) from error
        except (sqlite3.DatabaseError, json.JSONDecodeError, UnicodeDecodeError, KeyError, IndexError) as error:
            raise self._damaged(str(error)) from error
        except ValueError as error:
            if isinstance(error, BatchsimError):
                raise
            raise self._damaged(str(error)) from error

    def _all(self, query: str, values: Iterable[Any] = ()) -> list[Any]:
        with self.told():
            return self.db.execute(query, tuple(values)).fetchall()

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
                for statement in filter(str.strip, _TABLES.split(";")):
                    self.db.execute(statement)
                self.db.execute(f"PRAGMA application_id = {_ID}")
                self.db.execute(f"PRAGMA user_version = {_VERSION}")

    def _refuse_foreign(self) -> None:
        if (found := self.db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise self._damaged(found)
        mark, version = (self.db.execute(f"PRAGMA {key}").fetchone()[0] for key in ("application_id", "user_version"))
        tables = self.db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if mark != _ID and (mark or version or tables):
            raise StoreError(f"{printable(self.path)}: not a study store: another program's SQLite file [E192]")
        if mark == _ID and version != _VERSION:
            told = f"of version {version}, and this batchsim reads version {_VERSION}"
            raise StoreError(f"{printable(self.path)}: a study store {told} [E192]")

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

    def _damaged(self, told: str) -> StoreError:
        hint = "move it away, and run the study anew"
        return StoreError(
            f"{printable(self.path)}: the study store is damaged ({printable(' '.join(told.split()))}); {hint} [E192]"
        )

    def _added(self, question: Question, points: Sequence[tuple[Settings, str]], replications: int) -> int:
        found = self.db.execute(
            "INSERT INTO studies (name, scenario_hash, code, seed, question, scenario, metrics, replications, "
            "created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (question.name, question.scenario_hash, question.code, str(question.seed), _json(question.asked),
             question.scenario, _json(question.metrics), replications, _now()),
        ).lastrowid or 0  # fmt: skip
        rows = ((found, number, _json(settings), text) for number, (settings, text) in enumerate(points))
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


def _differing(kept: Question, asked: Question) -> Iterator[tuple[str, str, str]]:
    """What two studies of one name must share, as told of both."""
    yield "scenario (SHA-256)", kept.scenario_hash, asked.scenario_hash
    yield "code", kept.code, asked.code
    yield "seed", str(kept.seed), str(asked.seed)
    yield "design", _json(kept.asked), _json(asked.asked)
    yield "set of metrics", ", ".join(kept.metrics), ", ".join(asked.metrics)


def _kept(row: Sequence[Any]) -> Kept:
    number, name, scenario_hash, code, seed, asked, scenario, metrics, replications, created, points, done, failed = row
    question = Question(
        name, scenario_hash, code, int(seed), json.loads(asked), scenario, tuple(json.loads(metrics))
    )  # fmt: skip
    return Kept(number, question, replications, created, points, done, failed)


def _blob(values: Floats) -> bytes:
    return np.asarray(values, dtype="<f8").tobytes()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def _now() -> str:
    """For people who look at the list; nothing hangs on it."""
    return datetime.now(UTC).isoformat(timespec="seconds")
