"""What an allocation strategy sees, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from batchsim.policies.packing import Size, count_that_fit


class Ask(NamedTuple):
    """A run of equal waiting jobs that no free or booting capacity covers."""

    vcpus: int
    memory_mib: int
    gpus: int
    jobs: int


class Offer(NamedTuple):
    """One pool, an instance type in a zone, from which a compute environment may launch."""

    position: int
    """Position among the environment's offers: order of types, then of zones. The last word in every tie."""
    pool: int
    """The (type, zone) pool, shared by all environments of the account."""
    type: int
    zone: int
    vcpus: int
    memory_mib: int
    """Usable memory: what jobs can ask for."""
    nominal_memory_mib: int
    gpus: int
    spot: bool
    price_nano_usd_per_h: int
    on_demand_nano_usd_per_h: int
    depth: int = 0
    """Spot instances that the pool can still give; 0 on On-Demand, which is unlimited."""
    type_name: str = ""
    """As ``m5.large``."""
    listed: int = 0
    """Place in ``instanceTypes`` of the word that the type came with: its own name, else the first that holds it."""
    hazard_per_h: float = 0.0
    """Reclaims that Spot is expected to suffer there, per instance-hour."""

    @property
    def size(self) -> Size:
        """Room on an empty instance."""
        return self.vcpus, self.memory_mib, self.gpus

    def holds(self, ask: Ask) -> bool:
        """Whether one of the asked jobs fits an empty instance."""
        return self.vcpus >= ask.vcpus and self.memory_mib >= ask.memory_mib and self.gpus >= ask.gpus


def pack_one(offer: Offer, asks: tuple[Ask, ...], *, by_memory: bool = True) -> tuple[tuple[Ask, ...], int]:
    """Pack one empty instance in dispatch order: (the asks that are left, vCPUs that were taken)."""
    room, rest = offer.size, list[Ask]()
    for place, ask in enumerate(asks):
        if ask.vcpus > room[0]:
            if room[0] == 0:  # and so it stays, however many ask
                rest.extend(asks[place:])
                break
            rest.append(ask)
            continue
        job = (ask.vcpus, ask.memory_mib if by_memory else 0, ask.gpus)
        taken = min(ask.jobs, count_that_fit(room, job))
        room = (room[0] - taken * job[0], room[1] - taken * job[1], room[2] - taken * job[2])
        if taken < ask.jobs:
            rest.append(ask._replace(jobs=ask.jobs - taken))
    return tuple(rest), offer.vcpus - room[0]


@dataclass(frozen=True, slots=True)
class Demand:
    """What one compute environment still has to launch for."""

    asks: tuple[Ask, ...]
    """Uncovered demand in dispatch order, never empty; the first is the head."""
    headroom_vcpus: int
    """maxvCpus less what runs and boots; at least 1."""
    may_exceed_max: bool
    zone_vcpus: tuple[int, ...]
    """vCPUs of this environment by zone."""
    by_memory: bool = True
    """Whether memory fills an instance as vCPUs do (``world.demand_by``)."""
    prefer_smallest: bool = False
    """``world.prefer_size: smallest``."""
    max_instance_vcpus: int | None = None
    """``world.max_instance_vcpus_per_launch``; None for any size."""
    rate_weight: float | None = None
    """``world.spco_rate_weight``: how SPOT_PRICE_CAPACITY_OPTIMIZED weighs hazards; None for tiers of capacity."""
    size_draws: tuple[float, ...] = ()
    """One number between 0 and 1 a zone, for a whole decision: where given, sizes are drawn as they were observed."""

    @property
    def head(self) -> Ask:
        """The first uncovered job."""
        return self.asks[0]

    @property
    def vcpus(self) -> int:
        """Uncovered vCPUs."""
        return sum(ask.vcpus * ask.jobs for ask in self.asks)

    @property
    def memory_mib(self) -> int:
        """Uncovered memory."""
        return sum(ask.memory_mib * ask.jobs for ask in self.asks)


Strategy = Callable[[Demand, tuple[Offer, ...]], Offer | None]
"""Given a demand and the offers that may be used now, the pool of the next instance; None when none will do."""
