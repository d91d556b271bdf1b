"""Jobs and vCPUs over time: by hand on small records, by conservation on random scenarios."""

from __future__ import annotations

import numpy as np
import pytest

import batchsim
from batchsim.analysis.prices import Prices, Rules
from batchsim.analysis.run import Analysis
from batchsim.analysis.series import (
    LIVE_STATES,
    capacity,
    in_state_by_queue,
    jobs_by_state,
    largest,
    queue_groups,
    used_by_instance,
)
from batchsim.analysis.steps import Steps
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import JobState, Outcome
from batchsim.spec import parse
from batchsim.testing import Dice, draw_scenario
from tests.analysis.builders import attempt, call, instance, job, ms, run
from tests.scenario_builder import environment, fargate, fixed, queue, scenario, task
from tests.scenario_builder import job as entry

SEEDS = range(0, 40, 2)


def changes(curve: Steps) -> list[tuple[float, int]]:
    """(second, level) of each change."""
    return list(zip((curve.at_ms / 1000).tolist(), curve.level.tolist(), strict=True))


def analysed(seed: int) -> Analysis:
    return batchsim.run(parse(draw_scenario(Dice(seed))))._analysis


def retried() -> Analysis:
    """RUNNABLE at 5, STARTING 10, RUNNING 12, fails at 20; its retry is delayed to 25, it starts at 30, runs 31-40."""
    first = attempt(10, 20, pull=1, boot=1, runnable_at_ms=ms(5), outcome=Outcome.FAILED)
    again = attempt(30, 40, boot=1, attempt=2, runnable_at_ms=ms(25))
    records = run(
        calls=[call(created_at_ms=ms(2))],
        jobs=[job(runnable_at_ms=ms(5), ended_at_ms=ms(40), attempts=2)],
        attempts=[first, again],
        instances=[instance(6, 8, 45)],
        horizon=50,
    )
    return Analysis(records, Prices(), Rules())


def test_a_job_goes_through_its_states() -> None:
    states = jobs_by_state(retried())
    assert changes(states[JobState.PENDING]) == [(0, 0), (2, 1), (5, 0)]
    assert changes(states[JobState.STARTING]) == [(0, 0), (10, 1), (12, 0), (30, 1), (31, 0)]
    assert changes(states[JobState.RUNNING]) == [(0, 0), (12, 1), (20, 0), (31, 1), (40, 0)]


def test_a_job_whose_retry_is_delayed_is_runnable() -> None:
    levels = jobs_by_state(retried())[JobState.RUNNABLE].at(
        [4000, 5000, 10_000, 19_999, 20_000, 29_999, 30_000, 40_000]
    )
    assert levels.tolist() == [0, 1, 0, 0, 1, 1, 0, 0]


def test_vcpus_run_from_the_bill_to_the_end_and_are_used_from_starting() -> None:
    found = capacity(retried())
    assert changes(found.running) == [(0, 0), (6, 2), (45, 0)]
    assert changes(found.used_milli) == [(0, 0), (10, 1000), (20, 0), (30, 1000), (40, 0)]
    assert found.fargate_milli.integral() == 0


def test_desired_is_the_sum_over_environments_of_what_scaling_said_last() -> None:
    places = [fixed(2, "one"), environment("two", maxvCpus=3)]
    work = [entry("a", at="10s"), entry("b", at="20s", on="second")]
    result = batchsim.run(scenario(*work, environments=places, queues=[queue("queue", "one"), queue("second", "two")]))
    table, curve = result.scaling, capacity(result._analysis).desired
    for at_ms in range(0, round(result.horizon_s * 1000), 997):
        last = table[table["at_s"] <= at_ms / 1000].groupby("environment", observed=True)["desired_vcpus"].last()
        assert curve.at([at_ms])[0] == last.sum()
    assert capacity(result._analysis, 0).desired.peak()[0] == 2


def test_fargate_tasks_are_used_apart_from_instances() -> None:
    result = batchsim.run(scenario(task("t", run="30s"), environments=[fargate()]))
    found = capacity(result._analysis)
    assert found.fargate_milli.integral() == 1000 * 30_000
    assert (found.used_milli.integral(), found.running.integral(), found.max_vcpus) == (0, 0, None)


def test_the_largest_groups_stand_alone_and_the_rest_together() -> None:
    groups = largest([5, 0, 9, 1, 2], most=3)
    assert (groups.codes, groups.others, groups.of.tolist()) == ((0, 2), 2, [0, NEVER, 1, 2, 2])


def test_no_group_of_others_stands_for_one_that_would_have_fitted() -> None:
    groups = largest([5, 0, 9, 1], most=3)
    assert (groups.codes, groups.others, groups.count) == ((0, 2, 3), 0, 3)


@pytest.mark.parametrize("seed", SEEDS)
def test_jobs_in_all_states_are_those_submitted_and_not_over(seed: int) -> None:
    found = analysed(seed)
    states = jobs_by_state(found)
    spans, made = found.spans, found.records.submissions.created_at_ms[found.records.jobs.submission] != NEVER
    instants = np.unique(np.concatenate([curve.at_ms for curve in states.values()]))
    alive = [int(np.sum(made & (spans.created_ms <= at) & (spans.end_ms > at))) for at in instants.tolist()]
    assert np.sum([states[state].at(instants) for state in LIVE_STATES], axis=0).tolist() == alive
    assert min(int(curve.level.min()) for curve in states.values()) == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_time_in_each_state_is_the_sum_of_the_parts_of_turnaround(seed: int) -> None:
    found = analysed(seed)
    states, parts = jobs_by_state(found), found.parts
    made = found.records.submissions.created_at_ms[found.records.jobs.submission] != NEVER
    assert states[JobState.PENDING].integral() == parts.dependency[made].sum()
    assert states[JobState.RUNNABLE].integral() == (parts.wait + parts.retry_delay)[made].sum()
    assert states[JobState.STARTING].integral() == parts.start_up[made].sum()
    assert states[JobState.RUNNING].integral() == (parts.earlier_running + parts.last_running)[made].sum()


@pytest.mark.parametrize("seed", SEEDS)
def test_used_vcpus_are_what_attempts_held_and_running_ones_what_was_on(seed: int) -> None:
    found = analysed(seed)
    records, phases = found.records, found.phases
    vcpus = records.submissions.vcpus_milli[records.jobs.submission[records.attempts.job]].astype(np.int64)
    held = int((vcpus * (phases.end_ms - phases.starting_ms)).sum())
    whole = capacity(found)
    assert whole.used_milli.integral() + whole.fargate_milli.integral() == held
    assert whole.running.integral() == int((records.instances.vcpus * found.lives.on_ms).sum())
    each = [capacity(found, code) for code in range(len(records.names.environments))]
    assert sum(one.used_milli.integral() for one in each) == whole.used_milli.integral()
    assert sum(one.desired.integral() for one in each) == whole.desired.integral()
    hosts = [used_by_instance(found, row) for row in range(len(records.instances.type))]
    assert sum(one.integral() for one in hosts) == whole.used_milli.integral()


@pytest.mark.parametrize("seed", SEEDS)
def test_no_more_is_used_than_desired_is_there_for(seed: int) -> None:
    found = capacity(analysed(seed))
    instants = np.unique(np.concatenate((found.desired.at_ms, found.used_milli.at_ms, found.running.at_ms)))
    assert np.all(found.used_milli.at(instants) <= 1000 * found.running.at(instants))
    assert np.all(found.running.at(instants) <= found.desired.at(instants))


@pytest.mark.parametrize("seed", SEEDS)
def test_queues_in_groups_add_up_to_all(seed: int) -> None:
    found = analysed(seed)
    for state in LIVE_STATES:
        curves = in_state_by_queue(found, state, queue_groups(found, 2))
        assert sum(curve.integral() for curve in curves) == jobs_by_state(found)[state].integral()
