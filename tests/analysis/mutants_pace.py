"""Planted bugs about pace and liveness, retried jobs in line, and what each cause of a cost comes to."""

from __future__ import annotations

from typing import Any

from tests.analysis.mutants_launches import fault
from tests.analysis.planting import Change, Mutant, Tables, add, both, figure, put, world
from tests.analysis.sound_facts import S1, S2, A

WIDE = 1e-7
"""A hundred nano-dollars: more than rounding explains."""


def entry(name: str, key: str, value: Any) -> Change:
    """The run is as it was, but the entry says otherwise."""

    def change(tables: Tables) -> None:
        items = tables["scenario"]["workload"]
        tables["scenario"]["workload"] = [{**item, key: value} if item.get("id") == name else item for item in items]

    return change


def quick_boot() -> Change:
    """A world in which instances boot in 40 seconds."""
    return both(world("instance_pending", "10s"), world("instance_boot", "30s"), world("agent_register", "10s"))


def retell(before: str, after: str, **where: Any) -> Change:
    """Money that one cause has is said to be another's."""
    return put("costs", "cause", after, cause=before, **where)


def bare() -> Change:
    """Nothing was planned to be reclaimed."""

    def change(tables: Tables) -> None:
        tables["scenario"]["faults"] = []

    return change


MUTANTS = (
    Mutant("I01", "an attempt stands behind a later one", put("attempts", "starting_at_s", 0, job_id="dep")),
    Mutant("I01", "an instance stands behind a later one", put("instances", "launched_at_s", 90, instance=S1)),
    Mutant("C02", "a job is placed between two passes", world("scheduler_cycle", "7s")),
    Mutant("C03", "an instance ends between two checks", world("scale_down_check", "7s")),
    Mutant("C04", "a decision comes too early", world("scale_up_delay", "200s")),
    Mutant("C05", "an instance that nobody decided on", put("instances", "launched_at_s", 151, instance=S1)),
    Mutant("I19b", "a boot takes longer than the world says", quick_boot()),
    Mutant("I19b", "an instance is never ready", both(quick_boot(), put("instances", "ready_at_s", None, instance=S2))),
    Mutant("I12", "a container starts slower than the world says", world("warm_start", "1s")),
    Mutant("I12b", "a task provisions longer than the world says", world("fargate_provision", "29s")),
    Mutant("I12c", "a pull takes longer than any", both(world("new_image", "5s"), world("slow_pull", "6s"))),
    Mutant("I20b", "a notice comes late", put("instances", "notice_at_s", 410, instance=S1)),
    Mutant("I20b", "an instance is taken without notice", put("instances", "notice_at_s", None, instance=S1)),
    Mutant("I20b", "an instance outlives its notice", put("instances", "notice_at_s", 300, instance=S2)),
    Mutant("I20c", "an instance is taken that nobody named", bare()),
    Mutant("I20c", "an instance is named and not taken", fault(
        kind="spot_reclaim", at="400s", select={"environment": "spot", "ordinal": 1})),
    Mutant("I13b", "an exit code out of nowhere", put("attempts", "exit_code", 9, job_id="bad")),
    Mutant("I13c", "a script is not followed", entry("quick", "run", {"script": [{"run": "49s", "exit": 2}]})),
    Mutant("V01", "a head waits beside free room", put("attempts", "vcpus", 1.0, outcome="open")),
    Mutant("V02", "a decision is not taken", world("scale_up_delay", "15s")),
    Mutant("V03", "a run ends before its jobs", figure("drained", "ended_by")),
    Mutant("I29e", "a retried job is not first", put("attempts", "runnable_at_s", 290, job_id="broken", attempt=2)),
    Mutant("I29e", "a retried job is not last", both(
        world("retry_position", "back"), put("attempts", "starting_at_s", 350, job_id="broken", attempt=1))),
    Mutant("I04f", "a job ends and does not say why", put("jobs", "reason", "", job_id="dep")),
    Mutant("C06", "a launch before anybody asked", world("scale_up_delay", "100s")),
    Mutant("I19c", "a boot is billed too early", both(
        world("instance_pending", "10s"), put("instances", "billed_from_s", 151, instance=S1))),
    Mutant("I20d", "an instance is replaced that nobody asked for", put(
        "instances", "why_launched", "replacement", instance=S2)),
    Mutant("I12c", "an image is there too early", both(
        world("new_image", "10s"), world("slow_pull", "10s"), put("attempts", "pulled_at_s", 245, job_id="quick"))),
    Mutant("B09", "a boot is called unused", retell("boot", "unused_share", instance=S2)),
    Mutant("B09b", "a boot is called a minimum charge", retell("boot", "minimum_charge", instance=S2)),
    Mutant("B09c", "idle time is called unused", retell("idle_tail", "unused_share", instance=A)),
    Mutant("B10", "a failure is called useful", retell("failed_attempts", "useful_work", job_id="bad")),
    Mutant("B10", "a success is called lost", retell("useful_work", "lost_to_spot", job_id="dep")),
    Mutant("B10b", "a container's start is called a pull", retell("container_start", "image_pull", job_id="dep")),
    Mutant("B11", "a job bears more than its part", add("jobs", "cost_loaded_usd", WIDE, job_id="dep")),
    Mutant("B11b", "a share of another size", add("jobs", "cost_share_usd", WIDE, job_id="dep")),
)  # fmt: skip
