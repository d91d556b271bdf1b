"""Columns of a DataFrame from columns of the records: decimals, words, ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from batchsim.analysis.exact import Int64s, int64
from batchsim.records.identifiers import instance_id, job_id
from batchsim.records.tables import NEVER, Bools, Ints, Records

Column = Any
"""A numpy array or a pandas extension array."""
Columns = dict[str, Column]
"""A table's columns by name, all of one length: a DataFrame of them is made only for those who ask for one."""


def seconds(instant_ms: Ints) -> NDArray[np.float64]:
    """Return ms as decimal seconds; NaN where it never happened."""
    values = np.asarray(instant_ms)
    return np.where(values == NEVER, np.nan, values / 1000)


def duration(length_ms: Int64s) -> NDArray[np.float64]:
    """Return a duration in ms as decimal seconds."""
    return np.asarray(length_ms / 1000)


def dollars(nano_usd: Int64s) -> NDArray[np.float64]:
    """Return nano-dollars as decimal dollars."""
    return np.asarray(nano_usd / 1_000_000_000)


def nullable(values: Ints, missing: Bools | None = None) -> Column:
    """Return whole numbers that may be missing; by default NEVER is."""
    return pd.arrays.IntegerArray(int64(values), np.asarray(values == NEVER) if missing is None else missing)


def words(code: Ints, names: Sequence[str]) -> Column:
    """Return the words behind codes as a categorical column of those that occur; NEVER and "" are missing."""
    code = np.where(np.asarray(code) == NEVER, len(names), code)
    occurs = np.bincount(code, minlength=len(names) + 1) > 0  # without sorting a million codes of a dozen words
    text = np.array([*names, ""], dtype=object)
    return text_column(text[occurs], (np.cumsum(occurs) - 1)[code])


def text_column(distinct: NDArray[np.object_], position: Ints) -> Column:
    """Return ``distinct[position]`` as a categorical column; the empty text is missing."""
    known = [text for text in dict.fromkeys(distinct.tolist()) if text]
    number = {text: at for at, text in enumerate(known)}
    codes = np.array([number.get(text, -1) for text in distinct.tolist()] or [-1], np.int64)
    kind = _categories(tuple(known)) if len(known) <= FEW else _made_categories(known)
    return pd.Categorical.from_codes(codes[position], dtype=kind, validate=False)


FEW = 16
"""So few words are likely those of a vocabulary: in each run the same ones."""


@lru_cache(maxsize=2048)
def _categories(known: tuple[str, ...]) -> pd.CategoricalDtype:
    """Made once for the same words: small runs spend most of their tables' time here."""
    return _made_categories(known)


def _made_categories(known: Sequence[str]) -> pd.CategoricalDtype:
    return pd.CategoricalDtype(pd.Index(list(known), dtype="str"))


def strings(texts: Sequence[str | None] | NDArray[np.object_]) -> Column:
    """Return a column of texts that mostly differ."""
    return pd.array(np.asarray(texts, dtype=object), dtype="str")


def call_ids(records: Records) -> NDArray[np.object_]:
    """Return the id of each SubmitJob call: ``entry``, or ``entry@N`` if the entry makes several calls."""
    calls, names = records.submissions, records.names.entries
    several = (np.bincount(calls.entry, minlength=len(names)) > 1).tolist()
    pairs = zip(calls.entry.tolist(), calls.occurrence.tolist(), strict=True)
    return _objects([job_id(names[entry], number, several[entry]) for entry, number in pairs])


def job_ids(records: Records) -> NDArray[np.object_]:
    """Return the id of each job that runs: its call's, with ``:i`` for an array child."""
    ids = call_ids(records)[records.jobs.submission].tolist()
    pairs = zip(ids, records.jobs.array_index.tolist(), strict=True)
    return _objects([f"{call}:{index}" if index >= 0 else call for call, index in pairs])


def instance_ids(records: Records) -> NDArray[np.object_]:
    """Return the EC2-like id of each instance, a hash of its environment's name and its ordinal."""
    names, instances = records.names.environments, records.instances
    pairs = zip(instances.environment.tolist(), instances.ordinal.tolist(), strict=True)
    return _objects([instance_id(names[environment], ordinal) for environment, ordinal in pairs])


def pick(ids: NDArray[np.object_], row: Ints) -> Column:
    """Return ``ids[row]`` as texts, missing where the row is NEVER."""
    padded = np.append(ids, np.array([None], dtype=object))
    return strings(padded[np.where(np.asarray(row) == NEVER, len(ids), row)])


def _objects(texts: list[str]) -> NDArray[np.object_]:
    column = np.empty(len(texts), dtype=object)
    column[:] = texts
    return column


class Worded(Protocol):
    """A member of a vocabulary."""

    @property
    def text(self) -> str:
        """The word that users see."""


def texts(vocabulary: Iterable[Worded]) -> tuple[str, ...]:
    """The words of a vocabulary whose codes count from 0."""
    return tuple(member.text for member in vocabulary)
