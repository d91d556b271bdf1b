"""What batchsim recorded of a scenario, in whole milliseconds and nano-dollars: rows like the oracle's, and the log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from oracle.telling import PARTS, Event, Row, Tables

import batchsim
from batchsim import Result
from batchsim.analysis.frame import call_ids
from batchsim.analysis.run import Analysis
from batchsim.formats.state_changes import state_changes
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import JobState, Outcome
from batchsim.spec import parse

ATTEMPT = ("runnable_at", "starting_at", "running_at", "ended_at")
INSTANCE = ("launched_at", "ready_at", "ended_at")


def run(data: Row) -> Analysis:
    """Batchsim's run of a scenario from its plain data; that a file of it says the same is a test of its own."""
    return analysed(batchsim.run(parse(data)))


def analysed(result: Result) -> Analysis:
    """Its records, with bills and parts of time."""
    return Analysis(result.records, result.prices, result.rules)


def tables(found: Analysis) -> Tables:
    """The rows of attempts, jobs, arrays and instances."""
    attempts = found.records.attempts
    ids, names = found.job_ids.tolist(), instance_names(found)
    states = [each.text for each in JobState]
    rows = dict(zip(ids, _jobs(found, states), strict=True))
    of_attempts = zip(attempts.job.tolist(), attempts.attempt.tolist(), _attempts(found, names), strict=True)
    return {
        "attempts": {f"{ids[job]} #{number}": row for job, number, row in of_attempts},
        "jobs": {name: row for name, row in rows.items() if row["state"] != "NOT_SUBMITTED"},
        "refused": {name: {} for name, row in rows.items() if row["state"] == "NOT_SUBMITTED"},
        "arrays": dict(_arrays(found, states)),
        "instances": dict(zip(names, _instances(found), strict=True)),
    }


def events(found: Analysis) -> Iterator[Event]:
    """Every change of state that batchsim tells of, and the launch, readiness and end of each instance."""
    changes, jobs, calls = state_changes(found.records), found.job_ids.tolist(), call_ids(found.records).tolist()
    states = [each.text for each in JobState]
    columns = (changes.at_ms, changes.row, changes.parent, changes.state, changes.attempt, changes.blocked)
    for at, row, parent, state, attempt, blocked in zip(*(column.tolist() for column in columns), strict=True):
        if blocked == NEVER:
            yield at, (states[state], calls[row] if parent else jobs[row], attempt)
    instances, types = found.records.instances, found.records.names.types
    for column, word in zip(INSTANCE, ("launched", "ready", "gone"), strict=True):
        instants = getattr(instances, f"{column}_ms").tolist()
        for at, kind, name in zip(instants, instances.type.tolist(), instance_names(found), strict=True):
            if at != NEVER:
                yield at, (f"{word} {types[kind]}", name, 0)


def instance_names(found: Analysis) -> list[str]:
    """Environment and launch ordinal of each."""
    instances, names = found.records.instances, found.records.names.environments
    pairs = zip(instances.environment.tolist(), instances.ordinal.tolist(), strict=True)
    return [f"{names[environment]} #{ordinal}" for environment, ordinal in pairs]


def _rows(columns: dict[str, Any]) -> Iterator[Row]:
    """Rows of columns, None where something never happened."""
    for values in zip(*(np.asarray(column).tolist() for column in columns.values()), strict=True):
        yield dict(zip(columns, (None if value == NEVER else value for value in values), strict=True))


def _attempts(found: Analysis, names: list[str]) -> Iterator[Row]:
    attempts = found.records.attempts
    instants = {name: getattr(attempts, f"{name}_ms") for name in ATTEMPT}
    rest = {"instance": attempts.instance, "outcome": attempts.outcome, "exit_code": attempts.exit_code}
    for row in _rows({**instants, **rest}):
        yield {**row, "instance": names[row["instance"]], "outcome": Outcome(row["outcome"]).text}


def _jobs(found: Analysis, states: list[str]) -> Iterator[Row]:
    jobs, calls = found.records.jobs, found.records.submissions
    columns = {
        "state": jobs.state,
        "created_at": calls.created_at_ms[jobs.submission],
        "runnable_at": jobs.runnable_at_ms,
        "ended_at": jobs.ended_at_ms,
        "attempts": jobs.attempts,
        "held": found.job_costs.own,
        **{part: getattr(found.parts, part) for part in PARTS},
    }
    for row in _rows(columns):
        yield {**row, "state": states[row["state"]]}


def _arrays(found: Analysis, states: list[str]) -> Iterator[tuple[str, Row]]:
    calls = found.records.submissions
    columns = {"is_array": calls.is_array, "state": calls.state, "ended_at": calls.ended_at_ms}
    for name, row in zip(call_ids(found.records).tolist(), _rows(columns), strict=True):
        state = states[row["state"]]
        if row["is_array"] and state != "NOT_SUBMITTED":
            yield name, {"state": state, "ended_at": row["ended_at"]}


def _instances(found: Analysis) -> Iterator[Row]:
    instances, bills, names = found.records.instances, found.cost.instances, found.records.names
    columns = {
        "type": instances.type,
        "zone": instances.zone,
        "spot": instances.spot,
        **{name: getattr(instances, f"{name}_ms") for name in (*INSTANCE, "billed_from")},
        "seconds": bills.billed_s,
        "compute": bills.compute,
        "ebs": bills.ebs,
        "waived": bills.waived,
    }
    for row in _rows(columns):
        yield {**row, "type": names.types[row["type"]], "zone": names.zones[row["zone"]], "spot": bool(row["spot"])}
