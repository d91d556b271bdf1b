"""The checker on a million attempts: seconds of all invariants, in memory and from a folder, and the dearest ones.

    python benchmarks/bench_check.py [--attempts 1000000] [--features] [--folder DIR] [--top 12]

``check`` is the invariants alone, on the columns of a Result, as ``run --check`` reads them; ``columns`` is making
these; then the dearest, one after the other. With ``--folder`` the run is written there too, and ``read`` is reading it
back, ``check DIR`` the invariants on what was read. Wall-clock seconds come first: the invariants of long tables are
looked at side by side. ``--features`` adds what makes the checker work: Spot losses with retries, a fair-share queue,
dependencies, arrays N_TO_N, timeouts, consumable resources, three environments behind one queue, thresholds. Target: a
million attempts in 5 s of ``check``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suite import scenario

from batchsim import simulation
from batchsim.analysis.check import columns_of, examine
from batchsim.analysis.folder import read_folder
from batchsim.analysis.invariants import INVARIANTS
from batchsim.analysis.invariants.book import Book
from batchsim.analysis.invariants.registry import Invariant
from batchsim.result import Result
from batchsim.spec import Scenario, parse

SIZE = 10_000
"""Children of an array, at most as AWS Batch takes them."""


def featured(attempts: int) -> Scenario:
    """Return a scenario of about so many attempts in which most features are on."""
    arrays = max(8, attempts // (SIZE + SIZE // 10))
    size = max(2, min(SIZE, attempts * 10 // (11 * arrays)))
    return parse(
        {
            "name": "features",
            "computeEnvironments": [
                _environment("spot", "SPOT", "SPOT_CAPACITY_OPTIMIZED", 12_000),
                _environment("steady", "EC2", "BEST_FIT_PROGRESSIVE", 6_000),
                _environment("spare", "EC2", "BEST_FIT_PROGRESSIVE", 2_000),
            ],
            "jobQueues": [
                _queue("plain", 10, "spot", "steady", "spare"),
                _queue("shared", 5, "steady", schedulingPolicyArn="teams"),
            ],
            "schedulingPolicies": [
                {
                    "name": "teams",
                    "fairsharePolicy": {
                        "shareDecaySeconds": 3600,
                        "computeReservation": 5,
                        "shareDistribution": [
                            {"shareIdentifier": f"team{n}", "weightFactor": 1 + n % 3} for n in range(6)
                        ],
                    },
                }
            ],
            "jobDefinitions": [_definition(number) for number in range(4)],
            "consumableResources": [{"consumableResourceName": "licence", "totalQuantity": 3_000}],
            "workload": [_entry(number, size) for number in range(arrays)],
            "world": {"strict_limits": False, "spot_hazard": 0.2},
            "thresholds": {"makespan_s": "< 400h", "cost_usd": "< 100000"},
            "simulation": {"seed": 1},
        }
    )


def _environment(name: str, kind: str, strategy: str, most: int) -> dict[str, Any]:
    return {
        "computeEnvironmentName": name,
        "type": "MANAGED",
        "computeResources": {
            "type": kind,
            "allocationStrategy": strategy,
            "minvCpus": 0,
            "maxvCpus": most,
            "instanceTypes": ["m5.4xlarge", "m6i.4xlarge", "c5.4xlarge", "r5.4xlarge"],
            "subnets": ["a", "b", "c"],
            "securityGroupIds": ["sg"],
            "instanceRole": "ecsInstanceRole",
        },
    }


def _queue(name: str, priority: int, *environments: str, **more: Any) -> dict[str, Any]:
    order = [{"order": place + 1, "computeEnvironment": each} for place, each in enumerate(environments)]
    return {"jobQueueName": name, "priority": priority, "computeEnvironmentOrder": order, **more}


def _definition(number: int) -> dict[str, Any]:
    vcpus, memory = ((1, 1800), (2, 3600), (4, 7200), (1, 3600))[number]
    return {
        "jobDefinitionName": f"shape-{number}",
        "type": "container",
        "containerProperties": {"image": f"image-{number}", "vcpus": vcpus, "memory": memory},
        "retryStrategy": {"attempts": 3, "evaluateOnExit": [{"onExitCode": "7", "action": "EXIT"}]},
        "timeout": {"attemptDurationSeconds": 3_600},
    }


def _entry(number: int, size: int) -> dict[str, Any]:
    """Every third array shares fairly; every fourth depends on the one before, child by child."""
    fair = number % 3 == 2
    submit: dict[str, Any] = {
        "jobName": "work",
        "jobQueue": "shared" if fair else "plain",
        "jobDefinition": f"shape-{number % 4}",
        "arrayProperties": {"size": size},
    }
    if fair:
        submit |= {"shareIdentifier": f"team{number // 3 % 6}", "schedulingPriorityOverride": number % 2}
    if number % 4 == 3:
        submit["dependsOn"] = [{"jobId": f"array-{number - 1}", "type": "N_TO_N"}]
    if number % 5 == 4:
        submit["consumableResourcePropertiesOverride"] = {
            "consumableResourceList": [{"consumableResource": "licence", "quantity": 1}]
        }
    law = {"lognormal": {"mean": "10m", "cv": 0.5}}
    fails = [{"probability": 0.05, "exit_code": 1}, {"probability": 0.01, "exit_code": 7}]
    return {"id": f"array-{number}", "submit": submit, "at": f"{number}m", "run": law, "fails": fails}


@dataclass(frozen=True, slots=True)
class Spent:
    """How long something took."""

    wall_s: float
    cpu_s: float

    def __str__(self) -> str:
        return f"{self.wall_s:>12.2f} s, {self.cpu_s:.2f} s of CPU"


def timed(work: Callable[[], Any]) -> tuple[Any, Spent]:
    """What ``work`` returns, and the time that it took."""
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    return work(), Spent(time.perf_counter() - wall_s, time.process_time() - cpu_s)


def judged_one_by_one(tables: dict[str, Any]) -> dict[str, float]:
    """CPU seconds of each invariant, in their order: the first to need a column pays for reading it."""
    spent: dict[str, float] = {}

    def judge(each: Invariant, book: Book) -> None:
        spent[each.id] = timed(lambda: each.find(book))[1].cpu_s

    examine(tables, judge, workers=1)
    return spent


def measured(result: Result, folder: Path | None, top: int) -> None:
    """Print the times of one result."""
    tables, making = timed(lambda: columns_of(result))
    found, checking = timed(lambda: examine(tables))
    print(f"attempts             {len(result.attempts):>12,}")
    print(f"invariants           {len(INVARIANTS):>12,}")
    print(f"violations           {', '.join(each.id for each in found.violations) or 'none':>12}")
    print(f"not judged           {', '.join(found.untold) or 'none':>12}")
    print(f"columns              {making}")
    print(f"check                {checking}")
    for id_, seconds in sorted(judged_one_by_one(tables).items(), key=lambda item: -item[1])[:top]:
        print(f"  {id_:<19}{seconds:>12.2f}")
    if folder is not None:
        result.write(folder, force=True)
        read, reading = timed(lambda: read_folder(folder))
        _, again = timed(lambda: examine(read))
        print(f"read                 {reading}")
        print(f"check DIR            {again}")


def main() -> None:
    """Run, check, and print the times."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--attempts", type=int, default=1_000_000)
    options.add_argument("--features", action="store_true")
    options.add_argument("--folder", type=Path)
    options.add_argument("--top", type=int, default=12)
    wanted = options.parse_args()
    given = featured(wanted.attempts) if wanted.features else scenario("burst", wanted.attempts)
    measured(simulation.run(given), wanted.folder, wanted.top)


if __name__ == "__main__":
    main()
