"""How often a scenario's run repeats in a month: by its own schedule, or else every night."""

from __future__ import annotations

from collections.abc import Iterator

from batchsim.analysis.month import NIGHT_MS, Schedule
from batchsim.spec import Scenario
from batchsim.units import format_duration


def schedule_of(scenario: Scenario, horizon_ms: int) -> Schedule:
    """What of the calendar one run of a scenario, which ended at ``horizon_ms``, stands for.

    A workload that recurs (by cron, or arrivals for a while) stands for the time in which it does: for the longest
    ``for``, cut at the end of a run that was cut. Any other runs once a night, or, where it takes longer than 24 hours,
    once and again without a pause.
    """
    windows = list(_windows(scenario))
    if windows:
        span_ms = _span_ms(scenario, windows, horizon_ms)
        return Schedule(span_ms, _told(span_ms, f"the {format_duration(span_ms)} of its schedule go on", scenario))
    if horizon_ms <= NIGHT_MS:
        return Schedule(NIGHT_MS, _told(NIGHT_MS, "it runs once a night", scenario, kept=True))
    return Schedule(horizon_ms, _told(horizon_ms, "it runs again as soon as it has ended", scenario))


def _windows(scenario: Scenario) -> Iterator[int | None]:
    """The end of each recurring entry's submissions; None where they go on to the end of the run."""
    for item in scenario.workload:
        if item.at is not None and hasattr(item.at, "for_ms"):
            lasts_ms: int | None = item.at.for_ms
            yield None if lasts_ms is None else getattr(item.at, "start_ms", 0) + lasts_ms


def _span_ms(scenario: Scenario, windows: list[int | None], horizon_ms: int) -> int:
    until = scenario.simulation.until
    cut_ms = scenario.simulation.max_time_ms if until == "drained" else min(int(until), scenario.simulation.max_time_ms)
    bounded = [cut_ms if window is None else min(window, cut_ms) for window in windows]
    return max(*bounded, 1) if horizon_ms else NIGHT_MS


def _told(period_ms: int, how: str, scenario: Scenario, *, kept: bool = False) -> str:
    """The assumption in words, with how often that is in 730 hours."""
    times = Schedule(period_ms, "").runs_per_month
    resources = (environment.computeResources for environment in scenario.computeEnvironments)
    has_minimum = kept and any(each is not None and each.minvCpus for each in resources)
    more = "; minvCpus is paid during the runs only" if has_minimum else ""
    return f"if {how}: x {times:.3g} in 730 hours{more}"
