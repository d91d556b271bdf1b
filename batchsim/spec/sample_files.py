"""Samples that a scenario names by file, put in place: the same scenario with their values in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from batchsim.errors import Path, Problem, ScenarioError
from batchsim.spec.base import Model
from batchsim.spec.laws import LawSpec
from batchsim.spec.samples import Sample, SampleFile
from batchsim.spec.scenario import Scenario

ReadSample = Callable[[SampleFile], Sample]
"""Reads a file; raises :class:`ScenarioError`, its problems without a path."""

M = TypeVar("M", bound=Model)


def with_samples(scenario: Scenario, read: ReadSample) -> Scenario:
    """The scenario with every sample read from its file: what runs; the one given is what is shown and hashed.

    Raises :class:`ScenarioError` with the problems of all files, those of none at the law's place.
    """
    reader = _Reader(scenario, read)
    filled = reader.model(scenario, ())
    if reader.problems:
        raise ScenarioError(reader.problems)
    return filled


class _Reader:
    """Walks a scenario's models and collects problems."""

    def __init__(self, scenario: Scenario, read: ReadSample) -> None:
        self._scenario = scenario
        self._read = read
        self.problems: list[Problem] = []

    def model(self, model: M, path: Path) -> M:
        """The model with what it holds filled; itself if nothing changed."""
        found = {name: getattr(model, name) for name in type(model).model_fields}
        keys = {name: field.alias or name for name, field in type(model).model_fields.items()}
        filled = {name: self._value(value, (*path, keys[name])) for name, value in found.items()}
        changed = {name: value for name, value in filled.items() if value is not found[name]}
        return model.model_copy(update=changed) if changed else model

    def _value(self, value: Any, path: Path) -> Any:
        if isinstance(value, Model):
            return self.model(value, path)
        if isinstance(value, LawSpec):
            return self._law(value, path)
        if isinstance(value, tuple) and any(isinstance(item, Model) for item in value):
            filled = tuple(self._value(item, (*path, place)) for place, item in enumerate(value))
            return filled if any(new is not old for new, old in zip(filled, value, strict=True)) else value
        return value

    def _law(self, law: LawSpec, path: Path) -> LawSpec:
        path = (*path, law.name)
        if isinstance(law.sample, SampleFile):
            return self._sample(law, law.sample, (*path, "file"))
        laws = [self._law(part.law, (*path, place)) for place, part in enumerate(law.parts)]
        if all(new is part.law for new, part in zip(laws, law.parts, strict=True)):
            return law
        return replace(law, parts=tuple(replace(part, law=new) for part, new in zip(law.parts, laws, strict=True)))

    def _sample(self, law: LawSpec, file: SampleFile, path: Path) -> LawSpec:
        try:
            return replace(law, sample=self._read(file))
        except ScenarioError as error:
            self.problems += [self._placed(problem, path) for problem in error.problems]
            return law

    def _placed(self, problem: Problem, path: Path) -> Problem:
        """A problem that names no file of its own, at ``path``; any other unchanged."""
        if problem.file:
            return problem
        source = self._scenario.source
        line, col = source.at(path)
        return replace(problem, path=path, file=source.file, line=line, col=col)
