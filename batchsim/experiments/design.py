"""The points of a study: a grid of all levels, independent draws, or a Latin hypercube."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from itertools import product
from math import prod
from typing import Any

from batchsim.errors import ExperimentError
from batchsim.spec.study import StudySpec

Settings = tuple[tuple[str, Any], ...]
"""The paths and values of one point, in the order of the study."""
_BITS = 53


def points_of(study: StudySpec, seed: int) -> tuple[Settings, ...]:
    """The points in their order; of a design that draws, equal ones once.

    A grid moves its last knob fastest. Draws hang on the seed, on the knob's path and on the point's number. Raises
    :class:`ExperimentError` (E195) for more runs than the study's ``max_runs``, before any point is made.
    """
    check_runs(study)
    paths, knobs = list(study.vary), list(study.vary.values())
    if study.design == "grid":
        return tuple(_named(paths, values) for values in product(*(knob.levels for knob in knobs)))
    count = study.points or 0
    rows = _latin(len(knobs), count, seed) if study.design == "latin_hypercube" else _drawn(paths, count, seed)
    drawn = (_named(paths, [knob.at(u) for knob, u in zip(knobs, row, strict=True)]) for row in rows)
    return tuple({repr(point): point for point in drawn}.values())


def check_runs(study: StudySpec) -> None:
    """Raises :class:`ExperimentError` (E195) for more runs than ``max_runs``."""
    points = study.points or prod(len(knob.levels) for knob in study.vary.values())
    replications = study.most_replications
    runs = points * replications
    if runs > study.max_runs:
        days, often = runs / 86_400, "up to " if study.precision else ""
        raise ExperimentError(
            f"{points:,} points of {often}{replications:,} replications are {runs:,} runs (at a second each "
            f"{days:,.1f} days), more than the cap of {study.max_runs:,}. Take fewer levels, design: latin_hypercube "
            "with a number of points, or raise max_runs [E195]"
        )


def _named(paths: Sequence[str], values: Sequence[Any]) -> Settings:
    return tuple(zip(paths, values, strict=True))


def _drawn(paths: Sequence[str], count: int, seed: int) -> list[list[float]]:
    """Independent numbers from 0 to 1, each of a key of its own."""
    return [[_uniform(f"{seed}/design/{number}/{path}") for path in paths] for number in range(count)]


def _uniform(key: str) -> float:
    digest = blake2b(key.encode(), digest_size=8).digest()
    return float((int.from_bytes(digest) >> (64 - _BITS)) / 2**_BITS)


def _latin(knobs: int, count: int, seed: int) -> list[list[float]]:
    """One number of each of ``count`` equal parts, for every knob."""
    from scipy.stats.qmc import LatinHypercube

    digest = blake2b(f"{seed}/design".encode(), digest_size=8).digest()
    rows: list[list[float]] = LatinHypercube(knobs, rng=int.from_bytes(digest)).random(count).tolist()
    return rows
