"""``image_pull``: pulls that fail, or take longer, while a fault strikes the registry.

On EC2 a pull is a host's: whoever waits for it fails with it, and the next one to start there pulls anew. What is on a
host already is not pulled. On Fargate each task pulls for itself.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from batchsim.engine.faults.log import FaultLog
from batchsim.engine.faults.targets import Window
from batchsim.engine.images import HostKey, ImageCache
from batchsim.engine.laws import Law, Sampler
from batchsim.engine.plan import Delays, PullTime
from batchsim.engine.vocabulary import Vocabulary
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import FaultEffect


@dataclass(frozen=True, slots=True)
class PullFault:
    """A fault of pulls that begin in its window."""

    number: int
    key: str
    window: Window
    environments: frozenset[int]
    """Positions of the environments that it strikes."""
    image: str
    """A pattern."""
    probability: float
    delay: Law | None


class Pulls:
    """What becomes of one pull: whether it fails, by which fault, and how much longer it takes."""

    def __init__(self, faults: tuple[PullFault, ...], delays: Delays, images: Vocabulary, log: FaultLog) -> None:
        self._faults = faults
        self._stream = delays.stream
        self._images = images
        self._log = log
        self._laws: dict[tuple[int, str], Sampler] = {}

    def fails(self, image: int, place: int, draw: tuple[str, int, int], now_ms: int) -> int:
        """Return the fault by which a pull that begins now fails, NEVER where none strikes.

        ``place`` is an environment's position, ``draw`` the (entity, index, number) that key its numbers.
        """
        entity, index, number = draw
        for fault in self._striking(image, place, now_ms):
            if fault.probability and self._stream(f"fault {fault.key}", entity).one(index, number) < fault.probability:
                return fault.number
        return NEVER

    def delay_ms(self, image: int, place: int, draw: tuple[str, int, int], now_ms: int, **where: Any) -> int:
        """Return how much longer a pull takes that begins now; ``where`` is what is noted of it."""
        entity, index, number = draw
        total_ms = 0
        for fault in self._striking(image, place, now_ms):
            if fault.delay is not None:
                delay_ms = self._law(fault, entity, fault.delay).one_ms(index, number)
                total_ms += delay_ms
                if delay_ms:
                    self._log.write(fault.number, FaultEffect.PULL_DELAYED, **where)
        return total_ms

    def _striking(self, image: int, place: int, now_ms: int) -> list[PullFault]:
        name = self._images.text(image)
        return [
            fault
            for fault in self._faults
            if fault.window.covers(now_ms) and place in fault.environments and fnmatchcase(name, fault.image)
        ]

    def _law(self, fault: PullFault, entity: str, law: Law) -> Sampler:
        if (fault.number, entity) not in self._laws:
            self._laws[fault.number, entity] = Sampler(law, self._stream(f"fault delay {fault.key}", entity), chunk=64)
        return self._laws[fault.number, entity]


class StruckImageCache(ImageCache):
    """An image cache whose pulls may fail; ``pulls`` says which."""

    def __init__(self, *arguments: Any, pulls: Pulls) -> None:
        """``arguments`` as of :class:`ImageCache`."""
        super().__init__(*arguments)
        self._faults = pulls
        self._failing: dict[tuple[int, int], int] = {}
        """By host and image, the fault by which the latest pull fails."""
        self._number: Counter[tuple[int, int]] = Counter()

    def ready_at(self, image: int, host: int, key: HostKey, pull: PullTime | None, now_ms: int) -> int:
        """See :class:`ImageCache`; a pull that failed leaves nothing there."""
        at, pulls = (host, image), self.pulls.setdefault(image, {})
        begun_ms, ready_ms = pulls.get(host, (now_ms, now_ms))
        if at in self._failing and begun_ms != now_ms and ready_ms <= now_ms:
            del pulls[host], self._failing[at]
        if host in pulls:
            return super().ready_at(image, host, key, pull, now_ms)
        ready_ms = super().ready_at(image, host, key, pull, now_ms)
        self._number[at] += 1
        draw = (f"{key.environment}|{self._images.text(image)}", key.ordinal, self._number[at])
        ready_ms += self._faults.delay_ms(image, key.position, draw, now_ms, instance=host)
        pulls[host] = now_ms, ready_ms
        if (fault := self._faults.fails(image, key.position, draw, now_ms)) != NEVER:
            self._failing[at] = fault
        return ready_ms

    def pulled(self, image: int, host: int) -> int | None:
        """See :class:`ImageCache`; a pull that fails brings nothing, and may be begun anew."""
        return None if (host, image) in self._failing else super().pulled(image, host)

    def is_on(self, image: int, host: int, now_ms: int) -> bool:
        """See :class:`ImageCache`."""
        return (host, image) not in self._failing and super().is_on(image, host, now_ms)

    def fault_of(self, image: int, host: int) -> int:
        """Return the fault by which the latest pull of an image on a host fails, NEVER where it does not."""
        return self._failing.get((host, image), NEVER)
