"""Checkpoints: when they are written, what they save of an attempt, and what the next one does with it."""

from __future__ import annotations

from json import dumps
from math import isnan

import pytest
from scenario_builder import attempts_of, column, ends, environment, fails, job, jobs_of, scenario, scenario_data

from batchsim import load

EVERY_10S = {"every": "10s", "cost": "2s", "restore": "3s"}


def spot(types=("box.1",), **resources):
    return environment("spot", types, **{"type": "SPOT", "allocationStrategy": "BEST_FIT_PROGRESSIVE", **resources})


def reclaim(at, ordinal=0, **more):
    return {"kind": "spot_reclaim", "at": at, "select": {"environment": "spot", "ordinal": ordinal}, **more}


def lengths(attempt):
    """Restoring, writing checkpoints, working on what was saved, and on what was not."""
    return attempt.restore_s, attempt.checkpoint_s, attempt.kept_s, attempt.unkept_s


def positions(attempt):
    """Where in the work an attempt began, up to where it was saved, and done."""
    return attempt.work_from_s, attempt.work_saved_s, attempt.work_done_s


def test_a_checkpoint_is_written_after_every_so_much_work_but_not_at_the_end(simulate):
    result = simulate(scenario(job("a", "30s", checkpoint=EVERY_10S), job("b", "31s", at="1h", checkpoint=EVERY_10S)))
    assert column(result, "last_running_s") == {"a": 30 + 2 * 2, "b": 31 + 3 * 2}


def test_what_a_checkpoint_saved_is_restored_and_only_the_rest_is_done(simulate):
    work = job("a", "60s", attempts=2, checkpoint=EVERY_10S)
    result = simulate(scenario(work, environments=[spot()], faults=[reclaim("40s")]))
    first, second = attempts_of(result, "a")
    assert (lengths(first), positions(first)) == ((0, 6, 30, 4), (0, 30, 34))
    assert (lengths(second), positions(second)) == ((3, 4, 20, 10), (30, 50, 60))
    assert ends(result) == {"a": 40 + 3 + 30 + 2 * 2}


def test_without_a_checkpoint_all_is_done_again(simulate):
    result = simulate(scenario(job("a", "60s", attempts=2), environments=[spot()], faults=[reclaim("40s")]))
    assert [lengths(attempt) for attempt in attempts_of(result, "a")] == [(0, 0, 0, 40), (0, 0, 0, 60)]
    assert isnan(attempts_of(result, "a")[0].work_from_s)


@pytest.mark.parametrize(("at", "saved"), [("11999ms", 0), ("12s", 10), ("10s", 0)])
def test_a_checkpoint_counts_once_it_is_written_to_the_end(at, saved, simulate):
    work = job("a", "60s", attempts=2, checkpoint=EVERY_10S)
    result = simulate(scenario(work, environments=[spot()], faults=[reclaim(at)]))
    first, second = attempts_of(result, "a")
    assert (first.work_saved_s, first.work_done_s) == (saved, 10)
    assert (second.work_from_s, second.restore_s) == (saved, 3 if saved else 0)


def test_an_attempt_that_is_lost_while_it_restores_loses_nothing(simulate):
    work = job("a", "60s", attempts=3, checkpoint=EVERY_10S)
    result = simulate(scenario(work, environments=[spot()], faults=[reclaim("40s"), reclaim("41s", 1)]))
    _, second, third = attempts_of(result, "a")
    assert (lengths(second), positions(second)) == ((1, 0, 0, 0), (30, 30, 30))
    assert (third.ended_at_s, lengths(third)) == (41 + 37, (3, 4, 20, 10))


def test_every_is_counted_in_work_from_where_the_attempt_began(simulate):
    """After 15 s of work saved by two attempts, the next checkpoint comes at 25 s, not at 20 s."""
    rule = {"every": "5s", "cost": "0s", "restore": "0s"}
    work = job("a", "40s", attempts=2, checkpoint=rule)
    result = simulate(scenario(work, environments=[spot()], faults=[reclaim("17s"), reclaim("23s", 1)]))
    assert [positions(attempt) for attempt in attempts_of(result, "a")] == [(0, 15, 17), (15, 20, 21)]


def test_a_failed_attempt_goes_on_from_its_checkpoint_too(simulate):
    """Each step of a script says how far into the work its attempt gets."""
    result = simulate(scenario(job("a", fails(1, run="25s", then="60s"), attempts=2, checkpoint=EVERY_10S)))
    first, second = attempts_of(result, "a")
    assert (lengths(first), positions(first)) == ((0, 4, 20, 5), (0, 20, 25))
    assert (lengths(second), positions(second)) == ((3, 6, 30, 10), (20, 50, 60))


def test_a_failure_strikes_part_of_the_way_through_what_is_left(simulate):
    """Half of 60 s, then half of the 30 s that the checkpoint at 30 s left."""
    rule = {"every": "30s", "cost": "0s", "restore": "0s"}
    dying = {"fails": [{"probability": 1, "after": 0.5}], "checkpoint": {**rule, "every": "20s"}}
    result = simulate(scenario(job("a", "60s", attempts=2, **dying)))
    assert [positions(attempt) for attempt in attempts_of(result, "a")] == [(0, 20, 30), (20, 20, 40)]


def test_a_script_that_stops_short_of_what_is_saved_runs_a_millisecond(simulate):
    script = {"script": [{"run": "30s", "exit": 1}, {"run": "5s"}]}
    result = simulate(scenario(job("a", script, attempts=2, checkpoint=EVERY_10S)))
    assert attempts_of(result, "a")[1].ended_at_s == 30 + 2 * 2 + 3 + 0.001


def test_a_timeout_counts_checkpoints_and_the_restore(simulate):
    """60 s of work and five checkpoints are 70 s; alone the work would have been in time."""
    result = simulate(scenario(job("a", "60s", timeout_s=60, attempts=3, checkpoint=EVERY_10S)))
    (only,) = attempts_of(result, "a")
    assert (only.outcome, only.ended_at_s, lengths(only)) == ("timed_out", 60, (0, 10, 50, 0))


def test_a_start_failure_saves_nothing_and_loses_nothing(simulate):
    work = job("a", "60s", attempts=10, checkpoint=EVERY_10S)
    world = {"start_failure": 0.5, "warm_start": "1s"}
    result = simulate(scenario(work, environments=[spot()], faults=[reclaim("70s")], world=world), 3)
    rows = attempts_of(result, "a")
    assert "start_failed" in {str(row.outcome) for row in rows}
    assert all(lengths(row) == (0, 0, 0, 0) for row in rows if row.outcome == "start_failed")


def test_what_still_runs_at_the_end_has_come_so_far(simulate):
    cut = {"simulation": {"until": "35s"}}
    (only,) = attempts_of(simulate(scenario(job("a", "60s", checkpoint=EVERY_10S), **cut)), "a")
    assert (lengths(only), positions(only)) == ((0, 5, 20, 10), (0, 20, 30))


def test_money_for_saved_work_is_useful_only_if_the_job_finishes(simulate):
    work = job("a", "60s", attempts=2, checkpoint=EVERY_10S)
    paid = {"first_hour_free": False}
    lost = [reclaim("40s"), reclaim("60s", 1)]
    spent = [
        simulate(scenario(work, environments=[spot()], faults=faults, world=paid)).summary()["cost"]["by_cause"]
        for faults in (lost[:1], lost)
    ]
    share = 0.12 / 3600 * (1 / 1 + 1024 / 4096) / 2
    assert spent[0]["useful_work"] == pytest.approx(60 * share, abs=1e-8)
    assert spent[0]["lost_to_spot"] == pytest.approx(4 * share, abs=1e-8)
    assert spent[0]["checkpoint_and_restore"] == pytest.approx((6 + 3 + 4) * share, abs=1e-8)
    assert "useful_work" not in spent[1]


def test_only_unsaved_work_is_lost(simulate):
    work = job("a", "60s", attempts=2, vcpus=1, checkpoint=EVERY_10S)
    result = simulate(scenario(work, environments=[spot()], faults=[reclaim("40s")], world={"first_hour_free": False}))
    reclaims, attempts = result.summary()["reclaims"], result.attempts
    assert (reclaims["lost_s"], reclaims["saved_s"]) == (4, 30)
    assert reclaims["lost_usd"] == pytest.approx(attempts["cost_usd"][0] * (6 + 4) / 40, abs=1e-8)


def test_turnaround_counts_it_all_as_running(simulate):
    work = job("a", "60s", attempts=2, checkpoint=EVERY_10S)
    result = simulate(scenario(work, environments=[spot()], faults=[reclaim("40s")]))
    row = jobs_of(result)["a"]
    assert (row.earlier_running_s, row.last_running_s, row.turnaround_s) == (40, 37, 77)


def test_a_trace_s_run_time_is_work_that_a_checkpoint_saves(simulate, tmp_path):
    (tmp_path / "night.csv").write_text("submission,run_time\n0,60\n")
    recorded = {"trace": "night.csv", "columns": {"submission": "submission", "run_time": "run_time"}}
    traced = job("a", {"trace": "run_time"}, at=recorded, attempts=2, checkpoint=EVERY_10S)
    (tmp_path / "s.yaml").write_text(dumps(scenario_data(traced, environments=[spot()], faults=[reclaim("40s")])))
    result = simulate(load(tmp_path / "s.yaml"))
    assert [lengths(attempt) for attempt in attempts_of(result, "a")] == [(0, 6, 30, 4), (3, 4, 20, 10)]
