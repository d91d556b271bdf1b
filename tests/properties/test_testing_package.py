"""``batchsim.testing``: its surface is a list, Hypothesis is asked for only by what needs it, a die never changes."""

from __future__ import annotations

import sys

import pytest

from batchsim import run, testing
from batchsim.testing.swarm import FEATURES
from batchsim.testing.swarm.choices import chance, pick, some


def test_the_public_surface_is_sorted_and_loads() -> None:
    assert testing.__all__ == sorted(testing.__all__, key=lambda name: (not name.isupper(), name))
    assert all(getattr(testing, name) is not None for name in testing.__all__)


def test_strategies_without_hypothesis_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(ImportError, match="pip install hypothesis"):
        testing.scenarios()


def test_a_numbered_scenario_is_the_same_for_ever() -> None:
    dice = testing.Dice(7)
    assert [dice.integer(0, 99) for _ in range(6)] == [92, 61, 8, 65, 48, 62]
    assert testing.draw_scenario(testing.Dice(7)) == testing.draw_scenario(testing.Dice(7))


def test_every_feature_can_be_asked_for_and_left_out() -> None:
    for number in range(10):
        assert testing.draw_scenario(testing.Dice(number), features=FEATURES)["description"].split() == [*FEATURES]
        assert testing.draw_scenario(testing.Dice(number), without=FEATURES)["description"] == ""


def test_some_takes_as_many_as_it_must_and_keeps_their_order() -> None:
    taken = [some(testing.Dice(number), "abcd", least=2) for number in range(50)]
    assert all(each == sorted(set(each)) for each in taken)
    assert {len(each) for each in taken} == {2, 3, 4}
    assert {letter for each in taken for letter in each} == set("abcd")


def test_the_simplest_choices_are_the_first_option_and_no_chance() -> None:
    class Lowest:
        def integer(self, low: int, high: int) -> int:
            return min(low, high)

    assert pick(Lowest(), ("plain", "odd")) == "plain"
    assert not chance(Lowest(), 99)
    assert testing.draw_scenario(Lowest())["description"] == ""


def test_builders_make_a_sound_run_in_five_words() -> None:
    scenario = testing.scenario(
        computeEnvironments=[testing.environment("hosts", minvCpus=2)],
        jobQueues=[testing.queue("queue", ["hosts"])],
        jobDefinitions=[testing.definition("job")],
        workload=[testing.entry("hello", "queue", "job", run="30s", size=3)],
    )
    result = run(scenario)
    testing.check(result)
    assert testing.marks_of(result)["outcome: succeeded"] == 3


def test_a_broken_run_is_not_sound() -> None:
    result = run(testing.scenario(computeEnvironments=[testing.environment("hosts", minvCpus=2)]))
    result.instances.loc[0, "cost_usd"] += 1e-9
    with pytest.raises(AssertionError, match="not so"):
        testing.check(result)
