"""Staged files put in the places of the old ones, all or none; the file that makes a result of them comes last."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from contextlib import suppress

STAGED = ".batchsim-staged-"
"""Before the name of a file that is being written."""
LOCK = f"{STAGED}lock"
_OLD = f"{STAGED}old-"


def commit(folder: int, new: Iterable[str], old: Iterable[str], main: Collection[str]) -> None:
    """Put the staged files ``new`` in place of the files ``old``; an error puts the old ones back, and is raised.

    The files ``main`` go first and come last, so that a folder which has one is whole, whenever its writer is killed.
    """
    moved: list[str] = []
    placed: list[str] = []
    try:
        for name in sorted(old, key=lambda each: (each not in main, each)):
            _rename(folder, name, _OLD + name)
            moved.append(name)
        for name in sorted(new, key=lambda each: (each in main, each)):
            _rename(folder, STAGED + name, name)
            placed.append(name)
    except BaseException:
        _put_back(folder, moved, placed)
        raise


def sweep(folder: int, *, done: bool) -> None:
    """Remove what this write, or one that was killed, left staged; old files only once new ones are in their places."""
    for name in sorted(os.listdir(folder)):
        if name.startswith(STAGED) and name != LOCK and (done or not name.startswith(_OLD)):
            with suppress(OSError):
                os.unlink(name, dir_fd=folder)


def _put_back(folder: int, moved: Iterable[str], placed: Iterable[str]) -> None:
    for name in placed:
        with suppress(OSError):
            os.unlink(name, dir_fd=folder)
    for name in reversed(list(moved)):
        with suppress(OSError):
            _rename(folder, _OLD + name, name)


def _rename(folder: int, name: str, to: str) -> None:
    os.rename(name, to, src_dir_fd=folder, dst_dir_fd=folder)
