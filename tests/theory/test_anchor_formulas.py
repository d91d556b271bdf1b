"""The formulas of retries, restarts, makespans, packings, shares and bills, against brute force."""

from __future__ import annotations

import itertools
import random
from decimal import Decimal
from fractions import Fraction
from math import ceil, erf, log, sqrt
from statistics import fmean, stdev

import pytest
from effort import effort

from batchsim.selftest.formulas import bills, packings, restarts, retries, schedules, shares

DRAWS = effort(fast=20_000, verify=200_000, long=1_000_000)


def chance(seed):
    """Python's own random numbers: none of batchsim's."""
    return random.Random(seed)  # noqa: S311 (nothing is to be kept secret)


def near(sample, theta, sigmas=4.5):
    """Whether a sample's mean is within so many standard errors of theta."""
    return abs(fmean(sample) - theta) <= sigmas * stdev(sample) / sqrt(len(sample)) + 1e-12


# -- retries


@pytest.mark.parametrize(("success", "limit"), [(0.7, 1), (0.7, 3), (0.25, 6), (1.0, 4)])
def test_attempts_are_the_sum_over_all_outcomes(success, limit):
    used, through = 0.0, 0.0
    for outcome in itertools.product((True, False), repeat=limit):
        number = outcome.index(True) + 1 if True in outcome else limit
        weight = 1.0
        for each in outcome[:number]:
            weight *= success if each else 1 - success
        weight /= 2 ** (limit - number)  # the rest of the outcome never comes about
        used += number * weight
        through += (True in outcome[:number]) * weight
    assert retries.attempts(success, limit) == pytest.approx(used)
    assert retries.success_within(success, limit) == pytest.approx(through)
    assert sum(retries.used_exactly(success, limit, n + 1) for n in range(limit)) == pytest.approx(1)


@pytest.mark.parametrize(("success", "limit", "size"), [(0.9, 2, 30), (0.99, 1, 1000), (0.5, 3, 2)])
def test_an_array_succeeds_as_often_as_all_of_its_children(success, limit, size):
    assert retries.array_success(success, limit, size) == pytest.approx(retries.success_within(success, limit) ** size)


# -- restarts


def one_restart(draw, work_s, rate, gap_s=0.0, limit=None, *, lost_in_gap=False):
    """A job's time and attempts, step by step: an exponential time to the next loss, a gap, and so on."""
    now, attempts, begin = 0.0, 0, 0.0
    while True:
        attempts += 1
        life = draw.expovariate(rate)
        if life >= begin + work_s:
            return now + begin + work_s, attempts, True
        now += life
        if attempts == limit:
            return now, attempts, False
        if lost_in_gap:
            begin = gap_s  # a replacement boots, and may be lost in it
        else:
            now += gap_s


@pytest.mark.parametrize(("work_s", "rate", "gap_s"), [(1.0, 1.0, 0.0), (2.0, 0.7, 0.3), (0.1, 2.0, 5.0)])
def test_restarts_take_as_long_and_vary_as_much_as_a_walk_through_them(work_s, rate, gap_s):
    draw, law = chance(1), restarts.Restart(work_s, rate, gap_s)
    times, attempts, _ = zip(*(one_restart(draw, work_s, rate, gap_s) for _ in range(DRAWS)), strict=True)
    assert near(times, law.mean_s)
    assert near(attempts, law.attempts)
    assert near([time**2 for time in times], law.second_moment)
    assert stdev(times) == pytest.approx(law.sd_s, rel=0.05)


def test_a_boot_that_can_be_lost_itself_costs_a_little_more_than_a_gap():
    draw = chance(2)
    times = [one_restart(draw, 1.0, 1.0, 0.5, lost_in_gap=True)[0] for _ in range(DRAWS)]
    assert near(times, restarts.booted_mean_s(1.0, 1.0, 0.5))
    assert restarts.booted_mean_s(1.0, 1.0, 0.5) > restarts.Restart(1.0, 1.0, 0.5).mean_s


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_attempts_that_are_limited_end_as_often_and_as_soon_as_a_walk_says(limit):
    draw, law = chance(3), restarts.Capped(1.5, 0.8, limit, 0.4)
    walks = [one_restart(draw, 1.5, 0.8, 0.4, limit) for _ in range(DRAWS)]
    times, attempts, through = zip(*walks, strict=True)
    assert near(times, law.mean_s)
    assert near([float(each) for each in through], law.success)
    assert limit == 1 or near(attempts, law.attempts)


@pytest.mark.parametrize("first_restores", [True, False])
@pytest.mark.parametrize(("every_s", "cost_s", "restore_s", "gap_s"), [(1.0, 0.2, 0.3, 0.4), (0.5, 0.0, 0.1, 0.0)])
def test_checkpoints_take_as_long_as_a_walk_from_segment_to_segment(every_s, cost_s, restore_s, gap_s, first_restores):
    draw, rate = chance(4), 0.5
    law = restarts.Checkpointed(4 * every_s, every_s, cost_s, restore_s, gap_s, rate, first_restores)
    times, losses = [], []
    for _ in range(DRAWS // 4):
        now, lost = 0.0, 0
        for segment in range(4):
            restore = 0.0
            while (life := draw.expovariate(rate)) < restore + every_s + cost_s:
                now, lost = now + life + gap_s, lost + 1
                restore = restore_s if segment or first_restores else 0.0
            now += restore + every_s + cost_s
        times.append(now)
        losses.append(lost)
    assert near(times, law.mean_s)
    assert near(losses, law.losses)


@pytest.mark.parametrize(("cost_s", "rate"), [(30, 1 / 3600), (1, 1e-3), (600, 1 / 900), (5, 1e-7)])
def test_lamberts_interval_is_the_least_of_all(cost_s, rate):
    best = restarts.best_interval_s(cost_s, rate)
    assert best == pytest.approx(restarts.stationary_interval_s(cost_s, rate), rel=1e-9)
    around = [best * times for times in (0.5, 0.9, 0.999, 1.001, 1.1, 2)]
    assert restarts.overhead(best, cost_s, rate) < min(restarts.overhead(each, cost_s, rate) for each in around)


def test_young_and_daly_come_near_where_losses_are_rare():
    best = restarts.best_interval_s(5, 1e-7)
    assert restarts.young_s(5, 1e-7) == pytest.approx(best, rel=1e-3)
    assert restarts.daly_s(5, 1e-7) == pytest.approx(best, rel=1e-6)
    assert restarts.daly_s(100, 1 / 40) == 40


# -- makespans


def test_the_larger_of_two_lognormals_has_a_closed_form():
    sigma = sqrt(log(1 + 0.8**2))
    normal = (1 + erf(sigma / sqrt(2) / sqrt(2))) / 2
    assert schedules.MaxOfLognormals(2, 50, 0.8).mean == pytest.approx(2 * 50 * normal, rel=1e-10)


@pytest.mark.parametrize("cv", [0.1, 0.5, 3.0])
def test_the_largest_of_one_is_that_one(cv):
    one = schedules.MaxOfLognormals(1, 600, cv)
    assert (one.mean, one.sd) == (pytest.approx(600, rel=1e-9), pytest.approx(600 * cv, rel=1e-7))


def test_the_largest_of_many_is_what_draws_say():
    law, draw = schedules.MaxOfLognormals(30, 60, 1.0), chance(5)
    sigma = sqrt(log(2))
    mu = log(60) - sigma**2 / 2
    drawn = [max(draw.lognormvariate(mu, sigma) for _ in range(30)) for _ in range(DRAWS // 10)]
    assert near(drawn, law.mean)
    assert near([float(each <= law.quantile(0.5)) for each in drawn], 0.5)
    assert near([float(each <= law.quantile(0.95)) for each in drawn], 0.95)
    assert stdev(drawn) == pytest.approx(law.sd, rel=0.15)


@pytest.mark.parametrize(("jobs", "slots"), [(1, 1), (5, 8), (20, 3), (9, 9)])
def test_exponential_jobs_leave_slots_as_a_chain_of_minima_does(jobs, slots):
    expected = sum(1 / min(left, slots) for left in range(1, jobs + 1))  # from one end to the next
    assert schedules.exponential_makespan_s(jobs, slots, 7.0) == pytest.approx(7 * expected)


def ticking(runs, slots, needs):
    """Graham's list, second by second."""
    left, ends, running, now = list(range(len(runs))), {}, {}, 0
    while left or running:
        for job in [job for job, end in running.items() if end == now]:
            ends[job] = running.pop(job)
        for job in list(left):
            if len(running) < slots and all(each in ends for each in needs.get(job, ())):
                running[job] = now + runs[job]
                left.remove(job)
        now += 1
    return [ends[job] for job in range(len(runs))]


def random_list(draw):
    jobs = draw.randint(1, 9)
    needs = {job: draw.sample(range(job), draw.randint(0, min(2, job))) for job in range(jobs)}
    return [draw.randint(1, 6) for _ in range(jobs)], draw.randint(1, 4), needs


def test_a_list_schedule_is_that_of_a_walk_second_by_second_and_within_its_bounds(cases):
    draw, lists = chance(6), effort(fast=300, verify=3000, long=30_000)
    cases(lists)
    for _ in range(lists):
        runs, slots, needs = random_list(draw)
        ends = schedules.list_schedule(runs, slots, needs)
        assert ends == ticking(runs, slots, needs)
        low, high = schedules.makespan_bounds(runs, slots, schedules.critical_path(runs, needs))
        assert low - 1e-9 <= max(ends) <= high + 1e-9


@pytest.mark.parametrize(
    ("without", "slots", "shorter", "makespan"), [((), 3, 0, 12), ((), 4, 0, 15), ((), 3, 1, 13), ((4, 5), 3, 0, 16)]
)
def test_grahams_list_gets_longer_with_more_slots_shorter_jobs_and_fewer_needs(without, slots, shorter, makespan):
    needs = {job: each for job, each in {8: [0], 4: [3], 5: [3], 6: [3], 7: [3]}.items() if job not in without}
    runs = [run - shorter for run in (3, 2, 2, 2, 4, 4, 4, 4, 9)]
    assert max(schedules.list_schedule(runs, slots, needs)) == makespan


def test_jobs_that_wait_for_each_other_are_an_error():
    with pytest.raises(ValueError, match="wait for each other"):
        schedules.list_schedule([1, 1], 1, {0: [1], 1: [0]})


def test_the_best_makespan_is_that_of_all_assignments():
    draw = chance(7)
    for _ in range(30):
        runs, slots = [draw.randint(1, 9) for _ in range(draw.randint(1, 7))], draw.randint(1, 3)
        loads = (
            max(sum(run for run, at in zip(runs, places, strict=True) if at == slot) for slot in range(slots))
            for places in itertools.product(range(slots), repeat=len(runs))
        )
        assert schedules.best_makespan(runs, slots) == min(loads)
        assert max(schedules.list_schedule(runs, slots)) <= (2 - 1 / slots) * schedules.best_makespan(runs, slots)


# -- packings


def partitions(items):
    """All ways to part a list into groups."""
    if not items:
        yield []
        return
    first, *rest = items
    for groups in partitions(rest):
        yield [[first], *groups]
        for at, group in enumerate(groups):
            yield [*groups[:at], [first, *group], *groups[at + 1 :]]


def test_the_fewest_bins_are_those_of_all_partitions_and_first_fit_stays_near():
    draw = chance(8)
    for _ in range(effort(fast=25, verify=300, long=2000)):
        capacity = draw.randint(5, 20)
        items = [draw.randint(1, capacity) for _ in range(draw.randint(1, 8))]
        best = min(len(groups) for groups in partitions(items) if all(sum(group) <= capacity for group in groups))
        assert packings.optimum(items, capacity) == best
        used = max(packings.first_fit([(item,) for item in items], (capacity,))) + 1
        assert packings.least_bins([(item,) for item in items], (capacity,)) <= best <= used
        assert used <= packings.first_fit_limit(best)
        assert used <= packings.next_fit(items, capacity) <= max(1, 2 * best - 1)


def test_first_fit_takes_the_first_bin_in_every_dimension():
    assert packings.first_fit([(1, 9), (1, 9), (3, 1), (1, 1)], (4, 10)) == [0, 1, 0, 1]
    with pytest.raises(ValueError, match="larger"):
        packings.first_fit([(5, 1)], (4, 10))


# -- shares and bills


@pytest.mark.parametrize("weights", [(1, 0.5), (1, 1, 1), (0.125, 1), (2, 3, 6)])
def test_a_share_times_its_weight_factor_is_the_same_for_all(weights):
    parts = shares.long_run(weights)
    assert sum(parts) == pytest.approx(1)
    assert [part * weight for part, weight in zip(parts, weights, strict=True)] == pytest.approx(
        [parts[0] * weights[0]] * len(weights)
    )
    slots = shares.round_of(weights)
    assert all(abs(part * slots - round(part * slots)) < 1e-9 for part in parts)


def test_shares_that_no_number_of_slots_can_hold_are_an_error():
    with pytest.raises(ValueError, match="no 10 slots"):
        shares.round_of((1, 3.1415), most=10)


@pytest.mark.parametrize(
    ("most", "percent", "active"), [(256, 50, 1), (256, 50, 3), (100, 30, 2), (7, 99, 5), (10, 0, 1)]
)
def test_what_is_reserved_is_rounded_up_to_whole_jobs(most, percent, active):
    assert shares.left_free(most, percent, active) == ceil(most * Fraction(percent, 100) ** active)


@pytest.mark.parametrize(
    ("on_ms", "billed_s"),
    [(0, 0), (1, 60), (59_999, 60), (60_000, 60), (60_001, 61), (61_000, 61), (86_400_000, 86_400)],
)
def test_a_bill_is_in_whole_seconds_and_a_minute_at_least(on_ms, billed_s):
    assert bills.billed_s(on_ms) == billed_s
    assert bills.instance_usd(on_ms, Decimal(3600)) == billed_s


def test_a_half_of_a_nano_dollar_goes_to_the_even_one():
    assert bills.instance_usd(60_000, Decimal("0.00000003")) == 0  # half a nano-dollar
    assert bills.instance_usd(180_000, Decimal("0.00000003")) == Decimal("0.000000002")  # one and a half
