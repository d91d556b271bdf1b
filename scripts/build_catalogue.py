"""Write the tables of ``batchsim/catalog/data`` from the ``moto`` package and a folder of public price facts.

Run it after a new release of moto, or when the folder holds newer prices::

    python scripts/build_catalogue.py --data ../shared/data     # or BATCHSIM_DATA; this folder is the default
    python scripts/build_catalogue.py --check                   # writes nothing; exit 1 if a table is not up to date

From moto (Apache-2.0; it records AWS's DescribeInstanceTypes and DescribeInstanceTypeOfferings) come sizes, memory,
GPUs and zones. From the folder come single facts: On-Demand prices (``ec2_on_demand_regions.csv.gz``: the newest price
of a type in a region), the Spot Advisor's bucket and saving (``spot_interruption.csv``), Fargate's prices
(``fargate.csv``), and the specifications of types that moto no longer lists (``ec2_instance_types.csv``). They are
re-arranged by family into tables of our own: a price per vCPU-hour with exceptions by size, sizes by the rule of their
names. The same inputs give the same bytes.

``bundles.csv`` and ``sources.csv`` are written by hand: bring the dates in ``sources.csv`` up to those of the inputs.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from batchsim.catalog.tables import nano_usd, regular_vcpus

PROJECT = Path(__file__).resolve().parent.parent
TABLES = PROJECT / "batchsim" / "catalog" / "data"
REGIONS = ("us-east-1", "us-east-2", "us-west-2", "eu-west-1", "eu-central-1", "ap-northeast-1")
RETIRED = "retired"

Row = dict[str, str]
T = TypeVar("T")


@dataclass(frozen=True)
class Spec:
    """What the tables need to know of one instance type."""

    family: str
    size: str
    vcpus: int
    memory_mib: int
    gpus: int
    architecture: str
    generation: str
    spot: bool

    @property
    def name(self) -> str:
        """The type's name, ``family.size``."""
        return f"{self.family}.{self.size}"


@dataclass(frozen=True)
class Market:
    """One region's facts by instance type: zone letters, nano-dollars an hour, Spot Advisor (bucket, saving %)."""

    zones: Mapping[str, str]
    prices: Mapping[str, int]
    spot: Mapping[str, tuple[int, int]]


# Reading -------------------------------------------------------------------------------------------


def moto_json(name: str) -> Any:
    """One of moto's recorded answers of EC2."""
    return json.loads(gzip.decompress(files("moto").joinpath("ec2", "resources", name).read_bytes()))


def csv_rows(path: Path) -> Iterator[Row]:
    """Rows of a CSV file, gzipped or not."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return csv.DictReader(io.StringIO(text))


def moto_spec(name: str, facts: Mapping[str, Any]) -> Spec:
    """A type as moto holds it. A part of a GPU counts as none: AWS Batch gives out whole GPUs."""
    family, size = name.split(".")
    architectures = [a for a in facts["ProcessorInfo"]["SupportedArchitectures"] if a != "i386"]
    if facts["BareMetal"] != size.startswith("metal"):
        raise ValueError(f"{name}: the size's name no longer tells whether it is bare metal")
    return Spec(
        family,
        size,
        facts["VCpuInfo"]["DefaultVCpus"],
        facts["MemoryInfo"]["SizeInMiB"],
        sum(gpu["Count"] for gpu in facts.get("GpuInfo", {}).get("Gpus", ())),
        architectures[0],
        "current" if facts["CurrentGeneration"] else "previous",
        "spot" in facts["SupportedUsageClasses"],
    )


def retired_spec(row: Row) -> Spec:
    """A type that moto once held and no longer does."""
    family, size = row["instance_type"].split(".")
    vcpus, memory_mib, gpus = (int(row[column]) for column in ("vcpus", "memory_mib", "gpus"))
    return Spec(family, size, vcpus, memory_mib, gpus, row["arch"], RETIRED, "spot" in row["usage_classes"])


def read_specs(data: Path) -> list[Spec]:
    """All types, in natural order of families (``m5`` before ``m10``) and by size within each."""
    specs = {name: moto_spec(name, facts) for name, facts in moto_json("instance_types.json.gz").items()}
    for row in csv_rows(data / "ec2_instance_types.csv"):
        specs.setdefault(row["instance_type"], retired_spec(row))
    return sorted(specs.values(), key=lambda s: (natural(s.family), s.vcpus, s.memory_mib, natural(s.size)))


def natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts the numbers in a name by value."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"\d+|\D+", name)]


def read_market(region: str, data: Path) -> Market:
    """A region's market. A priced type that moto's offerings lack (a retired one) is taken to be in every zone."""
    newest = sorted(_of(region, data / "ec2_on_demand_regions.csv.gz"), key=lambda row: row["price_date"])
    prices = {row["instance_type"]: nano_usd(row["usd_per_hour"]) for row in newest}
    zones: dict[str, str] = {}
    for offer in moto_json(f"instance_type_offerings/availability-zone/{region}.json.gz"):
        letters = zones.get(offer["InstanceType"], "") + offer["Location"].removeprefix(region)
        zones[offer["InstanceType"]] = "".join(sorted(letters))
    everywhere = "".join(sorted(set("".join(zones.values()))))
    advisor = _of(region, data / "spot_interruption.csv")
    spot = {row["instance_type"]: (int(row["bucket"]), int(row["savings_pct"])) for row in advisor}
    return Market(dict.fromkeys(prices, everywhere) | zones, prices, spot)


def _of(region: str, path: Path) -> list[Row]:
    return [row for row in csv_rows(path) if row["region"] == region]


# Arranging -----------------------------------------------------------------------------------------


def by_family(specs: Iterable[Spec]) -> dict[str, list[Spec]]:
    """The types of each family, in order."""
    families: dict[str, list[Spec]] = {}
    for spec in specs:
        families.setdefault(spec.family, []).append(spec)
    return families


def most_common(values: Iterable[T]) -> T | None:
    """The value that occurs most often, the first of equals; None of nothing."""
    counted = Counter(values).most_common(1)
    return counted[0][0] if counted else None


def family_row(family: str, specs: list[Spec]) -> list[str]:
    """A family's specifications; a size that its name or the family's memory per vCPU does not tell is spelled out."""
    mib_per_vcpu = most_common(s.memory_mib // s.vcpus for s in specs) or 0
    (architecture,) = {s.architecture for s in specs}
    return [
        family,
        architecture,
        most_common(s.generation for s in specs) or "",
        str(mib_per_vcpu),
        " ".join(size_item(s, mib_per_vcpu) for s in specs),
        " ".join(s.size for s in specs if not s.spot),
    ]


def size_item(spec: Spec, mib_per_vcpu: int) -> str:
    """``large`` where the rules give the size, else ``metal=vCPUs/MiB/GPUs``."""
    regular = (regular_vcpus(spec.size), spec.vcpus * mib_per_vcpu, 0)
    actual = (spec.vcpus, spec.memory_mib, spec.gpus)
    return spec.size if actual == regular else f"{spec.size}={'/'.join(map(str, actual))}"


def market_row(family: str, specs: list[Spec], market: Market) -> list[str] | None:
    """A family's market in a region; None where no size of it is offered."""
    offered = [s for s in specs if s.name in market.zones]
    if not offered:
        return None
    zones = most_common(market.zones[s.name] for s in offered) or ""
    per_vcpu = most_common(even_prices(offered, market.prices))
    return [
        family,
        zones,
        " ".join(f"{s.size}={market.zones.get(s.name, '-')}" for s in specs if market.zones.get(s.name) != zones),
        "" if per_vcpu is None else usd(per_vcpu),
        " ".join(price_items(offered, per_vcpu, market.prices)),
        " ".join("{}={}/{}".format(s.size, *market.spot[s.name]) for s in offered if s.name in market.spot),
    ]


def even_prices(specs: Iterable[Spec], prices: Mapping[str, int]) -> Iterator[int]:
    """Prices per vCPU-hour of the types that have one in whole nano-dollars."""
    for spec in specs:
        price = prices.get(spec.name)
        if price is not None and price % spec.vcpus == 0:
            yield price // spec.vcpus


def price_items(specs: Iterable[Spec], per_vcpu: int | None, prices: Mapping[str, int]) -> Iterator[str]:
    """The prices that the family's price per vCPU does not give; ``-`` for a size that should have one and has none."""
    for spec in specs:
        price = prices.get(spec.name)
        if price is None and per_vcpu is not None:
            yield f"{spec.size}=-"
        elif price is not None and (per_vcpu is None or price != per_vcpu * spec.vcpus):
            yield f"{spec.size}={usd(price)}"


def usd(nano: int) -> str:
    """Nano-dollars as a plain decimal without trailing zeros."""
    return f"{nano // 10**9}.{nano % 10**9:09d}".rstrip("0").rstrip(".")


# Writing -------------------------------------------------------------------------------------------

FAMILY_COLUMNS = ("family", "architecture", "generation", "mib_per_vcpu", "sizes", "without_spot")
MARKET_COLUMNS = ("family", "zones", "other_zones", "usd_per_vcpu_h", "other_usd_per_h", "spot_bucket_saving")
WINDOWS_LICENCE_USD = Decimal("0.046")
"""The licence of a Windows task, for a vCPU and hour (AWS Fargate pricing)."""
FARGATE_COLUMNS = ("region", "architecture", "usd_per_vcpu_h", "usd_per_gib_h", "usd_per_storage_gib_h")


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table's text: what it holds and who wrote it, the columns, the rows."""
    lines = [f"# {title} Sources and dates: sources.csv. Written by scripts/build_catalogue.py.", ",".join(columns)]
    return "\n".join([*lines, *(",".join(row) for row in rows), ""])


def fargate_rows(data: Path) -> Iterator[list[str]]:
    """On-Demand prices; where a region's storage price is not known it is that of the first region.

    Linux by architecture; Windows, where it is known, with its licence on the vCPU.
    """
    found = [r for r in csv_rows(data / "fargate.csv") if r["price_model"] == "on-demand"]
    storage = next(r["usd_per_gb_hour_ephemeral_over_20gb"] for r in found if r["region"] == REGIONS[0])
    for row in sorted((r for r in found if r["region"] in REGIONS), key=lambda r: REGIONS.index(r["region"])):
        own = row["usd_per_gb_hour_ephemeral_over_20gb"] or storage
        windows = row["os"] == "windows"
        vcpu = Decimal(row["usd_per_vcpu_hour"]) + (WINDOWS_LICENCE_USD if windows else 0)
        yield [row["region"], "windows" if windows else row["arch"].lower(), str(vcpu), row["usd_per_gb_hour"], own]


def build(data: Path) -> dict[str, str]:
    """The text of every generated table, by file name."""
    families = by_family(read_specs(data))
    sizes = (family_row(*item) for item in families.items())
    built = {"families.csv": table("Instance types of EC2 by family.", FAMILY_COLUMNS, sizes)}
    for region in REGIONS:
        market = read_market(region, data)
        rows = (market_row(*item, market) for item in families.items())
        text = table(f"EC2 in {region} by family, Linux.", MARKET_COLUMNS, filter(None, rows))
        built[f"{region}.csv"] = text
    built["fargate.csv"] = table(
        "AWS Fargate, On-Demand; Linux by architecture, Windows with its licence.", FARGATE_COLUMNS, fargate_rows(data)
    )
    return built


def stale(built: Mapping[str, str], folder: Path) -> list[str]:
    """The names of the tables whose file does not hold this text."""
    return [
        name for name, text in built.items() if not (folder / name).is_file() or (folder / name).read_text() != text
    ]


def main() -> int:
    """Write the tables, or check them."""
    default = os.environ.get("BATCHSIM_DATA") or PROJECT.parent / "shared" / "data"
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=default, help="folder of price facts (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=TABLES, help="folder of the tables (default: %(default)s)")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a table is not up to date")
    arguments = parser.parse_args()
    built = build(arguments.data)
    changed = stale(built, arguments.out)
    for name in changed:
        print(f"{'not up to date' if arguments.check else 'written'}: {arguments.out / name}")
        if not arguments.check:
            (arguments.out / name).write_text(built[name], encoding="utf-8", newline="\n")
    return int(arguments.check and bool(changed))


if __name__ == "__main__":
    sys.exit(main())
