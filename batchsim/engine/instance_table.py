"""The EC2 instances of a run as columns, with the room that each still has."""

from __future__ import annotations

import numpy as np

from batchsim.engine.columns import column, frozen, frozen_bools
from batchsim.engine.residents import Residents
from batchsim.engine.workload.progress import SPEED_1
from batchsim.policies.allocation import Offer
from batchsim.records.tables import NEVER, Instances, Ints

CLOSED = 1 << 30
"""More vCPUs than any instance has."""


class InstanceTable:
    """Growable columns in order of launch, over all environments, with what each has free."""

    def __init__(self) -> None:
        self.environment = column("h")
        self.ordinal = column("i")
        self.type = column("i")
        self.zone = column("h")
        self.spot = bytearray()
        self.vcpus = column("i")
        self.memory_mib = column("i")
        self.nominal_memory_mib = column("i")
        self.gpus = column("h")
        self.price = column("q")
        self.on_demand_price = column("q")
        self.launched_at = column("q")
        self.billed_from = column("q")
        self.ready_at = column("q")
        self.notice_at = column("q")
        self.closed_at = column("q")
        self.ended_at = column("q")
        self.why_launched = bytearray()
        self.why_ended = bytearray()
        self.pool = column("i")
        self.speed_pico = column("q")
        """How fast work is done on it, in trillionths."""
        self.free_vcpus = column("q")
        self.free_mib = column("q")
        self.free_gpus = column("q")
        self.residents = Residents(column("q"))
        """Open attempts on each instance."""

    def __len__(self) -> int:
        return len(self.environment)

    def launch(
        self, environment: int, ordinal: int, offer: Offer, now_ms: int, why: int, speed_pico: int = SPEED_1
    ) -> int:
        """Append one instance and return its row; ``billed_from`` and ``ready_at`` are the caller's to set."""
        self.environment.append(environment)
        self.ordinal.append(ordinal)
        self.type.append(offer.type)
        self.zone.append(offer.zone)
        self.spot.append(offer.spot)
        self.vcpus.append(offer.vcpus)
        self.memory_mib.append(offer.memory_mib)
        self.nominal_memory_mib.append(offer.nominal_memory_mib)
        self.gpus.append(offer.gpus)
        self.price.append(offer.price_nano_usd_per_h)
        self.on_demand_price.append(offer.on_demand_nano_usd_per_h)
        self.launched_at.append(now_ms)
        for instants in (self.billed_from, self.ready_at, self.notice_at, self.closed_at, self.ended_at):
            instants.append(NEVER)
        self.why_launched.append(why)
        self.why_ended.append(0)
        self.pool.append(offer.pool)
        self.speed_pico.append(speed_pico)
        self._open_room(offer)
        return len(self.environment) - 1

    def _open_room(self, offer: Offer) -> None:
        self.free_vcpus.append(offer.vcpus)
        self.free_mib.append(offer.memory_mib)
        self.free_gpus.append(offer.gpus)
        self.residents.launched()

    def row_of(self, environment: int, ordinal: int) -> int | None:
        """Return the row of the ``ordinal``-th instance that an environment launched, or None if there is none yet."""
        pairs = enumerate(zip(self.environment, self.ordinal, strict=True))
        return next((row for row, pair in pairs if pair == (environment, ordinal)), None)

    def close(self, row: int) -> None:
        """Let an instance have no room: for good, since what its jobs give back does not make up for it."""
        self.free_vcpus[row] -= CLOSED

    def is_on(self, row: int) -> bool:
        """Whether the instance is booting or running."""
        return self.ended_at[row] == NEVER

    def freeze(self, horizon_ms: int) -> Instances:
        """Return the frozen record."""
        return Instances(
            environment=frozen(self.environment),
            ordinal=frozen(self.ordinal),
            type=frozen(self.type),
            zone=frozen(self.zone),
            spot=frozen_bools(self.spot),
            vcpus=frozen(self.vcpus),
            memory_mib=frozen(self.memory_mib),
            nominal_memory_mib=frozen(self.nominal_memory_mib),
            gpus=frozen(self.gpus),
            speed_pico=frozen(self.speed_pico),
            price_nano_usd_per_h=frozen(self.price),
            on_demand_nano_usd_per_h=frozen(self.on_demand_price),
            launched_at_ms=frozen(self.launched_at),
            billed_from_ms=self._billed_from(horizon_ms),
            ready_at_ms=frozen(self.ready_at),
            notice_at_ms=frozen(self.notice_at),
            closed_at_ms=frozen(self.closed_at),
            ended_at_ms=frozen(self.ended_at),
            why_launched=frozen(self.why_launched),
            why_ended=frozen(self.why_ended),
        )

    def _billed_from(self, horizon_ms: int) -> Ints:
        """Start of each bill; an instance that ended before, or in that instant without having been ready, has none."""
        start, ended = frozen(self.billed_from), frozen(self.ended_at)
        begun = start <= np.where(ended == NEVER, horizon_ms, ended)
        lost = (start == ended) & (start > frozen(self.launched_at)) & (frozen(self.ready_at) == NEVER)
        return np.where(begun & ~lost, start, NEVER)
