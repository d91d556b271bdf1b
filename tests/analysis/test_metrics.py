"""The metric registry and the conditions on it."""

from __future__ import annotations

import pytest

from batchsim.analysis.metrics import METRICS, threshold
from batchsim.analysis.run import Analysis
from batchsim.analysis.summary import summary
from tests.analysis.builders import run
from tests.analysis.test_bills import PRICES


def test_every_metric_has_a_unit_a_direction_and_a_place_in_the_summary() -> None:
    page = summary(Analysis(run(), PRICES))
    for metric in METRICS.values():
        assert metric.better in {"lower", "higher"}
        assert metric.unit in {"s", "USD", "share", "1/h", "vCPU", "vCPU-h", "1"}
        assert page["metrics"][metric.name]["value"] == metric.value(page)


@pytest.mark.parametrize(
    ("name", "condition", "limit"),
    [
        ("makespan_s", "< 4h", 14_400),
        ("makespan_s", "<= 1h30m", 5400),
        ("wait_p95_s", "<90", 90),
        ("wait_p95_s", "< 90 s", 90),
        ("cost_usd", "< 40", 40),
        ("cost_usd", "< $0.5", 0.5),
        ("cost_usd", "< 40 USD", 40),
        ("vcpu_utilisation", "> 80%", 0.8),
        ("saving_share", ">= 0.7", 0.7),
        ("running_peak", ">= 1000", 1000),
    ],
)
def test_a_limit_carries_the_metrics_unit(name: str, condition: str, limit: float) -> None:
    assert threshold(name, condition).limit == limit


@pytest.mark.parametrize(
    ("name", "condition", "message"),
    [
        ("makespan", "< 4h", "Did you mean makespan_s?"),
        ("nonsense", "< 4h", "unknown metric nonsense; there are makespan_s"),
        ("cost_usd", "40", "not a condition"),
        ("cost_usd", "< 4h", "the limit must be in USD, not h"),
        ("cost_usd", "< cheap", "the limit must be a number of USD"),
        ("running_peak", "> $5", "the limit must be a number of 1"),
        ("makespan_s", "< 4 fortnights", "not a duration"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(name: str, condition: str, message: str) -> None:
    with pytest.raises(ValueError, match=name) as error:
        threshold(name, condition)
    assert message in str(error.value)
