"""Which files may be a trace: regular ones of a bearable size, in the scenario's folder or one that the user allows."""

from __future__ import annotations

import codecs
import errno
import os
import re
import stat
from pathlib import Path

from batchsim.errors import Problem, ScenarioError
from batchsim.spec.source import SourceMap

MAX_BYTES = 2 * 1024**3
"""Larger traces are refused (E164)."""
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"\x1f\x9d": "compress",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"7z\xbc\xaf": "7z",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
_PICKLED = {b"\x80": "pickle", b"\x93NUMPY": "NumPy"}
_OTHERS = {
    b"PAR1": "Parquet",
    b"ARROW1": "Arrow",
    b"\x89HDF": "HDF5",
    b"SQLite format 3": "SQLite",
    b"\xd0\xcf\x11\xe0": "Excel",
    b"%PDF-": "PDF",
}
_KINDS = (
    (_PACKED, "E160", "Nothing is unpacked here: give the table as plain CSV"),
    (_PICKLED, "E168", "Objects are never unpickled: write the table as CSV"),
    (_OTHERS, "E160", "Write it as CSV"),
)
"""First bytes of files that are given for tables, by what is said of them."""
_HEAD = 4096
_OLD_PICKLE = re.compile(
    rb"c[a-z_][a-z0-9_.]*\n[A-Za-z_][A-Za-z0-9_.]*\n(?:\(|p[0-9]+\n|q.)|\([ldt]p[0-9]+\n|[\]}]q\0", re.DOTALL
)
"""Pickles of protocols 0 and 1, which have no mark: an object, or a list or mapping."""


def path_of(named: str, source: SourceMap | None) -> Path:
    """Where the file lies that a scenario names; E165 for one out of its folder and of those that the user allows.

    What follows links counts. A scenario that was not read from a file may name any.
    """
    if "\0" in named:
        raise _refused("E165", "not a path", named)
    if source is not None and named in source.copies:
        return Path(source.copies[named])
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
    """E166 for devices and pipes, which are not even opened; E164 for what is too large; E160, E168 for other formats.

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
        _must_be_text(file.read(_HEAD), str(path))


def _must_be_text(head: bytes, path: str) -> None:
    for known, code, hint in _KINDS:
        for magic, kind in known.items():
            if head.startswith(magic):
                raise _refused(code, f"of the format {kind}, not a table in CSV", path, hint)
    if _OLD_PICKLE.match(head):
        raise _refused("E168", "of the format pickle, not a table in CSV", path, _KINDS[1][2])
    if (at := head.find(0)) >= 0:
        utf16 = head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) or 0 in head[:2]
        hint = "Save it as UTF-8 (it looks like UTF-16)" if utf16 else ""
        raise _refused("E160", f"not UTF-8 text: a NUL at byte {at}", path, hint)


def _refused(code: str, message: str, value: str, hint: str = "") -> ScenarioError:
    return ScenarioError([Problem(code, (), message, value, hint=hint)])
