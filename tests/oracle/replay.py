"""``python tests/oracle/replay.py N [--shrink]``: random scenario N as YAML, and where batchsim and the oracle differ.

With ``--shrink`` first whatever is not needed for a difference is left out of it. ``N:M`` goes through several. With
``--fargate`` or ``--checkpoints`` it is number N of those that the second oracle is compared on.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from io import StringIO
from typing import Any

from oracle.comparison import differences as of_the_first
from oracle.generator import scenario
from oracle.second.comparison import faults as of_the_second
from oracle.second.kinds import KINDS
from oracle.shrinking import shrink
from ruamel.yaml import YAML


def story(number: int, *, smaller: bool = False, kind: str | None = None) -> str:
    """The scenario, what differs, and how to see it again; ``kind``: one of the second oracle's."""
    differences = of_the_second if kind else of_the_first
    data = KINDS[kind](number) if kind else scenario(number)
    if smaller and (was := differences(data)):
        data = shrink(data, lambda less: kinds(differences(less)[:1]) == kinds(was[:1]))
    found = differences(data)
    return "\n".join(
        [
            yaml(data),
            f"scenario {number}: "
            + (f"{len(found)} differences, the first in time first" if found else "no difference"),
            *found,
            f"again: python tests/oracle/replay.py {f'--{kind} ' if kind else ''}{number}"
            + (" --shrink" if smaller else ""),
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
    options = {each.removeprefix("--") for each in sys.argv[1:] if each.startswith("--")}
    asked = options - {"shrink"}
    wanted = [each for each in sys.argv[1:] if not each.startswith("--")]
    if not wanted or asked - set(KINDS) or len(asked) > 1:
        sys.exit(__doc__)
    for argument in wanted:
        for number in numbers(argument):
            print(story(number, smaller="shrink" in options, kind=next(iter(asked), None)))
