"""Attempts packed into lanes: by hand, and nothing ever overlaps."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import batchsim
from batchsim.analysis.lanes import Lanes, lanes
from batchsim.analysis.prices import Prices
from batchsim.analysis.run import Analysis
from batchsim.spec import parse
from batchsim.testing import Dice, draw_scenario
from tests.analysis.builders import attempt, call, instance, job, run


def analysed(*spans: tuple[float, float, float], vcpus: int = 4) -> Analysis:
    """Attempts (start, end, vCPUs) on one instance."""
    calls = [call(vcpus_milli=round(1000 * size), occurrence=at, first_job=at) for at, (_, _, size) in enumerate(spans)]
    jobs = [job(submission=at, ended_at_ms=round(1000 * end)) for at, (_, end, _) in enumerate(spans)]
    rows = [attempt(start, end, job=at) for at, (start, end, _) in enumerate(spans)]
    records = run(calls=calls, jobs=jobs, attempts=rows, instances=[instance(0, 0, 1000, vcpus=vcpus)], horizon=1000)
    return Analysis(records, Prices())


def packed(*spans: tuple[float, float, float], vcpus: int = 4) -> list[tuple[int, float, float]]:
    """(attempt, bottom, height) of each piece, in vCPUs."""
    found = lanes(analysed(*spans, vcpus=vcpus), np.array([0]))
    columns = (found.attempt, found.bottom_milli / 1000, found.height_milli / 1000)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_what_runs_together_stands_one_above_the_other() -> None:
    assert packed((0, 10, 1), (0, 10, 2), (5, 10, 1)) == [(0, 0, 1), (1, 1, 2), (2, 3, 1)]


def test_a_lane_is_free_in_the_instant_in_which_its_job_ends() -> None:
    assert packed((0, 10, 4), (10, 20, 4)) == [(0, 0, 4), (1, 0, 4)]


def test_a_job_takes_the_lowest_stretch_that_holds_it() -> None:
    assert packed((0, 5, 1), (0, 9, 1), (0, 9, 1), (6, 9, 1)) == [(0, 0, 1), (1, 1, 1), (2, 2, 1), (3, 0, 1)]


def test_a_job_whose_free_lanes_lie_apart_has_several_pieces() -> None:
    spans = [(0, 5, 1), (0, 9, 1), (0, 5, 1), (0, 9, 1), (5, 9, 2)]
    assert packed(*spans)[4:] == [(4, 0, 1), (4, 2, 1)]


def test_fractions_of_a_vcpu_have_lanes_of_their_size() -> None:
    assert packed((0, 10, 0.25), (0, 10, 0.5), vcpus=1) == [(0, 0, 0.25), (1, 0.25, 0.5)]


def test_a_job_that_held_nothing_for_no_time_is_not_drawn() -> None:
    assert packed((3, 3, 1), (3, 4, 1)) == [(1, 0, 1)]


def test_an_instance_that_was_given_too_much_shows_it() -> None:
    assert packed((0, 10, 3), (0, 10, 3)) == [(0, 0, 3), (1, 3, 3)]


def test_other_instances_are_left_out() -> None:
    assert len(lanes(analysed((0, 10, 1)), np.array([], np.int64)).attempt) == 0


SPANS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 20), st.sampled_from([0.25, 0.5, 1, 2, 3])).map(
        lambda span: (span[0], span[0] + span[1], span[2])
    ),
    max_size=14,
)


@given(SPANS)
def test_no_two_jobs_share_a_lane_at_one_time(spans: list[Any]) -> None:
    found = analysed(*sorted(spans))
    assert_apart(found, lanes(found, np.array([0])))


@pytest.mark.parametrize("seed", range(1, 30, 2))
def test_in_random_scenarios_jobs_stay_apart_and_within_their_instance(seed: int) -> None:
    found = batchsim.run(parse(draw_scenario(Dice(seed))))._analysis
    records = found.records
    pieces = lanes(found, np.arange(len(records.instances.type)))
    assert_apart(found, pieces)
    room = 1000 * records.instances.vcpus[pieces.instance]
    assert np.all(pieces.bottom_milli + pieces.height_milli <= room)


def assert_apart(found: Analysis, pieces: Lanes) -> None:
    start, end = found.phases.starting_ms, found.phases.end_ms
    size = found.records.submissions.vcpus_milli[found.records.jobs.submission[found.records.attempts.job]]
    held = np.zeros(len(start), np.int64)
    np.add.at(held, pieces.attempt, pieces.height_milli)
    lasting = (end > start) & (found.records.attempts.instance >= 0)
    assert held.tolist() == np.where(lasting, size, 0).tolist()
    columns = (pieces.instance, pieces.bottom_milli, pieces.bottom_milli + pieces.height_milli)
    boxes = list(zip(*columns, start[pieces.attempt], end[pieces.attempt], strict=True))
    for a, b in combinations(boxes, 2):
        assert a[0] != b[0] or a[2] <= b[1] or b[2] <= a[1] or a[4] <= b[3] or b[4] <= a[3]
