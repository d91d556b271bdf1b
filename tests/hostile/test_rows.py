"""Every hostile scenario and trace of rows B01-B64, through the command line: one clear answer, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from effort import effort
from hostile.rows import files, jobs, laws, more, names, references, texts, traces, units
from hostile.rows.answer import Answer, ask, must_be_the_same, must_be_well_told, problems_of, words_missing
from hostile.rows.case import Case
from hostile.rows.roster import ROWS

ALL = [case for part in (files, references, jobs, laws, units, texts, traces, names, more) for case in part.CASES]
MOST_OF_A_ROW = effort(fast=8, verify=14, long=10_000)


def chosen() -> Iterator[Case]:
    """Of each row, so many cases, spread over it."""
    rows: dict[str, list[Case]] = {}
    for case in ALL:
        rows.setdefault(case.row, []).append(case)
    for held in rows.values():
        yield from held[:: -(-len(held) // MOST_OF_A_ROW)]


CASES = list(chosen())
FIRST = {case.row: case for case in reversed(CASES)}
"""Of each row, the case that is tried in every way on each change."""
IN_EVERY_WAY = {case.name for case in CASES[:: effort(fast=10_000, verify=12, long=1)]}
"""Those that are, beside these."""
ROOT = Path(__file__).resolve().parents[2]
MOST_CPU_S = 10.0
"""What took this long would not end: the slowest takes a second, and machines differ."""


def placed(case: Case, folder: Path) -> Path:
    """The case's files in a folder; that of the scenario."""
    for name, content in case.beside.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    (folder / "s.yaml").write_bytes(case.file())
    return folder / "s.yaml"


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES if case.code])
def test_it_is_refused_in_plain_words(tmp_path: Path, case: Case) -> None:
    file = placed(case, tmp_path)
    told = ask("validate", file, *case.options)
    assert (told.code, told.codes[:1], told.out) == (case.exit, [case.code], ""), told.err
    assert not case.only or set(told.codes) == {case.code}, told.err
    assert not words_missing(case.says, told.err), told.err
    must_be_well_told(told)
    assert told.cpu_s < MOST_CPU_S
    if case.name in IN_EVERY_WAY or case is FIRST[case.row]:
        must_be_told_alike_elsewhere(file, case, told)
    if case is FIRST[case.row]:
        must_be_refused_by_compare(file, case)
    assert {path.name for path in tmp_path.iterdir()} == {"s.yaml", *case.beside}


def must_be_told_alike_elsewhere(file: Path, case: Case, told: Answer) -> None:
    """As JSON, and by ``run``, which makes no folder."""
    as_json = ask("validate", file, *case.options, "--format", "json")
    must_be_the_same(problems_of(as_json.out), told)
    assert (as_json.code, as_json.err) == (case.exit, "")
    ran = ask("run", file, *case.options, "--out", file.parent / "out")
    assert (ran.code, ran.err, ran.out) == (case.exit, told.err, "")


def must_be_refused_by_compare(file: Path, case: Case) -> None:
    """And makes no folder."""
    compared = ask("compare", file, file, *case.options, "--replications", 2, "--out", file.parent / "out")
    assert (compared.code, compared.out) == (case.exit, "")


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES if not case.code])
def test_it_is_odd_and_fine(tmp_path: Path, case: Case) -> None:
    file = placed(case, tmp_path)
    told = ask("validate", file, *case.options)
    assert (told.code, told.err) == (0, "")
    assert not words_missing(case.says, told.out), told.out
    assert ask("run", file, *case.options, "--check", "--out", tmp_path / "out").code == 0


def test_every_row_has_a_case_or_a_test_or_its_reason() -> None:
    tried = {case.row for case in CASES}
    assert [row.id for row in ROWS if not (row.id in tried or row.tests or row.later)] == []
    assert tried <= {row.id for row in ROWS}
    assert [path for row in ROWS for path in row.tests if not (ROOT / path).is_file()] == []
    assert [row.id for row in ROWS if row.later and (row.tests or row.id in tried)] == []
