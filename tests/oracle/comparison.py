"""One scenario through the oracle and through batchsim's public API, row by row, and what differs."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
from oracle import bills
from oracle.plain import Attempt, Call, Instance, Job, Scenario
from oracle.reading import read
from oracle.simulator import Simulator

import batchsim

Row = dict[str, Any]
Tables = dict[str, dict[str, Row]]
NANO_USD_OF_ROUNDING = 5


def differences(data: Row) -> list[str]:
    """Each difference as a line; none if the two agree to the millisecond and the nano-dollar."""
    ours, theirs = expected(data), found(data)
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


# -- the oracle's tables


def expected(data: Row) -> Tables:
    """What the oracle says."""
    scenario, horizon = Simulator(read(data)).run()
    jobs = [job for call in scenario.calls for job in call.jobs if job.state]
    arrays = [call for call in scenario.calls if call.is_array and call.jobs[0].state]
    instances = [each for environment in scenario.environments for each in environment.instances]
    return {
        "attempts": {f"{job.id} #{each.number}": _attempt(each, horizon) for job in jobs for each in job.attempts},
        "jobs": {job.id: _job(job, scenario, horizon) for job in jobs},
        "arrays": {call.id: _call(call) for call in arrays},
        "instances": {_name(each): _instance(each, scenario, horizon) for each in instances},
    }


def _name(instance: Instance) -> str:
    return f"{instance.environment.name} #{instance.ordinal}"


def _attempt(attempt: Attempt, horizon: int) -> Row:
    ran = attempt.running_at <= attempt.ended_at if attempt.ended_at is not None else attempt.running_at < horizon
    return {
        "runnable_at": attempt.runnable_at,
        "starting_at": attempt.starting_at,
        "running_at": attempt.running_at if ran else None,
        "ended_at": attempt.ended_at,
        "instance": _name(attempt.instance),
        "outcome": attempt.outcome or "open",
        "exit_code": attempt.exit_code,
    }


def _job(job: Job, scenario: Scenario, horizon: int) -> Row:
    state = job.state
    if state == "ACTIVE":
        state = "RUNNING" if job.attempts[-1].running_at < horizon else "STARTING"
    return {
        "state": "RUNNABLE" if state == "RETRY" else state,
        "created_at": job.created_at,
        "runnable_at": job.runnable_at,
        "ended_at": job.ended_at,
        "attempts": len(job.attempts),
        "held": bills.cost(scenario.world, job, horizon),
    }


def _call(call: Call) -> Row:
    """Of arrays alone: a single job's row is in ``jobs``."""
    over = all(job.over for job in call.jobs)
    failed = any(job.state == "FAILED" for job in call.jobs)
    return {
        "state": ("FAILED" if failed else "SUCCEEDED") if over else "PENDING",
        "ended_at": max(job.ended_at for job in call.jobs) if over else None,
    }


def _instance(instance: Instance, scenario: Scenario, horizon: int) -> Row:
    bill = bills.bill(scenario.world, instance, horizon)
    return {
        "type": instance.type.name,
        "spot": instance.spot,
        "launched_at": instance.launched_at,
        "billed_from": instance.billed_from if _has_a_bill(instance, horizon) else None,
        "ready_at": instance.ready_at if instance.ready else None,
        "ended_at": instance.ended_at,
        "seconds": bill.seconds,
        "compute": bill.compute,
        "ebs": bill.ebs,
        "waived": bill.waived,
    }


# -- batchsim's tables


def _has_a_bill(instance: Instance, horizon: int) -> bool:
    """Whether its bill began; one that is lost in the instant in which it would begin, and was not ready, has none."""
    begun = instance.billed_from <= bills.end(instance, horizon)
    lost = instance.launched_at < instance.billed_from == instance.ended_at and not instance.ready
    return begun and not lost


def found(data: Row) -> Tables:
    """The same rows from the tables of a result."""
    result = batchsim.run(batchsim.loads(json.dumps(data), f"{data['name']}.json"))
    names = {row.instance: f"{row.environment} #{row.ordinal}" for row in result.instances.itertuples()}
    return {
        "attempts": {f"{row.job_id} #{row.attempt}": _attempt_row(row, names) for row in result.attempts.itertuples()},
        "jobs": {row.job_id: _job_row(row) for row in result.jobs.itertuples()},
        "arrays": {row.job_id: _array_row(row) for row in result.submissions.itertuples() if row.is_array},
        "instances": {names[row.instance]: _instance_row(row) for row in result.instances.itertuples()},
    }


def _attempt_row(row: Any, names: Row) -> Row:
    return {
        "runnable_at": _ms(row.runnable_at_s),
        "starting_at": _ms(row.starting_at_s),
        "running_at": _ms(row.running_at_s),
        "ended_at": _ms(row.ended_at_s),
        "instance": names[row.instance],
        "outcome": row.outcome,
        "exit_code": None if pd.isna(row.exit_code) else int(row.exit_code),
    }


def _job_row(row: Any) -> Row:
    return {
        "state": row.state,
        "created_at": _ms(row.created_at_s),
        "runnable_at": _ms(row.runnable_at_s),
        "ended_at": _ms(row.ended_at_s),
        "attempts": row.attempts,
        "held": _nano(row.cost_usd),
    }


def _array_row(row: Any) -> Row:
    return {"state": row.state, "ended_at": _ms(row.ended_at_s)}


def _instance_row(row: Any) -> Row:
    return {
        "type": row.type,
        "spot": row.spot,
        "launched_at": _ms(row.launched_at_s),
        "billed_from": _ms(row.billed_from_s),
        "ready_at": _ms(row.ready_at_s),
        "ended_at": _ms(row.ended_at_s),
        "seconds": row.billed_s,
        "compute": _nano(row.compute_usd),
        "ebs": _nano(row.ebs_usd),
        "waived": _nano(row.waived_usd),
    }


def _ms(seconds: float) -> int | None:
    return None if pd.isna(seconds) else round(seconds * 1000)


def _nano(usd: float) -> int:
    return round(usd * 10**9)
