"""The scenarios that mutants are made of: read, and made small, so that thousands of mutants of them can run.

What is made small stands in the text as numbers of its own: sizes of arrays, counts and partitions (twelve at most,
fewer if that makes more than two hundred jobs), how long jobs arrive (five times as many, three days of cron), rows of
traces (forty, spread over the file). The rest of the file stays as its author wrote it, comments included.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from batchsim import units
from batchsim.errors import ScenarioError
from batchsim.formats import scenario_yaml
from batchsim.formats.yaml_reader import Document, read_yaml
from batchsim.fuzz.files import Files, Place, at, named_files, places, scenario_name, write_files
from batchsim.fuzz.plans import Targets, targets_of
from batchsim.simulation import Simulation
from batchsim.spec import Scenario

MOST_ALIKE = (12, 4, 2)
"""Children of an array, calls of an entry, partitions of a data set: the first of these that makes few jobs."""
MOST_JOBS = 200
MOST_ARRIVALS = 5
"""Times as many."""
MOST_ROWS = 40
MOST_CRON = "3d"
_COUNTED = ("size", "count", "partitions")
_WHOLE = re.compile(rb"[0-9]+\b")
_LENGTH = re.compile(rb"[0-9.]+[a-z]+\b")


@dataclass(frozen=True)
class Base:
    """A scenario that mutants are made of."""

    path: str
    """Where it was read, as a command line names it."""
    files: Files

    @cached_property
    def text(self) -> bytes:
        """The scenario's own file."""
        return self.files[scenario_name(self.files)]

    @cached_property
    def data(self) -> dict[str, Any]:
        """Its plain data, not to be changed."""
        return dict(_document(self.text).data)

    @cached_property
    def scenario(self) -> Scenario:
        """It, parsed."""
        return scenario_yaml.loads(self.text.decode(), self.path)

    @cached_property
    def targets(self) -> Targets:
        """What faults can strike in it."""
        return targets_of(self.scenario)


def base_of(path: Path, *, whole: bool = False) -> Base:
    """The scenario in a file and what it names, made small unless ``whole``.

    Raises :class:`ScenarioError` for a scenario that is not valid: nobody could tell what broke its mutants.
    """
    scenario_yaml.load(path)
    text = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    extra = {name: (path.parent / name) for name in named_files(_document(text).data)}
    files = {path.name: text, **{name: file.read_bytes() for name, file in extra.items() if file.is_file()}}
    given = Base(str(path), files)
    if whole:
        return given
    fewer = {name: content if name == path.name else _fewer(content) for name, content in files.items()}
    sizes = (Base(str(path), {**fewer, path.name: _smaller(text, most)}) for most in MOST_ALIKE)
    return next(filter(_is_small, sizes), given)


def _document(text: bytes) -> Document:
    return read_yaml(text.decode(), "scenario")


def _is_small(base: Base) -> bool:
    """Whether it is valid still, and makes few jobs: those are counted, and refused, before a run."""
    try:
        settings = base.scenario.simulation.model_copy(update={"max_jobs": MOST_JOBS})
        with TemporaryDirectory() as folder:
            scenario = scenario_yaml.load(write_files(Path(folder), base.files))
            Simulation(scenario.model_copy(update={"simulation": settings}))
    except ScenarioError:
        return False
    return True


def _smaller(text: bytes, most: int) -> bytes:
    """The text with the numbers that make many jobs cut down where they stand."""
    document = _document(text)
    lines = text.splitlines(keepends=True)
    for place, now in reversed(list(_edits(document.data, most))):
        line, column = document.source.values.get(place, (0, 0))  # what an alias repeats has no place of its own
        row = lines[line - 1]
        start = len(row.decode()[: column - 1].encode())
        pattern = _WHOLE if now.isdigit() else _LENGTH
        if line and (found := pattern.match(row, start)):
            lines[line - 1] = row[:start] + now + row[found.end() :]
    return b"".join(lines)


def _edits(data: Any, most: int) -> Iterator[tuple[Place, bytes]]:
    """Places of values, in the order of the file, with what is to stand there."""
    for place in places(data):
        value, key = at(data, place), place[-1] if place else ""
        if key in _COUNTED and type(value) is int and value > most:
            yield place, str(most).encode()
        if key == "for" and isinstance(value, str) and "at" in place:
            for_ms = units.parse_duration_ms(value)
            if (most_ms := _longest_ms(at(data, place[:-1]), MOST_ARRIVALS * most)) < for_ms:
                yield place, units.format_duration(most_ms).encode()


def _longest_ms(arrivals: dict[str, Any], most: int) -> int:
    """How long arrivals may go on until there are enough of them."""
    rate = arrivals.get("poisson") or arrivals.get("rate")
    if isinstance(rate, str):
        return max(1_000, round(most / units.parse_rate_per_s(rate)) * 1_000)
    return units.parse_duration_ms(MOST_CRON)


def _fewer(table: bytes) -> bytes:
    """A table with its header and at most so many rows."""
    header, *rows = table.splitlines(keepends=True) or [b""]
    step = -(-len(rows) // MOST_ROWS) or 1
    return b"".join([header, *rows[::step]])
