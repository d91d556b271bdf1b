"""Who the money went to: a job's own rows, its loaded cost, Nextflow's share; and splits that all sum to the bill."""

from __future__ import annotations

from batchsim.analysis import attribution
from batchsim.analysis.prices import Prices
from batchsim.analysis.run import Analysis
from batchsim.records.tables import Records
from batchsim.records.vocabulary import WhyEnded
from tests.analysis.builders import attempt, call, instance, run
from tests.analysis.test_bills import PRICES, TASK
from tests.analysis.test_split import FREE_DISK, HALF, SECOND


def mixed() -> Analysis:
    """Two jobs on a host, one on another that is reclaimed, a task on Fargate, a host that nobody used."""
    calls = [call(queue=n % 2, definition=0, memory_mib=1001 + n) for n in range(4)]
    rows = [attempt(3, 100), attempt(5, 70.7, pull=2), attempt(1, 50, instance=1), attempt(0, 61, **TASK)]
    hosts = [
        instance(off=130.5),
        instance(off=400, ordinal=1, spot=True, why_ended=WhyEnded.SPOT_RECLAIM),
        instance(off=77, ordinal=2, spot=True),
    ]
    return Analysis(run(calls=calls, attempts=rows, instances=hosts), PRICES)


def test_loaded_costs_and_the_unallocated_rest_sum_to_the_bill() -> None:
    costs, bill = mixed().job_costs, mixed().cost
    assert int(costs.loaded.sum() + costs.unallocated.sum()) == bill.total_nano_usd
    assert costs.unallocated.tolist() == [int(bill.instances.compute[2] + bill.instances.ebs[2]), 0]


def test_jobs_on_a_waived_instance_still_carry_its_disk() -> None:
    run_ = mixed()
    assert run_.job_costs.own[2] == 0
    assert run_.job_costs.waived[2] > 0
    assert run_.job_costs.loaded[2] == run_.cost.instances.ebs[1]


def test_what_jobs_share_is_spread_by_their_direct_cost() -> None:
    records = run(calls=[HALF, HALF], attempts=[attempt(0, 100), attempt(0, 300)], instances=[instance(off=400)])
    costs = Analysis(records, FREE_DISK).job_costs
    assert (costs.own // SECOND).tolist() == [50, 150]
    assert (costs.loaded // SECOND).tolist() == [100, 300]


def test_every_split_sums_to_the_bill_and_to_what_was_waived() -> None:
    run_ = mixed()
    splits = [attribution.by_cause(run_.cost), attribution.by_charge(run_.cost)]
    others = ("queue", "definition", "entry", "environment", "type", "purchase")
    splits += [getattr(attribution, f"by_{split}")(run_.records, run_.cost) for split in others]
    assert {sum(line.nano_usd for line in lines) for lines in splits} == {run_.cost.total_nano_usd}
    assert {sum(line.waived_nano_usd for line in lines) for lines in splits} == {run_.cost.waived_nano_usd}


def test_what_belongs_to_no_job_is_one_shared_line_an_environment() -> None:
    run_ = mixed()
    names = [line.name for line in attribution.by_queue(run_.records, run_.cost)]
    assert names == ["main", "other", "shared: hosts"]


def test_purchase_options_are_told_apart() -> None:
    run_ = mixed()
    names = [line.name for line in attribution.by_purchase(run_.records, run_.cost)]
    assert names == ["On-Demand", "Spot", "Fargate"]


def share_of(records: Records) -> list[int]:
    costs: list[int] = Analysis(records, PRICES).job_costs.share.tolist()
    return costs


def test_nextflows_share_takes_the_larger_of_vcpu_and_nominal_memory() -> None:
    by_memory = call(vcpus_milli=200, memory_mib=6144)
    records = run(
        calls=[HALF, by_memory],
        attempts=[attempt(0, 100), attempt(0, 100)],
        instances=[instance(off=600, memory_mib=7647)],
    )
    assert share_of(records) == [50 * SECOND, 75 * SECOND]


def test_nextflows_share_counts_running_time_only_on_fargate_too() -> None:
    size = call(vcpus_milli=1000, memory_mib=1024)
    records = run(calls=[size], attempts=[attempt(0, 40, pull=4, **TASK)])
    assert share_of(records) == [404_800 + 44_450]


def test_attempts_of_one_job_add_up() -> None:
    rows = [attempt(0, 100, attempt=1), attempt(200, 250, attempt=2)]
    both = run(calls=[HALF, HALF], attempts=rows, instances=[instance(off=400)])
    both.attempts.job[:] = 0
    assert Analysis(both, Prices(root_gb=0)).job_costs.own.tolist() == [75 * SECOND, 0]
