"""The finished runs of a store, read while others write it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def kept(store: Path) -> dict[tuple[int, int], bytes]:
    """What the store has at this moment, for another reader."""
    if not store.exists():
        return {}
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=30)) as db:
        try:
            return {(p, r): blob for p, r, blob in db.execute("SELECT point, replication, measured FROM runs")}
        except sqlite3.OperationalError:  # its tables are not there yet
            return {}
