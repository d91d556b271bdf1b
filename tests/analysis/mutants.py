"""Planted bugs: small changes to the sound run, each of which one invariant at least must notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from batchsim.analysis.invariants.limits import OUT_OF_MEMORY, TOO_MANY_SUBMITTED
from batchsim.analysis.invariants.references import RETIRED
from tests.analysis.mutants_sound_run import ECS, LAB, S1, S2, A

BY_LIMIT = "Canceled by JobStateTimeLimit action due to reason: "
Tables = dict[str, Any]
Change = Callable[[Tables], None]


@dataclass(frozen=True)
class Mutant:
    """One planted bug, and the invariant that must catch it."""

    caught_by: str
    bug: str
    change: Change

    def __str__(self) -> str:
        return f"{self.caught_by} {self.bug}"


def put(table: str, column: str, value: Any, **where: Any) -> Change:
    """Set a column of the rows in which the given columns have the given values."""

    def change(tables: Tables) -> None:
        frame = tables[table]
        chosen = pd.Series(data=True, index=frame.index)
        for name, wanted in where.items():
            chosen &= frame[name] == wanted
        assert chosen.any(), (table, where)
        if frame[column].dtype.kind in "ib" and isinstance(value, float):
            frame[column] = frame[column].astype("float64")
        frame.loc[chosen, column] = value

    return change


def add(table: str, column: str, amount: float, **where: Any) -> Change:
    """Add to a column of the rows in which the given columns have the given values."""

    def change(tables: Tables) -> None:
        frame = tables[table]
        chosen = pd.Series(data=True, index=frame.index)
        for name, wanted in where.items():
            chosen &= frame[name] == wanted
        assert chosen.any(), (table, where)
        frame[column] = frame[column].astype("float64")
        frame.loc[chosen, column] += amount

    return change


def drop(table: str, **where: Any) -> Change:
    """Lose rows."""

    def change(tables: Tables) -> None:
        frame = tables[table]
        chosen = pd.Series(data=True, index=frame.index)
        for name, wanted in where.items():
            chosen &= frame[name] == wanted
        assert chosen.any(), (table, where)
        tables[table] = frame[~chosen].reset_index(drop=True)

    return change


def twice(table: str, **where: Any) -> Change:
    """Write rows a second time."""

    def change(tables: Tables) -> None:
        frame = tables[table]
        chosen = pd.Series(data=True, index=frame.index)
        for name, wanted in where.items():
            chosen &= frame[name] == wanted
        tables[table] = pd.concat([frame, frame[chosen]], ignore_index=True)

    return change


def both(*changes: Change) -> Change:
    """Several changes that make one bug."""

    def change(tables: Tables) -> None:
        for each in changes:
            each(tables)

    return change


def bucket(burst: int) -> Change:
    """Fargate's launch rate: a few at once, and nothing more."""
    return both(world("fargate_burst", burst), world("fargate_rate", "0/s"))


def windows(definition: str) -> Change:
    """Let a definition be one of Windows tasks."""

    def change(tables: Tables) -> None:
        for each in tables["scenario"]["jobDefinitions"]:
            if each["jobDefinitionName"] == definition:
                each["containerProperties"] = {"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}

    return change


def on_fargate(job_id: str) -> Change:
    """Let a job of an instance be a Fargate task."""
    return put("attempts", "environment_kind", "FARGATE", job_id=job_id)


def figure(value: Any, *path: str | int) -> Change:
    """Set a figure of the summary."""

    def change(tables: Tables) -> None:
        section = tables["summary"]
        for key in path[:-1]:
            section = section[key]
        section[path[-1]] = value

    return change


def more(amount: float, *path: str | int) -> Change:
    """Add to a figure of the summary."""

    def change(tables: Tables) -> None:
        section = tables["summary"]
        for key in path[:-1]:
            section = section[key]
        section[path[-1]] = round(section[path[-1]] + amount, 9)

    return change


def world(key: str, value: Any) -> Change:
    """The run is as it was, but the scenario says otherwise."""

    def change(tables: Tables) -> None:
        tables["scenario"]["world"] = {**tables["scenario"]["world"], key: value}

    return change


def resources(environment: str, key: str, value: Any) -> Change:
    """The run is as it was, but the environment is not what it is said to be."""

    def change(tables: Tables) -> None:
        items = tables["scenario"]["computeEnvironments"]
        tables["scenario"]["computeEnvironments"] = [
            {**item, "computeResources": {**item["computeResources"], key: value}}
            if item["computeEnvironmentName"] == environment
            else item
            for item in items
        ]

    return change


def state(environment: str, key: str, value: str) -> Change:
    """The run is as it was, but the environment was shut."""

    def change(tables: Tables) -> None:
        items = tables["scenario"]["computeEnvironments"]
        tables["scenario"]["computeEnvironments"] = [
            {**item, key: value} if item["computeEnvironmentName"] == environment else item for item in items
        ]

    return change


def workload(*entries: dict[str, Any]) -> Change:
    """The run is as it was, and the scenario tells of some of its entries."""

    def change(tables: Tables) -> None:
        tables["scenario"]["workload"] = list(entries)

    return change


def queue(name: str, key: str, value: Any) -> Change:
    """The run is as it was, but the queue is not what it is said to be."""

    def change(tables: Tables) -> None:
        items = tables["scenario"]["jobQueues"]
        tables["scenario"]["jobQueues"] = [
            {**item, key: value} if item["jobQueueName"] == name else item for item in items
        ]

    return change


def resource(name: str, key: str, value: Any) -> Change:
    """The run is as it was, but the consumable resource is not what it is said to be."""

    def change(tables: Tables) -> None:
        items = tables["scenario"]["consumableResources"]
        tables["scenario"]["consumableResources"] = [
            {**item, key: value} if item["consumableResourceName"] == name else item for item in items
        ]

    return change


MILLISECOND, NANO_DOLLAR = 0.001, 1e-9
NAN = float("nan")

MUTANTS = (
    # What exists
    Mutant("F01", "a column is not written", lambda tables: tables["attempts"].pop("pulled_at_s")),
    Mutant("I03", "an attempt of a job that is not there", put("attempts", "job_id", "ghost", job_id="dep")),
    Mutant("I03", "an attempt on an instance that is not there", put("attempts", "instance", "i-f", job_id="dep")),
    Mutant("I03", "a Fargate attempt on an instance", put("attempts", "instance", A, job_id="hello")),
    Mutant("I03b", "the head of a queue is another queue's job", put("timeline", "job_id", "urgent", job_id="dep")),
    Mutant("I03c", "an instance is written twice", twice("instances", instance=S2)),
    Mutant("I03d", "a job depends on nobody", put("submissions", "depends_on", "ghost/plain", job_id="dep")),
    Mutant("I18", "an instance ends before its launch", put("instances", "launched_at_s", 700, instance=S2)),
    Mutant("I18", "a launch ordinal is skipped", put("instances", "ordinal", 2, instance=S2)),
    Mutant("I24", "a child of an array is lost", drop("jobs", job_id="map:1")),
    Mutant("I24b", "a job ended but its state did not", put("jobs", "state", "RUNNING", job_id="dep")),
    # Jobs and attempts
    Mutant("I04", "a job is RUNNABLE before it is created", put("jobs", "runnable_at_s", 200, job_id="nope")),
    Mutant("I04b", "a running job is called STARTING", put("jobs", "state", "STARTING", job_id="spotty")),
    Mutant("I04b", "a failed job is called SUCCEEDED", put("jobs", "state", "SUCCEEDED", job_id="urgent")),
    Mutant("I04c", "RUNNING before the pull is done", put("attempts", "running_at_s", 9, job_id="bad")),
    Mutant("I04d", "EC2 provisions", put("attempts", "pull_at_s", 241, job_id="quick")),
    Mutant("I04e", "success with an exit code", put("attempts", "exit_code", 3, job_id="dep")),
    Mutant("I04e", "a failed start that ran", put("attempts", "running_at_s", 344, outcome="start_failed")),
    Mutant("I05", "an entry is due at another instant than its own", put("submissions", "due_at_s", 4, job_id="hello")),
    Mutant("I05", "a child is created after its array", put("jobs", "created_at_s", 1, job_id="map:1")),
    Mutant("I06", "a plain dependency is not waited for", put("jobs", "runnable_at_s", 109.999, job_id="dep")),
    Mutant("I06", "N_TO_N waits for another child", put("jobs", "runnable_at_s", 60, job_id="map:1")),
    Mutant("I06", "SEQUENTIAL children start together", put("jobs", "runnable_at_s", 0, job_id="seq:1")),
    Mutant("I06b", "a job is released late", put("jobs", "runnable_at_s", 112, job_id="dep")),
    Mutant("I07", "attempts are numbered from 0", add("attempts", "attempt", -1, job_id="broken")),
    Mutant("I07", "an attempt is not counted", put("jobs", "attempts", 1, job_id="broken")),
    Mutant("I08", "one attempt too many", put("jobs", "attempts_allowed", 1, job_id="broken")),
    Mutant(
        "I10",
        "a retry starts before the attempt before it ended",
        put("attempts", "runnable_at_s", 519, outcome="open"),
    ),
    Mutant("I10b", "the first wait begins later than the job's", put("attempts", "runnable_at_s", 111, job_id="dep")),
    Mutant("I13", "a run that stops a millisecond short", add("jobs", "work_s", MILLISECOND, job_id="dep")),
    Mutant("I14", "a timeout that fires early", put("submissions", "timeout_s", 64, job_id="urgent")),
    Mutant("I14", "a timeout that never fires", put("submissions", "timeout_s", 60, job_id="map")),
    Mutant("I14b", "a timed-out job is retried", put("attempts", "outcome", "timed_out", outcome="reclaimed")),
    Mutant(
        "I17",
        "a job gives up with attempts left",
        both(
            put("jobs", "state", "FAILED", job_id="quick"),
            put("attempts", "outcome", "failed", job_id="quick"),
            put("attempts", "status_reason", "Host EC2 (odd)", job_id="quick"),
            put("jobs", "reason", "Host EC2 (odd)", job_id="quick"),
        ),
    ),
    Mutant("I17b", "EXIT is not obeyed", put("attempts", "status_reason", "Something else", outcome="reclaimed")),
    Mutant("I15", "an array ends before its last child", put("submissions", "ended_at_s", 162, job_id="map")),
    Mutant("I15", "an array with a failed child succeeds", put("jobs", "state", "FAILED", job_id="map:0")),
    Mutant("I15b", "a job and its call disagree", put("submissions", "ended_at_s", 193, job_id="dep")),
    Mutant(
        "I16",
        "a failed dependency is blamed that succeeded",
        put("jobs", "reason", "Dependent Job failed", job_id="bad"),
    ),
    Mutant("I16b", "a failure does not cascade", both(put("jobs", "ended_at_s", 50, job_id="child"))),
    Mutant("I28", "a job is done before it could be", put("jobs", "ended_at_s", 100, job_id="dep")),
    Mutant("N45", "an attempt outlives its job", put("jobs", "ended_at_s", 211, job_id="map:1")),
    Mutant(
        "N45b",
        "cancel stops a container",
        lambda tables: tables["scenario"].update(actions=[{"at": "330s", "cancel": "killed"}]),
    ),
    Mutant("K01", "a cancelled job waits on", put("jobs", "ended_at_s", 241, job_id="nope")),
    Mutant("K01", "a cancelled job does not say why", put("jobs", "reason", "Gone", job_id="nope")),
    Mutant("K02", "a cancelled job does not wait for what it needs", put("jobs", "ended_at_s", 700, job_id="after")),
    Mutant("K02", "a cancelled job is released all the same", put("jobs", "runnable_at_s", 800, job_id="after")),
    Mutant("K02", "it is to end at once, and does not", world("cancel_pending_wait", value=False)),
    Mutant("K03", "a terminated job runs on", put("attempts", "ended_at_s", 361, job_id="killed")),
    Mutant(
        "K03",
        "what is terminated only fails",
        both(
            world("stopped_when", "exit"),
            put("attempts", "ended_at_s", 340, job_id="killed"),
            put("attempts", "outcome", "failed", job_id="killed"),
        ),
    ),
    Mutant("J01", "a call takes an old revision", put("submissions", "definition", "work:1", job_id="refused")),
    Mutant("J01", "a revision is taken too early", put("submissions", "definition", "work:2", job_id="bench")),
    Mutant(
        "J01", "a call takes another revision than it names", put("submissions", "definition", "work:1", job_id="again")
    ),
    # Work, and what is kept of it
    Mutant("P01", "a millisecond of RUNNING that nobody spent", add("attempts", "kept_s", MILLISECOND, job_id="dep")),
    Mutant("P01", "a restore in front of RUNNING", put("attempts", "restore_s", 1, outcome="start_failed")),
    Mutant("P02", "more is saved than was done", put("attempts", "work_saved_s", 300, outcome="reclaimed")),
    Mutant("P02", "more is done than there is to do", put("jobs", "work_s", 500, job_id="spotty")),
    Mutant("P03", "a retry forgets a checkpoint", put("attempts", "work_from_s", 0, outcome="open")),
    Mutant("P03", "a first attempt finds work done", put("attempts", "work_from_s", 100, outcome="reclaimed")),
    Mutant("P04", "a restore of nothing", put("attempts", "restore_s", 20, outcome="reclaimed")),
    Mutant("P04", "a restore is left out", put("attempts", "restore_s", 0, outcome="open")),
    Mutant("P05", "a checkpoint is free", put("attempts", "checkpoint_s", 10, outcome="reclaimed")),
    Mutant("P05", "work is saved that no checkpoint wrote", put("attempts", "work_saved_s", 246, outcome="reclaimed")),
    Mutant("P06", "work that takes no time", put("attempts", "work_done_s", 290, outcome="reclaimed")),
    Mutant("P06", "the time of saved work is not the work's", add("attempts", "kept_s", -1, outcome="reclaimed")),
    Mutant("P07", "a success with work left", put("attempts", "outcome", "succeeded", outcome="open")),
    Mutant("P08", "SIGTERM without a notice", put("attempts", "sigterm_at_s", 300, outcome="reclaimed")),
    Mutant("P09", "a type is slower than the world says", world("speed", {"m5": 1.25})),
    Mutant("P09", "an attempt is faster than its instance", put("attempts", "speed", 2.0, job_id="dep")),
    Mutant(
        "P10",
        "a job starts on a draining instance",
        both(world("spot_drain", value=True), put("instances", "notice_at_s", 200, instance=S1)),
    ),
    # Instances
    Mutant("I09", "a job starts on a booting instance", put("instances", "ready_at_s", 241, instance=S2)),
    Mutant("I11", "two jobs too big for their instance together", put("attempts", "vcpus", 2.0, job_id="map:0")),
    Mutant("I11", "memory is not looked at", put("attempts", "memory_mib", 7000, job_id="map:0")),
    Mutant("I11", "GPUs are not looked at", put("attempts", "gpus", 1, job_id="dep")),
    Mutant("I11b", "an attempt takes less than its job asks for", put("attempts", "memory_mib", 10, job_id="dep")),
    Mutant("I19", "an instance is billed before its launch", put("instances", "billed_from_s", 149, instance=S1)),
    Mutant("I20", "On-Demand is reclaimed", put("instances", "spot", value=False, instance=S1)),
    Mutant("I20", "the notice comes after the loss", put("instances", "notice_at_s", 521, instance=S1)),
    Mutant("I21", "scale-in ends an instance under its job", put("instances", "why_ended", "scale_in", instance=S1)),
    Mutant("I21b", "scale-in does not wait for idleness", put("instances", "ended_at_s", 599, instance=S2)),
    Mutant("I23", "a reclaim ends an attempt elsewhere", put("attempts", "outcome", "reclaimed", job_id="dep")),
    Mutant("I23", "an attempt outlives its instance", put("attempts", "ended_at_s", 521, outcome="reclaimed")),
    Mutant("N31", "an On-Demand attempt is lost to Spot", put("attempts", "outcome", "reclaimed", job_id="bad")),
    Mutant("I27", "more time is held than there is", put("attempts", "starting_at_s", 0, outcome="reclaimed")),
    Mutant("I27b", "busy time is off by a millisecond", add("instances", "busy_s", MILLISECOND, instance=A)),
    Mutant("N37", "an idle instance is forgotten", put("instances", "ended_at_s", 661, instance=S2)),
    Mutant("N41", "an instance that is closed takes a job", put("instances", "closed_at_s", 20, instance=A)),
    Mutant("N41b", "an idle instance is closed", put("instances", "closed_at_s", 400, instance=S2)),
    Mutant("N41c", "closing leaves less than minvCpus", put("instances", "closed_at_s", 30, instance=A)),
    Mutant("G01", "an image is pulled twice on a host", put("attempts", "pulled_at_s", 62, job_id="map:0")),
    Mutant("G01", "a start during the pull does not wait for it", put("attempts", "pulled_at_s", 4, job_id="bad")),
    # Consumable resources
    Mutant("R01", "more is taken than there is", resource("licence", "totalQuantity", 1)),
    Mutant("R02", "what is not replenishable comes back", resource("licence", "resourceType", "NON_REPLENISHABLE")),
    Mutant("R02", "one too many is told", put("consumables", "in_use", 3, at_s=110)),
    Mutant("R02", "the total is another", put("consumables", "total", 2, at_s=500)),
    Mutant("R02", "a change is not told", drop("consumables", at_s=162)),
    Mutant("R02", "nothing is told", lambda tables: tables.update(consumables=tables["consumables"].iloc[:0])),
    Mutant("R03", "a head waits though there is enough", put("submissions", "consumables", "licence:2", job_id="nope")),
    Mutant("R04", "a job takes what there is not", put("submissions", "consumables", "lane:1", job_id="dep")),
    # Environments
    Mutant("N32", "scale-in goes below minvCpus", resources("spot", "minvCpus", 2)),
    Mutant("N32b", "minvCpus are not launched", resources("od", "minvCpus", 4)),
    Mutant("N33", "a launch beyond maxvCpus", resources("spot", "maxvCpus", 2)),
    Mutant("N33b", "Fargate beyond maxvCpus", resources("fg", "maxvCpus", 0)),
    Mutant(
        "N34",
        "a job runs in an environment that is not its queue's",
        put("attempts", "environment", "spot", job_id="hello"),
    ),
    Mutant("N34b", "a DISABLED environment takes jobs", state("fg", "state", "DISABLED")),
    Mutant("N34b", "an INVALID environment takes jobs", state("spot", "status", "INVALID")),
    Mutant("N34c", "an INVALID environment launches for jobs", state("spot", "status", "INVALID")),
    Mutant("N34c", "an INVALID environment has its minimum", state("od", "status", "INVALID")),
    Mutant("N34", "Spot is called On-Demand", put("attempts", "environment_kind", "EC2", environment="spot")),
    Mutant("N35", "a Fargate size that is not for sale", put("attempts", "memory_mib", 4096, job_id="hello")),
    Mutant("N35b", "a nano-dollar on a Fargate bill", add("attempts", "cost_usd", NANO_DOLLAR, job_id="hello")),
    Mutant("N35b", "Fargate's minute is dropped", put("attempts", "billed_s", 13, job_id="hello")),
    Mutant(
        "N36",
        "a later environment is used while the first has room",
        lambda tables: tables["scenario"]["jobQueues"][1].update(
            computeEnvironmentOrder=[
                {"order": 1, "computeEnvironment": "spot"},
                {"order": 2, "computeEnvironment": "od"},
            ]
        ),
    ),
    Mutant("N39", "a type that the environment does not list", resources("spot", "instanceTypes", ["c5", "m5.xlarge"])),
    Mutant("N39b", "an instance that no waiting job fits", put("jobs", "memory_mib", 8000, queue="mixed")),
    Mutant("C01", "the scaling table forgets a scale-in", drop("scaling", action="scale_in")),
    Mutant("C01", "the scaling table miscounts vCPUs", put("scaling", "desired_vcpus", 6, action="scale_up")),
    # Order
    Mutant(
        "I29",
        "LIFO",
        both(
            put("attempts", "starting_at_s", 241, job_id="spotty", attempt=1),
        ),
    ),
    Mutant("I29b", "a queue's head is passed", put("attempts", "starting_at_s", 230, job_id="killed")),
    Mutant(
        "I29c",
        "a head is passed in the environment that it holds",
        both(world("hol_scope", "ce"), put("attempts", "starting_at_s", 230, job_id="killed")),
    ),
    Mutant(
        "I29d",
        "a job of unknown length is backfilled",
        both(
            world("backfill", "aggressive"),
            workload({"id": "killed", "run": {"script": [{"run": "1000s"}]}}),
            put("attempts", "starting_at_s", 230, job_id="killed"),
        ),
    ),
    Mutant(
        "I30",
        "a lower queue goes first",
        both(put("jobs", "vcpus", 1.0, job_id="urgent"), put("jobs", "memory_mib", 1000, job_id="urgent")),
    ),
    # Timeline and waits
    Mutant(
        "T01",
        "the timeline calls a queue empty while a job waits",
        put("timeline", "reason", "empty", reason="higher_queue"),
    ),
    Mutant("T01", "the timeline begins late", put("timeline", "at_s", 111, queue="low", at_s=110)),
    Mutant("T02", "the head is a job that does not wait", put("timeline", "job_id", "killed", job_id="nope")),
    Mutant("T03", "a row that changes nothing", put("timeline", "reason", "max_vcpus", reason="higher_queue")),
    Mutant(
        "T04", "a higher queue is blamed that does not wait", put("timeline", "reason", "higher_queue", job_id="stuck")
    ),
    Mutant(
        "T04",
        "a booting instance is blamed where none boots",
        put("timeline", "reason", "instance_booting", job_id="nope"),
    ),
    Mutant(
        "T04", "an environment is blamed that is not the queue's", put("timeline", "environment", "spot", job_id="dep")
    ),
    Mutant(
        "T05",
        "a millisecond moves from one reason to another",
        both(
            add("jobs", "wait_max_vcpus_s", MILLISECOND, job_id="nope"),
            add("jobs", "wait_capacity_error_s", -MILLISECOND, job_id="nope"),
        ),
    ),
    Mutant("W01", "a planted millisecond", add("jobs", "container_start_s", MILLISECOND, job_id="dep")),
    Mutant("W01b", "a turnaround from created", add("jobs", "turnaround_s", -MILLISECOND, job_id="dep")),
    Mutant("W01b", "a censored job has a turnaround", put("jobs", "turnaround_s", 870.0, job_id="spotty")),
    Mutant(
        "W02",
        "a millisecond moves from wait to pull",
        both(add("jobs", "wait_s", -MILLISECOND, job_id="dep"), add("jobs", "image_pull_s", MILLISECOND, job_id="dep")),
    ),
    Mutant("W02b", "a wait without a reason", add("jobs", "wait_max_vcpus_s", -MILLISECOND, job_id="nope")),
    Mutant(
        "W03",
        "throttling counts as dependency",
        both(
            add("jobs", "dependency_s", -MILLISECOND, job_id="dep"),
            add("jobs", "throttled_s", MILLISECOND, job_id="dep"),
        ),
    ),
    Mutant(
        "W04",
        "a retry delay that was not",
        both(
            add("jobs", "wait_s", -MILLISECOND, job_id="broken"),
            add("jobs", "retry_delay_s", MILLISECOND, job_id="broken"),
        ),
    ),
    Mutant(
        "W05",
        "the last run counts as an earlier one",
        both(add("jobs", "last_running_s", -1, job_id="spotty"), add("jobs", "earlier_running_s", 1, job_id="spotty")),
    ),
    Mutant("W06", "the retry delay is not the scenario's", world("retry_delay", "5s")),
    Mutant("I26", "a millisecond in the system that nobody spent", add("jobs", "wait_s", MILLISECOND, job_id="after")),
    # Money
    Mutant("I22", "the 60 s minimum is dropped", put("instances", "billed_s", 59, instance=S2)),
    Mutant("I22", "a nano-dollar on a bill", add("instances", "compute_usd", NANO_DOLLAR, instance=S2)),
    Mutant("I22", "a reclaim in the first hour is charged", put("instances", "waived_usd", 0.0, instance=S1)),
    Mutant(
        "I22b",
        "EBS is waived too",
        both(put("instances", "ebs_usd", 0.0, instance=S1), put("instances", "cost_usd", 0.0, instance=S1)),
    ),
    Mutant("I22c", "On-Demand pays the Spot price", put("instances", "price_nano_usd_per_h", 45_123_457, instance=A)),
    Mutant("I22d", "the first-hour rule is off in the scenario", world("first_hour_free", value=False)),
    Mutant("B01", "a nano-dollar on a job", add("jobs", "cost_usd", NANO_DOLLAR, job_id="dep")),
    Mutant("B02", "attempts pay more than the bill", add("attempts", "cost_usd", 1.0, job_id="quick")),
    Mutant("B03", "an attempt pays by vCPU alone", put("attempts", "cost_usd", 0.00048, job_id="dep")),
    Mutant("B04", "a loaded cost below the own", put("jobs", "cost_loaded_usd", 0.0, job_id="quick")),
    Mutant("B05", "a row of the costs is lost", drop("costs", charge="ebs", instance=S2)),
    Mutant("B05b", "a cost goes to another attempt", put("costs", "job_id", "map:0", job_id="map:1")),
    Mutant("B05c", "EBS is given away", add("costs", "waived_usd", NANO_DOLLAR, charge="ebs", instance=S2)),
    Mutant(
        "B05d",
        "a cause pays for another",
        both(more(NANO_DOLLAR, "cost", "by_cause", "logs"), more(-NANO_DOLLAR, "cost", "by_cause", "nat")),
    ),
    Mutant("B07", "a retry is a new job", add("attempts", "extra_usd", 0.0002, job_id="broken", attempt=2)),
    Mutant("B07", "a child pays for its sibling's data", add("attempts", "extra_usd", NANO_DOLLAR, job_id="map:1")),
    Mutant("B07b", "the run's hours are free", more(-0.0125, "cost", "extra_usd")),
    Mutant("B08", "a plan covers Spot", more(0.01, "cost", "commitments", 0, "covered_usd")),
    Mutant("B08", "an unused commitment is not paid", figure(0.0, "cost", "commitments", 0, "unused_usd")),
    Mutant("B08b", "a month has 31 nights", more(0.01, "cost", "per_month_usd")),
    Mutant("I25", "a nano-dollar in the total", more(NANO_DOLLAR, "cost", "total_usd")),
    Mutant("B06", "a split that does not sum to the bill", more(NANO_DOLLAR, "cost", "by_cause", "ebs")),
    Mutant("B06b", "a nano-dollar that no job bears", more(NANO_DOLLAR, "cost", "unallocated_usd")),
    Mutant(
        "B06c",
        "a type pays for another",
        both(more(NANO_DOLLAR, "cost", "by_charge", "ebs"), more(-NANO_DOLLAR, "cost", "by_charge", "compute")),
    ),
    Mutant(
        "B06d",
        "a queue pays for another",
        both(more(NANO_DOLLAR, "cost", "by_queue", "low"), more(-NANO_DOLLAR, "cost", "by_queue", "high")),
    ),
    Mutant("N54", "a job too many", figure(22, "jobs", "total")),
    Mutant("N54b", "a retry is not counted", figure(1, "retries", "retries")),
    Mutant("N54b", "lost work is not counted", figure(0.0, "reclaims", "lost_s")),
    Mutant("N54c", "a mean of other jobs", more(0.001, "latency", "all", "wait_s", "mean")),
    Mutant("N54c", "a percentile beside its rank", more(0.001, "latency", "all", "turnaround_s", "p50")),
    # Platforms
    Mutant("L01", "a fleet is scaled in", put("instances", "why_ended", "scale_in", instance=ECS)),
    Mutant("L01", "a fleet grows with demand", put("instances", "why_launched", "demand", instance=LAB)),
    Mutant("L01", "an environment that scales has a fleet", put("instances", "why_launched", "fleet", instance=S2)),
    Mutant("L02", "a fleet's instance comes late", add("instances", "launched_at_s", 1, instance=LAB)),
    Mutant("L02", "a fleet's instance is of another type", put("instances", "type", "m5.xlarge", instance=LAB)),
    Mutant("L03", "RunTask is called beside a queue", put("jobs", "run_task_calls", 1, job_id="dep")),
    Mutant("L03", "a wait without a call that failed", put("jobs", "run_task_calls", 1, job_id="again")),
    Mutant("L03", "a call that failed without a wait", put("jobs", "run_task_calls", 2, job_id="ask")),
    Mutant("L04", "a client that sleeps too long", world("run_task_backoff_base", "7s")),
    Mutant("L04", "a client that wakes too early", world("run_task_backoff_base", "9s")),
    Mutant("L04", "a client that gives up too early", world("run_task_attempts", 3)),
    Mutant("L05", "RunTask fails beside an idle instance", put("attempts", "ended_at_s", 734.0, job_id="ask")),
    Mutant("T04", "a queue that is none has a head", put("timeline", "reason", "fleet_full", job_id="again")),
    Mutant("T04", "a standing fleet is said to be at maxvCpus", put("timeline", "reason", "max_vcpus", job_id="bench")),
    # Blocked heads
    Mutant("H01", "a head is told of too early", add("blocked", "at_s", -MILLISECOND, job_id="lost")),
    Mutant("H01", "a head is told of too late", add("blocked", "at_s", 10, job_id="hungry")),
    Mutant("H01", "a job is told of that waited for less", put("blocked", "job_id", "nope", job_id="huge")),
    Mutant("H01", "the detection takes longer than it is said to", world("block_detect", "99s")),
    Mutant("H02", "a job behind the head starts", put("attempts", "queue", "wide", job_id="urgent")),
    Mutant("H02", "a head blocks that only waits", put("timeline", "reason", "launch_rate", job_id="giant")),
    Mutant(
        "H03", "capacity lacked though no launch failed", put("scaling", "capacity_errors", 0, environment="scarce")
    ),
    Mutant("H03", "a VALID environment is called INVALID", put("blocked", "queue", "starved", job_id="lost")),
    Mutant("H03", "a job that is no wider than maxvCpus", resources("fg", "maxvCpus", 2)),
    Mutant("H03", "the text is another reason's", put("blocked", "status_reason", "ACTION_REQUIRED", job_id="huge")),
    Mutant("H04", "a head is cancelled too early", put("blocked", "until_s", 649.0, job_id="giant")),
    Mutant("H04", "a head outlives its limit", put("blocked", "head_at_s", 300.0, job_id="huge")),
    Mutant("H04", "a head is cancelled without an action", queue("wide", "jobStateTimeLimitActions", [])),
    Mutant(
        "H04", "a job says that a limit cancelled it", put("jobs", "reason", f"{BY_LIMIT}UNDETERMINED", job_id="nope")
    ),
    Mutant("H05", "a head that never starts is not told of", drop("blocked", queue="wide")),
    Mutant("H06", "a blocked job has no statusReason", put("jobs", "reason", "", job_id="hungry")),
    Mutant("H06", "a job that only waits has one", put("jobs", "reason", "UNDETERMINED - why?", job_id="stuck")),
    Mutant("H06", "a job that runs is still called blocked", put("blocked", "job_id", "spotty", job_id="lost")),
    Mutant("H07", "a head is told of and not counted", figure(3, "blocked", "heads")),
    Mutant("H07", "of two heads one is counted", figure(1, "blocked", "by_reason", 0, "heads")),
    # Rates, quotas and limits
    Mutant("Q01", "Fargate launches more than its bucket holds", both(bucket(1), on_fargate("bad"))),
    Mutant("Q02", "jobs are dispatched without end", world("dispatch_rate_ec2", "2/min")),
    Mutant("Q03", "tasks beyond the quota", both(world("fargate_vcpu_quota", 1), on_fargate("bad"))),
    Mutant("Q04", "a task outlives fargate_max_days", world("fargate_max_days", 1 / 86_400)),
    Mutant("Q04", "an instance's job ends as tasks do", put("attempts", "status_reason", RETIRED, job_id="bad")),
    Mutant(
        "Q05",
        "a task starts in an outage",
        both(
            put("attempts", "environment_kind", "FARGATE_SPOT", job_id="hello"),
            world("fargate_spot_outages", [{"from": "4s", "for": "2s"}]),
        ),
    ),
    Mutant("Q06", "memory kills though it may not", put("attempts", "reason", OUT_OF_MEMORY, job_id="bad")),
    Mutant("Q07", "more jobs SUBMITTED than may be", world("submitted_limit", 6)),
    Mutant(
        "Q07",
        "a call is refused that is one of few",
        put("submissions", "reason", TOO_MANY_SUBMITTED, entry="later"),
    ),
    Mutant(
        "Q08",
        "Windows on Fargate Spot",
        both(put("attempts", "environment_kind", "FARGATE_SPOT", job_id="hello"), windows("task")),
    ),
    Mutant("Q09", "a call that was refused is forgotten", put("submissions", "calls", 2, entry="dep")),
    # Notifications
    Mutant("E01", "a rule that is DISABLED speaks", put("notifications", "rule", "asleep", job_id="bad")),
    Mutant("E01", "the wrong people are told", put("notifications", "target", "intern", job_id="bad")),
    Mutant("E01", "a notification is not counted", put("notifications", "rule", "at-work", job_id="bad")),
    Mutant("E02", "a failure is told too early", add("notifications", "at_s", -MILLISECOND, job_id="nope")),
    Mutant("E02", "a job that succeeded is called failed", put("notifications", "job_id", "dep", job_id="nope")),
    Mutant("E02", "a container is said to run that only starts", add("notifications", "at_s", -2, job_id="dep")),
    Mutant("E03", "a failure is told to nobody", drop("notifications", job_id="child")),
    Mutant("E03", "a failure is told twice", twice("notifications", job_id="child")),
    Mutant("N54e", "a firing is called ready that failed", figure(1, "occurrences", 2, "ready")),
    Mutant("N54e", "a night is ready too early", more(-0.001, "occurrences", 1, "ready_after_s", "max")),
    Mutant("N54e", "a nano-dollar on a firing", more(NANO_DOLLAR, "occurrences", 0, "total_usd")),
    Mutant("N54d", "a peak too high", figure(4, "throughput", "running_peak")),
)
