"""Compiling a queue's scheduling policy (API, FairsharePolicy)."""

from __future__ import annotations

from batchsim.engine.plan import SharePlan
from batchsim.engine.vocabulary import Vocabulary
from batchsim.policies.fair_share import MOST_ACTIVE, UNIT_WEIGHT_NANO, placement_charge, window_of
from batchsim.spec import Scenario
from batchsim.spec.fair_share import fair_share_of
from batchsim.spec.names import short_name
from batchsim.spec.queues import JobQueue


def share_plan(scenario: Scenario, queue: JobQueue, names: Vocabulary) -> SharePlan | None:
    """Return the plan of a fair-share queue; None where it is FIFO. ``names`` are the share identifiers of all."""
    policy, world = fair_share_of(scenario.schedulingPolicies, queue), scenario.world
    if policy is None:
        return None
    window_ms = window_of(policy.shareDecaySeconds, world.min_window)
    return SharePlan(
        kernel=world.decay_kernel,
        window_ms=window_ms,
        update_ms=world.usage_update,
        charge=placement_charge(world.decay_kernel, window_ms, world.usage_update),
        reservation=policy.computeReservation if _has_known_size(scenario, queue) else 0,
        entries=tuple(item.shareIdentifier for item in policy.shareDistribution),
        weights=tuple(weight_nano(item.weightFactor) for item in policy.shareDistribution),
        strict=world.fss_hol == "strict",
        most_active=MOST_ACTIVE if world.strict_limits else None,
        names=names,
    )


def weight_nano(weight: float) -> int:
    """Return a weightFactor in nanos: exact, as AWS's factors have four places."""
    return round(weight * UNIT_WEIGHT_NANO)


def _has_known_size(scenario: Scenario, queue: JobQueue) -> bool:
    """Whether all of a queue's environments say how large they may be.

    Of an UNMANAGED one without ``unmanagedvCpus`` nothing is reserved (API, CreateComputeEnvironment).
    """
    mine = {short_name(item.computeEnvironment) for item in queue.computeEnvironmentOrder}
    own = (item for item in scenario.computeEnvironments if item.computeEnvironmentName in mine)
    return all(item.type == "MANAGED" or item.unmanagedvCpus is not None for item in own)
