"""Retry rules: thirty matches of evaluateOnExit (validation A17), then what a list of rules decides."""

from __future__ import annotations

import pytest

from batchsim.policies.retry import EndedAttempt, Rule, evaluate_on_exit

EXITED, SPOT, FAILED_TO_START = (
    "Essential container in task exited",
    "Host EC2 (instance i-0123456789abcdef0) terminated.",
    "Task failed to start",
)
OOM, PULL = "OutOfMemoryError: Container killed due to memory usage", "CannotPullContainerError: no such image"

MATCHES = [
    # onStatusReason, onReason, onExitCode | statusReason, container.reason, exit code | does the rule match?
    ("Host EC2*", None, None, SPOT, "", None, True),
    ("Host EC2*", None, None, EXITED, "", 1, False),
    ("host ec2*", None, None, SPOT, "", None, False),
    ("Host EC2", None, None, SPOT, "", None, False),
    ("Host EC2 (instance i-0123456789abcdef0) terminated.", None, None, SPOT, "", None, True),
    ("*terminated.", None, None, SPOT, "", None, False),
    ("Host * terminated.", None, None, SPOT, "", None, False),
    ("Task failed to start", None, None, FAILED_TO_START, PULL, None, True),
    ("Task failed to start ", None, None, FAILED_TO_START, PULL, None, False),
    ("Task failed to start*", None, None, FAILED_TO_START, "", None, True),
    ("*", None, None, SPOT, "", None, True),
    ("*", None, None, "", "", None, True),
    (None, "CannotPull*", None, FAILED_TO_START, PULL, None, True),
    (None, "CannotPull*", None, EXITED, OOM, 137, False),
    (None, "OutOfMemoryError*", None, EXITED, OOM, 137, True),
    (None, "OutOfMemory", None, EXITED, OOM, 137, False),
    (None, "*", None, EXITED, "", 1, True),
    (None, "*", None, EXITED, OOM, 137, True),
    (None, "a*", None, EXITED, "", 1, False),
    (None, None, "1", EXITED, "", 1, True),
    (None, None, "1", EXITED, "", 137, False),
    (None, None, "1*", EXITED, "", 137, True),
    (None, None, "137", EXITED, OOM, 137, True),
    (None, None, "37", EXITED, OOM, 137, False),
    (None, None, "0", EXITED, "", 0, True),
    (None, None, "1", SPOT, "", None, False),
    (None, None, "*", SPOT, "", None, True),
    ("Essential*", None, "137", EXITED, OOM, 137, True),
    ("Essential*", None, "1", EXITED, OOM, 137, False),
    ("Essential*", "OutOfMemory*", "13*", EXITED, OOM, 137, True),
    ("Host EC2*", "OutOfMemory*", "137", EXITED, OOM, 137, False),
    (None, None, None, EXITED, "", 1, True),
]  # fmt: skip

STOP_AT_OWN_FAULT = (Rule(True, "Host EC2*", None, None), Rule(False, None, "*", None))
"""AWS's advice for Spot (User Guide, best practices): retry a lost host, and nothing else."""


def retries(rules: tuple[Rule, ...], status: str, reason: str, code: int | None) -> bool:
    return evaluate_on_exit(EndedAttempt(1, 1, "failed", status, reason, code, rules))


@pytest.mark.parametrize(("on_status", "on_reason", "on_code", "status", "reason", "code", "matches"), MATCHES)
@pytest.mark.parametrize("action", [True, False], ids=["RETRY", "EXIT"])
def test_a_rule_matches_when_all_that_it_gives_holds(
    action: bool,
    on_status: str | None,
    on_reason: str | None,
    on_code: str | None,
    status: str,
    reason: str,
    code: int | None,
    matches: bool,
) -> None:
    rules = (Rule(action, on_status, on_reason, on_code), Rule(not action, None, None, None))
    assert retries(rules, status, reason, code) is (action if matches else not action)


def test_without_rules_every_failure_is_retried() -> None:
    assert retries((), EXITED, "", 1)


def test_what_no_rule_matches_is_retried() -> None:
    assert retries((Rule(False, None, None, "1"),), EXITED, "", 2)


def test_the_first_rule_that_matches_decides() -> None:
    assert not retries((Rule(False, None, None, "1"), Rule(True, None, None, "1")), EXITED, "", 1)
    assert retries((Rule(True, None, None, "1"), Rule(False, None, None, "*")), EXITED, "", 1)


def test_awss_advice_retries_spot_losses_only() -> None:
    assert retries(STOP_AT_OWN_FAULT, SPOT, "", None)
    assert not retries(STOP_AT_OWN_FAULT, EXITED, "", 1)
    assert not retries(STOP_AT_OWN_FAULT, FAILED_TO_START, PULL, None)
