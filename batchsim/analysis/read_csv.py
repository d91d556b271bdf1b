"""One CSV of a result folder as a frame: cells as written; seconds as floats, for they have three places.

Arrow reads it where it is installed, in a third of the time and with words numbered; whatever it refuses or reads in
another way is left to pandas, which also says what is wrong.
"""

from __future__ import annotations

from contextlib import suppress
from os import SEEK_END
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from batchsim.analysis.side_by_side import is_confined
from batchsim.analysis.typed import EXACT

MOST_USD = EXACT / 1e9
"""Below it the float nearest to an amount is nearest to its nano-dollars too; larger ones are kept as text."""
_MANY_TEXTS = ("job_id",)
"""Columns of which nearly every text is another: numbered, they would take longer to read."""
_BLOCK_BYTES = 1 << 22


def read_csv(path: Path) -> pd.DataFrame:
    """Return a table as text and floats. Raises ``OSError`` or ``ValueError``."""
    frame: pd.DataFrame | None = None
    if not is_confined():
        with suppress(ImportError, ValueError, TypeError, LookupError, NotImplementedError):
            frame = by_arrow(path)
    return by_pandas(path) if frame is None else frame


def by_arrow(path: Path) -> pd.DataFrame | None:
    """The table, or None where it should be read as text. Raises ``ImportError``, ``OSError`` or ``ValueError``."""
    from pyarrow import ArrowException, csv

    blocks = csv.ReadOptions(block_size=_BLOCK_BYTES)
    # a name may hold the end of a line
    lines = csv.ParseOptions(newlines_in_values=True)
    header = by_pandas(path, nrows=0).columns
    kinds = csv.ConvertOptions(
        column_types={name: _arrow_type(name) for name in header}, null_values=[""], strings_can_be_null=False
    )
    try:
        table = csv.read_csv(path, read_options=blocks, parse_options=lines, convert_options=kinds)
    except ArrowException:  # which is no ValueError where no thread is to be had
        return None
    if table.column_names != list(header) or len(header) < 2 or _is_cut(path, table):
        return None
    frame: pd.DataFrame = table.to_pandas(split_blocks=True)
    return frame if _is_exact(frame) and not any(_is_guarded(frame[name]) for name in header) else None


def _is_cut(path: Path, table: Any) -> bool:
    """Whether the file may end within quotation marks: Arrow takes all that follows for the cell, and says nothing."""
    with path.open("rb") as file:
        file.seek(-1, SEEK_END)
        ends_a_line = file.read() == b"\n"
    last = table.slice(max(0, len(table) - 1)).to_pylist()
    return not ends_a_line or any(str(cell).endswith("\n") for row in last for cell in row.values())


def _arrow_type(name: str) -> Any:
    import pyarrow as pa

    if _is_seconds(name) or name.endswith("_usd"):
        return pa.float64()
    return pa.string() if name in _MANY_TEXTS else pa.dictionary(pa.int32(), pa.string())


def _is_exact(frame: pd.DataFrame) -> bool:
    return all(not (np.abs(frame[name]) >= MOST_USD).any() for name in frame.columns if name.endswith("_usd"))


def _is_guarded(cells: Any) -> bool:
    """Whether an apostrophe keeps a spreadsheet from computing some cell."""
    if cells.dtype == np.float64:
        return False
    texts = cells.cat.categories if isinstance(cells.dtype, pd.CategoricalDtype) else cells
    return bool(texts.str.startswith("'").any())


def by_pandas(path: Path, nrows: int | None = None) -> pd.DataFrame:
    """The table, or its first rows: money as text, since nobody has looked yet whether a float can hold it."""
    header = pd.read_csv(path, nrows=0, keep_default_na=False)
    kinds = {name: "float64" if _is_seconds(name) else "str" for name in header.columns}
    empty = {name: [""] if kind == "float64" else [] for name, kind in kinds.items()}
    frame = pd.read_csv(path, dtype=kinds, keep_default_na=False, na_values=empty, nrows=nrows)
    for name in frame.columns[[kind == "str" for kind in kinds.values()]]:
        frame[name] = _unguarded(frame[name])
    return frame


def _is_seconds(name: str) -> bool:
    return name.endswith("_s") and name != "billed_s"


def _unguarded(cells: Any) -> Any:
    """Text without the apostrophe that keeps a spreadsheet from computing it."""
    guarded = cells.str.startswith("'")
    return cells.where(~guarded, cells.str[1:]) if guarded.any() else cells
