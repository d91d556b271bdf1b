"""What the catalogue tells the rest of the house: types, pools and prices as plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Architecture = Literal["x86_64", "arm64", "x86_64_mac", "arm64_mac"]
"""A CPU architecture in EC2's spelling (Fargate writes X86_64, ARM64). AWS Batch has no use for Mac hosts."""


@dataclass(frozen=True, slots=True)
class InstanceType:
    """One EC2 instance type as EC2 describes it; memory is nominal, before the operating system takes its part."""

    name: str
    family: str
    vcpus: int
    memory_mib: int
    gpus: int
    architecture: Architecture
    bare_metal: bool


@dataclass(frozen=True, slots=True)
class PoolFacts:
    """One instance type as one compute environment can launch it. Prices are integer nano-dollars an hour."""

    type: InstanceType
    usable_memory_mib: int
    """What jobs can ask for: nominal memory less the agent's and the system's part (``world.mem_model``)."""
    on_demand_nano_usd_per_h: int
    spot_nano_usd_per_h: int
    interruption_bucket: int
    """Spot Advisor's share of instances interrupted in a month: 0 (< 5 %), 1, 2, 3, 4 (> 20 %)."""
    zones: tuple[str, ...]
    """The environment's zones that offer the type, in the order of its subnets; empty only where it is not sold."""
    listed: int = 0
    """Place in ``instanceTypes`` of the word that the type came with: its own name, else the first that holds it."""


@dataclass(frozen=True, slots=True)
class FargatePrices:
    """Fargate's prices for one architecture and purchase option, in integer nano-dollars an hour."""

    vcpu_nano_usd_per_h: int
    gib_nano_usd_per_h: int
    storage_nano_usd_per_gib_h: int
    """Ephemeral storage beyond the 20 GiB that come with a task."""


@dataclass(frozen=True, slots=True)
class CatalogueFacts:
    """Everything that a scenario's run needs from the catalogue, resolved."""

    pools: Mapping[str, tuple[PoolFacts, ...]]
    """By name of each MANAGED EC2 or SPOT environment, its pools in catalogue order: vCPUs, memory, position."""
    fargate: Mapping[tuple[str, bool], FargatePrices]
    """By (architecture, whether Fargate Spot)."""
    as_of: Mapping[str, str]
    """The date of each kind of fact used, by its name, for reports."""
    unsold: Mapping[str, tuple[PoolFacts, ...]] = field(default_factory=dict)
    """By environment, the types that it names and EC2 does not sell there: pools without zones."""


@dataclass(frozen=True, slots=True)
class PriceList:
    """What a region charges, in integer nano-dollars an hour."""

    region: str
    instances: Mapping[str, tuple[int, int]]
    """By instance type: On-Demand, Spot. Types that have no price there are missing."""
    fargate: Mapping[tuple[str, bool], FargatePrices]
    """By (architecture, whether Fargate Spot)."""
    as_of: Mapping[str, str]
    """The date of each kind of fact used, by its name."""
