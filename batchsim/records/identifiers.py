"""The ids that tables, events and status reasons show, each a pure function of names and positions."""

from __future__ import annotations

from hashlib import blake2b


def instance_id(environment: str, ordinal: int) -> str:
    """Return the EC2-like id of the ``ordinal``-th instance that an environment launched: ``i-`` and 17 hex digits."""
    digest = blake2b(f"{environment}\0{ordinal}".encode(), digest_size=9).hexdigest()
    return f"i-{digest[:17]}"


def job_id(entry: str, occurrence: int, several: bool, array_index: int = -1) -> str:
    """Return ``entry``, ``entry@N`` where the entry makes several calls, with ``:i`` for an array child."""
    call = f"{entry}@{occurrence}" if several else entry
    return call if array_index < 0 else f"{call}:{array_index}"
