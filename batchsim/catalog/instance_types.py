"""EC2's instance types, by name and by family, from ``families.csv``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal, cast

from batchsim.catalog.tables import items, regular_vcpus, rows
from batchsim.spec.facts import Architecture, InstanceType

Generation = Literal["current", "previous", "retired"]


@dataclass(frozen=True, slots=True)
class Family:
    """The types that share the part of the name before the dot, smallest first."""

    name: str
    architecture: Architecture
    generation: Generation
    """What most of its sizes are: EC2's current or previous generation, or no longer listed by EC2."""
    types: tuple[InstanceType, ...]
    without_spot: frozenset[str]
    """Names of its types that EC2 sells On-Demand only."""


@cache
def families() -> Mapping[str, Family]:
    """All families by name, in natural order: ``c5`` before ``c6a``, ``u-9tb1`` before ``u-12tb1``."""
    return MappingProxyType({row["family"]: _family(row) for row in rows("families")})


@cache
def instance_types() -> Mapping[str, InstanceType]:
    """All types by name, in *catalogue order*: families in their order, in each by vCPUs and memory."""
    return MappingProxyType({found.name: found for family in families().values() for found in family.types})


def instance_type(name: str) -> InstanceType:
    """The type ``name``, such as ``m5.large``; ``KeyError`` when the catalogue does not know it."""
    return instance_types()[name]


@cache
def without_spot() -> frozenset[str]:
    """Names of the types that EC2 does not sell as Spot."""
    return frozenset(name for family in families().values() for name in family.without_spot)


@cache
def bundles() -> Mapping[str, tuple[str, ...]]:
    """AWS Batch's own words for lists of families: ``optimal``, ``default_x86_64``, ``default_arm64``."""
    return MappingProxyType({row["bundle"]: tuple(items(row["families"])) for row in rows("bundles")})


def _family(row: Mapping[str, str]) -> Family:
    name, architecture = row["family"], cast("Architecture", row["architecture"])
    mib_per_vcpu = int(row["mib_per_vcpu"])
    return Family(
        name,
        architecture,
        cast("Generation", row["generation"]),
        tuple(_type(name, architecture, size, spec, mib_per_vcpu) for size, spec in items(row["sizes"]).items()),
        frozenset(f"{name}.{size}" for size in items(row["without_spot"])),
    )


def _type(family: str, architecture: Architecture, size: str, spec: str, mib_per_vcpu: int) -> InstanceType:
    """One size: by the rules when ``spec`` is empty, else ``vCPUs/MiB/GPUs``."""
    if spec:
        vcpus, memory_mib, gpus = map(int, spec.split("/"))
    else:
        vcpus = regular_vcpus(size) or 0
        memory_mib, gpus = vcpus * mib_per_vcpu, 0
    return InstanceType(
        f"{family}.{size}", family, vcpus, memory_mib, gpus, architecture, bare_metal=size.startswith("metal")
    )
