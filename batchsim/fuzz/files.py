"""A scenario as files: its own, which comes first, and those that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from batchsim.formats.yaml_writer import write_yaml

Files = Mapping[str, bytes]
"""Contents by name, relative to the scenario's folder; the first is the scenario."""
Place = tuple[str | int, ...]
"""Where something stands in plain data: keys and list positions from the top."""

_FILE_KEYS = ("trace", "file")


def scenario_name(files: Files) -> str:
    """The name of the scenario's own file."""
    return next(iter(files))


def with_scenario(files: Files, scenario: bytes) -> Files:
    """The same files with another scenario."""
    return {**files, scenario_name(files): scenario}


def write_files(folder: Path, files: Files) -> Path:
    """Write all files into a folder; return the scenario's path."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / scenario_name(files)


def written(data: Any) -> bytes:
    """Plain data as a scenario file; a lone surrogate, which no file can hold, makes bytes that are no UTF-8."""
    return write_yaml(data).encode("utf-8", "surrogatepass")


def named_files(data: Any) -> Iterator[str]:
    """The files inside its folder that a scenario's plain data name."""
    for place in places(data):
        value = at(data, place)
        if place and place[-1] in _FILE_KEYS and isinstance(value, str) and _is_inside(value):
            yield value


def places(data: Any, here: Place = ()) -> Iterator[Place]:
    """Every place in plain data, the top first."""
    yield here
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in pairs:
        yield from places(value, (*here, key))


def at(data: Any, place: Place) -> Any:
    """What stands at a place."""
    for part in place:
        data = data[part]
    return data


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts
