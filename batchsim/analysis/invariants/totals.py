"""The summary's figures, each recomputed from the tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.beside import extra_of_hours, settlements
from batchsim.analysis.invariants.bills import attempt_of_row, instance_on_ms
from batchsim.analysis.invariants.book import Book
from batchsim.analysis.invariants.exact import Figure, differing, nano, total
from batchsim.analysis.invariants.progress import cut_by_timeout, cut_short
from batchsim.analysis.invariants.references import FARGATE
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.settings import CannotTellError
from batchsim.analysis.invariants.sweep import ascending
from batchsim.analysis.typed import MISSING, Bools, Int64s


def _section(book: Book, *path: str) -> Mapping[str, Any]:
    section: Any = book.summary
    for key in path:
        section = section.get(key) if isinstance(section, Mapping) else None
    if not isinstance(section, Mapping):
        raise CannotTellError(f"the summary has no {'.'.join(path)}")
    return section


@invariant("I25")
def bills_sum_to_the_total(book: Book) -> pd.DataFrame:
    """Every instance and Fargate attempt has exactly one bill, and the bills sum to the reported total.

    Extra costs and settled commitments are part of it.
    """
    cost = _section(book, "cost")
    return differing([("cost.total_usd", nano(cost["total_usd"]), _bill(book))])


def _bill(book: Book) -> int:
    fargate = book.attempts.among("environment_kind", *FARGATE)
    capacity = total(book.instances.nano("cost_usd")) + total(book.attempts.nano("cost_usd")[fargate])
    extra = total(book.attempts.nano("extra_usd")[~fargate]) + extra_of_hours(book)
    return capacity + extra + sum(each["unused_usd"] - each["discount_usd"] for each in settlements(book))


@invariant("B06")
def splits_sum_to_the_total(book: Book) -> pd.DataFrame:
    """Each split of the bill sums to it: by cause, charge, queue, definition, entry, environment, type, purchase."""
    cost = _section(book, "cost")
    names = [name for name in cost if name.startswith("by_")]
    return differing((f"cost.{name}", sum(map(_nano, cost[name].values())), nano(cost["total_usd"])) for name in names)


def _nano(value: Any) -> int:
    return nano(value) or 0


@invariant("B06b")
def loaded_costs_sum_to_the_total(book: Book) -> pd.DataFrame:
    """Loaded costs and what no job could bear sum to the bill; waived money is the instances'.

    Saving = On-Demand - total.
    """
    cost = _section(book, "cost")
    loaded = total(book.jobs.nano("cost_loaded_usd")) + _nano(cost["unallocated_usd"])
    figures: list[Figure] = [
        ("cost.total_usd", nano(cost["total_usd"]), loaded),
        ("cost.waived_usd", nano(cost["waived_usd"]), total(book.instances.nano("waived_usd"))),
        ("cost.saving_usd", nano(cost["saving_usd"]), _nano(cost["on_demand_usd"]) - _nano(cost["total_usd"])),
        ("cost.cost_share_usd", nano(cost["cost_share_usd"]), total(book.jobs.nano("cost_share_usd"))),
    ]
    return differing(figures)


@invariant("B06c")
def splits_follow_the_bills(book: Book) -> pd.DataFrame:
    """The splits by charge, type and environment are the sums of the bills in the tables."""
    cost, instances, attempts = _section(book, "cost"), book.instances, book.attempts
    fargate = attempts.among("environment_kind", *FARGATE)
    figures = [
        ("cost.by_charge.compute", _nano(cost["by_charge"].get("compute")), total(instances.nano("compute_usd"))),
        ("cost.by_charge.ebs", _nano(cost["by_charge"].get("ebs")), total(instances.nano("ebs_usd"))),
        ("cost.by_cause.ebs", _nano(cost["by_cause"].get("ebs")), total(instances.nano("ebs_usd"))),
    ]
    for name in sorted({*instances.words("environment"), *attempts.words("environment")}):
        bill = total(instances.nano("cost_usd")[instances.among("environment", name)])
        here = attempts.among("environment", name)
        bill += total(attempts.nano("cost_usd")[fargate & here]) + total(attempts.nano("extra_usd")[~fargate & here])
        figures.append((f"cost.by_environment.{name}", _nano(cost["by_environment"].get(name)), bill))
    for name in instances.words("type"):
        bill = total(instances.nano("cost_usd")[instances.among("type", name)])
        figures.append((f"cost.by_type.{name}", _nano(cost["by_type"].get(name)), bill))
    return differing(figures)


@invariant("B06d")
def splits_follow_the_jobs(book: Book) -> pd.DataFrame:
    """What jobs pay themselves is the split by queue, definition and entry, their shared lines aside."""
    cost, jobs = _section(book, "cost"), book.jobs
    own = jobs.nano("cost_usd")
    figures: list[Figure] = []
    for column in ("queue", "definition", "entry"):
        told = cost[f"by_{column}"]
        figures += [
            (f"cost.by_{column}.{name}", _nano(told.get(name)), total(own[jobs.among(column, name)]))
            for name in jobs.words(column)
        ]
    return differing(figures)


@invariant("N54")
def counts_are_right(book: Book) -> pd.DataFrame:
    """The summary's counts are those of the tables."""
    told, jobs, calls = _section(book, "jobs"), book.jobs, book.submissions
    states = {word: int(jobs.among("state", word).sum()) for word in jobs.words("state")}
    figures: list[Figure] = [
        ("jobs.total", told["total"], len(jobs)),
        ("jobs.submitted", told["submitted"], int((jobs.ms("created_at_s") != MISSING).sum())),
        ("jobs.succeeded", told["succeeded"], states.get("SUCCEEDED", 0)),
        ("jobs.failed", told["failed"], states.get("FAILED", 0)),
        ("jobs.submit_calls", told["submit_calls"], int(calls.number("calls").sum())),
        ("instances.launched", _section(book, "instances")["launched"], len(book.instances)),
    ]
    figures += [(f"jobs.by_state.{word}", told["by_state"].get(word, 0), count) for word, count in states.items()]
    return differing(figures)


@invariant("N54b")
def attempts_are_counted(book: Book) -> pd.DataFrame:
    """The summary's attempts, retries and reclaims are those of the tables."""
    retries, reclaims, attempts = _section(book, "retries"), _section(book, "reclaims"), book.attempts
    taken, cut = attempts.among("outcome", "reclaimed"), cut_short(book)
    lost = taken | (cut & ~cut_by_timeout(book))
    figures: list[Figure] = [
        ("retries.attempts", retries["attempts"], len(attempts)),
        ("retries.retries", retries["retries"], int((attempts.number("attempt") > 1).sum())),
        ("retries.retried_jobs", retries["retried_jobs"], int((book.jobs.number("attempts") > 1).sum())),
        ("reclaims.instances", reclaims["instances"], int(book.instances.among("why_ended", "spot_reclaim").sum())),
        ("reclaims.attempts", reclaims["attempts"], int(taken.sum())),
        ("reclaims.cut_short", reclaims["cut_short"], int(cut.sum())),
        ("reclaims.lost_s", _ms(reclaims["lost_s"]), int(attempts.ms("unkept_s")[lost].sum())),
        ("reclaims.saved_s", _ms(reclaims["saved_s"]), int(attempts.ms("kept_s")[lost].sum())),
        *_lost_money(book, lost, _nano(reclaims["lost_usd"])),
    ]
    words = attempts.words("outcome")
    told = retries["by_outcome"]
    figures += [
        (f"retries.by_outcome.{word}", told.get(word, 0), int(attempts.among("outcome", word).sum())) for word in words
    ]
    return differing(figures)


def _lost_money(book: Book, lost: Bools, told: int) -> list[Figure]:
    """What was billed for lost attempts; that of saved work aside, which only the costs table tells."""
    paid = total(book.attempts.nano("cost_usd")[lost])
    if (book.attempts.ms("kept_s")[lost] > 0).any():
        if book.costs is None:
            return []
        of_use = book.costs.among("cause", "useful_work", "still_running") & np.isin(
            attempt_of_row(book), np.flatnonzero(lost)
        )
        paid -= total(book.costs.nano("cost_usd")[of_use])
    return [("reclaims.lost_usd", told, paid)]


def _ms(value: Any) -> int | None:
    return None if value is None else round(value * 1000)


@invariant("N54c")
def latencies_are_right(book: Book) -> pd.DataFrame:
    """The summary's waits, start-ups and turnarounds are those of the jobs: number, mean, percentiles, greatest."""
    told = _section(book, "latency", "all")
    figures: list[Figure] = []
    for name, chosen in _chosen(book).items():
        figures += _statistics(f"latency.all.{name}", told[name], book.jobs.ms(name)[chosen])
    return differing(figures)


def _chosen(book: Book) -> dict[str, Bools]:
    """Which jobs each duration is over: waits that are over, jobs that were placed, jobs that ended after RUNNABLE."""
    jobs = book.jobs
    runnable, ended = jobs.ms("runnable_at_s") != MISSING, jobs.ms("ended_at_s") != MISSING
    waiting = jobs.ms("waiting_since_s") != MISSING
    return {
        "wait_s": runnable & (~waiting | ended),
        "start_up_s": jobs.number("attempts") > 0,
        "turnaround_s": runnable & ended,
    }


def _statistics(path: str, told: Mapping[str, Any], values_ms: Int64s) -> list[Figure]:
    """Number, mean to the microsecond, greatest, and nearest-rank percentiles where the summary shows them."""
    ascending, count = np.sort(values_ms), len(values_ms)
    figures: list[Figure] = [(f"{path}.n", told["n"], count)]
    if not count:
        return figures
    mean = float(told["mean"])
    is_right = abs(mean - int(values_ms.sum()) / count / 1000) <= 1e-6
    figures.append((f"{path}.mean", mean, mean if is_right else int(values_ms.sum()) / count / 1000))
    figures.append((f"{path}.max", _ms(told["max"]), int(ascending[-1])))
    shown = [percent for percent in (50, 95, 99) if told.get(f"p{percent}") is not None]
    ranks = {percent: max(-(-count * percent // 100), 1) for percent in shown}
    return figures + [(f"{path}.p{q}", _ms(told[f"p{q}"]), int(ascending[ranks[q] - 1])) for q in shown]


@invariant("N54d")
def peaks_are_right(book: Book) -> pd.DataFrame:
    """The summary's peaks, makespan and utilisation are those of the tables."""
    told, attempts = _section(book, "throughput"), book.attempts
    running = np.where(attempts.ms("running_at_s") == MISSING, book.end_ms, attempts.ms("running_at_s"))
    starting = attempts.ms("starting_at_s")
    on = instance_on_ms(book)
    gone = book.until_horizon(book.instances.ms("ended_at_s"))
    figures: list[Figure] = [
        ("throughput.running_peak", told["running_peak"], _peak(running, book.end_ms, np.ones_like(running))),
        ("throughput.vcpus_peak", _ms(told["vcpus_peak"]), _peak(starting, book.end_ms, attempts.milli("vcpus"))),
        ("throughput.instances_peak", told["instances_peak"], _peak(gone - on, gone, np.ones_like(on))),
        ("headline.makespan_s", _ms(_section(book, "headline")["makespan_s"]), _makespan(book)),
    ]
    return differing(figures)


def _peak(begin_ms: Int64s, end_ms: Int64s, size: Int64s) -> int:
    """The most that holds at one time, ends before begins within an instant."""
    real = np.flatnonzero(end_ms > begin_ms)
    at = np.concatenate((end_ms[real], begin_ms[real]))
    order = ascending(at)
    return int(np.cumsum(np.concatenate((-size[real], size[real]))[order]).max(initial=0))


def _makespan(book: Book) -> int | None:
    """From the first job due to the last end; None while a job that was due has not ended, or without jobs."""
    due, ended = book.jobs.ms("due_at_s"), book.jobs.ms("ended_at_s")
    was_due = (due != MISSING) & (due <= book.horizon_ms)
    if not was_due.any() or (ended == MISSING).any():
        return None
    return int(ended[was_due].max() - due[was_due].min())


INVARIANTS = (
    bills_sum_to_the_total,
    splits_sum_to_the_total,
    loaded_costs_sum_to_the_total,
    splits_follow_the_bills,
    splits_follow_the_jobs,
    counts_are_right,
    attempts_are_counted,
    latencies_are_right,
    peaks_are_right,
)
