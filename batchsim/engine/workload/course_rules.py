"""How containers save their work, and what they do at SIGTERM: from an entry's words to a plain rule."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from batchsim.engine.workload.progress import NO_CHECKPOINTS, CheckpointRule
from batchsim.spec import Entry


class OnSigterm(IntEnum):
    """What a container does when it gets SIGTERM (model 8)."""

    DIE = 0
    EXIT_NONZERO = 1
    EXIT_ZERO = 2
    CHECKPOINT = 3


@dataclass(frozen=True, slots=True)
class CourseRule:
    """What makes a container's course differ from working to its end or to its death."""

    checkpoint: CheckpointRule
    on_sigterm: OnSigterm


def course_rule(entry: Entry, *, needed: bool) -> CourseRule | None:
    """Return the rule of an entry's containers; None for those that save nothing and die at SIGTERM.

    ``needed``: even these have one, since they run on after SIGTERM.
    """
    given, on_sigterm = entry.checkpoint, OnSigterm[entry.on_sigterm.upper()]
    if given is None:
        has_none = on_sigterm == OnSigterm.DIE and not needed
        return None if has_none else CourseRule(CheckpointRule(), on_sigterm)
    every_ms = NO_CHECKPOINTS if given.every is None else given.every
    return CourseRule(CheckpointRule(every_ms, given.cost, given.restore), on_sigterm)
