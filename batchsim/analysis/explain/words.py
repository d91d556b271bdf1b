"""Reasons in plain words, with the figures of the moment; and AWS's own codes for them, where it has any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from batchsim.analysis.explain.capacity import Capacity
from batchsim.analysis.explain.lines import Line, Stretch
from batchsim.analysis.explain.tables import NOBODY, RunTables

AWS_CODES: Mapping[str, str] = {
    "nothing_fits": "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
    "over_max_resource": "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
    "capacity_error": "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
    "environment_invalid": "ACTION_REQUIRED",
}
"""What AWS Batch calls a reason once it tells of it (User Guide, "Jobs stuck in a RUNNABLE status")."""

SHORT: Mapping[str, str] = {
    "throttled": "SubmitJob throttled",
    "dependency": "PENDING on other jobs",
    "retry_delay": "delay before a retry",
    "provisioning": "STARTING, the task provisioned",
    "image_pull": "STARTING, the image pulled",
    "container_start": "STARTING, the container started",
    "earlier_running": "RUNNING in attempts that were repeated",
    "last_running": "RUNNING",
    "wait_higher_queue": "RUNNABLE while a queue of higher priority went first",
    "wait_nothing_fits": "RUNNABLE with no instance type that could hold the job",
    "wait_over_max_resource": "RUNNABLE asking for more than maxvCpus",
    "wait_environment_disabled": "RUNNABLE with the compute environment DISABLED",
    "wait_environment_invalid": "RUNNABLE with the compute environment INVALID",
    "wait_max_vcpus": "RUNNABLE with the compute environment at maxvCpus",
    "wait_fleet_full": "RUNNABLE with the standing fleet full",
    "wait_capacity_error": "RUNNABLE because EC2 had no capacity",
    "wait_scale_up_decision": "RUNNABLE until the scaler decided",
    "wait_instance_booting": "RUNNABLE while an instance booted",
    "wait_launch_rate": "RUNNABLE at the launch rate",
    "wait_scheduler_cycle": "RUNNABLE until the scheduler's next pass",
    "wait_client_backoff": "waiting for its client to call RunTask again",
    "wait_vcpu_quota": "RUNNABLE at the account's vCPU quota",
    "wait_bid": "RUNNABLE because no Spot price was below the bid",
    "wait_consumable_resource": "RUNNABLE until a consumable resource was free",
    "wait_fair_share_turn": "RUNNABLE until its share's turn came",
    "wait_reservation": "RUNNABLE because capacity was reserved for other shares",
}
"""What a part of a turnaround was spent on, by its column in ``jobs``, in a few words."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a job asks for."""

    vcpus_milli: int
    memory_mib: int
    gpus: int
    consumables: str = ""
    """``NAME:QUANTITY`` of each, separated by blanks."""

    def __str__(self) -> str:
        gpus = f", {self.gpus} GPU" if self.gpus > 0 else ""
        return f"{self.vcpus_milli / 1000:g} vCPU, {self.memory_mib} MiB{gpus}"


@dataclass(frozen=True, slots=True)
class Moment:
    """A stretch of a wait, with what a sentence about it needs."""

    run: RunTables
    capacity: Capacity
    piece: Stretch
    queue: str
    asked: Asked

    @property
    def environment(self) -> str:
        """The environment's name, marked as one."""
        return quoted(self.piece.environment) if self.piece.environment else "no compute environment"


def why(moment: Moment) -> str:
    """Why the head of the line waits, in a sentence without its start."""
    told = _SENTENCES.get(moment.piece.reason)
    return told(moment) if told else moment.piece.reason or "no reason is on record"


def code_of(reason: str) -> str:
    """AWS's code for a reason, else the model's word."""
    return AWS_CODES.get(reason, reason)


def quoted(name: str) -> str:
    """A name of the scenario's, marked as one."""
    return f"`{name}`"


def plural(number: int, one: str, many: str = "") -> str:
    """``1 job``, ``2 jobs``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def some(names: list[str], most: int = 3) -> str:
    """The first names of a list, and how many more there are."""
    shown = ", ".join(quoted(name) for name in names[:most])
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown


def _max_vcpus(moment: Moment) -> str:
    held = moment.capacity.held(moment.piece.environment, moment.piece.start_ms)
    most = moment.capacity.max_vcpus(moment.piece.environment, moment.piece.start_ms)
    of = f"{held.vcpus} of {most}" if most is not None else f"{held.vcpus} vCPU"
    booting = moment.capacity.booting(moment.piece.environment, moment.piece.start_ms)
    return f"{moment.environment} at maxvCpus ({of}{f', {booting.vcpus} of them booting' if booting.number else ''})"


def _over_max(moment: Moment) -> str:
    most = moment.capacity.max_vcpus(moment.piece.environment, moment.piece.start_ms)
    of = f", which are {most}" if most is not None else ""
    asks = "the head of the line asks for" if moment.piece.is_behind else f"the job asks for {moment.asked}:"
    return f"{asks} more than maxvCpus of {moment.environment}{of}"


def _nothing_fits(moment: Moment) -> str:
    who = "the head of the line" if moment.piece.is_behind else f"{moment.asked}"
    return f"no instance type of {moment.environment} can hold {who}"


def _higher_queue(moment: Moment) -> str:
    found = higher_queues(moment)
    if not found:
        return f"a queue of higher priority that shares {moment.environment} goes first"
    return f"{' and '.join(found)} goes first on {moment.environment}"


def higher_queues(moment: Moment) -> list[str]:
    """Queues of higher priority on the same environments with a head that waits, and the priorities."""
    run, at_ms = moment.run, moment.piece.start_ms
    own = run.settings.priority(moment.queue, at_ms)
    shared = set(run.settings.served_by(moment.queue))
    above = [
        name
        for name in run.settings.queues
        if run.settings.priority(name, at_ms) > own and shared & set(run.settings.served_by(name))
    ]
    above = [name for name in above if _has_head(run, name, at_ms)] or above
    return [f"{quoted(name)} (priority {run.settings.priority(name, at_ms)}, this one {own})" for name in above]


def _has_head(run: RunTables, queue: str, at_ms: int) -> bool:
    """Whether a job stood at the head of a queue, or of one of its shares, at an instant."""
    shares = run.timeline.words("share") or ("",)
    lines = [Line(run, queue, share) for share in dict.fromkeys(("", *shares))]
    rows = [row for line in lines if (row := line.row_at(at_ms)) != NOBODY]
    return any(run.text("timeline", "reason", row) != "empty" for row in rows)


def _capacity_error(moment: Moment) -> str:
    piece = moment.piece
    since_ms = piece.start_ms - max(1000, moment.run.settings.delay_ms("scheduler_cycle"))  # told at the next pass
    refused = moment.capacity.refused(piece.environment, since_ms, piece.end_ms)
    times = f" ({plural(refused, 'launch', 'launches')} refused)" if refused else ""
    return f"no capacity for {moment.environment}{times}"


def _scale_up(moment: Moment) -> str:
    held = moment.capacity.held(moment.piece.environment, moment.piece.start_ms)
    return f"no room in {moment.environment} ({held.vcpus} vCPU running or booting); its scaler has not decided yet"


def _booting(moment: Moment) -> str:
    found = moment.capacity.booting(moment.piece.environment, moment.piece.start_ms)
    return f"{plural(found.number, 'instance')} of {moment.environment} booting ({found.vcpus} vCPU)"


def _fleet_full(moment: Moment) -> str:
    held = moment.capacity.held(moment.piece.environment, moment.piece.start_ms)
    return f"no room for {moment.asked} on the standing fleet of {moment.environment} ({held.vcpus} vCPU)"


def _consumable(moment: Moment) -> str:
    needs = [need.rpartition(":") for need in moment.asked.consumables.split()]
    if moment.piece.is_behind or not needs:
        return "the head of the line needs more of a consumable resource than is left"
    levels = moment.capacity.consumables(moment.piece.start_ms)
    told = [
        f"needs {quantity} of {quoted(name)}" + ("; {} of {} in use".format(*levels[name]) if name in levels else "")
        for name, _, quantity in needs
    ]
    return ", ".join(told)


def _vcpu_quota(moment: Moment) -> str:
    quota = moment.run.settings.vcpu_quota(moment.piece.environment)
    return f"one more for {moment.environment} would exceed the account's vCPU quota" + (f" ({quota})" if quota else "")


_SENTENCES: Mapping[str, Callable[[Moment], str]] = {
    "higher_queue": _higher_queue,
    "nothing_fits": _nothing_fits,
    "over_max_resource": _over_max,
    "environment_disabled": lambda moment: f"{moment.environment} is DISABLED",
    "environment_invalid": lambda moment: f"{moment.environment} is INVALID",
    "max_vcpus": _max_vcpus,
    "fleet_full": _fleet_full,
    "capacity_error": _capacity_error,
    "scale_up_decision": _scale_up,
    "instance_booting": _booting,
    "launch_rate": lambda moment: f"{moment.environment} starts only so many jobs a second",
    "scheduler_cycle": lambda _: "the scheduler's next pass is due in a moment",
    "client_backoff": lambda _: "RunTask found no room, and its client waits before it calls again",
    "vcpu_quota": _vcpu_quota,
    "bid": lambda moment: f"no Spot price in {moment.environment} is below its bid",
    "consumable_resource": _consumable,
    "fair_share_turn": lambda moment: f"it is another share's turn in {quoted(moment.queue)}",
    "reservation": lambda moment: f"the free vCPUs of {quoted(moment.queue)} are reserved for shares yet to come",
}
