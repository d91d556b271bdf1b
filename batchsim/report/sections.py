"""The sections of the terminal report, each a function of the summary that gives what to print, or None for nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from batchsim.report import sentences
from batchsim.report.layout import BLANK, bars, facts, points, rows, section
from batchsim.report.path_sections import critical_paths, nearly_limited
from batchsim.report.shares import shares
from batchsim.report.sparklines import over_time
from batchsim.report.steady_words import figures_of_run, of_run
from batchsim.report.words import NOTHING, bar, count, dollars, duration, number, plain, plural, share, words

Summary = Mapping[str, Any]

BAR_WIDTH = 24
_STATISTICS = ("mean", "p50", "p95", "p99", "max")
_PARTS_SHOWN = 3
_ENTRIES_SHOWN = 20
_RECURRING_SHOWN = 8
_TYPES_SHOWN = 12
_FAILURES_SHOWN = 8
_BLOCKED_SHOWN = 12


def stuck(summary: Summary) -> RenderableType | None:
    """Jobs that can never start: first of all, for they make every other figure misleading."""
    found = summary["stuck"]
    if not found["jobs"]:
        return None
    title = f"STUCK: {plural(found['jobs'], 'job')} can never start"
    lines = [
        (
            queue["queue"],
            count(queue["jobs"]),
            queue["job_id"],
            sentences.needed(queue["needs"]),
            duration(queue["since_s"]),
        )
        for queue in found["queues"]
    ]
    why = [f"{queue['queue']}: {sentences.why_stuck(queue)}" for queue in found["queues"]]
    heading = Text(title, style="bold red")
    return section("", heading, rows(("queue", "jobs", "head", "needs", "since"), lines, words=1), points(why))


def blocked(summary: Summary) -> RenderableType | None:
    """Heads that blocked their queue for so long that AWS Batch told of it, and those that a time limit cancelled."""
    found = summary["blocked"]
    if not found["heads"]:
        return None
    lines = [
        (
            each["queue"],
            each["reason"],
            each["job_id"],
            count(each["heads"]),
            count(each["cancelled"]),
            duration(each["blocked_s"]),
        )
        for each in found["by_reason"][:_BLOCKED_SHOWN]
    ]
    rest = len(found["by_reason"]) - len(lines)
    more = Text(f"and {plural(rest, 'further reason')} (summary.json has all)") if rest > 0 else None
    stuck_queues = {queue["queue"] for queue in summary["stuck"]["queues"]}
    advice = {
        each["reason"]: sentences.helps(each["reason"])
        for each in found["by_reason"]
        if each["queue"] not in stuck_queues
    }
    told = points(f"{reason}{helps}" for reason, helps in advice.items() if helps) if any(advice.values()) else None
    title = f"Blocked queues: AWS Batch would have told of {plural(found['heads'], 'head')}"
    headers = ("queue", "reason", "such as", "heads", "cancelled", "blocked for")
    return section(title, rows(headers, lines, words=3), told, more)


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
    title = f"{plain(run['scenario'] or 'scenario')}: {dollars(cost['total_usd'])}, {sentences.ready(summary)}"
    figures = [
        *([("repriced", f"{plain('; '.join(run['repriced']))}; what happened is the run's")] * bool(run["repriced"])),
        ("data ready at" if cost["data_bytes"] else "done at", sentences.ready_at(summary)),
        ("makespan", duration(summary["headline"]["makespan_s"])),
        ("jobs", sentences.fates(jobs)),
        ("run", f"{duration(summary['horizon_s'])} simulated; the end: {sentences.ending(summary)}"),
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
            sentences.figure(each["value"], units[each["metric"]]),
        )
        for each in summary["thresholds"]
    ]
    return section("Thresholds", rows(("", "metric", "wanted", "got"), lines, words=3))


def steady(summary: Summary) -> RenderableType | None:
    """Where the warm-up ends, and what follows it; or that there is no steady state."""
    found = summary["steady"]
    if not found["declared"]:
        return None
    return section("Steady state", facts([("state", of_run(found)), *figures_of_run(found)]))


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
        figures.append(
            ("On-Demand", f"{dollars(bill['on_demand_usd'])} for the same hours; saved {sentences.saving(bill)}")
        )
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
        ("containers running", f"{mean}{sentences.peak(found, 'running')}"),
        ("vCPUs held", sentences.peak(found, "vcpus") + sentences.at_maximum(found["by_environment"])),
    ]
    if summary["instances"]["launched"]:
        figures.append(("instances on", sentences.peak(found, "instances")))
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
    lines = [(sentences.why_failed(each), each["job_id"], count(each["jobs"])) for each in found[:_FAILURES_SHOWN]]
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
        *sentences.run_task(summary["run_task"]),
        ("reclaimed", sentences.reclaimed(lost)),
        *sentences.unlaunched(summary["instances"]["capacity_errors"]),
    ]
    if lost["attempts"] or lost["cut_short"]:
        figures.append(("work lost to it", sentences.work_lost(lost)))
    if lost["saved_s"]:
        figures.append(("saved from it", f"{duration(lost['saved_s'])} of running, by checkpoints"))
    if lost["cut_short"]:
        figures.append(("cut short", sentences.cut_short(lost["cut_short"])))
    return section("Retries and reclaims", facts(figures))


def notifications(summary: Summary) -> RenderableType | None:
    """How many events each rule matched, and where they went."""
    rules = summary["notifications"]
    if not rules:
        return None
    lines = [(each["rule"], plain(each["target"]) or NOTHING, sentences.matched(each)) for each in rules]
    return section("Notifications", rows(("rule", "target", "events matched"), lines, words=2))


def consumables(summary: Summary) -> RenderableType | None:
    """How much of the consumable resources was in use."""
    if not summary["consumables"]:
        return None
    lines = [
        (each["resource"], count(each["total"]), count(each["peak_in_use"]), count(each["mean_in_use"] or 0, 1),
         share(each["used_share"]))
        for each in summary["consumables"]
    ]  # fmt: skip
    return section(
        "Consumable resources", rows(("resource", "total", "peak in use", "on average", "of the total"), lines)
    )


def faults(summary: Summary) -> RenderableType | None:
    """What the faults of the plan did, and what that cost."""
    if not summary["faults"]:
        return None
    lines = [
        (each["fault"], words(each["kind"]), sentences.fault_events(each["events"]), count(each["attempts_lost"]),
         duration(each["wasted_s"]), dollars(each["wasted_usd"]))
        for each in summary["faults"]
    ]  # fmt: skip
    return section(
        "Faults", rows(("fault", "kind", "what it did", "attempts lost", "work wasted", "cost"), lines, words=3)
    )


def not_counted(summary: Summary) -> RenderableType:
    """What no bill holds."""
    return section("Not counted", points(summary["not_counted"]))


def assumptions(summary: Summary) -> RenderableType:
    """The model's choices that the figures rest on."""
    return section("Assumptions (AWS does not publish these; see the scenario's world)", points(summary["assumptions"]))


ORDER = (
    stuck, refused, headline, unsimulated, thresholds, steady, blocked, failures, entries, occurrences, critical_paths,
    cost, latency, throughput, over_time, nearly_limited, utilisation, shares, consumables, retries, faults,
    notifications, not_counted, assumptions,
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


def _bars(title: str, parts: Mapping[str, float], total: float) -> RenderableType | None:
    """Dollars by name, the largest first, with their shares as bars; of a total of nothing there are no shares."""
    ordered = sorted(((name, usd) for name, usd in parts.items() if usd), key=lambda part: -part[1])
    shares = [usd / total if total else None for _, usd in ordered]
    lines = [
        (words(name), dollars(usd), share(part), bar(part or 0.0, BAR_WIDTH))
        for (name, usd), part in zip(ordered, shares, strict=True)
    ]
    return bars((title, "USD", "share"), lines, BAR_WIDTH) if lines else None
