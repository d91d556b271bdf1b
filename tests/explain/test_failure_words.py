"""What explain says of the shipped ways to fail and to hang: AWS's own codes and reasons, and what would help."""

from __future__ import annotations

from pathlib import Path

import pytest

import batchsim
from batchsim.analysis.explain.explanation import MOST_STEPS
from batchsim.result import Result

SCENARIO = Path(__file__).parents[2] / "scenarios" / "failure_patterns.yaml"


@pytest.fixture(scope="module")
def patterns() -> Result:
    return batchsim.run(batchsim.load(SCENARIO))


@pytest.mark.parametrize(
    "job", ["over-max-vcpus", "memory-cliff", "type-not-sold-here", "role-without-permission", "environment-invalid"]
)
def test_a_wait_of_which_aws_batch_told_has_the_code_that_it_gave(job: str, patterns: Result) -> None:
    told = patterns.blocked.set_index("job_id")["reason"]
    assert {step.reason for step in patterns.explain(job).steps if step.state == "RUNNABLE"} == {told[job]}


def test_whoever_never_started_is_helped_against_what_it_waited_for_longest(patterns: Result) -> None:
    assert "more instance types and zones" in patterns.explain("no-capacity").remedy
    assert "that EC2 sells in the zones" in patterns.explain("type-not-sold-here").remedy


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        ("out-of-memory", "OutOfMemoryError: Container killed due to memory usage"),
        ("timeout", "Job attempt duration exceeded timeout"),
        ("dependency-failed", "Dependent Job failed"),
    ],
)
def test_the_headline_of_a_failure_says_why(job: str, reason: str, patterns: Result) -> None:
    assert patterns.explain(job).headline.startswith(f"`{job}` FAILED ({reason}) ")


def test_of_many_intervals_the_middle_is_told_in_one_sentence(patterns: Result) -> None:
    found = patterns.explain("no-capacity")
    assert len(found.steps) > MOST_STEPS
    assert f"... {len(found.steps) - MOST_STEPS} more intervals" in str(found)
    assert len(found.as_dict()["steps"]) == len(found.steps)
