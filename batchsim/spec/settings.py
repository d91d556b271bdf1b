"""The run itself, faults and timed actions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, WrapSerializer, model_validator

from batchsim import units
from batchsim.spec.base import MAX_INT, FileForm, FlawsError, Model, check_text, check_whole, check_zone, flawed
from batchsim.spec.jobs import JobDefinition
from batchsim.spec.kinds import DURATION, DurationMs, Text, whole, with_unit

MAX_SEED = 2**128 - 1
MAX_JOBS = 5_000_000
MAX_REASON = 1024
"""Characters of a reason (API CancelJob and TerminateJob, ``reason``)."""
YEARS = range(1970, 2200)
"""Those that cron expressions know (EventBridge, "Cron-based schedules")."""


def _check_seed(value: object) -> int:
    return check_whole(value, "E152", 0, MAX_SEED)


def _check_start(value: object) -> str:
    text = check_text(value)
    try:
        year = datetime.fromisoformat(text).year
    except ValueError:
        raise flawed("E115", "not an ISO 8601 instant", value, allowed="2026-01-01T00:00:00Z") from None
    if year not in YEARS:
        raise flawed("E115", "out of range", value, allowed=f"the years {YEARS[0]} to {YEARS[-1]}")
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


def _parse_warmup(value: object) -> int | str:
    if value == "auto":
        return "auto"
    try:
        return with_unit(units.parse_duration_ms)(value)
    except FlawsError as error:
        raise flawed("E146", error.flaws[0].message, value, allowed="auto, or a duration as 2h") from None


def _check_to(value: object) -> int | float | str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise flawed("E112", "not a number or text", value)
    return value


def _as_requested(value: object) -> object:
    """A RegisterJobDefinition request: what is registered gets its revision then."""
    if isinstance(value, Mapping) and (odd := [key for key in _GIVEN_LATER if key in value]):
        hint = "What is registered gets its revision then, and is ACTIVE"
        raise flawed("E106", "unknown key", odd[0], path=(odd[0],), hint=hint)
    return value


def _show_request(definition: JobDefinition, show: SerializerFunctionWrapHandler) -> Any:
    return {key: value for key, value in show(definition).items() if key not in _GIVEN_LATER}


_GIVEN_LATER = ("revision", "status")
Registered = Annotated[JobDefinition, BeforeValidator(_as_requested), WrapSerializer(_show_request)]


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


Warmup = Annotated[
    int | Literal["auto"],
    FileForm(_parse_warmup, {"anyOf": [{"const": "auto"}, DURATION.schema]}, _show_until),
]


class SimulationSettings(Model):
    """When the run starts and ends, and its seed; without a seed the caller draws one and prints it."""

    start: Annotated[str, FileForm(_check_start, {"type": "string", "format": "date-time"})] = "2026-01-01T00:00:00Z"
    time_zone: Annotated[str, FileForm(check_zone, {"type": "string"})] = "UTC"
    seed: Annotated[int, FileForm(_check_seed, {"type": "integer", "minimum": 0, "maximum": MAX_SEED})] | None = None
    replication: Annotated[int, whole("E114", 0)] = 0
    """Which repetition of the seed: each has numbers of its own, the same for all scenarios that are compared."""
    until: Until = "drained"
    warmup: Warmup | None = None
    """Declares a steady state, after so long, or from where MSER-5 finds it (``auto``); needs a duration as until."""
    max_time_ms: DurationMs = Field(default=30 * units.DURATION_MS["d"], alias="max_time")
    max_jobs: Annotated[int, whole("E114", 1)] = MAX_JOBS
    """A workload of more jobs is refused before it fills the memory (E151)."""

    @model_validator(mode="after")
    def _warm_before_the_end(self) -> SimulationSettings:
        if self.warmup is None:
            return self
        if self.until == "drained":
            told = "a steady state needs a horizon; a run that drains has none"
            raise flawed("E117", told, _show_until(self.warmup), path=("warmup",), hint="Add until: 24h")
        if isinstance(self.warmup, int) and self.warmup >= int(self.until):
            told = "the warm-up is as long as the run, or longer"
            shown = _show_until(self.warmup)
            raise flawed("E154", told, shown, path=("warmup",), allowed=f"less than {_show_until(self.until)}")
        return self


class Action(Model):
    """A timed change: exactly one of ``cancel``, ``terminate``, ``set``, ``register`` and ``deregister``.

    ``cancel`` and ``terminate`` name a job; ``reason`` becomes the statusReason. ``set`` is a path, which gets the
    value ``to``, or, of a consumable resource's total, ``by`` more. ``register`` is a RegisterJobDefinition request,
    ``deregister`` a ``name:revision``.
    """

    at_ms: DurationMs = Field(alias="at")
    cancel: Text | None = None
    terminate: Text | None = None
    reason: Reason | None = None
    set: Text | None = None
    to: Annotated[int | float | str, FileForm(_check_to, {"type": ["number", "string"]})] | None = None
    by: Annotated[int, whole("E114", -MAX_INT)] | None = None
    definition: Registered | None = Field(default=None, alias="register")
    deregister: Text | None = None

    @model_validator(mode="after")
    def _one_deed(self) -> Action:
        deeds: dict[str, object] = {"cancel": self.cancel, "terminate": self.terminate, "set": self.set}
        deeds |= {"register": self.definition, "deregister": self.deregister}
        given = [name for name, value in deeds.items() if value is not None]
        if len(given) != 1:
            known = "cancel, terminate, set, register and deregister"
            raise flawed("E111", f"an action needs exactly one of {known}", ", ".join(given) or None)
        if (self.set is not None) != ((self.to is None) != (self.by is None)):
            raise flawed("E111", "set and to belong together", allowed="{at: 2h, set: spot.maxvCpus, to: 512}")
        if self.reason is not None and given[0] not in ("cancel", "terminate"):
            raise flawed("E117", "a reason goes with cancel or terminate", self.reason, path=("reason",))
        return self
