"""What a SubmitJob request comes to once its job definition, its overrides and its parameters are put together.

Precedence as in AWS's API (ContainerOverrides, RetryStrategy, SubmitJobRequest): a request's ``resourceRequirements``
win over the definition's, and these over the deprecated ``vcpus`` and ``memory``; ``command``, ``retryStrategy`` and
``timeout`` replace; ``environment`` and ``parameters`` are merged by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from batchsim.errors import Problem, ScenarioError
from batchsim.spec.base import FlawsError, flawed
from batchsim.spec.definitions import ever_defined
from batchsim.spec.environments import ComputeEnvironment
from batchsim.spec.facts import Architecture
from batchsim.spec.fargate import fargate_choices, is_fargate_size, round_up_to_fargate, show_vcpus
from batchsim.spec.jobs import (
    ContainerOverrides,
    ContainerProperties,
    EvaluateOnExit,
    JobDefinition,
    JobDependency,
    ResourceRequirement,
    RetryStrategy,
    SubmitJob,
)
from batchsim.spec.names import definition_references, find_definition, short_name
from batchsim.spec.near import did_you_mean
from batchsim.spec.scenario import Scenario

Platform = Literal["EC2", "FARGATE"]

FARGATE_STORAGE_GIB = 20
"""Ephemeral storage that comes with every Fargate task."""

_PARAMETER = re.compile(r"Ref::([A-Za-z0-9_-]+)")
_ARCHITECTURES: Mapping[str, Architecture] = {"X86_64": "x86_64", "ARM64": "arm64"}


@dataclass(frozen=True, slots=True)
class EffectiveJob:
    """One call's jobs, resolved. vCPUs in thousandths, memory in MiB, ``timeout_ms`` from RUNNING."""

    definition: str
    """``name:revision``."""
    queue: str
    image: str
    vcpus_milli: int
    memory_mib: int
    gpus: int
    architecture: Architecture | None
    platform: Platform
    ephemeral_gib: int
    """Fargate's ephemeral storage, the included 20 GiB counted; 0 on EC2."""
    attempts: int
    evaluate_on_exit: tuple[EvaluateOnExit, ...]
    timeout_ms: int | None
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    array_size: int
    """Children of an array; 0 = a single job."""
    depends_on: tuple[JobDependency, ...]
    """``AFTER_SUCCESS`` already taken as no type."""
    consumables: tuple[tuple[str, int], ...] = ()
    """(name, quantity) of each consumable resource that one job takes; the request's list replaces the definition's."""


def effective_job(scenario: Scenario, submit: SubmitJob) -> EffectiveJob:
    """Resolve ``submit``; :class:`ScenarioError`, its paths relative to the request, if that cannot be."""
    try:
        return resolve(scenario, submit)
    except FlawsError as error:
        raise ScenarioError(
            Problem(flaw.code, flaw.path, flaw.message, str(flaw.value or ""), flaw.allowed, flaw.hint)
            for flaw in error.flaws
        ) from None


def resolve(scenario: Scenario, submit: SubmitJob) -> EffectiveJob:
    """As :func:`effective_job`, raising :class:`FlawsError` with paths relative to the request."""
    definition = _definition(scenario, submit)
    container = _container(definition)
    overrides = submit.containerOverrides or ContainerOverrides()
    platform = _platform(scenario, definition, submit)
    vcpus_milli, memory_mib, gpus = _resources(container, overrides, platform, scenario.world.fargate_round_up)
    retry = submit.retryStrategy or definition.retryStrategy or RetryStrategy()
    timeout = submit.timeout or definition.timeout
    seconds = timeout.attemptDurationSeconds if timeout else None
    parameters = {**(definition.parameters or {}), **(submit.parameters or {})}
    return EffectiveJob(
        definition=f"{definition.jobDefinitionName}:{definition.revision}",
        queue=short_name(submit.jobQueue),
        image=_require(container.image, "image", definition),
        vcpus_milli=vcpus_milli,
        memory_mib=memory_mib,
        gpus=gpus,
        architecture=_architecture(container, platform),
        platform=platform,
        ephemeral_gib=_storage_gib(container, platform),
        attempts=retry.attempts or 1,
        evaluate_on_exit=retry.evaluateOnExit,
        timeout_ms=None if seconds is None else seconds * 1000,
        command=_substitute(container.command if overrides.command is None else overrides.command, parameters),
        environment=_environment(container, overrides),
        array_size=(submit.arrayProperties and submit.arrayProperties.size) or 0,
        depends_on=tuple(_plain(dependency) for dependency in submit.dependsOn),
        consumables=_consumables(definition, submit),
    )


def _definition(scenario: Scenario, submit: SubmitJob) -> JobDefinition:
    """The definition that a request takes at the start, or, where there is none by then, one that is registered."""
    found = find_definition(scenario.jobDefinitions, submit.jobDefinition)
    found = found or find_definition(ever_defined(scenario), submit.jobDefinition)
    if found is None:
        raise unknown_definition(scenario.jobDefinitions, submit.jobDefinition)
    return found


def unknown_definition(definitions: Sequence[JobDefinition], reference: str) -> FlawsError:
    """E122: the job definition, or its revision, does not exist."""
    known = definition_references(definitions)
    inactive = any(d.jobDefinitionName == short_name(reference) for d in definitions)
    message = "job definition has no ACTIVE revision" if inactive else "unknown job definition"
    hint = did_you_mean(short_name(reference), known)
    return flawed("E122", message, reference, path=("jobDefinition",), allowed=", ".join(known), hint=hint)


def _container(definition: JobDefinition) -> ContainerProperties:
    """The container that runs; multi-node, EKS and multi-container definitions are a later matter (E116)."""
    if definition.containerProperties is not None and definition.type == "container":
        return definition.containerProperties
    for kind in ("nodeProperties", "eksProperties", "ecsProperties"):
        if getattr(definition, kind) is not None or definition.type == "multinode":
            what = f"{definition.jobDefinitionName} is a definition with {kind}"
            raise flawed("E116", f"not supported: {what}", path=("jobDefinition",), allowed="containerProperties")
    raise flawed("E111", f"{definition.jobDefinitionName} has no containerProperties", path=("jobDefinition",))


def _platform(scenario: Scenario, definition: JobDefinition, submit: SubmitJob) -> Platform:
    """The definition's platform; where it names several, the one that the queue's environments have."""
    capable = definition.platformCapabilities or ("EC2",)
    offered = _queue_platform(scenario, submit)
    if offered is None:
        return "FARGATE" if "FARGATE" in capable and "EC2" not in capable else "EC2"
    if offered not in capable:
        message = f"{definition.jobDefinitionName} runs on {' and '.join(capable)}, its queue offers {offered}"
        hint = f"Give the definition platformCapabilities: [{offered}], or submit it to another queue"
        raise flawed("E124", message, submit.jobQueue, path=("jobQueue",), hint=hint)
    return offered


def _queue_platform(scenario: Scenario, submit: SubmitJob) -> Platform | None:
    """EC2 or FARGATE as the environments of the request's queue have it, None when that is not known."""
    wanted = short_name(submit.jobQueue)
    queue = next((queue for queue in scenario.jobQueues if queue.jobQueueName == wanted), None)
    names = {short_name(order.computeEnvironment) for order in queue.computeEnvironmentOrder} if queue else set()
    attached = [
        environment for environment in scenario.computeEnvironments if environment.computeEnvironmentName in names
    ]
    platforms = {_environment_platform(environment) for environment in attached}
    return platforms.pop() if len(platforms) == 1 else None


def _environment_platform(environment: ComputeEnvironment) -> Platform:
    return "FARGATE" if environment.computeResources and environment.computeResources.is_fargate else "EC2"


def _resources(
    container: ContainerProperties, overrides: ContainerOverrides, platform: Platform, round_up: bool
) -> tuple[int, int, int]:
    """(vCPUs in thousandths, MiB, GPUs) of one job."""
    asked = requirements(container.resourceRequirements) | requirements(overrides.resourceRequirements)
    vcpus = asked.get("VCPU", _first(overrides.vcpus, container.vcpus))
    memory = asked.get("MEMORY", _first(overrides.memory, container.memory))
    missing = [name for name, value in (("VCPU", vcpus), ("MEMORY", memory)) if value is None]
    if missing or vcpus is None or memory is None:
        hint = f"Add {{type: {missing[0]}, value: ...}} to resourceRequirements"
        raise flawed(
            "E111", f"neither request nor definition says {' and '.join(missing)}", path=("jobDefinition",), hint=hint
        )
    vcpus_milli, memory_mib, gpus = int(vcpus * 1000), int(memory), int(asked.get("GPU", Fraction(0)))
    if platform == "FARGATE":
        return (*_fargate_size(vcpus_milli, memory_mib, gpus, round_up), 0)
    if vcpus_milli % 1000 or vcpus_milli == 0:
        allowed = "whole vCPUs, at least 1; fractions are Fargate's"
        raise flawed("E130", "not whole vCPUs", show_vcpus(vcpus_milli), path=("jobDefinition",), allowed=allowed)
    return vcpus_milli, memory_mib, gpus


def _fargate_size(vcpus_milli: int, memory_mib: int, gpus: int, round_up: bool) -> tuple[int, int]:
    if gpus:
        raise flawed("E133", "Fargate has no GPUs", gpus, path=("jobDefinition",))
    rounded = round_up_to_fargate(vcpus_milli, memory_mib) if round_up else None
    if rounded:
        return rounded
    if not is_fargate_size(vcpus_milli, memory_mib):
        got = f"{show_vcpus(vcpus_milli)} vCPU with {memory_mib} MiB"
        near = round_up_to_fargate(vcpus_milli, memory_mib)
        hint = f"The next larger size is {show_vcpus(near[0])} vCPU with {near[1]} MiB" if near else ""
        allowed = fargate_choices(vcpus_milli)
        raise flawed("E133", "no size of Fargate", got, path=("jobDefinition",), allowed=allowed, hint=hint)
    return vcpus_milli, memory_mib


def requirements(items: Sequence[ResourceRequirement]) -> dict[str, Fraction]:
    """The amount of each type asked for; the values were checked when they were read."""
    return {item.type: Fraction(item.value) for item in items}


def _first(*values: int | None) -> Fraction | None:
    return next((Fraction(value) for value in values if value is not None), None)


def _require(value: str | None, key: str, definition: JobDefinition) -> str:
    if value is None:
        raise flawed("E111", f"{definition.jobDefinitionName} has no {key}", path=("jobDefinition",))
    return value


def _architecture(container: ContainerProperties, platform: Platform) -> Architecture | None:
    given = container.runtimePlatform.cpuArchitecture if container.runtimePlatform else None
    return _ARCHITECTURES[given] if given else "x86_64" if platform == "FARGATE" else None


def _storage_gib(container: ContainerProperties, platform: Platform) -> int:
    if platform != "FARGATE":
        return 0
    return container.ephemeralStorage.sizeInGiB if container.ephemeralStorage else FARGATE_STORAGE_GIB


def _substitute(command: Sequence[str], parameters: Mapping[str, str]) -> tuple[str, ...]:
    """``Ref::name`` replaced by the parameter; an unknown name stays as it is."""
    return tuple(_PARAMETER.sub(lambda match: parameters.get(match[1], match[0]), word) for word in command)


def _environment(container: ContainerProperties, overrides: ContainerOverrides) -> tuple[tuple[str, str], ...]:
    return tuple({pair.name: pair.value for pair in (*container.environment, *overrides.environment)}.items())


def _consumables(definition: JobDefinition, submit: SubmitJob) -> tuple[tuple[str, int], ...]:
    given = submit.consumableResourcePropertiesOverride or definition.consumableResourceProperties
    asked = given.consumableResourceList if given else ()
    return tuple((short_name(item.consumableResource), item.quantity) for item in asked if item.quantity)


def _plain(dependency: JobDependency) -> JobDependency:
    return JobDependency(jobId=dependency.jobId) if dependency.type == "AFTER_SUCCESS" else dependency
