"""Faults of the simulated world: what goes wrong, where, from when to when, and how badly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from batchsim import units
from batchsim.spec.base import FileForm, Flaw, FlawsError, Model, flawed
from batchsim.spec.kinds import DURATION, DurationMs, Flag, Name, PositiveMs, Probability, Text, Whole, number, whole
from batchsim.spec.laws import Law

MAX_HAZARD_PER_H = 3_600.0
"""One loss a second: beyond, an instance is gone before it is of use."""
MIN_TPS = 0.001
"""A call in a quarter of an hour: less is an outage."""
DETECT_MS = 10 * units.DURATION_MS["m"]
"""How long an instance that never registers is waited for, if its fault does not say."""

Kind = Literal[
    "spot_reclaim",
    "capacity",
    "instance_failure",
    "az_outage",
    "quota",
    "api_throttle",
    "boot_failure",
    "slow_instance",
    "price_shock",
    "scheduler_stall",
    "image_pull",
    "exit_code",
    "poison_job",
]


def _lasting_ms(value: object) -> int:
    """A duration of at least a second (E149): else instances would come and go a thousand times a second."""
    found: int = DURATION.read(value)
    if found < units.DURATION_MS["s"]:
        raise flawed("E149", "takes less than a second", value, allowed="at least 1s")
    return found


LastingMs = Annotated[int, FileForm(_lasting_ms, DURATION.schema, DURATION.show)]


class FaultTarget(Model):
    """What a fault strikes: whatever fits all keys that are given; no key, everything.

    ``type`` may hold ``*``, as in ``c5.*``. ``ordinal``: the ordinal-th instance launched in an environment, from 0.
    """

    environment: Text | None = None
    ordinal: Whole | None = None
    type: Text | None = None
    zone: Text | None = None
    spot: Flag | None = None
    job: Text | None = None
    """A job's id as in the tables (``align@3:17``), or an entry's: all of its jobs; may hold ``*``."""
    definition: Text | None = None
    """Of a job definition, with or without its revision; may hold ``*``."""
    queue: Text | None = None
    image: Text | None = None
    """As job definitions write it; may hold ``*``."""

    def fits_type(self, name: str) -> bool:
        """Whether it selects an instance type, as far as the type goes."""
        return self.type is None or fnmatchcase(name, self.type)


class Fault(Model):
    """What goes wrong: from ``at`` on, ``for`` so long or to the end of the run. ``docs/model.md`` has the kinds.

    Which keys go with which kind is in :data:`TRAITS`.
    """

    kind: Kind
    name: Name | None = None
    at_ms: DurationMs = Field(default=0, alias="at")
    for_ms: PositiveMs | None = Field(default=None, alias="for")
    select: FaultTarget = FaultTarget()
    capacity: Whole = 0
    """Instances that EC2 has left of all that is selected."""
    running: Literal["kill", "keep"] = "kill"
    """What becomes of instances that are on when a zone goes out: they are lost, or only nothing new comes."""
    vcpus: Whole | None = None
    """The account's quota of all that is selected."""
    tps: Annotated[float, number("E142", MIN_TPS, 10_000)] | None = None
    """RunInstances calls a second that EC2 answers, of each account; one for each instance."""
    burst: Annotated[int, whole("E114", 1, 1_000_000)] = 1
    """Calls that it answers at once after a rest."""
    backoff_ms: LastingMs = Field(default=units.DURATION_MS["s"], alias="backoff")
    """Before a throttled environment calls again: drawn from 0 up to this, which doubles each time ..."""
    backoff_cap_ms: LastingMs = Field(default=units.DURATION_MS["m"], alias="backoff_cap")
    """... up to this."""
    replace: Flag = False
    """Whether an equal instance is launched, and ready, at once."""
    hazard: Annotated[float, number("E144", 0, MAX_HAZARD_PER_H)] | None = None
    """Losses an hour, of each instance or, with ``correlated``, of each pool."""
    fraction: Probability | None = None
    """Of what is selected, how much is lost at the one instant ``at``: each with this probability."""
    correlated: Literal["pool"] | None = None
    """One draw takes a whole pool: a type in a zone. Without, each instance has a draw of its own."""
    notice_ms: DurationMs | None = Field(default=None, alias="notice")
    """Before a loss; without, ``world.notice``."""
    mtbf_ms: LastingMs | None = Field(default=None, alias="mtbf")
    """Mean time between failures of one instance."""
    probability: Probability | None = None
    detect_after_ms: LastingMs | None = Field(default=None, alias="detect_after")
    """After which an instance that did not register is given up."""
    billed: Flag | None = None
    """Whether it is billed up to then; without, it is."""
    factor: Annotated[float, number("E142", 0.01, 1000)] | None = None
    """How many times as long work takes, or how many times its price a Spot instance costs."""
    code: Annotated[int, whole("E114", 1, 255)] | None = None
    """The exit code of containers that it strikes."""
    fail_after_ms: PositiveMs | None = Field(default=None, alias="fail_after")
    """Work after which a poison job fails; without, as it starts."""
    extra_delay: Law | None = None
    """How much longer a pull takes."""

    @property
    def until_ms(self) -> int | None:
        """The first instant after it; None where it lasts to the end of the run."""
        return None if self.for_ms is None else self.at_ms + self.for_ms

    @property
    def is_of_one_instance(self) -> bool:
        """Whether it strikes a single instance, by its number."""
        return self.select.ordinal is not None

    @model_validator(mode="before")
    @classmethod
    def _knows_its_window(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and "window" in value:
            hint = "Write at: 2h, for: 45m in its place"
            raise flawed("E106", "unknown key", "window", path=("window",), hint=hint)
        return value

    @model_validator(mode="after")
    def _belongs_together(self) -> Fault:
        if flaws := tuple(_flaws(self, TRAITS[self.kind])):
            raise FlawsError(*flaws)
        return self


@dataclass(frozen=True, slots=True)
class Traits:
    """What a kind of fault must say, and what else it may; keys as in the file, ``select.`` before a target's."""

    needs: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    """Exactly one of these; each brings keys of its own, in :data:`_BRINGS`."""
    some_of: tuple[str, ...] = ()
    """At least one of these."""
    takes: tuple[str, ...] = ()


_HOSTS = ("select.environment", "select.type", "select.zone", "select.spot")
_POOLS = ("select.environment", "select.type", "select.zone")
_JOBS = ("select.job", "select.definition", "select.queue")
_ONE = "select.ordinal"
_BRINGS: Mapping[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]] = {
    ("spot_reclaim", _ONE): (("at", "select.environment"), ("replace", "notice")),
    ("spot_reclaim", "fraction"): (("at",), ("correlated", "notice", "replace", *_POOLS)),
    ("spot_reclaim", "hazard"): ((), ("for", "correlated", "notice", "replace", *_POOLS)),
    ("instance_failure", _ONE): (("at", "select.environment"), ()),
    ("instance_failure", "fraction"): (("at",), _HOSTS),
    ("instance_failure", "mtbf"): ((), ("for", *_HOSTS)),
}
"""By kind and the key that it has of its ``one_of``: what it needs besides, and what else it takes."""
TRAITS: Mapping[str, Traits] = {
    "spot_reclaim": Traits(one_of=(_ONE, "hazard", "fraction")),
    "capacity": Traits(takes=("for", "capacity", *_HOSTS)),
    "instance_failure": Traits(one_of=(_ONE, "mtbf", "fraction")),
    "az_outage": Traits(
        needs=("select.zone",), takes=("for", "running", "select.environment", "select.type", "select.spot")
    ),
    "quota": Traits(needs=("vcpus",), takes=("for", *_HOSTS)),
    "api_throttle": Traits(needs=("tps",), takes=("for", "burst", "backoff", "backoff_cap", "select.environment")),
    "boot_failure": Traits(needs=("probability",), takes=("for", "detect_after", "billed", *_HOSTS)),
    "slow_instance": Traits(needs=("probability", "factor"), takes=("for", *_HOSTS)),
    "price_shock": Traits(needs=("factor",), takes=("for", "select.type")),
    "scheduler_stall": Traits(needs=("for",)),
    "image_pull": Traits(some_of=("probability", "extra_delay"), takes=("for", "select.environment", "select.image")),
    "exit_code": Traits(needs=("code", "probability"), takes=("for", *_JOBS)),
    "poison_job": Traits(needs=("select.job",), takes=("for", "fail_after", "code", *_JOBS)),
}
"""By kind of fault."""
_ALWAYS = ("kind", "name", "at", "select")


def _flaws(fault: Fault, traits: Traits) -> Iterator[Flaw]:
    """E111 for what is missing, E117 for what does not go with the kind."""
    given, what = _given(fault), str(fault.kind)
    needs, takes = traits.needs, traits.takes
    if traits.one_of:
        chosen = [key for key in traits.one_of if key in given]
        if len(chosen) != 1:
            known = ", ".join(traits.one_of)
            yield Flaw("E111", f"{what} needs exactly one of these", (), " and ".join(chosen) or None, known)
            return
        needs, takes = _BRINGS[what, chosen[0]]
        takes, what = (*takes, chosen[0]), f"{what} with {chosen[0]}"
    if traits.some_of and not set(traits.some_of) & set(given):
        yield Flaw("E111", f"{what} needs at least one of these", (), None, ", ".join(traits.some_of))
    for key in needs:
        if key not in given:
            yield Flaw("E111", "missing key", _path(key))
    for key in given:
        if key not in (*_ALWAYS, *needs, *takes, *traits.some_of):
            word = key.removeprefix("select.")
            yield Flaw("E117", f"{word} does not go with {what}", _path(key), hint=f"Leave {word} out")


def _given(fault: Fault) -> list[str]:
    """The keys that say something, as in the file: not those that are at their defaults anyway; ``at`` if written."""
    found = ["at"] if "at_ms" in fault.model_fields_set else []
    for holder, before in ((fault, ""), (fault.select, "select.")):
        for name, field in type(holder).model_fields.items():
            if name != "at_ms" and getattr(holder, name) != field.default:
                found.append(before + (field.alias or name))
    return found


def _path(key: str) -> tuple[str, ...]:
    return tuple(key.split("."))
