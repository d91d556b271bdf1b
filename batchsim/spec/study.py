"""A study file: which scenario, which of its values vary and how, how often each point runs, what is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from batchsim.errors import ScenarioError
from batchsim.spec.base import FileForm, Flaw, FlawsError, Model, check_text, flawed
from batchsim.spec.kinds import Text, number, whole
from batchsim.spec.knobs import KNOB_SCHEMA, Knob, parse_knob
from batchsim.spec.parsing import plain_data
from batchsim.spec.precision import Precision
from batchsim.spec.problems import problem_of, problems_of
from batchsim.spec.settings import MAX_SEED
from batchsim.spec.source import SourceMap

Design = Literal["grid", "random", "latin_hypercube"]
MAX_RUNS = 100_000
"""Runs of a study, unless it says otherwise."""
REPLICATIONS = 10
"""Of each point, where nobody says how many: the least that an interval should rest on.

A study asks which of many points is worth a choice, and the pairs that common random numbers make tell points apart
early; what is promised of the one that is chosen, ``compare`` and ``replicate`` tell with thirty.
"""
FRONT = ("cost_usd", "ready_at_s")
"""The two metrics whose Pareto front is drawn."""
_THE_SEED = ("simulation.seed", "simulation.replication", "seed", "replication")


def _check_path(value: object) -> str:
    """A path that may vary; replications differ by the seed's own rule (E117)."""
    text = check_text(value)
    if text in _THE_SEED:
        raise flawed("E117", "replications have random numbers of their own", value, hint="Give replications: N")
    return text


def _check_front(value: object) -> tuple[str, ...]:
    names = tuple(value) if isinstance(value, list | tuple) else ()
    if len(names) != 2 or names[0] == names[1]:
        raise flawed("E112", "not a list of two metrics", value, allowed="[cost_usd, ready_at_s]")
    return tuple(check_text(name) for name in names)


VariedPath = Annotated[str, FileForm(_check_path, {"type": "string"})]
Varied = Annotated[Knob, FileForm(parse_knob, KNOB_SCHEMA, lambda knob: knob.data)]


class StudySpec(Model):
    """What a study asks. Made by :func:`parse_study`."""

    name: Text = ""
    """Under which the store keeps it; without one, a name is made of the scenario's and of what varies."""
    description: Text = ""
    scenario: Text = ""
    """The scenario's file, from the folder of the study file."""
    settings: dict[Text, Any] = Field(default_factory=dict, alias="set")
    """Changes to the scenario at all points, before what varies."""
    vary: dict[VariedPath, Varied] = Field(default_factory=dict)
    """Knobs by path."""
    design: Design = "grid"
    points: Annotated[int, whole("E114", 1)] | None = None
    """Of a random or Latin hypercube design."""
    replications: Annotated[int, whole("E114", 1, 1_000_000)] = REPLICATIONS
    precision: Precision | None = None
    """Instead of ``replications``: as many of every point as it takes until each point's mean is known so well."""
    seed: Annotated[int, whole("E152", 0, MAX_SEED)] | None = None
    metrics: tuple[Text, ...] = ()
    front: Annotated[tuple[str, ...], FileForm(_check_front, {"type": "array"})] = FRONT
    confidence: Annotated[float, number("E114", 0.5, 0.9999)] = 0.95
    max_runs: Annotated[int, whole("E114", 1)] = MAX_RUNS

    @property
    def most_replications(self) -> int:
        """Of each point, at most."""
        return self.replications if self.precision is None else self.precision.max_replications

    @model_validator(mode="after")
    def _goes_together(self) -> StudySpec:
        flaws = [*self._flaws_of_counts(), *self._flaws_of_levels()]
        if flaws:
            raise FlawsError(*flaws)
        return self

    def _flaws_of_counts(self) -> list[Flaw]:
        if not self.vary:
            return [Flaw("E195", "nothing varies", ("vary",), hint="Vary a path, as spot.maxvCpus: [256, 512]")]
        if self.precision is not None and "replications" in self.model_fields_set:
            told = "replications and precision are two ways to say how many runs"
            return [Flaw("E117", told, ("precision",), hint="Give one of them")]
        if self.design == "grid" and self.points is not None:
            return [Flaw("E117", "a grid has as many points as its levels make", ("points",), self.points)]
        if self.design != "grid" and self.points is None:
            return [
                Flaw("E111", f"a {self.design} design needs a number of points", ("points",), allowed="points: 100")
            ]
        return []

    def _flaws_of_levels(self) -> list[Flaw]:
        """What has no levels cannot stand in a grid."""
        if self.design != "grid":
            return []
        told, hint = "a grid needs levels", "Give a list, a step or levels, or take design: latin_hypercube"
        return [Flaw("E117", told, ("vary", path), hint=hint) for path, knob in self.vary.items() if not knob.levels]


def parse_study(data: Mapping[str, Any], source: SourceMap | None = None) -> StudySpec:
    """The study that ``data`` describes. Raises :class:`ScenarioError` with all problems, placed by ``source``."""
    source = source or SourceMap()
    plain = plain_data(data)
    if not isinstance(plain, dict):
        raise ScenarioError([problem_of(Flaw("E104", "a study is a mapping", value=plain), source)])
    try:
        return StudySpec.model_validate(plain)
    except ValidationError as error:
        raise ScenarioError(problems_of(error, StudySpec, source)) from None


def question_of(study: StudySpec) -> dict[str, Any]:
    """What a study asks, as plain data: two studies with the same question have the same points.

    How many replications, what is looked at and under which name may change while a study goes on.
    """
    data = study.model_dump(mode="json", by_alias=True, include={"settings", "vary", "design", "points"})
    return {key: value for key, value in data.items() if value not in (None, {})}
