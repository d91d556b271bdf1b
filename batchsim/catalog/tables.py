"""The catalogue's files: small dated CSV tables beside the code, read lazily and without any other library.

``scripts/build_catalogue.py`` writes them; ``sources.csv`` says where each fact is from and of what date. A cell can
hold a list: items separated by blanks, each ``name`` or ``name=value``. Lines that begin with ``#`` are comments.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from decimal import Decimal
from importlib.resources import files

REGULAR_VCPUS = {"medium": 1, "large": 2, "xlarge": 4}
"""vCPUs of the sizes that carry no number; ``Nxlarge`` and ``metal-Nxl`` have 4 N."""


def rows(name: str) -> Iterator[dict[str, str]]:
    """Rows of the table ``data/NAME.csv`` as dictionaries by column."""
    text = files(__package__).joinpath("data", f"{name}.csv").read_text(encoding="utf-8")
    return csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))


def items(cell: str) -> Mapping[str, str]:
    """A cell that holds a list, as a mapping in its order; an item without ``=`` maps to the empty text."""
    pairs = (item.partition("=") for item in cell.split())
    return {name: value for name, _, value in pairs}


def nano_usd(text: str) -> int:
    """Dollars as written to integer nano-dollars; prices in the tables have at most nine decimals."""
    return int(Decimal(text).scaleb(9))


def regular_vcpus(size: str) -> int | None:
    """How many vCPUs the name of a size promises: 8 for ``2xlarge``, None for ``metal`` and ``nano``."""
    if size in REGULAR_VCPUS:
        return REGULAR_VCPUS[size]
    number = size.removeprefix("metal-").removesuffix("arge").removesuffix("xl")
    return 4 * int(number) if number.isdigit() else None
