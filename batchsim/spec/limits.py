"""Rates, quotas and windows of ``world`` that hold capacity back, each with its file form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any

from pydantic import Field

from batchsim import units
from batchsim.spec.base import MAX_INT, FileForm, Model, check_number, check_whole, flawed
from batchsim.spec.kinds import RATE_PATTERN, DurationMs, PositiveMs, with_unit
from batchsim.spec.near import did_you_mean

UNLIMITED = "unlimited"
NEW_ACCOUNT_VCPUS = 6
"""Fargate's vCPU quota of a new account (API ResourceRequirement)."""
MAX_DAYS = 3_650


@dataclass(frozen=True, slots=True)
class FargateQuota:
    """vCPUs that all Fargate tasks of an account may have at once, by purchase option; None: unlimited."""

    on_demand: int | None = None
    spot: int | None = None

    def __str__(self) -> str:
        shown = show_quota(self)
        return ", ".join(f"{key} {value}" for key, value in shown.items()) if isinstance(shown, dict) else str(shown)


_OPTIONS = ("on_demand", "spot")
_ALLOWED = "unlimited, new_account, a number of vCPUs, {on_demand: ..., spot: ...}"


def _parse_quota(value: object) -> FargateQuota:
    """One value for both purchase options (ECS has a quota for each), or each its own."""
    if isinstance(value, FargateQuota):
        return value
    if not isinstance(value, Mapping):
        return FargateQuota(_parse_vcpus(value), _parse_vcpus(value))
    for key in value:
        if key not in _OPTIONS:
            hint = did_you_mean(str(key), _OPTIONS)
            raise flawed("E106", "unknown purchase option", key, path=(key,), allowed=", ".join(_OPTIONS), hint=hint)
    return FargateQuota(**{key: _parse_vcpus(vcpus, key) for key, vcpus in value.items()})


def _parse_vcpus(value: object, *path: str) -> int | None:
    if value == UNLIMITED:
        return None
    if value == "new_account":
        return NEW_ACCOUNT_VCPUS
    if isinstance(value, str | Mapping):
        raise flawed("E113", "not a quota", value, path=path, allowed=_ALLOWED)
    return check_whole(value, "E114", 1, MAX_INT, "unlimited, new_account, or vCPUs:")


def show_quota(quota: FargateQuota) -> Any:
    """The file form of a quota: the inverse of what reads it."""
    by_option = {key: getattr(quota, key) or UNLIMITED for key in _OPTIONS}
    return by_option["spot"] if len(set(by_option.values())) == 1 else by_option


_VCPUS_SCHEMA = {"anyOf": [{"enum": [UNLIMITED, "new_account"]}, {"type": "integer", "minimum": 1}]}
_QUOTA_SCHEMA = {
    "anyOf": [
        *_VCPUS_SCHEMA["anyOf"],
        {"type": "object", "properties": dict.fromkeys(_OPTIONS, _VCPUS_SCHEMA), "additionalProperties": False},
    ]
}
Quota = Annotated[FargateQuota, FileForm(_parse_quota, _QUOTA_SCHEMA, show_quota)]


def _parse_rate(value: object) -> Fraction | None:
    if value is None or value == UNLIMITED:
        return None
    return with_unit(units.parse_rate_per_s)(value)


def _show_rate(rate_per_s: Fraction | None) -> str:
    return UNLIMITED if rate_per_s is None else units.format_rate(rate_per_s)


_RATE_SCHEMA = {
    "anyOf": [
        {"const": UNLIMITED},
        {"type": "string", "pattern": RATE_PATTERN, "examples": ["50/s"]},
        {"const": 0},
    ]
}
DispatchRate = Annotated[Fraction | None, FileForm(_parse_rate, _RATE_SCHEMA, _show_rate)]
"""Events a second, or None: unlimited."""


def _parse_days(value: object) -> float:
    """Days; 0, or ``none``, is no limit at all."""
    return 0.0 if value == "none" else check_number(value, "E114", 0, MAX_DAYS)


def _show_days(days: float) -> int | float:
    return int(days) if days == int(days) else days


_DAYS_SCHEMA = {"anyOf": [{"const": "none"}, {"type": "number", "minimum": 0, "maximum": MAX_DAYS}]}
Days = Annotated[float, FileForm(_parse_days, _DAYS_SCHEMA, _show_days)]


class Window(Model):
    """A stretch of time, from an instant on: ``{from: 1h, for: 30m}``."""

    from_ms: DurationMs = Field(alias="from")
    for_ms: PositiveMs = Field(alias="for")

    def __str__(self) -> str:
        return f"{units.format_duration(self.for_ms)} from {units.format_duration(self.from_ms)}"
