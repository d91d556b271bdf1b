"""The result folder: all files or none, nobody else's file touched, no link followed."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import pytest

from batchsim.errors import OutputError
from batchsim.formats import result_folder
from batchsim.formats.result_folder import reserved, write


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_folder_gets_its_files(tmp_path: Path) -> None:
    write(tmp_path / "out", {"jobs.csv": ["a,b\n", "1,2\n"], "summary.json": ["{}\n"]})
    assert (tmp_path / "out" / "jobs.csv").read_text() == "a,b\n1,2\n"
    assert names(tmp_path / "out") == ["jobs.csv", "summary.json"]


def test_a_folder_in_use_is_refused_without_force(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(OutputError, match=r"not empty \(it has mine.txt\)"):
        write(tmp_path, {"summary.json": ["{}"]})
    assert names(tmp_path) == ["mine.txt"]


def test_force_replaces_our_files_and_leaves_all_others(tmp_path: Path) -> None:
    for name in ("mine.txt", "events.jsonl", "summary.json"):
        (tmp_path / name).write_text("old")
    write(tmp_path, {"summary.json": ["new"]}, force=True)
    assert names(tmp_path) == ["mine.txt", "summary.json"]
    assert [(tmp_path / name).read_text() for name in names(tmp_path)] == ["old", "new"]


def test_a_missing_parent_is_told_before_anything_is_computed(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"parent folder .*no does not exist"), reserved(tmp_path / "no" / "out"):
        pytest.fail("computed all the same")


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(OutputError, match="not a folder"), reserved(tmp_path / "out", force=True):
        pytest.fail("computed all the same")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(result_folder, "_create", refuse)
    with pytest.raises(OutputError, match="Permission denied"), reserved(tmp_path):
        pytest.fail("computed all the same")


def test_a_folder_made_for_results_that_never_came_goes_again(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), reserved(tmp_path / "out"):
        raise RuntimeError
    assert names(tmp_path) == []


def test_a_linked_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real")
    with pytest.raises(OutputError, match="symbolic link"):
        write(tmp_path / "out", {"summary.json": ["{}"]}, force=True)
    assert names(tmp_path / "real") == []


def test_a_link_under_a_files_name_is_replaced_not_followed(tmp_path: Path) -> None:
    victim, out = tmp_path / "victim", tmp_path / "out"
    victim.write_text("precious")
    out.mkdir()
    (out / "summary.json").symlink_to(victim)
    write(out, {"summary.json": ["{}"]}, force=True)
    assert victim.read_text() == "precious"
    assert (out / "summary.json").read_text() == "{}"
    assert not (out / "summary.json").is_symlink()


def test_a_full_disk_leaves_the_earlier_results(tmp_path: Path) -> None:
    def no_space() -> Iterator[str]:
        yield "half"
        raise OSError(errno.ENOSPC, "No space left on device")

    write(tmp_path, {"summary.json": ["old"], "jobs.csv": ["old"]})
    with pytest.raises(OutputError, match="No space left"):
        write(tmp_path, {"summary.json": ["new"], "jobs.csv": no_space()}, force=True)
    assert [(tmp_path / name).read_text() for name in names(tmp_path)] == ["old", "old"]


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_any_failing_call_is_told_and_nothing_staged_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OutputError, match="Input/output error"):
        write(tmp_path / "out", {"summary.json": ["{}"]})
    monkeypatch.undo()
    assert names(tmp_path) == []


def test_what_a_killed_run_staged_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".batchsim-staged-summary.json").write_text("torn")
    write(tmp_path, {"summary.json": ["{}"]})
    assert names(tmp_path) == ["summary.json"]


def test_only_names_of_our_own_are_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not files of a result folder"):
        write(tmp_path, {"../evil": ["x"]})


class Signalled(BaseException):
    """What a signal raises."""


def signalled(line: int, path: Path) -> bool:
    """Write results, with SIGTERM at the so-manieth line of the code for folders; whether there are so many."""

    def traced(_frame: FrameType, event: str, _: object) -> Any:
        nonlocal line
        line -= event == "line" and line > 0
        if event == "line" and not line:
            line = -1
            signal.raise_signal(signal.SIGTERM)
        return traced

    def found(frame: FrameType, *_: object) -> Any:
        return traced if "/formats/folder_" in (name := frame.f_code.co_filename) or "/result_folder" in name else None

    before = sys.gettrace()  # a measurement of coverage goes on afterwards
    sys.settrace(found)
    try:
        with reserved(path):
            write(path, {"jobs.csv": ["a"], "summary.json": ["{}"]})
    except Signalled:
        return True
    finally:
        sys.settrace(before)
    return line < 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_wherever_a_signal_comes_there_are_whole_results_or_nothing(
    tmp_path: Path, cases: Callable[[int], None]
) -> None:
    def terminated(*_: object) -> NoReturn:
        raise Signalled

    before = signal.getsignal(signal.SIGINT), signal.signal(signal.SIGTERM, terminated)
    try:
        for line in count(1):
            path = tmp_path / str(line)
            was_signalled = signalled(line, path)
            assert not path.exists() or names(path) == ["jobs.csv", "summary.json"], line
            if not was_signalled:
                break
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])
    assert line > 100
    cases(line)
