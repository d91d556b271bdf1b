"""``batchsim.sweep``: run a scenario at every point of a design, keep each run at once, say what follows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from batchsim.analysis.metrics import METRICS
from batchsim.errors import ExperimentError, ScenarioError
from batchsim.experiments import precision as stopping
from batchsim.experiments import replications as runs
from batchsim.experiments.chances import metrics_with, watched
from batchsim.experiments.code_version import code_version
from batchsim.experiments.compare import metric_names
from batchsim.experiments.design import Settings, check_runs, points_of
from batchsim.experiments.inputs import inputs_hash
from batchsim.experiments.places import GivenExecutor, Place, opened
from batchsim.experiments.repeats import refuse_entangled, refuse_overruled
from batchsim.experiments.store import MEMORY, Store
from batchsim.experiments.store_rows import Question
from batchsim.experiments.study import Study
from batchsim.experiments.study_runs import Nobody, Runs, Watch
from batchsim.experiments.variants import changed
from batchsim.formats import scenario_yaml, study_yaml
from batchsim.prepared import prepare
from batchsim.spec import Scenario, SourceMap, scenario_hash
from batchsim.spec.precision import Precision
from batchsim.spec.study import StudySpec, parse_study, question_of

METRICS_SHOWN = ("cost_usd", "ready_at_s", "makespan_s", "wait_mean_s", "jobs_failed")
"""The metrics that a study shows where nobody names others; the store has all of them."""
_NAME_DIGITS = 6
Given = Scenario | str | PathLike[str]


class Stopped(Exception):  # noqa: N818 -- nothing went wrong: somebody wanted it
    """The watch ended the study; what was done is in the store."""

    def __init__(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        super().__init__(f"{done:,} of {total:,} runs are done")


@dataclass(frozen=True, slots=True)
class Asked:
    """A study and the scenario that it is of, both sound."""

    spec: StudySpec
    scenario: Scenario
    """With the study's ``set`` in place."""
    stem: str
    """What a name is made of, where the study has none."""


def sweep(  # noqa: PLR0913 (what a study varies, and how it is made)
    scenario: Given,
    vary: Mapping[str, Any] | None = None,
    *,
    design: str | None = None,
    points: int | None = None,
    replications: int | None = None,
    precision: stopping.Given | None = None,
    seed: int | None = None,
    metrics: Iterable[str] | None = None,
    front: Sequence[str] | None = None,
    confidence: float | None = None,
    max_runs: int | None = None,
    name: str | None = None,
    store: str | PathLike[str] | None = None,
    workers: int | None = None,
    executor: GivenExecutor = None,
    run_limit_s: float | None = None,
    watch: Watch | None = None,
) -> Study:
    """Run a scenario at every point of a design, each point over the same replications.

    ``scenario`` is a scenario, its file, or a study file, whose values the other arguments replace. ``vary`` maps paths
    to lists, ranges or distributions, as in a study file: ``{"spot.maxvCpus": [256, 512]}``. ``design`` is ``grid``
    (all combinations), ``random`` or ``latin_hypercube`` of so many ``points``. With a ``store``, the path of a SQLite
    file, every finished run is kept there at once, and the same call goes on where a killed one stopped; the study has
    its ``name`` there. Replication r of all points has the same random numbers. With a ``precision``, as
    of ``compare``, every point runs as often as it takes until each point's mean of that metric is known so well, all
    equally often. ``workers`` (1 unless said) and ``run_limit_s`` as of ``compare``. ``executor``:
    ``"dask://HOST:PORT"``, or any ``concurrent.futures.Executor``, in place of processes of our own; ``workers`` are
    then the most runs at once, else as many as it makes. ``watch`` is told of every run, and may end the study.

    Raises :class:`ScenarioError` with what is wrong in the scenario, at some point of it or in the study file,
    :class:`ExperimentError` for a study that cannot be made (E195: more than ``max_runs`` runs), or is not the one that
    the store has under this name (E190), or a worker of another batchsim (E197),
    :class:`~batchsim.experiments.store.StoreError` for a store that cannot be used,
    :class:`~batchsim.experiments.elsewhere.ExecutorError` for an executor that is out of reach or gone (E194), and
    :class:`Stopped` if ``watch`` ended it.
    """
    given: dict[str, Any] = {
        "vary": vary, "design": design, "points": points, "replications": replications, "seed": seed,
        "precision": stopping.plain(precision),
        "metrics": None if metrics is None else [metrics] if isinstance(metrics, str) else list(metrics),
        "front": None if front is None else list(front), "confidence": confidence, "max_runs": max_runs, "name": name,
    }  # fmt: skip
    asked = asked_of(scenario, {key: value for key, value in given.items() if value is not None})
    runs.check_counts(asked.spec.replications, 1 if workers is None else workers, run_limit_s)
    with opened(executor, workers, run_limit_s) as place:
        return carried_out(asked, store, place=place, watch=watch or Nobody())


def asked_of(
    given: Given,
    values: Mapping[str, Any],
    *,
    settings: Iterable[tuple[str, Any]] = (),
    allow_paths: Sequence[str | PathLike[str]] = (),
    told: str = "sweep",
) -> Asked:
    """What is asked: the study file, if it is one, with ``values`` in place of its own; ``settings`` come last.

    Raises :class:`ScenarioError`; what is wrong with the values is told of ``told``.
    """
    spec = None if isinstance(given, Scenario) else study_yaml.load(given)
    merged = {**(_kept(spec, values) if spec else {}), **values}
    study = parse_study(merged, SourceMap(told))
    if spec and not isinstance(given, Scenario):
        if not spec.scenario:
            raise ExperimentError(f"{fspath(given)}: a study file names its scenario, as in scenario: night.yaml")
        file: Given = study_yaml.scenario_of(spec, given)
    else:
        file = given
    base = file if isinstance(file, Scenario) else scenario_yaml.load(file, allow_paths=allow_paths)
    pairs = [*study.settings.items(), *settings]
    stem = (base.name or "study") if isinstance(given, Scenario) else Path(given).stem
    merged["set"] = dict(pairs)
    study = parse_study(merged, SourceMap(told))
    scenario = changed(base, pairs, told) if pairs else base
    check_runs(study)
    refuse_entangled(scenario, study.vary.items(), "vary", told if "vary" in values else str(given))
    own = {} if spec is None or "vary" in values else spec.settings  # a file's, for which what is given may stand
    refuse_overruled(base, [*own.items(), *settings], study.vary.items(), told)
    return Asked(study, scenario, stem)


def _kept(spec: StudySpec, values: Mapping[str, Any]) -> dict[str, Any]:
    """The study file's own values; how often points run is said in one place: by the caller, if he says it."""
    own = spec.model_dump(by_alias=True, exclude_unset=True)
    said = {"replications", "precision"}
    return {key: value for key, value in own.items() if key not in said or said.isdisjoint(values)}


def carried_out(asked: Asked, store: str | PathLike[str] | None, *, place: Place, watch: Watch) -> Study:
    """Begin the study in the store, or take it up, do what is missing, and read it back."""
    spec = asked.spec
    wanted = _metrics(asked)
    with Store(MEMORY if store is None else store) as kept:
        question, number, points = _settled(asked, kept)

        def after(replications: int) -> Study:
            often = spec.model_copy(update={"replications": replications})
            kept.begin(question, (), replications)
            made = Runs(
                kept, number, asked.scenario, points, question.metrics, question.seed, replications, place, watch
            )  # fmt: skip
            return read_back(kept, number, question, often, wanted, points, made.carry_out(), asked.scenario)

        if spec.precision is None:
            return after(spec.replications)
        study, stop = stopping.sampled(spec.precision, after, partial(_stop, spec.precision))
        stopped: Study = replace(study, stop=stop)
        return stopped


def _stop(wanted: Precision, study: Study) -> stopping.Stop:
    """How well the means of all points are known."""
    series = study.measured[:, :, study.metrics.index(wanted.metric)]
    return stopping.of_means(wanted, list(series), study.seed, study.replications)


def read_back(
    kept: Store,
    number: int,
    question: Question,
    spec: StudySpec,
    wanted: tuple[str, ...],
    points: Sequence[Settings],
    failed: Sequence[tuple[int, int, str]],
    scenario: Scenario | None,
) -> Study:
    """The study from what the store has. Raises :class:`Stopped` if a run is missing that has not failed."""
    size = len(points) * spec.replications
    done = sum(replication < spec.replications for _, replication in kept.done(number))
    if done + len(failed) < size:
        raise Stopped(done, size)
    values = kept.values(number, len(points), spec.replications, len(question.metrics))
    shown = values[:, :, [question.metrics.index(name) for name in wanted]]
    front = (spec.front[0], spec.front[1])
    return Study(
        question, spec.design, tuple(points), wanted, front, spec.confidence, shown, tuple(failed), scenario
    )  # fmt: skip


def _metrics(asked: Asked) -> tuple[str, ...]:
    """Those to be shown, those of the front, of the precision and of the thresholds among them."""
    spec = asked.spec
    named = [*(metric_names([spec.precision.metric]) if spec.precision else ()), *metric_names(spec.front)]
    varied = [path.split(".")[1] for path in spec.vary if path.startswith("thresholds.")]
    shown = metric_names(spec.metrics or METRICS_SHOWN)
    return metrics_with((*shown, *named), [*watched(asked.scenario), *(each for each in varied if each in METRICS)])


def _question(asked: Asked, kept: Store) -> Question:
    """What makes the study the same study; a seed that nobody gives is that of the store, else one is drawn."""
    question = question_of(asked.spec)
    name = asked.spec.name or f"{asked.stem}-{_digest(question)[:_NAME_DIGITS]}"
    before = kept.find(name)
    seed = asked.spec.seed if asked.spec.seed is not None else asked.scenario.simulation.seed
    if seed is None and before is not None:
        seed = before.question.seed
    unseeded = asked.scenario.with_("simulation.seed", 0)
    return Question(
        name, inputs_hash(unseeded, question), code_version(), runs.settled_seed(seed, asked.scenario), question,
        scenario_yaml.dump(unseeded), tuple(METRICS),
    )  # fmt: skip


def _settled(asked: Asked, kept: Store) -> tuple[Question, int, Sequence[Settings]]:
    """The study, begun or taken up; if another process began it at this moment with a seed that it drew, with that."""
    question = _question(asked, kept)
    try:
        return question, *_begun(kept, question, asked)
    except ExperimentError:
        again = _question(asked, kept)
        if again.seed == question.seed:
            raise
        return again, *_begun(kept, again, asked)


def _digest(question: Mapping[str, Any]) -> str:
    return sha256(json.dumps(question, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


def _begun(kept: Store, question: Question, asked: Asked) -> tuple[int, Sequence[Settings]]:
    """The study's number and points. Every point of a new study is prepared before the first runs."""
    before, points = kept.find(question.name), points_of(asked.spec, question.seed)
    if before is None:
        hashed = [(settings, _sound(asked.scenario, number, settings)) for number, settings in enumerate(points)]
        return kept.begin(question, hashed, asked.spec.replications), points
    kept.begin(question, (), asked.spec.replications)
    kept.refuse_other_points(before, points)
    return before.id, points


def _sound(scenario: Scenario, number: int, settings: Settings) -> str:
    """The hash of a point that can run. Raises :class:`ScenarioError` with what is wrong at it."""
    told = f"point {number} ({', '.join(f'{path}={value}' for path, value in settings)})"
    here = changed(scenario, settings, told)
    try:
        prepare(here)
    except ScenarioError as error:
        raise ScenarioError(replace(problem, file=told, line=0, col=0) for problem in error.found) from None
    return scenario_hash(here)
