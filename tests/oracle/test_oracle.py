"""Random deterministic scenarios through batchsim and the oracle: the same to the millisecond and the nano-dollar.

Two thousand by number on each change; 1,500 fresh ones with ``BATCHSIM_EFFORT=verify``, numbered from
``BATCHSIM_SEED`` million on. ``BATCHSIM_ORACLE=300:5000`` takes those, so that a campaign of a million can go on where
it was left; ``python tests/oracle/replay.py 17`` shows number 17.
"""

from __future__ import annotations

import json
import os

import pytest
from effort import LEVEL, effort
from oracle import published, recorded, telling
from oracle.comparison import differences
from oracle.generator import scenario
from oracle.reading import read
from oracle.replay import story
from oracle.simulator import Simulator

import batchsim

CHUNK = 100
FRESH = 0 if LEVEL == "fast" else int(os.environ.get("BATCHSIM_SEED", "1")) * 1_000_000
FIRST, LAST = map(
    int,
    os.environ.get("BATCHSIM_ORACLE", f"{FRESH}:{FRESH + effort(fast=2_000, verify=600, long=1_000_000)}").split(":"),
)
TICK_MS = 500
"""Every time of the scenarios is a multiple of it."""


@pytest.mark.parametrize("first", range(FIRST, LAST, CHUNK))
def test_batchsim_and_the_oracle_agree(first, cases):
    numbers = range(first, min(first + CHUNK, LAST))
    for number in numbers:
        assert not differences(scenario(number)), story(number)
    cases(len(numbers))


@pytest.mark.slow  # of the oracle alone, which no change of batchsim moves
def test_the_oracle_says_the_same_if_it_goes_through_every_instant(cases):
    numbers = range(FIRST, FIRST + effort(fast=60, verify=60, long=6_000))
    for number in numbers:
        jumping, plodding = (Simulator(read(scenario(number))).run(tick) for tick in (None, TICK_MS))
        assert telling.tables(*jumping) == telling.tables(*plodding), number
        assert sorted(telling.events(*jumping)) == sorted(telling.events(*plodding)), number
    cases(len(numbers))


def test_a_file_says_the_same_as_its_data_and_its_tables_as_the_records(cases):
    numbers = range(FIRST, FIRST + effort(fast=30, verify=30, long=3_000))
    for number in numbers:
        data = scenario(number)
        result = batchsim.run(batchsim.loads(json.dumps(data), f"{data['name']}.json"))
        assert published.tables(result) == recorded.tables(recorded.run(data)), number
    cases(len(numbers))
