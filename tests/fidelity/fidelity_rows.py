"""The table of behaviours: what a row is, mutations that read a key of ``world`` wrongly, and all rows in order.

Rows live in files ``rows_TOPIC.py`` beside this one, each with a list ``ROWS``. ``docs/fidelity.md`` is written from
them, ``test_rows.py`` holds them to the code and to the tests, ``verify.py`` breaks their rules one by one.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import pytest
from ruamel.yaml import YAML

from batchsim.spec import World

FOLDER = Path(__file__).resolve().parent
PROJECT = FOLDER.parent.parent

Status = Literal["exact", "modelled", "parameter", "out of scope"]
STATUSES: tuple[str, ...] = get_args(Status)
Mutation = Callable[[pytest.MonkeyPatch], object]
"""Changes one rule for as long as the patch lives."""

DEFAULT = "default"
"""As a value of a parameter: its default, which need not be repeated in the row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One documented behaviour of AWS Batch, or one that AWS does not publish: where it lives and what holds it."""

    id: str
    """``B7``: a behaviour; ``V3``: a worked example with figures; ``4.6a``: a rule, by topic."""
    rule: str
    """The documented rule, in one sentence of our own."""
    source: str
    """The page that says so, as a reader finds it; "not documented" where AWS does not say."""
    where: str = ""
    """``batchsim/policies/retry.py evaluate_on_exit``; several are separated by semicolons."""
    tests: str | tuple[str, ...] | Mapping[Any, str] = ""
    """``tests/behaviour/test_x.py::test_y``; of a parameter: value, as in a file, to the test of that value."""
    status: Status
    key: str = ""
    """Of a parameter: the key of ``world``, or ``workload.KEY`` for one that a workload entry gives."""
    breaks: Mutation | None = None
    """One change of the rule, under which each test must fail by an assertion.

    A parameter may do without: then each value's test must fail when the key is read as some other listed value.
    """
    note: str = ""
    """What "modelled" leaves out, or why a row is out of scope."""


def always(key: str, value: Any) -> Mutation:
    """Return a mutation that reads ``world.KEY`` as ``value`` (as in a file), whatever a scenario says.

    Engine, catalogue and bills all read the attribute; the scenario as it is written down keeps what was given, so
    that the invariant checker still judges by it.
    """
    fixed = value_of(key, value)
    return lambda patch: patch.setattr(World, key, property(lambda _: fixed), raising=False)


def value_of(key: str, value: Any) -> Any:
    """A value of a key of ``world`` as the engine reads it: ``"5s"`` is 5000, ``"default"`` the default.

    A law may be given as in a file on one line: ``"{lognormal: {median: 30s, sigma: 0.3}}"``.
    """
    if value == DEFAULT and not isinstance(value, bool):
        return getattr(World(), key)
    if isinstance(value, str) and value.startswith(("{", "[")):
        value = YAML(typ="safe").load(value)
    return getattr(World.model_validate({key: value}), key)


# -- all rows


def row_files() -> list[Path]:
    """The files that hold rows, by name."""
    return sorted(FOLDER.glob("rows_*.py"))


@cache
def rows_of(path: Path) -> tuple[Row, ...]:
    """``ROWS`` of one file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return tuple(module.ROWS)


def all_rows() -> list[Row]:
    """The rows of all files: behaviours, worked examples, rules, each by number."""
    return sorted((row for path in row_files() for row in rows_of(path)), key=lambda row: place_of(row.id))


ID = re.compile(r"(?P<kind>[BV]?)(?P<number>\d+)(?:\.(?P<section>\d+))?(?P<letter>[a-z]{0,2})")


def place_of(name: str) -> tuple[int, int, int, int, str]:
    """Where a row stands: behaviours first, then worked examples, then rules; ``4.6aa`` comes after ``4.6z``."""
    found = ID.fullmatch(name)
    if found is None:
        raise ValueError(f"{name!r} is no id of a row: B7, V3, 4.6a")
    letter = found["letter"]
    return ("B", "V", "").index(found["kind"]), int(found["number"]), int(found["section"] or 0), len(letter), letter


# -- what a row names


@dataclass(frozen=True, slots=True)
class Place:
    """A function, a class or a name at the top of a module, that carries a rule."""

    path: str
    name: str


def places(row: Row) -> list[Place]:
    """The parts of ``where``."""
    return [Place(*each.split(maxsplit=1)) for each in filter(None, map(str.strip, row.where.split(";")))]


def named_tests(row: Row) -> list[str]:
    """All tests that a row names, each once."""
    named: Iterable[str] = (row.tests,) if isinstance(row.tests, str) else row.tests
    if isinstance(row.tests, Mapping):
        named = row.tests.values()
    return list(dict.fromkeys(filter(None, named)))


def is_of_world(row: Row) -> bool:
    """Whether a parameter is a key of ``world``, and not of a workload entry."""
    return bool(row.key) and "." not in row.key
