"""What the catalogue says of types, regions, Fargate and itself, without any scenario."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from importlib.resources import files
from itertools import product

import pytest

from batchsim import catalog
from batchsim.catalog.market import _offers

FARGATE_PAIRS = {
    (vcpus, memory)
    for vcpus, memories in {
        250: [512, 1024, 2048],
        500: range(1024, 4097, 1024),
        1000: range(2048, 8193, 1024),
        2000: range(4096, 16385, 1024),
        4000: range(8192, 30721, 1024),
        8000: range(16384, 61441, 4096),
        16000: range(32768, 122881, 8192),
        32000: [61440, 122880, 249856],
    }.items()
    for memory in memories
}


def test_a_type_has_its_size_family_and_architecture() -> None:
    found = catalog.instance_type("m6g.2xlarge")
    assert (found.vcpus, found.memory_mib, found.gpus) == (8, 32768, 0)
    assert (found.family, found.architecture, found.bare_metal) == ("m6g", "arm64", False)
    assert catalog.instance_type("c5.metal").bare_metal


def test_gpus_are_whole_ones() -> None:
    assert catalog.instance_type("g5.24xlarge").gpus == 4
    assert catalog.instance_type("g6f.large").gpus == 0, "an eighth of a GPU"


def test_families_are_in_natural_order_and_their_types_by_size() -> None:
    names = list(catalog.families())
    assert names.index("u-9tb1") < names.index("u-12tb1")
    c5 = [found.name for found in catalog.families()["c5"].types]
    assert c5[:5] == ["c5.large", "c5.xlarge", "c5.2xlarge", "c5.4xlarge", "c5.9xlarge"]


def test_every_type_is_named_once_and_sane() -> None:
    types = catalog.instance_types()
    assert len(types) == sum(len(family.types) for family in catalog.families().values()) > 1395
    assert all(found.vcpus > 0 and found.memory_mib > 0 and found.gpus >= 0 for found in types.values())


@pytest.mark.parametrize("region", catalog.regions())
def test_every_offer_has_zones_a_bucket_and_a_sane_price(region: str) -> None:
    sold = catalog.market(region)
    for name, offer in sold.offers.items():
        assert set(offer.zones) <= set(sold.zones), name
        assert offer.zones, name
        assert 0 <= offer.bucket <= 4, name
        assert 0 <= (offer.spot_nano_usd_per_h or 0) <= (offer.on_demand_nano_usd_per_h or 10**12), name


def test_a_new_family_has_the_neutral_bucket() -> None:
    assert catalog.market("us-east-1").offers["m9g.large"].bucket == 1


def test_a_size_that_the_advisor_lacks_has_the_lower_median_bucket_of_its_family() -> None:
    row = {"family": "c5", "zones": "a", "other_zones": "", "usd_per_vcpu_h": "1", "other_usd_per_h": ""}
    family = catalog.families()["c5"]
    found = dict(_offers("r", family, row | {"spot_bucket_saving": "large=4/50 xlarge=0/50 2xlarge=2/50 4xlarge=3/50"}))
    assert (found["c5.4xlarge"].bucket, found["c5.9xlarge"].bucket, found["c5.9xlarge"].spot_nano_usd_per_h) == (
        3,
        2,
        None,
    )


def test_list_prices_of_the_fact_sheet() -> None:
    offers = catalog.market("us-east-1").offers
    listed = {"m5.large": 96, "c6i.8xlarge": 1360, "r7g.16xlarge": 3427.2, "g5.48xlarge": 16288, "c7g.16xlarge": 2320}
    assert {name: offers[name].on_demand_nano_usd_per_h for name in listed} == {n: p * 10**6 for n, p in listed.items()}


def test_an_unknown_region_or_type_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        catalog.market("us-east-9")
    with pytest.raises(KeyError):
        catalog.instance_type("m5.gigantic")


def test_golden_vector_9_usable_memory() -> None:
    assert catalog.usable_memory_mib(8192, "nitro_fit") == 7647
    assert [catalog.usable_memory_mib(gib * 1024, "nitro_fit") for gib in (16, 32, 64)] == [15655, 31672, 63706]
    assert catalog.usable_memory_mib(8192, "ratio") == 7618
    assert catalog.usable_memory_mib(8192, "exact") == 8192
    assert catalog.usable_memory_mib(300, "nitro_fit") == 0


def test_fargate_has_77_sizes_and_refuses_every_neighbour() -> None:
    assert len(FARGATE_PAIRS) == 77
    memories = sorted({memory + step for _, memory in FARGATE_PAIRS for step in (-1024, -1, 0, 1, 1024)})
    vcpus = (0, 125, *catalog.FARGATE_MEMORY_MIB, 3000, 64000)
    accepted = {pair for pair in product(vcpus, memories) if catalog.is_fargate_size(*pair)}
    assert accepted == FARGATE_PAIRS


def test_fargate_spot_is_discounted_but_for_storage() -> None:
    prices = catalog.fargate_prices("us-east-1", 0.30)
    spot = prices["x86_64", True]
    assert (prices["x86_64", False].vcpu_nano_usd_per_h, prices["x86_64", False].gib_nano_usd_per_h) == (
        40480000,
        4445000,
    )
    assert (spot.vcpu_nano_usd_per_h, spot.gib_nano_usd_per_h) == (12144000, 1333500)
    assert spot.storage_nano_usd_per_gib_h == prices["x86_64", False].storage_nano_usd_per_gib_h == 111000
    assert not catalog.fargate_prices("mars-north-1", 0.30)


def test_every_source_has_a_date_and_a_place() -> None:
    assert {source.fact for source in catalog.sources()} >= {"instance_types", "zones", "on_demand", "spot", "fargate"}
    assert all(date.fromisoformat(source.as_of) and source.source for source in catalog.sources())


def test_the_tables_are_small() -> None:
    tables = files("batchsim.catalog").joinpath("data").iterdir()
    assert sum(len(table.read_bytes()) for table in tables) < 250_000


def test_types_and_one_region_load_in_thirty_milliseconds() -> None:
    """On a machine that makes 1.2 million bare events of SimPy a second: 36,000 of them, wherever it is."""
    code = (
        "import time, simpy; from batchsim import catalog; t = time.process_time();"
        "catalog.instance_types(); catalog.market('us-east-1'); u = time.process_time(); env = simpy.Environment();"
        "env.process(env.timeout(1) for _ in range(36_000)); env.run(); print((u - t) / (time.process_time() - u))"
    )
    untraced = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    command = [sys.executable, "-c", code]
    tries = (subprocess.run(command, stdout=-1, check=True, text=True, env=untraced) for _ in range(5))
    assert min(float(done.stdout) for done in tries) < 1
