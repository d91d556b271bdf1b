"""``batchsim.replicate``: one scenario over many replications, each metric with its mean and interval."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from batchsim.analysis.metrics import METRICS
from batchsim.experiments import replications as runs
from batchsim.experiments.compare import metric_names
from batchsim.experiments.paired import Floats, spread
from batchsim.experiments.variants import Own
from batchsim.formats import scenario_yaml
from batchsim.spec import Scenario

if TYPE_CHECKING:
    import pandas as pd


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

    def __repr__(self) -> str:
        return f"<{len(self.measured)} replications of {self.scenario.name or 'a scenario'}, seed {self.seed}>"

    @cached_property
    def values(self) -> pd.DataFrame:
        """One row a replication, one column a metric; NaN = undefined."""
        import pandas as pd

        return pd.DataFrame(self.measured, columns=list(self.metrics)).rename_axis("replication")

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a metric: n, mean and its t interval (none of one replication), sd, least and most."""
        import pandas as pd

        rows = [self._row(name, self.measured[:, at]) for at, name in enumerate(self.metrics)]
        return pd.DataFrame(rows).set_index("metric")

    def _row(self, name: str, series: Floats) -> dict[str, Any]:
        held = spread(series[~np.isnan(series)], self.confidence)
        numbers = (held.mean.value, held.mean.low, held.mean.high, held.sd, held.least, held.most) if held else ()
        names = ("mean", "mean_low", "mean_high", "sd", "least", "most")
        found = dict(zip(names, [float("nan") if each is None else each for each in numbers], strict=False))
        return {"metric": name, "unit": METRICS[name].unit, "n": held.n if held else 0, **dict.fromkeys(names), **found}


def replicate(
    scenario: Scenario | str | os.PathLike[str],
    *,
    metrics: Iterable[str] | None = None,
    replications: int = runs.DEFAULT,
    seed: int | None = None,
    confidence: float = 0.95,
    policies: Own | None = None,
    workers: int = 1,
    run_limit_s: float | None = None,
) -> Replications:
    """Run a scenario, or the one in a file, many times with other random numbers; options as of ``compare``.

    ``policies`` as of ``run``.

    Raises :class:`ScenarioError` with what is wrong in the scenario, :class:`ExperimentError` for bad options.
    """
    runs.check_counts(replications, workers, run_limit_s)
    given = scenario if isinstance(scenario, Scenario) else scenario_yaml.load(scenario)
    wanted, settled = metric_names(metrics), runs.settled_seed(seed, given)
    measured = runs.measure(
        [given],
        wanted,
        seed=settled,
        replications=replications,
        policies=[policies],
        workers=workers,
        run_limit_s=run_limit_s,
    )
    return Replications(given, wanted, settled, confidence, measured.values[0], measured.failed)
