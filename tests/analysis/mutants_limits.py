"""Planted bugs about limits, notifications and the summary."""

from __future__ import annotations

from batchsim.analysis.invariants.limits import OUT_OF_MEMORY, TOO_MANY_SUBMITTED
from batchsim.analysis.invariants.references import RETIRED
from tests.analysis.planting import (
    Mutant,
    add,
    both,
    bucket,
    drop,
    figure,
    more,
    on_fargate,
    put,
    twice,
    windows,
    world,
)

BY_LIMIT = "Canceled by JobStateTimeLimit action due to reason: "

MILLISECOND, NANO_DOLLAR = 0.001, 1e-9

MUTANTS = (
    # Rates, quotas and limits
    Mutant("Q01", "Fargate launches more than its bucket holds", both(bucket(1), on_fargate("bad"))),
    Mutant("Q02", "jobs are dispatched without end", world("dispatch_rate_ec2", "2/min")),
    Mutant("Q03", "tasks beyond the quota", both(world("fargate_vcpu_quota", 1), on_fargate("bad"))),
    Mutant("Q04", "a task outlives fargate_max_days", world("fargate_max_days", 1 / 86_400)),
    Mutant("Q04", "an instance's job ends as tasks do", put("attempts", "status_reason", RETIRED, job_id="bad")),
    Mutant(
        "Q05",
        "a task starts in an outage",
        both(
            put("attempts", "environment_kind", "FARGATE_SPOT", job_id="hello"),
            world("fargate_spot_outages", [{"from": "4s", "for": "2s"}]),
        ),
    ),
    Mutant("Q06", "memory kills though it may not", put("attempts", "reason", OUT_OF_MEMORY, job_id="bad")),
    Mutant("Q07", "more jobs SUBMITTED than may be", world("submitted_limit", 6)),
    Mutant(
        "Q07",
        "a call is refused that is one of few",
        put("submissions", "reason", TOO_MANY_SUBMITTED, entry="later"),
    ),
    Mutant(
        "Q08",
        "Windows on Fargate Spot",
        both(put("attempts", "environment_kind", "FARGATE_SPOT", job_id="hello"), windows("task")),
    ),
    Mutant("Q09", "a call that was refused is forgotten", put("submissions", "calls", 2, entry="dep")),
    # Notifications
    Mutant("E01", "a rule that is DISABLED speaks", put("notifications", "rule", "asleep", job_id="bad")),
    Mutant("E01", "the wrong people are told", put("notifications", "target", "intern", job_id="bad")),
    Mutant("E01", "a notification is not counted", put("notifications", "rule", "at-work", job_id="bad")),
    Mutant("E02", "a failure is told too early", add("notifications", "at_s", -MILLISECOND, job_id="nope")),
    Mutant("E02", "a job that succeeded is called failed", put("notifications", "job_id", "dep", job_id="nope")),
    Mutant("E02", "a container is said to run that only starts", add("notifications", "at_s", -2, job_id="dep")),
    Mutant("E03", "a failure is told to nobody", drop("notifications", job_id="child")),
    Mutant("E03", "a failure is told twice", twice("notifications", job_id="child")),
    Mutant("N54e", "a firing is called ready that failed", figure(1, "occurrences", 2, "ready")),
    Mutant("N54e", "a night is ready too early", more(-0.001, "occurrences", 1, "ready_after_s", "max")),
    Mutant("N54e", "a nano-dollar on a firing", more(NANO_DOLLAR, "occurrences", 0, "total_usd")),
    Mutant("N54d", "a peak too high", figure(4, "throughput", "running_peak")),
)
