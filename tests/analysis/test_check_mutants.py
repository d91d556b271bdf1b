"""The checker is worth its keep: it finds nothing in a sound run, and the right thing in each of many planted bugs."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from batchsim.analysis.check import examine
from batchsim.analysis.invariants import INVARIANTS
from batchsim.analysis.invariants.book import Book
from tests.analysis.mutants import MUTANTS as USUAL
from tests.analysis.mutants_faults import FAULT_MUTANTS, sound_faults
from tests.analysis.mutants_launches import MUTANTS as OF_LAUNCHES
from tests.analysis.mutants_limits import MUTANTS as OF_LIMITS
from tests.analysis.mutants_pace import MUTANTS as OF_PACE
from tests.analysis.mutants_shares import SHARE_MUTANTS, sound_shares
from tests.analysis.mutants_sound_run import sound_run
from tests.analysis.planting import Mutant

MUTANTS = (*USUAL, *OF_LIMITS, *OF_LAUNCHES, *OF_PACE)
BY_ID = {each.id: each for each in INVARIANTS}


def is_caught(mutant: Mutant, tables: dict[str, Any]) -> bool:
    """Whether the invariant itself finds something, or, of one that guards the tables, the checker."""
    if mutant.caught_by not in BY_ID:
        return mutant.caught_by in [violation.id for violation in examine(tables).violations]
    return bool(len(BY_ID[mutant.caught_by].find(Book(tables))))


@pytest.fixture(scope="module")
def sound() -> dict[str, Any]:
    return sound_run()


@pytest.fixture(scope="module")
def shares() -> dict[str, Any]:
    return sound_shares()


def test_the_sound_run_breaks_no_invariant_and_leaves_none_undecided(sound: dict[str, Any]) -> None:
    found = examine(sound)
    assert not found.violations, "\n".join(map(str, found.violations))
    assert set(found.untold) == {"V03"}  # it was cut, and so has not drained


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_a_planted_bug_is_caught_by_its_invariant(mutant: Mutant, sound: dict[str, Any]) -> None:
    tables = deepcopy(sound)
    mutant.change(tables)
    assert is_caught(mutant, tables)


def test_the_sound_run_of_shares_breaks_no_invariant_either(shares: dict[str, Any]) -> None:
    found = examine(shares)
    assert not found.violations, "\n".join(map(str, found.violations))
    assert not found.untold


@pytest.mark.parametrize("mutant", SHARE_MUTANTS, ids=str)
def test_a_bug_planted_among_shares_is_caught_by_its_invariant(mutant: Mutant, shares: dict[str, Any]) -> None:
    tables = deepcopy(shares)
    mutant.change(tables)
    assert is_caught(mutant, tables)


@pytest.fixture(scope="module")
def faulty() -> dict[str, Any]:
    return sound_faults()


def test_the_sound_run_on_a_bad_day_breaks_no_invariant_either(faulty: dict[str, Any]) -> None:
    found = examine(faulty)
    assert not found.violations, "\n".join(map(str, found.violations))
    assert all("change how long things take" in why for why in found.untold.values())


@pytest.mark.parametrize("mutant", FAULT_MUTANTS, ids=str)
def test_a_bug_planted_among_faults_is_caught_by_its_invariant(mutant: Mutant, faulty: dict[str, Any]) -> None:
    tables = deepcopy(faulty)
    mutant.change(tables)
    caught = [violation.id for violation in examine(tables).violations]
    assert mutant.caught_by in caught, caught


def test_every_invariant_catches_some_planted_bug() -> None:
    assert {each.id for each in INVARIANTS} <= {
        mutant.caught_by for mutant in (*MUTANTS, *SHARE_MUTANTS, *FAULT_MUTANTS)
    }


def test_ids_and_sentences_are_an_invariants_own() -> None:
    assert len({each.id for each in INVARIANTS}) == len({each.sentence for each in INVARIANTS}) == len(INVARIANTS)
