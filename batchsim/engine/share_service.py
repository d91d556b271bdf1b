"""Serving a fair-share queue in a scheduling pass, and what its shares wait for.

Turn by turn: the share with the least weighted usage starts jobs until it is the next one's turn. A head that does not
fit stops the queue (``world.fss_hol: strict``), or only its own share (``per_share``). Each share has a line of its own
in the heads' timeline; in a strict queue all but the first wait for their turn.
"""

from __future__ import annotations

from collections.abc import Callable

from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.share import Share
from batchsim.engine.share_queue import ShareQueue
from batchsim.engine.tables import Tables
from batchsim.engine.timeline import HeadTimeline
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import WaitReason

Answer = tuple[int, WaitReason, int]
"""Of a try to start a run: jobs placed, else the reason, and the environment that serves or was tried last."""
Told = dict[int, tuple[WaitReason, int]]
"""By share: why its head waits, and at which environment."""


class ShareService:
    """Serves fair-share queues; the scheduler tries the heads."""

    def __init__(
        self,
        kernel: Kernel,
        tables: Tables,
        timeline: HeadTimeline,
        decided: Callable[[str, range], None],
        request_pass: Callable[[], None],
        *,
        thorough: bool,
    ) -> None:
        """``decided(kind, rows)`` hears of each placement; ``thorough`` tries every share's head by itself."""
        self._kernel = kernel
        self._tables = tables
        self._timeline = timeline
        self._decided = decided
        self._request_pass = request_pass
        self._thorough = thorough
        self.fill: Callable[[ShareQueue], None] | None = None
        """Starts jobs up to one that finds no room, faster than one head after the other (``engine/share_fill.py``)."""
        self._first: dict[int, Share] = {}
        """By queue, the share that the timeline has for the first in line."""
        self._looks_again: dict[int, int] = {}
        """By queue, when turns may have changed though nothing happened."""

    def joined(self, queue: ShareQueue) -> None:
        """Jobs joined a queue: heads of shares without any before wait for the next pass."""
        for share in queue.arrived:
            if share.waiting and self._timeline.reason(share.line) == WaitReason.EMPTY:
                self._write(share, WaitReason.SCHEDULER_CYCLE, queue.environments[0])
        queue.arrived.clear()

    def serve(
        self, queue: ShareQueue, attempt: Callable[[tuple[int, int]], Answer], is_below: Callable[[int], bool]
    ) -> None:
        """Start jobs, turn by turn, until none may start; ``attempt`` tries to start a run.

        ``is_below(environment)``: whether a higher queue waits for it.
        """
        told: Told = {}
        known: dict[int, tuple[WaitReason, int]] = {}
        queue.update()
        if self.fill is not None:
            self.fill(queue)
        while (turn := queue.turn()) is not None:
            share, low, high = turn
            shape = self._tables.shape_code(low)
            if low == high:  # asked first: what the pass has placed since the shape was tried counts, too
                placed, why = 0, self._reserved(queue, is_below)
            elif shape in known and not self._thorough:
                placed, why = 0, known[shape]
            else:
                placed, reason, environment = attempt((low, high))
                why = reason, environment
            if placed:
                queue.take(placed)
                self._decided("placement", range(low, low + placed))
                continue
            told[share.code] = why
            if why[1] == queue.environments[-1] and why[0] != WaitReason.CONSUMABLE_RESOURCE:
                known[shape] = (
                    why  # no environment before has room, nor will have any; one that holds its own may start
                )
            if queue.is_strict:
                self._look_again(queue, shape)
                break
            queue.pass_over()
        queue.recall()
        self._tell(queue, told)

    def _reserved(self, queue: ShareQueue, is_below: Callable[[int], bool]) -> tuple[WaitReason, int]:
        """What is left is reserved."""
        environment = queue.environments[0]
        return WaitReason.HIGHER_QUEUE if is_below(environment) else WaitReason.RESERVATION, environment

    def _tell(self, queue: ShareQueue, told: Told) -> None:
        """Write what has changed for the shares: in a strict queue for the first in line, and who was it before."""
        changed = {**queue.unsettled, **{code: queue.members[code] for code in told}}
        if queue.is_strict:
            if queue.position in self._first:
                before = self._first.pop(queue.position)
                changed[before.code] = before
            if told:
                self._first[queue.position] = queue.members[next(iter(told))]
        queue.unsettled.clear()
        for code, share in changed.items():
            if code in told:
                self._write(share, *told[code])
            elif share.waiting:
                self._write(share, WaitReason.FAIR_SHARE_TURN, queue.environments[0])
            else:
                self._timeline.write(share.line, self._kernel.now_ms, WaitReason.EMPTY)

    def _write(self, share: Share, reason: WaitReason, environment: int) -> None:
        head = share.head()
        row = head[0] if head else NEVER
        self._timeline.write(share.line, self._kernel.now_ms, reason, environment, row)

    def _look_again(self, queue: ShareQueue, blocked: int) -> None:
        """Let a pass run at the next update of usage where that alone may let a job start."""
        now, update_ms = self._kernel.now_ms, queue.shares.update_ms
        at_ms = (now // update_ms + 1) * update_ms
        if self._looks_again.get(queue.position, NEVER) < at_ms and queue.may_turn(blocked):
            self._looks_again[queue.position] = at_ms
            self._kernel.call_at(at_ms, Rank.GATE, self._time_has_passed)

    def _time_has_passed(self, _: None) -> None:
        self._request_pass()
