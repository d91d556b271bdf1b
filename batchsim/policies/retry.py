"""Retry rules: whether a failed attempt goes back to RUNNABLE (API, RetryStrategy and EvaluateOnExit)."""

from __future__ import annotations

from typing import NamedTuple


class Rule(NamedTuple):
    """One ``evaluateOnExit`` entry; a condition that is None was not given."""

    retry: bool
    on_status_reason: str | None
    on_reason: str | None
    on_exit_code: str | None


def retries(rules: tuple[Rule, ...], tries_left: int, status_reason: str, reason: str, exit_code: int | None) -> bool:
    """Whether a failed attempt is retried: tries are left, and the first matching rule, if any, says RETRY.

    A failure that no rule matches is retried (API, RetryStrategy). An absent reason or exit code matches only ``*``.
    """
    if tries_left <= 0:
        return False
    code = "" if exit_code is None else str(exit_code)
    return next((rule.retry for rule in rules if _matches(rule, status_reason, reason, code)), True)


def _matches(rule: Rule, status_reason: str, reason: str, exit_code: str) -> bool:
    """All conditions that the rule gives must hold."""
    return (
        _like(rule.on_status_reason, status_reason)
        and _like(rule.on_reason, reason)
        and _like(rule.on_exit_code, exit_code)
    )


def _like(pattern: str | None, text: str) -> bool:
    """Only a trailing ``*`` is a wildcard; without it the whole text must match."""
    if pattern is None:
        return True
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern
