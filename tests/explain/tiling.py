"""Holds the steps of jobs to what the table of jobs says of the same time: part by part, to the millisecond."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pandas as pd

from batchsim import Result
from batchsim.analysis.explain import Explanation, Story
from batchsim.analysis.parts import PART_NAMES
from batchsim.records.vocabulary import WaitReason

PARTS = (
    *(name for name in PART_NAMES if name != "wait"),
    *(f"wait_{reason.text}" for reason in WaitReason if reason),
)


def differences(result: Result, story: Story, jobs: Iterable[int]) -> list[str]:
    """A sentence for each job whose steps leave a gap, overlap, or sum to something else than its columns."""
    table = result.jobs
    wanted = {part: milliseconds(table[f"{part}_s"]) for part in (*PARTS, "wait_behind")}
    return [told for row in jobs for told in _of_job(story.explain(table["job_id"].iloc[row]), row, wanted)]


def _of_job(told: Explanation, row: int, wanted: dict[str, np.ndarray]) -> Iterable[str]:
    bounds = [(round(1000 * step.start_s), round(1000 * step.end_s)) for step in told.steps]
    if any(before[1] != after[0] for before, after in pairwise(bounds)):
        yield f"{told.job}: its steps do not follow one another: {bounds}"
    found = dict.fromkeys(wanted, 0)
    for step, (start, end) in zip(told.steps, bounds, strict=True):
        found[step.part] = found.get(step.part, 0) + end - start
        found["wait_behind"] += (end - start) * step.is_behind
    for part in found:
        if part not in wanted or found[part] != wanted[part][row]:
            yield f"{told.job}: {found[part]} ms of {part}, the table has {wanted.get(part, [None] * (row + 1))[row]}"


def milliseconds(seconds: pd.Series) -> np.ndarray:
    """Decimal seconds as whole ms."""
    return np.rint(1000 * seconds.to_numpy(dtype=float)).astype(np.int64)


def spread(jobs: int, most: int) -> range:
    """Rows of jobs, at most about so many, evenly over all."""
    return range(0, jobs, max(1, jobs // most))
