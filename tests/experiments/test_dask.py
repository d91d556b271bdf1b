"""Studies on a real Dask cluster, its processes killed, stopped and changed under them: the bytes of a local run."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from effort import effort
from experiments.dask_processes import Cluster, cluster
from experiments.kept_runs import kept
from experiments.small import night

import batchsim
from batchsim import ExperimentError, Study
from batchsim.experiments import dask_cluster, elsewhere
from batchsim.experiments.elsewhere import ExecutorError
from batchsim.experiments.store import Store
from batchsim.experiments.study_runs import Nobody
from batchsim.formats import scenario_yaml
from batchsim.report.summary_json import dumps

pytest.importorskip("distributed", reason="the extra dask is not installed")
from distributed.cfexecutor import _cascade_future  # behind the question whether it is there

ROOT = Path(__file__).resolve().parents[2]
VARY = {"spot.maxvCpus": [2, 4, 8], "world.scale_up_delay": ["30s", "90s"]}
KILLS = effort(fast=2, verify=3, long=40)
LONG = effort(fast="3000", verify="400", long="400")
"""Replications that nobody sees the end of, and no more than 100,000 runs."""
SEED = int(os.environ.get("BATCHSIM_SEED", "1"))


def swept(**options: Any) -> Study:
    return batchsim.sweep(options.pop("scenario", night()), VARY, **{"replications": 3, "name": "n", **options})


def content(study: Study) -> tuple[str, str]:
    return study.runs.to_csv(), dumps(study.summary())


class After(Nobody):
    """Does something when so many runs have ended."""

    def __init__(self, runs: int, act: Any) -> None:
        self.left, self.act = runs, act

    def ended(self, *_: Any) -> None:
        self.left -= 1
        if not self.left:
            self.act()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster that tests leave as they found it: one worker, of two threads."""
    with cluster(tmp_path_factory.mktemp("cluster"), workers=0) as made:
        made.worker("two", threads=2)
        yield made


def test_a_cluster_gives_the_bytes_of_a_local_run(shared: Cluster, tmp_path: Path) -> None:
    whole = content(swept())
    assert content(swept(executor=shared.url, store=tmp_path / "s")) == whole
    assert content(swept(executor=shared.url, workers=1)) == whole
    assert content(swept(executor=shared.url, run_limit_s=60)) == whole


def test_files_of_the_scenario_go_along(shared: Cluster, tmp_path: Path) -> None:
    law = {"empirical": {"file": "times.csv", "column": "t"}}
    (tmp_path / "times.csv").write_text("t\n60\n300\n900\n")
    (tmp_path / "s.yaml").write_text(scenario_yaml.dump(night(jobs=2).with_("job-0.run", law)))
    scenario = batchsim.load(tmp_path / "s.yaml")
    assert content(swept(scenario=scenario, executor=shared.url)) == content(swept(scenario=scenario))


def test_a_client_of_the_users_own_is_an_executor_too(shared: Cluster) -> None:
    from distributed import Client

    with Client(dask_cluster.address_of(shared.url), set_as_default=False) as client:
        assert content(swept(executor=client.get_executor(), workers=2)) == content(swept())


def test_a_worker_killed_in_the_middle_costs_its_runs_one_retry(shared: Cluster, tmp_path: Path) -> None:
    whole = content(swept(replications=6))
    shared.worker("doomed", threads=2)
    kill = After(9, lambda: shared.kill("doomed"))
    assert content(swept(replications=6, executor=shared.url, store=tmp_path / "s", watch=kill)) == whole
    assert kill.left <= 0


def test_a_connection_that_is_closed_while_dask_reads_is_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    comm = pytest.importorskip("distributed.comm")
    dask_cluster._distributed()
    for error in (comm.CommClosedError("in <TCP (closed)>: Stream is closed"), ValueError("ours")):
        logging.getLogger("tornado.application").error("Exception in callback", exc_info=error)
    assert [record.exc_info[1].args[0] for record in caplog.records if record.exc_info] == ["ours"]


def test_a_scheduler_that_dies_is_one_line_and_the_study_goes_on(tmp_path: Path) -> None:
    whole = content(swept())
    with cluster(tmp_path / "c", workers=1) as mine:
        with pytest.raises(ExecutorError, match=rf"^{mine.url}: .*E194\]$") as caught:
            swept(executor=mine.url, store=tmp_path / "s", watch=After(4, lambda: mine.kill("scheduler")))
        assert "\n" not in str(caught.value)
        monkey = pytest.MonkeyPatch()
        with monkey.context() as patch:
            patch.setattr(dask_cluster, "CONNECT_S", 0.5)
            with pytest.raises(ExecutorError, match=rf"^{mine.url}: the Dask scheduler cannot be reached.*E194\]$"):
                swept(executor=mine.url, store=tmp_path / "s")
    assert 4 <= Store(tmp_path / "s").studies()[0].done < 18
    assert content(swept(store=tmp_path / "s")) == whole


def test_a_worker_of_another_batchsim_is_refused_with_both_versions(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "batchsim", tmp_path / "other" / "batchsim", ignore=shutil.ignore_patterns("__pycache__"))
    changed = tmp_path / "other" / "batchsim" / "engine" / "scheduler.py"
    changed.write_text(changed.read_text() + "# another one\n")
    with cluster(tmp_path / "c", workers=0) as mine:
        mine.worker("other", environment={"PYTHONPATH": str(tmp_path / "other")})
        with pytest.raises(ExperimentError, match=r"another batchsim runs there.*E197") as caught:
            swept(executor=mine.url, store=tmp_path / "s")
    assert str(caught.value).count("batchsim 0.") == 2
    assert Store(tmp_path / "s").studies()[0].done == 0


# -- what takes longer

WITHOUT = """
import sys
class Without:
    def find_spec(self, name, *rest):
        if name.partition(".")[0] == "batchsim":
            raise ModuleNotFoundError("No module named 'batchsim'")
sys.meta_path.insert(0, Without())
"""
POISON = """
import os, signal, time
from batchsim import Simulation
finish = Simulation.clean = getattr(Simulation, "clean", Simulation.finish)  # a preload is read twice
def poisoned(self):
    scenario = self.scenario
    size = scenario.computeEnvironments[0].computeResources.maxvCpus
    delay_ms = scenario.world.scale_up_delay.params["value"]
    if (scenario.simulation.replication, size, delay_ms) == (2, 4, 90_000):
        HOW
    return finish(self)
Simulation.finish = poisoned
"""


@pytest.mark.slow
def test_a_worker_without_batchsim_is_refused(tmp_path: Path) -> None:
    (tmp_path / "without.py").write_text(WITHOUT)
    with cluster(tmp_path / "c", workers=0) as mine:
        mine.worker("none", "--preload", str(tmp_path / "without.py"))
        with pytest.raises(ExperimentError, match=r"none, or a very different one.*E197"):
            swept(executor=mine.url)


def test_an_answer_whose_worker_is_lost_in_that_moment_is_lost_with_it() -> None:
    class Answered:
        """What Dask holds of a call whose state is another one as soon as its answer is there."""

        status = "lost"

        async def _result(self, *, raiseit: bool) -> tuple[str, int]:
            return "done", int(raiseit)

    asked: Future[Any] = Future()

    async def heard() -> None:
        await _cascade_future(Answered(), asked)

    with ThreadPoolExecutor(1) as elsewhere_than_any_loop:
        elsewhere_than_any_loop.submit(asyncio.run, heard()).result()
    assert dask_cluster.says_lost(asked.exception())
    assert not dask_cluster.says_lost(ValueError("of a call itself"))


@pytest.mark.slow
def test_a_run_that_kills_each_of_its_workers_is_told_and_all_others_are_done(tmp_path: Path) -> None:
    """A run beside it in the same worker may be lost along with it; the next call does it."""
    (tmp_path / "poison.py").write_text(POISON.replace("HOW", "os.kill(os.getpid(), signal.SIGKILL)"))
    whole = content(swept())
    with cluster(tmp_path / "c", workers=0) as mine:
        for name in ("a", "b"):
            mine.worker(name, "--preload", str(tmp_path / "poison.py"), nanny=True, threads=2)
        study = swept(executor=mine.url, store=tmp_path / "s")
    lost = {run[:2]: run[2] for run in study.failed}
    assert "its worker was lost, again and again" in lost[3, 2]
    assert len(lost) <= 2
    assert content(swept(store=tmp_path / "s")) == whole


@pytest.mark.slow
def test_a_run_that_hangs_on_a_worker_costs_one_retry_and_frees_the_worker(tmp_path: Path) -> None:
    (tmp_path / "poison.py").write_text(POISON.replace("HOW", "exec('while True: pass')"))
    whole = content(swept())
    with cluster(tmp_path / "c", workers=0) as mine:
        mine.worker("a", "--preload", str(tmp_path / "poison.py"))
        study = swept(executor=mine.url, store=tmp_path / "s", run_limit_s=2.0)
    assert [run[:2] for run in study.failed] == [(3, 2)]
    assert content(swept(store=tmp_path / "s")) == whole


@pytest.mark.slow
def test_a_worker_that_is_stopped_costs_its_runs_a_retry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "_GRACE_S", 2.0)
    whole = content(swept(replications=6))
    with cluster(tmp_path / "c", workers=2) as mine:
        stop = After(9, lambda: mine.send("w0", signal.SIGSTOP))
        study = swept(replications=6, executor=mine.url, run_limit_s=2.0, watch=stop, store=tmp_path / "s")
    assert len(study.failed) <= 4
    assert content(swept(replications=6, store=tmp_path / "s")) == whole


# -- from the command line, as many points as people have


def command(folder: Path, store: str, out: str, *words: str) -> list[str]:
    (folder / "night.yaml").write_text(scenario_yaml.dump(night()))
    sizes = effort(fast="2,4", verify="2,10", long=",".join(map(str, range(2, 22))))
    delays = ",".join(f"{n}s" for n in range(30, effort(fast=60, verify=130, long=130), 10))
    return [
        sys.executable, "-m", "batchsim", "sweep", "night.yaml", "--vary", f"spot.maxvCpus={sizes}", "--vary",
        f"world.scale_up_delay={delays}", "--replications", "5", "--store", store, "--format", "csv", "--out", out,
        *words,
    ]  # fmt: skip


def begun(words: list[str], folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(words, cwd=folder, stdout=-3, stderr=-1)


def wait_for(store: Path, runs: float, asker: subprocess.Popen[bytes]) -> None:
    """Until so many runs are done."""
    until = time.monotonic() + 300
    while len(kept(store)) < runs:
        assert asker.poll() is None, asker.communicate()
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.slow
def test_a_study_whose_workers_are_killed_at_random_moments_ends_in_the_same_bytes(tmp_path: Path) -> None:
    dice = random.Random(SEED)  # noqa: S311 -- moments to kill at
    whole = subprocess.run(command(tmp_path, "w", "whole"), cwd=tmp_path, capture_output=True, check=True)
    total = whole.stdout.count(b"\n") - 1
    with cluster(tmp_path / "c") as mine:
        words = command(tmp_path, "s", "out", "--executor", mine.url)
        asker = begun(words, tmp_path)
        for number in range(KILLS):
            wait_for(tmp_path / "s", (number + dice.random()) * total * 0.9 / KILLS, asker)
            mine.kill(f"w{number}")
            if number % 3 == 2:  # and who asks, too
                asker.kill()
                asker.communicate(timeout=60)
                asker = begun(words, tmp_path)
            mine.worker(f"w{number + 2}")
        _, said = asker.communicate(timeout=500)
    assert (asker.returncode, len(kept(tmp_path / "s"))) == (0, total), said
    assert (tmp_path / "out" / "runs.csv").read_bytes() == whole.stdout
    for file in sorted((tmp_path / "whole").iterdir()):
        assert (tmp_path / "out" / file.name).read_bytes() == file.read_bytes(), file.name


@pytest.mark.slow
@pytest.mark.parametrize("twice", [False, True])
def test_ctrl_c_ends_with_how_to_go_on_and_leaves_the_cluster_to_others(
    twice: bool, shared: Cluster, tmp_path: Path
) -> None:
    words = [*command(tmp_path, "s", "out", "--executor", shared.url), "--replications", LONG]
    with subprocess.Popen(words, cwd=tmp_path, stdout=-1, stderr=-1, text=True) as process:
        until = time.monotonic() + 120
        while not kept(tmp_path / "s") and time.monotonic() < until:
            time.sleep(0.05)
        for _ in range(1 + twice):
            process.send_signal(signal.SIGINT)
            time.sleep(0.02)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "every finished run is kept in s; go on with: batchsim sweep" in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()
    assert content(swept(executor=shared.url)) == content(swept())
