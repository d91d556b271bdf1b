"""The run in one page of plain JSON values: what ``summary.json`` holds and what the reports show.

Deterministic, no NaN: None stands for what the run does not define. Dollars are exact nano-dollars as decimals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from batchsim.analysis.attribution import (
    FARGATE_TYPE,
    Line,
    by_cause,
    by_charge,
    by_definition,
    by_entry,
    by_environment,
    by_purchase,
    by_queue,
    by_type,
)
from batchsim.analysis.blocked import blocked
from batchsim.analysis.causes import Cause
from batchsim.analysis.commitments import CommitmentBill
from batchsim.analysis.consumables import consumables
from batchsim.analysis.fair_share import shares
from batchsim.analysis.faults import faults
from batchsim.analysis.latency import latency
from batchsim.analysis.limits import limits_summary
from batchsim.analysis.losses import failures, reclaims, retries, run_task, stuck
from batchsim.analysis.metrics import METRICS, Metric, threshold
from batchsim.analysis.month import per_month_nano_usd
from batchsim.analysis.over_time import over_time
from batchsim.analysis.prices import Prices, Reserved, SavingsPlan
from batchsim.analysis.recurring import recurring
from batchsim.analysis.run import Analysis
from batchsim.analysis.statistics import ratio
from batchsim.analysis.steady import steady
from batchsim.analysis.throughput import entries, makespan_ms, throughput
from batchsim.analysis.utilisation import utilisation
from batchsim.analysis.workflows import longest
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import EndedBy, JobState, WhyEnded
from batchsim.units import MS_PER_H

NANO = 1_000_000_000
BYTES_PER_TB = 10**12

_UNLESS_EXTRA = {
    "data_transfer": "data transfer between zones, regions and the internet",
    "nat": "NAT gateways",
    "requests": "requests: S3, ECR, KMS and other APIs",
    "logs": "CloudWatch Logs",
    "other": "public IPv4 addresses, Container Insights, events, ECR storage",
}
"""By kind of ``world.extra_costs``, what is on no bill unless the scenario gives it."""


def not_counted(prices: Prices) -> list[str]:
    """What the bill does not hold, with the key that would add it."""
    given = {price.kind for price in prices.extra}
    committed = bool(prices.reserved or prices.savings_plan)
    return [
        *(f"{what} (world.extra_costs.{kind})" for kind, what in _UNLESS_EXTRA.items() if kind not in given),
        "storage beyond the root volume: S3, EFS, FSx, further EBS volumes, provisioned IOPS and throughput",
        *(() if committed else ("Savings Plans and reserved instances (Result.reprice)",)),
        "licences, support plans, taxes; negotiated discounts",
    ]


def summary(run: Analysis, thresholds: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the whole summary. ``ValueError`` for a threshold that cannot be read."""
    wanted = [threshold(name, condition) for name, condition in (thresholds or {}).items()]
    page: dict[str, Any] = {name: section(run) for name, section in _SECTIONS.items()}
    page["thresholds"] = [each.verdict(page) for each in wanted]
    page["metrics"] = {
        name: {"value": each.value(page), "unit": each.unit, "better": each.better, "what": each.what}
        for name, each in METRICS.items()
    }
    page["not_counted"] = not_counted(run.prices)
    return page


def metric_values(run: Analysis, metrics: Iterable[Metric]) -> list[float | None]:
    """Return the value of each metric, None where the run does not define it, computing only what they need."""
    wanted = list(metrics)
    sections = dict.fromkeys(metric.path[0] for metric in wanted)
    page = {name: _SECTIONS[name](run) for name in sections}
    return [metric.value(page) for metric in wanted]


def _stuck(run: Analysis) -> dict[str, Any]:
    """The jobs that can never start, by queue."""
    queues = stuck(run)
    return {"jobs": sum(queue["jobs"] for queue in queues), "queues": queues}


def _jobs(run: Analysis) -> dict[str, Any]:
    """Counts over jobs that run (singles and array children), and of SubmitJob calls."""
    records = run.records
    by_state = np.bincount(records.jobs.state, minlength=len(JobState)).tolist()
    calls = records.submissions
    return {
        "total": len(records.jobs.state),
        "submitted": int(np.count_nonzero(calls.created_at_ms[records.jobs.submission] != NEVER)),
        "succeeded": by_state[JobState.SUCCEEDED],
        "failed": by_state[JobState.FAILED],
        "stuck": _stuck(run)["jobs"],
        "censored": int(np.count_nonzero(run.spans.censored)),
        "by_state": {state.text: by_state[state] for state in JobState if by_state[state]},
        "submit_calls": int(calls.calls.sum()),
        "throttled_calls": int(np.maximum(calls.calls - 1, 0).sum()),
        "refused_calls": _refused(run),
    }


def _refused(run: Analysis) -> dict[str, int]:
    """SubmitJob calls that AWS Batch would refuse, by reason, in order of first occurrence."""
    calls, names = run.records.submissions, run.records.names
    refused = calls.status_reason[(calls.created_at_ms == NEVER) & (calls.status_reason > 0)]
    codes, first, counts = np.unique(refused, return_index=True, return_counts=True)
    order = np.argsort(first)
    return {names.status_reasons[codes[at]]: int(counts[at]) for at in order}


def _headline(run: Analysis) -> dict[str, Any]:
    """``data_ready_at_s`` is the last end if all jobs succeeded; ``makespan_s`` runs from first due to last end."""
    ends, span = run.records.jobs.ended_at_ms, makespan_ms(run)
    ready = span is not None and bool(np.all(run.records.jobs.state == JobState.SUCCEEDED))
    return {
        "data_ready_at_s": int(ends.max()) / 1000 if ready else None,
        "makespan_s": None if span is None else span / 1000,
    }


def _cost(run: Analysis) -> dict[str, Any]:
    """The bill, per job that succeeded, TB of data sets read and month, what On-Demand would cost, and its splits."""
    records, cost, schedule = run.records, run.cost, run.schedule
    total, on_demand = cost.total_nano_usd, cost.on_demand_nano_usd
    data_bytes = int(records.submissions.data_bytes.sum())
    causes = by_cause(cost)
    useful = sum(line.nano_usd for line in causes if line.name == Cause.USEFUL_WORK.text)
    return {
        "total_usd": total / NANO,
        "waived_usd": cost.waived_nano_usd / NANO,
        "per_job_usd": _per(total, int(np.count_nonzero(records.jobs.state == JobState.SUCCEEDED))),
        "per_tb_usd": _per(total * BYTES_PER_TB, data_bytes),
        "data_bytes": data_bytes,
        "per_month_usd": per_month_nano_usd(cost, schedule) / NANO,
        "per_month_basis": schedule.basis + "; commitments are paid in all of them" * bool(cost.commitments),
        "per_month_period_s": schedule.period_ms / 1000,
        "on_demand_usd": on_demand / NANO,
        "saving_usd": (on_demand - total) / NANO,
        "saving_share": ratio(on_demand - total, on_demand),
        "useful_share": ratio(useful, total),
        "extra_usd": cost.extra_nano_usd / NANO,
        "commitments": [_commitment(each) for each in cost.commitments],
        "unallocated_usd": (int(run.job_costs.unallocated.sum()) + run.job_costs.of_the_run) / NANO,
        "cost_share_usd": int(run.job_costs.share.sum()) / NANO,
        "by_cause": _usd(causes),
        "by_charge": _usd(by_charge(cost)),
        "by_queue": _usd(by_queue(records, cost)),
        "by_definition": _usd(by_definition(records, cost)),
        "by_entry": _usd(by_entry(records, cost)),
        "by_environment": _usd(by_environment(records, cost)),
        "by_type": _usd(by_type(records, cost)),
        "by_purchase": _usd(by_purchase(records, cost)),
        "waived_by_cause": {line.name: line.waived_nano_usd / NANO for line in causes if line.waived_nano_usd},
    }


def _commitment(bill: CommitmentBill) -> dict[str, Any]:
    """One commitment: what was paid for it, what it covered at On-Demand prices, what of it was not used."""
    commitment = bill.commitment
    return {
        **(_savings_plan(commitment) if isinstance(commitment, SavingsPlan) else _reserved(commitment)),
        "hours": len(bill.covered),
        "fees_usd": bill.fees_nano_usd / NANO,
        "covered_usd": int(bill.covered.sum()) / NANO,
        "discount_usd": bill.discount_nano_usd / NANO,
        "unused_usd": bill.unused_nano_usd / NANO,
        "used_share": ratio(int(bill.used.sum()), bill.fees_nano_usd),
    }


def _savings_plan(plan: SavingsPlan) -> dict[str, Any]:
    share = str(plan.discount)  # exact, as in 7/25
    return {"kind": "savings_plan", "usd_per_h": plan.nano_usd_per_h / NANO, "discount": share}


def _reserved(reserved: Reserved) -> dict[str, Any]:
    per_unit = reserved.nano_usd_per_h / NANO
    return {"kind": "reserved", "covers": reserved.covers, "units": reserved.units, "usd_per_h": per_unit}


def _per(nano_usd: int, count: int) -> float | None:
    """Dollars for each of ``count``, rounded to the nano-dollar."""
    return round(nano_usd / count) / NANO if count else None


def _usd(lines: Iterable[Line]) -> dict[str, float]:
    return {line.name: line.nano_usd / NANO for line in lines}


def _instances(run: Analysis) -> dict[str, Any]:
    """How many instances were launched and why they ended; by type, their number, hours on and bill."""
    instances, lives = run.records.instances, run.lives
    ended = np.bincount(instances.why_ended, minlength=len(WhyEnded)).tolist()
    launched = np.bincount(instances.type, minlength=len(run.records.names.types)).tolist()
    bills = {line.name: line.nano_usd for line in by_type(run.records, run.cost) if line.name != FARGATE_TYPE}
    hours = [int(lives.on_ms[instances.type == code].sum()) / MS_PER_H for code in range(len(launched))]
    return {
        "launched": len(instances.type),
        "capacity_errors": int(run.records.scaling.capacity_errors.sum()),
        "never_billed": int(np.count_nonzero(lives.on_ms == 0)),
        "why_ended": {reason.text: ended[reason] for reason in WhyEnded if ended[reason]},
        "by_type": {
            name: {"launched": launched[code], "on_h": round(hours[code], 6), "usd": bills.get(name, 0) / NANO}
            for code, name in enumerate(run.records.names.types)
            if launched[code]
        },
    }


_SECTIONS: Mapping[str, Callable[[Analysis], Any]] = {
    "stuck": _stuck,
    "blocked": blocked,
    "ended_by": lambda run: tuple(EndedBy)[run.records.ended_by].text,
    "horizon_s": lambda run: run.records.horizon_ms / 1000,
    "jobs": _jobs,
    "headline": _headline,
    "entries": entries,
    "occurrences": recurring,
    "workflows": longest,
    "cost": _cost,
    "latency": latency,
    "throughput": throughput,
    "over_time": over_time,
    "utilisation": utilisation,
    "steady": steady,
    "limits": limits_summary,
    "consumables": consumables,
    "instances": _instances,
    "failures": failures,
    "retries": retries,
    "run_task": run_task,
    "reclaims": reclaims,
    "shares": shares,
    "faults": faults,
}
"""The sections of the summary that follow from the run alone, in its order. Stuck jobs come first."""
