"""What the report says of single figures: peaks, endings, fates, losses, reasons; each in a few words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from batchsim.analysis.remedies import remedy
from batchsim.report.words import NOTHING, count, dollars, duration, number, plain, plural, share, words

Summary = Mapping[str, Any]

_FULL_SHOWN = 3
_ENDINGS = {
    "drained": "all work was done and the capacity gone",
    "stuck": "nothing could help the jobs that were left",
    "until": "the scenario says so (until)",
    "max_time": "max_time cut it; what still ran is billed up to here",
}


def peak(found: Summary, what: str) -> str:
    """The most at one time, and when first."""
    highest = found[f"{what}_peak"]
    return f"{number(highest)} at the peak (after {duration(found[f'{what}_peak_at_s'])})" if highest else "none"


def at_maximum(environments: Mapping[str, Summary]) -> str:
    """The environments that grew, or whose jobs did, to their maxvCpus: the next thing that a reader asks."""
    full = [
        f"; {plain(name)} reached its maxvCpus, {count(each['max_vcpus'])}"
        for name, each in environments.items()
        if each["max_vcpus"] and max(each["vcpus_peak"], each["desired_vcpus_peak"]) >= each["max_vcpus"]
    ]
    more = f"; so did {plural(len(full) - _FULL_SHOWN, 'further environment')}" if len(full) > _FULL_SHOWN else ""
    return "".join(full[:_FULL_SHOWN]) + more


def ready(summary: Summary) -> str:
    """When the data was ready, or the work done; or that it was not."""
    ready_at_s, with_data = summary["headline"]["data_ready_at_s"], bool(summary["cost"]["data_bytes"])
    if ready_at_s is not None:
        return f"{'ready' if with_data else 'done'} after {duration(ready_at_s)}"
    if not summary["jobs"]["total"]:
        return "no jobs"
    return "not all data ready" if with_data else "not every job succeeded"


def ready_at(summary: Summary) -> str:
    """The instant at which the last job had succeeded, after the start and by the clock."""
    ready_at_s = summary["headline"]["data_ready_at_s"]
    if ready_at_s is None:
        return f"{NOTHING} (not every job succeeded)" if summary["jobs"]["total"] else NOTHING
    clock = started(summary) + timedelta(seconds=round(ready_at_s))  # rounded as durations are
    return f"{clock:%Y-%m-%d %H:%M:%S} UTC, {duration(ready_at_s)} after the start"


def started(summary: Summary) -> datetime:
    """The start of the run, in UTC."""
    start = datetime.fromisoformat(summary["run"]["start"])
    return (start if start.tzinfo else start.replace(tzinfo=UTC)).astimezone(UTC)


def ending(summary: Summary) -> str:
    """Why the run ended."""
    refused = sum(summary["jobs"]["refused_calls"].values())
    return _ENDINGS[summary["ended_by"]] + (", but for the refused calls" if refused else "")


def fates(jobs: Summary) -> str:
    """How the jobs fared, and how many calls submitted them."""
    fates = [f"{jobs['succeeded']:,} of {jobs['total']:,} succeeded"]
    fates += [f"{jobs['failed']:,} failed"] * bool(jobs["failed"])
    fates += [f"{jobs['censored']:,} unfinished"] * bool(jobs["censored"])
    fates += [f"{plural(jobs['submit_calls'], 'SubmitJob call')}{throttled(jobs)}"]
    return ", ".join(fates)


def throttled(jobs: Summary) -> str:
    """How many SubmitJob calls were throttled."""
    return f", {jobs['throttled_calls']:,} of them throttled" if jobs["throttled_calls"] else ""


def saving(bill: Summary) -> str:
    """What Spot saved."""
    return f"{dollars(bill['saving_usd'])} ({share(bill['saving_share'])})"


def reclaimed(lost: Summary) -> str:
    """What Spot took."""
    if not lost["instances"] and not lost["attempts"]:
        return "nothing"
    return f"{plural(lost['instances'], 'instance')} with {plural(lost['attempts'], 'live attempt')}"


def run_task(calls: Summary) -> list[tuple[str, str]]:
    """How RunTask fared, where clients called it."""
    if not calls["calls"]:
        return []
    gave_up = f"; {plural(calls['gave_up'], 'job')} given up" if calls["gave_up"] else ""
    return [("RunTask", f"{plural(calls['calls'], 'call')}, {calls['failures']:,} found no room{gave_up}")]


def unlaunched(capacity_errors: int) -> list[tuple[str, str]]:
    """Launches that EC2 refused, where there were any."""
    if not capacity_errors:
        return []
    return [("refused", f"{plural(capacity_errors, 'launch', 'launches')} for want of capacity in the pool")]


def work_lost(lost: Summary) -> str:
    """What reclaims cost in work and money."""
    spent = f"{duration(lost['lost_s'])} of running, {lost['lost_vcpu_h']:,.2f} vCPU-hours"
    billed, waived = lost["lost_usd"], lost["lost_waived_usd"]
    if waived and not billed:
        return f"{spent}; {dollars(waived)}, all of it waived by the first-hour rule"
    more = f", and {dollars(waived)} waived by the first-hour rule" if waived else ""
    return f"{spent}; {dollars(billed)} billed{more}"


def cut_short(jobs: int) -> str:
    """A trap: AWS Batch takes exit code 0 for success, whatever made the container exit."""
    return (
        f"{plural(jobs, 'job')} SUCCEEDED with unfinished work: the container exits 0 at SIGTERM, so no rule retries it"
    )


def why_failed(failure: Summary) -> str:
    """The job's statusReason; of an attempt that ended by itself, its exit code and reason too."""
    exit_code = [] if failure["exit_code"] is None else [f"exit code {failure['exit_code']}"]
    told = ", ".join([*exit_code, *[failure["reason"]] * bool(failure["reason"])])
    return f"{failure['status_reason']}{told and f' ({told})'}"


def needed(needs: Summary) -> str:
    """What a job asks for."""
    gpus = f", {plural(needs['gpus'], 'GPU')}" if needs["gpus"] else ""
    return f"{needs['vcpus']:g} vCPU, {needs['memory_mib']:,} MiB{gpus}"


def why_stuck(queue: Summary) -> str:
    """Why the head of a queue can never start, what AWS Batch says of it, and what would help."""
    where = f" in {queue['environment']}" if queue["environment"] else ""
    said = f". AWS Batch says: {queue['status_reason'].rstrip('.')}" if queue["status_reason"] else ""
    largest = _largest(queue["largest_type"]) if queue["reason"] == "nothing_fits" else ""
    return f"{words(queue['reason'])}{where}{largest}{said}{helps(queue['blocked_for'], queue['reason'])}"


def _largest(found: Summary | None) -> str:
    """The largest type, beside what the job needs."""
    return f"; the largest, {plain(found['type'])}, has {needed(found)} for jobs" if found else ""


def helps(reason: str | None, waits_for: str = "") -> str:
    """What would help a blocked head, as a sentence more; nothing where nobody knows."""
    found = remedy(reason, waits_for)
    return f". What would help: {found}" if found else ""


def fault_events(events: Summary) -> str:
    """What a fault did: ``3 instances lost, 1 launch refused``."""
    return ", ".join(plural(number, *_EFFECTS[effect]) for effect, number in events.items())


_EFFECTS = {
    "instance_lost": ("instance lost", "instances lost"),
    "boot_failed": ("boot failed", "boots failed"),
    "slowed": ("instance slowed", "instances slowed"),
    "launch_refused": ("launch refused", "launches refused"),
    "pass_delayed": ("pass put off", "passes put off"),
    "exit_forced": ("bad exit", "bad exits"),
    "pull_failed": ("pull failed", "pulls failed"),
    "pull_delayed": ("pull delayed", "pulls delayed"),
    "price_shocked": ("price shock", "price shocks"),
}


def matched(rule: Summary) -> str:
    """How many events a rule matched."""
    return count(rule["notifications"]) if rule["state"] == "ENABLED" else "DISABLED"


def figure(value: float | None, unit: str) -> str:
    """A metric's value in its unit."""
    shown = {"s": duration, "USD": dollars, "share": share}.get(unit)
    if shown:
        return shown(value)
    return NOTHING if value is None else f"{value:,.6g}" + (f" {unit}" if unit != "1" else "")
