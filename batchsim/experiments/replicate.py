"""``batchsim.replicate``: one scenario over many replications, each metric with its mean and interval."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batchsim._version import __version__
from batchsim.experiments import pilot as pilots
from batchsim.experiments import precision as stopping
from batchsim.experiments import replications as runs
from batchsim.experiments.chances import chances, metrics_with, watched
from batchsim.experiments.compare import metric_names
from batchsim.experiments.comparison import EXACT, THRESHOLDS, Row, explained, frame_of, spread_row
from batchsim.experiments.paired import Floats
from batchsim.experiments.pilot import Pilot
from batchsim.experiments.precision import Stop
from batchsim.experiments.variants import Own
from batchsim.formats import scenario_yaml
from batchsim.simulation import replaced_by
from batchsim.spec import Scenario, scenario_hash
from batchsim.spec.precision import Precision

if TYPE_CHECKING:
    import pandas as pd

    from batchsim.report.plots.replicate import ReplicationPlots


@dataclass(frozen=True, eq=False, repr=False)
class Replications:
    """The metrics of one scenario over its replications. Made by :func:`batchsim.replicate`."""

    scenario: Scenario
    metrics: tuple[str, ...]
    seed: int
    confidence: float
    measured: Floats
    """Shape (replications, metrics); NaN where a run does not define a metric."""
    failed: tuple[runs.FailedRun, ...] = ()
    """Runs that crashed or hung twice: undefined in everything."""
    stop: Stop | None = None
    """Where sequential sampling ended, if a precision was asked for."""
    pilot: Pilot | None = None
    """Where the warm-up was found to end, if the scenario leaves that open."""
    policies: Own | None = None

    def __repr__(self) -> str:
        return f"<{len(self.measured)} replications of {self.scenario.name or 'a scenario'}, seed {self.seed}>"

    @cached_property
    def values(self) -> pd.DataFrame:
        """One row a replication, one column a metric; NaN = undefined."""
        import pandas as pd

        return pd.DataFrame(self.measured, columns=list(self.metrics)).rename_axis("replication")

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a metric: n, mean and its interval (none of one replication) and how it was made, sd, range."""
        return frame_of(self._table, (), "metric").set_index("metric")

    @cached_property
    def thresholds(self) -> pd.DataFrame:
        """One row a threshold of the scenario: n, met, and the probability with Wilson's interval."""
        return frame_of(self._thresholds, THRESHOLDS[1:], "metric")

    @property
    def plot(self) -> ReplicationPlots:
        """The plots: ``replications.plot.spread("cost_usd").figure.savefig("cost.png")``."""
        from batchsim.report.plots.replicate import ReplicationPlots

        return ReplicationPlots(self.summary(), self.values)

    def summary(self) -> dict[str, Any]:
        """The figures of ``replications.json``: plain JSON values."""
        return self._summary

    def sentences(self) -> list[str]:
        """What can be said."""
        return list(self._summary["sentences"])

    def notes(self) -> list[str]:
        """What a reader must know."""
        return list(self._summary["notes"])

    def report(self, width: int = 100) -> str:
        """The terminal report as plain text, at most ``width`` characters wide."""
        from batchsim.report.replicate_sections import ORDER
        from batchsim.report.terminal import report_text

        return report_text(self.summary(), width, ORDER)

    def write(self, folder: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write ``replications.json``, ``report.html``, the tables as CSV and the scenario, all or none.

        Raises :class:`~batchsim.errors.OutputError` as :meth:`Result.write` does.
        """
        from batchsim.formats import result_folder

        result_folder.write(Path(folder), self.files(), force=force)

    def files(self) -> dict[str, Iterable[str]]:
        """The files of the folder by name, as pieces of text; what :meth:`write` writes."""
        from batchsim.formats import result_folder, table_csv
        from batchsim.report.columns import columns_of
        from batchsim.report.summary_json import dumps

        tables = {"table": self.table.reset_index(), "thresholds": self.thresholds, "values": self.values.reset_index()}
        seeded = self.scenario.with_("simulation.seed", self.seed)
        return {
            result_folder.REPLICATIONS: (dumps(self.summary()),),
            **{f"{name}.csv": table_csv.lines(columns_of(table), lambda _: EXACT) for name, table in tables.items()},
            result_folder.SCENARIO: (scenario_yaml.dump(seeded),),
            result_folder.PAGE: self._page(),
        }

    def _page(self) -> Iterator[str]:
        """The replications as a page, made when it is written."""
        from batchsim.report.page.replicate import replications_page

        yield replications_page(self.summary())

    def _repr_html_(self) -> str:
        from batchsim.report.replicate_html import html

        return html(self.summary())

    @cached_property
    def _table(self) -> list[Row]:
        return [
            {"metric": name, **spread_row(name, self.measured[:, at], self.confidence, self.seed)}
            for at, name in enumerate(self.metrics)
        ]

    @cached_property
    def _thresholds(self) -> list[Row]:
        lost = [run.replication for run in self.failed]
        return chances(self.scenario.thresholds, self.metrics, self.measured, self.confidence, lost)

    @cached_property
    def _summary(self) -> dict[str, Any]:
        from batchsim.report.replicate_words import notes, sentences

        page: dict[str, Any] = {
            "run": {
                "scenario": self.scenario.name,
                "scenario_hash": scenario_hash(self.scenario),
                "policies": replaced_by(self.policies),
                "seed": self.seed,
                "replications": len(self.measured),
                "confidence": self.confidence,
                "batchsim": __version__,
            },
            "failed": [{"replication": run.replication, "why": run.why} for run in self.failed],
            "metrics": {name: explained(name) for name in self.metrics},
            "thresholds": self._thresholds,
            "table": self._table,
            "precision": self.stop.row() if self.stop else None,
            "warmup": self.pilot.row() if self.pilot else None,
        }
        return {**page, "sentences": sentences(page), "notes": notes(page)}


def replicate(  # noqa: PLR0913 (what is run, how often, and how)
    scenario: Scenario | str | os.PathLike[str],
    *,
    metrics: Iterable[str] | None = None,
    replications: int | None = None,
    precision: stopping.Given | None = None,
    seed: int | None = None,
    confidence: float = 0.95,
    policies: Own | None = None,
    workers: int = 1,
    run_limit_s: float | None = None,
    told: runs.Told = lambda: None,
) -> Replications:
    """Run a scenario, or the one in a file, many times with other random numbers; options as of ``compare``.

    With a ``precision`` the mean itself is what must be known well enough. ``policies`` as of ``run``.

    Raises :class:`ScenarioError` with what is wrong in the scenario, :class:`ExperimentError` for bad options.
    """
    asked = stopping.read(precision, replications)
    runs.check_counts(runs.DEFAULT if replications is None else replications, workers, run_limit_s)
    given = scenario if isinstance(scenario, Scenario) else scenario_yaml.load(scenario)
    wanted = metrics_with(metric_names(metrics), [*([asked.metric] if asked else []), *watched(given)])
    settled = runs.settled_seed(seed, given)
    (warm,), pilot = pilots.settled([given], [policies], settled)
    sampled = runs.Sampling((warm,), wanted, settled, (policies,), workers, run_limit_s, told)
    if asked is None:
        measured, stop = sampled.measure(replications or runs.DEFAULT), None
    else:
        of = partial(_stop, asked, wanted.index(asked.metric), settled)
        measured, stop = stopping.sampled(asked, sampled.measure, of)
    return Replications(warm, wanted, settled, confidence, measured.values[0], measured.failed, stop, pilot, policies)


def _stop(asked: Precision, at: int, seed: int, known: runs.Measured) -> Stop:
    """How well the mean of one metric is known."""
    return stopping.of_means(asked, [known.values[0, :, at]], seed, known.values.shape[1])
