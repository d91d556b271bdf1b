"""What explanations say would help, and of what a wait was: each held to what the tables say."""

from __future__ import annotations

import pytest
from conftest import Simulate
from scenario_builder import environment, job, scenario

from batchsim import Result
from batchsim.analysis.explain import Explanation, Step
from batchsim.units import format_duration

FAILS_TWICE = {"script": [{"run": "2m", "exit": 1}, {"run": "1m", "exit": 7}, {"run": "3m"}]}
PACED = {"scheduler_cycle": "1s", "scale_up_delay": "10s", "instance_boot": {"uniform": {"min": "20s", "max": "90s"}}}
IN_VAIN = {"script": [{"run": "1m", "exit": 2}, {"run": "2m", "exit": 2}]}


def waits(told: Explanation, reason: str) -> list[Step]:
    """The intervals of a job with this reason."""
    return [step for step in told.steps if step.reason == reason]


def test_the_quota_that_was_in_the_way_is_named_and_more_of_it_is_asked_for(simulate: Simulate) -> None:
    given = scenario(job("a", "5m", size=6), environments=[environment(types=("box.2",), maxvCpus=64)],
                     world=PACED | {"ec2_vcpu_quota": {"on_demand": {"standard": 2}}})  # fmt: skip
    told = simulate(given).explain("a:5")
    assert all("vCPU quota (On-Demand standard 2)" in step.text for step in waits(told, "vcpu_quota"))
    assert told.remedy.startswith("ask for a higher vCPU quota")
    assert "not even" not in told.remedy, "two vCPUs ran all the time"


def test_who_waits_at_maxvcpus_to_the_end_is_told_to_raise_it(simulate: Simulate) -> None:
    given = scenario(job("long", "9h", size=2), job("late", "1m", at="5m"),
                     environments=[environment(types=("box.2",), maxvCpus=2)],
                     simulation={"until": "1h"}, world=PACED)  # fmt: skip
    assert simulate(given).explain("late").remedy.startswith("raise maxvCpus of `hosts`")


def test_a_failure_goes_back_to_the_job_that_failed_first(simulate: Simulate) -> None:
    given = scenario(
        job("first", {"script": [{"run": "1m", "exit": 1}]}, size=2),
        job("second", "1m", needs=["first"]),
        job("third", "1m", needs=["second"]),
    )
    told = simulate(given).explain("third")
    assert told.remedy == "mend `first`: batchsim explain DIR first"
    assert "`second` FAILED" in told.notes[0]
    assert "It all began with `first`" in told.notes[0]


@pytest.mark.parametrize(
    ("run", "remedy"),
    [
        (FAILS_TWICE, "mend what makes attempts fail (exit code 1, 7): 2 attempts had to be repeated"),
        (IN_VAIN, "mend what it runs: all 3 attempts ended with exit code 2, so would one more"),
    ],
)
def test_attempts_that_fail_are_told_by_their_exit_codes(run: object, remedy: str, simulate: Simulate) -> None:
    assert simulate(scenario(job("a", run, attempts=3))).explain("a").remedy == remedy


def test_a_timeout_tells_how_long_the_attempt_had_run(simulate: Simulate) -> None:
    result = simulate(scenario(job("a", "20m", timeout_s=300)))
    last = result.attempts.iloc[-1]
    ran = format_duration(round(1000 * (last["ended_at_s"] - last["running_at_s"])))
    assert f"it had run for {ran})" in result.explain("a").remedy


def test_a_retry_that_takes_its_own_room_does_not_say_that_another_freed_it(simulate: Simulate) -> None:
    given = scenario(job("a", FAILS_TWICE, attempts=3), environments=[environment(types=("box.2",), maxvCpus=2)],
                     world=PACED)  # fmt: skip
    told = simulate(given).explain("a")
    assert not [step for step in told.steps if "`a` ended" in step.until]


def test_room_that_came_free_is_told_with_its_size_and_how_long_before(simulate: Simulate) -> None:
    given = scenario(job("a", "90.5s"), job("b", "1m", at="1s"), world=PACED)
    result = simulate(given)
    until = waits(result.explain("b"), "max_vcpus")[-1].until
    left = result.attempts.set_index("job_id")
    before_ms = round(1000 * (left.loc["b", "starting_at_s"] - left.loc["a", "ended_at_s"]))
    assert f"freed 1 vCPU and {left.loc['a', 'memory_mib']} MiB (`a` ended" in until
    assert before_ms == 0 or f"ended {format_duration(before_ms)} before" in until


def test_maxvcpus_that_still_boot_are_told_as_such(simulate: Simulate) -> None:
    given = scenario(job("a", "5m", size=12), environments=[environment(types=("box.2",), maxvCpus=8)],
                     world=PACED)  # fmt: skip
    told: Result = simulate(given, seed=5)
    found = [step for at in range(12) for step in waits(told.explain(f"a:{at}"), "max_vcpus")]
    ready = told.instances["ready_at_s"]
    for step in found:
        assert ("booting" in step.text) == bool((ready > step.start_s).any())


def test_refused_launches_are_counted_and_told_as_what_ended_the_wait_for_a_decision(simulate: Simulate) -> None:
    given = scenario(job("a", "1m"), environments=[environment(types=("box.2",))],
                     simulation={"until": "1h"}, world=PACED,
                     faults=[{"name": "none", "kind": "capacity", "capacity": 0, "for": "20m"}])  # fmt: skip
    result = simulate(given)
    told = result.explain("a")
    refused = [step for step in told.steps if step.part == "wait_capacity_error"]
    assert len(refused) >= 2
    assert all("1 launch refused" in step.text for step in refused)
    assert sum(step.until.startswith("EC2 refused") for step in told.steps) == len(refused)
