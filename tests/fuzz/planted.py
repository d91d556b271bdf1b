"""Trials of a batchsim with a bug planted in it: what a campaign must find, shrink and repeat."""

from __future__ import annotations

import os
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np

from batchsim.cli.trial import try_out
from batchsim.formats.yaml_scalars import read_plain
from batchsim.fuzz import Asked, Seen

HOG_MIB = 64


def _text(file: Path) -> str:
    return file.read_bytes().decode(errors="replace")


def reader_raises(file: Path, asked: Asked) -> Seen:
    """A reader of scalars that falls over numbers of ten digits and more."""

    def read(text: str) -> object:
        if text.isdigit() and len(text) > 9:
            raise KeyError(text)
        return read_plain(text)

    with patch("batchsim.formats.yaml_reader.read_plain", read):
        return try_out(file, asked)


def attempts_are_not_counted(file: Path, asked: Asked) -> Seen:
    """A retry strategy that never runs out of attempts."""
    with patch("batchsim.engine.lifecycle.Lifecycle._used", lambda *_: 0):
        return try_out(file, asked)


def says_nothing_of_where(file: Path, asked: Asked) -> Seen:
    """Problems that have lost their code."""
    with patch("batchsim.errors.Problem.__str__", lambda problem: f"{problem.place}: {problem.message}"):
        return try_out(file, asked)


def prints_escapes(file: Path, asked: Asked) -> Seen:
    """Messages that pass a file's characters on to the terminal."""
    with patch("batchsim.errors.one_line", lambda text: text):
        return try_out(file, asked)


def tells_the_time(file: Path, asked: Asked) -> Seen:
    """Tables that hang on the clock of the wall."""
    from batchsim.result import Result

    files = Result.files

    def stamped(self: Result, **how: bool) -> dict[str, object]:
        return {**files(self, **how), "made.txt": str(time.perf_counter_ns())}

    with patch("batchsim.result.Result.files", stamped):
        return try_out(file, asked)


def hangs(file: Path, asked: Asked) -> Seen:
    """An endless loop wherever a scenario says ``max_time``."""
    while b"max_time" in file.read_bytes():
        pass
    return try_out(file, asked)


def sleeps(file: Path, asked: Asked) -> Seen:
    """A wait without end, which takes no CPU time."""
    while b"max_time" in file.read_bytes():
        time.sleep(0.1)
    return try_out(file, asked)


def hogs(file: Path, asked: Asked) -> Seen:
    """Memory without end."""
    from batchsim.formats import yaml_reader

    read = yaml_reader.read_yaml

    def hog(text: str, name: str) -> object:
        held = []
        while "max_time" in text:
            held.append(np.zeros(HOG_MIB * 1024**2, dtype=np.uint8))
        return read(text, name)

    with patch("batchsim.formats.yaml_reader.read_yaml", hog):
        return try_out(file, asked)


def exits(file: Path, asked: Asked) -> Seen:
    """A process that is gone, as after a crash of a library."""
    if "max_time" in _text(file):
        os._exit(3)
    return try_out(file, asked)


def crashes(file: Path, asked: Asked) -> Seen:
    """A segmentation fault."""
    if "max_time" in _text(file):
        import ctypes

        ctypes.string_at(0)
    return try_out(file, asked)


def lets_escape(file: Path, asked: Asked) -> Seen:
    """An exception that no command catches."""
    if "max_time" in _text(file):
        raise LookupError("nobody catches it")
    return try_out(file, asked)
