"""Where the money went: bars by cause, queue, instance type; the dearest on top."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchsim.report.colours import BLUE, ORANGE, PURPLE
from batchsim.report.page.blocks import Bar, Bars, Facts, Part, Section
from batchsim.report.page.names import distinct
from batchsim.report.words import dollars, plural, share, words

Summary = Mapping[str, Any]

_MOST = 12
_USEFUL = "useful_work"
_TITLE = "Where the money went"


def costs(summary: Summary) -> Section:
    """The bill in three splits."""
    bill = summary["cost"]
    if not any(bill["by_cause"].values()):
        return Section("costs", _TITLE, "Nothing was billed.")
    by_cause = {words(name): usd for name, usd in bill["by_cause"].items()}
    splits = [
        _split("By cause", by_cause, bill["total_usd"], words(_USEFUL)),
        _split("By queue", bill["by_queue"], bill["total_usd"]),
        _split("By instance type", bill["by_type"], bill["total_usd"]),
    ]
    return Section("costs", _TITLE, _finding(bill, by_cause), [*splits, Facts(_facts(bill))])


def _finding(bill: Summary, by_cause: Mapping[str, float]) -> str:
    dearest = max(by_cause, key=lambda name: by_cause[name])
    part = share(by_cause[dearest] / bill["total_usd"]) if bill["total_usd"] else ""
    return f"{dollars(bill['total_usd'])} in all; the largest part is {dearest}: {dollars(by_cause[dearest])}, {part}."


def _split(title: str, parts: Mapping[str, float], total: float, useful: str = "") -> Bars:
    """A bar a name; a discount, which is less than nothing, has its own colour."""
    lines = sorted(((name, usd) for name, usd in parts.items() if usd), key=lambda line: -line[1])
    shown, rest = (lines, []) if len(lines) <= _MOST else (lines[: _MOST - 1], lines[_MOST - 1 :])
    named = list(zip(distinct([name for name, _ in shown]), [usd for _, usd in shown], strict=True))
    named += [(plural(len(rest), "other"), sum(usd for _, usd in rest))] * bool(rest)
    longest = max((abs(usd) for _, usd in named), default=0.0) or 1.0
    bars = [
        Bar(
            name,
            [Part(abs(usd) / longest, _colour(name, usd, useful))],
            dollars(usd),
            share(usd / total) if total else "",
        )
        for name, usd in named
    ]
    return Bars(title, bars)


def _colour(name: str, usd: float, useful: str) -> str:
    return PURPLE if usd < 0 else BLUE if not useful or name == useful else ORANGE


def _facts(bill: Summary) -> list[tuple[str, str]]:
    facts = [("per month", f"{dollars(bill['per_month_usd'])} {bill['per_month_basis']}")]
    if bill["data_bytes"]:
        facts.append(("per TB", f"{dollars(bill['per_tb_usd'])} of {bill['data_bytes'] / 1e12:g} TB"))
    if bill["waived_usd"]:
        facts.append(("waived", f"{dollars(bill['waived_usd'])} by the first-hour rule: Spot took the instance"))
    if bill["unallocated_usd"]:
        facts.append(("of no job", f"{dollars(bill['unallocated_usd'])}: instances that ran none, and the run's own"))
    return facts
