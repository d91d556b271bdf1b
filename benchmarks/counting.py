"""What a run costs, counted exactly: the same on every machine and at every load, where seconds are not.

*Events* are entries of the agenda: those on SimPy's heap, and the ends of attempts. *Look-ups* ask the fleet for room.
*Queue operations* put jobs in line, look at its head, and take jobs out. *Lines* are the lines of ``batchsim/engine``
and ``batchsim/policies`` that ran, each pass of a loop anew: whoever walks over jobs, instances, shares or lanes at an
event shows there, whatever the function is called. Nothing of it is in the engine: it is wrapped, and traced, from
outside.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import batchsim
from batchsim.engine.fleet import Fleet
from batchsim.engine.job_queue import JobQueue
from batchsim.engine.kernel import Kernel
from batchsim.records.tables import Records
from batchsim.simulation import Simulation
from batchsim.spec import Scenario

ROOT = Path(batchsim.__file__).parent
TRACED = tuple(str(ROOT / part) for part in ("engine", "policies"))
QUEUE_OPERATIONS = ("push", "push_front", "head", "take", "cancel", "heads", "serve", "placed", "join")


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one run."""

    jobs: int
    instances: int
    events: int
    lookups: int
    queue_operations: int
    lines: Counter[str] = field(default_factory=Counter)
    """By function, as ``fleet.py find``; empty where they were not traced."""

    def a_job(self) -> dict[str, float]:
        """Each count by job."""
        found = {"events": self.events, "look-ups": self.lookups, "queue operations": self.queue_operations}
        found |= {"lines": self.lines.total()} if self.lines else {}
        return {name: count / self.jobs for name, count in found.items()}


def between(few: Counts, many: Counts) -> dict[str, float]:
    """What each job adds, from one run to a larger one: what a run pays once is not in it."""
    jobs = many.jobs - few.jobs
    below, above = few.a_job(), many.a_job()
    return {what: (above[what] * many.jobs - below[what] * few.jobs) / jobs for what in above}


def counted(given: Scenario, *, lines: bool = False) -> Counts:
    """Run a scenario and count; with ``lines`` ten times as slowly."""
    lookups, queued = Counter[str](), Counter[str]()
    with (
        _wrapped([Fleet], ("find", "best_first"), lookups),
        _wrapped([Fleet], ("best",), lookups, outside="find"),
        _wrapped(_with_children(JobQueue), QUEUE_OPERATIONS, queued),
    ):
        simulation = Simulation(given)
        if lines:
            with traced() as ran:
                records = simulation.finish().records
        else:
            ran, records = Counter(), simulation.finish().records
    events = _events(simulation._engine.kernel, records)  # noqa: SLF001 (what it counts is not for users)
    jobs, instances = len(records.jobs.state), len(records.instances.type)
    return Counts(jobs, instances, events, lookups.total(), queued.total(), ran)


def _events(kernel: Kernel, records: Records) -> int:
    """SimPy's serial numbers each entry of its heap; ends of attempts may stand beside it."""
    beside = len(records.attempts.job) if hasattr(kernel, "ends") else 0
    return next(kernel._eid) + beside  # noqa: SLF001


def _with_children(kind: type) -> list[type]:
    found = [kind]
    for child in kind.__subclasses__():
        found += _with_children(child)
    return found


@contextmanager
def _wrapped(kinds: list[type], names: tuple[str, ...], calls: Counter[str], outside: str = "") -> Iterator[None]:
    """Count the calls of methods; one that calls its parent's counts once more, for it is once more work.

    ``outside``: calls from within this function are a part of what it does, and not counted.
    """
    own = [(kind, name, vars(kind)[name]) for kind in kinds for name in names if name in vars(kind)]
    assert own, f"none of {names} is in {kinds}"  # noqa: S101 (a count of nothing must not pass)
    for kind, name, method in own:
        setattr(kind, name, _counting(method, f"{kind.__name__}.{name}", calls, outside))
    try:
        yield
    finally:
        for kind, name, method in own:
            setattr(kind, name, method)


def _counting(method: Callable[..., Any], name: str, calls: Counter[str], outside: str) -> Callable[..., Any]:
    @wraps(method)
    def counting(*arguments: Any, **named: Any) -> Any:
        calls[name] += not outside or sys._getframe(1).f_code.co_name != outside  # noqa: SLF001
        return method(*arguments, **named)

    return counting


@contextmanager
def traced() -> Iterator[Counter[str]]:
    """Count the lines that run in the engine and the policies, by function."""
    by_code: dict[CodeType, int] = {}
    before, found = sys.gettrace(), Counter[str]()

    def enter(frame: FrameType, event: str, argument: object) -> Any:  # noqa: ARG001 (as Python calls it)
        code = frame.f_code
        if not code.co_filename.startswith(TRACED):
            return None
        by_code.setdefault(code, 0)

        def line(_: FrameType, event: str, __: object) -> Any:
            if event == "line":
                by_code[code] += 1
            return line

        return line

    sys.settrace(enter)
    try:
        yield found
    finally:
        sys.settrace(before)
        for code, lines in by_code.items():
            found[f"{Path(code.co_filename).name} {code.co_qualname.replace('.<locals>', '')}"] += lines
