"""I20b: notices that two reclaimers cut short are sound, and those that nothing explains are not."""

from __future__ import annotations

from typing import Any

import pytest

from batchsim.analysis.invariants import INVARIANTS
from batchsim.analysis.invariants.book import Book
from tests.analysis.mutants_sound_run import sound_run
from tests.analysis.planting import put
from tests.analysis.sound_facts import S1

NOTICES = next(each for each in INVARIANTS if each.id == "I20b")


def broken(faults: list[dict[str, Any]], **instance: object) -> bool:
    """Whether the sound run is broken under this plan, where its reclaimed instance says otherwise."""
    tables = sound_run()
    tables["scenario"]["faults"] = faults
    for column, value in instance.items():
        put("instances", column, value, instance=S1)(tables)
    return bool(len(NOTICES.find(Book(tables))))


LONG = {"kind": "spot_reclaim", "at": "0s", "hazard": 1, "notice": "10m"}
SHORT = {"kind": "spot_reclaim", "at": "520s", "fraction": 1, "notice": "30s"}


@pytest.mark.parametrize(("faults", "is_broken"), [([LONG], True), ([LONG, SHORT], False), ([SHORT], True)])
def test_a_notice_is_cut_short_only_by_a_fault_whose_own_is_shorter(
    faults: list[dict[str, Any]], *, is_broken: bool
) -> None:
    assert broken(faults, notice_at_s=300, ended_at_s=520) is is_broken


@pytest.mark.parametrize(("launched_at_s", "is_broken"), [(500, False), (150, True)])
def test_none_is_given_only_to_what_was_launched_after_it(launched_at_s: int, *, is_broken: bool) -> None:
    assert broken([SHORT], launched_at_s=launched_at_s, notice_at_s=520, ended_at_s=520) is is_broken
