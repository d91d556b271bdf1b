"""Random scenarios on Fargate, and of checkpoints under reclaims, through batchsim and the second oracle: the same.

To the millisecond and the nano-dollar, and no run breaks an invariant. A hundred and twenty by number on each change;
600 fresh ones with ``BATCHSIM_EFFORT=verify``, numbered from ``BATCHSIM_SEED`` million on.
``python tests/oracle/replay.py --fargate 17`` shows number 17.
"""

from __future__ import annotations

import json
import os

import pytest
from effort import LEVEL, effort
from oracle.replay import story
from oracle.second import recorded
from oracle.second.comparison import faults
from oracle.second.kinds import KINDS

import batchsim
from batchsim.spec import parse

CHUNK = 20
FIRST = 0 if LEVEL == "fast" else int(os.environ.get("BATCHSIM_SEED", "1")) * 1_000_000
LAST = {
    "fargate": FIRST + effort(fast=70, verify=360, long=50_000),
    "checkpoints": FIRST + effort(fast=50, verify=240, long=50_000),
}
CHUNKS = [(kind, first) for kind in KINDS for first in range(FIRST, LAST[kind], CHUNK)]


@pytest.mark.parametrize(("kind", "first"), CHUNKS)
def test_batchsim_and_the_second_oracle_agree(kind, first, cases):
    numbers = range(first, min(first + CHUNK, LAST[kind]))
    for number in numbers:
        assert not faults(KINDS[kind](number)), story(number, kind=kind)
    cases(len(numbers))


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_says_the_same_as_its_data(kind, cases):
    for number in range(FIRST, FIRST + 3):
        data = KINDS[kind](number)
        result = batchsim.run(batchsim.loads(json.dumps(data), f"{data['name']}.json"))
        assert recorded.tables(result) == recorded.tables(batchsim.run(parse(data))), number
    cases(3)
