"""Study files: YAML or JSON, read as scenario files are, with every problem at its line."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from batchsim.errors import ScenarioError
from batchsim.formats.scenario_yaml import read_text
from batchsim.formats.yaml_reader import Document, read_yaml
from batchsim.spec.optimise import OptimiseSpec, parse_optimise
from batchsim.spec.source import SourceMap
from batchsim.spec.study import StudySpec, parse_study

_MARKS = ("vary", "design", "replications")
"""Keys of which a study has one, and a scenario none."""
_MARKS_OF_OPTIMISE = ("over", "minimise", "maximise", "subject_to")
"""The same of what ``batchsim optimise`` reads."""
_Spec = TypeVar("_Spec")


def load(path: str | os.PathLike[str]) -> StudySpec | None:
    """The study in a file; None if the file holds a scenario.

    Raises :class:`ScenarioError`: E100 when the file cannot be read, else every problem in it.
    """
    return _read(path, _MARKS, parse_study)


def load_optimise(path: str | os.PathLike[str]) -> OptimiseSpec | None:
    """What a file of ``batchsim optimise`` asks; None if the file holds a scenario. Raises as :func:`load`."""
    return _read(path, (*_MARKS_OF_OPTIMISE, *_MARKS), parse_optimise)


def _read(path: str | os.PathLike[str], marks: Sequence[str], parse: Callable[[Any, SourceMap], _Spec]) -> _Spec | None:
    document = _document(path, marks)
    if document is None:
        return None
    try:
        spec = parse(document.data, document.source)
    except ScenarioError as error:
        raise ScenarioError([*document.problems, *error.found]) from None
    if document.problems:
        raise ScenarioError(document.problems)
    return spec


def scenario_of(study: StudySpec | OptimiseSpec, path: str | os.PathLike[str]) -> Path:
    """The file of a study's scenario; named from the study file's folder."""
    return Path(path).parent / study.scenario


def _document(path: str | os.PathLike[str], marks: Sequence[str]) -> Document | None:
    """What a study file holds; None of a file that is none: whoever reads it as a scenario tells what is wrong."""
    text = read_text(path)
    if not any(mark in text for mark in marks):  # most scenarios are not read twice
        return None
    try:
        document = read_yaml(text, os.fspath(path))
    except ScenarioError:
        return None
    return document if isinstance(document.data, dict) and not document.data.keys().isdisjoint(marks) else None
