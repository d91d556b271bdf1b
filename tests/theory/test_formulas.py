"""The formulas against the plan's values, and against slow ways to the same numbers: chains, sums, enumeration."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import comb, exp, factorial, inf

import numpy as np
import pytest
from scipy.integrate import quad

from batchsim.selftest.formulas import elastic, laws, markov, paths, queues
from batchsim.selftest.formulas.queues import MDc, MMc, PriorityClass

MINUTE = 60.0
SHOWN = 1e-8
"""The plan's values have about ten digits."""


# -- M/M/c


@pytest.mark.parametrize(
    ("servers", "load", "wait_s", "waits", "queue", "p95_s", "p99_s"),
    [
        (1, 0.5, 60, 0.5, 0.5, 276.3102112, 469.4427607),
        (1, 0.8, 240, 0.8, 3.2, 831.7766167, 1314.60799),
        (1, 0.95, 1140, 0.95, 18.05, 3533.326775, 5464.65227),
        (4, 0.8, 44.73243538, 0.5964324718, 2.385729887, 185.9207267, 306.6285701),
        (8, 0.9, 52.61497426, 0.7015329901, 6.313796911, 198.0933691, 318.8012125),
        (64, 0.95, 11.02520497, 0.5880109319, 11.17220771, 46.21354751, 76.39050837),
        (256, 0.98, 7.696416396, 0.6567608658, 32.18128243, 30.17926134, 49.03986188),
    ],
)
def test_several_servers_with_exponential_services(servers, load, wait_s, waits, queue, p95_s, p99_s):
    theory = MMc(servers, load, MINUTE)
    found = (theory.wait_s, theory.waits, theory.queue_length, theory.quantile_s(0.95), theory.quantile_s(0.99))
    assert found == pytest.approx((wait_s, waits, queue, p95_s, p99_s), rel=SHOWN)


@pytest.mark.parametrize("servers", [1, 2, 3, 7, 20])
@pytest.mark.parametrize("load", [0.1, 0.55, 0.9])
def test_erlangs_formula_is_the_balance_of_a_birth_and_death_chain(servers, load):
    numbers = birth_and_death(load * servers, lambda n: min(n, servers), 2_000)
    theory = MMc(servers, load, 1.0)
    assert theory.waits == pytest.approx(numbers[servers:].sum(), rel=1e-10)
    waiting = numbers @ np.maximum(np.arange(len(numbers)) - servers, 0)
    assert theory.wait_s == pytest.approx(waiting / (load * servers), rel=1e-9)


def test_nobody_waits_up_to_the_part_that_does_not_wait():
    theory = MMc(4, 0.3, MINUTE)
    assert theory.quantile_s(1 - theory.waits - 0.01) == 0
    assert theory.quantile_s(1 - theory.waits + 0.01) > 0


def birth_and_death(arrivals, servers_busy, most):
    """The stationary distribution, summed up without underflow."""
    steps = np.log([arrivals / servers_busy(n) for n in range(1, most)])
    weights = np.exp(np.concatenate([[0.0], np.cumsum(steps)]))
    return weights / weights.sum()


# -- M/D/c


@pytest.mark.parametrize(
    ("servers", "load", "wait_s"),
    [(1, 0.8, 120), (2, 0.8, 54.19703276), (8, 0.9, 26.99839557), (16, 0.9, 11.54802187)],
)
def test_several_servers_with_constant_services(servers, load, wait_s):
    assert MDc(servers, load, MINUTE).wait_s == pytest.approx(wait_s, rel=SHOWN)


@pytest.mark.parametrize("load", [0.2, 0.5, 0.7, 0.95])
def test_one_server_with_constant_services_is_pollaczeks_formula(load):
    assert MDc(1, load, MINUTE).wait_s == pytest.approx(load * MINUTE / (2 * (1 - load)), rel=1e-8)
    assert MDc(1, load, MINUTE).waits == pytest.approx(load, rel=1e-8)


@pytest.mark.parametrize(("servers", "load"), [(2, 0.6), (3, 0.7), (5, 0.8)])
def test_constant_services_are_those_of_the_recursion(servers, load):
    jobs = np.random.default_rng(1)
    gaps = jobs.exponential(MINUTE / servers / load, 80_000)
    arrivals = np.rint(np.cumsum(gaps) * 1000).astype(int).tolist()
    waits = paths.kiefer_wolfowitz(((at, 60_000) for at in arrivals), servers)
    assert np.mean(waits) / 1000 == pytest.approx(MDc(servers, load, MINUTE).wait_s, rel=0.08)


# -- M/G/1


@pytest.mark.parametrize(
    ("law", "wait_s"),
    [
        (laws.uniform(0, 120), 160),
        (laws.erlang(4, 60), 150),
        (laws.lognormal(60, 1), 240),
        (laws.hyperexponential(60, 9), 1200),  # of means in whole milliseconds
    ],
    ids=lambda given: getattr(given, "name", ""),
)
def test_one_server_with_any_service(law, wait_s):
    assert queues.pollaczek_khinchine(0.8 / 60, law.mean_s, law.second_moment) == pytest.approx(wait_s, rel=1e-5)


@pytest.mark.parametrize(
    "law",
    [
        laws.constant(45),
        laws.exponential(30),
        laws.uniform(20, 90),
        laws.erlang(3, 60),
        laws.lognormal(60, 0.4),
        laws.hyperexponential(60, 9),
        laws.hyperexponential(20, 2.5),
    ],
    ids=lambda law: law.name,
)
def test_the_moments_of_a_law_are_those_of_what_the_scenario_draws(law):
    from batchsim.engine.laws import law_of
    from batchsim.spec.laws import parse_law

    compiled = law_of(parse_law(law.run))
    mean = quad(lambda u: compiled.quantile(np.array([u]))[0], 0, 1, limit=500)[0] / 1000
    assert mean == pytest.approx(law.mean_s, rel=1e-3)
    # the second moment by the tail of the quantile function, in pieces that the far end does not spoil
    edges = [0.0, 0.5, 0.9, 0.99, 0.999, 0.99999, 0.9999999, 1 - 1e-12]
    square = sum(
        quad(lambda u: compiled.quantile(np.array([u]))[0] ** 2, low, high, limit=500)[0]
        for low, high in pairwise(edges)
    )
    assert square / 1e6 == pytest.approx(law.second_moment, rel=2e-3)


def test_jobs_that_come_in_arrays():
    assert queues.batch_arrivals(1 / 750, 10, 60, 7200) == pytest.approx(1590, rel=SHOWN)


@pytest.mark.parametrize(("size", "load"), [(1, 0.7), (2, 0.5), (5, 0.8), (30, 0.3)])
def test_an_array_waits_as_one_job_and_its_children_for_each_other(size, load):
    rate = load / size  # children take Exp(1): an array takes Erlang
    whole = queues.pollaczek_khinchine(rate, size, size + size**2)
    within = (size - 1) / 2
    assert queues.batch_arrivals(rate, size, 1, 2) == pytest.approx(whole + within, rel=1e-12)


# -- priorities


def test_two_classes_of_the_plan():
    even = queues.cobham([PriorityClass(0.3 / 60, 60, 7200), PriorityClass(0.5 / 60, 60, 7200)])
    odd = queues.cobham([PriorityClass(0.4 / 30, 30, 900), PriorityClass(0.4 / 120, 120, 28800)])
    assert even == pytest.approx([68.57142857, 342.8571429], rel=SHOWN)
    assert odd == pytest.approx([90, 450], rel=SHOWN)


@pytest.mark.parametrize("loads", [(0.1, 0.2, 0.3), (0.6, 0.05, 0.3), (0.2, 0.2, 0.2)])
def test_what_one_class_gains_the_others_lose(loads):
    classes = [PriorityClass(load / mean, mean, 2 * mean**2) for load, mean in zip(loads, (10, 60, 200), strict=True)]
    rate, mean = sum(c.arrival_rate for c in classes), sum(loads) / sum(c.arrival_rate for c in classes)
    second = sum(c.arrival_rate * c.second_moment for c in classes) / rate
    first_come = queues.pollaczek_khinchine(rate, mean, second)
    kept = sum(load * wait for load, wait in zip(loads, queues.cobham(classes), strict=True))
    assert kept == pytest.approx(sum(loads) * first_come, rel=1e-12)


def test_priorities_are_those_of_a_chain():
    waits = two_classes_by_a_chain(0.2, 0.4, most=60)
    assert queues.cobham([PriorityClass(0.2, 1, 2), PriorityClass(0.4, 1, 2)]) == pytest.approx(waits, rel=1e-6)


def two_classes_by_a_chain(high, low, most):
    """Waits in M/M/1 of mean 1 with two classes: states are who is served (0 nobody), and how many of each wait."""

    def moves(state):
        served, first, second = state
        if not served:
            return [((1, 0, 0), high), ((1, 0, 0), low)]
        found = []
        if first < most:
            found.append(((1, first + 1, second), high))
        if second < most:
            found.append(((1, first, second + 1), low))
        after = (1, first - 1, second) if first else (1, 0, second - 1) if second else (0, 0, 0)
        return [*found, (after, 1.0)]

    states, p = markov.Chain(moves).solved((0, 0, 0))
    first, second = (float(p @ np.array([state[k] for state in states])) for k in (1, 2))
    return [first / high, second / low]


# -- arrivals at fixed gaps


def test_arrivals_at_fixed_gaps():
    assert queues.regular_arrivals_root(75, 60) == pytest.approx(0.6286297965, rel=SHOWN)
    assert queues.regular_arrivals(75, 60) == pytest.approx(101.5638504, rel=SHOWN)


@pytest.mark.parametrize("load", [0.2, 0.5, 0.8, 0.9])
def test_arrivals_at_fixed_gaps_are_those_of_the_chain_at_arrivals(load):
    """Of n jobs found by an arrival, (n + 1 - k) are left by the next where k could end in a gap: a Markov chain."""
    size, ends = int(60 / (1 - load)) + 30, 1 / load
    can_end = np.array([exp(-ends) * ends**k / factorial(k) if k < 160 else 0.0 for k in range(size + 1)])
    step = np.zeros((size, size))
    for n in range(size):
        for k in range(n + 1):
            step[n, min(n + 1 - k, size - 1)] += can_end[k]
        step[n, 0] += 1 - step[n].sum()
    found = queues.stationary(step)
    assert queues.regular_arrivals(1 / load, 1.0) == pytest.approx(found @ np.arange(size), rel=1e-6)


# -- boots


@pytest.mark.parametrize(("second_moment", "wait_s"), [(7200, 150), (3600, 120)])
def test_a_server_that_boots(second_moment, wait_s):
    assert elastic.with_setup(1 / 120, 60, second_moment, 120, 120**2) == pytest.approx(wait_s, rel=SHOWN)


@pytest.mark.parametrize(("load", "boot_s"), [(0.3, 10), (0.5, 120), (0.8, 600)])
def test_one_server_that_boots_by_the_formula_and_by_the_chain(load, boot_s):
    chain = elastic.ScaleToZero(1, load, 60, boot_s)
    formula = elastic.with_setup(load / 60, 60, 7200, boot_s, 2 * boot_s**2)
    assert chain.wait_s == pytest.approx(formula, rel=1e-6)


def test_two_servers_that_boot():
    theory = elastic.ScaleToZero(2, 0.5, 60, 120)
    assert (theory.wait_s, theory.instances) == pytest.approx((102.3529412, 1.578431373), rel=SHOWN)


@pytest.mark.parametrize("servers", [1, 2, 5])
def test_servers_that_boot_at_once_are_erlangs(servers):
    assert elastic.ScaleToZero(servers, 0.6, 60, 1e-4).wait_s == pytest.approx(MMc(servers, 0.6, 60).wait_s, rel=1e-3)


@pytest.mark.parametrize(("load", "boot_s"), [(0.3, 30.0), (0.5, 120.0), (0.7, 60.0)])
def test_the_boots_of_one_server_by_a_simple_loop(load, boot_s):
    draws = np.random.default_rng(5)
    arrivals = np.cumsum(draws.exponential(60 / load, 80_000))
    end, boots = -inf, 0
    for at, took in zip(arrivals, draws.exponential(60, len(arrivals)), strict=True):
        boots += at > end
        end = (at + boot_s if at > end else end) + took
    assert elastic.boots_a_job(load / 60, 60, boot_s) == pytest.approx(boots / len(arrivals), rel=0.05)


# -- chains


def test_a_closed_network():
    theory = markov.ClosedNetwork(10, 3, 120, 60)
    assert (theory.throughput, theory.response_s) == pytest.approx((0.04588873365, 97.91841273), rel=SHOWN)


@pytest.mark.parametrize(("users", "think_s", "mean_s"), [(1, 10, 5), (4, 100, 60), (12, 7, 3)])
def test_users_with_a_slot_each_are_independent(users, think_s, mean_s):
    theory = markov.ClosedNetwork(users, users, think_s, mean_s)
    busy = mean_s / (think_s + mean_s)
    expected = [comb(users, n) * busy**n * (1 - busy) ** (users - n) for n in range(users + 1)]
    assert theory.numbers == pytest.approx(expected)
    assert theory.response_s == pytest.approx(mean_s)


def test_one_slot_is_erlangs_loss_seen_from_the_thinkers():
    theory = markov.ClosedNetwork(8, 1, 120, 60)  # with one slot the thinkers are an M/M/8/8 of offered load think/mean
    assert theory.throughput == pytest.approx((1 - queues.erlang_b(8, 120 / 60)) / 60)


def test_jobs_of_two_sizes():
    theory = markov.TwoSizes(0.012, 60, 0.5)
    assert (theory.latency_s, theory.present) == pytest.approx((153.698862, 1.844386344), rel=SHOWN)


@pytest.mark.parametrize(("wide", "servers", "load"), [(0.0, 2, 0.4), (1.0, 1, 0.8)])
def test_jobs_of_one_size_are_erlangs(wide, servers, load):
    theory = markov.TwoSizes(load * servers / 60, 60, wide)
    assert theory.latency_s == pytest.approx(MMc(servers, load, 60).wait_s + 60, rel=1e-6)


@pytest.mark.parametrize(("rate", "wide"), [(0.01, 0.2), (0.012, 0.5), (0.012, 0.8)])
def test_jobs_of_two_sizes_by_a_recursion_of_their_starts(rate, wide):
    draws = np.random.default_rng(3)
    arrivals = np.cumsum(draws.exponential(1 / rate, 100_000))
    free, before, total = [0.0, 0.0], 0.0, 0.0
    services, sizes = draws.exponential(60, len(arrivals)), draws.random(len(arrivals)) < wide
    for at, took, is_wide in zip(arrivals, services, sizes, strict=True):
        before = max(at, before, free[1] if is_wide else free[0])
        free = [before + took] * 2 if is_wide else sorted([before + took, free[1]])
        total += before + took - at
    assert markov.TwoSizes(rate, 60, wide).latency_s == pytest.approx(total / len(arrivals), rel=0.08)


def test_patience():
    theory = markov.Patience(4, 1.2, 60, 600)
    assert (theory.leaves, theory.waits) == pytest.approx((0.1666982025, 0.9999096097), rel=SHOWN)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.5), (3, 1.0), (4, 1.2), (10, 0.9)])
def test_without_patience_it_is_erlangs_loss_and_with_much_of_it_erlangs_delay(servers, load):
    assert markov.Patience(servers, load, 60, 1e-9).leaves == pytest.approx(
        queues.erlang_b(servers, load * servers), rel=1e-6
    )
    if load < 1:
        assert markov.Patience(servers, load, 60, 50_000).waits == pytest.approx(MMc(servers, load, 60).waits, rel=1e-6)


@pytest.mark.parametrize(("servers", "load", "patience_s"), [(1, 0.8, 30), (4, 1.2, 60), (2, 1.0, 90)])
def test_who_leaves_by_the_recursion_of_waits(servers, load, patience_s):
    draws = np.random.default_rng(7)
    arrivals = np.cumsum(draws.exponential(60 / servers / load, 80_000))
    free, left = [0.0] * servers, 0
    for at, took in zip(arrivals, draws.exponential(60, len(arrivals)), strict=True):
        if free[0] - at >= patience_s:
            left += 1
        else:
            free = sorted([max(free[0], at) + took, *free[1:]])
    expected = markov.Patience(servers, load, 60, patience_s).leaves
    assert expected == pytest.approx(left / len(arrivals), abs=0.01)


# -- paths


def test_the_recursion_of_one_server_is_lindleys():
    jobs = list(paths.lcg_trace(500, 0, 900, 1, 800))
    wait, before, waits = 0, (0, 0), []
    for at, took in jobs:
        wait = max(0, wait + before[1] - (at - before[0])) if waits else 0
        waits.append(wait)
        before = (at, took)
    assert paths.kiefer_wolfowitz(jobs, 1) == waits


def test_the_recursion_by_hand():
    assert paths.kiefer_wolfowitz([(0, 5), (1, 5), (2, 1), (2, 1), (9, 1)], 2) == [0, 0, 3, 4, 0]


def test_a_load_of_one_has_no_steady_state():
    for formula in (lambda: MMc(2, 1.0, 60).wait_s, lambda: MDc(2, 1.2, 60).wait_s):
        with pytest.raises(ValueError, match="no steady state"):
            formula()


def test_the_law_of_two_rates_has_balanced_means():
    law = laws.hyperexponential(60, 9)
    shares = [Fraction(part["weight"]).limit_denominator(10**9) for part in law.run["mixture"]]
    means = [float(part["exponential"]["mean"].removesuffix("s")) for part in law.run["mixture"]]
    assert float(shares[0]) * means[0] == pytest.approx(float(shares[1]) * means[1], rel=1e-4)
    assert law.scv == pytest.approx(9, rel=1e-4)
