"""Explanations as text for a terminal: the digest of a run, a queue's waits, lists of jobs; names made safe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from textwrap import wrap
from typing import Any

from batchsim.analysis.explain.digest import Digest, SlowJob
from batchsim.analysis.explain.explanation import WIDTH, Clock, Explanation, lasted
from batchsim.analysis.explain.queues import QueueStretch, QueueWaits
from batchsim.analysis.explain.words import SHORT
from batchsim.analysis.remedies import remedy
from batchsim.errors import cut, printable
from batchsim.report.words import bar, dollars, number, plain, plural, share, words

_BAR = 20
_THIN = 10
_REASONS = 6
_LONGEST_NAME = 40
_LONGEST_REASON = 60


def answer_text(answer: Explanation | list[Explanation] | QueueWaits | Digest, folder: str) -> str:
    """Any answer as text."""
    if isinstance(answer, Digest):
        return digest_text(answer, folder)
    if isinstance(answer, QueueWaits):
        return queue_text(answer)
    told = [answer] if isinstance(answer, Explanation) else answer
    return "\n\n\n".join(map(str, told)) or "no job took any time"


def digest_text(found: Digest, folder: str) -> str:
    """The run in one page."""
    parts = [_headline(found), _slowest(found.slowest), _reasons(found), _costs(found), _stuck(found)]
    if found.slowest:
        parts.append([f"More of one job: batchsim explain {plain(folder)} {plain(found.slowest[0].job)}"])
    return "\n\n".join("\n".join(map(printable, part)) for part in parts if part)


def _headline(found: Digest) -> list[str]:
    states = ", ".join(f"{count:,} {plain(state)}" for state, count in found.by_state.items())
    return [f"{plural(found.jobs, 'job')}: {states or 'none'}"]


def _slowest(jobs: Sequence[SlowJob]) -> list[str]:
    if not jobs:
        return []
    return ["Slowest jobs", *(line for job in jobs for line in _slow(job))]


def _slow(job: SlowJob) -> Iterator[str]:
    how = "" if job.ended else " as the run ended"
    yield f"  {_name(job.job)} {plain(job.state)}{how} after {lasted(job.turnaround_s)}"
    said = f"{lasted(job.reason_s)} {SHORT[job.reason]}"
    yield f"      {said}"
    if job.reason != "last_running" and job.running_s:
        yield f"      {lasted(job.running_s)} RUNNING"


def _reasons(found: Digest) -> list[str]:
    """Where the time of all jobs went; the dominant reason is the first that is not RUNNING."""
    if not found.reasons:
        return []
    waits = [reason for reason in found.reasons if reason.part != "last_running"]
    parts = ((reason.share, reason.text) for reason in found.reasons[:_REASONS])
    lines = ["Where the time of all jobs went", *(_bar_line(*each, _THIN) for each in parts)]
    if waits:
        lines += ["  Dominant reason, RUNNING aside:", f"      {waits[0].text} (of {plural(waits[0].jobs, 'job')})"]
    return lines


def _bar_line(part: float, text: str, width: int = _BAR) -> str:
    return f"  {share(part):>7}  {bar(part, width):<{width}}  {text}"


def _costs(found: Digest) -> list[str]:
    causes = [(cause, usd) for cause, usd in found.cost_causes if usd > 0]
    if not causes:
        return []
    lines = [f"Where the {dollars(found.cost_usd)} went"]
    for cause, usd in causes[:_REASONS]:
        part = usd / found.cost_usd if found.cost_usd > 0 else 0.0
        lines.append(_bar_line(part, f"{words(cause)} {dollars(usd)}"))
    return [*lines, f"  Largest cost cause: {words(causes[0][0])}"]


def _stuck(found: Digest) -> list[str]:
    if not found.stuck:
        return []
    return ["Stuck", *(line for queue in found.stuck for line in _stuck_queue(queue))]


def _stuck_queue(queue: Mapping[str, Any]) -> Iterator[str]:
    reason, blocked = str(queue.get("reason", "")), queue.get("blocked_for")
    head = _name(str(queue.get("job_id", "")))
    yield f"  {plural(int(queue['jobs']), 'job')} of {_name(str(queue['queue']))}, {head} first"
    yield f"      {blocked or words(reason)}"
    if said := remedy(blocked, reason):
        yield from wrap(said, WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)


def queue_text(found: QueueWaits) -> str:
    """A queue's waits over time."""
    total = sum(found.waited_s.values())
    lines = [f"{_name(found.queue)}: {plural(found.jobs, 'job')} waited {lasted(total)} in all"]
    if not total:
        return printable(lines[0])
    lines[0] += f", {lasted(found.behind_s)} of it behind a head"
    lines += ["", "By reason", *(_share_line(reason, ms, total) for reason, ms in found.waited_s.items())]
    clock = Clock(found.started_at, found.stretches[-1].end_s)
    most = max(stretch.waiting for stretch in found.stretches)
    lines += ["", "Over time: jobs that waited on average, and mostly for what"]
    lines += [_stretch_line(stretch, clock, most) for stretch in found.stretches]
    return "\n".join(map(printable, lines))


def _share_line(reason: str, waited_s: float, total_s: float) -> str:
    part = waited_s / total_s
    return _bar_line(part, f"{words(reason)} {lasted(waited_s)}")


def _stretch_line(stretch: QueueStretch, clock: Clock, most: float) -> str:
    """One stretch; its ends are rounded to the second, for a column that stands straight."""
    start, end = clock.at(round(stretch.start_s)), clock.at(round(stretch.end_s))
    reason = next(iter(stretch.waited_s), "")
    length = stretch.waiting / most if most else 0.0
    return f"  {start} – {end} {number(stretch.waiting):>8}  {bar(length, 12):<12}  {words(reason)}".rstrip()


def list_text(jobs: Iterable[Mapping[str, Any]]) -> str:
    """Jobs as ListJobs lists them, a line each."""
    rows = [
        (
            str(job["batchsim"]["jobId"]),
            str(job["status"]),
            _instant(job.get("createdAt")),
            _instant(job.get("stoppedAt")),
            cut(str(job.get("statusReason", "")), _LONGEST_REASON),
        )
        for job in jobs
    ]
    if not rows:
        return "no such jobs"
    head = ("job", "status", "createdAt", "stoppedAt", "statusReason")
    shown = [head, *((cut(plain(row[0]), _LONGEST_NAME), *map(plain, row[1:])) for row in rows)]
    widths = [max(len(row[column]) for row in shown) for column in range(len(head))]
    lines = ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in shown)
    return "\n".join(lines)


def _instant(epoch_ms: int | None) -> str:
    if epoch_ms is None:
        return "–"
    return f"{datetime.fromtimestamp(epoch_ms // 1000, UTC):%Y-%m-%d %H:%M:%S}"


def _name(name: str) -> str:
    return f"`{cut(plain(name), _LONGEST_NAME)}`"
