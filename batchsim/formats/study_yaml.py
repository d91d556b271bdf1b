"""Study files: YAML or JSON, read as scenario files are, with every problem at its line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from batchsim.errors import ScenarioError
from batchsim.formats.scenario_yaml import read_text
from batchsim.formats.yaml_reader import Document, read_yaml
from batchsim.spec.study import StudySpec, parse_study

_MARKS = ("vary", "design", "replications")
"""Keys of which a study has one, and a scenario none."""


def load(path: str | os.PathLike[str]) -> StudySpec | None:
    """The study in a file; None if the file holds a scenario.

    Raises :class:`ScenarioError`: E100 when the file cannot be read, else every problem in it.
    """
    document = _document(path)
    if document is None:
        return None
    try:
        study = parse_study(document.data, document.source)
    except ScenarioError as error:
        raise ScenarioError([*document.problems, *error.found]) from None
    if document.problems:
        raise ScenarioError(document.problems)
    return study


def scenario_of(study: StudySpec, path: str | os.PathLike[str]) -> Path:
    """The file of a study's scenario; named from the study file's folder."""
    return Path(path).parent / study.scenario


def _document(path: str | os.PathLike[str]) -> Document | None:
    """What a study file holds; None of a file that is none: whoever reads it as a scenario tells what is wrong."""
    text = read_text(path)
    if not any(mark in text for mark in _MARKS):  # most scenarios are not read twice
        return None
    try:
        document = read_yaml(text, os.fspath(path))
    except ScenarioError:
        return None
    return document if _is_study(document.data) else None


def _is_study(data: Any) -> bool:
    return isinstance(data, dict) and not data.keys().isdisjoint(_MARKS)
