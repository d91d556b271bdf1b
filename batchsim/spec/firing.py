"""``at``: when an entry is submitted, read from its file form and written back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from batchsim import units
from batchsim.spec.base import Flaw, FlawsError, check_number, check_text, check_zone, flawed
from batchsim.spec.fields import TEXT, Form, Reader, object_schema, read_duration, read_fields, read_form, read_items
from batchsim.spec.kinds import DURATION, RATE_PATTERN, with_unit
from batchsim.spec.workload import After, At, Cron, Firing, Poisson, Rate, RatesByHour, Trace, TraceColumn

TRACE_COLUMNS = (
    "submission",
    "job",
    "attempt",
    "run_time",
    "start",
    "end",
    "vcpus",
    "memory",
    "gpus",
    "image",
    "exit_code",
)
"""What a trace can give for each job."""

_ALLOWED = (
    "90s, cron(0 2 * * ? *), {cron: ..., for: 3d}, {poisson: 20/min, for: 8h}, {rates_by_hour: [...], for: 7d}, "
    "{rate: 50/s}, {after: ID, delay: 5m}, {trace: FILE, columns: {...}}"
)
_MOST_PER_H = 1e9
_CRON = re.compile(r"cron\((.*)\)", re.DOTALL)


def parse_at(value: object) -> Firing:
    """An ``at`` from its file form. Raises :class:`FlawsError` (E106, E111, E112, E115, E142, E146)."""
    if isinstance(value, Firing):
        return value
    if isinstance(value, str) and value.lstrip().startswith("cron"):
        return Cron(_parse_cron(value))
    if not isinstance(value, Mapping):
        return At(read_duration(value))
    made: Firing = read_form(value, _FORMS, "at", _ALLOWED)
    return made


def show_at(at: Firing | None) -> Any:
    """The file form of an ``at``: the inverse of :func:`parse_at`."""
    return None if at is None else _SHOWN[type(at)](at)


def _parse_cron(value: object) -> str:
    """The six fields of ``cron(...)``, brackets optional, single blanks between them."""
    text = check_text(value)
    match = _CRON.fullmatch(text.strip())
    fields = (match[1] if match else text).split()
    if len(fields) != 6 or (not match and text.lstrip().startswith("cron")):
        allowed = "cron(minutes hours day-of-month month day-of-week year), as in cron(0 2 * * ? *)"
        raise flawed("E115", f"a cron expression has 6 fields, this has {len(fields)}", value, allowed=allowed)
    return " ".join(fields)


def _parse_rate(value: Any) -> Fraction:
    rate = with_unit(units.parse_rate_per_s)(value)
    if rate <= 0:
        raise flawed("E142", "a rate must be more than 0", value)
    return rate


def _parse_rates(value: object) -> tuple[Fraction, ...]:
    """24 or 168 rates, one of them at least above 0."""
    if not isinstance(value, list | tuple):
        raise flawed("E112", "not a list", value, allowed="24 rates, from 0:00 on, or 168 from Monday 0:00 on")
    if len(value) not in (24, 168):
        allowed = "24 (hours of a day, from 0:00 on), or 168 (hours of a week, from Monday 0:00 on)"
        raise flawed("E142", f"{len(value)} rates by hour", allowed=allowed)
    rates = read_items(value, _parse_hourly)
    if not any(rates):
        raise flawed("E142", "the rates are all 0")
    return rates


def _parse_hourly(value: Any) -> Fraction:
    """A rate, or a plain number: so many an hour."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Fraction(str(check_number(value, "E142", 0, _MOST_PER_H))) / 3600
    return with_unit(units.parse_rate_per_s)(value)


def _parse_columns(value: object) -> dict[str, TraceColumn]:
    if not isinstance(value, Mapping):
        raise flawed("E112", "not a mapping", value, allowed="{submission: COLUMN, run_time: {column, unit}, ...}")
    readers: dict[str, Reader] = dict.fromkeys(TRACE_COLUMNS, _parse_column)
    read = read_fields(value, readers, 1)
    return {key: column for key, column in zip(readers, read, strict=True) if column is not None}


def _parse_column(value: object) -> TraceColumn:
    if isinstance(value, Mapping):
        return TraceColumn(*read_fields(value, _COLUMN, 1))
    return TraceColumn(check_text(value))


_COLUMN: Mapping[str, Reader] = {
    "column": check_text,
    "unit": check_text,
    "format": check_text,
    "empty": lambda value: check_text(str(value) if isinstance(value, int | float) else value),
}


def _parse_where(value: object) -> dict[str, tuple[str, ...]]:
    """Patterns by column; one, or a list of them."""
    if not isinstance(value, Mapping):
        raise flawed("E112", "not a mapping", value, allowed="{COLUMN: VALUE, COLUMN: [VALUE, ...]}")
    flaws: list[Flaw] = []
    read: dict[str, tuple[str, ...]] = {}
    for column, likes in value.items():
        try:
            read[check_text(column)] = read_items(likes if isinstance(likes, list | tuple) else [likes], _parse_like)
        except FlawsError as error:
            flaws += [flaw.under(column) for flaw in error.flaws]
    if flaws:
        raise FlawsError(*flaws)
    return read


def _parse_like(value: Any) -> str:
    """A pattern; a number stands for its text."""
    return check_text(str(value) if isinstance(value, int) and not isinstance(value, bool) else value)


_FORMS: Mapping[str, Form] = {
    "cron": Form(Cron, {"cron": _parse_cron, "for": read_duration}),
    "poisson": Form(
        lambda rate, for_ms, start_ms: Poisson(rate, for_ms, start_ms or 0),
        {"poisson": _parse_rate, "for": read_duration, "start": read_duration},
    ),
    "rates_by_hour": Form(
        lambda rates, for_ms, start_ms: RatesByHour(rates, for_ms, start_ms or 0),
        {"rates_by_hour": _parse_rates, "for": read_duration, "start": read_duration},
    ),
    "rate": Form(lambda rate, start_ms: Rate(rate, start_ms or 0), {"rate": _parse_rate, "start": read_duration}),
    "after": Form(lambda entry, delay_ms: After(entry, delay_ms or 0), {"after": check_text, "delay": read_duration}),
    "trace": Form(
        lambda path, columns, start, where, zone: Trace(path, columns, start, where or {}, zone),
        {
            "trace": check_text,
            "columns": _parse_columns,
            "from": check_text,
            "where": _parse_where,
            "time_zone": check_zone,
        },
        2,
    ),
}


def _show_cron(at: Cron) -> Any:
    return f"cron({at.expression})" if at.for_ms is None else {"cron": at.expression, **_for(at.for_ms)}


def _show_poisson(at: Poisson) -> Any:
    return {"poisson": units.format_rate(at.rate_per_s), **_for(at.for_ms), "start": units.format_duration(at.start_ms)}


def _show_rates(at: RatesByHour) -> Any:
    rates = [units.format_rate(rate) for rate in at.rates_per_s]
    return {"rates_by_hour": rates, **_for(at.for_ms), "start": units.format_duration(at.start_ms)}


def _show_rate(at: Rate) -> Any:
    return {"rate": units.format_rate(at.rate_per_s), "start": units.format_duration(at.start_ms)}


def _show_after(at: After) -> Any:
    return {"after": at.entry_id, "delay": units.format_duration(at.delay_ms)}


def _show_trace(at: Trace) -> Any:
    columns = {key: _show_column(column) for key, column in at.columns.items()}
    more: dict[str, Any] = {} if at.start is None else {"from": at.start}
    if at.where:
        more["where"] = {column: list(likes) for column, likes in at.where.items()}
    if at.time_zone is not None:
        more["time_zone"] = at.time_zone
    return {"trace": at.path, "columns": columns, **more}


def _show_column(column: TraceColumn) -> Any:
    more = {key: text for key in ("unit", "format", "empty") if (text := getattr(column, key)) is not None}
    return {"column": column.column, **more} if more else column.column


def _for(for_ms: int | None) -> dict[str, str]:
    return {} if for_ms is None else {"for": units.format_duration(for_ms)}


_SHOWN: Mapping[type, Any] = {
    At: lambda at: units.format_duration(at.at_ms),
    Cron: _show_cron,
    Poisson: _show_poisson,
    RatesByHour: _show_rates,
    Rate: _show_rate,
    After: _show_after,
    Trace: _show_trace,
}

_CRON_SCHEMA = {"type": "string", "pattern": r"^(cron\()?\s*(\S+\s+){5}[^\s)]+\s*\)?$"}
_RATE_SCHEMA = {"type": "string", "pattern": RATE_PATTERN}
_HOURLY_SCHEMA = {"anyOf": [_RATE_SCHEMA, {"type": "number", "minimum": 0, "maximum": _MOST_PER_H}]}
_RATES_SCHEMA = {"type": "array", "minItems": 24, "maxItems": 168, "items": _HOURLY_SCHEMA}
_LIKE_SCHEMA: Mapping[str, Any] = {"type": ["string", "integer"]}
_WHERE_SCHEMA = {
    "type": "object",
    "additionalProperties": {"anyOf": [_LIKE_SCHEMA, {"type": "array", "items": _LIKE_SCHEMA}]},
}
_EMPTY_SCHEMA: Mapping[str, Any] = {"type": ["string", "number"]}
_COLUMN_KEYS = {"column": TEXT, "unit": TEXT, "format": TEXT, "empty": _EMPTY_SCHEMA}
_COLUMN_SCHEMA = {"anyOf": [TEXT, object_schema(_COLUMN_KEYS)]}
_COLUMNS_SCHEMA = object_schema(dict.fromkeys(TRACE_COLUMNS, _COLUMN_SCHEMA))
AT_SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        DURATION.schema,
        _CRON_SCHEMA,
        object_schema({"cron": _CRON_SCHEMA, "for": DURATION.schema}),
        object_schema({"poisson": _RATE_SCHEMA, "for": DURATION.schema, "start": DURATION.schema}),
        object_schema({"rates_by_hour": _RATES_SCHEMA, "for": DURATION.schema, "start": DURATION.schema}),
        object_schema({"rate": _RATE_SCHEMA, "start": DURATION.schema}),
        object_schema({"after": TEXT, "delay": DURATION.schema}),
        object_schema(
            {"trace": TEXT, "columns": _COLUMNS_SCHEMA, "from": TEXT, "where": _WHERE_SCHEMA, "time_zone": TEXT},
            required=2,
        ),
    ]
}
"""JSON Schema of the file form of ``at``."""
