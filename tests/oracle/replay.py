"""``python tests/oracle/replay.py N [--shrink]``: random scenario N as YAML, and where batchsim and the oracle differ.

With ``--shrink`` first whatever is not needed for a difference is left out of it. ``N:M`` goes through several.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from io import StringIO
from typing import Any

from oracle.comparison import differences
from oracle.generator import scenario
from oracle.shrinking import shrink
from ruamel.yaml import YAML


def story(number: int, *, smaller: bool = False) -> str:
    """The scenario, what differs, and how to see it again."""
    data = scenario(number)
    if smaller and (was := differences(data)):
        data = shrink(data, lambda less: kinds(differences(less)[:1]) == kinds(was[:1]))
    found = differences(data)
    return "\n".join(
        [
            yaml(data),
            f"scenario {number}: "
            + (f"{len(found)} differences, the first in time first" if found else "no difference"),
            *found,
            f"again: python tests/oracle/replay.py {number}" + (" --shrink" if smaller else ""),
        ]
    )


def kinds(found: list[str]) -> list[str]:
    """What differs, whenever, wherever and by however much: smaller data that differ otherwise show something else."""
    return [re.sub(r"^.* s: |[0-9.:#]+", "", line) for line in found]


def yaml(data: dict[str, Any]) -> str:
    """The file that says the same."""
    text = StringIO()
    YAML().dump(data, text)
    return text.getvalue()


def numbers(argument: str) -> range:
    """``17``, or ``17:20``."""
    first, _, end = argument.partition(":")
    return range(int(first), int(end or int(first) + 1))


if __name__ == "__main__":
    options = [each for each in sys.argv[1:] if each.startswith("--")]
    if not sys.argv[1:] or set(options) - {"--shrink"}:
        sys.exit(__doc__)
    for argument in sys.argv[1:]:
        for number in () if argument in options else numbers(argument):
            print(story(number, smaller=bool(options)))
