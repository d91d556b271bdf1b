"""The finished runs of a study in a store, every metric of each, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batchsim.experiments.store import Kept, Store
from batchsim.experiments.study import Study
from batchsim.spec.study import FRONT

if TYPE_CHECKING:
    import pandas as pd


def exported(store: Store, kept: Kept) -> pd.DataFrame:
    """One row a point and replication that is done: ``point, replication``, a column a knob, a column a metric."""
    question, points = kept.question, store.points(kept.id)
    values = store.values(kept.id, len(points), kept.replications, len(question.metrics))
    study = Study(question, "", tuple(points), question.metrics, FRONT, 0.95, values)
    done = store.done(kept.id)
    rows = study.runs
    mask = [run in done for run in zip(rows["point"].tolist(), rows["replication"].tolist(), strict=True)]
    return rows[mask].reset_index(drop=True)
