"""What the runs of a study are made from: the scenario, and the files that it names, or that vary."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from batchsim.errors import ScenarioError
from batchsim.formats.trace_file import path_of
from batchsim.spec import Scenario, scenario_hash, to_data

_CHUNK = 1 << 20


def inputs_hash(scenario: Scenario, asked: Any = None) -> str:
    """SHA-256, in hex: the scenario's own hash where it names no files, else of that and of their bytes.

    ``asked`` is plain data in which further files may be named: what varies.
    """
    own = scenario_hash(scenario)
    files = sorted(set(input_files(scenario, asked).values()))
    if not files:
        return own
    digest = sha256(own.encode())
    for path in files:
        with path.open("rb") as file:
            while piece := file.read(_CHUNK):
                digest.update(piece)
        digest.update(b"\0")
    return digest.hexdigest()


def input_files(scenario: Scenario, asked: Any = None) -> dict[str, Path]:
    """Each file that the scenario or ``asked`` names, by the name that it has there."""
    found = {text: _file(text, scenario) for text in _texts((to_data(scenario), asked))}
    return {text: path for text, path in found.items() if path is not None}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _file(text: str, scenario: Scenario) -> Path | None:
    """The file of this name in the scenario's folder, if there is one that a scenario may read."""
    if not text or len(text) > 1_000 or "\0" in text:
        return None
    folder = Path(scenario.source.file).parent if scenario.source.file else Path()
    with suppress(ScenarioError, OSError):
        if not (folder / text).is_file():  # most are not, and links are followed slowly
            return None
        path = path_of(text, scenario.source)
        return path if path.is_file() else None
    return None
