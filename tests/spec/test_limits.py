"""Numbers, choices and units of each field: bounds are AWS's, errors say them (B24-B48)."""

from __future__ import annotations

import math

import pytest

from batchsim.spec import to_data
from tests.spec.documents import FARGATE, codes, entry, only, small, sound

CONTAINER = "jobDefinitions__0__containerProperties"
RESOURCES = "computeEnvironments__0__computeResources"


def asked(kind: str, value: object) -> dict[str, object]:
    return {f"{CONTAINER}__resourceRequirements": [{"type": kind, "value": value}]}


@pytest.mark.parametrize(
    "change",
    [
        {f"{CONTAINER}__vcpus": 0},
        {f"{CONTAINER}__vcpus": -1},
        {f"{CONTAINER}__vcpus": 0.3},
        {f"{CONTAINER}__vcpus": 10**9},
        asked("VCPU", "0.3"),
        asked("VCPU", "0"),
        asked("VCPU", "many"),
        asked("VCPU", "1e3"),
        asked("VCPU", "1000000000"),
        asked("GPU", "0"),
        asked("GPU", "0.5"),
    ],
)
def test_vcpus_and_gpus_are_whole_and_at_least_one_on_ec2(change: dict[str, object]) -> None:
    assert codes(**change) == ["E130"]


@pytest.mark.parametrize("change", [{f"{CONTAINER}__memory": 3}, {f"{CONTAINER}__memory": -1}, asked("MEMORY", "3")])
def test_memory_is_at_least_4_mib(change: dict[str, object]) -> None:
    problem = only(**change)
    assert problem.code == "E131"
    assert "4" in problem.allowed


def test_memory_with_a_unit_is_shown_in_mib() -> None:
    problem = only(jobDefinitions__0__containerProperties__memory="4GB")
    assert (problem.code, problem.hint) == ("E146", "4GB = 3814 MiB: write the number alone")


def test_a_job_needs_vcpus_memory_and_an_image() -> None:
    assert codes(**{f"{CONTAINER}__vcpus": None}) == ["E111"]
    assert codes(**{f"{CONTAINER}__memory": None}) == ["E111"]
    assert codes(**{f"{CONTAINER}__image": None}) == ["E111"]


@pytest.mark.parametrize("attempts", [0, 11, -1, 2.5, "3", True])
def test_attempts_are_one_to_ten(attempts: object) -> None:
    problem = only(jobDefinitions__0__retryStrategy={"attempts": attempts})
    assert (problem.code, problem.allowed) == ("E134", "a whole number 1-10")


def test_rules_need_attempts_and_are_at_most_five() -> None:
    rule = {"onReason": "*", "action": "exit"}
    assert codes(jobDefinitions__0__retryStrategy={"evaluateOnExit": [rule]}) == ["E135"]
    assert codes(workload__0__submit__retryStrategy={"attempts": 2, "evaluateOnExit": [rule] * 6}) == ["E135"]
    sound(jobDefinitions__0__retryStrategy={"attempts": 2, "evaluateOnExit": [rule] * 5})


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"action": "RETRY", "onStatusReason": "Host EC2 (instance*"}, "E136"),
        ({"action": "RETRY", "onReason": "*Error"}, "E136"),
        ({"action": "RETRY", "onExitCode": "1a"}, "E136"),
        ({"action": "RETRY", "onReason": "x" * 513}, "E136"),
        ({"action": "STOP"}, "E113"),
        ({}, "E111"),
    ],
)
def test_a_wrong_rule_is_refused(rule: dict[str, str], code: str) -> None:
    assert codes(jobDefinitions__0__retryStrategy={"attempts": 2, "evaluateOnExit": [rule]}) == [code]


def test_the_case_of_an_action_does_not_matter() -> None:
    rules = [{"action": "retry", "onStatusReason": "Host EC2*"}, {"action": "Exit", "onExitCode": "1*"}]
    strategy = sound(jobDefinitions__0__retryStrategy={"attempts": 2, "evaluateOnExit": rules}).jobDefinitions[0]
    assert [rule.action for rule in strategy.retryStrategy.evaluateOnExit] == ["RETRY", "EXIT"]  # type: ignore[union-attr]


@pytest.mark.parametrize("seconds", [59, 0, -60])
def test_a_timeout_is_at_least_sixty_seconds(seconds: int) -> None:
    problem = only(jobDefinitions__0__timeout={"attemptDurationSeconds": seconds})
    assert (problem.code, problem.allowed) == ("E138", "a whole number of at least 60")


@pytest.mark.parametrize("size", [0, 1, 10_001, -5])
def test_an_array_has_two_to_ten_thousand_children(size: int) -> None:
    assert codes(workload=[entry("a", size=size)]) == ["E129"]


def test_limits_of_the_service_fall_where_the_world_says_so() -> None:
    workload = [entry("a", size=20_000)]
    relaxed = {"strict_limits": False}
    retry = {"attempts": 50}
    sound(workload=workload, world=relaxed, jobDefinitions__0__retryStrategy=retry)
    assert sorted(codes(workload=workload, jobDefinitions__0__retryStrategy=retry)) == ["E129", "E134"]


@pytest.mark.parametrize(
    "change",
    [
        {f"{RESOURCES}__minvCpus": 300},
        {f"{RESOURCES}__maxvCpus": 0},
        {f"{RESOURCES}__desiredvCpus": 300},
        {f"{RESOURCES}__minvCpus": 8, f"{RESOURCES}__desiredvCpus": 4},
        {f"{RESOURCES}__maxvCpus": 2.5},
    ],
)
def test_bounds_of_vcpus_are_in_order(change: dict[str, object]) -> None:
    assert codes(**change) == ["E137"]


@pytest.mark.parametrize(
    ("kind", "strategy"),
    [
        ("EC2", "SPOT_CAPACITY_OPTIMIZED"),
        ("EC2", "SPOT_PRICE_CAPACITY_OPTIMIZED"),
        ("SPOT", "BEST_FIT_PROGRESSIVE_ORDERED"),
        ("SPOT", "BEST_FITT"),
        ("SPOT", "best_fit"),
        ("EC2", "cheapest"),
        ("EC2", "CHEAPEST-PER-VCPU"),
        ("EC2", 7),
    ],
)
def test_a_strategy_goes_with_its_purchase_option(kind: str, strategy: object) -> None:
    change = {f"{RESOURCES}__type": kind, f"{RESOURCES}__allocationStrategy": strategy}
    assert codes(**change) in (["E141"], ["E112"])


@pytest.mark.parametrize("kind", ["EC2", "SPOT"])
def test_a_strategy_of_ones_own_is_a_name_until_the_run_asks_for_its_function(kind: str) -> None:
    made = sound(**{f"{RESOURCES}__type": kind, f"{RESOURCES}__allocationStrategy": "SPOT_AND_CHEAP_2"})
    assert made.computeEnvironments[0].computeResources.allocationStrategy == "SPOT_AND_CHEAP_2"


def test_instances_need_their_types_and_maxvcpus() -> None:
    assert codes(**{f"{RESOURCES}__instanceTypes": []}) == ["E111"]
    assert codes(**{f"{RESOURCES}__maxvCpus": None}) == ["E111"]
    assert codes(computeEnvironments__0__computeResources=None) == ["E111"]


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [("instanceTypes", ["m5.large"], "E117"), ("minvCpus", 4, "E117"), ("allocationStrategy", "BEST_FIT", "E141")],
)
def test_fargate_has_no_instances_to_choose(key: str, value: object, code: str) -> None:
    wrong = {**FARGATE, "computeResources": {**FARGATE["computeResources"], key: value}}
    assert codes(computeEnvironments=[*small()["computeEnvironments"], wrong]) == [code]


@pytest.mark.parametrize("minutes", [5, 19, 10_081])
def test_a_scale_down_delay_is_zero_or_twenty_minutes_to_a_week(minutes: int) -> None:
    assert codes(**{f"{RESOURCES}__scalingPolicy": {"minScaleDownDelayMinutes": minutes}}) == ["E114"]


@pytest.mark.parametrize(
    ("run", "code", "end"),
    [
        ({"lognormal": {"mean": "0s", "cv": 1}}, "E142", ("lognormal", "mean")),
        ({"lognormal": {"mean": "5m", "cv": -1}}, "E142", ("lognormal", "cv")),
        ({"lognormal": {"mean": "5m", "cv": math.nan}}, "E142", ("lognormal", "cv")),
        ({"lognormal": {"median": "5m", "sigma": math.inf}}, "E142", ("lognormal", "sigma")),
        ({"lognormal": {"p50": "5m", "p95": "4m"}}, "E142", ("lognormal", "p50")),
        ({"lognormal": {"mean": "5m"}}, "E142", ("lognormal",)),
        ({"lognormal": {"mean": "5m", "sigma": 1}}, "E142", ("lognormal",)),
        ({"lognormal": {"mean": "5m", "sd": 1}}, "E106", ("lognormal", "sd")),
        ({"uniform": {"min": "5m", "max": "1m"}}, "E142", ("uniform", "min")),
        ({"uniform": {"min": "-5m", "max": "1m"}}, "E142", ("uniform", "min")),
        ({"exponential": {"mean": 60}}, "E146", ("exponential", "mean")),
        ({"exponential": "5m"}, "E142", ("exponential",)),
        ({"lognormall": {"mean": "5m", "cv": 1}}, "E106", ("lognormall",)),
        ({"exponential": {"mean": "5m"}, "uniform": {"min": "1s", "max": "2s"}}, "E142", ()),
        ({"script": []}, "E112", ("script",)),
        ({"scripts": []}, "E112", ("scripts",)),
        ({"scripts": ["5m", []]}, "E112", ("scripts", 1)),
        ({"scripts": ["5m", [{"run": "5m", "exit": 256}]]}, "E114", ("scripts", 1, 0, "exit")),
        ({"script": [{"run": "5m"}, {"exit": 1}]}, "E111", ("script", 1, "run")),
        ({"script": [{"run": "5m", "exit": 256}]}, "E114", ("script", 0, "exit")),
        ({}, "E106", ()),
        ("5 m", "E146", ()),
        (300, "E146", ()),
    ],
)
def test_a_wrong_run_is_found_at_its_key(run: object, code: str, end: tuple[str | int, ...]) -> None:
    problem = only(workload__0__run=run)
    assert (problem.code, problem.path) == (code if run else "E111", ("workload", 0, "run", *end))


def test_two_wrong_parameters_of_one_law_are_both_found() -> None:
    assert codes(workload__0__run={"lognormal": {"mean": 5, "cv": -1}}) == ["E146", "E142"]


@pytest.mark.parametrize(
    ("at", "code"),
    [
        ({"poisson": "20/min"}, "E118"),
        ("cron(0 2 * * ? *)", "E118"),
        ("cron(0 2 * * ?)", "E115"),
        ({"poisson": "0/s", "for": "8h"}, "E142"),
        ({"poisson": 20, "for": "8h"}, "E146"),
        ({"poisson": "20/min", "for": "0s"}, "E149"),
        ({"poison": "20/min", "for": "8h"}, "E106"),
        ({"rates_by_hour": [1] * 24}, "E118"),
        ({"rates_by_hour": [1] * 24, "for": "0s"}, "E149"),
        ({"rates_by_hour": [1] * 23, "for": "1d"}, "E142"),
        ({"rates_by_hour": [0] * 24, "for": "1d"}, "E142"),
        ({"rates_by_hour": [1] * 23 + [-1], "for": "1d"}, "E142"),
        ({"rates_by_hour": [1] * 23 + ["9/hour"], "for": "1d"}, "E146"),
        ({"rates_by_hour": 5, "for": "1d"}, "E112"),
        ({"rates_by_hours": [1] * 24, "for": "1d"}, "E106"),
        ({"rate": "50/s"}, "E111"),
        ({"after": "nobody"}, "E126"),
        ({"trace": "f.csv", "columns": {"run_time": "t"}}, "E111"),
        ({"trace": "f.csv", "columns": {"submission": "t", "runtime": "r"}}, "E106"),
        (90, "E146"),
        ({}, "E111"),
    ],
)
def test_a_wrong_at_is_found(at: object, code: str) -> None:
    assert codes(workload__0__at=at)[0] == code


def test_an_endless_process_may_end_with_the_run() -> None:
    ended = sound(workload__0__at="cron(0 2 * * ? *)", simulation={"until": "3d"})
    limited = sound(workload__0__at={"cron": "0 2 * * ? *", "for": "3d"})
    assert [each.workload[0].at.for_ms for each in (ended, limited)] == [None, 3 * 86_400_000]
    assert ended.workload[0].at.expression == limited.workload[0].at.expression == "0 2 * * ? *"


@pytest.mark.parametrize("probability", [-0.1, 1.1, math.nan, "half"])
def test_a_probability_is_between_zero_and_one(probability: object) -> None:
    assert codes(workload__0__fails=[{"probability": probability}]) == ["E144"]


@pytest.mark.parametrize("seed", [-1, 1.5, 2**200, "x", True])
def test_a_seed_is_an_integer_of_128_bits(seed: object) -> None:
    assert codes(simulation={"seed": seed}) == ["E152"]


def test_the_greatest_seed_is_taken() -> None:
    assert sound(simulation={"seed": 2**128 - 1}).simulation.seed == 2**128 - 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"simulation": {"start": "yesterday"}}, "E115"),
        ({"simulation": {"time_zone": "Mars/Olympus"}}, "E115"),
        ({"simulation": {"time_zone": "../../etc/passwd"}}, "E115"),
        ({"simulation": {"until": "never"}}, "E146"),
        ({"simulation": {"max_time": 30}}, "E146"),
        ({"world": {"gp3_gb_month": "free"}}, "E148"),
        ({"world": {"instanceTypes": {"my.large": {"price": "$0,096/h"}}}}, "E148"),
        ({"world": {"instanceTypes": {"my.large": {"memory": "4GB"}}}}, "E146"),
        ({"world": {"scheduler_cycle": 1}}, "E146"),
        ({"world": {"spot_depth": -1}}, "E114"),
        ({"world": {"first_hour_free": "no"}}, "E112"),
        ({"world": {"scheduler_cycl": "1s"}}, "E106"),
        ({"world": []}, "E112"),
        ({"workload": {}}, "E112"),
        ({"workload": ["a"]}, "E112"),
        ({"workload__0__id": "a b"}, "E170"),
        ({"workload__0__id": "x" * 129}, "E170"),
        ({"workload__0__id": "=cmd()"}, "E170"),
        ({"datasets": [{"name": "..", "size": "1TB", "partitions": 4, "throughput": "1MB/s"}]}, "E170"),
        ({"jobQueues__0__state": "ON"}, "E113"),
        ({"schedulingPolicies": [{"name": "p", "fairsharePolicy": {"computeReservation": 100}}]}, "E139"),
        ({"schedulingPolicies": [{"name": "p", "fairsharePolicy": {"shareDecaySeconds": 604_801}}]}, "E139"),
        ({"workload": [{"workflow": []}]}, "E111"),
        ({"workload": [{"workflow": [entry("a", at="5m")]}]}, "E117"),
        ({"workload__0__run": {"trace": "run_time"}}, "E117"),
    ],
)
def test_other_wrong_values_have_their_codes(change: dict[str, object], code: str) -> None:
    assert codes(**change) == [code]


@pytest.mark.parametrize(
    "world", [{"spot_hazard": 0}, {"root_gb": 0}, {"warm_start": "0s"}, {"spot_depth": "unlimited"}]
)
def test_every_charge_hazard_and_delay_may_be_nothing(world: dict[str, object]) -> None:
    written = to_data(sound(world=world))["world"]
    assert world.items() <= written.items()


def test_a_multi_node_definition_is_refused_only_where_a_job_uses_it() -> None:
    nodes = {"jobDefinitionName": "mpi", "type": "multinode", "nodeProperties": {"numNodes": 4, "mainNode": 0}}
    definitions = [*small()["jobDefinitions"], nodes]
    sound(jobDefinitions=definitions)
    assert codes(jobDefinitions=definitions, workload__0__submit__jobDefinition="mpi") == ["E116"]


@pytest.mark.parametrize(
    ("holds", "code"),
    [({}, "E111"), ({"ecsProperties": {"taskProperties": []}}, "E116"), ({"eksProperties": {}}, "E116")],
)
def test_a_job_needs_a_definition_with_one_container(holds: dict[str, object], code: str) -> None:
    definitions = [*small()["jobDefinitions"], {"jobDefinitionName": "other", "type": "container", **holds}]
    sound(jobDefinitions=definitions)
    assert codes(jobDefinitions=definitions, workload__0__submit__jobDefinition="other") == [code]
