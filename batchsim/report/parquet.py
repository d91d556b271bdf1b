"""Tables as Apache Parquet, for results that are too large to read as text (needs the extra ``parquet``)."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from batchsim.errors import OutputError

if TYPE_CHECKING:
    import pandas as pd


def need_parquet() -> None:
    """Raise :class:`~batchsim.errors.OutputError` where pyarrow is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401 (asked for, not used)
    except ImportError:
        raise OutputError("Parquet tables need pyarrow: pip install 'batchsim[parquet]'") from None


def parquet(frame: pd.DataFrame) -> bytes:
    """Return a table as the bytes of a Parquet file: the same frame gives the same bytes."""
    need_parquet()
    buffer = BytesIO()
    frame.to_parquet(buffer, engine="pyarrow", index=False)
    return buffer.getvalue()
