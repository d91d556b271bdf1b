"""What docs/anomalies.md shows: the comparisons, their commands, and the figures of their runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import batchsim
from batchsim.analysis.metrics import METRICS
from batchsim.report.words import dollars, duration, number

FOLDER = Path(__file__).resolve().parent
Changes = Mapping[str, Any]


@dataclass(frozen=True)
class Shown:
    """One scenario file beside variants of it: a command that anybody can give, and what it says."""

    file: str
    """Name of the scenario file in this folder, the baseline."""
    baseline: str
    """What the baseline is called in the table."""
    variants: Mapping[str, Changes | str]
    """By name: values at paths, or the name of another file."""
    metrics: Sequence[str]

    def command(self) -> str:
        """The ``batchsim compare`` that shows it."""
        files = [self.file, *(given for given in self.variants.values() if isinstance(given, str))]
        lines = ["batchsim compare " + " ".join(f"tests/anomalies/{name}.yaml" for name in files)]
        lines += [
            f"--variant '{name}: {', '.join(f'{path}={_in_a_file(value)}' for path, value in given.items())}'"
            for name, given in self.variants.items()
            if not isinstance(given, str)
        ]
        lines.append("--replications 1 " + " ".join(f"--metric {name}" for name in self.metrics))
        return " \\\n  ".join(lines)

    def figures(self) -> dict[str, dict[str, float | None]]:
        """The metrics by run, the baseline first."""
        runs = {self.baseline: scenario(self.file)}
        for name, given in self.variants.items():
            runs[name] = scenario(given) if isinstance(given, str) else scenario(self.file, given)
        return {name: batchsim.run(each).metrics(*self.metrics) for name, each in runs.items()}

    def part(self) -> str:
        """The command and its table, as the page has them."""
        rows = [
            f"| {name} | {' | '.join(_told(*cell) for cell in found.items())} |"
            for name, found in self.figures().items()
        ]
        head = [f"| | {' | '.join(f'`{name}`' for name in self.metrics)} |", "|---" * (len(self.metrics) + 1) + "|"]
        return "\n".join(["```sh", self.command(), "```", "", *head, *rows])


@dataclass(frozen=True)
class Listed:
    """One scenario file, and some columns of one of the tables that its run writes."""

    file: str
    table: str
    columns: Sequence[str]
    rows: Sequence[Any] = field(default=())
    """Job ids of the rows that are shown; all, if empty."""

    def part(self) -> str:
        """The command, and the lines of the table that it writes."""
        frame = getattr(batchsim.run(scenario(self.file)), self.table)
        shown = frame[frame["job_id"].isin(self.rows)] if self.rows else frame
        lines = [f"| {' | '.join(f'`{name}`' for name in self.columns)} |", "|---" * len(self.columns) + "|"]
        lines += [f"| {' | '.join(map(_cell, row))} |" for row in shown[list(self.columns)].itertuples(index=False)]
        return "\n".join(["```sh", f"{self.command()}", "```", "", *lines])

    def command(self) -> str:
        """The run that writes the table."""
        return f"batchsim run tests/anomalies/{self.file}.yaml --out out/{self.file}    # {self.table}.csv:"


@dataclass(frozen=True)
class Script:
    """Some Python, and what it prints."""

    code: str

    def part(self) -> str:
        """The code and its output."""
        return f"```python\n{self.code.strip()}\n```\n\n```text\n{self.printed().strip()}\n```"

    def printed(self) -> str:
        """What the code prints, run from the project's folder."""
        told = StringIO()
        with chdir(FOLDER.parent.parent), redirect_stdout(told):
            exec(self.code, {})  # noqa: S102 (the page's own code, which stands just below)
        return told.getvalue()


LAST_COME_FIRST_SERVED = """
import batchsim

calls = "tests/anomalies/last_come_first_served.yaml"
orders = {"first": None, "last": {"ordering": lambda job: -job.created_at_ms}}
for come, policies in orders.items():
    waits = batchsim.run(calls, policies=policies).jobs["wait_s"]
    told = f"mean {waits.mean():.3f} s, p99 {waits.quantile(0.99):.0f} s, longest {waits.max():.0f} s"
    print(f"{come} come first served: {told}")
"""

INTERVALS = """
import batchsim

jobs, metric = "tests/anomalies/interval.yaml", "turnaround_mean_s"
missed = 0
for seed in range(100):
    interval = batchsim.replicate(jobs, replications=10, seed=seed, metrics=[metric]).table.loc[metric]
    missed += not interval["mean_low"] <= 60 <= interval["mean_high"]
print(f"{missed} of 100 intervals of 95 % miss the mean of the law, 60 s")
"""


def scenario(name: str, changes: Changes | None = None) -> batchsim.Scenario:
    """One of this folder's files, with values at paths."""
    found = batchsim.load(FOLDER / f"{name}.yaml")
    for path, value in (changes or {}).items():
        found = found.with_(path, value)
    return found


def in_this_order(*places: int) -> Changes:
    """Priorities under which the jobs of a list are served in this order."""
    return {f"place-of-{number}.priority": 99 - place for place, number in enumerate(places)}


SHORTER = {f"job{n}.run": f"{run_s}s" for n, run_s in enumerate((2, 1, 1, 1, 3, 3, 3, 3, 8), 1)}

SHOWN: Mapping[str, Shown | Listed] = {
    "more-capacity": Shown(
        "list_schedule", "3 slots", {"4 slots": {"hosts.maxvCpus": 4, "hosts.minvCpus": 4}}, ["makespan_s"]
    ),
    "mixed-shapes": Shown(
        "mixed_shapes", "2 hosts", {"3 hosts": {"hosts.maxvCpus": 12, "hosts.minvCpus": 12}}, ["makespan_s"]
    ),
    "shorter-jobs": Shown("list_schedule", "as they are", {"each 1 s shorter": SHORTER}, ["makespan_s"]),
    "fewer-dependencies": Shown(
        "list_schedule",
        "all five",
        {"job5 and job6 wait for nobody": {"job5.submit.dependsOn": [], "job6.submit.dependsOn": []}},
        ["makespan_s"],
    ),
    "another-order": Shown(
        "list_schedule", "1 to 9", {"longer chains first": in_this_order(1, 2, 4, 5, 6, 3, 9, 7, 8)}, ["makespan_s"]
    ),
    "longest-first": Shown(
        "longest_first", "longest first", {"best": in_this_order(1, 2, 5, 6, 3, 4, 7)}, ["makespan_s"]
    ),
    "removed-job": Shown(
        "removed_job", "five jobs", {"without the second": "removed_job_without"}, ["makespan_s", "wait_max_s"]
    ),
    "backfilling": Shown(
        "large_head", "strict", {"skip": {"world.head_of_line": "skip"}}, ["wait_max_s", "wait_mean_s"]
    ),
    "priority": Listed("high_priority", "attempts", ["job_id", "runnable_at_s", "starting_at_s"]),
    "fifo": Listed("fifo_starts", "attempts", ["job_id", "attempt", "runnable_at_s", "starting_at_s", "running_at_s"]),
    "over-max": Listed("over_max", "instances", ["type", "vcpus", "launched_at_s", "ended_at_s"]),
    "spot": Shown(
        "spot_restarts",
        "On-Demand",
        {"Spot": {"hosts.computeResources.type": "SPOT"}},
        ["cost_usd", "turnaround_mean_s", "reclaims"],
    ),
    "boot": Shown("faster_boot", "boot 5 s", {"boot 35 s": {"world.instance_boot": "35s"}}, ["cost_usd", "makespan_s"]),
    "idle": Shown(
        "idle_timeout", "0 s idle", {"1 min idle": {"world.scale_down_idle": "60s"}}, ["cost_usd", "makespan_s"]
    ),
    "retries": Shown(
        "poison",
        "1 attempt",
        {"10 attempts": {"poison.submit.retryStrategy.attempts": 10}},
        ["makespan_s", "cost_usd", "jobs_succeeded"],
    ),
    "decreasing": Shown(
        "first_fit_decreasing",
        "60 GiB, largest first",
        {
            "61 GiB, largest first": {"hosts.instanceTypes": ["host.61"]},
            "61 GiB, as on 60": {"hosts.instanceTypes": ["host.61"], **in_this_order(1, 7, 8, 2, 3, 9, 10, 4, 5, 6)},
        },
        ["cost_usd"],
    ),
    "shares": Listed("equal_shares", "attempts", ["job_id", "starting_at_s", "ended_at_s"]),
    "billed": Listed("billed_minute", "instances", ["ordinal", "ready_at_s", "ended_at_s", "billed_s"]),
    "last-first": Script(LAST_COME_FIRST_SERVED),
    "intervals": Script(INTERVALS),
}
"""By the mark that holds it on the page."""

_UNITS = {"s": duration, "USD": dollars}


def _told(name: str, value: float | None) -> str:
    return _UNITS.get(METRICS[name].unit, number)(value)


def _cell(value: Any) -> str:
    return f"`{value}`" if isinstance(value, str) else f"{value:g}"


def _in_a_file(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)
