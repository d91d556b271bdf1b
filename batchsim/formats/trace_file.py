"""Which files may be a trace: regular ones of a bearable size, in the scenario's folder or one that the user allows."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from batchsim.errors import Problem, ScenarioError
from batchsim.spec.source import SourceMap

MAX_BYTES = 2 * 1024**3
"""Larger traces are refused (E164)."""
_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"PAR1": "Parquet",
    b"\x93NUMPY": "NumPy",
    b"\x80": "pickle",
}
"""First bytes of files that are given for tables; none is unpacked, and no object is ever made from one."""


def path_of(named: str, source: SourceMap | None) -> Path:
    """Where the file lies that a scenario names; E165 for one out of its folder and of those that the user allows.

    What follows links counts. A scenario that was not read from a file may name any.
    """
    if "\0" in named:
        raise _refused("E165", "not a path", named)
    if source is None or not source.file:
        return Path(named)
    folder = Path(source.file).parent
    path = folder / named
    real = Path(os.path.realpath(path))
    if not any(real.is_relative_to(os.path.realpath(each)) for each in (str(folder), *source.folders)):
        hint = "Put it there, or allow its folder with --allow-path DIR"
        raise _refused("E165", "outside the scenario's folder", named, hint)
    return path


def check_file(path: Path) -> None:
    """E166 for devices and pipes, which are not even opened; E164 for what is too large; E160 for other formats.

    Raises ``OSError`` where there is no file.
    """
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode):
        raise _refused("E166", "not a regular file", str(path))
    if status.st_size > MAX_BYTES:
        raise _refused("E164", f"the trace is larger than {MAX_BYTES >> 30} GiB", str(path))
    with path.open("rb") as file:
        head = file.read(8)
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            raise _refused("E160", f"a {kind} file, not a table in CSV", str(path), "Write it as CSV, not compressed")


def _refused(code: str, message: str, value: str, hint: str = "") -> ScenarioError:
    return ScenarioError([Problem(code, (), message, value, hint=hint)])
