"""Rows B07 and B14-B22: unknown keys, names that lead nowhere, dependencies that cannot be."""

from __future__ import annotations

from typing import Any

from hostile.rows.case import GONE, Case, Raw, cases

CE = "computeEnvironments.0.computeResources"
ORDER = "jobQueues.0.computeEnvironmentOrder"
REQUEST = "workload.0.submit"


def _orders(*names: str) -> list[dict[str, Any]]:
    return [{"order": place, "computeEnvironment": name} for place, name in enumerate(names, start=1)]


def _environment(name: str, kind: str = "SPOT") -> dict[str, Any]:
    types = {} if kind.startswith("FARGATE") else {"instanceTypes": ["m5.large"]}
    return {
        "computeEnvironmentName": name,
        "computeResources": {"type": kind, "maxvCpus": 4, "subnets": ["s"], **types},
    }


def job(name: str, *needs: Any, **request: Any) -> dict[str, Any]:
    """An entry that depends on others, by id or by dependsOn item."""
    depends = [{"jobId": each} if isinstance(each, str) else each for each in needs]
    held = {"jobName": name, "jobQueue": "work", "jobDefinition": "step", "dependsOn": depends, **request}
    return {"id": name, "submit": held, "run": "5m"}


def array(name: str, size: int, *needs: Any) -> dict[str, Any]:
    return job(name, *needs, arrayProperties={"size": size})


UNKNOWN_KEYS = [
    *cases(
        "B07", "E106", ("maxvCpu", f"{CE}.maxvCpu", 5), says=["Did you mean maxvCpus?", "computeResources.maxvCpu:"]
    ),
    *cases("B07", "E106", ("MAXVCPUS", f"{CE}.MAXVCPUS", 5), says=["Did you mean maxvCpus?"]),
    *cases("B07", "E106", ("two letters swapped", "workload.0.rnu", "5m"), says=["Did you mean run?"]),
    *cases("B07", "E106", ("a section", "jobQueue", []), says=["Did you mean jobQueues?"]),
    *cases(
        "B07",
        "E106",
        ("nothing like it", "world.zzzzzzzz", 1),
        ("an empty key", "world", {"": 1}),
        ("a number", "world", {"1": 1}),
        ("null", "world", {"null": 1}),
        ("a key of a thousand characters", "x" * 1_000, 1),
        ("a key that looks like a path", "workload.0", {**job("a"), "submit.jobName": "x"}),
        ("a merge key", "workload.0.<<", {"id": "x"}),
        ("a dunder", "__class__", 1),
        ("a law's parameter", "workload.0.run", {"lognormal": {"mean": "5m", "sd": 1}}),
    ),
    *cases("B07", "E106", ("a threshold", "thresholds", {"makespan": "< 4h"}), says=["Did you mean makespan_s?"]),
    *cases(
        "B07",
        "E112",
        ("a number for a mapping", "world", 5),
        ("text for a list", "workload", "x"),
        ("a list for a mapping", "simulation", [1]),
    ),
    *cases("B07", "E112", ("a mapping for a list", "jobQueues", {"a": 1}), only=False),
    *cases("B07", "E111", ("a key that is missing", "workload.0.submit", {"jobName": "a"}), only=False),
]

ENVIRONMENTS = [
    *cases("B14", "E120", ("an unknown environment", ORDER, _orders("spto")), says=["spot", "Did you mean spot?"]),
    *cases("B14", "E120", ("another case", ORDER, _orders("SPOT")), says=["Did you mean spot?"]),
    *cases("B14", "E120", ("twice the same", ORDER, _orders("spot", "spot"))),
    *cases(
        "B14",
        "E120",
        ("none", ORDER, []),
        ("an empty name", ORDER, _orders("")),
        ("the ARN of another", ORDER, _orders("arn:aws:batch:us-east-1:1:compute-environment/nobody")),
        ("a fleet of nobody", "world.fleets", {"nobody": [{"type": "m5.large", "count": 1}]}),
        (
            "four environments",
            "computeEnvironments",
            [*(_environment(name) for name in "abcd"), _environment("tasks", "FARGATE")],
            ORDER,
            _orders(*"abcd"),
        ),
    ),
    *cases("B15", "E121", ("EC2 and Fargate", ORDER, _orders("spot", "tasks"))),
    *cases("B15", "E121", ("Fargate first", ORDER, _orders("tasks", "spot")), only=False),
    *cases(
        "B15",
        "E121",
        (
            "Fargate Spot",
            "computeEnvironments.1.computeResources.type",
            "FARGATE_SPOT",
            ORDER,
            _orders("spot", "tasks"),
        ),
    ),
    *cases(
        "B15",
        "E121",
        (
            "twice the same order",
            ORDER,
            [{"order": 1, "computeEnvironment": "spot"}, {"order": 1, "computeEnvironment": "tasks"}],
        ),
        only=False,
    ),
    *cases(
        "B15",
        "E157",
        (
            "two architectures",
            "computeEnvironments.2",
            _environment("arm"),
            "computeEnvironments.2.computeResources.instanceTypes",
            ["m6g.large"],
            ORDER,
            _orders("spot", "arm"),
        ),
    ),
]

NAMES = [
    *cases("B16", "E122", ("an unknown queue", f"{REQUEST}.jobQueue", "wrok"), says=["Did you mean work?"]),
    *cases("B16", "E122", ("an unknown definition", f"{REQUEST}.jobDefinition", "stp"), says=["Did you mean step?"]),
    *cases(
        "B16",
        "E122",
        ("an unknown scheduling policy", "jobQueues.0.schedulingPolicyArn", "fiar"),
        only=False,
        says=["Did you mean fair?"],
    ),
    *cases(
        "B16",
        "E122",
        ("a revision that is not there", f"{REQUEST}.jobDefinition", "step:7"),
        ("revision nought", f"{REQUEST}.jobDefinition", "step:0"),
        ("an empty queue", f"{REQUEST}.jobQueue", ""),
        ("an unknown data set", "workload.0.run", {"dataset": "nobody"}),
        (
            "an unknown consumable",
            "jobDefinitions.0.consumableResourceProperties",
            {"consumableResourceList": [{"consumableResource": "gpu-licence", "quantity": 1}]},
        ),
    ),
    *cases("B16", "E126", ("an action on an unknown job", "actions", [{"at": "1h", "cancel": "nobody"}])),
    *cases("B16", "E106", ("an action on an unknown value", "actions", [{"at": "1h", "set": "spot.maxCpus", "to": 5}])),
    *cases("B17", "E123", ("two queues", "jobQueues.1.jobQueueName", "work"), only=False, says=["line"]),
    *cases("B17", "E123", ("two environments", "computeEnvironments.1.computeEnvironmentName", "spot"), only=False),
    *cases("B17", "E123", ("two entries", "workload.1.id", "step"), says=["line"]),
    *cases(
        "B17",
        "E123",
        (
            "two revisions alike",
            "jobDefinitions.0.revision",
            1,
            "jobDefinitions.1.jobDefinitionName",
            "step",
            "jobDefinitions.1.revision",
            1,
        ),
        only=False,
    ),
    *cases("B17", "E123", ("two policies", "schedulingPolicies.1", {"name": "fair"})),
    *cases(
        "B17",
        "E123",
        ("two data sets", "datasets", [{"name": "d", "size": "1TB", "partitions": 2, "throughput": "1MB/s"}] * 2),
    ),
    *cases(
        "B17",
        "",
        ("differing only in case", "jobQueues.1.jobQueueName", "Work", "workload.1.submit.jobQueue", "Work"),
        says=["note: jobQueues: Work and work differ only in case"],
    ),
    *cases(
        "B18",
        "",
        (
            "equal priorities",
            ORDER,
            _orders("spot"),
            "jobQueues.2",
            {"jobQueueName": "other", "priority": 10, "computeEnvironmentOrder": _orders("spot")},
        ),
        says=["note: work, other: equal priority 10 on spot; the first in the file goes first"],
    ),
]


def _needs(what: str, code: str, *workload: Any, says: tuple[str, ...] = (), only: bool = True) -> list[Case]:
    kind = {"E125": "B20", "E126": "B21", "E127": "B21", "E122": "B21", "E115": "B21"}.get(code, "B22")
    return cases(kind, code, (what, "workload", list(workload)), says=says, only=only)


SEQUENTIAL, N_TO_N = {"type": "SEQUENTIAL"}, {"type": "N_TO_N"}
LONG = [job(f"j{n}", f"j{(n + 1) % 2000}") for n in range(2000)]

DEPENDENCIES = [
    *_needs("on itself", "E125", job("a", "a"), says=("a → a",)),
    *_needs("two on each other", "E125", job("a", "b"), job("b", "a"), says=("→", "line")),
    *_needs("three in a ring", "E125", job("a", "b"), job("b", "c"), job("c", "a"), says=("a → b → c → a",)),
    *_needs("two thousand in a ring", "E125", *LONG, says=("j5 → (1988 more) → j1994 →", "and 1988 more")),
    *_needs("a ring through after", "E125", {**job("a"), "at": {"after": "b"}}, {**job("b"), "at": {"after": "a"}}),
    *_needs("a ring within a workflow", "E125", {"workflow": [job("a", "b"), job("b", "a")]}),
    *_needs("two rings", "E125", job("a", "b"), job("b", "a"), job("c", "d"), job("d", "c")),
    *_needs("nobody", "E126", job("a", "nobody")),
    *_needs("a job misspelt", "E126", job("first"), job("b", "frist"), says=("Did you mean first?",)),
    *_needs("an empty name", "E126", job("a", "")),
    *_needs("after nobody", "E126", {**job("a"), "at": {"after": "nobody"}}),
    *_needs("one of many occurrences", "E126", {**job("a"), "count": 3}, job("b", "a:7"), only=False),
    *_needs("twenty-one", "E127", *(job(f"j{n}") for n in range(21)), job("z", *(f"j{n}" for n in range(21)))),
    *_needs("two thousand needs", "E127", job("a"), job("z", *["a"] * 2000), only=False),
    *_needs("unequal sizes", "E128", array("a", 3), array("b", 4, {"jobId": "a", **N_TO_N})),
    *_needs("N_TO_N of single jobs", "E128", job("a"), job("b", {"jobId": "a", **N_TO_N})),
    *_needs("N_TO_N of an array on a single job", "E128", job("a"), array("b", 4, {"jobId": "a", **N_TO_N})),
    *_needs("N_TO_N without a job", "E128", array("b", 4, N_TO_N)),
    *_needs("SEQUENTIAL of a single job", "E128", job("a", SEQUENTIAL)),
    *_needs("SEQUENTIAL with a job", "E128", array("a", 3), array("b", 3, {"jobId": "a", **SEQUENTIAL})),
    *_needs("neither job nor kind", "E128", job("a", {})),
    *cases("B22", "E113", ("an unknown kind", "workload", [job("a"), job("b", {"jobId": "a", "type": "AFTER"})])),
    *cases(
        "B22",
        "E129",
        ("an array of one", "workload", [array("a", 1)]),
        ("an array of ten thousand and one", "workload", [array("a", 10_001)]),
        ("an array of nothing", "workload", [array("a", 0)]),
        ("an array of a fraction", "workload", [job("a", arrayProperties={"size": 2.5})]),
        ("an array of text", "workload", [job("a", arrayProperties={"size": "10"})]),
        ("an array of infinity", "workload", [job("a", arrayProperties={"size": Raw("1e999")})]),
    ),
]

GONE_KEYS = [
    *cases(
        "B07", "E111", ("no queue", f"{REQUEST}.jobQueue", GONE), ("no definition", f"{REQUEST}.jobDefinition", GONE)
    ),
]

CASES: list[Case] = [*UNKNOWN_KEYS, *ENVIRONMENTS, *NAMES, *DEPENDENCIES, *GONE_KEYS]
