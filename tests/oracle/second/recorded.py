"""The tables that users see, as the second oracle's plain rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from oracle.second.telling import Row, Tables

from batchsim import Result

END_OF_RUN = "end of the run"
PARTS = ("restore", "checkpoint", "kept", "unkept")
WORK = ("work_from", "work_saved")


def tables(result: Result) -> Tables:
    """With the same columns, in ms and nano-dollars."""
    instances = list(_rows(result.instances))
    names = {row["instance"]: f"{row['environment']} #{row['ordinal']}" for row in instances}
    jobs = [row for row in _rows(result.jobs) if row["state"] != "NOT_SUBMITTED"]
    return {
        "jobs": {row["job_id"]: _job(row) for row in jobs},
        "attempts": {f"{row['job_id']} #{row['attempt']}": _attempt(row, names) for row in _rows(result.attempts)},
        "instances": {names[row["instance"]]: _instance(row) for row in instances},
        "blocked": {f"{row['queue']} {row['job_id']} {_ms(row['head_at_s'])}": _blocked(row) for row in _told(result)},
    }


def _rows(frame: Any) -> Iterator[Row]:
    """With None in the place of what is empty."""
    names = list(frame.columns)
    for values in zip(*(frame[name].tolist() for name in names), strict=True):
        yield {name: _plain(value) for name, value in zip(names, values, strict=True)}


def _plain(value: Any) -> Any:
    return None if type(value).__name__ == "NAType" or value != value else value  # noqa: PLR0124 (NaN alone)


def _told(result: Result) -> Iterator[Row]:
    return iter(()) if result.blocked is None else _rows(result.blocked)


def _job(row: Row) -> Row:
    return {
        "state": row["state"],
        **_instants(row, "created_at", "runnable_at", "ended_at"),
        "wait": _ms(row["wait_s"]),
        "attempts": row["attempts"],
        "reason": None if row["ended_at_s"] is None else re.sub("instance i-[0-9a-f]+", "instance i-0", row["reason"]),
    }


def _attempt(row: Row, names: dict[str, str]) -> Row:
    return {
        "environment": row["environment"],
        "instance": names.get(row["instance"]),
        **_instants(row, "runnable_at", "starting_at", "running_at", "ended_at"),
        "outcome": row["outcome"],
        "exit_code": row["exit_code"],
        "billed_s": row["billed_s"],
        "cost": _nano(row["cost_usd"]),
        **_instants(row, *(each for each in (*PARTS, *WORK) if f"{each}_s" in row)),
    }


def _instance(row: Row) -> Row:
    return {
        **_instants(row, "launched_at", "notice_at"),
        "ended_at": None if row["why_ended"] == END_OF_RUN else _ms(row["ended_at_s"]),
        "billed_s": row["billed_s"],
        "compute": _nano(row["compute_usd"]),
        "waived": _nano(row["waived_usd"]),
    }


def _blocked(row: Row) -> Row:
    return {
        "queue": row["queue"],
        "job": row["job_id"],
        "attempt": row["attempt"],
        "reason": row["reason"],
        **_instants(row, "head_at", "at", "until"),
        "cancelled": bool(row["cancelled"]),
    }


def _instants(row: Row, *names: str) -> Row:
    return {name: _ms(row[f"{name}_s"]) for name in names}


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def _nano(usd: float) -> int:
    return round(usd * 10**9)
