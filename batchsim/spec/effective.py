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
from typing import Literal, TypedDict

from batchsim.errors import Problem, ScenarioError
from batchsim.spec.base import FlawsError, flawed
from batchsim.spec.definitions import ever_defined
from batchsim.spec.environments import ComputeEnvironment
from batchsim.spec.facts import Architecture
from batchsim.spec.fair_share import fair_share_of
from batchsim.spec.fargate import (
    LARGE_TASK_MILLI,
    LEAST_WINDOWS_MILLI,
    fargate_choices,
    is_fargate_size,
    nearest_fargate,
    round_up_to_fargate,
    show_vcpus,
)
from batchsim.spec.images import image_architecture
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
from batchsim.spec.world import World

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
    windows: bool
    """Whether it is a Windows task on Fargate."""
    attempts: int
    evaluate_on_exit: tuple[EvaluateOnExit, ...]
    timeout_ms: int | None
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    array_size: int
    """Children of an array; 0 = a single job."""
    depends_on: tuple[JobDependency, ...]
    """``AFTER_SUCCESS`` already taken as no type."""
    share: str | None
    """Share identifier; None in a FIFO queue, where it has no effect."""
    scheduling_priority: int
    """Within the share; 0 where neither request nor definition says."""
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
    if platform == "FARGATE":
        _check_platform_version(container, vcpus_milli)
        _check_windows(container, vcpus_milli)
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
        architecture=_architecture(scenario.world, container, platform),
        platform=platform,
        ephemeral_gib=_storage_gib(container, platform),
        windows=platform == "FARGATE" and _is_windows(container),
        attempts=retry.attempts or 1,
        evaluate_on_exit=retry.evaluateOnExit,
        timeout_ms=None if seconds is None else seconds * 1000,
        command=_substitute(container.command if overrides.command is None else overrides.command, parameters),
        environment=_environment(container, overrides),
        array_size=(submit.arrayProperties and submit.arrayProperties.size) or 0,
        depends_on=tuple(_plain(dependency) for dependency in submit.dependsOn),
        consumables=_consumables(definition, submit),
        **_share(scenario, submit, definition),
    )


class _Share(TypedDict):
    share: str | None
    scheduling_priority: int


def _share(scenario: Scenario, submit: SubmitJob, definition: JobDefinition) -> _Share:
    """E167: a fair-share queue takes no request without a share identifier (API, SubmitJob)."""
    queue = next((q for q in scenario.jobQueues if q.jobQueueName == short_name(submit.jobQueue)), None)
    if queue is None or fair_share_of(scenario.schedulingPolicies, queue) is None:
        return _Share(share=None, scheduling_priority=0)
    if submit.shareIdentifier is None:
        hint = "Add a shareIdentifier, as in shareIdentifier: teamA"
        message = f"{queue.jobQueueName} is a fair-share queue: each request names its share"
        raise flawed("E167", message, path=("shareIdentifier",), hint=hint)
    given = (submit.schedulingPriorityOverride, definition.schedulingPriority)
    priority = next((each for each in given if each is not None), 0)
    return _Share(share=submit.shareIdentifier, scheduling_priority=priority)


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
        hint, allowed = nearest_fargate(vcpus_milli, memory_mib), fargate_choices(vcpus_milli)
        raise flawed("E133", "no size of Fargate", got, path=("jobDefinition",), allowed=allowed, hint=hint)
    return vcpus_milli, memory_mib


def _check_platform_version(container: ContainerProperties, vcpus_milli: int) -> None:
    """E133: sizes of 8 vCPU and more need platform version 1.4.0 (ECS, "Fargate task sizes")."""
    version = (container.fargatePlatformConfiguration or {}).get("platformVersion", "LATEST")
    if vcpus_milli >= LARGE_TASK_MILLI and version not in ("LATEST", "1.4.0"):
        message = f"{show_vcpus(vcpus_milli)} vCPU need a newer platform version"
        raise flawed("E133", message, version, path=("jobDefinition",), allowed="LATEST, 1.4.0")


def _is_windows(container: ContainerProperties) -> bool:
    platform = container.runtimePlatform
    return platform is not None and (platform.operatingSystemFamily or "").upper().startswith("WINDOWS")


def _check_windows(container: ContainerProperties, vcpus_milli: int) -> None:
    """E133, E117: a Windows task has at least 1 vCPU, and is X86_64 (User Guide, "Fargate compute environments")."""
    if not _is_windows(container):
        return
    if vcpus_milli < LEAST_WINDOWS_MILLI:
        message = "Windows tasks have at least 1 vCPU"
        raise flawed("E133", message, show_vcpus(vcpus_milli), path=("jobDefinition",), allowed="1, 2, 4 vCPU or more")
    if container.runtimePlatform and container.runtimePlatform.cpuArchitecture == "ARM64":
        raise flawed("E117", "Windows tasks are X86_64", "ARM64", path=("jobDefinition",))


def requirements(items: Sequence[ResourceRequirement]) -> dict[str, Fraction]:
    """The amount of each type asked for; the values were checked when they were read."""
    return {item.type: Fraction(item.value) for item in items}


def _first(*values: int | None) -> Fraction | None:
    return next((Fraction(value) for value in values if value is not None), None)


def _require(value: str | None, key: str, definition: JobDefinition) -> str:
    if value is None:
        raise flawed("E111", f"{definition.jobDefinitionName} has no {key}", path=("jobDefinition",))
    return value


def _architecture(world: World, container: ContainerProperties, platform: Platform) -> Architecture | None:
    """That of ``runtimePlatform``, else of the image, else X86_64 on Fargate and any on EC2; E117 if the two differ."""
    given = container.runtimePlatform.cpuArchitecture if container.runtimePlatform else None
    of_image = image_architecture(world, container.image or "")
    if given and of_image not in (None, _ARCHITECTURES[given]):
        hint = "Correct runtimePlatform.cpuArchitecture, or world.images"
        message = f"the definition asks for {given}, its image {container.image} is {of_image} by world.images"
        raise flawed("E117", message, path=("jobDefinition",), hint=hint)
    return _ARCHITECTURES[given] if given else of_image or ("x86_64" if platform == "FARGATE" else None)


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
