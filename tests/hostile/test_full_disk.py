"""A disk that fails at any call of a write: the user is told, the earlier results stay whole, a rerun replaces them."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest
from effort import effort
from hostile.surroundings import code_of, contents, desk_of, shell

from batchsim.errors import OutputError
from batchsim.formats import folder_commit, folder_lock, result_folder

OLD = {"summary.json": ["old"], "jobs.csv": ["a\n", "b\n"], "costs.csv": ["1\n"]}
NEW = {"summary.json": ["new"], "jobs.csv": ["c\n"], "events.jsonl": ["{}\n", "{}\n"], "attempts.csv": ["x\n"] * 5}
CALLS = ("open", "ftruncate", "pwrite", "fsync", "rename", "mkdir", "listdir", "unlink", "stat")


class Disk:
    """The system's calls, of which the ``last``-th fails, and each after it if the disk stays full."""

    def __init__(self, last: int, *, stays_full: bool, code: int = errno.ENOSPC) -> None:
        self.left, self.stays_full, self.code, self.failed = last, stays_full, code, False

    def strike(self) -> None:
        """Count a call; fail if it is its turn."""
        self.left -= 1
        if self.left == 0 or (self.left < 0 and self.stays_full):
            self.failed = True
            raise OSError(self.code, os.strerror(self.code))

    def guarded(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def fails(*arguments: Any, **named: Any) -> Any:
            self.strike()
            return call(*arguments, **named)

        return fails


@contextmanager
def failing(disk: Disk) -> Iterator[None]:
    """For modules of the result folder alone, every call that a disk can refuse."""
    with pytest.MonkeyPatch.context() as patch:
        system = type("System", (), {"__getattr__": lambda _, name: getattr(os, name)})()
        for name in CALLS:
            vars(system)[name] = disk.guarded(getattr(os, name))
        for module in (result_folder, folder_commit, folder_lock):
            patch.setattr(module, "os", system)
        patch.setattr(result_folder, "open", lambda *how, **more: Handle(os.fdopen(*how, **more), disk), raising=False)
        yield


class Handle:
    """A file whose writes fail with the disk."""

    def __init__(self, file: Any, disk: Disk) -> None:
        self.file, self.disk = file, disk

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def writelines(self, pieces: Any) -> None:
        for piece in pieces:
            self.disk.strike()
            self.file.write(piece)

    def flush(self) -> None:
        self.disk.strike()
        self.file.flush()


def texts(files: dict[str, list[str]]) -> dict[str, bytes]:
    return {name: "".join(pieces).encode() for name, pieces in files.items()}


def strike_everywhere(folder: Path, make: Callable[[], None], before: dict[str, bytes], **kind: Any) -> int:
    """Fail at call 1, 2, ... until a write goes through; the number of failures."""
    for at in range(1, 400):
        make()
        disk = Disk(at, **kind)
        with failing(disk):
            told = refusal(folder)
        if not disk.failed:
            assert (told, contents(folder)) == ("", texts(NEW))
            return at - 1
        assert told == "" or told.startswith(f"{folder}: E182: cannot write results here: ")
        if folder.exists():
            must_be_whole(folder, before)
            result_folder.write(folder, NEW, force=True)
            assert contents(folder) == texts(NEW)
    raise AssertionError("no write ever goes through")


def refusal(folder: Path) -> str:
    """What a write of the new files is told; nothing if it went through."""
    try:
        result_folder.write(folder, NEW, force=True)
    except OutputError as error:
        return str(error)
    return ""


def aside_last(folder: Path) -> dict[str, bytes]:
    return dict(sorted(contents(folder).items(), key=lambda pair: pair[0].startswith(".batchsim-staged-old-")))


def must_be_whole(folder: Path, before: dict[str, bytes]) -> None:
    """The old files or the new ones; staged ones only where even removing them failed."""
    found = {name: content for name, content in contents(folder).items() if not name.startswith(".batchsim-staged-")}
    if "summary.json" in found or not before:
        assert found in (before, texts(NEW), {})
    else:  # the disk failed even where the old files should come back: they are still there
        kept = {name.removeprefix(".batchsim-staged-old-"): held for name, held in aside_last(folder).items()}
        assert before.items() <= kept.items()


CODES = effort(fast=(errno.ENOSPC,), verify=(errno.ENOSPC, errno.EIO), long=(errno.ENOSPC, errno.EDQUOT, errno.EROFS))


@pytest.mark.parametrize("code", CODES)
def test_a_disk_that_fails_once_leaves_the_earlier_results(
    tmp_path: Path, code: int, cases: Callable[[int], None]
) -> None:
    folder = tmp_path / "out"

    def make() -> None:
        result_folder.write(folder, OLD, force=True)

    number = strike_everywhere(folder, make, texts(OLD), stays_full=False, code=code)
    assert number > 40
    cases(number)


def test_a_disk_that_stays_full_loses_nothing(tmp_path: Path, cases: Callable[[int], None]) -> None:
    folder = tmp_path / "out"

    def make() -> None:
        result_folder.write(folder, OLD, force=True)

    number = strike_everywhere(folder, make, texts(OLD), stays_full=True)
    assert number > 10
    cases(number)


def test_a_new_folder_has_all_files_or_none(tmp_path: Path, cases: Callable[[int], None]) -> None:
    folder = tmp_path / "out"

    def make() -> None:
        for path in folder.iterdir() if folder.exists() else ():
            path.unlink()
        if folder.exists():
            folder.rmdir()

    number = strike_everywhere(folder, make, {}, stays_full=False)
    assert number > 10
    cases(number)


@contextmanager
def small_disk(place: Path, kib: int) -> Iterator[Path]:
    """A file system of so many KiB."""
    place.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", str(place).encode(), b"tmpfs", 0, f"size={kib}k".encode()):
        pytest.skip(f"nothing can be mounted here: {os.strerror(ctypes.get_errno())}")
    try:
        yield place
    finally:
        libc.umount2(str(place).encode(), 2)


@pytest.mark.skipif(sys.platform != "linux", reason="mounts as Linux does")
def test_a_real_small_disk_keeps_the_earlier_results(tmp_path: Path) -> None:
    desk = desk_of(tmp_path)
    sizes = effort(fast=(40,), verify=(16, 24, 32, 40, 48, 64, 96), long=tuple(range(8, 160, 4)))
    for kib in sizes:
        with small_disk(tmp_path / f"disk{kib}", kib) as disk:
            result_folder.write(disk / "out", OLD)
            done = shell(desk, f"batchsim run s.yaml --force --events --out {disk / 'out'}")
            if code_of(done) == 4:
                assert done.stderr == f"{disk / 'out'}: E182: cannot write results here: No space left on device\n"
                assert contents(disk / "out") == texts(OLD)
            else:
                assert (done.returncode, kib > 40) == (0, True)
