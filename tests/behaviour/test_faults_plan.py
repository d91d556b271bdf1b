"""What holds for every plan of faults: a plan that can strike nothing is none, and no fault shifts another's draws."""

from __future__ import annotations

import pytest
from fault_stories import fault, on_demand, seen, spot, struck
from scenario_builder import job, scenario

import batchsim

WORLD = {
    "scheduler_cycle": "1s",
    "instance_boot": {"exponential": {"mean": "60s"}},
    "new_image": {"uniform": {"min": "5s", "max": "20s"}},
    "spot_hazard": 0.5,
    "ice_prob": 0.1,
    "start_failure": 0.05,
    "scale_down_idle": "60s",
}


def story(*faults, **keys):
    """A busy hour with everything that is drawn."""
    run = {"lognormal": {"mean": "5m", "cv": 1}}
    jobs = [
        job("a", run, size=12, attempts=4, fails=[{"probability": 0.1}]),
        job("b", run, at="10m", count=4, on="dear"),
    ]
    queues = [
        {"jobQueueName": name, "priority": 1, "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": host}]}
        for name, host in (("queue", "spot"), ("dear", "hosts"))
    ]
    places = [spot(types=("box.1", "box.4")), on_demand()]
    given = {"faults": list(faults)} if faults else {}
    return scenario(*jobs, environments=places, queues=queues, world=WORLD, **given, **keys)


HARMLESS = {
    "hazard": fault("spot_reclaim", hazard=0),
    "correlated hazard": fault("spot_reclaim", hazard=0, correlated="pool"),
    "fraction": fault("spot_reclaim", "5m", fraction=0),
    "failures": fault("instance_failure", "5m", fraction=0),
    "boots": fault("boot_failure", probability=0),
    "never slow": fault("slow_instance", probability=0, factor=3),
    "slow by 1": fault("slow_instance", probability=1, factor=1),
    "bad exits": fault("exit_code", code=1, probability=0),
    "pulls": fault("image_pull", probability=0),
    "no later": fault("image_pull", extra_delay="0s"),
    "no dearer": fault("price_shock", factor=1),
    "room enough": fault("capacity", capacity=1000),
}
LATE = {
    "spot": fault("spot_reclaim", "20h", fraction=1),
    "hazard": fault("spot_reclaim", "20h", lasts="1h", hazard=100),
    "pools": fault("spot_reclaim", "20h", lasts="1h", hazard=100, correlated="pool"),
    "one": fault("spot_reclaim", "20h", select={"environment": "spot", "ordinal": 0}),
    "failures": fault("instance_failure", "20h", mtbf="1s"),
    "zone": fault("az_outage", "20h", "1h", select={"zone": "us-east-1a"}),
    "boots": fault("boot_failure", "20h", probability=1),
    "slow": fault("slow_instance", "20h", probability=1, factor=10),
    "stall": fault("scheduler_stall", "20h", "1h"),
    "capacity": fault("capacity", "20h"),
    "exits": fault("exit_code", "20h", code=1, probability=1),
    "poison": fault("poison_job", "20h", select={"job": "*"}, fail_after="1s"),
    "pulls fail": fault("image_pull", "20h", probability=1),
    "prices": fault("price_shock", "20h", factor=9),
}


@pytest.fixture(scope="module")
def calm():
    return seen(batchsim.run(story(), seed=3))


def test_an_empty_plan_is_no_plan(calm):
    empty = batchsim.run(story().model_copy(update={"faults": ()}), seed=3)
    assert seen(empty) == calm
    assert "faults.csv" not in calm


@pytest.mark.parametrize("name", HARMLESS)
def test_a_plan_that_can_strike_nothing_is_no_plan(name, calm, simulate):
    assert seen(simulate(story(HARMLESS[name]), seed=3)) == calm


@pytest.mark.parametrize("name", LATE)
def test_a_fault_after_the_end_changes_nothing(name, calm, simulate):
    assert seen(simulate(story(LATE[name]), seed=3)) == calm


@pytest.mark.parametrize("name", LATE)
def test_a_fault_after_the_end_shifts_no_draw_of_another_wherever_it_stands(name, simulate):
    crunch = fault("spot_reclaim", "2m", lasts="10m", hazard=5)
    alone, beside = simulate(story(crunch), seed=3), simulate(story(LATE[name], crunch), seed=3)
    assert struck(alone)
    assert [at for at, _ in struck(beside)] == [at for at, _ in struck(alone)]
    assert beside.jobs.equals(alone.jobs)


def test_faults_shift_no_jobs_work(simulate):
    bad_day = [fault("spot_reclaim", "1m", fraction=1), fault("boot_failure", probability=0.3),
               fault("instance_failure", mtbf="20m"), fault("az_outage", "5m", "5m", select={"zone": "us-east-1a"}),
               fault("slow_instance", probability=0.5, factor=2), fault("scheduler_stall", "20m", "2m")]  # fmt: skip
    calm, stormy = simulate(story(), seed=3), simulate(story(*bad_day), seed=3)
    assert len(stormy.faults) > 5
    assert stormy.jobs["work_s"].equals(calm.jobs["work_s"])


def test_a_name_is_all_that_a_name_changes(simulate):
    crunch = fault("spot_reclaim", "2m", lasts="10m", hazard=5)
    plain, named = simulate(story(crunch), seed=3), simulate(story({**crunch, "name": "crunch"}), seed=3)
    assert [at for at, _ in struck(plain)] == [at for at, _ in struck(named)]
    assert {name for _, name in struck(named)} == {"crunch"}


def test_two_equal_faults_have_draws_of_their_own(simulate):
    crunch = fault("spot_reclaim", "2m", fraction=0.5)
    once, twice = (simulate(story(*[crunch] * times), seed=3) for times in (1, 2))
    assert 0 < len(once.faults) < len(twice.faults)


def test_the_file_and_a_stepped_run_agree(simulate):
    crunch = [fault("spot_reclaim", "2m", lasts="10m", hazard=5), fault("scheduler_stall", "5m", "1m"),
              fault("az_outage", "8m", "2m", select={"zone": "us-east-1b"})]  # fmt: skip
    simulation = batchsim.Simulation(story(*crunch), seed=3, thorough=True)
    for minute in range(0, 30, 3):
        simulation.advance(until=f"{minute}m")
    assert seen(simulation.finish()) == seen(simulate(story(*crunch), seed=3))


def test_a_call_is_a_fault_of_the_file(simulate):
    simulation = batchsim.Simulation(story(), seed=3)
    simulation.advance(until="4m")
    simulation.reclaim("spot", 0)
    by_call = simulation.finish()
    by_file = simulate(story(fault("spot_reclaim", "4m", select={"environment": "spot", "ordinal": 0})), seed=3)
    assert seen(by_call) == seen(by_file)
    assert struck(by_call) == [(240, "faults[0]")]
