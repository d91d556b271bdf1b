"""Codes that no row of the plan names: each by one scenario at least."""

from __future__ import annotations

from hostile.rows.case import Case, cases

CE = "computeEnvironments.0.computeResources"
TASKS = "computeEnvironments.1.computeResources"
NEEDS = "jobDefinitions.0.consumableResourceProperties"

CASES: list[Case] = [
    *cases("B16", "E116", ("multi-node", "jobDefinitions.0.type", "multinode"), only=False),
    *cases("B35", "E117", ("instances on Fargate", f"{TASKS}.instanceTypes", ["m5.large"])),
    *cases("B15", "E124", ("a task on instances", "workload.1.submit.jobQueue", "work"), only=False),
    *cases(
        "B16",
        "E140",
        (
            "six resources",
            "consumableResources",
            [{"consumableResourceName": f"r{n}", "totalQuantity": 1} for n in range(6)],
            NEEDS,
            {"consumableResourceList": [{"consumableResource": f"r{n}", "quantity": 1} for n in range(6)]},
        ),
    ),
    *cases(
        "B22",
        "E143",
        (
            "partitions that are too few",
            "datasets",
            [{"name": "d", "size": "1TB", "partitions": 3, "throughput": "1MB/s"}],
            "workload.0.run",
            {"dataset": "d"},
            "workload.0.count",
            2,
        ),
    ),
    *cases(
        "B41",
        "E145",
        ("an empty pattern", "notifications", [{"name": "n", "eventPattern": {}, "target": "t"}]),
        only=False,
    ),
    *cases("B64", "E147", ("a reason too long", "actions", [{"at": "1h", "cancel": "step", "reason": "x" * 1025}])),
    *cases("B21", "E150", ("a request of 40 KiB", "workload.0.submit.parameters", {"key": "x" * 40_000}), only=False),
    *cases("B16", "E155", ("a region", "world.region", "us-east-9")),
    *cases("B16", "E158", ("bare metal by family", f"{CE}.instanceTypes", ["mac1.metal"]), only=False),
    *cases(
        "B16",
        "E159",
        ("a zone", "world.zones", {"s1": "us-east-1a", "s2": "us-east-1z"}, f"{CE}.subnets", ["s1", "s2"]),
    ),
]
