"""What a job costs is counted, never timed: it does not grow with the jobs, the backlog, the fleet, shares or lanes.

``benchmarks/counting.py`` says what is counted, and how. A cost a job is taken between two sizes, so that what a run
pays once is in neither: from 1,000 to 3,000 jobs, and from 3,000 to 10,000. A logarithm may grow; a scan may not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest
from conftest import Count
from counting import Counts, between, counted
from effort import effort
from scenario_builder import fair, fixed, job, scenario
from suite import BENCHMARKS, CYCLES
from suite import scenario as benchmark

from batchsim import simulation
from batchsim.engine.scale_in import ScaleIn
from batchsim.spec.paths import with_values

SIZES = effort(fast=(1_000, 3_000, 10_000), verify=(3_000, 10_000, 100_000), long=(10_000, 100_000, 1_000_000))
INSTANCES = {"fairshare": 100}
"""Of most benchmarks 20: so few that the jobs wait, ever more of them; enough for fairshare's two hundred shares."""
LOGARITHM = 1.25
"""What ten times as many of anything may add to the steps of a search or a heap."""
WALKED = {"fairshare": (1_000, 2_000, 3_000)}
WALK = 1.6
"""Who walks over what waits takes some three times as many lines where so many more wait."""
PER_INSTANCE = ("scale_in.py", "drain.py", "spot.py", "launch.py", "interruptions.py", "instance_table.py")
"""Files whose work is for instances."""
TRACED = [(name, cycle) for name in BENCHMARKS for cycle in effort(fast=("0s",), verify=CYCLES, long=CYCLES)]
"""Where a pass follows each event there is most to walk over."""
WAITING = [pytest.param(*each, marks=pytest.mark.slow if each[0] in WALKED else ()) for each in TRACED]
"""Of fairshare so many must wait that it takes half a minute."""


def grown(before: Mapping[str, float], after: Mapping[str, float], most: float) -> dict[str, str]:
    """What grew by more than so many times; a fiftieth of an operation is nothing: some pass more or less."""
    told = {what: f"{before[what]:.3f} -> {after[what]:.3f}" for what in after}
    return {what: told[what] for what in after if after[what] > most * before[what] + 0.02}


@pytest.mark.parametrize(("name", "cycle"), TRACED)
def test_events_lookups_and_queue_operations_a_job_do_not_grow_with_the_jobs(name: str, cycle: str, cases: Count):
    few, more, most = (counted(benchmark(name, jobs, cycle, INSTANCES.get(name, 20))) for jobs in SIZES)
    cases(3)
    assert not grown(between(few, more), between(more, most), LOGARITHM)
    assert most.a_job()["events"] < 6


@pytest.mark.parametrize("cycle", CYCLES)
@pytest.mark.parametrize(("name", "most"), [("spot", 0.65), ("burst", 0.15), ("million_vcpu", 0.15)])
def test_one_lookup_fills_all_the_rooms_that_a_run_of_equal_jobs_finds(name: str, most: float, cycle: str):
    assert counted(benchmark(name, 10_000, cycle, 20)).a_job()["look-ups"] < most


def test_an_instance_that_minvcpus_keep_is_not_looked_at_again_at_each_launch(monkeypatch: pytest.MonkeyPatch):
    watched, watch = list[int](), ScaleIn.watch
    monkeypatch.setattr(ScaleIn, "watch", lambda self, *of: (watched.append(of[1]), watch(self, *of)))
    simulation.run(scenario(job("a"), environments=[fixed(500)]))
    assert len(watched) < 3 * 500


@pytest.mark.parametrize("cycle", CYCLES)
def test_a_job_that_may_lose_its_host_costs_hundreds_of_lines_not_thousands(cycle: str):
    assert counted(benchmark("spot", 4_000, cycle, 20), lines=True).a_job()["lines"] < 650


@pytest.mark.parametrize("cycle", CYCLES)
@pytest.mark.parametrize("name", ["poisson", "dag"])
def test_arrivals_dependencies_and_passes_take_no_turn_through_the_agenda(name: str, cycle: str, cases: Count):
    """Its end is the one event of a job: the loop of ``engine/flow.py`` keeps the others to itself."""
    found = counted(benchmark(name, SIZES[0], cycle, 20)).a_job()
    cases(1)
    assert found["events"] < 1.3
    assert found["queue operations"] < 2


@pytest.mark.parametrize(("name", "cycle"), WAITING)
def test_no_event_walks_over_the_jobs_that_wait(name: str, cycle: str):
    sizes = WALKED.get(name, (500, 1_000, 4_000))
    few, more, most = (counted(benchmark(name, jobs, cycle, INSTANCES.get(name, 10)), lines=True) for jobs in sizes)
    assert between(more, most)["lines"] < WALK * between(few, more)["lines"]


@pytest.mark.parametrize(("name", "cycle"), [each for each in TRACED if each[0] not in ("poisson", "fairshare")])
def test_no_event_walks_over_the_fleet(name: str, cycle: str):
    small, large = (counted(benchmark(name, 50 * n, cycle, n), lines=True) for n in (10, 100))
    found = grown(small.a_job(), large.a_job(), LOGARITHM)
    assert not {what for what in found if large.a_job()[what] >= 1}, found  # less than one a job walks over nothing


def shared(shares: int, lanes: int = 1) -> Counts:
    """600 jobs of so many shares, of so many priorities each, on ten slots: a pass at each end."""
    names = [f"team{n}" for n in range(shares)]
    calls = shares * lanes
    work = [
        job(f"{name}-{lane}", f"{61 + n % 7}s", share=name, priority=lane, count=600 // calls)
        for n, name in enumerate(names)
        for lane in range(lanes)
    ]
    return counted(scenario(*work, environments=[fixed(10)], **fair({}, shareDecaySeconds=600)), lines=True)


def test_no_event_walks_over_the_shares():
    assert shared(100).a_job()["lines"] < WALK * shared(10).a_job()["lines"]


def test_no_event_walks_over_the_lanes_of_a_share():
    assert shared(5, lanes=20).a_job()["lines"] < WALK * shared(5).a_job()["lines"]


def test_tasks_by_the_hundred_cost_less_than_one_by_one(monkeypatch: pytest.MonkeyPatch):
    given = benchmark("fargate", effort(fast=20_000, verify=40_000, long=400_000), "0s")
    in_windows = counted(given, lines=True).a_job()["lines"]
    monkeypatch.setattr("batchsim.engine.task_window.LEAST", 1 << 30)
    assert in_windows < counted(given, lines=True).a_job()["lines"] * 3 / 4


def by_file(lines: Counter[str]) -> Counter[str]:
    """Lines by file."""
    found: Counter[str] = Counter()
    for function, count in lines.items():
        found[function.split()[0]] += count
    return found


@pytest.mark.parametrize("cycle", CYCLES)
def test_reclaims_scale_in_and_idle_timers_cost_by_instance_however_many_jobs_there_are(cycle: str):
    def lines_for_instances(parts: int) -> float:
        """The same work, of the same fleet, in so many times as many jobs."""
        run = {"lognormal": {"mean": f"{600 // parts}s", "cv": 0.6}}
        changes = [(f"array-{number:02}.run", run) for number in range(1, 21)]
        found = counted(with_values(benchmark("spot", 1_000 * parts, cycle, 20), changes), lines=True)
        return sum(by_file(found.lines)[file] for file in PER_INSTANCE) / found.instances

    assert lines_for_instances(5) < 1.5 * lines_for_instances(1)


def test_while_a_fleet_boots_an_instance_that_is_ready_asks_for_no_growth_for_what_all_of_it_covers():
    """Launches that fail hold pools back meanwhile; all arrays wait, and all have room on what boots."""
    found = counted(with_values(benchmark("burst", 1_500, "0s", 1_000), [("world.ice_prob", 0.04)]), lines=True)
    assert found.instances > 150
    assert found.lines["ec2_offers.py Ec2Offers.is_open"] < 500 * found.instances
