"""Bills: the minute at least, whole seconds, nano-dollars, and who pays the minimum (T21)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial

from batchsim.result import Result
from batchsim.selftest import stage
from batchsim.selftest.case import Case, Data, Measured, exact
from batchsim.selftest.formulas import bills as theory

FARGATE_USD_PER_VCPU_H, FARGATE_USD_PER_GIB_H = Decimal("0.04048"), Decimal("0.004445")
"""Linux on x86 in us-east-1 (AWS Fargate pricing)."""
NANO = Decimal("1e-9")


# -- scenarios


def each_alone(on_ms: Sequence[int], _scale: float) -> tuple[Data, ...]:
    """A job for each time, on an instance of its own that is launched for it and goes with it; 0: no job."""
    entries = [stage.entry(f"job{at}", _ms(time)) for at, time in enumerate(on_ms) if time]
    return (stage.scenario("on-times", entries, [stage.environment(maxvCpus=len(on_ms))]),)


def one_instance(on_ms: int, usd_per_h: Decimal, _scale: float) -> tuple[Data, ...]:
    """One job on an instance of that price."""
    host = stage.box(2, price=f"${usd_per_h:f}/h", spot_price=f"${usd_per_h:f}/h")
    world = stage.world((), instanceTypes={"plain.large": host})
    hosts = stage.environment(types=("plain.large",), maxvCpus=2)
    return (stage.scenario("a bill", [stage.entry("job", _ms(on_ms))], [hosts], around=world),)


def one_task(on_ms: int, vcpus: Decimal, memory_mib: int, _scale: float) -> tuple[Data, ...]:
    """One task on Fargate, without a pull."""
    task = stage.definition("task", float(vcpus), memory_mib, platformCapabilities=["FARGATE"])
    place = stage.environment(type="FARGATE", maxvCpus=1000)
    entry = stage.entry("job", _ms(on_ms), kind="task")
    return (stage.scenario("a task", [entry], [place], definitions=[task], around=stage.world((1,))),)


def back_to_back(jobs: int, run_ms: int, _scale: float) -> tuple[Data, ...]:
    """Jobs that share one instance, and the same with one each."""
    return tuple(
        stage.scenario("minimum", [stage.entry("job", _ms(run_ms), size=jobs)], [stage.environment(maxvCpus=slots)])
        for slots in (1, jobs)
    )


def taken_away(on_ms: int, _scale: float) -> tuple[Data, ...]:
    """A Spot instance that EC2 takes after that time, from a job that would run longer."""
    spot = stage.environment(type="SPOT", allocationStrategy="BEST_FIT_PROGRESSIVE")
    fault = {"kind": "spot_reclaim", "at": _ms(on_ms), "select": {"environment": "hosts", "ordinal": 0}}
    entry = stage.entry("job", _ms(2 * on_ms))
    return (stage.scenario("taken away", [entry], [spot], faults=[fault]),)


# -- measurements


def seconds_billed(on_ms: Sequence[int], result: Result) -> Measured:
    """By time: the seconds on the bill; 0 where there was no instance."""
    billed = iter(result.instances["billed_s"].tolist())
    return {"billed": tuple(int(next(billed)) if time else 0 for time in on_ms), "bills left over": len(list(billed))}


def dollars(result: Result) -> Measured:
    """The whole bill, in dollars to the nano-dollar."""
    total = result.summary()["cost"]["total_usd"]
    return {"bill": Decimal(str(total)).quantize(NANO)}


def seconds_in_all(shared: Result, apart: Result) -> Measured:
    """The seconds billed, on one instance and on one each."""
    return {"billed": tuple(int(each.instances["billed_s"].sum()) for each in (shared, apart))}


# -- cases for any times and prices


def on_times(id_: str, on_ms: Sequence[int]) -> Case:
    """Instances that are on for these times."""
    return Case(
        id_,
        f"instances on for {', '.join(f'{each / 1000:g}' for each in on_ms)} s",
        'EC2, "On-Demand Instances": by the second, 60 at least',
        (exact("billed", tuple(map(theory.billed_s, on_ms)), "s"), exact("bills left over", 0)),
        partial(each_alone, tuple(on_ms)),
        partial(seconds_billed, tuple(on_ms)),
        replications=1,
        jobs=len(on_ms),
    )


def instance_bill(id_: str, on_ms: int, usd_per_h: Decimal) -> Case:
    """One instance: seconds x price, rounded once to the nano-dollar."""
    return Case(
        id_,
        f"an instance at ${usd_per_h:f}/h, on for {on_ms / 1000:g} s",
        "max(60, ⌈s⌉) × price / 3600, half to even, to the nano-dollar",
        (exact("bill", theory.instance_usd(on_ms, usd_per_h), "$"),),
        partial(one_instance, on_ms, usd_per_h),
        dollars,
        replications=1,
        jobs=1,
    )


def task_bill(id_: str, on_ms: int, vcpus: Decimal, memory_mib: int) -> Case:
    """One Fargate task: vCPUs and memory, each charge rounded once to the nano-dollar."""
    gib = Decimal(memory_mib) / 1024
    theta = theory.task_usd(on_ms, vcpus, gib, FARGATE_USD_PER_VCPU_H, FARGATE_USD_PER_GIB_H)
    return Case(
        id_,
        f"Fargate, {vcpus} vCPU, {memory_mib} MiB, {on_ms / 1000:g} s",
        "AWS Fargate pricing: by the second, 60 at least; two charges, each to the nano-dollar",
        (exact("bill", theta, "$"),),
        partial(one_task, on_ms, vcpus, memory_mib),
        dollars,
        replications=1,
        jobs=1,
    )


def reclaimed_bill(id_: str, on_ms: int) -> Case:
    """A Spot instance that EC2 takes: nothing in its first hour, after that as any other."""
    return Case(
        id_,
        f"a Spot instance that EC2 takes after {on_ms / 1000:g} s",
        'EC2, "Billing for interrupted Spot Instances": free in the first hour, else by the second',
        (exact("bill", theory.reclaimed_usd(on_ms, Decimal("0.12")), "$"),),
        partial(taken_away, on_ms),
        dollars,
        replications=1,
        jobs=1,
    )


def shared_minimum(id_: str, jobs: int, run_ms: int) -> Case:
    """The minimum is paid by the instance, not by the job."""
    theta = theory.billed_s(jobs * run_ms), jobs * theory.billed_s(run_ms)
    return Case(
        id_,
        f"{jobs} jobs of {run_ms / 1000:g} s on one instance, and on one each",
        "60 s at least for each instance, not for each job",
        (exact("billed", theta, "s"),),
        partial(back_to_back, jobs, run_ms),
        seconds_in_all,
        replications=1,
        jobs=2 * jobs,
    )


def cases() -> list[Case]:
    """T21."""
    return [
        on_times("T21.1", (0, 400, 1000, 59_000, 60_000, 60_200, 3_600_000)),
        instance_bill("T21.2", 695_000, Decimal("0.096")),
        task_bill("T21.3", 45_000, Decimal("0.25"), 512),
        shared_minimum("T21.5", 100, 10_000),
    ]


def _ms(time: int) -> str:
    return f"{time}ms"
