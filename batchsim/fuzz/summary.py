"""A campaign as plain data: what ``--format json`` prints, and what the table shows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from batchsim.fuzz.campaign import Campaign
from batchsim.fuzz.damage import METRICS, Damage, worst
from batchsim.fuzz.failures import Failure
from batchsim.fuzz.judge import State
from batchsim.fuzz.tally import Tally


def summary(campaign: Campaign, commands: Mapping[str, str]) -> dict[str, Any]:
    """What was found so far; ``commands`` repeat a failure, by what failed."""
    return {
        "seed": campaign.seed,
        "cases": campaign.cases,
        "failed": campaign.failed,
        "kinds": [_of_kind(tally) for tally in campaign.tallies.values() if tally.cases],
        "failures": [_of_failure(failure, commands[sign]) for sign, failure in campaign.failures.items()],
        "fault_plans": len(campaign.damages),
        "worst_fault_plans": [
            {"metric": metric, **_of_plan(damage, metric)}
            for metric in METRICS
            for damage in worst(campaign.damages, metric)
        ],
    }


def _of_kind(tally: Tally) -> dict[str, Any]:
    return {
        "kind": tally.kind,
        "cases": tally.cases,
        **{state.value: tally.states[state] for state in State},
        "codes": dict(sorted(tally.codes.items())),
        "cpu_ms": round(tally.mean_ms, 1),
        "slowest_s": round(tally.slowest_s, 2),
        "slowest": tally.slowest,
    }


def _of_failure(failure: Failure, command: str) -> dict[str, Any]:
    return {
        "what": failure.sign,
        "mutants": len(failure.numbers),
        "first": {"kind": failure.first.kind, "number": failure.first.number},
        "message": failure.first.message,
        "bytes": failure.size,
        "bytes_shrunk": len(failure.scenario),
        "kept": None if failure.kept is None else str(failure.kept),
        "again": command,
    }


def _of_plan(damage: Damage, metric: str) -> dict[str, Any]:
    return {
        "scenario": Path(damage.base).name,
        "number": damage.number,
        "undisturbed": damage.undisturbed[metric],
        "with_faults": damage.metrics[metric],
    }
