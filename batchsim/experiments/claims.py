"""Who does which run of a study: claims that live as long as their process, so that two processes share the work.

A process is alive if one with its number was started at the same time: a store is for processes of one machine. If that
should ever be mistaken (in containers, say), a run is done twice, and kept once.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from batchsim.experiments.store import Store, StoreError
from batchsim.experiments.store_rows import whole

Run = tuple[int, int]
"""Point and replication."""
_STARTED = 19
"""Position of ``starttime`` behind the name of a process in /proc/PID/stat (proc(5): field 22)."""


class Claims:
    """What this process has claimed of one study."""

    def __init__(self, store: Store, study: int) -> None:
        self._store, self._study = store, study
        with store.transaction():
            self._owner = store.db.execute(
                "INSERT INTO owners (host, pid, born) VALUES (?, ?, ?)",
                (socket.gethostname(), os.getpid(), _born(os.getpid())),
            ).lastrowid

    def take(self, wanted: Iterable[Run], most: int) -> list[Run]:
        """Claim at most so many of the runs, in turn: those that nobody has done, and nobody alive has claimed."""
        taken: list[Run] = []
        with self._store.transaction():
            self._free_the_dead()
            for point, replication in wanted:
                place = (self._study, point, replication)
                if self._store.db.execute(_TAKE, (*place, self._owner, *place)).rowcount:
                    taken.append((point, replication))
                if len(taken) == most:  # no earlier: the next of an iterator would be lost
                    break
        return taken

    def others(self) -> list[int]:
        """Numbers of the other processes that are at work on this study."""
        with self._store.transaction():
            self._free_the_dead()
            rows = self._store.db.execute(
                "SELECT DISTINCT pid FROM claims JOIN owners ON owners.id = owner WHERE study = ? AND owner != ?",
                (self._study, self._owner),
            )
            return [whole(pid) for (pid,) in rows]

    def release(self) -> None:
        """Give back what is not done."""
        with suppress(StoreError), self._store.transaction():
            self._store.db.execute("DELETE FROM owners WHERE id = ?", (self._owner,))

    def _free_the_dead(self) -> None:
        db = self._store.db
        for owner, host, pid, born in db.execute("SELECT id, host, pid, born FROM owners").fetchall():
            if owner != self._owner and (host != socket.gethostname() or _born(whole(pid)) != born):
                db.execute("DELETE FROM owners WHERE id = ?", (owner,))


_TAKE = """
INSERT OR IGNORE INTO claims SELECT ?, ?, ?, ?
WHERE NOT EXISTS (SELECT 1 FROM runs WHERE study = ? AND point = ? AND replication = ?)
"""


def _born(pid: int) -> str:
    """When a process was started, since its machine was; empty of one that is not there."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return "" if fields[0] in ("Z", "X") else fields[_STARTED]
    except (OSError, IndexError):
        return "alive" if not Path("/proc/self/stat").exists() and _is_there(pid) else ""


def _is_there(pid: int) -> bool:
    """Where there is no /proc."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
