"""Rows of the table of behaviours: the bill of EC2 (EC2 User Guide, "On-Demand Instances", and EBS)."""

import numpy as np
from fidelity_rows import Row, always

BILLS = "tests/behaviour/test_bills.py"
GOLDEN = "tests/golden/test_golden_vectors.py"
ON_DEMAND = "EC2 User Guide, On-Demand Instances (ec2-on-demand-instances)"
INTERRUPTED = "EC2 User Guide, Billing for interrupted Spot Instances (billing-for-interrupted-spot-instances)"
SECONDS = "batchsim/analysis/bills.py billed_seconds"
INSTANCES = "batchsim/analysis/bills.py instance_bills"
ANALYSED = "batchsim.analysis.bills."


def seconds(change):
    """Billed seconds become ``change(seconds, on_ms)``."""

    def breaks(patch):
        from batchsim.analysis.bills import billed_seconds

        patch.setattr(f"{ANALYSED}billed_seconds", lambda on_ms: change(billed_seconds(on_ms), on_ms))

    return breaks


def dearer(patch):
    """EC2 charges a tenth more than its list says."""
    from batchsim.analysis.exact import mul_div

    patch.setattr(
        f"{ANALYSED}mul_div",
        lambda values, price, per: (
            mul_div(values, price * 11 if isinstance(price, np.ndarray) else price, per * 10)
            if isinstance(price, np.ndarray)
            else mul_div(values, price, per)
        ),
    )


ROWS = [
    Row(
        id="B35",
        rule="An instance is billed by the second while it is running, from the end of pending",
        source=ON_DEMAND,
        where="batchsim/engine/launch.py Launcher.launch",
        tests={
            "running": "tests/behaviour/test_scaling.py::test_bills_start_where_the_world_says[running]",
            "launch": "tests/behaviour/test_scaling.py::test_bills_start_where_the_world_says[launch]",
            "ready": "tests/behaviour/test_scaling.py::test_bills_start_where_the_world_says[ready]",
        },
        status="parameter",
        key="bill_from",
    ),
    Row(
        id="B36",
        rule="An instance's root volume is billed by its size as long as the instance",
        source="EBS pricing; the size is that of images for ECS",
        where=INSTANCES,
        tests={
            "default": f"{BILLS}::test_the_default_disk_is_30_gb_of_gp3",
            0: f"{BILLS}::test_an_instances_disk_is_billed_by_its_size[0]",
            100: f"{BILLS}::test_an_instances_disk_is_billed_by_its_size[100]",
        },
        status="parameter",
        key="root_gb",
    ),
    Row(
        id="V10",
        rule=(
            "Spot taken by EC2 at 59 minutes costs nothing and at 61 minutes 61; ended by Batch at 10 it costs "
            "10; 20 s of On-Demand cost 60 s"
        ),
        source=f"{INTERRUPTED}; {ON_DEMAND}",
        where=INSTANCES,
        tests=(
            f"{GOLDEN}::test_vector_10_spot_capacity_that_ec2_takes_within_the_first_hour_is_free",
            f"{GOLDEN}::test_vector_10_spot_capacity_that_batch_ends_is_billed",
            f"{GOLDEN}::test_vector_10_on_demand_capacity_is_billed_for_a_minute_at_least",
        ),
        status="exact",
        breaks=seconds(lambda billed, on_ms: billed + 60),
    ),
    Row(
        id="7a",
        rule="An instance is billed for every second begun, and for a minute at least",
        source=ON_DEMAND,
        where=SECONDS,
        tests=f"{BILLS}::test_an_instance_is_billed_by_the_second_begun_and_for_a_minute_at_least",
        status="exact",
        breaks=lambda patch: patch.setattr(f"{ANALYSED}MINIMUM_S", 1),
    ),
    Row(
        id="7b",
        rule="Boot after pending, idle time and the delay of scale-down are billed",
        source="API, ComputeScalingPolicy",
        where="batchsim/analysis/phases.py instance_lives",
        tests=f"{BILLS}::test_boot_idle_time_and_the_delay_of_scale_down_are_billed",
        status="exact",
        breaks=always("bill_from", "ready"),
    ),
    Row(
        id="7c",
        rule="An instance that EC2 interrupts within its first hour is free",
        source=INTERRUPTED,
        where=INSTANCES,
        tests={
            True: f"{BILLS}::test_the_first_hour_is_free_if_ec2_ends_it_or_as_a_what_if_is_not[True]",
            False: f"{BILLS}::test_the_first_hour_is_free_if_ec2_ends_it_or_as_a_what_if_is_not[False]",
        },
        status="parameter",
        key="first_hour_free",
    ),
    Row(
        id="7d",
        rule="An instance that EC2 interrupts later is billed for its seconds",
        source=INTERRUPTED,
        where=INSTANCES,
        tests=f"{BILLS}::test_after_the_first_hour_all_seconds_are_billed",
        status="exact",
        breaks=lambda patch: patch.setattr(f"{ANALYSED}FIRST_HOUR_MS", 7_200_000),
    ),
    Row(
        id="7e",
        rule="A Spot instance that the user or Batch ends is billed for its seconds, in its first hour too",
        source=INTERRUPTED,
        where=INSTANCES,
        tests=f"{BILLS}::test_what_batch_ends_is_billed_even_in_its_first_hour",
        status="exact",
        breaks=seconds(lambda billed, on_ms: np.where(on_ms < 3_600_000, 0, billed)),
    ),
    Row(
        id="7f",
        rule="Disks are billed whether the instance is free or not",
        source="EBS pricing",
        where=INSTANCES,
        tests=f"{BILLS}::test_a_disk_is_billed_though_the_instance_is_free",
        status="exact",
        breaks=always("root_gb", 0),
    ),
    Row(
        id="7g",
        rule="A GB-month of gp3 costs $0.08 in us-east-1, prorated by the second",
        source="EBS pricing",
        where=INSTANCES,
        tests={
            "$0.08": f"{BILLS}::test_an_instances_disk_is_billed_by_the_price_of_a_gb_month[$0.08]",
            "$0.10": f"{BILLS}::test_an_instances_disk_is_billed_by_the_price_of_a_gb_month[$0.10]",
        },
        status="parameter",
        key="gp3_gb_month",
    ),
    Row(
        id="7h",
        rule="Capacity that minvCpus keeps is billed",
        source="API, CreateComputeEnvironment (state)",
        where="batchsim/analysis/phases.py instance_lives",
        tests=f"{BILLS}::test_capacity_that_minvcpus_keeps_is_billed_to_the_end",
        status="exact",
        breaks=seconds(lambda billed, on_ms: billed * (np.arange(len(billed)) == 0)),
    ),
    Row(
        id="7i",
        rule="AWS Batch itself costs nothing",
        source="AWS Batch pricing",
        where="batchsim/analysis/cost.py cost",
        tests=f"{BILLS}::test_batch_itself_costs_nothing_and_what_is_not_counted_is_told",
        status="exact",
        breaks=dearer,
        note=(
            "Logs, metrics, NAT gateways and data transfer cost what `world.extra_costs` says; reports name what "
            "is not counted"
        ),
    ),
    Row(
        id="7j",
        rule="On-Demand prices are AWS's list prices of a date, by region",
        source="price lists of the catalogue, with their dates",
        where="batchsim/catalog/price_list.py price_list",
        tests=f"{BILLS}::test_list_prices_of_us_east_1",
        status="exact",
        breaks=dearer,
    ),
    Row(
        id="7k",
        rule="Prices age: each has a date, which every summary tells",
        source="price lists of the catalogue, with their dates",
        where="batchsim/catalog/price_list.py price_list",
        tests=f"{BILLS}::test_prices_have_a_date",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.catalog.resolve.as_of", lambda region, facts: {}),
    ),
]
