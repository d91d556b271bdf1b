"""``python tests/oracle/replay.py SEED``: a random scenario as YAML, and where batchsim and the oracle differ on it."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from io import StringIO

from oracle.comparison import differences
from oracle.generator import scenario
from ruamel.yaml import YAML


def story(seed: int) -> str:
    """The scenario, what differs, and how to see it again."""
    data = scenario(seed)
    text = StringIO()
    YAML().dump(data, text)
    found = differences(data)
    return "\n".join(
        [
            f"scenario {seed}; again: python tests/oracle/replay.py {seed}",
            text.getvalue(),
            f"{len(found)} differences" if found else "no difference",
            *found,
        ]
    )


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(story(int(argument)))
