"""V02: a decision that a stall keeps back is no decision that was forgotten."""

from __future__ import annotations

import pytest

from batchsim.analysis.invariants import INVARIANTS
from batchsim.analysis.invariants.book import Book
from tests.analysis.mutants_sound_run import sound_run
from tests.analysis.planting import world

DECISIONS = next(each for each in INVARIANTS if each.id == "V02")


@pytest.mark.parametrize(("at", "is_broken"), [("0s", False), ("3h", True)])
def test_a_late_decision_is_excused_by_a_stall_of_its_time_alone(at: str, *, is_broken: bool) -> None:
    tables = sound_run()
    world("scale_up_delay", "15s")(tables)
    assert DECISIONS.find(Book(tables)).size
    tables["scenario"]["faults"] = [{"kind": "scheduler_stall", "at": at, "for": "2h"}]
    assert bool(len(DECISIONS.find(Book(tables)))) is is_broken
