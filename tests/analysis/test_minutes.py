"""metrics.csv against a slow, plain recount from the tables, against the engine's own word, and against the summary."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from effort import effort, first_number

import batchsim
from batchsim.analysis import minutes as module
from batchsim.analysis.accrual import Spans, accrued
from batchsim.analysis.ceilings import Ceilings
from batchsim.analysis.minutes import MOST_ROWS, minutes
from batchsim.analysis.prices import Prices, Rules
from batchsim.analysis.run import Analysis
from batchsim.records.vocabulary import Outcome
from batchsim.result import Result
from batchsim.spec import parse
from batchsim.testing import Dice, draw_scenario
from tests.analysis.builders import attempt, call, instance, job, ms, run
from tests.scenario_builder import job as entry
from tests.scenario_builder import scenario

SEEDS = range(1 + first_number(), 1 + first_number() + effort(fast=10, verify=40, long=3_000))
Value = float
Key = tuple[int, str, str, str, str, str]
"""at_s, metric, queue, environment, kind, statistic."""


def result_of(seed: int) -> Result:
    return batchsim.run(parse(draw_scenario(Dice(seed))))


def told(frame: pd.DataFrame) -> dict[Key, Value]:
    text = {name: frame[name].astype(object).where(frame[name].notna(), "") for name in DIMENSIONS}
    keys = zip(frame["at_s"].tolist(), *(text[name].tolist() for name in DIMENSIONS), strict=True)
    return dict(zip(keys, frame["value"].tolist(), strict=True))


DIMENSIONS = ("metric", "queue", "environment", "kind", "statistic")


# -- the plain twin: from the tables, row by row


LOOKS = 40
"""At so many instants levels are recounted."""


class Recount:
    """Every series again, from what the tables say, one row after the other."""

    def __init__(self, result: Result, step_s: int) -> None:
        self.result, self.step_s = result, step_s
        tables = (result.jobs, result.attempts, result.scaling, result.instances)
        self.jobs, self.attempts, self.scaling, self.instances = map(rows_of, tables)
        self.queue_of = {each["job_id"]: each["queue"] for each in self.jobs}
        self.tries: dict[str, list[dict[str, Any]]] = {}
        for each in self.attempts:
            self.tries.setdefault(each["job_id"], []).append(each)
        every = range(0, int(result.horizon_s) + 1, step_s)
        self.starts = every[:: max(1, len(every) // LOOKS)]
        self.values: dict[Key, Value] = {}
        names = result.records.names
        for at in self.starts:
            for name in names.queues:
                self.depths(at, name)
            for name, kind in zip(names.environments, names.environment_kinds, strict=True):
                self.vcpus(at, name, has_instances=not kind.startswith("FARGATE"))
        self.ends()

    def depths(self, at: int, name: str) -> None:
        counts = dict.fromkeys(("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"), 0)
        for each in self.jobs:
            if each["queue"] == name and (state := self.state(each, at)):
                counts[state] += 1
        for state, count in counts.items():
            self.values[at, "jobs", name, "", state, "sample"] = count

    def state(self, each: Mapping[str, Any], at: float) -> str | None:
        if not each["created_at_s"] <= at or each["ended_at_s"] <= at:
            return None
        for tried in self.attempts_of(each["job_id"]):
            if tried["starting_at_s"] <= at and not tried["ended_at_s"] <= at:
                return "RUNNING" if tried["running_at_s"] <= at else "STARTING"
        if each["runnable_at_s"] <= at:
            return "RUNNABLE"
        delay = self.result.records.dep_eval_delay_ms / 1000
        return "SUBMITTED" if at * 1000 < round((each["created_at_s"] + delay) * 1000) else "PENDING"

    def attempts_of(self, job_id: str) -> list[dict[str, Any]]:
        return self.tries.get(job_id, [])

    def vcpus(self, at: int, name: str, *, has_instances: bool) -> None:
        used = sum(
            each["vcpus"]
            for each in self.attempts
            if each["environment"] == name and each["starting_at_s"] <= at and not each["ended_at_s"] <= at
        )
        kinds = {"used": round(used, 3)}
        if has_instances:
            done = [each for each in self.scaling if each["environment"] == name and each["at_s"] <= at]
            kinds["desired"] = done[-1]["desired_vcpus"] if done else 0
            kinds["running"] = sum(
                each["vcpus"]
                for each in self.instances
                if each["environment"] == name and each["billed_from_s"] <= at and not each["ended_at_s"] <= at
            )
        for kind, value in kinds.items():
            self.values[at, "vcpus", "", name, kind, "sample"] = value

    def ends(self) -> None:
        run_times: dict[tuple[int, str], list[float]] = {}
        for each in self.jobs:
            if math.isnan(each["ended_at_s"]):
                continue
            period = self.period(each["ended_at_s"])
            if each["state"] in ("SUCCEEDED", "FAILED"):
                self.count((period, "jobs_ended", each["queue"], "", each["state"], "sum"))
            tries = self.attempts_of(each["job_id"])
            if tries and not math.isnan(tries[-1]["running_at_s"]):
                ran = tries[-1]["ended_at_s"] - tries[-1]["running_at_s"]
                run_times.setdefault((period, each["queue"]), []).append(round(ran, 3))
        for (period, name), found in run_times.items():
            for statistic, value in statistics(found).items():
                self.values[period, "run_time", name, "", "", statistic] = value
        for each in self.attempts:
            if each["outcome"] not in ("open", "succeeded"):
                period = self.period(each["ended_at_s"])
                self.count((period, "failed_attempts", self.queue_of[each["job_id"]], "", each["outcome"], "sum"))

    def period(self, at_s: float) -> int:
        return round(at_s * 1000) // (self.step_s * 1000) * self.step_s

    def count(self, key: Key) -> None:
        self.values[key] = self.values.get(key, 0) + 1


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def statistics(found: Iterable[float]) -> dict[str, float]:
    values = sorted(found)
    rank = {percent: values[max(1, math.ceil(len(values) * percent / 100)) - 1] for percent in (50, 95)}
    mean = sum(round(value * 1000) for value in values) / len(values) / 1000
    return {"count": len(values), "mean": mean, "p50": rank[50], "p95": rank[95], "max": values[-1]}


def test_every_series_is_what_the_tables_say(cases: Callable[[int], None]) -> None:
    cases(len(SEEDS))
    for seed in SEEDS:
        result = result_of(seed)
        recount = Recount(result, int(result.minutes["period_s"].iloc[0]))
        expected, starts = recount.values, set(recount.starts)
        counted = (each for each in told(result.minutes).items() if each[0][1] != "cost" and each[0][4] != "max")
        found = {key: value for key, value in counted if key[-1] != "sample" or key[0] in starts}
        assert found.keys() == expected.keys(), f"scenario {seed}"
        off = {key: (value, expected[key]) for key, value in found.items() if abs(value - expected[key]) > 1e-6}
        assert not off, f"scenario {seed}"


def test_the_depths_are_what_the_engine_says_at_these_instants(cases: Callable[[int], None]) -> None:
    """The engine is asked a millisecond later, before anything of that millisecond."""
    cases(len(SEEDS))
    for seed in SEEDS:
        simulation = batchsim.Simulation(parse(draw_scenario(Dice(seed))))
        looks: dict[int, Any] = {}
        while not simulation.is_over and len(looks) < 90:
            at = 60 * len(looks)
            simulation.advance(until=at * 1000 + 1)
            looks[at] = simulation.snapshot().states
        result = simulation.finish()
        if result.minutes["period_s"].iloc[0] != 60:
            continue
        depths = told(result.minutes)
        for at, queues in looks.items():
            if at >= result.horizon_s:
                continue
            for name, counts in queues.items():
                for state in ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"):
                    key = (at, "jobs", name, "", state, "sample")
                    assert depths[key] == counts.get(state, 0), f"scenario {seed}: {key}"


def test_the_sums_are_the_totals_of_the_summary(cases: Callable[[int], None]) -> None:
    cases(len(SEEDS))
    for seed in SEEDS:
        result = result_of(seed)
        frame, summary = result.minutes, result.summary()
        sums = (
            frame[frame["statistic"] == "sum"].groupby(["metric", "kind"], observed=True, dropna=False)["value"].sum()
        )
        ended = {state: sums.get(("jobs_ended", state), 0) for state in ("SUCCEEDED", "FAILED")}
        assert ended == {"SUCCEEDED": summary["jobs"]["succeeded"], "FAILED": summary["jobs"]["failed"]}
        for outcome, attempts in summary["retries"]["by_outcome"].items():
            assert outcome in ("succeeded", "open") or sums["failed_attempts", outcome] == attempts
        assert nano(frame) == result._analysis.cost.total_nano_usd, f"scenario {seed}"


def nano(frame: pd.DataFrame) -> int:
    """The dollars of the table, exactly."""
    return sum(round(value * 1e9) for value in frame["value"][frame["metric"] == "cost"].tolist())


# -- by hand


def two_tries() -> Analysis:
    """RUNNABLE at 5, STARTING 10, RUNNING 12, fails at 59.999; STARTING 60, RUNNING 61, ends at 120; the end at 130."""
    first = attempt(10, 59.999, pull=1, boot=1, runnable_at_ms=ms(5), outcome=Outcome.FAILED)
    again = attempt(60, 120, boot=1, attempt=2, runnable_at_ms=ms(59.999))
    records = run(
        calls=[call(created_at_ms=ms(2))],
        jobs=[job(runnable_at_ms=ms(5), ended_at_ms=ms(120), attempts=2)],
        attempts=[first, again],
        instances=[instance(6, 8, 130, price_nano_usd_per_h=3_600 * 10**9)],
        horizon=130,
    )
    changed = Ceilings(max_vcpus=(((0, 4), (ms(60), 8), (ms(61), 2)),))
    return Analysis(records, Prices(), Rules(max_vcpus=(4,), ceilings=changed))


def of(frame: pd.DataFrame, metric: str, kind: str = "", statistic: str = "") -> dict[int, float]:
    chosen = frame["metric"] == metric
    for name, value in (("kind", kind), ("statistic", statistic)):
        chosen &= (frame[name] == value) if value else True
    sums = frame[chosen].groupby("at_s")["value"].sum()
    return dict(zip(sums.index.tolist(), sums.tolist(), strict=True))


def test_a_sample_has_what_happens_in_its_instant() -> None:
    frame = minutes(two_tries())
    assert of(frame, "jobs", "STARTING") == {0: 0, 60: 1, 120: 0}
    assert of(frame, "vcpus", "used") == {0: 0, 60: 1, 120: 0}
    assert of(frame, "vcpus", "max") == {0: 4, 60: 8, 120: 2}


def test_what_happened_belongs_to_the_minute_in_which_it_did() -> None:
    frame = minutes(two_tries())
    assert of(frame, "failed_attempts", "failed") == {0: 1}
    assert of(frame, "jobs_ended", "SUCCEEDED") == {120: 1}
    assert of(frame, "run_time", statistic="max") == {120: 59}


def test_a_bill_grows_evenly_while_the_instance_is_on() -> None:
    """124 s at a dollar each, from 6 s on."""
    frame = minutes(two_tries())
    volume = 124 * 30 * 0.08 / 730 / 3600
    assert of(frame, "cost") == pytest.approx(
        {0: 54 + volume * 54 / 124, 60: 60 + volume * 60 / 124, 120: 10 + volume * 10 / 124}, abs=1e-8
    )
    assert nano(frame) == 124 * 10**9 + round(volume * 1e9)


def test_percentiles_are_nearest_ranks() -> None:
    times = [*range(1, 20), 1000]
    records = run(
        calls=[call(first_job=at) for at in range(20)],
        jobs=[job(submission=at, ended_at_ms=ms(time)) for at, time in enumerate(times)],
        attempts=[attempt(0, time, job=at) for at, time in enumerate(times)],
        instances=[instance(0, 0, 3000, vcpus=64)],
        horizon=3000,
    )
    frame = minutes(Analysis(records, Prices(), Rules()))
    of_first = {name: of(frame, "run_time", statistic=name)[0] for name in ("count", "mean", "p50", "p95", "max")}
    assert of_first == {"count": 19, "mean": 10, "p50": 10, "p95": 19, "max": 19}


def test_a_run_of_nothing_has_a_row_for_each_level() -> None:
    frame = minutes(Analysis(run(horizon=0), Prices(), Rules()))
    assert set(frame["at_s"]) == {0}
    assert not frame["value"].any()


def test_a_scenario_of_nothing_has_a_table_without_rows() -> None:
    frame = batchsim.run(batchsim.loads("{}")).minutes
    assert (len(frame), len(frame.columns)) == (0, 9)


def test_a_long_run_has_longer_periods_and_the_same_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    result = long_run()
    fine = minutes(result._analysis)
    monkeypatch.setattr(module, "MOST_ROWS", 500)
    coarse = minutes(result._analysis)
    assert [set(frame["period_s"]) for frame in (fine, coarse)] == [{60}, {3600}]
    assert len(coarse) <= 500 < len(fine)
    assert nano(coarse) == nano(fine)
    levels = [frame[(frame["statistic"] == "sample") & (frame["at_s"] % 3600 == 0)] for frame in (fine, coarse)]
    assert levels[0]["value"].tolist() == levels[1]["value"].tolist()


def long_run() -> Result:
    """Eight hours of jobs that wait for the one slot."""
    return batchsim.run(scenario(entry("work", run="20m", at={"poisson": "6/h", "for": "8h"})), seed=1)


@pytest.mark.parametrize("days", [30, 400, 40_000])
def test_no_run_is_too_long(days: int) -> None:
    """Whatever its horizon, the periods are whole days at most of such a number that the table is short enough."""
    records = run(calls=[call()], jobs=[job(ended_at_ms=ms(10))], attempts=[attempt(5, 10)], instances=[instance()],
                  horizon=days * 86_400)  # fmt: skip
    frame = minutes(Analysis(records, Prices(), Rules()))
    assert len(frame) <= MOST_ROWS
    assert frame["at_s"].max() <= days * 86_400 < frame["at_s"].max() + frame["period_s"].iloc[0]


# -- the growing bill


def test_amounts_grow_as_their_fractions_say(cases: Callable[[int], None]) -> None:
    """Against exact fractions, one amount and one instant after the other."""
    cases(50)
    for seed in range(50):
        dice = np.random.default_rng(seed)
        count, step, periods = int(dice.integers(1, 12)), int(dice.integers(1, 5_000)), int(dice.integers(1, 9))
        start = dice.integers(0, step * periods, count)
        end = np.minimum(start + dice.integers(1, 3 * step + 2, count), step * periods)
        end = np.maximum(end, start + 1)
        amounts = dice.integers(-(10**9), 10 ** int(dice.integers(10, 16)), count)
        where = dice.integers(-1, 2, count)
        columns = (start, end, amounts, where)
        found = accrued(Spans(*columns), step, periods, 2)
        for row, code in enumerate((0, 1, -1)):
            mine = [each for each in zip(*map(np.ndarray.tolist, columns), strict=True) if each[3] == code]
            exact = [sum(grown(at * step, *each[:3]) for each in mine) for at in range(periods + 1)]
            assert np.abs(exact - found[row]).max() <= len(mine) * (1 + step * 3 / 2**8)
        assert found[:, -1].sum() == amounts.sum()


def grown(at: int, start: int, end: int, amount: int) -> int:
    """Of one amount, rounded down."""
    return amount * (min(max(at, start), end) - start) // (end - start)
