"""One search shared by several machines over Optuna's storage: SQLite in a file, and a real PostgreSQL server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from experiments.postgres import postgres
from experiments.small import night

import batchsim
from batchsim import ExperimentError, Optimisation
from batchsim.experiments.optimising.space import key_of
from batchsim.formats import scenario_yaml

OVER = {"spot.maxvCpus": "2..40"}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/optuna.sqlite"
        return
    with postgres() as address:
        yield address


def machine(store: Path, storage: str, trials: int, **options: object) -> Optimisation:
    """What one machine answers; each has a store of its own."""
    return batchsim.optimise(
        night(), OVER, minimise="cost_usd", subject_to="P(ready_at < 15m) >= 0.5", trials=trials, replications=3,
        first=2, fresh=2, name="shared", store=store, storage=storage, **options,
    )  # fmt: skip


def test_a_second_machine_takes_over_what_the_first_has_tried(storage: str, tmp_path: Path) -> None:
    first, second = (machine(tmp_path / f"{n}.sqlite", storage, trials) for n, trials in ((1, 8), (2, 16)))
    tried = {key_of(each.settings): each.values for each in first.search.trials}
    taken = [each for each in second.search.trials if each.proposal is None]
    assert {key_of(each.settings) for each in taken} == set(tried)
    assert len(second.search.trials) == 16
    own = [key_of(each.settings) for each in second.search.trials if each.proposal]
    assert not set(own) & set(tried)
    for each in taken:  # its values are what they would be here
        assert second.search.hands.scenario is not None
        assert second.replay(each.number, 0).metrics("cost_usd")["cost_usd"] == tried[key_of(each.settings)][0, 0]
    assert any("shared storage" in note for note in second.notes())


def test_another_scenario_under_the_same_name_is_refused(storage: str, tmp_path: Path) -> None:
    machine(tmp_path / "1.sqlite", storage, 2)
    with pytest.raises(ExperimentError, match=r"another seed: 1 there, 2 now.*E190"):
        machine(tmp_path / "2.sqlite", storage, 2, seed=2)


def test_two_processes_share_one_search_at_once(storage: str, tmp_path: Path) -> None:
    (tmp_path / "night.yaml").write_text(scenario_yaml.dump(night()))
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "batchsim", "optimise", "night.yaml", "--minimise", "cost_usd", "--over",
             "spot.maxvCpus=2..40", "--trials", "16", "--replications", "2", "--first", "1", "--fresh", "2", "--name",
             "shared", "--store", f"{n}.sqlite", "--storage", storage, "--format", "csv"],
            cwd=tmp_path, stdout=-1, stderr=-1, text=True,
        )
        for n in (1, 2)
    ]  # fmt: skip
    said = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], [each[1][-700:] for each in said]
    for table, _ in said:
        settings = [line.split(",")[1] for line in table.splitlines()[1:]]
        assert len(settings) >= 16
        assert len(set(settings)) == len(settings)
