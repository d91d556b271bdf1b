"""Image pulls on EC2: an image is pulled once to each host; whoever starts there meanwhile waits for the same pull."""

from __future__ import annotations

from array import array
from typing import NamedTuple

from batchsim.engine.columns import column, taken
from batchsim.engine.laws import Sampler
from batchsim.engine.plan import Delays, PullTime
from batchsim.engine.randomness import Stream
from batchsim.engine.vocabulary import Vocabulary
from batchsim.records.tables import NEVER, Ints


class HostKey(NamedTuple):
    """What keys an instance's pulls, and where it stands."""

    environment: str
    ordinal: int
    position: int
    """Of its environment."""


class ImageCache:
    """When each image is, or will be, on each host. Draws are keyed by image and by the host's launch ordinal."""

    def __init__(self, delays: Delays, slow_probability: float, hit_ms: int, images: Vocabulary) -> None:
        """``hit_ms``: what an image costs that is on its host already."""
        self._delays = delays
        self._slow_probability = slow_probability
        self.hit_ms = hit_ms
        """What an image costs that is on its host already."""
        self._images = images
        self.pulls: dict[int, dict[int, tuple[int, int]]] = {}
        """By image and host: when its pull began, and when it is there."""
        self._ready_at: dict[int, array[int]] = {}
        """By image a column of when it is there, by host; NEVER where it is not pulled. A window reads hundreds."""
        self._laws: dict[tuple[str, int], tuple[Stream, Sampler, Sampler]] = {}

    def ready_at(self, image: int, host: int, key: HostKey, pull: PullTime | None, now_ms: int) -> int:
        """Return when ``image`` is on the instance in row ``host``; the first to ask starts the pull.

        All that start in the instant in which a pull begins share it.

        ``key`` is the host's; ``pull`` the time by size, where the entry states one.
        """
        pulls = self.pulls.setdefault(image, {})
        found = pulls.get(host)
        if found is None:
            took_ms = pull.ec2_ms if pull else self._drawn_ms(image, key.environment, key.ordinal)
            found = pulls[host] = now_ms, now_ms + took_ms
            self._column(image, host)[host] = now_ms + took_ms
        begun_ms, ready_ms = found
        return ready_ms if begun_ms == now_ms else max(ready_ms, now_ms + self.hit_ms)

    def pulled(self, image: int, host: int) -> int | None:
        """Return when the pull of an image to an instance ends, or ended; None while there was none."""
        found = self.pulls[image].get(host) if image in self.pulls else None
        return None if found is None else found[1]

    def pulled_on(self, image: int, hosts: Ints) -> Ints:
        """As :meth:`pulled`, of many instances, where no pull fails: NEVER for None. Shape (hosts,)."""
        return taken(self._column(image, int(hosts.max(initial=0))), hosts)

    def is_on(self, image: int, host: int, now_ms: int) -> bool:
        """Whether an image is on an instance already."""
        ready_ms = self.pulled(image, host)
        return ready_ms is not None and ready_ms <= now_ms

    def _column(self, image: int, host: int) -> array[int]:
        """Return the column of an image, which reaches to a host."""
        if image not in self._ready_at:
            self._ready_at[image] = column("q")
        ready_at = self._ready_at[image]
        if host >= len(ready_at):
            ready_at.extend(column("q", max(host + 1 - len(ready_at), len(ready_at)), NEVER))
        return ready_at

    def _drawn_ms(self, image: int, environment: str, ordinal: int) -> int:
        """Usually ``new_image``; with ``slow_pull_probability`` a ``slow_pull`` instead."""
        if (environment, image) not in self._laws:
            name = f"{environment}|{self._images.text(image)}"
            laws = (self._delays.stream("slow_pull?", name), self._delays.new_image(name), self._delays.slow_pull(name))
            self._laws[environment, image] = laws
        slow, new_image, slow_pull = self._laws[environment, image]
        return (slow_pull if slow.one(ordinal) < self._slow_probability else new_image).one_ms(ordinal)
