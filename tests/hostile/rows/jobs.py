"""Rows B24-B35: sizes of jobs and of capacity, retries, timeouts, shares, strategies."""

from __future__ import annotations

from typing import Any

from hostile.rows.case import GONE, Case, cases
from hostile.rows.odd import CE, CONTAINER, HUGE, ODD, POLICY, RETRY, TASK, odd


def asked(kind: str, value: Any) -> list[dict[str, Any]]:
    other = {"VCPU": ("MEMORY", "4096"), "MEMORY": ("VCPU", "2"), "GPU": ("VCPU", "2")}[kind]
    return [{"type": kind, "value": value}, {"type": other[0], "value": other[1]}]


NEW = {f"{CONTAINER}.vcpus": GONE, f"{CONTAINER}.memory": GONE}


def requirement(row: str, code: str, kind: str, *values: Any, **common: Any) -> list[Case]:
    """resourceRequirements of an EC2 job."""
    found = []
    for value in values:
        items = asked(kind, value)
        if kind == "GPU":
            items.append({"type": "MEMORY", "value": "4096"})
        what = f"{kind} of {value!r}"[:60]
        change = {**NEW, f"{CONTAINER}.resourceRequirements": items}
        found.append(Case(row=row, what=what, code=code, change=change, **common))
    return found


TEXTS = ("0", "-1", "0.3", "many", "1e3", "1e999", "nan", "inf", "1000000000", HUGE, "0x10", "1_0", " 2", "²", "٣")


CAPACITY = [
    *odd("B24", "E130", f"{CONTAINER}.vcpus", "octal of YAML 1.1", "a plus"),
    *requirement("B24", "E130", "VCPU", *TEXTS, ""),
    *requirement("B24", "E130", "GPU", "0", "-1", "0.5", "1e9", HUGE),
    *requirement("B24", "", "VCPU", 2),
    *requirement("B24", "E112", "VCPU", [], only=False),
    *odd(
        "B25",
        "E131",
        f"{CONTAINER}.memory",
        "octal of YAML 1.1",
        "comma decimal",
        "a number with a newline",
        "a number after a blank",
    ),
    *requirement("B25", "E131", "MEMORY", *TEXTS, "3"),
    *cases("B25", "E131", ("three", f"{CONTAINER}.memory", 3), says=["4"]),
    *cases("B26", "E132", ("more vCPUs than the largest", f"{CONTAINER}.vcpus", 16), says=["m5.xlarge", "16"]),
    *cases("B26", "E132", ("more memory than the largest", f"{CONTAINER}.memory", 100_000), says=["m5.xlarge"]),
    *cases("B26", "E132", ("what ECS leaves of 16 GiB", f"{CONTAINER}.memory", 16_384), says=["m5.xlarge"]),
    *requirement("B26", "E132", "GPU", "1"),
    *cases(
        "B26",
        "E132",
        (
            "an override",
            "workload.0.submit.containerOverrides",
            {"resourceRequirements": [{"type": "VCPU", "value": "128"}]},
        ),
    ),
    *cases("B26", "", ("allowed to be stuck", f"{CONTAINER}.vcpus", 16, "allow_unplaceable", True)),
    *cases("B31", "E137", ("min more than max", f"{CE}.minvCpus", 65), says=["65", "64"]),
    *cases("B31", "E137", ("desired more than max", f"{CE}.desiredvCpus", 65), says=["65"]),
    *cases("B31", "E137", ("desired less than min", f"{CE}.desiredvCpus", 1, f"{CE}.minvCpus", 2)),
    *odd("B31", "E137", f"{CE}.maxvCpus", "octal of YAML 1.1", "a plus"),
    *odd("B31", "E137", f"{CE}.minvCpus", "nought", "octal of YAML 1.1", "a plus"),
]


def _size(vcpus: str, memory: str) -> list[dict[str, str]]:
    return [{"type": "VCPU", "value": vcpus}, {"type": "MEMORY", "value": memory}]


FARGATE = [
    *cases("B27", "E133", ("a quarter with 4 GB", TASK, _size("0.25", "4096")), says=["512, 1024, 2048"]),
    *cases(
        "B27",
        "E133",
        *(
            (f"{vcpus} vCPUs with {memory} MiB", TASK, _size(vcpus, memory))
            for vcpus, memory in (
                ("3", "8192"),
                ("0.5", "1536"),
                ("1", "1024"),
                ("16", "32769"),
                ("32", "122881"),
                ("0.1", "512"),
                ("64", "512"),
            )
        ),
    ),
    *cases(
        "B27",
        "E130",
        *((f"{vcpus} vCPUs", TASK, _size(vcpus, "512")) for vcpus in ("0", "-1", "nan", "inf", "1e999", "0.250001")),
    ),
    *cases("B27", "E133", ("a GPU", TASK, [*_size("1", "2048"), {"type": "GPU", "value": "1"}]), only=False),
]


RULE = {"onExitCode": "1", "action": "RETRY"}


def bad_rule(**keys: Any) -> dict[str, Any]:
    return {"attempts": 2, "evaluateOnExit": [{**RULE, **keys}]}


RETRIES = [
    *odd("B28", "E134", f"{RETRY}.attempts", "octal of YAML 1.1", "a plus", says=["1-10"]),
    *cases("B28", "E134", ("eleven", f"{RETRY}.attempts", 11), ("text", f"{RETRY}.attempts", "3")),
    *cases("B28", "E134", ("of a request", "workload.0.submit.retryStrategy", {"attempts": 11})),
    *cases(
        "B29",
        "E135",
        ("rules without attempts", RETRY, {"evaluateOnExit": [RULE]}),
        ("six rules", RETRY, {"attempts": 2, "evaluateOnExit": [RULE] * 6}),
        ("five hundred rules", RETRY, {"attempts": 2, "evaluateOnExit": [RULE] * 500}),
        ("of a request", "workload.0.submit.retryStrategy", {"evaluateOnExit": [RULE]}),
    ),
    *cases(
        "B29",
        "E136",
        ("a pattern of 513", RETRY, bad_rule(onReason="x" * 513)),
        ("a star in the middle", RETRY, bad_rule(onReason="a*b")),
        ("two stars", RETRY, bad_rule(onReason="**")),
        ("an exit code of letters", RETRY, bad_rule(onExitCode="abc")),
        ("an exit code below nought", RETRY, bad_rule(onExitCode="-1")),
    ),
    *cases("B29", "E113", ("an unknown action", RETRY, bad_rule(action="MAYBE"))),
    *cases("B29", "E111", ("a rule without action", RETRY, {"attempts": 2, "evaluateOnExit": [{"onReason": "x"}]})),
    *odd("B32", "E138", "jobDefinitions.0.timeout.attemptDurationSeconds", "octal of YAML 1.1", also=("range",)),
    *cases("B32", "E138", ("59", "jobDefinitions.0.timeout", {"attemptDurationSeconds": 59}), says=["60"]),
    *cases("B32", "E138", ("59 of a request", "workload.0.submit.timeout", {"attemptDurationSeconds": 59})),
]


SHARES = [
    *odd("B33", "E139", f"{POLICY}.computeReservation", "nought", "a plus"),
    *odd("B33", "E139", f"{POLICY}.shareDecaySeconds", "nought", "octal of YAML 1.1", "a plus"),
    *cases("B33", "E139", ("a hundred", f"{POLICY}.computeReservation", 100), says=["0-99"]),
    *cases("B33", "E139", ("604801", f"{POLICY}.shareDecaySeconds", 604_801)),
    *(
        case
        for what, weight in (*ODD, ("a thousand", 1000), ("a hair too small", 0.00009))
        if what not in ("a fraction", "octal of YAML 1.1", "a plus")
        for case in cases(
            "B33",
            "E139",
            (f"weight: {what}", f"{POLICY}.shareDistribution", [{"shareIdentifier": "a", "weightFactor": weight}]),
        )
    ),
    *cases("B33", "E139", ("a priority of 10000", "workload.0.submit.schedulingPriorityOverride", 10_000)),
    *cases("B34", "E167", ("a policy but no share", "jobQueues.0.schedulingPolicyArn", "fair"), says=["share"]),
    *cases(
        "B34",
        "E167",
        ("a share with a blank", "jobQueues.0.schedulingPolicyArn", "fair", "workload.0.submit.shareIdentifier", "a b"),
    ),
    *cases(
        "B34",
        "E167",
        ("overlapping shares", f"{POLICY}.shareDistribution", [{"shareIdentifier": "a*"}, {"shareIdentifier": "ab*"}]),
    ),
    *cases(
        "B34",
        "",
        ("a share but no policy", "workload.0.submit.shareIdentifier", "a"),
        says=["without effect: work is a FIFO queue"],
    ),
    *cases("B35", "E141", ("Spot's strategy On-Demand", f"{CE}.type", "EC2"), says=["SPOT_CAPACITY_OPTIMIZED"]),
    *cases("B35", "E141", ("misspelt", f"{CE}.allocationStrategy", "BEST_FITT"), says=["Did you mean BEST_FIT?"]),
    *cases("B35", "E141", ("nobody's", f"{CE}.allocationStrategy", "CHEAPEST")),
    *cases("B35", "E141", ("lower case", f"{CE}.allocationStrategy", "best_fit"), says=["Did you mean BEST_FIT?"]),
    *cases("B35", "E141", ("on Fargate", "computeEnvironments.1.computeResources.allocationStrategy", "BEST_FIT")),
    *cases("B35", "E112", ("a number", f"{CE}.allocationStrategy", 5)),
    *cases("B35", "E113", ("a kind of capacity", f"{CE}.type", "SPOTS"), says=["Did you mean SPOT?"], only=False),
]


CASES: list[Case] = [*CAPACITY, *FARGATE, *RETRIES, *SHARES]
