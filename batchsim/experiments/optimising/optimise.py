"""``batchsim.optimise``: search the values of a scenario's paths for the best that meets its constraints."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from batchsim.analysis.metrics import METRICS
from batchsim.errors import ExperimentError, ScenarioError
from batchsim.experiments import replications as runs
from batchsim.experiments.code_version import code_version
from batchsim.experiments.inputs import inputs_hash
from batchsim.experiments.optimising.fresh import compared, fresh_seed, metrics_shown, names_of
from batchsim.experiments.optimising.goals import Goals, goals_of
from batchsim.experiments.optimising.hands import Hands, OptimiseWatch
from batchsim.experiments.optimising.optimisation import Optimisation
from batchsim.experiments.optimising.plan import Plan, plan_of
from batchsim.experiments.optimising.proposals import Proposals, optuna_version
from batchsim.experiments.optimising.race import Rules, stages_of
from batchsim.experiments.optimising.search import Limits, Search
from batchsim.experiments.optimising.space import Space
from batchsim.experiments.places import GivenExecutor, Place, opened
from batchsim.experiments.repeats import refuse_entangled
from batchsim.experiments.store import MEMORY, Store
from batchsim.experiments.store_rows import Question
from batchsim.experiments.study_runs import Nobody
from batchsim.experiments.sweep import METRICS_SHOWN, Given
from batchsim.experiments.variants import changed
from batchsim.formats import scenario_yaml, study_yaml
from batchsim.prepared import prepare
from batchsim.spec import Scenario, SourceMap
from batchsim.spec.optimise import OptimiseSpec, optimise_question, parse_optimise

_NAME_DIGITS = 6
_ENDS = 16
"""Levels of a knob that are tried out before the first run."""
Texts = str | Iterable[str]


class NobodyElse(Nobody):
    """A watch that looks away."""

    def of(self, trials: int) -> None:
        """Nothing."""

    def phase(self, told: str) -> None:
        """Nothing."""

    def leads(self, settings: Any, told: str) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, and of which scenario, both sound."""

    spec: OptimiseSpec
    scenario: Scenario
    """The baseline: with ``set`` in place."""
    stem: str
    """What a name is made of, where there is none."""
    goals: Goals


def optimise(  # noqa: PLR0913 (what is asked, and how it is found)
    scenario: Given,
    over: Mapping[str, Any] | None = None,
    *,
    minimise: Texts | None = None,
    maximise: Texts | None = None,
    subject_to: Texts | None = None,
    trials: int | None = None,
    replications: int | None = None,
    first: int | None = None,
    fresh: int | None = None,
    risk: float | None = None,
    seed: int | None = None,
    confidence: float | None = None,
    max_runs: int | None = None,
    name: str | None = None,
    store: str | PathLike[str] | None = None,
    storage: str | None = None,
    workers: int | None = None,
    executor: GivenExecutor = None,
    run_limit_s: float | None = None,
    watch: OptimiseWatch | None = None,
) -> Optimisation:
    """Search the values of ``over`` for the point with the best mean of a metric, or for a Pareto set of several.

    ``scenario`` is a scenario, its file, or a study file, whose values the other arguments replace. ``over`` maps paths
    to lists, ranges or distributions: ``{"spot.maxvCpus": "64..4096"}``. ``minimise`` and ``maximise`` name metrics,
    ``subject_to`` has constraints: ``"P(makespan < 6h) >= 0.95"``, or ``"wait_p95_s <= 10m"`` of the mean. Each of
    ``trials`` points begins with ``first`` replications and goes on to ``replications`` while it may still be the best
    (see ``race``; ``risk`` is that of a mistake). The winner and the scenario as it stands then run ``fresh``
    replications of another seed. ``max_runs`` limits all runs together.

    With a ``store``, the path of a SQLite file, every finished run is kept at once, and the same call goes on where a
    killed one stopped. The answer hangs on the seed, and not on ``workers`` or ``executor``, which are as of ``sweep``.
    ``storage`` is an address of Optuna's own storage, over which many machines share one search (the points then come
    in the order in which they happen to).

    Raises :class:`ScenarioError`, :class:`ExperimentError` (E195: nothing to choose, or too few runs; E190: another
    study of this name), :class:`~batchsim.experiments.store.StoreError`, and
    :class:`~batchsim.experiments.optimising.hands.Stopped` if ``watch`` ended it.
    """
    given: dict[str, Any] = {
        "over": over, "minimise": minimise, "maximise": maximise, "subject_to": subject_to, "trials": trials,
        "replications": replications, "first": first, "fresh": fresh, "risk": risk, "seed": seed,
        "confidence": confidence, "max_runs": max_runs, "name": name,
    }  # fmt: skip
    values = {key: _listed(value) if key in _TEXTS else value for key, value in given.items() if value is not None}
    asked = asked_of(scenario, values)
    runs.check_counts(1, 1 if workers is None else workers, run_limit_s)
    with opened(executor, workers, run_limit_s) as place:
        return carried_out(asked, store, storage=storage, place=place, watch=watch or NobodyElse())


_TEXTS = ("minimise", "maximise", "subject_to")


def _listed(value: Texts) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def asked_of(
    given: Given,
    values: Mapping[str, Any],
    *,
    settings: Iterable[tuple[str, Any]] = (),
    allow_paths: Sequence[str | PathLike[str]] = (),
    told: str = "optimise",
) -> Asked:
    """What is asked: the study file, if it is one, with ``values`` in place of its own; ``settings`` come last.

    Raises :class:`ScenarioError` and :class:`ExperimentError`.
    """
    spec = None if isinstance(given, Scenario) else study_yaml.load_optimise(given)
    merged = {**(spec.model_dump(by_alias=True, exclude_unset=True) if spec else {}), **values}
    asked = parse_optimise(merged, SourceMap(told))
    file = given
    if spec and not isinstance(given, Scenario):
        if not spec.scenario:
            raise ExperimentError(f"{fspath(given)}: a study file names its scenario, as in scenario: night.yaml")
        file = study_yaml.scenario_of(spec, given)
    base = file if isinstance(file, Scenario) else scenario_yaml.load(file, allow_paths=allow_paths)
    pairs = [*asked.settings.items(), *settings]
    stem = (base.name or "study") if isinstance(given, Scenario) else Path(given).stem
    merged["set"] = dict(pairs)
    asked = parse_optimise(merged, SourceMap(told))
    scenario = changed(base, pairs, told) if pairs else base
    refuse_entangled(scenario, asked.over.items(), "over", told if "over" in values else str(given))
    return Asked(asked, scenario, stem, goals_of(asked))


def carried_out(
    asked: Asked,
    store: str | PathLike[str] | None,
    *,
    storage: str | None = None,
    place: Place,
    watch: OptimiseWatch,
) -> Optimisation:
    """Begin in the store, or go on from what it has: search, then run the best anew."""
    library, plan = optuna_version(), plan_of(asked.spec, asked.goals)
    check_sound(asked)
    watch.of(min(plan.trials, Space(asked.spec.over).size or plan.trials))
    with Store(MEMORY if store is None else store) as kept:
        question, study = _begun(asked, kept, "", plan.look)
        again, other = _begun(asked, kept, "/fresh", plan.fresh, question.seed)
        with Hands(kept, study, asked.scenario, question.seed, place, watch) as hands:
            search = _search(asked, plan, hands, question, storage)
            with closing(search.proposals):
                search.carry_out()
        chosen = search.winners or [each for each in [search.nearest] if each]
        names = names_of(chosen, is_met=bool(search.winners))
        metrics = metrics_shown(asked.goals.metrics, METRICS_SHOWN)
        watch.phase("the winner and the baseline, with fresh seeds")
        with Hands(kept, other, asked.scenario, again.seed, place, watch) as fresh:
            count = plan.fresh_of(len(chosen), search.runs)
            comparison = compared(fresh, chosen, names, count, metrics, asked.spec.confidence)
        return Optimisation(question, asked.spec, asked.goals, plan, search, tuple(chosen), comparison, library)


def _search(asked: Asked, plan: Plan, hands: Hands, question: Question, storage: str | None) -> Search:
    space = Space(asked.spec.over)
    rules = Rules(asked.goals, stages_of(asked.spec.first, plan.replications), asked.spec.risk)
    same = {"scenario": question.scenario_hash, "code": question.code, "seed": question.seed,
            "question": json.dumps(question.asked, sort_keys=True)}  # fmt: skip
    proposals = Proposals(space, asked.goals, question.seed, question.name, storage, same)
    limits = Limits(plan.trials, plan.search_runs, plan.look, plan.look_runs)
    return Search(space, rules, limits, hands, proposals)


def _begun(asked: Asked, kept: Store, part: str, replications: int, seed: int | None = None) -> tuple[Question, int]:
    """The study of the search in the store, or that of the fresh seeds of a search with this ``seed``."""
    question = optimise_question(asked.spec)
    digest = sha256(json.dumps(question, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()
    name = (asked.spec.name or f"{asked.stem}-{digest[:_NAME_DIGITS]}") + part
    if seed is None:
        before = kept.find(name)
        given = asked.spec.seed if asked.spec.seed is not None else asked.scenario.simulation.seed
        seed = (
            before.question.seed if given is None and before is not None else runs.settled_seed(given, asked.scenario)
        )
    else:
        seed = fresh_seed(seed)
    unseeded = asked.scenario.with_("simulation.seed", 0)
    made = Question(
        name, inputs_hash(unseeded, question), code_version(), seed, question, scenario_yaml.dump(unseeded),
        tuple(METRICS),
    )  # fmt: skip
    return made, kept.begin(made, (), replications)


def check_sound(asked: Asked) -> None:
    """Raises :class:`ScenarioError` with what is wrong at the ends, or at some level, of a knob, before any run."""
    prepare(asked.scenario)
    for path, knob in asked.spec.over.items():
        levels = knob.levels or (knob.at(0.0), knob.at(1.0))
        step = max(1, (len(levels) - 1) // _ENDS)
        for value in dict.fromkeys((*range(0, len(levels), step), len(levels) - 1)):
            _check(asked.scenario, path, levels[value])


def _check(scenario: Scenario, path: str, value: Any) -> None:
    from dataclasses import replace

    told = f"{path}={value}"
    try:
        prepare(changed(scenario, [(path, value)], told))
    except ScenarioError as error:
        raise ScenarioError(replace(problem, file=told, line=0, col=0) for problem in error.found) from None
