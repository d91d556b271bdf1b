"""``--fail-if``: what can be said, what is wrong with it, and when it holds."""

from __future__ import annotations

import pytest
from experiments.small import column, measured

from batchsim import Comparison, ExperimentError
from batchsim.experiments.conditions import parse_condition


@pytest.fixture
def dearer() -> Comparison:
    """A variant that costs a tenth more than $40, give or take."""
    return measured({"now": column(39, 40, 41), "then": column(43, 44, 45)})


@pytest.mark.parametrize(
    ("text", "of", "limit"),
    [
        ("cost_usd > +10%", "percent", 10),
        ("cost_usd>-2.5 %", "percent", -2.5),
        ("cost_usd > +$3", "difference", 3),
        ("makespan_s > +5m", "difference", 300),
        ("makespan_s < -90s", "difference", -90),
        ("cost_usd > 40", "value", 40),
        ("makespan_s >= 4h", "value", 14400),
        ("vcpu_utilisation < 60%", "value", 0.6),
        ("jobs_failed > 0", "value", 0),
    ],
)
def test_a_sign_makes_it_a_change(text: str, of: str, limit: float) -> None:
    condition = parse_condition(text)
    assert (condition.of, condition.limit) == (of, pytest.approx(limit))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cost_us > +10%", "Did you mean cost_usd"),
        ("cost_usd", "not a condition.*cost_usd > \\+10%"),
        ("cost_usd = 10", "not a condition"),
        ("cost_usd > ", "not a condition"),
        ("cost_usd > 10%", "in USD, not %; \\+10% is a change against the baseline"),
        ("cost_usd > +5m", "in USD, not m"),
        ("makespan_s > +5 parsecs", "not a duration"),
        ("makespan_s > ++5m", "not a duration"),
    ],
)
def test_bad_conditions_are_told_with_what_would_be_right(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        parse_condition(text)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("cost_usd > +9%", True),
        ("cost_usd > +11%", False),
        ("cost_usd > +3.5", True),
        ("cost_usd > +4.5", False),
        ("cost_usd > 43", True),
        ("cost_usd > 45", False),
        ("cost_usd < -1%", False),
    ],
)
def test_it_holds_by_the_mean(dearer: Comparison, text: str, holds: bool) -> None:
    (verdict,) = dearer.judge(text)
    assert (verdict.variant, verdict.holds, verdict.basis) == ("then", holds, "mean")


def test_by_the_interval_it_holds_only_if_all_of_it_does() -> None:
    noisy = measured({"now": column(40, 40, 41), "then": column(40, 50, 46)})
    assert noisy.judge("cost_usd > +1")[0].holds
    assert not noisy.judge("cost_usd > +1", "interval")[0].holds
    assert measured({"now": column(1, 2, 3), "then": column(5, 6, 7)}).judge("cost_usd > +1", "interval")[0].holds


def test_a_gate_does_not_open_because_a_night_gave_no_figure() -> None:
    lost = measured({"now": column(1, 2, 3), "then": column(1, None, 3)}, ["ready_at_s"])
    for condition in ("ready_at_s > +5m", "ready_at_s > 4h"):
        (verdict,) = lost.judge(condition)
        assert verdict.holds
        assert "undefined in 1" in verdict.because


def test_a_percentage_of_nothing_cannot_be_judged() -> None:
    (verdict,) = measured({"now": column(0, 0), "then": column(1, 2)}, ["retries"]).judge("retries > +10%")
    assert verdict.holds
    assert "there is no percentage" in verdict.because


def test_a_metric_that_was_not_compared_is_told(dearer: Comparison) -> None:
    with pytest.raises(ExperimentError, match="makespan_s was not compared"):
        dearer.judge("makespan_s > +5m")
