"""Extra costs by hand: what they grow with, who carries them, and that every sum is exact."""

from __future__ import annotations

import pytest

from batchsim.analysis.attribution import by_cause, by_environment, by_purchase, by_queue, by_type, job_costs
from batchsim.analysis.cost import Cost, cost, sum_check
from batchsim.analysis.phases import attempt_phases
from batchsim.analysis.prices import ExtraPrice, Prices
from batchsim.errors import ScenarioError
from batchsim.records.tables import Records
from batchsim.records.vocabulary import Outcome
from tests.analysis.builders import attempt, call, instance, job, run

CENT = 10_000_000


def retried() -> Records:
    """A job that was tried twice, one that was tried once, one that never was; they share a data set of 1 GB + 1 B."""
    return run(
        calls=[call(size=3, is_array=True, data_bytes=10**9 + 1)],
        jobs=[job(array_index=at, attempts=tries) for at, tries in enumerate((2, 1, 0))],
        attempts=[
            attempt(0, 10, outcome=Outcome.FAILED),
            attempt(0, 30, job=1),
            attempt(10, 40, attempt=2, runnable_at_ms=10_000),
        ],
        instances=[instance(off=100)],
        horizon=1800,
    )


def billed(records: Records, *prices: ExtraPrice) -> Cost:
    result = cost(records, Prices(root_gb=0, extra=prices))
    assert sum_check(result) == []
    return result


@pytest.mark.parametrize(
    ("price", "attempts", "of_the_run"),
    [
        (ExtraPrice("logs", per_attempt=CENT), [CENT, CENT, CENT], 0),
        (ExtraPrice("requests", per_job=CENT), [CENT, CENT, 0], 0),
        (ExtraPrice("nat", per_h=CENT), [0, 0, 0], CENT // 2),
        (ExtraPrice("other", per_h=CENT, per_job=3, per_attempt=5), [8, 8, 5], CENT // 2),
    ],
)
def test_each_rate_grows_with_its_thing(price: ExtraPrice, attempts: list[int], of_the_run: int) -> None:
    (bill,) = billed(retried(), price).extras
    assert (bill.attempts.tolist(), bill.of_the_run) == (attempts, of_the_run)


def test_a_data_set_is_rounded_once_and_split_by_index_and_a_job_never_tried_reads_nothing() -> None:
    (bill,) = billed(retried(), ExtraPrice("data_transfer", per_gb=100)).extras
    assert bill.attempts.tolist() == [33, 34, 0], "100 nano-dollars: 33, 34 and 33, the last never read"


def test_they_are_causes_of_their_own_and_a_jobs_own_cost() -> None:
    records = retried()
    without = cost(records, Prices(root_gb=0))
    result = billed(records, ExtraPrice("logs", per_attempt=CENT), ExtraPrice("nat", per_h=CENT, per_job=1))
    extra = {line.name: line.nano_usd for line in by_cause(result) if line.name in ("logs", "nat")}
    assert extra == {"logs": 3 * CENT, "nat": CENT // 2 + 2}
    assert result.total_nano_usd == without.total_nano_usd + sum(extra.values())
    before, after = (job_costs(records, each, attempt_phases(records)) for each in (without, result))
    assert (after.own - before.own).tolist() == [2 * CENT + 1, CENT + 1, 0]
    assert (after.loaded - before.loaded).tolist() == [2 * CENT + 1, CENT + 1, 0], "spread by capacity alone"
    assert int(after.loaded.sum() + after.unallocated.sum()) + after.of_the_run == result.total_nano_usd


def test_every_split_has_a_line_for_what_is_no_capacity() -> None:
    records = retried()
    result = billed(records, ExtraPrice("nat", per_h=CENT, per_job=1))
    lines = {
        split.__name__: {line.name: line.nano_usd for line in split(records, result)}
        for split in (by_environment, by_queue, by_type, by_purchase)
    }
    assert all(sum(split.values()) == result.total_nano_usd for split in lines.values())
    assert lines["by_environment"]["shared: the run"] == lines["by_queue"]["shared: the run"] == CENT // 2
    assert lines["by_type"]["extra costs"] == lines["by_purchase"]["extra costs"] == CENT // 2 + 2


def test_extra_costs_are_on_the_on_demand_bill_too() -> None:
    result = billed(retried(), ExtraPrice("logs", per_attempt=CENT))
    assert result.on_demand_nano_usd == result.total_nano_usd


def test_costs_that_leave_64_bits_are_refused() -> None:
    with pytest.raises(ScenarioError, match="E148"):
        billed(run(calls=[call(data_bytes=2**60)]), ExtraPrice("data_transfer", per_gb=10**10))
