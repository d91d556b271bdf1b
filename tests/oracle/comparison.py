"""One scenario through the oracle and through batchsim's public API, event by event and row by row: what differs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from oracle import recorded, telling
from oracle.plain import Scenario
from oracle.reading import read
from oracle.simulator import Simulator
from oracle.telling import Event, Row

Run = tuple[Scenario, int]
"""The oracle's scenario, whose objects say what became of them, and the end of the run."""
NANO_USD_OF_ROUNDING = 5


def oracle_run(data: Row) -> Run:
    """The oracle's run."""
    return Simulator(read(data)).run()


def differences(data: Row, run: Run | None = None) -> list[str]:
    """Each difference as a line, the first in time first; none if they agree to the millisecond and nano-dollar."""
    ours, theirs = run or oracle_run(data), recorded.run(data)
    return [*_in_the_log(telling.events(*ours), recorded.events(theirs)), *_in_the_tables(ours, theirs)]


def _in_the_log(ours: Iterable[Event], theirs: Iterable[Event]) -> list[str]:
    """The events of one instant are a multiset: their order is the documented one, which makes the later ones."""
    mine, others = _by_instant(ours), _by_instant(theirs)
    return [
        line
        for at in sorted(mine.keys() | others.keys())
        for line in (
            *_only("the oracle", at, mine[at] - others[at]),
            *_only("batchsim", at, others[at] - mine[at]),
        )
    ]


def _by_instant(events: Iterable[Event]) -> defaultdict[int, Counter[Any]]:
    found: defaultdict[int, Counter[Any]] = defaultdict(Counter)
    for at, what in events:
        found[at][what] += 1
    return found


def _only(who: str, at: int, events: Counter[Any]) -> list[str]:
    return [
        f"{at / 1000:g} s: only {who} has {whose} {state}" + (f" (attempt {attempt})" if attempt else "")
        for state, whose, attempt in sorted(events.elements())
    ]


def _in_the_tables(run: Run, result: Any) -> list[str]:
    ours, theirs = telling.tables(*run), recorded.tables(result)
    return [
        f"{table} {key}: {difference}"
        for table in ours
        for key in sorted(ours[table].keys() | theirs[table].keys())
        for difference in _between(ours[table].get(key), theirs[table].get(key))
    ]


def _between(oracle: Row | None, batchsim: Row | None) -> list[str]:
    if oracle is None or batchsim is None:
        return [f"only in {'batchsim' if oracle is None else 'the oracle'}: {batchsim or oracle}"]
    differ = [name for name in oracle if not _equal(name, oracle[name], batchsim[name])]
    return [f"{name}: the oracle says {oracle[name]}, batchsim {batchsim[name]}" for name in differ]


def _equal(name: str, oracle: Any, batchsim: Any) -> bool:
    if name == "held":  # a job's part of bills, where the oracle's is an exact fraction: batchsim rounds each piece
        return abs(oracle - batchsim) < NANO_USD_OF_ROUNDING
    return bool(oracle == batchsim)
