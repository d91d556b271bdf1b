"""What kind of cell each column of a result folder holds, and the cells that are of another kind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from batchsim.analysis.causes import Cause, Charge
from batchsim.analysis.typed import EXACT, Bools, Int64s, Table
from batchsim.records.vocabulary import (
    BlockReason,
    FaultEffect,
    JobState,
    Outcome,
    ScalingAction,
    WaitReason,
    WhyEnded,
    WhyLaunched,
)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Cells that are numbers, none as far from zero as ``most``."""

    told: str
    most: float
    least: float | None = None
    """By default as far below zero."""
    is_whole: bool = False
    may_be_empty: bool = False

    def strangers(self, table: Table, column: str) -> Bools:
        """Which cells are of another kind."""
        cells = table.cells(column)
        if pd.api.types.is_bool_dtype(cells.dtype):
            return np.ones(len(cells), np.bool_)
        if pd.api.types.is_numeric_dtype(cells.dtype):
            return self._outside(np.asarray(cells, dtype=np.float64), self.may_be_empty)
        texts = np.array(table.words(column), dtype=object)
        outside = self._outside(np.asarray(pd.to_numeric(texts, errors="coerce"), dtype=np.float64), False)
        return table.among(column, *(texts[outside & ~(self.may_be_empty & (texts == ""))]))

    def _outside(self, values: NDArray[np.float64], may_be_missing: bool) -> Bools:
        """In two looks at the whole column where all is well, as it nearly always is."""
        least = -self.most if self.least is None else self.least
        is_near = not len(values) or (least <= values.min() and values.max() <= self.most)
        if is_near and not self.is_whole:
            return np.zeros(len(values), np.bool_)
        inside = (least <= values) & (values <= self.most)
        if self.is_whole:
            inside &= np.rint(values) == values
        return ~(inside | (may_be_missing & np.isnan(values)))


@dataclass(frozen=True, slots=True)
class Words:
    """Cells that are one of a few words."""

    told: str
    known: frozenset[str]

    def strangers(self, table: Table, column: str) -> Bools:
        """Which cells are of another kind."""
        return table.among(column, *(word for word in table.words(column) if word not in self.known))


Kind = Numbers | Words


def _one_of(vocabulary: Iterable[Any], *others: str) -> Words:
    texts = [member.text for member in vocabulary]
    return Words(f"one of {', '.join(texts)}", frozenset((*texts, *others)))


MOST_S, MOST_USD, MOST = 2.0**53 / 1e3, 2.0**62 / 1e9, 2.0**53
"""Beyond them milliseconds, nano-dollars and counts are none that a run's sums can hold exactly."""
LENGTH = Numbers("a number of seconds", MOST_S)
INSTANT = Numbers("a number of seconds, or empty", MOST_S, may_be_empty=True)
DOLLARS = Numbers("an amount in dollars", MOST_USD)
COUNT = Numbers("a whole number from 0", MOST, 0, is_whole=True)
COUNT_OR_NONE = Numbers("a whole number from 0, or empty", MOST, 0, is_whole=True, may_be_empty=True)
CHANGE = Numbers("a whole number", MOST, is_whole=True)
SIZE = Numbers("a number from 0", EXACT / 1e3, 0)
SPEED = Numbers("a number from 0", 1e6, 0)
FLAG = Words("true or false", frozenset(("true", "false", "True", "False")))
ENVIRONMENT_KIND = Words("a kind of environment", frozenset(("EC2", "SPOT", "FARGATE", "FARGATE_SPOT", "")))
ARCHITECTURE = Words("x86_64 or arm64", frozenset(("x86_64", "arm64")))
ERROR = Words("an error of AWS Batch", frozenset(("ClientException", "TooManyRequestsException")))

_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("occurrence", "workflow_occurrence", "size", "ordinal", "call", "calls", "data_bytes"), COUNT),
    **dict.fromkeys(("attempts", "attempts_allowed", "attempts_lost", "run_task_calls", "attempt"), COUNT),
    **dict.fromkeys(("memory_mib", "nominal_memory_mib", "gpus", "ephemeral_gib", "billed_s"), COUNT),
    **dict.fromkeys(("price_nano_usd_per_h", "on_demand_nano_usd_per_h", "gp3_nano_usd_per_gb_month"), COUNT),
    **dict.fromkeys(("uncovered_vcpus", "desired_vcpus", "capacity_errors", "in_use", "total"), COUNT),
    **dict.fromkeys(("array_index", "scheduling_priority", "exit_code"), COUNT_OR_NONE),
    **dict.fromkeys(("vcpu_nano_usd_per_h", "gib_nano_usd_per_h", "storage_nano_usd_per_gib_h"), COUNT_OR_NONE),
    **dict.fromkeys(("censored", "overtook", "spot", "first_hour_free", "is_array", "cancelled"), FLAG),
    **dict.fromkeys(("vcpus", "root_gb"), SIZE),
    "speed": SPEED,
    "state": _one_of(JobState),
    "outcome": _one_of(Outcome),
    "why_launched": _one_of(WhyLaunched),
    "why_ended": _one_of(WhyEnded, ""),
    "action": _one_of(ScalingAction),
    "effect": _one_of(FaultEffect),
    "environment_kind": ENVIRONMENT_KIND,
    "architecture": ARCHITECTURE,
    "error": ERROR,
    "charge": _one_of(Charge),
    "cause": _one_of(Cause),
}
_KINDS_HERE: dict[tuple[str, str], Kind] = {
    ("attempts", "billed_s"): COUNT_OR_NONE,
    ("costs", "attempt"): COUNT_OR_NONE,
    ("faults", "attempt"): COUNT_OR_NONE,
    ("scaling", "instances"): CHANGE,
    ("scaling", "vcpus"): CHANGE,
    ("timeline", "reason"): _one_of(WaitReason),
    ("blocked", "reason"): _one_of(BlockReason),
}
_MAY_NOT_COME = re.compile(r"(.+_)?(at|since|from|until|limit|timeout|work|saved|done|turnaround)_s")


def kind_of(table: str, column: str) -> Kind | None:
    """The kind of a column's cells; None where any text may stand."""
    known = _KINDS_HERE.get((table, column)) or _KINDS.get(column)
    if known or not column.endswith(("_s", "_usd")):
        return known
    if column.endswith("_usd"):
        return DOLLARS
    return INSTANT if _MAY_NOT_COME.fullmatch(column) else LENGTH


class Strangers(NamedTuple):
    """The cells of one column that are of another kind than batchsim writes there."""

    table: Table
    column: str
    rows: Int64s
    told: str
    """What each should be."""

    def cell(self, row: int) -> str:
        """What stands in one of its rows."""
        return self.table.text_at(self.column, row)

    def place(self, row: int) -> str:
        """A row as a spreadsheet counts it, and the name that it begins with."""
        return f"row {row + 2} ({self.table.text_at(next(iter(self.table.columns)), row)})"


def strangers(tables: Iterable[Table]) -> Iterator[Strangers]:
    """Each column with cells of another kind, in the order of the tables."""
    for table in tables:
        for column in table.columns if len(table) else ():
            kind = kind_of(table.name, column)
            if kind and (rows := np.flatnonzero(kind.strangers(table, column))).size:
                yield Strangers(table, column, rows, kind.told)
