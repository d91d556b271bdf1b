"""What is to be run for a row: each of its tests as it is, and under mutations that it must notice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fidelity_rows import Mutation, Row, always, is_of_world, named_tests, value_of


@dataclass(frozen=True, slots=True)
class Case:
    """One test of one row: it passes as it is, and fails under one mutation at least."""

    row: str
    test: str
    mutations: tuple[tuple[str, Mutation], ...]
    """What is changed, in words, and the change."""


def cases_of(row: Row) -> Iterator[Case]:
    """One case for each test of a row; none for what is out of scope."""
    own = (("its own mutation", row.breaks),) if row.breaks else ()
    if isinstance(row.tests, Mapping):
        for value, test in row.tests.items():
            yield Case(f"{row.id} {value}", test, (*own, *_other_values(row, value)))
    else:
        yield from (Case(row.id, test, own) for test in named_tests(row))


def _other_values(row: Row, value: object) -> Iterator[tuple[str, Mutation]]:
    """The key read as each of the other values that the row lists."""
    assert isinstance(row.tests, Mapping)
    if not is_of_world(row):
        return
    this = value_of(row.key, value)
    for other in row.tests:
        if value_of(row.key, other) != this:
            yield f"world.{row.key} read as {other}", always(row.key, other)
