"""The finished runs of a study in a store, every metric of each, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batchsim.experiments.design import Settings
from batchsim.experiments.store import Store
from batchsim.experiments.store_rows import Kept
from batchsim.experiments.study import Study
from batchsim.spec.study import FRONT

if TYPE_CHECKING:
    import pandas as pd


def exported(store: Store, kept: Kept) -> pd.DataFrame:
    """One row a point and replication that is done: ``point, replication``, a column a knob, a column a metric.

    Raises :class:`~batchsim.experiments.store.StoreError` for points of other paths than vary.
    """
    question, points = kept.question, _points(store, kept)
    values = store.values(kept.id, len(points), kept.replications, len(question.metrics))
    study = Study(question, "", tuple(points), question.metrics, FRONT, 0.95, values)
    done = store.done(kept.id)
    rows = study.runs
    mask = [run in done for run in zip(rows["point"].tolist(), rows["replication"].tolist(), strict=True)]
    return rows[mask].reset_index(drop=True)


def _points(store: Store, kept: Kept) -> list[Settings]:
    """Each with all that varies; the first may be the scenario as it stands."""
    asked, points = kept.question.asked, store.points(kept.id)
    knobs = [*asked.get("vary", {}), *asked.get("over", {})]
    for number, settings in enumerate(points):
        if [path for path, _ in settings] != knobs and (number or settings):
            raise store.damaged(f"point {number} has other paths than what varies in its study")
    return points
