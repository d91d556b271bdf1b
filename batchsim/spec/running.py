"""``run``: how long jobs run and how attempts end, read from its file form and written back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchsim import units
from batchsim.spec.base import check_text, check_whole, flawed
from batchsim.spec.fields import (
    TEXT,
    Form,
    object_schema,
    read_duration,
    read_fields,
    read_form,
    read_items,
    unknown_keys,
)
from batchsim.spec.kinds import DURATION
from batchsim.spec.laws import LAW_SCHEMA, LAWS, LawSpec, parse_law, show_law
from batchsim.spec.workload import Constant, DatasetRun, Run, Script, Scripts, Step, TraceRun

_ALLOWED = (
    "12m, {LAW: ...} (uniform, exponential, lognormal, weibull, gamma, triangular, empirical, mixture), "
    "{dataset: NAME}, {script: [{run, exit, reason}, ...]}, {scripts: [SCRIPT, ...]}, "
    "{trace: COLUMN}"
)


def parse_run(value: object) -> Run:
    """A ``run`` from its file form. Raises :class:`FlawsError` (E106, E111, E112, E114, E142, E146)."""
    if isinstance(value, Run):
        return value
    if not isinstance(value, Mapping):
        return Constant(read_duration(value))
    if any(key in LAWS for key in value):
        law = parse_law(value)
        return Constant(int(law.params["value"])) if law.name == "constant" else law
    flaws = unknown_keys(value, {**_FORMS, **dict.fromkeys(LAWS)}, "run", _ALLOWED)
    if flaws and not any(key in _FORMS for key in value):
        raise flawed("E106", "unknown run", flaws[0].value, path=flaws[0].path, allowed=_ALLOWED, hint=flaws[0].hint)
    made: Run = read_form(value, _FORMS, "run", _ALLOWED)
    return made


def show_run(run: Run) -> Any:
    """The file form of a ``run``: the inverse of :func:`parse_run`."""
    return _SHOWN[type(run)](run)


def parse_exit(value: object) -> int:
    """A container's exit code, 0-255 (E114)."""
    return check_whole(value, "E114", 0, 255, "an exit code")


def _parse_steps(value: object) -> tuple[Step, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise flawed("E112", "a script needs a list of steps", value, allowed="[{run: 60s, exit: 1}, {run: 5m}]")
    return read_items(value, _parse_step)


def _parse_scripts(value: object) -> tuple[Script, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise flawed(
            "E112", "scripts need a list, an item for each job", value, allowed="[60s, [{run: 30s, exit: 2}, 5m]]"
        )
    return read_items(value, _parse_script)


def _parse_script(value: object) -> Script:
    """One attempt as it is, or the list of several."""
    return Script(_parse_steps(value) if isinstance(value, list | tuple) else (_parse_step(value),))


def _parse_step(value: object) -> Step:
    if not isinstance(value, Mapping):
        return Step(read_duration(value))
    readers = {"run": read_duration, "exit": parse_exit, "reason": check_text}
    run_ms, exit_code, reason = read_fields(value, readers, 1)
    return Step(run_ms, exit_code or 0, reason or "")


def _show_step(step: Step) -> dict[str, Any]:
    reason = {"reason": step.reason} if step.reason else {}
    return {"run": units.format_duration(step.run_ms), "exit": step.exit_code, **reason}


_FORMS: Mapping[str, Form] = {
    "dataset": Form(DatasetRun, {"dataset": check_text}),
    "script": Form(Script, {"script": _parse_steps}),
    "scripts": Form(Scripts, {"scripts": _parse_scripts}),
    "trace": Form(TraceRun, {"trace": check_text}),
}
_SHOWN: Mapping[type, Any] = {
    Constant: lambda run: units.format_duration(run.ms),
    LawSpec: show_law,
    DatasetRun: lambda run: {"dataset": run.dataset},
    Script: lambda run: {"script": [_show_step(step) for step in run.steps]},
    Scripts: lambda run: {"scripts": [[_show_step(step) for step in script.steps] for script in run.scripts]},
    TraceRun: lambda run: {"trace": run.column},
}

EXIT_SCHEMA: Mapping[str, Any] = {"type": "integer", "minimum": 0, "maximum": 255}
"""JSON Schema of an exit code."""
_STEP_SCHEMA = {
    "anyOf": [DURATION.schema, object_schema({"run": DURATION.schema, "exit": EXIT_SCHEMA, "reason": TEXT})]
}
_STEPS_SCHEMA = {"type": "array", "minItems": 1, "items": _STEP_SCHEMA}
RUN_SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        LAW_SCHEMA,
        object_schema({"dataset": TEXT}),
        object_schema({"script": _STEPS_SCHEMA}),
        object_schema({"scripts": {**_STEPS_SCHEMA, "items": {"anyOf": [_STEP_SCHEMA, _STEPS_SCHEMA]}}}),
        object_schema({"trace": TEXT}),
    ]
}
"""JSON Schema of the file form of ``run``."""
