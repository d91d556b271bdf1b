"""The rows of docs/failure_patterns.md: what each job of the scenario of that name comes to, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import batchsim
from batchsim import Result

FILE = Path(__file__).resolve().parents[2] / "scenarios" / "failure_patterns.yaml"
EXITED = "Essential container in task exited"
START_FAILED = "Task failed to start"
UNDETERMINED = "UNDETERMINED - Batch job is blocked, root cause is undetermined."


@dataclass(frozen=True)
class Pattern:
    """One job of the file."""

    job: str
    state: str
    reason: str
    """Its statusReason."""
    told: str
    """The reason of its container, or AWS's code of a head that blocks its queue; empty without."""
    wait: str
    """What a stuck job waits for, in the model's word; empty for a job that ended."""
    exit_code: int | None
    attempts: int
    mend: str
    settings: tuple[tuple[str, Any], ...]
    """The mend as overrides of the file."""


def _needs(vcpus: int, memory: int) -> list[dict[str, str]]:
    return [{"type": "VCPU", "value": str(vcpus)}, {"type": "MEMORY", "value": str(memory)}]


def _ended(job: str, reason: str, told: str, exit_code: int | None, mend: str, *settings: tuple[str, Any]) -> Pattern:
    return Pattern(job, "FAILED", reason, told, "", exit_code, 1, mend, settings)


def _stuck(job: str, reason: str, wait: str, mend: str, *settings: tuple[str, Any]) -> Pattern:
    code = reason.split(" ", maxsplit=1)[0]
    return Pattern(job, "RUNNABLE", reason, code, wait, None, 0, mend, settings)


SPOT_RETRIES = {
    "attempts": 3,
    "evaluateOnExit": [{"onStatusReason": "Host EC2*", "action": "RETRY"}, {"onReason": "*", "action": "EXIT"}],
}
PATTERNS = (
    _ended(
        "image-cannot-be-pulled", START_FAILED, "CannotPullContainerError: the registry did not deliver the image",
        None,
        "Push the image under the tag that the definition names; give the subnet a route to the registry and the"
        " instance role the right to read it. A rule RETRY for `CannotPullContainerError*` helps where the registry"
        " only stumbles.",
        ("faults.registry.probability", 0),
    ),
    _ended(
        "failure-to-start", START_FAILED, "DockerTimeoutError: Could not transition to started; timed out", None,
        "Try again: `retryStrategy: {attempts: 3}`. If it happens often, larger disks and fewer containers a host.",
        ("failure-to-start.submit.retryStrategy", {"attempts": 3}),
    ),
    _ended(
        "out-of-memory", EXITED, "OutOfMemoryError: Container killed due to memory usage", 137,
        "Ask for the MEMORY that the container uses at its peak. Trying again with the same memory ends the same way.",
        ("out-of-memory.fails", []),
        ("out-of-memory.submit.containerOverrides", {"resourceRequirements": _needs(1, 3584)}),
    ),
    _ended(
        "spot-reclaimed", "Host EC2 (instance *) terminated.", "", 137,
        "Try again what the host's loss ended, and only that: RETRY on `Host EC2*`, EXIT on all else; checkpoints for"
        " long jobs.",
        ("spot-reclaimed.submit.retryStrategy", SPOT_RETRIES),
    ),
    _ended(
        "timeout", "Job attempt duration exceeded timeout", "", 137,
        "Raise `attemptDurationSeconds` above the longest honest run. A timeout is never tried again.",
        ("timeout.submit.timeout.attemptDurationSeconds", 600),
    ),
    Pattern(
        "application-bug", "FAILED", EXITED, "", "", 1, 3,
        "Mend the program. Until then EXIT on its exit code in `evaluateOnExit` saves the attempts that cannot"
        " succeed.",
        (("application-bug.run", "2m"),),
    ),
    Pattern(
        "dependency-failed", "FAILED", "Dependent Job failed", "", "", None, 0,
        "Mend the job that it depends on, and submit both again: it was never RUNNABLE.",
        (("breaks.run", "30s"),),
    ),
    Pattern(
        "sigterm-swallowed", "SUCCEEDED", EXITED, "", "", 0, 1,
        "Exit with another code than 0 at SIGTERM (in a shell: `exec` the program), so that the attempt counts as"
        " failed and is tried again.",
        (("sigterm-swallowed.on_sigterm", "exit_nonzero"),),
    ),
    _stuck(
        "no-capacity",
        "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested for instance type"
        " [c5.large]",
        "capacity_error",
        "Allow more instance types and zones, or On-Demand behind Spot in the queue's order.",
        ("no-capacity.instanceTypes", ["c5.large", "m5.large"]),
    ),
    _stuck(
        "over-max-vcpus",
        "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job queue cannot meet the CPU"
        " requirement of the job.",
        "over_max_resource",
        "Raise maxvCpus to what the job asks for, or ask for fewer vCPUs.",
        ("over-max-vcpus.maxvCpus", 8),
    ),
    _stuck(
        "memory-cliff",
        "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement (vCPU/memory/GPU) is higher than that"
        " can be met by the CE(s) attached to the job queue.",
        "nothing_fits",
        "Ask for what ECS leaves of the type's memory (7,168 of 8,192 MiB), or allow a larger type.",
        ("memory-cliff.submit.containerOverrides.resourceRequirements", _needs(1, 7168)),
    ),
    _stuck(
        "type-not-sold-here",
        "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED - Your compute environment associated with this job"
        " queue has an unsupported instance type configuration.",
        "nothing_fits",
        "Add a subnet in a zone that has the type, or name types that the zone has.",
        ("type-not-sold-here.subnets", ["SUBNET_ID"]),
    ),
    _stuck(
        "role-without-permission",
        "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS \N{EN DASH} Batch service role has a permission issue.",
        "environment_invalid",
        "Give the service role its policy (AWSBatchServiceRole), then update the environment: it becomes VALID.",
        ("computeEnvironments.role-without-permission.status", "VALID"),
    ),
    _stuck(
        "environment-invalid",
        "ACTION_REQUIRED - CE(s) associated with the job queue are invalid.",
        "environment_invalid",
        "Repair what the environment's statusReason names (here: the launch template).",
        ("computeEnvironments.environment-invalid.status", "VALID"),
    ),
    _stuck(
        "environment-disabled", UNDETERMINED, "environment_disabled",
        "Enable an environment of the queue.",
        ("computeEnvironments.environment-disabled.state", "ENABLED"),
    ),
    _stuck(
        "vcpu-quota", UNDETERMINED, "vcpu_quota",
        "Ask for a higher quota of G and VT instances (Service Quotas, EC2).",
        ("world.ec2_vcpu_quota", {"on_demand": {"standard": 256, "g_vt": 4}, "spot": {"standard": 256}}),
    ),
    _stuck(
        "bid-too-low", UNDETERMINED, "bid",
        "Leave bidPercentage out: the market price is paid, whatever the bid.",
        ("bid-too-low.bidPercentage", 100),
    ),
    Pattern(
        "behind-the-head", "RUNNABLE", "", "", "nothing_fits", None, 0,
        "Take the head away (cancel it, or `jobStateTimeLimitActions`), or give small jobs a queue of their own.",
        (("behind-the-head.submit.jobQueue", "plain"),),
    ),
    Pattern(
        "licence-short", "RUNNABLE", "", "", "consumable_resource", None, 0,
        "Raise the resource's totalQuantity.",
        (("licences.totalQuantity", 1),),
    ),
)  # fmt: skip
"""In the order of the file."""


def mended(pattern: Pattern) -> Result:
    """The run of the file with one mend."""
    scenario = batchsim.load(FILE)
    for path, value in pattern.settings:
        scenario = scenario.with_(path, value)
    return batchsim.run(scenario)


def part() -> str:
    """The table of the page."""
    result = batchsim.run(FILE)
    jobs = result.jobs.set_index("job_id")
    lines = ["| pattern | AWS says | `batchsim explain` says | what mends it |", "|---|---|---|---|"]
    for pattern in PATTERNS:
        row, found = jobs.loc[pattern.job], result.explain(pattern.job)
        notes = (note for note in found.notes if not note.startswith("It cost"))
        says = " ".join(map(_sentence, filter(None, (found.headline, *notes, found.remedy))))
        told = _told(result, pattern, row)
        lines.append(f"| `{pattern.job}` | {_cell(told)} | {_cell(says)} | {_cell(pattern.mend)} |")
    return "\n".join(lines)


def _told(result: Result, pattern: Pattern, row: Any) -> str:
    """State and statusReason; of the last attempt, the container's reason and exit code."""
    words = [str(row["state"])] + [str(row["reason"])] * isinstance(row["reason"], str)
    tries = result.attempts[result.attempts["job_id"] == pattern.job]
    if len(tries):
        last = tries.iloc[-1]
        words += [str(last["reason"])] * isinstance(last["reason"], str)
        words += [f"exit code {pattern.exit_code}"] * (pattern.exit_code is not None)
    return "; ".join(words) + (f"; {len(tries)} attempts" if len(tries) > 1 else "")


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:].rstrip('.')}."


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
