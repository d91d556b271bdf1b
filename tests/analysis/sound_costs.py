"""What the small run costs, by cause: worked out with fractions, as one would with a pencil."""

from __future__ import annotations

from fractions import Fraction
from math import isnan
from typing import Any

from tests.analysis.sound_facts import CALLS, DATA, DISCOUNT, FARGATE, HORIZON, HOURS, PER_ATTEMPT, PER_JOB, PLAN


def end_of(row: dict[str, Any]) -> float:
    """When a row ended, or the horizon."""
    return HORIZON if isnan(row["ended_at_s"]) else row["ended_at_s"]


def billed(on_s: float) -> int:
    return max(60, -int(-on_s // 1)) if on_s else 0


def fargate_charges(row: dict[str, Any]) -> tuple[int, int, int]:
    vcpu = Fraction(row["billed_s"]) * Fraction(row["vcpus"]) * FARGATE["vcpu_nano_usd_per_h"] / 3600
    gib = Fraction(row["billed_s"]) * row["memory_mib"] * FARGATE["gib_nano_usd_per_h"] / (3600 * 1024)
    return round(vcpu), round(gib), 0


def extra_of(row: dict[str, Any]) -> dict[str, int]:
    """Nano-dollars by kind of extra cost; a job's part and its part of the data come with its first attempt."""
    if row["attempt"] > 1:
        return {"logs": PER_ATTEMPT}
    entry, _, index = row["job_id"].partition(":")
    whole, at, size = round(Fraction(DATA.get(entry, 0) * 9, 100)), int(index or 0), CALLS[entry][5] or 1
    part = round(Fraction(whole * (at + 1), size)) - round(Fraction(whole * at, size))
    return {"logs": PER_ATTEMPT, "requests": PER_JOB, **({"data_transfer": part} if part else {})}


def cost_rows(attempts: list[dict[str, Any]], instances: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every bill by instance, charge and attempt; what no attempt holds is one row."""
    rows = []
    for one in attempts:
        if one["environment"] == "fg":
            amounts = zip(("fargate_vcpu", "fargate_gib"), fargate_charges(one), strict=False)
            rows += [_cost(one, name, amount, "useful_work") for name, amount in amounts]
        nowhere = {**one, "type": "", "instance": ""}
        rows += [_cost(nowhere, "extra", amount, kind) for kind, amount in extra_of(one).items()]
    for row in instances:
        mine = [one for one in attempts if one["instance"] == row["instance"]]
        rows += [*_compute_rows(row, mine), _cost(_nobody(row), "ebs", round(row["ebs_usd"] * 1e9), "ebs")]
    the_run = {"environment": "", "instance": "", "type": "", "job_id": "", "attempt": None}
    use, paid = plan_of(attempts, instances)
    rows += [_cost(the_run, "extra", HOURS, "nat"), _cost(the_run, "savings_plan", PLAN - paid, "unused_commitment")]
    return [*rows, _cost(the_run, "savings_plan", paid - use, "commitment_discount")]


def _nobody(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "job_id": "", "attempt": None}


def _compute_rows(row: dict[str, Any], mine: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An instance's compute by cause: its attempts' phases, its boot, its idle time, what is rounded up, the rest."""
    free = row["why_ended"] == "spot_reclaim"
    total = round((row["waived_usd"] if free else row["compute_usd"]) * 1e9)
    pieces = [(one, cause, amount) for one in mine for cause, amount in _phases(one, row)]
    on = end_of(row) - row["billed_from_s"]
    idle = end_of(row) - row["ready_at_s"] - row["busy_s"]
    lengths = {"boot": row["ready_at_s"] - row["billed_from_s"], "idle_tail": idle, "minimum_charge": billed(on) - on}
    for cause, seconds in lengths.items():
        pieces.append((_nobody(row), cause, round(Fraction(int(seconds) * row["price_nano_usd_per_h"], 3600))))
    pieces.append((_nobody(row), "unused_share", total - sum(amount for _, _, amount in pieces)))
    found = [_cost(who, "compute", amount, cause) for who, cause, amount in pieces if amount]
    return [{**each, "cost_usd": 0.0, "waived_usd": each["cost_usd"]} for each in found] if free else found


CAUSES = {"succeeded": "useful_work", "failed": "failed_attempts", "start_failed": "failed_attempts"} | {
    "timed_out": "timed_out_or_cancelled",
    "terminated": "timed_out_or_cancelled",
    "reclaimed": "lost_to_spot",
    "open": "still_running",
}


def _phases(one: dict[str, Any], host: dict[str, Any]) -> list[tuple[str, int]]:
    """(cause, nano-dollars) of an attempt's pull, start and run; the last takes what rounding left."""
    share = (Fraction(one["vcpus"], 2) + Fraction(one["memory_mib"], 7647)) / 2
    running = end_of(one) if isnan(one["running_at_s"]) else one["running_at_s"]
    whole = round(share * (int(end_of(one)) - one["starting_at_s"]) * host["price_nano_usd_per_h"] / 3600)
    lengths = {"image_pull": one["pulled_at_s"] - one["pull_at_s"], "container_start": running - one["pulled_at_s"]}
    found = [(cause, round(share * int(s) * host["price_nano_usd_per_h"] / 3600)) for cause, s in lengths.items() if s]
    return [*found, (CAUSES[one["outcome"]], whole - sum(amount for _, amount in found))]


def plan_of(attempts: list[dict[str, Any]], instances: list[dict[str, Any]]) -> tuple[int, int]:
    """The On-Demand use that the Savings Plan covers, which is all there is, and what of the plan that takes."""
    use = sum(round(row["compute_usd"] * 1e9) for row in instances if not row["spot"])
    use += sum(sum(fargate_charges(one)[:2]) for one in attempts if one["environment"] == "fg")
    return use, round(use * (1 - DISCOUNT))


def _cost(row: dict[str, Any], charge: str, nano: int, cause: str) -> dict[str, Any]:
    who = {name: row[name] for name in ("environment", "instance", "type", "job_id", "attempt")}
    return {**who, "charge": charge, "cause": cause, "cost_usd": nano / 1e9, "waived_usd": 0.0}


def share_of(mine: list[dict[str, Any]], instances: list[dict[str, Any]]) -> int:
    """What the greater of the vCPU and the nominal memory share costs while the attempts RUN; a task's own cost."""
    hosts, total = {row["instance"]: row for row in instances}, 0
    for one in mine:
        if not (host := hosts.get(one["instance"])):
            total += round(one["cost_usd"] * 1e9)
            continue
        ran = 0 if isnan(one["running_at_s"]) else int(end_of(one)) - one["running_at_s"]
        share = max(Fraction(one["vcpus"], 2), Fraction(one["memory_mib"], 8192))
        total += round(share * ran * host["price_nano_usd_per_h"] / 3600)
    return total
