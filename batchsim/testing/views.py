"""Hypothesis strategies for what policies see: views of small environments, with every corner in reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from batchsim.policies import Ask, Demand, EndedAttempt, Job, Need, Offer, Room, Rule, WaitingJob, WaitingQueue

View = tuple[Any, ...]
ZONES = 3
SIZES = ((1, 2_048), (2, 3_800), (2, 15_300), (4, 7_600), (8, 30_900), (16, 62_000))
"""vCPUs and usable MiB of instance types: thin, usual and fat."""
HOUR_MS = 3_600_000


def views_of(kind: str) -> SearchStrategy[View]:
    """Views of a kind of policy, as the arguments of one call."""
    return _VIEWS[kind]()


def _asks() -> SearchStrategy[Ask]:
    return st.builds(
        Ask,
        st.sampled_from((1, 2, 3, 4, 8)),
        st.sampled_from((4, 512, 1_024, 3_000, 7_000, 15_000)),
        st.sampled_from((0, 0, 0, 1)),
        st.sampled_from((1, 2, 5, 40, 1_000)),
    )


@st.composite
def _offers(draw: DrawFn) -> tuple[Offer, ...]:
    """Types in zones, on Spot or not; some pools are held back, so that positions have gaps."""
    spot = draw(st.booleans())
    types = draw(st.lists(st.sampled_from(SIZES), min_size=1, max_size=4, unique=True))
    zones = draw(st.integers(1, ZONES))
    made: list[Offer] = []
    for number, (vcpus, memory_mib) in enumerate(types):
        price = draw(st.integers(1, 40)) * 10_000_000 * vcpus
        gpus, listed = draw(st.sampled_from((0, 0, 0, 1))), draw(st.integers(0, 3))
        made += [
            Offer(
                position=number * zones + zone,
                pool=number * zones + zone,
                type=number,
                zone=zone,
                vcpus=vcpus,
                memory_mib=memory_mib,
                nominal_memory_mib=memory_mib + 400,
                gpus=gpus,
                spot=spot,
                price_nano_usd_per_h=price if not spot else price // 3,
                on_demand_nano_usd_per_h=price,
                depth=draw(st.sampled_from((0, 1, 7, 200))) if spot else 0,
                type_name=f"t{number}.{vcpus}x",
                listed=listed,
                hazard_per_h=0.02 if spot else 0.0,
            )
            for zone in range(zones)
        ]
    held_back = draw(st.sets(st.integers(0, len(made) - 1), max_size=2))
    return tuple(offer for offer in made if offer.position not in held_back)


def _demands() -> SearchStrategy[Demand]:
    return st.builds(
        Demand,
        asks=st.lists(_asks(), min_size=1, max_size=3).map(tuple),
        headroom_vcpus=st.sampled_from((1, 2, 3, 4, 7, 16, 256)),
        may_exceed_max=st.booleans(),
        zone_vcpus=st.tuples(*[st.sampled_from((0, 2, 4, 16))] * ZONES),
        by_memory=st.booleans(),
        max_instance_vcpus=st.sampled_from((None, None, 4)),
        rate_weight=st.sampled_from((None, None, 10.0)),
        size_draws=st.sampled_from(((), (0.05, 0.5, 0.95))),
    )


@st.composite
def _packing(draw: DrawFn) -> View:
    """A job, and rooms that hold it."""
    job = Job(draw(st.integers(1, 4)), draw(st.sampled_from((4, 1_024, 3_000))), draw(st.sampled_from((0, 0, 1))))
    count = draw(st.integers(1, 5))
    return job, tuple(draw(_room(job, age)) for age in range(count))


@st.composite
def _room(draw: DrawFn, job: Job, age: int) -> Room:
    vcpus = job.vcpus + draw(st.integers(0, 6))
    memory_mib = job.memory_mib + draw(st.sampled_from((0, 500, 9_000)))
    gpus = job.gpus + draw(st.integers(0, 1))
    held = draw(st.integers(0, 8))
    return Room(
        age=age * 3,
        vcpus=vcpus,
        memory_mib=memory_mib,
        gpus=gpus,
        of_vcpus=vcpus + held,
        of_memory_mib=memory_mib + 1_024 * held,
        of_gpus=gpus,
        jobs=draw(st.integers(1, held)) if held else 0,
        zone=draw(st.integers(0, ZONES - 1)),
        spot=draw(st.booleans()),
    )


@st.composite
def _jobs(draw: DrawFn) -> WaitingJob:
    created, waited, ran = (draw(st.integers(0, HOUR_MS)) for _ in range(3))
    attempts = draw(st.integers(0, 3))
    return WaitingJob(
        entry=draw(st.sampled_from(("nightly", "report", "adhoc"))),
        queue=draw(st.sampled_from(("high", "low"))),
        definition=draw(st.sampled_from(("etl:1", "train:3"))),
        vcpus=draw(st.sampled_from((0.25, 1.0, 2.0, 4.0))),
        memory_mib=draw(st.sampled_from((512, 2_048, 30_000))),
        gpus=draw(st.sampled_from((0, 0, 1))),
        timeout_s=draw(st.none() | st.sampled_from((60, 3_600))),
        attempts=attempts,
        created_at_ms=created,
        first_runnable_at_ms=created + waited,
        runnable_at_ms=created + waited + (ran if attempts else 0),
    )


@st.composite
def _queues(draw: DrawFn) -> View:
    count = draw(st.integers(1, 4))
    heads = [draw(st.none() | _jobs()) for _ in range(count)]
    return (
        tuple(
            WaitingQueue(
                position, f"queue-{position}", draw(st.sampled_from((1, 5, 5, 100))),
                draw(st.integers(1, 50)) if head else 0, head,
            )
            for position, head in enumerate(heads)
        ),
    )  # fmt: skip


@st.composite
def _needs(draw: DrawFn) -> View:
    running, booting, headroom = (draw(st.integers(low, 40)) for low in (0, 0, 1))
    asks = tuple(draw(st.lists(_asks(), min_size=1, max_size=3)))
    most = running + booting + headroom
    return (Need("hosts", draw(st.booleans()), asks, running, booting, draw(st.integers(0, most)), most),)


def _rules() -> SearchStrategy[Rule]:
    pattern = st.none() | st.sampled_from(("*", "Host EC2*", "Essential container in task exited", "13*", "1"))
    return st.builds(Rule, st.booleans(), pattern, pattern, pattern)


@st.composite
def _ended(draw: DrawFn) -> View:
    endings = (
        ("failed", "Essential container in task exited", "", 1),
        ("failed", "Essential container in task exited", "OutOfMemoryError: Container killed due to memory usage", 137),
        (
            "start_failed",
            "Task failed to start",
            "DockerTimeoutError: timed out",
            None,
        ),
        ("reclaimed", "Host EC2 (instance i-0123456789abcdef0) terminated.", "", None),
        ("reclaimed", "Your Spot Task was interrupted.", "", 137),
    )
    outcome, status_reason, reason, exit_code = draw(st.sampled_from(endings))
    rules = tuple(draw(st.lists(_rules(), max_size=3)))
    attempt, left = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    return (EndedAttempt(attempt, left, outcome, status_reason, reason, exit_code, rules),)  # type: ignore[arg-type]


_VIEWS: Mapping[str, Callable[[], SearchStrategy[View]]] = {
    "allocation": lambda: st.tuples(_demands(), _offers()),
    "ordering": lambda: st.tuples(_jobs()),
    "ordering of queues": _queues,
    "packing": _packing,
    "scaling": _needs,
    "retry": _ended,
}
