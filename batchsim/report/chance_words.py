"""Probabilities of meeting thresholds, and where sequential sampling stopped, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from batchsim.report.words import NOTHING, plain

Page = Mapping[str, Any]
Row = Mapping[str, Any]


def chance(row: Row) -> str:
    """``93 % (79 to 98 %)``: the share of the replications that met it, and Wilson's interval."""
    if row["probability"] is None:
        return NOTHING
    told = f"{_percent(row['probability'])} %"
    if row["probability_low"] is None:
        return f"{told} (no interval)"
    return f"{told} ({_percent(row['probability_low'])} to {_percent(row['probability_high'])} %)"


def event(row: Row) -> str:
    """``P(makespan_s < 6h)``."""
    return f"P({row['metric']} {plain(row['condition'])})"


def counted(row: Row) -> str:
    """``28 of 30``."""
    return f"{row['met']} of {row['n']}"


def of_precision(page: Page) -> Iterator[str]:
    """Whether what was asked for was reached, and after how many replications."""
    found = page["precision"]
    if not found:
        return
    asked = f"{found['metric']} was to be known to ± {100 * found['rel']:g} %"
    if not found["reached"]:
        yield f"precision not reached: {asked}, and is to {_got(found)} after {found['replications']} replications"
        return
    yield (
        f"{asked}, and is to {_got(found)} after {found['replications']} replications; intervals of a run that stops "
        "when it looks good cover a little less than they say"
    )


def _got(found: Row) -> str:
    return "no figure at all" if found["got"] is None else f"± {100 * found['got']:.2g} %"


def _percent(part: float) -> str:
    """Whole percent, but never 0 or 100 of what is neither; a decimal where that tells more."""
    percent = 100 * part
    return f"{percent:.0f}" if 1 <= percent <= 99 or percent in (0, 100) else f"{percent:.1f}"
