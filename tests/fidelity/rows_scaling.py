"""Rows of the table of behaviours: scale-down, and what is kept."""

from __future__ import annotations

from typing import Any

import pytest
from fidelity_rows import Row

T = "tests/behaviour"
DOWN, BIDS, SPOT = f"{T}/test_scale_down.py::test_", f"{T}/test_bids.py::test_", f"{T}/test_spot_market.py::test_"
POLICY, CREATE = "API, ComputeScalingPolicy", "API, CreateComputeEnvironment: state"
Patch = pytest.MonkeyPatch


def patience(rule: Any) -> Any:
    """A mutation: an idle instance stays for another time; ``rule(scale_in, environment, row)`` in ms."""
    return lambda patch: patch.setattr("batchsim.engine.scale_in.ScaleIn._patience_ms", rule)


def _no_delay(scale_in: Any, environment: Any, row: int) -> int:
    return 0 if row in environment.closed else scale_in._rules.scale_down_idle_ms


def _always_delay(scale_in: Any, environment: Any, _: int) -> int:
    return max(scale_in._rules.scale_down_idle_ms, environment.plan.min_scale_down_delay_ms)


def _only_delay(scale_in: Any, environment: Any, _: int) -> int:
    return environment.plan.min_scale_down_delay_ms or scale_in._rules.scale_down_idle_ms


def without_minimum(patch: Patch) -> None:
    """Scale-in knows no minvCpus."""
    from batchsim.engine.scale_in import ScaleIn

    def check(scale_in: Any, environment: Any) -> None:
        least, environment.min_vcpus = environment.min_vcpus, 0
        real(scale_in, environment)
        environment.min_vcpus = least

    real = ScaleIn._check
    patch.setattr(ScaleIn, "_check", check)


def _busy_ones_too(scale_in: Any, environment: Any) -> list[int]:
    now = scale_in._kernel.now_ms
    return [
        row
        for row in environment.ready
        if scale_in._instances.ready_at[row] + scale_in._rules.scale_down_idle_ms <= now
    ]


ROWS = [
    Row(
        id="B31",
        rule="An idle instance is removed after a delay that is not published",
        source="not documented; 300 s is an Auto Scaling group's default",
        where="batchsim/engine/scale_in.py ScaleIn",
        tests={
            "300s": DOWN + "an_idle_instance_goes_at_the_first_check_after_its_time[300s-60s-360]",
            "60s": DOWN + "an_idle_instance_goes_at_the_first_check_after_its_time[60s-60s-120]",
            "0s": DOWN + "an_idle_instance_goes_at_the_first_check_after_its_time[0s-60s-60]",
        },
        status="parameter",
        key="scale_down_idle",
    ),
    Row(
        id="5.6a",
        rule="How often idle instances are looked for",
        source="not documented",
        where="batchsim/engine/scale_in.py ScaleIn",
        tests={
            "60s": DOWN + "an_idle_instance_goes_at_the_first_check_after_its_time[300s-60s-360]",
            "0s": DOWN + "an_idle_instance_goes_at_the_first_check_after_its_time[300s-0s-310]",
            "250s": DOWN + "an_idle_instance_goes_at_the_first_check_after_its_time[300s-250s-500]",
        },
        status="parameter",
        key="scale_down_check",
    ),
    Row(
        id="5.6b",
        rule="minScaleDownDelayMinutes keeps an instance from the end of its last job on",
        source=POLICY,
        where="batchsim/engine/scale_in.py ScaleIn",
        tests=(
            DOWN + "the_delay_counts_from_the_end_of_the_instances_last_job[20-1260]",
            DOWN + "every_job_starts_it_anew_and_each_instance_has_its_own",
        ),
        status="exact",
        breaks=patience(_no_delay),
    ),
    Row(
        id="5.6c",
        rule="It is not for instances that never ran a job",
        source=POLICY,
        where="batchsim/engine/scale_in.py ScaleIn",
        tests=DOWN + "instances_that_never_ran_a_job_do_not_wait_for_it",
        status="exact",
        breaks=patience(_always_delay),
    ),
    Row(
        id="5.6d",
        rule="It does not keep Spot from taking an instance",
        source=POLICY,
        where="batchsim/engine/control.py CapacityControl.reclaim",
        tests=DOWN + "spot_takes_an_instance_whatever_the_delay",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.spot.SpotMarket._strike_now", lambda *_: None),
    ),
    Row(
        id="5.6e",
        rule="It is 0 for unset, or 20 to 10080 minutes",
        source=POLICY,
        where="batchsim/spec/checks/capacity.py _instances; batchsim/spec/environments.py ScalingPolicy",
        tests=DOWN + "a_delay_is_20_to_10080_minutes_or_0[19]",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.spec.checks.capacity._instances", lambda *_: ()),
    ),
    Row(
        id="5.6f",
        rule="The longer of that delay and the usual idle time counts",
        source="not documented",
        where="batchsim/engine/scale_in.py ScaleIn",
        tests=DOWN + "the_longer_of_idle_time_and_delay_counts",
        status="modelled",
        note="AWS says for how long an instance stays at least.",
        breaks=patience(_only_delay),
    ),
    Row(
        id="5.6g",
        rule="The idle time is billed",
        source=POLICY,
        where="batchsim/analysis/bills.py instance_bills",
        tests=DOWN + "the_idle_time_is_billed",
        status="exact",
        breaks=patience(_no_delay),
    ),
    Row(
        id="5.6h",
        rule="A new instance that gets no job is idle from the moment it is ready, for as long as any other",
        source="not documented",
        where="batchsim/engine/scale_in.py ScaleIn.watch",
        tests=DOWN + "a_new_instance_that_gets_no_job_has_the_same_time_from_the_moment_it_is_ready",
        status="modelled",
        note="The same timer is the simplest reading.",
        breaks=patience(
            lambda scale_in, environment, row: (
                scale_in._rules.scale_down_idle_ms * (environment.idle_since[row] > scale_in._instances.ready_at[row])
            )
        ),
    ),
    Row(
        id="5.6i",
        rule="Instances that run a job are never chosen",
        source="not documented",
        where="batchsim/engine/scale_in.py ScaleIn",
        tests=DOWN + "instances_with_a_job_are_never_chosen_so_half_empty_ones_stay",
        status="modelled",
        note="No run shows a job that a scale-in ended.",
        breaks=lambda patch: patch.setattr("batchsim.engine.scale_in.ScaleIn._due", _busy_ones_too),
    ),
    Row(
        id="5.6j",
        rule="Busy instances that an environment could do without are closed to jobs, and go after their last",
        source="not documented; recorded runs show it",
        where="batchsim/engine/drain.py Drain",
        tests={
            True: f"{T}/test_drain_surplus.py::"
            "test_an_instance_is_closed_when_it_was_surplus_for_as_long_as_an_idle_one_stays",
            False: f"{T}/test_drain_surplus.py::test_the_switch_is_off",
        },
        status="parameter",
        key="drain_surplus",
    ),
    Row(
        id="5.6k",
        rule="Scale-in goes to minvCpus in whole instances, and an instance is never swapped for a smaller one",
        source=CREATE,
        where="batchsim/engine/scale_in.py ScaleIn",
        tests=DOWN + "an_8xlarge_stays_for_minvcpus_of_4",
        status="exact",
        breaks=without_minimum,
    ),
    Row(
        id="5.6l",
        rule="minvCpus are kept even in a DISABLED environment, whose other instances go",
        source=CREATE,
        where="batchsim/engine/scale_in.py ScaleIn",
        tests=DOWN + "minvcpus_are_kept_even_in_a_disabled_environment",
        status="exact",
        breaks=without_minimum,
    ),
    Row(
        id="5.2f",
        rule="minvCpus are a warm pool that serves jobs at once, and cost money throughout",
        source='User Guide, "Managed compute environments"',
        where="batchsim/engine/scale_up.py Scaler.fill",
        tests=DOWN + "minvcpus_are_a_warm_pool_that_serves_jobs_at_once_and_costs_money_throughout",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.scale_up.Scaler.fill", lambda *_: None),
    ),
]
