"""Long queues in two steps measure what whole runs measure, and notice a run that starts a job at another instant."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from theory.seeds import campaign_seed

from batchsim.selftest.by_recursion import AS_RUN, by_recursion
from batchsim.selftest.cases import queueing
from batchsim.selftest.formulas import laws
from batchsim.selftest.recursions import Recorded, first_come
from batchsim.selftest.registry import cases as all_cases
from batchsim.selftest.registry import chosen, in_two_steps

SEED = campaign_seed()
SHORT = {
    "many slots": queueing.mmc("T1.90", 16, 0.9).longer(0.02),
    "one slot": queueing.mmc("T1.91", 1, 0.7).longer(0.2),
    "constant run times": queueing.mdc("T3.90", 5, 0.8, 30).longer(0.1),
    "long tails": queueing.mg1("T4.90", laws.hyperexponential(20, 9), 0.6).longer(0.02),
    "priorities": queueing.priorities("T5.90", [("high", 0.2, laws.constant(20)), ("low", 0.5, laws.erlang(2, 90))]),
    "at fixed gaps": queueing.dm1("T6.90", 70).longer(0.1),
    "in arrays": queueing.arrays("T7.90", 10, 0.6, laws.exponential(60)).longer(0.1),
}


@pytest.mark.parametrize("case", SHORT.values(), ids=SHORT.keys())
def test_the_two_steps_measure_what_a_whole_run_measures(case):
    in_steps = dict(by_recursion(case).simulate(SEED, 3))
    assert in_steps.pop(AS_RUN) == 0
    assert in_steps == pytest.approx(case.simulate(SEED, 3), rel=1e-12)


def test_a_run_that_starts_a_job_at_another_instant_is_noticed():
    another = replace(queueing.mmc("T1.92", 3, 0.8), recursion=partial(first_come, servers=4))
    assert by_recursion(another).simulate(SEED, 0)[AS_RUN] > 0


def test_a_second_run_of_a_case_in_two_steps_goes_in_two_steps_too():
    case = in_two_steps(next(case for case in all_cases() if case.id == "T1.2"))
    assert type(case.longer(4)) is type(case) is not type(queueing.mmc("T1.93", 1, 0.5))


def test_the_command_runs_every_queue_at_a_load_up_to_eight_tenths():
    left_out = {case.id for case in all_cases()} - {case.id for case in chosen()}
    assert left_out == {"T1.8", "T1.9", "T17.4"}


def test_of_one_slot_the_starts_in_one_sum_are_those_job_by_job():
    dice = np.random.default_rng(SEED)
    nothing = np.zeros(0, np.int64)
    came, work = np.sort(dice.integers(0, 10**6, 5000)), dice.integers(1, 400, 5000)
    jobs = Recorded(came, work, nothing, nothing, nothing, nothing)
    free_at, starts = 0, []
    for at, took in zip(came.tolist(), work.tolist(), strict=True):
        starts.append(max(at, free_at))
        free_at = starts[-1] + took
    assert first_come(jobs, 1).tolist() == starts
