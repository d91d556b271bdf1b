"""The course of a search as series that plots draw: what each point came to, and the best so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Page = Mapping[str, Any]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Course:
    """Of one objective; each series is (point, mean)."""

    fit: Sequence[tuple[int, float]]
    """Points that meet the constraints by their runs."""
    unfit: Sequence[tuple[int, float]]
    best: Sequence[tuple[int, float]]
    """After each point the best of those that ran all replications and meet the constraints, once there is one."""


def course_of(page: Page, at: int = 0) -> Course:
    """The course of the objective at this place."""
    better = min if page["objectives"][at]["goal"] == "minimise" else max
    fit: list[tuple[int, float]] = []
    unfit: list[tuple[int, float]] = []
    best: list[tuple[int, float]] = []
    for row in page["trials"]:
        mean = row["objectives"][at]["mean"]
        if mean is not None:
            (fit if is_fit(row) else unfit).append((row["point"], mean))
        if mean is not None and row["status"] in ("chosen", "kept") and is_fit(row):
            best.append((row["point"], better(mean, best[-1][1]) if best else mean))
        elif best:
            best.append((row["point"], best[-1][1]))
    return Course(fit, unfit, best)


def is_fit(row: Row) -> bool:
    """Whether a point's runs meet all constraints."""
    return row["status"] != "broken" and all(each["holds"] for each in row["constraints"])


def plane_of(page: Page) -> tuple[str, str] | None:
    """The two objectives whose plane shows the front; None of a single one."""
    names = [each["metric"] for each in page["objectives"]]
    return (names[0], names[1]) if len(names) > 1 else None
