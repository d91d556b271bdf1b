"""What makes all other figures misleading, or was not wanted: thresholds, stuck jobs, refusals, failures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchsim.report import sentences
from batchsim.report.page.blocks import Points, Section, Table
from batchsim.report.page.names import short
from batchsim.report.steady_words import figures_of_run, of_run
from batchsim.report.words import count, duration, plain, plural

Summary = Mapping[str, Any]

_ROWS = 20


def thresholds(summary: Summary) -> Section | None:
    """Which of the scenario's conditions hold."""
    found = summary["thresholds"]
    if not found:
        return None
    units = {name: metric["unit"] for name, metric in summary["metrics"].items()}
    rows = [
        ("passed" if each["ok"] else "FAILED", each["metric"], each["condition"],
         sentences.figure(each["value"], units[each["metric"]]))
        for each in found
    ]  # fmt: skip
    failed = sum(not each["ok"] for each in found)
    lead = f"{failed} of {plural(len(found), 'threshold')} failed." if failed else f"{_all(len(found))} passed."
    marks = ["good" if each["ok"] else "bad" for each in found]
    table = Table(("", "metric", "wanted", "got"), rows, words=3, marks=marks)
    return Section("thresholds", "Thresholds", lead, [table], alarm=bool(failed))


def _all(number: int) -> str:
    return "The threshold" if number == 1 else f"All {number} thresholds"


def steady(summary: Summary) -> Section | None:
    """Where the warm-up ends, and what follows it; or that there is no steady state, and no figure of one."""
    found = summary["steady"]
    if not found["declared"]:
        return None
    figures = figures_of_run(found)
    state = of_run(found)
    blocks = [Table(("after the warm-up", ""), figures, words=2)] * bool(figures)
    return Section("steady", "Steady state", f"{state[0].upper()}{state[1:]}.", blocks, alarm=not found["stable"])


def stuck(summary: Summary) -> Section | None:
    """Jobs that can never start."""
    found = summary["stuck"]
    if not found["jobs"]:
        return None
    rows = [
        (short(queue["queue"]), short(queue["job_id"]), sentences.needed(queue["needs"]), count(queue["jobs"]),
         duration(queue["since_s"]))
        for queue in found["queues"][:_ROWS]
    ]  # fmt: skip
    why = [f"{plain(queue['queue'])}: {sentences.why_stuck(queue)}" for queue in found["queues"][:_ROWS]]
    table = Table(("queue", "head", "needs", "jobs", "since"), rows, words=3, more=_more(found["queues"], "queue"))
    lead = f"{plural(found['jobs'], 'job')} can never start: all other figures are of a run without them."
    return Section("stuck", "Stuck jobs", lead, [table, Points(why, "Why, and what would help")], alarm=True)


def refused(summary: Summary) -> Section | None:
    """SubmitJob calls that AWS Batch would not take, and what the scenario asks for and no run does."""
    reasons = summary["jobs"]["refused_calls"]
    blocks = [Points([f"{plain(why)}: {plural(calls, 'call')}" for why, calls in reasons.items()])] * bool(reasons)
    asked = [plain(what) for what in summary["unsimulated"]]
    blocks += [Points(asked, "Not simulated, though the scenario asks for it")] * bool(asked)
    lead = f"{plural(sum(reasons.values()), 'SubmitJob call')} refused: their jobs never came to be." if reasons else ""
    return Section("refused", "Refused, and not simulated", lead, blocks, alarm=True) if blocks else None


def blocked(summary: Summary) -> Section | None:
    """Heads that blocked their queue for so long that AWS Batch told of it."""
    found = summary["blocked"]
    if not found["heads"]:
        return None
    rows = [
        (short(each["queue"]), each["reason"], short(each["job_id"]), count(each["heads"]), count(each["cancelled"]),
         duration(each["blocked_s"]))
        for each in found["by_reason"][:_ROWS]
    ]  # fmt: skip
    head = ("queue", "reason", "such as", "heads", "cancelled", "blocked for")
    table = Table(head, rows, words=3, more=_more(found["by_reason"], "reason"))
    helps = {each["reason"]: sentences.helps(each["reason"]) for each in found["by_reason"][:_ROWS]}
    told = [f"{reason}{text}" for reason, text in helps.items() if text]
    lead = f"AWS Batch would have told of {plural(found['heads'], 'head')} that blocked its queue."
    return Section("blocked", "Blocked queues", lead, [table, *[Points(told)] * bool(told)])


def failures(summary: Summary) -> Section | None:
    """Why jobs failed for good, and how attempts ended."""
    found = summary["failures"]
    if not found:
        return None
    rows = [(sentences.why_failed(each), short(each["job_id"]), count(each["jobs"])) for each in found[:_ROWS]]
    table = Table(("reason", "such as", "jobs"), rows, words=2, more=_more(found, "reason"))
    return Section("failures", "Failed jobs", f"{plural(summary['jobs']['failed'], 'job')} failed for good.", [table])


def _more(found: list[Any], what: str) -> str:
    rest = len(found) - _ROWS
    return f"and {plural(rest, 'further ' + what)} (summary.json has all)" if rest > 0 else ""
