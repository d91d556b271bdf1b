"""Who passes a head that does not fit: as in a plain simulator; and what each way promises to those who are passed.

Only what holds is claimed. Not claimed, because it is false: that backfilling makes nobody later, that conservative
backfilling makes nobody later on several hosts (another order may pack worse), that skipping makes anything shorter.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_builder import environment, hosts, job, scenario, starts

import batchsim
from tests.properties.line_oracle import Host, Job, starts_of

WAYS = {
    "strict": {},
    "skip": {"head_of_line": "skip"},
    "aggressive": {"backfill": "aggressive"},
    "conservative": {"backfill": "conservative"},
}
JOBS = st.builds(
    Job,
    at=st.sampled_from((0, 0, 0, 3, 7, 12)),
    vcpus=st.sampled_from((1, 1, 2, 3, 4, 6, 8)),
    memory=st.sampled_from((512, 1024, 6000, 9000)),
    run=st.sampled_from((1, 2, 5, 9, 10, 30)),
)
LINES = st.lists(JOBS, min_size=3, max_size=12)
POOLS = st.lists(st.sampled_from((8, 8, 4, 2)), max_size=2).map(lambda more: [8, *more])


def simulated(line, pool, way):
    """The scenario's run: one queue on instances that stand, in the order of ``pool``."""
    work = [
        job(f"j{n:02}", f"{each.run}s", at=f"{each.at}s", vcpus=each.vcpus, memory=each.memory)
        for n, each in enumerate(line)
    ]
    fleet = [{"type": f"box.{vcpus}"} for vcpus in pool]
    world = {**WAYS[way], "packing": "first_fit", "fleets": {"hosts": fleet}}
    places = [environment(types=sorted({f"box.{vcpus}" for vcpus in pool}), maxvCpus=sum(pool))]
    return batchsim.run(scenario(*work, environments=places, world=world))


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=40)
@given(line=LINES, pool=POOLS)
def test_starts_and_hosts_are_those_of_a_plain_simulator(line, pool, way):
    line = sorted(line)  # so that the line is in the order of the file
    result = simulated(line, pool, way)
    expected = starts_of(line, [Host(vcpus, 4096 * vcpus) for vcpus in pool], way)
    where = hosts(result)
    assert {int(name[1:]): (start, where[name]) for name, start in starts(result).items()} == expected


@settings(max_examples=40)
@given(line=LINES)
def test_on_one_host_conservative_backfilling_starts_no_job_later_than_strict_fifo(line):
    line = sorted(line)
    strict, careful = (starts(simulated(line, [8], way)) for way in ("strict", "conservative"))
    assert all(careful[name] <= strict[name] for name in strict)


@settings(max_examples=40)
@given(line=LINES, pool=POOLS)
def test_aggressive_backfilling_starts_no_head_later_than_it_could_when_it_became_head(line, pool):
    line = sorted(line)
    result = simulated(line, pool, "aggressive")
    for head, promise in promises(result, pool):
        assert starts(result)[head] <= promise


@settings(max_examples=40)
@given(line=LINES, pool=POOLS)
def test_the_first_head_that_waits_starts_no_later_than_under_strict_fifo(line, pool):
    line = sorted(line)
    strict, easy = (simulated(line, pool, way) for way in ("strict", "aggressive"))
    waited = [row.job_id for row in strict.jobs.itertuples() if row.wait_s > row.wait_behind_s]
    if waited:
        first = min(waited)
        assert starts(easy)[first] <= starts(strict)[first]


def promises(result, pool):
    """(head, instant at which by what ran when it became head it could start) for each job that waited as head."""
    attempts = list(result.attempts.itertuples())
    overtook = set(result.records.overtook)
    where = hosts(result)
    for row in result.jobs.itertuples():
        became = row.runnable_at_s + row.wait_behind_s
        if row.wait_s <= row.wait_behind_s:
            continue
        held = [
            each
            for number, each in enumerate(attempts)
            if each.starting_at_s <= became < each.ended_at_s
            and not (number in overtook and each.starting_at_s == became)
            and each.job_id != row.job_id
        ]
        yield row.job_id, min(_first_room(row, host, vcpus, held, where, became) for host, vcpus in enumerate(pool))


def _first_room(row, host, vcpus, held, where, now):
    """When a host has room for a job, if nothing more starts there."""
    mine = [each for each in held if where[each.job_id] == host]
    for at in sorted({now, *(each.ended_at_s for each in mine)}):
        left = [each for each in mine if each.ended_at_s > at]
        memory_mib = sum(each.memory_mib for each in left) + row.memory_mib
        if sum(each.vcpus for each in left) + row.vcpus <= vcpus and memory_mib <= 4096 * vcpus:
            return at
    return float("inf")
