"""What one scale-up decision still has to cover, may still launch from, and did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from batchsim.engine.spot import UNLIMITED
from batchsim.policies.allocation import Ask, Offer, pack_one


class Tally(NamedTuple):
    """What a decision did."""

    instances: int = 0
    vcpus: int = 0
    capacity_errors: int = 0

    def launched(self, vcpus: int) -> Tally:
        """Count one more instance."""
        return self._replace(instances=self.instances + 1, vcpus=self.vcpus + vcpus)

    def refused(self, launches: int = 1) -> Tally:
        """Count more capacity errors."""
        return self._replace(capacity_errors=self.capacity_errors + launches)


@dataclass(slots=True)
class Growth:
    """A decision in progress."""

    asks: tuple[Ask, ...]
    """Waiting jobs that nothing covers yet, in dispatch order."""
    offers: tuple[Offer, ...]
    tally: Tally = field(default_factory=Tally)

    def launched(self, offer: Offer, offers: tuple[Offer, ...], *, by_memory: bool) -> None:
        """One instance was launched: it covers jobs, by memory too or by vCPU alone; ``offers`` are left."""
        self.asks, _ = pack_one(offer, self.asks, by_memory=by_memory)
        self.offers = offers
        self.tally = self.tally.launched(offer.vcpus)

    def refused(self, offers: tuple[Offer, ...], launches: int = 1) -> None:
        """So many capacity errors: these offers are left."""
        self.offers, self.tally = offers, self.tally.refused(launches)


def one_less(offers: tuple[Offer, ...], taken: Offer) -> tuple[Offer, ...]:
    """Return the offers after one instance of a pool was launched; one without end stays as deep as it was."""
    if not taken.spot or taken.depth >= UNLIMITED:
        return offers
    at = next(at for at, offer in enumerate(offers) if offer.position == taken.position)
    return (*offers[:at], offers[at]._replace(depth=offers[at].depth - 1), *offers[at + 1 :])


def vcpus_of(asks: tuple[Ask, ...]) -> int:
    """Return the vCPUs that jobs ask for together."""
    return sum(ask.vcpus * ask.jobs for ask in asks)
