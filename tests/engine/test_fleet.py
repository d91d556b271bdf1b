"""The fleet's index of room against the plain packing policies: nobody can tell them apart."""

from __future__ import annotations

import pytest
from effort import effort
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from batchsim.engine.fleet import Fleet, Wanted
from batchsim.engine.instance_table import InstanceTable
from batchsim.policies.allocation import Offer
from batchsim.policies.packing import PACKINGS, Job, Room
from batchsim.testing import Dice

Size = tuple[int, int, int]
"""vCPUs, MiB, GPUs."""


def offer(vcpus: int, memory_mib: int, gpus: int = 0) -> Offer:
    return Offer(0, 0, 0, 0, vcpus, memory_mib, memory_mib, gpus, False, 1, 1)


def instances(*sizes: Size) -> InstanceTable:
    table = InstanceTable()
    for ordinal, size in enumerate(sizes):
        table.launch(0, ordinal, offer(*size), 0, 0)
    return table


def fleet_of(*sizes: Size, packing: str = "best_fit") -> Fleet:
    """A fleet of empty instances, listed."""
    fleet = Fleet(instances(*sizes), packing)
    for row in range(len(sizes)):
        fleet.changed(row)
    return fleet


class Twins(RuleBasedStateMachine):
    """An indexed and a plain fleet over the same instances: launched, filled, emptied, ended."""

    @initialize(packing=st.sampled_from(sorted(PACKINGS)))
    def open(self, packing: str) -> None:
        self.packing = packing
        self.table = InstanceTable()
        self.twins = [Fleet(self.table, packing), Fleet(self.table, packing, indexed=False)]
        self.jobs: list[tuple[int, Size]] = []
        self.on: list[int] = []

    def change(self, row: int, size: Size, sign: int) -> None:
        table = self.table
        table.free_vcpus[row] += sign * size[0]
        table.free_mib[row] += sign * size[1]
        table.free_gpus[row] += sign * size[2]
        for twin in self.twins:
            twin.changed(row)

    def plainly(self, size: Size) -> int:
        """The packing policy itself, over every instance that is on and has room."""
        table = self.table
        rooms = [Room(row, table.free_vcpus[row], table.free_mib[row], table.free_gpus[row]) for row in self.on]
        fitting = tuple(room for room in rooms if all(have >= want for have, want in zip(room[1:4], size, strict=True)))
        return PACKINGS[self.packing](Job(*size), fitting).age if fitting else -1

    @rule(vcpus=st.sampled_from([1, 2, 4, 8, 64]), ratio=st.sampled_from([100, 200, 400]), gpus=st.integers(0, 2))
    def an_instance_gets_ready(self, vcpus: int, ratio: int, gpus: int) -> None:
        row = self.table.launch(0, len(self.table), offer(vcpus, vcpus * ratio, gpus), 0, 0)
        self.on.append(row)
        self.change(row, (0, 0, 0), 1)

    @rule(
        size=st.tuples(st.integers(1, 9), st.sampled_from([4, 100, 200, 333, 800]), st.sampled_from([0, 0, 0, 1])),
        place=st.booleans(),
    )
    def a_job_looks_for_room(self, size: Size, place: bool) -> None:
        found = [twin.find(*size) for twin in self.twins]
        assert found == [self.plainly(size)] * 2
        if place and found[0] >= 0:
            self.change(found[0], size, -1)
            self.jobs.append((found[0], size))

    @precondition(lambda self: self.packing == "best_fit")
    @rule(vcpus=st.integers(1, 9), memory_mib=st.sampled_from([4, 100, 200, 333, 800]), left=st.integers(1, 12))
    def a_run_of_equal_jobs_fills_one_instance_after_the_other(self, vcpus: int, memory_mib: int, left: int) -> None:
        size = vcpus, memory_mib, 0
        for row in self.twins[0].best_first(vcpus, memory_mib):
            assert row == self.plainly(size)
            while left and row == self.plainly(size):
                self.change(row, size, -1)
                self.jobs.append((row, size))
                left -= 1
            if not left:
                break
        assert not left or self.plainly(size) == -1
        self.twins[0].seen(vcpus, memory_mib, is_full=left > 0)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def a_job_ends(self, data: st.DataObject) -> None:
        row, size = self.jobs.pop(data.draw(st.integers(0, len(self.jobs) - 1)))
        self.change(row, size, 1)

    @precondition(lambda self: self.on)
    @rule(data=st.data())
    def an_instance_ends(self, data: st.DataObject) -> None:
        row = self.on.pop(data.draw(st.integers(0, len(self.on) - 1)))
        self.jobs = [job for job in self.jobs if job[0] != row]
        for twin in self.twins:
            twin.remove(row)

    @invariant()
    def the_index_is_sound(self) -> None:
        for twin in self.twins:
            twin.check()
        rooms = {room.age for room in self.twins[0].rooms()}
        assert rooms == {row for row in self.on if self.table.free_vcpus[row]}


TestNobodyCanTellTheTwinsApart = Twins.TestCase


class Walk:
    """A fleet used as passes use it: changes go into its ledger, jobs are placed one by one or dealt out to all."""

    def __init__(self, number: int) -> None:
        self.dice = Dice(number)
        self.on = list(range(12))
        self.table = instances(*[(size, 100 * size, 0) for size in (4, 8, 16)] * 4)
        self.fleet, self.jobs = Fleet(self.table), list[tuple[int, int, int]]()
        self.stale, _ = self.fleet.ledger()
        for row in self.on:
            self.fleet.changed(row)

    def fitting(self, vcpus: int, memory_mib: int) -> list[int]:
        """The instances with room, the best fit first, by a look at all of them."""
        table = self.table
        keys = sorted((table.free_vcpus[row], table.free_mib[row], row) for row in self.on)
        return [row for have, mib, row in keys if have >= vcpus and mib >= memory_mib]

    def take(self, row: int, vcpus: int, memory_mib: int) -> None:
        self.table.free_vcpus[row] -= vcpus
        self.table.free_mib[row] -= memory_mib
        if vcpus > 0:
            self.jobs.append((row, vcpus, memory_mib))

    def places_one(self, size: Wanted) -> None:
        fitting = self.fitting(*size)
        assert self.fleet.best(*size) == (fitting[0] if fitting else -1)
        if fitting:
            self.take(fitting[0], *size)
            self.stale[fitting[0]] = None

    def deals(self, size: Wanted) -> None:
        most = self.dice.integer(1, 20)
        found = self.fleet.with_room(*size, most).tolist()
        assert found == self.fitting(*size)[:most]
        are_full = len(found) < most
        for row in found:
            while row in self.fitting(*size):
                self.take(row, *size)
                if not are_full:
                    break
        self.fleet.were_dealt(found, size, are_full=are_full)

    def ends_one(self, _: Wanted) -> None:
        if self.jobs:
            row, vcpus, memory_mib = self.jobs.pop(self.dice.integer(0, len(self.jobs) - 1))
            self.take(row, -vcpus, -memory_mib)
            self.stale[row] = None

    def loses_an_instance(self, _: Wanted) -> None:
        if len(self.on) > 6:
            row = self.on.pop(self.dice.integer(0, len(self.on) - 1))
            self.jobs = [job for job in self.jobs if job[0] != row]
            self.fleet.remove(row)

    def steps(self, count: int) -> None:
        ways = [self.places_one] * 8 + [self.ends_one] * 8 + [self.deals] * 2 + [self.loses_an_instance]
        for _ in range(count):
            size = ((1, 50), (2, 300), (3, 100))[self.dice.integer(0, 2)]
            ways[self.dice.integer(0, len(ways) - 1)](size)


@pytest.mark.parametrize("number", range(effort(fast=12, verify=60, long=2000)))
def test_who_searched_in_vain_misses_no_room_that_came_since(number: int) -> None:
    walk = Walk(number)
    walk.steps(400)
    walk.fleet.check()


def test_best_fit_takes_the_least_free_vcpus_then_memory_then_the_oldest() -> None:
    fleet = fleet_of((8, 800, 0), (4, 800, 0), (4, 400, 0), (4, 400, 0))
    assert fleet.find(2, 300, 0) == 2
    assert fleet.find(2, 500, 0) == 1
    assert fleet.find(5, 100, 0) == 0


def test_best_fit_passes_shelves_without_the_memory() -> None:
    assert fleet_of((1, 10, 0), (2, 20, 0), (16, 9_000, 0)).find(1, 500, 0) == 2


def test_worst_fit_takes_the_most_room_and_first_fit_the_oldest() -> None:
    sizes = ((4, 400, 0), (2, 200, 0), (8, 800, 0))
    assert fleet_of(*sizes, packing="worst_fit").find(1, 100, 0) == 2
    assert fleet_of(*sizes, packing="first_fit").find(1, 100, 0) == 0


def test_a_job_without_gpus_may_take_a_gpu_host_and_one_with_gpus_needs_it() -> None:
    fleet = fleet_of((4, 400, 1), (8, 800, 0))
    assert (fleet.find(1, 100, 0), fleet.find(1, 100, 1), fleet.find(1, 100, 2)) == (0, 0, -1)


@pytest.mark.parametrize("size", [(5, 1, 0), (1, 401, 0), (1, 1, 1)])
def test_what_is_too_large_in_one_way_finds_nothing(size: Size) -> None:
    assert fleet_of((4, 400, 0)).find(*size) == -1


def test_an_instance_without_a_free_vcpu_is_not_listed_and_comes_back() -> None:
    fleet = fleet_of((2, 200, 0))
    fleet._instances.free_vcpus[0] = 0
    fleet.changed(0)
    assert (fleet.find(1, 1, 0), list(fleet.rooms())) == (-1, [])
    fleet._instances.free_vcpus[0] = 2
    fleet.changed(0)
    assert fleet.find(1, 1, 0) == 0


def test_an_instance_that_ended_is_never_found_again() -> None:
    fleet = fleet_of((2, 200, 0), (4, 400, 0))
    fleet.changed(0)
    fleet.remove(0)
    fleet.remove(0)
    assert fleet.find(1, 1, 0) == 1
