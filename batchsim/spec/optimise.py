"""A study file of ``batchsim optimise``: what is wanted, under which constraints, and over which values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from batchsim.errors import ScenarioError
from batchsim.spec.base import FileForm, Flaw, FlawsError, Model, check_text, flawed
from batchsim.spec.kinds import Text, number, whole
from batchsim.spec.parsing import plain_data
from batchsim.spec.problems import problem_of, problems_of
from batchsim.spec.settings import MAX_SEED
from batchsim.spec.source import SourceMap
from batchsim.spec.study import Varied, VariedPath

TRIALS = 100
"""Points that are tried, where neither they nor the runs are limited."""
REPLICATIONS = 30
"""Of a point that may be the best."""
FIRST = 5
"""Replications with which each point begins."""
MOST_OBJECTIVES = 4


def _check_texts(value: object) -> tuple[str, ...]:
    """One text, or a list of them."""
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple):
        raise flawed(
            "E112", "not a text, and not a list of texts", value, allowed="cost_usd, or [cost_usd, ready_at_s]"
        )
    return tuple(check_text(each) for each in values)


Texts = Annotated[tuple[str, ...], FileForm(_check_texts, {"type": ["string", "array"]})]


class OptimiseSpec(Model):
    """What an optimisation asks. Made by :func:`parse_optimise`."""

    name: Text = ""
    """Under which the store keeps it; without one, a name is made of the scenario's and of what is asked."""
    description: Text = ""
    scenario: Text = ""
    """The scenario's file, from the folder of the study file."""
    settings: dict[Text, Any] = Field(default_factory=dict, alias="set")
    """Changes to the scenario, the baseline's too."""
    over: dict[VariedPath, Varied] = Field(default_factory=dict)
    """Knobs by path."""
    minimise: Texts = ()
    maximise: Texts = ()
    """Metrics: the mean over replications is as small, or as large, as may be."""
    subject_to: Texts = ()
    """``P(makespan < 6h) >= 0.95``, ``wait_p95_s <= 10m``."""
    trials: Annotated[int, whole("E114", 1, 100_000)] | None = None
    """Points that are tried at most."""
    replications: Annotated[int, whole("E114", 1, 1_000_000)] | None = None
    """Of a point that may be the best."""
    first: Annotated[int, whole("E114", 1, 1_000_000)] = FIRST
    """Replications with which each point begins."""
    fresh: Annotated[int, whole("E114", 2, 1_000_000)] | None = None
    """Replications of a seed of their own, of the winner and of the baseline."""
    risk: Annotated[float, number("E114", 0.0001, 0.5)] = 0.05
    """That a point is dropped by chance, though none is better."""
    seed: Annotated[int, whole("E152", 0, MAX_SEED)] | None = None
    confidence: Annotated[float, number("E114", 0.5, 0.9999)] = 0.95
    max_runs: Annotated[int, whole("E114", 1)] | None = None
    """No more runs than that, all told."""

    @model_validator(mode="after")
    def _goes_together(self) -> OptimiseSpec:
        flaws = []
        if not self.over:
            hint = "Name a path and its values, as spot.maxvCpus: 64..4096"
            flaws.append(Flaw("E195", "nothing to choose from", ("over",), hint=hint))
        wanted = (*self.minimise, *self.maximise)
        if not wanted:
            hint = "Name a metric, as minimise: cost_usd"
            flaws.append(Flaw("E195", "nothing to minimise or maximise", ("minimise",), hint=hint))
        if len(wanted) > MOST_OBJECTIVES:
            flaws.append(Flaw("E114", "too many objectives", ("minimise",), len(wanted), f"at most {MOST_OBJECTIVES}"))
        if flaws:
            raise FlawsError(*flaws)
        return self


def parse_optimise(data: Mapping[str, Any], source: SourceMap | None = None) -> OptimiseSpec:
    """What ``data`` asks. Raises :class:`ScenarioError` with all problems, placed by ``source``."""
    source = source or SourceMap()
    plain = plain_data(data)
    if not isinstance(plain, dict):
        raise ScenarioError([problem_of(Flaw("E104", "a study is a mapping", value=plain), source)])
    try:
        return OptimiseSpec.model_validate(plain)
    except ValidationError as error:
        raise ScenarioError(problems_of(error, OptimiseSpec, source)) from None


def optimise_question(spec: OptimiseSpec) -> dict[str, Any]:
    """What is asked, as plain data: runs of the same question can be used again.

    How many points are tried, and how often each runs, may change: a run is what it is.
    """
    wanted = {"settings", "over", "minimise", "maximise", "subject_to"}
    data = spec.model_dump(mode="json", by_alias=True, include=wanted)
    return {key: value for key, value in data.items() if value not in (None, {}, [], ())}
