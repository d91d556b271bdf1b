"""How the table of behaviours is grouped: every id belongs to one topic; and the ids that the table must have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fidelity_rows import ID

TOPICS: Mapping[str, str] = {
    "Job states, timeouts, cancelling": "B1 B2 B9 B10 B11 V14 2.1 2.2 2.4 2.5 2.6 2.7",
    "Retries": "B5 B6 B7 B8 V3 V4 2.3",
    "Dependencies and arrays": "B12 B13 B14 V5 V6 3.1 3.2 3.3 3.4 3.5",
    "Consumable resources": "B15 3.6",
    "Queues and the scheduler": "B16 B17 B20 B21 B45 V7 4.1 4.2 4.3 4.4 4.8",
    "Fair share": "B18 V1 V2 4.6 4.7",
    "Blocked heads": "B19 4.5",
    "Compute environments and scaling": "B22 B23 B24 B25 B26 B31 B42 V8 5.1 5.2 5.3 5.4 5.5 5.6 5.11",
    "Spot": "B32 B33 5.7",
    "Packing and memory": "B27 B28 B29 B30 V9 5.8 5.9",
    "Images": "B37 5.10",
    "Fargate": "B38 B39 B40 B41 B47 V11 V12 6.1 6.2 6.3",
    "Cost of EC2": "B34 B35 B36 V10 7",
    "Limits": "B3 B4 8",
    "Events and descriptions of jobs": "B46 9.1 9.2 9.3",
    "Multi-node jobs and EKS": "B43 B44 V13 10.1 10.2",
}
"""Topics in the order of the page, with what belongs to them: behaviours, worked examples and sections of rules."""

_TOPIC_OF = {stem: topic for topic, stems in TOPICS.items() for stem in stems.split()}


def stem_of(name: str) -> str:
    """An id without its letter: ``4.6`` of ``4.6a``."""
    found = ID.fullmatch(name)
    assert found is not None
    return name.removesuffix(found["letter"])


def topic_of(name: str) -> str:
    """The topic of a row's id; KeyError if there is none."""
    return _TOPIC_OF[stem_of(name)]


def wanted() -> Iterator[str]:
    """Every behaviour and worked example, and every section of rules: each needs a row at least."""
    return iter(_TOPIC_OF)
