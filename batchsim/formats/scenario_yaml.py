"""Scenario files, YAML or JSON: read with every problem at its line, written so that they read back equal."""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from batchsim.errors import Problem, ScenarioError
from batchsim.formats.yaml_scalars import read_plain
from batchsim.formats.yaml_writer import write_yaml
from batchsim.spec import Scenario, SourceMap, parse, to_data

MAX_BYTES = 64 * 1024 * 1024
"""Larger scenario files are refused unless the caller raises the limit."""

_UTF8_BOM = codecs.BOM_UTF8
_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
    (b"\x1f\x8b", "a gzip file"),
    (b"PK\x03\x04", "a zip file"),
    (b"\x80", "a pickle, which is never read"),
)
"""First bytes of what is no UTF-8."""


def load(
    path: str | os.PathLike[str], max_bytes: int = MAX_BYTES, *, allow_paths: Sequence[str | os.PathLike[str]] = ()
) -> Scenario:
    """The scenario in a file, which may name files of its own folder and of the folders ``allow_paths``.

    Raises :class:`ScenarioError`: E100 when the file cannot be read, else every problem in it.
    """
    return loads(read_text(path, max_bytes), os.fspath(path), allow_paths=allow_paths)


def read_text(path: str | os.PathLike[str], max_bytes: int = MAX_BYTES) -> str:
    """The text of a regular file in UTF-8. Raises :class:`ScenarioError` (E100, E103, E110, E166)."""
    return _decode(_read(Path(path), max_bytes), os.fspath(path))


def loads(text: str, name: str = "scenario.yaml", *, allow_paths: Sequence[str | os.PathLike[str]] = ()) -> Scenario:
    """The scenario in a text; ``name`` stands for the file. Raises :class:`ScenarioError`."""
    from batchsim.formats.yaml_reader import read_yaml

    document = read_yaml(text.removeprefix("\ufeff"), name)
    if document.data is None:
        hint = "batchsim init writes a commented one to start from"
        raise _error(name, "E101", "empty scenario", hint=hint, place=(1, 1))
    if not isinstance(document.data, dict):
        raise _error(name, "E104", "a scenario is a mapping, as in name: my-scenario", place=document.source.at(()))
    source = replace(document.source, folders=tuple(os.fspath(each) for each in allow_paths))
    return _parse(document.data, source, document.problems)


def dump(scenario: Scenario) -> str:
    """The resolved scenario as YAML: ``loads(dump(s)) == s``, and equal scenarios give equal bytes."""
    return write_yaml(to_data(scenario))


def parse_value(text: str) -> Any:
    """A value as it stands after ``--set KEY=``: YAML, so ``512`` is a number and ``{uniform: {...}}`` a mapping."""
    from batchsim.formats.yaml_reader import read_yaml

    if text[:1] not in "[{\"'":
        return read_plain(text)
    document = read_yaml(text, "--set")
    if document.problems:
        raise ScenarioError(document.problems)
    return document.data


def _parse(data: dict[str, Any], source: SourceMap, problems: list[Problem]) -> Scenario:
    """Parse, and report what the reader noted together with what the models find."""
    try:
        scenario = parse(data, source)
    except ScenarioError as error:
        raise ScenarioError([*problems, *error.found]) from None
    if problems:
        raise ScenarioError(problems)
    return scenario


def _read(path: Path, max_bytes: int) -> bytes:
    """The bytes of a regular file; a device or a pipe is not even opened (E166)."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            raise _error(str(path), "E166", "not a regular file")
        if status.st_size > max_bytes:
            allowed = f"at most {max_bytes} bytes"
            raise _error(str(path), "E110", "scenario too large", value=f"{status.st_size} bytes", allowed=allowed)
        with path.open("rb") as file:
            raw = file.read(max_bytes + 1)  # of /proc, and while it grows, a file has more than its size says
    except OSError as error:
        raise _error(str(path), "E100", f"cannot be read: {error.strerror}") from None
    if len(raw) > max_bytes:
        raise _error(str(path), "E110", "scenario too large", allowed=f"at most {max_bytes} bytes")
    return raw


def _decode(raw: bytes, name: str) -> str:
    """UTF-8, with or without its mark; everything else is E103 with the offset of the first wrong byte."""
    try:
        text = raw.removeprefix(_UTF8_BOM).decode()
    except UnicodeDecodeError as error:
        raise _not_text(name, raw, f"not UTF-8 at byte {error.start}", error.start) from None
    if "\0" in text:
        raise _not_text(name, raw, f"NUL byte at byte {raw.index(0)}", raw.index(0))
    return text


def _not_text(name: str, raw: bytes, message: str, at: int) -> ScenarioError:
    """E103 at a byte, with the encoding that the first bytes look like."""
    looks = next((told for first, told in _ENCODINGS if raw.startswith(first)), "")
    hint = "Save it as UTF-8 text" + (f" (it looks like {looks})" if looks else "")
    before = raw[:at]
    place = (before.count(b"\n") + 1, at - before.rfind(b"\n"))
    return _error(name, "E103", message, hint=hint, place=place)


def _error(
    name: str,
    code: str,
    message: str,
    *,
    value: str = "",
    allowed: str = "",
    hint: str = "",
    place: tuple[int, int] = (0, 0),
) -> ScenarioError:
    return ScenarioError([Problem(code, (), message, value, allowed, hint, name, *place)])
