"""A small run on a bad day, and bugs planted in it, or in its plan, that one invariant at least must notice."""

from __future__ import annotations

from typing import Any

from fault_stories import fault, on_demand, spot
from scenario_builder import definition, job, queue, scenario

from batchsim import run
from batchsim.analysis.check import tables_of
from tests.analysis.planting import Change, Mutant, Tables, add, drop, figure, put, twice

PLAN = (
    fault("instance_failure", "40s", select={"environment": "hosts", "ordinal": 0}, name="hw"),
    fault("az_outage", "5m", "3m", select={"zone": "us-east-1b"}, name="zone"),
    fault("boot_failure", "0s", "1s", select={"environment": "boots"}, probability=1, detect_after="3m", billed=False),
    fault("scheduler_stall", "12m", "2m", name="stall"),
    fault("spot_reclaim", "20m", fraction=1, name="crunch"),
    fault("exit_code", select={"job": "bad"}, code=7, probability=1, name="exits"),
    fault("image_pull", "0s", "10s", select={"image": "rare*"}, probability=1, name="registry"),
    fault("poison_job", select={"job": "poison"}, fail_after="5s", name="poison"),
)


def sound_faults() -> dict[str, Any]:
    """The tables of the run; the caller may change them."""
    work = [
        job("long", "30m", size=4, attempts=9),
        job("cheap", "30m", size=2, attempts=9, on="spots"),
        job("boots", "1m", on="boots"),
        job("late", "1m", at="11m", on="spots"),
        job("bad", "10s", attempts=2),
        job("pulls", "10s", attempts=3, kind="rare"),
        job("poison", "1m", attempts=3),
    ]
    places = [on_demand(maxvCpus=16), spot(), on_demand("boots")]
    queues = [queue(), queue("spots", "spot"), queue("boots", "boots")]
    keys = {"environments": places, "queues": queues, "definitions": [definition("rare")]}
    return dict(tables_of(run(scenario(*work, faults=list(PLAN), world={"new_image": "5s"}, **keys), seed=1)))


def plan(number: int, **changes: Any) -> Change:
    """The run is as it was, but a fault is said to have been another one."""

    def change(tables: Tables) -> None:
        tables["scenario"]["faults"][number] = {**tables["scenario"]["faults"][number], **changes}

    return change


FAULT_MUTANTS = (
    Mutant("X01", "an instance fails before its time", plan(0, at="41s")),
    Mutant("X01", "another instance fails", plan(0, select={"environment": "hosts", "ordinal": 9})),
    Mutant("X02", "an instance lives on in a zone that is out", plan(1, select={"zone": "us-east-1a"})),
    Mutant("X02", "an outage begins late", plan(1, at="290s")),
    Mutant("X03", "a host is lost under a job that goes on", add("attempts", "ended_at_s", 5.0, outcome="host_lost")),
    Mutant("X03", "a reclaim without one", put("attempts", "outcome", "host_lost", job_id="late")),
    Mutant("X04", "a boot is given up early", plan(2, detect_after="4m")),
    Mutant("X04", "an unbilled boot is free though its fault bills it", put(
        "instances", "ready_at_s", 100.0, why_ended="boot_failure")),
    Mutant("X05", "a job starts in a stall", plan(3, at="0s")),
    Mutant("X06", "a crunch leaves somebody", plan(4, at="10m")),
    Mutant("X07", "a loss without its line", drop("faults", fault="hw")),
    Mutant("X07", "a loss that is told twice", twice("faults", fault="hw")),
    Mutant("X07", "a loss at another instant", add("faults", "at_s", 1.0, fault="hw")),
    Mutant("X08", "attempts that nobody lost", add("faults", "attempts_lost", 1, fault="hw")),
    Mutant("X08", "a summary that forgets its faults", figure((), "faults")),
    Mutant("X09", "another exit code than the fault's", plan(5, code=8)),
    Mutant("X09", "an exit beyond the window", plan(5, at="1h")),
    Mutant("X09", "a failed pull that is told late", add("faults", "at_s", 1.0, effect="pull_failed")),
    Mutant("X10", "a failed pull without its line", drop("faults", effect="pull_failed")),
    Mutant("X10", "a bad exit that is told twice", twice("faults", fault="exits")),
    Mutant("X11", "a poison job succeeds", put("attempts", "outcome", "succeeded", job_id="poison")),
)  # fmt: skip
