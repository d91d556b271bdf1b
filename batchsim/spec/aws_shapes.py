"""AWS's shapes that have no effect on a simulation, as one compact table: checked by key, kept as they are.

A line is a shape: its fields, each text unless ``:int``, ``:flag``, ``:map`` (text to text) or another
shape says otherwise; ``[]`` is a list. Names and types are those of AWS Batch's API 2016-08-10 as of November 2026.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from batchsim.spec.base import FileForm, Flaw, FlawsError
from batchsim.spec.near import did_you_mean

_TABLE = """
CapacityReservationRequest: reservationGroupArn reservationPreference
ConsumableResourceProperties: consumableResourceList:ConsumableResourceRequirement[]
ConsumableResourceRequirement: consumableResource quantity:int
ContainerOverrides: vcpus:int memory:int command:text[] instanceType environment:KeyValuePair[]
    resourceRequirements:ResourceRequirement[]
ContainerProperties: image vcpus:int memory:int command:text[] jobRoleArn executionRoleArn volumes:Volume[]
    environment:KeyValuePair[] mountPoints:MountPoint[] readonlyRootFilesystem:flag privileged:flag ulimits:Ulimit[]
    user instanceType resourceRequirements:ResourceRequirement[] linuxParameters:LinuxParameters
    logConfiguration:LogConfiguration secrets:Secret[] networkConfiguration:NetworkConfiguration
    fargatePlatformConfiguration:FargatePlatformConfiguration enableExecuteCommand:flag
    ephemeralStorage:EphemeralStorage runtimePlatform:RuntimePlatform repositoryCredentials:RepositoryCredentials
Device: hostPath containerPath permissions:text[]
EFSAuthorizationConfig: accessPointId iam
EFSVolumeConfiguration: fileSystemId rootDirectory transitEncryption transitEncryptionPort:int
    authorizationConfig:EFSAuthorizationConfig
Ec2Configuration: imageType imageIdOverride batchImageStatus imageKubernetesVersion
EcsProperties: taskProperties:EcsTaskProperties[]
EcsPropertiesOverride: taskProperties:TaskPropertiesOverride[]
EcsSettings: containerInsights
EcsTaskProperties: containers:TaskContainerProperties[] ephemeralStorage:EphemeralStorage executionRoleArn
    platformVersion ipcMode taskRoleArn pidMode networkConfiguration:NetworkConfiguration
    runtimePlatform:RuntimePlatform volumes:Volume[] enableExecuteCommand:flag networkMode
EksAccessEntry: desiredState status
EksConfiguration: eksClusterArn kubernetesNamespace accessEntry:EksAccessEntry
EksContainer: name image imagePullPolicy command:text[] args:text[] env:EksContainerEnvironmentVariable[]
    resources:EksContainerResourceRequirements volumeMounts:EksContainerVolumeMount[]
    securityContext:EksContainerSecurityContext
EksContainerEnvironmentVariable: name value
EksContainerLinuxCapabilities: add:text[] drop:text[]
EksContainerOverride: name image command:text[] args:text[] env:EksContainerEnvironmentVariable[]
    resources:EksContainerResourceRequirements
EksContainerResourceRequirements: limits:map requests:map
EksContainerSecurityContext: runAsUser:int runAsGroup:int privileged:flag allowPrivilegeEscalation:flag
    readOnlyRootFilesystem:flag runAsNonRoot:flag capabilities:EksContainerLinuxCapabilities
    seccompProfile:EksSeccompProfile
EksContainerVolumeMount: name mountPath subPath readOnly:flag
EksEmptyDir: medium sizeLimit
EksHostPath: path
EksMetadata: labels:map annotations:map namespace
EksPersistentVolumeClaim: claimName readOnly:flag
EksPodProperties: serviceAccountName hostNetwork:flag dnsPolicy imagePullSecrets:ImagePullSecret[]
    containers:EksContainer[] initContainers:EksContainer[] volumes:EksVolume[] metadata:EksMetadata
    shareProcessNamespace:flag securityContext:EksPodSecurityContext
EksPodPropertiesOverride: containers:EksContainerOverride[] initContainers:EksContainerOverride[] metadata:EksMetadata
EksPodSecurityContext: runAsUser:int runAsGroup:int runAsNonRoot:flag seccompProfile:EksSeccompProfile fsGroup:int
EksProperties: podProperties:EksPodProperties
EksPropertiesOverride: podProperties:EksPodPropertiesOverride
EksSeccompProfile: type localhostProfile
EksSecret: secretName optional:flag
EksVolume: name hostPath:EksHostPath emptyDir:EksEmptyDir secret:EksSecret
    persistentVolumeClaim:EksPersistentVolumeClaim
EphemeralStorage: sizeInGiB:int
FargatePlatformConfiguration: platformVersion
FirelensConfiguration: type options:map
Host: sourcePath
ImagePullSecret: name
InfrastructureOptimization: scaleInAfter:int
InstanceLaunchTemplate: ec2InstanceProfileArn networkConfiguration:ManagedInstancesNetworkConfiguration
    instanceRequirements:InstanceRequirementsRequest capacityOptionType
    storageConfiguration:ManagedInstancesStorageConfiguration monitoring fipsEnabled:flag
    capacityReservations:CapacityReservationRequest instanceMetadataTagsPropagation:flag
    localStorageConfiguration:ManagedInstancesLocalStorageConfiguration
InstanceRequirementsRequest: allowedInstanceTypes:text[]
KeyValuePair: name value
LaunchTemplateSpecification: launchTemplateId launchTemplateName version
    overrides:LaunchTemplateSpecificationOverride[] userdataType
LaunchTemplateSpecificationOverride: launchTemplateId launchTemplateName version targetInstanceTypes:text[]
    userdataType
LinuxParameters: devices:Device[] initProcessEnabled:flag sharedMemorySize:int tmpfs:Tmpfs[] maxSwap:int
    swappiness:int
LogConfiguration: logDriver options:map secretOptions:Secret[]
ManagedInstancesLocalStorageConfiguration: useLocalStorage:flag
ManagedInstancesNetworkConfiguration: subnets:text[] securityGroups:text[]
ManagedInstancesProvider: propagateTags infrastructureRoleArn instanceLaunchTemplate:InstanceLaunchTemplate
    infrastructureOptimization:InfrastructureOptimization
ManagedInstancesStorageConfiguration: storageSizeGiB:int
MountPoint: containerPath readOnly:flag sourceVolume
NetworkConfiguration: assignPublicIp
NodeOverrides: numNodes:int nodePropertyOverrides:NodePropertyOverride[]
NodeProperties: numNodes:int mainNode:int nodeRangeProperties:NodeRangeProperty[]
NodePropertyOverride: targetNodes containerOverrides:ContainerOverrides ecsPropertiesOverride:EcsPropertiesOverride
    instanceTypes:text[] eksPropertiesOverride:EksPropertiesOverride
    consumableResourcePropertiesOverride:ConsumableResourceProperties
NodeRangeProperty: targetNodes container:ContainerProperties instanceTypes:text[] ecsProperties:EcsProperties
    eksProperties:EksProperties consumableResourceProperties:ConsumableResourceProperties
QuotaSharePolicy: idleResourceAssignmentStrategy
RepositoryCredentials: credentialsParameter
ResourceRequirement: value type
RuntimePlatform: operatingSystemFamily cpuArchitecture
S3FilesVolumeConfiguration: fileSystemArn rootDirectory transitEncryptionPort:int accessPointArn
Secret: name valueFrom
ServiceEnvironmentOrder: order:int serviceEnvironment
TaskContainerDependency: containerName condition
TaskContainerOverrides: command:text[] environment:KeyValuePair[] name resourceRequirements:ResourceRequirement[]
TaskContainerProperties: command:text[] dependsOn:TaskContainerDependency[] environment:KeyValuePair[] essential:flag
    firelensConfiguration:FirelensConfiguration image linuxParameters:LinuxParameters
    logConfiguration:LogConfiguration mountPoints:MountPoint[] name privileged:flag readonlyRootFilesystem:flag
    repositoryCredentials:RepositoryCredentials resourceRequirements:ResourceRequirement[] secrets:Secret[]
    ulimits:Ulimit[] user startTimeout:int stopTimeout:int
TaskPropertiesOverride: containers:TaskContainerOverrides[]
Tmpfs: containerPath size:int mountOptions:text[]
Ulimit: hardLimit:int name softLimit:int
UpdatePolicy: terminateJobsOnUpdate:flag jobExecutionTimeoutMinutes:int
Volume: host:Host name efsVolumeConfiguration:EFSVolumeConfiguration
    s3filesVolumeConfiguration:S3FilesVolumeConfiguration
"""


def _read_table(table: str) -> dict[str, dict[str, str]]:
    lines = table.replace("\n    ", " ").strip().splitlines()
    rows = (line.partition(": ") for line in lines)
    return {name: dict(_field(word) for word in fields.split()) for name, _, fields in rows}


def _field(word: str) -> tuple[str, str]:
    name, _, kind = word.partition(":")
    return name, kind or "text"


AWS_SHAPES: Mapping[str, Mapping[str, str]] = _read_table(_TABLE)
"""Fields of each shape with their kinds."""


SHAPE_KEY = "x-shape"
"""Stands in a schema for a reference to a shape, which ``schema.py`` puts in."""


def shape(kind: str) -> FileForm:
    """A value of this kind: unknown keys are E106 with near match, wrong types E112."""

    def validate(value: Any) -> Any:
        flaws = list(_flaws(value, kind))
        if flaws:
            raise FlawsError(*flaws)
        return value

    return FileForm(validate, shape_schema(kind))


def shape_schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of a kind; another shape is referred to by :data:`SHAPE_KEY`."""
    if kind.endswith("[]"):
        return {"type": "array", "items": shape_schema(kind[:-2])}
    return {SHAPE_KEY: kind} if kind in AWS_SHAPES else dict(_SCALARS[kind].schema)


class _Scalar(NamedTuple):
    """A kind of scalar: its test, its name in errors, its JSON Schema."""

    holds: Callable[[Any], bool]
    what: str
    schema: Mapping[str, Any]


def _is_text_map(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(item, str) for item in value.values())


_SCALARS: Mapping[str, _Scalar] = {
    "text": _Scalar(lambda value: isinstance(value, str), "text", {"type": "string"}),
    "int": _Scalar(lambda value: type(value) is int, "a whole number", {"type": "integer"}),
    "flag": _Scalar(lambda value: isinstance(value, bool), "true or false", {"type": "boolean"}),
    "map": _Scalar(
        _is_text_map, "a mapping of text to text", {"type": "object", "additionalProperties": {"type": "string"}}
    ),
}


def _flaws(value: Any, kind: str) -> Iterator[Flaw]:
    if kind.endswith("[]"):
        if not isinstance(value, list | tuple):
            yield Flaw("E112", "not a list", (), value)
            return
        for position, item in enumerate(value):
            yield from (flaw.under(position) for flaw in _flaws(item, kind[:-2]))
    elif kind in AWS_SHAPES:
        yield from _mapping_flaws(value, AWS_SHAPES[kind])
    elif not _SCALARS[kind].holds(value):
        yield Flaw("E112", f"not {_SCALARS[kind].what}", (), value)


def _mapping_flaws(value: Any, fields: Mapping[str, str]) -> Iterator[Flaw]:
    if not isinstance(value, Mapping):
        yield Flaw("E112", "not a mapping", (), value, allowed=", ".join(fields))
        return
    for key, item in value.items():
        if key in fields:
            yield from (flaw.under(key) for flaw in _flaws(item, fields[key]))
        else:
            yield Flaw("E106", "unknown key", (key,), key, ", ".join(fields), did_you_mean(key, fields))
