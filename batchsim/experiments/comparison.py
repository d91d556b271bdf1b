"""What a comparison comes to: the metrics of every variant and replication, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
from batchsim.experiments.conditions import Basis, Verdict, judge, parse_condition
from batchsim.experiments.intervals import spread_of
from batchsim.experiments.paired import Estimate, Floats, Spread, bonferroni, defined_in_both, paired
from batchsim.experiments.pilot import Pilot
from batchsim.experiments.precision import Stop
from batchsim.experiments.replications import FailedRun
from batchsim.experiments.variants import Variant
from batchsim.simulation import replaced_by, run
from batchsim.spec import Scenario, scenario_hash
from batchsim.spec.near import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from batchsim.report.plots.comparison import ComparisonPlots
    from batchsim.result import Result

Row = dict[str, Any]
"""One row of a table: plain JSON values, None for what there is not."""


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Variants of a night's work side by side, the first of them the baseline. Made by :func:`batchsim.compare`.

    Replication r of all variants drew the same random numbers, so differences are taken replication by replication.
    """

    variants: tuple[Variant, ...]
    metrics: tuple[str, ...]
    seed: int
    confidence: float
    """With which the intervals of all variants hold together, for one metric."""
    measured: Floats
    """Shape (variants, replications, metrics); NaN where a run does not define a metric."""
    failed: tuple[FailedRun, ...] = ()
    """Runs that crashed or hung twice: undefined in everything."""
    stop: Stop | None = None
    """Where sequential sampling ended, if a precision was asked for."""
    pilot: Pilot | None = None
    """Where the warm-up was found to end, if some scenario leaves that open."""

    def __repr__(self) -> str:
        names = ", ".join(self.names[1:])
        return f"<Comparison of {names} against {self.baseline}: {self.replications} replications, seed {self.seed}>"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the variants, the baseline's first."""
        return tuple(variant.name for variant in self.variants)

    @property
    def baseline(self) -> str:
        """The name of the variant that the others are compared with."""
        return self.names[0]

    @property
    def replications(self) -> int:
        """How often each variant ran."""
        return int(self.measured.shape[1])

    @property
    def level(self) -> float:
        """Of each single interval of a difference: Bonferroni's, where several variants meet one baseline."""
        return bonferroni(self.confidence, len(self.variants) - 1)

    @cached_property
    def values(self) -> pd.DataFrame:
        """One row a variant, replication and metric: ``variant, replication, metric, value``; NaN = undefined."""
        import pandas as pd

        variants, replications, metrics = self.measured.shape
        return pd.DataFrame(
            {
                "variant": np.repeat(np.array(self.names, dtype=object), replications * metrics),
                "replication": np.tile(np.repeat(np.arange(replications), metrics), variants),
                "metric": np.tile(np.array(self.metrics, dtype=object), variants * replications),
                "value": self.measured.ravel(),
            }
        )

    @cached_property
    def table(self) -> pd.DataFrame:
        """Metric x variant: mean with its interval, sd, range; difference to the baseline and percent with theirs."""
        return _frame(self._table)

    @cached_property
    def differences(self) -> pd.DataFrame:
        """One row a metric and variant but the baseline: the paired difference and all that is known of it."""
        return _frame(self._differences)

    @cached_property
    def thresholds(self) -> pd.DataFrame:
        """One row a variant and threshold of its scenario: n, met, and the probability with Wilson's interval."""
        return frame_of(self._thresholds, THRESHOLDS)

    @property
    def plot(self) -> ComparisonPlots:
        """The plots: ``comparison.plot.bars("cost_usd").figure.savefig("cost.png")``."""
        from batchsim.report.plots.comparison import ComparisonPlots

        return ComparisonPlots(self.summary())

    def sentences(self) -> list[str]:
        """What can be said, a direction only where the interval excludes zero."""
        from batchsim.report.comparison_words import sentences

        return sentences(self.summary())

    def notes(self) -> list[str]:
        """What a reader must know: few replications, undefined metrics, pairs that did not help."""
        from batchsim.report.comparison_words import notes

        return notes(self.summary())

    def summary(self) -> dict[str, Any]:
        """The figures of ``comparison.json``: plain JSON values."""
        return self._summary

    def report(self, width: int = 100) -> str:
        """The terminal report as plain text, at most ``width`` characters wide."""
        from batchsim.report.comparison_sections import ORDER
        from batchsim.report.terminal import report_text

        return report_text(self.summary(), width, ORDER)

    def judge(self, condition: str, basis: Basis = "mean") -> list[Verdict]:
        """Hold each variant but the baseline to a condition, as ``cost_usd > +10%``; see ``--fail-if``.

        Raises ``ValueError`` for a condition that cannot be read, :class:`ExperimentError` for a metric that was not
        compared.
        """
        wanted = parse_condition(condition)
        name = wanted.metric.name
        if name not in self.metrics:
            raise ExperimentError(f"{name} was not compared; compared were {', '.join(self.metrics)}")
        spreads = {(row["metric"], row["variant"]): row for row in self._table}
        rows = [row for row in self._differences if row["metric"] == name]
        return [judge(wanted, row, spreads[name, row["variant"]], basis) for row in rows]

    def replay(self, variant: str, replication: int = 0) -> Result:
        """Run one replication of a variant again, for all that a single result can tell.

        Raises :class:`ExperimentError` for one that was not run.
        """
        found = next((each for each in self.variants if each.name == variant), None)
        if found is None:
            raise ExperimentError(f"no variant {variant!r}. {did_you_mean(variant, self.names)}".strip())
        if not 0 <= replication < self.replications:
            raise ExperimentError(f"no replication {replication}; they are 0 to {self.replications - 1}")
        return run(found.scenario, seed=self.seed, replication=replication, policies=found.policies)

    def write(self, folder: str | PathLike[str], *, force: bool = False) -> None:
        """Write ``comparison.json``, ``report.html``, the tables as CSV and each variant's scenario, all or none.

        Raises :class:`~batchsim.errors.OutputError` as :meth:`Result.write` does.
        """
        from batchsim.formats import result_folder

        result_folder.write(Path(folder), self.files(), force=force)

    def files(self) -> dict[str, Iterable[str]]:
        """The files of the folder by name, as pieces of text; what :meth:`write` writes."""
        from batchsim.formats import result_folder, scenario_yaml, table_csv
        from batchsim.report.columns import columns_of
        from batchsim.report.summary_json import dumps

        files: dict[str, Iterable[str]] = {result_folder.COMPARISON: (dumps(self.summary()),)}
        for name in result_folder.COMPARISON_TABLES:
            files[f"{name}.csv"] = table_csv.lines(columns_of(getattr(self, name)), lambda _: EXACT)
        for number, variant in enumerate(self.variants):
            seeded = variant.scenario.with_("simulation.seed", self.seed)
            files[result_folder.variant_file(number)] = (scenario_yaml.dump(seeded),)
        files[result_folder.PAGE] = self._page()
        return files

    def _page(self) -> Iterator[str]:
        """The comparison as a page, made when it is written."""
        from batchsim.report.page.comparison import comparison_page

        yield comparison_page(self.summary())

    def _repr_html_(self) -> str:
        from batchsim.report.comparison_html import html

        return html(self.summary())

    @cached_property
    def _summary(self) -> dict[str, Any]:
        from batchsim.report.comparison_words import notes, sentences

        page: dict[str, Any] = {
            "run": {
                "baseline": self.baseline,
                "seed": self.seed,
                "replications": self.replications,
                "confidence": self.confidence,
                "level": self.level,
                "batchsim": __version__,
            },
            "failed": [self._failed_row(run) for run in self.failed],
            "variants": [_described(variant) for variant in self.variants],
            "metrics": {name: explained(name) for name in self.metrics},
            "table": self._table,
            "differences": self._differences,
            "thresholds": self._thresholds,
            "precision": self.stop.row() if self.stop else None,
            "warmup": self.pilot.row() if self.pilot else None,
        }
        return {**page, "sentences": sentences(page), "notes": notes(page)}

    def _failed_row(self, run: FailedRun) -> Row:
        return {"variant": self.names[run.scenario], "replication": run.replication, "why": run.why}

    @cached_property
    def _thresholds(self) -> list[Row]:
        """Each variant's chances of meeting the thresholds of its scenario."""
        return [
            {"variant": variant.name, **row}
            for at, variant in enumerate(self.variants)
            for row in chances(
                variant.scenario.thresholds, self.metrics, self.measured[at], self.confidence,
                [run.replication for run in self.failed if run.scenario == at],
            )
        ]  # fmt: skip

    @cached_property
    def _table(self) -> list[Row]:
        by_pair = {(row["metric"], row["variant"]): row for row in self._differences}
        return [
            self._spread_row(at, place, by_pair.get((metric, name)))
            for place, metric in enumerate(self.metrics)
            for at, name in enumerate(self.names)
        ]

    def _spread_row(self, variant: int, metric: int, difference: Mapping[str, Any] | None) -> Row:
        series = self.measured[variant, :, metric]
        name, kept = self.metrics[metric], difference or {}
        held = spread_row(name, series, self.confidence, self.seed)
        return {
            "metric": name,
            "unit": held["unit"],
            "variant": self.names[variant],
            **held,
            **{key: kept.get(key) for key in (*_DIFFERENCE, *_PERCENT, "different")},
        }

    @cached_property
    def _differences(self) -> list[Row]:
        return [
            self._difference_row(at, place) for place in range(len(self.metrics)) for at in range(1, len(self.variants))
        ]

    def _difference_row(self, variant: int, metric: int) -> Row:
        name = METRICS[self.metrics[metric]]
        baseline, series = self.measured[0, :, metric], self.measured[variant, :, metric]
        both = defined_in_both(baseline, series)
        pair = paired(baseline[both], series[both], self.level)
        higher = pair.higher if pair else None
        return {
            "metric": name.name,
            "unit": name.unit,
            "variant": self.names[variant],
            "n": pair.n if pair else 0,
            "undefined_here_only": int(np.count_nonzero(np.isnan(series) & ~np.isnan(baseline))),
            "undefined_in_baseline_only": int(np.count_nonzero(np.isnan(baseline) & ~np.isnan(series))),
            "baseline_mean": pair.baseline_mean if pair else None,
            "mean": pair.mean if pair else None,
            **_estimate("difference", pair.difference if pair else None),
            "sd": pair.sd if pair else None,
            **_estimate("percent", pair.percent if pair else None),
            "correlation": pair.correlation if pair else None,
            "better_share": higher if higher is None or name.better == "higher" else 1 - higher,
            "different": pair.different if pair else None,
        }


_DIFFERENCE = ("difference", "difference_low", "difference_high")
_PERCENT = ("percent", "percent_low", "percent_high")
EXACT = 12
"""Decimals of the tables' numbers: their unit hangs on the row, and a share or a dollar must not lose a digit."""


def _estimate(name: str, found: Estimate | None) -> Row:
    values = (found.value, found.low, found.high) if found else (None, None, None)
    return dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))


def spread_row(metric: str, series: Floats, confidence: float, seed: int) -> Row:
    """What the replications of a metric come to: unit, n, mean with its interval, sd, range."""
    held = spread_of(metric, series[~np.isnan(series)], confidence, seed)
    return {
        "unit": METRICS[metric].unit,
        "n": held.n if held else 0,
        "undefined": int(np.isnan(series).sum()),
        **_estimate("mean", held.mean if held else None),
        "interval": _method_told(held),
        "sd": held.sd if held else None,
        "least": held.least if held else None,
        "most": held.most if held else None,
    }


def _method_told(held: Spread | None) -> str | None:
    """``t`` or ``bca``; None where there is no interval."""
    return None if held is None or held.mean.low is None else held.method


def _described(variant: Variant) -> Row:
    scenario: Scenario = variant.scenario
    return {
        "name": variant.name,
        "scenario": scenario.name,
        "scenario_hash": scenario_hash(scenario),
        "policies": replaced_by(variant.policies),
    }


def explained(name: str) -> Row:
    """Unit, direction and meaning of a metric."""
    metric = METRICS[name]
    return {"unit": metric.unit, "better": metric.better, "what": metric.what}


THRESHOLDS = ("metric", "condition", "n", "met", "probability", "probability_low", "probability_high")
"""Columns of the tables of thresholds, after what tells whose they are."""


def frame_of(rows: list[Row], columns: Iterable[str], whose: str = "variant") -> pd.DataFrame:
    """Rows as a frame that has its columns even where there are no rows."""
    import pandas as pd

    return _frame(rows) if rows else pd.DataFrame(columns=[whose, *columns])


def _frame(rows: list[Row]) -> pd.DataFrame:
    """Rows as a frame; numbers that there are not are NaN."""
    import pandas as pd

    frame = pd.DataFrame(rows)
    texts = ("metric", "unit", "variant", "different", "interval", "condition")
    return frame.astype({name: float for name in frame.columns if name not in texts and frame[name].dtype == object})
