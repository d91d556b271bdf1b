"""Which of a queue's shares is first. Usage is taken anew only of shares that may be: no update looks at all of them.

What a share has used fades no faster than some rate (:meth:`Usage.fall_per_ms`), and what it uses meanwhile only adds
to it. So a share whose weighted usage lies well above the least stays above some bound until some instant, and may be
left alone until then, unless the least comes up to the bound. *Near* are the shares whose standing at the last update
of usage is known; *far* those of which only a bound is; *still* those that have used nothing of late, whose standing
no time changes. A share goes far with a bound three quarters down to the least standing, so that it is looked at again
a logarithmic number of times before its turn comes.

The plain twin, ``thorough``, takes the usage of all shares that wait at each update.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from heapq import heapify, heappop, heappush, heapreplace

from batchsim.engine.share import Bound, Share, Turn
from batchsim.records.tables import NEVER

ENDLESS_MS = 1 << 62
_FEW = 64
"""So many void bounds are kept whatever else there is."""


class ShareOrder:
    """Heaps of standings and of bounds. An entry is void once its share has another, or waits no longer."""

    def __init__(
        self,
        members: Mapping[int, Share],
        weight_of: Callable[[Share], int],
        created: Callable[[int], int],
        *,
        thorough: bool,
    ) -> None:
        """``members``: all shares, by code; ``created(row)``: when a job was created."""
        self.updated: tuple[int, int, int] = (NEVER, NEVER, NEVER)
        """The instant at which usage was taken, and the changes of activity and weights that standings hold."""
        self._members = members
        self._weight_of = weight_of
        self._created = created
        self._thorough = thorough
        self._near: list[Turn] = []
        self._still: list[Turn] = []
        self._far: list[Bound] = []
        self._lapses: list[tuple[int, int, Bound]] = []
        self._moved: dict[int, Share] = {}
        """Shares whose head may be another than their standing says."""
        self._passed_over: list[Turn] = []

    # -- what happens to shares

    def moved(self, share: Share) -> None:
        """A share may have another head, or its wait begins."""
        self._moved[share.code] = share

    def left(self, share: Share) -> None:
        """Nothing of a share waits any more."""
        share.turn = share.bound = None

    def update(self, due: tuple[int, int, int], waiting: Mapping[int, Share]) -> None:
        """Let standings hold what is due: an instant, and changes of activity and weights."""
        before, self.updated = self.updated, due
        again: Iterable[Share] = ()
        if due[1:] != before[1:] or (self._thorough and due != before):
            self._near, self._still, self._far, self._lapses = [], [], [], []
            again = waiting.values()
        elif due != before:
            again = [*self._lapsed(due[0]), *self._settle(due[0])]
        for share in again:
            self._take_usage(share)
        for share in self._moved.values():
            if share.waiting and share.bound is None and (share.turn is None or share.turn[2] != self._row(share)):
                self._take_usage(share)
        self._moved.clear()
        if len(self._far) + len(self._still) > 2 * len(waiting) + _FEW:
            self._far = [bound for bound in self._far if self._members[bound.code].bound is bound]
            self._still = [turn for turn in self._still if self._members[turn[3]].turn is turn]
            heapify(self._far)
            heapify(self._still)

    def first(self) -> Turn | None:
        """Return whose turn it is; None where nobody waits, or all were passed over."""
        near, still, far, members = self._near, self._still, self._far, self._members
        while True:
            while near and members[near[0][3]].turn is not near[0]:
                heappop(near)
            if still and (not near or still[0] < near[0]):
                self._stir(heappop(still))
            elif not far or (near and near[0][0] < far[0].weighted):
                return near[0] if near else None
            else:
                bound = heappop(far)
                share = members[bound.code]
                if share.bound is bound:
                    self._take_usage(share)

    def rival(self) -> Turn | None:
        """Return what nobody but the first is before: the next one's turn, or what bounds it."""
        others = [*self._near[1:3], *self._still[:1]]
        if self._far:
            others.append((self._far[0].weighted, NEVER, NEVER, NEVER))
        return min(others, default=None)

    def placed(self, share: Share) -> None:
        """Jobs of the first share were placed."""
        if share.waiting:
            share.turn = self._turn(share)
            heapreplace(self._near, share.turn)
        else:
            heappop(self._near)

    def pass_over(self) -> None:
        """Let the first wait until :meth:`recall`."""
        self._passed_over.append(heappop(self._near))

    def recall(self) -> None:
        """Whoever was passed over is in line again."""
        for turn in self._passed_over:
            heappush(self._near, turn)
        self._passed_over.clear()

    # -- within

    def _take_usage(self, share: Share) -> None:
        """Let a share's usage, weight and standing be those of the last update."""
        at_ms, *weighed = self.updated
        if share.weighed != weighed:
            share.weighed, share.weight = weighed, self._weight_of(share)
        if share.taken_at_ms != at_ms:
            share.taken_at_ms, share.decayed, share.placed = at_ms, share.usage.at(at_ms), 0
            share.fall_per_ms = share.usage.fall_per_ms()
        share.bound, share.turn = None, self._turn(share)
        heappush(self._near, share.turn)

    def _stir(self, turn: Turn) -> None:
        """A share that stood still may be first: what it has used of late is nothing at the last update, too."""
        share = self._members[turn[3]]
        if share.turn is turn:
            share.taken_at_ms = self.updated[0]
            heappush(self._near, turn)

    def _turn(self, share: Share) -> Turn:
        row = self._row(share)
        return ((share.decayed + share.placed) * share.weight, self._created(row), row, share.code)

    def _row(self, share: Share) -> int:
        head = share.head()
        assert head is not None
        return head[0]

    def _settle(self, at_ms: int) -> list[Share]:
        """Let near shares be still or far that may be; return the others, at an instant to come."""
        near, members, self._near = self._near, self._members, []
        shares = [members[turn[3]] for turn in near if members[turn[3]].turn is turn]
        least = min((share.turn[0] for share in shares if share.turn is not None), default=0)
        return [share for share in shares if not self._stays_behind(share, least, at_ms)]

    def _stays_behind(self, share: Share, least: float, at_ms: int) -> bool:
        """Whether a share stands still, or its bound holds beyond an instant."""
        if not (share.decayed or share.placed or share.usage.steps.held):
            assert share.turn is not None
            heappush(self._still, share.turn)
            return True
        share.turn = None
        fall, weighted = share.fall_per_ms, share.decayed * share.weight
        if fall is None or weighted <= least:
            return False
        low, step = (weighted + 3 * least) // 4, fall * share.weight
        until_ms = share.taken_at_ms + int((weighted - low) // step) if step else ENDLESS_MS
        if until_ms <= at_ms:
            return False
        share.bound = Bound(low, until_ms, share.code)
        heappush(self._far, share.bound)
        heappush(self._lapses, (until_ms, share.code, share.bound))
        return True

    def _lapsed(self, at_ms: int) -> list[Share]:
        """Return the shares whose bounds do not hold any more."""
        shares, lapses = [], self._lapses
        while lapses and lapses[0][0] < at_ms:
            _, code, bound = heappop(lapses)
            share = self._members[code]
            if share.bound is bound:
                shares.append(share)
        return shares
