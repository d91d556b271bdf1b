"""The result folder: whole files or none, and never a file that is not batchsim's own.

All files are staged beside their place first, synced, and only then put into it, so that an interrupted or failed write
leaves the earlier results as they were (:mod:`~batchsim.formats.folder_commit`). Names are opened relative to the
folder's own descriptor and without following symbolic links, so a link planted under a file's name is replaced, not
followed. (POSIX only.)
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import signal
import stat
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

from batchsim.errors import OutputError
from batchsim.formats.folder_commit import LOCK, STAGED, commit, sweep
from batchsim.formats.folder_lock import locked

TABLES = (
    "jobs",
    "attempts",
    "instances",
    "submissions",
    "scaling",
    "timeline",
    "blocked",
    "occurrences",
    "consumables",
    "rejections",
    "costs",
    "faults",
    "metrics",
)
SUMMARY = "summary.json"
SCENARIO = "scenario.resolved.yaml"
EVENTS = "events.jsonl"
NOTIFICATIONS = "notifications.jsonl"
COMPARISON = "comparison.json"
STUDY = "study.json"
REPLICATIONS = "replications.json"
OPTIMISATION = "optimisation.json"
PAGE = "report.html"
COMPARISON_TABLES = ("table", "differences", "thresholds", "values")
STUDY_TABLES = ("runs", "points", "levels", "shares", "thresholds")
OPTIMISATION_TABLES = ("trials", "winner", "front")

OWN_FILES = frozenset(
    (
        *(f"{table}.{kind}" for table in TABLES for kind in ("csv", "parquet")),
        *(f"{table}.csv" for table in (*COMPARISON_TABLES, *STUDY_TABLES, *OPTIMISATION_TABLES)),
        *(SUMMARY, SCENARIO, EVENTS, NOTIFICATIONS, COMPARISON, STUDY, REPLICATIONS, OPTIMISATION, PAGE),
    )
)
"""Names that batchsim writes into a folder of results, beside those of :func:`variant_file`."""

_VARIANT = re.compile(r"variant-[0-9]+\.resolved\.yaml")

_MAIN = (SUMMARY, COMPARISON, STUDY, REPLICATIONS, OPTIMISATION)
_BUFFER = 1 << 20
"""Bytes written at once: half a gigabyte of events in pieces of 8 KiB takes the system longer."""


def variant_file(number: int) -> str:
    """The file of a comparison's ``number``-th scenario, the baseline's 0."""
    return f"variant-{number}.resolved.yaml"


def is_own(name: str) -> bool:
    """Whether batchsim writes a file of this name; ``force`` removes such files and nothing else."""
    return name in OWN_FILES or _VARIANT.fullmatch(name) is not None


@contextmanager
def reserved(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Hold ``path`` for results that are still to be computed; :class:`OutputError` now if it could not be written.

    The folder is made if it is missing (its parent must exist). If the block fails, a folder made here goes again.
    Other processes are refused meanwhile.
    """
    held = ExitStack()
    try:
        with _undisturbed():  # what was made has to be known before a signal may end the block
            _take_hold(path, held, force=force)
        yield path
    except BaseException as error:
        with _undisturbed():
            held.__exit__(type(error), error, error.__traceback__)
        raise
    with _undisturbed():
        held.close()


def write(path: Path, files: Mapping[str, Iterable[str] | bytes], *, force: bool = False) -> None:
    """Write ``files`` (name -> bytes, or pieces of text, encoded as UTF-8) into the folder, all or none.

    Raises :class:`OutputError` if the folder is not empty and ``force`` is not given, or if anything cannot be written.
    With ``force``, files of batchsim's own (:func:`is_own`) that this write does not replace are removed.
    """
    if unknown := sorted(name for name in files if not is_own(name)):
        raise ValueError(f"not files of a result folder: {', '.join(unknown)}")
    with reserved(path, force=force), _opened(path) as folder, _told(path):
        _lock(path, folder)
        _refuse_used(path, folder, force=force)
        done = False
        try:
            for name, pieces in files.items():
                _stage(folder, name, pieces)
            old = [name for name in sorted(os.listdir(folder)) if is_own(name)]  # noqa: PTH208 -- by its descriptor
            with _undisturbed():
                commit(folder, files, old, _MAIN)
                done = True
        finally:
            with _undisturbed():
                sweep(folder, done=done)
        os.fsync(folder)


def _take_hold(path: Path, held: ExitStack, *, force: bool) -> None:
    """Make the folder if it is missing, lock it, and try it; ``held`` then undoes that."""
    if _make(path):
        held.push(partial(_remove_failed, path))
    folder = held.enter_context(_opened(path))
    with _told(path):
        held.enter_context(locked(path, folder, LOCK))
        _check(path, folder, force=force)


def _make(path: Path) -> bool:
    """Make the folder; whether it was missing."""
    with _told(path):
        try:
            path.mkdir()
        except FileExistsError:
            return False
        return True


def _remove_failed(path: Path, kind: type[BaseException] | None, *_: object) -> None:
    """Remove a folder that was made for results which then failed, if it is empty."""
    if kind is not None:
        with suppress(OSError):
            path.rmdir()


def _check(path: Path, folder: int, *, force: bool) -> None:
    """Refuse a folder in use, a folder that cannot be written."""
    _refuse_used(path, folder, force=force)
    probe = f"{STAGED}probe-{os.getpid()}"
    os.close(_create(folder, probe))
    os.unlink(probe, dir_fd=folder)


def _refuse_used(path: Path, folder: int, *, force: bool) -> None:
    """E180 for a folder that is not empty or, with ``force``, has folders where our files belong."""
    in_use = sorted(name for name in os.listdir(folder) if not name.startswith(STAGED))
    if in_use and not force:
        raise OutputError(
            f"{path}: E180: the folder is not empty (it has {in_use[0]}); choose another, or --force to replace"
            " batchsim's own files in it"
        )
    for name in filter(is_own, in_use):
        if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise OutputError(f"{path}: E180: {name} in it is a folder, so no file can take its place")


def _lock(path: Path, folder: int) -> None:
    """Keep other threads of this process from writing here until the descriptor is closed: E191."""
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OutputError(f"{path}: E191: another batchsim is writing here at this moment; choose another") from None


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let signals wait, so that an interrupted run leaves the old files or the new ones, but never some of each."""
    if threading.current_thread() is not threading.main_thread():  # signals do not come here
        yield
        return
    waiting: list[int] = []
    # Blocking them in this thread alone would not do: any thread of the process may receive a signal.
    before = {
        number: signal.signal(number, lambda received, _: waiting.append(received))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for received in waiting[:1]:
            signal.raise_signal(received)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """A descriptor of the folder itself, never of what a link points to."""
    with _told(path):
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield folder
    finally:
        os.close(folder)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn the system's errors into one that names the folder and says what to do."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"{path}: E182: cannot write results here: {_reason(path, error)}") from error


def _reason(path: Path, error: OSError) -> str:
    """The system's reason, plainer where it is known to puzzle."""
    if error.errno in (errno.ELOOP, errno.ENOTDIR) and path.is_symlink():
        return "it is a symbolic link; name the folder itself"
    if error.errno == errno.ENOENT and not path.absolute().parent.is_dir():
        return f"its parent folder {path.absolute().parent} does not exist"
    if error.errno == errno.ENOTDIR:
        return "it is not a folder"
    return error.strerror or str(error)


def _create(folder: int, name: str) -> int:
    """A new empty file for writing; whatever had its name is gone, and a link is not followed."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
    return os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666, dir_fd=folder)


def _stage(folder: int, name: str, content: Iterable[str] | bytes) -> None:
    """Write one file beside its place, down to the disk."""
    with open(_create(folder, STAGED + name), "wb", buffering=_BUFFER) as file:
        file.writelines((content,) if isinstance(content, bytes) else _encoded(content))
        file.flush()
        os.fsync(file.fileno())


def _encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    return (piece.encode() for piece in pieces)
