"""Runs of a study on any executor of ``concurrent.futures``: the same bytes, one sentence for all that goes wrong."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from experiments.small import night

import batchsim
from batchsim import ExperimentError, Study
from batchsim.crew import Lost, Piece
from batchsim.experiments import elsewhere, errand, study_runs
from batchsim.experiments.dask_cluster import address_of
from batchsim.experiments.elsewhere import Elsewhere, ExecutorError
from batchsim.experiments.errand import Works, perform
from batchsim.experiments.store import Store
from batchsim.experiments.study_worker import Guest, Luggage
from batchsim.experiments.time_limit import Overdue, within
from batchsim.formats import scenario_yaml
from batchsim.report.summary_json import dumps

VARY = {"spot.maxvCpus": [2, 4, 8], "world.scale_up_delay": ["30s", "90s"]}


def swept(**options: Any) -> Study:
    return batchsim.sweep(options.pop("scenario", night()), VARY, **{"replications": 3, "name": "n", **options})


def content(study: Study) -> tuple[str, str]:
    return study.runs.to_csv(), dumps(study.summary())


class Inline(Executor):
    """Makes each call at once, here; ``do`` may put something else in its place."""

    def __init__(self, do: Callable[[Callable[..., Any]], Any] | None = None) -> None:
        self.do = do or (lambda call: call())
        self.calls = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.calls += 1
        future: Future[Any] = Future()
        try:
            future.set_result(self.do(partial(fn, *args, **kwargs)))
        except Exception as error:  # noqa: BLE001 -- as executors do
            future.set_exception(error)
        return future


def answers(executor: Executor, work: Callable[..., Any], pieces: list[Piece], **how: Any) -> list[Any]:
    with Elsewhere(partial(begun, work), executor, lambda: 2, **how) as hands:
        return sorted(hands.answers(pieces), key=lambda each: each[0])


def begun(work: Callable[..., Any], _: int) -> Callable[..., Any]:
    return work


def twice(number: float) -> float:
    return 2 * number


# -- the same bytes


@pytest.mark.parametrize("threads", [1, 4])
def test_threads_of_one_process_give_the_same_bytes(threads: int, tmp_path: Path) -> None:
    with ThreadPoolExecutor(threads) as executor:
        assert content(swept(executor=executor, store=tmp_path / "s")) == content(swept())


def test_a_pool_of_processes_gives_the_same_bytes_and_stays_open(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
        assert content(swept(executor=executor, store=tmp_path / "s")) == content(swept())
        assert content(swept(executor=executor, replications=4)) == content(swept(replications=4))


def test_the_workers_say_how_many_runs_are_sent_at_once() -> None:
    most = 0

    class Counting(ThreadPoolExecutor):
        def submit(self, *words: Any, **more: Any) -> Future[Any]:  # type: ignore[override]
            nonlocal most
            most = max(most, self._work_queue.qsize())
            return super().submit(*words, **more)

    with Counting(1) as executor:
        swept(executor=executor, workers=2, replications=2)
    assert most <= 4


def test_files_that_the_scenario_names_go_along(tmp_path: Path) -> None:
    law = {"empirical": {"file": "times.csv", "column": "t"}}
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "times.csv").write_text("t\n60\n300\n900\n")
    (tmp_path / "here" / "s.yaml").write_text(scenario_yaml.dump(night(jobs=2).with_("job-0.run", law)))
    scenario = batchsim.load(tmp_path / "here" / "s.yaml")
    whole = swept(scenario=scenario)
    luggage = Luggage.of(scenario, [])
    (tmp_path / "here").rename(tmp_path / "gone")
    guest = Guest(luggage, 1, whole.metrics, 0)
    assert guest(3, whole.points[3], 2).tolist() == whole.measured[3, 2].tolist()


def test_files_that_vary_go_along_too(tmp_path: Path) -> None:
    for name, times in (("a.csv", "t\n60\n"), ("b.csv", "t\n7000\n")):
        (tmp_path / name).write_text(times)
    law = {"empirical": {"file": "a.csv", "column": "t"}}
    (tmp_path / "s.yaml").write_text(scenario_yaml.dump(night(jobs=1).with_("job-0.run", law)))
    luggage = Luggage.of(batchsim.load(tmp_path / "s.yaml"), [["job-0.run", {**law, "empirical": {"file": "b.csv"}}]])
    assert sorted(luggage.files) == [("a.csv", b"t\n60\n"), ("b.csv", b"t\n7000\n")]


# -- what is sent


def test_a_process_gets_the_work_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errand, "_WORKS", Works())
    executor = Inline()
    assert answers(executor, twice, [Piece((number,)) for number in range(9)]) == [(n, 2 * n) for n in range(9)]
    assert executor.calls == 9 + 4  # those that were on their way when it had none


def test_a_process_of_another_batchsim_is_refused_before_anything_is_unpacked() -> None:
    assert perform("batchsim 0.0.0", "digest", b"no pickle", b"nor this", None)[0] == "refused"
    with pytest.raises(ExperimentError, match=r"another batchsim runs there.*batchsim 9 in node-3, batchsim 0.*E197"):
        answers(Inline(lambda _: ("refused", ("node-3", "batchsim 9"))), twice, [Piece((1,))])


def test_a_process_without_batchsim_is_refused() -> None:
    def unpack(_: object) -> None:
        raise ModuleNotFoundError("No module named 'batchsim'")

    with pytest.raises(ExperimentError, match=r"none, or a very different one.*No module named 'batchsim'.*E197"):
        answers(Inline(unpack), twice, [Piece((1,))])


def failing(number: int) -> int:
    raise batchsim.ScenarioError([batchsim.Problem("E100", (), f"no file {number}")])


def test_what_a_run_raises_is_raised_here() -> None:
    with pytest.raises(batchsim.ScenarioError, match="no file 7"):
        answers(Inline(), failing, [Piece((7,))])


# -- what is lost


def test_an_executor_that_breaks_is_told_and_the_study_goes_on(tmp_path: Path) -> None:
    whole = content(swept())

    def breaks(call: Callable[[], Any]) -> Any:
        if executor.calls > 12:
            raise BrokenPipeError("the way is lost")
        return call()

    executor = Inline(breaks)
    with pytest.raises(
        ExecutorError, match=r"the executor Inline has given up: BrokenPipeError: the way is lost.*E194"
    ):
        swept(executor=executor, workers=1, store=tmp_path / "s")
    done = Store(tmp_path / "s").studies()[0].done
    assert 0 < done < 18
    assert content(swept(store=tmp_path / "s")) == whole


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_pool_whose_process_dies_is_told_in_one_sentence() -> None:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        with pytest.raises(Exception, match="terminated abruptly"):
            executor.submit(killed).result()
        with pytest.raises(ExecutorError, match=r"has given up: BrokenProcessPool.*E194") as caught:
            swept(executor=executor)
    assert "\n" not in str(caught.value)


def test_an_executor_that_cancels_is_gone() -> None:
    class Cancels(Inline):
        def submit(self, *_: Any, **__: Any) -> Future[Any]:  # type: ignore[override]
            future: Future[Any] = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    with pytest.raises(ExecutorError, match=r"cancelled the runs in flight.*E194"):
        swept(executor=Cancels())


def test_a_run_whose_workers_are_lost_is_tried_once_more_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = content(swept())
    lost: list[int] = []

    def loses(call: Callable[[], Any]) -> Any:
        if executor.calls in (5, 9):
            lost.append(executor.calls)
            raise EOFError("a worker is lost")
        return call()

    executor = Inline(loses)
    monkeypatch.setattr("batchsim.experiments.dask_cluster.says_lost", lambda error: isinstance(error, EOFError))
    assert content(swept(executor=executor, workers=1, store=tmp_path / "s")) == whole
    assert lost == [5, 9]


def hanging(number: int) -> int:
    while number == 1:
        pass
    return number


def test_a_run_that_hangs_is_ended_where_it_is() -> None:
    with ThreadPoolExecutor(2) as executor:
        found = answers(executor, hanging, [Piece((n,)) for n in range(3)], limit_s=0.2)
    assert [found[0], found[2]] == [(0, 0), (2, 2)]
    assert found[1][1] == Lost(allowed_s=0.2)
    assert found[1][1].why == "it took longer than 0 s"


def test_a_call_that_nothing_reaches_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Deaf(Inline):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **more: Any) -> Future[Any]:
            future = super().submit(fn, *args, **more)
            kind, content = future.result()
            return Future() if kind == "done" and content[1] == 2 else future

    monkeypatch.setattr(elsewhere, "_GRACE_S", 0.1)
    monkeypatch.setattr(elsewhere, "_LOOK_S", 0.05)
    found = answers(Deaf(), twice, [Piece((n,)) for n in range(3)], limit_s=0.1)
    assert [each for _, each in found] == [0, Lost(allowed_s=0.1), 4]


def test_where_no_worker_is_nobody_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "_GRACE_S", 0.0)
    monkeypatch.setattr(elsewhere, "_LOOK_S", 0.01)
    began_s = time.monotonic()
    future: Future[Any] = Future()

    class Waits(Inline):
        def submit(self, *_: Any, **__: Any) -> Future[Any]:  # type: ignore[override]
            return future

    def size() -> int:
        if time.monotonic() - began_s < 1.5:  # longer than twice what the run may take
            return 0
        if not future.done():
            future.set_result(("done", (0.0, 7)))
        return 1

    with Elsewhere(partial(begun, twice), Waits(), size, limit_s=0.5) as hands:
        assert list(hands.answers([Piece((1,))])) == [(0, 7)]


def test_an_executor_that_never_has_a_worker_is_told_and_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "NOBODY_S", 0.2)
    monkeypatch.setattr(elsewhere, "_LOOK_S", 0.01)

    class Waits(Inline):
        def submit(self, *_: Any, **__: Any) -> Future[Any]:  # type: ignore[override]
            return Future()

    said: list[str] = []
    with (
        pytest.raises(ExecutorError, match=r"has had no worker for 0 s \[E194\]"),
        Elsewhere(partial(begun, twice), Waits(), lambda: 0, say=said.append) as hands,
    ):
        list(hands.answers([Piece((1,))]))
    assert said == ["the executor has no worker at this moment: waiting for one"]


# -- limits of time


def test_a_call_within_its_time_answers_and_leaves_no_alarm() -> None:
    before = threading.active_count()
    assert [within(60.0, lambda: 7) for _ in range(50)] == [7] * 50
    until = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.01)
    assert threading.active_count() <= before


def test_a_call_that_ends_as_its_time_is_up_answers_or_is_overdue_and_nothing_comes_later() -> None:
    late = 0
    for _ in range(100):
        try:
            within(0.002, lambda: time.sleep(0.0018))
        except Overdue:
            late += 1
    time.sleep(0.01)  # what came later would come here
    assert 0 <= late <= 100


def test_an_error_of_the_call_is_its_own() -> None:
    with pytest.raises(ZeroDivisionError):
        within(5.0, lambda: 1 / 0)
    with pytest.raises(Overdue):
        within(0.05, lambda: hanging(1))


# -- what is no executor


@pytest.mark.parametrize(
    "url", ["dask://", "dask://host", "dask://host:99999", "tcp://host:1", "host:1", "dask://a:1/b", "", "dask://u@h:1"]
)
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(ExperimentError, match="dask://HOST:PORT"):
        swept(executor=url)


def test_addresses() -> None:
    assert address_of("dask://10.0.0.7:8786") == "tcp://10.0.0.7:8786"
    assert address_of("dask://[::1]:8786") == "tcp://[::1]:8786"


def test_what_is_no_executor_is_told() -> None:
    with pytest.raises(ExperimentError, match=r"must be an Executor.*not 7"):
        swept(executor=7)


def test_a_study_that_is_done_needs_no_cluster(tmp_path: Path) -> None:
    whole = content(swept(store=tmp_path / "s"))
    assert content(swept(store=tmp_path / "s", executor="dask://127.0.0.1:1")) == whole


# -- local processes that hang


class Hanging(study_runs.Worker):
    """One run never ends, another does not the first time."""

    def __call__(self, point: int, settings: Any, replication: int) -> Any:
        mark = Path(os.environ["BATCHSIM_TEST_MARK"])
        if (point, replication) == (1, 1) or ((point, replication) == (3, 0) and not mark.exists()):
            if point == 3:
                mark.touch()
            time.sleep(3600)
        return super().__call__(point, settings, replication)


@pytest.mark.slow
def test_a_local_process_that_hangs_costs_its_run_one_retry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = content(swept())
    monkeypatch.setenv("BATCHSIM_TEST_MARK", str(tmp_path / "mark"))
    with monkeypatch.context() as patch:
        patch.setattr(study_runs, "Worker", Hanging)
        study = swept(workers=2, run_limit_s=4.0, store=tmp_path / "s")
    assert (tmp_path / "mark").exists()
    assert study.failed == ((1, 1, "it took longer than 4 s"),)
    assert content(swept(store=tmp_path / "s")) == whole
