"""A small finished run for report tests: forty jobs in two queues, on two Spot hosts and on Fargate."""

from __future__ import annotations

from typing import Any

from analysis.builders import attempt, call, head, instance, job, ms, run

from batchsim.analysis.prices import FargatePrices, FargateRates, Prices, Rules
from batchsim.records.tables import NEVER, Records
from batchsim.records.vocabulary import JobState, Outcome, WaitReason, WhyEnded
from batchsim.result import Result
from batchsim.spec import parse

JOBS = 40
RATES = FargateRates(40_480_000, 4_445_000, 111_000)

SCENARIO: dict[str, Any] = {
    "name": "small",
    "computeEnvironments": [
        {
            "computeEnvironmentName": "hosts",
            "type": "MANAGED",
            "computeResources": {"type": "SPOT", "maxvCpus": 8, "instanceTypes": ["m5.large"], "subnets": ["S"]},
        }
    ],
    "simulation": {"seed": 7},
}


def finished(
    scenario: dict[str, Any] | None = None, records: Records | None = None, rules: Rules | None = None
) -> Result:
    """A result; ``scenario`` is merged over :data:`SCENARIO`."""
    prices = Prices(fargate=(None, FargatePrices(RATES, RATES, RATES, RATES)))
    return Result(records or forty_jobs(), parse({**SCENARIO, **(scenario or {})}), prices, rules or Rules())


def forty_jobs(**changes: Any) -> Records:
    """Job 0 is reclaimed and tried again, job 1 runs on Fargate, the others run once."""
    first = attempt(30, 90, pull=2, boot=5, outcome=Outcome.RECLAIMED, exit_code=NEVER)
    again = attempt(100, 200, boot=5, attempt=2, instance=1, runnable_at_ms=ms(90))
    task = attempt(40, 130, pull=20, boot=0, job=1, instance=NEVER, environment=1)
    others = [attempt(35 + at, 60 + 2 * at, boot=5, job=at, instance=1) for at in range(2, JOBS)]
    attempts = sorted([first, again, task, *others], key=lambda row: row["starting_at_ms"])
    ends = {row["job"]: row["ended_at_ms"] for row in attempts}
    whole: dict[str, Any] = {
        "attempts": attempts,
        "jobs": [job(submission=at, ended_at_ms=ends[at], attempts=1 + (at == 0)) for at in range(JOBS)],
        "calls": [
            call(first_job=at, occurrence=at, queue=at % 2, data_bytes=10**9, vcpus_milli=50, ended_at_ms=ends[at])
            for at in range(JOBS)
        ],
        "instances": [
            instance(20, 30, 90, spot=True, notice_at_ms=0, why_ended=WhyEnded.SPOT_RECLAIM),
            instance(20, 30, 500, spot=True, ordinal=1, price_nano_usd_per_h=120_000_000),
        ],
        "timeline": [
            head(0, WaitReason.SCALE_UP_DECISION),
            head(20, WaitReason.INSTANCE_BOOTING),
            head(110, WaitReason.EMPTY, job=NEVER),
        ],
        "horizon": 500,
    }
    return run(**{**whole, **changes})


def stuck_queue() -> Records:
    """One job that fits nothing and waits for ever."""
    waiting = job(state=JobState.RUNNABLE, status_reason=0, waiting_since_ms=0, attempts=0)
    return run(
        calls=[call(state=JobState.RUNNABLE, memory_mib=999_999)],
        jobs=[waiting],
        timeline=[head(0, WaitReason.NOTHING_FITS)],
        horizon=600,
    )
