"""How bugs are planted: changes of tables, of the summary, and of what the scenario says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

Tables = dict[str, Any]
Change = Callable[[Tables], None]


@dataclass(frozen=True)
class Mutant:
    """One planted bug, and the invariant that must catch it."""

    caught_by: str
    bug: str
    change: Change

    def __str__(self) -> str:
        return f"{self.caught_by} {self.bug}"


def put(table: str, column: str, value: Any, **where: Any) -> Change:
    """Set a column of the rows in which the given columns have the given values."""

    def change(tables: Tables) -> None:
        frame = tables[table]
        chosen = pd.Series(data=True, index=frame.index)
        for name, wanted in where.items():
            chosen &= frame[name] == wanted
        assert chosen.any(), (table, where)
        if frame[column].dtype.kind in "ib" and isinstance(value, float):
            frame[column] = frame[column].astype("float64")
        frame.loc[chosen, column] = value

    return change


def add(table: str, column: str, amount: float, **where: Any) -> Change:
    """Add to a column of the rows in which the given columns have the given values."""

    def change(tables: Tables) -> None:
        frame = tables[table]
        chosen = pd.Series(data=True, index=frame.index)
        for name, wanted in where.items():
            chosen &= frame[name] == wanted
        assert chosen.any(), (table, where)
        frame[column] = frame[column].astype("float64")
        frame.loc[chosen, column] += amount

    return change


def drop(table: str, **where: Any) -> Change:
    """Lose rows."""

    def change(tables: Tables) -> None:
        frame = tables[table]
        chosen = pd.Series(data=True, index=frame.index)
        for name, wanted in where.items():
            chosen &= frame[name] == wanted
        assert chosen.any(), (table, where)
        tables[table] = frame[~chosen].reset_index(drop=True)

    return change


def twice(table: str, **where: Any) -> Change:
    """Write rows a second time."""

    def change(tables: Tables) -> None:
        frame = tables[table]
        chosen = pd.Series(data=True, index=frame.index)
        for name, wanted in where.items():
            chosen &= frame[name] == wanted
        tables[table] = pd.concat([frame, frame[chosen]], ignore_index=True)

    return change


def both(*changes: Change) -> Change:
    """Several changes that make one bug."""

    def change(tables: Tables) -> None:
        for each in changes:
            each(tables)

    return change


def bucket(burst: int) -> Change:
    """Fargate's launch rate: a few at once, and nothing more."""
    return both(world("fargate_burst", burst), world("fargate_rate", "0/s"))


def windows(definition: str) -> Change:
    """Let a definition be one of Windows tasks."""

    def change(tables: Tables) -> None:
        for each in tables["scenario"]["jobDefinitions"]:
            if each["jobDefinitionName"] == definition:
                each["containerProperties"] = {"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}

    return change


def on_fargate(job_id: str) -> Change:
    """Let a job of an instance be a Fargate task."""
    return put("attempts", "environment_kind", "FARGATE", job_id=job_id)


def figure(value: Any, *path: str | int) -> Change:
    """Set a figure of the summary."""

    def change(tables: Tables) -> None:
        section = tables["summary"]
        for key in path[:-1]:
            section = section[key]
        section[path[-1]] = value

    return change


def more(amount: float, *path: str | int) -> Change:
    """Add to a figure of the summary."""

    def change(tables: Tables) -> None:
        section = tables["summary"]
        for key in path[:-1]:
            section = section[key]
        section[path[-1]] = round(section[path[-1]] + amount, 9)

    return change


def world(key: str, value: Any) -> Change:
    """The run is as it was, but the scenario says otherwise."""

    def change(tables: Tables) -> None:
        tables["scenario"]["world"] = {**tables["scenario"]["world"], key: value}

    return change


def resources(environment: str, key: str, value: Any) -> Change:
    """The run is as it was, but the environment is not what it is said to be."""

    def changed(item: dict[str, Any]) -> dict[str, Any]:
        return {"computeResources": {**item["computeResources"], key: value}}

    return _item("computeEnvironments", "computeEnvironmentName", environment, changed)


def _item(section: str, by: str, name: str, changed: Callable[[dict[str, Any]], dict[str, Any]]) -> Change:
    """The run is as it was, but one item of a section of the scenario has other values."""

    def change(tables: Tables) -> None:
        items = tables["scenario"][section]
        tables["scenario"][section] = [{**item, **changed(item)} if item[by] == name else item for item in items]

    return change


def state(environment: str, key: str, value: str) -> Change:
    """The run is as it was, but the environment was shut."""
    return _item("computeEnvironments", "computeEnvironmentName", environment, lambda _: {key: value})


def workload(*entries: dict[str, Any]) -> Change:
    """The run is as it was, and the scenario tells of some of its entries."""

    def change(tables: Tables) -> None:
        tables["scenario"]["workload"] = list(entries)

    return change


def queue(name: str, key: str, value: Any) -> Change:
    """The run is as it was, but the queue is not what it is said to be."""
    return _item("jobQueues", "jobQueueName", name, lambda _: {key: value})


def resource(name: str, key: str, value: Any) -> Change:
    """The run is as it was, but the consumable resource is not what it is said to be."""
    return _item("consumableResources", "consumableResourceName", name, lambda _: {key: value})
