"""A day of shots with composites frame by frame (N_TO_N), and with composites that wait for all frames; ten seeds."""

from __future__ import annotations

import numpy as np
import pytest
from scenarios.conftest import TenSeeds

from batchsim import Result

Days = tuple[Result, ...]
HOUR_S = 3600


@pytest.fixture
def days(ten_seeds: TenSeeds) -> Days:
    return ten_seeds("media_render")


@pytest.fixture
def shot_by_shot(ten_seeds: TenSeeds) -> Days:
    return ten_seeds("media_render", "composite.submit.dependsOn=[{jobId: render}]")


def test_a_frame_is_composited_as_soon_as_it_is_rendered(days: Days) -> None:
    for day in days:
        keys = ["occurrence", "array_index"]
        render, composite = (day.jobs[day.jobs.entry == name].set_index(keys) for name in ("render", "composite"))
        assert (composite.runnable_at_s == render.ended_at_s.reindex(composite.index)).all()


def test_with_a_plain_dependency_every_composite_waits_for_the_slowest_frame(shot_by_shot: Days) -> None:
    for day in shot_by_shot:
        last = day.jobs[day.jobs.entry == "render"].groupby("occurrence").ended_at_s.max()
        composite = day.jobs[day.jobs.entry == "composite"]
        assert (composite.runnable_at_s == composite.occurrence.map(last)).all()


def test_n_to_n_has_a_shot_ready_minutes_earlier_and_costs_less_whatever_the_seed(
    days: Days, shot_by_shot: Days
) -> None:
    for ours, theirs in zip(days, shot_by_shot, strict=True):
        earlier_s = theirs.occurrences.ready_after_s.mean() - ours.occurrences.ready_after_s.mean()
        assert 180 < earlier_s < 900
        assert ours.summary()["cost"]["total_usd"] < theirs.summary()["cost"]["total_usd"]


def test_the_same_shots_with_the_same_frames_come_in_both(days: Days, shot_by_shot: Days) -> None:
    for ours, theirs in zip(days, shot_by_shot, strict=True):
        assert ours.jobs[["job_id", "work_s"]].equals(theirs.jobs[["job_id", "work_s"]])
        assert ours.occurrences.due_at_s.equals(theirs.occurrences.due_at_s)


def test_shots_come_at_the_pace_of_the_working_day(days: Days) -> None:
    hours = np.concatenate([(day.occurrences.due_at_s // HOUR_S).astype(int) for day in days])
    assert 8 <= hours.min() <= hours.max() <= 18
    by_hour = np.bincount(hours, minlength=24) / len(days)
    assert by_hour[8:19].sum() == pytest.approx(41, abs=4 * (41 / 10) ** 0.5)
    assert by_hour[16] > by_hour[12]


def test_every_day_keeps_its_thresholds(days: Days) -> None:
    for day in days:
        assert all(verdict["ok"] for verdict in day.summary()["thresholds"]), day.summary()["thresholds"]
