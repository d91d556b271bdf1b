"""The small vocabularies that the columns speak in: states, outcomes, reasons.

Each is an ``IntEnum`` whose members are stored as one byte. ``.text`` is the word that tables, events and reports
print; codes never leave the process.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Self


class _Worded(IntEnum):
    """An ``IntEnum`` whose members carry the word that users see."""

    text: str

    def __new__(cls, code: int, text: str = "") -> Self:
        member = int.__new__(cls, code)
        member._value_ = code
        member.text = text
        return member


class JobState(_Worded):
    """AWS Batch's seven job states; there is no CANCELLED (User Guide, "Job states")."""

    NOT_SUBMITTED = 0, "NOT_SUBMITTED"
    SUBMITTED = 1, "SUBMITTED"
    PENDING = 2, "PENDING"
    RUNNABLE = 3, "RUNNABLE"
    STARTING = 4, "STARTING"
    RUNNING = 5, "RUNNING"
    SUCCEEDED = 6, "SUCCEEDED"
    FAILED = 7, "FAILED"


class Outcome(_Worded):
    """How one attempt ended; OPEN is an attempt that still held its capacity when the run ended."""

    OPEN = 0, "open"
    SUCCEEDED = 1, "succeeded"
    FAILED = 2, "failed"
    START_FAILED = 3, "start_failed"
    TIMED_OUT = 4, "timed_out"
    TERMINATED = 5, "terminated"
    RECLAIMED = 6, "reclaimed"
    HOST_LOST = 7, "host_lost"


class WaitReason(_Worded):
    """Why the head of a queue waits; EMPTY closes the timeline.

    In order of precedence within one environment, but that ENVIRONMENT_INVALID comes before ENVIRONMENT_DISABLED and
    VCPU_QUOTA stands between FLEET_FULL and CAPACITY_ERROR; of CONSUMABLE_RESOURCE see ``docs/model.md``.
    CLIENT_BACKOFF is no head's: without a queue every waiting job has a client of its own.
    """

    EMPTY = 0, "empty"
    HIGHER_QUEUE = 1, "higher_queue"
    NOTHING_FITS = 2, "nothing_fits"
    OVER_MAX_RESOURCE = 3, "over_max_resource"
    ENVIRONMENT_DISABLED = 4, "environment_disabled"
    MAX_VCPUS = 5, "max_vcpus"
    FLEET_FULL = 6, "fleet_full"
    CAPACITY_ERROR = 7, "capacity_error"
    SCALE_UP_DECISION = 8, "scale_up_decision"
    INSTANCE_BOOTING = 9, "instance_booting"
    LAUNCH_RATE = 10, "launch_rate"
    SCHEDULER_CYCLE = 11, "scheduler_cycle"
    CLIENT_BACKOFF = 12, "client_backoff"
    VCPU_QUOTA = 13, "vcpu_quota"
    BID = 14, "bid"
    CONSUMABLE_RESOURCE = 15, "consumable_resource"
    ENVIRONMENT_INVALID = 16, "environment_invalid"
    FAIR_SHARE_TURN = 17, "fair_share_turn"
    RESERVATION = 18, "reservation"


class WhyLaunched(_Worded):
    """Why an instance was launched."""

    DEMAND = 0, "demand"
    INITIAL = 1, "initial_capacity"
    MINIMUM = 2, "minvCpus"
    REPLACEMENT = 3, "replacement"
    FLEET = 4, "fleet"
    DESIRED = 5, "desiredvCpus"


class WhyEnded(_Worded):
    """Why an instance ended; HORIZON is an instance that still ran when the run ended."""

    HORIZON = 0, "end_of_run"
    SCALE_IN = 1, "scale_in"
    SPOT_RECLAIM = 2, "spot_reclaim"
    INSTANCE_FAILURE = 3, "instance_failure"
    ZONE_OUTAGE = 4, "zone_outage"
    BOOT_FAILURE = 5, "boot_failure"


class ScalingAction(_Worded):
    """What one row of the scaling table did to its environment."""

    INITIAL = 0, "initial_capacity"
    SCALE_UP = 1, "scale_up"
    SCALE_IN = 2, "scale_in"
    RECLAIM = 3, "reclaim"
    UPDATE = 4, "update"
    LOSS = 5, "loss"


class FaultEffect(_Worded):
    """What a fault of the scenario's plan did."""

    INSTANCE_LOST = 0, "instance_lost"
    BOOT_FAILED = 1, "boot_failed"
    SLOWED = 2, "slowed"
    LAUNCH_REFUSED = 3, "launch_refused"
    PASS_DELAYED = 4, "pass_delayed"
    EXIT_FORCED = 5, "exit_forced"
    PULL_FAILED = 6, "pull_failed"
    PULL_DELAYED = 7, "pull_delayed"
    PRICE_SHOCKED = 8, "price_shocked"


class BlockReason(_Worded):
    """What AWS Batch says of a head that blocks its queue (User Guide, "Jobs stuck in a RUNNABLE status").

    The text is the code before the message: what ``jobStateTimeLimitActions`` name as ``reason``.
    """

    INSUFFICIENT_CAPACITY = 1, "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"
    MAX_RESOURCE = 2, "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE"
    JOB_RESOURCE = 3, "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"
    UNSUPPORTED_CONFIGURATION = 4, "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED"
    ROLE_PERMISSIONS = 5, "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS"
    ACTION_REQUIRED = 6, "ACTION_REQUIRED"
    UNDETERMINED = 7, "UNDETERMINED"


class EndedBy(_Worded):
    """What ended the run: everything drained, nothing could help the rest, the asked instant, or ``max_time``."""

    DRAINED = 0, "drained"
    STUCK = 1, "stuck"
    UNTIL = 2, "until"
    MAX_TIME = 3, "max_time"
