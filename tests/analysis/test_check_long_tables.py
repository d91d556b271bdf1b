"""The checker's ways for long tables, taken on short ones: ids numbered together, columns of one value, one sweep."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pandas as pd
import pytest

from batchsim.analysis import typed
from batchsim.analysis.check import examine
from batchsim.analysis.invariants import names
from batchsim.analysis.invariants.names import Ids
from batchsim.analysis.invariants.occupancy import occupancy
from batchsim.analysis.invariants.room import Holds, room_before, stretches
from batchsim.analysis.invariants.sweep import combined
from batchsim.analysis.typed import MISSING, Table
from tests.analysis.mutants_shares import SHARE_MUTANTS, sound_shares
from tests.analysis.mutants_sound_run import sound_run
from tests.analysis.planting import Mutant
from tests.analysis.test_check_mutants import MUTANTS, is_caught


@pytest.fixture(autouse=True)
def _any_table_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "MANY", 0)
    monkeypatch.setattr(typed, "LONG", 1)


@pytest.fixture(scope="module")
def sound() -> dict[str, Any]:
    return sound_run()


@pytest.fixture(scope="module")
def shares() -> dict[str, Any]:
    return sound_shares()


def test_long_tables_of_a_sound_run_break_no_invariant(sound: dict[str, Any], shares: dict[str, Any]) -> None:
    assert not examine(sound).violations
    assert not examine(shares).violations


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_a_bug_planted_in_long_tables_is_caught(mutant: Mutant, sound: dict[str, Any]) -> None:
    tables = deepcopy(sound)
    mutant.change(tables)
    assert is_caught(mutant, tables)


@pytest.mark.parametrize("mutant", SHARE_MUTANTS, ids=str)
def test_a_bug_planted_among_the_shares_of_long_tables_is_caught(mutant: Mutant, shares: dict[str, Any]) -> None:
    tables = deepcopy(shares)
    mutant.change(tables)
    assert is_caught(mutant, tables)


def test_ids_lead_to_the_first_row_that_bears_them() -> None:
    jobs = Table("jobs", pd.DataFrame({"job_id": ["b", "a", "b", "", None]}))
    attempts = Table("attempts", pd.DataFrame({"job_id": ["a", "a", "b", "c", "", None, "b"]}))
    ids = Ids(jobs, "job_id", attempts)
    assert ids.row_of(attempts).tolist() == [1, 1, 0, -1, -1, -1, 0]
    assert ids.twice.tolist() == [True, False, True, True, True]


def test_a_column_of_one_value_is_that_value() -> None:
    frame = pd.DataFrame({"one": [1.5] * 3, "none": [np.nan] * 3, "last": [1.5, 1.5, np.nan], "odd": [1.5, 2.5, 1.5]})
    held = Table("jobs", frame)
    read = {name: held.ms(name).tolist() for name in frame}
    assert read["one"] == [1500] * 3
    assert read["none"] == [MISSING] * 3
    assert read["last"] == [1500, 1500, MISSING]
    assert read["odd"] == [1500, 2500, 1500]


@pytest.mark.parametrize("kind", ["Int64", "object", "str", "category"])
def test_whatever_its_type(kind: str) -> None:
    cells = pd.Series(["7", "7", None, "7"] if kind != "Int64" else [7, 7, None, 7], dtype=kind)
    assert typed.scaled(typed.plain(cells), 0).tolist() == [7, 7, MISSING, 7]
    assert typed.scaled(typed.plain(cells[[0, 1, 3]]), 0).tolist() == [7, 7, 7]


def test_what_a_reader_finds_cannot_be_written_into() -> None:
    held = Table("jobs", pd.DataFrame({"work_s": [1.0, 2.0]}))
    with pytest.raises(ValueError, match="read-only"):
        held.ms("work_s")[0] = 0


def _attempts(*spans: tuple[float, float]) -> tuple[Table, Any]:
    start, end = (pd.Series(column, dtype="float64") for column in zip(*spans, strict=True))
    frame = pd.DataFrame({"starting_at_s": start, "ended_at_s": end, "vcpus": 1.0})
    return Table("attempts", frame), (end * 1000).astype("int64").to_numpy()


def test_an_instance_holds_what_has_started_and_not_ended() -> None:
    attempts, end = _attempts((0, 5), (1, 3), (3, 4))
    known = occupancy(attempts, np.array([0, 0, 0]), end, np.array([0]))
    assert known.at_ms.tolist() == [0, 0, 1000, 3000, 3000, 4000, 5000]
    assert known.held("vcpus").tolist() == [0, 1000, 2000, 1000, 2000, 1000, 0]
    assert known.started.tolist() == [0, 1, 2]


def test_what_ends_in_the_instant_of_its_start_holds_nothing_even_before_it() -> None:
    attempts, end = _attempts((1, 1), (1, 2))
    known = occupancy(attempts, np.array([0, 0]), end, np.array([0]))
    assert known.held("vcpus").min() == 0
    assert known.held("vcpus")[known.starts].tolist() == [0, 1000]


def test_starts_of_one_instant_take_their_places_row_by_row() -> None:
    attempts, end = _attempts((1, 2), (1, 2), (1, 2))
    known = occupancy(attempts, np.array([1, 0, -1]), end, np.array([0, 0]))
    assert known.place.tolist() == [2, 3, -1]
    assert known.ready_place(3).tolist() == [0, 1, -1]


def test_room_is_counted_over_instances_and_goes_with_them() -> None:
    free = {0: np.array([2000, 0, 2000, 1000])}
    held = Holds(np.array([0, 0, 0, 1]), np.array([0, 2, 5, 3]), np.array([9, 9, 9, 6]), free)
    assert room_before(held, (1000, 0, 0), np.array([0, 1, 3, 4, 6, 9, 10])).tolist() == [0, 1, 0, 1, 1, 1, 0]
    rooms = stretches(held, (2000, 0, 0))
    assert rooms.begin_ms.tolist() == [0, 5]
    assert rooms.end_ms.tolist() == [2, 9]
    assert rooms.at(np.array([0, 1, 2, 5, 8, 9])).tolist() == [True, True, False, True, True, False]


def test_combinations_are_numbered_also_where_their_product_is_too_large_to_count() -> None:
    far = np.array([-(2**62), 2**61, -(2**62), 5])
    assert combined(far, far, np.array([1, 1, 2, 1])).tolist() == [0, 1, 2, 3]
