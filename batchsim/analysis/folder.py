"""A result folder read back without loss: tables as text and plain numbers, the summary's dollars as decimals."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from batchsim.analysis.read_csv import read_csv
from batchsim.errors import OutputError

TABLES = (
    "jobs",
    "attempts",
    "instances",
    "submissions",
    "scaling",
    "timeline",
    "blocked",
    "consumables",
    "rejections",
    "faults",
    "costs",
)
OPTIONAL = ("blocked", "consumables", "costs", "faults", "rejections")
NOTIFICATIONS = "notifications.jsonl"
MOST_CELLS = 10**9
"""Of one table in Parquet; a run of ten million attempts has less than half as many."""
_SECTIONS = ("jobs", "cost", "latency")
MOST_DIGITS = 400
"""More than any float of JSON has."""


def read_folder(path: Path) -> dict[str, Any]:
    """Return the tables of a result folder, ``summary`` and ``scenario``. Raises ``OutputError`` if it is not one."""
    if not path.is_dir():
        what = "not a folder" if path.exists() else "no such folder"
        raise OutputError(f"{path}: E181: {what}; batchsim run SCENARIO --out DIR makes a result folder")
    tables: dict[str, Any] = {name: _table(path, name) for name in TABLES if _is_wanted(path, name)}
    tables["summary"] = _summary(path / "summary.json")
    tables["scenario"] = _scenario(path / "scenario.resolved.yaml")
    if (path / NOTIFICATIONS).exists():
        tables["notifications"] = _notifications(path / NOTIFICATIONS, tables["scenario"])
    return tables


def _is_wanted(path: Path, name: str) -> bool:
    return name not in OPTIONAL or any((path / f"{name}.{kind}").exists() for kind in ("csv", "parquet"))


def _table(path: Path, name: str) -> pd.DataFrame:
    return _parquet(path / f"{name}.parquet") if (path / f"{name}.parquet").exists() else _csv(path / f"{name}.csv")


def _must_be_regular(path: Path) -> None:
    """A pipe or a device would be waited for, or read for ever."""
    if path.exists() and not path.is_file():
        raise OutputError(f"{path}: E181: not a regular file")


def _parquet(path: Path) -> pd.DataFrame:
    """A Parquet file of plain columns: one that holds lists or mappings, or far too much, is none of ours."""
    _must_be_regular(path)
    try:
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            _must_be_plain(file.schema_arrow, file.metadata.num_rows)
            frame: pd.DataFrame = file.read().to_pandas(ignore_metadata=True)
    except (OSError, ValueError, ImportError, LookupError, TypeError, NotImplementedError) as error:
        raise OutputError(f"{path}: E181: cannot read this table: {_reason(error)}") from error
    return frame


def _must_be_plain(schema: Any, rows: int) -> None:
    """Raises ``ValueError``. A file of some hundred bytes may say that it holds a milliard rows, all the same."""
    from pyarrow import types

    if rows * len(schema) > MOST_CELLS:
        raise ValueError(f"{rows:,} rows of {len(schema)} columns")
    if len(set(schema.names)) < len(schema):
        raise ValueError("two columns have one name")
    are_plain = (types.is_string, types.is_large_string, types.is_integer, types.is_floating, types.is_boolean)
    for column in schema:
        kind = column.type.value_type if types.is_dictionary(column.type) else column.type
        if not (types.is_null(kind) or any(is_plain(kind) for is_plain in are_plain)):
            raise ValueError(f"column {column.name} holds {kind}, neither text nor numbers")


def _csv(path: Path) -> pd.DataFrame:
    _must_be_regular(path)
    try:
        return read_csv(path)
    except (OSError, ValueError) as error:
        raise OutputError(f"{path}: E181: cannot read this table: {_reason(error)}") from error


def _notifications(path: Path, scenario: Any) -> pd.DataFrame:
    """Rule, target, instant, job and status of each line."""
    _must_be_regular(path)
    try:
        start_ms = _start_epoch_ms(scenario)
        with path.open(encoding="utf-8") as file:
            found = [_notification(json.loads(line), start_ms) for line in file]
    except (OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError) as error:
        raise OutputError(f"{path}: E181: cannot read the notifications: {_reason(error)}") from error
    return pd.DataFrame(found, columns=["rule", "target", "at_s", "job_id", "status"])


def _notification(line: Any, start_ms: int) -> tuple[str, str, float, str, str]:
    detail = line["event"]["detail"]
    ours = detail["batchsim"]
    at_s = (int(ours["at"]) - start_ms) / 1000
    return str(line["rule"]), str(line["target"]), at_s, str(ours["jobId"]), str(detail["status"])


def _start_epoch_ms(scenario: Any) -> int:
    start = datetime.fromisoformat((scenario.get("simulation") or {}).get("start", "2026-01-01T00:00:00Z"))
    return round((start if start.tzinfo else start.replace(tzinfo=UTC)).timestamp() * 1000)


def _figure(text: str) -> Decimal:
    """A figure of the summary. Raises ``ValueError`` for one that takes for ever to write out in digits."""
    value = Decimal(text)
    if value and abs(value.adjusted()) > MOST_DIGITS:
        raise ValueError(f"no figure is as large or as small as {text[:24]}")
    return value


def _summary(path: Path) -> Any:
    _must_be_regular(path)
    try:
        summary = json.loads(path.read_text(encoding="utf-8"), parse_float=_figure)
    except (OSError, ValueError, RecursionError) as error:
        raise OutputError(f"{path}: E181: cannot read the summary: {_reason(error)}") from error
    for section in _SECTIONS:
        if not (isinstance(summary, dict) and isinstance(summary.get(section), dict)):
            raise OutputError(f"{path}: E181: cannot read the summary: it has no {section}")
    return summary


def _scenario(path: Path) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    _must_be_regular(path)
    try:
        data = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, YAMLError, RecursionError) as error:
        raise OutputError(f"{path}: E181: cannot read the scenario: {_reason(error)}") from error
    if not isinstance(data, dict) or not data:
        raise OutputError(f"{path}: E181: cannot read the scenario: not a mapping")
    return data


def _reason(error: Exception) -> str:
    """What is wrong, in one line and without repeating the file."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(said.split())
