"""Workload entries, workflows, failures and data sets as pydantic models."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from batchsim.spec.base import FileForm, Model, check_number, is_name
from batchsim.spec.firing import AT_SCHEMA, parse_at, show_at
from batchsim.spec.jobs import SubmitJob
from batchsim.spec.kinds import Bytes, BytesPerS, DurationMs, Name, PositiveMs, Probability, Text, whole
from batchsim.spec.laws import LAW_SCHEMA, Law, LawSpec, Skew, constant, parse_law, show_law
from batchsim.spec.running import EXIT_SCHEMA, RUN_SCHEMA, parse_exit, parse_run, show_run
from batchsim.spec.workload import At, Firing, Run, Trace, TraceRun

AtField = Annotated[Firing, FileForm(parse_at, AT_SCHEMA, show_at)]
RunField = Annotated[Run, FileForm(parse_run, RUN_SCHEMA, show_run)]


def _parse_when(value: object) -> Fraction | LawSpec | None:
    """When a failure strikes: a fraction of the work (a number in [0, 1]) or a law of time from its start."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value == 0:
        return value if value is None or isinstance(value, Fraction) else parse_law(value)
    return Fraction(str(check_number(value, "E144", 0, 1)))


def _show_when(after: Fraction | LawSpec) -> Any:
    return show_law(after) if isinstance(after, LawSpec) else float(after)


_WHEN_SCHEMA = {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, LAW_SCHEMA]}


When = Annotated[Fraction | LawSpec | None, FileForm(_parse_when, _WHEN_SCHEMA, _show_when)]


ExitCode = Annotated[int, FileForm(parse_exit, EXIT_SCHEMA)]


class Fail(Model):
    """An attempt fails so with ``probability``, ``after`` a fraction of its work or a time; None = at its end."""

    probability: Probability
    exit_code: ExitCode = 1
    reason: Text = ""
    after: When = None


OnSigterm = Literal["die", "exit_nonzero", "exit_zero", "checkpoint"]
"""What a container does when it gets SIGTERM."""


class Checkpoint(Model):
    """A job saves its work after each ``every`` of it (work time), which takes ``cost``; without it only at a notice.

    An attempt that finds something saved begins with ``restore``, then does what is left.
    """

    every: PositiveMs | None = None
    cost: DurationMs = 0
    restore: DurationMs = 0


def _run_may_come_from_a_trace(schema: dict[str, Any]) -> None:
    schema["required"].remove("run")


class Entry(Model):
    """One line of the workload: a SubmitJob request, when and how often it is sent, and what its jobs do."""

    model_config = ConfigDict(json_schema_extra=_run_may_come_from_a_trace)

    id: Name
    stream: Name = ""
    submit: SubmitJob
    count: Annotated[int, whole("E114", 1)] | None = None
    at: AtField | None = None
    run: RunField
    fails: tuple[Fail, ...] = ()
    image: Bytes | None = None
    checkpoint: Checkpoint | None = None
    on_sigterm: OnSigterm = "die"
    cancel_after: PositiveMs | None = None
    """CancelJob is called so long after the job was created: what has started by then goes on."""

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, data: Any) -> Any:
        """``stream`` is the id; a trace gives the run time."""
        if not isinstance(data, Mapping):
            return data
        traced = (isinstance(data.get("at"), Mapping) and "trace" in data["at"]) or isinstance(data.get("at"), Trace)
        run = {"run": TraceRun()} if traced else {}
        stream = {"stream": data["id"]} if is_name(data.get("id")) else {}
        return {**stream, **run, **data}


class Workflow(Model):
    """Entries that are submitted together at each firing; ``count`` repeats it."""

    workflow: tuple[Entry, ...]
    id: Name | None = None
    at: AtField = At(0)
    count: Annotated[int, whole("E114", 1)] | None = None


def _kind(item: Any) -> str:
    named = isinstance(item, Workflow) or (isinstance(item, Mapping) and "workflow" in item)
    return "<workflow>" if named else "<entry>"


def _submitted_at_once(item: Any) -> Any:
    """An entry outside a workflow that says no ``at`` is submitted at the start."""
    return {"at": "0s", **item} if isinstance(item, Mapping) and "workflow" not in item else item


Item = Annotated[
    Annotated[Entry, Tag("<entry>")] | Annotated[Workflow, Tag("<workflow>")],
    Discriminator(_kind),
    BeforeValidator(_submitted_at_once),
]
"""One item of ``workload``."""


class Dataset(Model):
    """Data that jobs work through in partitions: ``overhead`` + bytes / ``throughput`` each; sizes in bytes."""

    name: Name
    size_bytes: Bytes = Field(alias="size")
    partitions: Annotated[int, whole("E114", 1, 10_000_000)]
    skew: Skew = None
    throughput_bytes_per_s: BytesPerS = Field(alias="throughput")
    overhead: Law = constant(0)
