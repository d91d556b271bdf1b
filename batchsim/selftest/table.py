"""The table of a selftest, in lines of at most 80 characters; and the same as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from batchsim.selftest.case import Bounded, Case
from batchsim.selftest.judge import Verdict
from batchsim.selftest.runner import Report

WIDTH = 80
HEAD = f"{'case, quantity':26} {'expected':>12} {'measured':>21} {'n':>3}  verdict"
_STYLES = {"pass": "green", "fail": "bold red", "inconclusive": "bold yellow"}
_NAME_MAX, _TEXT_MAX = 24, 12

Line = tuple[str, str]
"""A line, and the style of its last word."""


def lines(report: Report) -> Iterator[Line]:
    """A case: its id and configuration, then a line for each quantity."""
    yield f"{report.case.id:6} {_shortened(report.case.title, WIDTH - 7)}", ""
    for verdict in report.verdicts:
        yield _line(verdict), _STYLES[verdict.outcome]


def summary(reports: Sequence[Report], seconds: float) -> str:
    """The last line: what passed."""
    verdicts = [verdict for report in reports for verdict in report.verdicts]
    failed = sum(not verdict.ok for verdict in verdicts)
    cases = sum(not report.ok for report in reports)
    what = f"{len(reports)} cases, {len(verdicts)} quantities"
    if not failed:
        return f"{what}: all agree with theory ({seconds:.0f} s)"
    return f"{what}: {failed} quantities of {cases} cases do not agree with theory ({seconds:.0f} s)"


def listing(case: Case) -> str:
    """One line about a case that was not run."""
    kind = f"{case.kind}{', with --all' if case.heavy else ''}"
    return f"{case.id:6} {_shortened(case.title, WIDTH - 10 - len(kind))} [{kind}]"


def as_data(reports: Sequence[Report], seed: int) -> dict[str, Any]:
    """The table as plain JSON values."""
    rows = [_row(report.case, verdict) for report in reports for verdict in report.verdicts]
    return {"ok": all(report.ok for report in reports), "seed": seed, "verdicts": rows}


def _row(case: Case, verdict: Verdict) -> dict[str, Any]:
    quantity = verdict.quantity
    return {
        "case": case.id,
        "title": case.title,
        "source": case.source,
        "quantity": quantity.name,
        "unit": quantity.unit,
        "kind": quantity.kind,
        "expected": _plain(quantity.theta),
        "measured": _plain(verdict.measured),
        "half_width": verdict.half_width,
        "half_width_allowed": quantity.allowed if quantity.kind == "ci" else None,
        "margin": verdict.margin,
        "replications": verdict.n,
        "verdict": verdict.outcome,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Bounded):
        return value._asdict()
    if isinstance(value, Decimal):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _line(verdict: Verdict) -> str:
    quantity, measured = verdict.quantity, shown(verdict.measured)
    name = _shortened(f"{quantity.name} {quantity.unit}".rstrip(), _NAME_MAX)
    if verdict.half_width is not None:
        measured = f"{measured} ± {verdict.half_width:.2g}"
    figures = f"{shown(quantity.theta):>12} {measured:>21}" if quantity.theta is not None else f"{measured:>34}"
    return f"  {name:{_NAME_MAX}} {figures} {verdict.n:3}  {verdict.outcome}"


def shown(value: Any) -> str:
    """A value in few characters."""
    if isinstance(value, Bounded):
        return " ≤ ".join(f"{float(number):.5g}" for number in value)
    if isinstance(value, tuple | list):
        return _shortened(", ".join(map(shown, value)), _TEXT_MAX)
    if isinstance(value, float):
        return f"{value:.6g}"
    return _shortened(str(value), _TEXT_MAX)


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
