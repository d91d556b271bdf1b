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


def uuid_of(seed: int, name: str) -> str:
    """Return an id that looks as random as AWS's own, and hangs on nothing but its arguments."""
    text = blake2b(f"{seed} {name}".encode(), digest_size=16).hexdigest()
    variant = "89ab"[int(text[16], 16) & 3]  # RFC 9562, version 4; each event of a run has one, and uuid.UUID is slow
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


def aws_job_id(seed: int, call_id: str, array_index: int = -1) -> str:
    """Return the ``jobId`` that AWS would have drawn for a call of ours, with ``:i`` for an array child."""
    uuid = uuid_of(seed, f"job {call_id}")
    return uuid if array_index < 0 else f"{uuid}:{array_index}"
