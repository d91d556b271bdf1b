"""What would help a head that blocks its queue: by AWS's reason, or by what it waits for where AWS has none."""

from __future__ import annotations

_CAPACITY = (
    "allow more instance types and zones, or put an On-Demand environment behind it in the queue's order;"
    " jobStateTimeLimitActions can cancel such a head"
)
_TOO_SMALL = (
    "add a larger type to instanceTypes, or ask for less; without allow_unplaceable, batchsim validate says how much is"
    " short"
)
_MAXIMUM = "raise maxvCpus of one of the queue's environments to what the job asks for, or ask for fewer vCPUs"
_DISABLED = "enable a compute environment of the queue, or cancel the job"
_INVALID = "repair the INVALID environments, or put a VALID one into the queue's order"

_REMEDIES = {
    "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY": _CAPACITY,
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE": _MAXIMUM,
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT": _TOO_SMALL,
    "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED": (
        "name types that EC2 sells in the zones of the subnets, or add subnets in zones that have them"
    ),
    "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS": "repair the service role of the queue's environments",
    "ACTION_REQUIRED": _INVALID,
    "nothing_fits": _TOO_SMALL,
    "over_max_resource": _MAXIMUM,
    "environment_disabled": _DISABLED,
    "environment_invalid": _INVALID,
    "capacity_error": _CAPACITY,
    "consumable_resource": "raise the totalQuantity of the consumable resource, or ask for less of it",
    "vcpu_quota": "ask for a higher vCPU quota (world.ec2_vcpu_quota): not even an instance for this job is within it",
    "bid": "raise bidPercentage, allow more instance types, or put an On-Demand environment behind it",
    "max_vcpus": "raise maxvCpus, or lower minvCpus: what is kept warm would not hold the job even when it is empty",
    "fleet_full": "make the fleet larger: it has no room for the job, and nothing runs on it",
}


def remedy(reason: str | None, waits_for: str = "") -> str:
    """What would help, in a few words; empty where nobody knows."""
    return _REMEDIES.get(reason or "") or _REMEDIES.get(waits_for, "")
