"""Mutations of the engine that several rows use, or that take more than a line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fidelity_rows import Mutation

from batchsim.engine import vocabulary
from batchsim.engine.attempts import Attempts
from batchsim.engine.entries import EntryCompiler
from batchsim.engine.job_table import JobTable
from batchsim.engine.lifecycle import RETRIABLE
from batchsim.records.vocabulary import Outcome


def around(target: type, name: str, change: Callable[..., Any]) -> Mutation:
    """A method replaced by ``change(method, self, *arguments)``."""
    method = getattr(target, name)
    return lambda patch: patch.setattr(
        target, name, lambda self, *given, **named: change(method, self, *given, **named)
    )


def other_words(code: int) -> Mutation:
    """AWS's text of one status reason replaced, wherever a run records it."""
    texts = tuple("Something else" if at == code else text for at, text in enumerate(vocabulary.STATUS_REASONS))
    return lambda patch: patch.setattr("batchsim.engine.tables.STATUS_REASONS", texts)


def entries(**changed: Callable[[Any], Any]) -> Mutation:
    """Fields of every workload entry, as the engine has it, replaced: ``timeout_ms=lambda given: given // 2``."""

    def compiled(method: Any, self: Any, *given: Any) -> Any:
        entry = method(self, *given)
        for field, change in changed.items():
            setattr(entry, field, change(getattr(entry, field)))
        return entry

    return around(EntryCompiler, "_entry", compiled)


def planned_end(change: Callable[..., Any]) -> Mutation:
    """How every attempt ends replaced by ``change(end, self, entry, job, attempt, running_at_ms)``."""

    def plan(method: Any, self: Any, *given: Any) -> Any:
        return change(method(self, *given), self, *given)

    return around(Attempts, "_plan_end", plan)


def runnable_after(delay_ms: int) -> Mutation:
    """Jobs that are RUNNABLE for the first time say that they were so later."""
    return around(
        JobTable, "set_runnable", lambda method, self, low, high, now: method(self, low, high, now + delay_ms)
    )


def timeouts_from_starting(patch: pytest.MonkeyPatch) -> None:
    """The clock of a timeout starts with STARTING."""

    def limited(method: Any, self: Any, entry: Any, index: int, attempt: int, running_at: int, own: Any) -> Any:
        end = method(self, entry, index, attempt, running_at, own)
        is_timeout = end[2] == Outcome.TIMED_OUT
        return (max(running_at, end[0] - running_at + self.now_ms), *end[1:]) if is_timeout else end

    around(Attempts, "_limited", limited)(patch)


def retried_too(outcome: Outcome, why: str = "failed") -> Mutation:
    """Attempts that ended so are retried as well."""
    return lambda patch: patch.setitem(RETRIABLE, outcome, why)


def never(path: str, answer: Any) -> Mutation:
    """A function has one answer to everything."""
    return lambda patch: patch.setattr(path, lambda *_, **__: answer)


def unchecked(code: str) -> Mutation:
    """Whole numbers outside the limits of this error are taken."""
    from batchsim.spec.base import check_whole

    def check(value: Any, of: str, *limits: Any) -> int:
        return int(value) if of == code else check_whole(value, of, *limits)

    return lambda patch: patch.setattr("batchsim.spec.kinds.check_whole", check)
