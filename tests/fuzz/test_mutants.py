"""How mutants are made: the same ones each time, of every sort, from scenarios that are small enough to run."""

from __future__ import annotations

from pathlib import Path

import pytest

import batchsim
import batchsim.prepared
from batchsim.fuzz import KINDS, Base, base_of, make_mutant
from batchsim.fuzz.bases import MOST_JOBS
from batchsim.fuzz.boundaries import edges, schemas_at
from batchsim.fuzz.by_structure import by_structure
from batchsim.fuzz.files import write_files
from batchsim.fuzz.mutants import dice_of
from batchsim.fuzz.shrink import minimised
from batchsim.spec import parse
from batchsim.testing.swarm import Dice, draw_scenario

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("kind", KINDS)
def test_a_mutant_is_known_by_its_kind_and_number(kind: str, bases: tuple[Base, ...]) -> None:
    first, again, other = (make_mutant(kind, number, bases) for number in (7, 7, 8))
    assert first.files == again.files != other.files


def test_numbers_spread_over_all_scenarios_and_their_tables(bases: tuple[Base, ...]) -> None:
    made = [make_mutant("tokens", number, bases) for number in range(300)]
    assert len({mutant.base.path for mutant in made if mutant.base}) == len(bases)
    tables = [mutant for mutant in made if mutant.base and not mutant.is_as_its_base]
    assert len(tables) > 5


@pytest.mark.parametrize("path", sorted((ROOT / "scenarios").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_scenario_is_made_small_and_runs_still(path: Path, tmp_path: Path) -> None:
    small = base_of(path)
    jobs = len(batchsim.run(write_files(tmp_path, small.files), seed=1).jobs)
    assert 0 < jobs <= MOST_JOBS
    assert len(small.text.splitlines()) == len(path.read_bytes().splitlines())


def test_a_scenario_can_stay_whole() -> None:
    path = ROOT / "scenarios" / "etl_10tb.yaml"
    assert base_of(path, whole=True).text == path.read_bytes()


def test_a_scenario_that_is_not_valid_is_none_to_start_from(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("jobQueue: []")
    with pytest.raises(batchsim.ScenarioError, match="E106"):
        base_of(tmp_path / "bad.yaml")


def test_fields_get_the_edges_of_their_schema_and_one_beyond() -> None:
    priority = edges(schemas_at(("simulation", "seed")))
    assert {-1, 0, 1, 2**128 - 2, 2**128 - 1, 2**128} <= {each for each in priority if isinstance(each, int)}
    assert {"MANAGED", "UNMANAGED"} <= set(map(str, edges(schemas_at(("computeEnvironments", 0, "type")))))


def test_every_key_of_the_world_is_tried_sooner_or_later(bases: tuple[Base, ...]) -> None:
    """A mutant changes one or two things, of which one in twelve is a key of ``world`` that the example has not."""
    known, data = set(schemas_at(("world",))[0]["properties"]), bases[0].data
    changed = (by_structure(data, data, dice_of("structure", number)).get("world") for number in range(6_000))
    seen = {key for world in changed if isinstance(world, dict) for key in world}
    assert len(known - seen) < len(known) / 10


@pytest.mark.parametrize("wanted", ["", "a", "az", "mno", "abcxyz"])
def test_what_fails_is_shrunk_to_what_is_needed(wanted: str) -> None:
    text = "abcdefghijklmnopqrstuvwxyz"
    left = minimised(text, lambda parts: set(wanted) <= set(parts))
    assert "".join(left) == wanted


def test_a_random_outage_is_of_a_zone_that_is_used() -> None:
    data = draw_scenario(Dice(70_000_412))  # nothing of it is in us-east-1b
    zones = [fault["select"]["zone"] for fault in data["faults"] if fault["kind"] == "az_outage"]
    assert zones == ["us-east-1a"]
    batchsim.prepared.prepare(parse(data))
