"""``notifications.jsonl``: each event that a rule of the scenario matches, one a line, in time order.

The events are those of ``events.jsonl``, in the same shape; of several rules that match one event, the first of the
file comes first. A line has the rule's name, its target, and the event as EventBridge hands it to a target.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from batchsim.formats.event_pattern import matches, value_matches
from batchsim.formats.events_jsonl import STATES, Json, events, line, start_epoch_ms
from batchsim.records.tables import Records
from batchsim.spec import Notification, Scenario


def lines(records: Records, scenario: Scenario, seed: int) -> Iterator[str]:
    """The notifications of a run, each a line of JSON with its line feed."""
    for rule, event in notified(records, scenario, seed):
        yield line({"rule": rule.name, "target": rule.target, "event": event})


def rows(records: Records, scenario: Scenario, seed: int) -> Iterator[tuple[str, str, float, str, str]]:
    """The notifications of a run as (rule, target, seconds since the start, our job id, status)."""
    start_ms = start_epoch_ms(scenario)
    for rule, event in notified(records, scenario, seed):
        detail = event["detail"]
        ours = detail["batchsim"]
        yield rule.name, rule.target, (ours["at"] - start_ms) / 1000, ours["jobId"], detail["status"]


def notified(records: Records, scenario: Scenario, seed: int) -> Iterator[tuple[Notification, Json]]:
    """Each match as rule and event."""
    rules = [rule for rule in scenario.notifications if rule.state == "ENABLED"]
    states = {state for state in STATES if any(_may_match(rule.eventPattern, state) for rule in rules)}
    for event in events(records, scenario, seed, states) if states else ():
        for rule in rules:
            if matches(rule.eventPattern, event):
                yield rule, event


def _may_match(pattern: dict[str, Any], state: str) -> bool:
    """Whether an event of this state could match: it saves making those that cannot."""
    detail = pattern.get("detail")
    status = detail.get("status") if isinstance(detail, dict) else None
    return not isinstance(status, list) or value_matches(status, state)
