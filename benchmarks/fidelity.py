"""Recorded AWS Batch runs beside simulated ones: what waits and costs the defaults give, run by run.

    python benchmarks/fidelity.py                       # the runs in $BATCHSIM_DATA/nextflow_awsbatch
    python benchmarks/fidelity.py mine.csv other.csv    # your own exports of the same kind
    python benchmarks/fidelity.py --scenario mine.csv   # the scenario that such a file is made into

A file is a table of tasks as nf-aggregate exports them (a Nextflow run on AWS Batch): ``submit start complete status
cpus memory_mib container machine_type az price_model cost_usd``. All runs get one and the same scenario; of the run it
takes the region, the zones, the families of instances, and whether they were Spot. Everything else is a default of the
product. The recording client looked every ten seconds, so simulated waits are rounded as it saw them.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import wasserstein_distance

import batchsim
from batchsim.catalog.market import regions
from batchsim.errors import ScenarioError
from batchsim.formats.yaml_reader import read_yaml
from batchsim.formats.yaml_writer import write_yaml

PROJECT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("BATCHSIM_DATA") or PROJECT.parent / "shared" / "data")
RUNS = {
    "rnaseq": "rnaseq_fusion_10Sj9ejvKktHWg.csv",
    "methylseq": "methylseq_plains3_50CueCkLKqyOeH.csv",
    "sarek g5": "sarek_plains3_15dvxY1LnZYrYe.csv",
    "hello": "nf-hello-genomics_plains3_2VeeQznQdp3rxo.csv",
    "sarek spot": "sarek_plains3_3dLeF2W4ju5og4.csv",
}
"""The runs that the defaults were looked at with, by the name of their row."""
SEEDS = 10
WARM_S = 60
"""A job that starts within this found room; one that needs a new instance waits longer."""
POLL_S = 10
MAX_VCPUS = 690
"""The least that the largest of the known runs can have had; the exports do not tell it."""
RAN = ["COMPLETED", "FAILED", "ABORTED"]
"""CACHED tasks were never submitted."""
GRAVITON = r"[a-z]+\d+g"
"""Families of arm64 instances, as m7g or c6gd; an environment has one architecture."""
ELSEWHERE = "us-east-1"
"""Where a run of a region without known prices is simulated: it has the most zones and types."""
COLUMNS = ("submit", "start", "complete", "machine_type", "az", "price_model", "status", "cpus", "memory_mib")


class NotARunError(Exception):
    """The file is not such an export, or holds no task that ran."""


@dataclass(frozen=True)
class Recorded:
    """One recorded run: its rows that ran on an instance, in order of submission."""

    name: str
    path: Path
    tasks: pd.DataFrame
    left_out: int
    """Rows that never ran, or do not say where."""

    @property
    def waits_s(self) -> pd.Series:
        """From submission to RUNNING, as the client saw it."""
        return self.tasks["wait_s"]

    @property
    def cost_usd(self) -> float:
        """Cost by the share that was asked for, as Nextflow reports it."""
        return float(self.tasks["cost_usd"].sum()) if "cost_usd" in self.tasks else float("nan")

    @property
    def zones(self) -> list[str]:
        """Zones in which tasks ran."""
        return sorted(self.tasks["az"].unique())

    @property
    def region(self) -> str:
        """The region of the first zone."""
        return self.zones[0][:-1]

    @property
    def priced_in(self) -> str:
        """The region whose prices and Spot facts the simulation takes: its own, if the catalogue knows it."""
        return self.region if self.region in regions() else ELSEWHERE

    def families(self) -> Iterator[tuple[str, list[str]]]:
        """Yield the families that ran by the export's word for the way of purchase, and apart those with Graviton."""
        families = self.tasks["machine_type"].str.partition(".")[0]
        arm = families.str.match(GRAVITON).rename("arm")
        for (model, _), mine in families.groupby([self.tasks["price_model"], arm], sort=True):
            yield str(model), sorted(mine.unique())


def recorded(path: Path, name: str = "") -> Recorded:
    """Read a run. Raises :class:`NotARunError` and ``OSError``."""
    table = pd.read_csv(path)
    if missing := [column for column in COLUMNS if column not in table]:
        raise NotARunError(f"{path}: no column {', '.join(missing)}")
    ran = table["status"].isin(RAN) & table[list(COLUMNS[:6])].notna().all(axis=1)
    if not ran.any():
        raise NotARunError(f"{path}: no task that ran")
    tasks = table[ran].copy()
    instants = {each: pd.to_datetime(tasks[each], utc=True, format="ISO8601") for each in COLUMNS[:3]}
    tasks["wait_s"] = (instants["start"] - instants["submit"]).dt.total_seconds()
    tasks["run_s"] = (instants["complete"] - instants["start"]).dt.total_seconds()
    if len({zone[:-1] for zone in tasks["az"]}) > 1:
        raise NotARunError(f"{path}: tasks ran in several regions, {', '.join(sorted(tasks['az'].unique()))}")
    order = instants["submit"].argsort(kind="stable")
    return Recorded(name or path.stem, path, tasks.iloc[order], len(table) - len(tasks))


def scenario_of(run: Recorded) -> dict[str, Any]:
    """The one scenario, for a run whose file lies beside it."""
    pools = [_Pool(run, model, families) for model, families in run.families()]
    return {
        "name": run.name,
        "description": "a recorded run as a workload; its submissions stand where they were recorded",
        "computeEnvironments": [pool.environment() for pool in pools],
        "jobQueues": [pool.queue() for pool in pools],
        "jobDefinitions": [_DEFINITION],
        "workload": [pool.entry() for pool in pools],
        "world": {"region": run.priced_in, "zones": {_subnet(zone): run.priced_in + zone[-1] for zone in run.zones}},
        "simulation": {"max_time": "90d"},
        "allow_unplaceable": True,
    }


_DEFINITION = {
    "jobDefinitionName": "task",
    "type": "container",
    "containerProperties": {"image": "recorded", "vcpus": 1, "memory": 1024},
    "retryStrategy": {
        "attempts": 5,
        "evaluateOnExit": [
            {"onStatusReason": "Host EC2*", "action": "RETRY"},
            {"onReason": "*", "action": "EXIT"},
        ],
    },
}


@dataclass(frozen=True)
class _Pool:
    """What was bought in one way: an environment, its queue, and the tasks that ran there."""

    run: Recorded
    model: str
    families: list[str]

    @property
    def name(self) -> str:
        """Of its environment and queue."""
        return self.model + ("-arm64" if re.match(GRAVITON, self.families[0]) else "")

    def environment(self) -> dict[str, Any]:
        spot = self.model.lower() == "spot"
        resources = {
            "type": "SPOT" if spot else "EC2",
            "allocationStrategy": "SPOT_CAPACITY_OPTIMIZED" if spot else "BEST_FIT_PROGRESSIVE",
            "minvCpus": 0,
            "maxvCpus": MAX_VCPUS,
            "instanceTypes": self.families,
            "subnets": [_subnet(zone) for zone in self.run.zones],
            "securityGroupIds": ["SG_ID"],
            "instanceRole": "ecsInstanceRole",
        }
        return {"computeEnvironmentName": self.name, "type": "MANAGED", "computeResources": resources}

    def queue(self) -> dict[str, Any]:
        order = [{"order": 1, "computeEnvironment": self.name}]
        return {"jobQueueName": self.name, "priority": 1, "computeEnvironmentOrder": order}

    def entry(self) -> dict[str, Any]:
        columns = {
            "submission": "submit",
            "start": "start",
            "end": "complete",
            "vcpus": "cpus",
            "memory": {"column": "memory_mib", "unit": "MiB"},
            **({"image": "container"} if "container" in self.run.tasks else {}),
        }
        ran = {"status": RAN, **dict.fromkeys(COLUMNS[:5], "?*"), "price_model": self.model}
        if len(list(self.run.families())) > 1:
            ran["machine_type"] = [f"{family}.*" for family in self.families]
        return {
            "id": f"task-{self.name}",
            "submit": {"jobName": "task", "jobQueue": self.name, "jobDefinition": "task"},
            "at": {"trace": self.run.path.name, "where": ran, "columns": columns},
        }


def _subnet(zone: str) -> str:
    return f"subnet-{zone}"


@dataclass(frozen=True)
class Simulated:
    """One simulation of a recorded run."""

    waits_s: pd.Series
    """As the recording client would have seen them."""
    cost_usd: float
    instances: int
    unfinished: int


def simulated(run: Recorded, seeds: Sequence[int], world: dict[str, Any] | None = None) -> list[Simulated]:
    """Run the scenario with each seed; ``world`` over the defaults."""
    data = scenario_of(run)
    data["world"] |= world or {}
    scenario = batchsim.loads(write_yaml(data), str(run.path.parent / f"{run.name}.yaml"))
    return [_simulated(batchsim.run(scenario, seed=seed)) for seed in seeds]


def _simulated(result: batchsim.Result) -> Simulated:
    first = result.attempts[result.attempts["attempt"] == 1]
    return Simulated(
        waits_s=polled(first["running_at_s"] - first["runnable_at_s"]).dropna(),
        cost_usd=float(result.jobs["cost_share_usd"].sum()),
        instances=len(result.instances),
        unfinished=int(result.jobs["censored"].sum()),
    )


def polled(waits_s: pd.Series) -> pd.Series:
    """Waits as a client saw them that looks every ten seconds, and had submitted one second after a look."""
    return POLL_S * np.ceil((waits_s + 1) / POLL_S) - 1


def figures(waits_s: pd.Series) -> dict[str, float]:
    """What the table shows of one distribution of waits."""
    return {
        "p50": waits_s.median(),
        "p90": waits_s.quantile(0.9),
        "mean": waits_s.mean(),
        "warm": (waits_s <= WARM_S).mean(),
    }


def distance(run: Recorded, one: Simulated) -> float:
    """Wasserstein-1 distance of simulated from recorded waits, over the recorded mean wait."""
    return float(wasserstein_distance(one.waits_s, run.waits_s) / run.waits_s.mean())


def table(runs: Sequence[tuple[Recorded, Sequence[Simulated]]]) -> str:
    """The runs as two lines each, recorded above simulated: means over the seeds; W1 with its least and greatest."""
    lines = [_HEAD, "|---|---|" + "--:|" * 6]
    for run, ones in runs:
        recorded_figures = figures(run.waits_s)
        means = pd.DataFrame([figures(one.waits_s) for one in ones]).mean()
        far = [distance(run, one) for one in ones]
        cost_usd = float(np.mean([one.cost_usd for one in ones]))
        jobs = f"{run.name}, {len(run.tasks)} jobs"
        lines.append(_line(jobs, "recorded", recorded_figures, run.cost_usd, ""))
        spread = f"**{np.mean(far):.2f}** ({min(far):.2f}-{max(far):.2f})"
        lines.append(_line("", "simulated", means, cost_usd, spread))
    return "\n".join(lines)


_HEAD = "| run | | wait p50 s | p90 s | mean s | warm | cost share $ | W1 / mean |"


def _line(run: str, kind: str, found: Any, cost_usd: float, far: str) -> str:
    waits = " | ".join(f"{found[name]:.0f}" for name in ("p50", "p90", "mean"))
    digits = 4 if cost_usd < 0.1 else 2
    return f"| {run} | {kind} | {waits} | {found['warm']:.2f} | {cost_usd:.{digits}f} | {far} |"


def quantiles(run: Recorded, ones: Sequence[Simulated]) -> str:
    """Where the distance comes from: quantiles of the waits, those of all seeds together."""
    at = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99])
    pooled = np.concatenate([one.waits_s for one in ones])
    rows = (("quantile", at), ("recorded", run.waits_s.quantile(at)), ("simulated", np.quantile(pooled, at)))
    return "\n".join(f"  {name:10}" + "".join(f"{value:8.4g}" for value in values) for name, values in rows)


def main() -> int:
    """Print the table; 2 where a file is not a run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="exports of runs (default: those known)")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="simulations of each run, seeds 1 to N (default: 10)")
    parser.add_argument("--world", action="append", default=[], metavar="KEY=VALUE", help="a key of world, as YAML")
    parser.add_argument("--quantiles", action="store_true", help="also where the distance comes from")
    parser.add_argument("--scenario", action="store_true", help="print the scenario of each file and run nothing")
    options = parser.parse_args()
    try:
        print(report(options))
    except (NotARunError, OSError, ScenarioError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def report(options: argparse.Namespace) -> str:
    """What the command prints."""
    known = {name: DATA / "nextflow_awsbatch" / file for name, file in RUNS.items()}
    runs = [recorded(path) for path in options.files] or [recorded(path, name) for name, path in known.items()]
    if options.scenario:
        return "\n".join(write_yaml(scenario_of(run)) for run in runs)
    changes: dict[str, Any] = {}
    for setting in options.world:
        changes |= read_yaml(setting.replace("=", ": ", 1), "--world").data or {}
    found = [(run, simulated(run, range(1, options.seeds + 1), changes)) for run in runs]
    parts = [table(found)]
    parts += [f"{run.name}: {note}" for run, ones in found for note in notes(run, ones)]
    if options.quantiles:
        parts += [f"\n{run.name}\n{quantiles(run, ones)}" for run, ones in found]
    return "\n".join(parts)


def notes(run: Recorded, ones: Sequence[Simulated]) -> Iterator[str]:
    """What a reader must know of one row."""
    if run.priced_in != run.region:
        yield f"at the prices of {run.priced_in}: none of {run.region} are known"
    if run.left_out:
        yield f"{run.left_out} rows left out: cached, never started, or without an instance"
    stuck = max(one.unfinished for one in ones)
    if stuck:
        yield f"{stuck} jobs never ran in the simulation: no family of the file holds them"


if __name__ == "__main__":
    sys.exit(main())
