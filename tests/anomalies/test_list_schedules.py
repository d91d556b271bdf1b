"""What may not be assumed of a makespan: Graham's anomalies (1969), with dependencies and with mixed shapes."""

from __future__ import annotations

import pytest
from anomalies.rows import SHORTER, in_this_order
from scenario_builder import ends, starts


@pytest.mark.parametrize(
    ("changes", "makespan_s"),
    [
        pytest.param({}, 12, id="the list on three slots"),
        pytest.param({"hosts.maxvCpus": 4, "hosts.minvCpus": 4}, 15, id="more slots"),
        pytest.param(SHORTER, 13, id="shorter jobs"),
        pytest.param({"job5.submit.dependsOn": [], "job6.submit.dependsOn": []}, 16, id="fewer dependencies"),
        pytest.param(in_this_order(1, 2, 4, 5, 6, 3, 9, 7, 8), 14, id="another order"),
    ],
)
def test_more_capacity_shorter_jobs_and_fewer_dependencies_can_make_a_night_longer(shown, changes, makespan_s):
    assert max(ends(shown("list_schedule", changes)).values()) == makespan_s


def test_a_third_host_can_make_independent_jobs_of_mixed_shapes_take_longer(shown):
    two, three = shown("mixed_shapes"), shown("mixed_shapes", {"hosts.maxvCpus": 12, "hosts.minvCpus": 12})
    assert (max(ends(two).values()), max(ends(three).values())) == (4, 5)


def test_the_longest_first_is_not_the_best_order(shown):
    longest_first, best = shown("longest_first"), shown("longest_first", in_this_order(1, 2, 5, 6, 3, 4, 7))
    assert (max(ends(longest_first).values()), max(ends(best).values())) == (11, 9)


def test_a_job_that_is_not_there_can_make_another_start_later(shown):
    with_it, without = shown("removed_job"), shown("removed_job_without")
    assert set(starts(with_it)) - set(starts(without)) == {"second"}
    assert (starts(with_it)["last"], starts(without)["last"]) == (2, 5)
