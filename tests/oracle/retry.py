"""Whether a failed attempt is tried again (API RetryStrategy and EvaluateOnExit)."""

from __future__ import annotations

from oracle.plain import Attempt


def tried_again(attempt: Attempt, status_reason: str, reason: str | None) -> bool:
    """The first rule that matches decides; if none does, the job is retried; while attempts remain."""
    job = attempt.job
    if attempt.number >= job.attempts_allowed:
        return False
    code = None if attempt.exit_code is None else str(attempt.exit_code)
    found = {"onStatusReason": status_reason, "onReason": reason, "onExitCode": code}
    for rule in job.rules:
        patterns = {key: rule[key] for key in found if key in rule}
        if all(matches(pattern, found[key]) for key, pattern in patterns.items()):
            return rule["action"].upper() == "RETRY"
    return True


def matches(pattern: str, text: str | None) -> bool:
    """Only a trailing star is a wildcard; what is not there matches a star alone."""
    if pattern == "*":
        return True
    if text is None:
        return False
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern
