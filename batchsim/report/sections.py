"""The sections of the terminal report, each a function of the summary that gives what to print, or None for nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from batchsim.report.layout import BLANK, bars, facts, points, rows, section
from batchsim.report.words import NOTHING, bar, count, dollars, duration, number, plain, plural, share, words

Summary = Mapping[str, Any]

BAR_WIDTH = 24
_STATISTICS = ("mean", "p50", "p95", "p99", "max")
_PARTS_SHOWN = 3
_ENTRIES_SHOWN = 20
_RECURRING_SHOWN = 8
_TYPES_SHOWN = 12
_FULL_SHOWN = 3
_FAILURES_SHOWN = 8
_ENDINGS = {
    "drained": "all work was done and the capacity gone",
    "stuck": "nothing could help the jobs that were left",
    "until": "the scenario says so (until)",
    "max_time": "max_time cut it; what still ran is billed up to here",
}


def stuck(summary: Summary) -> RenderableType | None:
    """Jobs that can never start: first of all, for they make every other figure misleading."""
    blocked = summary["stuck"]
    if not blocked["jobs"]:
        return None
    title = f"STUCK: {plural(blocked['jobs'], 'job')} can never start"
    lines = [
        (queue["queue"], count(queue["jobs"]), queue["job_id"], _needs(queue["needs"]), duration(queue["since_s"]))
        for queue in blocked["queues"]
    ]
    why = [f"{queue['queue']}: {_why_stuck(queue)}" for queue in blocked["queues"]]
    heading = Text(title, style="bold red")
    return section("", heading, rows(("queue", "jobs", "head", "needs", "since"), lines, words=1), points(why))


def refused(summary: Summary) -> RenderableType | None:
    """SubmitJob calls that AWS Batch would not take: their jobs never came to be."""
    reasons = summary["jobs"]["refused_calls"]
    if not reasons:
        return None
    heading = Text(f"REFUSED: {plural(sum(reasons.values()), 'SubmitJob call')}", style="bold red")
    return section("", heading, points(f"{plain(why)}: {plural(calls, 'call')}" for why, calls in reasons.items()))


def unsimulated(summary: Summary) -> RenderableType | None:
    """What the scenario asks of AWS Batch and the run did not do: the figures are of a run without it."""
    if not summary["unsimulated"]:
        return None
    return section("Not simulated yet, though the scenario asks for it", points(map(plain, summary["unsimulated"])))


def headline(summary: Summary) -> RenderableType:
    """When the data is ready (or, without data sets, the work done), what it cost, how the jobs fared."""
    run, jobs, cost = summary["run"], summary["jobs"], summary["cost"]
    title = f"{plain(run['scenario'] or 'scenario')}: {dollars(cost['total_usd'])}, {ready(summary)}"
    figures = [
        *([("repriced", f"{plain('; '.join(run['repriced']))}; what happened is the run's")] * bool(run["repriced"])),
        ("data ready at" if cost["data_bytes"] else "done at", _ready_at(summary)),
        ("makespan", duration(summary["headline"]["makespan_s"])),
        ("jobs", fates(jobs)),
        ("run", f"{duration(summary['horizon_s'])} simulated; the end: {_ending(summary)}"),
        ("seed", f"{run['seed']}{_which(run['replication'])} (1 replication: no interval)"),
    ]
    return section(title, facts(figures))


def _which(replication: int) -> str:
    """Which of the seed's replications, unless it is the plain one."""
    return f", replication {replication}" if replication else ""


def thresholds(summary: Summary) -> RenderableType | None:
    """Which of the scenario's conditions hold."""
    if not summary["thresholds"]:
        return None
    units = {name: metric["unit"] for name, metric in summary["metrics"].items()}
    lines = [
        (
            "ok" if each["ok"] else "FAILED",
            each["metric"],
            each["condition"],
            _figure(each["value"], units[each["metric"]]),
        )
        for each in summary["thresholds"]
    ]
    return section("Thresholds", rows(("", "metric", "wanted", "got"), lines, words=3))


def cost(summary: Summary) -> RenderableType:
    """The bill, what it is a job and a terabyte, what On-Demand would cost, and where it went."""
    bill = summary["cost"]
    figures = [
        ("total", dollars(bill["total_usd"])),
    ]
    if bill["per_job_usd"] is not None:
        figures.append(("per job", f"{dollars(bill['per_job_usd'])} for each that succeeded"))
    if bill["data_bytes"]:
        figures.append(("per TB", f"{dollars(bill['per_tb_usd'])} of {bill['data_bytes'] / 1e12:g} TB"))
    figures.append(("per month", f"{dollars(bill['per_month_usd'])} {bill['per_month_basis']}"))
    if any("Spot" in purchase for purchase in bill["by_purchase"]):
        figures.append(("On-Demand", f"{dollars(bill['on_demand_usd'])} for the same hours; saved {_saving(bill)}"))
    if bill["waived_usd"]:
        figures.append(("waived", f"{dollars(bill['waived_usd'])} by the first-hour rule: Spot took the instance"))
    figures += [_commitment(each) for each in bill["commitments"]]
    shown: list[RenderableType | None] = [facts(figures)]
    shown += _after_a_line(_bars("by cause", bill["by_cause"], bill["total_usd"]))
    if len(bill["by_environment"]) > 1:
        shown += _after_a_line(_bars("by environment", bill["by_environment"], bill["total_usd"]))
    return section("Cost", *shown)


def _commitment(found: Summary) -> tuple[str, str]:
    """What was paid for a commitment in the run's clock hours, and how much of it was of use."""
    is_plan = found["kind"] == "savings_plan"
    what = "Savings Plan" if is_plan else f"reserved {plain(found['covers'])}"
    paid = f"{dollars(found['fees_usd'])} for {plural(found['hours'], 'clock hour')}, {share(found['used_share'])} used"
    return what, f"{paid}; it covered {dollars(found['covered_usd'])} of On-Demand use"


def latency(summary: Summary) -> RenderableType | None:
    """Wait, start-up and turnaround, over all jobs and by queue; the largest parts of the wait."""
    if not summary["jobs"]["total"]:
        return None
    everyone, queues = summary["latency"]["all"], summary["latency"]["by_queue"]
    lines = list(_latencies("all jobs", everyone))
    if len(queues) > 1:
        lines += [line for queue, figures in queues.items() for line in _latencies(f"queue {queue}", figures)]
    table = rows(("", "jobs", *_STATISTICS), lines)
    few = any(each["note"] for each in (everyone[key] for key in _LATENCIES))
    return section("Latency", table, Text(_FEW, style="dim") if few else None, *_after_a_line(_wait_parts(everyone)))


def throughput(summary: Summary) -> RenderableType | None:
    """Rates and peaks."""
    if not summary["jobs"]["total"]:
        return None
    found = summary["throughput"]
    mean = "" if found["running_mean"] is None else f"{number(found['running_mean'])} on average, "
    figures = [
        ("jobs per hour", count(found["jobs_per_h"], 1)),
        ("containers running", f"{mean}{_peak(found, 'running')}"),
        ("vCPUs held", _peak(found, "vcpus") + _at_maximum(found["by_environment"])),
    ]
    if summary["instances"]["launched"]:
        figures.append(("instances on", _peak(found, "instances")))
    return section("Throughput", facts(figures))


def utilisation(summary: Summary) -> RenderableType | None:
    """How much of the instances jobs held, and which instances these were."""
    instances, used = summary["instances"], summary["utilisation"]
    if not instances["launched"]:
        return None
    types = sorted(instances["by_type"].items(), key=lambda item: -item[1]["usd"])
    lines = [
        (name, count(each["launched"]), count(each["on_h"], 1), dollars(each["usd"]))
        for name, each in types[:_TYPES_SHOWN]
    ]
    rest = len(types) - len(lines)
    more = Text(f"and {plural(rest, 'further type')} (summary.json has all)") if rest else None
    held = [
        (environment, share(each["vcpu"]), share(each["memory"]), count(each["vcpu_h_on"], 1))
        for environment, each in used["by_environment"].items()
    ]
    whole = [("all", share(used["vcpu"]), share(used["memory"]), count(used["vcpu_h_on"], 1))] * (len(held) > 1)
    return section(
        "Utilisation of instances",
        rows(("environment", "vCPU held", "memory held", "vCPU-hours on"), [*whole, *held]),
        BLANK,
        rows(("type", "launched", "hours on", "cost"), lines),
        more,
    )


def entries(summary: Summary) -> RenderableType | None:
    """How the jobs of each entry of the workload fared, and when the last of them was ready."""
    if not 1 < len(summary["entries"]) <= _ENTRIES_SHOWN:
        return None
    fates = ("jobs", "succeeded", "failed", "retried")
    lines = [
        (each["entry"], *(count(each[fate]) for fate in fates), duration(each["ready_at_s"]))
        for each in summary["entries"]
    ]
    return section("Entries", rows(("entry", *fates, "ready after"), lines))


def occurrences(summary: Summary) -> RenderableType | None:
    """How long what recurs took to be ready, and what it cost; of single jobs the turnaround says as much."""
    found = [each for each in summary["occurrences"] if each["jobs"] > each["occurrences"]]
    if not found:
        return None
    lines = [line for each in found[:_RECURRING_SHOWN] for line in _occurrence_lines(each)]
    rest = len(found) - _RECURRING_SHOWN
    more = Text(f"and {plural(rest, 'further entry', 'further entries')} (summary.json has all)") if rest > 0 else None
    few = any(each[key]["note"] for each in found[:_RECURRING_SHOWN] for key in ("ready_after_s", "cost_loaded_usd"))
    table = rows(("", "times", *_STATISTICS), lines)
    return section("Occurrences", table, more, Text(_FEW_TIMES, style="dim") if few else None)


def failures(summary: Summary) -> RenderableType | None:
    """Why jobs failed for good, and one job of each kind to look at."""
    found = summary["failures"]
    if not found:
        return None
    lines = [(_why_failed(each), each["job_id"], count(each["jobs"])) for each in found[:_FAILURES_SHOWN]]
    rest = sum(each["jobs"] for each in found[_FAILURES_SHOWN:])
    more = Text(f"and {plural(rest, 'job')} for other reasons (summary.json has all)") if rest else None
    title = f"Failed: {plural(summary['jobs']['failed'], 'job')}"
    return section(title, rows(("reason", "such as", "jobs"), lines, words=2), more)


def retries(summary: Summary) -> RenderableType:
    """What was tried again, and what Spot took with the work lost."""
    tried, lost = summary["retries"], summary["reclaims"]
    outcomes = ", ".join(f"{attempts:,} {words(outcome)}" for outcome, attempts in tried["by_outcome"].items())
    again = f"{plural(tried['retried_jobs'], 'job')} ({tried['retried_jobs_succeeded']:,} succeeded in the end)"
    figures = [
        ("attempts", f"{tried['attempts']:,}: {outcomes}" if outcomes else "0"),
        ("retried", f"{again}, {plural(tried['retries'], 'further attempt')}" if tried["retries"] else "nothing"),
        *_run_task(summary["run_task"]),
        ("reclaimed", _reclaimed(lost)),
        *_unlaunched(summary["instances"]["capacity_errors"]),
    ]
    if lost["attempts"] or lost["cut_short"]:
        figures.append(("work lost to it", _lost(lost)))
    if lost["saved_s"]:
        figures.append(("saved from it", f"{duration(lost['saved_s'])} of running, by checkpoints"))
    if lost["cut_short"]:
        figures.append(("cut short", _cut_short(lost["cut_short"])))
    return section("Retries and reclaims", facts(figures))


def notifications(summary: Summary) -> RenderableType | None:
    """How many events each rule matched, and where they went."""
    rules = summary["notifications"]
    if not rules:
        return None
    lines = [(each["rule"], plain(each["target"]) or NOTHING, _matched(each)) for each in rules]
    return section("Notifications", rows(("rule", "target", "events matched"), lines, words=2))


def not_counted(summary: Summary) -> RenderableType:
    """What no bill holds."""
    return section("Not counted", points(summary["not_counted"]))


def assumptions(summary: Summary) -> RenderableType:
    """The model's choices that the figures rest on."""
    return section("Assumptions (AWS does not publish these; see the scenario's world)", points(summary["assumptions"]))


ORDER = (
    stuck, refused, headline, unsimulated, thresholds, failures, entries, occurrences, cost, latency, throughput,
    utilisation, retries, notifications, not_counted, assumptions,
)  # fmt: skip
"""The report, from top to bottom."""

_FEW = f"{NOTHING} a percentile needs jobs enough: p50 20, p95 200, p99 1,000"
_FEW_TIMES = f"{NOTHING} a percentile needs times enough: p50 20, p95 200, p99 1,000"
_LATENCIES = {"wait_s": "wait", "start_up_s": "start-up", "turnaround_s": "turnaround"}


def _after_a_line(part: RenderableType | None) -> list[RenderableType | None]:
    """A part with an empty line before it; nothing without the part."""
    return [] if part is None else [BLANK, part]


def _latencies(title: str, figures: Summary) -> Iterator[tuple[str, ...]]:
    """A row with a title, then one for each latency with its statistics."""
    yield (title, *[""] * (1 + len(_STATISTICS)))
    for key, name in _LATENCIES.items():
        of = figures[key]
        yield (f"  {name}", count(of["n"]), *(duration(of[statistic]) for statistic in _STATISTICS))


def _occurrence_lines(each: Summary) -> Iterator[tuple[str, ...]]:
    """A row with the entries' names, one with the times until ready, one with the costs."""
    others = len(each["entries"]) - 1
    yield (each["entry"] + (f" and {others} more" if others else ""), *[""] * (1 + len(_STATISTICS)))
    ready, cost = each["ready_after_s"], each["cost_loaded_usd"]
    yield ("  ready after", count(ready["n"]), *(duration(ready[statistic]) for statistic in _STATISTICS))
    yield ("  cost", count(cost["n"]), *(dollars(cost[statistic]) for statistic in _STATISTICS))


def _wait_parts(figures: Summary) -> RenderableType | None:
    """The largest reasons of waiting."""
    lines = [
        (words(each["reason"]), duration(each["mean_s"]), share(each["share"]), share(each["behind_share"]))
        for each in figures["wait_reasons"][:_PARTS_SHOWN]
    ]
    return rows(("waited most for", "mean", "share", "behind the head"), lines) if lines else None


def _peak(found: Summary, what: str) -> str:
    highest = found[f"{what}_peak"]
    return f"{number(highest)} at the peak (after {duration(found[f'{what}_peak_at_s'])})" if highest else "none"


def _at_maximum(environments: Mapping[str, Summary]) -> str:
    """The environments that grew, or whose jobs did, to their maxvCpus: the next thing that a reader asks."""
    full = [
        f"; {plain(name)} reached its maxvCpus, {count(each['max_vcpus'])}"
        for name, each in environments.items()
        if each["max_vcpus"] and max(each["vcpus_peak"], each["desired_vcpus_peak"]) >= each["max_vcpus"]
    ]
    more = f"; so did {plural(len(full) - _FULL_SHOWN, 'further environment')}" if len(full) > _FULL_SHOWN else ""
    return "".join(full[:_FULL_SHOWN]) + more


def _bars(title: str, parts: Mapping[str, float], total: float) -> RenderableType | None:
    """Dollars by name, the largest first, with their shares as bars; of a total of nothing there are no shares."""
    ordered = sorted(((name, usd) for name, usd in parts.items() if usd), key=lambda part: -part[1])
    shares = [usd / total if total else None for _, usd in ordered]
    lines = [
        (words(name), dollars(usd), share(part), bar(part or 0.0, BAR_WIDTH))
        for (name, usd), part in zip(ordered, shares, strict=True)
    ]
    return bars((title, "USD", "share"), lines, BAR_WIDTH) if lines else None


def ready(summary: Summary) -> str:
    """When the data was ready, or the work done; or that it was not."""
    ready_at_s, with_data = summary["headline"]["data_ready_at_s"], bool(summary["cost"]["data_bytes"])
    if ready_at_s is not None:
        return f"{'ready' if with_data else 'done'} after {duration(ready_at_s)}"
    if not summary["jobs"]["total"]:
        return "no jobs"
    return "not all data ready" if with_data else "not every job succeeded"


def _ready_at(summary: Summary) -> str:
    """The instant at which the last job had succeeded, after the start and by the clock."""
    ready_at_s = summary["headline"]["data_ready_at_s"]
    if ready_at_s is None:
        return f"{NOTHING} (not every job succeeded)" if summary["jobs"]["total"] else NOTHING
    clock = _start(summary) + timedelta(seconds=round(ready_at_s))  # rounded as durations are
    return f"{clock:%Y-%m-%d %H:%M:%S} UTC, {duration(ready_at_s)} after the start"


def _start(summary: Summary) -> datetime:
    start = datetime.fromisoformat(summary["run"]["start"])
    return (start if start.tzinfo else start.replace(tzinfo=UTC)).astimezone(UTC)


def _ending(summary: Summary) -> str:
    refused = sum(summary["jobs"]["refused_calls"].values())
    return _ENDINGS[summary["ended_by"]] + (", but for the refused calls" if refused else "")


def fates(jobs: Summary) -> str:
    """How the jobs fared, and how many calls submitted them."""
    fates = [f"{jobs['succeeded']:,} of {jobs['total']:,} succeeded"]
    fates += [f"{jobs['failed']:,} failed"] * bool(jobs["failed"])
    fates += [f"{jobs['censored']:,} unfinished"] * bool(jobs["censored"])
    fates += [f"{plural(jobs['submit_calls'], 'SubmitJob call')}{_throttled(jobs)}"]
    return ", ".join(fates)


def _throttled(jobs: Summary) -> str:
    return f", {jobs['throttled_calls']:,} of them throttled" if jobs["throttled_calls"] else ""


def _saving(bill: Summary) -> str:
    return f"{dollars(bill['saving_usd'])} ({share(bill['saving_share'])})"


def _reclaimed(lost: Summary) -> str:
    if not lost["instances"] and not lost["attempts"]:
        return "nothing"
    return f"{plural(lost['instances'], 'instance')} with {plural(lost['attempts'], 'live attempt')}"


def _run_task(calls: Summary) -> list[tuple[str, str]]:
    """How RunTask fared, where clients called it."""
    if not calls["calls"]:
        return []
    gave_up = f"; {plural(calls['gave_up'], 'job')} given up" if calls["gave_up"] else ""
    return [("RunTask", f"{plural(calls['calls'], 'call')}, {calls['failures']:,} found no room{gave_up}")]


def _unlaunched(capacity_errors: int) -> list[tuple[str, str]]:
    """Launches that EC2 refused, where there were any."""
    if not capacity_errors:
        return []
    return [("refused", f"{plural(capacity_errors, 'launch', 'launches')} for want of Spot capacity in the pool")]


def _lost(lost: Summary) -> str:
    spent = f"{duration(lost['lost_s'])} of running, {lost['lost_vcpu_h']:,.2f} vCPU-hours"
    billed, waived = lost["lost_usd"], lost["lost_waived_usd"]
    if waived and not billed:
        return f"{spent}; {dollars(waived)}, all of it waived by the first-hour rule"
    more = f", and {dollars(waived)} waived by the first-hour rule" if waived else ""
    return f"{spent}; {dollars(billed)} billed{more}"


def _cut_short(jobs: int) -> str:
    """A trap: AWS Batch takes exit code 0 for success, whatever made the container exit."""
    return (
        f"{plural(jobs, 'job')} SUCCEEDED with unfinished work: the container exits 0 at SIGTERM, so no rule retries it"
    )


def _why_failed(failure: Summary) -> str:
    """The job's statusReason; of an attempt that ended by itself, its exit code and reason too."""
    exit_code = [] if failure["exit_code"] is None else [f"exit code {failure['exit_code']}"]
    told = ", ".join([*exit_code, *[failure["reason"]] * bool(failure["reason"])])
    return f"{failure['status_reason']}{told and f' ({told})'}"


def _needs(needs: Summary) -> str:
    gpus = f", {plural(needs['gpus'], 'GPU')}" if needs["gpus"] else ""
    return f"{needs['vcpus']:g} vCPU, {needs['memory_mib']:,} MiB{gpus}"


def _why_stuck(queue: Summary) -> str:
    where = f" in {queue['environment']}" if queue["environment"] else ""
    said = f" ({queue['status_reason']})" if queue["status_reason"] else ""
    return f"{words(queue['reason'])}{where}{said}"


def _matched(rule: Summary) -> str:
    return count(rule["notifications"]) if rule["state"] == "ENABLED" else "DISABLED"


def _figure(value: float | None, unit: str) -> str:
    """A metric's value in its unit."""
    shown = {"s": duration, "USD": dollars, "share": share}.get(unit)
    if shown:
        return shown(value)
    return NOTHING if value is None else f"{value:,.6g}" + (f" {unit}" if unit != "1" else "")
