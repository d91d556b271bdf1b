"""Each notebook, executed from its source as a stranger would, shows what is committed; and the check that says so."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from scripts import build_notebooks as built

EACH = pytest.mark.parametrize("source", built.sources(), ids=lambda source: source.stem)


LONG = ("5_capacity_planning", "6_your_own_policy")
"""Whole studies, and searches for counter-examples: half a minute each, in `make test-slow`."""


def weighed(source: Path) -> object:
    """A notebook to be executed, on each change unless it takes long."""
    return pytest.param(source, id=source.stem, marks=pytest.mark.slow if source.stem in LONG else ())


def committed(source: Path) -> Any:
    return nbformat.read(source.with_suffix(".ipynb"), nbformat.NO_CONVERT)


def files() -> dict[str, int]:
    """What stands in the notebooks' folder, and when each was changed."""
    return {path.name: path.stat().st_mtime_ns for path in built.NOTEBOOKS.iterdir()}


@pytest.mark.parametrize("source", [*map(weighed, built.sources())])
def test_executed_anew_a_notebook_shows_what_is_committed(source: Path, tmp_path: Path) -> None:
    before = files()
    command = [sys.executable, str(Path(built.__file__)), "--check", source.stem]
    strange = {**os.environ, "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=strange, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert files() == before
    assert list(tmp_path.iterdir()) == []


@EACH
def test_what_is_committed_is_small_and_complete(source: Path) -> None:
    notebook = committed(source)
    nbformat.validate(notebook)
    numbers = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert numbers == list(range(1, len(numbers) + 1))
    assert source.with_suffix(".ipynb").stat().st_size < 400_000
    assert notebook.cells[0].source.startswith("# ")


@EACH
def test_a_notebook_ends_with_exercises_whose_answers_are_hidden_and_run(source: Path) -> None:
    exercises = committed(source).cells[-1].source
    assert exercises.startswith("## Exercises")
    assert exercises.count("<summary>Answer</summary>") == exercises.count("\n**") >= 2
    assert len(built.BLOCK.findall(exercises)) >= 2


def test_every_notebook_has_both_halves() -> None:
    halves = {path.stem for path in built.NOTEBOOKS.glob("*.ipynb")}
    assert halves == {source.stem for source in built.sources()}
    assert halves


# -- the check sees what is wrong


def notebook_of(*cells: str) -> Any:
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])


def answer(code: str, text: str) -> Any:
    hidden = f"<details><summary>Answer</summary>\n\n```python\n{code}\n```\n```text\n{text}\n```\n\n</details>"
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(hidden)])


FAULTY = {
    "ZeroDivisionError": notebook_of("1 / 0"),
    "writes to stderr": notebook_of("import warnings; warnings.warn('careful', stacklevel=1)"),
    "object's address": notebook_of("object()"),
    "reaches no network": notebook_of("import urllib.request as r; r.urlopen('http://192.0.2.1/')"),
    "an answer prints\n4": answer("print(2 + 2)", "5"),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_a_cell_that_should_not_be_committed_is_told(fault: str) -> None:
    found = "\n".join(built.execute(FAULTY[fault]))
    assert fault in found, found


CHANGES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "text": (lambda cell: cell.outputs[0].update(text="five\n"), "cell 1 shows"),
    "a cell": (lambda cell: cell.update(source="print(5)"), "not those of its source"),
    "a picture less": (lambda cell: cell.outputs.pop(), "cell 1 shows"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_pair_out_of_step_is_told(change: str) -> None:
    def pair() -> Any:
        notebook = notebook_of("print(4)")
        notebook.cells[0].id = "same"
        picture = {"image/png": "iVBOR"}
        stream = nbformat.v4.new_output("stream", text="four\n")
        notebook.cells[0].outputs = [stream, nbformat.v4.new_output("display_data", data=picture)]
        return notebook

    assert list(built.differences(pair(), pair())) == []
    changed, (spoil, said) = pair(), CHANGES[change]
    spoil(changed.cells[0])
    assert said in "\n".join(built.differences(changed, pair()))


def test_pictures_may_differ_in_their_bytes() -> None:
    one, other = (notebook_of("plot()") for _ in range(2))
    for notebook, data in ((one, "iVBOR"), (other, "iVBOS")):
        notebook.cells[0].id = "same"
        notebook.cells[0].outputs = [nbformat.v4.new_output("display_data", data={"image/png": data})]
    assert list(built.differences(one, other)) == []
