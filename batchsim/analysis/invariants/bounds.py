"""How bounds and state of an environment, and a queue's priority, changed over a run: the scenario and its actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from batchsim.analysis.invariants.book import Book
from batchsim.analysis.invariants.settings import CannotTellError, Settings, at_ms
from batchsim.analysis.invariants.sweep import value_at
from batchsim.analysis.typed import Int64s


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """A value that holds from each instant to the next; an action's value holds from its own instant."""

    at_ms: Int64s
    values: Int64s

    def at(self, wanted_ms: Int64s) -> Int64s:
        """The value at each wanted instant."""
        return value_at(self.at_ms, self.values, wanted_ms, int(self.values[0]))

    def greatest_at(self, wanted_ms: Int64s) -> Int64s:
        """The greatest value at any time of each wanted instant, whose actions come one after the other."""
        low = np.maximum(np.searchsorted(self.at_ms, wanted_ms, side="left") - 1, 0)
        high = np.searchsorted(self.at_ms, wanted_ms, side="right")
        return np.array([self.values[a:b].max() for a, b in zip(low, high, strict=True)], np.int64)


def vcpu_bound(book: Book, environment: str, field: str) -> Steps:
    """``minvCpus`` or ``maxvCpus`` of an environment over time."""
    start = int(book.settings.resources(environment).get(field) or 0)
    return _steps(book, environment, field, start, int)


_SECTIONS = ("computeEnvironments", "jobQueues", "consumableResources", "schedulingPolicies")


def enabled(book: Book, environment: str) -> Steps:
    """1 while an environment is ENABLED, else 0."""
    given = book.settings.environments.get(environment, {})
    return _steps(book, environment, "state", _is_enabled(given.get("state", "ENABLED")), _is_enabled)


def valid(book: Book, environment: str) -> Steps:
    """1 while an environment's status is not INVALID, else 0."""
    start = _is_valid(book.settings.environments.get(environment, {}).get("status"))
    return _steps(book, environment, "status", start, _is_valid)


def priority(book: Book, queue: str) -> Steps:
    """A queue's priority over time."""
    start = int(book.settings.queues.get(queue, {}).get("priority", 0))
    return _changing(start, changes_of(book.settings, queue, "priority", "jobQueues"), int)


def total_of(book: Book, resource: str) -> Steps:
    """A consumable resource's total over time."""
    total = int(book.settings.consumables[resource].get("totalQuantity") or 0)
    steps = [(0, total)]
    for action in sorted(book.settings.actions, key=at_ms):
        if "set" in action and _addresses(str(action["set"]), resource, "totalQuantity", "consumableResources"):
            total = int(action["to"]) if "to" in action else max(0, total + int(action["by"]))
            steps.append((at_ms(action), total))
    at, totals = (np.array(column, np.int64) for column in zip(*steps, strict=True))
    return Steps(at, totals)


def _is_enabled(state: Any) -> int:
    return int(state != "DISABLED")


def _is_valid(status: Any) -> int:
    return int(status != "INVALID")


def _steps(book: Book, environment: str, field: str, start: int, read: Callable[[Any], int]) -> Steps:
    _explain_updates(book, environment)
    return _changing(start, changes_of(book.settings, environment, field), read)


def _changing(start: int, changes: list[tuple[int, Any]], read: Callable[[Any], int]) -> Steps:
    """A value from the start on, and what it is changed to."""
    ordered = sorted(changes, key=lambda change: change[0])
    at = np.array([0, *(at for at, _ in ordered)], np.int64)
    return Steps(at, np.array([start, *(read(value) for _, value in ordered)], np.int64))


def changes_of(
    settings: Settings, name: str, field: str | None, section: str = "computeEnvironments"
) -> list[tuple[int, Any]]:
    """(instant, new value) of the file's actions on one field of an environment (or another section), or any."""
    return [
        (at_ms(action), action.get("to"))
        for action in settings.actions
        if "set" in action and _addresses(str(action["set"]), name, field, section)
    ]


def _addresses(path: str, name: str, field: str | None, section: str) -> bool:
    """Whether a path means this; a queue may have the name of an environment, and then the path says which it is."""
    *parents, last = path.split(".")
    is_other = len(parents) > 1 and parents[0] in _SECTIONS and parents[0] != section
    return name in parents and field in (None, last) and not is_other


def _explain_updates(book: Book, environment: str) -> None:
    """Raise where the run records an update that the file does not hold: someone drove the simulation."""
    updates = book.scaling.among("action", "update") & book.scaling.among("environment", environment)
    known = {at for at, _ in changes_of(book.settings, environment, None)}
    if any(at not in known for at in book.scaling.ms("at_s")[updates].tolist()):
        raise CannotTellError(f"{environment} was updated by a call, which the result folder does not hold")
