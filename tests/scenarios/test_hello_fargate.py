"""One busybox container on Fargate."""

from __future__ import annotations

import pytest
from scenarios.conftest import FOLDER, Shipped

import batchsim
from batchsim import Result


@pytest.fixture
def hello(shipped: Shipped) -> Result:
    return shipped("hello_fargate")


def test_it_has_the_names_of_the_tutorial() -> None:
    scenario = batchsim.load(FOLDER / "hello_fargate.yaml")
    assert scenario.computeEnvironments[0].computeEnvironmentName == "first-fargate-ce"
    assert (scenario.jobQueues[0].jobQueueName, scenario.jobQueues[0].priority) == ("first-fargate-queue", 900)


def test_one_container_runs_without_an_instance(hello: Result) -> None:
    assert hello.jobs.state.tolist() == ["SUCCEEDED"]
    assert hello.instances.empty


def test_it_starts_in_well_under_two_minutes(hello: Result) -> None:
    assert 5 < hello.jobs.start_up_s[0] < 120


def test_a_minute_is_billed_for_a_second_of_work(hello: Result) -> None:
    vcpu, gib = 0.25 * 0.04048 / 60, 0.5 * 0.004445 / 60  # a minute of each at its price an hour
    assert hello.attempts.billed_s.tolist() == [60]
    assert hello.summary()["cost"]["total_usd"] == pytest.approx(vcpu + gib, abs=2e-9)
    assert hello.summary()["cost"]["by_cause"]["minimum_charge"] > 0.9 * (vcpu + gib)
