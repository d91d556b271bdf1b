"""Small scenarios in which a planted bug shows: each has what one family of rules is about, and little else."""

from __future__ import annotations

from functools import cache
from typing import Any

from scenario_builder import definition, environment, fails, fargate, fixed, job, queue, scenario, task

from batchsim import Scenario

EXIT_7 = {"onExitCode": "7", "action": "EXIT"}


@cache
def line() -> Scenario:
    """One slot, and a line of jobs before it, some of which come later; equal jobs and an array."""
    return scenario(
        job("first", "50s"),
        job("array", "20s", size=4),
        job("second", "30s", at="5s"),
        job("third", "10s", at="5s"),
        job("last", "10s", at="2m"),
    )


@cache
def retries() -> Scenario:
    """Two slots; jobs that fail, are retried, give up, and must not be retried; a start that fails never."""
    return scenario(
        job("again", fails(1, 1), attempts=3),
        job("gives-up", fails(1, 1, 1), attempts=2),
        job("exits", fails(7), attempts=5, rules=[EXIT_7]),
        *(job(f"waits-{n}", "15s", at=f"{n}s") for n in range(8)),
        environments=[fixed(2)],
        world={"retry_delay": "5s"},
    )


@cache
def front() -> Scenario:
    """One slot, retried jobs and a line behind them, retried at once."""
    work = [job("again", fails(1, 2), attempts=3), job("twice", fails(1), attempts=2)]
    return scenario(*work, *(job(f"waits-{n}", "15s", at=f"{n}s") for n in range(6)))


@cache
def timeouts() -> Scenario:
    """Jobs with a timeout, of an hour's work and of less."""
    world = {"timeout_lag": "2s"}
    slow = job("slow", "1h", timeout_s=60, attempts=3)
    return scenario(slow, job("quick", "50s", timeout_s=60), job("behind", "5s"), world=world)


@cache
def dependencies() -> Scenario:
    """All three kinds, one that fails, and a chain behind it."""
    pairs = {"jobId": "map", "type": "N_TO_N"}
    return scenario(
        job("map", "20s", size=3),
        job("reduce", "10s", size=3, needs=[pairs]),
        job("sum", "5s", needs=["reduce"]),
        job("steps", "7s", size=3, needs=[{"type": "SEQUENTIAL"}]),
        job("bad", fails(1), at="3s"),
        job("doomed", "5s", needs=["bad"]),
        job("after-doomed", "5s", needs=["doomed", "sum"]),
        job("halves", {"script": [{"run": "9s", "exit": 1}]}, size=2),
        job("after-halves", "5s", needs=["halves"]),
        environments=[fixed(3)],
    )


@cache
def priorities() -> Scenario:
    """Two queues on one environment; the higher one fills it in waves."""
    high = [job(f"high-{n}", "30s", at=f"{n * 20}s", on="high") for n in range(4)]
    low = [job(f"low-{n}", "25s", at=f"{n * 15}s", on="low") for n in range(6)]
    queues = [queue("low", priority=1), queue("high", priority=9)]
    return scenario(*high, *low, queues=queues)


@cache
def scaling() -> Scenario:
    """An environment that grows from nothing and shrinks again, with clocks for all of it."""
    waves = [job(f"wave-{n}", "90500ms", size=5, at=f"{30 + n * 360}s", vcpus=1 + n % 2) for n in range(3)]
    world = {
        "scheduler_cycle": "1s",
        "scale_up_delay": "20s",
        "instance_pending": "5s",
        "instance_boot": "30s",
        "agent_register": "10s",
        "warm_start": "3s",
        "new_image": "8s",
        "scale_down_idle": "120s",
        "scale_down_check": "60s",
        "cache_hit": "1s",
    }
    types = ["box.1", "box.2", "box.4"]
    places = [environment(types=types, maxvCpus=8, allocationStrategy="BEST_FIT_PROGRESSIVE", minvCpus=1)]
    return scenario(*waves, job("late", "30s", at="40m"), environments=places, world=world)


@cache
def strict_maximum() -> Scenario:
    """BEST_FIT On-Demand at its maxvCpus, which no type divides."""
    places = [environment(types=["box.2", "box.4"], maxvCpus=5, allocationStrategy="BEST_FIT")]
    return scenario(job("many", "60s", size=9), environments=places, world={"scale_up_delay": "5s"})


@cache
def two_places() -> Scenario:
    """Two environments behind one queue; the first is full at times."""
    places = [fixed(2, "first"), environment("second", types=["box.2"], maxvCpus=4)]
    work = [job(f"job-{n}", f"{20 + 7 * n}s", at=f"{9 * n}s", vcpus=1 + n % 2) for n in range(9)]
    return scenario(*work, environments=places, queues=[queue("queue", "first", "second")])


@cache
def updates() -> Scenario:
    """Environments that are disabled and enabled, and whose bounds move."""
    places = [environment(types=["box.1"], maxvCpus=2)]
    acts = [
        {"at": "30s", "set": "hosts.state", "to": "DISABLED"},
        {"at": "2m", "set": "hosts.state", "to": "ENABLED"},
        {"at": "3m", "set": "hosts.maxvCpus", "to": 4},
        {"at": "4m", "set": "hosts.minvCpus", "to": 2},
        {"at": "6m", "set": "hosts.minvCpus", "to": 0},
    ]
    work = [job(f"job-{n}", "40s", at=f"{10 * n}s") for n in range(14)]
    return scenario(*work, environments=places, actions=acts, world={"scale_down_idle": "30s"})


@cache
def spot() -> Scenario:
    """Spot instances that are reclaimed by plan, with jobs that are retried and one that saves its work."""
    places = [environment("spot", types=["box.2"], type="SPOT", maxvCpus=8, spotIamFleetRole="role")]
    places[0]["computeResources"].pop("allocationStrategy", None)
    work = [job(f"job-{n}", "10m", attempts=3, at=f"{n}m") for n in range(5)]
    saving = job("saving", "15m", attempts=4, checkpoint={"every": "2m", "cost": "5s", "restore": "10s"})
    faults = [
        {"kind": "spot_reclaim", "at": f"{6 + 5 * n}m", "select": {"environment": "spot", "ordinal": n}}
        for n in range(3)
    ]
    world = {"notice": "120s", "instance_boot": "30s", "scale_up_delay": "10s", "scale_down_idle": "60s"}
    return scenario(*work, saving, environments=places, faults=faults, world=world)


@cache
def bids() -> Scenario:
    """Spot prices that go above a bid and come down again."""
    places = [environment("spot", types=["box.1"], type="SPOT", maxvCpus=4, bidPercentage=50, spotIamFleetRole="r")]
    steps = {"box.1": [{"at": "0s", "share": 0.4}, {"at": "5m", "share": 0.6}, {"at": "20m", "share": 0.3}]}
    work = [job(f"job-{n}", "4m", attempts=4, at=f"{2 * n}m") for n in range(6)]
    return scenario(*work, environments=places, world={"spot_prices": steps, "notice": "60s"})


@cache
def tasks() -> Scenario:
    """Fargate with a small bucket, a small maximum and a quota, of sizes with storage beyond what is included."""
    places = [fargate(maxvCpus=3)]
    storage = {"ephemeralStorage": {"sizeInGiB": 40}}
    kinds = [definition("stored", 1, 2048, platformCapabilities=["FARGATE"], container=storage)]
    world = {
        "fargate_provision": "20s",
        "fargate_burst": 2,
        "fargate_rate": "6/min",
        "new_image": "7s",
        "fargate_vcpu_quota": 2,
    }
    work = [task(f"task-{n}", f"{20 + 31 * n}s", at=f"{n}s", attempts=2) for n in range(6)]
    stored = task("stored", "90s", kind="stored", at="3s")
    return scenario(*work, stored, environments=places, definitions=kinds, world=world)


@cache
def wide_tasks() -> Scenario:
    """Fargate with a maximum alone."""
    work = [task(f"task-{n}", "50s", at=f"{n}s") for n in range(5)]
    return scenario(*work, environments=[fargate(maxvCpus=2)])


@cache
def spot_tasks() -> Scenario:
    """Fargate Spot that lacks capacity for a while."""
    outages = [{"from": "1m", "for": "3m"}]
    work = [task(f"task-{n}", "50s", at=f"{30 * n}s", attempts=3) for n in range(10)]
    world = {"fargate_spot_outages": outages, "ce_backoff": "30s", "fargate_burst": 1, "fargate_rate": "1/min"}
    return scenario(*work, environments=[fargate(type="FARGATE_SPOT")], world=world)


@cache
def shares() -> Scenario:
    """Three shares of unequal weight on a few slots, with priorities, a reservation and a decay."""
    policy = {
        "name": "fair",
        "fairsharePolicy": {
            "shareDecaySeconds": 900,
            "computeReservation": 30,
            "shareDistribution": [
                {"shareIdentifier": "a", "weightFactor": 1.0},
                {"shareIdentifier": "b", "weightFactor": 0.5},
                {"shareIdentifier": "team*", "weightFactor": 2.0},
            ],
        },
    }
    work = [
        job(f"{share}-{n}", f"{30 + 11 * n}s", at=f"{17 * n + place}s", share=share, priority=n % 3)
        for place, share in enumerate(("a", "b", "team1", "team2"))
        for n in range(6)
    ]
    queues = [queue(schedulingPolicyArn="fair")]
    return scenario(*work, environments=[fixed(4)], queues=queues, schedulingPolicies=[policy])


@cache
def licences() -> Scenario:
    """Consumable resources that come back and that do not, in two queues."""
    items = [{"consumableResource": "licence", "quantity": 1}]
    two = [{"consumableResource": "licence", "quantity": 2}, {"consumableResource": "token", "quantity": 1}]

    def asking(name: str, asked: list[dict[str, Any]], **keys: Any) -> dict[str, Any]:
        made = job(name, "25s", **keys)
        made["submit"] |= {"consumableResourcePropertiesOverride": {"consumableResourceList": asked}}
        return made

    work = [asking(f"one-{n}", items, at=f"{4 * n}s", attempts=2) for n in range(6)]
    work += [asking(f"two-{n}", two, at=f"{6 * n}s", on="other") for n in range(3)]
    things = [
        {"consumableResourceName": "licence", "totalQuantity": 2},
        {"consumableResourceName": "token", "totalQuantity": 2, "resourceType": "NON_REPLENISHABLE"},
    ]
    queues = [queue("queue", "hosts", priority=5), queue("other", "hosts", priority=1)]
    acts = [{"at": "2m", "set": "token.totalQuantity", "to": 3}]
    return scenario(*work, environments=[fixed(4)], queues=queues, consumableResources=things, actions=acts)


@cache
def blocked() -> Scenario:
    """A head that no environment can hold, with an action that cancels it, and a line behind."""
    limits = [
        {
            "reason": "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
            "state": "RUNNABLE",
            "maxTimeSeconds": 900,
            "action": "CANCEL",
        }
    ]
    work = [job("wide", "30s", vcpus=4, at="10s"), job("behind", "30s", at="20s"), job("before", "30s")]
    queues = [queue(jobStateTimeLimitActions=limits)]
    places = [environment(types=["box.4"], maxvCpus=2, minvCpus=2, allocationStrategy="BEST_FIT_PROGRESSIVE")]
    return scenario(*work, environments=places, queues=queues, world={"block_detect": "5m"}, allow_unplaceable=True)


@cache
def stops() -> Scenario:
    """Jobs that are cancelled while PENDING and RUNNABLE, and terminated while they run; an entry that gives up."""
    work = [
        job("runs", "10m"),
        job("waits", "1m", at="5s"),
        job("pends", "1m", needs=["runs"]),
        job("impatient", "1m", at="6s", cancel_after="2m"),
        job("next", "1m", at="7s"),
        job("children", "10m", size=2, at="8s"),
    ]
    acts = [
        {"at": "1m", "cancel": "waits"},
        {"at": "90s", "cancel": "pends"},
        {"at": "4m", "terminate": "runs", "reason": "enough"},
        {"at": "8m", "terminate": "children"},
    ]
    return scenario(*work, actions=acts)


@cache
def told() -> Scenario:
    """Rules that tell of failures and successes, of jobs and arrays."""
    rules = [
        {"name": "failed", "eventPattern": {"detail": {"status": ["FAILED"]}}, "target": "oncall"},
        {"name": "done", "eventPattern": {"detail": {"status": ["SUCCEEDED"]}}, "target": "log"},
    ]
    work = [job("good", "5s"), job("bad", fails(1)), job("array", "5s", size=2), job("again", fails(1), attempts=2)]
    return scenario(*work, notifications=rules, environments=[fixed(2)])


@cache
def images() -> Scenario:
    """Two images on two hosts; jobs that share a pull, and jobs that find the image there."""
    work = [job(f"one-{n}", "40s", at=f"{3 * n}s") for n in range(6)]
    work += [job(f"other-{n}", "20s", at=f"{20 + 5 * n}s", kind="other") for n in range(4)]
    places = [fixed(4, types=["box.2"])]
    world = {"new_image": "10s", "cache_hit": "2s", "warm_start": "1s"}
    return scenario(*work, environments=places, definitions=[definition("other")], world=world)


@cache
def quotas() -> Scenario:
    """An account whose quota is less than what an environment may grow to, and two environments that share it."""
    places = [environment("one", types=["box.2"], maxvCpus=8), environment("two", types=["box.2"], maxvCpus=8)]
    queues = [queue("queue", "one"), queue("other", "two")]
    work = [job(f"job-{n}", "60s", at=f"{5 * n}s", vcpus=2, on=("queue", "other")[n % 2]) for n in range(8)]
    world = {"ec2_vcpu_quota": {"on_demand": {"standard": 4}}, "scale_up_delay": "3s"}
    return scenario(*work, environments=places, queues=queues, world=world)


@cache
def shortage() -> Scenario:
    """A pool that a fault empties for a while."""
    faults = [{"kind": "capacity", "at": "30s", "for": "10m", "capacity": 1, "select": {"type": "box.1"}}]
    work = [job(f"job-{n}", "3m", at=f"{20 * n}s") for n in range(5)]
    places = [environment(types=["box.1"], maxvCpus=4, allocationStrategy="BEST_FIT_PROGRESSIVE")]
    return scenario(*work, environments=places, faults=faults, world={"ce_backoff": "60s"})


@cache
def fleet() -> Scenario:
    """A fleet that is listed, and tasks that are run without a queue."""
    places = [environment("alone", types=["box.2"], maxvCpus=4), environment("listed", types=["box.2"], maxvCpus=8)]
    queues = [queue("queue", "alone"), queue("lined", "listed")]
    world = {
        "platforms": {"alone": "no_queue"},
        "fleets": {"alone": [{"type": "box.2", "count": 1}], "listed": [{"type": "box.2", "count": 2, "at": "30s"}]},
        "run_task_attempts": 4,
        "run_task_jitter": "none",
        "instance_boot": "20s",
    }
    work = [job(f"call-{n}", "12s", at=f"{n}s") for n in range(6)]
    work += [job(f"lined-{n}", "30s", at=f"{n}s", on="lined") for n in range(8)]
    return scenario(*work, environments=places, queues=queues, world=world)


@cache
def bills() -> Scenario:
    """Instances that are short on, with volumes, data and extra costs, of jobs that leave room unused."""
    places = [environment(types=["box.2"], maxvCpus=4)]
    costs = {"nat": {"per_h": "$0.045/h"}, "requests": {"per_job": "$0.001"}, "logs": {"per_attempt": "$0.002"}}
    world = {"root_gb": 30, "extra_costs": costs, "instance_pending": "4s", "instance_boot": "13s", "warm_start": "2s"}
    work = [job(f"job-{n}", f"{17 + 5 * n}s", at=f"{40 * n}s", memory=1024 + 700 * n, attempts=2) for n in range(5)]
    return scenario(*work, job("bad", fails(3), at="10s"), environments=places, world=world)
