"""What hardly anybody gets wrong, told as clearly as the rest: (what is changed, code, path, words)."""

from __future__ import annotations

from typing import Any

import pytest

from batchsim.spec import parse
from tests.spec.documents import FARGATE, IMAGE_JOB, entry, problems, small

TRACE = {"trace": "jobs.csv", "columns": {"submission": "at"}}
NIGHT = {"name": "logs", "size": "1GB", "partitions": 2, "throughput": "80MB/s"}


def fault(kind: str, **keys: Any) -> dict[str, Any]:
    return {"faults": [{"kind": kind, **keys}]}


CASES: list[tuple[dict[str, Any], str, str]] = [
    (
        {"workload": [{"workflow": [entry("a", at="1h")], "at": "0s"}]},
        "E117",
        "workload[0].workflow[0].at: entries of a workflow have no at of their own",
    ),
    (
        {"workload": [{"workflow": [entry("a")], "at": TRACE}]},
        "E117",
        "workload[0].at.trace: a trace goes with an entry, not with a workflow",
    ),
    ({"workload": [{"workflow": []}]}, "E111", "workload[0].workflow: a workflow needs entries"),
    ({"workload": [entry("a", at=TRACE, count=3)]}, "E117", "workload[0].count: count does not go with a trace"),
    (
        {"workload": [entry("a", {"trace": "ran"}, at="0s")]},
        "E117",
        "workload[0].run: only an entry whose at is a trace",
    ),
    (
        {"workload": [entry("a", {"trace": "run_time"}, at=TRACE)]},
        "E111",
        "workload[0].run: the trace has no column of run times. Add run_time to columns, or start and end",
    ),
    (
        {"workload": [entry("a", {"trace": "submission"}, at=TRACE)]},
        "E113",
        "workload[0].run.trace: not a column of run times (got submission); allowed: run_time",
    ),
    ({"workload": [entry("a", at={"rate": "5/s"})]}, "E111", "workload[0]: a rate needs a count"),
    (
        {"workload": [entry("a", at={"trace": "jobs.csv", "columns": ["at"]})]},
        "E112",
        "workload[0].at.columns: not a mapping",
    ),
    (
        {"workload": [entry("a", at={"trace": "jobs.csv", "where": ["at"]})]},
        "E112",
        "workload[0].at.where: not a mapping",
    ),
    (
        {"workload": [entry("a", at={"trace": "jobs.csv", "where": {"user": [{"x": 1}, "b"]}})]},
        "E112",
        "workload[0].at.where.user[0]: not text",
    ),
    ({"datasets": [NIGHT | {"skew": "even"}]}, "E142", "datasets[0].skew: not a skew"),
    (
        {"datasets": [NIGHT | {"skew": {"lognormal": {"cv": 1, "mean": 2}}}]},
        "E142",
        "datasets[0].skew.lognormal: a skew needs cv, and only cv",
    ),
    ({"simulation": {"start": "0001-01-01T00:00:00Z"}}, "E115", "simulation.start: out of range"),
    ({"actions": [{"at": "1h", "set": "spot.maxvCpus", "to": [1]}]}, "E112", "actions[0].to: not a number or text"),
    (
        {"actions": [{"at": "1h", "set": "spot.maxvCpus", "to": 5, "reason": "r"}]},
        "E117",
        "actions[0].reason: a reason goes with cancel or terminate",
    ),
    ({"world": {"ec2_vcpu_quota": [1]}}, "E112", "world.ec2_vcpu_quota: not a mapping"),
    ({"world": {"root_gb": 0.12345}}, "E148", "world.root_gb: finer than a thousandth of a GB"),
    (
        {"computeEnvironments": [FARGATE], "world": {"fleets": {"fargate": [{"type": "m5.large", "count": 1}]}}},
        "E117",
        "world.fleets.fargate: no fleet can stand on Fargate",
    ),
    (
        {"workload": [entry("a", {"empirical": {"values": ["1m", "2m"], "weights": "1, 2"}})]},
        "E112",
        "workload[0].run.empirical.weights: not a list",
    ),
    (
        {"datasets": [NIGHT | {"partitions": 10_001}], "workload": [entry("a", {"dataset": "logs"}, size=None)]},
        "E129",
        "workload[0].submit.arrayProperties: the data set has too many partitions",
    ),
    ({"jobDefinitions__0__containerProperties__memory": "9QB"}, "E131", "memory: not a whole number (got 9QB)"),
    (
        {"workload": [{"workflow": [entry("a")], "count": 2}, entry("b", after=[{"jobId": "a"}])]},
        "E126",
        "workload[1].submit.dependsOn[0].jobId: the entry is submitted more than once (got a)",
    ),
    (
        {"workload": [entry("b", after=[{"jobId": "x"}]), *(entry(a, at={"after": b}) for a, b in ("xy", "yx"))]},
        "E125",
        "workload[2].at.after: dependency cycle x → y → x",
    ),
    ({"jobDefinitions": [IMAGE_JOB, {}]}, "E111", "jobDefinitions[1].jobDefinitionName: missing key"),
    ({"jobDefinitions": [IMAGE_JOB, "x"]}, "E112", "jobDefinitions[1]: not a mapping (got x)"),
    (fault("exit_code", code=1, probability=1, select={"queue": "wrk"}), "E122", "Did you mean work?"),
    (
        fault("exit_code", code=1, probability=1, select={"definition": "video*"}),
        "E122",
        "faults[0].select.definition: no job definition has such a name (got video*)",
    ),
    (fault("poison_job", select={"job": "imges"}), "E126", "faults[0].select.job: no entry has such an id (got imges)"),
    (fault("image_pull"), "E111", "image_pull needs at least one of these; allowed: probability, extra_delay"),
    (fault("scheduler_stall", window=["1h", "2h"]), "E106", "faults[0].window: unknown key (got window). Write at:"),
    (
        fault("instance_failure", mtbf="10ms"),
        "E149",
        "faults[0].mtbf: takes less than a second (got 10ms); allowed: at least 1s",
    ),
]


@pytest.mark.parametrize(("change", "code", "words"), CASES, ids=[words for _, _, words in CASES])
def test_it_is_told_in_one_line(change: dict[str, Any], code: str, words: str) -> None:
    told = [str(each) for each in problems(small(**change)) if each.code == code]
    assert any(words in each for each in told), (told, [str(each) for each in problems(small(**change))])


def test_a_scenario_that_is_no_mapping_is_refused() -> None:
    assert [each.code for each in problems([])] == ["E104"]  # type: ignore[arg-type]


def test_a_parsed_scenario_can_be_changed_by_its_own_values() -> None:
    """What is parsed already is taken as it is: values of one scenario fit another."""
    data = small(
        datasets=[NIGHT | {"skew": {"lognormal": {"cv": 1}}}],
        workload=[entry("a", {"exponential": {"mean": "1m"}}, at={"poisson": "1/s", "for": "1h"})],
        world={"ec2_vcpu_quota": "new_account", "fargate_vcpu_quota": 8, "warm_start": {"exponential": {"mean": "5s"}}},
    )
    first = parse(data)
    data["datasets"][0]["skew"] = first.datasets[0].skew
    data["workload"][0] |= {"run": first.workload[0].run, "at": first.workload[0].at}
    data["world"] = {name: getattr(first.world, name) for name in data["world"]}
    assert parse(data) == first


def test_no_skew_is_even() -> None:
    even = parse(small(datasets=[NIGHT | {"skew": 0}]))
    assert even.datasets[0].skew is None


def test_a_policy_of_quota_shares_has_no_shares_to_look_into() -> None:
    quota = {"name": "q", "quotaSharePolicy": {"idleResourceAssignmentStrategy": "FIFO"}}
    assert parse(small(schedulingPolicies=[quota])).schedulingPolicies[0].fairsharePolicy is None
