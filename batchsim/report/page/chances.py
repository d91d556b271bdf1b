"""The chance of meeting each threshold, as a section of the pages of experiments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from batchsim.report.chance_words import chance, counted, event
from batchsim.report.page.blocks import Section, Table
from batchsim.report.page.names import short

Row = Mapping[str, Any]
_MOST = 200


def thresholds(page: Mapping[str, Any], whose: str = "", name: Callable[[Row], str] = str) -> list[Section]:
    """A row a threshold, after what ``name`` says whose it is under the head ``whose``; nothing without thresholds."""
    found = page["thresholds"]
    if not found:
        return []
    rows = [
        (*((short(name(row), 80),) if whose else ()), short(event(row)), chance(row), counted(row))
        for row in found[:_MOST]
    ]
    head = (*((whose,) if whose else ()), "chance", "share met", "replications")
    more = f"{len(found) - _MOST} more in thresholds.csv." if len(found) > _MOST else ""
    table = Table(head, rows, words=2 if whose else 1, more=more)
    lead = "The share of the replications that met each threshold, with Wilson's interval of its probability."
    return [Section("thresholds", "Chance of meeting the thresholds", lead, [table])]
