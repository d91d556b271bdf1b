"""One scenario through the second oracle and through batchsim's public API, row by row: what differs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from oracle.second import recorded, telling
from oracle.second.objects import Scenario
from oracle.second.reading import read
from oracle.second.simulator import Simulator
from oracle.second.telling import Row

import batchsim
from batchsim.spec import parse

AT_ALL_TIMES = 10**18
Difference = tuple[int, str]
"""When, and what."""


def oracle_run(data: Row) -> Scenario:
    return Simulator(read(data)).run()


def differences(data: Row) -> list[str]:
    """Each difference as a line, the first in time first; none if they agree to the millisecond and nano-dollar."""
    return _told(data, batchsim.run(parse(data)))


def faults(data: Row) -> list[str]:
    """The same, and each invariant that the run breaks."""
    result = batchsim.run(parse(data))
    return [*_told(data, result), *(f"invariant {violation}" for violation in result.check())]


def _told(data: Row, result: batchsim.Result) -> list[str]:
    ours, theirs = telling.tables(oracle_run(data)), recorded.tables(result)
    found = [
        difference
        for table in ours
        for key in ours[table].keys() | theirs[table].keys()
        for difference in _between(f"{table} {key}", ours[table].get(key), theirs[table].get(key))
    ]
    return [line for _, line in sorted(found)]


def _between(where: str, oracle: Row | None, other: Row | None) -> Iterator[Difference]:
    if oracle is None or other is None:
        row = oracle or other or {}
        who = "batchsim" if oracle is None else "the oracle"
        yield _at(min(_instants(row), default=AT_ALL_TIMES), f"{where}: only {who} has {row}")
        return
    for name, value in oracle.items():
        if value != other[name]:
            yield _difference(where, name, value, other[name])


def _difference(where: str, name: str, oracle: Any, other: Any) -> Difference:
    at = min(_instants({name: oracle}) + _instants({name: other}), default=AT_ALL_TIMES)
    return _at(at, f"{where}: {name}: the oracle says {oracle}, batchsim {other}")


def _instants(row: Row) -> list[int]:
    return [value for name, value in row.items() if name.endswith("_at") and value is not None]


def _at(at: int, line: str) -> Difference:
    return at, line if at == AT_ALL_TIMES else f"{at / 1000:g} s: {line}"
