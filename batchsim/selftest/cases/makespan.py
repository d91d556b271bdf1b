"""Makespans: the longest of an array, jobs on slots, and Graham's lists with their anomalies and bounds (T17, T18).

Of the plan's T17, the coupon collector (T17.9) is left out: it needs a scheduler that picks among Spot pools uniformly,
and batchsim, as AWS Batch, picks the deepest or the cheapest.

A list schedule in Graham's sense needs places that hold whatever becomes ready when: each job has a queue of its own,
whose priority is its place. Where bounds are checked any order will do, so that jobs stand in one queue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from batchsim.result import Result
from batchsim.selftest import stage
from batchsim.selftest.case import REPLICATIONS, Bounded, Case, Data, Measured, bound, exact, mean
from batchsim.selftest.cases.measures import MS
from batchsim.selftest.formulas import schedules as theory
from batchsim.selftest.formulas.laws import ServiceLaw, exponential, lognormal

TARGET = 0.02
"""The half-width that lengths aim at."""
MOST_JOBS = 300_000
"""A case of more jobs is left to ``--all``."""
LARGEST_BOX = 1000
MOST_NEEDS = 3
"""Jobs that another waits for, in a random graph; AWS Batch allows 20."""
Needs = Mapping[int, Sequence[int]]


# -- scenarios


def side_by_side(name: str, run: Any, size: int, arrays: int, scale: float) -> tuple[Data, ...]:
    """Arrays that are submitted at once, with a slot for each job."""
    count = max(1, round(arrays * scale))
    return (_at_once(name, stage.entry("work", run, size=size, count=count), count * size),)


def one_by_one(name: str, run: Any, size: int, slots: int, scale: float) -> tuple[Data, ...]:
    """An array on fewer slots, in a scenario by itself, and again with other numbers."""
    return tuple(
        _at_once(name, stage.entry(f"work{number}", run, size=size), slots) for number in range(max(1, round(scale)))
    )


def _at_once(name: str, entry: Data, slots: int) -> Data:
    return stage.scenario(name, [entry], [_pool(slots)], around=stage.world((_box(slots),)))


def chains(name: str, run: Any, length: int, count: int, scale: float) -> tuple[Data, ...]:
    """Chains of jobs, each with a slot of its own."""
    number = max(1, round(count * scale))
    chain = {"dependsOn": [{"type": "SEQUENTIAL"}]}
    entry = stage.entry("chain", run, size=length, count=number, submit=chain)
    return (stage.scenario(name, [entry], [_pool(number)], around=stage.world((_box(number),))),)


def listed(
    name: str, runs: Sequence[int], slots: int, needs: Needs, order: Sequence[int], _scale: float
) -> tuple[Data, ...]:
    """Jobs of so many seconds, with a queue for each, served in this order."""
    entries = [
        stage.entry(f"job{job}", f"{run}s", on=f"place{job}", submit=_waits_for(needs.get(job, ())))
        for job, run in enumerate(runs)
    ]
    queues = [stage.queue(f"place{job}", priority=len(order) - place) for place, job in enumerate(order)]
    # Queues stand in the file in the order of the jobs, so that nothing but their priority tells their place.
    queues.sort(key=lambda each: int(each["jobQueueName"].removeprefix("place")))
    world = stage.world((_box(slots),), strict_limits=False)
    return (stage.scenario(name, entries, [_pool(slots)], queues=queues, around=world),)


def all_graphs(run: Any, jobs: int, slots: int, graphs: Sequence[Needs], _scale: float) -> tuple[Data, ...]:
    """Jobs of one law in one queue, that wait for others: a scenario for each graph."""
    return tuple(
        stage.scenario(
            "graph",
            [stage.entry(f"job{job}", run, submit=_waits_for(needs.get(job, ()))) for job in range(jobs)],
            [_pool(slots)],
            around=stage.world((_box(slots),)),
        )
        for needs in graphs
    )


def random_needs(jobs: int, seed: int) -> dict[int, list[int]]:
    """An acyclic graph: up to three jobs that each waits for, among those before it, by a generator of 31 bits."""
    state, needs = seed, {}
    for job in range(1, jobs):
        found = set()
        for _ in range(MOST_NEEDS):
            state = (1103515245 * state + 12345) % 2**31
            if (state >> 8) % 3:
                state = (1103515245 * state + 12345) % 2**31
                found.add((state >> 8) % job)
        needs[job] = sorted(found)
    return needs


# -- measurements


def makespans(*results: Result) -> Measured:
    """The mean time from submission to the last end, of arrays or chains."""
    calls = [result.records.submissions for result in results]
    took = np.concatenate([each.ended_at_ms - each.created_at_ms for each in calls]) / MS
    return {"E[makespan]": float(took.mean()), "E[makespan²]": float((took**2).mean())}


def last_end(result: Result) -> Measured:
    """The makespan in whole seconds if it is one, and each job's end."""
    ends = result.records.jobs.ended_at_ms
    return {"makespan": _seconds(int(ends.max())), "ends": tuple(_seconds(int(end)) for end in ends)}


def within_bounds(slots: int, graphs: Sequence[tuple[str, Needs]], *results: Result) -> Measured:
    """Each makespan between its bounds by the run times that were drawn, in s."""
    return {
        f"makespan, {name}": _bounded(slots, needs, result)
        for (name, needs), result in zip(graphs, results, strict=True)
    }


def _bounded(slots: int, needs: Needs, result: Result) -> Bounded:
    work = (result.records.jobs.work_ms / MS).tolist()
    low, high = theory.makespan_bounds(work, slots, theory.critical_path(work, needs))
    return Bounded(low, float(result.records.jobs.ended_at_ms.max()) / MS, high)


# -- cases for any law and size


def largest_of_lognormals(id_: str, size: int, mean_s: float = 600.0, cv: float = 0.5) -> Case:
    """An array of lognormal jobs on unlimited warm capacity."""
    law = theory.MaxOfLognormals(size, mean_s, cv)
    title = f"an array of {size}, LN {mean_s:g} s cv {cv:g}, a slot for each"
    return _largest(id_, title, "∫ 1 - F(x)^n dx by quadrature", size, lognormal(mean_s, cv), law.mean, law.sd)


def largest_of_exponentials(id_: str, size: int, mean_s: float = 600.0) -> Case:
    """An array of exponential jobs on unlimited capacity: H_n times the mean."""
    theta = mean_s * theory.harmonic(size)
    title = f"an array of {size}, Exp {mean_s:g} s, a slot for each"
    return _largest(id_, title, "H_n times the mean", size, exponential(mean_s), theta, 1.3 * mean_s)


def _largest(id_: str, title: str, source: str, size: int, law: ServiceLaw, theta: float, sd: float) -> Case:
    arrays = _runs_needed(sd / theta)
    return Case(
        id_,
        title,
        source,
        (mean("E[makespan]", theta),),
        partial(side_by_side, title, law.run, size, arrays),
        makespans,
        jobs=arrays * size,
        heavy=arrays * size * REPLICATIONS > MOST_JOBS,
    )


def exponential_jobs(id_: str, jobs: int, slots: int, mean_s: float = 60.0) -> Case:
    """Exponential jobs, all there at once, on fewer slots."""
    theta = theory.exponential_makespan_s(jobs, slots, mean_s)
    return Case(
        id_,
        f"{jobs} jobs Exp {mean_s:g} s at once on {slots} slots",
        "(n - c)/(c μ) + H_c/μ",
        (mean("E[makespan]", theta),),
        partial(one_by_one, "jobs on slots", exponential(mean_s).run, jobs, slots),
        makespans,
        jobs=jobs,
    )


def equal_jobs(id_: str, jobs: int, slots: int, run_s: int = 60) -> Case:
    """Equal jobs on fewer slots: full waves."""
    return Case(
        id_,
        f"{jobs} jobs of {run_s} s at once on {slots} slots",
        "⌈n/c⌉ waves",
        (exact("makespan", theory.wave_makespan(jobs, slots, run_s), "s"),),
        partial(one_by_one, "waves", f"{run_s}s", jobs, slots),
        last_end,
        replications=1,
        jobs=jobs,
    )


def chain(id_: str, length: int, mean_s: float = 60.0) -> Case:
    """A chain of exponential jobs: an Erlang law."""
    count = _runs_needed(length**-0.5)
    theta = length * mean_s
    return Case(
        id_,
        f"a chain of {length} jobs Exp {mean_s:g} s on a warm slot",
        "Erlang: mean k/μ, variance k/μ²",
        (mean("E[makespan]", theta), mean("E[makespan²]", theta**2 * (1 + 1 / length), "s²", 0.06)),
        partial(chains, "chains", exponential(mean_s).run, length, count),
        makespans,
        jobs=count * length,
    )


def list_schedule(
    id_: str, title: str, runs: Sequence[int], slots: int, needs: Needs | None = None, order: Sequence[int] = ()
) -> Case:
    """Whole seconds of work in a list: the end of each job is that of Graham's list schedule. Jobs count from 0."""
    places = list(order) or list(range(len(runs)))
    waits = {places.index(job): [places.index(each) for each in wanted] for job, wanted in (needs or {}).items()}
    ends = theory.list_schedule([runs[job] for job in places], slots, waits)
    by_job = tuple(ends[places.index(job)] for job in range(len(runs)))
    return Case(
        id_,
        title,
        "R. L. Graham (1969), SIAM J. Appl. Math. 17: each job keeps its place in the list",
        (exact("makespan", max(by_job), "s"), exact("ends", by_job, "s")),
        partial(listed, "list", tuple(runs), slots, dict(needs or {}), tuple(places)),
        last_end,
        replications=1,
        jobs=len(runs),
    )


def bounds(
    id_: str, jobs: int, slots: int, law: ServiceLaw, seeds: Sequence[int] = (1, 2), replications: int = REPLICATIONS
) -> Case:
    """Jobs of one shape on warm slots within their bounds on every run: independent ones, and random graphs of them."""
    graphs: list[tuple[str, Needs]] = [
        ("independent", {}),
        *((f"graph {seed}", random_needs(jobs, seed)) for seed in seeds),
    ]
    return Case(
        id_,
        f"{jobs} jobs {law.name} {law.mean_s:g} s on {slots} slots, independent and in graphs",
        "max(Σt/m, CP) ≤ makespan ≤ Σt/m + (1 - 1/m) CP; CP the critical path (Graham 1969, Brent 1974)",
        tuple(bound(f"makespan, {name}", "s") for name, _ in graphs),
        partial(all_graphs, law.run, jobs, slots, [needs for _, needs in graphs]),
        partial(within_bounds, slots, graphs),
        replications=replications,
        jobs=jobs * len(graphs),
    )


GRAHAM = (3, 2, 2, 2, 4, 4, 4, 4, 9)
GRAHAM_NEEDS = {8: (0,), 4: (3,), 5: (3,), 6: (3,), 7: (3,)}


def cases() -> list[Case]:
    """T17 and T18."""
    shorter = tuple(run - 1 for run in GRAHAM)
    return [
        largest_of_lognormals("T17.1", 10),
        largest_of_lognormals("T17.2", 100),
        largest_of_lognormals("T17.4", 10_000),
        largest_of_exponentials("T17.5", 100),
        exponential_jobs("T17.6", 1000, 16),
        equal_jobs("T17.7", 1000, 16),
        chain("T17.8", 20),
        list_schedule("T18.1", "Graham's nine jobs on 3 slots", GRAHAM, 3, GRAHAM_NEEDS),
        list_schedule("T18.2", "the same on 4 slots: longer", GRAHAM, 4, GRAHAM_NEEDS),
        list_schedule("T18.3", "the same on 3 slots, each job 1 s shorter: longer", shorter, 3, GRAHAM_NEEDS),
        list_schedule(
            "T18.5", "the same on 3 slots in another order", GRAHAM, 3, GRAHAM_NEEDS, (0, 1, 3, 4, 5, 2, 8, 6, 7)
        ),
        list_schedule("T18.6", "56 jobs of 1 s, then one of 8 s, on 8 slots; the best is 8", (*[1] * 56, 8), 8),
        list_schedule("T18.7", "longest first on 3 slots; the best is 9", (5, 5, 4, 4, 3, 3, 3), 3),
        bounds("T18.8", 40, 4, lognormal(60, 2), replications=10),
    ]


def _runs_needed(relative_sd: float) -> int:
    """Arrays or chains a replication, for a mean to ``TARGET`` of itself."""
    return max(1, round((2.045 * relative_sd / TARGET) ** 2 / REPLICATIONS))


def _pool(slots: int) -> Data:
    box = _box(slots)
    return stage.fixed(-(-slots // box) * box, types=(f"box.{box}",))


def _box(slots: int) -> int:
    """The vCPUs of an instance: all slots are on one, or (there are some to spare) on several of a thousand."""
    return min(slots, LARGEST_BOX)


def _waits_for(jobs: Sequence[int]) -> Data:
    return {"dependsOn": [{"jobId": f"job{each}"} for each in jobs]} if jobs else {}


def _seconds(ms: int) -> int | float:
    return ms // MS if ms % MS == 0 else ms / MS
