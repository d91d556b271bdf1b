"""What `sample.py` draws: changes of one line, spread over all files, that leave a program."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.planted.mutations import Mutation, drawn, is_a_program, mutations_of

SOURCE = '''"""A docstring with 1 < 2."""

def least(values: list[int], *, most: int = 3) -> int:
    """0."""
    return min(value - 1 for value in values if value <= most and not value % 2)
'''
EXPECTED = {
    "most: int = 4",
    "return max(",
    "(value + 1)",
    "value - 2 for",
    "value < most",
    "value > most",
    "(value <= most or not value % 2)",
    "if value <= most)",
    "if not value % 2)",
    "bool(value % 2)",
    "(value // 2)",
    "value % 3",
}


def test_every_kind_of_change_is_made_and_none_of_types_and_docstrings(tmp_path: Path) -> None:
    file = tmp_path / "least.py"
    file.write_text(SOURCE, encoding="utf-8")
    found = [*filter(is_a_program, mutations_of(file))]
    assert {words for words in EXPECTED if any(words in each.after for each in found)} == EXPECTED
    assert {each.line for each in found} == {3, 5}
    assert all(len(_changed(each)) == 1 for each in found)


def test_the_draw_goes_through_all_files_in_turn_and_is_the_seeds() -> None:
    first, again = drawn(40, 3, "engine/sc"), drawn(40, 3, "engine/sc")
    files = len({each.path for each in first})
    assert first == again != drawn(40, 4, "engine/sc")
    assert len({each.path for each in first[:files]}) == files == 4
    assert len({(each.path, each.line) for each in first}) == 40
    assert all(ast.parse(each.source) for each in first)


def _changed(mutation: Mutation) -> list[int]:
    lines = zip(SOURCE.splitlines(), mutation.source.splitlines(), strict=True)
    return [number for number, (one, other) in enumerate(lines) if one != other]
