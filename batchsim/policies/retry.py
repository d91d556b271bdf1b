"""Retry rules: whether a failed attempt goes back to RUNNABLE (API, RetryStrategy and EvaluateOnExit)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple


class Rule(NamedTuple):
    """One ``evaluateOnExit`` entry; a condition that is None was not given."""

    retry: bool
    on_status_reason: str | None
    on_reason: str | None
    on_exit_code: str | None
    needs_exit_code: bool = False
    """Whether a condition on the exit code fails where there was none, even ``*``."""


class EndedAttempt(NamedTuple):
    """An attempt that did not succeed, of a job that has attempts left."""

    attempt: int
    """Its number, from 1."""
    tries_left: int
    """Attempts that the retry strategy still allows; at least 1."""
    outcome: Literal["failed", "start_failed", "reclaimed"]
    """By its own exit, in STARTING, or with its Spot instance or task. AWS retries nothing else."""
    status_reason: str
    """AWS's ``statusReason``: what ``onStatusReason`` matches."""
    reason: str
    """The container's reason, or empty: what ``onReason`` matches."""
    exit_code: int | None
    """The container's exit code; None where it had none."""
    rules: tuple[Rule, ...]
    """``evaluateOnExit``."""


Retry = Callable[[EndedAttempt], bool]
"""Given an attempt that failed: whether the job is to try again."""


def evaluate_on_exit(ended: EndedAttempt) -> bool:
    """Whether the first rule that matches says RETRY; a failure that no rule matches is retried (API, RetryStrategy).

    An absent reason or exit code matches only ``*``.
    """
    code = "" if ended.exit_code is None else str(ended.exit_code)
    return next((rule.retry for rule in ended.rules if _matches(rule, ended, code)), True)


def _matches(rule: Rule, ended: EndedAttempt, exit_code: str) -> bool:
    """All conditions that the rule gives must hold."""
    return (
        _like(rule.on_status_reason, ended.status_reason)
        and _like(rule.on_reason, ended.reason)
        and _like(rule.on_exit_code, exit_code)
        and (bool(exit_code) or not rule.needs_exit_code)
    )


def _like(pattern: str | None, text: str) -> bool:
    """Only a trailing ``*`` is a wildcard; without it the whole text must match."""
    if pattern is None:
        return True
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern
