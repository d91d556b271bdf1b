"""What an entry says of its checkpoints and of SIGTERM, and the notes on what nobody will hear."""

from __future__ import annotations

import pytest
from scenario_builder import environment, job, scenario, scenario_data

from batchsim.errors import ScenarioError
from batchsim.spec import parse, scenario_notes, to_data


def spot():
    return environment("hosts", type="SPOT", allocationStrategy="BEST_FIT_PROGRESSIVE")


def told(data):
    with pytest.raises(ScenarioError) as caught:
        parse(data)
    return [(problem.code, str(problem)) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("keys", "code", "words"),
    [
        ({"checkpoint": {"cost": "20s"}}, "E111", "a checkpoint that is never written. Add every: 10m"),
        ({"on_sigterm": "checkpoint"}, "E111", "there is no checkpoint to write. Add checkpoint: {cost: 20s"),
        ({"checkpoint": {"every": "0s"}}, "E149", "takes no time (got 0s); allowed: more than 0s"),
        ({"checkpoint": {"every": 600}}, "E146", "a duration needs a unit"),
        ({"checkpoint": {"evry": "10m"}}, "E106", "Did you mean every?"),
        ({"on_sigterm": "exit"}, "E113", "allowed: die, exit_nonzero, exit_zero, checkpoint"),
    ],
)
def test_what_cannot_be_is_told_with_what_would_be_right(keys, code, words):
    found, text = told(scenario_data(job("a", **keys)))[0]
    assert found == code
    assert words in text


def test_a_checkpoint_may_be_written_at_notices_alone():
    entry = scenario(job("a", checkpoint={"cost": "20s"}, on_sigterm="checkpoint")).workload[0]
    assert (entry.checkpoint.every, entry.checkpoint.cost, entry.checkpoint.restore) == (None, 20_000, 0)


def test_the_resolved_form_means_the_same():
    given = scenario(
        job("a", checkpoint={"every": "7300ms", "restore": "3s"}, on_sigterm="exit_zero"),
        world={"speed": {"arm64": 1.1, "box": 0.333, "box.1": 2}, "spot_drain": True},
    )
    shown = to_data(given)
    assert shown["world"]["speed"] == {"arm64": 1.1, "box": 0.333, "box.1": 2}
    assert shown["workload"][0]["checkpoint"]["every"] == "7.3s"
    assert parse(shown) == given


@pytest.mark.parametrize(
    ("places", "world", "heard"),
    [
        ([environment()], {}, False),
        ([spot()], {}, False),
        ([spot()], {"spot_drain": True}, True),
        ([environment("hosts", type="FARGATE_SPOT", maxvCpus=4)], {}, True),
    ],
)
def test_a_note_says_where_nobody_sends_sigterm(places, world, heard):
    kind = "task" if places[0]["computeResources"]["type"].startswith("FARGATE") else "job"
    entry = job("a", kind=kind, on_sigterm="exit_zero")
    notes = [note for note in scenario_notes(scenario(entry, environments=places, world=world)) if "SIGTERM" in note]
    assert bool(notes) != heard
    assert all(note.startswith("workload[0].on_sigterm: without effect") for note in notes)


def test_work_saved_at_a_notice_needs_no_sigterm_unless_the_world_says_so():
    entry = job("a", checkpoint={"cost": "1s"}, on_sigterm="checkpoint")
    for world, count in (({}, 0), ({"checkpoint_on_notice": False}, 1)):
        notes = scenario_notes(scenario(entry, environments=[spot()], world=world))
        assert len([note for note in notes if "SIGTERM" in note]) == count
