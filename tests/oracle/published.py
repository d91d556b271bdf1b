"""The tables that users see, as plain rows: they have to say what was recorded."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan
from typing import Any

from oracle.telling import PARTS, Row, Tables

from batchsim import Result


def tables(result: Result) -> Tables:
    """Its tables, with the oracle's columns."""
    jobs, instances = list(_rows(result.jobs, JOB)), list(_rows(result.instances, INSTANCE))
    names = {row["instance"]: f"{row['environment']} #{row['ordinal']}" for row in instances}
    return {
        "attempts": {f"{row['job_id']} #{row['attempt']}": _attempt(row, names) for row in _attempts(result)},
        "jobs": {row["job_id"]: _job(row) for row in jobs if row["state"] != NOT_SUBMITTED},
        "refused": {row["job_id"]: {} for row in jobs if row["state"] == NOT_SUBMITTED},
        "arrays": {row["job_id"]: _array(row) for row in _rows(result.submissions, ARRAY) if _is_array(row)},
        "instances": {names[row["instance"]]: _instance(row) for row in instances},
    }


INSTANCE = (
    "instance", "environment", "ordinal", "type", "zone", "spot", "launched_at_s", "billed_from_s", "ready_at_s",
    "ended_at_s", "billed_s", "compute_usd", "ebs_usd", "waived_usd",
)  # fmt: skip
ATTEMPT = (
    "job_id", "attempt", "instance", "runnable_at_s", "starting_at_s", "running_at_s", "ended_at_s", "outcome",
    "exit_code",
)  # fmt: skip
JOB = (
    "job_id", "state", "created_at_s", "runnable_at_s", "ended_at_s", "attempts", "cost_usd",
    *(f"{part}_s" for part in PARTS),
)  # fmt: skip
ARRAY = ("job_id", "is_array", "state", "ended_at_s")


NOT_SUBMITTED = "NOT_SUBMITTED"


def _is_array(row: Row) -> bool:
    return row["is_array"] and row["state"] != NOT_SUBMITTED


def _rows(frame: Any, columns: tuple[str, ...]) -> Iterator[Row]:
    for values in zip(*(frame[column].tolist() for column in columns), strict=True):
        yield dict(zip(columns, values, strict=True))


def _attempts(result: Result) -> Iterator[Row]:
    return _rows(result.attempts, ATTEMPT)


def _attempt(row: Row, names: Row) -> Row:
    return {
        "runnable_at": _ms(row["runnable_at_s"]),
        "starting_at": _ms(row["starting_at_s"]),
        "running_at": _ms(row["running_at_s"]),
        "ended_at": _ms(row["ended_at_s"]),
        "instance": names[row["instance"]],
        "outcome": row["outcome"],
        "exit_code": row["exit_code"] if isinstance(row["exit_code"], int) else None,
    }


def _job(row: Row) -> Row:
    return {
        "state": row["state"],
        "created_at": _ms(row["created_at_s"]),
        "runnable_at": _ms(row["runnable_at_s"]),
        "ended_at": _ms(row["ended_at_s"]),
        "attempts": row["attempts"],
        "held": _nano(row["cost_usd"]),
        **{part: _ms(row[f"{part}_s"]) for part in PARTS},
    }


def _array(row: Row) -> Row:
    return {"state": row["state"], "ended_at": _ms(row["ended_at_s"])}


def _instance(row: Row) -> Row:
    return {
        "type": row["type"],
        "zone": row["zone"],
        "spot": row["spot"],
        "launched_at": _ms(row["launched_at_s"]),
        "billed_from": _ms(row["billed_from_s"]),
        "ready_at": _ms(row["ready_at_s"]),
        "ended_at": _ms(row["ended_at_s"]),
        "seconds": row["billed_s"],
        "compute": _nano(row["compute_usd"]),
        "ebs": _nano(row["ebs_usd"]),
        "waived": _nano(row["waived_usd"]),
    }


def _ms(seconds: float) -> int | None:
    return None if isnan(seconds) else round(seconds * 1000)


def _nano(usd: float) -> int:
    return round(usd * 10**9)
