"""What a run comes to: its tables, its summary, its folder, its plots, each made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from batchsim._version import __version__
from batchsim.records.tables import Records
from batchsim.spec import Scenario, scenario_hash

if TYPE_CHECKING:
    import pandas as pd

    from batchsim.analysis.check import Violation
    from batchsim.analysis.explain import Explanation, Story
    from batchsim.analysis.explain.verdict import Verdict
    from batchsim.analysis.explain.words import Asked
    from batchsim.analysis.prices import Prices, Rules
    from batchsim.analysis.run import Analysis
    from batchsim.pricing.asked import Price
    from batchsim.pricing.reprice import Lookup
    from batchsim.report.plots import Plots


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """One finished run. The same scenario and seed give an equal result, and the same bytes on disk."""

    records: Records
    scenario: Scenario
    """As it was run, with its seed."""
    prices: Prices
    rules: Rules
    as_of: Mapping[str, str] = field(default_factory=dict)
    """The date of each kind of fact that the catalogue gave."""
    policies: Mapping[str, str] = field(default_factory=dict)
    """The policies that the run's caller replaced by functions, and their names; the folder does not hold them."""
    price_list: Lookup | None = None
    """Where :meth:`reprice` looks up the prices of another region."""
    price_region: str = ""
    """The region of whose prices the bills are; empty for the scenario's."""
    judge: Callable[[Scenario, str, Asked], Verdict | None] | None = None
    """Tells whether a job that never started ever could, and what would let it."""
    repriced: tuple[str, ...] = ()
    """What of the prices is not as it was in the run, for people; empty where all is."""

    def __repr__(self) -> str:
        more = f", repriced: {'; '.join(self.repriced)}" if self.repriced else ""
        name = self.scenario.name or "a scenario"
        return f"<Result of {name}: {len(self.records.jobs.state)} jobs, seed {self.seed}{more}>"

    def _repr_html_(self) -> str:
        """What a notebook shows of the result."""
        from batchsim.report.html import result_html

        return result_html(self.summary())

    @property
    def seed(self) -> int:
        """The seed that repeats this run."""
        return self.scenario.simulation.seed or 0

    @property
    def horizon_s(self) -> float:
        """The end of the run, in seconds from its start."""
        return self.records.horizon_ms / 1000

    @cached_property
    def jobs(self) -> pd.DataFrame:
        """One row a job that runs (single jobs and array children): where its time and money went."""
        return self._table("jobs")

    @cached_property
    def attempts(self) -> pd.DataFrame:
        """One row an attempt, in order of placement."""
        return self._table("attempts")

    @cached_property
    def instances(self) -> pd.DataFrame:
        """One row an EC2 instance, in order of launch."""
        return self._table("instances")

    @cached_property
    def submissions(self) -> pd.DataFrame:
        """One row a SubmitJob call of the workload: a single job or an array parent."""
        return self._table("submissions")

    @cached_property
    def scaling(self) -> pd.DataFrame:
        """One row a change of an environment's capacity, or a decision that changed nothing."""
        return self._table("scaling")

    @cached_property
    def timeline(self) -> pd.DataFrame:
        """Why the head of each queue waited, over time."""
        return self._table("timeline")

    @cached_property
    def blocked(self) -> pd.DataFrame:
        """One row a time that a head was found to block its queue: why, from when to when, and whether cancelled."""
        return self._table("blocked")

    @cached_property
    def occurrences(self) -> pd.DataFrame:
        """One row a firing of an entry, its workflow and all that follow them: when it was ready, and what it cost."""
        return self._table("occurrences")

    @cached_property
    def consumables(self) -> pd.DataFrame:
        """One row an instant at which the use or the total of a consumable resource changed."""
        return self._table("consumables")

    @property
    def rejections(self) -> pd.DataFrame:
        """One row a SubmitJob call that was refused: HTTP 429, after which it came again, or for good."""
        return self._table("rejections")

    @cached_property
    def faults(self) -> pd.DataFrame:
        """One row a thing that a fault of the scenario did: its line in the plan, when, to whom, what was lost."""
        return self._table("faults")

    @cached_property
    def costs(self) -> pd.DataFrame:
        """Every bill, split by instance, charge, attempt and cause; all other splits are sums of these rows."""
        return self._table("costs")

    @cached_property
    def critical_path(self) -> pd.DataFrame:
        """One row a job of a workflow, by workflow, its critical path first and in order; slack and parts in seconds.

        ``is_critical`` and ``step`` tell the path, ``bound_by`` what let a job go, ``freed_by`` whose end made its
        room; ``start_s`` to ``end_s`` is the job's segment, the ``_s`` columns after these are its parts,
        ``dominant_part`` the largest; ``slack_s`` is how much later it could have ended without moving the end of its
        workflow
        (:mod:`batchsim.analysis.critical_path`).
        """
        return self._table("critical_path")

    @cached_property
    def workflows(self) -> pd.DataFrame:
        """One row a workflow: its makespan, the parts of its critical path, which add up to it, and the largest lever.

        A workflow is what fires together, and what depends on it (:mod:`batchsim.analysis.workflows`).
        """
        return self._table("workflows")

    @cached_property
    def limits(self) -> pd.DataFrame:
        """One row a limit, the most used first: what, where, unit, the peak, the limit then, the share of it, at_s.

        maxvCpus of environments, vCPU quotas, faults that leave so much, consumable resources, fair shares, and the
        service's limits (:mod:`batchsim.analysis.limits`).
        """
        from batchsim.analysis.limits import limits

        return limits(self._analysis)

    @cached_property
    def minutes(self) -> pd.DataFrame:
        """What CloudWatch would show, minute by minute: ``metrics.csv``; ``docs/metrics.md`` explains it.

        Queue depths by state, vCPUs by environment, run times, failed attempts, the growing bill, one row a period and
        series: ``at_s, period_s, metric, queue, environment, kind, statistic, value, unit``.
        """
        from batchsim.analysis.minutes import minutes

        return minutes(self._analysis)

    @cached_property
    def notifications(self) -> pd.DataFrame:
        """One row an event that a rule of the scenario's ``notifications`` matched: rule, target, at_s, job_id, status.

        ``notifications.jsonl`` has the events themselves.
        """
        import pandas as pd

        from batchsim.formats.notifications_jsonl import rows

        found = rows(self.records, self.scenario, self.seed)
        return pd.DataFrame(found, columns=["rule", "target", "at_s", "job_id", "status"])

    def columns(self, name: str) -> dict[str, Any]:
        """The columns of a table by name, as arrays of numpy and pandas: what a DataFrame is made of, and sooner.

        ``name`` is that of a table above: ``"jobs"``, ``"attempts"``, ... ``AttributeError`` for what is none. A table
        that was looked at is taken as it stands now, with what its reader wrote into it.
        """
        from batchsim.analysis.tables import COLUMNS

        if name in COLUMNS and name not in self.__dict__:
            return COLUMNS[name](self._analysis)
        return {str(column): cells.array for column, cells in getattr(self, name).items()}

    @property
    def plot(self) -> Plots:
        """The plots: ``result.plot.vcpus().figure.savefig("vcpus.png")``."""
        from batchsim.report.plots import Plots

        return Plots(self._analysis)

    def summary(self) -> dict[str, Any]:
        """The figures of ``summary.json``: plain JSON values, units last in each key."""
        return self._summary

    def metrics(self, *names: str) -> dict[str, float | None]:
        """The values of these metrics by name, None where the run does not define one; only what they need is computed.

        Raises ``ValueError`` for an unknown name; ``batchsim.analysis.metrics`` has them all.
        """
        from batchsim.analysis.metrics import metric
        from batchsim.analysis.summary import metric_values

        wanted = [metric(name) for name in names]
        return dict(zip(names, metric_values(self._analysis, wanted), strict=True))

    def reprice(
        self,
        *,
        region: str | None = None,
        fallback: float | None = None,
        prices: Mapping[str, Mapping[str, Price]] | None = None,
        on_demand: str | Mapping[str, Price] | None = None,
        spot_price: float | str | Mapping[str, Price] | None = None,
        savings_plan: Mapping[str, Any] | None = None,
        reserved: Mapping[str, Any] | None = None,
    ) -> Result:
        """The same run at other prices: what happened stays as it is, only the bills change.

        What a scheduler would have decided at those prices only a new run can tell. In this order:

        - ``region``: another region's prices of the same types. ``fallback=1.1`` gives types that it does not sell
          their present price times 1.1; without it they are an error that names them.
        - ``prices``: as ``world.prices``, ``{"m5.large": {"on_demand": "$0.1/h", "spot": 0.03}}``.
        - ``on_demand``: ``"-10%"``, or prices by type. ``spot_price``: ``0.4`` of On-Demand, ``"+20%"``, or prices by
          type. Factors and shares are for Fargate too; a number is in dollars an hour.
        - ``reserved``: ``{"m5.large": 10, "discount": 0.4}`` off On-Demand, or each with its own terms:
          ``{"m5.large": {"count": 10, "price": "$0.06/h"}, "c5": {"vcpus": 64, "discount": 0.3}}``; a family is
          reserved by the vCPU.
        - ``savings_plan``: ``{"commitment_usd_per_h": 5, "discount": 0.28}``, a Compute Savings Plan.

        Commitments are paid in each clock hour of the run, used or not, and do not apply to Spot
        (:mod:`batchsim.analysis.commitments`). Raises :class:`~batchsim.errors.ScenarioError` for what is not known.
        """
        from batchsim.pricing.reprice import Priced, asked_for, reprice

        region_now = self.price_region or self.scenario.world.region
        now = Priced(self.records, self.prices, self.as_of, region_now, self.repriced)
        wanted = asked_for(region, fallback, prices, (on_demand, spot_price), (savings_plan, reserved))
        then = reprice(now, self.scenario, self.price_list, wanted)
        return replace(
            self,
            records=then.records,
            prices=then.prices,
            as_of=then.as_of,
            price_region=then.region,
            repriced=then.changes,
        )

    def explain(self, job: str) -> Explanation:
        """Why a job took as long as it did, interval by interval; ``job`` is the id of a job, an array or an instance.

        ``print(result.explain("etl:3"))`` prints what ``batchsim explain DIR etl:3`` does. Raises
        :class:`~batchsim.errors.UnknownNameError`, a ``KeyError``.
        """
        return self.story.explain(job)

    def check(self) -> list[Violation]:
        """Hold the tables to the invariants; an empty list is the good answer."""
        from batchsim.analysis.check import check

        return check(self)

    def check_sums(self) -> list[str]:
        """A sentence for each sum of time or money that is not exact to millisecond and nano-dollar, or none."""
        return self._analysis.check_sums()

    def report(self, width: int = 100) -> str:
        """The terminal report as plain text, at most ``width`` characters wide."""
        from batchsim.report.terminal import report_text

        return report_text(self.summary(), width)

    def write(
        self,
        folder: str | PathLike[str],
        *,
        force: bool = False,
        events: bool = False,
        costs: bool = False,
        tables: Literal["csv", "parquet"] = "csv",
        html: bool = True,
    ) -> None:
        """Write summary, tables, report and resolved scenario into ``folder``, all or none, the same bytes each time.

        ``report.html`` is one page that opens without a network; ``html=False`` leaves it out, which saves half a
        second. With ``events`` also ``events.jsonl``, with ``costs`` also the table ``costs`` (a row for each cause of
        each bill); ``tables`` are CSV files, or Parquet files (with the extra ``parquet`` installed). A scenario with
        ``notifications`` has them in ``notifications.jsonl``, one with ``consumableResources`` their use over time
        in the table ``consumables``, one whose ``faults`` struck anything has that in the table ``faults``.
        Raises :class:`~batchsim.errors.OutputError` if the folder is not empty and ``force`` is not given, or if it
        cannot be written.
        """
        from batchsim.formats import result_folder

        files = self.files(events=events, costs=costs, tables=tables, html=html)
        result_folder.write(Path(folder), files, force=force)

    def files(
        self,
        *,
        events: bool = False,
        costs: bool = False,
        tables: Literal["csv", "parquet"] = "csv",
        html: bool = True,
    ) -> dict[str, Iterable[str] | bytes]:
        """The files of the result folder by name, as pieces of text or as bytes; what :meth:`write` writes."""
        from batchsim.result_files import files_of

        return files_of(self, self._analysis, events=events, costs=costs, tables=tables, html=html)

    @cached_property
    def story(self) -> Story:
        """What ``batchsim explain`` asks: ``story.digest()``, ``story.queue(name)``, ``story.slowest(3)``."""
        from batchsim.analysis.check import tables_of
        from batchsim.analysis.explain import Story

        judge = None if self.judge is None else partial(self.judge, self.scenario)
        return Story(tables_of(self), judge)

    @cached_property
    def _analysis(self) -> Analysis:
        from batchsim.analysis.run import Analysis
        from batchsim.pricing import schedule_of

        schedule = schedule_of(self.scenario, self.records.horizon_ms)
        warmup = self.scenario.simulation.warmup
        return Analysis(self.records, self.prices, self.rules, schedule, warmup)

    @cached_property
    def _summary(self) -> dict[str, Any]:
        from batchsim.analysis.summary import summary
        from batchsim.report.assumptions import assumptions
        from batchsim.spec.notes import unsimulated

        settings = self.scenario.simulation
        run = {
            "scenario": self.scenario.name,
            "scenario_hash": scenario_hash(self.scenario),
            "seed": self.seed,
            "replication": settings.replication,
            "replications": 1,
            "start": settings.start,
            "region": self.scenario.world.region,
            "price_region": self.price_region or self.scenario.world.region,
            "repriced": list(self.repriced),
            "batchsim": __version__,
        }
        found = summary(self._analysis, self.scenario.thresholds)
        lacks = {"unsimulated": unsimulated(self.scenario)}
        return {
            "run": run,
            **lacks,
            "policies": dict(self.policies),
            **found,
            "notifications": self._notification_counts(),
            "assumptions": assumptions(self.scenario, self.as_of, self.policies, self.price_region),
            "as_of": dict(self.as_of),
        }

    def _notification_counts(self) -> list[dict[str, Any]]:
        """Each rule in file order with how many notifications it made."""
        made = self.notifications["rule"].tolist() if self.scenario.notifications else []
        return [
            {"rule": rule.name, "target": rule.target, "state": rule.state, "notifications": made.count(rule.name)}
            for rule in self.scenario.notifications
        ]

    def _table(self, name: str) -> pd.DataFrame:
        from batchsim.analysis.tables import table

        return table(self._analysis, name)
