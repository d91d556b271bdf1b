"""The run itself, faults and timed actions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from batchsim import units
from batchsim.spec.base import FileForm, FlawsError, Model, check_text, check_whole, check_zone, flawed
from batchsim.spec.kinds import DURATION, DurationMs, Flag, PositiveMs, Text, Whole, whole, with_unit

MAX_SEED = 2**128 - 1
MAX_JOBS = 5_000_000
MAX_REASON = 1024
"""Characters of a reason (API CancelJob and TerminateJob, ``reason``)."""
_YEARS = range(1970, 2200)
"""Those that cron expressions know (EventBridge, "Cron-based schedules")."""


def _check_seed(value: object) -> int:
    return check_whole(value, "E152", 0, MAX_SEED)


def _check_start(value: object) -> str:
    text = check_text(value)
    try:
        year = datetime.fromisoformat(text).year
    except ValueError:
        raise flawed("E115", "not an ISO 8601 instant", value, allowed="2026-01-01T00:00:00Z") from None
    if year not in _YEARS:
        raise flawed("E115", "out of range", value, allowed=f"the years {_YEARS[0]} to {_YEARS[-1]}")
    return text


def _parse_until(value: object) -> int | str:
    if value == "drained":
        return "drained"
    try:
        return with_unit(units.parse_duration_ms)(value)
    except FlawsError as error:
        raise flawed("E146", error.flaws[0].message, value, allowed="drained, or a duration as 24h") from None


def _show_until(until: int | str) -> str:
    return until if isinstance(until, str) else units.format_duration(until)


def _check_to(value: object) -> int | float | str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise flawed("E112", "not a number or text", value)
    return value


def _check_reason(value: object, strict: bool) -> str:
    text = check_text(value)
    if strict and len(text) > MAX_REASON:
        raise flawed("E147", "the reason is too long", text, allowed=f"at most {MAX_REASON} characters")
    return text


Reason = Annotated[str, FileForm(_check_reason, {"type": "string"}, relaxable=True)]
"""Why a job is cancelled or terminated."""

Until = Annotated[
    int | Literal["drained"],
    FileForm(_parse_until, {"anyOf": [{"const": "drained"}, DURATION.schema]}, _show_until),
]


class SimulationSettings(Model):
    """When the run starts and ends, and its seed; without a seed the caller draws one and prints it."""

    start: Annotated[str, FileForm(_check_start, {"type": "string", "format": "date-time"})] = "2026-01-01T00:00:00Z"
    time_zone: Annotated[str, FileForm(check_zone, {"type": "string"})] = "UTC"
    seed: Annotated[int, FileForm(_check_seed, {"type": "integer", "minimum": 0, "maximum": MAX_SEED})] | None = None
    replication: Annotated[int, whole("E114", 0)] = 0
    """Which repetition of the seed: each has numbers of its own, the same for all scenarios that are compared."""
    until: Until = "drained"
    max_time_ms: DurationMs = Field(default=30 * units.DURATION_MS["d"], alias="max_time")
    max_jobs: Annotated[int, whole("E114", 1)] = MAX_JOBS
    """A workload of more jobs is refused before it fills the memory (E151)."""


class FaultTarget(Model):
    """What a fault strikes: of a reclaim the ``ordinal``-th instance launched in an environment, from 0.

    Else whatever fits all keys that are given; ``type`` may hold ``*``, as in ``c5.*``.
    """

    environment: Text | None = None
    ordinal: Whole | None = None
    type: Text | None = None
    zone: Text | None = None
    spot: Flag | None = None


class Fault(Model):
    """What goes wrong, and when.

    ``spot_reclaim``: EC2 takes one instance at one instant; ``replace``: an equal one is launched, and ready, at once.

    ``capacity``: from ``at`` on, ``for`` so long or to the end, EC2 has no more than ``capacity`` instances of all that
    ``select`` fits, On-Demand too; a launch beyond is a capacity error. Instances that are on stay.
    """

    kind: Literal["spot_reclaim", "capacity"]
    at_ms: DurationMs = Field(alias="at")
    for_ms: PositiveMs | None = Field(default=None, alias="for")
    select: FaultTarget = FaultTarget()
    capacity: Whole = 0
    replace: Flag = False

    @model_validator(mode="after")
    def _belongs_together(self) -> Fault:
        needs, foreign = _FAULT_KEYS[self.kind]
        for key in needs:
            if getattr(self.select, key) is None:
                raise flawed("E111", "missing key", path=("select", key))
        for key in foreign:
            holder: Model = self.select if key in FaultTarget.model_fields else self
            field = type(holder).model_fields[key]
            if getattr(holder, key) not in (None, field.default):
                path = ("select", key) if holder is self.select else (field.alias or key,)
                raise flawed(
                    "E117", f"{path[-1]} does not go with {self.kind}", path=path, hint=f"Leave {path[-1]} out"
                )
        return self


_FAULT_KEYS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "spot_reclaim": (("environment", "ordinal"), ("for_ms", "capacity", "type", "zone", "spot")),
    "capacity": ((), ("ordinal", "replace")),
}
"""By kind of fault: what its target must say, and what does not go with it."""


class Action(Model):
    """A timed change: exactly one of ``cancel``, ``terminate`` (a job's id) and ``set`` (a path) with ``to``.

    ``reason`` becomes the statusReason of the jobs that are cancelled or terminated.
    """

    at_ms: DurationMs = Field(alias="at")
    cancel: Text | None = None
    terminate: Text | None = None
    reason: Reason | None = None
    set: Text | None = None
    to: Annotated[int | float | str, FileForm(_check_to, {"type": ["number", "string"]})] | None = None

    @model_validator(mode="after")
    def _one_deed(self) -> Action:
        given = [name for name in ("cancel", "terminate", "set") if getattr(self, name) is not None]
        if len(given) != 1:
            raise flawed("E111", "an action needs exactly one of cancel, terminate and set", ", ".join(given) or None)
        if (self.set is None) != (self.to is None):
            raise flawed("E111", "set and to belong together", allowed="{at: 2h, set: spot.maxvCpus, to: 512}")
        if self.reason is not None and given[0] not in ("cancel", "terminate"):
            raise flawed("E117", "a reason goes with cancel or terminate", self.reason, path=("reason",))
        return self
