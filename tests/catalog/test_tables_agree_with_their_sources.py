"""The catalogue's own tables against the facts that they were made from."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import subprocess
import sys
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from batchsim import catalog

ROOT = Path(__file__).resolve().parents[2]
TODAY = time.time_ns() // (86_400 * 10**9)


def read(path: Path) -> list[dict[str, str]]:
    data = path.read_bytes()
    return list(csv.DictReader(io.StringIO((gzip.decompress(data) if path.suffix == ".gz" else data).decode())))


def sample(rows: list[dict[str, str]], seed: int) -> list[dict[str, str]]:
    return random.Random(seed).sample(rows, 50)  # noqa: S311 - no secret


def newest_prices(facts: Path, region: str) -> dict[str, int]:
    rows = [row for row in read(facts / "ec2_on_demand_regions.csv.gz") if row["region"] == region]
    rows.sort(key=lambda row: row["price_date"])
    return {row["instance_type"]: int(Decimal(row["usd_per_hour"]) * 10**9) for row in rows}


def price(name: str, region: str) -> int | None:
    offer = catalog.market(region).offers.get(name)
    return offer.on_demand_nano_usd_per_h if offer else None


@pytest.mark.parametrize("seed", [pytest.param(1, id="fixed"), pytest.param(TODAY, id="rotating")])
def test_fifty_types_drawn_at_random_agree_in_vcpus_memory_and_price(facts: Path, seed: int) -> None:
    print(f"seed {seed}")
    prices = {region: newest_prices(facts, region) for region in catalog.regions()}
    for row in sample(read(facts / "ec2_instance_types.csv"), seed):
        found = catalog.instance_type(row["instance_type"])
        assert (found.vcpus, found.memory_mib) == (int(row["vcpus"]), int(row["memory_mib"])), (seed, row)
        assert (found.architecture, found.gpus, found.family) == (row["arch"], int(row["gpus"]), row["family"]), row
        assert (price(found.name, "us-east-1") or 0) == Decimal(row["on_demand_usd_per_hour"] or 0) * 10**9, (seed, row)
        for region in catalog.regions():
            assert price(found.name, region) == prices[region].get(found.name), (seed, region, row)


@pytest.mark.parametrize("seed", [pytest.param(1, id="fixed"), pytest.param(TODAY, id="rotating")])
def test_fifty_spot_facts_drawn_at_random_agree_in_bucket_and_saving(facts: Path, seed: int) -> None:
    print(f"seed {seed}")
    rows = [row for row in read(facts / "spot_interruption.csv") if row["region"] in catalog.regions()]
    offered = [row for row in rows if price(row["instance_type"], row["region"]) is not None]
    for row in sample(offered, seed):
        offer = catalog.market(row["region"]).offers[row["instance_type"]]
        assert offer.bucket == int(row["bucket"]), (seed, row)
        share = Decimal(offer.spot_nano_usd_per_h or 0) / (offer.on_demand_nano_usd_per_h or 1)
        assert abs(share - 1 + Decimal(row["savings_pct"]) / 100) < Decimal("1e-8"), (seed, row)


@pytest.mark.parametrize("seed", [pytest.param(1, id="fixed"), pytest.param(TODAY, id="rotating")])
def test_fifty_spot_prices_drawn_at_random_agree(facts: Path, seed: int) -> None:
    """Where On-Demand prices are as old as that list's: not in us-east-1."""
    print(f"seed {seed}")
    rows = [row for row in read(facts / "spot_prices.csv") if row["region"] in catalog.regions()[1:]]
    for row in sample(rows, seed):
        offer = catalog.market(row["region"]).offers[row["instance_type"]]
        assert abs((offer.spot_nano_usd_per_h or 0) / 1e9 - float(row["spot_usd_per_hour"])) < 1e-4, (seed, row)


@pytest.mark.parametrize("seed", [pytest.param(1, id="fixed"), pytest.param(TODAY, id="rotating")])
def test_a_type_is_offered_in_as_many_zones_as_recorded(facts: Path, seed: int) -> None:
    """Zones are numbered there (``use1-az1``) and lettered here, so their numbers compare and not their names."""
    print(f"seed {seed}")
    offerings = read(facts / "ec2_az_offerings.csv.gz")
    recorded = Counter((row["region"], row["instance_type"]) for row in offerings)
    for row in sample(offerings, seed):
        region, name = row["region"], row["instance_type"]
        assert len(catalog.market(region).offers[name].zones) == recorded[region, name], (seed, row)


def test_every_type_of_the_moto_release_is_in_the_catalogue() -> None:
    moto = Path(pytest.importorskip("moto").__path__[0])
    names = json.loads(gzip.decompress((moto / "ec2/resources/instance_types.json.gz").read_bytes())).keys()
    assert names <= catalog.instance_types().keys()
    assert len(catalog.instance_types().keys() - names) == 24, "types that moto once had"


def test_fargate_prices_agree(facts: Path) -> None:
    for row in read(facts / "fargate.csv"):
        if row["region"] in catalog.regions() and row["os"] == "linux" and row["price_model"] == "on-demand":
            found = catalog.fargate_prices(row["region"], 0.3)[row["arch"].lower(), False]
            assert found.vcpu_nano_usd_per_h == Decimal(row["usd_per_vcpu_hour"]) * 10**9
            assert found.gib_nano_usd_per_h == Decimal(row["usd_per_gb_hour"]) * 10**9


def test_the_script_writes_the_tables_as_they_stand(facts: Path) -> None:
    pytest.importorskip("moto")
    command = [sys.executable, str(ROOT / "scripts/build_catalogue.py"), "--check", "--data", str(facts)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env={"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stdout + done.stderr
