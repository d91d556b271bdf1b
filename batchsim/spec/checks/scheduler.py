"""Who may pass a head that does not fit: of the three what-ifs of ``world`` one at most."""

from __future__ import annotations

from collections.abc import Iterator

from batchsim.spec.base import Flaw
from batchsim.spec.index import Index

PAST_A_FIFO_HEAD = {"head_of_line": "strict", "hol_scope": "queue", "backfill": "none"}
"""Keys of ``world`` that let jobs of FIFO queues pass a head, each with the value that does not."""


def check_scheduler(index: Index) -> Iterator[Flaw]:
    """E117: head_of_line, hol_scope and backfill each say who may pass a head, so two of them contradict each other."""
    world = index.scenario.world
    changed = [key for key, usual in PAST_A_FIFO_HEAD.items() if getattr(world, key) != usual]
    for key in changed[1:]:
        hint = f"Leave out {' or '.join(changed)}: each of them says who may start before a head that does not fit."
        first = ("world", changed[0])
        yield Flaw(
            "E117", f"does not go with {changed[0]}", ("world", key), getattr(world, key), hint=hint, also=(first,)
        )
