"""One process at a time writes into a result folder: a lock file that says who, and that ends with its holder."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from batchsim.errors import OutputError

_MOST_TOLD = 200


@contextmanager
def locked(path: Path, folder: int, name: str) -> Iterator[None]:
    """Keep other processes from writing into the folder (a descriptor of it) for the length of the block: E191.

    The system's lock on the file ends with its process, so that a file which a killed run left behind holds nobody up.
    The same process may lock again within the block. ``path`` is for messages.
    """
    file = _locked_file(path, folder, name)
    try:
        told = f"process {os.getpid()} on {socket.gethostname()}".encode()
        os.ftruncate(file, 0)
        os.pwrite(file, told, 0)
        yield
    finally:
        with suppress(OSError):
            os.unlink(name, dir_fd=folder)
        os.close(file)


def _locked_file(path: Path, folder: int, name: str) -> int:
    """A descriptor of the lock file, locked, and still the one in the folder."""
    while True:
        file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644, dir_fd=folder)
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_in_place(file, folder, name):
                return file
        except (BlockingIOError, PermissionError):  # POSIX allows either
            holder = os.pread(file, _MOST_TOLD, 0).decode(errors="replace") or "a process"
            os.close(file)
            raise OutputError(
                f"{path}: E191: another batchsim is writing here at this moment ({holder}); choose another"
            ) from None
        except BaseException:
            os.close(file)
            raise
        os.close(file)  # its holder removed it between our opening and our locking it


def _is_in_place(file: int, folder: int, name: str) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file), os.stat(name, dir_fd=folder, follow_symlinks=False))
    return False
