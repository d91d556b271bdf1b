"""What an optimisation comes to: the points that were tried, the best, and what it is worth on fresh seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from batchsim._version import __version__
from batchsim.errors import ExperimentError
from batchsim.experiments.comparison import Comparison, Row, _estimate, explained
from batchsim.experiments.front import knee_of
from batchsim.experiments.optimising.goals import Constraint, Goals, Objective
from batchsim.experiments.optimising.plan import Plan
from batchsim.experiments.optimising.search import BATCH, Search, Trial
from batchsim.experiments.paired import Floats, spread
from batchsim.experiments.store_rows import Question
from batchsim.experiments.study import _cell, _table
from batchsim.simulation import run
from batchsim.spec.optimise import OptimiseSpec
from batchsim.spec.paths import with_values

if TYPE_CHECKING:
    import pandas as pd

    from batchsim.report.plots.optimisation import OptimisationPlots
    from batchsim.result import Result

TRIALS, WINNER, FRONT = "trials", "winner", "front"
"""The tables of an optimisation's folder."""


@dataclass(frozen=True, eq=False, repr=False)
class Optimisation:
    """The best of many points of a scenario, and the way there. Made by :func:`batchsim.optimise`."""

    question: Question
    spec: OptimiseSpec
    goals: Goals
    plan: Plan
    search: Search
    """How it ended: every point with its runs."""
    chosen: tuple[Trial, ...]
    """The winner, or the Pareto set; where no point meets the constraints, the nearest."""
    fresh: Comparison
    """The chosen points against the baseline, the scenario as it stands, over replications of a seed of their own."""
    optuna: str
    """Version of the library that proposed the points."""

    def __repr__(self) -> str:
        goals = ", ".join(f"{each.goal} {each.metric.name}" for each in self.goals.objectives)
        return f"<Optimisation {self.name}: {goals}; {len(self.search.trials)} points, seed {self.seed}>"

    @property
    def name(self) -> str:
        """Under which the store keeps it."""
        return self.question.name

    @property
    def seed(self) -> int:
        """Of the runs that chose."""
        return self.question.seed

    @property
    def is_found(self) -> bool:
        """Whether some point met all constraints in the search."""
        return bool(self.search.winners)

    @property
    def is_met(self) -> bool:
        """Whether the winner (of a Pareto set, one of its points) meets all constraints on fresh seeds, too."""
        return self.is_found and any(self._holds(name) for name in self.fresh.names[1:])

    @property
    def settings(self) -> dict[str, Any]:
        """Paths and values of the winner; of a Pareto set those of its knee, if it has one, else of its first point.

        Raises :class:`ExperimentError` if no point meets the constraints.
        """
        if not self.is_found:
            raise ExperimentError("no point that was tried meets the constraints; .winner has the nearest")
        knee = self.summary()["knee"]
        best = self.chosen[0] if knee is None else self.search.trials[knee]
        return dict(best.settings)

    @cached_property
    def trials(self) -> pd.DataFrame:
        """One row a point: knobs, n (replications), status, why, each objective and constraint with its interval."""
        return _table([_flat(row) for row in self._trials], tuple(self.spec.over))

    @cached_property
    def winner(self) -> pd.DataFrame:
        """On fresh seeds, one row a metric and chosen point: both means, paired difference, percent, with intervals."""
        return self.fresh.differences

    @cached_property
    def front(self) -> pd.DataFrame:
        """The chosen points: one row each, knobs, objectives and constraints on fresh seeds, and whether they hold."""
        rows = [{"point": trial.number, **dict(_cells(trial)), **self._fresh_row(name)}
                for trial, name in zip(self.chosen, self.fresh.names[1:], strict=True)]  # fmt: skip
        return _table(rows, tuple(self.spec.over))

    @property
    def plot(self) -> OptimisationPlots:
        """The plots: ``found.plot.history().figure.savefig("history.png")``."""
        from batchsim.report.plots.optimisation import OptimisationPlots

        return OptimisationPlots(self.summary())

    def sentences(self) -> list[str]:
        """What can be said."""
        return list(self._summary["sentences"])

    def notes(self) -> list[str]:
        """What a reader must know."""
        return list(self._summary["notes"])

    def summary(self) -> dict[str, Any]:
        """The figures of ``optimisation.json``: plain JSON values."""
        return self._summary

    def report(self, width: int = 100) -> str:
        """The terminal report as plain text, at most ``width`` characters wide."""
        from batchsim.report.optimisation_sections import ORDER
        from batchsim.report.terminal import report_text

        return report_text(self.summary(), width, ORDER)

    def replay(self, point: int, replication: int = 0) -> Result:
        """Run one replication of a point of the search again.

        Raises :class:`ExperimentError` for one that was not run.
        """
        trials = self.search.trials
        if not (0 <= point < len(trials) and 0 <= replication < trials[point].n):
            raise ExperimentError(f"no replication {replication} of point {point}")
        scenario = with_values(self.search.hands.scenario, trials[point].settings)
        return run(scenario, seed=self.seed, replication=replication)

    def write(self, folder: str | PathLike[str], *, force: bool = False) -> None:
        """Write ``optimisation.json``, ``report.html``, the tables as CSV and the winner's scenario, all or none.

        Raises :class:`~batchsim.errors.OutputError` as :meth:`Result.write` does.
        """
        from batchsim.formats import result_folder

        result_folder.write(Path(folder), self.files(), force=force)

    def files(self) -> dict[str, Iterable[str]]:
        """The files of the folder by name, as pieces of text; what :meth:`write` writes."""
        from batchsim.formats import result_folder, scenario_yaml, table_csv
        from batchsim.report.columns import columns_of
        from batchsim.report.page.optimisation import optimisation_page
        from batchsim.report.summary_json import dumps

        tables = {TRIALS: self.trials, WINNER: self.winner, FRONT: self.front}
        scenarios = {
            result_folder.variant_file(at): (scenario_yaml.dump(variant.scenario),)
            for at, variant in enumerate(self.fresh.variants)
        }
        return {
            result_folder.OPTIMISATION: (dumps(self.summary()),),
            **{
                f"{name}.csv": table_csv.lines(columns_of(table), lambda _: table_csv.AS_NEEDED)
                for name, table in tables.items()
            },
            result_folder.PAGE: (optimisation_page(self.summary()),),
            **scenarios,
        }

    def _repr_html_(self) -> str:
        from batchsim.report.optimisation_html import html

        return html(self.summary())

    # -- figures

    @cached_property
    def _summary(self) -> dict[str, Any]:
        from batchsim.report.optimisation_words import notes, sentences

        comparison = self.fresh.summary()
        page: dict[str, Any] = {
            "optimisation": self._about(),
            "objectives": [{"metric": each.metric.name, "goal": each.goal, **explained(each.metric.name)}
                           for each in self.goals.objectives],
            "constraints": [{"constraint": str(each), "metric": each.metric.name, "unit": each.unit}
                            for each in self.goals.constraints],
            "knobs": list(self.spec.over),
            "asked": dict(self.question.asked),
            "trials": self._trials,
            "found": self.is_found,
            "met": self.is_met,
            "chosen": [trial.number for trial in self.chosen],
            "knee": self._knee,
            "equals": self._equals,
            "fresh": {key: comparison[key] for key in ("run", "variants", "metrics", "table", "differences", "failed")},
            "verdicts": [row for name in self.fresh.names for row in self._verdicts(name)],
            "failed": [{"point": self._trial_of(p), "replication": r, "why": why}
                       for p, r, why in self.search.hands.failed],
        }  # fmt: skip
        return {**page, "sentences": sentences(page), "notes": notes(page)}

    def _about(self) -> Row:
        fresh = self.fresh.measured
        return {
            "name": self.name, "points": len(self.search.trials), "runs": self.search.runs,
            "fresh_runs": int(fresh.shape[0] * fresh.shape[1]), "seed": self.seed, "fresh_seed": self.fresh.seed,
            "first": self.search.rules.stages[0], "replications": self.plan.replications,
            "look": self.plan.look, "looked": self.search.is_looked, "fresh": self.fresh.replications,
            "risk": self.spec.risk, "batch": BATCH, "confidence": self.spec.confidence, "ended": self.search.ended,
            "shared": self.search.proposals.is_shared, "scenario_hash": self.question.scenario_hash,
            "code": self.question.code, "optuna": self.optuna, "batchsim": __version__,
        }  # fmt: skip

    @cached_property
    def _trials(self) -> list[Row]:
        return [self._trial_row(trial) for trial in self.search.trials]

    def _trial_row(self, trial: Trial) -> Row:
        level = self.spec.confidence
        return {
            "point": trial.number,
            "settings": dict(trial.settings),
            "n": trial.n,
            "status": self._status(trial),
            "why": trial.broken or (f"point {trial.beaten_by.number}" if trial.beaten_by else ""),
            "objectives": [
                {
                    "metric": each.metric.name,
                    **_mean(trial.column(self.goals.column(each), self.plan.replications), level),
                }
                for each in self.goals.objectives
            ],
            "constraints": [self._held(each, trial.column(self.goals.column(each))) for each in self.goals.constraints],
        }

    def _status(self, trial: Trial) -> str:
        """``chosen``, ``kept`` (may be as good), ``beaten``, ``broken``, or ``cut`` short by the limit of runs."""
        if trial.broken:
            return "broken"
        if trial.beaten_by is not None:
            return "beaten"
        if self.is_found and trial in self.chosen:
            return "chosen"
        return "kept" if self.search.rules.is_whole(trial) else "cut"

    def _held(self, each: Constraint, values: Floats) -> Row:
        found = each.estimate(values, self.spec.confidence)
        return {"constraint": str(each), **_estimate("value", found), "holds": each.holds(values)}

    @cached_property
    def _knee(self) -> int | None:
        """The point of a front of two objectives where it bends most."""
        if len(self.goals.objectives) != 2 or not self.is_found:
            return None
        rules = self.search.rules
        scores = np.array([[rules.score(each, at) for at in range(2)] for each in self.chosen])
        at = knee_of(scores)
        return None if at is None else self.chosen[at].number

    @cached_property
    def _equals(self) -> list[int]:
        """Points that ran all replications and are not shown to be worse than the winner (of one objective)."""
        if len(self.goals.objectives) > 1 or not self.is_found:
            return []
        best, rules, level = self.chosen[0], self.search.rules, (1 - self.spec.confidence) / 2
        kept = [each for each in self.search.trials if each.is_in and each.fits and rules.is_whole(each)]
        return [each.number for each in kept if each is not best and not rules.is_shown_better(best, each, level)]

    def _trial_of(self, point: int) -> int:
        return next(each.number for each in self.search.trials if each.point == point)

    # -- fresh seeds

    def _fresh_values(self, name: str, each: Objective | Constraint) -> Floats:
        """Of the runs that came to their end."""
        at = self.fresh.names.index(name)
        column: Floats = self.fresh.measured[at, :, self.fresh.metrics.index(each.metric.name)]
        gone = [run.replication for run in self.fresh.failed if run.scenario == at]
        return np.delete(column, gone)

    def _verdicts(self, name: str) -> list[Row]:
        return [
            {"variant": name, **self._held(each, values), "sure": self._is_sure(each, values)}
            for each in self.goals.constraints
            for values in [self._fresh_values(name, each)]
        ]

    def _is_sure(self, each: Constraint, values: Floats) -> bool:
        """Whether both ends of the interval answer alike."""
        found = each.estimate(values, self.spec.confidence)
        if found is None or found.low is None or found.high is None:
            return False
        return each.accepts(found.low) == each.accepts(found.high)

    def _holds(self, name: str) -> bool:
        defined = all(not np.isnan(self._fresh_values(name, each)).any() for each in self.goals.objectives)
        return defined and all(row["holds"] for row in self._verdicts(name))

    def _fresh_row(self, name: str) -> Row:
        row: Row = {"variant": name}
        for each in self.goals.objectives:
            row.update(_estimate(each.metric.name, _spread(self._fresh_values(name, each), self.spec.confidence)))
        for verdict in self._verdicts(name):
            text = verdict["constraint"]
            row.update(
                {text: verdict["value"], f"{text} low": verdict["value_low"], f"{text} high": verdict["value_high"]}
            )
        return {**row, "holds": self._holds(name)}


def _spread(values: Floats, level: float) -> Any:
    held = spread(values, level) if len(values) and not np.isnan(values).any() else None
    return held.mean if held else None


def _mean(values: Floats, level: float) -> Row:
    return _estimate("mean", _spread(values, level))


def _cells(trial: Trial) -> Iterable[tuple[str, Any]]:
    return ((path, _cell(value)) for path, value in trial.settings)


def _flat(row: Mapping[str, Any]) -> Row:
    """A point as one row of a table."""
    flat: Row = {"point": row["point"], **{path: _cell(value) for path, value in row["settings"].items()}}
    flat.update({key: row[key] for key in ("n", "status", "why")})
    for each in row["objectives"]:
        name = each["metric"]
        flat.update({name: each["mean"], f"{name}_low": each["mean_low"], f"{name}_high": each["mean_high"]})
    for each in row["constraints"]:
        text = each["constraint"]
        flat.update({text: each["value"], f"{text} low": each["value_low"], f"{text} high": each["value_high"]})
    return flat
