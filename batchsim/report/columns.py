"""From DataFrames to the plain columns that files are written from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from batchsim.formats.table_csv import Coded, Column

if TYPE_CHECKING:
    import pandas as pd


def columns_of(table: pd.DataFrame) -> dict[str, Column]:
    """Each column as an array, as codes and words if it is categorical; what is missing is NaN, None or code -1."""
    return {str(name): _column(table[name]) for name in table.columns}


def _column(series: pd.Series[Any]) -> Column:
    import pandas as pd

    if isinstance(series.dtype, pd.CategoricalDtype):
        return Coded(series.cat.codes.to_numpy(), tuple(map(str, series.cat.categories)))
    if isinstance(series.dtype, np.dtype):
        return series.to_numpy()
    values: NDArray[Any] = np.array(series, dtype=object)
    values[series.isna().to_numpy()] = None
    return values
