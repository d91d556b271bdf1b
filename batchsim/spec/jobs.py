"""Job definitions and SubmitJob requests, in AWS's shapes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator

from batchsim.spec.aws_shapes import shape
from batchsim.spec.base import MAX_INT, FileForm, Model, check_text, check_whole, flawed
from batchsim.spec.kinds import Flag, Name, Strings, Text, TextMap, Whole, whole
from batchsim.spec.share_ids import ShareId
from batchsim.units import MIB, parse_bytes


def _amount_text(value: object) -> str:
    """AWS's own shape is text; a bare number means the same."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else check_text(value)


def _check_amount(item: ResourceRequirement) -> ResourceRequirement:
    """The amount by type: vCPUs in (0, 10^6] to the thousandth (E130), whole MiB from 4 (E131), whole GPUs (E130)."""
    code, low, high, step, what = _AMOUNTS[item.type]
    if not re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", item.value) or Fraction(item.value) % step:
        hint = size_hint(item.value) if item.type == "MEMORY" else ""
        raise flawed(code, f"not an amount of {item.type}", item.value, path=("value",), allowed=what, hint=hint)
    if not low <= Fraction(item.value) <= high:
        raise flawed(code, "out of range", item.value, path=("value",), allowed=what)
    return item


def size_hint(value: object) -> str:
    """What ``4GB`` is in MiB, for those who write a unit where AWS wants a number of MiB."""
    try:
        return f"{value} = {parse_bytes(str(value)) // MIB} MiB: write the number alone"
    except ValueError:
        return ""


def _check_memory(value: object) -> int:
    if isinstance(value, str) and (hint := size_hint(value)):
        raise flawed(
            "E146", "AWS counts memory in MiB, without a unit", value, allowed="a whole number of MiB", hint=hint
        )
    return check_whole(value, "E131", 4, MAX_INT, "MiB")


_AMOUNTS: Mapping[str, tuple[str, Fraction, int, Fraction, str]] = {
    "VCPU": ("E130", Fraction(1, 1000), 10**6, Fraction(1, 1000), "a number of vCPUs from 0.25, as text"),
    "MEMORY": ("E131", Fraction(4), MAX_INT, Fraction(1), "whole MiB, at least 4"),
    "GPU": ("E130", Fraction(1), 1024, Fraction(1), "whole GPUs, at least 1"),
}

VCpus = Annotated[int, whole("E130", 1, 10**6)]
SchedulingPriority = Annotated[int, whole("E139", 0, 9_999, aws=True)]
"""Among the jobs of one share the higher goes first (API, SubmitJob.schedulingPriorityOverride)."""
MemoryMib = Annotated[int, FileForm(_check_memory, {"type": "integer", "minimum": 4})]


class KeyValuePair(Model):
    """One environment variable."""

    name: Text
    value: Text = ""


class ResourceRequirement(Model):
    """What a container asks for: ``VCPU`` (number), ``MEMORY`` (MiB) or ``GPU`` (whole), the value as text."""

    type: Literal["VCPU", "MEMORY", "GPU"]
    value: Annotated[str, FileForm(_amount_text, {"type": ["string", "number"]})]

    _checked = model_validator(mode="after")(_check_amount)


def _upper(value: object) -> object:
    """AWS: the values are not case sensitive."""
    return value.upper() if isinstance(value, str) else value


def _pattern(characters: str, what: str) -> FileForm:
    """A pattern of evaluateOnExit: at most 512 of these characters, then perhaps ``*`` (E136; API EvaluateOnExit)."""

    def read(value: object, strict: bool) -> str:
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else check_text(value)
        if strict and (not re.fullmatch(rf"[{characters}]*\*?", text) or not 0 < len(text) <= MAX_PATTERN):
            raise flawed("E136", "not a pattern", value, allowed=f"{what}, at most {MAX_PATTERN}; * only at the end")
        return text

    return FileForm(read, {"type": "string"}, relaxable=True)


MAX_PATTERN = 512
ReasonPattern = Annotated[str, _pattern(r"A-Za-z0-9.:\s", "letters, digits, . : and white space")]
CodePattern = Annotated[str, _pattern(r"0-9", "digits")]


class EvaluateOnExit(Model):
    """One rule of a retry strategy: all given patterns must match; only a trailing ``*`` is a wildcard."""

    action: Annotated[Literal["RETRY", "EXIT"], BeforeValidator(_upper)]
    onStatusReason: ReasonPattern | None = None
    onReason: ReasonPattern | None = None
    onExitCode: CodePattern | None = None


class RetryStrategy(Model):
    """``RetryStrategy``: tries in all (1-10), and rules; no rule matched = retry."""

    attempts: Annotated[int, whole("E134", 1, 10, aws=True)] | None = None
    evaluateOnExit: tuple[EvaluateOnExit, ...] = ()


class JobTimeout(Model):
    """``JobTimeout``: seconds from RUNNING, at least 60."""

    attemptDurationSeconds: Annotated[int, whole("E138", 60, aws=True)] | None = None


class EphemeralStorage(Model):
    """``EphemeralStorage`` of a Fargate task."""

    sizeInGiB: Annotated[int, whole("E114", 21, 200, aws=True)]


class RuntimePlatform(Model):
    """``RuntimePlatform`` of a Fargate task."""

    operatingSystemFamily: Text | None = None
    cpuArchitecture: Literal["X86_64", "ARM64"] | None = None


class ConsumableResourceRequirement(Model):
    """How much of a consumable resource a job holds."""

    consumableResource: Text
    quantity: Whole


class ConsumableResourceProperties(Model):
    """``ConsumableResourceProperties``."""

    consumableResourceList: tuple[ConsumableResourceRequirement, ...] = ()


class ContainerProperties(Model):
    """``ContainerProperties`` of a job definition."""

    image: Text | None = None
    vcpus: VCpus | None = None
    memory: MemoryMib | None = None
    resourceRequirements: tuple[ResourceRequirement, ...] = ()
    command: Strings = ()
    environment: tuple[KeyValuePair, ...] = ()
    ephemeralStorage: EphemeralStorage | None = None
    runtimePlatform: RuntimePlatform | None = None
    jobRoleArn: Text | None = None
    executionRoleArn: Text | None = None
    volumes: Annotated[Any, shape("Volume[]")] = None
    mountPoints: Annotated[Any, shape("MountPoint[]")] = None
    readonlyRootFilesystem: Flag | None = None
    privileged: Flag | None = None
    ulimits: Annotated[Any, shape("Ulimit[]")] = None
    user: Text | None = None
    instanceType: Text | None = None
    linuxParameters: Annotated[Any, shape("LinuxParameters")] = None
    logConfiguration: Annotated[Any, shape("LogConfiguration")] = None
    secrets: Annotated[Any, shape("Secret[]")] = None
    networkConfiguration: Annotated[Any, shape("NetworkConfiguration")] = None
    fargatePlatformConfiguration: Annotated[Any, shape("FargatePlatformConfiguration")] = None
    enableExecuteCommand: Flag | None = None
    repositoryCredentials: Annotated[Any, shape("RepositoryCredentials")] = None


class JobDefinition(Model):
    """A revision of a job definition; ``revision`` is given in file order where the file gives none."""

    jobDefinitionName: Name
    revision: Annotated[int, whole("E114", 1)] = 0
    status: Literal["ACTIVE", "INACTIVE"] = "ACTIVE"
    type: Literal["container", "multinode"] = "container"
    parameters: TextMap | None = None
    containerProperties: ContainerProperties | None = None
    retryStrategy: RetryStrategy | None = None
    timeout: JobTimeout | None = None
    platformCapabilities: tuple[Literal["EC2", "FARGATE", "MANAGED_INSTANCES"], ...] = ()
    schedulingPriority: SchedulingPriority | None = None
    consumableResourceProperties: ConsumableResourceProperties | None = None
    nodeProperties: Annotated[Any, shape("NodeProperties")] = None
    eksProperties: Annotated[Any, shape("EksProperties")] = None
    ecsProperties: Annotated[Any, shape("EcsProperties")] = None
    propagateTags: Flag | None = None
    tags: TextMap | None = None
    jobDefinitionArn: Text | None = None
    containerOrchestrationType: Literal["ECS", "EKS"] | None = None


class ArrayProperties(Model):
    """``ArrayProperties``: children, 2-10,000."""

    size: Annotated[int, whole("E129", 2, 10_000, aws=True)] | None = None


class JobDependency(Model):
    """One dependency: another entry's id, or SEQUENTIAL without an id. ``AFTER_SUCCESS`` is taken as no type."""

    jobId: Text | None = None
    type: Literal["N_TO_N", "SEQUENTIAL", "AFTER_SUCCESS"] | None = None


class ContainerOverrides(Model):
    """``ContainerOverrides`` of a SubmitJob request."""

    vcpus: VCpus | None = None
    memory: MemoryMib | None = None
    resourceRequirements: tuple[ResourceRequirement, ...] = ()
    command: Strings | None = None
    environment: tuple[KeyValuePair, ...] = ()
    instanceType: Text | None = None


class SubmitJob(Model):
    """A SubmitJob request."""

    jobName: Name
    jobQueue: Text
    jobDefinition: Text
    arrayProperties: ArrayProperties | None = None
    dependsOn: tuple[JobDependency, ...] = ()
    containerOverrides: ContainerOverrides | None = None
    retryStrategy: RetryStrategy | None = None
    timeout: JobTimeout | None = None
    parameters: TextMap | None = None
    shareIdentifier: ShareId | None = None
    schedulingPriorityOverride: SchedulingPriority | None = None
    consumableResourcePropertiesOverride: ConsumableResourceProperties | None = None
    nodeOverrides: Annotated[Any, shape("NodeOverrides")] = None
    eksPropertiesOverride: Annotated[Any, shape("EksPropertiesOverride")] = None
    ecsPropertiesOverride: Annotated[Any, shape("EcsPropertiesOverride")] = None
    propagateTags: Flag | None = None
    tags: TextMap | None = None
