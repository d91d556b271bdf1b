"""What kind of figure ``summary.json`` holds where, and the figures that are of another kind.

Only what is there is judged: that the metrics are the figures of their sections, that counts count, and that what is
said in words is said in one of batchsim's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from batchsim.analysis.metrics import METRICS, Metric
from batchsim.records.vocabulary import EndedBy

MOST = 1e18
"""As far from zero as a figure may be: nano-dollars and milliseconds of more overflow."""
_ABSENT = object()
_ENDINGS = tuple(each.text for each in EndedBy)


class Stranger(NamedTuple):
    """A figure of another kind than batchsim writes there."""

    path: str
    found: str
    told: str
    """What it should be."""


class Kind(NamedTuple):
    """What a figure is called, and whether a value is one."""

    told: str
    fits: Callable[[Any], bool]


def is_number(value: Any) -> bool:
    """Whether it is a number that can be reckoned with; a boolean is none."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool) and -MOST < value < MOST


def _is_count(value: Any) -> bool:
    return is_number(value) and value >= 0 and value == int(value)


NUMBER = Kind("a number", is_number)
NUMBER_OR_NONE = Kind("a number or null", lambda value: value is None or is_number(value))
COUNT = Kind("a whole number from 0", _is_count)
FLAG = Kind("true or false", lambda value: isinstance(value, bool))
TEXT = Kind("a text", lambda value: isinstance(value, str))
MAPPING = Kind("a mapping", lambda value: isinstance(value, dict))
LIST = Kind("a list", lambda value: isinstance(value, list))
ENDING = Kind(f"one of {', '.join(_ENDINGS)}", lambda value: isinstance(value, str) and value in _ENDINGS)

_SECTIONS = (
    *("run", "policies", "stuck", "blocked", "jobs", "headline", "workflows", "cost", "latency", "throughput"),
    *("over_time", "utilisation", "steady", "instances", "retries", "run_task", "reclaims", "metrics", "as_of"),
)
_LISTS = (
    *("unsimulated", "entries", "occurrences", "limits", "consumables", "failures", "shares", "faults"),
    *("thresholds", "not_counted", "notifications", "assumptions"),
)
_COUNTS = (
    *(("jobs", name) for name in ("total", "submitted", "succeeded", "failed", "stuck", "censored")),
    *(("jobs", name) for name in ("submit_calls", "throttled_calls")),
    *(("retries", name) for name in ("attempts", "retries", "retried_jobs", "retried_jobs_succeeded")),
    *(("instances", name) for name in ("launched", "capacity_errors", "never_billed")),
    *(("run_task", name) for name in ("calls", "failures", "gave_up")),
    *(("reclaims", name) for name in ("instances", "tasks", "attempts", "cut_short")),
    *(("blocked", "heads"), ("blocked", "cancelled"), ("stuck", "jobs"), ("run", "seed"), ("cost", "data_bytes")),
)
KINDS: Mapping[tuple[str, ...], Kind] = {
    **{(name,): MAPPING for name in _SECTIONS},
    **{(name,): LIST for name in _LISTS},
    ("ended_by",): ENDING,
    ("horizon_s",): NUMBER,
    **{metric.path: NUMBER_OR_NONE for metric in METRICS.values()},
    **dict.fromkeys(_COUNTS, COUNT),
    ("steady", "declared"): FLAG,
    ("cost", "per_month_basis"): TEXT,
}


def figure_strangers(summary: Mapping[str, Any]) -> Iterator[Stranger]:
    """Each figure that is not of the kind, or for a metric not the figure, that batchsim writes there."""
    for path, kind in KINDS.items():
        found = _at(summary, path)
        if found is not _ABSENT and not kind.fits(found):
            yield Stranger(".".join(path), str(found), kind.told)
    if isinstance(summary.get("metrics"), dict):
        for metric in METRICS.values():
            yield from _of_metric(summary, metric)


def _of_metric(summary: Mapping[str, Any], metric: Metric) -> Iterator[Stranger]:
    """A metric repeats the figure of its section, with its unit."""
    found, figure = _at(summary, ("metrics", metric.name)), _at(summary, metric.path)
    if not (isinstance(found, dict) and "value" in found):
        told = "a mapping with value, unit, better and what"
        yield Stranger(f"metrics.{metric.name}", "nothing" if found is _ABSENT else str(found), told)
    elif isinstance(found["value"], bool) or found["value"] != figure:
        told = f"the figure of {'.'.join(metric.path)}"
        yield Stranger(f"metrics.{metric.name}.value", str(found["value"]), told)


def _at(summary: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = summary
    for key in path:
        if not (isinstance(found, dict) and key in found):
            return _ABSENT
        found = found[key]
    return found
