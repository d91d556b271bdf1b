"""Growable typed columns, and how they freeze into numpy."""

from __future__ import annotations

from array import array
from typing import TypeVar

import numpy as np

from batchsim.records.tables import Bools, Ints

_Values = TypeVar("_Values", Ints, Bools)

DTYPES = {"b": np.int8, "h": np.int16, "i": np.int32, "q": np.int64}


def column(code: str, size: int = 0, value: int = 0) -> array[int]:
    """Return a column of ``size`` equal values; ``code`` is one of ``b h i q`` (1, 2, 4, 8 bytes)."""
    return array(code, [value]) * size


def from_numpy(code: str, values: Ints) -> array[int]:
    """Return a growable column with the values of a numpy array."""
    filled = array(code)
    filled.frombytes(np.ascontiguousarray(values, dtype=DTYPES[code]).tobytes())
    return filled


def taken(values: array[int] | bytearray, where: Ints | slice) -> Ints:
    """Return a copy of some rows of a column that may grow again at once."""
    rows = _view(values)[where]
    return rows.copy() if isinstance(where, slice) else rows


def written(values: array[int] | bytearray, where: Ints | Bools | slice, what: Ints | int) -> None:
    """Write some rows of a column."""
    _view(values)[where] = what


def _view(values: array[int] | bytearray) -> Ints:
    return np.frombuffer(values, dtype=np.int8 if isinstance(values, bytearray) else DTYPES[values.typecode])


def frozen(values: array[int] | bytearray) -> Ints:
    """Return a column as read-only numpy, without a copy; a bytearray gives int8.

    As long as the view lives, the column cannot grow: a finished engine is frozen for good, and looks in between must
    let go of their views.
    """
    view = _view(values)
    view.flags.writeable = False
    return view


def frozen_bools(values: bytearray) -> Bools:
    """Return a read-only copy of a column of flags."""
    return frozen(values).astype(np.bool_)


def unless(where: Bools, values: Ints, other: Ints | int | np.integer) -> Ints:
    """Return the values, others somewhere: the column itself where that is nowhere, as in most finished runs."""
    return np.where(where, other, values) if where.any() else values


def at_most(most: Ints, values: Ints) -> Ints:
    """Return the lesser of the two in each row: the column itself where it is that."""
    return np.minimum(values, most) if (values > most).any() else values


def spread(values: _Values, code: Ints) -> _Values:
    """Return ``values[code]``; where all values are one, as of what no entry uses, that takes no memory."""
    if len(values) and (values == values[0]).all():
        return np.broadcast_to(values[0], code.shape)
    return values[code]
