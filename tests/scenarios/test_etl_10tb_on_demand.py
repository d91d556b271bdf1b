"""The same night On-Demand: nothing differs but purchase and strategy, so the two bills can be compared."""

from __future__ import annotations

from typing import Any

from scenarios.conftest import FOLDER, Shipped

import batchsim
from batchsim.spec import to_data


def without_purchase(name: str) -> dict[str, Any]:
    """A scenario as data, without what the two files may differ in."""
    data = to_data(batchsim.load(FOLDER / f"{name}.yaml"))
    for key in ("type", "allocationStrategy"):
        del data["computeEnvironments"][0]["computeResources"][key]
    return {key: value for key, value in data.items() if key not in ("name", "description", "thresholds")}


def test_the_files_differ_in_purchase_strategy_and_thresholds_alone() -> None:
    assert without_purchase("etl_10tb") == without_purchase("etl_10tb_on_demand")


def test_every_partition_is_due_and_works_as_on_the_spot_night(shipped: Shipped) -> None:
    spot, on_demand = shipped("etl_10tb").jobs, shipped("etl_10tb_on_demand").jobs
    partitions = spot.entry == "transform"
    for column in ("job_id", "due_at_s", "created_at_s", "work_s"):
        assert spot[column][partitions].equals(on_demand[column][partitions])
    assert spot.work_s.equals(on_demand.work_s)


def test_nothing_is_reclaimed_and_fewer_partitions_are_retried(shipped: Shipped) -> None:
    spot, on_demand = shipped("etl_10tb").summary(), shipped("etl_10tb_on_demand").summary()
    assert on_demand["reclaims"]["instances"] == 0
    assert 0 < on_demand["retries"]["retried_jobs"] < spot["retries"]["retried_jobs"]


def test_spot_saves_about_half(shipped: Shipped) -> None:
    spot, on_demand = (shipped(name).summary()["cost"]["total_usd"] for name in ("etl_10tb", "etl_10tb_on_demand"))
    assert 0.4 < 1 - spot / on_demand < 0.7  # list and Spot prices of the catalogue, not folklore's 70-90 %


def test_its_on_demand_equivalent_is_its_own_bill(shipped: Shipped) -> None:
    cost = shipped("etl_10tb_on_demand").summary()["cost"]
    assert cost["on_demand_usd"] == cost["total_usd"]
    assert cost["waived_usd"] == cost["saving_usd"] == 0


def test_the_cheapest_type_alone_is_launched(shipped: Shipped) -> None:
    assert set(shipped("etl_10tb_on_demand").instances.type) == {"c6a.2xlarge"}
