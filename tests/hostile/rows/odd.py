"""Odd values that any field may be given, and the paths at which rows put them."""

from __future__ import annotations

import math
from typing import Any

from hostile.rows.case import Case, Raw, cases

CE = "computeEnvironments.0.computeResources"


CONTAINER = "jobDefinitions.0.containerProperties"


RETRY = "jobDefinitions.0.retryStrategy"


TASK = "jobDefinitions.1.containerProperties.resourceRequirements"


RUN = "workload.0.run"


AT = "workload.0.at"


POLICY = "schedulingPolicies.0.fairsharePolicy"


HUGE = "9" * 5000


ODD: tuple[tuple[str, Any], ...] = (
    ("nought", 0),
    ("minus one", -1),
    ("a fraction", 2.5),
    ("ten to the nine and one", 10**9 + 1),
    ("two to the sixty-four", 2**64),
    ("five thousand digits", Raw(HUGE)),
    ("minus five thousand digits", Raw("-" + HUGE)),
    ("ten to the 999", Raw("1e999")),
    ("ten to minus 999", Raw("1e-999")),
    ("not a number", math.nan),
    ("infinity", math.inf),
    ("minus infinity", -math.inf),
    ("minus nought", -0.0),
    ("true", True),
    ("yes", Raw("yes")),
    ("off", Raw("off")),
    ("null in a list", [None]),
    ("an empty list", []),
    ("an empty mapping", {}),
    ("empty text", ""),
    ("a blank", " "),
    ("a word", "many"),
    ("a date", Raw("2026-01-01")),
    ("base sixty", Raw("1:30")),
    ("underscores", Raw("1_000")),
    ("octal of YAML 1.1", Raw("0644")),
    ("binary", Raw("0b11")),
    ("Arabic digits", "٣"),
    ("full-width digits", "３"),
    ("a superscript", "²"),
    ("a number with a newline", "3\n"),
    ("a number after a blank", " 3"),
    ("a plus", Raw("+3")),
    ("comma decimal", "2,5"),
    ("a hundred thousand characters", "x" * 100_000),
    ("an escape", "\x1b[31m3"),
)
"""What may stand where a number belongs; which of them a field takes, its rows say."""


def odd(row: str, code: str, path: str, *fine: str, also: tuple[str, ...] = (), **common: Any) -> list[Case]:
    """Every odd value at a path, but those that are ``fine`` there."""
    name = path.rsplit(".", 1)[-1]
    chosen = [(what, value) for what, value in ODD if what not in fine]
    found = []
    for what, value in chosen:
        right = "E112" if isinstance(value, list | dict) and "shape" in also else code
        found += cases(row, right, (f"{name}: {what}", path, value), **common)
    return found
