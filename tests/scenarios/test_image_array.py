"""An array of 1,000 on ``standard-processing``."""

from __future__ import annotations

import pytest
from scenarios.conftest import Shipped

from batchsim import Result


@pytest.fixture
def images(shipped: Shipped) -> Result:
    return shipped("image_array")


def test_one_call_makes_a_thousand_jobs(images: Result) -> None:
    assert images.submissions["size"].tolist() == [1000]
    assert images.jobs.job_id.tolist() == [f"images:{index}" for index in range(1000)]
    assert set(images.jobs.queue) == {"standard-processing"}


def test_children_first_start_in_the_order_of_their_index(images: Result) -> None:
    first = images.attempts[images.attempts.attempt == 1]
    assert first.job_id.tolist() == images.jobs.job_id.tolist()
    assert first.starting_at_s.is_monotonic_increasing


def test_only_the_first_containers_on_an_instance_wait_for_the_image(images: Result) -> None:
    attempts = images.attempts.assign(pull_s=images.attempts.pulled_at_s - images.attempts.pull_at_s)
    pulled_by = attempts.groupby("instance").pulled_at_s.min()
    later = attempts.pull_at_s >= attempts.instance.map(pulled_by)
    assert (attempts.pull_s[later] == 0).all()
    assert set(attempts.pull_s[~later & attempts.pulled_at_s.notna()]) == {2 + 800 / 80}


def test_at_most_maxvcpus_are_held(images: Result) -> None:
    assert images.summary()["throughput"]["vcpus_peak"] == 256


def test_the_array_succeeds_with_its_last_child(images: Result) -> None:
    parent = images.submissions.iloc[0]
    assert (parent.state, parent.ended_at_s) == ("SUCCEEDED", images.jobs.ended_at_s.max())
