"""Works and outcomes: the block against one-by-one, failures at their rate and place, scripts step by step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsim.engine.laws import Constant, Exponential, Lognormal, Sampler, Uniform
from batchsim.engine.randomness import Draws
from batchsim.engine.workload.failures import Failure, Failures
from batchsim.engine.workload.work import DrawnWork, Outcome, ScriptedWork

DRAWS = Draws(21)
WORK = DRAWS.stream("work", "transform")
MINUTE = Constant(60_000, least_ms=1)
REASONS = ("", "OutOfMemoryError: container killed", "disk full")


def failing(*ways, limits, jobs=500, law=MINUTE):
    failures = Failures(limits, ways, DRAWS.stream("fails", "transform"))
    return DrawnWork(jobs, REASONS, Sampler(law, WORK), failures)


def firsts(work):
    """Every first attempt, from the block."""
    run_ms, exit_code, reason = (column.tolist() for column in work.first())
    return [Outcome(*row[:2], work.reasons[row[2]]) for row in zip(run_ms, exit_code, reason, strict=True)]


def sources():
    after = Sampler(Exponential(30_000.0, least_ms=1), DRAWS.stream("fails[0].after", "transform"))
    yield failing(Failure(1, 0), limits=(0.1,))
    yield failing(Failure(137, 1, 0.37), Failure(1, 2), limits=(0.3, 0.5), law=Lognormal(60_000.0, 0.7, least_ms=1))
    yield failing(Failure(1, 2, after), Failure(2, 0, 0.0), limits=(0.5, 1.0), law=Uniform(0, 90_000, least_ms=1))
    yield DrawnWork(500, ("",), np.arange(1, 51) * 1000)
    yield DrawnWork(3, ("",), np.array([5, 6, 7]), exit_codes=np.array([0, 1, 137], dtype=np.int16))
    yield ScriptedWork(9, ("", "oops"), ((Outcome(60_000, 1, "oops"), Outcome(300_000, 0, "")),))
    yield ScriptedWork(5, ("", "oops"), ((Outcome(60_000, 1, "oops"),), (Outcome(1_000, 0, ""), Outcome(5, 3, ""))))
    yield DrawnWork(0, ("",), Sampler(Constant(5), WORK))


@pytest.mark.parametrize("work", list(sources()))
def test_a_first_attempt_alone_equals_the_block(work):
    assert [work.attempt(index, 1) for index in range(work.jobs)] == firsts(work)


@pytest.mark.parametrize("work", list(sources()))
def test_the_columns_have_their_types_and_lengths(work):
    assert [column.dtype for column in work.first()] == [np.int64, np.int16, np.int32]
    assert {len(column) for column in (*work.first(), work.work_ms())} == {work.jobs}


@given(st.integers(1, 2**31), st.floats(0, 1), st.integers(0, 10**6))
def test_part_of_the_work_is_rounded_alike_alone_and_in_a_block(work_ms, part, index):
    failure = Failure(1, 0, part)
    block = failure.strike_ms(np.array([work_ms]), np.array([index]))
    assert block.tolist() == [failure.strike_one_ms(work_ms, index, 1)]


def test_the_work_is_the_same_whatever_fails():
    whole = failing(Failure(1, 0, 0.5), limits=(1.0,), law=Lognormal(60_000.0, 0.7))
    healthy = DrawnWork(500, REASONS, Sampler(Lognormal(60_000.0, 0.7), WORK))
    assert np.array_equal(whole.work_ms(), healthy.work_ms())


def test_each_way_to_fail_strikes_with_its_probability():
    codes = failing(Failure(137, 1), Failure(1, 2), limits=(0.1, 0.4), jobs=100_000).first().exit_code
    assert np.mean(codes == 137) == pytest.approx(0.1, abs=0.004)
    assert np.mean(codes == 1) == pytest.approx(0.3, abs=0.006)


def test_attempts_fail_independently():
    work = failing(Failure(1, 0), limits=(0.5,), jobs=4000)
    both = sum(work.attempt(job, 1).exit_code and work.attempt(job, 2).exit_code for job in range(4000))
    assert both / 4000 == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize(
    ("after", "run_ms"),
    [(None, 60_000), (0.25, 15_000), (0.0, 1), (1.0, 60_000), (Sampler(Constant(7_000), WORK), 7_000)],
)
def test_a_failure_strikes_where_it_says(after, run_ms):
    work = failing(Failure(1, 1, after), limits=(1.0,))
    assert work.attempt(3, 2) == Outcome(run_ms, 1, "OutOfMemoryError: container killed")


def test_a_failure_strikes_at_the_end_of_the_work_at_the_latest():
    late = Sampler(Constant(3_600_000), WORK)
    assert set(failing(Failure(1, 0, late), limits=(1.0,)).first().run_ms.tolist()) == {60_000}


def test_certain_failure_spares_none_and_impossible_strikes_none():
    assert failing(Failure(1, 0), limits=(1.0,)).first().exit_code.all()
    assert not failing(Failure(1, 0), limits=(0.0,)).first().exit_code.any()


def test_a_script_goes_step_by_step_and_repeats_its_last():
    work = ScriptedWork(2, ("", "oops"), ((Outcome(60_000, 1, "oops"), Outcome(300_000, 0, "")),))
    assert [work.attempt(0, attempt).run_ms for attempt in (1, 2, 3)] == [60_000, 300_000, 300_000]
    assert work.work_ms().tolist() == [300_000, 300_000]


def test_each_job_follows_its_own_script_and_they_begin_anew_with_each_firing():
    work = ScriptedWork(4, ("",), ((Outcome(60_000, 1, ""), Outcome(7, 0, "")), (Outcome(5, 3, ""),)))
    assert [work.attempt(index, 2).run_ms for index in range(4)] == [7, 5, 7, 5]
    assert work.first().exit_code.tolist() == [1, 3, 1, 3]


def test_a_recorded_exit_code_holds_for_every_attempt():
    work = DrawnWork(2, ("",), np.array([5, 6]), exit_codes=np.array([0, 9], dtype=np.int16))
    assert [work.attempt(1, attempt) for attempt in (1, 2)] == [Outcome(6, 9, "")] * 2
