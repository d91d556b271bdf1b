"""Result folders as ``explain`` and ``show`` read them: whatever is wrong in one is told in a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batchsim.errors import OutputError, ScenarioError, UnknownNameError, cut

if TYPE_CHECKING:
    from batchsim.analysis.explain import Story
    from batchsim.analysis.explain.verdict import Judge, Verdict
    from batchsim.analysis.explain.words import Asked

_SCENARIO = "scenario.resolved.yaml"


@contextmanager
def story_of(folder: Path) -> Iterator[Story]:
    """The run in a folder. What its tables hold may be anything: what cannot be told of it is ``OutputError``."""
    from batchsim.analysis.explain import Story
    from batchsim.analysis.folder import read_folder
    from batchsim.analysis.typed import MissingColumnError

    tables = read_folder(folder)
    _must_be_ours(folder, tables)
    try:
        yield Story(tables, _judge(folder))
    except UnknownNameError:
        raise
    except OutputError as error:
        raise OutputError(f"{folder}: E181: {error}") from error
    except MissingColumnError as error:
        raise OutputError(f"{folder}: E181: cannot be explained: {error}") from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        told = cut(" ".join(f"{type(error).__name__}: {error}".split()), 80)
        raise OutputError(
            f"{folder}: E181: not what batchsim run writes; batchsim check says where ({told})"
        ) from error


def _must_be_ours(folder: Path, tables: Mapping[str, Any]) -> None:
    """Raise ``OutputError`` for the first cell of another kind than ours: it would be reckoned with."""
    from batchsim.analysis.folder import TABLES
    from batchsim.analysis.kinds import strangers
    from batchsim.analysis.typed import Table

    for strange in strangers(Table(name, tables[name]) for name in TABLES if name in tables):
        row, where = int(strange.rows[0]), f"{folder}: E181: table {strange.table.name}"
        found = cut(repr(strange.cell(row)), 60)
        raise OutputError(f"{where}, {strange.place(row)}, column {strange.column}: {found} is not {strange.told}")


def _judge(folder: Path) -> Judge:
    """Judges jobs by the folder's scenario, which is loaded only when there is something to judge."""
    found: list[Judge | None] = []

    def judge(entry_id: str, asked: Asked) -> Verdict | None:
        if not found:
            found.append(_loaded(folder))
        return None if found[0] is None else found[0](entry_id, asked)

    return judge


def _loaded(folder: Path) -> Judge | None:
    from batchsim import verdicts
    from batchsim.formats import scenario_yaml

    try:
        return partial(verdicts.judge, scenario_yaml.load(folder / _SCENARIO))
    except ScenarioError:  # as of a run whose scenario names files that are not beside its results
        return None
