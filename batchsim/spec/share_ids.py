"""Share identifiers: how they are written, and which entries of ``shareDistribution`` are for them.

API, ShareAttributes.shareIdentifier: at most 255 letters and digits; an entry that ends in ``*`` is for all
identifiers that begin so; entries may not overlap.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from batchsim.spec.base import FileForm, check_text, flawed

MAX_SHARE_ID = 255


def _share_id(*, wildcard: bool) -> FileForm:
    """A share identifier, of an entry with an optional ``*`` at its end (E167)."""
    pattern = f"[A-Za-z0-9]{{1,{MAX_SHARE_ID}}}" if not wildcard else f"[A-Za-z0-9]{{0,{MAX_SHARE_ID}}}\\*?"
    what = f"1-{MAX_SHARE_ID} letters and digits" + (", then perhaps *" if wildcard else "")

    def read(value: object, strict: bool) -> str:
        text = check_text(value)
        if not text or (strict and not re.fullmatch(pattern, text)):
            hint = "world.strict_limits: false takes it" if text else ""
            raise flawed("E167", "not a share identifier", value, allowed=what, hint=hint)
        return text

    return FileForm(read, {"type": "string"}, relaxable=True)


ShareId = Annotated[str, _share_id(wildcard=False)]
ShareEntry = Annotated[str, _share_id(wildcard=True)]


def entry_for(share: str, entries: Sequence[str]) -> int | None:
    """Return the position of the entry that a share identifier falls under: one at most, as entries do not overlap."""
    return next((number for number, entry in enumerate(entries) if matches(entry, share)), None)


def matches(entry: str, share: str) -> bool:
    """Whether an entry of ``shareDistribution`` is for this share identifier."""
    return share.startswith(entry[:-1]) if is_prefix(entry) else share == entry


def is_prefix(entry: str) -> bool:
    """Whether an entry is for all share identifiers that begin so."""
    return entry.endswith("*")


def overlap(one: str, other: str) -> bool:
    """Whether two entries could be for the same share identifier."""
    first, second = one.removesuffix("*"), other.removesuffix("*")
    if is_prefix(one) and is_prefix(other):
        return first.startswith(second) or second.startswith(first)
    return matches(one, second) or matches(other, first)
