"""Identities that every run must keep: Little's law, busy time, and exact sums over random busy hosts."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from batchsim.analysis.causes import Cause
from batchsim.analysis.cost import cost, sum_check
from batchsim.analysis.prices import Prices, Rules, ScaleIn
from batchsim.analysis.run import Analysis
from batchsim.analysis.statistics import peak
from batchsim.records.tables import NEVER, Records
from batchsim.records.vocabulary import Outcome, WaitReason, WhyEnded
from tests.analysis.builders import Row, attempt, call, head, instance, progress, run


@st.composite
def busy_hosts(draw: st.DrawFn) -> Records:
    """Up to three hosts, each with two lanes of attempts that follow one another with or without a gap."""
    calls: list[Row] = []
    rows: list[Row] = []
    hosts: list[Row] = []
    for number in range(draw(st.integers(1, 3))):
        ready = draw(st.integers(0, 90_000))
        last = ready
        for _ in range(2):
            now = ready
            for _ in range(draw(st.integers(0, 3))):
                now += draw(st.sampled_from([0, 1, 7_013, 400_000]))
                marks = sorted(draw(st.lists(st.integers(0, 200_000), min_size=3, max_size=3)))
                outcome = draw(st.sampled_from([kind for kind in Outcome if kind]))
                rows.append(_attempt(number, now, marks, outcome))
                calls.append(call(vcpus_milli=1000, memory_mib=draw(st.integers(4, 3823))))
                now += marks[2]
            last = max(last, now)
        hosts.append(_host(draw, number, ready, last))
    order = sorted(range(len(rows)), key=lambda at: rows[at]["starting_at_ms"])
    rows = [rows[at] for at in order]
    saving = draw(st.booleans())
    return run(
        calls=[calls[at] for at in order], attempts=rows, instances=hosts, horizon=10_000,
        timeline=[head(0, WaitReason.MAX_VCPUS)],
        progress=[_progress(draw, at, row) for at, row in enumerate(rows) if saving and draw(st.booleans())],
    )  # fmt: skip


def _progress(draw: st.DrawFn, at: int, row: Row) -> Row:
    """RUNNING cut at random into restore, checkpoints, saved work and other work."""
    length = row["ended_at_ms"] - row["running_at_ms"]
    cuts = [0, *sorted(draw(st.lists(st.integers(0, length), min_size=3, max_size=3))), length]
    names = ("restore_ms", "checkpoint_ms", "kept_ms", "unkept_ms")
    return progress(at, **{name: high - low for name, (low, high) in zip(names, pairwise(cuts), strict=True)})


def _attempt(host: int, start: int, marks: list[int], outcome: Outcome) -> Row:
    instants = {"starting_at_ms": start, "pull_at_ms": start, "pulled_at_ms": start + marks[0]}
    instants |= {"running_at_ms": start + marks[1], "ended_at_ms": start + marks[2]}
    return attempt(0, 1, instance=host, outcome=outcome) | instants


def _host(draw: st.DrawFn, number: int, ready: int, last: int) -> Row:
    end = last + draw(st.sampled_from([0, 1, 333_333, 1_000_000]))
    lost = draw(st.booleans())
    return instance(ordinal=number) | {
        "billed_from_ms": draw(st.integers(0, ready)), "ready_at_ms": ready, "ended_at_ms": end, "memory_mib": 7647,
        "price_nano_usd_per_h": draw(st.integers(0, 10**12)), "spot": lost,
        "why_ended": WhyEnded.SPOT_RECLAIM if lost else WhyEnded.SCALE_IN,
    }  # fmt: skip


RULES = Rules((ScaleIn(min_vcpus=1),))


@given(busy_hosts())
def test_all_sums_are_exact(records: Records) -> None:
    run_ = Analysis(records, Prices(), RULES)
    assert run_.check_sums() == []
    assert int(run_.job_costs.loaded.sum() + run_.job_costs.unallocated.sum()) == run_.cost.total_nano_usd


@given(busy_hosts())
def test_the_split_equals_fractions_millisecond_by_boundary(records: Records) -> None:
    """Each host's causes from scratch: between any two instants, who held what, in exact fractions."""
    result = cost(records, Prices(root_gb=0), RULES)
    for host in range(len(records.instances.type)):
        amount = int(result.instances.compute[host] + result.instances.waived[host])
        unused = _unused(records, host) * amount / int(result.instances.billed_s[host] * 1000 or 1)
        mine = (result.rows.instance == host) & (result.rows.cause == Cause.UNUSED_SHARE)
        split = int(result.rows.nano_usd[mine].sum() + result.rows.waived_nano_usd[mine].sum())
        assert abs(split - unused) <= 1


def _unused(records: Records, host: int) -> Fraction:
    """Free share x ms while somebody held one."""
    mine = np.flatnonzero(records.attempts.instance == host)
    spans = [
        (int(records.attempts.starting_at_ms[at]), int(records.attempts.ended_at_ms[at]), _share(records, at))
        for at in mine
    ]
    instants = sorted({instant for start, end, _ in spans for instant in (start, end)})
    total = Fraction(0)
    for start, end in pairwise(instants):
        held = [share for low, high, share in spans if low <= start and end <= high]
        total += (1 - sum(held)) * (end - start) if held else 0
    return total


def _share(records: Records, at: int) -> Fraction:
    asked = records.submissions
    return (Fraction(int(asked.vcpus_milli[at]), 2000) + Fraction(int(asked.memory_mib[at]), 7647)) / 2


@given(busy_hosts())
def test_t22_1_littles_law_holds_as_an_identity(records: Records) -> None:
    spans = Analysis(records, Prices()).spans
    events = sorted([(int(at), 1) for at in spans.due_ms] + [(int(at), -1) for at in spans.end_ms])
    area, inside, before = 0, 0, 0
    for at, change in events:
        area += inside * (at - before)
        inside, before = inside + change, at
    assert area == int(spans.length_ms.sum())


@given(busy_hosts())
def test_t22_2_held_vcpu_time_never_exceeds_vcpu_time_on(records: Records) -> None:
    run_ = Analysis(records, Prices())
    held = int((run_.phases.end_ms - run_.phases.starting_ms).sum())
    assert held <= 2 * int(run_.lives.on_ms.sum())
    assert int(run_.cost.busy_ms.sum()) <= held


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 9), st.integers(1, 3)), min_size=1))
def test_a_peak_is_the_most_at_any_instant(rows: list[tuple[int, int, int]]) -> None:
    start, length, size = np.array(rows).T
    levels = [int(size[(start <= now) & (now < start + length)].sum()) for now in range(30)]
    assert peak(start, start + length, size) == (max(levels), levels.index(max(levels)) if max(levels) else 0)


def test_a_run_in_which_nothing_happened_keeps_them_too() -> None:
    assert Analysis(run(), Prices()).check_sums() == []
    assert sum_check(cost(run(instances=[instance(billed_from_ms=NEVER, off=3)]), Prices())) == []
