"""Results to draw: shipped scenarios, and small ones of every awkward shape."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from report.runs import finished, stuck_queue
from scenario_builder import environment, fails, fargate, fixed, job, queue, scenario, task

import batchsim
from batchsim import Result

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
PLOTS = (
    "concurrency", "backlog", "queue_depth", "vcpus", "wait_distribution", "wait_parts", "cost_by_cause", "gantt",
    "critical_path", "limits",
)  # fmt: skip


@cache
def result_of(name: str) -> Result:
    """One of :data:`RESULTS`, run once."""
    return RESULTS[name]()


def _shipped(name: str, **settings: str) -> Callable[[], Result]:
    def run() -> Result:
        given = batchsim.load(SCENARIOS / f"{name}.yaml")
        for path, value in settings.items():
            given = given.with_(f"world.{path}", value)
        return batchsim.run(given)

    return run


def _forty_queues() -> Result:
    names = [f"queue-{number:02d}-{'of-a-long-name-' * (number % 4)}end" for number in range(40)]
    work = [job(f"w{at}", "3m", on=name, size=2 + 40 // (at + 1)) for at, name in enumerate(names)]
    queues = [queue(name, priority=at % 5 + 1) for at, name in enumerate(names)]
    return batchsim.run(scenario(*work, queues=queues, environments=[fixed(8, types=("box.4",))]))


def _forty_environments() -> Result:
    """Each with a type of its own."""
    places = [environment(f"place-{at}", (f"box.{2 ** (at % 5)}",), maxvCpus=16) for at in range(40)]
    queues = [queue(f"q{at}", f"place-{at}") for at in range(40)]
    work = [job(f"w{at}", "3m", on=f"q{at}", size=2 + at) for at in range(40)]
    return batchsim.run(scenario(*work, queues=queues, environments=places))


def _mixed() -> Result:
    """Instances and Fargate, failures that are retried, instances that boot."""
    work = [
        job("a", fails(1, 1, run="30s", then="90s"), size=30, attempts=3, on="hosts"),
        job("b", "20s", size=9, on="hosts", vcpus=2),
        task("t", "70s", size=20, on="tasks"),
    ]
    queues = [queue("hosts", "hosts"), queue("tasks", "tasks")]
    places = [environment("hosts", ("box.2", "box.4"), maxvCpus=8), fargate("tasks")]
    timing = {"instance_boot": "45s", "scale_up_delay": "20s", "pull_overhead": "5s"}
    return batchsim.run(scenario(*work, queues=queues, environments=places, world=timing))


def _small_jobs() -> Result:
    """Too many to be drawn one by one."""
    return batchsim.run(scenario(job("s", "5s", size=6000), environments=[fixed(16, types=("box.8",))]))


def _one_second() -> Result:
    return batchsim.run(scenario(job("blink", "1s")))


def _a_month() -> Result:
    work = job("daily", "2h", at="cron(0 2 * * ? *)", size=12)
    settings = {"start": "2026-03-01T00:00:00Z", "until": "30d"}
    return batchsim.run(scenario(work, environments=[environment(maxvCpus=4)], simulation=settings))


def _millions() -> Result:
    """Bills and levels with many digits."""
    work = job("big", "300h", size=5000, vcpus=16)
    places = [environment("hosts", ("box.16",), maxvCpus=80_000)]
    return batchsim.run(scenario(work, environments=places))


def _committed() -> Result:
    """A discount, which is less than nothing, and much of a commitment unused."""
    plan = {"commitment_usd_per_h": 2, "discount": 0.5}
    return batchsim.run(batchsim.load(SCENARIOS / "three_queues.yaml")).reprice(savings_plan=plan)


RESULTS: dict[str, Callable[[], Result]] = {
    "etl_10tb_stormy": _shipped("etl_10tb", market="stormy"),
    "three_queues": _shipped("three_queues"),
    "hello_fargate": _shipped("hello_fargate"),
    "dependency_graph": _shipped("dependency_graph"),
    "nothing": lambda: batchsim.run(scenario()),
    "no_environment": lambda: batchsim.run(batchsim.loads("{}")),
    "one_job": lambda: batchsim.run(scenario(job("only", "10m"), environments=[environment()])),
    "one_second": _one_second,
    "stuck": lambda: finished(records=stuck_queue()),
    "forty_queues": _forty_queues,
    "forty_environments": _forty_environments,
    "mixed": _mixed,
    "small_jobs": _small_jobs,
    "a_month": _a_month,
    "millions": _millions,
    "by_hand": finished,
    "committed": _committed,
}
