"""The study store: what is committed stays, what is other is refused, and whatever is wrong with the file is told."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from batchsim.errors import ExperimentError
from batchsim.experiments import store as module
from batchsim.experiments.claims import Claims
from batchsim.experiments.store import Store, StoreError
from batchsim.experiments.store_rows import Question

QUESTION = Question("night", "aaaa", "code 1", 2**100, {"vary": {"x": [1, 2]}}, "name: night\n", ("cost_usd", "wait"))
POINTS = [((("x", 1),), "h1"), ((("x", 2),), "h2")]


def begun(path: Path | str) -> tuple[Store, int]:
    store = Store(path)
    return store, store.begin(QUESTION, POINTS, 3)


def test_what_was_kept_is_there_when_the_store_is_opened_again(tmp_path: Path) -> None:
    store, study = begun(tmp_path / "s")
    store.keep(study, 1, 2, np.array([0.1, np.nan]))
    with Store(tmp_path / "s") as again:
        (kept,) = again.studies()
        values = again.values(kept.id, 2, 3, 2)
    assert (kept.question, kept.points, kept.done, kept.replications) == (QUESTION, 2, 1, 3)
    assert values[1, 2, 0] == 0.1
    assert np.isnan(values).sum() == 11


def test_a_run_that_is_there_is_not_replaced() -> None:
    store, study = begun(":memory:")
    for value in (1.0, 2.0):
        store.keep(study, 0, 0, np.array([value, value]))
    assert store.values(study, 1, 1, 2).tolist() == [[[1.0, 1.0]]]


def test_the_same_question_takes_the_study_up_and_may_ask_for_more_replications() -> None:
    store, study = begun(":memory:")
    assert store.begin(QUESTION, POINTS, 10) == study
    assert store.begin(QUESTION, POINTS, 2) == study
    assert store.studies()[0].replications == 10
    assert store.points(study) == [settings for settings, _ in POINTS]


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"scenario_hash": "bbbb"}, "another scenario (SHA-256): aaaa there, bbbb now"),
        ({"code": "code 2"}, "another code: code 1 there, code 2 now"),
        ({"seed": 7}, f"another seed: {2**100} there, 7 now"),
        ({"asked": {"vary": {"x": [1, 3]}}}, "another design"),
        ({"metrics": ("cost_usd",)}, "another set of metrics"),
    ],
)
def test_another_question_under_the_name_is_refused_with_both_hashes(other: dict[str, object], told: str) -> None:
    store, _ = begun(":memory:")
    with pytest.raises(ExperimentError, match="E190") as caught:
        store.begin(replace(QUESTION, **other), POINTS, 3)  # type: ignore[arg-type]
    assert told in str(caught.value)


def test_a_study_is_forgotten_with_all_of_its_runs() -> None:
    store, study = begun(":memory:")
    store.keep(study, 0, 0, np.zeros(2))
    store.remove(study)
    assert store.studies() == []
    assert store.db.execute("SELECT (SELECT count(*) FROM runs) + (SELECT count(*) FROM points)").fetchone() == (0,)


def foreign(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE mine (x)")


def newer(path: Path) -> None:
    begun(path)[0].db.execute("PRAGMA user_version = 99")


def torn(path: Path) -> None:
    store, study = begun(path)
    for replication in range(300):
        store.keep(study, 0, replication, np.arange(2.0))
    store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.db.close()
    raw = bytearray(path.read_bytes())
    raw[3 * 4096 :] = os.urandom(len(raw) - 3 * 4096)
    path.write_bytes(raw)


def half(path: Path) -> None:
    torn(path)
    path.write_bytes(path.read_bytes()[:5000])


WRONG = {
    "text": (lambda path: path.write_text("not a database, but long enough to be looked at"), "no SQLite file", "E192"),
    "foreign": (foreign, "another program's SQLite file", "E192"),
    "newer": (newer, "of version 99", "E192"),
    "torn": (torn, "damaged", "E192"),
    "half": (half, "damaged", "E192"),
    "folder": (lambda path: path.mkdir(), "Is a directory", "E193"),
    "pipe": (os.mkfifo, "no regular file", "E192"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_file_that_is_no_sound_store_is_told_in_one_line(kind: str, tmp_path: Path) -> None:
    make, told, code = WRONG[kind]
    make(path := tmp_path / "s")
    with pytest.raises(StoreError) as caught:
        Store(path)
    assert told in str(caught.value)
    assert code in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


STRANGE = [
    ("studies", "name", "x'00'"), ("studies", "name", "CAST(x'ff' AS TEXT)"),
    ("studies", "scenario_hash", "x'00'"), ("studies", "code", "x'00'"), ("studies", "seed", "'many'"),
    ("studies", "seed", "'-1'"), ("studies", "question", "'[]'"), ("studies", "question", "'{\"vary\": 5}'"),
    ("studies", "question", "replace(hex(zeroblob(100000)), '00', '[')"), ("studies", "scenario", "x'00'"),
    ("studies", "metrics", "'null'"), ("studies", "metrics", "'[1, 2]'"), ("studies", "metrics", "'[\"a\", \"a\"]'"),
    ("studies", "replications", "'many'"), ("studies", "replications", "-3"), ("studies", "replications", "1 << 60"),
    ("studies", "created_at", "x'00'"), ("points", "point", "point + 7"), ("points", "point", "'p' || point"),
    ("points", "settings", "'null'"), ("points", "settings", "'[1]'"), ("points", "settings", "'[[1, 2]]'"),
    ("points", "settings", "'[[\"x\", \"\\ud800\"]]'"), ("points", "settings", "'[[\"x\", 1], [\"x\", 2]]'"),
    ("runs", "point", "9"), ("runs", "point", "-1"), ("runs", "point", "'abc'"), ("runs", "replication", "'abc'"),
    ("runs", "replication", "-1"), ("runs", "measured", "'abc'"), ("runs", "measured", "zeroblob(8)"),
    ("runs", "measured", "7"), ("runs", "measured", "x'000000000000f07f0000000000000000'"),
    ("failures", "point", "'abc'"), ("failures", "replication", "-1"), ("failures", "why", "x'00'"),
    ("owners", "pid", "'abc'"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "column", "value"), STRANGE)
def test_a_value_that_no_column_of_ours_has_is_told_when_it_is_read(table: str, column: str, value: str) -> None:
    store, study = begun(":memory:")
    store.keep(study, 0, 0, np.zeros(2))
    store.keep_failure(study, 0, 1, "it hung")
    Claims(store, study)
    store.db.execute(f"UPDATE {table} SET {column} = {value}")  # noqa: S608 -- a test's own
    with pytest.raises(StoreError, match=r"the study store is damaged \(.+\); .* \[E192\]$"):
        read(store, study)


def read(store: Store, study: int) -> None:
    """All that a store tells."""
    store.studies(), store.points(study), store.done(study), store.failures(study)
    for point in range(2):
        store.rows(study, point, 2)
    store.values(study, 2, 3, 2)
    Claims(store, study).take([(0, 2)], 1)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM runs; END", "it has the trigger t"),
        ("CREATE VIEW v AS SELECT 1", "it has the view v"),
        ("DROP TABLE claims", "its table claims is missing"),
        ("ALTER TABLE runs ADD COLUMN mine", "its table runs is missing, or is not as batchsim makes it"),
    ],
)
def test_tables_that_are_not_as_they_were_made_are_told(statement: str, told: str, tmp_path: Path) -> None:
    begun(tmp_path / "s")[0].db.execute(statement)
    with pytest.raises(StoreError, match=rf"damaged \({told}.*E192"):
        Store(tmp_path / "s")


def test_an_index_of_a_users_own_does_no_harm(tmp_path: Path) -> None:
    begun(tmp_path / "s")[0].db.executescript("CREATE INDEX mine ON runs (point); ANALYZE; VACUUM")
    assert Store(tmp_path / "s").studies()


def test_points_that_the_question_does_not_make_are_refused() -> None:
    store, _ = begun(":memory:")
    kept, (first, second) = store.studies()[0], [settings for settings, _ in POINTS]
    store.refuse_other_points(kept, [first, second])
    with pytest.raises(ExperimentError, match=r'another point 1: \[\["x",2\]\] there, \[\["x",3\]\] now.*E190'):
        store.refuse_other_points(kept, [first, (("x", 3),)])
    with pytest.raises(ExperimentError, match=r"another number of points: 2 there, 1 now.*E190"):
        store.refuse_other_points(kept, [first])


def test_a_point_of_another_scenario_than_its_settings_make_is_told_with_both_hashes() -> None:
    store, study = begun(":memory:")
    assert store.add_point(study, POINTS[1][0], "h2") == 1
    with pytest.raises(StoreError, match=r"point 1 is of scenario h2, its settings are of h9.*E192"):
        store.add_point(study, POINTS[1][0], "h9")


@pytest.mark.parametrize("device", ["/dev/null", "/dev/full", "/dev/zero"])
def test_a_device_is_no_store(device: str) -> None:
    with pytest.raises(StoreError, match=r"no regular file \[E192\]"):
        Store(device)


def test_a_store_on_a_read_only_disk_is_listed_and_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, study = begun(path := tmp_path / "a?b#c")
    store.keep(study, 0, 1, np.array([1.0, 2.0]))
    store.db.close()
    monkeypatch.setattr(os, "access", lambda *_: False)
    before = path.read_bytes()
    with Store(path, must_exist=True) as sealed:
        assert sealed.studies()[0].done == 1
        with pytest.raises(StoreError, match=r"cannot be written.*E193"):
            sealed.remove(study)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("how", ["removed", "moved", "replaced"])
def test_a_store_that_goes_while_it_is_used_is_told(how: str, tmp_path: Path) -> None:
    store, study = begun(path := tmp_path / "s")
    other = tmp_path / "other"
    if how == "removed":
        path.unlink()
    elif how == "moved":
        path.rename(other)
    else:
        other.write_bytes(path.read_bytes())
        other.replace(path)
    with pytest.raises(StoreError, match=r"moved, removed or replaced while it was in use.*E193"):
        store.keep(study, 0, 0, np.zeros(2))


def test_a_store_damaged_in_the_middle_is_told_when_it_is_taken_up(tmp_path: Path) -> None:
    store, study = begun(path := tmp_path / "s")
    for replication in range(300):
        store.keep(study, 0, replication, np.arange(2.0))
    store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw = bytearray(path.read_bytes())
    raw[4096:] = bytes(len(raw) - 4096)
    path.write_bytes(raw)
    store.db.close()  # what it had read already it would still believe
    with pytest.raises(StoreError, match=r"damaged.*E192"):
        Store(path)


def fill(store: Store, study: int) -> None:
    for replication in range(2_000):
        store.keep(study, 0, replication, np.arange(2.0))


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    store, study = begun(tmp_path / "s")
    pages = store.db.execute("PRAGMA page_count").fetchone()[0]
    store.db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match=r"the disk is full; what is done is kept: make room.*E193"):
        fill(store, study)
    assert store.done(study)


def test_a_file_that_has_the_name_of_no_file_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    begun(Path(":memory:"))[0].db.close()
    assert (tmp_path / ":memory:").exists()


def test_another_programs_file_is_left_as_it_was(tmp_path: Path) -> None:
    foreign(path := tmp_path / "s")
    before = path.read_bytes()
    with pytest.raises(StoreError):
        Store(path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["s"]


def test_a_missing_store_and_a_missing_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no study store \[E193\]"):
        Store(tmp_path / "s", must_exist=True)
    with pytest.raises(StoreError, match=r"cannot be opened or made.*E193"):
        Store(tmp_path / "none" / "s")


def test_a_store_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    store, study = begun(tmp_path / "s")
    store.db.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match=r"cannot be written.*E193"):
        store.keep(study, 0, 0, np.zeros(2))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_read_only_file_is_told(tmp_path: Path) -> None:
    begun(tmp_path / "s")[0].db.close()
    (tmp_path / "s").chmod(0o400)
    with pytest.raises(StoreError, match=r"cannot be written.*E193"):
        Store(tmp_path / "s")


def test_a_store_that_another_process_holds_is_told_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.05)
    begun(tmp_path / "s")
    other, _ = begun(tmp_path / "s")
    holder = Store(tmp_path / "s")
    holder.db.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"another process has held it.*E193"):
        other.keep(1, 0, 0, np.zeros(2))


def test_a_store_held_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    store, study = begun(tmp_path / "s")
    other = sqlite3.connect(tmp_path / "s", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.2, lambda: other.execute("ROLLBACK")).start()
    store.keep(study, 0, 0, np.zeros(2))
    assert store.done(study) == {(0, 0)}


# -- claims


def test_two_claimants_never_hold_the_same_run(tmp_path: Path) -> None:
    store, study = begun(tmp_path / "s")
    other, _ = begun(tmp_path / "s")
    every = [(point, replication) for point in range(2) for replication in range(3)]
    first, second = Claims(store, study), Claims(other, study)
    ours, theirs = first.take(every, 4), second.take(every, 99)
    assert ours + theirs == every
    assert second.others() == [os.getpid()]
    first.release()
    assert second.take(every, 99) == ours


def test_what_is_done_is_claimed_by_nobody() -> None:
    store, study = begun(":memory:")
    store.keep(study, 0, 1, np.zeros(2))
    assert Claims(store, study).take([(0, 0), (0, 1), (0, 2)], 99) == [(0, 0), (0, 2)]


def test_taking_few_at_a_time_from_an_iterator_leaves_none_out() -> None:
    store, study = begun(":memory:")
    every = iter([(0, replication) for replication in range(5)])
    claims = Claims(store, study)
    assert [claims.take(every, 2) for _ in range(4)] == [[(0, 0), (0, 1)], [(0, 2), (0, 3)], [(0, 4)], []]


def test_the_claims_of_a_dead_process_are_free_at_once(tmp_path: Path) -> None:
    code = (
        "import sys, os, signal\nfrom batchsim.experiments.store import Store\n"
        "from batchsim.experiments.claims import Claims\n"
        "print(Claims(Store(sys.argv[1]), 1).take([(0, 0), (0, 1)], 9), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    store, study = begun(tmp_path / "s")
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "s"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (-9, "[(0, 0), (0, 1)]\n")
    assert Claims(store, study).take([(0, 0), (0, 1)], 9) == [(0, 0), (0, 1)]


def test_a_process_with_a_dead_ones_number_does_not_keep_its_claims() -> None:
    store, study = begun(":memory:")
    Claims(store, study).take([(0, 0)], 9)
    store.db.execute("UPDATE owners SET born = 'long ago'")
    assert Claims(store, study).take([(0, 0)], 9) == [(0, 0)]
