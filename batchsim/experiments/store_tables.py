"""The tables of a study store, and whether a file has them as they were made."""

from __future__ import annotations

import sqlite3
from contextlib import closing

ID = 0x62736D73
"""SQLite's ``application_id`` of our files: "bsms"."""
VERSION = 1
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
STATEMENTS = tuple(filter(str.strip, _TABLES.split(";")))
"""One a table."""


def strangeness(db: sqlite3.Connection) -> str:
    """What would make the tables answer other than we wrote; nothing of sound ones. An index of a user's is no harm."""
    found = _made(db)
    active = next((f"{kind} {name}" for kind, name in found if kind in ("trigger", "view")), "")
    if active:
        return f"it has the {active}, which is none of batchsim's"
    with closing(sqlite3.connect(":memory:")) as ours:
        for statement in STATEMENTS:
            ours.execute(statement)
        other = next((name for key, sql in _made(ours).items() if found.get(key) != sql for _, name in (key,)), "")
    return f"its table {other} is missing, or is not as batchsim makes it" if other else ""


def _made(db: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """How each table, trigger, view and index of somebody's was made, by kind and name."""
    rows = db.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {(kind, name): " ".join(sql.split()) for kind, name, sql in rows}
