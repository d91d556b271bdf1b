"""What a study comes to: the metrics of every point and replication, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from batchsim._version import __version__
from batchsim.analysis.metrics import METRICS
from batchsim.errors import ExperimentError
from batchsim.experiments.chances import chances
from batchsim.experiments.comparison import THRESHOLDS, Row, _estimate, _frame, explained, frame_of, spread_row
from batchsim.experiments.design import Settings
from batchsim.experiments.effects import Effects, effects_of
from batchsim.experiments.front import Front, front_of
from batchsim.experiments.paired import Floats
from batchsim.experiments.precision import Stop
from batchsim.experiments.store_rows import Question
from batchsim.simulation import run
from batchsim.spec import Scenario
from batchsim.spec.paths import with_values

if TYPE_CHECKING:
    import pandas as pd

    from batchsim.report.plots.study import StudyPlots
    from batchsim.result import Result

RUNS, POINTS, LEVELS, SHARES, CHANCES = "runs", "points", "levels", "shares", "thresholds"
"""The tables of a study's folder."""


@dataclass(frozen=True, eq=False, repr=False)
class Study:
    """Points of a scenario side by side. Made by :func:`batchsim.sweep`.

    Replication r of all points drew the same random numbers (common random numbers).
    """

    question: Question
    design: str
    points: tuple[Settings, ...]
    """Paths and values of each point, in the order of the design; a point's number is its place here."""
    metrics: tuple[str, ...]
    front_of: tuple[str, str]
    """The two metrics of the Pareto front."""
    confidence: float
    """Of each interval by itself."""
    measured: Floats
    """Shape (points, replications, metrics); NaN where a run does not define a metric, or failed."""
    failed: tuple[tuple[int, int, str], ...] = ()
    """Point, replication and reason of each run that crashed or hung twice."""
    scenario: Scenario | None = None
    """Before anything varies; None of a study that was read from its store alone."""
    stop: Stop | None = None
    """Where sequential sampling ended, if a precision was asked for."""

    def __repr__(self) -> str:
        points, replications = self.measured.shape[:2]
        return f"<Study {self.name}: {points} points, {replications} replications, seed {self.seed}>"

    @property
    def name(self) -> str:
        """Under which the store keeps it."""
        return self.question.name

    @property
    def seed(self) -> int:
        """Of all runs."""
        return self.question.seed

    @property
    def replications(self) -> int:
        """Of each point."""
        return int(self.measured.shape[1])

    @property
    def paths(self) -> tuple[str, ...]:
        """What varies."""
        return tuple(path for path, _ in self.points[0])

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row a point and replication: both, a column a knob, a column a metric (NaN = undefined)."""
        import pandas as pd

        points, replications, metrics = self.measured.shape
        columns: dict[str, Any] = {
            "point": np.repeat(np.arange(points), replications),
            "replication": np.tile(np.arange(replications), points),
        }
        for at, path in enumerate(self.paths):
            columns[path] = [_cell(settings[at][1]) for settings in self.points for _ in range(replications)]
        flat = self.measured.reshape(points * replications, metrics)
        columns.update({name: flat[:, at] for at, name in enumerate(self.metrics)})
        return pd.DataFrame(columns)

    @cached_property
    def means(self) -> pd.DataFrame:
        """One row a point and metric: knobs, n, mean with its t interval, sd, least and most."""
        knobs = [{path: _cell(value) for path, value in settings} for settings in self.points]
        return _table([{"point": row["point"], **knobs[row["point"]], **row} for row in self._means], self.paths)

    @cached_property
    def thresholds(self) -> pd.DataFrame:
        """One row a point and threshold of the scenario: n, met, and the probability with Wilson's interval."""
        return frame_of(self._thresholds, THRESHOLDS, "point")

    @property
    def plot(self) -> StudyPlots:
        """The plots: ``study.plot.front().figure.savefig("front.png")``."""
        from batchsim.report.plots.study import StudyPlots

        return StudyPlots(self.summary())

    @cached_property
    def levels(self) -> pd.DataFrame:
        """Main effects: one row a metric, knob and level, with the t interval over replications."""
        return _table([row for rows in self._effects for row in rows["levels"]])

    @cached_property
    def shares(self) -> pd.DataFrame:
        """Which knob matters: one row a metric and knob, or pair of knobs, with its share of what points differ by."""
        rows = [row for rows in self._effects for row in (*rows["knobs"], *rows["pairs"])]
        return _table([{**row, "knobs": " x ".join(row["knobs"])} for row in rows])

    @cached_property
    def front(self) -> pd.DataFrame:
        """The Pareto front: a row a point, its knobs, both metrics, and whether it is the knee."""
        rows = [
            {**{path: _cell(value) for path, value in self.points[row["point"]]}, **row}
            for row in self.summary()["front"]["points"]
        ]
        return _table(rows, self.paths)

    def summary(self) -> dict[str, Any]:
        """The figures of ``study.json``: plain JSON values."""
        return self._summary

    def sentences(self) -> list[str]:
        """What can be said."""
        return list(self._summary["sentences"])

    def notes(self) -> list[str]:
        """What a reader must know."""
        return list(self._summary["notes"])

    def report(self, width: int = 100) -> str:
        """The terminal report as plain text, at most ``width`` characters wide."""
        from batchsim.report.study_sections import ORDER
        from batchsim.report.terminal import report_text

        return report_text(self.summary(), width, ORDER)

    def replay(self, point: int, replication: int = 0) -> Result:
        """Run one replication of a point again, for all that a single result can tell.

        Raises :class:`ExperimentError` for one that was not run, and without the scenario.
        """
        if self.scenario is None:
            raise ExperimentError("a study that was read from its store has no scenario to run")
        if not (0 <= point < len(self.points) and 0 <= replication < self.replications):
            raise ExperimentError(f"no replication {replication} of point {point}")
        return run(with_values(self.scenario, self.points[point]), seed=self.seed, replication=replication)

    def write(self, folder: str | PathLike[str], *, force: bool = False) -> None:
        """Write ``study.json``, ``report.html`` and the tables as CSV, all or none.

        Raises :class:`~batchsim.errors.OutputError` as :meth:`Result.write` does.
        """
        from batchsim.formats import result_folder

        result_folder.write(Path(folder), self.files(), force=force)

    def files(self) -> dict[str, Iterable[str]]:
        """The files of the folder by name, as pieces of text; what :meth:`write` writes."""
        from batchsim.formats import result_folder, table_csv
        from batchsim.report.columns import columns_of
        from batchsim.report.page.study import study_page
        from batchsim.report.summary_json import dumps

        tables = {
            RUNS: self.runs,
            POINTS: self.means,
            LEVELS: self.levels,
            SHARES: self.shares,
            CHANCES: self.thresholds,
        }
        return {
            result_folder.STUDY: (dumps(self.summary()),),
            **{
                f"{name}.csv": table_csv.lines(columns_of(table), lambda _: table_csv.AS_NEEDED)
                for name, table in tables.items()
            },
            result_folder.PAGE: (study_page(self.summary()),),
            result_folder.SCENARIO: (self.question.scenario,),
        }

    def _repr_html_(self) -> str:
        from batchsim.report.study_html import html

        return html(self.summary())

    @cached_property
    def _summary(self) -> dict[str, Any]:
        from batchsim.report.study_words import notes, sentences

        page: dict[str, Any] = {
            "study": {
                "name": self.name,
                "design": self.design,
                "points": len(self.points),
                "replications": self.replications,
                "seed": self.seed,
                "confidence": self.confidence,
                "scenario_hash": self.question.scenario_hash,
                "code": self.question.code,
                "batchsim": __version__,
            },
            "knobs": list(self.paths),
            "asked": dict(self.question.asked),
            "metrics": {name: explained(name) for name in self.metrics},
            "points": [{"point": at, "settings": dict(settings)} for at, settings in enumerate(self.points)],
            "means": self._means,
            "front": self._front,
            "effects": self._effects,
            "thresholds": self._thresholds,
            "precision": self.stop.row() if self.stop else None,
            "failed": [{"point": p, "replication": r, "why": why} for p, r, why in self.failed],
        }
        return {**page, "sentences": sentences(page), "notes": notes(page)}

    @cached_property
    def _means(self) -> list[Row]:
        return [
            self._mean_row(point, at, metric)
            for point in range(len(self.points))
            for at, metric in enumerate(self.metrics)
        ]

    def _mean_row(self, point: int, at: int, metric: str) -> Row:
        row = spread_row(metric, self.measured[point, :, at], self.confidence, self.seed)
        return {"point": point, "metric": metric, **row}

    @cached_property
    def _thresholds(self) -> list[Row]:
        """Each point's chances of meeting the thresholds of the scenario."""
        rows = []
        for point, limits in enumerate(self._limits()):
            lost = [replication for where, replication, _ in self.failed if where == point]
            found = chances(limits, self.metrics, self.measured[point], self.confidence, lost)
            rows += [{"point": point, **row} for row in found]
        return rows

    def _limits(self) -> list[Mapping[str, str]]:
        """The thresholds at each point: thresholds can vary, too."""
        if self.scenario is None:
            return []
        varies = any(path.partition(".")[0] == "thresholds" for path in self.paths)
        if not varies:
            return [self.scenario.thresholds] * len(self.points)
        return [with_values(self.scenario, settings).thresholds for settings in self.points]

    @cached_property
    def _front(self) -> Row:
        places = [self.metrics.index(name) for name in self.front_of]
        signs = [1 if METRICS[name].better == "lower" else -1 for name in self.front_of]
        first, second = (self.measured[:, :, at] for at in places)
        found: Front = front_of(first, second, (signs[0], signs[1]), self.confidence)
        means = {(row["point"], row["metric"]): row["mean"] for row in self._means}
        return {
            "metrics": list(self.front_of),
            "points": [
                {"point": point, **{name: means[point, name] for name in self.front_of}, "knee": point == found.knee}
                for point in found.points
            ],
            "knee": found.knee,
            "beaten": [
                {"point": point, "by": by, "shown": point in found.shown} for point, by in found.beaten_by.items()
            ],
            "left_out": list(found.left_out),
        }

    @cached_property
    def _effects(self) -> list[Row]:
        values = [[value for _, value in settings] for settings in self.points]
        return [
            _effect_rows(name, effects_of(self.paths, values, self.measured[:, :, at], self.confidence))
            for at, name in enumerate(self.metrics)
        ]


def _effect_rows(metric: str, found: Effects) -> Row:
    unit = METRICS[metric].unit
    levels = [
        {"metric": metric, "unit": unit, "knob": each.path, "level": each.level, "n": each.n, "mean": each.mean,
         **_estimate("effect", each.effect)}
        for each in found.levels
    ]  # fmt: skip
    knobs, pairs = (
        [{"metric": metric, "knobs": list(each.paths), "share": each.share} for each in shares]
        for shares in (found.knobs, found.pairs)
    )
    return {
        "metric": metric,
        "points": found.points,
        "exact": found.is_balanced,
        "levels": levels,
        "knobs": knobs,
        "pairs": pairs,
    }


def _cell(value: Any) -> Any:
    """A knob's value in a table: a number as it is, everything else as text."""
    from batchsim.experiments.effects import told

    return value if isinstance(value, int | float) and not isinstance(value, bool) else told(value)


def _table(rows: list[Mapping[str, Any]] | list[Row], as_they_are: Iterable[str] = ()) -> pd.DataFrame:
    """Rows as a frame; numbers that there are not are NaN."""
    frame = _frame([{key: value for key, value in row.items() if key not in as_they_are} for row in rows])
    for at, path in enumerate(as_they_are):
        frame.insert(at + 1 if "point" in frame.columns else at, path, [row[path] for row in rows])
    return frame
