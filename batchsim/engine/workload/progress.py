"""How far a container gets in its job's work: speed, checkpoints and restores in closed form, no event for each.

Work is measured in ms at speed 1. RUNNING of a container is one *stretch*, or two when it saved at a Spot notice: first
something that is not work (a restore, or the checkpoint of the notice), then work with a checkpoint after every so
much of it.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from batchsim.units import PICO

SPEED_1 = PICO
"""Speeds are whole trillionths: what a factor of 7 leaves of a speed is then right to the millisecond for years."""
FASTEST = 10**6 * SPEED_1
"""However many faults speed an instance up."""
NO_CHECKPOINTS = 1 << 62
"""``every_ms`` of work that is not saved as it goes."""


def running_ms(work_ms: int, speed_pico: int) -> int:
    """Return how long work takes: work / speed, rounded once, half to even; at least 1 ms for any work at all."""
    if speed_pico == SPEED_1:
        return work_ms
    quotient, rest = divmod(work_ms * SPEED_1, speed_pico)
    twice = 2 * rest
    rounded = quotient + (twice > speed_pico or (twice == speed_pico and quotient & 1))
    return max(rounded, 1) if work_ms else 0


class CheckpointRule(NamedTuple):
    """A checkpoint after each ``every_ms`` of work; writing one and restoring take as long at any speed."""

    every_ms: int = NO_CHECKPOINTS
    cost_ms: int = 0
    restore_ms: int = 0


class Progress(NamedTuple):
    """What became of a container's RUNNING by some instant: four lengths of time, then two positions in the work."""

    restore_ms: int
    checkpoint_ms: int
    """Writing checkpoints, one that was cut off included."""
    kept_ms: int
    """Working, on what a checkpoint then saved."""
    unkept_ms: int
    """Working, on what no checkpoint saved (yet)."""
    saved_ms: int
    done_ms: int


class Stretch(NamedTuple):
    """From ``begins_ms`` on: ``lead_ms`` of restore (or, ``saving``, of a checkpoint), then work to a position."""

    begins_ms: int
    lead_ms: int
    from_ms: int
    to_ms: int
    """Where in the work the container exits by itself."""
    rule: CheckpointRule
    speed_pico: int
    saving: bool = False

    def length_ms(self) -> int:
        """Return how long it takes to its end. A checkpoint due at the very end of the work is not written."""
        work_ms = self.to_ms - self.from_ms
        return self.lead_ms + running_ms(work_ms, self.speed_pico) + self._writes() * self.rule.cost_ms

    def at(self, instant_ms: int) -> Progress:
        """Return what came of it by an instant; before ``begins_ms`` nothing."""
        elapsed = max(0, instant_ms - self.begins_ms)
        if self.speed_pico == SPEED_1:
            return self._at_speed_1(elapsed)
        lead = min(elapsed, self.lead_ms)
        rest = elapsed - lead
        written = self._written(rest)
        kept = self._worked(written)
        working = min(rest - written * self.rule.cost_ms, self._worked(written + 1))
        restore, checkpoint = (0, lead) if self.saving else (lead, 0)
        return Progress(
            restore,
            checkpoint + written * self.rule.cost_ms + self._writing(rest, written),
            kept,
            working - kept,
            self.from_ms + written * self.rule.every_ms,
            self.from_ms + self._done(written, working, kept),
        )

    def _at_speed_1(self, elapsed_ms: int) -> Progress:
        """As :meth:`at`, in whole numbers throughout: of most containers there are."""
        _, lead_ms, from_ms, to_ms, (every_ms, cost_ms, _), _, saving = self
        lead = min(elapsed_ms, lead_ms)
        rest, work_ms = elapsed_ms - lead, to_ms - from_ms
        writes = max(0, work_ms - 1) // every_ms
        written = min(writes, rest // (every_ms + cost_ms))
        kept, writing_ms = written * every_ms, written * cost_ms
        bound = min(kept + every_ms, work_ms)
        working = min(rest - writing_ms, bound)
        if written < writes:
            writing_ms += max(0, rest - writing_ms - bound)
        restore, checkpoint = (0, lead) if saving else (lead, 0)
        return Progress(restore, checkpoint + writing_ms, kept, working - kept, from_ms + kept, from_ms + working)

    def writes_until(self, instant_ms: int) -> int | None:
        """Return when the checkpoint ends that is being written at an instant, None if none is."""
        rest = instant_ms - self.begins_ms - self.lead_ms
        written = self._written(rest) if rest >= 0 else 0
        if rest < 0 or written == self._writes() or rest < self._full(written + 1) - self.rule.cost_ms:
            return None
        return self.begins_ms + self.lead_ms + self._full(written + 1)

    def is_leading(self, instant_ms: int) -> bool:
        """Whether the work has not begun yet at an instant."""
        return instant_ms < self.begins_ms + self.lead_ms

    def _writes(self) -> int:
        """How many checkpoints it comes to."""
        return max(0, self.to_ms - self.from_ms - 1) // self.rule.every_ms

    def _writing(self, rest_ms: int, written: int) -> int:
        """How long the next checkpoint is being written already."""
        if written == self._writes():
            return 0
        return max(0, rest_ms - self._worked(written + 1) - written * self.rule.cost_ms)

    def _worked(self, checkpoints: int) -> int:
        """How long the work takes up to the start of a checkpoint by number, or to the end."""
        work_ms = min(checkpoints * self.rule.every_ms, self.to_ms - self.from_ms)
        return running_ms(work_ms, self.speed_pico)

    def _full(self, checkpoints: int) -> int:
        """When so many checkpoints are written, since the work began."""
        return self._worked(checkpoints) + checkpoints * self.rule.cost_ms

    def _written(self, rest_ms: int) -> int:
        """How many checkpoints are written after so long."""
        return bisect_right(range(1, self._writes() + 1), rest_ms, key=self._full)

    def _done(self, written: int, working_ms: int, kept_ms: int) -> int:
        """How much work is done: all up to a bound that was reached, else rounded down to the millisecond."""
        bound = min((written + 1) * self.rule.every_ms, self.to_ms - self.from_ms)
        if working_ms >= running_ms(bound, self.speed_pico):
            return bound
        return written * self.rule.every_ms + (working_ms - kept_ms) * self.speed_pico // SPEED_1


def progress_of(first: Stretch, second: Stretch | None, instant_ms: int) -> Progress:
    """Return what came of a container by an instant; a second stretch begins by saving the first one's work."""
    if second is None:
        return first.at(instant_ms)
    before, after = first.at(second.begins_ms), second.at(instant_ms)
    is_saved = not second.is_leading(instant_ms)
    return Progress(
        before.restore_ms,
        before.checkpoint_ms + after.checkpoint_ms,
        before.kept_ms + after.kept_ms + (before.unkept_ms if is_saved else 0),
        after.unkept_ms + (0 if is_saved else before.unkept_ms),
        after.saved_ms if is_saved else before.saved_ms,
        after.done_ms,
    )
