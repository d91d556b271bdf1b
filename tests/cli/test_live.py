"""The live view on a real terminal: what it shows, that it goes away again, and that it changes nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from cli.screen import Done, on_a_terminal

import batchsim
from batchsim.cli.live import COST_SO_FAR, told
from batchsim.progress import Progress
from batchsim.simulation import Simulation
from batchsim.spec import parse
from batchsim.testing import Dice, draw_scenario, files_of

BUSY = """
name: busy
computeEnvironments:
  - computeEnvironmentName: spot
    type: MANAGED
    computeResources: {type: SPOT, maxvCpus: 256, instanceTypes: [m5.xlarge], subnets: [S]}
jobQueues:
  - {jobQueueName: q, priority: 1, computeEnvironmentOrder: [{order: 1, computeEnvironment: spot}]}
jobDefinitions:
  - jobDefinitionName: d
    type: container
    containerProperties:
      image: x
      resourceRequirements: [{type: VCPU, value: "1"}, {type: MEMORY, value: "1024"}]
workload:
  - id: w
    submit: {jobName: w, jobQueue: q, jobDefinition: d}
    at: {poisson: 20/min, for: 6h}
    run: {lognormal: {mean: 10m, cv: 0.6}}
simulation: {seed: 1}
"""
STATES = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """About 7,200 jobs: a second of work."""
    file = tmp_path_factory.mktemp("busy") / "busy.yaml"
    file.write_text(BUSY)
    return file


@pytest.fixture(scope="module", params=["80", "40"])
def watched(busy: Path, request: pytest.FixtureRequest) -> Done:
    return on_a_terminal("run", busy, COLUMNS=request.param, NO_COLOR="1")


def test_it_shows_time_jobs_vcpus_and_dollars(watched: Done) -> None:
    assert watched.code == 0
    for words in ("simulated (simulating,", "RUNNABLE", "used of", "so far"):
        assert words in watched.stream


def test_it_leaves_nothing_but_the_report(watched: Done) -> None:
    screen = watched.screen
    assert watched.is_restored
    assert screen.cursor_shown
    assert "simulated (" not in screen.text
    assert screen.text.lstrip().startswith("busy: $")
    assert "Over time" in screen.text


def test_without_colours_none_is_sent(watched: Done) -> None:
    assert "\x1b[3" not in watched.stream
    assert "\x1b[9" not in watched.stream


def test_ctrl_c_takes_the_view_back_and_shows_the_cursor(busy: Path) -> None:
    done = on_a_terminal("run", busy, interrupt_at="used of", COLUMNS="80")
    assert done.code == 130
    assert done.is_restored
    assert done.screen.cursor_shown
    assert "\x1b[?25l" in done.stream
    assert done.screen.text.startswith("batchsim: interrupted before its end; run again with: ")


def test_a_short_run_shows_nothing_of_it(busy: Path) -> None:
    done = on_a_terminal("run", busy, "--set", "w.at={poisson: 1/min, for: 2m}", patience=60.0, COLUMNS="80")
    assert (done.code, "\x1b[?25l" in done.stream) == (0, False)


def test_json_on_stdout_is_json_alone_while_a_person_watches(busy: Path, tmp_path: Path) -> None:
    done = on_a_terminal("run", busy, "--format", "json", to=tmp_path / "out.json", COLUMNS="80")
    assert json.loads(done.stdout)["jobs"]["total"] > 5_000
    assert "used of" in done.stream
    assert done.screen.text == ""


def test_quiet_is_quiet_on_a_terminal(busy: Path) -> None:
    done = on_a_terminal("run", busy, "--quiet", COLUMNS="80")
    assert (done.code, done.stream) == (0, "")


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"TERM": "xterm", "PYTHONIOENCODING": "ascii"}])
def test_simple_terminals_can_read_all_of_it(busy: Path, environment: dict[str, str]) -> None:
    done = on_a_terminal("run", busy, COLUMNS="80", **environment)
    assert done.code == 0
    assert ("used of" in done.stream) == (environment["TERM"] != "dumb")
    assert "Over time" in done.screen.text
    assert done.stream.isascii() == ("PYTHONIOENCODING" in environment)


# -- how far a run is


def test_looking_changes_no_byte(cases: Callable[[int], None]) -> None:
    """Another thread looks without a pause while the run goes on."""
    cases(12)
    for seed in range(1, 13):
        scenario = parse(draw_scenario(Dice(seed)))
        plain, looks = files_of(batchsim.run(scenario)), Looks()
        assert files_of(batchsim.run(scenario, begun=looks.began)) == plain, f"scenario {seed}"
        assert looks.end() > 0


class Looks:
    """Asks a simulation how far it is, again and again."""

    def __init__(self) -> None:
        self._over, self._found, self._wrong = threading.Event(), 0, []  # type: ignore[var-annotated]

    def began(self, simulation: Simulation) -> None:
        self._thread = threading.Thread(target=self._look, args=(simulation,))
        self._thread.start()

    def _look(self, simulation: Simulation) -> None:
        while not (self._over.is_set() and self._found):
            try:
                simulation.progress()
            except Exception as error:  # noqa: BLE001 -- told to the test, which is in another thread
                self._wrong.append(error)
                return
            self._found += 1

    def end(self) -> int:
        """How many looks there were."""
        self._over.set()
        self._thread.join()
        assert self._wrong == []
        return self._found


def test_it_says_what_a_snapshot_says(cases: Callable[[int], None]) -> None:
    cases(12)
    for seed in range(1, 13):
        simulation = Simulation(parse(draw_scenario(Dice(seed))))
        for at_ms in range(0, 1_200_000, 30_000):
            simulation.advance(until=at_ms)
            told_, looked = simulation.progress(), simulation.snapshot()
            if simulation.now_ms != round(told_.now_s * 1000):
                continue  # the clock stands between two events
            for state in STATES:
                assert told_.states[state] == sum(counts.get(state, 0) for counts in looked.states.values())
            assert told_.vcpus_used == pytest.approx(sum(looked.vcpus.values()))


def test_its_dollars_end_as_the_compute_part_of_the_bill(cases: Callable[[int], None]) -> None:
    """EC2's to the nano-dollar; of Fargate three charges are rounded for each task."""
    cases(40)
    for seed in range(1, 41):
        simulation = Simulation(parse(draw_scenario(Dice(seed))))
        result = simulation.finish()
        cost = result._analysis.cost
        tasks = cost.tasks.charges
        wanted = int(cost.instances.compute.sum()) + sum(int(charge.sum()) for charge in tasks)
        cut = result.horizon_s - simulation.progress().now_s
        if cut == 0:
            assert abs(simulation.progress().compute_usd * 1e9 - wanted) <= 3 * len(tasks[0]), f"scenario {seed}"


def test_the_lines_are_plain_and_say_what_the_dollars_are() -> None:
    states = dict.fromkeys(STATES, 1_234)
    lines = told(Progress(3725.0, states, 12.5, 16, 1.5), "simulating, 3 s")
    assert lines[0] == "1h 02m simulated (simulating, 3 s)"
    assert lines[2:] == ["vCPUs  12.5 used of 16 on", f"cost   $1.50 so far ({COST_SO_FAR})"]
    assert all(line.isascii() for line in lines)
